/* SPDX-License-Identifier: Apache-2.0 */
/* The requests that a client may send: one table of paths and methods (LwM2M Core 1.2.1, 6.1), and the query of POST /bs. */
#ifndef BS_BOOTSTRAP_REQUEST_H
#define BS_BOOTSTRAP_REQUEST_H

#include "server/coap/msg.h"
#include "server/model/account.h"

struct bs_request {
	bool has_ep;
	char ep[BS_ENDPOINT_MAX + 1];
	int32_t pct; /* -1: absent */
};

/*
 * Is msg a Bootstrap-Request, and what does it ask? Returns BS_EMPTY when it is one and well-formed (*out is filled), else
 * the code to answer: 4.04 other path, 4.05 other method on /bs, 5.01 for GET /bspack, 4.00 for ep empty, longer than
 * BS_ENDPOINT_MAX, given twice or not UTF-8, and for pct that is no number; 4.15 for a pct that this server cannot write.
 * Unknown queries are ignored, a payload too.
 */
uint8_t bs_request_parse(const struct bs_msg *msg, struct bs_request *out);

#endif
