/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the layers below a link call: the session that it may begin, wants its account and is over; the exchange that
 * something leaves; the peer that it is open, has data and is closed. Each unpacks and hands on.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/base/clock.h"
#include "server/net/worker_internal.h"

static _Atomic uint64_t next_run = 1; /* numbers across workers */

/* ---- the session's side ------------------------------------------------------------------------------------------- */

/* The attempt of a triggered run was counted when it was asked for. */
static enum bs_err
claim_device(struct link *l, uint64_t now_ms, uint64_t run, struct bs_device_claim *claim)
{
	struct bs_worker *w = l->worker;
	const struct bs_addr *from = bs_peer_get_remote(l->peer);
	const struct bs_device_session here = { w->index, l->number };

	if (l->trigger == NULL || l->trigger->admitted)
		return bs_device_table_claim(w->shared->devices, now_ms, l->client.device_id, &here, run, from, claim);
	l->trigger->admitted = true;
	return bs_device_table_take(w->shared->devices, now_ms, l->client.device_id, &here, run, from, claim);
}

static enum bs_admission
on_admit(void *arg, uint64_t now_ms, const struct bs_client *client)
{
	struct link *l = arg;
	struct bs_worker *w = l->worker;
	uint64_t run = atomic_fetch_add(&next_run, 1);
	struct bs_device_claim claim;

	(void)client;
	if (w->stopping || claim_device(l, now_ms, run, &claim) != BS_OK) {
		w->stats.requests_dropped++;
		return BS_ADMIT_DROP;
	}
	if (claim.too_many)
		return BS_ADMIT_TOO_MANY;
	if (claim.other_address)
		bs_record_clone(l, now_ms);
	if (claim.superseded && claim.run != l->run &&
		!bs_worker_supersede(w->shared->workers[claim.worker], claim.run))
		bs_record_no_mail(l, now_ms);
	bs_link_end_run(l);
	l->run = run;
	HASH_ADD(hh_run, w->runs, run, sizeof(l->run), l);
	if (!bs_hash_added(hh_run, l)) {
		bs_device_table_release(w->shared->devices, l->client.device_id, run);
		l->run = 0;
		w->stats.requests_dropped++;
		return BS_ADMIT_DROP;
	}
	bs_peer_set_busy(l->peer, true);
	w->stats.runs_started++;
	return BS_ADMIT;
}

static void
on_load(void *arg, int64_t device_id)
{
	struct link *l = arg;

	(void)device_id;
	if (!l->loading)
		TAILQ_INSERT_TAIL(&l->worker->loads, l, load);
	l->loading = true;
	event_active(l->worker->load_event, EV_TIMEOUT, 0);
}

/* The operator hears of the run that was asked for. */
static void
tell_trigger(struct trigger *t, const struct link *l, const struct bs_run_report *r, enum bs_outcome outcome,
	const char *detail)
{
	snprintf(t->told.step, sizeof(t->told.step), "%s", r->step);
	t->told.writes = r->writes;
	t->told.took_ms = (uint32_t)r->took_ms;
	t->told.handshake_ms = (uint32_t)(l->opened_ms - l->created_ms);
	bs_trigger_end(t, outcome, detail);
}

static void
on_finished(void *arg, uint64_t now_ms, const struct bs_run_report *r)
{
	struct link *l = arg;
	bool store = l->held_back && r->outcome == BS_OUT_CLIENT_SILENT; /* it is not the device that said nothing */
	enum bs_outcome outcome = store ? BS_OUT_INTERNAL : r->outcome;
	const char *detail = store ? "the store could not be read: nothing more was sent" : r->detail;

	l->held_back = false;
	bs_link_end_run(l);
	if (r->outcome == BS_OUT_PACK_DECLINED)
		bs_device_table_give_back(l->worker->shared->devices, l->client.device_id);
	bs_link_count_exchange(l);
	bs_histogram_add_ms(&l->worker->stats.run, r->took_ms);
	bs_record_run(l, now_ms, r, outcome, detail);
	if (l->trigger != NULL)
		tell_trigger(l->trigger, l, r, outcome, detail);
}

