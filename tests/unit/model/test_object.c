/* SPDX-License-Identifier: Apache-2.0 */
/* The tables against the object models that OMA publishes (tests/vectors/ddf), and reading of values. */
#include "tests/lib/test.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <expat.h>

#include "server/model/object.h"

/* ---- object models -------------------------------------------------------------------------------------------- */

struct published {
	char name[128], operations[8], multiple[16], mandatory[16], type[32], range[128];
	int rid;
};

struct reader {
	struct published rows[64];
	size_t count;
	char text[4096]; /* of the element that is open, blanks at the ends removed, others single */
	size_t len;
	bool in_item;
};

static void XMLCALL
on_start(void *arg, const XML_Char *name, const XML_Char **attrs)
{
	struct reader *rd = arg;

	rd->len = 0;
	if (strcmp(name, "Item") != 0)
		return;
	assert_true(rd->count < 64);
	assert_string_equal(attrs[0], "ID");
	rd->rows[rd->count].rid = atoi(attrs[1]);
	rd->in_item = true;
}

static void XMLCALL
on_text(void *arg, const XML_Char *text, int len)
{
	struct reader *rd = arg;

	for (int i = 0; i < len && rd->len < sizeof(rd->text) - 1; i++) {
		bool blank = isspace((unsigned char)text[i]) != 0;

		if (blank && (rd->len == 0 || rd->text[rd->len - 1] == ' '))
			continue;
		rd->text[rd->len++] = blank ? ' ' : text[i];
	}
}

static void XMLCALL
on_end(void *arg, const XML_Char *name)
{
	struct reader *rd = arg;
	struct published *row = &rd->rows[rd->count];
	const struct {
		const char *element;
		char *to;
		size_t max;
	} fields[] = {
		{ "Name", row->name, sizeof(row->name) },
		{ "Operations", row->operations, sizeof(row->operations) },
		{ "MultipleInstances", row->multiple, sizeof(row->multiple) },
		{ "Mandatory", row->mandatory, sizeof(row->mandatory) },
		{ "Type", row->type, sizeof(row->type) },
		{ "RangeEnumeration", row->range, sizeof(row->range) },
	};

	while (rd->len > 0 && rd->text[rd->len - 1] == ' ')
		rd->len--;
	rd->text[rd->len] = '\0';
	for (size_t i = 0; rd->in_item && i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (strcmp(fields[i].element, name) == 0)
			snprintf(fields[i].to, fields[i].max, "%s", rd->text);
	}
	if (strcmp(name, "Item") == 0) {
		rd->count++;
		rd->in_item = false;
	}
	rd->len = 0;
}

static struct reader *
read_model(const char *file)
{
	static char xml[1 << 16];
	struct reader *rd = test_calloc(1, sizeof(*rd));
	XML_Parser parser = XML_ParserCreate(NULL);
	char path[128];
	FILE *f;
	size_t len;

	snprintf(path, sizeof(path), "tests/vectors/ddf/%s.xml", file);
	f = fopen(path, "rb");
	if (f == NULL)
		fail_msg("cannot open %s (run from the root of the sources)", path);
	len = fread(xml, 1, sizeof(xml), f);
	fclose(f);
	XML_SetUserData(parser, rd);
	XML_SetElementHandler(parser, on_start, on_end);
	XML_SetCharacterDataHandler(parser, on_text);
	if (XML_Parse(parser, xml, (int)len, 1) != XML_STATUS_OK)
		fail_msg("%s: %s", path, XML_ErrorString(XML_GetErrorCode(parser)));
	XML_ParserFree(parser);
	return rd;
}

struct model {
	const char *file;
	uint16_t oid;
	enum bs_lwm2m version; /* the enabler that came with it */
	bool opaque_is_string; /* Object 21 before 2.0 */
};

static const struct model models[] = {
	{ "0-1_0", 0, BS_LWM2M_1_0, false },
	{ "0-1_1", 0, BS_LWM2M_1_1, false },
	{ "0-1_2", 0, BS_LWM2M_1_2, false },
	{ "1-1_0", 1, BS_LWM2M_1_0, false },
	{ "1-1_1", 1, BS_LWM2M_1_1, false },
	{ "1-1_2", 1, BS_LWM2M_1_2, false },
	{ "2-1_0", 2, BS_LWM2M_1_0, false },
	{ "2-1_1", 2, BS_LWM2M_1_0, false },
	{ "21-1_0", 21, BS_LWM2M_1_1, true },
	{ "21-1_1", 21, BS_LWM2M_1_1, true },
	{ "21-2_0", 21, BS_LWM2M_1_1, false },
};

