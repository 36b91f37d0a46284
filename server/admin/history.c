/* SPDX-License-Identifier: Apache-2.0 */
#include "server/admin/history.h"

#include <string.h>

#define MINUTE_MS 60000
#define SECOND_MS 1000

struct bs_minute
bs_history_totals(const struct bs_stats *total)
{
	struct bs_minute sum = { 0 };

	for (size_t m = 0; m < BS_STATS_MODES; m++) {
		for (size_t o = 0; o < BS_OUTCOME_COUNT; o++) {
			if (o == BS_OUT_DONE)
				sum.done += total->outcomes[m][o];
			else if (bs_outcome_is_refusal((enum bs_outcome)o))
				sum.refused += total->outcomes[m][o];
		}
	}
	return sum;
}

/* Slots that nobody counted in are empty. */
static void
move_to(struct bs_history_ring *r, uint64_t now)
{
	if (now <= r->now)
		return;
	if (now - r->now >= BS_HISTORY_RING)
		memset(r->slots, 0, sizeof(r->slots));
	else
		for (uint64_t n = r->now + 1; n <= now; n++)
			r->slots[n % BS_HISTORY_RING] = (struct bs_minute){ 0 };
	r->now = now;
}

static void
count(struct bs_history_ring *r, uint64_t now, const struct bs_minute *more)
{
	struct bs_minute *slot;

	move_to(r, now);
	slot = &r->slots[r->now % BS_HISTORY_RING];
	slot->done += more->done;
	slot->refused += more->refused;
}

static const struct bs_minute *
get(const struct bs_history_ring *r, unsigned age)
{
	return &r->slots[(r->now + BS_HISTORY_RING - age % BS_HISTORY_RING) % BS_HISTORY_RING];
}

static struct bs_minute
sum_of(const struct bs_history_ring *r, unsigned slots)
{
	struct bs_minute sum = { 0 };

	for (unsigned age = 0; age < slots && age < BS_HISTORY_RING; age++) {
		sum.done += get(r, age)->done;
		sum.refused += get(r, age)->refused;
	}
	return sum;
}

void
bs_history_add(struct bs_history *h, uint64_t now_ms, const struct bs_stats *total)
{
	struct bs_minute sum = bs_history_totals(total);
	struct bs_minute more = { sum.done - h->seen.done, sum.refused - h->seen.refused };

	count(&h->minutes, now_ms / MINUTE_MS, &more);
	count(&h->seconds, now_ms / SECOND_MS, &more);
	h->seen = sum;
}

const struct bs_minute *
bs_history_get(const struct bs_history *h, unsigned age)
{
	return get(&h->minutes, age);
}

struct bs_minute
bs_history_sum(const struct bs_history *h, unsigned minutes)
{
	return sum_of(&h->minutes, minutes);
}

struct bs_minute
bs_history_last_minute(const struct bs_history *h)
{
	return sum_of(&h->seconds, BS_HISTORY_RING);
}
