/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions that have read a profile which was changed since. A profile may be that of a whole fleet: one walk over the links
 * finds them, and those that must go leave at the pace of close-rate, so that their devices do not all come back at once.
 * What a session read last is known by the revision of its account; the next run reads the new one in any case.
 */
#include "server/base/clock.h"
#include "server/net/worker_internal.h"

#define LOOK_BURST 16 /* links looked at in one turn */
#define RETRY_MS 1000 /* when the store could not be read */
#define SECOND 1000 /* the credit of one session at one worker: the rate is told in seconds, the clock in ms */

void
bs_stale_note(struct bs_worker *w, int64_t profile_id)
{
	struct stale_profiles *changed = &w->stale_profiles;

	for (size_t i = 0; i < changed->count; i++)
		if (changed->ids[i] == profile_id)
			return;
	if (profile_id != BS_STALE_ANY && changed->count < BS_STALE_IDS_MAX)
		changed->ids[changed->count++] = profile_id;
	else
		changed->any = true; /* the revisions tell who is concerned */
}

static bool
is_changed(const struct stale_profiles *changed, int64_t profile_id)
{
	for (size_t i = 0; i < changed->count; i++)
		if (changed->ids[i] == profile_id)
			return true;
	return changed->any;
}

void
bs_stale_find(struct bs_worker *w, uint64_t now_ms)
{
	struct stale_profiles *changed = &w->stale_profiles;
	struct link *l;

	if (changed->count == 0 && !changed->any)
		return;
	TAILQ_FOREACH (l, &w->links, link) {
		if (l->stale || l->profile_id == 0 || !is_changed(changed, l->profile_id))
			continue;
		l->stale = true;
		TAILQ_INSERT_TAIL(&w->stale, l, in_stale);
	}
	*changed = (struct stale_profiles){ .count = 0 };
	if (!TAILQ_EMPTY(&w->stale))
		bs_worker_arm(w->stale_timer, now_ms);
}

void
bs_stale_forget(struct link *l)
{
	if (l->stale)
		TAILQ_REMOVE(&l->worker->stale, l, in_stale);
	l->stale = false;
}

/* How long until one more may go; 0: now. A loop that was held up makes good for a second at most. */
static uint64_t
wait_ms(struct bs_worker *w, uint64_t now_ms)
{
	uint64_t rate = w->shared->conf->close_rate, cost = (uint64_t)SECOND * w->shared->worker_count;
	uint64_t passed_ms = now_ms - w->stale_paced_ms;

	w->stale_credit += (passed_ms < SECOND ? passed_ms : SECOND) * rate;
	if (w->stale_credit > cost && passed_ms >= SECOND)
		w->stale_credit = cost; /* it was idle: nothing is saved up */
	w->stale_paced_ms = now_ms;
	return w->stale_credit >= cost ? 0 : (cost - w->stale_credit + rate - 1) / rate;
}

/* False: the store cannot be read now. Who is not in it, or not as the server left it, is other looks' concern. */
static bool
look_at(struct link *l, uint64_t now_ms)
{
	struct bs_worker *w = l->worker;
	struct bs_found found;
	/* Who is not as good as it was goes for that; the generation has moved with the change. */
	enum bs_standing standing = bs_standing_check(l, BS_AT_MESSAGE);
	enum bs_err err = standing == BS_STANDING_GOOD ? bs_store_find_id(w->store, l->client.device_id, &found)
						       : BS_EBUSY;

	if (standing == BS_STANDING_LOST) {
		bs_link_fall(l, now_ms);
		return true;
	}
	if (err == BS_OK && found.revision > l->revision &&
		bs_standing_of_change(l, found.on_change, BS_AT_MESSAGE) == BS_STANDING_LOST) {
		bs_link_close(l, now_ms, BS_OUT_SUPERSEDED, "the profile was changed");
		w->stale_credit -= (uint64_t)SECOND * w->shared->worker_count;
	}
	return err == BS_OK || err == BS_ENOTFOUND || err == BS_ETAMPERED;
}

void
bs_stale_turn(struct bs_worker *w, uint64_t now_ms)
{
	uint64_t wait = wait_ms(w, now_ms);
	struct link *l;

	for (int left = LOOK_BURST; wait == 0 && left > 0 && (l = TAILQ_FIRST(&w->stale)) != NULL; left--) {
		bs_stale_forget(l);
		if (!look_at(l, now_ms)) {
			l->stale = true;
			TAILQ_INSERT_TAIL(&w->stale, l, in_stale);
			wait = RETRY_MS;
		} else {
			wait = wait_ms(w, now_ms);
		}
	}
	if (!TAILQ_EMPTY(&w->stale))
		bs_worker_arm(w->stale_timer, now_ms + wait);
}
