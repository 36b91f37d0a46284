/* SPDX-License-Identifier: Apache-2.0 */
#include "server/content/builder.h"

#include <math.h>

#include "server/base/text.h"
#include "server/content/text_read.h"

void
bs_builder_fail(struct bs_builder *b, enum bs_err err)
{
	if (b->err == BS_OK)
		b->err = err;
}

void
bs_builder_reset(struct bs_builder *b)
{
	b->count = 0;
	b->octets.len = 0;
	b->octets.err = BS_OK;
	b->err = BS_OK;
}

const uint8_t *
bs_builder_octets(struct bs_builder *b, const void *data, size_t len)
{
	const uint8_t *place = b->octets.data + b->octets.len;

	bs_wr_bytes(&b->octets, data, len);
	if (b->octets.err != BS_OK)
		bs_builder_fail(b, BS_ELIMIT);
	return b->err == BS_OK ? place : NULL;
}

/* ---- types ---------------------------------------------------------------------------------------------------- */

/* 2^63 and 2^64 are the first doubles outside. */
static enum bs_err
real_to_integer(double v, int64_t *out)
{
	if (!(v >= -9223372036854775808.0 && v < 9223372036854775808.0))
		return BS_ERANGE;
	*out = (int64_t)v;
	return floor(v) < v ? BS_EFORMAT : BS_OK;
}

static enum bs_err
to_integer(const struct bs_value *wire, int64_t *out)
{
	switch (wire->type) {
	case BS_TYPE_INTEGER:
	case BS_TYPE_TIME:
		*out = wire->integer;
		return BS_OK;
	case BS_TYPE_UNSIGNED:
		*out = (int64_t)wire->uinteger;
		return wire->uinteger > INT64_MAX ? BS_ERANGE : BS_OK;
	case BS_TYPE_FLOAT:
		return real_to_integer(wire->real, out);
	default:
		return BS_EFORMAT;
	}
}

static enum bs_err
to_unsigned(const struct bs_value *wire, uint64_t *out)
{
	int64_t v = 0;
	enum bs_err err;

	if (wire->type == BS_TYPE_UNSIGNED) {
		*out = wire->uinteger;
		return BS_OK;
	}
	err = to_integer(wire, &v);
	*out = (uint64_t)v;
	return err == BS_OK && v < 0 ? BS_ERANGE : err;
}

static enum bs_err
to_real(const struct bs_value *wire, double *out)
{
	switch (wire->type) {
	case BS_TYPE_INTEGER:
		*out = (double)wire->integer;
		return BS_OK;
	case BS_TYPE_UNSIGNED:
		*out = (double)wire->uinteger;
		return BS_OK;
	case BS_TYPE_FLOAT:
		*out = wire->real;
		return BS_OK;
	default:
		return BS_EFORMAT;
	}
}

/* Some clients send a link as a string. */
static enum bs_err
to_link(const struct bs_value *wire, struct bs_value *out)
{
	if (wire->type == BS_TYPE_STRING)
		return bs_text_read_link((const char *)wire->bytes.data, wire->bytes.len, out);
	*out = *wire;
	return wire->type == BS_TYPE_OBJLNK ? BS_OK : BS_EFORMAT;
}

static enum bs_err
to_octets(const struct bs_value *wire, enum bs_type type, struct bs_value *out)
{
	enum bs_type needed = type == BS_TYPE_OPAQUE ? BS_TYPE_OPAQUE : BS_TYPE_STRING;

	*out = bs_value_bytes(type, wire->bytes.data, wire->bytes.len);
	if (wire->type != needed)
		return BS_EFORMAT;
	return type == BS_TYPE_OPAQUE || bs_utf8_valid(out->bytes.data, out->bytes.len) ? BS_OK : BS_EFORMAT;
}

static enum bs_err
convert(const struct bs_value *wire, enum bs_type type, struct bs_value *out)
{
	out->type = type;
	switch (type) {
	case BS_TYPE_INTEGER:
	case BS_TYPE_TIME:
		return to_integer(wire, &out->integer);
	case BS_TYPE_UNSIGNED:
		return to_unsigned(wire, &out->uinteger);
	case BS_TYPE_FLOAT:
		return to_real(wire, &out->real);
	case BS_TYPE_BOOLEAN:
		out->boolean = wire->type == BS_TYPE_BOOLEAN && wire->boolean;
		return wire->type == BS_TYPE_BOOLEAN ? BS_OK : BS_EFORMAT;
	case BS_TYPE_OBJLNK:
		return to_link(wire, out);
	case BS_TYPE_STRING:
	case BS_TYPE_CORELNK:
	case BS_TYPE_OPAQUE:
		return to_octets(wire, type, out);
	}
	return BS_EFORMAT;
}

/* ---- records -------------------------------------------------------------------------------------------------- */

static bool
is_under_target(const struct bs_path *target, const struct bs_spot *spot, bool instance_only)
{
	const uint16_t want[] = { target->oid, target->iid, target->rid };
	const uint16_t have[] = { spot->oid, spot->iid, spot->rid };

	for (size_t i = 0; i < (size_t)target->level; i++) {
		if (want[i] != have[i] && !(instance_only && i == 2))
			return false;
	}
	return spot->iid != UINT16_MAX; /* 65535 is no instance ID */
}

static struct bs_record *
add_record(struct bs_builder *b, const struct bs_spot *spot, bool instance_only)
{
	if (b->err == BS_OK && !is_under_target(b->target, spot, instance_only))
		b->err = BS_EFORMAT;
	if (b->err == BS_OK && b->count == b->max)
		b->err = BS_ELIMIT;
	if (b->err != BS_OK)
		return NULL;
	b->records[b->count] = (struct bs_record){ .spot = *spot, .instance_only = instance_only };
	return &b->records[b->count++];
}

void
bs_builder_instance(struct bs_builder *b, uint16_t oid, uint16_t iid)
{
	struct bs_spot spot = { .oid = oid, .iid = iid };

	add_record(b, &spot, true);
}

void
bs_builder_add(struct bs_builder *b, const struct bs_spot *spot, const struct bs_value *wire)
{
	const struct bs_resource_def *def = b->find(spot->oid, spot->rid);
	struct bs_record *r = add_record(b, spot, false);
	enum bs_err err;

	if (r == NULL)
		return;
	err = convert(wire, def != NULL ? def->type : wire->type, &r->value);
	if (def != NULL && def->multiple != spot->multiple)
		err = BS_EFORMAT;
	if (err != BS_OK)
		bs_builder_fail(b, err);
}
