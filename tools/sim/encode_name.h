/* SPDX-License-Identifier: Apache-2.0 */
/* Texts of both SenML encoders: base name of the target, name of a value below it, a link. Each returns out. */
#ifndef SIM_ENCODE_NAME_H
#define SIM_ENCODE_NAME_H

#include "tools/sim/object.h"

const char *sim_base_name(struct sim_path target, char out[32]); /* "/1/" or "/1/0/" */
const char *sim_rest_name(struct sim_path target, struct sim_path p, char out[32]); /* "0/7", "7", "2/101" */
const char *sim_link_text(int64_t link, char out[16]); /* "11:0" */

#endif
