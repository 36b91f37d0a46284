/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/test.h"

#include <stdio.h>

#include "server/base/hash.h"
#include "server/net/device_table.h"

static struct bs_addr
addr(const char *text)
{
	struct bs_addr a;

	assert_int_equal(bs_addr_parse(text, &a), BS_OK);
	return a;
}

static struct bs_device_table *
new_table(size_t devices, unsigned attempts)
{
	const struct bs_device_limits limits = { devices, attempts, .handshakes_per_minute = 3, .sessions = 2 };
	struct bs_device_table *t;

	assert_int_equal(bs_device_table_new(&limits, &t), BS_OK);
	return t;
}

static struct bs_device_claim
claim_in(struct bs_device_table *t, uint64_t now_ms, int64_t device, unsigned worker, uint64_t session, uint64_t run,
	const char *from)
{
	const struct bs_device_session here = { worker, session };
	struct bs_addr a = addr(from);
	struct bs_device_claim c;

	assert_int_equal(bs_device_table_claim(t, now_ms, device, &here, run, &a, &c), BS_OK);
	return c;
}

static struct bs_device_claim
claim(struct bs_device_table *t, uint64_t now_ms, int64_t device, unsigned worker, uint64_t run, const char *from)
{
	return claim_in(t, now_ms, device, worker, run + 1000, run, from);
}

static enum bs_err
enter(struct bs_device_table *t, uint64_t now_ms, int64_t device, uint64_t session, const char *from,
	struct bs_device_session *leaver)
{
	const struct bs_device_session here = { (unsigned)session % 7, session };
	struct bs_addr a = addr(from);

	return bs_device_table_enter(t, now_ms, device, &here, &a, false, leaver);
}

/* The number of the session that must go, 0: none. */
static uint64_t
leaver_of(struct bs_device_table *t, uint64_t now_ms, int64_t device, uint64_t session, const char *from)
{
	struct bs_device_session leaver;

	assert_int_equal(enter(t, now_ms, device, session, from, &leaver), BS_OK);
	if (leaver.number != 0)
		assert_int_equal(leaver.worker, leaver.number % 7);
	return leaver.number;
}

static struct bs_device_busiest
busiest(struct bs_device_table *t, uint64_t now_ms)
{
	struct bs_device_busiest b;

	bs_device_table_busiest(t, now_ms, &b);
	return b;
}

static void
test_supersede(void **state)
{
	struct bs_device_table *t;
	struct bs_device_claim c;

	(void)state;
	t = new_table(10, 100);
	c = claim(t, 0, 1, 0, 100, "192.0.2.1:1000");
	assert_false(c.superseded);
	c = claim(t, 1, 1, 1, 101, "192.0.2.1:2000"); /* it rebooted: another port, another worker */
	assert_true(c.superseded);
	assert_int_equal(c.worker, 0);
	assert_int_equal(c.run, 100);
	assert_false(c.other_address);
	bs_device_table_release(t, 1, 100); /* the old run ends late: the new one keeps its claim */
	c = claim(t, 2, 1, 0, 102, "198.51.100.1:1");
	assert_true(c.superseded);
	assert_int_equal(c.run, 101);
	assert_true(c.other_address);
	bs_device_table_release(t, 1, 102);
	assert_false(claim(t, 3, 1, 0, 103, "192.0.2.1:1").superseded);
	bs_device_table_free(t);
}

static void
test_busiest(void **state)
{
	struct bs_device_table *t;

	(void)state;
	t = new_table(10, 2);
	assert_int_equal(busiest(t, 0).attempts, 0);
	claim(t, 0, 1, 0, 1, "192.0.2.1:1");
	claim(t, 0, 2, 0, 2, "192.0.2.1:1");
	assert_int_equal(busiest(t, 0).attempts, 1);
	for (uint64_t run = 3; run < 6; run++)
		claim(t, 1000, 2, 0, run, "192.0.2.1:1");
	assert_int_equal(busiest(t, 1000).attempts, 2); /* what was refused is beyond the limit */
	assert_int_equal(busiest(t, 119999).attempts, 2); /* still shown in the minute after */
	assert_int_equal(busiest(t, 120000).attempts, 0);
	bs_device_table_free(t);
}

