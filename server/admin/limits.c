/* SPDX-License-Identifier: Apache-2.0 */
#include "server/admin/limits.h"

#include <string.h>

static uint64_t
count_outcome(const struct bs_stats *s, enum bs_outcome o)
{
	uint64_t n = 0;

	for (size_t m = 0; m < BS_STATS_MODES; m++)
		n += s->outcomes[m][o];
	return n;
}

/* Lines and rows. */
static uint64_t
left_out(const struct bs_ration_counters *r, enum bs_ration_per per)
{
	uint64_t n = 0;

	for (unsigned what = 0; what < BS_RATION_WHATS; what++)
		n += r->left_out[per][what];
	return n;
}

void
bs_limits_get(const struct bs_snapshot *s, struct bs_limit out[BS_LIMIT_COUNT])
{
	const struct bs_stats *t = &s->total;
	const struct bs_snapshot_caps *cap = &s->caps;
	const struct bs_ration_counters *r = &s->ration;
	const struct bs_limit rows[BS_LIMIT_COUNT] = {
		{ "peers", "DTLS sessions", "", t->peers, cap->peers, t->dtls.dropped_table_full + t->dtls.evicted,
			false },
		{ "half-open", "handshakes in progress", "", t->half_open, cap->half_open,
			t->dtls.dropped_half_open + t->dtls.given_up[BS_HALF_OPEN_ALL], false },
		{ "half-open-per-prefix", "handshakes in progress from one network", "", t->prefix_most,
			cap->half_open_prefix, t->dtls.dropped_prefix + t->dtls.given_up[BS_HALF_OPEN_NETWORK], false },
		{ "handshake-time", "age of the oldest handshake", " s", t->handshake_age_ms / 1000,
			cap->handshake_ms / 1000, t->dtls.expired, false },
		{ "attempts-per-minute", "attempts of one device", "", s->busiest.attempts, cap->attempts,
			count_outcome(t, BS_OUT_TOO_MANY) - t->handshakes_over, false },
		{ "handshakes-per-minute", "handshakes of one device", "", s->busiest.handshakes, cap->handshakes,
			t->handshakes_over, false },
		{ "sessions-per-device", "sessions of one device", "", s->busiest.sessions, cap->sessions,
			t->outnumbered, true },
		{ "log-lines-per-second", "lines about strangers", "", r->strangers_most, cap->log_lines,
			left_out(r, BS_RATION_STRANGERS), false },
		{ "log-lines-per-prefix", "lines about strangers of one network", "", r->prefix_most,
			cap->log_lines_per_prefix, left_out(r, BS_RATION_PREFIX), false },
		{ "log-lines-per-device", "lines of one device", "", r->device_most, cap->log_lines_per_device,
			left_out(r, BS_RATION_DEVICE), false },
		{ "journal-queue", "attempts waiting for the journal", "", s->recorder.queued, cap->journal_queue,
			s->recorder.dropped, false },
	};

	memcpy(out, rows, sizeof(rows));
}
