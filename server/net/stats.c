/* SPDX-License-Identifier: Apache-2.0 */
#include "server/net/stats.h"

const uint32_t bs_histogram_bounds_ms[BS_HISTOGRAM_BUCKETS - 1] = { 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000,
	15000, 60000 };
const uint32_t bs_histogram_bounds_us[BS_HISTOGRAM_BUCKETS - 1] = { 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 10000,
	25000, 100000 };

static void
add(struct bs_histogram *h, const uint32_t bounds[BS_HISTOGRAM_BUCKETS - 1], uint64_t v)
{
	size_t i = 0;

	while (i < BS_HISTOGRAM_BUCKETS - 1 && v > bounds[i])
		i++;
	h->buckets[i]++;
	h->count++;
	h->sum += v;
}

void
bs_histogram_add_ms(struct bs_histogram *h, uint64_t ms)
{
	add(h, bs_histogram_bounds_ms, ms);
}

void
bs_histogram_add_us(struct bs_histogram *h, uint64_t us)
{
	add(h, bs_histogram_bounds_us, us);
}

/* struct bs_stats is an array of uint64_t in all but name: so one loop adds them all. */
_Static_assert(sizeof(struct bs_stats) % sizeof(uint64_t) == 0, "a member of struct bs_stats is no uint64_t");

static uint64_t
greater(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

void
bs_stats_add(struct bs_stats *total, const struct bs_stats *part)
{
	uint64_t beat_ms = total->beat_ms == 0 || part->beat_ms < total->beat_ms ? part->beat_ms : total->beat_ms;
	uint64_t prefix_most = greater(total->prefix_most, part->prefix_most),
		 handshake_age_ms = greater(total->handshake_age_ms, part->handshake_age_ms);
	uint64_t *to = (uint64_t *)total;
	const uint64_t *from = (const uint64_t *)part;

	for (size_t i = 0; i < sizeof(*total) / sizeof(*to); i++)
		to[i] += from[i];
	total->beat_ms = beat_ms;
	total->prefix_most = prefix_most;
	total->handshake_age_ms = handshake_age_ms;
}
