/* SPDX-License-Identifier: Apache-2.0 */
/* Object models: the published ones (tests/vectors/ddf), values read off them by hand, and files that mean harm. */
#include "tests/lib/test.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "server/base/text.h"
#include "server/model/ddf.h"
#include "server/model/object.h"

static struct bs_model model;
static struct bs_diag diag;

static size_t
read_file(const char *file, char *out, size_t max)
{
	char path[300];
	FILE *f;
	size_t len;

	snprintf(path, sizeof(path), "tests/vectors/ddf/%s", file);
	f = fopen(path, "rb");
	if (f == NULL)
		fail_msg("cannot open %s (run from the root of the sources)", path);
	len = fread(out, 1, max, f);
	fclose(f);
	assert_true(len > 0 && len < max);
	return len;
}

static void
load(const char *file)
{
	static char xml[1 << 16];
	size_t len = read_file(file, xml, sizeof(xml));

	if (bs_ddf_parse(xml, len, &model, &diag) != BS_OK)
		fail_msg("%s:%u: %s", file, diag.line, diag.text);
}

/* ---- published models -------------------------------------------------------------------------------------------- */

/* Counted with grep -c '<Item ID'. */
static const struct {
	const char *file;
	uint16_t oid;
	const char *name, *version;
	bool multiple, mandatory;
	size_t count;
} files[] = {
	{ "0-1_0.xml", 0, "LWM2M Security", "1.0", true, true, 13 },
	{ "0-1_2.xml", 0, "LWM2M Security", "1.2", true, true, 31 },
	{ "1-1_1.xml", 1, "LwM2M Server", "1.1", true, true, 24 },
	{ "3-1_0.xml", 3, "Device", "1.0", false, true, 23 },
	{ "4-1_3.xml", 4, "Connectivity Monitoring", "1.3", false, false, 14 },
	{ "5.xml", 5, "Firmware Update", "1.2", false, false, 14 },
	{ "10-1_0.xml", 10, "LWM2M Cellular Connectivity", "1.0", false, false, 12 },
	{ "11-1_1.xml", 11, "LWM2M APN Connection Profile", "1.1", true, false, 34 },
	{ "16.xml", 16, "Portfolio", "1.0", true, false, 4 },
	{ "21-2_0.xml", 21, "LWM2M OSCORE", "2.0", true, false, 7 },
	{ "3303.xml", 3303, "Temperature", "1.1", true, false, 12 },
	{ "10262.xml", 10262, "Interval Data Delivery", "1.0", true, false, 4 },
};

static void
test_objects(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		load(files[i].file);
		assert_int_equal(model.oid, files[i].oid);
		assert_string_equal(model.name, files[i].name);
		assert_string_equal(model.version, files[i].version);
		assert_int_equal(model.multiple, files[i].multiple);
		assert_int_equal(model.mandatory, files[i].mandatory);
		assert_int_equal(model.count, files[i].count);
		bs_model_clear(&model);
	}
}

/* Every file is read, with all of its resources, in order. */
static void
test_all_files(void **state)
{
	static char xml[1 << 16];
	DIR *dir = opendir("tests/vectors/ddf");
	struct dirent *e;
	size_t seen = 0;

	(void)state;
	assert_non_null(dir);
	while ((e = readdir(dir)) != NULL) {
		size_t items = 0;

		if (strstr(e->d_name, ".xml") == NULL)
			continue;
		xml[read_file(e->d_name, xml, sizeof(xml) - 1)] = '\0';
		for (const char *p = xml; (p = strstr(p, "<Item ID=")) != NULL; p++)
			items++;
		load(e->d_name);
		assert_int_equal(model.count, items);
		for (size_t i = 1; i < model.count; i++)
			assert_true(model.resources[i - 1].rid < model.resources[i].rid);
		bs_model_clear(&model);
		seen++;
	}
	closedir(dir);
	assert_true(seen >= 20);
}

