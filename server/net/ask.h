/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions to a worker from main's thread: put in by mail, answered in the worker's own turn, waited for with a limit, so
 * that a stuck worker does not take main with it. Both sides hold a reference; the last one frees.
 */
#ifndef BS_NET_ASK_H
#define BS_NET_ASK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "server/base/addr.h"
#include "server/model/outcome.h"
#include "server/model/account.h"
#include "server/net/reload.h"

enum bs_ask_kind {
	BS_ASK_SESSIONS, /* rows: live sessions that match filter, at most max */
	BS_ASK_KICK, /* close the sessions of endpoint filter; count says how many */
	BS_ASK_PREPARE, /* make ready certificates, keys, anchors and CRLs of reload, and use them not yet; err and diag */
	BS_ASK_COMMIT, /* the decision on what was prepared has been made: act on it */
	BS_ASK_TRIGGER, /* bootstrap endpoint filter at address, or in its live session, as number trigger.id; err and diag */
	BS_ASK_TRIGGERED, /* what became of trigger.id; count 1 when this worker knows */
	BS_ASK_TRACE, /* log every message of endpoint filter for trace_ms; "" ends it. BS_ENOTFOUND, diag: no such device */
};

struct bs_session_row {
	char endpoint[BS_ENDPOINT_MAX + 1];
	char address[64];
	char mode[8];
	char suite[48];
	uint64_t age_s;
	bool running;
};

/* A server-initiated bootstrap and its end. */
struct bs_triggered {
	uint64_t id;
	bool ended; /* else the rest, but in_run, is not set yet */
	bool in_run; /* the handshake is done */
	enum bs_outcome outcome;
	char detail[200];
	char step[BS_PATH_TEXT + 16];
	unsigned writes;
	uint32_t handshake_ms, took_ms;
};

struct bs_ask {
	enum bs_ask_kind kind;
	char filter[BS_ENDPOINT_MAX + 1]; /* endpoint, address or host; "": all */
	size_t max;
	uint64_t trace_ms;
	struct bs_addr address; /* TRIGGER; len 0: the live session */
	struct bs_triggered trigger; /* TRIGGER: id in; TRIGGERED: id in, the rest out */
	struct bs_reload *reload; /* PREPARE; a reference of its own, NULL: none */
	/* the answer */
	struct bs_session_row *rows;
	size_t count;
	enum bs_err err;
	struct bs_diag diag;
	/* private */
	atomic_int references;
	pthread_mutex_t lock;
	pthread_cond_t answered;
	bool is_answered;
};

/* A question with one reference; NULL without memory. */
struct bs_ask *bs_ask_new(enum bs_ask_kind kind, const char *filter);
void bs_ask_release(struct bs_ask *ask); /* NULL is fine */

struct bs_worker;
/* Main: ask and wait at most wait_ms. BS_ETIMEOUT: no answer (yet); read nothing of it then. */
BS_MUST_USE enum bs_err bs_worker_ask(struct bs_worker *w, struct bs_ask *ask, unsigned wait_ms);
/* The two halves of it, to ask several workers at once; until_ms: monotonic time. Each ask waits once. */
BS_MUST_USE enum bs_err bs_worker_put(struct bs_worker *w, struct bs_ask *ask);
BS_MUST_USE enum bs_err bs_ask_wait(struct bs_ask *ask, uint64_t until_ms);

#endif
