/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A peer table and DTLS clients of OpenSSL in one memory: datagrams go through queues, the time is a number, the store
 * is a few arrays. What the table told its owner is kept for the test to look at.
 */
#ifndef BS_TESTS_LIB_DTLS_WORLD_H
#define BS_TESTS_LIB_DTLS_WORLD_H

#include <openssl/ssl.h>

#include "server/dtls/peer_table.h"
#include "tests/lib/pki.h"

#define WORLD_CLIENTS 40
#define WORLD_DATAGRAM 2048
#define WORLD_ALERT_GRACE_MS 10000 /* of a handshake: ten first timers (peer.c) */
#define WORLD_KEY "\x51\x02\x93\x44\xe5\x06\xf7\x18\x29\xba\x4b\x5c\x6d\x8e\xaf\x10"
#define WORLD_WRONG_KEY "\x52\x02\x93\x44\xe5\x06\xf7\x18\x29\xba\x4b\x5c\x6d\x8e\xaf\x10"

struct world_psk {
	const char *identity, *key, *next;
	unsigned first;
	bool disabled;
};
struct world_key {
	const struct pki_cert *key; /* raw key, or pinned certificate */
	const char *endpoint;
	bool disabled;
};
struct world_name {
	const char *name;
	const struct pki_cert *anchor;
};

struct world {
	struct bs_dtls_ctx *ctx;
	struct bs_peer_table *table;
	uint32_t first_timeout_ms; /* of the listener that devices come to; 0: the context's */
	uint64_t now_ms, seed;
	struct bs_addr local;

	struct world_psk psks[8];
	struct world_key raws[8], pinned[8];
	struct world_name names[8];
	enum bs_err lookup_err; /* what all look-ups answer; BS_OK: what they find */
	bool too_often; /* whom they find came too often: BS_ELIMIT */

	struct client *clients[WORLD_CLIENTS];
	size_t client_count;

	/* what the table told */
	unsigned opened, closed, sent, data_count;
	enum bs_outcome outcome; /* of the last on_closed */
	char detail[200];
	struct bs_proof proof; /* at the last on_open or on_closed */
	struct bs_peer *last_open, *last_closed;
	char data[2048]; /* of the last on_data */
	size_t data_len;
	uint8_t last_sent[WORLD_DATAGRAM]; /* the latest datagram of the server */
	size_t last_sent_len, longest_sent, longest_record; /* longest_record: what the header says */
	bool transcribe; /* into transcript */
	/*
	 * What left since the latest look-up of a credential, or the test, emptied it: "type/message:length" a record, " "
	 * between records, "\n" after a datagram.
	 */
	char transcript[8192];
	bool echo; /* answer what comes with the same */
	bool close_in_data; /* close the peer in on_data */
	bool close_in_open; /* the same in on_open */
};

struct client {
	struct world *world;
	struct bs_addr addr;
	SSL_CTX *ssl_ctx;
	SSL *ssl;
	BIO *wire; /* the other end of the client's BIO */
	const char *identity, *key;
	const char *server_name; /* SNI; NULL: none */
	int rejects_server; /* X509_V_ERR_*: refuse the server's certificate or key */
	bool saw_raw_key; /* the server showed a raw key */
	unsigned char server_cert_hash[32]; /* SHA-256 of the SubjectPublicKeyInfo it showed */
	bool done, failed;
	int alert; /* last that came; -1: none */
	unsigned received; /* datagrams */
	bool deaf; /* what is sent to it is lost */
	bool listens; /* a device as DTLS server: it waits to be turned to */
	char asked_identity[256], asked_name[256]; /* listens: PSK identity and SNI that came */
	unsigned mtu; /* octets of its datagrams; 0: 1400 */
	unsigned timer_ms; /* its first handshake timer; 0: OpenSSL's second */
};

/* What somebody sent, record by record. */
#define WORLD_FLIGHT 64
struct world_flight {
	uint8_t records[WORLD_FLIGHT][WORLD_DATAGRAM];
	size_t lens[WORLD_FLIGHT];
	unsigned count;
};

