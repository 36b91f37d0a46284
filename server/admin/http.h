/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP for people and monitoring, in main's event loop: GET only, no secret in any answer.
 *
 *   /          the status page (page.h)
 *   /metrics   Prometheus text (metrics.h)
 *   /health    200 "ok", or 503 with the reason: store readable, journal writable, workers alive
 *
 * Listens on loopback unless told otherwise: there is no authentication. A request for another host than localhost, an
 * address or a name of [http] host gets 421, one that does not say one host gets 400 (host.h).
 */
#ifndef BS_ADMIN_HTTP_H
#define BS_ADMIN_HTTP_H

#include "server/admin/admin.h"

struct bs_http;

/* BS_EIO with the address in diag. admin outlives it. */
BS_MUST_USE enum bs_err bs_http_start(struct event_base *base, const char *address, const struct bs_admin *admin,
	struct bs_http **out, struct bs_diag *diag);
void bs_http_stop(struct bs_http *h); /* NULL is fine */
/* With the port that the kernel chose. */
const struct bs_addr *bs_http_get_addr(const struct bs_http *h);

#endif
