/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our codecs against others', in lines of four fields with tabs between:
 *
 *   CONTENT-FORMAT  TARGET  PAYLOAD (hexadecimal)  WHAT IT SAYS
 *
 * "encode" prints such lines; "check" reads them and decodes. What it says are "path=value" in order with "|" between:
 * i and a whole number, f and the bits of a double, s and text, o and octets (both hexadecimal), l and a link, true,
 * false.
 */
#include "tests/lib/test.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "server/content/decode.h"
#include "server/content/format.h"
#include "tests/lib/instances.h"
#include "tests/lib/tree.h"

#define OID 33000 /* all types: tree.h */
#define SAID_MAX 32768

static const struct bs_entry single[] = {
	ONE(0, TEXT("caf\xc3\xa9 \"\\/\n\xf0\x9f\x94\x91")),
	ONE(1, INTEGER(INT64_MIN)),
	ONE(2, UNSIGNED(UINT32_MAX)),
	ONE(3, REAL(0.1)),
	ONE(4, BOOLEAN(true)),
	ONE(5, OCTETS("\x00\xff\xfb\xef\xbe")),
	ONE(6, { .type = BS_TYPE_TIME, .integer = 1700000000 }),
	ONE(7, LINK(65535, 65535)),
	ONE(8, { .type = BS_TYPE_CORELNK, .bytes = { (const uint8_t *)"</3/0>", 6 } }),
};
static const struct bs_entry other[] = {
	ONE(0, TEXT("")),
	ONE(1, INTEGER(-129)),
	ONE(2, UNSIGNED(0xc0a8)),
	ONE(3, REAL(-1.5e300)),
	ONE(4, BOOLEAN(false)),
	ONE(5, OCTETS("")),
	ONE(6, { .type = BS_TYPE_TIME, .integer = 0 }),
	ONE(7, LINK(21, 0)),
	ONE(8, { .type = BS_TYPE_CORELNK, .bytes = { (const uint8_t *)"</1>", 4 } }),
};
static const struct bs_entry multiple[] = {
	PART(10, 0, TEXT("a")),
	PART(10, 65534, TEXT("above seven octets")),
	PART(11, 1, INTEGER(65536)),
	PART(12, 300, UNSIGNED(128)),
	PART(13, 0, REAL(1.5)),
	PART(13, 1, REAL(100000)),
	PART(14, 0, BOOLEAN(true)),
	PART(15, 0, OCTETS("0123456789abcdef")),
	PART(16, 255, { .type = BS_TYPE_TIME, .integer = 4102444800 }),
	PART(17, 0, LINK(0, 1)),
	PART(18, 7, { .type = BS_TYPE_CORELNK, .bytes = { (const uint8_t *)"</1>,</2>", 9 } }),
};
static const struct bs_instance instances[] = {
	INSTANCE(OID, 0, single),
	INSTANCE(OID, 1, other),
	INSTANCE(OID, 300, multiple),
};

/* ---- what a tree says ----------------------------------------------------------------------------------------- */

static size_t
say_octets(char *out, char kind, const struct bs_value *v)
{
	size_t n = (size_t)sprintf(out, "%c", kind);

	for (size_t i = 0; i < v->bytes.len; i++)
		n += (size_t)sprintf(out + n, "%02x", v->bytes.data[i]);
	return n;
}

static size_t
say_value(char *out, const struct bs_value *v)
{
	uint64_t bits;

	switch (v->type) {
	case BS_TYPE_INTEGER:
	case BS_TYPE_TIME:
		return (size_t)sprintf(out, "i%" PRId64, v->integer);
	case BS_TYPE_UNSIGNED:
		return (size_t)sprintf(out, "i%" PRIu64, v->uinteger);
	case BS_TYPE_FLOAT:
		memcpy(&bits, &v->real, sizeof(bits));
		return (size_t)sprintf(out, "f%016" PRIx64, bits);
	case BS_TYPE_BOOLEAN:
		return (size_t)sprintf(out, v->boolean ? "true" : "false");
	case BS_TYPE_OBJLNK:
		return (size_t)sprintf(out, "l%u:%u", v->link.oid, v->link.iid);
	case BS_TYPE_OPAQUE:
		return say_octets(out, 'o', v);
	case BS_TYPE_STRING:
	case BS_TYPE_CORELNK:
		return say_octets(out, 's', v);
	}
	return 0;
}

static const char *
say(const struct bs_instance *inst, size_t count)
{
	static char out[SAID_MAX];
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < inst[i].count; k++) {
			const struct bs_entry *e = &inst[i].entries[k];

			if (n > SAID_MAX - 4096)
				exit(2);
			n += (size_t)sprintf(
				out + n, "%s/%u/%u/%u", n > 0 ? "|" : "", inst[i].oid, inst[i].iid, e->rid);
			if (e->multiple)
				n += (size_t)sprintf(out + n, "/%u", e->riid);
			n += (size_t)sprintf(out + n, "=");
			n += say_value(out + n, &e->value);
		}
	}
	return out;
}

