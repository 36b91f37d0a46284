/* SPDX-License-Identifier: Apache-2.0 */
#include "server/dtls/peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/dtls/context.h"

/*
 * An alert in the clear may be anybody's. It ends a handshake when nothing else comes for so many first timers: the flight is
 * sent again three times by then, and whoever is still there answers one of them.
 */
#define ALERT_GRACE_TIMERS 10

struct bs_peer {
	struct bs_dtls_ctx *ctx;
	const struct bs_peer_ops *ops;
	void *arg;
	void *user;
	struct bs_dtls_counters *counters; /* NULL: nobody counts */
	struct bs_addr local, remote;
	SSL *ssl; /* NULL when CLOSED or nothing is left to say */
	struct bs_handshake hs;
	enum bs_peer_state state;
	bool busy; /* see bs_peer_set_busy */
	bool dialled; /* this server is the DTLS client */
	bool listened; /* the first ClientHello went in */
	bool told; /* on_closed was called, or must not be */
	bool protected_seen; /* a handshake record of epoch 1 came during the handshake */
	bool key_differs; /* such a one did not decrypt, although the ChangeCipherSpec was there */
	char alert_text[160]; /* what the device said in the clear, or somebody under its address; empty: nothing */
	struct bs_gate gate; /* until it is OPEN */
	struct bs_record_limits limits; /* of the suite, as soon as that is known */
	struct bs_window window; /* of the good records since it is OPEN */
	uint64_t now_ms; /* of the call that is on */
	uint64_t created_ms;
	uint64_t end_ms; /* handshake time is over; when OPEN: the certificate ends */
	uint64_t timer_ms; /* next retransmission */
	uint64_t grace_ms; /* an alert came, and ends the handshake then */
	uint64_t records_in, records_out, forgeries;
};

static void
on_bio_send(void *arg, const uint8_t *data, size_t len)
{
	struct bs_peer *peer = arg;

	peer->ops->send(peer->arg, &peer->local, &peer->remote, data, len);
}

/* DTLS_set_timer_cb: 0 asks for the first timer, else the one before. Microseconds. */
static unsigned
on_timer(SSL *ssl, unsigned before_us)
{
	const struct bs_handshake *hs = SSL_get_app_data(ssl);
	uint64_t next_us = before_us == 0 ? (uint64_t)hs->timer_first_ms * 1000 : 2ull * before_us;
	uint64_t most_us = (uint64_t)BS_DTLS_TIMEOUT_MAX_MS * 1000;

	return (unsigned)(next_us < most_us ? next_us : most_us);
}

static bool
make_ssl(struct bs_peer *peer, SSL_CTX *ssl_ctx)
{
	BIO *bio = bs_bio_new(peer->ctx->bio_method, &peer->hs.bio);

	peer->ssl = bio != NULL ? SSL_new(ssl_ctx) : NULL;
	if (peer->ssl == NULL) {
		BIO_free(bio);
		return false;
	}
	SSL_set_bio(peer->ssl, bio, bio);
	SSL_set_app_data(peer->ssl, &peer->hs);
	if (peer->dialled)
		SSL_set_connect_state(peer->ssl);
	else
		SSL_set_accept_state(peer->ssl);
	DTLS_set_link_mtu(peer->ssl, peer->ctx->mtu);
	DTLS_set_timer_cb(peer->ssl, on_timer);
	return true;
}

static struct bs_peer *
new_peer(struct bs_dtls_ctx *ctx, const struct bs_peer_begin *begin)
{
	struct bs_peer *peer = calloc(1, sizeof(*peer));

	if (peer == NULL)
		return NULL;
	peer->ctx = ctx;
	peer->ops = begin->ops;
	peer->arg = begin->arg;
	peer->local = *begin->local;
	peer->remote = *begin->remote;
	peer->now_ms = begin->now_ms;
	peer->created_ms = begin->now_ms;
	peer->end_ms = begin->now_ms + begin->handshake_time_ms;
	peer->timer_ms = peer->grace_ms = BS_NEVER;
	peer->limits = bs_record_limits_of(NULL);
	peer->hs.ctx = ctx;
	peer->hs.remote = &peer->remote;
	peer->hs.alert_in = -1;
	peer->hs.lifetime_s = -1;
	peer->hs.timer_first_ms = begin->first_timeout_ms != 0 ? begin->first_timeout_ms : ctx->timeout_ms;
	peer->hs.generation = bs_dtls_ctx_get_generation(ctx);
	peer->hs.bio.send = on_bio_send;
	peer->hs.bio.arg = peer;
	peer->hs.bio.seq_offset = begin->hello_seq > 0 ? begin->hello_seq - 1 : 0; /* bio.h */
	return peer;
}

