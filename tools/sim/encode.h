/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the device answers to Bootstrap-Read: an object or an instance of its store in TLV (11542), SenML JSON (110),
 * SenML CBOR (112) or LwM2M CBOR (11544). Shares no code with the server's decoders.
 */
#ifndef SIM_ENCODE_H
#define SIM_ENCODE_H

#include "tools/sim/object.h"

/* Does sim_encode know the format? */
bool sim_encode_knows(uint32_t format);
/*
 * target: /o or /o/i. An object without instances is an empty payload of the format. *out is the caller's to free, at
 * least one octet. BS_ENOMEM, BS_EUNSUPPORTED (another format), BS_ESPACE (more than SIM_ENCODE_MAX octets).
 */
#define SIM_ENCODE_MAX 65536
BS_MUST_USE enum bs_err sim_encode(
	const struct sim_store *s, struct sim_path target, uint32_t format, char **out, size_t *out_len);

/* For the formats: the values under the target in the order of their paths, marks of instances included. */
struct sim_view {
	const struct sim_value **v;
	size_t count;
	struct sim_path target;
};

struct bs_wr;
enum bs_err sim_encode_tlv(const struct sim_view *view, struct bs_wr *w);
enum bs_err sim_encode_senml_json(const struct sim_view *view, struct bs_wr *w);
enum bs_err sim_encode_senml_cbor(const struct sim_view *view, struct bs_wr *w);
enum bs_err sim_encode_lwm2m_cbor(const struct sim_view *view, struct bs_wr *w);

#endif
