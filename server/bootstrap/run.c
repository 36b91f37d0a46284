/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a run, and its ends. */
#include "server/bootstrap/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/base/clock.h"
#include "server/bootstrap/tell.h"

void
bs_run_set_step(struct bs_run *r, const char *verb, const struct bs_path *target)
{
	char path[BS_PATH_TEXT];

	if (target != NULL)
		snprintf(r->step, sizeof(r->step), "%s %s", verb, bs_path_format(target, path));
	else
		snprintf(r->step, sizeof(r->step), "%s", verb);
}

void
bs_run_tell_answer(struct bs_session *s, char *text, size_t max)
{
	bs_tell_answer(text, max, s->run->step, s->reply_err, s->reply);
}

void
bs_run_stop_timers(struct bs_run *r)
{
	for (size_t i = 0; i < TIMER_COUNT; i++)
		r->due_ms[i] = BS_NEVER;
}

struct bs_run *
bs_run_new(uint64_t now_ms, const struct bs_request_ref *ref)
{
	struct bs_run *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->started_ms = now_ms;
	r->ref = *ref;
	r->pct = -1;
	bs_run_stop_timers(r);
	bs_run_set_step(r, "request", NULL);
	return r;
}

void
bs_run_free(struct bs_run *r)
{
	if (r == NULL)
		return;
	bs_plan_free(r->plan); /* borrows from the account and what is held */
	bs_run_drop_held(r);
	free(r->found);
	bs_account_free(r->account);
	free(r->own);
	free(r);
}

static void
fill_report(const struct bs_session *s, enum bs_outcome outcome, struct bs_run_report *rep)
{
	const struct bs_run *r = s->run;

	memset(rep, 0, sizeof(*rep));
	rep->outcome = outcome;
	rep->code = r->code;
	rep->writes = r->writes;
	rep->took_ms = s->now_ms - r->started_ms;
	rep->format = r->plan != NULL ? r->plan->format->number : BS_NO_FORMAT;
	rep->version = r->plan != NULL ? r->plan->version : BS_LWM2M_UNKNOWN;
	memcpy(rep->step, r->step, sizeof(rep->step));
	memcpy(rep->claimed, r->claimed, sizeof(rep->claimed));
	if (r->plan != NULL && r->plan->left_out_access_control)
		bs_tell(rep->detail, sizeof(rep->detail), "the device has no Object 2: access control left out");
	if (r->why[0] != '\0')
		bs_tell(rep->detail, sizeof(rep->detail), "%s", r->why);
	if (r->plan != NULL && r->plan->is_blind && outcome != BS_OUT_PACK_DECLINED)
		bs_tell(rep->detail, sizeof(rep->detail),
			"place of the bootstrap account unknown: servers written from /0/%u on", r->plan->blind_iid);
	if (r->notes[0] != '\0')
		bs_tell(rep->detail, sizeof(rep->detail), "%s", r->notes);
}

enum bs_run_event
bs_run_end(struct bs_session *s, enum bs_outcome outcome)
{
	struct bs_run_report rep;

	fill_report(s, outcome, &rep);
	bs_exchange_cancel(s->ex);
	if (outcome != BS_OUT_DONE)
		bs_run_drop_pack(s);
	bs_run_free(s->run);
	s->run = NULL;
	s->state = ST_IDLE;
	s->ops->finished(s->arg, s->now_ms, &rep);
	return EV_NONE;
}

enum bs_run_event
bs_run_broken(struct bs_session *s, const char *what, enum bs_err err)
{
	bs_tell(s->run->why, sizeof(s->run->why), "%s: %s", what, bs_strerror(err));
	return EV_BROKEN;
}

/* The ends. */

enum bs_run_event
bs_run_end_done(struct bs_session *s)
{
	return bs_run_end(s, BS_OUT_DONE);
}

enum bs_run_event
bs_run_end_let_pass(struct bs_session *s)
{
	bs_run_tell_answer(s, s->run->notes, sizeof(s->run->notes));
	return bs_run_end(s, BS_OUT_DONE);
}

/* Keys in SenML JSON are base64url: a common client refuses one with - or _ in it, so that half of a fleet fails by chance. */
static bool
may_be_for_senml(const struct bs_run *r, enum bs_outcome outcome)
{
	uint16_t format = r->plan != NULL ? r->plan->format->number : BS_NO_FORMAT; /* there is none before a plan */

	return outcome == BS_OUT_WRITE_REFUSED && r->code == BS_BAD_REQUEST && r->writes == 0 &&
	       (format == BS_CF_SENML_JSON || format == BS_CF_SENML_CBOR);
}

static enum bs_run_event
end_with_answer(struct bs_session *s, enum bs_outcome outcome)
{
	struct bs_run *r = s->run;

	bs_run_tell_answer(s, r->why, sizeof(r->why));
	r->code = s->reply != NULL ? s->reply->code : 0;
	if (r->code == BS_UNAVAILABLE)
		bs_tell(r->why, sizeof(r->why),
			"also when sent anew: the device is busy, or keeps no answers for what is sent again");
	else if (may_be_for_senml(r, outcome))
		bs_tell(r->why, sizeof(r->why), "some devices refuse keys in SenML: try --format tlv");
	return bs_run_end(s, outcome);
}

enum bs_run_event
bs_run_end_refused(struct bs_session *s)
{
	bool format = s->reply != NULL && s->reply->code == BS_UNSUPPORTED_FORMAT;

	return end_with_answer(s, format ? BS_OUT_FORMAT_UNSUPPORTED : BS_OUT_WRITE_REFUSED);
}

enum bs_run_event
bs_run_end_finish_refused(struct bs_session *s)
{
	return end_with_answer(s, BS_OUT_FINISH_REFUSED);
}

enum bs_run_event
bs_run_end_reset(struct bs_session *s)
{
	return end_with_answer(s, BS_OUT_CLIENT_RESET);
}

enum bs_run_event
bs_run_end_silent(struct bs_session *s)
{
	return end_with_answer(s, BS_OUT_CLIENT_SILENT);
}

enum bs_run_event
bs_run_end_broken(struct bs_session *s)
{
	return bs_run_end(s, BS_OUT_INTERNAL);
}

enum bs_run_event
bs_run_end_given_up(struct bs_session *s)
{
	bs_tell(s->run->why, sizeof(s->run->why), "the store gave no answer within %u s",
		BS_SESSION_LOAD_MAX_MS / 1000);
	return bs_run_end(s, BS_OUT_INTERNAL);
}

enum bs_run_event
bs_run_end_aborted(struct bs_session *s)
{
	return bs_run_end(s, s->run->outcome);
}
