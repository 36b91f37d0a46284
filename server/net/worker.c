/* SPDX-License-Identifier: Apache-2.0 */
#include "server/net/worker.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/net/worker_internal.h"

#define WATCH_MS 1000
#define STOP_POLL_MS 50
#define STORE_SAY_MS 10000 /* pause between log lines about a store that fails */

/* ---- one turn of the loop ----------------------------------------------------------------------------------------- */

struct bs_store *
bs_worker_read(struct bs_worker *w)
{
	/* The file that is open may be a deleted one: who is in or out, and with which keys, nobody knows until it is back. */
	if (w->store_failing || (!w->reading && bs_store_read_begin(w->store) != BS_OK)) {
		w->stats.store_errors++;
		return NULL;
	}
	w->reading = true;
	return w->store;
}

void
bs_worker_read_done(struct bs_worker *w)
{
	if (w->reading)
		bs_store_read_end(w->store);
	w->reading = false;
}

void
bs_worker_store_failed(struct bs_worker *w, const char *what, enum bs_err err)
{
	uint64_t now_ms = bs_clock_ms();
	struct bs_quote q;

	w->stats.store_errors++;
	if (err == BS_EIO)
		w->store_failed_ms = now_ms;
	bs_worker_read_done(w); /* the transaction may be what is wrong: the next one starts afresh */
	if (w->store_said_ms != 0 && now_ms - w->store_said_ms < STORE_SAY_MS)
		return;
	w->store_said_ms = now_ms;
	bs_log(BS_ERROR, "store.failed", "worker=%u what=%s why=%s", w->index, what,
		bs_log_quote(&q, bs_strerror(err)));
}

static void
say_tampered(struct bs_worker *w, const char *what, int64_t device_id, const char *endpoint)
{
	uint64_t now_ms = bs_clock_ms();
	struct bs_quote q;

	w->stats.store_tampered_reads++;
	if (device_id != 0)
		w->tampered_id = device_id;
	if (w->tampered_said_ms != 0 && now_ms - w->tampered_said_ms < STORE_SAY_MS)
		return;
	w->tampered_said_ms = now_ms;
	bs_log(BS_ERROR, "store.tampered",
		"worker=%u what=%s ep=%s why=\"the rows of the device, its profile or a server of that were changed "
		"without the "
		"keys of the store\" todo=\"lwm2m-bootstrapctl verify\"",
		w->index, what, bs_log_quote(&q, endpoint));
}

void
bs_worker_store_refused(struct bs_worker *w, const char *what, enum bs_err err, int64_t device_id, const char *endpoint)
{
	if (err == BS_ETAMPERED)
		say_tampered(w, what, device_id, endpoint);
	else
		bs_worker_store_failed(w, what, err);
}

void
bs_worker_arm(struct event *timer, uint64_t deadline_ms)
{
	uint64_t now_ms = bs_clock_ms(), wait_ms = deadline_ms > now_ms ? deadline_ms - now_ms : 0;
	struct timeval tv = { .tv_sec = (time_t)(wait_ms / 1000), .tv_usec = (suseconds_t)(wait_ms % 1000 * 1000) };

	if (deadline_ms == BS_NEVER)
		evtimer_del(timer);
	else
		evtimer_add(timer, &tv);
}

void
bs_worker_end_turn(struct bs_worker *w)
{
	bs_worker_read_done(w);
	for (size_t i = 0; i < w->socket_count; i++)
		bs_udp_flush(w->sockets[i].udp);
	for (size_t i = 0; i < 2; i++)
		if (w->dials[i].udp != NULL)
			bs_udp_flush(w->dials[i].udp);
	bs_link_sweep(w);
	bs_peer_table_sweep(w->peers);
	bs_worker_arm(w->peer_timer, bs_peer_table_next_deadline_ms(w->peers));
}

static void
on_datagram(void *arg, const struct bs_addr *local, const struct bs_addr *remote, const uint8_t *data, size_t len)
{
	const struct socket_event *s = arg;
	const struct bs_datagram in = { local, remote, s->timeout_ms, data, len };

	bs_peer_table_input(s->worker->peers, bs_clock_ms(), &in);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct socket_event *s = arg;
	uint64_t begun_ms = bs_clock_ms();

	(void)fd;
	(void)what;
	bs_worker_take_up(s->worker);
	if (bs_udp_receive(s->udp, on_datagram, s) < BS_UDP_BURST)
		bs_peer_table_set_heard(s->worker->peers, begun_ms);
	bs_worker_end_turn(s->worker);
}

