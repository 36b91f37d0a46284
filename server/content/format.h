/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Content-Formats of LwM2M and the codecs behind them. One row per format in format.c; tlv.c, senml_cbor.c
 * and the others hold one codec each.
 */
#ifndef BS_CONTENT_FORMAT_H
#define BS_CONTENT_FORMAT_H

#include "server/base/buf.h"
#include "server/model/value.h"

enum {
	BS_CF_TEXT = 0,
	BS_CF_LINK = 40,
	BS_CF_OPAQUE = 42,
	BS_CF_CBOR = 60,
	BS_CF_SENML_JSON = 110,
	BS_CF_SENML_CBOR = 112,
	BS_CF_TLV = 11542,
	BS_CF_LWM2M_CBOR = 11544,
};

/*
 * Encode the payload of a Bootstrap-Write to target, or a Bootstrap-Pack.
 *
 * At BS_LEVEL_ROOT there are instances of any objects, those of one object together, none twice. At BS_LEVEL_OBJECT all
 * count instances belong to the target's object; at BS_LEVEL_INSTANCE there is one, whose iid is
 * the target's; at BS_LEVEL_RESOURCE the one instance holds the entries of that resource alone.
 * Writes into w alone: no copy of a secret is left on the heap. Errors are w's (BS_ESPACE); BS_EUNSUPPORTED: the format
 * cannot carry that (the formats of one value take one resource that is not multiple; text has no infinity);
 * BS_ERANGE: longer than a length field can say; BS_EFORMAT: text that is not UTF-8, in JSON.
 */
typedef void bs_encode_fn(
	struct bs_wr *w, const struct bs_path *target, const struct bs_instance *instances, size_t count);

struct bs_format {
	uint16_t number;
	const char *name; /* "tlv", "senml-json", "senml-cbor", "lwm2m-cbor": as profile add --format reads it */
	bs_encode_fn *encode;
};

/* A format of whole instances, that a client may ask for by pct. NULL when this server cannot write it. */
const struct bs_format *bs_format_find(uint16_t number);
const struct bs_format *bs_format_find_name(const char *name);
/* A format of one value, for writes to a resource: text, opaque, CBOR. NULL: it is none. */
const struct bs_format *bs_format_find_single(uint16_t number);

bs_encode_fn bs_tlv_encode; /* content/tlv.c, LwM2M Core 1.1, 7.4 */
bs_encode_fn bs_senml_json_encode; /* content/senml_json.c, RFC 8428 and LwM2M Core 1.1, 7.4 */
bs_encode_fn bs_senml_cbor_encode; /* content/senml_cbor.c, RFC 8428 and LwM2M Core 1.1, 7.4 */
bs_encode_fn bs_lwm2m_cbor_encode; /* content/lwm2m_cbor.c, LwM2M Core 1.2, 7.4 */
bs_encode_fn bs_text_encode; /* content/text.c, LwM2M Core 1.1, 7.4 */
bs_encode_fn bs_opaque_encode; /* content/opaque.c, LwM2M Core 1.1, 7.4 */
bs_encode_fn bs_cbor_encode; /* content/cbor.c, LwM2M Core 1.1, 7.4 */

#endif
