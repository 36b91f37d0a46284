/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CBOR (RFC 8949) read head by head, by libcbor's stream decoder: no tree is built, so nothing is allocated for lengths
 * that a hostile payload claims. Definite and indefinite lengths; tags are passed over.
 */
#ifndef BS_CONTENT_CBOR_READ_H
#define BS_CONTENT_CBOR_READ_H

#include "server/content/builder.h"

enum bs_cbor_kind {
	BS_CBOR_UINT, /* n */
	BS_CBOR_NEGINT, /* -1 - n */
	BS_CBOR_OCTETS, /* n of them */
	BS_CBOR_TEXT,
	BS_CBOR_ARRAY, /* n items follow */
	BS_CBOR_MAP, /* n pairs */
	BS_CBOR_TAG, /* never seen by a caller */
	BS_CBOR_REAL,
	BS_CBOR_BOOLEAN,
	BS_CBOR_OTHER, /* null, undefined */
	BS_CBOR_BREAK,
};

struct bs_cbor_item {
	enum bs_cbor_kind kind;
	bool indefinite; /* n is not known: up to a BREAK */
	uint64_t n;
	bool big_number; /* tag 2 or 3: octets that mean a number, which no value of LwM2M needs */
	bool boolean;
	double real;
	const uint8_t *data; /* of OCTETS and TEXT, when definite */
};

struct bs_cbor_rd {
	struct bs_rd in;
	struct bs_builder *b; /* gets octets and errors */
};

/* The next head; after an error OTHER. */
struct bs_cbor_item bs_cbor_next(struct bs_cbor_rd *r);
/* Is there another item (of a map: pair) in a container of which i were read? Then *out is it: of a map, the key. */
bool bs_cbor_each(struct bs_cbor_rd *r, const struct bs_cbor_item *container, uint64_t i, struct bs_cbor_item *out);
/* The value that begins with head, as bs_builder_add takes it. Anything that is no single value: BS_EFORMAT. */
struct bs_value bs_cbor_value(struct bs_cbor_rd *r, const struct bs_cbor_item *head);
/* Pass over the rest of what begins with head. BS_ELIMIT beyond BS_DECODE_DEPTH_MAX. */
void bs_cbor_skip(struct bs_cbor_rd *r, const struct bs_cbor_item *head);
/* Nothing may follow. */
void bs_cbor_end(struct bs_cbor_rd *r);

#endif
