/* SPDX-License-Identifier: Apache-2.0 */
/* A snapshot in the Prometheus text format, version 0.0.4. */
#ifndef BS_ADMIN_METRICS_H
#define BS_ADMIN_METRICS_H

#include <stdio.h>

#include "server/admin/snapshot.h"

void bs_metrics_write(const struct bs_snapshot *s, FILE *out);
/* Seconds until the certificates of the configuration end; reads their files. One that cannot be read has no sample. */
void bs_metrics_write_certificates(const struct bs_conf *conf, int64_t now_s, FILE *out);

#endif
