/* SPDX-License-Identifier: Apache-2.0 */
/* Many clients in one thread: a libevent loop that starts them, so many at once and so many a second, and waits. */
#ifndef SIM_FLEET_H
#define SIM_FLEET_H

#include "tools/sim/client.h"
#include "tools/sim/csv.h"

/* A client has ended; it is freed after the call. */
typedef void sim_ended_fn(void *arg, const struct sim_client *c, uint64_t took_ms);

typedef void sim_progress_fn(void *arg, size_t started, size_t alive, size_t ended);

struct sim_fleet_conf {
	const struct sim_conf *client;
	const char *key_dir;
	unsigned concurrency; /* clients alive at once, 0: all */
	unsigned rate; /* starts per second, 0: as fast as it goes */
	sim_ended_fn *ended; /* may be NULL */
	sim_progress_fn *progress; /* every second; may be NULL */
	void *arg; /* of both */
};

struct sim_fleet_result {
	size_t done, failed;
};

/* Take the rows through one bootstrap each. rows are borrowed pointers. BS_ENOMEM, BS_EINTERNAL. */
BS_MUST_USE enum bs_err sim_fleet_run(const struct sim_fleet_conf *conf, const struct sim_row *const *rows,
	size_t count, struct sim_fleet_result *out);

#endif
