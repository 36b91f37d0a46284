/* SPDX-License-Identifier: Apache-2.0 */
/* What the store proves about itself: verify looks, and both say what a person has decided. */
#include <stdio.h>

#include "server/base/log.h"
#include "tools/ctl/cli.h"

/* ---- verify ------------------------------------------------------------------------------------------------------ */

enum { O_VERIFY_ACCEPT };
static const struct bs_ctl_option verify_options[] = {
	{ "accept", NULL, "accept what is stored under that name, whoever wrote it" },
	{ NULL, NULL, NULL },
};

struct verdict {
	struct bs_ctl *ctl;
	uint64_t bad;
};

static void
print_bad(void *arg, const char *kind, const char *name)
{
	struct verdict *v = arg;
	struct bs_quote q;

	v->bad++;
	if (v->ctl->json)
		bs_ctl_list_item(v->ctl, json_pack("{s:s, s:s}", "kind", kind, "name", name));
	else
		printf("%s\t%s\t" BS_CTL_TAMPERED "\n", kind, bs_log_quote(&q, name));
}

static int
verify_all(struct bs_ctl *ctl)
{
	struct verdict v = { .ctl = ctl };
	uint64_t count = 0;
	enum bs_err err;

	bs_ctl_list_begin(ctl);
	err = bs_store_verify(ctl->store, print_bad, &v, &count);
	bs_ctl_list_end(ctl);
	if (err != BS_OK)
		return bs_ctl_fail(err, NULL);
	if (v.bad == 0)
		bs_ctl_say("%llu devices, profiles and servers are as lwm2m-bootstrapctl left them",
			(unsigned long long)count);
	else
		bs_ctl_say(
			"%llu of %llu were changed by somebody who does not have the keys of the store; nothing is given out for them. "
			"Put a backup back, delete and import devices anew, or look at each (show) and say verify --accept KIND NAME",
			(unsigned long long)v.bad, (unsigned long long)count);
	return v.bad == 0 ? BS_EXIT_DONE : BS_EXIT_FAILED;
}

static int
accept_one(struct bs_ctl *ctl, const char *kind, const char *name)
{
	struct bs_diag diag = { 0 };
	enum bs_err err = bs_store_begin(ctl->store, &diag);

	if (err == BS_OK)
		err = bs_store_accept(ctl->store, kind, name, &diag);
	if (err != BS_OK) {
		bs_store_rollback(ctl->store);
		return bs_ctl_fail(err, &diag);
	}
	return bs_ctl_commit(ctl);
}

static int
verify(struct bs_ctl *ctl, const struct bs_ctl_args *args)
{
	bool accept = bs_ctl_get(args, O_VERIFY_ACCEPT) != NULL;
	int status;

	if (accept != (args->word_count == 2))
		return bs_ctl_usage(
			"verify checks everything; verify --accept KIND NAME, with KIND device, profile or server, accepts one");
	status = (int)bs_ctl_open(ctl);
	if (status != BS_EXIT_DONE)
		return status;
	return accept ? accept_one(ctl, args->words[0], args->words[1]) : verify_all(ctl);
}

const struct bs_ctl_command bs_cmd_verify = {
	.name = "verify",
	.synopsis = "[--accept KIND NAME]",
	.summary = "find what was changed by somebody without the keys",
	.max_words = 2,
	.options = verify_options,
	.run = verify,
};

/* ---- restore ----------------------------------------------------------------------------------------------------- */

enum { O_RESTORE_ACCEPT };
static const struct bs_ctl_option restore_options[] = {
	{ "accept", NULL, "accept the present store, although the daemon has seen a later one" },
	{ NULL, NULL, NULL },
};

static int
accept_older(struct bs_ctl *ctl, const struct bs_seen *seen)
{
	struct bs_generation now;
	struct bs_diag diag = { 0 };
	enum bs_err err = bs_store_generation(ctl->store, &now);

	if (err != BS_OK)
		return bs_ctl_fail(err, NULL);
	if (bs_age_judge(seen, &now) == BS_AGE_CURRENT) {
		bs_ctl_say("the store is what the daemon expects: generation %llu; the daemon has seen %llu",
			(unsigned long long)now.number, (unsigned long long)seen->number);
		return BS_EXIT_DONE;
	}
	err = bs_store_begin(ctl->store, &diag);
	if (err == BS_OK)
		err = bs_store_accept_older(ctl->store, seen->number, &diag);
	if (err != BS_OK) {
		bs_store_rollback(ctl->store);
		return bs_ctl_fail(err, &diag);
	}
	bs_ctl_say("generation %llu replaces generation %llu, which the daemon has seen",
		(unsigned long long)now.number, (unsigned long long)seen->number);
	return bs_ctl_commit(ctl);
}

/* The journal is the daemon's: the store, which is the tool's, carries the word to it, under its keys. */
static int
restore(struct bs_ctl *ctl, const struct bs_ctl_args *args)
{
	struct bs_journal *journal = NULL;
	struct bs_seen seen = { 0 };
	enum bs_err err = BS_OK;
	int status;

	if (bs_ctl_get(args, O_RESTORE_ACCEPT) == NULL)
		return bs_ctl_usage("use restore --accept if an older store was put back on purpose");
	status = (int)bs_ctl_open(ctl);
	if (status == BS_EXIT_DONE)
		status = (int)bs_ctl_open_journal(ctl, &journal);
	if (status != BS_EXIT_DONE)
		return status;
	if (journal != NULL)
		err = bs_journal_get_seen(journal, &seen);
	bs_journal_close(journal);
	return err == BS_OK ? accept_older(ctl, &seen) : bs_ctl_fail(err, NULL);
}

const struct bs_ctl_command bs_cmd_restore = {
	.name = "restore",
	.synopsis = "--accept",
	.summary = "confirm that an older store was put back on purpose",
	.options = restore_options,
	.run = restore,
};
