/* SPDX-License-Identifier: Apache-2.0 */
#include "server/bootstrap/session.h"

#include <stdlib.h>
#include <string.h>

#include "server/base/clock.h"
#include "server/bootstrap/request.h"
#include "server/bootstrap/run.h"
#include "server/bootstrap/tell.h"

#define STRAY_MAX 120

struct transition {
	enum bs_run_state state;
	enum bs_run_event event;
	enum bs_run_state next;
	bs_run_action_fn *action;
};

static const struct transition transitions[] = {
	{ ST_IDLE, EV_REQUEST, ST_LOADING, bs_run_load_account },
	{ ST_IDLE, EV_BAD_REQUEST, ST_IDLE, bs_run_refuse_request },

	{ ST_LOADING, EV_ACCOUNT, ST_ACCEPTED, bs_run_accept_request }, /* 2.04 leaves first */
	{ ST_LOADING, EV_MAKE_PACK, ST_PACKING, bs_run_make_pack },
	{ ST_LOADING, EV_UNFIT, ST_IDLE, bs_run_refuse_request },
	{ ST_LOADING, EV_BUSY, ST_LOADING, bs_run_load_later },
	{ ST_LOADING, EV_RETRY_DUE, ST_LOADING, bs_run_load_account },
	{ ST_LOADING, EV_ACK_DUE, ST_LOADING, bs_run_send_empty_ack },
	{ ST_LOADING, EV_GIVE_UP, ST_IDLE, bs_run_end_given_up }, /* no answer: the client shall try again */
	{ ST_LOADING, EV_ABORT, ST_IDLE, bs_run_end_aborted },

	{ ST_IDLE, EV_BEGIN, ST_FETCHING, bs_run_fetch_account },
	{ ST_FETCHING, EV_ACCOUNT, ST_ACCEPTED, bs_run_begin_unasked },
	{ ST_FETCHING, EV_UNFIT, ST_IDLE, bs_run_end_unfit },
	{ ST_FETCHING, EV_BUSY, ST_FETCHING, bs_run_load_later },
	{ ST_FETCHING, EV_RETRY_DUE, ST_FETCHING, bs_run_fetch_account },
	{ ST_FETCHING, EV_GIVE_UP, ST_IDLE, bs_run_end_given_up },
	{ ST_FETCHING, EV_ABORT, ST_IDLE, bs_run_end_aborted },

	{ ST_ACCEPTED, EV_PAUSE_OVER, ST_ACCEPTED, bs_run_begin_commands },
	{ ST_ACCEPTED, EV_DISCOVER, ST_DISCOVERING, bs_run_send_discover },
	{ ST_ACCEPTED, EV_MAKE_PLAN, ST_RUNNING, bs_run_make_plan },
	{ ST_ACCEPTED, EV_BROKEN, ST_IDLE, bs_run_end_broken },
	{ ST_ACCEPTED, EV_ABORT, ST_IDLE, bs_run_end_aborted },

	/*
	 * Many clients have no Discover: whatever comes instead of a result, the run goes on. Silence says nothing of the
	 * client: it is not written to blindly for a lost exchange, but comes again.
	 */
	{ ST_DISCOVERING, EV_SUCCESS, ST_DISCOVERING, bs_run_take_discovered },
	{ ST_DISCOVERING, EV_READ, ST_READING, bs_run_send_read },
	{ ST_DISCOVERING, EV_MAKE_PLAN, ST_RUNNING, bs_run_make_plan },
	{ ST_DISCOVERING, EV_REFUSED, ST_RUNNING, bs_run_make_plan },
	{ ST_DISCOVERING, EV_RESET, ST_RUNNING, bs_run_make_plan },
	{ ST_DISCOVERING, EV_SILENT, ST_IDLE, bs_run_end_silent },
	{ ST_DISCOVERING, EV_BROKEN, ST_IDLE, bs_run_end_broken },
	{ ST_DISCOVERING, EV_ABORT, ST_IDLE, bs_run_end_aborted },

	/* What cannot be read is kept, or overwritten where the profile says so; but not what a lost exchange hid. */
	{ ST_READING, EV_SUCCESS, ST_READING, bs_run_take_read },
	{ ST_READING, EV_READ, ST_READING, bs_run_send_read },
	{ ST_READING, EV_OTHER_FORMAT, ST_READING, bs_run_read_in_tlv },
	{ ST_READING, EV_MAKE_PLAN, ST_RUNNING, bs_run_make_plan },
	{ ST_READING, EV_REFUSED, ST_READING, bs_run_judge_unreadable },
	{ ST_READING, EV_RESET, ST_READING, bs_run_judge_unreadable },
	{ ST_READING, EV_OVERWRITE, ST_RUNNING, bs_run_overwrite },
	{ ST_READING, EV_STOP, ST_IDLE, bs_run_end_unreadable },
	{ ST_READING, EV_SILENT, ST_IDLE, bs_run_end_silent },
	{ ST_READING, EV_BROKEN, ST_IDLE, bs_run_end_broken },
	{ ST_READING, EV_ABORT, ST_IDLE, bs_run_end_aborted },

	{ ST_RUNNING, EV_NEXT, ST_RUNNING, bs_run_send_next }, /* Deletes and Writes in plan order */
	{ ST_RUNNING, EV_SUCCESS, ST_RUNNING, bs_run_count_write },
	{ ST_RUNNING, EV_TOLERATED, ST_RUNNING, bs_run_note_refusal },
	{ ST_RUNNING, EV_OTHER_FORMAT, ST_RUNNING, bs_run_use_other_format }, /* 4.15: the same Write again */
	{ ST_RUNNING, EV_IN_PARTS, ST_RUNNING, bs_run_write_parts }, /* the same Write resource by resource */
	{ ST_RUNNING, EV_REFUSED, ST_IDLE, bs_run_end_refused },
	{ ST_RUNNING, EV_RESET, ST_IDLE, bs_run_end_reset },
	{ ST_RUNNING, EV_SILENT, ST_IDLE, bs_run_end_silent },
	{ ST_RUNNING, EV_PLAN_END, ST_FINISHING, bs_run_send_finish },
	{ ST_RUNNING, EV_BROKEN, ST_IDLE, bs_run_end_broken },
	{ ST_RUNNING, EV_ABORT, ST_IDLE, bs_run_end_aborted },

	{ ST_FINISHING, EV_SUCCESS, ST_IDLE, bs_run_end_done },
	{ ST_FINISHING, EV_TOLERATED, ST_IDLE, bs_run_end_let_pass }, /* the profile says that this is success */
	{ ST_FINISHING, EV_REFUSED, ST_IDLE, bs_run_end_finish_refused },
	{ ST_FINISHING, EV_RETRY_AS, ST_ACCEPTED, bs_run_retry }, /* 4.06, the first time: under another profile */
	{ ST_FINISHING, EV_RESET, ST_IDLE, bs_run_end_reset },
	{ ST_FINISHING, EV_SILENT, ST_IDLE, bs_run_end_silent },
	{ ST_FINISHING, EV_BROKEN, ST_IDLE, bs_run_end_broken },
	{ ST_FINISHING, EV_ABORT, ST_IDLE, bs_run_end_aborted },

	/* The client is at the wheel: it asks for block after block, or goes away. */
	{ ST_PACKING, EV_DECLINED, ST_IDLE, bs_run_refuse_request }, /* POST /bs will follow */
	{ ST_PACKING, EV_BLOCK, ST_PACKING, bs_run_send_block },
	{ ST_PACKING, EV_SUCCESS, ST_IDLE, bs_run_end_fetched },
	{ ST_PACKING, EV_GIVE_UP, ST_IDLE, bs_run_end_unfetched },
	{ ST_PACKING, EV_BROKEN, ST_IDLE, bs_run_end_broken },
	{ ST_PACKING, EV_ABORT, ST_IDLE, bs_run_end_aborted },
};

