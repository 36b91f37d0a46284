/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages to a service manager (sd_notify(3)): datagrams of VARIABLE=value lines to the socket that NOTIFY_SOCKET names.
 * Nothing happens where there is none.
 */
#ifndef BS_ADMIN_NOTIFY_H
#define BS_ADMIN_NOTIFY_H

#include <stdint.h>

void bs_notify_ready(void);
/* Reloading is told with the monotonic time at which it began, and is followed by ready. */
void bs_notify_reloading(uint64_t now_ms);
void bs_notify_stopping(void);
void bs_notify_alive(void);
/* How often the manager wants to hear that we are alive: half of WATCHDOG_USEC; 0: it does not. */
uint64_t bs_notify_interval_ms(void);

#endif