static void
test_attempts(void **state)
{
	struct bs_device_table *t;

	(void)state;
	t = new_table(10, 2);
	assert_false(claim(t, 0, 1, 0, 1, "192.0.2.1:1").too_many);
	assert_false(claim(t, 59999, 1, 0, 2, "192.0.2.1:1").too_many);
	assert_true(claim(t, 59999, 1, 0, 3, "192.0.2.1:1").too_many);
	assert_false(claim(t, 59999, 2, 0, 4, "192.0.2.1:1").too_many); /* another device */
	assert_false(claim(t, 60000, 1, 0, 5, "192.0.2.1:1").too_many);
	bs_device_table_free(t);
}

/* A run that begins later than its attempt: counted once, claimed once. */
static void
test_attempt_and_take(void **state)
{
	struct bs_addr from = addr("192.0.2.1:5684");
	struct bs_device_table *t;
	struct bs_device_claim c;

	(void)state;
	t = new_table(10, 2);
	claim(t, 0, 1, 3, 100, "192.0.2.1:1000");
	assert_int_equal(bs_device_table_attempt(t, 1, 1), BS_OK);
	assert_int_equal(bs_device_table_attempt(t, 2, 1), BS_ELIMIT);
	assert_int_equal(bs_device_table_take(t, 3, 1, &(struct bs_device_session){ 0, 7 }, 101, &from, &c), BS_OK);
	assert_false(c.too_many);
	assert_true(c.superseded);
	assert_int_equal(c.worker, 3);
	assert_int_equal(c.run, 100);
	assert_true(claim(t, 4, 1, 0, 102, "192.0.2.1:1").too_many);
	assert_int_equal(bs_device_table_attempt(t, 60000, 1), BS_OK);
	bs_device_table_free(t);
}

static void
test_psk_order(void **state)
{
	struct bs_device_table *t;
	struct bs_addr home, home2, other;

	(void)state;
	assert_int_equal(bs_addr_parse("192.0.2.1:1000", &home), BS_OK);
	assert_int_equal(bs_addr_parse("192.0.2.1:2000", &home2), BS_OK);
	assert_int_equal(bs_addr_parse("198.51.100.7:1000", &other), BS_OK);
	t = new_table(10, 2);
	assert_int_equal(bs_device_table_psk_first(t, 1, &home), 0);
	bs_device_table_psk_failed(t, 0, 1, 0, &home);
	assert_int_equal(bs_device_table_psk_first(t, 1, &home2), 1); /* after a failure the other, whatever the port */
	assert_int_equal(bs_device_table_psk_first(t, 1, &other), 0); /* for that host alone */
	bs_device_table_psk_proven(t, 0, 1, 1, &home2);
	assert_int_equal(bs_device_table_psk_first(t, 1, &home), 1);
	assert_int_equal(bs_device_table_psk_first(t, 1, &other), 1); /* what was proven holds for all */
	bs_device_table_psk_failed(t, 0, 1, 1, &home);
	assert_int_equal(bs_device_table_psk_first(t, 1, &home), 0);
	bs_device_table_psk_failed(t, 0, 1, 0, &home);
	assert_int_equal(bs_device_table_psk_first(t, 1, &home), 1);
	bs_device_table_psk_proven(t, 0, 1, 0, &other);
	assert_int_equal(bs_device_table_psk_first(t, 1, &other), 0);
	bs_device_table_free(t);
}

/* Strangers who fail in a device's name turn nothing but their own next try, and take a bounded memory. */
static void
test_given_back(void **state)
{
	struct bs_device_table *t;

	(void)state;
	t = new_table(10, 1);
	bs_device_table_give_back(t, 1); /* nobody: nothing */
	assert_int_equal(bs_device_table_attempt(t, 60000, 1), BS_OK);
	assert_int_equal(bs_device_table_attempt(t, 60001, 1), BS_ELIMIT);
	bs_device_table_give_back(t, 1);
	assert_int_equal(bs_device_table_attempt(t, 60002, 1), BS_OK);
	bs_device_table_give_back(t, 1); /* once a minute */
	assert_int_equal(bs_device_table_attempt(t, 60003, 1), BS_ELIMIT);
	assert_int_equal(bs_device_table_attempt(t, 120000, 1), BS_OK);
	bs_device_table_give_back(t, 1);
	assert_int_equal(bs_device_table_attempt(t, 120001, 1), BS_OK);
	bs_device_table_free(t);
}