static const struct {
	const char *file;
	uint16_t rid;
	const char *name, *operations;
	bool multiple, mandatory, executable;
	enum bs_type type;
	const char *range, *units;
	bool range_known;
} resources[] = {
	{ "3303.xml", 5700, "Sensor Value", "R", false, true, false, BS_TYPE_FLOAT, "", "", false },
	{ "3303.xml", 5605, "Reset Min and Max Measured Values", "E", false, false, true, 0, "", "", false },
	{ "3303.xml", 5518, "Timestamp", "R", false, false, false, BS_TYPE_TIME, "", "", false },
	{ "3303.xml", 6042, "Measurement Quality Indicator", "R", false, false, false, BS_TYPE_INTEGER, "0..23", "",
		true },
	{ "3303.xml", 6050, "Fractional Timestamp", "R", false, false, false, BS_TYPE_FLOAT, "0..1", "s", true },
	{ "10262.xml", 1, "Interval Data Links", "RW", true, true, false, BS_TYPE_OBJLNK, "", "", false },
	{ "10262.xml", 2, "Latest Payload", "R", true, true, false, BS_TYPE_OPAQUE, "", "", false },
	{ "5.xml", 0, "Package", "W", false, true, false, BS_TYPE_OPAQUE, "", "", false },
	{ "5.xml", 1, "Package URI", "RW", false, true, false, BS_TYPE_STRING, "0..255", "", true },
	{ "0-1_0.xml", 0, "LWM2M Server URI", "", false, true, false, BS_TYPE_STRING, "0-255 bytes", "", true },
	{ "0-1_0.xml", 8, "SMS Binding Secret Key(s)", "", false, false, false, BS_TYPE_OPAQUE, "16-32-48 bytes", "",
		true },
	{ "0-1_1.xml", 8, "SMS Binding Secret Key(s)", "", false, false, false, BS_TYPE_OPAQUE, "16,32,48", "", true },
	{ "1-1_1.xml", 4, "Disable", "E", false, false, true, 0, "", "", false },
	{ "10-1_0.xml", 7, "eDRX parameters for Iu mode (1)", "RW", false, false, false, BS_TYPE_OPAQUE, "8 bit", "",
		false },
};

static void
test_resources(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(resources) / sizeof(resources[0]); i++) {
		const struct bs_model_resource *r;

		load(resources[i].file);
		r = bs_model_find(&model, resources[i].rid);
		assert_non_null(r);
		assert_string_equal(r->name, resources[i].name);
		assert_string_equal(r->operations, resources[i].operations);
		assert_int_equal(r->multiple, resources[i].multiple);
		assert_int_equal(r->mandatory, resources[i].mandatory);
		assert_int_equal(r->executable, resources[i].executable);
		if (!r->executable)
			assert_int_equal(r->type, resources[i].type);
		assert_string_equal(r->range, resources[i].range);
		assert_string_equal(r->units, resources[i].units);
		if (bs_model_range_known(r) != resources[i].range_known)
			fail_msg("%s: %s: range %s", resources[i].file, r->name, r->range);
		bs_model_clear(&model);
	}
}

/* ---- files that are no object models ----------------------------------------------------------------------------- */

#define HEAD "<LWM2M><Object><Name>n</Name><ObjectID>7</ObjectID>"
#define KINDS "<MultipleInstances>Single</MultipleInstances><Mandatory>Optional</Mandatory>"
#define ITEM(id, inner) "<Item ID=\"" id "\"><Name>r</Name>" inner "</Item>"
#define MODEL(items) HEAD KINDS "<Resources>" items "</Resources></Object></LWM2M>"
#define X16 "<x><x><x><x><x><x><x><x><x><x><x><x><x><x><x><x>"

