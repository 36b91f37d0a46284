/* SPDX-License-Identifier: Apache-2.0 */
/* What a worker does with a device's attempts, beyond the device table's own sums. */
#include "tests/lib/test.h"

#include <unistd.h>

#include "server/base/clock.h"
#include "tests/lib/dtls_world.h"
#include "tests/lib/worker_world.h"

#define PATIENCE_MS 30000

static const struct worker_device device = { .endpoint = "dev", .mode = BS_MODE_PSK };
static void
world_with(struct worker_world *w, unsigned attempts)
{
	*w = (struct worker_world){ .attempts = attempts };
	w->anchors[0] = pki_write_cert(&world_keys.ca);
	w->server_cert = pki_write_cert(&world_keys.server);
	w->server_key = pki_write_key(&world_keys.server);
	worker_world_init(w, &device, 1, 1);
}

static bool
bootstraps(struct worker_world *w)
{
	struct worker_client *c = worker_client_from(w, 0, &device, "127.0.0.1");
	bool done;

	worker_client_run_briefly(c);
	done = worker_client_finishes(c) > 0;
	worker_client_free(c);
	return done;
}

static void
one_attempt_beyond_the_limit_meets_silence_and_is_told(void **state)
{
	struct worker_world w;

	(void)state;
	world_with(&w, 2);
	assert_true(bootstraps(&w));
	assert_true(bootstraps(&w));
	assert_int_equal(worker_world_outcome(&w, "dev"), BS_OUT_DONE);
	assert_false(bootstraps(&w));
	assert_true(worker_world_comes(&w, "dev", BS_OUT_TOO_MANY));
	worker_world_clear(&w);
	pki_remove_files();
}

static uint64_t
clone_signals(struct worker_world *w, uint64_t wanted)
{
	uint64_t end_ms = bs_clock_ms() + PATIENCE_MS;
	struct bs_stats s;

	do { /* published once a second */
		usleep(20000);
		bs_worker_get_stats(w->workers[0], &s);
	} while ((s.clone_signals < wanted || s.runs_started < 2) && bs_clock_ms() < end_ms);
	return s.clone_signals;
}

/* The second host begins while the first is in its run. */
static void
a_credential_at_two_hosts_at_once_is_signalled(void **state)
{
	static const struct {
		const char *second;
		uint64_t signals;
	} rows[] = { { "127.0.0.2", 1 }, { "127.0.0.1", 0 } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct worker_world w;
		struct worker_client *first, *second;

		world_with(&w, 0);
		first = worker_client_from(&w, 0, &device, "127.0.0.1");
		worker_client_run(first, HOLD_FIRST_WRITE);
		second = worker_client_from(&w, 0, &device, rows[i].second);
		worker_client_run(second, HOLD_NOWHERE);
		assert_int_equal(worker_client_finishes(second), 1);
		assert_true(worker_world_comes(&w, "dev", BS_OUT_SUPERSEDED));
		assert_int_equal(clone_signals(&w, rows[i].signals), rows[i].signals);
		worker_client_free(first);
		worker_client_free(second);
		worker_world_clear(&w);
		pki_remove_files();
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_attempt_beyond_the_limit_meets_silence_and_is_told),
		cmocka_unit_test(a_credential_at_two_hosts_at_once_is_signalled),
	};

	return cmocka_run_group_tests(tests, world_keys_setup, world_keys_teardown);
}
