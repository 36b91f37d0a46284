/* SPDX-License-Identifier: Apache-2.0 */
#include "server/bootstrap/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/bootstrap/plan.h"
#include "server/bootstrap/request.h"
#include "server/bootstrap/tell.h"

/* clang-format off */
#define STATES(X) X(IDLE) X(LOADING) X(FETCHING) X(ACCEPTED) X(DISCOVERING) X(RUNNING) X(FINISHING)
#define EVENTS(X) \
	X(NONE) \
	X(REQUEST) /* a Bootstrap-Request, admitted */ \
	X(BAD_REQUEST) /* the same, to be refused */ \
	X(BEGIN) /* the server begins by itself, admitted */ \
	X(ACCOUNT) /* loaded */ \
	X(UNFIT) /* the device is gone or disabled */ \
	X(BUSY) /* the store could not answer */ \
	X(RETRY_DUE) X(ACK_DUE) X(PAUSE_OVER) X(GIVE_UP) /* timers */ \
	X(DISCOVER) X(MAKE_PLAN) X(NEXT) X(PLAN_END) /* what follows from the profile and the plan */ \
	X(SUCCESS) X(TOLERATED) X(OTHER_FORMAT) X(REFUSED) X(RESET) X(SILENT) /* how the client answered */ \
	X(BROKEN) /* the server cannot go on */ \
	X(ABORT) /* the owner ends the run, or the device began anew */
/* clang-format on */

#define X(name) ST_##name,
enum state { STATES(X) STATE_COUNT };
#undef X
#define X(name) EV_##name,
enum event { EVENTS(X) EVENT_COUNT };
#undef X

enum timer { TIMER_GIVE_UP, TIMER_RETRY, TIMER_ACK, TIMER_PAUSE, TIMER_COUNT };

/* What exists only while a run lasts, so that an idle association costs little. */
struct run {
	struct bs_request_ref ref; /* the Bootstrap-Request, to be answered */
	uint64_t started_ms;
	uint64_t due_ms[TIMER_COUNT];
	int32_t pct;
	struct bs_account *account;
	struct bs_plan *plan;
	size_t op; /* the one at work is ops[op - 1]; 0: none yet */
	unsigned writes;
	/* for the report */
	enum bs_outcome outcome; /* of UNFIT, BAD_REQUEST, ABORT */
	uint8_t code;
	char step[BS_PATH_TEXT + 16];
	char why[160];
	char notes[120]; /* what was tolerated */
	char claimed[BS_ENDPOINT_MAX + 1];
};

struct bs_session {
	const struct bs_session_ops *ops;
	void *arg;
	struct bs_exchange *ex;
	struct bs_client client;
	enum state state;
	bool was_used;
	struct run *run; /* NULL in ST_IDLE */
	/* valid inside one call from outside */
	uint64_t now_ms;
	const struct bs_msg *reply; /* NULL unless reply_err is BS_OK */
	enum bs_err reply_err;
};

typedef enum event action_fn(struct bs_session *s); /* returns the event that follows at once, or EV_NONE */

struct transition {
	enum state state;
	enum event event;
	enum state next;
	action_fn *action;
};

static action_fn load_account, send_empty_ack, load_later, accept_request, refuse_request, fetch_account, begin_unasked,
	end_unfit, begin_commands, send_discover, plan_without_discover, plan_with_discover, send_next, count_write,
	note_refusal, use_tlv, send_finish, end_done, end_refused, end_finish_refused, end_reset, end_silent,
	end_broken, end_given_up, end_aborted;

