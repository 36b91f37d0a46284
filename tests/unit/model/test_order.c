/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/test.h"

#include "server/model/order.h"

static void
lists_are_read(void **state)
{
	static const struct {
		const char *text;
		enum bs_err err;
		size_t count;
	} rows[] = {
		{ "", BS_OK, 0 },
		{ "1,0", BS_OK, 2 },
		{ "65534", BS_OK, 1 },
		{ "1,2,3,4,5,6,7,8", BS_OK, 8 },
		{ "1,2,3,4,5,6,7,8,9", BS_ELIMIT, 0 },
		{ "65535", BS_ERANGE, 0 },
		{ "99999", BS_ERANGE, 0 },
		{ "000001", BS_EFORMAT, 0 },
		{ "1,0,1", BS_EEXIST, 0 },
		{ ",", BS_EFORMAT, 0 },
		{ "1,", BS_EFORMAT, 0 },
		{ "1,,0", BS_EFORMAT, 0 },
		{ "1 0", BS_EFORMAT, 0 },
		{ "-1", BS_EFORMAT, 0 },
		{ "/1", BS_EFORMAT, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bs_order o = { .count = 99 };
		char text[BS_ORDER_TEXT];

		if (bs_order_read(rows[i].text, &o) != rows[i].err || o.count != rows[i].count)
			fail_msg("\"%s\": %zu objects", rows[i].text, o.count);
		if (rows[i].err == BS_OK)
			assert_string_equal(bs_order_format(&o, text), rows[i].text);
	}
}

static void
ranks_follow_the_list(void **state)
{
	struct bs_order o;

	(void)state;
	assert_int_equal(bs_order_read("1,0", &o), BS_OK);
	assert_int_equal(bs_order_rank(&o, 1), 0);
	assert_int_equal(bs_order_rank(&o, 0), 1);
	assert_int_equal(bs_order_rank(&o, 2), 2);
	assert_int_equal(bs_order_rank(&o, 3303), 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_are_read),
		cmocka_unit_test(ranks_follow_the_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
