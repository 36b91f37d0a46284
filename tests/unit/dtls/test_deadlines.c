/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/test.h"

#include "server/base/clock.h"
#include "server/dtls/deadlines.h"

#define ITEMS 300

static uint64_t
naive_first(const struct bs_deadline *d)
{
	uint64_t first = BS_NEVER;

	for (size_t i = 0; i < ITEMS; i++)
		if (d[i].place != 0 && d[i].at_ms < first)
			first = d[i].at_ms;
	return first;
}

static uint64_t
first_of(const struct bs_deadlines *h)
{
	const struct bs_deadline *d = bs_deadlines_first(h);

	return d != NULL ? d->at_ms : BS_NEVER;
}

static void
the_first_is_always_the_earliest(void **state)
{
	struct bs_deadlines h = { 0 };
	struct bs_deadline d[ITEMS] = { 0 };
	uint64_t seed = 11;

	(void)state;
	for (int step = 0; step < 20000; step++) {
		uint32_t r[2];

		test_random(&seed, r, sizeof(r));
		if (r[0] % 4 == 0)
			bs_deadlines_remove(&h, &d[r[0] / 4 % ITEMS]);
		else
			assert_int_equal(bs_deadlines_set(&h, &d[r[0] / 4 % ITEMS], r[1] % 1000), BS_OK);
		assert_int_equal(first_of(&h), naive_first(d));
	}
	for (uint64_t before = 0; h.count > 0;) { /* they come out in order, each once */
		struct bs_deadline *first = bs_deadlines_first(&h);

		assert_true(first->at_ms >= before);
		before = first->at_ms;
		assert_int_equal(bs_deadlines_set(&h, first, BS_NEVER), BS_OK);
		assert_int_equal(first->place, 0);
	}
	assert_int_equal(naive_first(d), BS_NEVER);
	bs_deadlines_clear(&h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_is_always_the_earliest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
