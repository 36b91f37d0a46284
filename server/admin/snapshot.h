/* SPDX-License-Identifier: Apache-2.0 */
/* What the daemon looks like at one moment: the sum over all workers, and whether it is well. For metrics, status, control. */
#ifndef BS_ADMIN_SNAPSHOT_H
#define BS_ADMIN_SNAPSHOT_H

#include <stdbool.h>

#include "db/journal/recorder.h"
#include "server/net/worker.h"

#define BS_WORKER_STUCK_MS 10000 /* a worker publishes every second; older news mean that it is stuck */

/* Limits as configured, all workers together but where the option says otherwise. */
struct bs_snapshot_caps {
	uint64_t peers, half_open, half_open_prefix, handshake_ms, attempts, log_lines, journal_queue;
	uint64_t handshakes, sessions, log_lines_per_prefix, log_lines_per_device;
};

struct bs_snapshot {
	struct bs_stats total;
	struct bs_recorder_counters recorder;
	unsigned workers;
	const char *library;
	uint64_t now_ms, started_ms; /* monotonic */
	int64_t wall_s;
	struct bs_device_busiest busiest;
	struct bs_ration_counters ration;
	struct bs_snapshot_caps caps;
};

void bs_snapshot_take(const struct bs_shared *shared, uint64_t started_ms, struct bs_snapshot *out);
bool bs_snapshot_workers_alive(const struct bs_snapshot *s);
/* NULL when all is well, else why not, for people. */
const char *bs_snapshot_trouble(const struct bs_snapshot *s);

#endif
