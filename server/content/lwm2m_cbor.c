/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LwM2M CBOR (LwM2M Core 1.2, 7.4; format 11544): maps of IDs inside each other, from the object down whatever the
 * target is:
 *
 *   { object: { instance: { resource: value, multiple resource: { resource instance: value } } } }
 *
 * A map's head counts its pairs, so each run of equal IDs is counted first and then written.
 */
#include "server/content/cbor_write.h"
#include "server/content/format.h"

/* How many entries from the first on belong to its resource. */
static size_t
resource_run(const struct bs_entry *first, size_t left)
{
	size_t n = 1;

	while (first->multiple && n < left && first[n].multiple && first[n].rid == first->rid)
		n++;
	return n;
}

static size_t
count_resources(const struct bs_instance *inst)
{
	size_t resources = 0;

	for (size_t i = 0; i < inst->count; i += resource_run(&inst->entries[i], inst->count - i))
		resources++;
	return resources;
}

static void
write_resource(struct bs_wr *w, const struct bs_entry *e, size_t n)
{
	bs_cbor_write_integer(w, e->rid);
	if (e->multiple)
		bs_cbor_write_map(w, n);
	for (size_t i = 0; i < n; i++) {
		if (e->multiple)
			bs_cbor_write_integer(w, e[i].riid);
		bs_cbor_write_value(w, &e[i].value);
	}
}

static void
write_instance(struct bs_wr *w, const struct bs_instance *inst)
{
	bs_cbor_write_integer(w, inst->iid);
	bs_cbor_write_map(w, count_resources(inst));
	for (size_t i = 0, n; i < inst->count; i += n) {
		n = resource_run(&inst->entries[i], inst->count - i);
		write_resource(w, &inst->entries[i], n);
	}
}

static size_t
object_run(const struct bs_instance *first, size_t left)
{
	size_t n = 1;

	while (n < left && first[n].oid == first->oid)
		n++;
	return n;
}

static size_t
count_objects(const struct bs_instance *instances, size_t count)
{
	size_t objects = 0;

	for (size_t i = 0; i < count; i += object_run(&instances[i], count - i))
		objects++;
	return objects;
}

void
bs_lwm2m_cbor_encode(struct bs_wr *w, const struct bs_path *target, const struct bs_instance *instances, size_t count)
{
	(void)target;
	bs_cbor_write_map(w, count_objects(instances, count));
	for (size_t i = 0, n; i < count; i += n) {
		n = object_run(&instances[i], count - i);
		bs_cbor_write_integer(w, instances[i].oid);
		bs_cbor_write_map(w, n);
		for (size_t k = 0; k < n; k++)
			write_instance(w, &instances[i + k]);
	}
}
