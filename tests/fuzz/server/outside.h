/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What lies outside a worker, in memory: these files define the functions of libevent that a worker calls, of udp.h,
 * clock.h, random.h and recorder.h, so that the linker takes none of theirs. Time stands still until it is told to move, no
 * socket is opened, and all that is random follows from a seed. One thread.
 *
 * With the linker's --wrap=write and --wrap=gettimeofday the log lines come here as well, and the DTLS library's timers
 * follow the same time (where it is linked statically; a shared one keeps the real clock).
 */
#ifndef BS_TESTS_FUZZ_SERVER_OUTSIDE_H
#define BS_TESTS_FUZZ_SERVER_OUTSIDE_H

#include <event2/event.h>

#include "db/journal/recorder.h"
#include "server/net/udp.h"

/* ---- time */
uint64_t outside_now_ms(void);
void outside_set_ms(uint64_t now_ms);
void outside_seed(uint64_t seed);

/* ---- the event loop */
/* Call all that is active, readable or due, until nothing is. Aborts when that takes too many turns: a loop that spins. */
void outside_turn(void);
/* The earliest timer, that of but excepted; UINT64_MAX: none. */
uint64_t outside_next_ms(const struct event *but);

/* ---- datagrams */
typedef void outside_datagram_fn(
	const struct bs_addr *local, const struct bs_addr *remote, const uint8_t *data, size_t len);
extern outside_datagram_fn *outside_on_send;
/* One datagram comes in; a copy of exactly len octets is handed in. */
void outside_deliver(
	struct bs_udp *udp, struct event *readable, const struct bs_addr *remote, const void *data, size_t len);

/* ---- what is written down */
extern void (*outside_on_attempt)(const struct bs_attempt *attempt);
extern void (*outside_on_log)(const char *line, size_t len);

/* Abort with a word on what does not hold. */
void require(bool holds, const char *what);

#endif
