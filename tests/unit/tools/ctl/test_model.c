/* SPDX-License-Identifier: Apache-2.0 */
/* --write by the models that the operator brought along. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>

#include "tools/ctl/setting.h"

static const struct bs_model objects[] = {
	{ .oid = 3, .name = "Device", .version = "1.2" },
	{ .oid = 3303, .name = "Temperature", .version = "1.1", .multiple = true },
};

static const struct {
	uint16_t oid;
	struct bs_model_resource res;
} resources[] = {
	{ 3, { .rid = 13, .name = "Current Time", .operations = "RW", .type = BS_TYPE_TIME } },
	{ 3, { .rid = 14, .name = "UTC Offset", .operations = "RW", .type = BS_TYPE_STRING } },
	{ 3, { .rid = 4, .name = "Reboot", .operations = "E", .executable = true } },
	{ 3303, { .rid = 5750,
			.name = "Application Type",
			.operations = "RW",
			.type = BS_TYPE_STRING,
			.range = "0..8" } },
	{ 3303, { .rid = 5700, .name = "Sensor Value", .operations = "R", .type = BS_TYPE_FLOAT } },
	{ 3303, { .rid = 6042, .name = "Quality", .operations = "RW", .type = BS_TYPE_INTEGER, .range = "1,2,4" } },
	{ 3303, { .rid = 6043, .name = "Mask", .operations = "RW", .type = BS_TYPE_OPAQUE, .range = "8 bit" } },
	{ 3303, { .rid = 6044, .name = "Links", .operations = "RW", .multiple = true, .type = BS_TYPE_OBJLNK } },
};

static enum bs_err
find(void *arg, uint16_t oid, uint16_t rid, struct bs_model *object, struct bs_model_resource *out)
{
	enum bs_err err = BS_ENOTFOUND;

	(void)arg;
	if (oid == 9)
		return BS_EIO;
	for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++)
		if (objects[i].oid == oid) {
			*object = objects[i];
			err = BS_EREFUSED;
		}
	for (size_t i = 0; i < sizeof(resources) / sizeof(resources[0]); i++)
		if (resources[i].oid == oid && resources[i].res.rid == rid) {
			*out = resources[i].res;
			err = BS_OK;
		}
	return err;
}

static const struct bs_models models = { .find = find };
static struct bs_report report;
static struct bs_settings settings;
static char said[2048];

static void
write_one(const char *text)
{
	FILE *to = fmemopen(said, sizeof(said), "w");

	assert_non_null(to);
	memset(said, 0, sizeof(said));
	bs_report_init(&report, to, NULL);
	bs_settings_add_write(&settings, &report, text, &models);
	fclose(to);
}

/* value NULL: refused. says: what is told, "" for nothing. */
static const struct {
	const char *text, *value;
	enum bs_type type;
	bool multiple;
	const char *says;
} rows[] = {
	{ "/3303/0/5750=hall", "hall", BS_TYPE_STRING, false, "" },
	{ "/3303/7/5750=string:time:x", "time:x", BS_TYPE_STRING, false, "" },
	{ "/3303/0/5750=http://h", "http://h", BS_TYPE_STRING, false, "" },
	{ "/3303/0/5750=time:12", NULL, 0, false,
		"5750 Application Type is of type string; for text that begins like this, write "
		"string:time:.." },
	{ "/3303/0/5750=kitchen-2", NULL, 0, false, "must be 0 to 8 octets long, not 9" },
	{ "/3303/0/5700=21.5", "21.5", BS_TYPE_FLOAT, false, "warning: 3303/5700 Sensor Value is read-only" },
	{ "/3303/0/5700=float:21.5", "21.5", BS_TYPE_FLOAT, false, "is read-only" },
	{ "/3303/0/5700=warm", NULL, 0, false, "3303/5700: the value is not of type float" },
	{ "/3303/0/5700=integer:21", NULL, 0, false, "3303/5700 Sensor Value is of type float" },
	{ "/3303/0/6042=4", "4", BS_TYPE_INTEGER, false, "" },
	{ "/3303/0/6042=3", NULL, 0, false, "resource 6042 of object 3303 (Quality) must be one of 1,2,4, not 3" },
	{ "/3303/0/6042/0=4", NULL, 0, false, "3303/6042 Quality is a single resource; omit the fourth number" },
	{ "/3303/0/6043=0f", "0f", BS_TYPE_OPAQUE, false,
		"the model's range \"8 bit\" is for people and is not checked" },
	{ "/3303/0/6044=3:0", "3:0", BS_TYPE_OBJLNK, true, "" },
	{ "/3303/0/6044/7=3:0", "3:0", BS_TYPE_OBJLNK, true, "" },
	{ "/3303/0/1=x", NULL, 0, false,
		"Object 3303 Temperature has no resource 1 in version 1.1 of its model; model show 3303" },
	{ "/3303/0/1=string:x", NULL, 0, false, "has no resource 1" },
	{ "/3/0/4=1", NULL, 0, false, "3/4 Reboot can be executed, not written" },
	{ "/3/0/13=now", "now", BS_TYPE_TIME, false, "" },
	{ "/3/1/13=now", NULL, 0, false, "Object 3 Device has a single instance; its number is 0" },
	{ "/3304/0/1=string:x", "x", BS_TYPE_STRING, false, "" },
	{ "/3304/0/1=x", NULL, 0, false, "import a model of the object (model import)" },
	{ "/9/0/0=string:x", NULL, 0, false, "model of object 9: input or output failed" },
	{ "/21/0/0=opaque:00", NULL, 0, false, "Object 21: OSCORE keys are secrets" },
};

