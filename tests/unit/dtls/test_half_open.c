/* SPDX-License-Identifier: Apache-2.0 */
/* Who gives way when the places of unfinished handshakes get short. Without DTLS: an address and a time are all it knows. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "server/dtls/half_open.h"

#define SEATS_MAX 20000
#define TIME_MS 60000
#define GRACE BS_HALF_OPEN_UNKNOWN_MS /* while no handshake is done, as in most of these */

struct seat {
	struct bs_half_open_place place;
	char host[48];
	bool given_up;
	enum bs_half_open_limit why;
};

struct fixture {
	struct bs_half_open h;
	struct seat *seats;
	size_t count;
	unsigned given_up[BS_HALF_OPEN_LIMITS];
	struct seat *last;
	enum bs_half_open_limit why; /* of the last that did not come in */
};

static struct fixture *the_fixture;

static void
give_up(void *owner, uint64_t now_ms, enum bs_half_open_limit why)
{
	struct seat *s = owner;

	(void)now_ms;
	assert_false(s->given_up);
	s->given_up = true;
	s->why = why;
	the_fixture->given_up[why]++;
	the_fixture->last = s;
	bs_half_open_leave(&the_fixture->h, &s->place);
}

static void
limit(struct fixture *fx, uint32_t all, uint32_t network)
{
	fx->h.limits[BS_HALF_OPEN_ALL] = all;
	fx->h.limits[BS_HALF_OPEN_NETWORK] = network;
}

static int
setup(void **state)
{
	struct fixture *fx = *state = test_calloc(1, sizeof(*fx));

	fx->seats = test_calloc(SEATS_MAX, sizeof(*fx->seats));
	fx->h.time_ms = TIME_MS;
	fx->h.give_up = give_up;
	fx->h.dice = 7;
	fx->h.heard_ms = UINT64_MAX;
	limit(fx, 1000, 1000);
	the_fixture = fx;
	return 0;
}

static void
leave_all(struct fixture *fx)
{
	for (size_t i = 0; i < fx->count; i++)
		bs_half_open_leave(&fx->h, &fx->seats[i].place);
	assert_int_equal(bs_half_open_count(&fx->h), 0);
	fx->count = 0;
	memset(fx->given_up, 0, sizeof(fx->given_up));
	fx->last = NULL;
}

static int
teardown(void **state)
{
	struct fixture *fx = *state;

	leave_all(fx);
	assert_null(fx->h.prefixes.hash);
	bs_half_open_clear(&fx->h);
	test_free(fx->seats);
	test_free(fx);
	return 0;
}

static struct bs_addr
addr_of(const char *host)
{
	struct bs_addr a;
	char text[64];

	snprintf(text, sizeof(text), strchr(host, ':') != NULL ? "[%s]:5684" : "%s:5684", host);
	assert_int_equal(bs_addr_parse(text, &a), BS_OK);
	return a;
}

struct who {
	bool known, fixed, urgent;
};

/* NULL: it did not come in. */
static struct seat *
come_as(struct fixture *fx, uint64_t now_ms, const char *host, struct who who)
{
	struct seat *s = &fx->seats[fx->count];
	struct bs_addr a = addr_of(host);

	assert_true(fx->count < SEATS_MAX);
	if (!bs_half_open_make_room(&fx->h, now_ms, &a, who.known, who.urgent, &fx->why))
		return NULL;
	memset(s, 0, sizeof(*s));
	snprintf(s->host, sizeof(s->host), "%s", host);
	assert_int_equal(bs_half_open_enter(&fx->h, now_ms, &a, who.known, who.fixed, &s->place, s), BS_OK);
	fx->count++;
	return s;
}

static struct seat *
come(struct fixture *fx, uint64_t now_ms, const char *host)
{
	return come_as(fx, now_ms, host, (struct who){ 0 });
}

static void
fill(struct fixture *fx, uint64_t now_ms, const char *host, unsigned n)
{
	while (n-- > 0)
		assert_non_null(come(fx, now_ms, host));
}

/* ---- time --------------------------------------------------------------------------------------------------------- */

