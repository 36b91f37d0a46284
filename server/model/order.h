/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In which order objects are written, where a profile says so: those of the list first, as it has them, then all others in
 * the usual order. As text "1,0".
 */
#ifndef BS_MODEL_ORDER_H
#define BS_MODEL_ORDER_H

#include <stddef.h>
#include <stdint.h>

#include "server/base/err.h"

#define BS_ORDER_MAX 8
#define BS_ORDER_TEXT (BS_ORDER_MAX * 6) /* five digits and a comma each, the last a NUL */

struct bs_order {
	uint16_t oids[BS_ORDER_MAX];
	size_t count; /* 0: the usual order */
};

/*
 * "" is the usual order. BS_EFORMAT: no list of numbers; BS_ERANGE: above 65534; BS_EEXIST: an object twice; BS_ELIMIT: more
 * than BS_ORDER_MAX. Then *out is empty.
 */
BS_MUST_USE enum bs_err bs_order_read(const char *text, struct bs_order *out);
/* Returns out. */
const char *bs_order_format(const struct bs_order *o, char out[BS_ORDER_TEXT]);
/* 0 comes first; objects that are not in the list all have the same, the last. */
size_t bs_order_rank(const struct bs_order *o, uint16_t oid);

#endif
