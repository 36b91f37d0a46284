/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/test.h"

#include "server/base/near.h"

static const struct {
	const char *a, *b;
	unsigned most, expected;
} rows[] = {
	{ "", "", 3, 0 },
	{ "abc", "abc", 3, 0 },
	{ "ABC", "abc", 3, 0 },
	{ "abc", "", 3, 3 },
	{ "kitten", "sitting", 5, 3 }, /* the textbook's */
	{ "kitten", "sitting", 2, 3 }, /* more than most: most + 1 */
	{ "psk_kye", "psk_key", 3, 1 }, /* neighbours swapped */
	{ "endpont", "endpoint", 3, 1 },
	{ "abcdef", "xyzuvw", 3, 4 },
};

static void
test_distance(void **state)
{
	char longer[400];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (bs_near_distance(rows[i].a, rows[i].b, rows[i].most) != rows[i].expected)
			fail_msg("%s, %s: %u", rows[i].a, rows[i].b,
				bs_near_distance(rows[i].a, rows[i].b, rows[i].most));
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(bs_near_distance(longer, longer, 5), 6);
}

static void
test_suggestion(void **state)
{
	struct bs_near near;
	char text[340];

	(void)state;
	bs_near_init(&near, "psk_key");
	bs_near_offer(&near, "psk_identity");
	bs_near_offer(&near, "psk_keys");
	bs_near_offer(&near, "psk_kexx");
	assert_string_equal(bs_near_text(&near, text, sizeof(text)), "; did you mean psk_keys?");
	bs_near_init(&near, "password");
	bs_near_offer(&near, "endpoint");
	assert_string_equal(bs_near_text(&near, text, sizeof(text)), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_distance),
		cmocka_unit_test(test_suggestion),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
