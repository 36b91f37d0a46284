/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of a session: states, events and actions of a run. The table that ties them together is in session.c; the
 * actions are in run_request.c (answer to the Bootstrap-Request), run_pack.c (answers to a Bootstrap-Pack-Request),
 * run_commands.c (requests of the server), run.c (ends).
 * For these files, nobody else.
 */
#ifndef BS_BOOTSTRAP_RUN_H
#define BS_BOOTSTRAP_RUN_H

#include "server/bootstrap/plan/pack.h"
#include "server/bootstrap/plan/plan.h"
#include "server/bootstrap/request.h"
#include "server/bootstrap/session.h"

/* clang-format off */
#define STATES(X) X(IDLE) X(LOADING) X(FETCHING) X(ACCEPTED) X(DISCOVERING) X(READING) X(RUNNING) X(FINISHING) X(PACKING)
#define EVENTS(X) \
	X(NONE) \
	X(REQUEST) /* a Bootstrap-Request, admitted */ \
	X(BAD_REQUEST) /* the same, to be refused */ \
	X(BEGIN) /* the server begins by itself, admitted */ \
	X(ACCOUNT) /* loaded */ \
	X(MAKE_PACK) /* the same, and a pack was asked for */ \
	X(BLOCK) /* of the pack, asked for */ \
	X(DECLINED) /* a pack cannot be given */ \
	X(UNFIT) /* the device is gone or disabled */ \
	X(BUSY) /* the store could not answer */ \
	X(RETRY_DUE) X(ACK_DUE) X(PAUSE_OVER) X(GIVE_UP) /* timers */ \
	X(DISCOVER) X(READ) X(OVERWRITE) X(STOP) X(MAKE_PLAN) X(NEXT) X(PLAN_END) /* what follows from the profile and the plan */ \
	X(SUCCESS) X(TOLERATED) X(OTHER_FORMAT) X(IN_PARTS) X(REFUSED) X(RETRY_AS) X(RESET) X(SILENT) /* how the client answered */ \
	X(BROKEN) /* the server cannot go on */ \
	X(ABORT) /* the owner ends the run, or the device began anew */
/* clang-format on */

#define X(name) ST_##name,
enum bs_run_state { STATES(X) STATE_COUNT };
#undef X
#define X(name) EV_##name,
enum bs_run_event { EVENTS(X) EVENT_COUNT };
#undef X

enum bs_run_timer { TIMER_GIVE_UP, TIMER_RETRY, TIMER_ACK, TIMER_PAUSE, TIMER_COUNT };

enum { BS_RUN_READS = 2 };

/* What exists only while a run lasts, so that an idle association costs little. */
struct bs_run {
	struct bs_request_ref ref; /* the Bootstrap-Request, to be answered */
	uint64_t started_ms;
	uint64_t due_ms[TIMER_COUNT];
	int32_t pct; /* of a pack: Accept; -1: absent */
	bool is_pack; /* a Bootstrap-Pack-Request; ref is that of the block asked for */
	struct bs_block asked;
	struct bs_discovered *own; /* as acc of that request says, or Discover before the first plan; NULL: neither */
	struct bs_account *account;
	struct bs_plan *plan; /* borrows from account and held: freed before them */
	struct bs_discovered *found; /* from Discover to the plan; NULL: none */
	bool merging; /* what the client holds is gone on with: held, of /1 and /2; NULL: none there, or not asked for */
	size_t reading; /* which of them is being read */
	uint16_t read_format;
	struct bs_tree *held[BS_RUN_READS];
	size_t op; /* the one at work is ops[op - 1]; 0: none yet */
	size_t part; /* that operation goes resource by resource: part_op is its part - 1st; 0: it goes whole */
	struct bs_op part_op;
	bool wrote_access_control, wrote_oscore; /* by the plan that the device did not accept */
	bool no_blocks; /* the client cannot take a payload in blocks: as little as possible goes so */
	unsigned writes;
	/* for the report */
	enum bs_outcome outcome; /* of UNFIT, BAD_REQUEST, ABORT */
	uint8_t code;
	char step[BS_PATH_TEXT + 16];
	char why[160];
	char notes[160]; /* what was tolerated */
	char claimed[BS_ENDPOINT_MAX + 1];
};

