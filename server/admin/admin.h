/* SPDX-License-Identifier: Apache-2.0 */
/* What main's servants (control socket, HTTP, SIGHUP) share: the daemon as it runs, and how to reload it. */
#ifndef BS_ADMIN_ADMIN_H
#define BS_ADMIN_ADMIN_H

#include "server/admin/history.h"
#include "server/net/worker.h"

struct event_base;

#define BS_RELOAD_CHANGES_MAX 16

struct bs_admin {
	const char *conf_file;
	const struct bs_shared *shared;
	uint64_t started_ms; /* monotonic */
	struct bs_conf conf; /* as loaded last; its owner is this */
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
 * Read the configuration anew and give every worker its certificates, keys, trust anchors and CRLs. A bad file is refused as
 * a whole: the old state goes on, and diag, kept in reload_failure, says why. Live sessions and running bootstraps stay.
 */
BS_MUST_USE enum bs_err bs_admin_reload(
	struct bs_admin *admin, struct bs_reload_changes *changes, struct bs_diag *diag);

#endif