enum bs_err
bs_peer_new(struct bs_dtls_ctx *ctx, const struct bs_peer_begin *begin, struct bs_peer **out)
{
	struct bs_peer *peer = new_peer(ctx, begin);

	if (peer == NULL || !make_ssl(peer, ctx->set->first)) {
		bs_peer_free(peer);
		return BS_ENOMEM;
	}
	*out = peer;
	return BS_OK;
}

enum bs_err
bs_peer_dial(struct bs_dtls_ctx *ctx, const struct bs_peer_begin *begin, const struct bs_dial_target *target,
	struct bs_peer **out)
{
	struct bs_peer *peer;
	enum bs_err err;

	if (!bs_dtls_ctx_can_dial(ctx, target->kind))
		return BS_EUNSUPPORTED;
	peer = new_peer(ctx, begin);
	if (peer == NULL)
		return BS_ENOMEM;
	peer->dialled = true;
	peer->gate.flight = target->kind == BS_CRED_PSK ? BS_GATE_SERVER_PSK : BS_GATE_SERVER_CERTIFICATE;
	err = bs_dial_begin(&peer->hs, target);
	if (err == BS_OK && (!make_ssl(peer, ctx->set->dial[target->kind]) || !bs_dial_prepare(peer->ssl, target)))
		err = BS_ENOMEM;
	if (err == BS_OK) {
		*out = peer;
		peer = NULL;
	}
	bs_peer_free(peer);
	return err;
}

void
bs_peer_free(struct bs_peer *peer)
{
	if (peer == NULL)
		return;
	SSL_free(peer->ssl);
	bs_dial_end(&peer->hs);
	ERR_clear_error();
	free(peer);
}

static void
tell_closed(struct bs_peer *peer, enum bs_outcome outcome, const char *detail)
{
	if (peer->told)
		return;
	peer->told = true;
	peer->ops->on_closed(peer->arg, peer, peer->now_ms, outcome, detail);
}

static void
finish(struct bs_peer *peer, enum bs_outcome outcome, const char *detail)
{
	peer->state = BS_PEER_CLOSED;
	peer->timer_ms = peer->grace_ms = peer->end_ms = BS_NEVER;
	bs_dial_end(&peer->hs);
	tell_closed(peer, outcome, detail);
}

/* What a device says by an alert, for those that people meet. */
static const char *
alert_hint(int alert)
{
	static const struct {
		int alert;
		const char *hint;
	} rows[] = {
		{ SSL3_AD_BAD_CERTIFICATE, ": it refuses this server's certificate or key" },
		{ SSL3_AD_UNSUPPORTED_CERTIFICATE, ": it does not take this server's kind of certificate or key" },
		{ SSL3_AD_CERTIFICATE_EXPIRED, ": for it, this server's certificate is expired (its clock?)" },
		{ SSL3_AD_CERTIFICATE_UNKNOWN, ": it does not accept this server's certificate or key" },
		{ TLS1_AD_UNKNOWN_CA, ": it does not trust who issued this server's certificate" },
		{ TLS1_AD_ACCESS_DENIED, ": it does not let this server in" },
		{ TLS1_AD_DECRYPT_ERROR, ": a signature or key of this server did not verify there" },
		{ TLS1_AD_USER_CANCELLED, ": it gave up" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].alert == alert)
			return rows[i].hint;
	return "";
}

