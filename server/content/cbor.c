/* SPDX-License-Identifier: Apache-2.0 */
/*
 * application/cbor (LwM2M Core 1.1, 7.4; format 60): the value of one resource as one CBOR item. Time is what RFC 8949,
 * 3.4.2 calls epoch-based: Leshan 2 refuses a bare number here, though not in SenML.
 */
#include "server/content/cbor_write.h"
#include "server/content/format.h"
#include "server/content/single.h"

#define EPOCH_TIME 1

void
bs_cbor_encode(struct bs_wr *w, const struct bs_path *target, const struct bs_instance *instances, size_t count)
{
	const struct bs_value *v = bs_single_value(target, instances, count);

	if (v == NULL) {
		bs_wr_fail(w, BS_EUNSUPPORTED);
		return;
	}
	if (v->type == BS_TYPE_TIME)
		bs_cbor_write_tag(w, EPOCH_TIME);
	bs_cbor_write_value(w, v);
}
