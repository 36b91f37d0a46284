/* SPDX-License-Identifier: Apache-2.0 */
/* What main's servants (control socket, HTTP, SIGHUP) share: the daemon as it runs, and how to reload it. */
#ifndef BS_ADMIN_ADMIN_H
#define BS_ADMIN_ADMIN_H

#include "server/admin/history.h"
#include "server/net/reload.h"
#include "server/net/worker.h"

struct event_base;

#define BS_RELOAD_CHANGES_MAX 16

struct bs_admin {
	const char *conf_file;
	const struct bs_shared *shared;
	uint64_t started_ms; /* monotonic */
	struct bs_conf conf; /* as loaded last; what it points to is loaded's */
	struct bs_reload *loaded;
	unsigned reload_wait_ms; /* how long a reload waits for workers, twice; 0: 5 s */
	struct bs_history history;
	int64_t reloaded_s; /* Unix time of the last good reload; 0: none */
	struct bs_diag reload_failure; /* err BS_OK: the last reload was good */
};

/*
 * What a reload did: "[log] level", and where the file now differs from what runs: "[limits] peers (needs a restart)", said
 * again by each reload until it does no more.
 */
struct bs_reload_changes {
	char items[BS_RELOAD_CHANGES_MAX][80];
	size_t count;
};

/*
 * Read the configuration anew and give every worker its certificates, keys, trust anchors and CRLs: all of them, or none
 * where the file is bad or a worker does not answer in time. Then the old state goes on everywhere, and diag, kept in
 * reload_failure, says why, and which worker. Afterwards no key leaves for a device that the new state does not let in; sessions
 * and running bootstraps of all others stay.
 */
BS_MUST_USE enum bs_err bs_admin_reload(
	struct bs_admin *admin, struct bs_reload_changes *changes, struct bs_diag *diag);

/* At the start: conf, from conf_file. */
BS_MUST_USE enum bs_err bs_admin_load(struct bs_admin *admin, struct bs_diag *diag);
void bs_admin_clear(struct bs_admin *admin);

#endif
