/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>

#include "server/model/tolerance.h"

static const struct {
	const char *text;
	enum bs_err err;
	const char *said; /* a part of it */
} texts[] = {
	{ "discover=4.04", BS_OK, "" },
	{ "delete=4.05", BS_OK, "" },
	{ "delete/1=4.05", BS_OK, "" },
	{ "delete/1/0=4.05", BS_OK, "" },
	{ "write=2.01", BS_OK, "" },
	{ "write/0=2.01", BS_OK, "" },
	{ "write/65534/65534/65534=5.31", BS_OK, "" },
	{ "write/3=refused", BS_OK, "" },
	{ "write/3/0=refused", BS_OK, "" },
	{ "finish=4.04", BS_OK, "" },

	{ "", BS_EFORMAT, "begins with one of" },
	{ "=4.04", BS_EFORMAT, "begins with one of" },
	{ "read=4.04", BS_EFORMAT, "begins with one of" },
	{ "writes=4.04", BS_EFORMAT, "begins with one of" },
	{ "finish", BS_EFORMAT, "begins with one of" },
	{ "write/=4.04", BS_EFORMAT, "numbers from 0 to 65534" },
	{ "write/0/=4.04", BS_EFORMAT, "numbers from 0 to 65534" },
	{ "write/0", BS_EFORMAT, "numbers from 0 to 65534" },
	{ "write/0/1/2/3=4.04", BS_EFORMAT, "numbers from 0 to 65534" },
	{ "write/65535=4.04", BS_EFORMAT, "numbers from 0 to 65534" },
	{ "write/4294967296=4.04", BS_EFORMAT, "numbers from 0 to 65534" },
	{ "write/00=4.04", BS_EFORMAT, "numbers from 0 to 65534" },
	{ "write/-1=4.04", BS_EFORMAT, "numbers from 0 to 65534" },
	{ "write/0 =4.04", BS_EFORMAT, "numbers from 0 to 65534" },
	{ "write/0=", BS_EFORMAT, "the code is" },
	{ "write/0=404", BS_EFORMAT, "the code is" },
	{ "write/0=4.4", BS_EFORMAT, "the code is" },
	{ "write/0=4.040", BS_EFORMAT, "the code is" },
	{ "write/0=4.32", BS_EFORMAT, "the code is" },
	{ "write/0=3.01", BS_EFORMAT, "the code is" },
	{ "write/0=0.04", BS_EFORMAT, "the code is" },
	{ "write/0=refuse", BS_EFORMAT, "the code is" },
	{ "finish/0=4.04", BS_EFORMAT, "finish is one request" },
	{ "discover/0=4.04", BS_EFORMAT, "discover is one request" },
	{ "delete/3/0/1=4.04", BS_EFORMAT, "no deeper than an instance" },
	{ "write=refused", BS_EFORMAT, "can be optional" },
	{ "write/3/0/1=refused", BS_EFORMAT, "can be optional" },
	{ "delete/3=refused", BS_EFORMAT, "can be optional" },
	{ "finish=refused", BS_EFORMAT, "can be optional" },
	{ "finish=2.04", BS_ERANGE, "by rule" },
	{ "delete=2.02", BS_ERANGE, "by rule" },
	{ "discover=2.05", BS_ERANGE, "by rule" },
	{ "discover=2.04", BS_ERANGE, "with 2.05 alone" },
};

static void
one_is_read_and_written(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct bs_tolerance t;
		struct bs_diag diag = { 0 };
		char out[BS_TOLERANCE_TEXT];

		if (bs_tolerance_read(texts[i].text, &t, &diag) != texts[i].err ||
			strstr(diag.text, texts[i].said) == NULL)
			fail_msg("%s: %s", texts[i].text, diag.text);
		if (texts[i].err == BS_OK)
			assert_string_equal(bs_tolerance_format(&t, out), texts[i].text);
	}
}

