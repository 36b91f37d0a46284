/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What decoders put their findings into. Entries may come in any order; bs_decode sorts them and makes the tree. Like a
 * cursor it remembers its first error and then does nothing more.
 */
#ifndef BS_CONTENT_BUILDER_H
#define BS_CONTENT_BUILDER_H

#include "server/base/buf.h"
#include "server/content/decode.h"

/* The place of a value: "/o/i/r" or, of a multiple resource, "/o/i/r/ri". */
struct bs_spot {
	uint16_t oid, iid, rid, riid;
	bool multiple;
};

struct bs_record {
	struct bs_spot spot;
	bool instance_only; /* no value: there is such an instance */
	struct bs_value value;
};

struct bs_builder {
	const struct bs_path *target;
	bs_find_resource_fn *find;
	struct bs_record *records;
	size_t count, max;
	struct bs_wr octets; /* those of the payload, so that they can hold each of its octets once */
	enum bs_err err;
};

/* Record an error; the first one stays. */
void bs_builder_fail(struct bs_builder *b, enum bs_err err);
/* Forget everything, the error too. */
void bs_builder_reset(struct bs_builder *b);
/* There is such an instance, with entries or without. */
void bs_builder_instance(struct bs_builder *b, uint16_t oid, uint16_t iid);
/*
 * Add a value as the format shows it: a whole number as INTEGER, or UNSIGNED beyond INT64_MAX. Its octets are from
 * bs_builder_octets. The type of the resource decides what becomes of it.
 */
void bs_builder_add(struct bs_builder *b, const struct bs_spot *spot, const struct bs_value *wire);
/* Append octets to those of the tree, right behind the ones before. Returns their place; NULL after an error. */
const uint8_t *bs_builder_octets(struct bs_builder *b, const void *data, size_t len);

/* One per format: data is not NULL; errors go to b. */
typedef void bs_decode_fn(struct bs_builder *b, const void *data, size_t len);

bs_decode_fn bs_tlv_decode; /* tlv_decode.c */
bs_decode_fn bs_senml_json_decode; /* senml_json_decode.c */
bs_decode_fn bs_senml_cbor_decode; /* senml_cbor_decode.c */
bs_decode_fn bs_lwm2m_cbor_decode; /* lwm2m_cbor_decode.c */
bs_decode_fn bs_text_decode; /* single_decode.c */
bs_decode_fn bs_opaque_decode;
bs_decode_fn bs_cbor_decode;

#endif
