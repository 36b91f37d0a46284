/* SPDX-License-Identifier: Apache-2.0 */
#include "server/net/stats.h"

const uint32_t bs_histogram_bounds_ms[BS_HISTOGRAM_BUCKETS - 1] = { 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000,
	15000, 60000 };

void
bs_histogram_add(struct bs_histogram *h, uint64_t ms)
{
	size_t i = 0;

	while (i < BS_HISTOGRAM_BUCKETS - 1 && ms > bs_histogram_bounds_ms[i])
		i++;
	h->buckets[i]++;
	h->count++;
	h->sum_ms += ms;
}

/* struct bs_stats is an array of uint64_t in all but name: so one loop adds them all. */
_Static_assert(sizeof(struct bs_stats) % sizeof(uint64_t) == 0, "a member of struct bs_stats is no uint64_t");

void
bs_stats_add(struct bs_stats *total, const struct bs_stats *part)
{
	uint64_t beat_ms = total->beat_ms == 0 || part->beat_ms < total->beat_ms ? part->beat_ms : total->beat_ms;
	uint64_t *to = (uint64_t *)total;
	const uint64_t *from = (const uint64_t *)part;

	for (size_t i = 0; i < sizeof(*total) / sizeof(*to); i++)
		to[i] += from[i];
	total->beat_ms = beat_ms;
}
