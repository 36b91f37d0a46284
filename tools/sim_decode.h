/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Payloads of Bootstrap-Write into values: TLV (LwM2M Core 7.4.3), SenML CBOR (RFC 8428), text and opaque for one
 * resource. Stricter than a device must be: what is not in the shortest form, of the type of the table, and asked for
 * by the path is refused. Each returns false with a verdict in d->why.
 */
#ifndef SIM_DECODE_H
#define SIM_DECODE_H

#include "tools/sim_object.h"
#include "tools/sim_verdict.h"

#define SIM_FORMAT_TEXT 0
#define SIM_FORMAT_LINK 40
#define SIM_FORMAT_OPAQUE 42
#define SIM_FORMAT_SENML_CBOR 112
#define SIM_FORMAT_TLV 11542

struct sim_decoder {
	struct sim_path target;
	enum sim_version version;
	struct sim_store *out; /* values are added; on failure it may hold some */
	struct sim_verdict *why;
};

bool sim_decode_tlv(struct sim_decoder *d, const uint8_t *data, size_t len);
bool sim_decode_senml_cbor(struct sim_decoder *d, const uint8_t *data, size_t len);
bool sim_decode_text(struct sim_decoder *d, const uint8_t *data, size_t len);
bool sim_decode_opaque(struct sim_decoder *d, const uint8_t *data, size_t len);

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