static const struct transition transitions[] = {
	{ ST_IDLE, EV_REQUEST, ST_LOADING, load_account },
	{ ST_IDLE, EV_BAD_REQUEST, ST_IDLE, refuse_request },

	{ ST_LOADING, EV_ACCOUNT, ST_ACCEPTED, accept_request }, /* 2.04 leaves first */
	{ ST_LOADING, EV_UNFIT, ST_IDLE, refuse_request },
	{ ST_LOADING, EV_BUSY, ST_LOADING, load_later },
	{ ST_LOADING, EV_RETRY_DUE, ST_LOADING, load_account },
	{ ST_LOADING, EV_ACK_DUE, ST_LOADING, send_empty_ack },
	{ ST_LOADING, EV_GIVE_UP, ST_IDLE, end_given_up }, /* no answer: the client shall try again */
	{ ST_LOADING, EV_ABORT, ST_IDLE, end_aborted },

	{ ST_IDLE, EV_BEGIN, ST_FETCHING, fetch_account },
	{ ST_FETCHING, EV_ACCOUNT, ST_ACCEPTED, begin_unasked },
	{ ST_FETCHING, EV_UNFIT, ST_IDLE, end_unfit },
	{ ST_FETCHING, EV_BUSY, ST_FETCHING, load_later },
	{ ST_FETCHING, EV_RETRY_DUE, ST_FETCHING, fetch_account },
	{ ST_FETCHING, EV_GIVE_UP, ST_IDLE, end_given_up },
	{ ST_FETCHING, EV_ABORT, ST_IDLE, end_aborted },

	{ ST_ACCEPTED, EV_PAUSE_OVER, ST_ACCEPTED, begin_commands },
	{ ST_ACCEPTED, EV_DISCOVER, ST_DISCOVERING, send_discover },
	{ ST_ACCEPTED, EV_MAKE_PLAN, ST_RUNNING, plan_without_discover },
	{ ST_ACCEPTED, EV_BROKEN, ST_IDLE, end_broken },
	{ ST_ACCEPTED, EV_ABORT, ST_IDLE, end_aborted },

	/* Many clients have no Discover: whatever comes instead of a result, the run goes on. */
	{ ST_DISCOVERING, EV_SUCCESS, ST_RUNNING, plan_with_discover },
	{ ST_DISCOVERING, EV_REFUSED, ST_RUNNING, plan_without_discover },
	{ ST_DISCOVERING, EV_RESET, ST_RUNNING, plan_without_discover },
	{ ST_DISCOVERING, EV_SILENT, ST_RUNNING, plan_without_discover },
	{ ST_DISCOVERING, EV_BROKEN, ST_IDLE, end_broken },
	{ ST_DISCOVERING, EV_ABORT, ST_IDLE, end_aborted },

	{ ST_RUNNING, EV_NEXT, ST_RUNNING, send_next }, /* Deletes and Writes in plan order */
	{ ST_RUNNING, EV_SUCCESS, ST_RUNNING, count_write },
	{ ST_RUNNING, EV_TOLERATED, ST_RUNNING, note_refusal },
	{ ST_RUNNING, EV_OTHER_FORMAT, ST_RUNNING, use_tlv }, /* 4.15: the same Write again, once */
	{ ST_RUNNING, EV_REFUSED, ST_IDLE, end_refused },
	{ ST_RUNNING, EV_RESET, ST_IDLE, end_reset },
	{ ST_RUNNING, EV_SILENT, ST_IDLE, end_silent },
	{ ST_RUNNING, EV_PLAN_END, ST_FINISHING, send_finish },
	{ ST_RUNNING, EV_BROKEN, ST_IDLE, end_broken },
	{ ST_RUNNING, EV_ABORT, ST_IDLE, end_aborted },

	{ ST_FINISHING, EV_SUCCESS, ST_IDLE, end_done },
	{ ST_FINISHING, EV_REFUSED, ST_IDLE, end_finish_refused },
	{ ST_FINISHING, EV_RESET, ST_IDLE, end_reset },
	{ ST_FINISHING, EV_SILENT, ST_IDLE, end_silent },
	{ ST_FINISHING, EV_BROKEN, ST_IDLE, end_broken },
	{ ST_FINISHING, EV_ABORT, ST_IDLE, end_aborted },
};

static const char *
state_name(enum state st)
{
#define X(name) [ST_##name] = #name,
	static const char *const names[] = { STATES(X) };
#undef X
	return names[st];
}

static const char *
event_name(enum event ev)
{
#define X(name) [EV_##name] = #name,
	static const char *const names[] = { EVENTS(X) };
#undef X
	return names[ev];
}

static void
set_step(struct run *r, const char *verb, const struct bs_path *target)
{
	char path[BS_PATH_TEXT];

	if (target != NULL)
		snprintf(r->step, sizeof(r->step), "%s %s", verb, bs_path_format(target, path));
	else
		snprintf(r->step, sizeof(r->step), "%s", verb);
}

static void
tell_answer(struct bs_session *s, char *text, size_t max)
{
	bs_tell_answer(text, max, s->run->step, s->reply_err, s->reply);
}

