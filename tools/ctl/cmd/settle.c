/* SPDX-License-Identifier: Apache-2.0 */
/*
 * settle: a next credential that the journal has seen at work becomes the current one; the current one is gone. With --drop
 * the other way round: one that was never used is taken back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/ctl/cli.h"

enum { O_DROP, O_FORCE };

static const struct bs_ctl_option options[] = {
	[O_DROP] = { "drop", NULL, "of EP: drop a next credential that was never used; the current one stays" },
	[O_FORCE] = { "force", NULL, "with --drop: even one that the device may have been sent already" },
	{ 0 },
};

/* Outcomes behind a finished handshake, when the journal says so, too: the device has proved that it holds the key. */
static const enum bs_outcome proofs[] = {
	BS_OUT_DONE,
	BS_OUT_PACK_DECLINED,
	BS_OUT_ENDPOINT_MISMATCH,
	BS_OUT_BAD_REQUEST,
	BS_OUT_FORMAT_UNSUPPORTED,
	BS_OUT_READ_REFUSED,
	BS_OUT_WRITE_REFUSED,
	BS_OUT_FINISH_REFUSED,
	BS_OUT_CLIENT_RESET,
	BS_OUT_CLIENT_SILENT,
	BS_OUT_CLIENT_CLOSED,
	BS_OUT_NO_REQUEST,
	BS_OUT_SUPERSEDED,
};

struct search {
	const struct bs_device_info *device;
	char next_identity[BS_IDENTITY_MAX + 1]; /* as the journal spells it */
	bool seen;
	bool ran; /* a bootstrap came to its end since: it may have been delivered */
};

static void
look(void *arg, const struct bs_attempt *a)
{
	struct search *s = arg;
	bool proof = false, same_identity = strcmp(s->device->identity, s->device->next_identity) == 0;

	for (size_t i = 0; i < sizeof(proofs) / sizeof(proofs[0]); i++)
		proof |= a->proven && proofs[i] == a->outcome;
	s->ran |= proof && a->device_id == s->device->device_id && a->at_ms >= s->device->next_since_ms;
	if (!proof || a->device_id != s->device->device_id || strcmp(a->identity, s->next_identity) != 0 ||
		a->at_ms < s->device->next_since_ms)
		return;
	s->seen |= !same_identity || a->psk_slot == 1;
}

/* Devices that wait; collected first, as nothing may be written while the store is read. */
struct waiting {
	struct bs_device_info *list;
	size_t count, room;
	bool out_of_memory;
};

static void
collect(void *arg, const struct bs_device_info *d)
{
	struct waiting *w = arg;

	if (!d->has_next)
		return;
	if (w->count == w->room) {
		size_t room = w->room == 0 ? 16 : 2 * w->room;
		struct bs_device_info *list = realloc(w->list, room * sizeof(*list));

		if (list == NULL) {
			w->out_of_memory = true;
			return;
		}
		w->list = list;
		w->room = room;
	}
	w->list[w->count++] = *d;
}

static enum bs_err
settle_one(struct bs_ctl *ctl, struct bs_journal *journal, const struct bs_device_info *d, size_t *settled)
{
	struct search s = { .device = d };
	size_t found;
	enum bs_err err;

	bs_ctl_journal_identity(d->next_identity, s.next_identity);
	err = bs_journal_find(journal, d->endpoint, BS_CTL_LOOK_BACK, look, &s, &found);
	if (err == BS_ENOTFOUND)
		err = BS_OK;
	if (err != BS_OK || !s.seen)
		return err;
	err = bs_store_settle(ctl->store, d->endpoint);
	if (err == BS_OK) {
		bs_ctl_say("%s: the next credential was used and is now the current one", d->endpoint);
		(*settled)++;
	}
	return err;
}

static int
settle_all(struct bs_ctl *ctl, struct bs_journal *journal, const struct waiting *w)
{
	struct bs_diag diag = { 0 };
	size_t settled = 0;
	enum bs_err err = bs_store_begin(ctl->store, &diag);
	int status;

	for (size_t i = 0; i < w->count && err == BS_OK; i++)
		err = settle_one(ctl, journal, &w->list[i], &settled);
	if (err != BS_OK) {
		bs_store_rollback(ctl->store);
		return bs_ctl_fail(err, &diag);
	}
	status = bs_ctl_commit(ctl);
	if (status == BS_EXIT_DONE)
		bs_ctl_say("settled %zu, %zu still waiting for their device", settled, w->count - settled);
	return status;
}

