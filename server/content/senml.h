/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What SenML JSON and SenML CBOR share (RFC 8428; LwM2M Core 1.1, 7.4): how records are named.
 *
 * Written: the base name stands in the first record alone and is the target with a "/" at its end, so every name is
 * relative to it; a single resource has its whole path as base name and no name.
 */
#ifndef BS_CONTENT_SENML_H
#define BS_CONTENT_SENML_H

#include "server/model/value.h"

#define BS_SENML_NAME 32

struct bs_senml_names {
	bool has_base, has_name;
	char base[BS_SENML_NAME], name[BS_SENML_NAME];
};

/* The names of the record of e, the first of its pack or not. */
void bs_senml_names(struct bs_senml_names *out, const struct bs_path *target, const struct bs_instance *inst,
	const struct bs_entry *e, bool first);
size_t bs_senml_count(const struct bs_instance *instances, size_t count);

#endif