static void
test_writes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		write_one(rows[i].text);
		if ((rows[i].says[0] == '\0') != (said[0] == '\0') || strstr(said, rows[i].says) == NULL)
			fail_msg("%s: %s", rows[i].text, said);
		assert_int_equal(settings.count, rows[i].value != NULL);
		assert_int_equal(report.errors, rows[i].value == NULL);
		if (rows[i].value != NULL) {
			assert_string_equal(settings.list[0].text, rows[i].value);
			assert_int_equal(settings.list[0].type, rows[i].type);
			assert_int_equal(settings.list[0].multiple, rows[i].multiple);
		}
		bs_settings_clear(&settings);
	}
}

/* A multiple resource without a fourth number takes the next one. */
static void
test_multiple(void **state)
{
	(void)state;
	write_one("/3303/0/6044=3:0");
	write_one("/3303/0/6044=3:1");
	assert_int_equal(settings.count, 2);
	assert_int_equal(settings.list[0].riid, 0);
	assert_int_equal(settings.list[1].riid, 1);
	bs_settings_clear(&settings);
}

/* That a range is not checked is said once a command. */
static void
test_said_once(void **state)
{
	(void)state;
	write_one("/3303/0/6043=0f");
	assert_non_null(strstr(said, "is not checked"));
	write_one("/3303/1/6043=0f");
	assert_string_equal(said, "");
	bs_settings_clear(&settings);
}

/* Before there is a store: path and object. */
static void
test_path_alone(void **state)
{
	static const struct {
		const char *text;
		unsigned long errors;
	} paths[] = { { "/3303/0/1=x", 0 }, { "/3303/0=x", 1 }, { "/0/0/0=x", 1 }, { "/23/0/0=opaque:00", 1 } };

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		FILE *to = fmemopen(said, sizeof(said), "w");

		assert_non_null(to);
		bs_report_init(&report, to, NULL);
		bs_settings_check_write(&report, paths[i].text);
		fclose(to);
		assert_int_equal(report.errors, paths[i].errors);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_writes),
		cmocka_unit_test(test_multiple),
		cmocka_unit_test(test_said_once),
		cmocka_unit_test(test_path_alone),
	};

	return cmocka_run_group_tests_name("ctl_model", tests, NULL, NULL);
}
