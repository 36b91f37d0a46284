/* SPDX-License-Identifier: Apache-2.0 */
/* application/octet-stream (LwM2M Core 1.1, 7.4; format 42): the octets of one opaque resource. */
#include "server/content/format.h"
#include "server/content/single.h"

void
bs_opaque_encode(struct bs_wr *w, const struct bs_path *target, const struct bs_instance *instances, size_t count)
{
	const struct bs_value *v = bs_single_value(target, instances, count);

	if (v == NULL || v->type != BS_TYPE_OPAQUE)
		bs_wr_fail(w, BS_EUNSUPPORTED);
	else
		bs_wr_bytes(w, v->bytes.data, v->bytes.len);
}
