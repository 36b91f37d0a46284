/* SPDX-License-Identifier: Apache-2.0 */
/* What is committed to the store reaches the sessions that are open, within a second or two. */
#include "tests/lib/test.h"

#include <stdlib.h>
#include <unistd.h>

#include "server/base/clock.h"
#include "tests/lib/worker_world.h"

#define PATIENCE_MS 10000
#define STAYS_MS 2500 /* the worker looks at the store in it, twice */

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

static const struct worker_device at_once = { .endpoint = "dev", .mode = BS_MODE_PSK, .on_change = BS_CHANGE_CLOSE },
				  after_run = { .endpoint = "dev",
					  .mode = BS_MODE_PSK,
					  .on_change = BS_CHANGE_CLOSE_AFTER_RUN },
				  keep = { .endpoint = "dev", .mode = BS_MODE_PSK, .on_change = BS_CHANGE_KEEP };

static void
world_of(struct worker_world *w, const struct worker_device *device, unsigned close_rate)
{
	*w = (struct worker_world){ .close_rate = close_rate };
	w->anchors[0] = pki_write_cert(&ca);
	w->server_cert = pki_write_cert(&server);
	w->server_key = pki_write_key(&server);
	worker_world_init(w, device, 1, 1);
}

static void
clear(struct worker_world *w)
{
	worker_world_clear(w);
	pki_remove_files();
}

/* ---- what the operator does --------------------------------------------------------------------------------------- */

static void
change_profile(struct worker_world *w, const struct worker_device *device)
{
	static const char *const servers[] = { "a", "b" };
	struct bs_profile_def def = { .servers = servers, .server_count = 2 };

	bs_profile_init(&def.profile);
	snprintf(def.profile.name, sizeof(def.profile.name), "p");
	def.profile.on_change = device->on_change;
	def.profile.access_control = BS_AC_NONE;
	def.profile.ack_timeout_ms = 30000;
	def.profile.max_retransmit = 1;
	assert_int_equal(bs_store_replace_profile(w->writer, &def, &w->diag), BS_OK);
}

static void
change_another_profile(struct worker_world *w, const struct worker_device *device)
{
	static const char *const servers[] = { "a" };
	struct bs_profile_def def = { .servers = servers, .server_count = 1 };

	(void)device;
	bs_profile_init(&def.profile);
	snprintf(def.profile.name, sizeof(def.profile.name), "other");
	assert_int_equal(bs_store_add_profile(w->writer, &def, &w->diag), BS_OK);
	def.profile.ack_timeout_ms = 3000;
	assert_int_equal(bs_store_replace_profile(w->writer, &def, &w->diag), BS_OK);
}

static void
disable_device(struct worker_world *w, const struct worker_device *device)
{
	assert_int_equal(bs_store_enable_device(w->writer, device->endpoint, false), BS_OK);
}

static void
delete_device(struct worker_world *w, const struct worker_device *device)
{
	assert_int_equal(bs_store_delete_device(w->writer, device->endpoint), BS_OK);
}

/* ---- sessions ----------------------------------------------------------------------------------------------------- */

/* A device says nothing when the change comes; whatever is to happen to it happens by the worker's own look. */
static const struct row {
	const char *name;
	void (*change)(struct worker_world *w, const struct worker_device *device);
	const struct worker_device *device;
	enum worker_hold hold; /* NOWHERE: its run is over, its session open */
	bool closed; /* while it holds still */
	enum bs_outcome outcome; /* of the run that is on; COUNT: none is */
	bool closed_after; /* when it went on to the end of its run */
} rows[] = {
	{ "profile, close, after Finish", change_profile, &at_once, HOLD_NOWHERE, true, BS_OUTCOME_COUNT, false },
	{ "profile, close, in its run", change_profile, &at_once, HOLD_SECOND_WRITE, true, BS_OUT_SUPERSEDED, false },
	{ "profile, close-after-run, after Finish", change_profile, &after_run, HOLD_NOWHERE, true, BS_OUTCOME_COUNT,
		false },
	{ "profile, close-after-run, in its run", change_profile, &after_run, HOLD_SECOND_WRITE, false, BS_OUT_DONE,
		true },
	{ "profile, keep, after Finish", change_profile, &keep, HOLD_NOWHERE, false, BS_OUTCOME_COUNT, false },
	{ "profile, keep, in its run", change_profile, &keep, HOLD_SECOND_WRITE, false, BS_OUT_DONE, false },
	{ "profile, close, nothing of it was read yet", change_profile, &at_once, HOLD_REQUEST, false, BS_OUT_DONE,
		false },
	{ "another profile, close, after Finish", change_another_profile, &at_once, HOLD_NOWHERE, false,
		BS_OUTCOME_COUNT, false },
	{ "device disabled, after Finish", disable_device, &keep, HOLD_NOWHERE, true, BS_OUTCOME_COUNT, false },
	{ "device disabled, in its run", disable_device, &keep, HOLD_SECOND_WRITE, true, BS_OUT_DEVICE_DISABLED,
		false },
	{ "device deleted, after Finish", delete_device, &keep, HOLD_NOWHERE, true, BS_OUTCOME_COUNT, false },
	{ "device deleted, in its run", delete_device, &keep, HOLD_SECOND_WRITE, true, BS_OUT_DEVICE_DISABLED, false },
};