/* The life of a run. */

static void
stop_timers(struct run *r)
{
	for (size_t i = 0; i < TIMER_COUNT; i++)
		r->due_ms[i] = BS_NEVER;
}

static struct run *
run_new(uint64_t now_ms, const struct bs_request_ref *ref)
{
	struct run *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->started_ms = now_ms;
	r->ref = *ref;
	r->pct = -1;
	stop_timers(r);
	set_step(r, "request", NULL);
	return r;
}

static void
run_free(struct run *r)
{
	if (r == NULL)
		return;
	bs_plan_free(r->plan); /* borrows from the account */
	bs_account_free(r->account);
	free(r);
}

static void
fill_report(const struct bs_session *s, enum bs_outcome outcome, struct bs_report *rep)
{
	const struct run *r = s->run;

	memset(rep, 0, sizeof(*rep));
	rep->outcome = outcome;
	rep->code = r->code;
	rep->writes = r->writes;
	rep->took_ms = s->now_ms - r->started_ms;
	rep->format = r->plan != NULL ? r->plan->format->number : BS_NO_FORMAT;
	rep->version = r->plan != NULL ? r->plan->version : BS_LWM2M_UNKNOWN;
	memcpy(rep->step, r->step, sizeof(rep->step));
	memcpy(rep->claimed, r->claimed, sizeof(rep->claimed));
	if (r->why[0] != '\0')
		bs_tell(rep->detail, sizeof(rep->detail), "%s", r->why);
	if (r->notes[0] != '\0')
		bs_tell(rep->detail, sizeof(rep->detail), "%s", r->notes);
}

/* The one way out of a run. The owner hears of it last, when the session is idle. */
static enum event
end_run(struct bs_session *s, enum bs_outcome outcome)
{
	struct bs_report rep;

	fill_report(s, outcome, &rep);
	bs_exchange_cancel(s->ex);
	run_free(s->run);
	s->run = NULL;
	s->state = ST_IDLE;
	s->ops->finished(s->arg, s->now_ms, &rep);
	return EV_NONE;
}

static enum event
broken(struct bs_session *s, const char *what, enum bs_err err)
{
	bs_tell(s->run->why, sizeof(s->run->why), "%s: %s", what, bs_strerror(err));
	return EV_BROKEN;
}

static const struct transition *
find_transition(enum state st, enum event ev)
{
	for (size_t i = 0; i < sizeof(transitions) / sizeof(transitions[0]); i++) {
		if (transitions[i].state == st && transitions[i].event == ev)
			return &transitions[i];
	}
	return NULL;
}

static void
fire(struct bs_session *s, enum event ev)
{
	while (ev != EV_NONE && s->run != NULL) {
		const struct transition *t = find_transition(s->state, ev);

		if (t == NULL) {
			bs_tell(s->run->why, sizeof(s->run->why), "%s in state %s: %s", event_name(ev),
				state_name(s->state), bs_strerror(BS_ESTATE));
			end_run(s, BS_OUT_INTERNAL);
			return;
		}
		if (s->state != t->next)
			stop_timers(s->run); /* they belong to the state */
		s->state = t->next;
		ev = t->action(s);
	}
}

/* Answering the Bootstrap-Request. */

static enum event
load_account(struct bs_session *s)
{
	struct run *r = s->run;

	if (r->due_ms[TIMER_GIVE_UP] == BS_NEVER) { /* the first time */
		r->due_ms[TIMER_GIVE_UP] = s->now_ms + BS_SESSION_LOAD_MAX_MS;
		r->due_ms[TIMER_ACK] = s->now_ms + BS_SESSION_ACK_MS;
	}
	s->ops->load(s->arg, s->client.device_id);
	return EV_NONE;
}

/*
 * From here on no empty ACK: if the store does not come back, the client shall run into its own retransmission and
 * retry logic rather than wait for a response that was promised.
 */
static enum event
load_later(struct bs_session *s)
{
	s->run->due_ms[TIMER_ACK] = BS_NEVER;
	s->run->due_ms[TIMER_RETRY] = s->now_ms + BS_SESSION_RETRY_MS;
	return EV_NONE;
}

static enum event
send_empty_ack(struct bs_session *s)
{
	bs_exchange_ack_empty(s->ex, s->now_ms, &s->run->ref);
	return EV_NONE;
}

