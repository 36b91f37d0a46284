/* SPDX-License-Identifier: Apache-2.0 */
/* What the clients ended up with: lines for people, where keys are masked, or JSON with full values for tests. */
#ifndef SIM_REPORT_H
#define SIM_REPORT_H

#include <stdio.h>

#include "tools/sim/client.h"

/* Lines "endpoint: /0/1/0 LwM2M Server URI = coaps://...". */
void sim_report_print(const struct sim_client *c, FILE *to);
/* One line of JSON:
 * {"endpoint":"dev-1","result":"done","detail":"","suite":"...","took_ms":12,"requests":{"write":2,..},
 *  "bootstrap_instance":0,"objects":{"0":{"1":{"0":"coaps://..","3":"hex:.."}}}}
 * Opaque values are "hex:" and digits, links "o:i", multiple resources objects of their instances.
 * BS_ENOMEM, BS_EIO. */
BS_MUST_USE enum bs_err sim_report_json(const struct sim_client *c, uint64_t took_ms, FILE *to);

#endif
