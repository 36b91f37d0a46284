/* SPDX-License-Identifier: Apache-2.0 */
/* Answering a Bootstrap-Pack-Request, block by block. */
#include "server/bootstrap/run.h"

#include <stdlib.h>
#include <string.h>

#include "server/base/clock.h"
#include "server/bootstrap/tell.h"

/* A client repeats its request for so long (MAX_TRANSMIT_WAIT): in RFC 7252's default times, or its own slower ones. */
static uint64_t
wait_ms(const struct bs_profile *p)
{
	uint64_t step_ms = bs_profile_step_ms(p);

	return step_ms > BS_SEPARATE_WAIT_MS ? step_ms : BS_SEPARATE_WAIT_MS;
}

uint8_t
bs_run_take_own_account(struct bs_run *r, const struct bs_segment *acc)
{
	if (acc->len == 0)
		return BS_EMPTY;
	r->own = calloc(1, sizeof(*r->own));
	if (r->own == NULL)
		return BS_EMPTY; /* then as if it had not been said */
	if (bs_link_parse(acc->data, acc->len, r->own) != BS_OK || r->own->count == 0)
		return BS_BAD_REQUEST;
	for (size_t i = 0; i < r->own->count; i++)
		r->own->links[i].has_ssid = false; /* whatever it says besides, that is the device's way back */
	return BS_EMPTY;
}

/* A reason for a person; code: what the client is told. */
static enum bs_run_event
decline(struct bs_run *r, uint8_t code)
{
	r->outcome = BS_OUT_PACK_DECLINED;
	r->code = code;
	return EV_DECLINED;
}

static enum bs_run_event
decline_for(struct bs_run *r, const char *what, enum bs_err err)
{
	bs_tell(r->why, sizeof(r->why), "%s: %s", what, err == BS_ESPACE ? "longer than 64 KiB" : bs_strerror(err));
	return decline(r, BS_METHOD_NOT_ALLOWED);
}

/* Without memory the request is left alone, like in every other passing trouble. */
enum bs_run_event
bs_run_make_pack(struct bs_session *s)
{
	struct bs_run *r = s->run;
	struct bs_client_view view = { .pct = r->pct, .pack = true, .own = r->own };
	struct bs_diag diag = { 0 };
	uint8_t code = bs_pack_judge(r->account, &view, r->why, sizeof(r->why));
	enum bs_err err;

	bs_run_set_step(r, "pack", NULL);
	bs_run_apply_profile(s);
	if (code != BS_EMPTY)
		return decline(r, code);
	err = bs_plan_build(r->account, &view, s->ops->wall_s(s->arg), &r->plan, &diag);
	if (err == BS_OK)
		err = bs_pack_new(r->plan, s->ops->random, s->arg, &s->pack);
	if (err == BS_ENOMEM)
		return bs_run_broken(s, r->step, err);
	if (err != BS_OK)
		return decline_for(r, diag.text[0] != '\0' ? diag.text : r->step, err);
	return EV_BLOCK;
}

static enum bs_err
respond(struct bs_session *s, const struct bs_request_ref *ref, const struct bs_block *asked)
{
	struct bs_msg answer;

	bs_pack_answer(s->pack, asked, bs_exchange_get_block_max(s->ex), &answer);
	return bs_exchange_respond_with(s->ex, s->now_ms, ref, &answer);
}

enum bs_run_event
bs_run_send_block(struct bs_session *s)
{
	struct bs_run *r = s->run;
	uint64_t last_ms = r->started_ms + BS_TRANSFER_MAX_MS;
	enum bs_err err = respond(s, &r->ref, &r->asked);

	if (err != BS_OK)
		return bs_run_broken(s, r->step, err);
	if (bs_pack_is_fetched(s->pack))
		return EV_SUCCESS;
	r->due_ms[TIMER_GIVE_UP] = s->now_ms + wait_ms(&r->account->profile);
	if (r->due_ms[TIMER_GIVE_UP] > last_ms)
		r->due_ms[TIMER_GIVE_UP] = last_ms;
	return EV_NONE;
}

/* The pack stays a while, for a client that asks for its last block by a message of its own. */
enum bs_run_event
bs_run_end_fetched(struct bs_session *s)
{
	struct bs_run *r = s->run;
	struct bs_pack_progress p = bs_pack_get_progress(s->pack);

	bs_tell(r->notes, sizeof(r->notes),
		"a pack of %zu octets in %u block%s; a device does not confirm what it takes", p.len, p.blocks,
		p.blocks == 1 ? "" : "s");
	s->pack_until_ms = s->now_ms + wait_ms(&r->account->profile);
	return bs_run_end(s, BS_OUT_DONE);
}

enum bs_run_event
bs_run_end_unfetched(struct bs_session *s)
{
	struct bs_run *r = s->run;
	struct bs_pack_progress p = bs_pack_get_progress(s->pack);

	bs_tell(r->why, sizeof(r->why), "the device fetched %zu of %zu octets", p.fetched, p.len);
	return bs_run_end(s, BS_OUT_CLIENT_SILENT);
}

bool
bs_run_answer_block(struct bs_session *s, const struct bs_request_ref *ref, const struct bs_block *asked)
{
	if (s->pack == NULL)
		return bs_exchange_respond(s->ex, s->now_ms, ref, BS_BAD_REQUEST) == BS_OK;
	if (s->run == NULL)
		return respond(s, ref, asked) == BS_OK;
	s->run->ref = *ref;
	s->run->asked = *asked;
	bs_run_fire(s, EV_BLOCK);
	return true;
}

void
bs_run_drop_pack(struct bs_session *s)
{
	bs_pack_free(s->pack);
	s->pack = NULL;
}