static void
on_peer_timer(evutil_socket_t fd, short what, void *arg)
{
	struct bs_worker *w = arg;

	(void)fd;
	(void)what;
	bs_peer_table_tick(w->peers, bs_clock_ms());
	bs_worker_end_turn(w);
}

static void
on_load(evutil_socket_t fd, short what, void *arg)
{
	struct bs_worker *w = arg;

	(void)fd;
	(void)what;
	bs_link_load_all(w);
	bs_worker_end_turn(w);
}

static void
count_udp(struct bs_stats *s, const struct bs_udp *udp)
{
	const struct bs_udp_counters *u = bs_udp_get_counters(udp);

	s->udp.received += u->received;
	s->udp.sent += u->sent;
	s->udp.send_errors += u->send_errors;
	s->udp.cut += u->cut;
}

/* Gauges are read, sums of parts taken together, and the whole copied to where other threads may read it. */
static void
publish(struct bs_worker *w, uint64_t now_ms)
{
	struct bs_stats *s = &w->stats;

	s->dtls = *bs_peer_table_counters(w->peers);
	s->peers = bs_peer_table_count(w->peers);
	s->half_open = bs_peer_table_half_open(w->peers);
	s->ignored = bs_peer_table_ignored(w->peers);
	s->prefix_most = bs_peer_table_prefix_most(w->peers);
	s->handshake_age_ms = bs_peer_table_handshake_age_ms(w->peers, now_ms);
	s->runs = HASH_CNT(hh_run, w->runs);
	s->store_failing = w->store_failing;
	s->store_tampered = w->tampered_id != 0 || w->record_tampered;
	s->beat_ms = now_ms;
	memset(&s->udp, 0, sizeof(s->udp));
	for (size_t i = 0; i < w->socket_count; i++)
		count_udp(s, w->sockets[i].udp);
	for (size_t i = 0; i < 2; i++)
		if (w->dials[i].udp != NULL)
			count_udp(s, w->dials[i].udp);
	pthread_mutex_lock(&w->published_lock);
	w->published = *s;
	pthread_mutex_unlock(&w->published_lock);
}

void
bs_worker_get_stats(struct bs_worker *w, struct bs_stats *out)
{
	pthread_mutex_lock(&w->published_lock);
	*out = w->published;
	pthread_mutex_unlock(&w->published_lock);
}

/* What was left out of log and journal, in one line by one worker for all. */
static void
tell_left_out(struct bs_worker *w, uint64_t now_ms)
{
	struct bs_ration_counters n;

	if (w->index != 0 || w->shared->ration == NULL || !bs_ration_due(w->shared->ration, now_ms, &n))
		return;
	bs_log(BS_WARNING, "log.left-out",
		"device_lines=%" PRIu64 " device_rows=%" PRIu64 " traced_lines=%" PRIu64 " prefix_lines=%" PRIu64
		" prefix_rows=%" PRIu64 " strangers_lines=%" PRIu64 " strangers_rows=%" PRIu64,
		n.left_out[BS_RATION_DEVICE][BS_RATION_LINE], n.left_out[BS_RATION_DEVICE][BS_RATION_ROW],
		n.left_out[BS_RATION_DEVICE][BS_RATION_WATCHED], n.left_out[BS_RATION_PREFIX][BS_RATION_LINE],
		n.left_out[BS_RATION_PREFIX][BS_RATION_ROW], n.left_out[BS_RATION_STRANGERS][BS_RATION_LINE],
		n.left_out[BS_RATION_STRANGERS][BS_RATION_ROW]);
}

static void
on_watch(evutil_socket_t fd, short what, void *arg)
{
	struct bs_worker *w = arg;
	uint64_t now_ms = bs_clock_ms();

	(void)fd;
	(void)what;
	bs_worker_take_up(w);
	bs_watch_tick(w, now_ms);
	tell_left_out(w, now_ms);
	publish(w, now_ms);
	bs_worker_arm(w->watch_timer, now_ms + WATCH_MS);
	bs_worker_end_turn(w);
}

/* ---- stopping ----------------------------------------------------------------------------------------------------- */

static void
end_all(struct bs_worker *w)
{
	uint64_t now_ms = bs_clock_ms();
	struct link *l;

	while ((l = TAILQ_FIRST(&w->links)) != NULL)
		bs_link_close(l, now_ms, BS_OUT_SHUTDOWN, "the server was stopped");
	bs_trigger_stop_all(w, now_ms);
	bs_worker_end_turn(w);
	event_base_loopbreak(w->base);
}

