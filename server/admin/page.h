/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The status page: is it well, what came of the last hour, the latest refusals and what to do, what expires, what is near its
 * limit. Plain HTML and CSS with an inline chart; no script, no foreign resource, no secret.
 */
#ifndef BS_ADMIN_PAGE_H
#define BS_ADMIN_PAGE_H

#include <stdio.h>

#include "server/admin/admin.h"
#include "server/admin/snapshot.h"

/* For the header Content-Security-Policy: 'sha256-…' of the page's one style sheet. */
const char *bs_page_style_hash(void);
void bs_page_write(const struct bs_admin *admin, const struct bs_snapshot *s, FILE *out);

#endif
