/* SPDX-License-Identifier: Apache-2.0 */
/* The requests of the server. */
#include "server/bootstrap/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/bootstrap/tell.h"

static void on_response(void *arg, uint64_t now_ms, enum bs_err err, const struct bs_msg *response);

enum bs_run_event
bs_run_send(struct bs_session *s, const struct bs_msg *msg)
{
	enum bs_err err = bs_exchange_request(s->ex, s->now_ms, msg, on_response, s);

	return err == BS_OK ? EV_NONE : bs_run_broken(s, s->run->step, err);
}

enum bs_run_event
bs_run_begin_commands(struct bs_session *s)
{
	return s->run->account->profile.discover ? EV_DISCOVER : EV_MAKE_PLAN;
}

static void
note_what_was_left_out(struct bs_run *r)
{
	if (r->account->profile.on_existing == BS_EXISTING_MERGE && !r->merging)
		bs_tell(r->notes, sizeof(r->notes), "nothing merged, all overwritten");
	if (r->plan->left_out_renewal)
		bs_tell(r->notes, sizeof(r->notes), "bootstrap account not renewed: discover does not show it");
	if (r->plan->left_out_deletes)
		bs_tell(r->notes, sizeof(r->notes), "no result of discover: nothing deleted");
}

/* A second plan may come without Discover: where the bootstrap account lies it knows from the first. */
static void
drop_found(struct bs_run *r)
{
	if (r->account->retry != NULL && r->own == NULL)
		r->own = r->found;
	else
		free(r->found);
	r->found = NULL;
}

enum bs_run_event
bs_run_make_plan(struct bs_session *s)
{
	struct bs_run *r = s->run;
	struct bs_existing existing = { .servers = r->held[0], .access_control = r->held[1] };
	struct bs_client_view view = {
		.version = r->found != NULL ? r->found->version : BS_LWM2M_UNKNOWN,
		.pct = r->pct,
		.discovered = r->found,
		.own = r->own,
		.wrote_access_control = r->wrote_access_control,
		.wrote_oscore = r->wrote_oscore,
		.existing = r->merging ? &existing : NULL,
	};
	struct bs_diag diag = { 0 };
	enum bs_err err = bs_plan_build(r->account, &view, s->ops->wall_s(s->arg), &r->plan, &diag);

	drop_found(r);
	if (err != BS_OK)
		return bs_run_broken(s, diag.text[0] != '\0' ? diag.text : "plan", err);
	note_what_was_left_out(r);
	return EV_NEXT;
}

static const struct bs_op *
current_op(const struct bs_run *r)
{
	return r->part > 0 ? &r->part_op : &r->plan->ops[r->op - 1];
}

void
bs_run_set_path(struct bs_msg *msg, const struct bs_path *p, struct bs_path_text *text)
{
	const uint16_t ids[] = { p->oid, p->iid, p->rid };

	msg->path_count = (size_t)p->level; /* BS_LEVEL_ROOT is 0 segments, BS_LEVEL_RESOURCE 3 */
	for (size_t i = 0; i < msg->path_count; i++) {
		snprintf(text->seg[i], sizeof(text->seg[i]), "%u", ids[i]);
		msg->path[i].data = (const uint8_t *)text->seg[i];
		msg->path[i].len = strlen(text->seg[i]);
	}
}

static enum bs_run_event
send_delete(struct bs_session *s, const struct bs_op *op)
{
	struct bs_path_text text;
	struct bs_msg msg;

	bs_run_set_step(s->run, "delete", &op->target);
	bs_msg_init(&msg, BS_CON, BS_DELETE, 0);
	bs_run_set_path(&msg, &op->target, &text);
	return bs_run_send(s, &msg);
}

static enum bs_run_event
send_write(struct bs_session *s, const struct bs_op *op)
{
	/* May hold keys: wiped below. To clear it first would cost 0.5 us a Write. */
	BS_UNINITIALIZED uint8_t payload[BS_REQUEST_PAYLOAD_MAX];
	struct bs_path_text text;
	struct bs_msg msg;
	enum bs_run_event ev;
	enum bs_err err;

	bs_run_set_step(s->run, "write", &op->target);
	bs_msg_init(&msg, BS_CON, BS_PUT, 0);
	bs_run_set_path(&msg, &op->target, &text);
	msg.content_format = bs_plan_op_format(s->run->plan, op)->number;
	err = bs_plan_encode(s->run->plan, op, payload, sizeof(payload), &msg.payload_len);
	msg.payload = payload;
	ev = err == BS_OK ? bs_run_send(s, &msg) : bs_run_broken(s, s->run->step, err);
	bs_wipe(payload, err == BS_OK ? msg.payload_len : sizeof(payload));
	return ev;
}

