/* SPDX-License-Identifier: Apache-2.0 */
/* One DTLS association: what comes from the peer goes to its exchange, what the session reports goes to the journal. */
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/base/text.h"
#include "server/bootstrap/tell.h"
#include "server/net/worker_internal.h"

#define BS_TRIGGERED "server-initiated" /* before the detail of an attempt that the operator asked for */

static _Atomic uint64_t next_run = 1, next_session = 1; /* numbers across workers */

static void
arm(struct link *l)
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
bs_link_arm(struct link *l)
{
	arm(l);
}

/* ---- recording ---------------------------------------------------------------------------------------------------- */

/* Every line and row that a device or a stranger can cause goes by its ration; what happened is counted all the same. */
static bool
may(struct bs_worker *w, uint64_t now_ms, const struct bs_ration_who *who, enum bs_ration_what what, uint64_t *left_out)
{
	*left_out = 0;
	return w->shared->ration == NULL || bs_ration_allows(w->shared->ration, now_ms, who, what, left_out);
}

/* Who stands behind an open session. */
static struct bs_ration_who
who_of(const struct link *l)
{
	return (struct bs_ration_who){ l->client.device_id, bs_peer_get_remote(l->peer) };
}

static void
describe_identity(const struct bs_proof *proof, char *out, size_t max)
{
	const uint8_t *blank = memchr(proof->identity, ' ', proof->identity_len);
	size_t len = proof->identity_len;

	if (proof->kind != BS_CRED_PSK && blank != NULL) /* the digest alone: that is what explain is asked for */
		len = (size_t)(blank - proof->identity);
	bs_text_escape(out, max, proof->identity, len, BS_WITHOUT_QUOTES);
}

static enum bs_mode
mode_of(enum bs_credential_kind kind)
{
	static const enum bs_mode modes[] = {
		[BS_CRED_PSK] = BS_MODE_PSK,
		[BS_CRED_RAW_KEY] = BS_MODE_RPK,
		[BS_CRED_CERTIFICATE] = BS_MODE_X509,
	};

	return modes[kind];
}

/* What the peer proved or showed. */
static void
fill_from_peer(struct bs_attempt *a, struct bs_peer *peer)
{
	const struct bs_proof *proof = bs_peer_get_proof(peer);
	bool shown = proof->has_device || proof->identity_len > 0;

	a->at_ms = bs_clock_wall_ms();
	a->mode = shown ? (uint8_t)mode_of(proof->kind) : 255;
	a->psk_slot = (uint8_t)proof->psk_slot;
	a->format = BS_NO_FORMAT;
	bs_addr_format(bs_peer_get_remote(peer), a->address);
	describe_identity(proof, a->identity, sizeof(a->identity));
	if (proof->has_device) {
		a->device_id = proof->device.device_id;
		snprintf(a->endpoint, sizeof(a->endpoint), "%s", proof->device.endpoint);
	} else if (proof->public_key_len <= sizeof(a->public_key)) {
		memcpy(a->public_key, proof->public_key, proof->public_key_len);
		a->public_key_len = (uint16_t)proof->public_key_len;
	}
	if (proof->suite != NULL)
		snprintf(a->suite, sizeof(a->suite), "%s", proof->suite);
}

/* "before: detail", cut where a character ends. */
static void
put_detail(struct bs_attempt *a, const char *before, const char *detail)
{
	a->detail[0] = '\0';
	bs_tell(a->detail, sizeof(a->detail), "%s%s%s", before, *before != '\0' && *detail != '\0' ? ": " : "", detail);
}

static const char *
mode_text(uint8_t mode)
{
	return mode == 255 ? "unknown" : bs_mode_name((enum bs_mode)mode);
}

/* A declined pack is no reason to look: the device goes on. */
static const char *
event_of(enum bs_outcome o)
{
	if (o == BS_OUT_DONE)
		return "bootstrap.done";
	return o == BS_OUT_PACK_DECLINED ? "bootstrap.pack-declined" : "bootstrap.refused";
}

static enum bs_log_level
level_of(enum bs_outcome o)
{
	return o == BS_OUT_DONE || o == BS_OUT_PACK_DECLINED ? BS_INFO : BS_WARNING;
}

static void
write_line(const struct bs_attempt *a, uint64_t left_out)
{
	struct bs_quote ep, identity, step, detail;

	bs_log(level_of(a->outcome), event_of(a->outcome),
		"outcome=%s ep=%s identity=%s mode=%s from=%s suite=%s step=%s writes=%u took_ms=%" PRIu32
		" handshake_ms=%" PRIu32 " detail=%s suppressed=%" PRIu64,
		bs_outcome_word(a->outcome), bs_log_quote(&ep, a->endpoint), bs_log_quote(&identity, a->identity),
		mode_text(a->mode), a->address, *a->suite ? a->suite : "-",
		bs_log_quote(&step, *a->step ? a->step : "handshake"), a->writes, a->took_ms, a->handshake_ms,
		bs_log_quote(&detail, a->detail), left_out);
}

