/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operator's import file, read for what each device needs to bootstrap: its endpoint name, the mode of its
 * bootstrap credential, and its pre-shared key; and for the credentials that it shall receive, to compare them with
 * what comes over the wire. Columns are found by name, others are passed over.
 */
#ifndef SIM_CSV_H
#define SIM_CSV_H

#include <stddef.h>

#include "server/base/err.h"
#include "server/base/secret.h"
#include "tools/sim/expect.h"

struct sim_row {
	char *endpoint;
	char *mode; /* "psk", "rpk", "x509" */
	char *psk_identity; /* the endpoint where the file names none */
	struct bs_secret psk;
	struct sim_expected *expected; /* per server with a credential of the device */
	size_t expected_count;
};

struct sim_rows {
	struct sim_row *v;
	size_t count, room;
	char **servers; /* names of the columns NAME.* */
	size_t server_count;
};

/* Read a file whole. BS_EIO, BS_EFORMAT, BS_ENOMEM, told in diag; on failure rows is empty. */
BS_MUST_USE enum bs_err sim_csv_load(const char *path, struct sim_rows *rows, struct bs_diag *diag);
void sim_rows_clear(struct sim_rows *rows);
/* NULL when no row has that endpoint. */
const struct sim_row *sim_rows_find(const struct sim_rows *rows, const char *endpoint);

#endif