/* What OpenSSL refuses for want of something in common. */
static enum bs_outcome
outcome_of_reason(int reason)
{
	static const int nothing_common[] = { SSL_R_NO_SHARED_CIPHER, SSL_R_NO_SHARED_GROUPS,
		SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS, SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, SSL_R_NO_SUITABLE_GROUPS,
		SSL_R_NO_CIPHERS_AVAILABLE, SSL_R_WRONG_SIGNATURE_TYPE, SSL_R_UNKNOWN_DIGEST };

	for (size_t i = 0; i < sizeof(nothing_common) / sizeof(nothing_common[0]); i++)
		if (nothing_common[i] == reason)
			return BS_OUT_NO_COMMON_SUITE;
	return BS_OUT_HANDSHAKE_FAILED;
}

static void
explain_failure(struct bs_peer *peer)
{
	struct bs_handshake *hs = &peer->hs;
	int reason = ERR_GET_REASON(ERR_peek_error());

	if (hs->dial != NULL && reason == 0)
		bs_dial_explain(hs);
	if (hs->failed)
		return;
	if (reason == 0 && peer->alert_text[0] != '\0')
		bs_handshake_fail(hs, BS_OUT_HANDSHAKE_FAILED, "%s", peer->alert_text);
	else if (reason == SSL_R_UNSUPPORTED_PROTOCOL || reason == SSL_R_UNKNOWN_PROTOCOL)
		bs_handshake_fail(hs, BS_OUT_HANDSHAKE_FAILED, "the device does not speak DTLS 1.2");
	else
		bs_handshake_fail(hs, outcome_of_reason(reason), "%s", bs_openssl_reason());
}

/* Keep the place, so that what still comes meets silence; the SSL has nothing more to say. */
static void
ignore(struct bs_peer *peer)
{
	SSL_free(peer->ssl);
	peer->ssl = NULL;
	peer->timer_ms = peer->grace_ms = BS_NEVER;
	peer->state = BS_PEER_IGNORING;
	tell_closed(peer, peer->hs.outcome, peer->hs.detail);
}

static void
handshake_failed(struct bs_peer *peer)
{
	explain_failure(peer);
	/* Whose credential was known fails as silently as whose was not. A look-up that cannot answer says nothing of either. */
	if (peer->hs.ignore || (peer->hs.bio.hushed && !peer->hs.bio.muted))
		ignore(peer);
	else
		finish(peer, peer->hs.outcome, peer->hs.detail);
}

static void
handshake_done(struct bs_peer *peer)
{
	int64_t lifetime_s = peer->hs.lifetime_s;

	if (peer->dialled && !bs_dial_was_asked(&peer->hs)) {
		SSL_shutdown(peer->ssl);
		handshake_failed(peer);
		return;
	}
	bs_dial_end(&peer->hs);
	peer->state = BS_PEER_OPEN;
	peer->hs.bio.hushed = false;
	peer->timer_ms = peer->grace_ms = BS_NEVER;
	peer->end_ms = lifetime_s >= 0 ? peer->now_ms + (uint64_t)lifetime_s * 1000 : BS_NEVER;
	peer->hs.proof.suite = SSL_get_cipher_name(peer->ssl);
	peer->hs.alert_in = -1;
	peer->ops->on_open(peer->arg, peer, peer->now_ms);
}

static void
set_timer(struct bs_peer *peer)
{
	struct timeval left;

	peer->timer_ms = BS_NEVER;
	/* Once a credential was seen the client has this server's flight, and its own timer. */
	if (peer->ssl != NULL && !peer->hs.bio.hushed && DTLSv1_get_timeout(peer->ssl, &left) == 1)
		peer->timer_ms = peer->now_ms + (uint64_t)left.tv_sec * 1000 + ((uint64_t)left.tv_usec + 999) / 1000 +
				 1;
}

/* The hello whose cookie was good: OpenSSL takes it as the second one of the exchange. */
static bool
take_hello(struct bs_peer *peer)
{
	peer->listened = DTLSv1_listen(peer->ssl, peer->ctx->nobody) == 1;
	return peer->listened;
}

