/* SPDX-License-Identifier: Apache-2.0 */
#include "server/admin/admin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/net/ask.h"

#define RELOAD_WAIT_MS 5000

static void
note_change(struct bs_reload_changes *c, const char *option, const char *remark)
{
	if (c->count < BS_RELOAD_CHANGES_MAX)
		snprintf(c->items[c->count++], sizeof(c->items[0]), "%s%s", option, remark);
}

static void
note_live(void *arg, const char *option, bool live)
{
	if (live)
		note_change(arg, option, "");
}

static void
note_fixed(void *arg, const char *option, bool live)
{
	if (!live)
		note_change(arg, option, " (needs a restart)");
}

/* A live option runs as it was read last; any other as it was when the daemon started, however often it was read since. */
static void
note_changes(const struct bs_admin *admin, const struct bs_conf *conf, struct bs_reload_changes *changes)
{
	bs_conf_diff(&admin->conf, conf, note_live, changes);
	bs_conf_diff(admin->shared->conf, conf, note_fixed, changes);
}

struct round {
	struct bs_ask **asks; /* one a worker; NULL: it was not asked */
	unsigned count;
};

static void
end_round(struct round *round)
{
	for (unsigned i = 0; i < round->count; i++)
		bs_ask_release(round->asks[i]);
	free(round->asks);
	*round = (struct round){ 0 };
}

/* Ask all workers the same at once. */
static enum bs_err
begin_round(const struct bs_shared *shared, enum bs_ask_kind kind, struct bs_reload *reload, struct round *round)
{
	round->asks = calloc(shared->worker_count, sizeof(struct bs_ask *));
	if (round->asks == NULL)
		return BS_ENOMEM;
	round->count = shared->worker_count;
	for (unsigned i = 0; i < round->count; i++) {
		struct bs_ask *ask = round->asks[i] = bs_ask_new(kind, NULL);

		if (ask == NULL)
			return BS_ENOMEM;
		ask->reload = bs_reload_hold(reload);
		if (bs_worker_put(shared->workers[i], ask) != BS_OK)
			return BS_ENOMEM;
	}
	return BS_OK;
}

/* "1, 3": those that do not answer in time. "" when all do; then the first error that one answered, if any, is in *diag. */
static const char *
wait_round(const struct round *round, uint64_t until_ms, char *out, size_t max, struct bs_diag *diag)
{
	FILE *text = fmemopen(out, max, "w");
	const char *comma = "";

	diag->err = BS_OK;
	*out = '\0';
	for (unsigned i = 0; i < round->count; i++) {
		if (bs_ask_wait(round->asks[i], until_ms) != BS_OK) {
			if (text != NULL)
				fprintf(text, "%s%u", comma, i);
			comma = ", ";
		} else if (diag->err == BS_OK) {
			*diag = round->asks[i]->diag;
			diag->err = round->asks[i]->err;
		}
	}
	if (text != NULL)
		fclose(text);
	return out;
}

/* All workers are ready for it, or none takes it up. */
static enum bs_err
prepare_all(const struct bs_shared *shared, struct bs_reload *reload, unsigned wait_ms, struct bs_diag *diag)
{
	struct round round = { 0 };
	struct bs_diag answer = { 0 };
	char missing[80];
	enum bs_err err = begin_round(shared, BS_ASK_PREPARE, reload, &round);

	if (err != BS_OK)
		bs_diag_set(diag, err, 0, "out of memory");
	else if (*wait_round(&round, bs_clock_ms() + wait_ms, missing, sizeof(missing), &answer) != '\0')
		err = bs_diag_set(diag, BS_ETIMEOUT, 0,
			"no answer from worker %s (counted from 0) within %u ms; all workers keep what they had. Try again",
			missing, wait_ms);
	else if ((err = answer.err) != BS_OK)
		*diag = answer;
	end_round(&round);
	return err;
}

/*
 * The decision is made; whoever is late acts on it before anything else. Waited for, so that after the reload no worker is
 * still sending what it has begun before.
 */
static void
commit_all(const struct bs_shared *shared, struct bs_reload *reload, unsigned wait_ms)
{
	struct round round = { 0 };
	struct bs_diag answer;
	char missing[80];

	if (begin_round(shared, BS_ASK_COMMIT, reload, &round) != BS_OK)
		bs_log(BS_WARNING, "daemon.reload-late", "why=\"out of memory\"");
	else if (*wait_round(&round, bs_clock_ms() + wait_ms, missing, sizeof(missing), &answer) != '\0')
		bs_log(BS_WARNING, "daemon.reload-late", "workers=\"%s\"", missing);
	end_round(&round);
}

static enum bs_err
reload_all(struct bs_admin *admin, struct bs_reload *reload, struct bs_diag *diag)
{
	unsigned wait_ms = admin->reload_wait_ms > 0 ? admin->reload_wait_ms : RELOAD_WAIT_MS;
	enum bs_err err = prepare_all(admin->shared, reload, wait_ms, diag);

	bs_reload_decide(reload, err == BS_OK ? BS_RELOAD_COMMIT : BS_RELOAD_DROP);
	if (err == BS_OK)
		commit_all(admin->shared, reload, wait_ms);
	return err;
}

enum bs_err
bs_admin_load(struct bs_admin *admin, struct bs_diag *diag)
{
	enum bs_err err = bs_reload_new(admin->conf_file, &admin->loaded, diag);

	if (err == BS_OK)
		admin->conf = admin->loaded->conf;
	return err;
}

void
bs_admin_clear(struct bs_admin *admin)
{
	bs_reload_release(admin->loaded);
	admin->loaded = NULL;
	admin->conf = (struct bs_conf){ 0 };
}

/* It runs: what main itself takes of it. */
static void
note_reload(struct bs_admin *admin, struct bs_reload *reload, struct bs_reload_changes *changes)
{
	note_changes(admin, &reload->conf, changes);
	bs_log_init((enum bs_log_level)reload->conf.log_level, reload->conf.log_json);
	bs_reload_release(admin->loaded);
	admin->loaded = bs_reload_hold(reload);
	admin->conf = reload->conf;
	admin->reload_failure.err = BS_OK;
	admin->reloaded_s = bs_clock_wall_ms() / 1000;
	bs_log(BS_INFO, "daemon.reloaded", "changes=%zu", changes->count);
}

enum bs_err
bs_admin_reload(struct bs_admin *admin, struct bs_reload_changes *changes, struct bs_diag *diag)
{
	struct bs_reload *reload = NULL;
	enum bs_err err = bs_reload_new(admin->conf_file, &reload, diag);
	struct bs_quote q;

	memset(changes, 0, sizeof(*changes));
	if (err == BS_OK)
		err = reload_all(admin, reload, diag);
	if (err == BS_OK) {
		note_reload(admin, reload, changes);
	} else {
		bs_log(BS_ERROR, "daemon.reload-refused", "why=%s", bs_log_quote(&q, diag->text));
		admin->reload_failure = *diag;
		admin->reload_failure.err = err;
	}
	bs_reload_release(reload);
	return err;
}
