/* SPDX-License-Identifier: Apache-2.0 */
#include "server/content/cbor_read.h"

#include <cbor.h>

/* ---- heads ---------------------------------------------------------------------------------------------------- */

static void
set_number(void *item, enum bs_cbor_kind kind, uint64_t n)
{
	*(struct bs_cbor_item *)item = (struct bs_cbor_item){ .kind = kind, .n = n };
}

static void
set_bytes(void *item, enum bs_cbor_kind kind, const uint8_t *data, size_t len)
{
	*(struct bs_cbor_item *)item = (struct bs_cbor_item){ .kind = kind, .n = len, .data = data };
}

static void
set_indefinite(void *item, enum bs_cbor_kind kind)
{
	*(struct bs_cbor_item *)item = (struct bs_cbor_item){ .kind = kind, .indefinite = true };
}

#define NUMBER(name, type, kind) \
	static void name(void *item, type n) \
	{ \
		set_number(item, kind, n); \
	}
#define BYTES(name, kind) \
	static void name(void *item, cbor_data data, size_t len) \
	{ \
		set_bytes(item, kind, data, len); \
	}
#define INDEFINITE(name, kind) \
	static void name(void *item) \
	{ \
		set_indefinite(item, kind); \
	}

NUMBER(on_uint8, uint8_t, BS_CBOR_UINT)
NUMBER(on_uint16, uint16_t, BS_CBOR_UINT)
NUMBER(on_uint32, uint32_t, BS_CBOR_UINT)
NUMBER(on_uint64, uint64_t, BS_CBOR_UINT)
NUMBER(on_negint8, uint8_t, BS_CBOR_NEGINT)
NUMBER(on_negint16, uint16_t, BS_CBOR_NEGINT)
NUMBER(on_negint32, uint32_t, BS_CBOR_NEGINT)
NUMBER(on_negint64, uint64_t, BS_CBOR_NEGINT)
NUMBER(on_array, size_t, BS_CBOR_ARRAY)
NUMBER(on_map, size_t, BS_CBOR_MAP)
NUMBER(on_tag, uint64_t, BS_CBOR_TAG)
BYTES(on_octets, BS_CBOR_OCTETS)
BYTES(on_text, BS_CBOR_TEXT)
INDEFINITE(on_octets_start, BS_CBOR_OCTETS)
INDEFINITE(on_text_start, BS_CBOR_TEXT)
INDEFINITE(on_array_start, BS_CBOR_ARRAY)
INDEFINITE(on_map_start, BS_CBOR_MAP)

static void
on_break(void *item)
{
	set_number(item, BS_CBOR_BREAK, 0);
}

static void
on_other(void *item)
{
	set_number(item, BS_CBOR_OTHER, 0);
}

static void
on_single(void *item, float v)
{
	*(struct bs_cbor_item *)item = (struct bs_cbor_item){ .kind = BS_CBOR_REAL, .real = (double)v };
}

static void
on_double(void *item, double v)
{
	*(struct bs_cbor_item *)item = (struct bs_cbor_item){ .kind = BS_CBOR_REAL, .real = v };
}

static void
on_boolean(void *item, bool v)
{
	*(struct bs_cbor_item *)item = (struct bs_cbor_item){ .kind = BS_CBOR_BOOLEAN, .boolean = v };
}

static const struct cbor_callbacks callbacks = {
	.uint8 = on_uint8,
	.uint16 = on_uint16,
	.uint32 = on_uint32,
	.uint64 = on_uint64,
	.negint8 = on_negint8,
	.negint16 = on_negint16,
	.negint32 = on_negint32,
	.negint64 = on_negint64,
	.byte_string_start = on_octets_start,
	.byte_string = on_octets,
	.string_start = on_text_start,
	.string = on_text,
	.indef_array_start = on_array_start,
	.array_start = on_array,
	.indef_map_start = on_map_start,
	.map_start = on_map,
	.tag = on_tag,
	.float2 = on_single,
	.float4 = on_single,
	.float8 = on_double,
	.undefined = on_other,
	.null = on_other,
	.boolean = on_boolean,
	.indef_break = on_break,
};

static void
decode_head(struct bs_cbor_rd *r, struct bs_cbor_item *item)
{
	struct cbor_decoder_result result;

	if (r->b->err != BS_OK)
		return;
	result = cbor_stream_decode(r->in.data + r->in.pos, r->in.len - r->in.pos, &callbacks, item);
	if (result.status == CBOR_DECODER_FINISHED)
		r->in.pos += result.read;
	else
		bs_builder_fail(r->b, result.status == CBOR_DECODER_NEDATA ? BS_ESHORT : BS_EFORMAT);
}