/* A device with the other key that comes from a new host each time gets in all the same. */
static void
test_psk_wanderer(void **state)
{
	struct bs_device_table *t;
	struct bs_addr home, from;
	char text[BS_ADDR_TEXT];
	unsigned tries = 0;

	(void)state;
	assert_int_equal(bs_addr_parse("192.0.2.200:1000", &home), BS_OK);
	t = new_table(10, 2);
	bs_device_table_psk_proven(t, 0, 1, 0, &home);
	for (unsigned slot = 0; slot != 1; tries++) {
		assert_true(tries < 4);
		snprintf(text, sizeof(text), "192.0.2.%u:1000", tries + 1);
		assert_int_equal(bs_addr_parse(text, &from), BS_OK);
		slot = bs_device_table_psk_first(t, 1, &from);
		if (slot != 1)
			bs_device_table_psk_failed(t, tries, 1, slot, &from);
	}
	assert_int_equal(bs_device_table_psk_first(t, 1, &home), 0); /* who was proven here gets its key at once */
	bs_device_table_psk_proven(t, 9, 1, 1, &from);
	assert_int_equal(bs_device_table_psk_first(t, 1, &home), 1);
	bs_device_table_free(t);
}

static void
test_psk_strangers(void **state)
{
	struct bs_device_table *t;
	struct bs_addr home, from;
	char text[BS_ADDR_TEXT];

	(void)state;
	assert_int_equal(bs_addr_parse("[2001:db8::1]:1000", &home), BS_OK);
	t = new_table(10, 2);
	bs_device_table_psk_proven(t, 0, 1, 1, &home);
	for (unsigned i = 2; i < 20; i++) {
		snprintf(text, sizeof(text), "[2001:db8::%x]:1000", i);
		assert_int_equal(bs_addr_parse(text, &from), BS_OK);
		bs_device_table_psk_failed(t, i, 1, 1, &from);
		assert_int_equal(bs_device_table_psk_first(t, 1, &from), 0);
		assert_int_equal(bs_device_table_psk_first(t, 1, &home), 1);
	}
	assert_int_equal(bs_addr_parse("[2001:db8::2]:1000", &from), BS_OK);
	assert_int_equal(bs_device_table_psk_first(t, 1, &from), 1); /* forgotten: four are remembered */
	assert_int_equal(bs_device_table_count(t), 1);
	bs_device_table_free(t);
}

static void
test_bound(void **state)
{
	struct bs_device_table *t;

	(void)state;
	t = new_table(3, 1);
	for (int64_t i = 1; i <= 3; i++)
		claim(t, 0, i, 0, (uint64_t)i, "192.0.2.1:1");
	claim(t, 1, 1, 0, 9, "192.0.2.1:1"); /* 1 is now the most recent one */
	claim(t, 2, 4, 0, 10, "192.0.2.1:1"); /* 2 goes */
	assert_int_equal(bs_device_table_count(t), 3);
	assert_true(claim(t, 3, 1, 0, 11, "192.0.2.1:1").too_many);
	assert_false(claim(t, 3, 2, 0, 12, "192.0.2.1:1").too_many);
	bs_device_table_free(t);
}

