/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside dtls/: what the contexts, the callbacks that OpenSSL calls during a handshake, and the peer share.
 *
 * context.c   SSL_CTXs and their policy           identity.c  files: certificates, keys, trust anchors, CRLs
 * select.c    identity by SNI, certificate types  psk.c       pre-shared keys       verify.c    raw keys and certificates
 * names.c     the device that a certificate names              again.c     the same checks later, on what is kept
 * dial.c      this server as DTLS client: contexts, what it shows, what it made of a failure
 */
#ifndef BS_DTLS_CONTEXT_H
#define BS_DTLS_CONTEXT_H

#include <openssl/ssl.h>

#include "server/dtls/bio.h"
#include "server/dtls/gate.h"
#include "server/dtls/limits.h"
#include "server/dtls/peer.h"

#define BS_DTLS_MTU 1280 /* the least that IPv6 carries */
#define BS_DTLS_TIMEOUT_MS 1000
#define BS_DTLS_TIMEOUT_MAX_MS 60000 /* RFC 6347, 4.2.4.1 */
#define BS_DTLS_PLAIN_MAX 16384
#define BS_CRED_KINDS 3 /* of enum bs_credential_kind */
#define BS_PSK_MARK_LEN 16

/* One server identity as loaded: a context per certificate type; NULL where it has none. */
struct bs_identity_ctx {
	char *sni; /* NULL: chosen when no name matches */
	SSL_CTX *x509;
	SSL_CTX *raw_key; /* may be the same as x509, with a reference of its own */
};

/* All that a reload replaces. */
struct bs_identity_set {
	struct bs_identity_ctx *list;
	size_t count;
	SSL_CTX *keyless; /* PSK alone: no identity, or none that the client can use */
	SSL_CTX *first; /* borrowed: what an SSL begins with, the first identity's or keyless */
	SSL_CTX *dial[BS_CRED_KINDS]; /* as DTLS client; NULL: nothing to show in that mode, or no ciphersuite for it */
	X509_STORE *store;
	bool has_anchors, has_crls;
	bool prefer_raw_key, alert_unknown;
};

struct bs_dtls_ctx {
	OSSL_LIB_CTX *libctx;
	struct bs_credential_lookup lookup;
	struct bs_identity_set *set;
	uint64_t generation; /* see credential.h */
	uint8_t mark_salt[BS_PSK_MARK_LEN];
	BIO_METHOD *bio_method;
	BIO_ADDR *nobody; /* DTLSv1_listen wants a place for an address */
	unsigned mtu, timeout_ms;
	uint64_t records_most; /* for tests: below what a suite's limit is; 0: that alone */
	uint8_t plain[BS_DTLS_PLAIN_MAX]; /* the record being handled */
};

/* What the callbacks found out; lives in the peer, SSL_get_app_data leads to it. */
struct bs_handshake {
	struct bs_dtls_ctx *ctx;
	struct bs_proof proof;
	const struct bs_addr *remote; /* lives as long as the handshake */
	struct bs_bio bio;
	bool failed; /* outcome and detail are set */
	enum bs_outcome outcome;
	char detail[160];
	bool ignore; /* unknown credential: say nothing, ignore the address until the handshake time is over */
	bool psk_known; /* identity known: the ClientKeyExchange was processed */
	int64_t lifetime_s; /* seconds until the client's certificate ends; -1: no certificate */
	int alert_in; /* description of the last alert that came and ends it; -1: none */
	uint64_t alerts_in;
	uint32_t timer_first_ms;
	struct bs_dial *dial; /* this server is the DTLS client; NULL: it is not, or the handshake is over */
	/* What it takes to see later whether the proof is still good (bs_verify_again). */
	bool again; /* this is no handshake, but the checks of one done anew: no limit of handshakes holds */
	uint64_t generation; /* under which the handshake began */
	bool pinned; /* the certificate itself led to the device, not a name in it */
	uint8_t psk_mark[BS_PSK_MARK_LEN]; /* of the key that was used */
};

/* Set the outcome of a handshake that a callback refuses; the first one stays. */
void bs_handshake_fail(struct bs_handshake *hs, enum bs_outcome outcome, const char *fmt, ...) BS_PRINTF(3, 4);
/* The same for an unknown, untrusted or disabled credential: silence or an alert, as configured; to a DTLS server an alert. */
void bs_handshake_refuse(struct bs_handshake *hs, enum bs_outcome outcome, const char *fmt, ...) BS_PRINTF(3, 4);
/*
 * A credential is about to be judged. Unless alerts are configured, nothing leaves from now on that depends on it: known or
 * not, right or wrong, what follows looks the same until the handshake is done.
 */
