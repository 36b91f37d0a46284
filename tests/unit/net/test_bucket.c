/* SPDX-License-Identifier: Apache-2.0 */
/* Buckets, and who may make a line or a row: all in fake time. */
#include "tests/lib/test.h"

#include <stdio.h>

#include "server/base/hash.h"
#include "server/net/peak.h"
#include "server/net/ration.h"

static const struct bs_bucket_rate three = { .burst = 3, .per_minute = 6 }; /* one each 10 s */

/* ---- one bucket --------------------------------------------------------------------------------------------------- */

static void
bucket_holds_its_burst_and_fills_up_with_time(void **state)
{
	static const struct row {
		uint64_t at_ms;
		unsigned taken; /* of five that are asked for */
	} rows[] = {
		{ 1000, 3 },
		{ 1000, 0 },
		{ 10999, 0 },
		{ 11000, 1 },
		{ 20999, 0 },
		{ 21001, 1 }, /* what is beyond a whole one is not lost ... */
		{ 31000, 1 },
		{ 61000, 3 }, /* full, and no more */
		{ 60000, 0 }, /* a step back is no time */
		{ 70999, 0 },
		{ 71000, 1 },
		{ UINT64_MAX - 1, 3 },
		{ UINT64_MAX, 0 },
	};
	struct bs_bucket b;

	(void)state;
	bs_bucket_fill(&b, &three, 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned taken = 0;

		for (int n = 0; n < 5; n++)
			taken += bs_bucket_take(&b, &three, rows[i].at_ms, NULL);
		if (taken != rows[i].taken)
			fail_msg("at %llu: %u", (unsigned long long)rows[i].at_ms, taken);
	}
}

static void
bucket_says_what_was_left_out(void **state)
{
	uint64_t left_out = 99;
	struct bs_bucket b;

	(void)state;
	bs_bucket_fill(&b, &three, 0);
	assert_int_equal(bs_bucket_used(&b, &three), 0);
	assert_true(bs_bucket_take(&b, &three, 0, &left_out));
	assert_int_equal(left_out, 0);
	assert_int_equal(bs_bucket_used(&b, &three), 1);
	bs_bucket_take(&b, &three, 0, NULL);
	bs_bucket_take(&b, &three, 0, NULL);
	assert_false(bs_bucket_has(&b, &three, 0));
	for (int n = 0; n < 7; n++)
		assert_false(bs_bucket_take(&b, &three, 0, &left_out));
	assert_true(bs_bucket_has(&b, &three, 10000));
	assert_true(bs_bucket_take(&b, &three, 10000, &left_out));
	assert_int_equal(left_out, 7);
	bs_bucket_take(&b, &three, 20000, &left_out);
	assert_int_equal(left_out, 0);
}

static void
bucket_of_any_size_counts_right(void **state)
{
	static const struct bs_bucket_rate rates[] = { { 1, 1 }, { 1, UINT32_MAX }, { UINT32_MAX, 1 },
		{ UINT32_MAX, UINT32_MAX } };

	(void)state;
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		struct bs_bucket b;

		bs_bucket_fill(&b, &rates[i], 0);
		assert_true(bs_bucket_take(&b, &rates[i], 0, NULL));
		assert_int_equal(bs_bucket_used(&b, &rates[i]), 1);
		assert_true(bs_bucket_has(&b, &rates[i], 60000));
		assert_true(bs_bucket_has(&b, &rates[i], UINT64_MAX));
		assert_int_equal(bs_bucket_used(&b, &rates[i]), 0);
	}
}

/* ---- a table ------------------------------------------------------------------------------------------------------ */

static bool
take(struct bs_buckets *t, uint64_t now_ms, const char *key)
{
	return bs_buckets_take(t, now_ms, key, strlen(key), NULL, NULL);
}

static void
table_keeps_its_keys_apart(void **state)
{
	struct bs_buckets *t;
	unsigned used;

	(void)state;
	assert_int_equal(bs_buckets_new(10, &three, &t), BS_OK);
	for (int n = 0; n < 100; n++)
		assert_int_equal(take(t, 0, "noisy"), n < 3);
	for (int n = 0; n < 3; n++)
		assert_true(take(t, 0, "other"));
	assert_false(take(t, 0, "other"));
	assert_false(bs_buckets_take(t, 0, "noisy", 5, NULL, &used));
	assert_int_equal(used, 3);
	assert_false(bs_buckets_take(t, 0, "a key that is longer than thirty-two octets", 43, NULL, NULL));
	assert_int_equal(bs_buckets_count(t), 2);
	bs_buckets_free(t);
}

