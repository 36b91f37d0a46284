/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading LwM2M TLV (tlv.c says how it looks): object instance > resource or multiple resource > resource instance, and
 * nothing else. A length is checked against what encloses it, because each value is read through a cursor of its own.
 */
#include <string.h>

#include "server/content/builder.h"

enum kind { OBJECT_INSTANCE = 0x00, RESOURCE_INSTANCE = 0x40, MULTIPLE_RESOURCE = 0x80, RESOURCE = 0xc0 };

#define KIND_MASK 0xc0
#define WIDE_ID 0x20
#define LENGTH_OF_LENGTH(type) ((type) >> 3 & 3)
#define SHORT_LENGTH(type) ((type)&7)

struct tlv {
	enum kind kind;
	uint16_t id;
	struct bs_rd value;
};

/* The next one of r; false at the end and after an error. */
static bool
next(struct bs_builder *b, struct bs_rd *r, struct tlv *out)
{
	uint8_t type;
	size_t len = 0;
	const uint8_t *value;

	if (b->err != BS_OK || bs_rd_left(r) == 0)
		return false;
	type = bs_rd_u8(r);
	out->kind = (enum kind)(type & KIND_MASK);
	out->id = (type & WIDE_ID) != 0 ? bs_rd_u16(r) : bs_rd_u8(r);
	switch (LENGTH_OF_LENGTH(type)) {
	case 0:
		len = SHORT_LENGTH(type);
		break;
	case 1:
		len = bs_rd_u8(r);
		break;
	case 2:
		len = bs_rd_u16(r);
		break;
	case 3:
		len = bs_rd_u24(r);
		break;
	}
	value = bs_rd_bytes(r, len);
	out->value = bs_rd_init(value, value != NULL ? len : 0);
	if (r->err != BS_OK)
		bs_builder_fail(b, r->err);
	return b->err == BS_OK;
}

/* ---- values --------------------------------------------------------------------------------------------------- */

static bool
read_unsigned(struct bs_rd *r, uint64_t *out)
{
	size_t len = bs_rd_left(r);

	if (len != 1 && len != 2 && len != 4 && len != 8)
		return false;
	for (*out = 0; bs_rd_left(r) > 0;)
		*out = *out << 8 | bs_rd_u8(r);
	return true;
}

static bool
read_signed(struct bs_rd *r, int64_t *out)
{
	unsigned unused_bits = 64 - 8 * (unsigned)(bs_rd_left(r) & 15);
	uint64_t bits;

	if (!read_unsigned(r, &bits))
		return false;
	*out = (int64_t)(bits << unused_bits) >> unused_bits;
	return true;
}

static bool
read_real(struct bs_rd *r, double *out)
{
	size_t len = bs_rd_left(r);
	uint64_t bits64;
	uint32_t bits32;
	float single;

	if ((len != 4 && len != 8) || !read_unsigned(r, &bits64))
		return false;
	bits32 = (uint32_t)bits64;
	memcpy(&single, &bits32, sizeof(single));
	if (len == 4)
		*out = (double)single;
	else
		memcpy(out, &bits64, sizeof(*out));
	return true;
}

static bool
read_boolean(struct bs_rd *r, bool *out)
{
	size_t len = bs_rd_left(r);
	uint8_t octet = bs_rd_u8(r);

	*out = octet == 1;
	return len == 1 && octet <= 1;
}

static bool
read_link(struct bs_rd *r, struct bs_value *v)
{
	size_t len = bs_rd_left(r);

	v->link.oid = bs_rd_u16(r);
	v->link.iid = bs_rd_u16(r);
	return len == 4;
}

static bool
read_value(struct bs_builder *b, struct bs_rd *r, enum bs_type type, struct bs_value *v)
{
	v->type = type;
	switch (type) {
	case BS_TYPE_INTEGER:
	case BS_TYPE_TIME:
		return read_signed(r, &v->integer);
	case BS_TYPE_UNSIGNED:
		return read_unsigned(r, &v->uinteger);
	case BS_TYPE_FLOAT:
		return read_real(r, &v->real);
	case BS_TYPE_BOOLEAN:
		return read_boolean(r, &v->boolean);
	case BS_TYPE_OBJLNK:
		return read_link(r, v);
	case BS_TYPE_CORELNK:
	case BS_TYPE_STRING:
	case BS_TYPE_OPAQUE:
		v->type = type == BS_TYPE_OPAQUE ? BS_TYPE_OPAQUE : BS_TYPE_STRING;
		v->bytes.len = bs_rd_left(r);
		v->bytes.data = bs_builder_octets(b, r->data, r->len);
		return true;
	}
	return false;
}

/* ---- nesting -------------------------------------------------------------------------------------------------- */

static void
take_value(struct bs_builder *b, const struct bs_spot *spot, struct bs_rd *r)
{
	const struct bs_resource_def *def = b->find(spot->oid, spot->rid);
	struct bs_value v = { 0 };

	if (!read_value(b, r, def != NULL ? def->type : BS_TYPE_OPAQUE, &v))
		bs_builder_fail(b, BS_EFORMAT);
	bs_builder_add(b, spot, &v);
}

static void
take_multiple(struct bs_builder *b, struct bs_spot spot, struct bs_rd *r)
{
	struct tlv t;

	spot.multiple = true;
	while (next(b, r, &t)) {
		spot.riid = t.id;
		if (t.kind != RESOURCE_INSTANCE)
			bs_builder_fail(b, BS_EFORMAT);
		take_value(b, &spot, &t.value);
	}
}

static void
take_resource(struct bs_builder *b, uint16_t oid, uint16_t iid, struct tlv *t)
{
	struct bs_spot spot = { .oid = oid, .iid = iid, .rid = t->id };

	if (t->kind == RESOURCE)
		take_value(b, &spot, &t->value);
	else if (t->kind == MULTIPLE_RESOURCE)
		take_multiple(b, spot, &t->value);
	else
		bs_builder_fail(b, BS_EFORMAT);
}

static void
take_instance(struct bs_builder *b, uint16_t oid, uint16_t iid, struct bs_rd *r)
{
	struct tlv t;

	bs_builder_instance(b, oid, iid);
	while (next(b, r, &t))
		take_resource(b, oid, iid, &t);
}

/* In the answer for an object each instance is wrapped; in that for an instance some clients do it too. */
static void
take_wrapped(struct bs_builder *b, struct bs_rd *r)
{
	struct tlv t;

	while (next(b, r, &t)) {
		if (t.kind != OBJECT_INSTANCE)
			bs_builder_fail(b, BS_EFORMAT);
		take_instance(b, b->target->oid, t.id, &t.value);
	}
}

static bool
is_wrapped(const uint8_t *data, size_t len)
{
	return len > 0 && (data[0] & KIND_MASK) == OBJECT_INSTANCE;
}

void
bs_tlv_decode(struct bs_builder *b, const void *data, size_t len)
{
	struct bs_rd r = bs_rd_init(data, len);

	if (b->target->level == BS_LEVEL_ROOT)
		bs_builder_fail(b, BS_EUNSUPPORTED); /* it has no place for the ID of an object */
	else if (b->target->level == BS_LEVEL_OBJECT || is_wrapped(data, len))
		take_wrapped(b, &r);
	else
		take_instance(b, b->target->oid, b->target->iid, &r);
}
