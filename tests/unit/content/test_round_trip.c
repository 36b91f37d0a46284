/* SPDX-License-Identifier: Apache-2.0 */
/* What each encoder writes, its decoder reads as the same, in every format, at every level, for every type. */
#include "tests/lib/test.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "server/content/decode.h"
#include "server/content/format.h"
#include "tests/lib/instances.h"
#include "tests/lib/tree.h"

#define OID 33000 /* all types: tree.h */
#define TEXT_MAX 16384

#define TIME(n) \
	{ \
		.type = BS_TYPE_TIME, .integer = (n) \
	}
#define CORE_LINK(s) \
	{ \
		.type = BS_TYPE_CORELNK, .bytes = {(const uint8_t *)(s), sizeof(s) - 1 } \
	}

static const struct bs_entry usual[] = {
	ONE(0, TEXT("coaps://dm.example:5684")),
	ONE(1, INTEGER(-86400)),
	ONE(2, UNSIGNED(0xc0a8)),
	ONE(3, REAL(0.1)),
	ONE(4, BOOLEAN(true)),
	ONE(5, OCTETS("\x00\xff\xfb\xef")),
	ONE(6, TIME(1700000000)),
	ONE(7, LINK(21, 0)),
	ONE(8, CORE_LINK("</3/0>;ver=1.1")),
};
static const struct bs_entry least[] = {
	ONE(0, TEXT("")),
	ONE(1, INTEGER(INT64_MIN)),
	ONE(2, UNSIGNED(0)),
	ONE(3, REAL(-DBL_MAX)),
	ONE(4, BOOLEAN(false)),
	ONE(5, OCTETS("")),
	ONE(6, TIME(0)),
	ONE(7, LINK(0, 0)),
	ONE(8, CORE_LINK("")),
};
static const struct bs_entry most[] = {
	ONE(0, TEXT("\x01\"\\/\n\x7f\xc3\xa9\xf0\x9f\x94\x91")),
	ONE(1, INTEGER(INT64_MAX)),
	ONE(2, UNSIGNED(INT64_MAX)),
	ONE(3, REAL(DBL_MIN)),
	ONE(7, LINK(65535, 65535)),
};
static const struct bs_entry multiple[] = {
	PART(10, 0, TEXT("a")),
	PART(10, 65534, TEXT("a longer one, above seven octets")),
	PART(11, 1, INTEGER(-1)),
	PART(12, 300, UNSIGNED(UINT32_MAX)),
	PART(13, 0, REAL(FLT_MAX)),
	PART(13, 1, REAL(100000)),
	PART(13, 2, REAL(-0.0)),
	PART(14, 0, BOOLEAN(true)),
	PART(14, 256, BOOLEAN(false)),
	PART(15, 0, OCTETS("0123456789abcdef")),
	PART(16, 255, TIME(-1)),
	PART(17, 0, LINK(0, 1)),
	PART(18, 7, CORE_LINK("</1>,</2>")),
};
static const struct bs_entry mixed[] = {
	ONE(1, INTEGER(7)),
	PART(10, 0, TEXT("x")),
	PART(11, 0, INTEGER(1)),
	PART(11, 1, INTEGER(2)),
	ONE(300, OCTETS("what the table does not know")),
	PART(65534, 0, OCTETS("nor this")),
};

static const struct bs_instance instances[] = {
	INSTANCE(OID, 0, usual),
	INSTANCE(OID, 1, least),
	INSTANCE(OID, 255, most),
	INSTANCE(OID, 256, multiple),
	INSTANCE(OID, 65534, mixed),
};
#define COUNT (sizeof(instances) / sizeof(instances[0]))

static const uint16_t formats[] = { BS_CF_TLV, BS_CF_SENML_JSON, BS_CF_SENML_CBOR, BS_CF_LWM2M_CBOR };
#define FORMATS (sizeof(formats) / sizeof(formats[0]))

static void
check(const struct bs_format *f, const struct bs_path *target, const struct bs_instance *inst, size_t count)
{
	static uint8_t out[8192];
	static char expected[TEXT_MAX], text[TEXT_MAX];
	struct bs_wr w = bs_wr_init(out, sizeof(out));
	size_t len = 0;
	struct bs_tree *tree = NULL;
	enum bs_err err;
	uint8_t *copy;

	f->encode(&w, target, inst, count);
	if (bs_wr_done(&w, &len) != BS_OK)
		fail_msg("%s: %s", f->name, bs_strerror(w.err));
	copy = exact_copy(out, len);
	err = bs_decode(f->number, target, copy, len, tree_find_resource, &tree);
	free(copy);
	tree_text(inst, count, expected, sizeof(expected));
	if (err == BS_OK)
		tree_text(tree->instances, tree->count, text, sizeof(text));
	if (err != BS_OK || strcmp(text, expected) != 0)
		fail_msg("%s: %s\n%s\nnot %s", f->name, bs_strerror(err), err == BS_OK ? text : "", expected);
	bs_tree_free(tree);
}

