/* SPDX-License-Identifier: Apache-2.0 */
#define OPENSSL_SUPPRESS_DEPRECATED /* a random source of one's own has no newer interface as short */
#include "tests/fuzz/server/outside.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/time.h>
#include <unistd.h>

#include <openssl/rand.h>

#include "server/base/clock.h"
#include "server/base/random.h"

#define WALL_S 1900000000 /* Unix time at time 0; certificates are judged by the real clock all the same */
#define TURNS_MAX 20000

void
require(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "does not hold: %s\n", what);
	abort();
}

/* ---- clock.h ------------------------------------------------------------------------------------------------------ */

static uint64_t now_ms = 1000;

uint64_t
outside_now_ms(void)
{
	return now_ms;
}

void
outside_set_ms(uint64_t to_ms)
{
	now_ms = to_ms;
}

uint64_t
bs_clock_ms(void)
{
	return now_ms;
}

uint64_t
bs_clock_us(void)
{
	return now_ms * 1000;
}

int64_t
bs_clock_wall_ms(void)
{
	return (int64_t)now_ms + WALL_S * INT64_C(1000);
}

int __wrap_gettimeofday(struct timeval *tv, void *zone);

int
__wrap_gettimeofday(struct timeval *tv, void *zone)
{
	(void)zone;
	tv->tv_sec = (time_t)(WALL_S + now_ms / 1000);
	tv->tv_usec = (suseconds_t)(now_ms % 1000 * 1000);
	return 0;
}

/* ---- random.h, and the library's ---------------------------------------------------------------------------------- */

static uint64_t chance = 1;

static int
fill_random(unsigned char *out, int len)
{
	for (int i = 0; i < len; i++) {
		chance = chance * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		out[i] = (unsigned char)(chance >> 56);
	}
	return 1;
}

static int
random_status(void)
{
	return 1;
}

void
outside_seed(uint64_t seed)
{
	static const RAND_METHOD method = { .bytes = fill_random, .pseudorand = fill_random, .status = random_status };

	chance = seed;
	require(RAND_set_rand_method(&method) == 1, "the library takes a random source");
}

void
bs_random_system(void *arg, void *out, size_t len)
{
	(void)arg;
	fill_random(out, (int)len);
}

/* ---- libevent ----------------------------------------------------------------------------------------------------- */

struct event {
	evutil_socket_t fd;
	short what;
	event_callback_fn fn;
	void *arg;
	bool active, added;
	uint64_t at_ms; /* UINT64_MAX: no time */
	LIST_ENTRY(event) link;
};
static LIST_HEAD(, event) events = LIST_HEAD_INITIALIZER(events);

struct event_base *
event_base_new(void)
{
	return malloc(1);
}

void
event_base_free(struct event_base *base)
{
	free(base);
}

int
event_base_dispatch(struct event_base *base)
{
	(void)base;
	return -1;
}

int
event_base_loopbreak(struct event_base *base)
{
	(void)base;
	return 0;
}

struct event *
event_new(struct event_base *base, evutil_socket_t fd, short what, event_callback_fn fn, void *arg)
{
	struct event *e = calloc(1, sizeof(*e));

	(void)base;
	require(e != NULL, "memory");
	*e = (struct event){ .fd = fd, .what = what, .fn = fn, .arg = arg, .at_ms = UINT64_MAX };
	LIST_INSERT_HEAD(&events, e, link);
	return e;
}

void
event_free(struct event *e)
{
	LIST_REMOVE(e, link);
	free(e);
}

int
event_add(struct event *e, const struct timeval *tv)
{
	e->added = true;
	e->at_ms = tv == NULL ? UINT64_MAX : now_ms + (uint64_t)tv->tv_sec * 1000 + (uint64_t)tv->tv_usec / 1000;
	return 0;
}

int
event_del(struct event *e)
{
	e->added = e->active = false;
	e->at_ms = UINT64_MAX;
	return 0;
}

void
event_active(struct event *e, int what, short calls)
{
	(void)what;
	(void)calls;
	e->active = true;
}

static bool
is_readable(const struct event *e)
{
	struct pollfd p = { .fd = e->fd, .events = POLLIN };

	return e->added && (e->what & EV_READ) != 0 && e->fd >= 0 && poll(&p, 1, 0) == 1;
}

static bool
is_due(const struct event *e)
{
	return e->active || (e->added && e->at_ms <= now_ms) || is_readable(e);
}

