/* SPDX-License-Identifier: Apache-2.0 */
#include "server/dtls/peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/dtls/context.h"

#define RECORD_HEADER_LEN 13
#define FORGERIES_MAX 1000 /* records that were not the peer's, for the life of an association */
#define RECORDS_MAX (UINT64_C(1) << 32) /* in each direction */

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
	bool key_differs; /* such a one did not decrypt: the ChangeCipherSpec was there, and it is not the Finished */
	uint64_t now_ms; /* of the call that is on */
	uint64_t created_ms;
	uint64_t end_ms; /* handshake time is over; when OPEN: the certificate ends */
	uint64_t timer_ms; /* next retransmission */
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
new_peer(struct bs_dtls_ctx *ctx, const struct bs_peer_ops *ops, void *arg, const struct bs_addr *local,
	const struct bs_addr *remote, uint64_t now_ms, uint32_t handshake_time_ms)
{
	struct bs_peer *peer = calloc(1, sizeof(*peer));

	if (peer == NULL)
		return NULL;
	peer->ctx = ctx;
	peer->ops = ops;
	peer->arg = arg;
	peer->local = *local;
	peer->remote = *remote;
	peer->now_ms = now_ms;
	peer->created_ms = now_ms;
	peer->end_ms = now_ms + handshake_time_ms;
	peer->timer_ms = BS_NEVER;
	peer->hs.ctx = ctx;
	peer->hs.remote = &peer->remote;
	peer->hs.alert_in = -1;
	peer->hs.lifetime_s = -1;
	peer->hs.timer_first_ms = ctx->timeout_ms;
	peer->hs.bio.send = on_bio_send;
	peer->hs.bio.arg = peer;
	return peer;
}

enum bs_err
bs_peer_new(struct bs_dtls_ctx *ctx, const struct bs_peer_ops *ops, void *arg, const struct bs_addr *local,
	const struct bs_addr *remote, uint64_t now_ms, uint32_t handshake_time_ms, struct bs_peer **out)
{
	struct bs_peer *peer = new_peer(ctx, ops, arg, local, remote, now_ms, handshake_time_ms);

	if (peer == NULL || !make_ssl(peer, ctx->set->first)) {
		bs_peer_free(peer);
		return BS_ENOMEM;
	}
	*out = peer;
	return BS_OK;
}

enum bs_err
bs_peer_dial(struct bs_dtls_ctx *ctx, const struct bs_peer_ops *ops, void *arg, const struct bs_addr *local,
	const struct bs_addr *remote, uint64_t now_ms, uint32_t handshake_time_ms, const struct bs_dial_target *target,
	struct bs_peer **out)
{
	struct bs_peer *peer;
	enum bs_err err;

	if (!bs_dtls_ctx_can_dial(ctx, target->kind))
		return BS_EUNSUPPORTED;
	peer = new_peer(ctx, ops, arg, local, remote, now_ms, handshake_time_ms);
	if (peer == NULL)
		return BS_ENOMEM;
	peer->dialled = true;
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
	struct bs_quote q;

	if (peer->told)
		return;
	peer->told = true;
	if (peer->ctx->debug)
		bs_log(BS_DEBUG, "dtls.closed", "outcome=%s detail=%s", bs_outcome_word(outcome),
			bs_log_quote(&q, detail));
	peer->ops->on_closed(peer->arg, peer, peer->now_ms, outcome, detail);
}