/* The journal's reader learns from the next row that some are missing. */
static void
note_left_out(struct bs_attempt *a, uint64_t left_out)
{
	char detail[sizeof(a->detail)];

	if (left_out == 0)
		return;
	memcpy(detail, a->detail, sizeof(detail));
	a->detail[0] = '\0';
	bs_tell(a->detail, sizeof(a->detail), "%" PRIu64 " attempts before it were left out", left_out);
	if (*detail != '\0')
		bs_tell(a->detail, sizeof(a->detail), "%s", detail);
}

static void
record(struct bs_worker *w, uint64_t now_ms, struct bs_attempt *a, const struct bs_ration_who *who)
{
	uint64_t left_out;

	w->stats.outcomes[a->mode < BS_MODE_NOSEC ? a->mode : BS_STATS_MODES - 1][a->outcome]++;
	if (bs_log_wants(level_of(a->outcome)) && may(w, now_ms, who, BS_RATION_LINE, &left_out))
		write_line(a, left_out);
	if (!may(w, now_ms, who, BS_RATION_ROW, &left_out))
		return;
	note_left_out(a, left_out);
	(void)bs_recorder_post(w->shared->recorder, a); /* a drop is counted and said by the recorder */
}

/* The subject of a certificate, which follows its digest; "" for all else. */
static const char *
subject_of(const struct bs_proof *proof, struct bs_quote *q)
{
	const uint8_t *blank = proof->kind == BS_CRED_CERTIFICATE ? memchr(proof->identity, ' ', proof->identity_len)
								  : NULL;

	if (blank == NULL)
		return "";
	return bs_log_quote_n(q, blank + 1, (size_t)(proof->identity + proof->identity_len - blank - 1));
}

/* An attempt that ended in the handshake, or before its Bootstrap-Request. */
static void
record_peer(struct bs_worker *w, uint64_t now_ms, struct bs_peer *peer, enum bs_outcome outcome, const char *detail)
{
	struct bs_attempt a = { .outcome = outcome };
	const struct bs_proof *proof = bs_peer_get_proof(peer);
	/* A link comes with the end of the handshake; whom the operator named is no stranger before. */
	bool stranger = bs_peer_get_user(peer) == NULL && !bs_peer_is_dialled(peer);
	const struct bs_ration_who who = { stranger ? 0 : proof->device.device_id, bs_peer_get_remote(peer) };
	struct bs_quote q;
	const char *subject = subject_of(proof, &q);

	fill_from_peer(&a, peer);
	a.proven = bs_peer_get_user(peer) != NULL; /* not because the server has turned to it */
	put_detail(&a, bs_peer_is_dialled(peer) ? BS_TRIGGERED : "", detail);
	if (*subject != '\0')
		bs_tell(a.detail, sizeof(a.detail), "subject %s", subject);
	record(w, now_ms, &a, &who);
}

/* No request; but one may have come to another path. */
static void
record_silence(struct link *l, uint64_t now_ms, const char *detail)
{
	const char *stray = bs_session_get_stray(l->session);
	char text[256];

	snprintf(text, sizeof(text), "%s%s%s", detail, *detail != '\0' && *stray != '\0' ? "; " : "", stray);
	record_peer(l->worker, now_ms, l->peer, BS_OUT_NO_REQUEST, text);
}

void
bs_link_record_peer(
	struct bs_worker *w, uint64_t now_ms, struct bs_peer *peer, enum bs_outcome outcome, const char *detail)
{
	record_peer(w, now_ms, peer, outcome, detail);
}

/* ---- the session's side ------------------------------------------------------------------------------------------- */

static void
end_run(struct link *l)
{
	if (l->run == 0)
		return;
	HASH_DELETE(hh_run, l->worker->runs, l);
	bs_peer_set_busy(l->peer, false);
	bs_device_table_release(l->worker->shared->devices, l->client.device_id, l->run);
	l->run = 0;
}

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

/* One credential live at two hosts at once. */
static void
tell_clone(struct link *l, uint64_t now_ms)
{
	const struct bs_ration_who who = who_of(l);
	char text[BS_ADDR_TEXT];
	uint64_t left_out;
	struct bs_quote q;

	l->worker->stats.clone_signals++;
	if (may(l->worker, now_ms, &who, BS_RATION_LINE, &left_out))
		bs_log(BS_WARNING, "device.clone-suspected", "ep=%s from=%s suppressed=%" PRIu64,
			bs_log_quote(&q, l->client.endpoint), bs_addr_format(who.from, text), left_out);
}