static void
the_time_shrinks_with_the_fill(void **state)
{
	static const struct {
		unsigned used;
		uint64_t age_ms; /* from which on one is given up */
	} rows[] = { { 51, 58980 }, { 75, 34500 }, { 90, 19200 }, { 99, 10020 }, { 100, GRACE } };
	struct fixture *fx = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		limit(fx, 1000, 1000);
		fill(fx, 0, "192.0.2.1", rows[i].used);
		limit(fx, 100, 1000);
		assert_true((come(fx, rows[i].age_ms - 1, "192.0.2.1") != NULL) == (rows[i].used < 100));
		if (fx->given_up[BS_HALF_OPEN_ALL] != 0)
			fail_msg("%u used: one went too early", rows[i].used);
		if (rows[i].used < 100) /* who just came counts */
			bs_half_open_leave(&fx->h, &fx->seats[fx->count - 1].place);
		assert_non_null(come(fx, rows[i].age_ms, "192.0.2.1"));
		if (fx->given_up[BS_HALF_OPEN_ALL] != 1)
			fail_msg("%u used: none went in time", rows[i].used);
		leave_all(fx);
	}
}

static void
while_half_is_free_nobody_gives_way(void **state)
{
	struct fixture *fx = *state;

	limit(fx, 100, 100);
	fill(fx, 0, "192.0.2.1", 50);
	assert_non_null(come(fx, TIME_MS * 10, "192.0.2.1"));
	assert_null(fx->last);
}

/* A device on a line that loses a fifth, with timers of 9 s: it takes its 40 s, in a network where 200 others do the same. */
static void
slow_devices_have_their_time_while_there_is_room(void **state)
{
	struct fixture *fx = *state;

	limit(fx, 2000, 500);
	for (unsigned i = 0; i < 4000; i++) { /* five a second come, each takes 40 s: 200 are under way */
		uint64_t now_ms = i * 200;

		if (i >= 200)
			bs_half_open_leave(&fx->h, &fx->seats[i - 200].place);
		assert_non_null(come(fx, now_ms, "192.0.2.1"));
	}
	assert_null(fx->last);
}

/* ---- order -------------------------------------------------------------------------------------------------------- */

static void
the_fullest_gives_way_from_the_region_down_to_the_host(void **state)
{
	static const struct {
		const char *name;
		const char *hosts[12];
		const char *newcomer, *goes; /* NULL: the newcomer waits */
	} rows[] = {
		{ "the fullest host of a network", { "10.0.0.1", "10.0.0.2", "10.0.0.2", "10.0.0.3" }, "10.0.0.4",
			"10.0.0.2" },
		{ "the fullest network of a region", { "10.0.0.1", "10.0.1.1", "10.0.1.2", "10.0.2.1" }, "10.0.3.1",
			"10.0.1.1" },
		{ "the fullest region", { "10.0.0.1", "10.1.0.1", "10.1.1.1", "10.2.0.1" }, "10.3.0.1", "10.1.0.1" },
		{ "a region goes before a host",
			{ "10.0.0.1", "10.0.0.1", "10.1.0.1", "10.1.1.1", "10.1.2.1", "10.1.3.1" }, "10.2.0.1",
			"10.1.0.1" },
		{ "of two regions of about the same size the one with the fuller network",
			{ "10.0.0.1", "10.0.0.2", "10.1.0.1", "10.1.1.1", "10.1.2.1" }, "10.2.0.1", "10.0.0.1" },
		{ "less than twice as full is about as full: the newcomer waits",
			{ "10.0.0.1", "10.0.0.1", "10.0.0.1", "10.0.0.2" }, "10.0.0.2", NULL },
		{ "a network of IPv6 is a /56", { "2001:db8::1", "2001:db8:0:1::1", "2001:db8:0:100::1" },
			"2001:db8:0:200::1", "2001:db8::1" },
		{ "a region of IPv6 is a /32", { "2001:db8::1", "2001:db8:1::1", "2001:db9::1" }, "2001:dba::1",
			"2001:db8::1" },
		{ "a host of IPv6 is a /64", { "2001:db8::1", "2001:db8::2", "2001:db8:0:1::1" }, "2001:db8:0:2::1",
			"2001:db8::1" },
		{ "IPv4 mapped into IPv6 is IPv4", { "::ffff:10.0.0.1", "10.0.0.1", "10.1.0.1" }, "10.2.0.1",
			"::ffff:10.0.0.1" },
		{ "who makes its own network the fullest waits", { "10.0.0.1", "10.0.0.2", "10.1.0.1" }, "10.0.0.3",
			NULL },
		{ "who makes its own host as full as another waits", { "10.0.0.1", "10.0.0.2", "10.0.0.2" }, "10.0.0.1",
			NULL },
		{ "all alike: the newcomer waits", { "10.0.0.1", "10.1.0.1", "10.2.0.1" }, "10.3.0.1", NULL },
	};
	struct fixture *fx = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned n = 0;
		struct seat *s;

		limit(fx, 1000, 1000);
		while (rows[i].hosts[n] != NULL)
			assert_non_null(come(fx, n, rows[i].hosts[n])), n++;
		limit(fx, n, 1000);
		assert_null(come(fx, GRACE / 2 - 1, rows[i].newcomer)); /* whoever it is */
		s = come(fx, GRACE / 2 + n, rows[i].newcomer);
		if ((s != NULL) != (rows[i].goes != NULL) || (fx->last != NULL) != (rows[i].goes != NULL))
			fail_msg("%s: came in: %d", rows[i].name, s != NULL);
		if (fx->last != NULL && strcmp(fx->last->host, rows[i].goes) != 0)
			fail_msg("%s: %s went", rows[i].name, fx->last->host);
		if (s == NULL)
			assert_int_equal(fx->why, BS_HALF_OPEN_ALL);
		leave_all(fx);
	}
}