static void
apply_profile(struct bs_session *s)
{
	const struct bs_profile *p = &s->run->account->profile;
	struct bs_exchange_params params;

	bs_exchange_params_init(&params);
	params.ack_timeout_ms = p->ack_timeout_ms;
	params.max_retransmit = p->max_retransmit;
	params.block_size = p->block_size;
	bs_exchange_set_params(s->ex, &params);
}

static enum event
accept_request(struct bs_session *s)
{
	struct run *r = s->run;
	enum bs_err err;

	apply_profile(s);
	err = bs_exchange_respond(s->ex, s->now_ms, &r->ref, BS_CHANGED);
	if (err != BS_OK)
		return broken(s, "answer to the request", err);
	r->due_ms[TIMER_PAUSE] = s->now_ms + r->account->profile.first_delay_ms;
	return EV_NONE;
}

/* Nobody asked, so nobody is answered, and no acknowledgement is due. */
static enum event
fetch_account(struct bs_session *s)
{
	load_account(s);
	s->run->due_ms[TIMER_ACK] = BS_NEVER;
	return EV_NONE;
}

/* The pause gives a client the time to take in its answer; without one there is nothing to wait for. */
static enum event
begin_unasked(struct bs_session *s)
{
	apply_profile(s);
	return EV_PAUSE_OVER;
}

static enum event
end_unfit(struct bs_session *s)
{
	return end_run(s, s->run->outcome);
}

static enum event
refuse_request(struct bs_session *s)
{
	enum bs_err err = bs_exchange_respond(s->ex, s->now_ms, &s->run->ref, s->run->code);

	if (err != BS_OK)
		bs_tell(s->run->notes, sizeof(s->run->notes), "answer not sent: %s", bs_strerror(err));
	return end_run(s, s->run->outcome);
}

/* The requests of the server. */

static void on_response(void *arg, uint64_t now_ms, enum bs_err err, const struct bs_msg *response);

static enum event
send_request(struct bs_session *s, const struct bs_msg *msg)
{
	enum bs_err err = bs_exchange_request(s->ex, s->now_ms, msg, on_response, s);

	return err == BS_OK ? EV_NONE : broken(s, s->run->step, err);
}

static enum event
begin_commands(struct bs_session *s)
{
	return s->run->account->profile.discover ? EV_DISCOVER : EV_MAKE_PLAN;
}

static enum event
send_discover(struct bs_session *s)
{
	struct bs_msg msg;

	set_step(s->run, "discover", NULL);
	bs_msg_init(&msg, BS_CON, BS_GET, 0);
	msg.accept = BS_CF_LINK; /* a GET without it is a Read */
	return send_request(s, &msg);
}

static enum event
make_plan(struct bs_session *s, const struct bs_discovered *found)
{
	struct run *r = s->run;
	struct bs_client_view view = {
		.version = found != NULL ? found->version : BS_LWM2M_UNKNOWN,
		.pct = r->pct,
		.discovered = found,
	};
	struct bs_diag diag = { 0 };
	enum bs_err err = bs_plan_build(r->account, &view, s->ops->wall_s(s->arg), &r->plan, &diag);

	if (err != BS_OK)
		return broken(s, diag.text[0] != '\0' ? diag.text : "plan", err);
	if (r->plan->left_out_access_control)
		bs_tell(r->notes, sizeof(r->notes), "the device has no Object 2: access control left out");
	return EV_NEXT;
}

static enum event
plan_without_discover(struct bs_session *s)
{
	return make_plan(s, NULL);
}

static enum event
plan_with_discover(struct bs_session *s)
{
	struct bs_discovered *found = calloc(1, sizeof(*found));
	const struct bs_msg *m = s->reply;
	enum event ev;

	if (found == NULL)
		return broken(s, "discover", BS_ENOMEM);
	if (m->code == BS_CONTENT && bs_link_parse(m->payload, m->payload_len, found) == BS_OK && found->count > 0) {
		ev = make_plan(s, found);
	} else {
		bs_tell(s->run->notes, sizeof(s->run->notes), "discover answered with an unreadable result");
		ev = make_plan(s, NULL);
	}
	free(found);
	return ev;
}

static const struct bs_op *
current_op(const struct run *r)
{
	return &r->plan->ops[r->op - 1];
}

/* Path segments in decimal digits; the text must live as long as msg. */
struct path_text {
	char seg[3][8];
};