/* The other worker gets no mail: what was to end goes on beside the new one. */
static void
tell_no_mail(struct link *l, uint64_t now_ms)
{
	const struct bs_ration_who who = who_of(l);
	uint64_t left_out;

	if (may(l->worker, now_ms, &who, BS_RATION_LINE, &left_out))
		bs_log(BS_ERROR, "worker.mail-lost", "worker=%u suppressed=%" PRIu64, l->worker->index, left_out);
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
		tell_clone(l, now_ms);
	if (claim.superseded && claim.run != l->run &&
		!bs_worker_supersede(w->shared->workers[claim.worker], claim.run))
		tell_no_mail(l, now_ms);
	end_run(l);
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

/* Take what the exchange counted since the last time into the worker's sum. */
static void
count_exchange(struct link *l)
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
on_finished(void *arg, uint64_t now_ms, const struct bs_run_report *r)
{
	struct link *l = arg;
	bool store = l->held_back && r->outcome == BS_OUT_CLIENT_SILENT; /* it is not the device that said nothing */
	enum bs_outcome outcome = store ? BS_OUT_INTERNAL : r->outcome;
	const char *detail = store ? "the store could not be read: nothing more was sent" : r->detail;
	struct bs_attempt a = { .outcome = outcome, .code = r->code, .version = (uint8_t)r->version, .proven = true };
	const struct bs_ration_who who = who_of(l);

	fill_from_peer(&a, l->peer);
	put_detail(&a, l->trigger != NULL ? BS_TRIGGERED : "", detail);
	snprintf(a.step, sizeof(a.step), "%s", r->step);
	snprintf(a.claimed, sizeof(a.claimed), "%s", r->claimed);
	a.format = r->format;
	a.writes = (uint16_t)r->writes;
	a.took_ms = (uint32_t)r->took_ms;
	a.handshake_ms = (uint32_t)(l->opened_ms - l->created_ms);
	l->held_back = false;
	end_run(l);
	if (r->outcome == BS_OUT_PACK_DECLINED)
		bs_device_table_give_back(l->worker->shared->devices, l->client.device_id);
	count_exchange(l);
	bs_histogram_add_ms(&l->worker->stats.run, r->took_ms);
	record(l->worker, now_ms, &a, &who);
	if (l->trigger != NULL) {
		snprintf(l->trigger->told.step, sizeof(l->trigger->told.step), "%s", r->step);
		l->trigger->told.writes = r->writes;
		l->trigger->told.took_ms = a.took_ms;
		l->trigger->told.handshake_ms = a.handshake_ms;
		bs_trigger_end(l->trigger, outcome, detail);
	}
}

static int64_t
on_wall_s(void *arg)
{
	(void)arg;
	return bs_clock_wall_ms() / 1000;
}

static const struct bs_session_ops session_ops = {
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
	arm(l);
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

/* ---- tracing one device ------------------------------------------------------------------------------------------- */

/* The header of a message, for an operator who watches one device; its payload may hold keys and stays out. */
static void
trace(struct link *l, const char *event, const uint8_t *data, size_t len)
{
	struct bs_worker *w = l->worker;
	struct bs_ration_who who;
	char code[BS_CODE_TEXT];
	uint64_t now_ms, left_out;
	struct bs_quote q;

	if (w->trace[0] == '\0' || len < 4 || strcmp(w->trace, l->client.endpoint) != 0)
		return;
	who = who_of(l);
	now_ms = bs_clock_ms();
	if (now_ms > w->trace_until_ms)
		w->trace[0] = '\0';
	else if (may(w, now_ms, &who, BS_RATION_WATCHED, &left_out))
		bs_log(BS_INFO, event, "ep=%s type=%u code=%s mid=%u octets=%zu suppressed=%" PRIu64,
			bs_log_quote(&q, l->client.endpoint), data[0] >> 4 & 3u, bs_code_format(data[1], code),
			(unsigned)(data[2] << 8 | data[3]), len, left_out);
}

/* ---- the exchange's side ------------------------------------------------------------------------------------------ */

static void
tell_send_failed(struct link *l)
{
	const struct bs_ration_who who = who_of(l);
	uint64_t left_out;

	if (bs_log_wants(BS_DEBUG) && may(l->worker, bs_clock_ms(), &who, BS_RATION_LINE, &left_out))
		bs_log(BS_DEBUG, "dtls.send-failed", "worker=%u suppressed=%" PRIu64, l->worker->index, left_out);
}

static void
on_send(void *arg, const uint8_t *data, size_t len)
{
	struct link *l = arg;

	if (!bs_standing_may_send(l, data, len))
		return; /* arm sees to the end of a link that is lost */
	trace(l, "trace.sent", data, len);
	/* A record that cannot leave is lost as a datagram can be; retransmission is the exchange's matter. */
	if (bs_peer_get_state(l->peer) == BS_PEER_OPEN && bs_peer_send(l->peer, data, len) != BS_OK)
		tell_send_failed(l);
}

static bool
on_request(void *arg, uint64_t now_ms, const struct bs_msg *msg, const struct bs_request_ref *ref)
{
	struct link *l = arg;

	return bs_session_request(l->session, now_ms, msg, ref);
}

static const struct bs_exchange_ops exchange_ops = {
	.send = on_send,
	.on_request = on_request,
	.random = bs_random_system,
};

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
		record_silence(l, now_ms, "the session stays open");
	}
	if (l->lost)
		bs_link_fall(l, now_ms);
	else if (l->close_after_run && !bs_session_is_running(l->session))
		bs_link_close(l, now_ms, BS_OUT_SUPERSEDED, "the credential or the profile was changed");
	else
		arm(l);
	bs_worker_end_turn(w);
}

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
	l->client.mode = mode_of(proof->kind);
	memcpy(l->client.endpoint, proof->device.endpoint, sizeof(l->client.endpoint));
	l->timer = evtimer_new(w->base, on_timer, l);
	l->exchange = bs_exchange_new(&exchange_ops, l, now_ms);
	l->session = l->exchange != NULL ? bs_session_new(&session_ops, l, l->exchange, &l->client) : NULL;
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
static void
bury(struct link *l)
{
	struct bs_worker *w = l->worker;

	end_run(l);
	bs_device_table_leave(w->shared->devices, l->client.device_id, l->number);
	count_exchange(l);
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
		tell_no_mail(l, now_ms);
	return BS_OK;
}