static void
the_oldest_of_equals_goes_first(void **state)
{
	struct fixture *fx = *state;

	limit(fx, 3, 100);
	for (unsigned i = 0; i < 3; i++)
		assert_non_null(come(fx, i, "192.0.2.1"));
	assert_null(come(fx, GRACE - 1, "192.0.2.1"));
	for (unsigned i = 0; i < 3; i++) {
		assert_non_null(come(fx, GRACE + i, "192.0.2.1"));
		assert_ptr_equal(fx->last, &fx->seats[i]);
	}
	assert_null(come(fx, GRACE + 3, "192.0.2.1")); /* the others have just come */
}

static void
who_got_on_counts_as_new_once(void **state)
{
	struct fixture *fx = *state;

	limit(fx, 2, 100);
	fill(fx, 0, "192.0.2.1", 2);
	bs_half_open_get_on(&fx->seats[0].place, 300);
	assert_non_null(come(fx, GRACE, "192.0.2.1"));
	assert_ptr_equal(fx->last, &fx->seats[1]);
	assert_null(come(fx, 300 + GRACE - 1, "192.0.2.1"));
	bs_half_open_get_on(&fx->seats[0].place, 300 + GRACE - 1);
	assert_non_null(come(fx, 300 + GRACE, "192.0.2.1"));
	assert_ptr_equal(fx->last, &fx->seats[0]);
}

/*
 * A crowd: 3,000 devices of one region at once, 500 places, a server that does 100 a second. They come again by their timers
 * of 1, 2, 4, .. s; none that has a place loses it, although each waits for seconds.
 */
static void
a_crowd_does_not_chase_each_other_out(void **state)
{
	enum { DEVICES = 3000 };
	struct fixture *fx = *state;
	struct seat **seats = test_calloc(DEVICES, sizeof(*seats));
	uint64_t *next_ms = test_calloc(DEVICES, sizeof(*next_ms)), *wait_ms = test_calloc(DEVICES, sizeof(*wait_ms));
	unsigned done = 0;
	size_t late = 0;
	char host[48];

	limit(fx, 500, 60); /* 12 networks, 42 places each when all are as full */
	for (unsigned i = 0; i < DEVICES; i++)
		next_ms[i] = i % 97;
	for (uint64_t now_ms = 0; now_ms < 64000; now_ms += 10) {
		for (unsigned i = 0; i < DEVICES; i++) {
			if (next_ms[i] > now_ms || seats[i] != NULL)
				continue;
			snprintf(host, sizeof(host), "10.0.%u.%u", i % 12, i / 12 % 250);
			seats[i] = come(fx, now_ms, host);
			wait_ms[i] = wait_ms[i] == 0 ? 1000 : 2 * wait_ms[i];
			next_ms[i] = now_ms + wait_ms[i];
		}
		while (late < fx->count && !bs_half_open_has(&fx->seats[late].place))
			late++;
		if (late < fx->count) { /* one each 10 ms, in the order in which they came in */
			bs_half_open_finish(&fx->h, &fx->seats[late].place, now_ms);
			done++;
		}
	}
	if (fx->last != NULL)
		fail_msg("%u given up, %u done", fx->given_up[0] + fx->given_up[1], done);
	if (done < 2000)
		fail_msg("%u done", done);
	test_free(seats);
	test_free(next_ms);
	test_free(wait_ms);
}