/* ---- encode --------------------------------------------------------------------------------------------------- */

static void
print(const struct bs_format *f, const struct bs_path *target, const struct bs_instance *inst, size_t count)
{
	uint8_t out[4096];
	struct bs_wr w = bs_wr_init(out, sizeof(out));
	char path[BS_PATH_TEXT];
	size_t len = 0;

	f->encode(&w, target, inst, count);
	if (bs_wr_done(&w, &len) != BS_OK)
		return; /* this format cannot carry that */
	printf("%u\t%s\t", f->number, bs_path_format(target, path));
	for (size_t i = 0; i < len; i++)
		printf("%02x", out[i]);
	printf("\t%s\n", say(inst, count));
}

static void
print_resources(const struct bs_format *f, const struct bs_instance *inst)
{
	const struct bs_entry *e = inst->entries;

	for (size_t k = 0, n; k < inst->count; k += n) {
		struct bs_path target = { BS_LEVEL_RESOURCE, inst->oid, inst->iid, e[k].rid };
		struct bs_instance part = { inst->oid, inst->iid, &e[k], 0 };

		for (n = 0; k + n < inst->count && e[k + n].rid == e[k].rid; n++)
			;
		part.count = n;
		print(f, &target, &part, 1);
	}
}

static int
encode(void)
{
	static const uint16_t whole[] = { BS_CF_TLV, BS_CF_SENML_JSON, BS_CF_SENML_CBOR, BS_CF_LWM2M_CBOR };
	static const uint16_t one[] = { BS_CF_TEXT, BS_CF_OPAQUE, BS_CF_CBOR };
	static const struct bs_instance *const known[] = { &psk_instance, &server_instance, &acl_instance };
	static const struct bs_path object = { BS_LEVEL_OBJECT, OID, 0, 0 }, root = { .level = BS_LEVEL_ROOT };
	const struct bs_instance pack[] = { psk_instance, server_instance, acl_instance, instances[0], instances[2] };

	for (size_t f = 0; f < 4; f++) {
		print(bs_format_find(whole[f]), &root, pack, 5);
		print(bs_format_find(whole[f]), &object, instances, 3);
		for (size_t i = 0; i < 6; i++) {
			const struct bs_instance *inst = i < 3 ? &instances[i] : known[i - 3];
			struct bs_path target = { BS_LEVEL_INSTANCE, inst->oid, inst->iid, 0 };

			print(bs_format_find(whole[f]), &target, inst, 1);
			print_resources(bs_format_find(whole[f]), inst);
		}
	}
	for (size_t f = 0; f < 3; f++) {
		for (size_t i = 0; i < 3; i++)
			print_resources(bs_format_find_single(one[f]), &instances[i]);
	}
	return 0;
}

/* ---- check ---------------------------------------------------------------------------------------------------- */

static bool
check_line(char *line)
{
	static uint8_t data[SAID_MAX / 2];
	const char *number = strtok(line, "\t"), *path = strtok(NULL, "\t"), *text = strtok(NULL, "\t\n");
	const char *expected = strtok(NULL, "\t\n");
	unsigned ids[3] = { 0 };
	struct bs_tree *tree = NULL;
	struct bs_path target;
	int levels;
	enum bs_err err;
	const char *said;

	if (expected == NULL) { /* an empty payload leaves its field out */
		expected = text;
		text = "";
	}
	if (path == NULL || expected == NULL)
		return false;
	levels = sscanf(path, "/%u/%u/%u", &ids[0], &ids[1], &ids[2]);
	target.level = levels > 0 ? (enum bs_level)levels : BS_LEVEL_ROOT;
	target.oid = (uint16_t)ids[0];
	target.iid = (uint16_t)ids[1];
	target.rid = (uint16_t)ids[2];
	err = bs_decode(
		(uint16_t)atoi(number), &target, data, hex(text, data, sizeof(data)), tree_find_resource, &tree);
	said = err == BS_OK ? say(tree->instances, tree->count) : bs_strerror(err);
	if (strcmp(said, expected) != 0)
		printf("%s %s %s\n  is       %s\n  expected %s\n", number, path, text, said, expected);
	err = strcmp(said, expected) == 0 ? BS_OK : BS_EFORMAT;
	bs_tree_free(tree);
	return err == BS_OK;
}

static int
check(void)
{
	static char line[2 * SAID_MAX];
	unsigned good = 0, bad = 0;

	while (fgets(line, sizeof(line), stdin) != NULL) {
		if (check_line(line))
			good++;
		else
			bad++;
	}
	printf("%u read as they should, %u not\n", good, bad);
	return bad > 0 || good == 0;
}

int
main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "encode") == 0)
		return encode();
	if (argc == 2 && strcmp(argv[1], "check") == 0)
		return check();
	fprintf(stderr, "formats encode | check\n");
	return 2;
}
