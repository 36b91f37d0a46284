/* SPDX-License-Identifier: Apache-2.0 */
#include "server/model/value.h"

#include <stdio.h>

const char *
bs_path_format(const struct bs_path *p, char out[BS_PATH_TEXT])
{
	switch (p->level) {
	case BS_LEVEL_ROOT:
		snprintf(out, BS_PATH_TEXT, "/");
		break;
	case BS_LEVEL_OBJECT:
		snprintf(out, BS_PATH_TEXT, "/%u", p->oid);
		break;
	case BS_LEVEL_INSTANCE:
		snprintf(out, BS_PATH_TEXT, "/%u/%u", p->oid, p->iid);
		break;
	case BS_LEVEL_RESOURCE:
		snprintf(out, BS_PATH_TEXT, "/%u/%u/%u", p->oid, p->iid, p->rid);
		break;
	}
	return out;
}
