/* SPDX-License-Identifier: Apache-2.0 */
#include "server/admin/snapshot.h"

#include <string.h>

#include "server/base/clock.h"

static struct bs_snapshot_caps
caps_of(const struct bs_conf *c)
{
	return (struct bs_snapshot_caps){
		.peers = c->peers,
		.half_open = c->half_open,
		.half_open_prefix = c->half_open_prefix,
		.handshake_ms = c->handshake_ms,
		.attempts = c->attempts_per_minute,
		.log_lines = c->log_lines,
		.journal_queue = c->journal_queue,
		.handshakes = bs_conf_handshakes(c),
		.sessions = c->sessions_per_device,
		.log_lines_per_prefix = c->log_lines_per_prefix,
		.log_lines_per_device = c->log_lines_per_device,
	};
}

void
bs_snapshot_take(const struct bs_shared *shared, uint64_t started_ms, struct bs_snapshot *out)
{
	memset(out, 0, sizeof(*out));
	out->workers = shared->worker_count;
	out->library = shared->library;
	out->started_ms = started_ms;
	out->now_ms = bs_clock_ms();
	out->wall_s = bs_clock_wall_ms() / 1000;
	out->caps = caps_of(shared->conf);
	bs_device_table_busiest(shared->devices, out->now_ms, &out->busiest);
	if (shared->ration != NULL)
		bs_ration_get(shared->ration, out->now_ms, &out->ration);
	for (unsigned i = 0; i < shared->worker_count; i++) {
		struct bs_stats s;

		bs_worker_get_stats(shared->workers[i], &s);
		bs_stats_add(&out->total, &s);
	}
	bs_recorder_get_counters(shared->recorder, &out->recorder);
}

bool
bs_snapshot_workers_alive(const struct bs_snapshot *s)
{
	return s->now_ms <= s->total.beat_ms + BS_WORKER_STUCK_MS;
}

const char *
bs_snapshot_trouble(const struct bs_snapshot *s)
{
	if (!bs_snapshot_workers_alive(s))
		return "a worker does not answer";
	if (s->total.store_failing > 0)
		return "the store cannot be read";
	if (s->total.store_tampered > 0)
		return "the store was changed without its keys; lwm2m-bootstrapctl verify shows what";
	if (s->recorder.store_age == BS_AGE_OLDER)
		return "the store is older than one that was seen; if that is intended: lwm2m-bootstrapctl restore --accept";
	if (s->recorder.store_age == BS_AGE_OTHER)
		return "the store is not the one that was seen; if that is intended: lwm2m-bootstrapctl restore --accept";
	if (s->recorder.failing)
		return "the journal cannot be written";
	return NULL;
}
