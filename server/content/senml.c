/* SPDX-License-Identifier: Apache-2.0 */
#include "server/content/senml.h"

#include <stdio.h>
#include <string.h>

#include "server/base/text.h"

/* The one record of a single resource is its path and nothing else. */
static bool
is_whole_path(const struct bs_path *target, const struct bs_entry *e)
{
	return target->level == BS_LEVEL_RESOURCE && !e->multiple;
}

/* What follows the base name: of object, instance, resource, resource instance those that the target lacks. */
static void
relative_name(
	char out[BS_SENML_NAME], const struct bs_path *target, const struct bs_instance *inst, const struct bs_entry *e)
{
	const unsigned ids[] = { inst->oid, inst->iid, e->rid, e->riid };
	size_t last = e->multiple ? 4 : 3;
	struct bs_tw w = bs_tw_init(out, BS_SENML_NAME);

	for (size_t i = (size_t)target->level; i < last; i++)
		bs_tw_printf(&w, "%s%u", w.len > 0 ? "/" : "", ids[i]);
}

void
bs_senml_names(struct bs_senml_names *out, const struct bs_path *target, const struct bs_instance *inst,
	const struct bs_entry *e, bool first)
{
	bool each = target->level == BS_LEVEL_ROOT;
	const struct bs_path base = each ? (struct bs_path){ BS_LEVEL_INSTANCE, inst->oid, inst->iid, 0 } : *target;
	bool whole = is_whole_path(target, e);

	out->has_base = each ? e == inst->entries : first;
	out->has_name = !whole;
	bs_path_format(&base, out->base);
	if (!whole)
		strcat(out->base, "/");
	relative_name(out->name, &base, inst, e);
}

size_t
bs_senml_count(const struct bs_instance *instances, size_t count)
{
	size_t records = 0;

	for (size_t i = 0; i < count; i++)
		records += instances[i].count;
	return records;
}