static void
on_stop(evutil_socket_t fd, short what, void *arg)
{
	struct bs_worker *w = arg;
	uint64_t now_ms = bs_clock_ms();

	(void)fd;
	(void)what;
	if (w->runs == NULL || now_ms >= w->stop_by_ms)
		end_all(w);
	else
		bs_worker_arm(w->stop_timer, now_ms + STOP_POLL_MS);
}

static void
begin_stop(struct bs_worker *w)
{
	if (w->stopping)
		return;
	w->stopping = true;
	w->stop_by_ms = bs_clock_ms() + w->shared->conf->stop_ms;
	bs_worker_arm(w->stop_timer, 0);
}

/* ---- mail --------------------------------------------------------------------------------------------------------- */

static void
on_mail(void *arg, const struct bs_mail *mail)
{
	struct bs_worker *w = arg;

	switch (mail->kind) {
	case BS_MAIL_SUPERSEDED:
		bs_link_supersede(w, mail->run);
		break;
	case BS_MAIL_OUTNUMBERED:
		bs_link_outnumbered(w, mail->device_id, mail->session);
		break;
	case BS_MAIL_STOP:
		begin_stop(w);
		break;
	case BS_MAIL_ASK:
		bs_ask_answer(w, mail->ask);
		break;
	}
}

static void
on_mail_event(evutil_socket_t fd, short what, void *arg)
{
	struct bs_worker *w = arg;

	(void)fd;
	(void)what;
	bs_mailbox_drain(w->mailbox, on_mail, w);
	bs_worker_end_turn(w);
}

void
bs_worker_stop(struct bs_worker *w)
{
	const struct bs_mail mail = { .kind = BS_MAIL_STOP };

	if (bs_mailbox_post(w->mailbox, &mail) != BS_OK)
		bs_log(BS_ERROR, "worker.mail-lost", "worker=%u", w->index);
}

bool
bs_worker_supersede(struct bs_worker *w, uint64_t run)
{
	const struct bs_mail mail = { .kind = BS_MAIL_SUPERSEDED, .run = run };

	return bs_mailbox_post(w->mailbox, &mail) == BS_OK;
}

bool
bs_worker_outnumber(struct bs_worker *w, int64_t device_id, uint64_t session)
{
	const struct bs_mail mail = { .kind = BS_MAIL_OUTNUMBERED, .device_id = device_id, .session = session };

	return bs_mailbox_post(w->mailbox, &mail) == BS_OK;
}

/* ---- set-up ------------------------------------------------------------------------------------------------------- */

/* The part of a configuration that the DTLS layer reads; identities is the caller's memory for it. */
static struct bs_dtls_conf
dtls_conf(const struct bs_conf *c, struct bs_dtls_identity identities[BS_CONF_IDENTITIES_MAX])
{
	for (size_t i = 0; i < c->identity_count; i++) {
		const struct bs_conf_identity *id = &c->identities[i];

		identities[i] = (struct bs_dtls_identity){ id->certificate, id->private_key, id->raw_key, id->sni };
	}
	return (struct bs_dtls_conf){
		.identities = identities,
		.identity_count = c->identity_count,
		.trust_anchors = (const char *const *)c->trust_anchors.items,
		.trust_anchor_count = c->trust_anchors.count,
		.crls = (const char *const *)c->crls.items,
		.crl_count = c->crls.count,
		.ciphers = c->ciphers,
		.groups = c->groups,
		.sigalgs = c->sigalgs,
		.prefer_raw_key = c->prefer_raw_key,
		.alert_unknown = c->alert_unknown,
		.mtu = (unsigned)c->mtu,
		.timeout_ms = (unsigned)c->dtls_timeout_ms,
	};
}

static enum bs_err
open_dtls(struct bs_worker *w, struct bs_diag *diag)
{
	struct bs_dtls_identity identities[BS_CONF_IDENTITIES_MAX];
	struct bs_dtls_conf dc = dtls_conf(w->shared->conf, identities);
	struct bs_credential_lookup lookup = bs_worker_lookup;

	lookup.arg = w;
	return bs_dtls_ctx_new(&dc, &lookup, &w->dtls, diag);
}

/* ---- reload ------------------------------------------------------------------------------------------------------- */

static void
forget_reload(struct bs_worker *w)
{
	bs_dtls_prepared_free(w->prepared);
	w->prepared = NULL;
	bs_reload_release(w->reload);
	w->reload = NULL;
}

