/* SPDX-License-Identifier: Apache-2.0 */
/* smartcard --read: a card's file in words, and where it differs from what the store would put there. */
#ifndef BS_TOOLS_CTL_CMD_SMARTCARD_H
#define BS_TOOLS_CTL_CMD_SMARTCARD_H

#include "tools/ctl/cli.h"

/* endpoint NULL: the file alone. version: text of --lwm2m, NULL: not given. Returns the exit status; FAILED when they differ. */
int bs_smartcard_read(struct bs_ctl *ctl, const char *file, const char *endpoint, const char *version);

#endif
