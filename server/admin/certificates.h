/* SPDX-License-Identifier: Apache-2.0 */
/* The certificate files of the configuration, and when they end. */
#ifndef BS_ADMIN_CERTIFICATES_H
#define BS_ADMIN_CERTIFICATES_H

#include <stdbool.h>
#include <stdint.h>

#include "server/conf/conf.h"

/* readable false: expires_s (Unix time) is not known. */
typedef void bs_certificate_fn(void *arg, const char *file, bool readable, int64_t expires_s);
/* The server's own, then the trust anchors; each file once. Reads them. */
void bs_certificates_each(const struct bs_conf *conf, bs_certificate_fn *fn, void *arg);

#endif
