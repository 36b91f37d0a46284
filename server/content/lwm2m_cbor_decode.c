/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading LwM2M CBOR (LwM2M Core 1.2, 7.4; format 11544). A key is an ID or an array of IDs that shortens the path; the
 * forms mix. Paths begin at the object; clients after early texts of 1.2 begin them below the target, so what makes no
 * sense as the one is read again as the other.
 */
#include <string.h>

#include "server/content/cbor_read.h"

struct path {
	uint16_t ids[4];
	size_t depth;
};

static void
take_id(struct bs_cbor_rd *r, struct path *p, const struct bs_cbor_item *id)
{
	if (id->kind != BS_CBOR_UINT || id->n > UINT16_MAX || p->depth == 4)
		bs_builder_fail(r->b, BS_EFORMAT);
	else
		p->ids[p->depth++] = (uint16_t)id->n;
}

/* The path of above with the IDs of key behind it. */
static struct path
take_key(struct bs_cbor_rd *r, const struct path *above, const struct bs_cbor_item *key)
{
	struct path p = *above;
	struct bs_cbor_item id;

	if (key->kind != BS_CBOR_ARRAY) {
		take_id(r, &p, key);
		return p;
	}
	for (uint64_t i = 0; bs_cbor_each(r, key, i, &id); i++)
		take_id(r, &p, &id);
	if (p.depth == above->depth)
		bs_builder_fail(r->b, BS_EFORMAT);
	return p;
}

static void
take_value(struct bs_cbor_rd *r, const struct path *p, const struct bs_cbor_item *head)
{
	struct bs_spot spot = { p->ids[0], p->ids[1], p->ids[2], p->ids[3], p->depth == 4 };
	struct bs_value v = bs_cbor_value(r, head);

	if (p->depth < 3)
		bs_builder_fail(r->b, BS_EFORMAT);
	bs_builder_add(r->b, &spot, &v);
}

/* Each map is below the path of its key, so it goes no deeper than a path is long. */
static void
take_map(struct bs_cbor_rd *r, const struct path *above, const struct bs_cbor_item *map)
{
	struct bs_cbor_item key, head;

	if (map->kind != BS_CBOR_MAP || above->depth == 4)
		bs_builder_fail(r->b, BS_EFORMAT);
	if (above->depth == 2)
		bs_builder_instance(r->b, above->ids[0], above->ids[1]);
	for (uint64_t i = 0; bs_cbor_each(r, map, i, &key); i++) {
		struct path p = take_key(r, above, &key);

		head = bs_cbor_next(r);
		if (head.kind == BS_CBOR_MAP)
			take_map(r, &p, &head);
		else
			take_value(r, &p, &head);
	}
}

static void
decode_below(struct bs_builder *b, const void *data, size_t len, const struct path *top)
{
	struct bs_cbor_rd r = { .in = bs_rd_init(data, len), .b = b };
	struct bs_cbor_item map = bs_cbor_next(&r);

	take_map(&r, top, &map);
	bs_cbor_end(&r);
}

void
bs_lwm2m_cbor_decode(struct bs_builder *b, const void *data, size_t len)
{
	const struct bs_path *t = b->target;
	static const struct path root;
	struct path target = { { t->oid, t->iid, t->rid, 0 }, (size_t)t->level };

	decode_below(b, data, len, &root);
	if (b->err == BS_EFORMAT && t->level != BS_LEVEL_ROOT) {
		bs_builder_reset(b);
		decode_below(b, data, len, &target);
	}
}
