/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LwM2M CBOR (LwM2M Core 1.2 section 7.4.6): maps from ID to map or value, from the object down; a key that is an array
 * of IDs goes several levels at once. Both forms may be mixed.
 */
#include "tools/sim/cbor.h"

#define LEVELS 4 /* object, instance, resource, resource instance */

/* Where in the tree: how many IDs of the path are known. */
struct place {
	struct sim_path path;
	size_t depth;
};

static bool
step_down(struct place *at, const cbor_item_t *key)
{
	uint16_t *id[LEVELS] = { &at->path.oid, &at->path.iid, &at->path.rid, &at->path.riid };
	uint64_t n;

	if (at->depth == LEVELS || !sim_cbor_uint(key, SIM_NONE - 1u, &n))
		return false;
	*id[at->depth++] = (uint16_t)n;
	return true;
}

static bool
follow_key(struct place *at, const cbor_item_t *key)
{
	if (!cbor_isa_array(key))
		return step_down(at, key);
	if (!cbor_array_is_definite(key) || cbor_array_size(key) == 0)
		return false;
	for (size_t i = 0; i < cbor_array_size(key); i++)
		if (!step_down(at, cbor_array_handle(key)[i]))
			return false;
	return true;
}

static bool
take_value(struct sim_decoder *d, const struct place *at, const cbor_item_t *item)
{
	const struct sim_resource *rule;
	struct sim_scalar value;

	if (at->depth < 3)
		return sim_decode_fail(d, at->path, "a value above the level of resources");
	if (!sim_path_under(at->path, d->target))
		return sim_decode_fail(d, at->path, "outside the path of the request");
	if (!sim_decode_rule(d, at->path, &rule) || !sim_decode_instance(d, at->path.oid, at->path.iid))
		return false;
	if (!sim_cbor_scalar(item, &value))
		return sim_decode_fail(d, at->path, "no value, or not in its shortest form");
	if (rule != NULL && rule->kind == SIM_OBJLNK && value.form == SIM_FORM_TEXT)
		value.form = SIM_FORM_LINK;
	return sim_decode_scalar(d, at->path, rule, &value);
}

/* Not deeper than there are levels: each key goes down at least one. */
static bool
take_map(struct sim_decoder *d, const struct place *from, const cbor_item_t *map)
{
	if (!cbor_map_is_definite(map) || from->depth == LEVELS)
		return sim_decode_fail(d, from->path, "a map of indefinite length, or below a resource instance");
	for (size_t i = 0; i < cbor_map_size(map); i++) {
		const struct cbor_pair *pair = &cbor_map_handle(map)[i];
		struct place at = *from;
		if (!follow_key(&at, pair->key))
			return sim_decode_fail(d, from->path, "a key that is no ID and no path, or goes too deep");
		if (!cbor_isa_map(pair->value) ? !take_value(d, &at, pair->value) : !take_map(d, &at, pair->value))
			return false;
	}
	if (from->depth != 2)
		return true;
	if (!sim_path_under(from->path, d->target))
		return sim_decode_fail(d, from->path, "outside the path of the request");
	return sim_decode_instance(d, from->path.oid, from->path.iid);
}

bool
sim_decode_lwm2m_cbor(struct sim_decoder *d, const uint8_t *data, size_t len)
{
	struct place root = { .path = { SIM_NONE, SIM_NONE, SIM_NONE, SIM_NONE } };
	cbor_item_t *item = sim_cbor_load(d, data, len);
	bool ok = false;

	if (item != NULL && !cbor_isa_map(item))
		sim_decode_fail(d, d->target, "LwM2M CBOR is a map");
	else if (item != NULL)
		ok = take_map(d, &root, item);
	if (ok && d->target.iid != SIM_NONE)
		ok = sim_decode_instance(d, d->target.oid, d->target.iid);
	else if (ok && d->out->count == 0)
		ok = sim_decode_fail(d, d->target, "a Write on an object without an instance");
	sim_cbor_free(item);
	return ok;
}
