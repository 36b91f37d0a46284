/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes of the store that concern live sessions: a device that was disabled or deleted is cut off at once; a changed
 * credential is treated as the profile's policy says. Cost: the changes, not the fleet.
 */
#include "server/base/log.h"
#include "server/net/worker_internal.h"

struct changed {
	struct bs_worker *worker;
	uint64_t now_ms;
};

static void
apply(struct link *l, uint64_t now_ms, enum bs_err err, const struct bs_found *found, enum bs_change_kind kind)
{
	if (err == BS_ENOTFOUND) {
		bs_link_close(l, now_ms, BS_OUT_DEVICE_DISABLED, "the device was deleted from the store");
	} else if (err != BS_OK) {
		return; /* the next turn tries again only if it changes again; the look-ups of a new run refuse it anyway */
	} else if (!found->enabled) {
		bs_link_close(l, now_ms, BS_OUT_DEVICE_DISABLED, "the device was disabled during its session");
	} else if (kind == BS_CHANGED_CREDENTIAL && found->on_change != BS_CHANGE_KEEP) {
		if (found->on_change == BS_CHANGE_CLOSE || !bs_session_is_running(l->session))
			bs_link_close(l, now_ms, BS_OUT_SUPERSEDED, "the credential was changed");
		else
			l->close_after_run = true;
	}
}

static void
on_change(void *arg, const struct bs_change *change)
{
	struct changed *c = arg;
	struct bs_worker *w = c->worker;
	struct device_links *d;
	struct link *l, *next;
	struct bs_found found;
	enum bs_err err;

	HASH_FIND(hh, w->by_device, &change->device_id, sizeof(change->device_id), d);
	if (d == NULL)
		return;
	err = bs_store_find_id(w->store, change->device_id, &found);
	for (l = LIST_FIRST(&d->links); l != NULL; l = next) {
		next = LIST_NEXT(l, same_device); /* the last one takes d with it */
		apply(l, c->now_ms, err, &found, change->kind);
	}
}

static void
say_store(struct bs_worker *w, bool failing, const char *why)
{
	struct bs_quote q;

	if (failing != w->store_failing)
		bs_log(failing ? BS_ERROR : BS_INFO, failing ? "store.unreadable" : "store.readable",
			"worker=%u why=%s", w->index, bs_log_quote(&q, why));
	w->store_failing = failing;
}

/* The file was replaced or deleted: open what lies there now; until that works devices get no answer, and come again. */
static void
reopen(struct bs_worker *w)
{
	const struct bs_conf *conf = w->shared->conf;
	struct bs_store *store = NULL;
	struct bs_diag diag;

	if (bs_store_open(conf->store_directory, conf->master_key, BS_STORE_READ, &store, &diag) != BS_OK) {
		say_store(w, true, diag.text);
		return;
	}
	bs_worker_read_done(w);
	bs_store_close(w->store);
	w->store = store;
	if (bs_store_change_seq(w->store, &w->change_seq) != BS_OK)
		w->change_seq = 0;
	bs_log(BS_WARNING, "store.reopened", "worker=%u", w->index);
	say_store(w, false, "opened anew");
}

void
bs_watch_tick(struct bs_worker *w, uint64_t now_ms)
{
	struct changed c = { .worker = w, .now_ms = now_ms };

	if (!bs_store_is_current(w->store))
		reopen(w);
	else if (bs_store_changes(w->store, &w->change_seq, on_change, &c) == BS_OK)
		say_store(w, false, "answers again");
	else
		w->stats.store_errors++;
}
