/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths in front of /bs. A client whose bootstrap URI is coaps://host/t7/a?x=1 may put its path before the operation's and add
 * the query: POST /t7/a/bs?x=1&ep=.. (spec: silent; seen of Anjay). The operator names such paths as they stand in the URI.
 */
#ifndef BS_MODEL_ROOT_H
#define BS_MODEL_ROOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/base/err.h"

#define BS_ROOTS_MAX 8
#define BS_ROOT_SEGMENTS_MAX 7 /* a message keeps 8, the last is "bs" */
#define BS_ROOT_MAX 255 /* octets of all segments together: a URI in resource 0 of Object 0 has no more */

struct bs_root {
	uint8_t octets[BS_ROOT_MAX]; /* of the segments, one behind the other, percent-decoded */
	uint8_t len[BS_ROOT_SEGMENTS_MAX];
	size_t count;
};

struct bs_roots {
	struct bs_root list[BS_ROOTS_MAX];
	size_t count;
};

/*
 * Add "/t7/a%20b": split and decoded as RFC 7252, 6.4 has it ("/t7/" has an empty second segment). BS_EFORMAT: no path, a query
 * or fragment, a bad escape, an octet that a URI cannot have; BS_ERANGE: too long; BS_ELIMIT: BS_ROOTS_MAX are there. diag says
 * what to write.
 */
BS_MUST_USE enum bs_err bs_roots_add(struct bs_roots *roots, const char *path, struct bs_diag *diag);

/* Segment i of a root; *len octets. */
const uint8_t *bs_root_segment(const struct bs_root *root, size_t i, size_t *len);

#endif