static const struct {
	const char *name, *xml;
	enum bs_err err;
	const char *word;
} bad[] = {
	{ "empty", "", BS_EFORMAT, "no element found" },
	{ "no XML", "id,name\n3,Device\n", BS_EFORMAT, "not well-formed" },
	{ "another document", "<html><body/></html>", BS_EFORMAT, "the root element is no LWM2M but: html" },
	{ "no object", "<LWM2M></LWM2M>", BS_EFORMAT, "no Object" },
	{ "not closed", HEAD KINDS, BS_EFORMAT, "not well-formed" },
	{ "two objects", HEAD KINDS "</Object><Object/></LWM2M>", BS_EUNSUPPORTED, "a second object" },
	{ "no number", "<LWM2M><Object><Name>n</Name>" KINDS "</Object></LWM2M>", BS_EFORMAT,
		"lacks the element: ObjectID" },
	{ "no name", "<LWM2M><Object><Name> </Name><ObjectID>1</ObjectID>" KINDS "</Object></LWM2M>", BS_EFORMAT,
		"Name" },
	{ "no kind", HEAD "</Object></LWM2M>", BS_EFORMAT, "lacks the element: MultipleInstances" },
	{ "object 65535", "<LWM2M><Object><ObjectID>65535</ObjectID>", BS_ERANGE, "larger than 65534" },
	{ "object 4294967299", "<LWM2M><Object><ObjectID>4294967299</ObjectID>", BS_ERANGE, "larger than 65534" },
	{ "object 2^64 + 3", "<LWM2M><Object><ObjectID>18446744073709551619</ObjectID>", BS_ERANGE, "larger than" },
	{ "object -1", "<LWM2M><Object><ObjectID>-1</ObjectID>", BS_EFORMAT, "a number from 0 to 65534" },
	{ "object 0x3", "<LWM2M><Object><ObjectID>0x3</ObjectID>", BS_EFORMAT, "a number from 0 to 65534" },
	{ "version", HEAD "<ObjectVersion>one</ObjectVersion>", BS_EFORMAT, "is no version: one" },
	{ "long version", HEAD "<ObjectVersion>1000.1000</ObjectVersion>", BS_EFORMAT, "is no version" },
	{ "kind", HEAD "<MultipleInstances>Some</MultipleInstances>", BS_EFORMAT,
		"Multiple or Single is needed, not: Some" },
	{ "resource 65535", MODEL(ITEM("65535", "")), BS_ERANGE, "ID of a resource" },
	{ "resource without ID", HEAD "<Resources><Item><Name>n</Name></Item>", BS_EFORMAT, "ID of a resource" },
	{ "resource without name", MODEL("<Item ID=\"1\"></Item>"), BS_EFORMAT, "a resource without Name" },
	{ "a name, then a blank one",
		"<LWM2M><Object><Name>n</Name><Name> </Name><ObjectID>7</ObjectID>" KINDS "</Object></LWM2M>",
		BS_EFORMAT, "an element stands twice: Name" },
	{ "two numbers", HEAD "<ObjectID>8</ObjectID>" KINDS "</Object></LWM2M>", BS_EFORMAT,
		"an element stands twice: ObjectID" },
	{ "two kinds", HEAD KINDS "<Mandatory>Mandatory</Mandatory></Object></LWM2M>", BS_EFORMAT,
		"an element stands twice: Mandatory" },
	{ "a resource's name, then a blank one", MODEL(ITEM("1", "<Name/>")), BS_EFORMAT,
		"an element stands twice: Name" },
	{ "a resource's type, then another", MODEL(ITEM("1", "<Type>Integer</Type><Type>String</Type>")), BS_EFORMAT,
		"an element stands twice: Type" },
	{ "resource twice", MODEL(ITEM("1", "") ITEM("1", "")), BS_EFORMAT, "two resources have the ID: 1" },
	{ "type", MODEL(ITEM("1", "<Type>Blob</Type>")), BS_EFORMAT, "unknown Type: Blob" },
	{ "operations", MODEL(ITEM("1", "<Operations>RX</Operations>")), BS_EFORMAT, "letters of RWE" },
	{ "operations twice", MODEL(ITEM("1", "<Operations>RR</Operations>")), BS_EFORMAT, "letters of RWE" },
	{ "deep", "<LWM2M>" X16, BS_ELIMIT, "too deep" },
	{ "unknown entity", MODEL(ITEM("1", "<Units>&bomb;</Units>")), BS_EFORMAT, "undefined entity" },
	{ "outer entity",
		"<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>" MODEL(ITEM("1", "<Units>&x;</Units>")),
		BS_EREFUSED, "document type" },
	{ "outer subset", "<!DOCTYPE a SYSTEM \"http://127.0.0.1/a.dtd\">" MODEL(""), BS_EREFUSED, "document type" },
	{ "bomb",
		"<!DOCTYPE a [<!ENTITY a \"xxxxxxxxxx\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\"><!ENTITY c "
		"\"&b;&b;&b;&b;&b;&b;&b;&b;\">]>" MODEL(ITEM("1", "<Units>&c;</Units>")),
		BS_EREFUSED, "document type" },
	{ "parameter bomb", "<!DOCTYPE a [<!ENTITY % a \"<!ENTITY b 'x'>\">%a;%a;]>" MODEL(""), BS_EREFUSED,
		"document type" },
};