void
outside_turn(void)
{
	for (unsigned turns = 0; turns < TURNS_MAX; turns++) {
		struct event *e;

		LIST_FOREACH (e, &events, link)
			if (is_due(e))
				break;
		if (e == NULL)
			return;
		e->active = false;
		if (e->at_ms <= now_ms)
			event_del(e);
		e->fn(e->fd, e->what, e->arg); /* may free e, and others */
	}
	require(false, "the loop comes to rest");
}

uint64_t
outside_next_ms(const struct event *but)
{
	uint64_t next = UINT64_MAX;
	struct event *e;

	LIST_FOREACH (e, &events, link)
		if (e != but && e->added && e->at_ms < next)
			next = e->at_ms;
	return next;
}

/* ---- udp.h -------------------------------------------------------------------------------------------------------- */

struct bs_udp {
	struct bs_addr addr;
	struct bs_udp_counters counters;
	struct bs_addr from;
	uint8_t *in; /* the one datagram that waits */
	size_t in_len;
};

outside_datagram_fn *outside_on_send;

enum bs_err
bs_udp_open(const struct bs_addr *addr, struct bs_udp **out, struct bs_diag *diag)
{
	struct bs_udp *u = calloc(1, sizeof(*u));

	(void)diag;
	require(u != NULL, "memory");
	u->addr = *addr;
	if (bs_addr_port(addr) == 0)
		u->addr.in4.sin_port = htons(45684);
	*out = u;
	return BS_OK;
}

void
bs_udp_close(struct bs_udp *u)
{
	free(u);
}

int
bs_udp_get_fd(const struct bs_udp *u)
{
	(void)u;
	return -1;
}

const struct bs_addr *
bs_udp_get_addr(const struct bs_udp *u)
{
	return &u->addr;
}

const struct bs_udp_counters *
bs_udp_get_counters(const struct bs_udp *u)
{
	return &u->counters;
}

size_t
bs_udp_receive(struct bs_udp *u, bs_udp_fn *fn, void *arg)
{
	uint8_t *in = u->in;

	u->in = NULL;
	if (in == NULL)
		return 0;
	fn(arg, &u->addr, &u->from, in, u->in_len);
	free(in);
	return 1;
}

bool
bs_udp_serves(const struct bs_udp *u, const struct bs_addr *local)
{
	return bs_addr_equal(local, &u->addr);
}

void
bs_udp_send(
	struct bs_udp *u, const struct bs_addr *local, const struct bs_addr *remote, const uint8_t *data, size_t len)
{
	require(bs_addr_equal(local, &u->addr), "an answer leaves from where it was asked");
	outside_on_send(local, remote, data, len);
}

void
bs_udp_flush(struct bs_udp *u)
{
	(void)u;
}

void
outside_deliver(struct bs_udp *udp, struct event *readable, const struct bs_addr *remote, const void *data, size_t len)
{
	if (len == 0 || len > BS_UDP_DATAGRAM_MAX)
		return;
	udp->from = *remote;
	udp->in = malloc(len);
	udp->in_len = len;
	require(udp->in != NULL, "memory");
	memcpy(udp->in, data, len);
	event_active(readable, EV_READ, 0);
	outside_turn();
}

/* ---- recorder.h --------------------------------------------------------------------------------------------------- */

void (*outside_on_attempt)(const struct bs_attempt *attempt);

enum bs_err
bs_recorder_start(
	struct bs_journal *journal, const struct bs_journal_limits *limits, size_t queue_max, struct bs_recorder **out)
{
	(void)limits;
	(void)queue_max;
	*out = (struct bs_recorder *)journal;
	return BS_OK;
}

bool
bs_recorder_post(struct bs_recorder *r, const struct bs_attempt *attempt)
{
	(void)r;
	outside_on_attempt(attempt);
	return true;
}

void
bs_recorder_saw_store(struct bs_recorder *r, const struct bs_generation *now)
{
	(void)r;
	require(now != NULL, "a generation");
}

void
bs_recorder_get_counters(struct bs_recorder *r, struct bs_recorder_counters *out)
{
	(void)r;
	memset(out, 0, sizeof(*out));
}

void
bs_recorder_stop(struct bs_recorder *r)
{
	bs_journal_close((struct bs_journal *)r);
}

/* ---- the log ------------------------------------------------------------------------------------------------------ */

void (*outside_on_log)(const char *line, size_t len);

ssize_t __real_write(int fd, const void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len);

ssize_t
__wrap_write(int fd, const void *data, size_t len)
{
	if (fd != STDERR_FILENO || outside_on_log == NULL)
		return __real_write(fd, data, len);
	outside_on_log(data, len);
	return (ssize_t)len;
}
