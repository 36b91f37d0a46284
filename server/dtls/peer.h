/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One DTLS association with one address: an SSL over a datagram BIO of our own. Created only after a valid cookie, or to
 * turn to a device.
 *
 * Anybody can send under the device's address, so nothing that is not authentic ends anything:
 *
 * Handshake. gate.h says what of it reaches OpenSSL; a protected record that does not decrypt is dropped. An alert in the
 * clear is remembered: the handshake ends with it when nothing else comes for ten first timers (10 s), or is told with it
 * when its time is over. Once a credential was seen, nothing leaves until the handshake is done (unless unknown-credential is
 * alert): no alert, no flight again, and what fails later is ignored as an unknown credential is. So known and unknown look
 * the same to who cannot prove them, but for some microseconds of work.
 *
 * OPEN. Tried is a record of epoch 1 that is new and as long as its suite makes it. It decrypts: it is the device's, and what
 * is wrong with it is the device's doing. It does not: it is dropped, and counts as a failure of the key (limits.h). When a
 * key had its share of failures, further records are dropped untried until more are due; nothing is sent and nothing ends,
 * as that is what a stranger may want. The device, unheard for that long, makes a new handshake, which replaces this one. A
 * session whose key was used for as many records as it may be ends with close_notify: those were all authentic.
 *
 * Datagrams leave through ops->send; plain datagrams arrive through ops->on_data, one call per record. Nothing is freed
 * under a callback: after on_closed the owner frees the peer when the stack has unwound.
 */
#ifndef BS_DTLS_PEER_H
#define BS_DTLS_PEER_H

#include "server/base/addr.h"
#include "server/model/outcome.h"
#include "server/dtls/cookie.h"
#include "server/dtls/credential.h"
#include "server/dtls/half_open.h"

#define BS_PROOF_KEY_MAX 160 /* keys on elliptic curves fit */

struct bs_peer;

/* What the device showed so far; known parts are filled in also when the handshake fails. */
struct bs_proof {
	enum bs_credential_kind kind;
	bool has_device;
	struct bs_found device;
	/* For people: PSK identity as it came (may hold anything), SHA-256 of key or certificate in hex, subject. */
	uint8_t identity[256];
	size_t identity_len;
	uint8_t public_key[BS_PROOF_KEY_MAX]; /* SubjectPublicKeyInfo of a good raw key that no device has */
	size_t public_key_len; /* 0: none, or a longer one */
	unsigned psk_slot; /* which key of bs_psk_match was used */
	const char *suite; /* OpenSSL name; NULL before it is chosen */
};

/* IGNORING: the credential does not let in, and the device is not told; holds no SSL. */
enum bs_peer_state { BS_PEER_HANDSHAKE, BS_PEER_OPEN, BS_PEER_IGNORING, BS_PEER_CLOSED };

struct bs_peer_ops {
	/* Send one datagram from local to remote. Lent for the call. */
	void (*send)(
		void *arg, const struct bs_addr *local, const struct bs_addr *remote, const uint8_t *data, size_t len);
	void (*on_open)(void *arg, struct bs_peer *peer, uint64_t now_ms);
	void (*on_data)(void *arg, struct bs_peer *peer, uint64_t now_ms, const uint8_t *data, size_t len);
	/*
	 * The association ended, or the handshake failed: outcome (DONE for an orderly close after open) and detail in words.
	 * Called once. A peer that goes on ignoring its handshake (unknown credential, silent) reports here at once, too, and
	 * is IGNORING: the table needs no more of it than its address (peer_table.h).
	 */
	void (*on_closed)(
		void *arg, struct bs_peer *peer, uint64_t now_ms, enum bs_outcome outcome, const char *detail);
};

/* Counters of one worker, shared by its peers. */
struct bs_dtls_counters {
	uint64_t hellos, cookies_sent, cookies_bad, handshakes_started, handshakes_done, handshakes_failed;
	uint64_t records_dropped, dropped_table_full, dropped_half_open, dropped_prefix, dropped_unknown, replaced;
	uint64_t given_up[BS_HALF_OPEN_LIMITS]; /* handshakes ended for newer ones (half_open.h) */
	uint64_t evicted; /* idle sessions closed to make room */
	uint64_t records_untried; /* protected, but the key had its share of failures (limits.h) */
	uint64_t handshake_dropped; /* records that no handshake waits for (gate.h) */
	uint64_t expired; /* handshakes that were not done within their time */
};