static void
objects(void **state)
{
	static const struct bs_path target = { BS_LEVEL_OBJECT, OID, 0, 0 };

	(void)state;
	for (size_t f = 0; f < FORMATS; f++) {
		for (size_t n = 0; n <= COUNT; n++)
			check(bs_format_find(formats[f]), &target, instances, n);
	}
}

static void
single_instances(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT; i++) {
		struct bs_path target = { BS_LEVEL_INSTANCE, OID, instances[i].iid, 0 };

		for (size_t f = 0; f < FORMATS; f++)
			check(bs_format_find(formats[f]), &target, &instances[i], 1);
	}
}

/* The entries of one resource at a time. */
static void
resources(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT; i++) {
		const struct bs_entry *e = instances[i].entries;

		for (size_t k = 0, n; k < instances[i].count; k += n) {
			struct bs_path target = { BS_LEVEL_RESOURCE, OID, instances[i].iid, e[k].rid };
			struct bs_instance part = { OID, instances[i].iid, &e[k], 0 };

			for (n = 0; k + n < instances[i].count && e[k + n].rid == e[k].rid; n++)
				;
			part.count = n;
			for (size_t f = 0; f < FORMATS; f++)
				check(bs_format_find(formats[f]), &target, &part, 1);
		}
	}
}

static void
whole_trees(void **state)
{
	static const struct bs_entry one[] = { ONE(0, INTEGER(101)), ONE(7, TEXT("U")) };
	static const struct bs_instance several[] = { INSTANCE(1, 0, one), INSTANCE(1, 3, one),
		INSTANCE(2, 0, acl_entries), INSTANCE(OID, 0, usual) };
	static const struct bs_path target = { .level = BS_LEVEL_ROOT };

	(void)state;
	for (size_t f = 1; f < FORMATS; f++) /* TLV has no place for objects */
		check(bs_format_find(formats[f]), &target, several, 4);
}

static void
single_values(void **state)
{
	static const struct bs_instance *const single[] = { &instances[0], &instances[1], &instances[2] };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		for (size_t k = 0; k < single[i]->count; k++) {
			const struct bs_entry *e = &single[i]->entries[k];
			struct bs_path target = { BS_LEVEL_RESOURCE, OID, single[i]->iid, e->rid };
			struct bs_instance part = { OID, single[i]->iid, e, 1 };

			check(bs_format_find_single(BS_CF_TEXT), &target, &part, 1);
			check(bs_format_find_single(BS_CF_CBOR), &target, &part, 1);
			if (e->value.type == BS_TYPE_OPAQUE)
				check(bs_format_find_single(BS_CF_OPAQUE), &target, &part, 1);
		}
	}
}

/* JSON has neither infinity nor, in most implementations, numbers beyond 64 bits signed. */
static void
what_json_cannot_carry(void **state)
{
	static const struct bs_entry entries[] = { ONE(2, UNSIGNED(UINT64_MAX)), ONE(3, REAL(-HUGE_VAL)) };
	static const struct bs_instance inst = INSTANCE(OID, 0, entries);
	static const struct bs_path target = { BS_LEVEL_INSTANCE, OID, 0, 0 };

	(void)state;
	check(bs_format_find(BS_CF_TLV), &target, &inst, 1);
	check(bs_format_find(BS_CF_SENML_CBOR), &target, &inst, 1);
	check(bs_format_find(BS_CF_LWM2M_CBOR), &target, &inst, 1);
}

/* Octets of lengths around the borders of length fields and of base64. */
static void
octets_of_many_lengths(void **state)
{
	static const size_t lengths[] = { 0, 1, 2, 3, 7, 8, 23, 24, 47, 48, 49, 96, 97, 98, 255, 256, 600, 4000 };
	static uint8_t octets[4000];
	static const struct bs_path target = { BS_LEVEL_INSTANCE, OID, 0, 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(octets); i++)
		octets[i] = (uint8_t)(i * 167 >> 3);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct bs_entry e = { .rid = 5, .value = bs_value_bytes(BS_TYPE_OPAQUE, octets, lengths[i]) };
		struct bs_instance inst = { OID, 0, &e, 1 };

		for (size_t f = 0; f < FORMATS; f++)
			check(bs_format_find(formats[f]), &target, &inst, 1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(objects),
		cmocka_unit_test(single_instances),
		cmocka_unit_test(resources),
		cmocka_unit_test(whole_trees),
		cmocka_unit_test(single_values),
		cmocka_unit_test(what_json_cannot_carry),
		cmocka_unit_test(octets_of_many_lengths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
