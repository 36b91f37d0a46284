/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a payload of a device to object instances: the answer to a Bootstrap-Read (LwM2M Core 1.1, 6.1.7.4), in any
 * Content-Format of LwM2M. For what a device may be asked for (Objects 1 and 2), not for keys: /0 and /21 cannot be
 * read, so the libraries underneath may leave copies on the heap.
 *
 * Types come from the resource table, because TLV and text do not carry them. A resource that the table knows must have
 * its type and be multiple or not as it says; one that it does not know keeps the type that the format shows (TLV: its
 * octets) and is for the caller to ignore.
 *
 * Everything is bounded: payload, entries and depth, and memory by the size of the payload.
 */
#ifndef BS_CONTENT_DECODE_H
#define BS_CONTENT_DECODE_H

#include "server/base/err.h"
#include "server/model/object.h"

#define BS_DECODE_OCTETS_MAX 65536 /* of one payload */
#define BS_DECODE_ENTRIES_MAX 4096
#define BS_DECODE_DEPTH_MAX 16 /* of CBOR that is passed over; what is read goes four deep; JSON: 2,048, by jansson */

/* bs_resource_find, or a table of the caller's. */
typedef const struct bs_resource_def *bs_find_resource_fn(uint16_t oid, uint16_t rid);

/*
 * Instances ordered by object, then instance ID; entries as value.h says. An instance without resources is there with
 * no entries where the format can say so. A multiple resource without instances is not there.
 */
struct bs_tree {
	struct bs_instance *instances;
	size_t count;
	/* private */
	struct bs_entry *entries;
	uint8_t *octets;
	size_t octets_len;
};

/*
 * Decode the answer to a read of target. find NULL: bs_resource_find. The tree owns all that it shows; nothing in it
 * points into the payload.
 *
 * BS_EUNSUPPORTED: a Content-Format that is none of these, or that cannot answer for this target, or a SenML label that
 * must be understood and is not; BS_ESHORT: it ends too early; BS_EFORMAT: not well-formed, of another type, outside
 * target, or an entry twice; BS_ERANGE: a number that its type cannot hold; BS_ELIMIT; BS_ENOMEM. *out is then NULL.
 */
BS_MUST_USE enum bs_err bs_decode(uint16_t content_format, const struct bs_path *target, const void *data, size_t len,
	bs_find_resource_fn *find, struct bs_tree **out);
void bs_tree_free(struct bs_tree *tree); /* wipes, as a card has keys; NULL is fine */

#endif
