/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Server-initiated bootstrap of LwM2M 1.0: the operator names a device, this server opens DTLS to it as client and begins the
 * run; or it begins in a session that the device has left open. Each one ends in one outcome, which is kept for a while for
 * the one who asked.
 *
 * Datagrams leave from a socket of this worker alone, opened when it is needed first: the listeners' port is shared by all
 * workers, and the kernel would give the device's answer to any of them. On it nobody is heard who was not turned to.
 */
#include <stdlib.h>
#include <string.h>

#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/model/advice.h"
#include "server/net/worker_internal.h"

#define TRIGGERS_MAX 512 /* of one worker, those that have ended included */

/* ---- the socket --------------------------------------------------------------------------------------------------- */

static void
on_reply(void *arg, const struct bs_addr *local, const struct bs_addr *remote, const uint8_t *data, size_t len)
{
	struct bs_worker *w = arg;

	(void)local;
	bs_peer_table_reply(w->peers, bs_clock_ms(), remote, data, len);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct socket_event *s = arg;

	(void)fd;
	(void)what;
	bs_udp_receive(s->udp, on_reply, s->worker);
	bs_worker_end_turn(s->worker);
}

static bool
is_any_ipv6(const struct bs_addr *a)
{
	return a->sa.sa_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&a->in6.sin6_addr);
}

/* The address of a listener of that family, with any port. "*" listens to IPv4, too. */
static bool
choose_local(const struct bs_worker *w, int family, struct bs_addr *out)
{
	for (size_t i = 0; i < w->socket_count; i++) {
		*out = *bs_udp_get_addr(w->sockets[i].udp);
		if (out->sa.sa_family != family)
			continue;
		return true;
	}
	for (size_t i = 0; family == AF_INET && i < w->socket_count; i++)
		if (is_any_ipv6(bs_udp_get_addr(w->sockets[i].udp)))
			return bs_addr_parse("0.0.0.0:0", out) == BS_OK;
	return false;
}

/* Each worker has a port of its own: sockets of one port would take each other's answers. */
static void
set_port(const struct bs_worker *w, struct bs_addr *local)
{
	uint64_t first = w->shared->conf->trigger_port;
	uint16_t port = first > 0 ? (uint16_t)(first + w->index) : 0;

	*(local->sa.sa_family == AF_INET ? &local->in4.sin_port : &local->in6.sin6_port) = htons(port);
}

/* The worker's socket of that family. NULL: diag says why. */
static struct bs_udp *
open_socket(struct bs_worker *w, int family, struct bs_diag *diag)
{
	struct socket_event *s = &w->dials[family == AF_INET ? 0 : 1];
	struct bs_addr local;

	if (s->udp != NULL)
		return s->udp;
	if (!choose_local(w, family, &local)) {
		bs_diag_set(diag, BS_EUNSUPPORTED, 0, "the daemon listens on no IPv%d address ([listen] address)",
			family == AF_INET ? 4 : 6);
		return NULL;
	}
	set_port(w, &local);
	if (bs_udp_open(&local, &s->udp, diag) != BS_OK)
		return NULL;
	s->worker = w;
	s->event = event_new(w->base, bs_udp_get_fd(s->udp), EV_READ | EV_PERSIST, on_readable, s);
	if (s->event == NULL || event_add(s->event, NULL) != 0) {
		bs_diag_set(diag, BS_ENOMEM, 0, "out of memory");
		if (s->event != NULL)
			event_free(s->event);
		bs_udp_close(s->udp);
		*s = (struct socket_event){ 0 };
	}
	return s->udp;
}

/* ---- the list ----------------------------------------------------------------------------------------------------- */

static void
forget(struct bs_worker *w, struct trigger *t)
{
	TAILQ_REMOVE(&w->triggers, t, link_in_all);
	w->trigger_count--;
	free(t);
}

/* Room for one more, at the cost of the oldest that has ended. */
static struct trigger *
new_trigger(struct bs_worker *w, uint64_t id, int64_t device_id, struct bs_diag *diag)
{
	struct trigger *t = TAILQ_FIRST(&w->triggers);

	while (w->trigger_count >= TRIGGERS_MAX && t != NULL && !t->told.ended)
		t = TAILQ_NEXT(t, link_in_all);
	if (w->trigger_count >= TRIGGERS_MAX && t == NULL) {
		bs_diag_set(diag, BS_ELIMIT, 0, "%u are under way; wait until some have ended", TRIGGERS_MAX);
		return NULL;
	}
	if (w->trigger_count >= TRIGGERS_MAX)
		forget(w, t);
	t = calloc(1, sizeof(*t));
	if (t == NULL) {
		bs_diag_set(diag, BS_ENOMEM, 0, "out of memory");
		return NULL;
	}
	t->told.id = id;
	t->device_id = device_id;
	TAILQ_INSERT_TAIL(&w->triggers, t, link_in_all);
	w->trigger_count++;
	return t;
}

