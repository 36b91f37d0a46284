/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/sim/encode_name.h"

#include <stdio.h>

#include "server/base/text.h"

const char *
sim_base_name(struct sim_path target, char out[32])
{
	if (target.iid == SIM_NONE)
		snprintf(out, 32, "/%u/", target.oid);
	else
		snprintf(out, 32, "/%u/%u/", target.oid, target.iid);
	return out;
}

const char *
sim_rest_name(struct sim_path target, struct sim_path p, char out[32])
{
	struct bs_tw w = bs_tw_init(out, 32);

	if (target.iid == SIM_NONE)
		bs_tw_printf(&w, "%u/", p.iid);
	bs_tw_printf(&w, "%u", p.rid);
	if (p.riid != SIM_NONE)
		bs_tw_printf(&w, "/%u", p.riid);
	return out;
}

const char *
sim_link_text(int64_t link, char out[16])
{
	snprintf(out, 16, "%u:%u", (unsigned)(link >> 16) & 0xffff, (unsigned)link & 0xffff);
	return out;
}
