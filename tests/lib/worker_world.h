/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Workers of the daemon in this process, with a real store, sockets on the loopback, and one device at a time whose every
 * datagram and answer the test lets through or holds back.
 */
#ifndef BS_TESTS_LIB_WORKER_WORLD_H
#define BS_TESTS_LIB_WORKER_WORLD_H

#include <openssl/ssl.h>

#include "db/provision.h"
#include "server/admin/admin.h"
#include "tests/lib/pki.h"

#define WORKER_WORLD_FILES 4
#define WORKER_WORLD_KEY "\x31\xa2\x93\x44\xe5\x06\xf7\x18\x29\xba\x4b\x5c\x6d\x8e\xaf\x10"
#define WORKER_WORLD_IDENTITY "the device"

struct worker_world {
	char base[64], dir[96], key[96], conf_file[96];
	struct bs_store *writer;
	struct bs_conf conf; /* as at the start */
	struct bs_shared shared;
	struct bs_worker *workers[2];
	struct bs_admin admin;
	/* What a reload reads. */
	const char *anchors[WORKER_WORLD_FILES], *crls[WORKER_WORLD_FILES];
	const char *server_cert, *server_key;
	unsigned attempts; /* attempts-per-minute; 0: 1,000 */
	unsigned close_rate; /* 0: the default */
	struct bs_diag diag;
};

/* Who is made at first: two server accounts, so that a run has two Writes of /0; one profile; one device. */
struct worker_device {
	const char *endpoint;
	enum bs_mode mode;
	enum bs_on_change on_change;
	const struct pki_cert *cert; /* pinned when anchor is NULL */
	const struct pki_cert *anchor; /* of the profile */
	uint16_t block_size; /* 0: the default; the same with what follows */
	uint32_t ack_timeout_ms;
};

/* anchors, crls, server_cert and server_key are set before. Only the first started workers have a thread. */
void worker_world_init(struct worker_world *w, const struct worker_device *device, unsigned workers, unsigned started);
void worker_world_clear(struct worker_world *w);
void worker_world_start(struct worker_world *w, unsigned worker);
/* What bs_admin_reload says of the files as they are set now. */
enum bs_err worker_world_reload(struct worker_world *w);
/* The latest outcome in the journal, waited for; BS_OUTCOME_COUNT: none came. */
enum bs_outcome worker_world_outcome(struct worker_world *w, const char *endpoint);

/* Until the worker has asked the store who a device is: it has its key exchange then. */
void worker_world_await_look_up(struct worker_world *w, unsigned worker);
/* Has it sessions or handshakes still, after a while that is long enough to close them? */
bool worker_world_has_sessions(struct worker_world *w, unsigned worker);
/* Does an attempt of that outcome come into the journal? */
bool worker_world_comes(struct worker_world *w, const char *endpoint, enum bs_outcome outcome);

/* Where the device holds still. */
enum worker_hold {
	HOLD_NOWHERE,
	HOLD_FINISHED, /* its key exchange has left, its Finished has not */
	HOLD_REQUEST, /* the handshake is done, no Bootstrap-Request was sent */
	HOLD_FIRST_WRITE, /* a request of the server is unanswered, and the next is the first Write of /0 */
	HOLD_SECOND_WRITE, /* the first Write of /0, or its first block, is unanswered */
	HOLD_PACK, /* it asks for a pack instead, and has its first block */
};

struct worker_client;
struct worker_client *worker_client_new(struct worker_world *w, unsigned worker, const struct worker_device *device,
	const struct pki_cert *const *chain, size_t chain_count);
/* The same with a pre-shared key, from this host: 127.0.0.2. */
struct worker_client *worker_client_from(
	struct worker_world *w, unsigned worker, const struct worker_device *device, const char *host);
void worker_client_free(struct worker_client *c);
/* Let it go on until it holds there, or until its session is over. */
void worker_client_run(struct worker_client *c, enum worker_hold hold);
/* Until it is over, or has waited for an answer for a second. */
void worker_client_run_briefly(struct worker_client *c);
/* Is its session closed within that time? Says nothing. */
bool worker_client_hears_close(struct worker_client *c, unsigned wait_ms);
/* Say nothing more, and listen until the session is over. */
void worker_client_listen(struct worker_client *c);
/* How many messages of the server came to it: with Writes of /0 or blocks of a pack; and Bootstrap-Finish. */
unsigned worker_client_security_writes(const struct worker_client *c);
unsigned worker_client_finishes(const struct worker_client *c);
bool worker_client_is_closed(const struct worker_client *c); /* the server said goodbye, or ended the handshake */

#endif
