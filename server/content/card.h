/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bootstrap information on a smartcard: what the transparent file EF(LwM2M_Bootstrap) holds (LwM2M Core 1.0, F.3.4; 1.1,
 * G.3.4). Big endian:
 *
 *   number of objects (2) | octets that follow (2) | object, object, ..
 *   object: Object ID (2) | version | length (2) | TLV of its instances, each in its own wrapper (7.4)
 *   version: 00, that of the enabler, or major and minor (2)
 */
#ifndef BS_CONTENT_CARD_H
#define BS_CONTENT_CARD_H

#include "server/content/decode.h"
#include "server/content/format.h"

#define BS_CARD_MAX 32767 /* octets of the file: what UPDATE BINARY can address */
#define BS_CARD_OBJECTS_MAX 16

/*
 * The whole file into w, in the version of the enabler. instances: those of one object together, none twice. Errors are w's
 * (BS_ESPACE; BS_ERANGE: an object longer than its length field can say).
 */
void bs_card_encode(struct bs_wr *w, const struct bs_instance *instances, size_t count);

struct bs_card_object {
	uint16_t oid;
	uint8_t major, minor; /* 0.0: that of the enabler */
	size_t offset, len; /* of its TLV in the file */
};

/*
 * Find the objects of a file; what lies behind the octets that it counts (a card's file is as long as it was made) is passed
 * over. BS_ESHORT, BS_EFORMAT: lengths or the number of objects do not fit, or an object is there twice; BS_ELIMIT: more than
 * BS_CARD_OBJECTS_MAX.
 */
BS_MUST_USE enum bs_err bs_card_find(
	const uint8_t *data, size_t len, struct bs_card_object out[BS_CARD_OBJECTS_MAX], size_t *count);

#endif