static enum bs_run_event
send_op(struct bs_session *s)
{
	const struct bs_op *op = current_op(s->run);

	return op->kind == BS_OP_DELETE ? send_delete(s, op) : send_write(s, op);
}

enum bs_run_event
bs_run_send_next(struct bs_session *s)
{
	struct bs_run *r = s->run;

	if (r->part > 0 && bs_plan_part(r->plan, &r->plan->ops[r->op - 1], r->part, &r->part_op)) {
		r->part++;
		return send_op(s);
	}
	r->part = 0;
	if (r->op == r->plan->op_count || r->plan->ops[r->op].kind == BS_OP_FINISH)
		return EV_PLAN_END;
	r->op++;
	return send_op(s);
}

enum bs_run_event
bs_run_count_write(struct bs_session *s)
{
	const struct bs_op *op = current_op(s->run);

	if (op->kind == BS_OP_WRITE)
		s->run->writes++;
	if (op->renewal)
		bs_tell(s->run->notes, sizeof(s->run->notes), "bootstrap account renewed at /0/%u", op->target.iid);
	return EV_NEXT;
}

enum bs_run_event
bs_run_note_refusal(struct bs_session *s)
{
	bs_run_tell_answer(s, s->run->notes, sizeof(s->run->notes));
	return EV_NEXT;
}

enum bs_run_event
bs_run_use_other_format(struct bs_session *s)
{
	struct bs_plan *plan = s->run->plan;

	bs_run_note_refusal(s);
	if (bs_plan_op_format(plan, current_op(s->run)) != plan->format)
		plan->no_single = true;
	else
		plan->format = bs_format_find(BS_CF_TLV);
	return send_op(s);
}

/*
 * A client without Block1 (it need not have it) still takes a certificate that fits one datagram: each resource by itself,
 * in as few blocks as the datagram allows.
 */
enum bs_run_event
bs_run_write_parts(struct bs_session *s)
{
	struct bs_run *r = s->run;

	bs_run_note_refusal(s);
	r->no_blocks = true;
	bs_run_apply_profile(s);
	r->part = 1;
	if (!bs_plan_part(r->plan, &r->plan->ops[r->op - 1], 0, &r->part_op))
		return bs_run_broken(s, r->step, BS_EINTERNAL);
	return send_op(s);
}

enum bs_run_event
bs_run_send_finish(struct bs_session *s)
{
	struct bs_msg msg;

	bs_run_set_step(s->run, "finish", NULL);
	bs_msg_init(&msg, BS_CON, BS_POST, 0);
	msg.path[0].data = (const uint8_t *)"bs";
	msg.path[0].len = 2;
	msg.path_count = 1;
	return bs_run_send(s, &msg);
}

/* From the beginning, with Discover and Deletes: of what the first plan wrote nothing is relied on, and little left. */
enum bs_run_event
bs_run_retry(struct bs_session *s)
{
	struct bs_run *r = s->run;
	struct bs_account *retry = r->account->retry;
	char answer[120] = "";

	r->notes[0] = '\0'; /* what the first plan met is told no more: the reason of the second shall have room */
	bs_run_tell_answer(s, answer, sizeof(answer));
	bs_tell(r->notes, sizeof(r->notes), "repeated as profile %s: %s", retry->profile.name, answer);
	r->wrote_access_control = bs_plan_writes_object(r->plan, BS_OBJ_ACCESS_CONTROL);
	r->wrote_oscore = bs_plan_writes_object(r->plan, BS_OBJ_OSCORE);
	bs_plan_free(r->plan); /* borrows from the account */
	r->plan = NULL;
	bs_run_drop_held(r);
	r->account->retry = NULL;
	bs_account_free(r->account);
	r->account = retry;
	r->op = 0;
	r->no_blocks = false;
	r->writes = 0;
	bs_run_apply_profile(s);
	return EV_PAUSE_OVER; /* the device is listening */
}

