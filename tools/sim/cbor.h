/* SPDX-License-Identifier: Apache-2.0 */
/* CBOR (RFC 8949) for the two formats on it: a tree of items in their shortest form, and values out of it. */
#ifndef SIM_CBOR_H
#define SIM_CBOR_H

#include <cbor.h>

#include "tools/sim/decode.h"

/* One item and nothing behind it, in its shortest form. NULL: refused. Free it with sim_cbor_free. */
cbor_item_t *sim_cbor_load(struct sim_decoder *d, const uint8_t *data, size_t len);
/* Wipes what it holds: there may be keys in it. NULL is fine. */
void sim_cbor_free(cbor_item_t *item);
/* Unsigned, in its shortest form, at most most. */
bool sim_cbor_uint(const cbor_item_t *item, uint64_t most, uint64_t *out);
/* Text of definite length. */
bool sim_cbor_text(const cbor_item_t *item, const char **text, size_t *len);
/* Text, octets, integer, float, Boolean. False: another type, or not in its shortest form. Borrows from item. */
bool sim_cbor_scalar(const cbor_item_t *item, struct sim_scalar *out);

#endif