static int64_t
on_wall_s(void *arg)
{
	(void)arg;
	return bs_clock_wall_ms() / 1000;
}

const struct bs_session_ops bs_link_session_ops = {
	.admit = on_admit,
	.load = on_load,
	.finished = on_finished,
	.wall_s = on_wall_s,
	.random = bs_random_system,
};

/* An account, and whether its device may have it, in one read transaction. */
static void
load(struct link *l)
{
	struct bs_worker *w = l->worker;
	uint64_t began_us = bs_clock_us();
	struct bs_account *account = NULL;
	enum bs_err err = BS_EBUSY;
	bool readable = bs_worker_read(w) != NULL; /* what follows is one snapshot */
	enum bs_standing standing = readable ? bs_standing_check(l, BS_AT_REQUEST) : BS_STANDING_UNKNOWN;

	if (standing == BS_STANDING_LOST) {
		bs_link_fall(l, bs_clock_ms());
		return;
	}
	if (standing == BS_STANDING_GOOD)
		err = bs_store_load_account(w->store, l->client.device_id, &account);
	if (account != NULL) {
		l->profile_id = account->profile.id;
		l->revision = account->revision;
	}
	bs_histogram_add_us(&w->stats.load, bs_clock_us() - began_us);
	if (err != BS_OK && err != BS_ENOTFOUND) {
		w->stats.load_errors++;
		bs_worker_store_refused(w, "load", err, l->client.device_id, l->client.endpoint);
	}
	bs_session_loaded(l->session, bs_clock_ms(), err, account);
	bs_link_arm(l);
}

/* Those asked for since the last turn. */
void
bs_link_load_all(struct bs_worker *w)
{
	struct link *l;

	while ((l = TAILQ_FIRST(&w->loads)) != NULL) {
		TAILQ_REMOVE(&w->loads, l, load);
		l->loading = false;
		load(l);
	}
}

/* ---- the exchange's side ------------------------------------------------------------------------------------------ */

static void
on_send(void *arg, const uint8_t *data, size_t len)
{
	struct link *l = arg;

	if (!bs_standing_may_send(l, data, len))
		return; /* arm sees to the end of a link that is lost */
	bs_trace(l, "trace.sent", data, len);
	/* A record that cannot leave is lost as a datagram can be; retransmission is the exchange's matter. */
	if (bs_peer_get_state(l->peer) == BS_PEER_OPEN && bs_peer_send(l->peer, data, len) != BS_OK)
		bs_record_send_failed(l);
}

static bool
on_request(void *arg, uint64_t now_ms, const struct bs_msg *msg, const struct bs_request_ref *ref)
{
	struct link *l = arg;

	return bs_session_request(l->session, now_ms, msg, ref);
}

const struct bs_exchange_ops bs_link_exchange_ops = {
	.send = on_send,
	.on_request = on_request,
	.random = bs_random_system,
};

/* ---- the peer's side ---------------------------------------------------------------------------------------------- */

static void
on_peer_send(void *arg, const struct bs_addr *local, const struct bs_addr *remote, const uint8_t *data, size_t len)
{
	struct bs_worker *w = arg;

	for (size_t i = 0; i < w->socket_count; i++) {
		if (bs_udp_serves(w->sockets[i].udp, local)) {
			bs_udp_send(w->sockets[i].udp, local, remote, data, len);
			return;
		}
	}
	for (size_t i = 0; i < 2; i++) {
		if (w->dials[i].udp != NULL && bs_udp_serves(w->dials[i].udp, local)) {
			bs_udp_send(w->dials[i].udp, local, remote, data, len);
			return;
		}
	}
}