void bs_handshake_hush(struct bs_handshake *hs);
/* The same for a look-up that cannot answer now: no word, and the address may come again at once. */
void bs_handshake_busy(struct bs_handshake *hs, enum bs_err err);
/* The same for a device that came too often; the proof has it. */
void bs_handshake_too_many(struct bs_handshake *hs, const struct bs_found *match);

/* identity.c. BS_OK, or an error with diag set. */
BS_MUST_USE enum bs_err bs_identity_set_new(
	struct bs_dtls_ctx *ctx, const struct bs_dtls_conf *conf, struct bs_identity_set **out, struct bs_diag *diag);
void bs_identity_set_free(struct bs_identity_set *set);

/* context.c: an SSL_CTX with our policy and no key. */
enum bs_dtls_role { BS_DTLS_SERVER, BS_DTLS_CLIENT };
BS_MUST_USE enum bs_err bs_dtls_ssl_ctx_new(struct bs_dtls_ctx *ctx, const struct bs_dtls_conf *conf,
	enum bs_dtls_role role, SSL_CTX **out, struct bs_diag *diag);

/* dial.c: what a handshake needs to know while this server is its client. Key material: freed as soon as it is over. */
struct bs_dial {
	enum bs_credential_kind kind;
	int64_t device_id;
	char identity[256]; /* PSK */
	struct bs_secret key;
	bool key_used; /* PSK: the device's first flight led to the key, and this server's Finished left */
	bool asked; /* the device asked for this server's certificate or key */
	unsigned heard, heard_later; /* records that may be the device's: all, and those after the key was used */
};
/* Fill in set->dial from what the identities hold. */
BS_MUST_USE enum bs_err bs_dial_contexts_new(
	struct bs_dtls_ctx *ctx, const struct bs_dtls_conf *conf, struct bs_identity_set *set, struct bs_diag *diag);
/* hs->dial from target, and the proof that is known from the start. BS_ENOMEM, BS_ERANGE. */
BS_MUST_USE enum bs_err bs_dial_begin(struct bs_handshake *hs, const struct bs_dial_target *target);
/* Set up an SSL of set->dial for it. */
bool bs_dial_prepare(SSL *ssl, const struct bs_dial_target *target);
/* Wipes and frees hs->dial; NULL is fine. */
void bs_dial_end(struct bs_handshake *hs);
/* Did the device see who this server is? Else the outcome is set. */
bool bs_dial_was_asked(struct bs_handshake *hs);
/* The outcome of a failed handshake where the client's side knows better. */
void bs_dial_explain(struct bs_handshake *hs);
enum bs_outcome bs_dial_unfinished(const struct bs_dial *dial, const char **detail);

/* Callbacks of OpenSSL. */
int bs_select_hello(SSL *ssl, int *alert, void *ctx);
unsigned bs_psk_find(SSL *ssl, const char *identity, unsigned char *key, unsigned key_max);
int bs_verify_peer(X509_STORE_CTX *xs, void *ctx);

/* Is a certificate that this peer showed, its own or that of an issuer, on a revocation list now? */
bool bs_verify_is_revoked(struct bs_dtls_ctx *ctx, SSL *ssl);
/* What the callback does with one kind of credential, into hs; false: not good, and the outcome is set. */
bool bs_verify_raw_key(struct bs_handshake *hs, EVP_PKEY *key, int *error);
bool bs_verify_certificate(struct bs_handshake *hs, X509_STORE_CTX *xs, int *error);
/* The same of a certificate that the store names itself: it needs no path, but all the rest. */
bool bs_verify_pinned(struct bs_handshake *hs, X509_STORE_CTX *xs, int *error);
/* Is what hs proved, over ssl, as good as at a handshake that began now? As bs_peer_verify. */
enum bs_standing bs_verify_again(
	const struct bs_handshake *hs, SSL *ssl, enum bs_outcome *outcome, char *detail, size_t max);

/* A mark by which a key is known again, by this process alone: no key follows from it. */
void bs_psk_mark(const struct bs_dtls_ctx *ctx, const struct bs_secret *key, uint8_t out[BS_PSK_MARK_LEN]);
/* bs_verify_again for a PSK. */
enum bs_standing bs_psk_verify_again(const struct bs_handshake *hs, enum bs_outcome *outcome, char *detail, size_t max);

/* EC of 256 bits or more, or RSA of 2048 bits or more. */
bool bs_key_is_strong(const EVP_PKEY *key);
/* The reason of OpenSSL's latest error, for people; never NULL. Clears the queue. */
const char *bs_openssl_reason(void);

#endif