static const char *
state_name(enum bs_run_state st)
{
#define X(name) [ST_##name] = #name,
	static const char *const names[] = { STATES(X) };
#undef X
	return names[st];
}

static const char *
event_name(enum bs_run_event ev)
{
#define X(name) [EV_##name] = #name,
	static const char *const names[] = { EVENTS(X) };
#undef X
	return names[ev];
}

static const struct transition *
find_transition(enum bs_run_state st, enum bs_run_event ev)
{
	for (size_t i = 0; i < sizeof(transitions) / sizeof(transitions[0]); i++) {
		if (transitions[i].state == st && transitions[i].event == ev)
			return &transitions[i];
	}
	return NULL;
}

void
bs_run_fire(struct bs_session *s, enum bs_run_event ev)
{
	while (ev != EV_NONE && s->run != NULL) {
		const struct transition *t = find_transition(s->state, ev);

		if (t == NULL) {
			bs_tell(s->run->why, sizeof(s->run->why), "%s in state %s: %s", event_name(ev),
				state_name(s->state), bs_strerror(BS_ESTATE));
			bs_run_end(s, BS_OUT_INTERNAL);
			return;
		}
		if (s->state != t->next)
			bs_run_stop_timers(s->run); /* they belong to the state */
		s->state = t->next;
		ev = t->action(s);
	}
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
bs_session_set_roots(struct bs_session *s, const struct bs_roots *roots)
{
	s->roots = roots;
}

void
bs_session_free(struct bs_session *s)
{
	if (s == NULL)
		return;
	bs_run_free(s->run);
	bs_run_drop_pack(s);
	free(s->stray);
	free(s);
}

static void
report_without_run(struct bs_session *s, enum bs_outcome outcome)
{
	struct bs_run_report rep = { .outcome = outcome, .step = "request", .format = BS_NO_FORMAT };

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
	bs_run_drop_pack(s);
	s->run = bs_run_new(s->now_ms, ref);
	if (s->run == NULL)
		report_without_run(s, BS_OUT_OVERLOAD);
	return s->run != NULL;
}

/* Without memory the answer alone has to do. */
static void
note_stray(struct bs_session *s, const struct bs_msg *msg, uint8_t code)
{
	if (s->stray == NULL)
		s->stray = malloc(STRAY_MAX);
	if (s->stray == NULL)
		return;
	s->stray[0] = '\0';
	bs_tell_stray(s->stray, STRAY_MAX, msg, code);
}

bool
bs_session_request(struct bs_session *s, uint64_t now_ms, const struct bs_msg *msg, const struct bs_request_ref *ref)
{
	struct bs_request req;
	uint8_t code = bs_request_parse(msg, s->roots, &req);
	enum bs_outcome outcome;

	s->now_ms = now_ms;
	if (code != BS_EMPTY && !bs_run_outcome_of_refusal(code, &outcome)) {
		note_stray(s, msg, code);
		return bs_exchange_respond(s->ex, now_ms, ref, code) == BS_OK;
	}
	if (req.kind == BS_REQUEST_PACK_BLOCK)
		return bs_run_answer_block(s, ref, &msg->block2);
	s->was_used = true;
	bs_session_abort(s, now_ms, BS_OUT_SUPERSEDED, "the device sent a new Bootstrap-Request");
	if (!admit(s, ref))
		return false;
	bs_run_fire(s, bs_run_judge_request(s, msg, &req, code));
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
	bs_run_set_step(s->run, "begin", NULL);
	bs_run_fire(s, EV_BEGIN);
	return true;
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
	bs_run_fire(s, bs_run_judge_account(s, err));
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
	bs_run_fire(s, EV_ABORT);
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

const char *
bs_session_get_stray(const struct bs_session *s)
{
	return s->stray != NULL ? s->stray : "";
}

uint64_t
bs_session_next_deadline_ms(const struct bs_session *s)
{
	uint64_t next = s->run == NULL && s->pack != NULL ? s->pack_until_ms : BS_NEVER;

	for (size_t i = 0; s->run != NULL && i < TIMER_COUNT; i++) {
		if (s->run->due_ms[i] < next)
			next = s->run->due_ms[i];
	}
	return next;
}

void
bs_session_tick(struct bs_session *s, uint64_t now_ms)
{
	static const enum bs_run_event due[TIMER_COUNT] = {
		[TIMER_GIVE_UP] = EV_GIVE_UP,
		[TIMER_RETRY] = EV_RETRY_DUE,
		[TIMER_ACK] = EV_ACK_DUE,
		[TIMER_PAUSE] = EV_PAUSE_OVER,
	};

	s->now_ms = now_ms;
	if (s->run == NULL && s->pack != NULL && s->pack_until_ms <= now_ms)
		bs_run_drop_pack(s);
	for (size_t i = 0; s->run != NULL && i < TIMER_COUNT; i++) {
		if (s->run->due_ms[i] > now_ms)
			continue;
		s->run->due_ms[i] = BS_NEVER;
		bs_run_fire(s, due[i]);
	}
}