/* conf NULL: PSK alone. limits NULL: the defaults. */
void world_init(struct world *w, const struct bs_dtls_conf *conf, const struct bs_peer_limits *limits);
/* Frees the clients, too. */
void world_clear(struct world *w);

/* A world with a server that has a certificate, and what its configuration points to. */
struct world_fixture {
	struct world w;
	struct bs_dtls_identity identity;
	const char *anchors[2], *crls[1];
	struct bs_dtls_conf conf;
	struct bs_peer *peer; /* for the test */
};
/* raw NULL: the raw key is that of the certificate; ca2 NULL: one trust anchor. */
void world_fixture_init(struct world_fixture *fx, const struct pki_cert *server, const struct pki_cert *raw,
	const struct pki_cert *ca, const struct pki_cert *ca2);
/* Teardown of a cmocka test whose state it is, made with test_calloc. */
int world_fixture_teardown(void **state);
/* What conf points to now, for handshakes to come; it must be good. */
void world_fixture_reload(struct world_fixture *fx);
/* Both steps of a reload. On error the old state stays. */
enum bs_err world_ctx_reload(struct bs_dtls_ctx *ctx, const struct bs_dtls_conf *conf, struct bs_diag *diag);

/* Keys that several tests share: set-up and teardown of a cmocka group. */
extern struct world_keys {
	struct pki_cert ca, ca2, stranger_ca; /* the last has the name of the first, and another key */
	struct pki_cert middle, server; /* of ca */
	struct pki_cert device; /* of ca, "dev-cert" */
	struct pki_cert device_raw;
} world_keys;
int world_keys_setup(void **state);
int world_keys_teardown(void **state);
/* Set-up of a test over them: the server trusts ca and ca2; PSK dev-psk, raw key dev-raw, name dev-cert under ca. */
int world_keys_fixture(void **state);

/* How the latest peer ended. */
void world_assert_outcome(const struct world *w, enum bs_outcome expected);

/* Carry datagrams until nobody has any. */
void world_run(struct world *w);
/* Time goes by, and what is due happens. */
void world_wait(struct world *w, uint64_t ms);
void world_deliver(struct world *w, const struct client *c, const void *data, size_t len);

/* A client at 192.0.2.<n / 200>.<…>, port 40000 + n; n may repeat, then the newer one gets the answers. */
struct client *client_new(struct world *w, unsigned n, const char *ciphers);
void client_set_psk(struct client *c, const char *identity, const char *key);
/* cert->cert NULL: a raw key, offered as the only type. */
void client_set_cert(struct client *c, const struct pki_cert *cert);
/* The certificate types offered, in order: 0 X.509, 2 raw key. */
void client_set_types(struct client *c, const unsigned char *types, size_t count);
/* The same as DTLS server, with a cookie exchange. It asks for the other's key or certificate. */
struct client *device_new(struct world *w, unsigned n, const char *ciphers);
/* Let the table turn to c as the device with that number and name, with w's n-th PSK for kind PSK; *peer as the table says. */
enum bs_err world_dial(struct world *w, const struct client *c, enum bs_credential_kind kind, int64_t device_id,
	const char *endpoint, struct bs_peer **peer);
/* Begin; its first datagram waits to be taken or carried. */
void client_start(struct client *c);
/* Let it handle what came and speak; what it sent waits. */
void client_step(struct client *c);
/* The next datagram that it sent; 0: none. */
size_t client_take(struct client *c, uint8_t out[WORLD_DATAGRAM]);
/* Let it step, and add the records that wait to f. */
void client_take_records(struct client *c, struct world_flight *f);
/* As the second hello with the cookie leaves it: f holds what the client sends next, the answer to the server's flight. */
void client_take_last_flight(struct client *c, struct world_flight *f);
/* A record of epoch 1 under the client's keys, with a suite of AES-128-GCM, of any type and content. Returns its length. */
size_t client_seal(struct client *c, uint8_t type, uint64_t seq, const void *body, size_t len, uint8_t *out);
void client_give(struct client *c, const void *data, size_t len);
void client_free(struct client *c);
/* Start, carry all; true: done on both sides. */
bool client_connects(struct client *c);
/* Send a text and carry all. */
void client_say(struct client *c, const char *text);

#endif