static void
finish(struct bs_peer *peer, enum bs_outcome outcome, const char *detail)
{
	peer->state = BS_PEER_CLOSED;
	peer->timer_ms = peer->end_ms = BS_NEVER;
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
explain_failure(struct bs_handshake *hs)
{
	int reason = ERR_GET_REASON(ERR_peek_error());

	if (hs->dial != NULL)
		bs_dial_explain(hs);
	if (hs->failed)
		return;
	if (hs->alert_in >= 0)
		bs_handshake_fail(hs, BS_OUT_HANDSHAKE_FAILED, "the device sent alert %d (%s)%s", hs->alert_in,
			SSL_alert_desc_string_long(hs->alert_in), alert_hint(hs->alert_in));
	else if (reason == SSL_R_UNSUPPORTED_PROTOCOL || reason == SSL_R_UNKNOWN_PROTOCOL)
		bs_handshake_fail(hs, BS_OUT_HANDSHAKE_FAILED, "the device does not speak DTLS 1.2");
	else
		bs_handshake_fail(hs, outcome_of_reason(reason), "%s", bs_openssl_reason());
}

/* Keep the place, so that retransmissions meet silence and no new handshake; the SSL has nothing more to say. */
static void
ignore(struct bs_peer *peer)
{
	SSL_free(peer->ssl);
	peer->ssl = NULL;
	peer->timer_ms = BS_NEVER;
	peer->state = BS_PEER_IGNORING;
	tell_closed(peer, peer->hs.outcome, peer->hs.detail);
}

static void
handshake_failed(struct bs_peer *peer)
{
	explain_failure(&peer->hs);
	if (peer->hs.ignore)
		ignore(peer);
	else
		finish(peer, peer->hs.outcome, peer->hs.detail);
}

static void
handshake_done(struct bs_peer *peer)
{
	int64_t lifetime_s = peer->hs.lifetime_s;

	if (peer->hs.psk_random) { /* no client can know that key */
		ignore(peer);
		return;
	}
	if (peer->dialled && !bs_dial_was_asked(&peer->hs)) {
		SSL_shutdown(peer->ssl);
		handshake_failed(peer);
		return;
	}
	bs_dial_end(&peer->hs);
	peer->state = BS_PEER_OPEN;
	peer->timer_ms = BS_NEVER;
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
	if (peer->ssl != NULL && DTLSv1_get_timeout(peer->ssl, &left) == 1)
		peer->timer_ms = peer->now_ms + (uint64_t)left.tv_sec * 1000 + ((uint64_t)left.tv_usec + 999) / 1000 +
				 1;
}

/* The hello whose cookie was good: OpenSSL takes it as the second one of the exchange. */
static bool
take_hello(struct bs_peer *peer)
{
	struct bs_hello hello;

	if (bs_hello_parse(peer->hs.bio.in, peer->hs.bio.in_len, &hello) != BS_OK)
		return false;
	if (hello.record_seq > 0)
		peer->hs.bio.seq_offset = hello.record_seq - 1; /* bio.h */
	peer->listened = DTLSv1_listen(peer->ssl, peer->ctx->nobody) == 1;
	return peer->listened;
}

/*
 * What came protected before the ChangeCipherSpec waits in OpenSSL and is tried as soon as that is there. Until then it
 * says nothing of the key: the ChangeCipherSpec may be lost.
 */
static void
note_evidence(struct bs_peer *peer)
{
	OSSL_HANDSHAKE_STATE waits_for_finished = peer->dialled ? TLS_ST_CR_CHANGE : TLS_ST_SR_CHANGE;

	if (peer->protected_seen && SSL_get_state(peer->ssl) == waits_for_finished)
		peer->key_differs = true;
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
		set_timer(peer);
		note_evidence(peer);
		if (peer->hs.psk_random && peer->state == BS_PEER_HANDSHAKE) {
			peer->state = BS_PEER_IGNORING; /* to the outside: a handshake like any other */
			tell_closed(peer, peer->hs.outcome, peer->hs.detail);
		}
	}
}

/* An alert or an error that ends an open association. */
static void
broken(struct bs_peer *peer)
{
	char detail[120];

	if (peer->hs.alert_in > 0) {
		snprintf(detail, sizeof(detail), "the device sent alert %d (%s)", peer->hs.alert_in,
			SSL_alert_desc_string_long(peer->hs.alert_in));
		finish(peer, BS_OUT_CLIENT_CLOSED, detail);
	} else {
		finish(peer, BS_OUT_INTERNAL, bs_openssl_reason());
	}
}

/* A read that finds nothing leaves a buffer of 16 KiB behind: SSL_MODE_RELEASE_BUFFERS only frees it with a record. */
static bool
has_more(const struct bs_peer *peer)
{
	return peer->state == BS_PEER_OPEN && (peer->hs.bio.in_len > 0 || SSL_has_pending(peer->ssl));
}

