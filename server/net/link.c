/* SPDX-License-Identifier: Apache-2.0 */
/* The life of one DTLS association that is open: made when the handshake is done, found by its device or run, buried. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "server/base/clock.h"
#include "server/net/worker_internal.h"

static _Atomic uint64_t next_session = 1; /* numbers across workers */

void
bs_link_arm(struct link *l)
{
	uint64_t exchange = bs_exchange_next_deadline_ms(l->exchange),
		 session = bs_session_next_deadline_ms(l->session);
	uint64_t deadline = exchange < session ? exchange : session;

	if (!l->silence_noted && !bs_session_was_used(l->session)) {
		uint64_t silence = l->opened_ms + l->worker->shared->conf->request_ms;

		deadline = silence < deadline ? silence : deadline;
	}
	if (l->lost || (l->close_after_run && !bs_session_is_running(l->session)))
		deadline = 0; /* the run it waited for is over */
	bs_worker_arm(l->timer, deadline);
}

void
bs_link_end_run(struct link *l)
{
	if (l->run == 0)
		return;
	HASH_DELETE(hh_run, l->worker->runs, l);
	bs_peer_set_busy(l->peer, false);
	bs_device_table_release(l->worker->shared->devices, l->client.device_id, l->run);
	l->run = 0;
}

/* Take what the exchange counted since the last time into the worker's sum. */
void
bs_link_count_exchange(struct link *l)
{
	const struct bs_exchange_counters *now = bs_exchange_get_counters(l->exchange);
	struct bs_exchange_counters *sum = &l->worker->stats.exchange, *seen = &l->counted;

	sum->retransmissions += now->retransmissions - seen->retransmissions;
	sum->duplicates += now->duplicates - seen->duplicates;
	sum->ignored += now->ignored - seen->ignored;
	sum->malformed += now->malformed - seen->malformed;
	sum->resets_sent += now->resets_sent - seen->resets_sent;
	*seen = *now;
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct link *l = arg;
	struct bs_worker *w = l->worker;
	uint64_t now_ms = bs_clock_ms();

	(void)fd;
	(void)what;
	if (!l->lost) {
		bs_exchange_tick(l->exchange, now_ms);
		bs_session_tick(l->session, now_ms);
	}
	if (!l->lost && !l->silence_noted && !bs_session_was_used(l->session) &&
		now_ms >= l->opened_ms + w->shared->conf->request_ms) {
		l->silence_noted = true;
		bs_record_silence(l, now_ms, "the session stays open");
	}
	if (l->lost)
		bs_link_fall(l, now_ms);
	else if (l->close_after_run && !bs_session_is_running(l->session))
		bs_link_close(l, now_ms, BS_OUT_SUPERSEDED, "the credential or the profile was changed");
	else
		bs_link_arm(l);
	bs_worker_end_turn(w);
}

static void
free_link(struct link *l)
{
	bs_session_free(l->session);
	bs_exchange_free(l->exchange);
	if (l->timer != NULL)
		event_free(l->timer);
	free(l);
}

static struct link *
new_link(struct bs_worker *w, struct bs_peer *peer, uint64_t now_ms)
{
	const struct bs_proof *proof = bs_peer_get_proof(peer);
	struct link *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->worker = w;
	l->peer = peer;
	l->opened_ms = now_ms;
	l->created_ms = bs_peer_get_created_ms(peer);
	l->generation = bs_peer_get_generation(peer);
	l->client.device_id = proof->device.device_id;
	l->client.mode = bs_mode_of_credential(proof->kind);
	memcpy(l->client.endpoint, proof->device.endpoint, sizeof(l->client.endpoint));
	l->timer = evtimer_new(w->base, on_timer, l);
	l->exchange = bs_exchange_new(&bs_link_exchange_ops, l, now_ms);
	l->session = l->exchange != NULL ? bs_session_new(&bs_link_session_ops, l, l->exchange, &l->client) : NULL;
	if (l->timer == NULL || l->session == NULL) {
		free_link(l);
		return NULL;
	}
	bs_session_set_roots(l->session, &w->shared->conf->roots);
	bs_exchange_set_max_message(l->exchange, bs_peer_max_data(peer));
	return l;
}

/* Links of one device, so that a change in the store finds them at once. */
static bool
add_link(struct bs_worker *w, struct link *l)
{
	struct device_links *d;

	HASH_FIND(hh, w->by_device, &l->client.device_id, sizeof(l->client.device_id), d);
	if (d == NULL) {
		d = calloc(1, sizeof(*d));
		if (d == NULL)
			return false;
		d->device_id = l->client.device_id;
		HASH_ADD(hh, w->by_device, device_id, sizeof(d->device_id), d);
		if (!bs_hash_added(hh, d)) {
			free(d);
			return false;
		}
	}
	TAILQ_INSERT_TAIL(&w->links, l, link);
	LIST_INSERT_HEAD(&d->links, l, same_device);
	l->device = d;
	return true;
}