enum bs_err
bs_worker_prepare(struct bs_worker *w, struct bs_reload *reload, struct bs_diag *diag)
{
	struct bs_dtls_identity identities[BS_CONF_IDENTITIES_MAX];
	struct bs_dtls_conf dc = dtls_conf(&reload->conf, identities);
	enum bs_err err;

	bs_worker_take_up(w);
	forget_reload(w);
	if (bs_reload_get_decision(reload) != BS_RELOAD_OPEN)
		return bs_diag_set(diag, BS_ESTATE, 0, "asked for too late");
	err = bs_dtls_ctx_prepare(w->dtls, &dc, &w->prepared, diag);
	if (err == BS_OK)
		w->reload = bs_reload_hold(reload);
	return err;
}

void
bs_worker_take_up(struct bs_worker *w)
{
	enum bs_reload_decision decision = BS_RELOAD_OPEN;

	if (w->reload != NULL)
		decision = bs_reload_get_decision(w->reload);
	if (decision == BS_RELOAD_OPEN)
		return;
	if (decision == BS_RELOAD_COMMIT) {
		bs_dtls_ctx_adopt(w->dtls, w->prepared);
		w->prepared = NULL;
		w->review_next = TAILQ_FIRST(&w->links);
		bs_worker_arm(w->review_timer, 0);
	}
	forget_reload(w);
}

void
bs_worker_commit(struct bs_worker *w)
{
	bs_worker_take_up(w);
	bs_peer_table_recheck(w->peers, bs_clock_ms());
}

static void
on_review(evutil_socket_t fd, short what, void *arg)
{
	struct bs_worker *w = arg;

	(void)fd;
	(void)what;
	bs_standing_review(w);
	bs_worker_end_turn(w);
}

static void
on_stale(evutil_socket_t fd, short what, void *arg)
{
	struct bs_worker *w = arg;

	(void)fd;
	(void)what;
	bs_stale_turn(w, bs_clock_ms());
	bs_worker_end_turn(w);
}

/* ---- set-up of the rest ------------------------------------------------------------------------------------------- */

static uint32_t
share(uint64_t all, unsigned workers)
{
	uint64_t mine = (all + workers - 1) / workers;

	return mine < UINT32_MAX ? (uint32_t)mine : UINT32_MAX;
}

static enum bs_err
open_peers(struct bs_worker *w)
{
	const struct bs_conf *c = w->shared->conf;
	struct bs_peer_limits limits;

	bs_peer_limits_init(&limits);
	limits.peers = share(c->peers, w->shared->worker_count);
	limits.half_open = share(c->half_open, w->shared->worker_count);
	limits.half_open_prefix = share(c->half_open_prefix, 1);
	limits.handshake_ms = (uint32_t)c->handshake_ms;
	limits.idle_ms = c->idle_ms;
	return bs_peer_table_new(w->dtls, &limits, &bs_link_peer_ops, w, bs_random_system, bs_clock_ms(), &w->peers);
}

/* Sockets stand in the order of the configuration, which main has checked. */
static uint32_t
listen_timeout(const struct bs_worker *w, size_t i)
{
	struct bs_addr addr;
	uint64_t ms;

	return bs_conf_listen(w->shared->conf, i, &addr, &ms, NULL) == BS_OK ? (uint32_t)ms : 0;
}

static enum bs_err
open_events(struct bs_worker *w)
{
	w->base = event_base_new();
	if (w->base == NULL || bs_mailbox_new(&w->mailbox) != BS_OK)
		return BS_ENOMEM;
	w->mail_event = event_new(w->base, bs_mailbox_get_fd(w->mailbox), EV_READ | EV_PERSIST, on_mail_event, w);
	w->peer_timer = evtimer_new(w->base, on_peer_timer, w);
	w->load_event = event_new(w->base, -1, 0, on_load, w);
	w->watch_timer = evtimer_new(w->base, on_watch, w);
	w->stop_timer = evtimer_new(w->base, on_stop, w);
	w->review_timer = evtimer_new(w->base, on_review, w);
	w->stale_timer = evtimer_new(w->base, on_stale, w);
	if (w->mail_event == NULL || w->peer_timer == NULL || w->load_event == NULL || w->watch_timer == NULL ||
		w->stop_timer == NULL || w->review_timer == NULL || w->stale_timer == NULL ||
		event_add(w->mail_event, NULL) != 0)
		return BS_ENOMEM;
	for (size_t i = 0; i < w->socket_count; i++) {
		struct socket_event *s = &w->sockets[i];

		s->timeout_ms = listen_timeout(w, i);
		s->event = event_new(w->base, bs_udp_get_fd(s->udp), EV_READ | EV_PERSIST, on_readable, s);
		if (s->event == NULL || event_add(s->event, NULL) != 0)
			return BS_ENOMEM;
	}
	bs_worker_arm(w->watch_timer, bs_clock_ms()); /* at once: how old the store is must be known early */
	return BS_OK;
}