static enum bs_err
parse_copy(const char *xml, size_t len)
{
	uint8_t *copy = exact_copy(xml, len);
	enum bs_err err;

	diag = (struct bs_diag){ 0 };
	err = bs_ddf_parse(copy, len, &model, &diag);
	free(copy);
	return err;
}

static void
test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		enum bs_err err = parse_copy(bad[i].xml, strlen(bad[i].xml));

		if (err != bad[i].err || strstr(diag.text, bad[i].word) == NULL)
			fail_msg("%s: %s: %s", bad[i].name, bs_strerror(err), diag.text);
		assert_null(model.resources);
		assert_int_equal(model.count, 0);
	}
	assert_int_equal(
		parse_copy(MODEL(ITEM("1", "<Type>String</Type>")), strlen(MODEL(ITEM("1", "<Type>String</Type>")))),
		BS_OK); /* the frame of the rows is good */
	bs_model_clear(&model);
}

/* No part of a file is a model, and none leads astray. */
static void
test_prefixes(void **state)
{
	static char xml[1 << 16];
	size_t len = read_file("3303.xml", xml, sizeof(xml));

	(void)state;
	while (xml[len - 1] == '\n' || xml[len - 1] == '\r')
		len--;
	for (size_t n = 0; n < len; n++) {
		if (parse_copy(xml, n) != BS_EFORMAT)
			fail_msg("%zu of %zu octets: %s", n, len, diag.text);
		assert_null(model.resources);
	}
	assert_int_equal(parse_copy(xml, len), BS_OK);
	bs_model_clear(&model);
}

static void
test_size(void **state)
{
	size_t len = BS_DDF_FILE_MAX + 1, n;
	char *xml = malloc(len);
	static const char good[] = MODEL(ITEM("1", ""));

	(void)state;
	assert_non_null(xml);
	memset(xml, ' ', len);
	memcpy(xml, good, strlen(good));
	assert_int_equal(bs_ddf_parse(xml, len, &model, &diag), BS_ELIMIT);
	assert_int_equal(bs_ddf_parse(xml, len - 1, &model, &diag), BS_OK);
	bs_model_clear(&model);
	n = (size_t)snprintf(xml, len, HEAD KINDS "<Resources>");
	for (unsigned i = 0; i <= BS_DDF_RESOURCES_MAX; i++)
		n += (size_t)snprintf(
			xml + n, len - n, "<Item ID=\"%u\"><Name>r</Name></Item>", BS_DDF_RESOURCES_MAX - i);
	snprintf(xml + n, len - n, "</Resources></Object></LWM2M>");
	assert_int_equal(bs_ddf_parse(xml, strlen(xml), &model, &diag), BS_ELIMIT);
	free(xml);
}