static enum bs_err
open_link(struct bs_worker *w, struct bs_peer *peer, uint64_t now_ms, struct link **out)
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

/* A good handshake that becomes no session. A close_notify leaves: the device notices, and comes again. */
static void
turn_away(struct bs_worker *w, struct bs_peer *peer, struct trigger *t, uint64_t now_ms, enum bs_err err)
{
	enum bs_outcome outcome = err == BS_ELIMIT ? BS_OUT_TOO_MANY : BS_OUT_OVERLOAD;
	const char *detail = err == BS_ELIMIT ? BS_TOO_MANY_HANDSHAKES : bs_strerror(err);

	w->stats.handshakes_over += err == BS_ELIMIT;
	record_peer(w, now_ms, peer, outcome, detail);
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
	enum bs_err err = open_link(w, peer, now_ms, &l);

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
	arm(l);
}

static void
on_peer_data(void *arg, struct bs_peer *peer, uint64_t now_ms, const uint8_t *data, size_t len)
{
	struct link *l = bs_peer_get_user(peer);

	(void)arg;
	if (l == NULL || l->lost)
		return;
	trace(l, "trace.received", data, len);
	bs_exchange_input(l->exchange, now_ms, data, len);
	if (bs_peer_get_user(peer) == l)
		arm(l);
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
			record_peer(w, now_ms, peer, outcome, detail);
		if (t != NULL)
			bs_trigger_end(t, outcome, detail);
		return;
	}
	bs_session_abort(l->session, now_ms, outcome != BS_OUT_DONE ? outcome : BS_OUT_CLIENT_CLOSED, detail);
	if (!l->silence_noted && !bs_session_was_used(l->session)) {
		if (outcome == BS_OUT_CERT_REVOKED)
			record_peer(w, now_ms, peer, outcome, detail);
		else
			record_silence(l, now_ms, detail);
	}
	bury(l);
}

const struct bs_peer_ops bs_link_peer_ops = {
	.send = on_peer_send,
	.on_open = on_peer_open,
	.on_data = on_peer_data,
	.on_closed = on_peer_closed,
};

void
bs_link_close(struct link *l, uint64_t now_ms, enum bs_outcome outcome, const char *detail)
{
	struct bs_worker *w = l->worker;
	struct bs_peer *peer = l->peer;

	bs_session_abort(l->session, now_ms, outcome, detail);
	bury(l);
	bs_peer_table_close(w->peers, peer);
}

void
bs_link_fall(struct link *l, uint64_t now_ms)
{
	if (!bs_session_is_running(l->session) && !bs_session_was_used(l->session))
		record_peer(l->worker, now_ms, l->peer, l->lost_outcome, l->lost_detail);
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
	arm(l);
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