/* What the gate waits for now. */
static void
watch(struct bs_peer *peer)
{
	const SSL_CIPHER *suite = SSL_get_pending_cipher(peer->ssl);
	const SSL_SESSION *session = SSL_get0_session(peer->ssl);
	uint8_t fragment = session != NULL ? SSL_SESSION_get_max_fragment_length(session) : 0;

	if (SSL_get_state(peer->ssl) == (peer->dialled ? TLS_ST_CR_CHANGE : TLS_ST_SR_CHANGE))
		peer->gate.cipher_changed = true;
	if (suite == NULL)
		return;
	peer->limits = bs_record_limits_of(suite);
	if (fragment != 0)
		peer->gate.record_max = (uint16_t)(256u << fragment);
	if (peer->gate.flight == BS_GATE_HELLO)
		peer->gate.flight = SSL_CIPHER_get_auth_nid(suite) == NID_auth_psk ? BS_GATE_PSK : BS_GATE_CERTIFICATE;
}

static void
advance(struct bs_peer *peer)
{
	int rc;

	if (!peer->dialled && !peer->listened && !take_hello(peer)) {
		bs_handshake_fail(&peer->hs, BS_OUT_HANDSHAKE_FAILED, "the ClientHello is not well-formed");
		handshake_failed(peer);
		return;
	}
	rc = SSL_do_handshake(peer->ssl);
	peer->hs.proof.suite = SSL_get_current_cipher(peer->ssl) != NULL ? SSL_get_cipher_name(peer->ssl) : NULL;
	if (rc == 1) {
		handshake_done(peer);
	} else if (SSL_get_error(peer->ssl, rc) != SSL_ERROR_WANT_READ) {
		handshake_failed(peer);
	} else {
		SSL_free_buffers(peer->ssl); /* 16 KiB, which a read that finds nothing leaves behind */
		set_timer(peer);
		watch(peer);
	}
}

/* Errors of this server, not of what the device sent. */
static bool
is_own_fault(unsigned long e)
{
	static const int reasons[] = { ERR_R_MALLOC_FAILURE, ERR_R_INTERNAL_ERROR, ERR_R_EVP_LIB, ERR_R_CRYPTO_LIB };

	if (e == 0 || ERR_SYSTEM_ERROR(e))
		return true;
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (ERR_GET_REASON(e) == reasons[i])
			return true;
	return false;
}

/* An alert or an error that ends an open association: the record was the device's, or it would have been dropped. */
static void
broken(struct bs_peer *peer)
{
	unsigned long e = ERR_peek_error();
	char detail[120];

	if (peer->hs.alert_in > 0) {
		snprintf(detail, sizeof(detail), "the device sent alert %d (%s)", peer->hs.alert_in,
			SSL_alert_desc_string_long(peer->hs.alert_in));
		finish(peer, BS_OUT_CLIENT_CLOSED, detail);
	} else if (is_own_fault(e)) {
		finish(peer, BS_OUT_INTERNAL, bs_openssl_reason());
	} else {
		snprintf(detail, sizeof(detail), "the device sent a record that DTLS does not allow here: %s",
			bs_openssl_reason());
		finish(peer, BS_OUT_CLIENT_CLOSED, detail);
	}
}

/* A read that finds nothing leaves a buffer of 16 KiB behind: SSL_MODE_RELEASE_BUFFERS only frees it with a record. */
static bool
has_more(const struct bs_peer *peer)
{
	return peer->state == BS_PEER_OPEN && (peer->hs.bio.in_len > 0 || SSL_has_pending(peer->ssl));
}

/* True: the record was good. It brought data or an alert, or made OpenSSL answer: a Finished that came again. */
static bool
read_record(struct bs_peer *peer)
{
	uint64_t alerts = peer->hs.alerts_in, written = peer->hs.bio.written;
	bool data = false;

	while (has_more(peer)) {
		size_t left = peer->hs.bio.in_len;
		int n = SSL_read(peer->ssl, peer->ctx->plain, BS_DTLS_PLAIN_MAX);
		int error = n > 0 ? SSL_ERROR_NONE : SSL_get_error(peer->ssl, n);

		if (n > 0) {
			data = true;
			peer->ops->on_data(peer->arg, peer, peer->now_ms, peer->ctx->plain, (size_t)n);
		} else if (error == SSL_ERROR_ZERO_RETURN) {
			SSL_shutdown(peer->ssl);
			finish(peer, BS_OUT_DONE, "closed by the device");
		} else if (error != SSL_ERROR_WANT_READ) {
			broken(peer);
		} else if (peer->hs.bio.in_len == left) {
			break; /* what is pending is no data */
		}
	}
	return data || peer->hs.alerts_in != alerts || peer->hs.bio.written != written;
}