static unsigned
tell(const struct row *r, const char *what)
{
	print_message("%s: %s\n", r->name, what);
	return 1;
}

static unsigned
try_one(const struct row *r)
{
	struct worker_world w;
	struct worker_client *c;
	unsigned wrong = 0;

	world_of(&w, r->device, 0);
	c = worker_client_from(&w, 0, r->device, "127.0.0.1");
	worker_client_run(c, r->hold);
	if (r->hold == HOLD_NOWHERE)
		assert_int_equal(worker_client_finishes(c), 1);
	r->change(&w, r->device);
	if (worker_client_hears_close(c, r->closed ? PATIENCE_MS : STAYS_MS) != r->closed)
		wrong += tell(r, r->closed ? "it was not closed" : "it was closed");
	if (!r->closed && r->outcome != BS_OUTCOME_COUNT)
		worker_client_run(c, HOLD_NOWHERE);
	if (r->outcome != BS_OUTCOME_COUNT && worker_world_outcome(&w, "dev") != r->outcome)
		wrong += tell(r, "another outcome");
	if (!r->closed && r->outcome != BS_OUTCOME_COUNT &&
		worker_client_hears_close(c, r->closed_after ? PATIENCE_MS : STAYS_MS) != r->closed_after)
		wrong += tell(r, r->closed_after ? "not closed after its run" : "closed after its run");
	worker_client_free(c);
	clear(&w);
	return wrong;
}

static void
changes_reach_the_sessions_that_are_open(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		wrong += try_one(&rows[i]);
	assert_int_equal(wrong, 0);
}

static void
await(struct worker_client *c[2], uint64_t closed_ms[2])
{
	uint64_t end_ms = bs_clock_ms() + PATIENCE_MS;

	while ((closed_ms[0] == 0 || closed_ms[1] == 0) && bs_clock_ms() < end_ms)
		for (size_t i = 0; i < 2; i++)
			if (closed_ms[i] == 0 && worker_client_hears_close(c[i], 1))
				closed_ms[i] = bs_clock_ms();
}

/* One a second, so that two sessions show it. */
static void
sessions_of_a_changed_profile_are_closed_at_a_pace(void **state)
{
	struct worker_world w;
	struct worker_client *c[2];
	uint64_t closed_ms[2] = { 0 };

	(void)state;
	world_of(&w, &at_once, 1);
	for (size_t i = 0; i < 2; i++) {
		c[i] = worker_client_from(&w, 0, &at_once, "127.0.0.1");
		worker_client_run(c[i], HOLD_NOWHERE);
		assert_int_equal(worker_client_finishes(c[i]), 1);
	}
	change_profile(&w, &at_once);
	await(c, closed_ms);
	assert_true(closed_ms[0] > 0 && closed_ms[1] > 0);
	assert_in_range(closed_ms[0] > closed_ms[1] ? closed_ms[0] - closed_ms[1] : closed_ms[1] - closed_ms[0], 800,
		PATIENCE_MS);
	for (size_t i = 0; i < 2; i++)
		worker_client_free(c[i]);
	clear(&w);
}

/* A run that began after the change has read it. */
static void
a_session_that_has_read_the_change_stays(void **state)
{
	struct worker_world w;
	struct worker_client *c;

	(void)state;
	world_of(&w, &at_once, 0);
	change_profile(&w, &at_once);
	c = worker_client_from(&w, 0, &at_once, "127.0.0.1");
	worker_client_run(c, HOLD_NOWHERE);
	assert_int_equal(worker_client_finishes(c), 1);
	assert_false(worker_client_hears_close(c, STAYS_MS));
	worker_client_free(c);
	clear(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changes_reach_the_sessions_that_are_open),
		cmocka_unit_test(sessions_of_a_changed_profile_are_closed_at_a_pace),
		cmocka_unit_test(a_session_that_has_read_the_change_stays),
	};

	return cmocka_run_group_tests(tests, setup_group, teardown_group);
}
