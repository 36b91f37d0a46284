/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DTLS 1.2 as a client: PSK, raw public key (RFC 7250), X.509. A link is one non-blocking UDP socket with one
 * association; whoever owns it waits for the socket and the time it asks for.
 */
#ifndef SIM_DTLS_H
#define SIM_DTLS_H

#include <openssl/ssl.h>

#include "server/base/addr.h"
#include "server/base/blob.h"
#include "server/base/secret.h"
#include "tools/sim/road.h"

/* What all links share: suites, and how they know the server. Files are PEM. */
struct sim_dtls_conf {
	bool legacy_server; /* speak also to a server that knows no renegotiation_info (RFC 5746) */
	const char *suite; /* OpenSSL's names; NULL: the suites of LwM2M for the mode */
	uint8_t max_fragment; /* code of RFC 6066, 4: 1 is 512, 2 is 1024, .. 4; 0: not asked for */
	const char *server_public_key; /* for raw keys: the one key to trust */
	const char *ca; /* for X.509: trust anchors; names are not compared */
	const char *server_cert; /* for X.509: the one certificate to trust */
};

struct sim_dtls {
	SSL_CTX *by_mode[3]; /* SIM_MODE_PSK, _RPK, _X509; NULL where the server's identity was not given */
	const struct sim_dtls_conf *conf;
	EVP_PKEY *server_key;
	X509 *server_cert;
	struct bs_blob server_public; /* resource 4 of the device's own account: by --server-public-key ... */
	struct bs_blob server_certificate; /* ... by --server-cert or --ca */
};

BS_MUST_USE enum bs_err sim_dtls_init(struct sim_dtls *t, const struct sim_dtls_conf *conf, struct bs_diag *diag);
void sim_dtls_clear(struct sim_dtls *t);

/* What one device proves itself with. */
struct sim_identity {
	int mode;
	const char *psk_identity;
	const struct bs_secret *psk;
	EVP_PKEY *key;
	X509 *cert;
};

/* From where to where, and what happens on the way. */
struct sim_route {
	const struct bs_addr *server;
	const struct bs_addr *from; /* NULL or without address: the system chooses */
	const struct sim_mishaps *mishaps; /* NULL: none of ours */
};

struct sim_link {
	int fd; /* -1: closed */
	SSL *ssl;
	struct sim_road road; /* where the route has mishaps: stays where it is while the link is open */
	const struct sim_identity *identity;
	const struct sim_dtls *waits; /* listen.c: what to accept with; NULL: this end connects */
	const struct sim_mishaps *waits_mishaps;
	char why[160]; /* after a failure: for people */
};

enum sim_io { SIM_IO_DONE, SIM_IO_AGAIN, SIM_IO_FAILED };

/* identity must outlive the link. BS_EIO, BS_ENOMEM, BS_ECRYPTO; the link is closed then. */
BS_MUST_USE enum bs_err sim_link_open(struct sim_link *l, const struct sim_dtls *t, const struct sim_route *route,
	const struct sim_identity *identity, uint64_t now_ms);
/* listen.c: wait at an address for the server; *bound is where, with the port that the kernel chose. BS_EIO. */
BS_MUST_USE enum bs_err sim_link_listen(struct sim_link *l, const struct sim_dtls *t, const struct bs_addr *at,
	const struct sim_mishaps *mishaps, const struct sim_identity *identity, struct bs_addr *bound);
/* A link that waits, when something came: DONE when its handshake may go on, AGAIN when nobody spoke yet. */
enum sim_io sim_link_accept(struct sim_link *l, uint64_t now_ms);
/* For it: the suites in OpenSSL's form, and the way of the datagrams. NULL without memory. */
const char *sim_dtls_suites(const struct sim_dtls_conf *conf, int mode);
BIO *sim_link_new_way(struct sim_link *l, const struct sim_route *route, uint64_t now_ms);
/* The time has come to now_ms: what is due on the road goes its way. */
void sim_link_set_now(struct sim_link *l, uint64_t now_ms);
/* When something arrives on the road; BS_NEVER: nothing is on its way. */
uint64_t sim_link_due_ms(const struct sim_link *l);
enum sim_io sim_link_handshake(struct sim_link *l);
/* One datagram's content; *len 0 and SIM_IO_FAILED: closed by the peer, or broken. */
enum sim_io sim_link_read(struct sim_link *l, uint8_t *out, size_t max, size_t *len);
enum sim_io sim_link_write(struct sim_link *l, const void *data, size_t len);
/* Milliseconds until the handshake must be told of the time; BS_NEVER when it waits for nothing. */
uint64_t sim_link_timeout_ms(const struct sim_link *l);
enum sim_io sim_link_on_timeout(struct sim_link *l);
const char *sim_link_suite(const struct sim_link *l);
/* polite: with close_notify. A closed link is fine. */
void sim_link_close(struct sim_link *l, bool polite);

#endif
