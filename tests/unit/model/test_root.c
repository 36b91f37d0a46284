/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/test.h"

#include <stdlib.h>

#include "server/model/root.h"

#define X50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static const struct {
	const char *path;
	enum bs_err err;
	const char *segments; /* '|' behind each */
} rows[] = {
	{ "/t7", BS_OK, "t7|" },
	{ "/t7/a", BS_OK, "t7|a|" },
	{ "/t7/", BS_OK, "t7||" },
	{ "//a", BS_OK, "|a|" },
	{ "/a%20b%2fc", BS_OK, "a b/c|" },
	{ "/%C3%A4", BS_OK, "\xc3\xa4|" },
	{ "/a-._~!$&'()*+,;=:@Z0", BS_OK, "a-._~!$&'()*+,;=:@Z0|" },
	{ "/1/2/3/4/5/6/7", BS_OK, "1|2|3|4|5|6|7|" },
	{ "/" X50 X50 X50 X50 X50 "xxxxx", BS_OK, X50 X50 X50 X50 X50 "xxxxx|" },

	{ "", BS_EFORMAT, "" },
	{ "/", BS_EFORMAT, "" },
	{ "t7", BS_EFORMAT, "" },
	{ "coaps://h/t7", BS_EFORMAT, "" },
	{ "/t7?x=1", BS_EFORMAT, "" },
	{ "/t7#x", BS_EFORMAT, "" },
	{ "/t 7", BS_EFORMAT, "" },
	{ "/\xc3\xa4", BS_EFORMAT, "" },
	{ "/%", BS_EFORMAT, "" },
	{ "/%4", BS_EFORMAT, "" },
	{ "/%4g", BS_EFORMAT, "" },
	{ "/1/2/3/4/5/6/7/8", BS_ERANGE, "" },
	{ "/" X50 X50 X50 X50 X50 "/xxxxxx", BS_ERANGE, "" },
};

static void
paths_are_split(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bs_roots roots = { 0 };
		struct bs_diag diag = { 0 };
		char text[300] = "";
		size_t at = 0;

		if (bs_roots_add(&roots, rows[i].path, &diag) != rows[i].err)
			fail_msg("%s: %s", rows[i].path, diag.text);
		assert_int_equal(roots.count, rows[i].err == BS_OK);
		assert_int_equal(diag.text[0] != '\0', rows[i].err != BS_OK);
		for (size_t k = 0; k < roots.list[0].count && roots.count > 0; k++) {
			size_t len;
			const uint8_t *octets = bs_root_segment(&roots.list[0], k, &len);

			memcpy(text + at, octets, len);
			at += len;
			text[at++] = '|';
		}
		assert_string_equal(text, rows[i].segments);
	}
}

static void
every_prefix(void **state)
{
	static const char whole[] = "/a%20b/%c3%a4/c";

	(void)state;
	for (size_t n = 0; n < sizeof(whole); n++) {
		struct bs_roots roots = { 0 };
		char *cut = calloc(1, n + 1);

		assert_non_null(cut);
		memcpy(cut, whole, n);
		(void)!bs_roots_add(&roots, cut, NULL);
		assert_true(roots.count == 0 || roots.list[0].count <= 3);
		free(cut);
	}
}

static void
there_are_eight_at_most(void **state)
{
	struct bs_roots roots = { 0 };

	(void)state;
	for (size_t i = 0; i < BS_ROOTS_MAX; i++)
		assert_int_equal(bs_roots_add(&roots, "/a", NULL), BS_OK);
	assert_int_equal(bs_roots_add(&roots, "/a", NULL), BS_ELIMIT);
	assert_int_equal(roots.count, BS_ROOTS_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_are_split),
		cmocka_unit_test(every_prefix),
		cmocka_unit_test(there_are_eight_at_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
