/* SPDX-License-Identifier: Apache-2.0 */
/* What the device thinks of a request: the response code, and for people why. */
#ifndef SIM_VERDICT_H
#define SIM_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

#include "server/base/err.h"
#include "tools/sim/coap.h"

#define SIM_CREATED SIM_CODE(2, 1)
#define SIM_DELETED SIM_CODE(2, 2)
#define SIM_CHANGED SIM_CODE(2, 4)
#define SIM_CONTENT SIM_CODE(2, 5)
#define SIM_CONTINUE SIM_CODE(2, 31)
#define SIM_BAD_REQUEST SIM_CODE(4, 0)
#define SIM_BAD_OPTION SIM_CODE(4, 2)
#define SIM_NOT_FOUND SIM_CODE(4, 4)
#define SIM_NOT_ALLOWED SIM_CODE(4, 5)
#define SIM_NOT_ACCEPTABLE SIM_CODE(4, 6)
#define SIM_INCOMPLETE SIM_CODE(4, 8)
#define SIM_TOO_LARGE SIM_CODE(4, 13)
#define SIM_UNSUPPORTED SIM_CODE(4, 15)
#define SIM_SERVER_ERROR SIM_CODE(5, 0)

struct sim_verdict {
	uint8_t code; /* 0: nothing to object so far */
	char text[200];
};

/* Object to something; the first objection stays. Always false, to be returned. */
bool sim_refuse(struct sim_verdict *v, uint8_t code, const char *fmt, ...) BS_PRINTF(3, 4);

#endif
