/* SPDX-License-Identifier: Apache-2.0 */
/* application/cbor (LwM2M Core 1.1, 7.4; format 60): the value of one resource as one CBOR item. */
#include "server/content/cbor_write.h"
#include "server/content/format.h"
#include "server/content/single.h"

void
bs_cbor_encode(struct bs_wr *w, const struct bs_path *target, const struct bs_instance *instances, size_t count)
{
	const struct bs_value *v = bs_single_value(target, instances, count);

	if (v == NULL)
		bs_wr_fail(w, BS_EUNSUPPORTED);
	else
		bs_cbor_write_value(w, v);
}
