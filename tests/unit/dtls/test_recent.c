/* SPDX-License-Identifier: Apache-2.0 */
/* A memory that strangers can write to: what it holds is bounded, and the oldest goes first. */
#include "tests/lib/test.h"

#include <string.h>

#include "server/dtls/recent.h"

static void
key_of(unsigned n, uint8_t key[BS_RECENT_KEY_LEN])
{
	memset(key, 0, BS_RECENT_KEY_LEN);
	memcpy(key + 3, &n, sizeof(n));
}

static void
put(struct bs_recent *r, unsigned n, uint8_t note, uint64_t until_ms)
{
	uint8_t key[BS_RECENT_KEY_LEN], all[BS_RECENT_NOTE_LEN];

	key_of(n, key);
	memset(all, note, sizeof(all));
	bs_recent_put(r, key, all, until_ms);
}

/* The first octet of its note; -1: not there. */
static int
find(struct bs_recent *r, uint64_t now_ms, unsigned n)
{
	uint8_t key[BS_RECENT_KEY_LEN];
	const uint8_t *note;

	key_of(n, key);
	note = bs_recent_find(r, now_ms, key);
	return note != NULL ? note[BS_RECENT_NOTE_LEN - 1] : -1;
}

static void
it_remembers_until_the_time_is_over(void **state)
{
	struct bs_recent r = { .max = 10 };

	(void)state;
	assert_int_equal(find(&r, 0, 1), -1);
	put(&r, 1, 11, 1000);
	put(&r, 2, 22, 2000);
	assert_int_equal(find(&r, 999, 1), 11);
	assert_int_equal(find(&r, 1000, 1), -1);
	assert_int_equal(bs_recent_count(&r), 1);
	assert_int_equal(find(&r, 1000, 2), 22);
	put(&r, 2, 23, 3000);
	assert_int_equal(find(&r, 2999, 2), 23);
	assert_int_equal(bs_recent_count(&r), 1);
	bs_recent_clear(&r);
	assert_int_equal(bs_recent_count(&r), 0);
}

static void
a_note_may_be_left_out(void **state)
{
	const uint8_t key[BS_RECENT_KEY_LEN] = { 9 };
	struct bs_recent r = { .max = 10 };

	(void)state;
	bs_recent_put(&r, key, NULL, 1);
	assert_int_equal(bs_recent_find(&r, 0, key)[0], 0);
	bs_recent_clear(&r);
}

static void
when_it_is_full_the_oldest_goes_first(void **state)
{
	struct bs_recent r = { .max = 100 };

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		put(&r, i, 1, 5000);
	put(&r, 0, 2, 5000); /* once more: the newest now */
	for (unsigned i = 100; i < 150; i++)
		put(&r, i, 3, 5000);
	assert_int_equal(bs_recent_count(&r), 100);
	assert_int_equal(find(&r, 0, 0), 2);
	for (unsigned i = 1; i < 150; i++)
		assert_int_equal(find(&r, 0, i), i < 51 ? -1 : i < 100 ? 1 : 3);
	for (unsigned i = 0; i < 100000; i++) {
		put(&r, i, 4, 5000);
		assert_true(bs_recent_count(&r) <= 100);
	}
	bs_recent_clear(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_remembers_until_the_time_is_over),
		cmocka_unit_test(a_note_may_be_left_out),
		cmocka_unit_test(when_it_is_full_the_oldest_goes_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
