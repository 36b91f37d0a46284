/* SPDX-License-Identifier: Apache-2.0 */
/* What the operator asks a worker: answers, the time limit, a worker that does not answer; and its start, mail and stop. */
#include "tests/lib/test.h"

#include <stdlib.h>

#include "server/base/clock.h"
#include "server/net/ask.h"
#include "tests/lib/worker_world.h"

#define PATIENCE_MS 10000
#define BRIEF_MS 150

static const struct worker_device device = { .endpoint = "dev", .mode = BS_MODE_PSK };
static struct pki_cert ca, server;

static int
setup_group(void **state)
{
	const struct pki_options for_ca = { .ca = true }, for_server = { .extended_usage = "serverAuth" };

	(void)state;
	pki_make(&ca, "test CA", NULL, &for_ca);
	pki_make(&server, "localhost", &ca, &for_server);
	return 0;
}

static int
teardown_group(void **state)
{
	struct pki_cert *const all[] = { &ca, &server };

	(void)state;
	pki_clear_all(all, sizeof(all) / sizeof(all[0]));
	return 0;
}

static void
world_of(struct worker_world *w, unsigned started)
{
	*w = (struct worker_world){ .attempts = 1000 };
	w->anchors[0] = pki_write_cert(&ca);
	w->server_cert = pki_write_cert(&server);
	w->server_key = pki_write_key(&server);
	worker_world_init(w, &device, 1, started);
}

static void
clear(struct worker_world *w)
{
	worker_world_clear(w);
	pki_remove_files();
}

/* A device whose run is over and whose session is open. */
static struct worker_client *
visitor(struct worker_world *w)
{
	struct worker_client *c = worker_client_from(w, 0, &device, "127.0.0.1");

	worker_client_run(c, HOLD_NOWHERE);
	assert_int_equal(worker_client_finishes(c), 1);
	return c;
}

/* How many rows or sessions the answer is about. */
static size_t
count_of(struct worker_world *w, enum bs_ask_kind kind, const char *filter)
{
	struct bs_ask *ask = bs_ask_new(kind, filter);
	size_t count;

	assert_non_null(ask);
	ask->max = 10;
	assert_int_equal(bs_worker_ask(w->workers[0], ask, PATIENCE_MS), BS_OK);
	assert_int_equal(ask->err, BS_OK);
	count = ask->count;
	bs_ask_release(ask);
	return count;
}

static void
sessions_are_found_by_endpoint_and_address(void **state)
{
	static const struct {
		const char *filter;
		size_t count;
	} rows[] = { { "", 1 }, { "dev", 1 }, { "127.0.0.1", 1 }, { "de", 0 }, { "127.0.0.2", 0 } };
	struct worker_world w;
	struct worker_client *c;

	(void)state;
	world_of(&w, 1);
	assert_int_equal(count_of(&w, BS_ASK_SESSIONS, ""), 0);
	c = visitor(&w);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (count_of(&w, BS_ASK_SESSIONS, rows[i].filter) != rows[i].count)
			fail_msg("\"%s\": not %zu", rows[i].filter, rows[i].count);
	worker_client_free(c);
	clear(&w);
}

static void
a_kick_closes_the_sessions_of_that_endpoint_alone(void **state)
{
	struct worker_world w;
	struct worker_client *c;

	(void)state;
	world_of(&w, 1);
	c = visitor(&w);
	assert_int_equal(count_of(&w, BS_ASK_KICK, "another"), 0);
	assert_int_equal(count_of(&w, BS_ASK_SESSIONS, ""), 1);
	assert_int_equal(count_of(&w, BS_ASK_KICK, "dev"), 1);
	assert_true(worker_client_hears_close(c, PATIENCE_MS));
	assert_int_equal(count_of(&w, BS_ASK_SESSIONS, ""), 0);
	worker_client_free(c);
	clear(&w);
}