/* A hundred handshakes of so many ms beside nine that stall; returns the time. */
static uint64_t
do_hundred(struct fixture *fx, uint64_t now_ms, uint64_t each_ms)
{
	for (unsigned i = 0; i < 100; i++) {
		struct seat *s = come(fx, now_ms, "192.0.2.1");

		now_ms += each_ms;
		for (unsigned k = 0; k < 9; k++)
			fx->seats[k].place.since_ms = now_ms; /* so that none of these goes meanwhile */
		bs_half_open_finish(&fx->h, &s->place, now_ms);
	}
	assert_non_null(come(fx, now_ms, "192.0.2.1"));
	return now_ms;
}

static void
what_handshakes_take_is_the_measure_for_those_that_stall(void **state)
{
	static const struct {
		uint64_t each_ms, least_ms;
	} rows[] = { { 20, BS_HALF_OPEN_GRACE_MS }, { 400, 1200 }, { 1200, 3600 } };
	struct fixture *fx = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t now_ms;

		limit(fx, 10, 100);
		fx->h.usual_at_ms = 0;
		fill(fx, 1, "192.0.2.1", 9);
		now_ms = do_hundred(fx, 1, rows[i].each_ms);
		if (come(fx, now_ms + rows[i].least_ms * 9 / 10, "192.0.2.1") != NULL)
			fail_msg("row %zu: too early", i);
		if (come(fx, now_ms + rows[i].least_ms, "192.0.2.1") == NULL)
			fail_msg("row %zu: too late", i);
		leave_all(fx);
		fill(fx, now_ms + TIME_MS * 10, "192.0.2.1", 10); /* that is long ago */
		assert_null(come(fx, now_ms + TIME_MS * 10 + GRACE - 1, "192.0.2.1"));
		assert_non_null(come(fx, now_ms + TIME_MS * 10 + GRACE, "192.0.2.1"));
		leave_all(fx);
	}
}

/* The server is behind with reading: what a device may have answered long ago is not held against it, or by an eighth. */
static void
what_was_not_read_is_no_fault_of_the_device(void **state)
{
	struct fixture *fx = *state;

	limit(fx, 3, 100);
	fill(fx, 1000, "192.0.2.1", 3);
	fx->h.heard_ms = 500; /* before any of them came */
	assert_null(come(fx, 1000 + 8 * GRACE - 1, "192.0.2.1"));
	fx->h.heard_ms = 1000 + GRACE - 1;
	assert_null(come(fx, 1000 + 8 * GRACE - 1, "192.0.2.1"));
	fx->h.heard_ms = 1000 + GRACE;
	assert_non_null(come(fx, 1000 + 8 * GRACE - 1, "192.0.2.1"));
	fx->h.heard_ms = 500;
	assert_non_null(come(fx, 1000 + 8 * GRACE, "192.0.2.1"));
	assert_int_equal(fx->given_up[BS_HALF_OPEN_ALL], 2);
}

