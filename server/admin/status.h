/* SPDX-License-Identifier: Apache-2.0 */
/* "Is it well?" as JSON, for the control socket. Identities and addresses are not in it, secrets never. */
#ifndef BS_ADMIN_STATUS_H
#define BS_ADMIN_STATUS_H

#include <jansson.h>

#include "server/admin/admin.h"

/* The caller's reference. */
json_t *bs_status_json(const struct bs_admin *admin);

#endif
