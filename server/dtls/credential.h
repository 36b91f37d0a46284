/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a client may prove itself with, and the OpenSSL contexts that check it. One port, three modes: the ciphersuite
 * decides PSK or ECDSA, the certificate types of RFC 7250 decide raw public key or X.509.
 *
 * Policy enforced here, as the cipher string needs @SECLEVEL=0 for CCM_8: DTLS 1.2 alone; EC keys P-256 or better, RSA of
 * 2048 bits or more; signatures and chain hashes SHA-256 or better; no renegotiation, compression, tickets, resumption;
 * extended master secret on; encrypt-then-MAC off (why: context.c).
 */
#ifndef BS_DTLS_CREDENTIAL_H
#define BS_DTLS_CREDENTIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/base/addr.h"
#include "server/base/err.h"
#include "server/base/secret.h"
#include "server/model/found.h"

/* The four LwM2M suites and, before them, their PFS and GCM relatives; OpenSSL names, server preference. */
#define BS_DTLS_CIPHERS \
	"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-CCM:ECDHE-ECDSA-AES128-CCM8:ECDHE-ECDSA-AES128-SHA256:" \
	"PSK-AES128-GCM-SHA256:PSK-AES128-CCM:PSK-AES128-CCM8:PSK-AES128-CBC-SHA256"
#define BS_DTLS_GROUPS "P-256:X25519:P-384"
#define BS_DTLS_SIGALGS "ECDSA+SHA256:ECDSA+SHA384:RSA-PSS+SHA256:RSA+SHA256"

/* The detail of "too-many-attempts" where it was handshakes. */
#define BS_TOO_MANY_HANDSHAKES "more handshakes in a minute than handshakes-per-minute allows"

enum bs_credential_kind { BS_CRED_PSK, BS_CRED_RAW_KEY, BS_CRED_CERTIFICATE };

struct bs_psk_match {
	struct bs_found device;
	struct bs_secret keys[2]; /* current, next under the same identity; keys[1].len 0: one key */
	unsigned first; /* which of them this handshake shall use */
};

/*
 * Look-ups, answered at once (a handshake callback cannot wait). BS_OK; BS_ENOTFOUND; BS_EBUSY or BS_EIO for a passing
 * problem: the handshake is then dropped without a word and the outcome is "overload". BS_ELIMIT, with the device in *out: it
 * came too often; the same, and "too-many-attempts"; one that this server turned to is let in all the same. psk: the caller
 * wipes *out.
 */
struct bs_credential_lookup {
	/* from: who asks; which of two keys is tried first may depend on it */
	enum bs_err (*psk)(
		void *arg, const struct bs_addr *from, const uint8_t *identity, size_t len, struct bs_psk_match *out);
	enum bs_err (*raw_key)(void *arg, const uint8_t *spki, size_t len, struct bs_found *out);
	/* pinned certificate: DER of the leaf */
	enum bs_err (*certificate)(void *arg, const uint8_t *der, size_t len, struct bs_found *out);
	/* endpoint name found in the certificate (names.h), and SHA-256 of the SubjectPublicKeyInfo of the trust
	 * anchor at the end of the verified path: a name is only good under its anchor */
	enum bs_err (*name)(void *arg, const char *name, const uint8_t anchor_sha256[32], struct bs_found *out);
	void *arg;
};

/*
 * A device that this server turns to as DTLS client (server-initiated bootstrap of LwM2M 1.0: who starts the handshake is
 * apart from the LwM2M roles). PSK: with the device's own identity and key. Raw key, certificate: this server shows its own,
 * of the identity without SNI, and the device must show what leads to this very device. Borrowed for the call.
 */
struct bs_dial_target {
	enum bs_credential_kind kind;
	struct bs_found device;
	const char *identity; /* PSK; at most 255 octets */
	const struct bs_secret *key; /* PSK */
	unsigned psk_slot; /* for the proof: which of two keys under that identity */
};

/* One server identity: a certificate and its key, chosen by SNI when names match (files, PEM or DER). */
struct bs_dtls_identity {
	const char *certificate; /* file; the chain may follow in it */
	const char *private_key; /* file */
	const char *raw_key; /* private key file of the raw public key; NULL: that of the certificate */
	const char *sni; /* host name; NULL: the default identity (the first) */
};

struct bs_dtls_conf {
	const struct bs_dtls_identity *identities; /* may be empty: PSK alone */
	size_t identity_count;
	const char *const *trust_anchors; /* PEM files; none: no X.509 client gets in except pinned */
	size_t trust_anchor_count;
	const char *const *crls; /* PEM files */
	size_t crl_count;
	const char *ciphers, *groups, *sigalgs; /* NULL: the defaults above */
	bool prefer_raw_key; /* client offers both types: true: ours first; false (default): the client's order */
	bool alert_unknown; /* unknown-credential = alert (default silent) */
	unsigned mtu; /* octets of IP datagram assumed on the wire; 0: 1280 */
	unsigned timeout_ms; /* first handshake timer, 1,000 to 9,000; 0: 1,000 */
};

/* Per worker: SSL_CTXs in an OSSL_LIB_CTX of their own. */
struct bs_dtls_ctx;

/* diag names the file and the way out. The strings of conf are not kept. */
BS_MUST_USE enum bs_err bs_dtls_ctx_new(const struct bs_dtls_conf *conf, const struct bs_credential_lookup *lookup,
	struct bs_dtls_ctx **out, struct bs_diag *diag);
/* Peers that still use it must be gone. NULL is fine. */
void bs_dtls_ctx_free(struct bs_dtls_ctx *ctx);
/*
 * Replace the certificates, keys, anchors and CRLs for handshakes to come, in two steps: make them ready, which may fail;
 * then take them up, which cannot, and moves the generation. The strings of conf are not kept.
 */
struct bs_dtls_prepared;
BS_MUST_USE enum bs_err bs_dtls_ctx_prepare(
	struct bs_dtls_ctx *ctx, const struct bs_dtls_conf *conf, struct bs_dtls_prepared **out, struct bs_diag *diag);
void bs_dtls_ctx_adopt(struct bs_dtls_ctx *ctx, struct bs_dtls_prepared *prepared); /* takes it */
void bs_dtls_prepared_free(struct bs_dtls_prepared *prepared); /* NULL is fine */

/*
 * The number of the state that proofs are judged by: certificates, anchors, lists, and what the look-ups answer. While it
 * stays, what was proven under it is as good as proven now; bs_peer_verify (peer.h) is for when it has moved. The owner of the
 * look-ups moves it when their answers may be others.
 */
uint64_t bs_dtls_ctx_get_generation(const struct bs_dtls_ctx *ctx);
void bs_dtls_ctx_move_generation(struct bs_dtls_ctx *ctx);

/* Is there what this server must show to a device of that kind, and a ciphersuite for it? */
bool bs_dtls_ctx_can_dial(const struct bs_dtls_ctx *ctx, enum bs_credential_kind kind);

/* "OpenSSL 3.5.9 …", and whether it has what is needed (raw public keys: >= 3.2). */
const char *bs_dtls_library(void);
bool bs_dtls_library_is_good(void);

#endif