/* Texts: blanks, what would move a cursor, length. */
static void
test_texts(void **state)
{
	char xml[8192], name[2001];
	const struct bs_model_resource *r;

	(void)state;
	for (size_t i = 0; i < 2000; i += 2)
		memcpy(name + i, "\xc3\xa9", 2);
	name[2000] = '\0';
	snprintf(xml, sizeof(xml),
		HEAD KINDS "<Resources><Item ID=\"4\"><Name>\n  a\t <![CDATA[<b>]]> &amp; \xc2\x9b"
			   "c&#233; </Name><Type> unsigned\n integer </Type><Units>x%s</Units>"
			   "<RangeEnumeration>%s</RangeEnumeration><Operations> RW </Operations></Item></Resources>"
			   "</Object></LWM2M>",
		name, name);
	assert_int_equal(parse_copy(xml, strlen(xml)), BS_OK);
	r = bs_model_find(&model, 4);
	assert_string_equal(r->name, "a <b> & c\xc3\xa9");
	assert_int_equal(r->type, BS_TYPE_UNSIGNED);
	assert_string_equal(r->operations, "RW");
	assert_true(strlen(r->units) <= BS_DDF_UNITS_MAX && strlen(r->units) > BS_DDF_UNITS_MAX - 4);
	assert_true(bs_utf8_valid(r->units, strlen(r->units)));
	assert_string_equal(r->units + strlen(r->units) - 5, "\xc3\xa9\xe2\x80\xa6");
	assert_true(bs_utf8_valid(r->range, strlen(r->range)));
	assert_string_equal(r->range + strlen(r->range) - 3, "\xe2\x80\xa6");
	bs_model_clear(&model);
}

/* ---- ranges ------------------------------------------------------------------------------------------------------ */

#define NOT_CHECKED "-"

/* in: a value that fits; out: one that does not, NOT_CHECKED where the range is for people. */
static const struct {
	enum bs_type type;
	const char *range, *in, *out, *word;
} ranges[] = {
	{ BS_TYPE_INTEGER, "0..8", "8", "9", "must be 0 to 8, not 9" },
	{ BS_TYPE_INTEGER, "0..8", "0", "-1", "must be 0 to 8, not -1" },
	{ BS_TYPE_INTEGER, "0-255", "255", "256", "must be 0 to 255, not 256" },
	{ BS_TYPE_INTEGER, " 0 .. 255 ", "255", "256", "must be 0 to 255, not 256" },
	{ BS_TYPE_INTEGER, "-90..90", "-90", "-91", "must be -90 to 90, not -91" },
	{ BS_TYPE_INTEGER, "-10--5", "-10", "0", "must be -10 to -5, not 0" },
	{ BS_TYPE_INTEGER, "1,2,4", "4", "3", "must be one of 1,2,4, not 3" },
	{ BS_TYPE_INTEGER, "1..3, 7", "7", "5", "must be one of 1..3, 7, not 5" },
	{ BS_TYPE_INTEGER, "1-2-4", "2", "3", "must be one of 1-2-4, not 3" },
	{ BS_TYPE_UNSIGNED, "0..3", "3", "18446744073709551615", "must be 0 to 3, not more than 9223372036854775807" },
	{ BS_TYPE_UNSIGNED, "0..18446744073709551615", "18446744073709551615", NOT_CHECKED, NULL },
	{ BS_TYPE_TIME, "0..100", "100", "101", "must be 0 to 100, not 101" },
	{ BS_TYPE_FLOAT, "0..1", "0.5", "1.5", "must be in the range 0..1, not 1.5" },
	{ BS_TYPE_FLOAT, "-273.15..0.5", "-273.15", "-273.2", "in the range -273.15..0.5, not -273.2" },
	{ BS_TYPE_OPAQUE, "6 bytes", "001122334455", "0011223344", "must be 6 octets long, not 5" },
	{ BS_TYPE_OPAQUE, "6", "001122334455", "00112233445566", "must be 6 octets long, not 7" },
	{ BS_TYPE_OPAQUE, "1,3", "001122", "0011", "must be one of 1,3 octets long, not 2" },
	{ BS_TYPE_OPAQUE, "1-3-4 bytes", "001122", "0011", "must be one of 1-3-4 bytes, not 2" },
	{ BS_TYPE_STRING, "0..3", "abc", "abcd", "must be 0 to 3 octets long, not 4" },
	{ BS_TYPE_STRING, "1-3 bytes", "abc", "", "must be 1 to 3 octets long, not 0" },
	{ BS_TYPE_STRING, "1,2,4", "abc", NOT_CHECKED, NULL },
	{ BS_TYPE_STRING, "U,S,UQ", "X", NOT_CHECKED, NULL },
	{ BS_TYPE_OPAQUE, "8 bit", "0011", NOT_CHECKED, NULL },
	{ BS_TYPE_INTEGER, "16-bit", "70000", NOT_CHECKED, NULL },
	{ BS_TYPE_INTEGER, "6", "7", NOT_CHECKED, NULL },
	{ BS_TYPE_INTEGER, "0..8 or 255", "9", NOT_CHECKED, NULL },
	{ BS_TYPE_INTEGER, "8..0", "9", NOT_CHECKED, NULL },
	{ BS_TYPE_INTEGER, "0..1.5", "9", NOT_CHECKED, NULL },
	{ BS_TYPE_INTEGER, "0..255 bytes", "256", NOT_CHECKED, NULL },
	{ BS_TYPE_INTEGER, "0..", "9", NOT_CHECKED, NULL },
	{ BS_TYPE_INTEGER, "1,2,", "9", NOT_CHECKED, NULL },
	{ BS_TYPE_INTEGER, "", "9", NOT_CHECKED, NULL },
	{ BS_TYPE_BOOLEAN, "0..1", "true", NOT_CHECKED, NULL },
	{ BS_TYPE_OBJLNK, "0..1", "3:0", NOT_CHECKED, NULL },
};

