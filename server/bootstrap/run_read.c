/* SPDX-License-Identifier: Apache-2.0 */
/* What the client shows of itself before there is a plan: Bootstrap-Discover, and Bootstrap-Read for profiles that merge. */
#include "server/bootstrap/run.h"

#include <stdlib.h>

#include "server/bootstrap/tell.h"

enum bs_run_event
bs_run_send_discover(struct bs_session *s)
{
	struct bs_msg msg;

	bs_run_set_step(s->run, "discover", NULL);
	bs_msg_init(&msg, BS_CON, BS_GET, 0);
	msg.accept = BS_CF_LINK; /* a GET without it is a Read */
	return bs_run_send(s, &msg);
}

/* ---- what to read --------------------------------------------------------------------------------------------- */

static bool
shows_instance(const struct bs_discovered *d, uint16_t oid)
{
	for (size_t i = 0; i < d->count; i++) {
		if (d->links[i].oid == oid && d->links[i].iid != UINT16_MAX)
			return true;
	}
	return false;
}

static const struct {
	uint16_t oid;
	bool for_access_control;
} reads[BS_RUN_READS] = {
	{ BS_OBJ_SERVER, false },
	{ BS_OBJ_ACCESS_CONTROL, true },
};

/* Of r->reading and those behind it the first to be read: of what Discover does not show there is nothing to keep. */
static enum bs_run_event
next_read(struct bs_run *r)
{
	for (; r->reading < BS_RUN_READS; r->reading++) {
		bool wanted = !reads[r->reading].for_access_control || r->account->profile.access_control != BS_AC_NONE;

		if (wanted && shows_instance(r->found, reads[r->reading].oid))
			return EV_READ;
	}
	return EV_MAKE_PLAN;
}

static enum bs_run_event
begin_reading(struct bs_run *r)
{
	const struct bs_profile *p = &r->account->profile;
	struct bs_client_view view = { .version = r->found->version, .pct = r->pct };
	const struct bs_format *format;

	if (p->on_existing != BS_EXISTING_MERGE)
		return EV_MAKE_PLAN;
	if (bs_plan_client_version(&view, p) < BS_LWM2M_1_1) {
		bs_tell(r->notes, sizeof(r->notes), "LwM2M 1.0 has no read");
		return EV_MAKE_PLAN;
	}
	format = bs_plan_choose_format(&view, p);
	r->read_format = format != NULL ? format->number : BS_CF_TLV;
	r->merging = true;
	r->reading = 0;
	return next_read(r);
}

enum bs_run_event
bs_run_take_discovered(struct bs_session *s)
{
	struct bs_run *r = s->run;
	const struct bs_msg *m = s->reply;

	r->found = calloc(1, sizeof(*r->found));
	if (r->found == NULL)
		return bs_run_broken(s, r->step, BS_ENOMEM);
	if (m->code == BS_CONTENT && bs_link_parse(m->payload, m->payload_len, r->found) == BS_OK &&
		r->found->count > 0)
		return begin_reading(r);
	bs_tell(r->notes, sizeof(r->notes), "discover answered with an unreadable result");
	free(r->found);
	r->found = NULL;
	return EV_MAKE_PLAN;
}

/* ---- reading -------------------------------------------------------------------------------------------------- */

enum bs_run_event
bs_run_send_read(struct bs_session *s)
{
	struct bs_run *r = s->run;
	struct bs_path target = { .level = BS_LEVEL_OBJECT, .oid = reads[r->reading].oid };
	struct bs_path_text text;
	struct bs_msg msg;

	bs_run_set_step(r, "read", &target);
	bs_msg_init(&msg, BS_CON, BS_GET, 0);
	bs_run_set_path(&msg, &target, &text);
	msg.accept = r->read_format;
	return bs_run_send(s, &msg);
}

/* 4.06 or 4.15: TLV is what every client knows. */
enum bs_run_event
bs_run_read_in_tlv(struct bs_session *s)
{
	s->run->read_format = BS_CF_TLV;
	return bs_run_send_read(s);
}

enum bs_run_event
bs_run_take_read(struct bs_session *s)
{
	struct bs_run *r = s->run;
	struct bs_path target = { .level = BS_LEVEL_OBJECT, .oid = reads[r->reading].oid };
	const struct bs_msg *m = s->reply;
	uint16_t format = m->content_format != BS_NO_FORMAT ? m->content_format : r->read_format;
	enum bs_err err = BS_EFORMAT;

	if (m->code == BS_CONTENT)
		err = bs_decode(format, &target, m->payload, m->payload_len, NULL, &r->held[r->reading]);
	if (err == BS_OK && !bs_plan_may_keep(r->held[r->reading]))
		err = BS_ELIMIT;
	if (err == BS_ENOMEM)
		return bs_run_broken(s, r->step, err);
	if (err != BS_OK) {
		bs_tell(r->notes, sizeof(r->notes), "%s answered with an unreadable result (%s)", r->step,
			bs_strerror(err));
		return EV_REFUSED;
	}
	r->reading++;
	return next_read(r);
}

void
bs_run_drop_held(struct bs_run *r)
{
	for (size_t i = 0; i < BS_RUN_READS; i++) {
		bs_tree_free(r->held[i]);
		r->held[i] = NULL;
	}
	r->merging = false;
}

/* The notes have why. */
enum bs_run_event
bs_run_judge_unreadable(struct bs_session *s)
{
	return s->run->account->profile.on_unreadable == BS_UNREADABLE_OVERWRITE ? EV_OVERWRITE : EV_STOP;
}

enum bs_run_event
bs_run_end_unreadable(struct bs_session *s)
{
	struct bs_run *r = s->run;

	r->code = s->reply != NULL ? s->reply->code : 0;
	bs_tell(r->why, sizeof(r->why), "what the device holds cannot be read, and is kept (--on-unreadable)");
	return bs_run_end(s, BS_OUT_READ_REFUSED);
}

enum bs_run_event
bs_run_overwrite(struct bs_session *s)
{
	bs_run_drop_held(s->run);
	return bs_run_make_plan(s);
}
