/* SPDX-License-Identifier: Apache-2.0 */
#include "server/admin/admin.h"

#include <stdio.h>
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

/* Asks one worker. The first one decides: what it takes, the others take too. */
static enum bs_err
reload_worker(struct bs_worker *w, const struct bs_conf *conf, struct bs_diag *diag)
{
	struct bs_ask *ask = bs_ask_new(BS_ASK_RELOAD, NULL);
	enum bs_err err;

	if (ask == NULL)
		return bs_diag_set(diag, BS_ENOMEM, 0, "out of memory");
	ask->conf = conf;
	err = bs_worker_ask(w, ask, RELOAD_WAIT_MS);
	if (err != BS_OK) {
		bs_diag_set(diag, err, 0, "a worker does not answer");
	} else {
		err = ask->err;
		*diag = ask->diag;
	}
	bs_ask_release(ask);
	return err;
}

static enum bs_err
reload_all(struct bs_admin *admin, struct bs_conf *conf, struct bs_diag *diag)
{
	enum bs_err err = bs_conf_read(admin->conf_file, conf, diag);

	for (unsigned i = 0; err == BS_OK && i < admin->shared->worker_count; i++)
		err = reload_worker(admin->shared->workers[i], conf, diag);
	return err;
}

enum bs_err
bs_admin_reload(struct bs_admin *admin, struct bs_reload_changes *changes, struct bs_diag *diag)
{
	struct bs_conf conf = { 0 };
	enum bs_err err = reload_all(admin, &conf, diag);
	struct bs_quote q;

	memset(changes, 0, sizeof(*changes));
	if (err != BS_OK) {
		bs_log(BS_ERROR, "daemon.reload-refused", "why=%s", bs_log_quote(&q, diag->text));
		admin->reload_failure = *diag;
		admin->reload_failure.err = err;
		/* A worker that did not answer in time may still read conf: then it must stay. */
		if (err != BS_ETIMEOUT)
			bs_conf_clear(&conf);
		return err;
	}
	note_changes(admin, &conf, changes);
	bs_log_init((enum bs_log_level)conf.log_level, conf.log_json);
	bs_conf_clear(&admin->conf);
	admin->conf = conf;
	admin->reload_failure.err = BS_OK;
	admin->reloaded_s = bs_clock_wall_ms() / 1000;
	bs_log(BS_INFO, "daemon.reloaded", "changes=%zu", changes->count);
	return BS_OK;
}