/* Returns the number of records that were good. */
static uint64_t
read_records(struct bs_peer *peer)
{
	uint64_t good = 0;

	while (has_more(peer)) {
		size_t left = peer->hs.bio.in_len;
		int n = SSL_read(peer->ssl, peer->ctx->plain, BS_DTLS_PLAIN_MAX);
		int error = n > 0 ? SSL_ERROR_NONE : SSL_get_error(peer->ssl, n);

		if (n > 0) {
			good++;
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
	return good;
}

/* May one of the records be a Finished? */
static bool
has_protected_handshake(const uint8_t *data, size_t len)
{
	bool found = false;

	while (!found && len >= RECORD_HEADER_LEN) {
		size_t record = RECORD_HEADER_LEN + ((size_t)data[11] << 8 | data[12]);

		if (record > len)
			break;
		found = data[0] == SSL3_RT_HANDSHAKE && data[3] == 0 && data[4] == 1;
		data += record;
		len -= record;
	}
	return found;
}

/* Records of a datagram that claim to be protected: all of epoch 1. */
static uint64_t
count_protected(const uint8_t *data, size_t len)
{
	uint64_t n = 0;

	while (len >= RECORD_HEADER_LEN) {
		size_t record = RECORD_HEADER_LEN + ((size_t)data[11] << 8 | data[12]);

		if (record > len)
			break;
		if (data[3] != 0 || data[4] != 0)
			n++;
		data += record;
		len -= record;
	}
	return n;
}

static void
drop(struct bs_peer *peer, uint64_t n)
{
	if (peer->counters != NULL)
		peer->counters->records_dropped += n;
}

/* What came and led to nothing: bad MAC, replay, nonsense. Short tags tolerate few forgeries (RFC 6655, 6.1). */
static void
account(struct bs_peer *peer, uint64_t came, uint64_t good)
{
	uint64_t bad = came > good ? came - good : 0;

	peer->records_in += good;
	peer->forgeries += bad;
	drop(peer, bad);
	if (peer->state != BS_PEER_OPEN)
		return;
	if (peer->forgeries > FORGERIES_MAX)
		bs_peer_end(
			peer, peer->now_ms, BS_OUT_DONE, "closed after too many records that did not decrypt", true);
	else if (peer->records_in >= RECORDS_MAX || peer->records_out >= RECORDS_MAX)
		bs_peer_end(peer, peer->now_ms, BS_OUT_DONE, "closed after 2^32 records", true);
}

void
bs_peer_input(struct bs_peer *peer, uint64_t now_ms, const uint8_t *data, size_t len)
{
	uint64_t came = count_protected(data, len), alerts = peer->hs.alerts_in, good;
	bool was_open = peer->state == BS_PEER_OPEN;

	peer->now_ms = now_ms;
	if (peer->ssl == NULL || peer->state == BS_PEER_CLOSED) {
		drop(peer, 1);
		return;
	}
	peer->hs.bio.in = data;
	peer->hs.bio.in_len = len;
	ERR_clear_error();
	if (peer->hs.dial != NULL) {
		peer->hs.dial->heard++;
		peer->hs.dial->heard_later += peer->hs.dial->key_used;
	}
	if (!was_open) {
		peer->protected_seen = peer->protected_seen || has_protected_handshake(data, len);
		advance(peer);
	}
	good = read_records(peer);
	peer->hs.bio.in = NULL;
	peer->hs.bio.in_len = 0;
	ERR_clear_error();
	if (!was_open)
		return; /* the Finished is not told apart from what is lost in a handshake */
	good += peer->hs.alerts_in - alerts;
	if (came == 0)
		drop(peer, 1);
	account(peer, came, good);
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
	X509 *leaf = peer->state == BS_PEER_OPEN ? SSL_get0_peer_certificate(peer->ssl) : NULL;

	return leaf != NULL && bs_verify_is_revoked(peer->ctx, leaf);
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
	*detail = !peer->hs.psk_known    ? "the device did not go on after this server's first flight"
		  : peer->protected_seen ? "the ChangeCipherSpec after the key exchange was lost"
					 : "nothing came after the key exchange";
	return BS_OUT_HANDSHAKE_TIMEOUT;
}

uint64_t
bs_peer_next_deadline_ms(const struct bs_peer *peer)
{
	return peer->timer_ms < peer->end_ms ? peer->timer_ms : peer->end_ms;
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
	outcome = bs_peer_unfinished(peer, &detail);
	finish(peer, outcome, detail); /* says nothing when it was IGNORING */
}

void
bs_peer_tick(struct bs_peer *peer, uint64_t now_ms)
{
	peer->now_ms = now_ms;
	if (peer->state == BS_PEER_CLOSED)
		return;
	if (now_ms >= peer->end_ms) {
		time_is_over(peer);
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

void
bs_peer_set_timeout(struct bs_peer *peer, uint32_t first_ms)
{
	peer->hs.timer_first_ms = first_ms;
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
