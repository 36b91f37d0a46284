/* SPDX-License-Identifier: Apache-2.0 */
/* What came of the attempts of the last hour, minute by minute, and of the last minute, second by second; kept by main. */
#ifndef BS_ADMIN_HISTORY_H
#define BS_ADMIN_HISTORY_H

#include "server/net/stats.h"

#define BS_HISTORY_MINUTES 60
#define BS_HISTORY_RING 60

struct bs_minute {
	uint64_t done, refused;
};

/* The latest 60 minutes or seconds. */
struct bs_history_ring {
	struct bs_minute slots[BS_HISTORY_RING]; /* the current one at index now % 60 */
	uint64_t now; /* number of the current one */
};

struct bs_history {
	struct bs_history_ring minutes, seconds;
	struct bs_minute seen; /* totals at the last call */
};

/* Take what was counted since the last call; now_ms is monotonic. Call it once a second or so. */
void bs_history_add(struct bs_history *h, uint64_t now_ms, const struct bs_stats *total);
/* age 0 is the current minute, 59 the oldest. */
const struct bs_minute *bs_history_get(const struct bs_history *h, unsigned age);
/* The sum of the latest minutes, of which the current one is not over yet. */
struct bs_minute bs_history_sum(const struct bs_history *h, unsigned minutes);
/* The sum of the latest 60 seconds. */
struct bs_minute bs_history_last_minute(const struct bs_history *h);
/* Done, and everything else but superseded runs, which their successor stands for. */
struct bs_minute bs_history_totals(const struct bs_stats *total);

#endif