static void
set_path(struct bs_msg *msg, const struct bs_path *p, struct path_text *text)
{
	const uint16_t ids[] = { p->oid, p->iid, p->rid };

	msg->path_count = (size_t)p->level; /* BS_LEVEL_ROOT is 0 segments, BS_LEVEL_RESOURCE 3 */
	for (size_t i = 0; i < msg->path_count; i++) {
		snprintf(text->seg[i], sizeof(text->seg[i]), "%u", ids[i]);
		msg->path[i].data = (const uint8_t *)text->seg[i];
		msg->path[i].len = strlen(text->seg[i]);
	}
}

static enum event
send_delete(struct bs_session *s, const struct bs_op *op)
{
	struct path_text text;
	struct bs_msg msg;

	set_step(s->run, "delete", &op->target);
	bs_msg_init(&msg, BS_CON, BS_DELETE, 0);
	set_path(&msg, &op->target, &text);
	return send_request(s, &msg);
}

static enum event
send_write(struct bs_session *s, const struct bs_op *op)
{
	uint8_t payload[BS_REQUEST_PAYLOAD_MAX]; /* may hold keys: wiped below */
	struct path_text text;
	struct bs_msg msg;
	enum event ev;
	enum bs_err err;

	set_step(s->run, "write", &op->target);
	bs_msg_init(&msg, BS_CON, BS_PUT, 0);
	set_path(&msg, &op->target, &text);
	msg.content_format = s->run->plan->format->number;
	err = bs_plan_encode(s->run->plan, op, payload, sizeof(payload), &msg.payload_len);
	msg.payload = payload;
	ev = err == BS_OK ? send_request(s, &msg) : broken(s, s->run->step, err);
	bs_wipe(payload, err == BS_OK ? msg.payload_len : sizeof(payload));
	return ev;
}

static enum event
send_op(struct bs_session *s)
{
	const struct bs_op *op = current_op(s->run);

	return op->kind == BS_OP_DELETE ? send_delete(s, op) : send_write(s, op);
}

static enum event
send_next(struct bs_session *s)
{
	struct run *r = s->run;

	if (r->op == r->plan->op_count || r->plan->ops[r->op].kind == BS_OP_FINISH)
		return EV_PLAN_END;
	r->op++;
	return send_op(s);
}

static enum event
count_write(struct bs_session *s)
{
	if (current_op(s->run)->kind == BS_OP_WRITE)
		s->run->writes++;
	return EV_NEXT;
}

static enum event
note_refusal(struct bs_session *s)
{
	tell_answer(s, s->run->notes, sizeof(s->run->notes));
	return EV_NEXT;
}

static enum event
use_tlv(struct bs_session *s)
{
	note_refusal(s);
	s->run->plan->format = bs_format_find(BS_CF_TLV);
	return send_op(s);
}

static enum event
send_finish(struct bs_session *s)
{
	struct bs_msg msg;

	set_step(s->run, "finish", NULL);
	bs_msg_init(&msg, BS_CON, BS_POST, 0);
	msg.path[0].data = (const uint8_t *)"bs";
	msg.path[0].len = 2;
	msg.path_count = 1;
	return send_request(s, &msg);
}

/* What an error code means for the request that it answers. */
static enum event
judge_refusal(const struct bs_session *s, uint8_t code)
{
	const struct bs_op *op = s->state == ST_RUNNING ? current_op(s->run) : NULL;

	if (op == NULL)
		return EV_REFUSED;
	if (op->kind == BS_OP_WRITE && code == BS_UNSUPPORTED_FORMAT && s->run->plan->format->number != BS_CF_TLV)
		return EV_OTHER_FORMAT;
	return op->kind == BS_OP_DELETE || !op->mandatory ? EV_TOLERATED : EV_REFUSED;
}

static void
on_response(void *arg, uint64_t now_ms, enum bs_err err, const struct bs_msg *response)
{
	struct bs_session *s = arg;
	enum event ev = EV_SUCCESS;

	s->now_ms = now_ms;
	s->reply = err == BS_OK ? response : NULL;
	s->reply_err = err;
	if (err == BS_ETIMEOUT)
		ev = EV_SILENT;
	else if (err == BS_ERESET)
		ev = EV_RESET;
	else if (err != BS_OK || BS_CODE_CLASS(response->code) != 2)
		ev = judge_refusal(s, err == BS_OK ? response->code : 0);
	if (s->state == ST_DISCOVERING && ev != EV_SUCCESS)
		tell_answer(s, s->run->notes, sizeof(s->run->notes));
	fire(s, ev);
	s->reply = NULL;
}