static void
table_is_bounded_and_forgets_who_was_quiet_for_longest(void **state)
{
	struct bs_buckets *t;
	char key[16];

	(void)state;
	assert_int_equal(bs_buckets_new(10, &three, &t), BS_OK);
	for (int n = 0; n < 4; n++)
		take(t, 0, "noisy");
	for (int n = 0; n < 1000; n++) {
		snprintf(key, sizeof(key), "%d", n);
		assert_true(take(t, 0, key));
		assert_false(take(t, 0, "noisy")); /* never the quiet one: others do not help it to a new bucket */
		assert_true(bs_buckets_count(t) <= 10);
	}
	bs_buckets_free(t);
}

static void
table_without_memory_refuses(void **state)
{
	(void)state;
	for (int good = 0; good < 4; good++) {
		struct bs_buckets *t;
		size_t taken = 0;
		char key[16];

		assert_int_equal(bs_buckets_new(1000, &three, &t), BS_OK);
		bs_hash_good_allocations = good;
		for (int n = 0; n < 500; n++) {
			snprintf(key, sizeof(key), "%d", n);
			taken += take(t, 0, key);
		}
		bs_hash_good_allocations = -1;
		assert_true(taken < 500);
		assert_int_equal(bs_buckets_count(t), taken);
		assert_true(take(t, 0, "later"));
		bs_buckets_free(t);
	}
}

/* ---- rations ------------------------------------------------------------------------------------------------------ */

static struct bs_ration *
new_ration(unsigned device, unsigned prefix, unsigned strangers)
{
	const struct bs_ration_limits limits = { device, prefix, strangers };
	struct bs_ration *r;

	assert_int_equal(bs_ration_new(&limits, &r), BS_OK);
	return r;
}

/* How many of count are allowed. device 0: a stranger. */
static unsigned
ask(struct bs_ration *r, uint64_t now_ms, int64_t device, const char *from, enum bs_ration_what what, unsigned count)
{
	struct bs_ration_who who = { .device_id = device };
	unsigned allowed = 0;
	struct bs_addr addr;

	assert_int_equal(bs_addr_parse(from, &addr), BS_OK);
	who.from = &addr;
	for (unsigned i = 0; i < count; i++)
		allowed += bs_ration_allows(r, now_ms, &who, what, NULL);
	return allowed;
}

#define LINES(device, from, count) ask(r, 0, device, from, BS_RATION_LINE, count)

static void
noisy_device_silences_nobody(void **state)
{
	struct bs_ration *r = new_ration(5, 40, 40);

	(void)state;
	assert_int_equal(LINES(1, "192.0.2.1:1", 26000), 5);
	assert_int_equal(LINES(2, "192.0.2.1:1", 6), 5); /* another device, even at the same address */
	assert_int_equal(ask(r, 0, 1, "192.0.2.1:1", BS_RATION_ROW, 26000), 5); /* rows are counted apart */
	assert_int_equal(LINES(1, "198.51.100.1:1", 1), 0); /* the device, wherever it is */
	assert_int_equal(LINES(0, "192.0.2.1:1", 100), 10); /* and strangers of its network */
	assert_int_equal(ask(r, 12000, 1, "192.0.2.1:1", BS_RATION_LINE, 100), 1);
	bs_ration_free(r);
}

static void
noisy_network_silences_no_other(void **state)
{
	struct bs_ration *r = new_ration(5, 40, 40);

	(void)state;
	assert_int_equal(
		LINES(0, "192.0.2.1:1", 26000), 10); /* a quarter of its minute, and of what is there for all */
	assert_int_equal(LINES(0, "192.0.2.200:9", 1), 0); /* the same /24 */
	assert_int_equal(LINES(0, "198.51.100.1:1", 100), 10);
	assert_int_equal(LINES(0, "[2001:db8:0:1::1]:1", 100), 10);
	assert_int_equal(LINES(0, "[2001:db8:0:ff::1]:1", 100), 0); /* the same /56 */
	assert_int_equal(LINES(0, "[2001:db8:0:100::1]:1", 100), 10);
	assert_int_equal(LINES(0, "203.0.113.1:1", 100), 0); /* all strangers together */
	assert_int_equal(LINES(1, "192.0.2.1:1", 100), 5); /* a device that proved itself stands beside them */
	bs_ration_free(r);
}

