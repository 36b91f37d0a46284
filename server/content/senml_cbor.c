/* SPDX-License-Identifier: Apache-2.0 */
/* SenML CBOR (RFC 8428, 6; LwM2M Core 1.1, 7.4; format 112): an array of records, one per value. */
#include <string.h>

#include "server/content/cbor_write.h"
#include "server/content/format.h"
#include "server/content/senml.h"

/* Labels of RFC 8428, 12.3. */
enum { BASE_NAME = -2, NAME = 0, VALUE = 2, STRING_VALUE = 3, BOOLEAN_VALUE = 4, DATA_VALUE = 8, LINK_VALUE = -100 };

static const int labels[] = {
	[BS_TYPE_STRING] = STRING_VALUE,
	[BS_TYPE_INTEGER] = VALUE,
	[BS_TYPE_UNSIGNED] = VALUE,
	[BS_TYPE_FLOAT] = VALUE,
	[BS_TYPE_BOOLEAN] = BOOLEAN_VALUE,
	[BS_TYPE_OPAQUE] = DATA_VALUE,
	[BS_TYPE_TIME] = VALUE,
	[BS_TYPE_OBJLNK] = LINK_VALUE,
	[BS_TYPE_CORELNK] = STRING_VALUE,
};

static void
write_label(struct bs_wr *w, int label)
{
	/* An object link is LwM2M's own: its label is text in CBOR too (LwM2M Core 1.1, 7.4). */
	if (label == LINK_VALUE)
		bs_cbor_write_text(w, "vlo", 3);
	else
		bs_cbor_write_integer(w, label);
}

static void
write_record(struct bs_wr *w, const struct bs_senml_names *names, const struct bs_value *v)
{
	bs_cbor_write_map(w, (size_t)(1 + names->has_base + names->has_name));
	if (names->has_base) {
		write_label(w, BASE_NAME);
		bs_cbor_write_text(w, names->base, strlen(names->base));
	}
	if (names->has_name) {
		write_label(w, NAME);
		bs_cbor_write_text(w, names->name, strlen(names->name));
	}
	write_label(w, labels[v->type]);
	bs_cbor_write_value(w, v);
}

void
bs_senml_cbor_encode(struct bs_wr *w, const struct bs_path *target, const struct bs_instance *instances, size_t count)
{
	struct bs_senml_names names;
	bool first = true;

	bs_cbor_write_array(w, bs_senml_count(instances, count));
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < instances[i].count; k++) {
			bs_senml_names(&names, target, &instances[i], &instances[i].entries[k], first);
			write_record(w, &names, &instances[i].entries[k].value);
			first = false;
		}
	}
}