/* Cut at every length, in a block of exactly that size. */
static void
every_prefix(void **state)
{
	static const char whole[] = "write/3/0/13=4.04";

	(void)state;
	for (size_t n = 0; n < sizeof(whole) - 1; n++) {
		struct bs_tolerance t;
		char *cut = calloc(1, n + 1);

		assert_non_null(cut);
		memcpy(cut, whole, n);
		assert_int_equal(bs_tolerance_read(cut, &t, NULL), BS_EFORMAT);
		free(cut);
	}
}

static void
all_are_read_and_written(void **state)
{
	static const char *const bad[] = { " ", "finish=4.04  delete=4.05", "finish=4.04 finish=4.04",
		"finish=4.04 nonsense", "write/65534/65534/65534=refused_and_more" };
	static const char good[] = "delete/1=4.05 write/3/0=refused finish=4.04";
	struct bs_tolerances all;
	char text[BS_TOLERANCES_TEXT], many[512] = "";

	(void)state;
	assert_int_equal(bs_tolerances_read("", &all), BS_OK);
	assert_int_equal(all.count, 0);
	assert_int_equal(bs_tolerances_read(good, &all), BS_OK);
	assert_int_equal(all.count, 3);
	assert_string_equal(bs_tolerances_format(&all, text), good);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		all.count = 9;
		assert_int_not_equal(bs_tolerances_read(bad[i], &all), BS_OK);
		assert_int_equal(all.count, 0);
	}
	for (unsigned i = 0; i < BS_TOLERANCES_MAX; i++)
		snprintf(many + strlen(many), sizeof(many) - strlen(many), "%swrite/655%02u/65534=refused",
			i > 0 ? " " : "", i);
	assert_int_equal(bs_tolerances_read(many, &all), BS_OK);
	assert_string_equal(bs_tolerances_format(&all, text), many);
	strcat(many, " finish=4.04");
	assert_int_equal(bs_tolerances_read(many, &all), BS_ELIMIT);
	assert_int_equal(all.count, 0);
}

static void
a_path_covers_what_lies_below(void **state)
{
	static const struct {
		const char *list;
		struct bs_path target;
		bool have;
	} rows[] = {
		{ "write=4.04", { BS_LEVEL_OBJECT, 0, 0, 0 }, true },
		{ "write/0=4.04", { BS_LEVEL_OBJECT, 0, 0, 0 }, true },
		{ "write/0=4.04", { BS_LEVEL_INSTANCE, 0, 7, 0 }, true },
		{ "write/0=4.04", { BS_LEVEL_RESOURCE, 0, 7, 3 }, true },
		{ "write/0/7=4.04", { BS_LEVEL_RESOURCE, 0, 7, 3 }, true },
		{ "write/0/7/3=4.04", { BS_LEVEL_RESOURCE, 0, 7, 3 }, true },
		{ "write/0/7=4.04", { BS_LEVEL_OBJECT, 0, 7, 3 }, false },
		{ "write/0/7/3=4.04", { BS_LEVEL_INSTANCE, 0, 7, 3 }, false },
		{ "write/0/7/3=4.04", { BS_LEVEL_RESOURCE, 0, 7, 4 }, false },
		{ "write/0/6=4.04", { BS_LEVEL_INSTANCE, 0, 7, 0 }, false },
		{ "write/1=4.04", { BS_LEVEL_OBJECT, 0, 0, 0 }, false },
		{ "write/0=4.05", { BS_LEVEL_OBJECT, 0, 0, 0 }, false },
		{ "delete/0=4.04", { BS_LEVEL_OBJECT, 0, 0, 0 }, false },
		{ "write/0=refused", { BS_LEVEL_OBJECT, 0, 0, 0 }, false },
		{ "", { BS_LEVEL_OBJECT, 0, 0, 0 }, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bs_tolerances all;

		assert_int_equal(bs_tolerances_read(rows[i].list, &all), BS_OK);
		if (bs_tolerances_have(&all, BS_STEP_WRITE, &rows[i].target, 4 << 5 | 4) != rows[i].have)
			fail_msg("row %zu: %s", i, rows[i].list);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_is_read_and_written),
		cmocka_unit_test(every_prefix),
		cmocka_unit_test(all_are_read_and_written),
		cmocka_unit_test(a_path_covers_what_lies_below),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
