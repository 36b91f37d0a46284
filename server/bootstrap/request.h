/* SPDX-License-Identifier: Apache-2.0 */
/* The requests that a client may send: one table of paths and methods (LwM2M Core 1.2.1, 6.1), and their queries. */
#ifndef BS_BOOTSTRAP_REQUEST_H
#define BS_BOOTSTRAP_REQUEST_H

#include "server/coap/msg.h"
#include "server/model/account.h"
#include "server/model/root.h"

enum bs_request_kind {
	BS_REQUEST_BOOTSTRAP, /* POST /bs */
	BS_REQUEST_PACK, /* GET /bspack, which begins with the first block */
	BS_REQUEST_PACK_BLOCK, /* a later block of it: its query says nothing new and is not looked at */
};

struct bs_request {
	enum bs_request_kind kind;
	bool has_ep;
	char ep[BS_ENDPOINT_MAX + 1];
	int32_t pct; /* -1: absent; not of a pack */
	struct bs_segment
		acc; /* of a pack: the instances of the client's bootstrap account, as links; borrowed from msg */
};

/*
 * Is msg a Bootstrap-Request or a Bootstrap-Pack-Request (LwM2M Core 1.2.1, 6.1.7), and what does it ask? Returns BS_EMPTY
 * when it is one and well-formed (*out is filled), else the code to answer: 4.04 other path, 4.05 other method, 4.00 for ep
 * empty, longer than BS_ENDPOINT_MAX, given twice or not UTF-8, for pct that is no number and acc given twice; 4.15 for a
 * pct that this server cannot write.
 * Unknown queries are ignored, a payload too. roots: paths that may stand in front of these; NULL: none.
 */
uint8_t bs_request_parse(const struct bs_msg *msg, const struct bs_roots *roots, struct bs_request *out);

#endif