/* Of a thousand that are equal nobody can know who goes: other dice, other victims. */
static void
among_many_equals_chance_decides(void **state)
{
	struct fixture *fx = *state;
	char host[48];
	size_t first[8];
	unsigned same = 0;

	for (unsigned d = 0; d < 8; d++) {
		limit(fx, 1001, 1000);
		fx->h.dice = d + 1;
		for (unsigned i = 0; i < 1000; i++) {
			snprintf(host, sizeof(host), "10.%u.%u.1", i / 250, i % 250);
			assert_non_null(come(fx, 0, host));
		}
		limit(fx, 1000, 1000);
		assert_non_null(come(fx, GRACE, "10.0.0.1"));
		first[d] = (size_t)(fx->last - fx->seats);
		leave_all(fx);
	}
	for (unsigned d = 1; d < 8; d++)
		same += first[d] == first[0];
	assert_true(same < 4);
}

/* ---- classes ------------------------------------------------------------------------------------------------------ */

static void
half_of_the_places_are_for_networks_with_good_devices(void **state)
{
	static const struct who known = { .known = true };
	struct fixture *fx = *state;
	char host[48];

	limit(fx, 100, 100);
	for (unsigned i = 0; i < 100; i++) { /* strangers, each from a region of its own: none is fuller */
		snprintf(host, sizeof(host), "10.%u.0.1", i);
		assert_non_null(come(fx, 0, host));
	}
	assert_null(come_as(fx, GRACE / 2 - 1, "192.0.2.1", known));
	for (unsigned i = 0; i < 50; i++) /* even all from one host */
		assert_non_null(come_as(fx, GRACE / 2, "192.0.2.1", known));
	assert_int_equal(fx->given_up[BS_HALF_OPEN_ALL], 50);
	assert_int_equal(fx->h.counts[true], 50);
	assert_null(come_as(fx, GRACE / 2, "192.0.2.1", known)); /* beyond the half they are like others */
	for (unsigned i = 0; i < 300; i++) {
		snprintf(host, sizeof(host), "11.%u.%u.1", i / 250, i % 250);
		(void)come(fx, GRACE / 2 + i * 100, host);
	}
	assert_int_equal(fx->h.counts[true], 50); /* whatever strangers did */
	assert_int_equal(fx->h.counts[false], 50);
}

/* A crowd: the first of a network is done, and those who came after it must not chase out those who came with it. */
static void
who_is_under_way_goes_along_when_its_network_becomes_known(void **state)
{
	static const struct who known = { .known = true };
	struct fixture *fx = *state;

	limit(fx, 100, 1000);
	fill(fx, 1, "192.0.2.1", 100);
	bs_half_open_finish(&fx->h, &fx->seats[0].place, 2);
	fx->h.usual_at_ms = 0;
	assert_non_null(come_as(fx, 2, "192.0.2.2", known));
	for (unsigned i = 0; i < 50; i++)
		assert_null(come_as(fx, 3, "192.0.2.1", known));
	assert_null(fx->last);
	assert_int_equal(fx->h.counts[false] + fx->h.counts[true], 100);
	assert_true(fx->h.counts[true] > 50);
	assert_null(come(fx, 3, "198.51.100.1"));
	assert_non_null(come(fx, 2 + GRACE / 2, "198.51.100.1")); /* a stranger, of an empty region */
	assert_int_equal(fx->given_up[BS_HALF_OPEN_ALL], 1);
}

static void
the_other_half_is_for_strangers(void **state)
{
	static const struct who known = { .known = true };
	struct fixture *fx = *state;
	char host[48];

	limit(fx, 100, 100);
	for (unsigned i = 0; i < 100; i++)
		assert_non_null(come_as(fx, 1, "192.0.2.1", known));
	for (unsigned i = 0; i < 50; i++) {
		snprintf(host, sizeof(host), "10.0.%u.1", i);
		assert_non_null(come(fx, 1 + GRACE, host));
	}
	assert_int_equal(fx->h.counts[true], 50);
	for (unsigned i = 0; i < 300; i++)
		(void)come_as(fx, 2 + GRACE + i * 100, "192.0.2.1", known);
	assert_int_equal(fx->h.counts[false], 50);
}