/* As the registry spells a type. */
static const char *
published_type(const struct bs_resource_def *def, bool opaque_is_string)
{
	static const char *const names[] = {
		[BS_TYPE_STRING] = "String",
		[BS_TYPE_INTEGER] = "Integer",
		[BS_TYPE_UNSIGNED] = "Unsigned Integer",
		[BS_TYPE_FLOAT] = "Float",
		[BS_TYPE_BOOLEAN] = "Boolean",
		[BS_TYPE_OPAQUE] = "Opaque",
		[BS_TYPE_TIME] = "Time",
		[BS_TYPE_OBJLNK] = "Objlnk",
		[BS_TYPE_CORELNK] = "Corelnk",
	};

	if (def->executable)
		return "";
	return names[opaque_is_string && def->type == BS_TYPE_OPAQUE ? BS_TYPE_STRING : def->type];
}

static void
compare_row(const struct model *m, const struct published *row)
{
	const struct bs_resource_def *def = bs_resource_find(m->oid, (uint16_t)row->rid);

	if (def == NULL)
		fail_msg("%s: resource %d is not in the table", m->file, row->rid);
	assert_int_equal(def->rid, row->rid);
	assert_string_equal(def->name, row->name);
	assert_string_equal(published_type(def, m->opaque_is_string), row->type);
	assert_int_equal(def->multiple, strcmp(row->multiple, "Multiple") == 0);
	assert_int_equal(def->mandatory, strcmp(row->mandatory, "Mandatory") == 0);
	assert_int_equal(def->executable, strchr(row->operations, 'E') != NULL);
	if (def->since > m->version)
		fail_msg("%s: resource %d is there, the table says it came later", m->file, row->rid);
}

/* A published file has the resources that the table gives to its version, all of them. */
static void
tables_agree_with_published_models(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++) {
		struct reader *rd = read_model(models[i].file);
		const struct bs_resource_def *defs;
		size_t count, expected = 0;

		defs = bs_object_resources(models[i].oid, &count);
		for (size_t k = 0; k < count; k++)
			expected += defs[k].since <= models[i].version;
		if (strcmp(models[i].file, "21-1_0") == 0)
			expected--; /* ID Context came with 1.1 of the object, within the same enabler */
		assert_true(expected > 0);
		assert_int_equal(rd->count, expected);
		for (size_t k = 0; k < rd->count; k++)
			compare_row(&models[i], &rd->rows[k]);
		test_free(rd);
	}
}

/* "0..4", "1-65534", "0-255 bytes", "6": numbers of a range as the registry writes it. */
static bool
published_range(const char *text, long long *min, long long *max)
{
	char *end;

	if (!isdigit((unsigned char)*text) || strchr(text, ',') != NULL || strcmp(text, "16-bit") == 0)
		return false;
	*min = *max = strtoll(text, &end, 10);
	if (*end == '-' && strchr(end + 1, '-') != NULL)
		return false; /* 16-32-48: a list */
	end += strspn(end, ".-");
	if (isdigit((unsigned char)*end))
		*max = strtoll(end, NULL, 10);
	return true;
}

static void
ranges_agree_with_newest_models(void **state)
{
	static const struct model *const newest[] = { &models[2], &models[5], &models[7], &models[10] };
	unsigned compared = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(newest) / sizeof(newest[0]); i++) {
		struct reader *rd = read_model(newest[i]->file);

		for (size_t k = 0; k < rd->count; k++) {
			const struct bs_resource_def *def = bs_resource_find(newest[i]->oid, (uint16_t)rd->rows[k].rid);
			long long min, max;

			assert_non_null(def);
			if (!published_range(rd->rows[k].range, &min, &max))
				continue;
			if (newest[i]->oid == 0 && def->rid == 7)
				max = 7; /* the one known difference, see object.c */
			assert_int_equal(def->min, min);
			assert_int_equal(def->max, max);
			compared++;
		}
		test_free(rd);
	}
	assert_true(compared >= 20);
}

static void
tables_are_in_order(void **state)
{
	static const uint16_t oids[] = { 0, 1, 2, 21 };

	(void)state;
	for (size_t i = 0; i < sizeof(oids) / sizeof(oids[0]); i++) {
		size_t count;
		const struct bs_resource_def *defs = bs_object_resources(oids[i], &count);

		for (size_t k = 1; k < count; k++)
			assert_true(defs[k - 1].rid < defs[k].rid);
	}
}

static void
unknown_is_not_found(void **state)
{
	size_t count = 1;

	(void)state;
	assert_null(bs_object_resources(3, &count));
	assert_int_equal(count, 0);
	assert_null(bs_resource_find(0, 31));
	assert_null(bs_resource_find(3, 0));
}

/* ---- values --------------------------------------------------------------------------------------------------- */

