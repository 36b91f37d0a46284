/* SPDX-License-Identifier: Apache-2.0 */
/* What the formats of one value share (text/plain, opaque, CBOR): which writes they can carry. */
#ifndef BS_CONTENT_SINGLE_H
#define BS_CONTENT_SINGLE_H

#include "server/model/value.h"

/* The value of a write to one resource that is not multiple; NULL: anything else. */
static inline const struct bs_value *
bs_single_value(const struct bs_path *target, const struct bs_instance *instances, size_t count)
{
	bool one = target->level == BS_LEVEL_RESOURCE && count == 1 && instances[0].count == 1 &&
		   !instances[0].entries[0].multiple;

	return one ? &instances[0].entries[0].value : NULL;
}

#endif