struct trigger *
bs_trigger_of(struct bs_worker *w, const struct bs_peer *peer)
{
	struct trigger *t = NULL;

	if (bs_peer_is_dialled(peer))
		TAILQ_FOREACH (t, &w->triggers, link_in_all)
			if (t->peer == peer)
				break;
	return t;
}

bool
bs_trigger_find(struct bs_worker *w, struct bs_triggered *told)
{
	struct trigger *t;

	TAILQ_FOREACH (t, &w->triggers, link_in_all) {
		if (t->told.id == told->id) {
			*told = t->told;
			return true;
		}
	}
	return false;
}

void
bs_trigger_end(struct trigger *t, enum bs_outcome outcome, const char *detail)
{
	if (t->link != NULL)
		t->link->trigger = NULL;
	t->link = NULL;
	t->peer = NULL;
	t->told.ended = true;
	t->told.outcome = outcome;
	snprintf(t->told.detail, sizeof(t->told.detail), "%s", detail);
}

/* ---- handshake and run -------------------------------------------------------------------------------------------- */

static void
begin_run(struct trigger *t, struct link *l, uint64_t now_ms)
{
	/* What is on there ends first: its report must not be taken for this one's. */
	bs_session_abort(l->session, now_ms, BS_OUT_SUPERSEDED, "the operator triggered a new run");
	t->peer = NULL;
	t->link = l;
	t->told.in_run = true;
	l->trigger = t;
	if (!bs_session_begin(l->session, now_ms) && !t->told.ended)
		bs_trigger_end(t, l->worker->stopping ? BS_OUT_SHUTDOWN : BS_OUT_OVERLOAD, "no run was begun");
}

void
bs_trigger_opened(struct trigger *t, struct link *l, uint64_t now_ms)
{
	begin_run(t, l, now_ms);
}

static void
break_off(struct bs_worker *w, struct trigger *t, uint64_t now_ms, enum bs_outcome outcome, const char *detail)
{
	struct bs_peer *peer = t->peer;

	bs_record_peer(w, now_ms, peer, outcome, detail);
	bs_trigger_end(t, outcome, detail);
	bs_peer_table_close(w->peers, peer);
}

void
bs_trigger_stop_all(struct bs_worker *w, uint64_t now_ms)
{
	struct trigger *t;

	TAILQ_FOREACH (t, &w->triggers, link_in_all)
		if (t->peer != NULL)
			break_off(w, t, now_ms, BS_OUT_SHUTDOWN, "the server was stopped");
}

void
bs_trigger_close(struct bs_worker *w)
{
	while (!TAILQ_EMPTY(&w->triggers))
		forget(w, TAILQ_FIRST(&w->triggers));
	for (size_t i = 0; i < 2; i++) {
		if (w->dials[i].event != NULL)
			event_free(w->dials[i].event);
		bs_udp_close(w->dials[i].udp);
	}
}

/* ---- asked by the operator ---------------------------------------------------------------------------------------- */

static enum bs_err
find_device(struct bs_worker *w, const char *endpoint, struct bs_own_credential *own, struct bs_diag *diag)
{
	struct bs_store *store = bs_worker_read(w);
	enum bs_err err = store != NULL ? bs_store_find_own(store, endpoint, own) : BS_EBUSY;

	if (err == BS_ENOTFOUND)
		return bs_diag_set(diag, err, 0, "there is no device %s", endpoint);
	if (err != BS_OK) {
		bs_worker_store_failed(w, "trigger", err);
		return bs_diag_set(
			diag, err, 0, "the store cannot be read now: %s%s", bs_strerror(err), bs_advice_on_error(err));
	}
	if (!own->found.enabled)
		return bs_diag_set(diag, BS_EREFUSED, 0, "%s is disabled; lwm2m-bootstrapctl device enable %s",
			endpoint, endpoint);
	return BS_OK;
}

/* One attempt of the device, as if it had come by itself. */
static enum bs_err
count_attempt(struct bs_worker *w, int64_t device_id, uint64_t now_ms, struct bs_diag *diag)
{
	enum bs_err err = bs_device_table_attempt(w->shared->devices, now_ms, device_id);

	if (err == BS_ELIMIT)
		return bs_diag_set(diag, err, 0,
			"too many attempts of this device within a minute ([limits] attempts-per-minute)");
	return err == BS_OK ? BS_OK : bs_diag_set(diag, err, 0, "%s", bs_strerror(err));
}

static enum bs_credential_kind
kind_of(enum bs_mode mode)
{
	return mode == BS_MODE_PSK ? BS_CRED_PSK : mode == BS_MODE_RPK ? BS_CRED_RAW_KEY : BS_CRED_CERTIFICATE;
}