/* A good handshake that becomes no session. A close_notify leaves: the device notices, and comes again. */
static void
turn_away(struct bs_worker *w, struct bs_peer *peer, struct trigger *t, uint64_t now_ms, enum bs_err err)
{
	enum bs_outcome outcome = err == BS_ELIMIT ? BS_OUT_TOO_MANY : BS_OUT_OVERLOAD;
	const char *detail = err == BS_ELIMIT ? BS_TOO_MANY_HANDSHAKES : bs_strerror(err);

	w->stats.handshakes_over += err == BS_ELIMIT;
	bs_record_peer(w, now_ms, peer, outcome, detail);
	if (t != NULL)
		bs_trigger_end(t, outcome, detail);
	bs_peer_table_close(w->peers, peer);
}

static void
on_peer_open(void *arg, struct bs_peer *peer, uint64_t now_ms)
{
	struct bs_worker *w = arg;
	const struct bs_proof *proof = bs_peer_get_proof(peer);
	struct trigger *t = bs_trigger_of(w, peer);
	struct link *l = NULL;
	enum bs_err err = bs_link_open(w, peer, now_ms, &l);

	if (err != BS_OK) {
		turn_away(w, peer, t, now_ms, err);
		return;
	}
	bs_peer_set_user(peer, l);
	/* The handshake may have begun before a reload, or before the device was disabled. */
	if (bs_standing_check(l, BS_AT_OPEN) == BS_STANDING_LOST) {
		if (t != NULL)
			bs_trigger_end(t, l->lost_outcome, l->lost_detail);
		bs_link_fall(l, now_ms);
		return;
	}
	if (proof->kind == BS_CRED_PSK)
		bs_device_table_psk_proven(w->shared->devices, now_ms, l->client.device_id,
			t != NULL ? t->psk_slot : proof->psk_slot, bs_peer_get_remote(peer));
	bs_histogram_add_ms(&w->stats.handshake, l->opened_ms - l->created_ms);
	if (t != NULL)
		bs_trigger_opened(t, l, now_ms);
	bs_link_arm(l);
}

static void
on_peer_data(void *arg, struct bs_peer *peer, uint64_t now_ms, const uint8_t *data, size_t len)
{
	struct link *l = bs_peer_get_user(peer);

	(void)arg;
	if (l == NULL || l->lost)
		return;
	bs_trace(l, "trace.received", data, len);
	bs_exchange_input(l->exchange, now_ms, data, len);
	if (bs_peer_get_user(peer) == l)
		bs_link_arm(l);
}

/* Record what the end of an association means: a run cut off, no request at all, or a failed handshake. */
static void
on_peer_closed(void *arg, struct bs_peer *peer, uint64_t now_ms, enum bs_outcome outcome, const char *detail)
{
	struct bs_worker *w = arg;
	struct link *l = bs_peer_get_user(peer);
	const struct bs_proof *proof = bs_peer_get_proof(peer);

	if (l == NULL) {
		struct trigger *t = bs_trigger_of(w, peer);

		if (proof->has_device && proof->kind == BS_CRED_PSK && outcome == BS_OUT_KEY_MISMATCH)
			bs_device_table_psk_failed(w->shared->devices, now_ms, proof->device.device_id,
				t != NULL ? t->psk_slot : proof->psk_slot, bs_peer_get_remote(peer));
		w->stats.handshakes_over += outcome == BS_OUT_TOO_MANY;
		if (outcome != BS_OUT_DONE)
			bs_record_peer(w, now_ms, peer, outcome, detail);
		if (t != NULL)
			bs_trigger_end(t, outcome, detail);
		return;
	}
	bs_session_abort(l->session, now_ms, outcome != BS_OUT_DONE ? outcome : BS_OUT_CLIENT_CLOSED, detail);
	if (!l->silence_noted && !bs_session_was_used(l->session)) {
		if (outcome == BS_OUT_CERT_REVOKED)
			bs_record_peer(w, now_ms, peer, outcome, detail);
		else
			bs_record_silence(l, now_ms, detail);
	}
	bs_link_bury(l);
}

const struct bs_peer_ops bs_link_peer_ops = {
	.send = on_peer_send,
	.on_open = on_peer_open,
	.on_data = on_peer_data,
	.on_closed = on_peer_closed,
};
