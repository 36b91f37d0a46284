/* SPDX-License-Identifier: Apache-2.0 */
/* What came of the attempts of the last hour, minute by minute: two numbers a minute, kept by main. */
#ifndef BS_ADMIN_HISTORY_H
#define BS_ADMIN_HISTORY_H

#include "server/net/stats.h"

#define BS_HISTORY_MINUTES 60

struct bs_minute {
	uint64_t done, refused;
};

struct bs_history {
	struct bs_minute minutes[BS_HISTORY_MINUTES]; /* a ring; the current minute at index now % 60 */
	uint64_t minute; /* number of the current one, counted from the start */
	struct bs_minute seen; /* totals at the last call */
};

/* Take what was counted since the last call; now_ms is monotonic. Call it once a second or so. */
void bs_history_add(struct bs_history *h, uint64_t now_ms, const struct bs_stats *total);
/* age 0 is the current minute, 59 the oldest. */
const struct bs_minute *bs_history_get(const struct bs_history *h, unsigned age);
/* The sum of the latest minutes. */
struct bs_minute bs_history_sum(const struct bs_history *h, unsigned minutes);
/* Done, and everything else but superseded runs, which their successor stands for. */
struct bs_minute bs_history_totals(const struct bs_stats *total);

#endif