static enum bs_err
open_all(struct bs_worker *w, struct bs_diag *diag)
{
	const struct bs_conf *c = w->shared->conf;
	enum bs_err err = bs_store_open(c->store_directory, c->master_key, BS_STORE_READ, &w->store, diag);

	w->seen_version = -1; /* none */
	if (err == BS_OK && (err = bs_store_change_seq(w->store, &w->change_seq)) != BS_OK)
		bs_diag_set(diag, err, 0, "%s: the store cannot be read: %s", c->store_directory, bs_strerror(err));
	w->seen_seq = w->change_seq;
	if (err == BS_OK)
		err = open_dtls(w, diag);
	if (err == BS_OK && ((err = open_peers(w)) != BS_OK || (err = open_events(w)) != BS_OK))
		bs_diag_set(diag, err, 0, "cannot set up a worker: %s", bs_strerror(err));
	return err;
}

enum bs_err
bs_worker_new(unsigned index, const struct bs_shared *shared, struct bs_udp **sockets, size_t socket_count,
	struct bs_worker **out, struct bs_diag *diag)
{
	struct bs_worker *w = calloc(1, sizeof(*w));
	struct socket_event *events = calloc(socket_count + 1, sizeof(*events));
	enum bs_err err;

	if (w == NULL || events == NULL) {
		free(w);
		free(events);
		for (size_t i = 0; i < socket_count; i++)
			bs_udp_close(sockets[i]);
		return bs_diag_set(diag, BS_ENOMEM, 0, "out of memory");
	}
	w->index = index;
	w->shared = shared;
	w->sockets = events;
	w->socket_count = socket_count;
	pthread_mutex_init(&w->published_lock, NULL);
	TAILQ_INIT(&w->links);
	TAILQ_INIT(&w->loads);
	TAILQ_INIT(&w->dead);
	TAILQ_INIT(&w->stale);
	TAILQ_INIT(&w->triggers);
	for (size_t i = 0; i < socket_count; i++)
		events[i] = (struct socket_event){ .worker = w, .udp = sockets[i] };
	err = open_all(w, diag);
	if (err == BS_OK) {
		*out = w;
		w = NULL;
	}
	bs_worker_free(w);
	return err;
}

const struct bs_addr *
bs_worker_get_addr(const struct bs_worker *w, size_t i)
{
	return bs_udp_get_addr(w->sockets[i].udp);
}

static void *
run_loop(void *arg)
{
	struct bs_worker *w = arg;

	event_base_dispatch(w->base);
	return NULL;
}

enum bs_err
bs_worker_start(struct bs_worker *w)
{
	publish(w, bs_clock_ms()); /* alive from the first moment on */
	w->started = pthread_create(&w->thread, NULL, run_loop, w) == 0;
	return w->started ? BS_OK : BS_ENOMEM;
}

static void
free_event(struct event *e)
{
	if (e != NULL)
		event_free(e);
}

void
bs_worker_join(struct bs_worker *w)
{
	if (w != NULL && w->started)
		pthread_join(w->thread, NULL);
	if (w != NULL)
		w->started = false;
}

void
bs_worker_free(struct bs_worker *w)
{
	if (w == NULL)
		return;
	bs_worker_join(w);
	bs_peer_table_free(w->peers);
	for (size_t i = 0; i < w->socket_count; i++) {
		free_event(w->sockets[i].event);
		bs_udp_close(w->sockets[i].udp);
	}
	bs_trigger_close(w);
	free_event(w->mail_event);
	free_event(w->peer_timer);
	free_event(w->load_event);
	free_event(w->watch_timer);
	free_event(w->stop_timer);
	free_event(w->review_timer);
	free_event(w->stale_timer);
	forget_reload(w);
	bs_dtls_ctx_free(w->dtls);
	bs_store_close(w->store);
	bs_mailbox_free(w->mailbox);
	if (w->base != NULL)
		event_base_free(w->base);
	pthread_mutex_destroy(&w->published_lock);
	free(w->sockets);
	free(w);
}
