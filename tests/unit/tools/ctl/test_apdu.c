/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/test.h"

#include "tools/ctl/apdu.h"

static const uint8_t octets[] = { 1, 2, 3, 4, 5 };

static void
a_file_is_selected_and_written_block_by_block(void **state)
{
	struct bs_apdu_target t;
	char text[512];
	struct bs_tw w = bs_tw_init(text, sizeof(text));

	(void)state;
	bs_apdu_target_init(&t);
	t.block = 2;
	assert_int_equal(bs_apdu_write(&w, &t, octets, sizeof(octets)), BS_OK);
	assert_string_equal(text, "00A4040C0CA000000063504B43532D3135\n"
				  "00A4080C047FFF6432\n"
				  "00D60000020102\n"
				  "00D60002020304\n"
				  "00D600040105\n");
}

static void
a_file_below_the_master_file_needs_no_application(void **state)
{
	struct bs_apdu_target t;
	char text[512];
	struct bs_tw w = bs_tw_init(text, sizeof(text));

	(void)state;
	bs_apdu_target_init(&t);
	assert_int_equal(bs_apdu_read_aid(&t, ""), BS_OK);
	assert_int_equal(bs_apdu_read_path(&t, "7f506f01"), BS_OK);
	assert_int_equal(bs_apdu_write(&w, &t, octets, sizeof(octets)), BS_OK);
	assert_string_equal(text, "00A4080C047F506F01\n00D60000050102030405\n");
}

static void
an_offset_that_no_command_can_say_is_refused(void **state)
{
	static uint8_t zeros[32768];
	static char text[80000];
	struct bs_apdu_target t;
	struct bs_tw w = bs_tw_init(text, sizeof(text));

	(void)state;
	bs_apdu_target_init(&t);
	assert_int_equal(bs_apdu_write(&w, &t, zeros, 32767), BS_OK);
	assert_true(w.len < BS_APDU_TEXT_MAX(32767, 200));
	w = bs_tw_init(text, sizeof(text));
	assert_int_equal(bs_apdu_write(&w, &t, zeros, 32768), BS_ERANGE);
	w = bs_tw_init(text, 20);
	assert_int_equal(bs_apdu_write(&w, &t, octets, sizeof(octets)), BS_ESPACE);
}

static void
what_is_no_aid_or_path_is_refused(void **state)
{
	static const char *const paths[] = { "", "64", "643", "6432643264326432ff", "no" };
	static const char *const aids[] = { "a0", "a0000000", "a0000000635041534b2d31350000000000", "pkcs" };
	struct bs_apdu_target t;

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		assert_int_equal(bs_apdu_read_path(&t, paths[i]), BS_EFORMAT);
	for (size_t i = 0; i < sizeof(aids) / sizeof(aids[0]); i++)
		assert_int_equal(bs_apdu_read_aid(&t, aids[i]), BS_EFORMAT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_selected_and_written_block_by_block),
		cmocka_unit_test(a_file_below_the_master_file_needs_no_application),
		cmocka_unit_test(an_offset_that_no_command_can_say_is_refused),
		cmocka_unit_test(what_is_no_aid_or_path_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