static void
drop(struct bs_peer *peer, uint64_t n)
{
	if (peer->counters != NULL)
		peer->counters->records_dropped += n;
}

/* Would one more failure be within what the key may have had (limits.h)? */
static bool
may_try(struct bs_peer *peer)
{
	if (peer->forgeries < bs_record_limits_failures(&peer->limits, peer->now_ms - peer->created_ms))
		return true;
	if (peer->counters != NULL)
		peer->counters->records_untried++;
	return false;
}

static bool
is_worn(const struct bs_peer *peer)
{
	uint64_t most = peer->ctx->records_most != 0 ? peer->ctx->records_most : peer->limits.records;

	return peer->records_in >= most || peer->records_out >= most;
}

/* What OpenSSL reads from now on; its errors, which are the thread's, begin and end with that. */
static void
give(struct bs_peer *peer, const uint8_t *record, size_t len)
{
	ERR_clear_error();
	peer->hs.bio.in = record;
	peer->hs.bio.in_len = len;
}

/*
 * One record for an open association. Anybody can send one: only what is of the current epoch, new and as long as the suite
 * makes it is tried, and a failure ends nothing.
 */
static void
input_open(struct bs_peer *peer, const uint8_t *record, size_t len)
{
	uint64_t seq = bs_record_seq(record);

	if (record[1] != 0xfe || record[2] != 0xfd || bs_record_epoch(record) != 1 ||
		!bs_record_limits_fit(&peer->limits, len - BS_RECORD_HEADER_LEN) ||
		bs_window_is_old(&peer->window, seq)) {
		drop(peer, 1);
		return;
	}
	if (!may_try(peer))
		return;
	give(peer, record, len);
	if (read_record(peer)) {
		peer->records_in++;
		bs_window_add(&peer->window, seq);
	} else {
		peer->forgeries++;
		drop(peer, 1);
	}
	give(peer, NULL, 0);
	if (peer->state == BS_PEER_OPEN && is_worn(peer))
		bs_peer_end(peer, peer->now_ms, BS_OUT_DONE, "closed as its keys were used often enough", true);
}

/* What the gate let pass. */
static void
feed(struct bs_peer *peer, const uint8_t *record, size_t len)
{
	bool finished = bs_record_epoch(record) != 0;

	if (finished && (!bs_record_limits_fit(&peer->limits, len - BS_RECORD_HEADER_LEN) || !may_try(peer)))
		return;
	peer->grace_ms = BS_NEVER; /* the device goes on, it seems */
	give(peer, record, len);
	advance(peer);
	give(peer, NULL, 0);
	if (!finished)
		return;
	if (peer->state == BS_PEER_OPEN) {
		bs_window_add(&peer->window, bs_record_seq(record));
	} else if (peer->state == BS_PEER_HANDSHAKE) {
		peer->forgeries++;
		peer->key_differs = true;
	}
}

/* Evidence of why the device is about to leave. RFC 5246, 7.2: level, description. */
static void
note_alert(struct bs_peer *peer, const uint8_t *record)
{
	uint8_t level = record[BS_RECORD_HEADER_LEN], alert = record[BS_RECORD_HEADER_LEN + 1];

	if (level != SSL3_AL_FATAL && alert != SSL_AD_CLOSE_NOTIFY)
		return;
	peer->hs.alert_in = alert;
	snprintf(peer->alert_text, sizeof(peer->alert_text), "the device sent alert %d (%s)%s", alert,
		SSL_alert_desc_string_long(alert), alert_hint(alert));
	if (peer->grace_ms == BS_NEVER)
		peer->grace_ms = peer->now_ms + ALERT_GRACE_TIMERS * (uint64_t)peer->hs.timer_first_ms;
}

