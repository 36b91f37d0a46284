/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Payloads of Bootstrap-Write into values: TLV (LwM2M Core 7.4.3), SenML JSON and SenML CBOR (RFC 8428), LwM2M CBOR
 * (LwM2M Core 1.2 section 7.4.6), text and opaque for one resource. Stricter than a device must be: what is not in the
 * shortest form, of the type of the table, and asked for by the path is refused. Each returns false with a verdict in
 * d->why.
 */
#ifndef SIM_DECODE_H
#define SIM_DECODE_H

#include "tools/sim/object.h"
#include "tools/sim/verdict.h"

#define SIM_FORMAT_TEXT 0
#define SIM_FORMAT_LINK 40
#define SIM_FORMAT_OPAQUE 42
#define SIM_FORMAT_SENML_JSON 110
#define SIM_FORMAT_SENML_CBOR 112
#define SIM_FORMAT_TLV 11542
#define SIM_FORMAT_LWM2M_CBOR 11544

struct sim_decoder {
	struct sim_path target;
	enum sim_version version;
	struct sim_store *out; /* values are added; on failure it may hold some */
	struct sim_verdict *why;
};

bool sim_decode_tlv(struct sim_decoder *d, const uint8_t *data, size_t len);
bool sim_decode_senml_json(struct sim_decoder *d, const uint8_t *data, size_t len);
bool sim_decode_senml_cbor(struct sim_decoder *d, const uint8_t *data, size_t len);
bool sim_decode_lwm2m_cbor(struct sim_decoder *d, const uint8_t *data, size_t len);
bool sim_decode_text(struct sim_decoder *d, const uint8_t *data, size_t len);
bool sim_decode_opaque(struct sim_decoder *d, const uint8_t *data, size_t len);

/* A value as a format shows it, before the table is asked: what the form says, and no more. */
enum sim_form { SIM_FORM_INTEGER, SIM_FORM_REAL, SIM_FORM_BOOLEAN, SIM_FORM_TEXT, SIM_FORM_OCTETS, SIM_FORM_LINK };

struct sim_scalar {
	enum sim_form form;
	int64_t number; /* integer or Boolean */
	double real;
	const void *data; /* text, octets, a link as the text "o:i": borrowed */
	size_t len;
};

/* For the decoders: keep a value whose form tells its type. rule NULL: the form alone decides. */
bool sim_decode_scalar(
	struct sim_decoder *d, struct sim_path p, const struct sim_resource *rule, const struct sim_scalar *s);
/* For the decoders: what the table says of a resource; NULL: anything goes (not of a strict object). */
bool sim_decode_rule(struct sim_decoder *d, struct sim_path p, const struct sim_resource **rule);
/* For the decoders: keep a value; refuses what was there already and what the kind does not allow. */
bool sim_decode_number(struct sim_decoder *d, struct sim_path p, enum sim_kind kind, int64_t n);
bool sim_decode_octets(struct sim_decoder *d, struct sim_path p, enum sim_kind kind, const void *data, size_t len);
bool sim_decode_instance(struct sim_decoder *d, uint16_t oid, uint16_t iid);
bool sim_decode_fail(struct sim_decoder *d, struct sim_path p, const char *what);
/* "/0/1/10" */
const char *sim_path_text(struct sim_path p, char out[32]);

#endif
