/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bootstrap session of one DTLS association: answers POST /bs, runs the plan, reports one outcome per run; or answers
 * GET /bspack, and each block that is asked for. A state
 * machine as a table (states x events); a pair not in the table ends the run with BS_ESTATE (outcome internal-error).
 *
 *   IDLE -request-> LOADING -account-> ACCEPTED (2.04 left, pause) -> DISCOVERING -> RUNNING -> FINISHING -> IDLE
 *   DISCOVERING -> READING -> RUNNING where the profile merges: Bootstrap-Read of /1 and /2
 *   IDLE -request of a pack-> LOADING -account-> PACKING (2.05, block by block) -last block asked for-> IDLE
 *   IDLE -begin-> FETCHING -account-> ACCEPTED, and so on: server-initiated (LwM2M 1.0), no request to answer
 *   FINISHING -4.06-> ACCEPTED, once, with account->retry where the profile has one; the report says so first
 *
 * A passing problem (store busy, overload) is never answered by an error code: the request is dropped before
 * deduplication, or left unanswered, and the client's own retransmission brings it back.
 */
#ifndef BS_BOOTSTRAP_SESSION_H
#define BS_BOOTSTRAP_SESSION_H

#include "server/model/outcome.h"
#include "server/coap/exchange.h"
#include "server/model/account.h"
#include "server/model/root.h"

#define BS_SESSION_RETRY_MS 500 /* pause before a store that failed is asked again */
#define BS_SESSION_LOAD_MAX_MS 45000 /* MAX_TRANSMIT_SPAN: the client sends its request again for so long */
#define BS_SESSION_ACK_MS 1000 /* loading that takes longer is acknowledged first (RFC 7252, 5.2.2) */

struct bs_session;

/* Whom the handshake proved (one device; its endpoint name is the only identity this session accepts). */
struct bs_client {
	int64_t device_id;
	char endpoint[BS_ENDPOINT_MAX + 1];
	enum bs_mode mode;
};

/* What one run came to. */
struct bs_run_report {
	enum bs_outcome outcome;
	char detail[200]; /* in words: path, code, step, query as quoted; never a secret; may be "" */
	char step[BS_PATH_TEXT + 16]; /* where it ended: "request", "discover", "delete /0", "write /0/1", "finish" */
	char claimed[BS_ENDPOINT_MAX + 1]; /* endpoint mismatch: the name that the device gave, UTF-8; else "" */
	uint8_t code; /* CoAP code of the refusal, the device's or ours; 0: none */
	enum bs_lwm2m version;
	uint16_t format; /* Content-Format used; BS_NO_FORMAT: none */
	unsigned writes; /* accepted, of the latest plan */
	uint64_t took_ms; /* from the Bootstrap-Request, or bs_session_begin, on */
};

enum bs_admission { BS_ADMIT, BS_ADMIT_DROP, BS_ADMIT_TOO_MANY };

struct bs_session_ops {
	/*
	 * A new Bootstrap-Request: count the attempt and claim the device for this run (any other run of it becomes
	 * superseded; one on this session has been reported as such before). DROP: no room at the moment, stay silent.
	 * TOO_MANY: limit of attempts, stay silent but report. ADMIT and TOO_MANY are followed by exactly one finished,
	 * also for a request that is then refused.
	 */
	enum bs_admission (*admit)(void *arg, uint64_t now_ms, const struct bs_client *client);
	/*
	 * Load the device's account. Completes by bs_session_loaded from the loop, never before this call returns; not at
	 * all when bs_session_abort came first (then the loader frees what it loaded).
	 */
	void (*load)(void *arg, int64_t device_id);
	/* A run ended. The session is idle by then; it must not be freed in here. */
	void (*finished)(void *arg, uint64_t now_ms, const struct bs_run_report *report);
	/* Unix time in seconds, for values "now". */
	int64_t (*wall_s)(void *arg);
	bs_random_fn *random; /* for the ETag of a pack */
};

struct bs_session *bs_session_new(
	const struct bs_session_ops *ops, void *arg, struct bs_exchange *ex, const struct bs_client *client);
/* Paths that the client may put in front of /bs; borrowed, lives longer than the session. */
void bs_session_set_roots(struct bs_session *s, const struct bs_roots *roots);
/* Frees without a report: call bs_session_abort first. NULL is fine. */
void bs_session_free(struct bs_session *s);

/* From the exchange's on_request; same return value. */
bool bs_session_request(
	struct bs_session *s, uint64_t now_ms, const struct bs_msg *msg, const struct bs_request_ref *ref);
/*
 * Begin a run without a Bootstrap-Request, as a Bootstrap-Server of LwM2M 1.0 may: the first message is the server's first
 * command. A run in progress is superseded. False: not admitted; when the limit of attempts was the reason that was reported.
 */
BS_MUST_USE bool bs_session_begin(struct bs_session *s, uint64_t now_ms);
/*
 * Takes account (NULL unless err is BS_OK). BS_ENOTFOUND: the device is gone. Any other error counts as passing: load is
 * called again after BS_SESSION_RETRY_MS, and after BS_SESSION_LOAD_MAX_MS the run ends without an answer. So does an account
 * of another endpoint (the store was replaced: the owner closes the session soon). A result that nobody waits for any more
 * is freed.
 */
void bs_session_loaded(struct bs_session *s, uint64_t now_ms, enum bs_err err, struct bs_account *account);
/* End the run, if any, with this outcome (superseded, shutdown, device disabled, client closed). */
void bs_session_abort(struct bs_session *s, uint64_t now_ms, enum bs_outcome outcome, const char *detail);
bool bs_session_is_running(const struct bs_session *s);
/* A run has ended on this association, or is running. False: no Bootstrap-Request came yet, and none was begun without. */
bool bs_session_was_used(const struct bs_session *s);
/* In words, what came last that is no Bootstrap-Request, and its answer: path as quoted, bounded, UTF-8. "": nothing came. */
const char *bs_session_get_stray(const struct bs_session *s);

uint64_t bs_session_next_deadline_ms(const struct bs_session *s);
void bs_session_tick(struct bs_session *s, uint64_t now_ms);

#endif