/* No further use from here on; the memory goes at the end of the turn, as callbacks of it may be on the stack. */
void
bs_link_bury(struct link *l)
{
	struct bs_worker *w = l->worker;

	bs_link_end_run(l);
	bs_device_table_leave(w->shared->devices, l->client.device_id, l->number);
	bs_link_count_exchange(l);
	if (l->loading)
		TAILQ_REMOVE(&w->loads, l, load);
	l->loading = false;
	bs_stale_forget(l);
	bs_peer_set_user(l->peer, NULL);
	evtimer_del(l->timer);
	LIST_REMOVE(l, same_device);
	if (LIST_EMPTY(&l->device->links)) {
		HASH_DEL(w->by_device, l->device);
		free(l->device);
	}
	if (w->review_next == l)
		w->review_next = TAILQ_NEXT(l, link);
	TAILQ_REMOVE(&w->links, l, link);
	TAILQ_INSERT_TAIL(&w->dead, l, link);
}

void
bs_link_sweep(struct bs_worker *w)
{
	struct link *l;

	while ((l = TAILQ_FIRST(&w->dead)) != NULL) {
		TAILQ_REMOVE(&w->dead, l, link);
		free_link(l);
	}
}

/*
 * The session is known to all workers from here on. One that the device has too many of must go, by mail also when it is this
 * worker's, since it may be at work further up the stack.
 */
static enum bs_err
enter_device(struct link *l, uint64_t now_ms)
{
	struct bs_worker *w = l->worker;
	const struct bs_device_session here = { w->index, atomic_fetch_add(&next_session, 1) };
	struct bs_device_session leaver;
	enum bs_err err = bs_device_table_enter(w->shared->devices, now_ms, l->client.device_id, &here,
		bs_peer_get_remote(l->peer), bs_peer_is_dialled(l->peer), &leaver);

	if (err != BS_OK)
		return err;
	l->number = here.number;
	if (leaver.number != 0 &&
		!bs_worker_outnumber(w->shared->workers[leaver.worker], l->client.device_id, leaver.number))
		bs_record_no_mail(l, now_ms);
	return BS_OK;
}

enum bs_err
bs_link_open(struct bs_worker *w, struct bs_peer *peer, uint64_t now_ms, struct link **out)
{
	struct link *l = new_link(w, peer, now_ms);
	enum bs_err err = l != NULL ? enter_device(l, now_ms) : BS_ENOMEM;

	if (err == BS_OK && !add_link(w, l)) {
		bs_device_table_leave(w->shared->devices, l->client.device_id, l->number);
		err = BS_ENOMEM;
	}
	if (err == BS_OK) {
		*out = l;
		l = NULL;
	}
	if (l != NULL)
		free_link(l);
	return err;
}

void
bs_link_close(struct link *l, uint64_t now_ms, enum bs_outcome outcome, const char *detail)
{
	struct bs_worker *w = l->worker;
	struct bs_peer *peer = l->peer;

	bs_session_abort(l->session, now_ms, outcome, detail);
	bs_link_bury(l);
	bs_peer_table_close(w->peers, peer);
}

void
bs_link_fall(struct link *l, uint64_t now_ms)
{
	if (!bs_session_is_running(l->session) && !bs_session_was_used(l->session))
		bs_record_peer(l->worker, now_ms, l->peer, l->lost_outcome, l->lost_detail);
	bs_link_close(l, now_ms, l->lost_outcome, l->lost_detail);
}

void
bs_link_supersede(struct bs_worker *w, uint64_t run)
{
	struct link *l;

	HASH_FIND(hh_run, w->runs, &run, sizeof(run), l);
	if (l == NULL)
		return; /* it ended by itself meanwhile */
	bs_session_abort(
		l->session, bs_clock_ms(), BS_OUT_SUPERSEDED, "the device began anew from another address or session");
	bs_link_arm(l);
}

void
bs_link_outnumbered(struct bs_worker *w, int64_t device_id, uint64_t number)
{
	struct device_links *d;
	struct link *l = NULL;

	HASH_FIND(hh, w->by_device, &device_id, sizeof(device_id), d);
	if (d != NULL)
		LIST_FOREACH (l, &d->links, same_device)
			if (l->number == number)
				break;
	if (l == NULL)
		return; /* it ended by itself meanwhile */
	w->stats.outnumbered++;
	bs_link_close(
		l, bs_clock_ms(), BS_OUT_SUPERSEDED, "the device opened more sessions than sessions-per-device allows");
}