static void
few_lines_for_all_leave_something_for_each(void **state)
{
	struct bs_ration *r = new_ration(5, 1000, 2);

	(void)state;
	assert_int_equal(LINES(0, "192.0.2.1:1", 100), 1);
	assert_int_equal(LINES(0, "198.51.100.1:1", 100), 1);
	assert_int_equal(LINES(0, "203.0.113.1:1", 100), 0);
	assert_int_equal(ask(r, 1000, 0, "203.0.113.1:1", BS_RATION_LINE, 100), 1);
	bs_ration_free(r);
}

static void
watched_device_has_lines_of_their_own(void **state)
{
	struct bs_ration *r = new_ration(5, 40, 40);

	(void)state;
	assert_int_equal(ask(r, 0, 1, "192.0.2.1:1", BS_RATION_WATCHED, 26000), BS_RATION_TRACE);
	assert_int_equal(LINES(1, "192.0.2.1:1", 100), 5);
	bs_ration_free(r);
}

static void
what_was_left_out_is_counted_by_its_reason(void **state)
{
	struct bs_ration *r = new_ration(5, 40, 40);
	struct bs_ration_counters c;
	struct bs_addr from;
	struct bs_ration_who who = { 1, &from };
	uint64_t left_out;

	(void)state;
	assert_int_equal(bs_addr_parse("192.0.2.1:1", &from), BS_OK);
	assert_false(bs_ration_due(r, 0, &c));
	LINES(1, "192.0.2.1:1", 105);
	ask(r, 0, 1, "192.0.2.1:1", BS_RATION_ROW, 25);
	LINES(0, "192.0.2.1:1", 40);
	for (unsigned i = 1; i < 5; i++) {
		char text[BS_ADDR_TEXT];

		snprintf(text, sizeof(text), "198.51.%u.1:1", i);
		LINES(0, text, 10);
	}
	bs_ration_get(r, 0, &c);
	assert_int_equal(c.left_out[BS_RATION_DEVICE][BS_RATION_LINE], 100);
	assert_int_equal(c.left_out[BS_RATION_DEVICE][BS_RATION_ROW], 20);
	assert_int_equal(c.left_out[BS_RATION_PREFIX][BS_RATION_LINE], 30);
	assert_int_equal(c.left_out[BS_RATION_STRANGERS][BS_RATION_LINE], 10);
	assert_int_equal(c.device_most, 5);
	assert_int_equal(c.prefix_most, 40); /* all of its quarter */
	assert_int_equal(c.strangers_most, 40);
	assert_true(bs_ration_due(r, 1000, &c));
	assert_int_equal(c.left_out[BS_RATION_DEVICE][BS_RATION_LINE], 100);
	LINES(1, "192.0.2.1:1", 3);
	assert_false(bs_ration_due(r, 10999, &c)); /* not more often than that */
	assert_true(bs_ration_due(r, 11000, &c));
	assert_int_equal(c.left_out[BS_RATION_DEVICE][BS_RATION_LINE], 3); /* since the last time */
	assert_false(bs_ration_due(r, 99000, &c));
	assert_true(bs_ration_allows(r, 12000, &who, BS_RATION_LINE, &left_out));
	assert_int_equal(left_out, 103);
	bs_ration_free(r);
}

/* ---- peaks -------------------------------------------------------------------------------------------------------- */

static void
peak_is_that_of_two_minutes(void **state)
{
	struct bs_peak p = { 0 };

	(void)state;
	assert_int_equal(bs_peak_get(&p, 0), 0);
	bs_peak_note(&p, 0, 7);
	bs_peak_note(&p, 59999, 5);
	bs_peak_note(&p, 60000, 3);
	assert_int_equal(bs_peak_get(&p, 119999), 7);
	bs_peak_note(&p, 59000, 4); /* a clock read a moment earlier */
	assert_int_equal(bs_peak_get(&p, 120000), 4);
	assert_int_equal(bs_peak_get(&p, 240000), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bucket_holds_its_burst_and_fills_up_with_time),
		cmocka_unit_test(bucket_says_what_was_left_out),
		cmocka_unit_test(bucket_of_any_size_counts_right),
		cmocka_unit_test(table_keeps_its_keys_apart),
		cmocka_unit_test(table_is_bounded_and_forgets_who_was_quiet_for_longest),
		cmocka_unit_test(table_without_memory_refuses),
		cmocka_unit_test(noisy_device_silences_nobody),
		cmocka_unit_test(noisy_network_silences_no_other),
		cmocka_unit_test(few_lines_for_all_leave_something_for_each),
		cmocka_unit_test(watched_device_has_lines_of_their_own),
		cmocka_unit_test(what_was_left_out_is_counted_by_its_reason),
		cmocka_unit_test(peak_is_that_of_two_minutes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