/* The ends. */

static enum event
end_done(struct bs_session *s)
{
	return end_run(s, BS_OUT_DONE);
}

static enum event
end_with_answer(struct bs_session *s, enum bs_outcome outcome)
{
	struct run *r = s->run;

	tell_answer(s, r->why, sizeof(r->why));
	r->code = s->reply != NULL ? s->reply->code : 0;
	return end_run(s, outcome);
}

static enum event
end_refused(struct bs_session *s)
{
	bool format = s->reply != NULL && s->reply->code == BS_UNSUPPORTED_FORMAT;

	return end_with_answer(s, format ? BS_OUT_FORMAT_UNSUPPORTED : BS_OUT_WRITE_REFUSED);
}

static enum event
end_finish_refused(struct bs_session *s)
{
	return end_with_answer(s, BS_OUT_FINISH_REFUSED);
}

static enum event
end_reset(struct bs_session *s)
{
	return end_with_answer(s, BS_OUT_CLIENT_RESET);
}

static enum event
end_silent(struct bs_session *s)
{
	return end_with_answer(s, BS_OUT_CLIENT_SILENT);
}

static enum event
end_broken(struct bs_session *s)
{
	return end_run(s, BS_OUT_INTERNAL);
}

static enum event
end_given_up(struct bs_session *s)
{
	bs_tell(s->run->why, sizeof(s->run->why), "the store gave no answer within %u s",
		BS_SESSION_LOAD_MAX_MS / 1000);
	return end_run(s, BS_OUT_INTERNAL);
}

static enum event
end_aborted(struct bs_session *s)
{
	return end_run(s, s->run->outcome);
}

/* From outside. */

struct bs_session *
bs_session_new(const struct bs_session_ops *ops, void *arg, struct bs_exchange *ex, const struct bs_client *client)
{
	struct bs_session *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->ops = ops;
	s->arg = arg;
	s->ex = ex;
	s->client = *client;
	return s;
}

void
bs_session_free(struct bs_session *s)
{
	if (s == NULL)
		return;
	run_free(s->run);
	free(s);
}

/* Refusals of a Bootstrap-Request and the outcomes they are; other codes answer requests that are none. */
static bool
outcome_of_refusal(uint8_t code, enum bs_outcome *out)
{
	*out = code == BS_UNSUPPORTED_FORMAT ? BS_OUT_FORMAT_UNSUPPORTED : BS_OUT_BAD_REQUEST;
	return code == BS_UNSUPPORTED_FORMAT || code == BS_BAD_REQUEST;
}

/* EV_REQUEST, or EV_BAD_REQUEST with what to answer and to report. */
static enum event
judge_request(struct bs_session *s, const struct bs_msg *msg, const struct bs_request *req, uint8_t code)
{
	struct run *r = s->run;
	struct bs_quote q;

	r->pct = req->pct;
	r->code = code;
	if (outcome_of_refusal(code, &r->outcome)) {
		bs_tell_query(r->why, sizeof(r->why), msg);
		return EV_BAD_REQUEST;
	}
	if (req->has_ep && strcmp(req->ep, s->client.endpoint) != 0) {
		r->outcome = BS_OUT_ENDPOINT_MISMATCH;
		r->code = BS_BAD_REQUEST;
		memcpy(r->claimed, req->ep, sizeof(r->claimed));
		bs_tell(r->why, sizeof(r->why), "the device calls itself %s", bs_log_quote(&q, req->ep));
		return EV_BAD_REQUEST;
	}
	return EV_REQUEST;
}

static void
report_without_run(struct bs_session *s, enum bs_outcome outcome)
{
	struct bs_report rep = { .outcome = outcome, .step = "request", .format = BS_NO_FORMAT };

	s->ops->finished(s->arg, s->now_ms, &rep);
}

