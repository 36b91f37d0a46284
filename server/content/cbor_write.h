/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CBOR items (RFC 8949) written through a cursor: shortest heads, definite lengths. libcbor makes each head straight in
 * the caller's memory.
 */
#ifndef BS_CONTENT_CBOR_WRITE_H
#define BS_CONTENT_CBOR_WRITE_H

#include "server/base/buf.h"
#include "server/model/value.h"

void bs_cbor_write_array(struct bs_wr *w, size_t count);
void bs_cbor_write_map(struct bs_wr *w, size_t count);
void bs_cbor_write_tag(struct bs_wr *w, uint64_t tag);
void bs_cbor_write_integer(struct bs_wr *w, int64_t v);
void bs_cbor_write_text(struct bs_wr *w, const void *text, size_t len);
/* A value as one item; an object link is the text "o:i". */
void bs_cbor_write_value(struct bs_wr *w, const struct bs_value *v);

#endif