static enum bs_err
check_value(const struct bs_model_resource *r, const char *text)
{
	uint8_t buf[64];
	struct bs_value v;

	assert_int_equal(bs_value_parse(r->type, text, 0, buf, sizeof(buf), &v), BS_OK);
	diag.text[0] = '\0';
	return bs_model_check(9, r, &v, &diag);
}

static void
test_ranges(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		struct bs_model_resource r = { .rid = 5, .name = "n", .type = ranges[i].type };
		bool checked = strcmp(ranges[i].out, NOT_CHECKED) != 0;

		snprintf(r.range, sizeof(r.range), "%s", ranges[i].range);
		if (bs_model_range_known(&r) != (checked || ranges[i].type == BS_TYPE_UNSIGNED))
			fail_msg("%s: known or not?", ranges[i].range);
		if (check_value(&r, ranges[i].in) != BS_OK)
			fail_msg("%s: %s: %s", ranges[i].range, ranges[i].in, diag.text);
		if (!checked)
			continue;
		assert_int_equal(check_value(&r, ranges[i].out), BS_ERANGE);
		if (strstr(diag.text, "resource 5 of object 9 (n) must be") == NULL ||
			strstr(diag.text, ranges[i].word) == NULL)
			fail_msg("%s: %s", ranges[i].range, diag.text);
	}
}

/* More spans than fit, and digits without end. */
static void
test_long_ranges(void **state)
{
	struct bs_model_resource r = { .rid = 5, .name = "n", .type = BS_TYPE_INTEGER };

	(void)state;
	for (size_t i = 0; i + 2 < sizeof(r.range); i += 2)
		memcpy(r.range + i, i > 0 ? ",1" : " 1", 2);
	assert_false(bs_model_range_known(&r));
	for (size_t i = 0; i + 2 < sizeof(r.range); i += 2)
		memcpy(r.range + i, i > 0 ? "-1" : " 1", 2);
	assert_false(bs_model_range_known(&r));
	memset(r.range, '9', sizeof(r.range) - 1);
	memcpy(r.range, "0..", 3);
	assert_true(bs_model_range_known(&r));
	assert_int_equal(check_value(&r, "9223372036854775807"), BS_OK);
	assert_int_equal(check_value(&r, "-1"), BS_ERANGE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_objects),
		cmocka_unit_test(test_all_files),
		cmocka_unit_test(test_resources),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_long_ranges),
	};

	return cmocka_run_group_tests_name("ddf", tests, NULL, NULL);
}
