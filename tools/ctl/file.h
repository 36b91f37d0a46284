/* SPDX-License-Identifier: Apache-2.0 */
/* Small files that an operator names on the command line, read whole; "-" is standard input. */
#ifndef BS_TOOLS_CTL_FILE_H
#define BS_TOOLS_CTL_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "server/base/err.h"

/* At most max octets into out. BS_EIO, BS_ERANGE (longer than max); diag names the file. The caller wipes out. */
BS_MUST_USE enum bs_err bs_file_read(const char *file, uint8_t *out, size_t max, size_t *len, struct bs_diag *diag);
/* Make a new file, mode 0600. BS_EEXIST, BS_EIO. */
BS_MUST_USE enum bs_err bs_file_create(const char *file, int *fd, struct bs_diag *diag);

#endif
