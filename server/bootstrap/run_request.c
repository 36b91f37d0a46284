/* SPDX-License-Identifier: Apache-2.0 */
/* Answering the Bootstrap-Request. */
#include "server/bootstrap/run.h"

#include <string.h>

#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/bootstrap/tell.h"

enum bs_run_event
bs_run_load_account(struct bs_session *s)
{
	struct bs_run *r = s->run;

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
enum bs_run_event
bs_run_load_later(struct bs_session *s)
{
	s->run->due_ms[TIMER_ACK] = BS_NEVER;
	s->run->due_ms[TIMER_RETRY] = s->now_ms + BS_SESSION_RETRY_MS;
	return EV_NONE;
}

enum bs_run_event
bs_run_send_empty_ack(struct bs_session *s)
{
	bs_exchange_ack_empty(s->ex, s->now_ms, &s->run->ref);
	return EV_NONE;
}

void
bs_run_apply_profile(struct bs_session *s)
{
	const struct bs_profile *p = &s->run->account->profile;
	struct bs_exchange_params params;

	bs_exchange_params_init(&params);
	params.ack_timeout_ms = p->ack_timeout_ms;
	params.max_retransmit = p->max_retransmit;
	params.block_size = s->run->no_blocks ? 1024 : p->block_size;
	bs_exchange_set_params(s->ex, &params);
}

enum bs_run_event
bs_run_accept_request(struct bs_session *s)
{
	struct bs_run *r = s->run;
	enum bs_err err;

	bs_run_apply_profile(s);
	err = bs_exchange_respond(s->ex, s->now_ms, &r->ref, BS_CHANGED);
	if (err != BS_OK)
		return bs_run_broken(s, "answer to the request", err);
	r->due_ms[TIMER_PAUSE] = s->now_ms + r->account->profile.first_delay_ms;
	return EV_NONE;
}

/* Nobody asked, so nobody is answered, and no acknowledgement is due. */
enum bs_run_event
bs_run_fetch_account(struct bs_session *s)
{
	bs_run_load_account(s);
	s->run->due_ms[TIMER_ACK] = BS_NEVER;
	return EV_NONE;
}

/* The pause gives a client the time to take in its answer; without one there is nothing to wait for. */
enum bs_run_event
bs_run_begin_unasked(struct bs_session *s)
{
	bs_run_apply_profile(s);
	return EV_PAUSE_OVER;
}

enum bs_run_event
bs_run_end_unfit(struct bs_session *s)
{
	return bs_run_end(s, s->run->outcome);
}

enum bs_run_event
bs_run_refuse_request(struct bs_session *s)
{
	enum bs_err err = bs_exchange_respond(s->ex, s->now_ms, &s->run->ref, s->run->code);

	if (err != BS_OK)
		bs_tell(s->run->notes, sizeof(s->run->notes), "answer not sent: %s", bs_strerror(err));
	return bs_run_end(s, s->run->outcome);
}

bool
bs_run_outcome_of_refusal(uint8_t code, enum bs_outcome *out)
{
	*out = code == BS_UNSUPPORTED_FORMAT ? BS_OUT_FORMAT_UNSUPPORTED : BS_OUT_BAD_REQUEST;
	return code == BS_UNSUPPORTED_FORMAT || code == BS_BAD_REQUEST;
}

enum bs_run_event
bs_run_judge_request(struct bs_session *s, const struct bs_msg *msg, const struct bs_request *req, uint8_t code)
{
	struct bs_run *r = s->run;
	struct bs_quote q;

	r->pct = req->pct;
	r->is_pack = req->kind == BS_REQUEST_PACK;
	if (r->is_pack) {
		r->pct = msg->accept != BS_NO_FORMAT ? msg->accept : -1;
		r->asked = msg->block2;
		code = code == BS_EMPTY ? bs_run_take_own_account(r, &req->acc) : code;
	}
	r->code = code;
	if (bs_run_outcome_of_refusal(code, &r->outcome)) {
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

enum bs_run_event
bs_run_judge_account(struct bs_session *s, enum bs_err err)
{
	struct bs_run *r = s->run;

	if (err != BS_OK && err != BS_ENOTFOUND)
		return EV_BUSY;
	if (err == BS_OK && r->account->enabled)
		return r->is_pack ? EV_MAKE_PACK : EV_ACCOUNT;
	r->outcome = err == BS_OK ? BS_OUT_DEVICE_DISABLED : BS_OUT_IDENTITY_UNKNOWN;
	if (s->state == ST_LOADING)
		r->code = BS_BAD_REQUEST;
	return EV_UNFIT;
}
