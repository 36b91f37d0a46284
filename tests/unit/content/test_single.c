/* SPDX-License-Identifier: Apache-2.0 */
/* The formats of one value: text/plain, opaque, CBOR. */
#include "tests/lib/test.h"

#include <math.h>

#include "server/content/format.h"
#include "tests/lib/instances.h"

static const struct bs_path resource = { BS_LEVEL_RESOURCE, 0, 1, 3 };

#define NONE NULL /* cannot carry it */

/* Text of the numbers: LwM2M Core 1.1, appendix C; base64: RFC 4648, 10; CBOR: RFC 8949, appendix A. */
static const struct {
	const char *name;
	struct bs_value value;
	const char *text, *opaque, *cbor; /* opaque and CBOR in hexadecimal */
} rows[] = {
	{ "string", TEXT("IETF"), "IETF", NONE, "64 49455446" },
	{ "empty string", TEXT(""), "", NONE, "60" },
	{ "integer", INTEGER(-100), "-100", NONE, "3863" },
	{ "time", { .type = BS_TYPE_TIME, .integer = 1363896240 }, "1363896240", NONE, "c1 1a514b67b0" },
	{ "unsigned", UNSIGNED(UINT64_MAX), "18446744073709551615", NONE, "1bffffffffffffffff" },
	{ "float", REAL(1.1), "1.1", NONE, "fb3ff199999999999a" },
	{ "infinity", REAL(HUGE_VAL), NONE, NONE, "fa7f800000" },
	{ "true", BOOLEAN(true), "1", NONE, "f5" },
	{ "false", BOOLEAN(false), "0", NONE, "f4" },
	{ "octets", OCTETS("foob"), "Zm9vYg==", "666f6f62", "44 666f6f62" },
	{ "octets 62 and 63", OCTETS("\xfb\xff"), "+/8=", "fbff", "42 fbff" },
	{ "no octets", OCTETS(""), "", "", "40" },
	{ "link", LINK(21, 0), "21:0", NONE, "64 32313a30" },
	{ "corelnk", { .type = BS_TYPE_CORELNK, .bytes = { (const uint8_t *)"</3>", 4 } }, "</3>", NONE,
		"64 3c2f333e" },
};

static void
run(size_t row, uint16_t format, uint8_t *out, size_t *len, enum bs_err expected)
{
	struct bs_entry e = { .rid = 3, .value = rows[row].value };
	struct bs_instance inst = { 0, 1, &e, 1 };
	struct bs_wr w = bs_wr_init(out, 64);

	bs_format_find_single(format)->encode(&w, &resource, &inst, 1);
	if (bs_wr_done(&w, len) != expected)
		fail_msg("%s, format %u: %s", rows[row].name, format, bs_strerror(w.err));
}

static void
values_are_encoded(void **state)
{
	uint8_t out[64];
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		run(i, 0, out, &len, rows[i].text == NONE ? BS_EUNSUPPORTED : BS_OK);
		if (rows[i].text != NONE && (len != strlen(rows[i].text) || memcmp(out, rows[i].text, len) != 0))
			fail_msg("%s: %.*s", rows[i].name, (int)len, (const char *)out);
		run(i, 42, out, &len, rows[i].opaque == NONE ? BS_EUNSUPPORTED : BS_OK);
		if (rows[i].opaque != NONE)
			assert_hex(rows[i].name, out, len, rows[i].opaque);
		run(i, 60, out, &len, BS_OK);
		assert_hex(rows[i].name, out, len, rows[i].cbor);
	}
}

static void
more_than_one_value_is_refused(void **state)
{
	static const struct bs_entry octets[] = { ONE(3, OCTETS("a")), ONE(4, OCTETS("b")) };
	static const struct bs_entry part = PART(3, 0, OCTETS("a"));
	static const struct bs_instance instances[] = { { 0, 1, octets, 1 }, { 0, 2, octets, 1 } };
	static const struct bs_instance both = { 0, 1, octets, 2 }, multiple = { 0, 1, &part, 1 };
	static const struct bs_instance empty = { 0, 1, NULL, 0 };
	static const struct bs_path instance = { BS_LEVEL_INSTANCE, 0, 1, 0 }, object = { BS_LEVEL_OBJECT, 0, 0, 0 };
	static const struct {
		const struct bs_path *path;
		const struct bs_instance *instances;
		size_t count;
		enum bs_err expected;
	} cases[] = {
		{ &resource, instances, 1, BS_OK },
		{ &resource, instances, 2, BS_EUNSUPPORTED },
		{ &resource, instances, 0, BS_EUNSUPPORTED },
		{ &resource, &empty, 1, BS_EUNSUPPORTED },
		{ &resource, &both, 1, BS_EUNSUPPORTED },
		{ &resource, &multiple, 1, BS_EUNSUPPORTED },
		{ &instance, instances, 1, BS_EUNSUPPORTED },
		{ &object, instances, 1, BS_EUNSUPPORTED },
	};
	static const uint16_t formats[] = { 0, 42, 60 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (size_t f = 0; f < 3; f++) {
			uint8_t out[16];
			struct bs_wr w = bs_wr_init(out, sizeof(out));
			size_t len;

			bs_format_find_single(formats[f])
				->encode(&w, cases[i].path, cases[i].instances, cases[i].count);
			if (bs_wr_done(&w, &len) != cases[i].expected)
				fail_msg("case %zu, format %u: %s", i, formats[f], bs_strerror(w.err));
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_encoded),
		cmocka_unit_test(more_than_one_value_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
