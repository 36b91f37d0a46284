/* SPDX-License-Identifier: Apache-2.0 */
/* Is the store what follows from what was seen? */
#include "tests/lib/test.h"

#include <string.h>

#include "db/generation.h"

/* A store that has seen `number` generations of the line `line`, the first `common` of them in line 1. */
static struct bs_generation
store(uint64_t id, uint64_t number, uint64_t line, uint64_t common, uint64_t accepted)
{
	struct bs_generation g = { .store = id, .number = number, .accepted = accepted };

	for (uint64_t n = 1; n <= number; n++)
		g.marks[n % BS_MARKS] = (n <= common ? 1000 : 1000 * line) + n;
	return g;
}

static const struct row {
	const char *name;
	uint64_t seen, id, number, line, common, accepted;
	bool older;
	enum bs_age age;
} rows[] = {
	{ "nothing was seen yet", 0, 1, 5, 1, 5, 0, false, BS_AGE_CURRENT },
	{ "the same", 5, 1, 5, 1, 5, 0, false, BS_AGE_CURRENT },
	{ "a later one", 5, 1, 9, 1, 9, 0, false, BS_AGE_CURRENT },
	{ "an earlier one", 5, 1, 4, 1, 4, 0, false, BS_AGE_OLDER },
	{ "an earlier one that was changed as often", 5, 1, 5, 2, 4, 0, false, BS_AGE_OLDER },
	{ "an earlier one that was changed more often", 5, 1, 9, 2, 4, 0, false, BS_AGE_OLDER },
	{ "the last that its marks tell of", 5, 1, 5 + BS_MARKS - 1, 2, 4, 0, false, BS_AGE_OLDER },
	{ "so much later that no mark tells", 5, 1, 5 + BS_MARKS, 1, 5 + BS_MARKS, 0, false, BS_AGE_CURRENT },
	{ "the same after an earlier one was there", 5, 1, 5, 1, 5, 0, true, BS_AGE_CURRENT },
	{ "a later one after an earlier one was there", 5, 1, 9, 1, 9, 0, true, BS_AGE_CURRENT },
	{ "an earlier one that was changed until no mark tells", 5, 1, 5 + BS_MARKS, 2, 4, 0, true, BS_AGE_OLDER },
	{ "another store", 5, 2, 9, 1, 9, 0, false, BS_AGE_OTHER },
	{ "an earlier one that is meant", 5, 1, 6, 2, 4, 5, false, BS_AGE_CURRENT },
	{ "another store that is meant", 5, 2, 6, 2, 0, 5, true, BS_AGE_CURRENT },
	{ "one that was meant for an earlier one", 8, 1, 6, 2, 4, 5, false, BS_AGE_OLDER },
};

static void
each_store_is_judged(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];
		struct bs_seen seen = { .store = 1, .number = r->seen, .mark = 1000 + r->seen, .older = r->older };
		struct bs_generation now = store(r->id, r->number, r->line, r->common, r->accepted);
		enum bs_age age = bs_age_judge(&seen, &now);

		if (age != r->age)
			fail_msg("%s: %d", r->name, (int)age);
	}
}

static void
what_was_seen_moves_on_with_current_stores_alone(void **state)
{
	struct bs_seen seen = { 0 };
	struct bs_generation first = store(1, 7, 1, 7, 0), old = store(1, 3, 1, 3, 0), meant = store(1, 8, 2, 3, 7);

	(void)state;
	assert_int_equal(bs_age_note(&seen, &first), BS_AGE_CURRENT);
	assert_int_equal(seen.number, 7);
	assert_int_equal(seen.mark, 1007);
	assert_int_equal(bs_age_note(&seen, &old), BS_AGE_OLDER);
	assert_int_equal(seen.number, 7);
	assert_true(seen.older);
	assert_int_equal(bs_age_note(&seen, &first), BS_AGE_CURRENT);
	assert_false(seen.older);
	assert_int_equal(bs_age_note(&seen, &old), BS_AGE_OLDER);
	assert_int_equal(bs_age_note(&seen, &meant), BS_AGE_CURRENT);
	assert_int_equal(seen.number, 8);
	assert_false(seen.older);
	assert_int_equal(bs_age_note(&seen, &first), BS_AGE_OLDER);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_store_is_judged),
		cmocka_unit_test(what_was_seen_moves_on_with_current_stores_alone),
	};

	return cmocka_run_group_tests_name("generation", tests, NULL, NULL);
}