static bool
admit(struct bs_session *s, const struct bs_request_ref *ref)
{
	enum bs_admission a = s->ops->admit(s->arg, s->now_ms, &s->client);

	if (a == BS_ADMIT_TOO_MANY)
		report_without_run(s, BS_OUT_TOO_MANY);
	if (a != BS_ADMIT)
		return false;
	s->run = run_new(s->now_ms, ref);
	if (s->run == NULL)
		report_without_run(s, BS_OUT_OVERLOAD);
	return s->run != NULL;
}

bool
bs_session_request(struct bs_session *s, uint64_t now_ms, const struct bs_msg *msg, const struct bs_request_ref *ref)
{
	struct bs_request req;
	uint8_t code = bs_request_parse(msg, &req);
	enum bs_outcome outcome;

	s->now_ms = now_ms;
	if (code != BS_EMPTY && !outcome_of_refusal(code, &outcome))
		return bs_exchange_respond(s->ex, now_ms, ref, code) == BS_OK;
	s->was_used = true;
	bs_session_abort(s, now_ms, BS_OUT_SUPERSEDED, "the device sent a new Bootstrap-Request");
	if (!admit(s, ref))
		return false;
	fire(s, judge_request(s, msg, &req, code));
	return true;
}

bool
bs_session_begin(struct bs_session *s, uint64_t now_ms)
{
	static const struct bs_request_ref nobody;

	s->now_ms = now_ms;
	s->was_used = true;
	bs_session_abort(s, now_ms, BS_OUT_SUPERSEDED, "the server began a run of its own");
	if (!admit(s, &nobody))
		return false;
	set_step(s->run, "begin", NULL);
	fire(s, EV_BEGIN);
	return true;
}

static enum event
judge_account(struct bs_session *s, enum bs_err err)
{
	struct run *r = s->run;

	if (err != BS_OK && err != BS_ENOTFOUND)
		return EV_BUSY;
	if (err == BS_OK && r->account->enabled)
		return EV_ACCOUNT;
	r->outcome = err == BS_OK ? BS_OUT_DEVICE_DISABLED : BS_OUT_IDENTITY_UNKNOWN;
	if (s->state == ST_LOADING)
		r->code = BS_BAD_REQUEST;
	return EV_UNFIT;
}

void
bs_session_loaded(struct bs_session *s, uint64_t now_ms, enum bs_err err, struct bs_account *account)
{
	if (s->state != ST_LOADING &&
		s->state != ST_FETCHING) { /* asked for by a run that is over, or asked for twice */
		bs_account_free(account);
		return;
	}
	if (err == BS_OK && strcmp(account->endpoint, s->client.endpoint) != 0) {
		/* Another store lies there now: the number is another device's, whose keys are not for this client. */
		bs_account_free(account);
		account = NULL;
		err = BS_EBUSY;
	}
	s->now_ms = now_ms;
	s->run->account = account;
	fire(s, judge_account(s, err));
}

void
bs_session_abort(struct bs_session *s, uint64_t now_ms, enum bs_outcome outcome, const char *detail)
{
	if (s->run == NULL)
		return;
	s->now_ms = now_ms;
	s->run->outcome = outcome;
	if (detail != NULL && detail[0] != '\0')
		bs_tell(s->run->why, sizeof(s->run->why), "%s", detail);
	fire(s, EV_ABORT);
}

bool
bs_session_is_running(const struct bs_session *s)
{
	return s->run != NULL;
}

bool
bs_session_was_used(const struct bs_session *s)
{
	return s->was_used;
}

uint64_t
bs_session_next_deadline_ms(const struct bs_session *s)
{
	uint64_t next = BS_NEVER;

	for (size_t i = 0; s->run != NULL && i < TIMER_COUNT; i++) {
		if (s->run->due_ms[i] < next)
			next = s->run->due_ms[i];
	}
	return next;
}

void
bs_session_tick(struct bs_session *s, uint64_t now_ms)
{
	static const enum event due[TIMER_COUNT] = {
		[TIMER_GIVE_UP] = EV_GIVE_UP,
		[TIMER_RETRY] = EV_RETRY_DUE,
		[TIMER_ACK] = EV_ACK_DUE,
		[TIMER_PAUSE] = EV_PAUSE_OVER,
	};

	s->now_ms = now_ms;
	for (size_t i = 0; s->run != NULL && i < TIMER_COUNT; i++) {
		if (s->run->due_ms[i] > now_ms)
			continue;
		s->run->due_ms[i] = BS_NEVER;
		fire(s, due[i]);
	}
}
