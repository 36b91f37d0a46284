/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/test.h"

#include <stdio.h>

#include "server/net/device_table.h"

static struct bs_addr
addr(const char *text)
{
	struct bs_addr a;

	assert_int_equal(bs_addr_parse(text, &a), BS_OK);
	return a;
}

static struct bs_device_claim
claim(struct bs_device_table *t, uint64_t now_ms, int64_t device, unsigned worker, uint64_t run, const char *from)
{
	struct bs_addr a = addr(from);
	struct bs_device_claim c;

	assert_int_equal(bs_device_table_claim(t, now_ms, device, worker, run, &a, &c), BS_OK);
	return c;
}

static void
test_supersede(void **state)
{
	struct bs_device_table *t;
	struct bs_device_claim c;

	(void)state;
	assert_int_equal(bs_device_table_new(10, 100, &t), BS_OK);
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
	assert_int_equal(bs_device_table_new(10, 2, &t), BS_OK);
	assert_int_equal(bs_device_table_busiest(t, 0), 0);
	claim(t, 0, 1, 0, 1, "192.0.2.1:1");
	claim(t, 0, 2, 0, 2, "192.0.2.1:1");
	assert_int_equal(bs_device_table_busiest(t, 0), 1);
	for (uint64_t run = 3; run < 6; run++)
		claim(t, 1000, 2, 0, run, "192.0.2.1:1");
	assert_int_equal(bs_device_table_busiest(t, 1000), 2); /* what was refused is beyond the limit */
	assert_int_equal(bs_device_table_busiest(t, 119999), 2); /* still shown in the minute after */
	assert_int_equal(bs_device_table_busiest(t, 120000), 0);
	bs_device_table_free(t);
}

static void
test_attempts(void **state)
{
	struct bs_device_table *t;

	(void)state;
	assert_int_equal(bs_device_table_new(10, 2, &t), BS_OK);
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
	assert_int_equal(bs_device_table_new(10, 2, &t), BS_OK);
	claim(t, 0, 1, 3, 100, "192.0.2.1:1000");
	assert_int_equal(bs_device_table_attempt(t, 1, 1), BS_OK);
	assert_int_equal(bs_device_table_attempt(t, 2, 1), BS_ELIMIT);
	assert_int_equal(bs_device_table_take(t, 3, 1, 0, 101, &from, &c), BS_OK);
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
	assert_int_equal(bs_device_table_new(10, 2, &t), BS_OK);
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
	assert_int_equal(bs_device_table_new(10, 1, &t), BS_OK);
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
	assert_int_equal(bs_device_table_new(10, 2, &t), BS_OK);
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
	assert_int_equal(bs_device_table_new(10, 2, &t), BS_OK);
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
	assert_int_equal(bs_device_table_new(3, 1, &t), BS_OK);
	for (int64_t i = 1; i <= 3; i++)
		claim(t, 0, i, 0, (uint64_t)i, "192.0.2.1:1");
	claim(t, 1, 1, 0, 9, "192.0.2.1:1"); /* 1 is now the most recent one */
	claim(t, 2, 4, 0, 10, "192.0.2.1:1"); /* 2 goes */
	assert_int_equal(bs_device_table_count(t), 3);
	assert_true(claim(t, 3, 1, 0, 11, "192.0.2.1:1").too_many);
	assert_false(claim(t, 3, 2, 0, 12, "192.0.2.1:1").too_many);
	bs_device_table_free(t);
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