/* The third session is proven: which of the two before it goes. */
static void
test_sessions_beyond_the_limit(void **state)
{
	static const struct row {
		const char *name, *first, *second, *third;
		uint64_t running; /* session with a run; 0: none */
		uint64_t leaves;
	} rows[] = {
		{ "the oldest", "192.0.2.1:1", "192.0.2.2:1", "192.0.2.3:1", 0, 11 },
		{ "the oldest of the same host", "192.0.2.1:1", "192.0.2.1:2", "192.0.2.1:3", 0, 11 },
		{ "that of the same host, not a clone's", "192.0.2.9:1", "192.0.2.1:1", "192.0.2.1:2", 0, 12 },
		{ "not the one with a run", "192.0.2.1:1", "192.0.2.2:1", "192.0.2.3:1", 11, 12 },
		{ "not the one with a run, from the same host either", "192.0.2.1:1", "192.0.2.2:1", "192.0.2.1:2", 11,
			12 },
		{ "the oldest when the newer one has a run", "192.0.2.1:1", "192.0.2.2:1", "192.0.2.2:2", 12, 11 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];
		struct bs_device_table *t = new_table(10, 9);

		assert_int_equal(leaver_of(t, 0, 1, 11, r->first), 0);
		assert_int_equal(leaver_of(t, 0, 1, 12, r->second), 0);
		if (r->running != 0)
			claim_in(t, 0, 1, 0, r->running, 500, r->first);
		if (leaver_of(t, 0, 1, 13, r->third) != r->leaves)
			fail_msg("%s", r->name);
		assert_int_equal(busiest(t, 0).sessions, 2);
		bs_device_table_free(t);
	}
}

static void
test_sessions_that_ended_make_room(void **state)
{
	struct bs_device_table *t = new_table(10, 9);

	(void)state;
	assert_int_equal(busiest(t, 0).sessions, 0);
	assert_int_equal(leaver_of(t, 0, 1, 11, "192.0.2.1:1"), 0);
	assert_int_equal(leaver_of(t, 0, 1, 12, "192.0.2.1:2"), 0);
	bs_device_table_leave(t, 1, 99); /* none of its own */
	bs_device_table_leave(t, 2, 11); /* another device's */
	assert_int_equal(busiest(t, 0).sessions, 2);
	bs_device_table_leave(t, 1, 11);
	assert_int_equal(busiest(t, 0).sessions, 1);
	assert_int_equal(leaver_of(t, 0, 1, 13, "192.0.2.1:3"), 0);
	bs_device_table_leave(t, 1, 12);
	bs_device_table_leave(t, 1, 13);
	assert_int_equal(busiest(t, 0).sessions, 0);
	assert_int_equal(leaver_of(t, 60000, 1, 14, "192.0.2.1:4"), 0);
	bs_device_table_free(t);
}

static void
test_one_session_alone(void **state)
{
	const struct bs_device_limits limits = { 10, 9, 9, 1 };
	struct bs_device_table *t;

	(void)state;
	assert_int_equal(bs_device_table_new(&limits, &t), BS_OK);
	assert_int_equal(leaver_of(t, 0, 1, 11, "192.0.2.1:1"), 0);
	claim_in(t, 0, 1, 0, 11, 500, "192.0.2.1:1");
	assert_int_equal(leaver_of(t, 0, 1, 12, "192.0.2.2:1"), 11); /* with its run: there is no other */
	assert_int_equal(leaver_of(t, 0, 1, 13, "192.0.2.1:1"), 12);
	bs_device_table_free(t);
}

static void
test_handshakes_of_a_minute(void **state)
{
	struct bs_addr from = addr("192.0.2.1:9");
	struct bs_device_session here = { 1, 99 }, leaver;
	struct bs_device_table *t = new_table(10, 9);

	(void)state;
	assert_false(bs_device_table_is_over(t, 0, 1));
	assert_int_equal(bs_device_table_count(t), 0); /* to ask makes no entry: anybody can name a device */
	for (uint64_t i = 0; i < 3; i++) {
		assert_false(bs_device_table_is_over(t, 1000, 1));
		leaver_of(t, 1000, 1, 11 + i, "192.0.2.1:1");
	}
	assert_true(bs_device_table_is_over(t, 60999, 1));
	assert_false(bs_device_table_is_over(t, 60999, 2));
	/* One that was under way at the time of the question. */
	assert_int_equal(enter(t, 60999, 1, 14, "192.0.2.1:1", &leaver), BS_ELIMIT);
	assert_int_equal(leaver.number, 0);
	assert_int_equal(busiest(t, 60999).handshakes, 3);
	/* What the operator asks for is no handshake of the device's. */
	assert_int_equal(bs_device_table_enter(t, 60999, 1, &here, &from, true, &leaver), BS_OK);
	assert_int_equal(busiest(t, 60999).handshakes, 3);
	assert_false(bs_device_table_is_over(t, 61000, 1));
	for (int i = 0; i < 5; i++)
		assert_int_equal(bs_device_table_enter(t, 61000, 1, &here, &from, true, &leaver), BS_OK);
	assert_false(bs_device_table_is_over(t, 61000, 1));
	leaver_of(t, 61000, 1, 15, "192.0.2.1:1");
	bs_device_table_free(t);
}