struct bs_session {
	const struct bs_session_ops *ops;
	void *arg;
	struct bs_exchange *ex;
	struct bs_client client;
	enum bs_run_state state;
	bool was_used;
	char *stray; /* how the latest request that is none of a Bootstrap-Client was answered; NULL: none came */
	const struct bs_roots *roots; /* NULL: none */
	struct bs_run *run; /* NULL in ST_IDLE */
	struct bs_pack *pack; /* in ST_PACKING; in ST_IDLE until pack_until_ms, when it was fetched; else NULL */
	uint64_t pack_until_ms;
	/* valid inside one call from outside */
	uint64_t now_ms;
	const struct bs_msg *reply; /* NULL unless reply_err is BS_OK */
	enum bs_err reply_err;
};

/* An action of the table in session.c: returns the event that follows at once, or EV_NONE. */
typedef enum bs_run_event bs_run_action_fn(struct bs_session *s);

/* run_request.c */
bs_run_action_fn bs_run_load_account, bs_run_load_later, bs_run_send_empty_ack, bs_run_accept_request,
	bs_run_refuse_request, bs_run_fetch_account, bs_run_begin_unasked, bs_run_end_unfit;
/* EV_REQUEST, or EV_BAD_REQUEST with what to answer and to report. code: of bs_request_parse. */
enum bs_run_event bs_run_judge_request(
	struct bs_session *s, const struct bs_msg *msg, const struct bs_request *req, uint8_t code);
/* Refusals of a Bootstrap-Request and the outcomes they are; other codes answer requests that are none. */
bool bs_run_outcome_of_refusal(uint8_t code, enum bs_outcome *out);
void bs_run_apply_profile(struct bs_session *s); /* to the exchange */
/* What the loading of an account came to. */
enum bs_run_event bs_run_judge_account(struct bs_session *s, enum bs_err err);

/* run_pack.c */
bs_run_action_fn bs_run_make_pack, bs_run_send_block, bs_run_end_fetched, bs_run_end_unfetched;
/* acc of a Bootstrap-Pack-Request; 4.00 when it is no list of links. */
uint8_t bs_run_take_own_account(struct bs_run *r, const struct bs_segment *acc);
/* A later block is asked for; same return value as bs_session_request. */
bool bs_run_answer_block(struct bs_session *s, const struct bs_request_ref *ref, const struct bs_block *asked);
void bs_run_drop_pack(struct bs_session *s);

/* run_read.c */
bs_run_action_fn bs_run_send_discover, bs_run_take_discovered, bs_run_send_read, bs_run_read_in_tlv, bs_run_take_read,
	bs_run_judge_unreadable, bs_run_overwrite, bs_run_end_unreadable;
void bs_run_drop_held(struct bs_run *r); /* once no plan borrows from it */

/* run_commands.c */
/* Send a request; what answers it comes back as an event. */
enum bs_run_event bs_run_send(struct bs_session *s, const struct bs_msg *msg);
/* Path segments in decimal digits; the text must live as long as msg. */
struct bs_path_text {
	char seg[3][8];
};
void bs_run_set_path(struct bs_msg *msg, const struct bs_path *p, struct bs_path_text *text);
bs_run_action_fn bs_run_begin_commands, bs_run_make_plan, bs_run_send_next, bs_run_count_write, bs_run_note_refusal,
	bs_run_use_other_format, bs_run_write_parts, bs_run_send_finish, bs_run_retry;

/* run.c */
bs_run_action_fn bs_run_end_done, bs_run_end_let_pass, bs_run_end_refused, bs_run_end_finish_refused, bs_run_end_reset,
	bs_run_end_silent, bs_run_end_broken, bs_run_end_given_up, bs_run_end_aborted;
struct bs_run *bs_run_new(uint64_t now_ms, const struct bs_request_ref *ref); /* NULL without memory */
void bs_run_free(struct bs_run *r); /* NULL is fine */
void bs_run_stop_timers(struct bs_run *r);
void bs_run_set_step(struct bs_run *r, const char *verb, const struct bs_path *target); /* target NULL: none */
/* Add to text how the step at work was answered. */
void bs_run_tell_answer(struct bs_session *s, char *text, size_t max);
/* The one way out of a run. The owner hears of it last, when the session is idle. */
enum bs_run_event bs_run_end(struct bs_session *s, enum bs_outcome outcome);
enum bs_run_event bs_run_broken(struct bs_session *s, const char *what, enum bs_err err); /* EV_BROKEN */

/* session.c: ev and what follows from it at once. */
void bs_run_fire(struct bs_session *s, enum bs_run_event ev);

#endif
