/* SPDX-License-Identifier: Apache-2.0 */
/* The greatest of some numbers in this minute or the one before: how near a limit was of late. Zeroed memory is a good one. */
#ifndef BS_NET_PEAK_H
#define BS_NET_PEAK_H

#include <stdint.h>

struct bs_peak {
	uint64_t minute; /* number of the minute of most[0]; most[1] is that of the one before */
	unsigned most[2];
};

void bs_peak_note(struct bs_peak *p, uint64_t now_ms, unsigned value);
unsigned bs_peak_get(struct bs_peak *p, uint64_t now_ms);

#endif
