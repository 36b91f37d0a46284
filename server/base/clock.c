/* SPDX-License-Identifier: Apache-2.0 */
#include "server/base/clock.h"

#include <time.h>

static int64_t
read_us(clockid_t id)
{
	struct timespec ts = { 0 };

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

uint64_t
bs_clock_ms(void)
{
	return (uint64_t)read_us(CLOCK_MONOTONIC) / 1000;
}

uint64_t
bs_clock_us(void)
{
	return (uint64_t)read_us(CLOCK_MONOTONIC);
}

int64_t
bs_clock_wall_ms(void)
{
	return read_us(CLOCK_REALTIME) / 1000;
}
