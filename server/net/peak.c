/* SPDX-License-Identifier: Apache-2.0 */
#include "server/net/peak.h"

#define MINUTE_MS 60000

static void
move(struct bs_peak *p, uint64_t now_ms)
{
	uint64_t minute = now_ms / MINUTE_MS;

	if (minute <= p->minute) /* threads do not read the clock at the same moment */
		return;
	p->most[1] = minute == p->minute + 1 ? p->most[0] : 0;
	p->most[0] = 0;
	p->minute = minute;
}

void
bs_peak_note(struct bs_peak *p, uint64_t now_ms, unsigned value)
{
	move(p, now_ms);
	if (value > p->most[0])
		p->most[0] = value;
}

unsigned
bs_peak_get(struct bs_peak *p, uint64_t now_ms)
{
	move(p, now_ms);
	return p->most[0] > p->most[1] ? p->most[0] : p->most[1];
}