/* Who only knows its identity fails in its name as often as he likes. */
static void
test_failures_lock_nobody_out(void **state)
{
	struct bs_addr from = addr("198.51.100.1:1");
	struct bs_device_table *t = new_table(10, 9);

	(void)state;
	for (uint64_t i = 0; i < 1000; i++)
		bs_device_table_psk_failed(t, i, 1, i % 2, &from);
	assert_false(bs_device_table_is_over(t, 1000, 1));
	assert_int_equal(leaver_of(t, 1000, 1, 11, "192.0.2.1:1"), 0);
	bs_device_table_free(t);
}

/* One device with sessions cannot be pushed out by those that have none, or its limit would be forgotten. */
static void
test_full_table_keeps_those_with_sessions(void **state)
{
	struct bs_addr from = addr("198.51.100.1:1");
	struct bs_device_table *t = new_table(3, 9);

	(void)state;
	leaver_of(t, 0, 1, 11, "192.0.2.1:1");
	leaver_of(t, 0, 1, 12, "192.0.2.1:2");
	for (int64_t device = 2; device < 100; device++)
		bs_device_table_psk_failed(t, 1, device, 0, &from);
	assert_int_equal(bs_device_table_count(t), 3);
	assert_int_equal(leaver_of(t, 2, 1, 13, "192.0.2.1:3"), 11);
	for (uint64_t device = 2; device < 100; device++) /* all with sessions: the oldest goes after all */
		leaver_of(t, 3, (int64_t)device, 100 + device, "192.0.2.1:1");
	assert_int_equal(bs_device_table_count(t), 3);
	assert_int_equal(busiest(t, 3).sessions, 1);
	bs_device_table_free(t);
}

/* A table that cannot grow says so, wherever the memory ends. */
static void
test_without_memory(void **state)
{
	struct bs_addr from = addr("192.0.2.1:1");
	struct bs_device_session here = { 1, 9 }, leaver;

	(void)state;
	for (int good = 0; good < 4; good++) {
		struct bs_device_table *t = new_table(1000, 9);
		size_t known = 0;

		bs_hash_good_allocations = good;
		for (int64_t device = 1; device <= 500; device++)
			known += bs_device_table_enter(t, 0, device, &here, &from, false, &leaver) == BS_OK;
		bs_hash_good_allocations = -1;
		assert_true(known < 500);
		assert_int_equal(bs_device_table_count(t), known);
		assert_int_equal(bs_device_table_enter(t, 0, 501, &here, &from, false, &leaver), BS_OK);
		bs_device_table_free(t);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_supersede),
		cmocka_unit_test(test_attempts),
		cmocka_unit_test(test_busiest),
		cmocka_unit_test(test_attempt_and_take),
		cmocka_unit_test(test_psk_order),
		cmocka_unit_test(test_given_back),
		cmocka_unit_test(test_psk_wanderer),
		cmocka_unit_test(test_psk_strangers),
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_sessions_beyond_the_limit),
		cmocka_unit_test(test_sessions_that_ended_make_room),
		cmocka_unit_test(test_one_session_alone),
		cmocka_unit_test(test_handshakes_of_a_minute),
		cmocka_unit_test(test_failures_lock_nobody_out),
		cmocka_unit_test(test_full_table_keeps_those_with_sessions),
		cmocka_unit_test(test_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
