/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LwM2M TLV (LwM2M Core 1.1, 7.4; format 11542):
 *
 *   type byte, identifier (1 or 2 octets), length (none, 1, 2 or 3 octets), value
 *
 * A length comes before what it counts, so each nesting level is measured first and then written: nothing is copied.
 */
#include <math.h>
#include <string.h>

#include "server/content/format.h"

enum kind { OBJECT_INSTANCE = 0x00, RESOURCE_INSTANCE = 0x40, MULTIPLE_RESOURCE = 0x80, RESOURCE = 0xc0 };

#define WIDE_ID 0x20
#define LEN_MAX 0xffffff

/* 0: the length stands in the type byte. */
static unsigned
length_octets(size_t len)
{
	return len < 8 ? 0 : len <= 0xff ? 1 : len <= 0xffff ? 2 : 3;
}

static size_t
tlv_size(uint16_t id, size_t len)
{
	return 1 + (id > 0xff ? 2 : 1) + length_octets(len) + len;
}

static void
write_header(struct bs_wr *w, enum kind kind, uint16_t id, size_t len)
{
	unsigned octets = length_octets(len);

	if (len > LEN_MAX)
		bs_wr_fail(w, BS_ERANGE);
	bs_wr_u8(w, (uint8_t)(kind | (id > 0xff ? WIDE_ID : 0) | octets << 3 | (octets == 0 ? len : 0)));
	if (id > 0xff)
		bs_wr_u16(w, id);
	else
		bs_wr_u8(w, (uint8_t)id);
	if (octets == 1)
		bs_wr_u8(w, (uint8_t)len);
	else if (octets == 2)
		bs_wr_u16(w, (uint16_t)len);
	else if (octets == 3)
		bs_wr_u24(w, (uint32_t)len);
}

/* ---- values --------------------------------------------------------------------------------------------------- */

/*
 * Integers take the fewest octets of 1, 2, 4, 8 that hold them signed, of type Unsigned too: some clients decode that
 * type as signed, and a leading zero octet harms nobody.
 */
static size_t
integer_octets(int64_t v)
{
	if (v >= INT8_MIN && v <= INT8_MAX)
		return 1;
	if (v >= INT16_MIN && v <= INT16_MAX)
		return 2;
	return v >= INT32_MIN && v <= INT32_MAX ? 4 : 8;
}

static void
write_integer(struct bs_wr *w, int64_t v)
{
	switch (integer_octets(v)) {
	case 1:
		bs_wr_u8(w, (uint8_t)v);
		break;
	case 2:
		bs_wr_u16(w, (uint16_t)v);
		break;
	case 4:
		bs_wr_u32(w, (uint32_t)v);
		break;
	default:
		bs_wr_u64(w, (uint64_t)v);
		break;
	}
}

/* Single precision where nothing is lost. */
static bool
fits_single(double v)
{
	return isnan(v) || isinf(v) ||
	       (fabs(v) <= 3.4028234663852886e38 && (double)(float)v >= v && (double)(float)v <= v);
}

static void
write_real(struct bs_wr *w, double v)
{
	float single = fits_single(v) ? (float)v : 0;
	uint32_t bits32;
	uint64_t bits64;

	memcpy(&bits32, &single, sizeof(bits32));
	memcpy(&bits64, &v, sizeof(bits64));
	if (fits_single(v))
		bs_wr_u32(w, bits32);
	else
		bs_wr_u64(w, bits64);
}

static size_t
value_size(const struct bs_value *v)
{
	switch (v->type) {
	case BS_TYPE_INTEGER:
	case BS_TYPE_TIME:
		return integer_octets(v->integer);
	case BS_TYPE_UNSIGNED:
		return v->uinteger <= INT64_MAX ? integer_octets((int64_t)v->uinteger) : 8;
	case BS_TYPE_FLOAT:
		return fits_single(v->real) ? 4 : 8;
	case BS_TYPE_BOOLEAN:
		return 1;
	case BS_TYPE_OBJLNK:
		return 4;
	case BS_TYPE_STRING:
	case BS_TYPE_OPAQUE:
	case BS_TYPE_CORELNK:
		return v->bytes.len;
	}
	return 0;
}

static void
write_value(struct bs_wr *w, const struct bs_value *v)
{
	switch (v->type) {
	case BS_TYPE_INTEGER:
	case BS_TYPE_TIME:
		write_integer(w, v->integer);
		break;
	case BS_TYPE_UNSIGNED:
		/* Beyond INT64_MAX there is no room for a sign: the eight octets as they are. */
		if (v->uinteger <= INT64_MAX)
			write_integer(w, (int64_t)v->uinteger);
		else
			bs_wr_u64(w, v->uinteger);
		break;
	case BS_TYPE_FLOAT:
		write_real(w, v->real);
		break;
	case BS_TYPE_BOOLEAN:
		bs_wr_u8(w, v->boolean);
		break;
	case BS_TYPE_OBJLNK:
		bs_wr_u16(w, v->link.oid);
		bs_wr_u16(w, v->link.iid);
		break;
	case BS_TYPE_STRING:
	case BS_TYPE_OPAQUE:
	case BS_TYPE_CORELNK:
		bs_wr_bytes(w, v->bytes.data, v->bytes.len);
		break;
	}
}

/* ---- resources and instances ---------------------------------------------------------------------------------- */

/* How many entries from the first on are instances of one multiple resource. */
static size_t
run_length(const struct bs_entry *first, size_t left)
{
	size_t n = 1;

	while (first->multiple && n < left && first[n].multiple && first[n].rid == first->rid)
		n++;
	return n;
}

static size_t
multiple_size(const struct bs_entry *e, size_t n)
{
	size_t size = 0;

	for (size_t i = 0; i < n; i++)
		size += tlv_size(e[i].riid, value_size(&e[i].value));
	return size;
}

static void
write_multiple(struct bs_wr *w, const struct bs_entry *e, size_t n)
{
	write_header(w, MULTIPLE_RESOURCE, e->rid, multiple_size(e, n));
	for (size_t i = 0; i < n; i++) {
		write_header(w, RESOURCE_INSTANCE, e[i].riid, value_size(&e[i].value));
		write_value(w, &e[i].value);
	}
}

static size_t
instance_size(const struct bs_instance *inst)
{
	size_t size = 0;

	for (size_t i = 0, n; i < inst->count; i += n) {
		const struct bs_entry *e = &inst->entries[i];

		n = run_length(e, inst->count - i);
		size += tlv_size(e->rid, e->multiple ? multiple_size(e, n) : value_size(&e->value));
	}
	return size;
}

static void
write_instance(struct bs_wr *w, const struct bs_instance *inst)
{
	for (size_t i = 0, n; i < inst->count; i += n) {
		const struct bs_entry *e = &inst->entries[i];

		n = run_length(e, inst->count - i);
		if (e->multiple) {
			write_multiple(w, e, n);
		} else {
			write_header(w, RESOURCE, e->rid, value_size(&e->value));
			write_value(w, &e->value);
		}
	}
}

void
bs_tlv_encode(struct bs_wr *w, const struct bs_path *target, const struct bs_instance *instances, size_t count)
{
	if (target->level == BS_LEVEL_ROOT)
		bs_wr_fail(w, BS_EUNSUPPORTED); /* nothing in it names an object */
	for (size_t i = 0; i < count; i++) {
		/* The wrapper is required at object level and misread by old clients anywhere below. */
		if (target->level == BS_LEVEL_OBJECT)
			write_header(w, OBJECT_INSTANCE, instances[i].iid, instance_size(&instances[i]));
		write_instance(w, &instances[i]);
	}
}
