/* SPDX-License-Identifier: Apache-2.0 */
/* TLV as LwM2M Core 1.1 section 7.4.3 describes it. */
#include <string.h>

#include "server/base/buf.h"
#include "tools/sim/decode.h"

enum { TLV_OBJECT_INSTANCE, TLV_RESOURCE_INSTANCE, TLV_MULTIPLE, TLV_RESOURCE };

struct tlv {
	unsigned type;
	uint16_t id;
	const uint8_t *value;
	size_t len;
};

/* One entry; its header must be as short as it can be. */
static bool
read_tlv(struct sim_decoder *d, struct bs_rd *r, struct tlv *t)
{
	uint8_t head = bs_rd_u8(r);
	bool wide = (head & 0x20) != 0;
	unsigned width = head >> 3 & 3;
	static const size_t least[] = { 0, 8, 256, 65536 };

	t->type = head >> 6;
	t->id = wide ? bs_rd_u16(r) : bs_rd_u8(r);
	t->len = width == 0 ? head & 7u : width == 1 ? bs_rd_u8(r) : width == 2 ? bs_rd_u16(r) : bs_rd_u24(r);
	t->value = bs_rd_bytes(r, t->len);
	if (r->err != BS_OK)
		return sim_decode_fail(d, d->target, "TLV ends too early");
	if ((wide && t->id < 256) || t->len < least[width] || (width != 0 && (head & 7) != 0))
		return sim_decode_fail(d, d->target, "TLV header is not in its shortest form");
	return t->id != SIM_NONE || sim_decode_fail(d, d->target, "the ID 65535 is reserved");
}

static bool
take_integer(struct sim_decoder *d, struct sim_path p, enum sim_kind kind, const struct tlv *t)
{
	int64_t n = t->len > 0 && (t->value[0] & 0x80) != 0 ? -1 : 0;

	if (t->len != 1 && t->len != 2 && t->len != 4 && t->len != 8)
		return sim_decode_fail(d, p, "an integer takes 1, 2, 4 or 8 octets");
	for (size_t i = 0; i < t->len; i++)
		n = (int64_t)((uint64_t)n << 8 | t->value[i]);
	if ((t->len == 2 && n >= INT8_MIN && n <= INT8_MAX) || (t->len == 4 && n >= INT16_MIN && n <= INT16_MAX) ||
		(t->len == 8 && n >= INT32_MIN && n <= INT32_MAX))
		return sim_decode_fail(d, p, "an integer that is not in its shortest form");
	return sim_decode_number(d, p, kind, n);
}

static bool
take_value(struct sim_decoder *d, struct sim_path p, const struct tlv *t)
{
	const struct sim_resource *rule;

	if (!sim_decode_rule(d, p, &rule))
		return false;
	enum sim_kind kind = rule != NULL ? rule->kind : SIM_RAW;
	switch (kind) {
	case SIM_INTEGER:
	case SIM_UNSIGNED:
	case SIM_TIME:
		return take_integer(d, p, kind, t);
	case SIM_BOOLEAN:
		if (t->len != 1 || t->value[0] > 1)
			return sim_decode_fail(d, p, "a Boolean is one octet, 0 or 1");
		return sim_decode_number(d, p, kind, t->value[0]);
	case SIM_OBJLNK:
		if (t->len != 4)
			return sim_decode_fail(d, p, "an object link takes 4 octets");
		return sim_decode_number(d, p, kind,
			(int64_t)((uint32_t)t->value[0] << 24 | (uint32_t)t->value[1] << 16 |
				  (uint32_t)t->value[2] << 8 | t->value[3]));
	case SIM_FLOAT: /* none in the table: a Float of another object is raw here */
	case SIM_STRING:
	case SIM_OPAQUE:
	case SIM_SECRET_TEXT:
	case SIM_RAW:
		break;
	}
	return sim_decode_octets(d, p, kind, t->value, t->len);
}

static bool
take_multiple(struct sim_decoder *d, struct sim_path p, const struct tlv *t)
{
	struct bs_rd r = bs_rd_init(t->value, t->len);
	const struct sim_resource *rule;
	struct tlv one;

	p.riid = 0; /* asks for the right to be multiple also where it has no instance */
	if (!sim_decode_rule(d, p, &rule))
		return false;
	while (bs_rd_left(&r) > 0) {
		if (!read_tlv(d, &r, &one))
			return false;
		if (one.type != TLV_RESOURCE_INSTANCE)
			return sim_decode_fail(d, p, "only resource instances belong into a multiple resource");
		p.riid = one.id;
		if (!take_value(d, p, &one))
			return false;
	}
	return true;
}

/* The resources of one instance. */
static bool
take_resources(struct sim_decoder *d, struct sim_path p, const uint8_t *data, size_t len)
{
	struct bs_rd r = bs_rd_init(data, len);
	struct tlv t;

	while (bs_rd_left(&r) > 0) {
		if (!read_tlv(d, &r, &t))
			return false;
		struct sim_path at = { p.oid, p.iid, t.id, SIM_NONE };
		if (d->target.rid != SIM_NONE && d->target.rid != t.id)
			return sim_decode_fail(d, at, "outside the path of the request");
		if (t.type == TLV_RESOURCE ? !take_value(d, at, &t)
					   : t.type == TLV_MULTIPLE && !take_multiple(d, at, &t))
			return false;
		if (t.type != TLV_RESOURCE && t.type != TLV_MULTIPLE)
			return sim_decode_fail(d, at, "neither a resource nor a multiple resource");
	}
	return true;
}

bool
sim_decode_tlv(struct sim_decoder *d, const uint8_t *data, size_t len)
{
	struct bs_rd r = bs_rd_init(data, len);
	struct tlv t;

	if (d->target.iid != SIM_NONE)
		return sim_decode_instance(d, d->target.oid, d->target.iid) && take_resources(d, d->target, data, len);
	if (len == 0)
		return sim_decode_fail(d, d->target, "a Write on an object without an instance");
	while (bs_rd_left(&r) > 0) {
		if (!read_tlv(d, &r, &t))
			return false;
		struct sim_path at = { d->target.oid, t.id, SIM_NONE, SIM_NONE };
		if (t.type != TLV_OBJECT_INSTANCE)
			return sim_decode_fail(d, at, "a Write on an object takes object instances");
		if (sim_store_has_instance(d->out, at.oid, at.iid))
			return sim_decode_fail(d, at, "given twice");
		if (!sim_decode_instance(d, at.oid, at.iid) || !take_resources(d, at, t.value, t.len))
			return false;
	}
	return true;
}
