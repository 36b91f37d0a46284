/* SPDX-License-Identifier: Apache-2.0 */
#include "server/content/card.h"

#define HEADER 4 /* octets before the first object */

/* ---- writing ----------------------------------------------------------------------------------------------------- */

/* Fill in a length that was not known when its place was left. */
static void
fill_in(struct bs_wr *w, uint8_t *place, size_t n)
{
	if (n > UINT16_MAX)
		bs_wr_fail(w, BS_ERANGE);
	if (w->err != BS_OK)
		return;
	place[0] = (uint8_t)(n >> 8);
	place[1] = (uint8_t)n;
}

static void
encode_object(struct bs_wr *w, const struct bs_instance *instances, size_t count)
{
	const struct bs_path object = { .level = BS_LEVEL_OBJECT, .oid = instances[0].oid };
	uint8_t *length;
	size_t before;

	bs_wr_u16(w, instances[0].oid);
	bs_wr_u8(w, 0);
	length = bs_wr_reserve(w, 2);
	before = w->len;
	bs_tlv_encode(w, &object, instances, count);
	fill_in(w, length, w->len - before);
}

void
bs_card_encode(struct bs_wr *w, const struct bs_instance *instances, size_t count)
{
	uint8_t *header = bs_wr_reserve(w, HEADER);
	size_t before = w->len, objects = 0;

	for (size_t i = 0, n; i < count; i += n) {
		for (n = 1; i + n < count && instances[i + n].oid == instances[i].oid; n++)
			;
		encode_object(w, instances + i, n);
		objects++;
	}
	fill_in(w, header, objects);
	fill_in(w, header != NULL ? header + 2 : NULL, w->len - before);
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static void
read_object(struct bs_rd *r, struct bs_card_object *o)
{
	o->oid = bs_rd_u16(r);
	o->major = bs_rd_u8(r);
	o->minor = o->major != 0 ? bs_rd_u8(r) : 0;
	o->len = bs_rd_u16(r);
	o->offset = r->pos;
	bs_rd_bytes(r, o->len);
}

static bool
is_there(const struct bs_card_object *objects, size_t count, uint16_t oid)
{
	for (size_t i = 0; i < count; i++) {
		if (objects[i].oid == oid)
			return true;
	}
	return false;
}

enum bs_err
bs_card_find(const uint8_t *data, size_t len, struct bs_card_object out[BS_CARD_OBJECTS_MAX], size_t *count)
{
	struct bs_rd r = bs_rd_init(data, len);
	size_t objects = bs_rd_u16(&r), follow = bs_rd_u16(&r);

	*count = 0;
	if (r.err != BS_OK || follow > bs_rd_left(&r))
		return BS_ESHORT;
	if (objects > BS_CARD_OBJECTS_MAX)
		return BS_ELIMIT;
	r.len = HEADER + follow;
	for (size_t i = 0; i < objects; i++) {
		read_object(&r, &out[i]);
		if (r.err != BS_OK)
			return BS_ESHORT;
		if (is_there(out, i, out[i].oid))
			return BS_EFORMAT;
	}
	if (bs_rd_left(&r) > 0)
		return BS_EFORMAT;
	*count = objects;
	return BS_OK;
}
