/* SPDX-License-Identifier: Apache-2.0 */
/* A fleet run in numbers: outcomes as the clients saw them, how long they took, what had to be repeated. */
#ifndef SIM_TALLY_H
#define SIM_TALLY_H

#include <stdio.h>

#include "tools/sim/client.h"

struct sim_tally {
	size_t by_result[SIM_RESULT_COUNT];
	uint32_t *took_ms; /* from the first datagram to the answer to Finish, of clients that are done */
	size_t done, room;
	uint64_t again_dtls, again_coap, again_server;
	uint64_t wall_ms; /* the whole run; set by the caller */
	bool has_cpu; /* a server process was watched; set by the caller with what follows */
	uint64_t cpu_ns, rss_before, rss_after;
};

/* BS_ENOMEM. */
BS_MUST_USE enum bs_err sim_tally_add(struct sim_tally *t, const struct sim_client *c);
/* Took times at most this long: percent of the clients that are done. Sorts. 0 when none is done. */
uint32_t sim_tally_percentile_ms(struct sim_tally *t, unsigned percent);
/* Several lines for people. */
void sim_tally_print(struct sim_tally *t, FILE *to);
/* One line of JSON. BS_ENOMEM, BS_EIO. */
BS_MUST_USE enum bs_err sim_tally_json(struct sim_tally *t, FILE *to);
void sim_tally_clear(struct sim_tally *t);

#endif
