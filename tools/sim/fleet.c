/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/sim/fleet.h"

#include <stdlib.h>

#include <event2/event.h>

#include "server/base/clock.h"

struct fleet {
	const struct sim_fleet_conf *conf;
	const struct sim_row *const *rows;
	size_t count, next, alive;
	uint64_t start_ms;
	struct event_base *base;
	struct event *starter, *reporter;
	struct sim_fleet_result *result;
	enum bs_err err;
};

/* One client in the loop. */
struct seat {
	struct fleet *fleet;
	struct sim_client *client;
	struct event *readable, *timer;
	unsigned socket; /* which of the client's sockets readable waits for: a reboot brings another */
};

static void start_more(struct fleet *f);

static void
free_seat(struct seat *s)
{
	if (s->readable != NULL)
		event_free(s->readable);
	if (s->timer != NULL)
		event_free(s->timer);
	sim_client_free(s->client);
	free(s);
}

static void
leave(struct seat *s, uint64_t now_ms)
{
	struct fleet *f = s->fleet;
	const struct sim_client *c = s->client;

	if (c->result == SIM_DONE)
		f->result->done++;
	else
		f->result->failed++;
	if (f->conf->ended != NULL)
		f->conf->ended(f->conf->arg, c, now_ms - c->start_ms);
	free_seat(s);
	f->alive--;
	event_active(f->starter, EV_TIMEOUT, 0);
}

static void on_readable(evutil_socket_t fd, short what, void *arg);

static bool
wait_for(struct seat *s)
{
	if (s->readable != NULL && s->socket == s->client->sockets)
		return true;
	if (s->readable != NULL)
		event_free(s->readable);
	s->socket = s->client->sockets;
	s->readable = event_new(s->fleet->base, s->client->link.fd, EV_READ | EV_PERSIST, on_readable, s);
	return s->readable != NULL && event_add(s->readable, NULL) == 0;
}

/* After each call into the client: gone, or wait for what it wants now. */
static void
look_again(struct seat *s)
{
	uint64_t now = bs_clock_ms(), due = sim_client_deadline_ms(s->client);
	uint64_t left = due > now ? due - now : 0;
	struct timeval tv = { .tv_sec = (time_t)(left / 1000), .tv_usec = (suseconds_t)(left % 1000 * 1000) };

	if (s->client->state == SIM_ST_ENDED) {
		leave(s, now);
		return;
	}
	if (!wait_for(s) || event_add(s->timer, &tv) != 0) {
		s->fleet->err = BS_ENOMEM;
		event_base_loopbreak(s->fleet->base);
	}
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct seat *s = arg;

	(void)fd;
	(void)what;
	sim_client_on_readable(s->client, bs_clock_ms());
	look_again(s);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct seat *s = arg;

	(void)fd;
	(void)what;
	sim_client_on_timer(s->client, bs_clock_ms());
	look_again(s);
}

static void
start_one(struct fleet *f, size_t index)
{
	struct seat *s = calloc(1, sizeof(*s));

	if (s != NULL) {
		s->fleet = f;
		s->client = sim_client_new(f->conf->client, f->rows[index], f->conf->key_dir, index);
		s->timer = evtimer_new(f->base, on_timer, s);
	}
	if (s == NULL || s->client == NULL || s->timer == NULL) {
		f->err = BS_ENOMEM;
		event_base_loopbreak(f->base);
		if (s != NULL)
			free_seat(s);
		return;
	}
	f->alive++;
	s->client->owner = s;
	sim_client_start(s->client, bs_clock_ms());
	look_again(s);
}

/* How many may have been started by now. */
static size_t
allowed(const struct fleet *f)
{
	if (f->conf->rate == 0)
		return f->count;
	return (size_t)((bs_clock_ms() - f->start_ms) * f->conf->rate / 1000) + 1;
}

static void
start_more(struct fleet *f)
{
	size_t most = f->conf->concurrency != 0 ? f->conf->concurrency : f->count;
	struct timeval soon = { .tv_usec = 10000 };

	while (f->err == BS_OK && f->next < f->count && f->alive < most && f->next < allowed(f))
		start_one(f, f->next++);
	if (f->next < f->count && f->alive < most)
		event_add(f->starter, &soon);
	if (f->next == f->count && f->alive == 0)
		event_base_loopbreak(f->base);
}

static void
on_start(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	start_more(arg);
}

static void
on_report(evutil_socket_t fd, short what, void *arg)
{
	struct fleet *f = arg;

	(void)fd;
	(void)what;
	f->conf->progress(f->conf->arg, f->next, f->alive, f->next - f->alive);
}

static enum bs_err
arm(struct fleet *f)
{
	struct timeval now = { 0 }, second = { .tv_sec = 1 };

	f->base = event_base_new();
	f->starter = f->base != NULL ? evtimer_new(f->base, on_start, f) : NULL;
	if (f->starter == NULL || event_add(f->starter, &now) != 0)
		return BS_ENOMEM;
	if (f->conf->progress == NULL)
		return BS_OK;
	f->reporter = event_new(f->base, -1, EV_PERSIST, on_report, f);
	return f->reporter != NULL && event_add(f->reporter, &second) == 0 ? BS_OK : BS_ENOMEM;
}

enum bs_err
sim_fleet_run(const struct sim_fleet_conf *conf, const struct sim_row *const *rows, size_t count,
	struct sim_fleet_result *out)
{
	struct fleet f = { .conf = conf, .rows = rows, .count = count, .result = out, .start_ms = bs_clock_ms() };

	*out = (struct sim_fleet_result){ 0 };
	f.err = arm(&f);
	if (f.err == BS_OK && event_base_dispatch(f.base) < 0)
		f.err = BS_EINTERNAL;
	if (f.starter != NULL)
		event_free(f.starter);
	if (f.reporter != NULL)
		event_free(f.reporter);
	if (f.base != NULL)
		event_base_free(f.base);
	return f.err;
}