/* Codes that say that the payload is too much, or that its blocks are not understood. */
static bool
wants_parts(uint8_t code)
{
	static const uint8_t codes[] = { BS_BAD_OPTION, BS_INCOMPLETE, BS_TOO_LARGE, BS_NOT_IMPLEMENTED };

	return memchr(codes, code, sizeof(codes)) != NULL;
}

/* The request at work, as a profile names it; false: it has no name for it. */
static bool
current_step(const struct bs_session *s, enum bs_step *step, struct bs_path *target)
{
	*target = (struct bs_path){ .level = BS_LEVEL_ROOT };
	*step = s->state == ST_FINISHING ? BS_STEP_FINISH : BS_STEP_DISCOVER;
	if (s->state != ST_RUNNING)
		return s->state == ST_FINISHING || s->state == ST_DISCOVERING;
	*target = current_op(s->run)->target;
	*step = current_op(s->run)->kind == BS_OP_DELETE ? BS_STEP_DELETE : BS_STEP_WRITE;
	return true;
}

/* Does the profile take that code as success? */
static bool
is_let_pass(const struct bs_session *s, uint8_t code)
{
	struct bs_path target;
	enum bs_step step;

	return code != BS_ANY_REFUSAL && current_step(s, &step, &target) &&
	       bs_tolerances_have(&s->run->account->profile.tolerances, step, &target, code);
}

/* Success, but told otherwise than the specification has it: worth a word, unless the operator knows. */
static bool
is_odd(const struct bs_session *s, uint8_t code)
{
	struct bs_path target;
	enum bs_step step;

	return s->state != ST_DISCOVERING && current_step(s, &step, &target) && code != bs_step_success(step) &&
	       !is_let_pass(s, code);
}

/* What an error code means for the request that it answers. */
static enum bs_run_event
judge_refusal(const struct bs_session *s, uint8_t code)
{
	const struct bs_op *op = s->state == ST_RUNNING ? current_op(s->run) : NULL;

	if (s->state == ST_FINISHING && code == BS_NOT_ACCEPTABLE && s->run->account->retry != NULL)
		return EV_RETRY_AS;
	if (s->state == ST_READING && s->run->read_format != BS_CF_TLV &&
		(code == BS_NOT_ACCEPTABLE || code == BS_UNSUPPORTED_FORMAT))
		return EV_OTHER_FORMAT;
	if (s->state == ST_FINISHING && is_let_pass(s, code))
		return EV_TOLERATED;
	if (op == NULL)
		return EV_REFUSED;
	if (op->kind == BS_OP_WRITE && code == BS_UNSUPPORTED_FORMAT &&
		bs_plan_op_format(s->run->plan, op)->number != BS_CF_TLV)
		return EV_OTHER_FORMAT;
	if (op->kind == BS_OP_WRITE && op->target.level != BS_LEVEL_RESOURCE && !op->renewal && wants_parts(code))
		return EV_IN_PARTS;
	if (op->unknown_ok && code == BS_NOT_FOUND)
		return EV_TOLERATED;
	if (is_let_pass(s, code))
		return op->kind == BS_OP_DELETE ? EV_SUCCESS : EV_TOLERATED;
	return op->kind == BS_OP_DELETE || !op->mandatory ? EV_TOLERATED : EV_REFUSED;
}

static void
on_response(void *arg, uint64_t now_ms, enum bs_err err, const struct bs_msg *response)
{
	struct bs_session *s = arg;
	enum bs_run_event ev = EV_SUCCESS;

	s->now_ms = now_ms;
	s->reply = err == BS_OK ? response : NULL;
	s->reply_err = err;
	if (err == BS_ETIMEOUT)
		ev = EV_SILENT;
	else if (err == BS_ERESET)
		ev = EV_RESET;
	else if (err != BS_OK || BS_CODE_CLASS(response->code) != 2)
		ev = judge_refusal(s, err == BS_OK ? response->code : 0);
	else if (is_odd(s, response->code))
		bs_run_note_refusal(s);
	if ((s->state == ST_DISCOVERING || s->state == ST_READING) && ev != EV_SUCCESS && ev != EV_SILENT &&
		(err != BS_OK || !is_let_pass(s, response->code)))
		bs_run_tell_answer(s, s->run->notes, sizeof(s->run->notes));
	bs_run_fire(s, ev);
	s->reply = NULL;
}
