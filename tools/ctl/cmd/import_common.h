/* SPDX-License-Identifier: Apache-2.0 */
/* What import and import --sim share, and the latter, which the former hands over to. */
#ifndef BS_TOOLS_CTL_CMD_IMPORT_COMMON_H
#define BS_TOOLS_CTL_CMD_IMPORT_COMMON_H

#include "tools/ctl/catalog.h"
#include "tools/ctl/cli.h"

/*
 * Call use with the file, "-": standard input, opened before the identity of the store's owner is taken: it is the
 * caller's. Returns what use returns; when it cannot be opened this is said.
 */
int bs_import_file(const char *file, int (*use)(void *arg, int fd), void *arg);
/* The store, and what of it every row needs; the caller clears the catalog. Returns the exit status, a failure is said. */
int bs_import_open(struct bs_ctl *ctl, struct bs_catalog *catalog);
/* How such a file is called in messages. */
const char *bs_import_source(const char *file);

struct bs_sim_request {
	const char *map_file;
	const char *file; /* "-": standard input */
	bool dry_run;
	unsigned channel_bits; /* strength of the bootstrap channel's ciphers */
};
/* Returns the exit status. */
int bs_import_sim(struct bs_ctl *ctl, const struct bs_sim_request *request);

#endif