static void
what_the_operator_asked_for_is_not_given_up_and_comes_in_at_once(void **state)
{
	static const struct who dialled = { .fixed = true, .urgent = true };
	struct fixture *fx = *state;

	limit(fx, 4, 100);
	fill(fx, 0, "192.0.2.1", 4);
	for (unsigned i = 0; i < 4; i++)
		assert_non_null(come_as(fx, 0, "192.0.2.1", dialled));
	assert_int_equal(fx->given_up[BS_HALF_OPEN_ALL], 4);
	assert_null(come_as(fx, 10 * TIME_MS, "192.0.2.1", dialled));
	assert_null(come(fx, 10 * TIME_MS, "198.51.100.1"));
	assert_int_equal(fx->why, BS_HALF_OPEN_ALL);
	assert_int_equal(fx->given_up[BS_HALF_OPEN_ALL], 4);
}

static void
a_network_keeps_its_limit_by_itself(void **state)
{
	struct fixture *fx = *state;

	limit(fx, 1000, 10);
	fill(fx, 0, "198.51.100.1", 1);
	fill(fx, 0, "192.0.2.1", 10);
	assert_null(come(fx, 1, "192.0.2.1"));
	assert_int_equal(fx->why, BS_HALF_OPEN_NETWORK);
	for (unsigned i = 0; i < 3; i++) /* the neighbour takes from the host that is twice as full */
		assert_non_null(come(fx, GRACE / 2, "192.0.2.2"));
	assert_null(come(fx, GRACE / 2, "192.0.2.2"));
	assert_int_equal(fx->given_up[BS_HALF_OPEN_NETWORK], 3);
	assert_int_equal(fx->last->why, BS_HALF_OPEN_NETWORK);
	assert_non_null(come(fx, GRACE, "192.0.2.1")); /* in time those that stall go */
	assert_int_equal(fx->given_up[BS_HALF_OPEN_NETWORK], 4);
	assert_false(fx->seats[0].given_up);
}

/* ---- floods ------------------------------------------------------------------------------------------------------- */

static void
from_few_hosts(unsigned i, char host[48])
{
	snprintf(host, 48, "203.0.113.%u", 1 + i % 6);
}

static void
from_one_network(unsigned i, char host[48])
{
	snprintf(host, 48, "203.0.113.%u", 1 + i * 7919 % 254);
}

static void
from_many_networks(unsigned i, char host[48])
{
	snprintf(host, 48, "10.%u.%u.%u", i * 31 % 128, i * 7919 % 256, 1 + i % 250);
}

static void
from_an_ipv6_region(unsigned i, char host[48])
{
	snprintf(host, 48, "2001:db8:%x:%x00::1", i * 7919 % 65536, i * 31 % 256);
}

/* Devices of one place come one after the other: each tries each 125 ms, and once it is in it needs a second. */
struct guest {
	struct seat *seat;
	uint64_t at_ms; /* since when it tries, or is in */
	uint64_t longest_ms; /* that one of them had to try */
	unsigned done;
};

static void
guest_goes_on(struct fixture *fx, struct guest *g, uint64_t now_ms, const char *host)
{
	if (g->seat == NULL) {
		g->seat = come(fx, now_ms, host);
		if (g->seat == NULL)
			return;
		g->longest_ms = now_ms - g->at_ms > g->longest_ms ? now_ms - g->at_ms : g->longest_ms;
		g->at_ms = now_ms;
	} else if (now_ms - g->at_ms >= 1000) {
		assert_false(g->seat->given_up);
		bs_half_open_finish(&fx->h, &g->seat->place, now_ms);
		*g = (struct guest){ .at_ms = now_ms, .longest_ms = g->longest_ms, .done = g->done + 1 };
	}
}