/* What a peer begins with. */
struct bs_peer_begin {
	const struct bs_peer_ops *ops;
	void *arg;
	const struct bs_addr *local, *remote; /* copied */
	uint64_t now_ms;
	uint32_t handshake_time_ms;
	uint32_t first_timeout_ms; /* first handshake timer, 1,000 to 9,000 ms; 0: that of the context */
	uint64_t
		hello_seq; /* of the record with the ClientHello whose cookie was good, which goes in first; dialled: 0 */
};

BS_MUST_USE enum bs_err bs_peer_new(struct bs_dtls_ctx *ctx, const struct bs_peer_begin *begin, struct bs_peer **out);
/*
 * The other way round: this server is the DTLS client. Nothing leaves before bs_peer_start. Later all is as with a peer that
 * came by itself, but that it never ignores. BS_ENOMEM; BS_EUNSUPPORTED: see bs_dtls_ctx_can_dial; BS_ERANGE: no usable
 * identity or key.
 */
BS_MUST_USE enum bs_err bs_peer_dial(struct bs_dtls_ctx *ctx, const struct bs_peer_begin *begin,
	const struct bs_dial_target *target, struct bs_peer **out);
/* The first ClientHello. May call on_closed. */
void bs_peer_start(struct bs_peer *peer, uint64_t now_ms);
bool bs_peer_is_dialled(const struct bs_peer *peer);
void bs_peer_free(struct bs_peer *peer); /* NULL is fine; sends nothing */

/* One datagram from the wire. */
void bs_peer_input(struct bs_peer *peer, uint64_t now_ms, const uint8_t *data, size_t len);
/* Send one plain datagram (state OPEN). BS_ESTATE, BS_EIO. */
BS_MUST_USE enum bs_err bs_peer_send(struct bs_peer *peer, const uint8_t *data, size_t len);
/* The largest plain datagram that bs_peer_send can send in one record: MTU and max_fragment_length; 0 unless OPEN. */
size_t bs_peer_max_data(const struct bs_peer *peer);
/* Send close_notify and be CLOSED; on_closed is not called. */
void bs_peer_close(struct bs_peer *peer);
/* The same with an outcome, told through on_closed; notify false: nothing leaves. For the table. */
void bs_peer_end(struct bs_peer *peer, uint64_t now_ms, enum bs_outcome outcome, const char *detail, bool notify);
/* OPEN, and a certificate that it showed, also that of an issuer, is on a revocation list by now (after a reload). */
bool bs_peer_is_revoked(const struct bs_peer *peer);
/* The generation (credential.h) under which its handshake began: what it proved was good then. */
uint64_t bs_peer_get_generation(const struct bs_peer *peer);
/*
 * Is who proved itself here as good as at a handshake that began now? The whole path against today's anchors, lists and
 * times, strength of keys and signatures, and whether the credential still leads to this device. Asks the look-ups.
 * OPEN peers alone. *outcome and *detail are set but for GOOD.
 */
enum bs_standing {
	BS_STANDING_GOOD,
	BS_STANDING_CHANGED, /* its credential is the device's no more, nor anybody else's; the owner's policy decides */
	BS_STANDING_LOST, /* nothing more may be said to it */
	BS_STANDING_UNKNOWN, /* cannot be told at the moment */
};
enum bs_standing bs_peer_verify(const struct bs_peer *peer, enum bs_outcome *outcome, char *detail, size_t max);
/*
 * How a handshake that ends now without being done shall be told. *detail lives as long as the peer. BS_OUT_KEY_MISMATCH needs
 * evidence: a handshake record of epoch 1 that did not decrypt although the ChangeCipherSpec was there.
 */
enum bs_outcome bs_peer_unfinished(const struct bs_peer *peer, const char **detail);

uint64_t bs_peer_next_deadline_ms(const struct bs_peer *peer);
void bs_peer_tick(struct bs_peer *peer, uint64_t now_ms);

enum bs_peer_state bs_peer_get_state(const struct bs_peer *peer);
const struct bs_proof *bs_peer_get_proof(const struct bs_peer *peer);
const struct bs_addr *bs_peer_get_remote(const struct bs_peer *peer);
/* When the handshake began: at the ClientHello with the good cookie. */
uint64_t bs_peer_get_created_ms(const struct bs_peer *peer);
/* Where dropped records are counted; NULL (the default): nowhere. */
void bs_peer_set_counters(struct bs_peer *peer, struct bs_dtls_counters *counters);
/* The owner has work in progress with it: it must not be closed to make room for others. */
void bs_peer_set_busy(struct bs_peer *peer, bool busy);
bool bs_peer_is_busy(const struct bs_peer *peer);
/* The owner's own pointer. */
void bs_peer_set_user(struct bs_peer *peer, void *user);
void *bs_peer_get_user(const struct bs_peer *peer);

#endif