/* A device that this server turned to says something that may be its own. */
static void
note_heard(struct bs_dial *dial)
{
	if (dial == NULL)
		return;
	dial->heard++;
	dial->heard_later += dial->key_used;
}

static void
input_handshake(struct bs_peer *peer, const uint8_t *record, size_t len)
{
	enum bs_gate_verdict verdict = bs_gate_look(&peer->gate, record, len);
	uint8_t parked[BS_GATE_PARKED_LEN];

	peer->protected_seen = peer->protected_seen || (verdict != BS_GATE_DROP && bs_record_epoch(record) == 1);
	if (verdict != BS_GATE_DROP)
		note_heard(peer->hs.dial);
	switch (verdict) {
	case BS_GATE_PASS:
		feed(peer, record, len);
		break;
	case BS_GATE_PARK:
		bs_gate_park(&peer->gate, record, len);
		break;
	case BS_GATE_ALERT:
		note_alert(peer, record);
		break;
	case BS_GATE_DROP:
		if (peer->counters != NULL)
			peer->counters->handshake_dropped++;
		break;
	}
	while (peer->state == BS_PEER_HANDSHAKE && peer->gate.cipher_changed &&
		(len = bs_gate_unpark(&peer->gate, parked)) > 0)
		feed(peer, parked, len);
}

void
bs_peer_input(struct bs_peer *peer, uint64_t now_ms, const uint8_t *data, size_t len)
{
	size_t record = bs_record_len(data, len);

	peer->now_ms = now_ms;
	if (record == 0 || peer->ssl == NULL)
		drop(peer, 1);
	for (; record > 0; data += record, len -= record, record = bs_record_len(data, len)) {
		if (peer->state == BS_PEER_OPEN)
			input_open(peer, data, record);
		else if (peer->state == BS_PEER_HANDSHAKE)
			input_handshake(peer, data, record);
	}
}

void
bs_peer_start(struct bs_peer *peer, uint64_t now_ms)
{
	peer->now_ms = now_ms;
	ERR_clear_error();
	advance(peer);
	ERR_clear_error();
}

bool
bs_peer_is_dialled(const struct bs_peer *peer)
{
	return peer->dialled;
}

enum bs_err
bs_peer_send(struct bs_peer *peer, const uint8_t *data, size_t len)
{
	int n;

	if (peer->state != BS_PEER_OPEN)
		return BS_ESTATE;
	if (len == 0 || len > BS_DTLS_PLAIN_MAX)
		return BS_ERANGE;
	if (is_worn(peer))
		return BS_EIO;
	n = SSL_write(peer->ssl, data, (int)len);
	ERR_clear_error();
	peer->records_out++;
	return n == (int)len ? BS_OK : BS_EIO;
}

size_t
bs_peer_max_data(const struct bs_peer *peer)
{
	size_t mtu, fragment;

	if (peer->state != BS_PEER_OPEN)
		return 0;
	mtu = DTLS_get_data_mtu(peer->ssl);
	fragment = (size_t)256 << SSL_SESSION_get_max_fragment_length(SSL_get0_session(peer->ssl));
	return fragment > 256 && fragment < mtu ? fragment : mtu;
}

void
bs_peer_close(struct bs_peer *peer)
{
	peer->told = true;
	if (peer->state == BS_PEER_OPEN)
		SSL_shutdown(peer->ssl);
	ERR_clear_error();
	finish(peer, BS_OUT_DONE, "");
}

void
bs_peer_end(struct bs_peer *peer, uint64_t now_ms, enum bs_outcome outcome, const char *detail, bool notify)
{
	peer->now_ms = now_ms;
	if (notify && peer->state == BS_PEER_OPEN)
		SSL_shutdown(peer->ssl);
	ERR_clear_error();
	finish(peer, outcome, detail);
}

bool
bs_peer_is_revoked(const struct bs_peer *peer)
{
	return peer->state == BS_PEER_OPEN && bs_verify_is_revoked(peer->ctx, peer->ssl);
}

uint64_t
bs_peer_get_generation(const struct bs_peer *peer)
{
	return peer->hs.generation;
}