static void
a_device_that_nobody_knows_is_not_traced(void **state)
{
	struct worker_world w;
	struct bs_ask *ask;

	(void)state;
	world_of(&w, 1);
	assert_int_equal(count_of(&w, BS_ASK_TRACE, "dev"), 0);
	ask = bs_ask_new(BS_ASK_TRACE, "nobody");
	assert_int_equal(bs_worker_ask(w.workers[0], ask, PATIENCE_MS), BS_OK);
	assert_int_equal(ask->err, BS_ENOTFOUND);
	assert_non_null(strstr(ask->diag.text, "there is no device nobody"));
	bs_ask_release(ask);
	clear(&w);
}

/* Whom a trigger cannot reach is told at once, and nothing is under way. */
static void
a_trigger_without_a_device_is_refused(void **state)
{
	struct worker_world w;
	struct bs_ask *ask;

	(void)state;
	world_of(&w, 1);
	ask = bs_ask_new(BS_ASK_TRIGGER, "nobody");
	assert_int_equal(bs_addr_parse("127.0.0.1:5684", &ask->address), BS_OK);
	assert_int_equal(bs_worker_ask(w.workers[0], ask, PATIENCE_MS), BS_OK);
	assert_int_equal(ask->err, BS_ENOTFOUND);
	bs_ask_release(ask);
	assert_int_equal(count_of(&w, BS_ASK_TRIGGERED, ""), 0);
	clear(&w);
}

/* No thread yet: the ask waits in its mailbox, is answered when one comes, and nobody but it holds its memory then. */
static void
a_worker_that_does_not_answer_is_waited_for_that_long(void **state)
{
	struct worker_world w;
	uint64_t begun_ms;
	struct bs_ask *ask;

	(void)state;
	world_of(&w, 0);
	ask = bs_ask_new(BS_ASK_SESSIONS, "");
	begun_ms = bs_clock_ms();
	assert_int_equal(bs_worker_ask(w.workers[0], ask, BRIEF_MS), BS_ETIMEOUT);
	assert_in_range(bs_clock_ms() - begun_ms, BRIEF_MS, PATIENCE_MS);
	worker_world_start(&w, 0);
	assert_int_equal(bs_ask_wait(ask, bs_clock_ms() + PATIENCE_MS), BS_OK);
	bs_ask_release(ask);
	ask = bs_ask_new(BS_ASK_SESSIONS, "");
	assert_int_equal(bs_worker_put(w.workers[0], ask), BS_OK);
	bs_ask_release(ask); /* given up: the worker frees it */
	clear(&w);
}

/* A stop lets nobody wait in vain: the session is said goodbye, and the thread ends. */
static void
a_stop_ends_the_sessions_and_the_thread(void **state)
{
	struct worker_world w;
	struct worker_client *c;

	(void)state;
	world_of(&w, 1);
	c = visitor(&w);
	bs_worker_stop(w.workers[0]);
	bs_worker_stop(w.workers[0]); /* twice is as good */
	assert_true(worker_client_hears_close(c, PATIENCE_MS));
	bs_worker_join(w.workers[0]);
	worker_client_free(c);
	clear(&w);
}

static void
a_run_that_is_on_may_end_before_the_stop(void **state)
{
	struct worker_world w;
	struct worker_client *c;

	(void)state;
	world_of(&w, 1);
	c = worker_client_from(&w, 0, &device, "127.0.0.1");
	worker_client_run(c, HOLD_SECOND_WRITE);
	bs_worker_stop(w.workers[0]);
	worker_client_run(c, HOLD_NOWHERE);
	assert_int_equal(worker_client_finishes(c), 1);
	bs_worker_join(w.workers[0]);
	assert_int_equal(worker_world_outcome(&w, "dev"), BS_OUT_DONE);
	worker_client_free(c);
	clear(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sessions_are_found_by_endpoint_and_address),
		cmocka_unit_test(a_kick_closes_the_sessions_of_that_endpoint_alone),
		cmocka_unit_test(a_device_that_nobody_knows_is_not_traced),
		cmocka_unit_test(a_trigger_without_a_device_is_refused),
		cmocka_unit_test(a_worker_that_does_not_answer_is_waited_for_that_long),
		cmocka_unit_test(a_stop_ends_the_sessions_and_the_thread),
		cmocka_unit_test(a_run_that_is_on_may_end_before_the_stop),
	};

	return cmocka_run_group_tests(tests, setup_group, teardown_group);
}