struct bs_cbor_item
bs_cbor_next(struct bs_cbor_rd *r)
{
	struct bs_cbor_item item;
	bool big_number = false;

	for (;;) {
		item = (struct bs_cbor_item){ .kind = BS_CBOR_OTHER };
		decode_head(r, &item);
		if (item.kind != BS_CBOR_TAG)
			break;
		big_number = big_number || item.n == 2 || item.n == 3;
	}
	item.big_number = big_number;
	return item;
}

bool
bs_cbor_each(struct bs_cbor_rd *r, const struct bs_cbor_item *container, uint64_t i, struct bs_cbor_item *out)
{
	if (r->b->err != BS_OK || (!container->indefinite && i == container->n))
		return false;
	*out = bs_cbor_next(r);
	if (out->kind == BS_CBOR_BREAK && !container->indefinite)
		bs_builder_fail(r->b, BS_EFORMAT);
	return r->b->err == BS_OK && out->kind != BS_CBOR_BREAK;
}

void
bs_cbor_end(struct bs_cbor_rd *r)
{
	if (bs_rd_left(&r->in) > 0)
		bs_builder_fail(r->b, BS_EFORMAT);
}

/* ---- values --------------------------------------------------------------------------------------------------- */

/* The pieces of a string of indefinite length are strings of definite length, of the same kind, without tags. */
static size_t
take_pieces(struct bs_cbor_rd *r, enum bs_cbor_kind kind)
{
	size_t len = 0;

	while (r->b->err == BS_OK) {
		struct bs_cbor_item piece = { .kind = BS_CBOR_OTHER };

		decode_head(r, &piece);
		if (piece.kind == BS_CBOR_BREAK)
			break;
		if (piece.kind != kind || piece.indefinite) {
			bs_builder_fail(r->b, BS_EFORMAT);
			break;
		}
		bs_builder_octets(r->b, piece.data, (size_t)piece.n);
		len += (size_t)piece.n;
	}
	return len;
}

static struct bs_value
string_value(struct bs_cbor_rd *r, const struct bs_cbor_item *head)
{
	const uint8_t *data = r->b->octets.data + r->b->octets.len;
	size_t len = (size_t)head->n;

	if (head->indefinite)
		len = take_pieces(r, head->kind);
	else
		bs_builder_octets(r->b, head->data, len);
	return bs_value_bytes(head->kind == BS_CBOR_TEXT ? BS_TYPE_STRING : BS_TYPE_OPAQUE, data, len);
}

static struct bs_value
integer_value(struct bs_cbor_rd *r, const struct bs_cbor_item *head)
{
	if (head->kind == BS_CBOR_UINT && head->n > INT64_MAX)
		return (struct bs_value){ .type = BS_TYPE_UNSIGNED, .uinteger = head->n };
	if (head->n > INT64_MAX) {
		bs_builder_fail(r->b, BS_ERANGE);
		return (struct bs_value){ .type = BS_TYPE_INTEGER };
	}
	return (struct bs_value){ .type = BS_TYPE_INTEGER,
		.integer = head->kind == BS_CBOR_UINT ? (int64_t)head->n : -1 - (int64_t)head->n };
}

struct bs_value
bs_cbor_value(struct bs_cbor_rd *r, const struct bs_cbor_item *head)
{
	switch (head->big_number ? BS_CBOR_OTHER : head->kind) {
	case BS_CBOR_UINT:
	case BS_CBOR_NEGINT:
		return integer_value(r, head);
	case BS_CBOR_OCTETS:
	case BS_CBOR_TEXT:
		return string_value(r, head);
	case BS_CBOR_REAL:
		return (struct bs_value){ .type = BS_TYPE_FLOAT, .real = head->real };
	case BS_CBOR_BOOLEAN:
		return (struct bs_value){ .type = BS_TYPE_BOOLEAN, .boolean = head->boolean };
	default:
		bs_builder_fail(r->b, BS_EFORMAT);
		return (struct bs_value){ .type = BS_TYPE_INTEGER };
	}
}

static void
skip(struct bs_cbor_rd *r, const struct bs_cbor_item *head, unsigned depth)
{
	bool container = head->kind == BS_CBOR_ARRAY || head->kind == BS_CBOR_MAP || head->indefinite;
	struct bs_cbor_item item;

	if (head->kind == BS_CBOR_BREAK)
		bs_builder_fail(r->b, BS_EFORMAT);
	if (!container)
		return;
	if (depth == BS_DECODE_DEPTH_MAX)
		bs_builder_fail(r->b, BS_ELIMIT);
	for (uint64_t i = 0; bs_cbor_each(r, head, i, &item); i++) {
		skip(r, &item, depth + 1);
		if (head->kind == BS_CBOR_MAP) {
			item = bs_cbor_next(r);
			skip(r, &item, depth + 1);
		}
	}
}

void
bs_cbor_skip(struct bs_cbor_rd *r, const struct bs_cbor_item *head)
{
	skip(r, head, 0);
}