#define NOW 1700000000

static void
numbers_are_read(void **state)
{
	static const struct {
		enum bs_type type;
		const char *text;
		enum bs_err err;
		int64_t value;
	} rows[] = {
		{ BS_TYPE_INTEGER, "0", BS_OK, 0 },
		{ BS_TYPE_INTEGER, "-1", BS_OK, -1 },
		{ BS_TYPE_INTEGER, "9223372036854775807", BS_OK, INT64_MAX },
		{ BS_TYPE_INTEGER, "-9223372036854775808", BS_OK, INT64_MIN },
		{ BS_TYPE_INTEGER, "9223372036854775808", BS_ERANGE, 0 },
		{ BS_TYPE_INTEGER, "", BS_EFORMAT, 0 },
		{ BS_TYPE_INTEGER, "-", BS_EFORMAT, 0 },
		{ BS_TYPE_INTEGER, "+1", BS_EFORMAT, 0 },
		{ BS_TYPE_INTEGER, " 1", BS_EFORMAT, 0 },
		{ BS_TYPE_INTEGER, "1 ", BS_EFORMAT, 0 },
		{ BS_TYPE_INTEGER, "0x10", BS_EFORMAT, 0 },
		{ BS_TYPE_INTEGER, "1.5", BS_EFORMAT, 0 },
		{ BS_TYPE_UNSIGNED, "49320", BS_OK, 49320 },
		{ BS_TYPE_UNSIGNED, "18446744073709551615", BS_OK, -1 },
		{ BS_TYPE_UNSIGNED, "18446744073709551616", BS_ERANGE, 0 },
		{ BS_TYPE_UNSIGNED, "-1", BS_ERANGE, 0 },
		{ BS_TYPE_UNSIGNED, "one", BS_EFORMAT, 0 },
		{ BS_TYPE_TIME, "now", BS_OK, NOW },
		{ BS_TYPE_TIME, "1234", BS_OK, 1234 },
		{ BS_TYPE_TIME, "today", BS_EFORMAT, 0 },
		{ BS_TYPE_INTEGER, "now", BS_EFORMAT, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bs_value v;
		enum bs_err err = bs_value_parse(rows[i].type, rows[i].text, NOW, NULL, 0, &v);

		if (err != rows[i].err)
			fail_msg("\"%s\" as %s: %s", rows[i].text, bs_type_name(rows[i].type), bs_strerror(err));
		if (err == BS_OK) {
			assert_int_equal(v.type, rows[i].type);
			assert_int_equal(
				rows[i].type == BS_TYPE_UNSIGNED ? (int64_t)v.uinteger : v.integer, rows[i].value);
		}
	}
}

static void
other_values_are_read(void **state)
{
	struct bs_value v;
	uint8_t buf[8];

	(void)state;
	assert_int_equal(bs_value_parse(BS_TYPE_BOOLEAN, "true", 0, NULL, 0, &v), BS_OK);
	assert_true(v.boolean);
	assert_int_equal(bs_value_parse(BS_TYPE_BOOLEAN, "0", 0, NULL, 0, &v), BS_OK);
	assert_false(v.boolean);
	assert_int_equal(bs_value_parse(BS_TYPE_BOOLEAN, "yes", 0, NULL, 0, &v), BS_EFORMAT);

	assert_int_equal(bs_value_parse(BS_TYPE_FLOAT, "-1.5e3", 0, NULL, 0, &v), BS_OK);
	assert_true(fabs(v.real + 1500) < 1e-9);
	assert_int_equal(bs_value_parse(BS_TYPE_FLOAT, "nan", 0, NULL, 0, &v), BS_EFORMAT);
	assert_int_equal(bs_value_parse(BS_TYPE_FLOAT, "1e999", 0, NULL, 0, &v), BS_ERANGE);
	assert_int_equal(bs_value_parse(BS_TYPE_FLOAT, "1e", 0, NULL, 0, &v), BS_EFORMAT);

	assert_int_equal(bs_value_parse(BS_TYPE_OBJLNK, "21:0", 0, NULL, 0, &v), BS_OK);
	assert_int_equal(v.link.oid, 21);
	assert_int_equal(v.link.iid, 0);
	assert_int_equal(bs_value_parse(BS_TYPE_OBJLNK, "65535:65535", 0, NULL, 0, &v), BS_OK);
	assert_int_equal(bs_value_parse(BS_TYPE_OBJLNK, "65536:0", 0, NULL, 0, &v), BS_ERANGE);
	assert_int_equal(bs_value_parse(BS_TYPE_OBJLNK, "21", 0, NULL, 0, &v), BS_EFORMAT);
	assert_int_equal(bs_value_parse(BS_TYPE_OBJLNK, ":1", 0, NULL, 0, &v), BS_EFORMAT);
	assert_int_equal(bs_value_parse(BS_TYPE_OBJLNK, "1:", 0, NULL, 0, &v), BS_EFORMAT);
	assert_int_equal(bs_value_parse(BS_TYPE_OBJLNK, "1:2:3", 0, NULL, 0, &v), BS_EFORMAT);

	assert_int_equal(bs_value_parse(BS_TYPE_OPAQUE, "00fF", 0, buf, sizeof(buf), &v), BS_OK);
	assert_hex("opaque", v.bytes.data, v.bytes.len, "00 ff");
	assert_int_equal(bs_value_parse(BS_TYPE_OPAQUE, "00f", 0, buf, sizeof(buf), &v), BS_EFORMAT);
	assert_int_equal(bs_value_parse(BS_TYPE_OPAQUE, "0011", 0, buf, 1, &v), BS_ESPACE);
	assert_int_equal(bs_value_parse(BS_TYPE_OPAQUE, "", 0, buf, sizeof(buf), &v), BS_OK);
	assert_int_equal(v.bytes.len, 0);

	assert_int_equal(bs_value_parse(BS_TYPE_STRING, "UQS", 0, buf, sizeof(buf), &v), BS_OK);
	assert_hex("string", v.bytes.data, v.bytes.len, "55 51 53");
	assert_int_equal(bs_value_parse(BS_TYPE_STRING, "123456789", 0, buf, sizeof(buf), &v), BS_ESPACE);
	assert_int_equal(bs_value_parse(BS_TYPE_STRING, "\xc0\xaf", 0, buf, sizeof(buf), &v), BS_EFORMAT);
}

static enum bs_err
check(uint16_t oid, uint16_t rid, const char *text, struct bs_diag *diag)
{
	const struct bs_resource_def *def = bs_resource_find(oid, rid);
	uint8_t buf[512];
	struct bs_value v;

	assert_non_null(def);
	assert_int_equal(bs_value_parse(def->type, text, 0, buf, sizeof(buf), &v), BS_OK);
	return bs_resource_check(oid, def, &v, diag);
}

static void
ranges_are_checked(void **state)
{
	struct bs_diag diag = { 0 };

	(void)state;
	assert_int_equal(check(1, 0, "65534", &diag), BS_OK);
	assert_int_equal(check(1, 0, "65535", &diag), BS_ERANGE);
	assert_non_null(strstr(diag.text, "Short Server ID"));
	assert_non_null(strstr(diag.text, "1 to 65534"));
	assert_int_equal(check(1, 0, "0", NULL), BS_ERANGE);
	/* covers: trap 14; resource 1/1 */
	assert_int_equal(check(1, 1, "2147483648", NULL), BS_ERANGE); /* negative in signed 32-bit decoders */
	assert_int_equal(check(0, 16, "49320", NULL), BS_OK);
	assert_int_equal(check(0, 16, "65536", NULL), BS_ERANGE);
	assert_int_equal(check(0, 16, "18446744073709551615", NULL), BS_ERANGE);
	assert_int_equal(check(0, 7, "121216b20203", NULL), BS_OK);
	assert_int_equal(check(0, 7, "121216b202", NULL), BS_ERANGE);
	assert_int_equal(check(0, 14, "dm.example", NULL), BS_OK);
	assert_int_equal(check(0, 17, "21:0", NULL), BS_OK);
}

static void
names_are_read(void **state)
{
	enum bs_mode mode;
	enum bs_type type;

	(void)state;
	assert_int_equal(bs_mode_parse("x509", &mode), BS_OK);
	assert_int_equal(mode, BS_MODE_X509);
	assert_int_equal(bs_mode_parse("X509", &mode), BS_EFORMAT);
	assert_string_equal(bs_mode_name(BS_MODE_EST), "est");
	assert_string_equal(bs_mode_name((enum bs_mode)99), "unknown");
	for (int i = BS_TYPE_STRING; i <= BS_TYPE_CORELNK; i++) {
		assert_int_equal(bs_type_parse(bs_type_name((enum bs_type)i), &type), BS_OK);
		assert_int_equal(type, i);
	}
	assert_int_equal(bs_type_parse("", &type), BS_EFORMAT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_agree_with_published_models),
		cmocka_unit_test(ranges_agree_with_newest_models),
		cmocka_unit_test(tables_are_in_order),
		cmocka_unit_test(unknown_is_not_found),
		cmocka_unit_test(numbers_are_read),
		cmocka_unit_test(other_values_are_read),
		cmocka_unit_test(ranges_are_checked),
		cmocka_unit_test(names_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
