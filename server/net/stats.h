/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counters and gauges of a worker, as metrics and status show them. The worker counts in memory of its own and publishes a
 * copy once a second; nobody else ever reads the live ones.
 */
#ifndef BS_NET_STATS_H
#define BS_NET_STATS_H

#include <stddef.h>
#include <stdint.h>

#include "server/model/outcome.h"
#include "server/coap/exchange.h"
#include "server/dtls/peer.h"
#include "server/net/udp.h"

#define BS_HISTOGRAM_BUCKETS 13
#define BS_STATS_MODES 4 /* psk, rpk, x509, and not known (yet) */

/* Upper bounds; the last bucket has none. A histogram is one of milliseconds or one of microseconds. */
extern const uint32_t bs_histogram_bounds_ms[BS_HISTOGRAM_BUCKETS - 1];
extern const uint32_t bs_histogram_bounds_us[BS_HISTOGRAM_BUCKETS - 1];

struct bs_histogram {
	uint64_t buckets[BS_HISTOGRAM_BUCKETS]; /* not cumulative */
	uint64_t count, sum; /* sum in the unit of the bounds */
};

void bs_histogram_add_ms(struct bs_histogram *h, uint64_t ms);
void bs_histogram_add_us(struct bs_histogram *h, uint64_t us);

struct bs_stats {
	uint64_t outcomes[BS_STATS_MODES][BS_OUTCOME_COUNT];
	struct bs_histogram handshake, run; /* ms */
	struct bs_histogram look_up, load; /* us: a credential in the store; a device's whole account */
	struct bs_dtls_counters dtls;
	struct bs_exchange_counters exchange;
	struct bs_udp_counters udp;
	uint64_t runs_started, requests_dropped, load_errors, store_errors, clone_signals;
	uint64_t handshakes_over; /* of devices beyond their limit, given up */
	uint64_t outnumbered; /* sessions closed, as their device had one more than it may */
	uint64_t verified_again, lost; /* sessions: judged anew after a change; closed as they were good no more */
	uint64_t store_tampered_reads; /* look-ups and accounts refused for what was changed */
	/* gauges */
	uint64_t peers, half_open, runs;
	uint64_t ignored; /* addresses that meet silence for a while */
	uint64_t store_failing; /* 1: the store cannot be read */
	uint64_t
		store_tampered; /* 1: the last device that was refused for it is still as it was, or the store's record is */
	/* gauges of which the greatest of all workers counts */
	uint64_t prefix_most; /* handshakes in progress of the source prefix that has most */
	uint64_t handshake_age_ms; /* of the oldest handshake in progress */
	uint64_t beat_ms; /* monotonic time of publication: an old one means a stuck worker */
};

/* total += part; beat_ms becomes the older of the two, and of some gauges the greater one stays. */
void bs_stats_add(struct bs_stats *total, const struct bs_stats *part);

#endif
