/* SPDX-License-Identifier: Apache-2.0 */
/* The two clocks. Only main, net/ and tools read them: below net/ the time is an argument. */
#ifndef BS_BASE_CLOCK_H
#define BS_BASE_CLOCK_H

#include <stdint.h>

#define BS_NEVER UINT64_MAX /* a deadline that never comes */

uint64_t bs_clock_ms(void); /* monotonic, milliseconds */
uint64_t bs_clock_us(void); /* monotonic, microseconds: to measure, not for deadlines */
int64_t bs_clock_wall_ms(void); /* Unix time, milliseconds */

#endif