enum bs_standing
bs_peer_verify(const struct bs_peer *peer, enum bs_outcome *outcome, char *detail, size_t max)
{
	enum bs_standing standing = bs_verify_again(&peer->hs, peer->ssl, outcome, detail, max);

	ERR_clear_error();
	return standing;
}

enum bs_outcome
bs_peer_unfinished(const struct bs_peer *peer, const char **detail)
{
	if (peer->hs.dial != NULL)
		return bs_dial_unfinished(peer->hs.dial, detail);
	if (peer->hs.psk_known && peer->key_differs) {
		*detail = "identity known, but what followed the key exchange did not decrypt";
		return BS_OUT_KEY_MISMATCH;
	}
	if (peer->alert_text[0] != '\0') {
		*detail = peer->alert_text;
		return BS_OUT_HANDSHAKE_FAILED;
	}
	if (peer->gate.too_long) {
		*detail = "the device sent a handshake message that is longer than this server takes";
		return BS_OUT_HANDSHAKE_FAILED;
	}
	*detail = !peer->hs.psk_known    ? "the device did not go on after this server's first flight"
		  : peer->protected_seen ? "the ChangeCipherSpec after the key exchange was lost"
					 : "nothing came after the key exchange";
	return BS_OUT_HANDSHAKE_TIMEOUT;
}

uint64_t
bs_peer_next_deadline_ms(const struct bs_peer *peer)
{
	uint64_t first = peer->timer_ms < peer->grace_ms ? peer->timer_ms : peer->grace_ms;

	return first < peer->end_ms ? first : peer->end_ms;
}

/* The handshake time is over, or the certificate ended. */
static void
time_is_over(struct bs_peer *peer)
{
	const char *detail = "";
	enum bs_outcome outcome;

	if (peer->state == BS_PEER_OPEN) {
		bs_peer_end(peer, peer->now_ms, BS_OUT_DONE, "closed as the device's certificate ended", true);
		return;
	}
	if (peer->state == BS_PEER_HANDSHAKE && peer->counters != NULL)
		peer->counters->expired++;
	if (peer->grace_ms != BS_NEVER) {
		handshake_failed(peer);
		detail = peer->hs.detail;
		outcome = peer->hs.outcome;
	} else {
		outcome = bs_peer_unfinished(peer, &detail);
	}
	finish(peer, outcome, detail); /* says nothing when it was told */
}

void
bs_peer_tick(struct bs_peer *peer, uint64_t now_ms)
{
	peer->now_ms = now_ms;
	if (peer->state == BS_PEER_CLOSED)
		return;
	ERR_clear_error();
	if (now_ms >= peer->end_ms) {
		time_is_over(peer);
	} else if (now_ms >= peer->grace_ms) {
		handshake_failed(peer); /* the alert was the device's, it seems */
	} else if (now_ms >= peer->timer_ms) {
		/* A failure means that it was sent often enough; the end of the handshake time settles it. */
		if (DTLSv1_handle_timeout(peer->ssl) < 0)
			peer->timer_ms = BS_NEVER;
		else
			set_timer(peer);
		ERR_clear_error();
	}
}

enum bs_peer_state
bs_peer_get_state(const struct bs_peer *peer)
{
	return peer->state;
}

const struct bs_proof *
bs_peer_get_proof(const struct bs_peer *peer)
{
	return &peer->hs.proof;
}

uint64_t
bs_peer_get_created_ms(const struct bs_peer *peer)
{
	return peer->created_ms;
}

const struct bs_addr *
bs_peer_get_remote(const struct bs_peer *peer)
{
	return &peer->remote;
}

void
bs_peer_set_busy(struct bs_peer *peer, bool busy)
{
	peer->busy = busy;
}

bool
bs_peer_is_busy(const struct bs_peer *peer)
{
	return peer->busy;
}

void
bs_peer_set_user(struct bs_peer *peer, void *user)
{
	peer->user = user;
}

void *
bs_peer_get_user(const struct bs_peer *peer)
{
	return peer->user;
}

void
bs_peer_set_counters(struct bs_peer *peer, struct bs_dtls_counters *counters)
{
	peer->counters = counters;
}
