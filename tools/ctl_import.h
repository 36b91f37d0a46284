/* SPDX-License-Identifier: Apache-2.0 */
/* import --sim, which the import command hands over to. */
#ifndef BS_TOOLS_CTL_IMPORT_H
#define BS_TOOLS_CTL_IMPORT_H

#include "tools/ctl_cli.h"

struct bs_sim_request {
	const char *map_file;
	const char *file; /* "-": standard input */
	bool dry_run;
	unsigned channel_bits; /* strength of the bootstrap channel's ciphers */
};
/* Returns the exit status. */
int bs_import_sim(struct bs_ctl *ctl, const struct bs_sim_request *request);

#endif
