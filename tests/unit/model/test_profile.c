/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/test.h"

#include "server/content/format.h"
#include "server/model/profile.h"

static void
defaults_are_in_their_ranges(void **state)
{
	struct bs_profile p;

	(void)state;
	bs_profile_init(&p);
	for (size_t i = 0; i < bs_profile_field_count; i++)
		assert_int_equal(bs_field_check(&bs_profile_fields[i], &p, NULL), BS_OK);
}

/* What is shown is taken, and gives the same again. */
static void
what_is_shown_is_read(void **state)
{
	struct bs_profile p, q;
	char text[BS_FIELD_TEXT], again[BS_FIELD_TEXT];

	(void)state;
	bs_profile_init(&p);
	assert_int_equal(bs_tolerances_read("delete/1=4.05 write/3=refused finish=4.04", &p.tolerances), BS_OK);
	assert_int_equal(bs_order_read("1,0", &p.write_order), BS_OK);
	strcpy(p.retry_as, "other");
	for (size_t i = 0; i < bs_profile_field_count; i++) {
		const struct bs_field *f = &bs_profile_fields[i];

		bs_profile_init(&q);
		for (size_t k = 0; f->type != BS_FIELD_FLAG && bs_field_text(f, &p, k, text); k++) {
			assert_int_equal(bs_field_read(f, &q, text, NULL), BS_OK);
			assert_true(bs_field_text(f, &q, k, again));
			assert_string_equal(again, text);
		}
		bs_field_reset(f, &q);
		assert_false(bs_field_is_text(f) && bs_field_text(f, &q, 0, text));
	}
}

/* Every word of every option, and each end of each range, and nothing beyond. */
static void
words_and_limits(void **state)
{
	struct bs_profile p;

	(void)state;
	bs_profile_init(&p);
	for (size_t i = 0; i < bs_profile_field_count; i++) {
		const struct bs_field *f = &bs_profile_fields[i];

		for (const struct bs_word *w = f->words; w != NULL && w->word != NULL && f->type != BS_FIELD_FLAG;
			w++) {
			assert_int_equal(bs_field_read(f, &p, w->word, NULL), BS_OK);
			assert_int_equal(bs_field_get(f, &p), w->value);
		}
		if (bs_field_is_text(f) || f->words != NULL)
			continue;
		for (int64_t v = f->min; v <= f->max; v += f->max - f->min) {
			bs_field_set(f, &p, v);
			assert_int_equal(bs_field_get(f, &p), v);
			assert_int_equal(bs_field_check(f, &p, NULL), BS_OK);
		}
		bs_field_set(f, &p, f->max + 1);
		assert_int_equal(bs_field_check(f, &p, NULL), BS_ERANGE);
		bs_field_reset(f, &p);
		assert_int_equal(bs_field_get(f, &p), f->fallback);
	}
}

/* The words of --format are those of the codecs. */
static void
formats_have_their_names(void **state)
{
	const struct bs_field *f = bs_field_find("format");

	(void)state;
	for (const struct bs_word *w = f->words; w->word != NULL; w++) {
		if (w->value == 0)
			continue;
		assert_non_null(bs_format_find_name(w->word));
		assert_int_equal(bs_format_find_name(w->word)->number, w->value);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_in_their_ranges),
		cmocka_unit_test(what_is_shown_is_read),
		cmocka_unit_test(words_and_limits),
		cmocka_unit_test(formats_have_their_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
