/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes of the store that concern live sessions: a device that was disabled or deleted is cut off at once; a changed
 * credential or profile is treated as the profile's policy says, the latter at a measured pace (stale.c). Cost: the changes,
 * and one walk over the links when a profile is among them.
 */
#include <string.h>

#include "server/base/log.h"
#include "server/net/worker_internal.h"

#define FAILED_MS 60000 /* for so long a failed look-up is told, when it was the file and no later one came */
#define EVERYTHING INT64_MAX /* later than any change: the store then says that anything may have changed */

struct changed {
	struct bs_worker *worker;
	uint64_t now_ms;
	bool failed; /* a device could not be read: the same changes must be told again */
};

static void
apply(struct link *l, uint64_t now_ms, enum bs_err err, const struct bs_found *found, enum bs_change_kind kind)
{
	const char *detail = "";

	if (bs_standing_of_device(l, err, found, &detail) == BS_STANDING_LOST) {
		bs_link_close(l, now_ms, BS_OUT_DEVICE_DISABLED, detail);
	} else if (kind == BS_CHANGED_CREDENTIAL &&
		   bs_standing_of_change(l, found->on_change, BS_AT_MESSAGE) == BS_STANDING_LOST) {
		bs_link_close(l, now_ms, BS_OUT_SUPERSEDED, "the credential was changed");
	}
}

static void
check_links(struct changed *c, struct device_links *d, enum bs_change_kind kind)
{
	struct bs_found found;
	enum bs_err err = bs_store_find_id(c->worker->store, d->device_id, &found);
	struct link *l, *next;

	if (err == BS_ETAMPERED) { /* it gets nothing more; that it is so will not pass by itself */
		bs_worker_store_refused(c->worker, "session", err, d->device_id, found.endpoint);
		return;
	}
	if (err != BS_OK && err != BS_ENOTFOUND) {
		c->failed = true;
		return;
	}
	for (l = LIST_FIRST(&d->links); l != NULL; l = next) {
		next = LIST_NEXT(l, same_device); /* the last one takes d with it */
		apply(l, c->now_ms, err, &found, kind);
	}
}

/* Nothing is known of what changed: look at every device that has a session. */
static void
check_all(struct changed *c)
{
	struct device_links *d, *next;

	HASH_ITER (hh, c->worker->by_device, d, next)
		check_links(c, d, BS_CHANGED_DEVICE);
}

static void
on_change(void *arg, const struct bs_change *change)
{
	struct changed *c = arg;
	struct device_links *d;

	if (change->kind == BS_CHANGED_ANYTHING) {
		check_all(c);
		bs_stale_note(c->worker, BS_STALE_ANY);
		return;
	}
	if (change->kind == BS_CHANGED_PROFILE) {
		bs_stale_note(c->worker, change->id);
		return;
	}
	HASH_FIND(hh, c->worker->by_device, &change->id, sizeof(change->id), d);
	if (d != NULL)
		check_links(c, d, change->kind);
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

/*
 * The file was replaced or deleted: open what lies there now; until that works devices get no answer, and come again.
 * Sessions stay only where the new store knows their device under the same number.
 */
static bool
reopen(struct bs_worker *w)
{
	const struct bs_conf *conf = w->shared->conf;
	struct bs_store *store = NULL;
	struct bs_diag diag;

	if (bs_store_open(conf->store_directory, conf->master_key, BS_STORE_READ, &store, &diag) != BS_OK) {
		say_store(w, true, diag.text);
		return false;
	}
	bs_worker_read_done(w);
	bs_store_close(w->store);
	w->store = store;
	w->store_failed_ms = 0;
	w->change_seq = w->seen_seq = EVERYTHING;
	bs_log(BS_WARNING, "store.reopened", "worker=%u", w->index);
	return true;
}

/* Is the device that was refused last still as somebody left it? Others show when they come. */
static void
check_tampered(struct bs_worker *w)
{
	struct bs_account *account = NULL;
	enum bs_err err = w->tampered_id != 0 ? bs_store_load_account(w->store, w->tampered_id, &account) : BS_OK;

	if (err == BS_OK || err == BS_ENOTFOUND)
		w->tampered_id = 0;
	bs_account_free(account);
}

/* One worker looks for all how old the store is. */
static void
check_age(struct bs_worker *w)
{
	struct bs_generation now;
	enum bs_err err = w->index == 0 ? bs_store_generation(w->store, &now) : BS_ENOTFOUND;
	bool tampered = err == BS_ETAMPERED;

	if (err == BS_OK && w->shared->recorder != NULL)
		bs_recorder_saw_store(w->shared->recorder, &now);
	if (tampered && !w->record_tampered)
		bs_log(BS_ERROR, "store.tampered",
			"worker=%u what=record why=\"the store's record of itself was changed without its keys\" "
			"todo=\"put a backup back\"",
			w->index);
	if (err == BS_OK || tampered)
		w->record_tampered = tampered;
}

/* Changes can be readable where the pages of devices are not. */
static bool
is_damaged(const struct bs_worker *w, uint64_t now_ms)
{
	return w->store_failed_ms != 0 && now_ms < w->store_failed_ms + FAILED_MS;
}

void
bs_watch_tick(struct bs_worker *w, uint64_t now_ms)
{
	struct changed c = { .worker = w, .now_ms = now_ms };
	enum bs_err err;
	int64_t seq;

	if (!bs_store_is_current(w->store) && !reopen(w))
		return;
	seq = w->change_seq;
	err = bs_store_changes(w->store, &seq, on_change, &c);
	if (err != BS_OK || c.failed) {
		w->stats.store_errors++; /* all of them are told again in a second, which does no harm */
		if (err == BS_EIO)
			say_store(w, true, bs_strerror(err));
		return;
	}
	w->change_seq = seq;
	if (seq != w->seen_seq) /* proofs are judged anew, by who needs them (standing.c) */
		bs_dtls_ctx_move_generation(w->dtls);
	w->seen_seq = seq;
	bs_stale_find(w, now_ms);
	check_tampered(w);
	check_age(w);
	if (is_damaged(w, now_ms))
		say_store(w, true, "a look-up failed, see event=store.failed");
	else
		say_store(w, false, "answers again");
}