/* Which key, where a device has a next one: the one that got through last; after a failure the other. */
static void
choose_key(struct bs_worker *w, const struct bs_own_credential *own, const struct bs_addr *address, struct trigger *t,
	struct bs_dial_target *target)
{
	unsigned first = own->count > 1 ? bs_device_table_psk_first(w->shared->devices, own->found.device_id, address)
					: 0;
	bool same_identity = strcmp(own->slots[0].identity, own->slots[1].identity) == 0;

	t->psk_slot = first;
	target->identity = own->slots[first].identity;
	target->key = &own->slots[first].key;
	target->psk_slot = same_identity ? first : 0; /* as if the device had come with that identity */
}

/* A handshake with the same device that is still on is the operator's earlier guess. */
static void
end_earlier(struct bs_worker *w, int64_t device_id, uint64_t now_ms)
{
	struct trigger *t;

	TAILQ_FOREACH (t, &w->triggers, link_in_all)
		if (t->device_id == device_id && t->peer != NULL)
			break_off(w, t, now_ms, BS_OUT_SUPERSEDED, "the operator triggered it anew");
}

static enum bs_err
dial(struct bs_worker *w, const struct bs_own_credential *own, struct bs_ask *ask, uint64_t now_ms)
{
	struct bs_dial_target target = { .kind = kind_of(own->mode) };
	struct bs_udp *udp = open_socket(w, ask->address.sa.sa_family, &ask->diag);
	struct trigger *t;
	enum bs_err err;

	if (udp == NULL)
		return ask->diag.err;
	end_earlier(w, own->found.device_id, now_ms);
	t = new_trigger(w, ask->trigger.id, own->found.device_id, &ask->diag);
	if (t == NULL)
		return ask->diag.err;
	target.device.device_id = own->found.device_id;
	target.device.enabled = true;
	snprintf(target.device.endpoint, sizeof(target.device.endpoint), "%s", own->found.endpoint);
	choose_key(w, own, &ask->address, t, &target);
	err = bs_peer_table_dial(w->peers, now_ms, bs_udp_get_addr(udp), &ask->address, &target, &t->peer);
	if (err == BS_OK)
		return BS_OK;
	forget(w, t);
	return bs_diag_set(&ask->diag, err, 0, "%s",
		err == BS_ELIMIT ? "no room for another session or handshake ([limits], see status)"
				 : bs_strerror(err));
}

static enum bs_err
start_at_address(struct bs_worker *w, const struct bs_own_credential *own, struct bs_ask *ask, uint64_t now_ms)
{
	enum bs_err err;

	if (!bs_dtls_ctx_can_dial(w->dtls, kind_of(own->mode)))
		return bs_diag_set(&ask->diag, BS_EUNSUPPORTED, 0,
			"the daemon has nothing to show to a device of mode %s: no %s in [server], or no ciphersuite "
			"for it",
			bs_mode_name(own->mode), own->mode == BS_MODE_RPK ? "raw-key or certificate" : "certificate");
	err = count_attempt(w, own->found.device_id, now_ms, &ask->diag);
	return err == BS_OK ? dial(w, own, ask, now_ms) : err;
}

/* The newest session of the device at this worker. */
static enum bs_err
start_in_session(struct bs_worker *w, const struct bs_own_credential *own, struct bs_ask *ask, uint64_t now_ms)
{
	struct device_links *d;
	struct trigger *t;
	enum bs_err err;

	HASH_FIND(hh, w->by_device, &own->found.device_id, sizeof(own->found.device_id), d);
	if (d == NULL)
		return bs_diag_set(&ask->diag, BS_ESTATE, 0, "%s has no live session; name its address with --address",
			own->found.endpoint);
	err = count_attempt(w, own->found.device_id, now_ms, &ask->diag);
	if (err != BS_OK)
		return err;
	t = new_trigger(w, ask->trigger.id, own->found.device_id, &ask->diag);
	if (t == NULL)
		return ask->diag.err;
	begin_run(t, LIST_FIRST(&d->links), now_ms);
	bs_link_arm(LIST_FIRST(&d->links));
	return BS_OK;
}

enum bs_err
bs_trigger_start(struct bs_worker *w, struct bs_ask *ask, uint64_t now_ms)
{
	struct bs_own_credential own = { .count = 0 };
	char text[BS_ADDR_TEXT];
	struct bs_quote q;
	enum bs_err err;

	if (w->stopping)
		return bs_diag_set(&ask->diag, BS_ESTATE, 0, "the daemon is being stopped");
	err = find_device(w, ask->filter, &own, &ask->diag);
	if (err == BS_OK && ask->address.len > 0)
		err = start_at_address(w, &own, ask, now_ms);
	else if (err == BS_OK)
		err = start_in_session(w, &own, ask, now_ms);
	bs_own_credential_clear(&own);
	if (err == BS_OK)
		bs_log(BS_INFO, "bootstrap.triggered", "ep=%s at=%s worker=%u", bs_log_quote(&q, ask->filter),
			ask->address.len > 0 ? bs_addr_format(&ask->address, text) : "session", w->index);
	return err;
}