/* Each flood asks for places four times as fast as it could hold them. */
static void
a_flood_leaves_other_networks_alone(void **state)
{
	static const struct {
		const char *name;
		void (*from)(unsigned i, char host[48]);
		const char *device;
	} rows[] = {
		{ "six hosts, a device elsewhere", from_few_hosts, "192.0.2.7" },
		{ "six hosts, a device of their network", from_few_hosts, "203.0.113.7" },
		{ "a /24, a device elsewhere", from_one_network, "192.0.2.7" },
		{ "many /24s, a device elsewhere", from_many_networks, "192.0.2.7" },
		{ "an IPv6 /32, a device elsewhere", from_an_ipv6_region, "2001:db9::7" },
		{ "an IPv6 /32, an IPv4 device", from_an_ipv6_region, "192.0.2.7" },
	};
	struct fixture *fx = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct guest guest = { .at_ms = 1000 };
		char host[48];

		limit(fx, 200, 50);
		fx->h.usual_at_ms = 0;
		for (unsigned n = 0; n < 48000; n++) { /* 800 a second, for a minute */
			uint64_t now_ms = n * 5 / 4;

			if (n % 100 == 99 && now_ms > 1000)
				guest_goes_on(fx, &guest, now_ms, rows[i].device);
			rows[i].from(n, host);
			(void)come(fx, now_ms, host);
		}
		if (guest.longest_ms > 7000 || guest.done < 30) /* a device tries at 0, 1, 3, 7 s */
			fail_msg("%s: %u done, one waited %u ms", rows[i].name, guest.done, (unsigned)guest.longest_ms);
		assert_in_range(bs_half_open_count(&fx->h), 40, 200);
		bs_half_open_leave(&fx->h, guest.seat != NULL ? &guest.seat->place : &fx->seats[0].place);
		leave_all(fx);
	}
}

/* One behind the same address as a flood: no right of its own, but its retransmissions at 1, 3, 7 and 15 s. */
struct neighbour {
	uint64_t at_ms;
	unsigned tries;
	struct seat *seat;
	bool done;
};

static void
neighbour_goes_on(struct fixture *fx, struct neighbour *n, uint64_t now_ms)
{
	static const uint64_t tries_ms[] = { 0, 1000, 3000, 7000, 15000 };

	if (n->seat == NULL && n->tries < 5 && now_ms >= n->at_ms + tries_ms[n->tries]) {
		n->tries++;
		n->seat = come(fx, now_ms, "192.0.2.1");
	} else if (n->seat != NULL && !n->done && now_ms >= n->seat->place.begun_ms + 100) {
		n->done = !n->seat->given_up; /* else it has to begin anew, which is not counted here */
		bs_half_open_finish(&fx->h, &n->seat->place, now_ms);
	}
}

static void
devices_behind_the_address_of_a_flood_come_in_by_their_own_timers(void **state)
{
	enum { DEVICES = 1000 };
	struct fixture *fx = *state;
	struct neighbour *all = test_calloc(DEVICES, sizeof(*all));
	unsigned done = 0;

	limit(fx, 1000, 50);
	fill(fx, 1, "192.0.2.1", 50);
	for (uint64_t now_ms = 10; now_ms < 120000; now_ms += 10) {
		unsigned first = now_ms > 17000 ? (unsigned)(now_ms - 17000) / 100 : 0;

		if (now_ms % 100 < 70) /* 70 a second, the flood */
			(void)come(fx, now_ms, "192.0.2.1");
		for (unsigned i = first; i < DEVICES && i * 100 <= now_ms; i++) { /* and ten a second, the devices */
			all[i].at_ms = i * 100;
			neighbour_goes_on(fx, &all[i], now_ms);
		}
	}
	for (unsigned i = 0; i < DEVICES; i++)
		done += all[i].done;
	if (done * 100 < DEVICES * 99)
		fail_msg("%u of %u", done, DEVICES);
	test_free(all);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(the_time_shrinks_with_the_fill),
		T(while_half_is_free_nobody_gives_way),
		T(slow_devices_have_their_time_while_there_is_room),
		T(the_fullest_gives_way_from_the_region_down_to_the_host),
		T(the_oldest_of_equals_goes_first),
		T(who_got_on_counts_as_new_once),
		T(a_crowd_does_not_chase_each_other_out),
		T(what_handshakes_take_is_the_measure_for_those_that_stall),
		T(what_was_not_read_is_no_fault_of_the_device),
		T(among_many_equals_chance_decides),
		T(half_of_the_places_are_for_networks_with_good_devices),
		T(who_is_under_way_goes_along_when_its_network_becomes_known),
		T(the_other_half_is_for_strangers),
		T(what_the_operator_asked_for_is_not_given_up_and_comes_in_at_once),
		T(a_network_keeps_its_limit_by_itself),
		T(a_flood_leaves_other_networks_alone),
		T(devices_behind_the_address_of_a_flood_come_in_by_their_own_timers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
