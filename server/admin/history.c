/* SPDX-License-Identifier: Apache-2.0 */
#include "server/admin/history.h"

#include <string.h>

#define MINUTE_MS 60000

struct bs_minute
bs_history_totals(const struct bs_stats *total)
{
	struct bs_minute sum = { 0 };

	for (size_t m = 0; m < BS_STATS_MODES; m++) {
		for (size_t o = 0; o < BS_OUTCOME_COUNT; o++) {
			if (o == BS_OUT_DONE)
				sum.done += total->outcomes[m][o];
			else if (o != BS_OUT_SUPERSEDED)
				sum.refused += total->outcomes[m][o];
		}
	}
	return sum;
}

/* Minutes that nobody counted in are empty. */
static void
move_to(struct bs_history *h, uint64_t minute)
{
	if (minute - h->minute >= BS_HISTORY_MINUTES)
		memset(h->minutes, 0, sizeof(h->minutes));
	else
		for (uint64_t m = h->minute + 1; m <= minute; m++)
			h->minutes[m % BS_HISTORY_MINUTES] = (struct bs_minute){ 0 };
	h->minute = minute;
}

void
bs_history_add(struct bs_history *h, uint64_t now_ms, const struct bs_stats *total)
{
	struct bs_minute sum = bs_history_totals(total), *now;

	if (now_ms / MINUTE_MS > h->minute)
		move_to(h, now_ms / MINUTE_MS);
	now = &h->minutes[h->minute % BS_HISTORY_MINUTES];
	now->done += sum.done - h->seen.done;
	now->refused += sum.refused - h->seen.refused;
	h->seen = sum;
}

const struct bs_minute *
bs_history_get(const struct bs_history *h, unsigned age)
{
	return &h->minutes[(h->minute + BS_HISTORY_MINUTES - age % BS_HISTORY_MINUTES) % BS_HISTORY_MINUTES];
}

struct bs_minute
bs_history_sum(const struct bs_history *h, unsigned minutes)
{
	struct bs_minute sum = { 0 };

	for (unsigned age = 0; age < minutes && age < BS_HISTORY_MINUTES; age++) {
		sum.done += bs_history_get(h, age)->done;
		sum.refused += bs_history_get(h, age)->refused;
	}
	return sum;
}