/* Dropping what the device has would lose it: its current credential may be overwritten there. */
static int
drop(struct bs_ctl *ctl, struct bs_journal *journal, const struct bs_device_info *d, bool force)
{
	struct search s = { .device = d };
	char account[BS_NAME_MAX + 1];
	size_t found;
	enum bs_err err = bs_store_renewal_account(ctl->store, d->profile, d->mode, account);

	bs_ctl_journal_identity(d->next_identity, s.next_identity);
	if (err == BS_OK && journal != NULL)
		err = bs_journal_find(journal, d->endpoint, BS_CTL_LOOK_BACK, look, &s, &found);
	if (err != BS_OK && err != BS_ENOTFOUND)
		return bs_ctl_fail_at(d->endpoint, err);
	if (s.seen) {
		bs_ctl_say("%s has used its next credential: settle it without --drop", d->endpoint);
		return BS_EXIT_FAILED;
	}
	if (s.ran && account[0] != '\0' && !force) {
		bs_ctl_say(
			"%s has come since then and may hold the next credential, sent as account %s; look at explain, "
			"and say --force to drop it all the same",
			d->endpoint, account);
		return BS_EXIT_FAILED;
	}
	err = bs_store_drop_next(ctl->store, d->endpoint);
	if (err != BS_OK)
		return bs_ctl_fail_at(d->endpoint, err);
	bs_ctl_say("%s: the next credential is dropped, the current one stays", d->endpoint);
	bs_ctl_say_kept(ctl);
	return BS_EXIT_DONE;
}

static int
settle_opened(struct bs_ctl *ctl, const char *endpoint, bool to_drop, bool force)
{
	struct waiting w = { 0 };
	struct bs_journal *journal = NULL;
	enum bs_err err = bs_store_each_device(ctl->store, endpoint, collect, &w);
	int status = BS_EXIT_DONE;

	if (err == BS_OK && w.out_of_memory)
		err = BS_ENOMEM;
	if (err == BS_ENOTFOUND && endpoint != NULL)
		status = bs_ctl_no_device(ctl, endpoint);
	else if (err != BS_OK)
		status = bs_ctl_fail(err, NULL);
	else if (w.count == 0)
		bs_ctl_say("no next credential is waiting%s%s", endpoint != NULL ? " for " : "",
			endpoint != NULL ? endpoint : "");
	else
		status = (int)bs_ctl_open_journal(ctl, &journal);
	if (status == BS_EXIT_DONE && w.count > 0 && to_drop) {
		status = drop(ctl, journal, &w.list[0], force);
	} else if (status == BS_EXIT_DONE && w.count > 0) {
		if (journal == NULL)
			bs_ctl_say("there is no journal yet, so no next credential was seen in use");
		else
			status = settle_all(ctl, journal, &w);
	}
	bs_journal_close(journal);
	free(w.list);
	return status;
}

static int
settle(struct bs_ctl *ctl, const struct bs_ctl_args *args)
{
	const char *endpoint = args->word_count > 0 ? args->words[0] : NULL;
	bool to_drop = bs_ctl_get(args, O_DROP) != NULL, force = bs_ctl_get(args, O_FORCE) != NULL;
	int status;

	if ((to_drop && endpoint == NULL) || (force && !to_drop))
		return bs_ctl_usage(to_drop ? "--drop needs the name of one device" : "--force needs --drop");
	status = (int)bs_ctl_open(ctl);
	return status == BS_EXIT_DONE ? settle_opened(ctl, endpoint, to_drop, force) : status;
}

const struct bs_ctl_command bs_cmd_settle = {
	.name = "settle",
	.synopsis = "[EP [--drop [--force]]]",
	.summary = "retire credentials whose successor the journal has seen at work",
	.max_words = 1,
	.options = options,
	.run = settle,
};
