/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What SenML JSON and SenML CBOR share (RFC 8428; LwM2M Core 1.1, 7.4): how records are named.
 *
 * Written: the base name stands in the first record alone and is the target with a "/" at its end, so every name is
 * relative to it; a single resource has its whole path as base name and no name. Several objects in one payload (target
 * "/", a Bootstrap-Pack): the first record of each instance has that instance as base name.
 *
 * Read: the name of a value is the base name, which stays in force until another one replaces it, and the name of its
 * record behind it; together they are an absolute path. Labels come in any order.
 */
#ifndef BS_CONTENT_SENML_H
#define BS_CONTENT_SENML_H

#include "server/content/builder.h"

#define BS_SENML_NAME 32

struct bs_senml_names {
	bool has_base, has_name;
	char base[BS_SENML_NAME], name[BS_SENML_NAME];
};

/* The names of the record of e, the first of its pack or not. */
void bs_senml_names(struct bs_senml_names *out, const struct bs_path *target, const struct bs_instance *inst,
	const struct bs_entry *e, bool first);
size_t bs_senml_count(const struct bs_instance *instances, size_t count);

/* ---- reading -------------------------------------------------------------------------------------------------- */

enum bs_senml_label {
	BS_SENML_BASE_NAME,
	BS_SENML_BASE_VERSION,
	BS_SENML_BASE_VALUE,
	BS_SENML_NAME_LABEL,
	BS_SENML_VALUE,
	BS_SENML_STRING,
	BS_SENML_BOOLEAN,
	BS_SENML_DATA,
	BS_SENML_LINK,
	BS_SENML_IGNORED, /* times, units, sums, and what nobody knows: RFC 8428, 4.4 */
	BS_SENML_REFUSED, /* ends in "_": must be understood */
};

/* The label of a text: "bn", "v", "vlo", ..; in CBOR the numbers stand for all but "vlo". */
enum bs_senml_label bs_senml_label(const char *text, size_t len);

struct bs_senml_pack {
	struct bs_builder *b;
	char base[BS_SENML_NAME]; /* in force */
	/* of the record that is being read */
	char name[BS_SENML_NAME];
	bool has_base, has_name, has_value;
	struct bs_value value;
};

void bs_senml_begin_record(struct bs_senml_pack *p);
/* One field: text as STRING, data as OPAQUE. The label is neither IGNORED nor REFUSED. */
void bs_senml_field(struct bs_senml_pack *p, enum bs_senml_label label, const struct bs_value *v);
void bs_senml_end_record(struct bs_senml_pack *p);

#endif
