/* SPDX-License-Identifier: Apache-2.0 */
#include "server/content/cbor_write.h"

#include <math.h>

#include <cbor.h>

#include "server/content/text_write.h"

/* Account for n octets that libcbor wrote behind the writer's last; 0 means that it had no room. */
static void
advance(struct bs_wr *w, size_t n)
{
	if (n == 0)
		bs_wr_fail(w, BS_ESPACE);
	else
		w->len += n;
}

#define PUT(w, encode, ...) \
	do { \
		if ((w)->err == BS_OK) \
			advance((w), encode(__VA_ARGS__, (w)->data + (w)->len, (w)->max - (w)->len)); \
	} while (0)

void
bs_cbor_write_array(struct bs_wr *w, size_t count)
{
	PUT(w, cbor_encode_array_start, count);
}

void
bs_cbor_write_map(struct bs_wr *w, size_t count)
{
	PUT(w, cbor_encode_map_start, count);
}

void
bs_cbor_write_tag(struct bs_wr *w, uint64_t tag)
{
	PUT(w, cbor_encode_tag, tag);
}

void
bs_cbor_write_integer(struct bs_wr *w, int64_t v)
{
	if (v >= 0)
		PUT(w, cbor_encode_uint, (uint64_t)v);
	else
		PUT(w, cbor_encode_negint, (uint64_t)(-1 - v));
}

void
bs_cbor_write_text(struct bs_wr *w, const void *text, size_t len)
{
	PUT(w, cbor_encode_string_start, len);
	bs_wr_bytes(w, text, len);
}

static void
write_octets(struct bs_wr *w, const void *data, size_t len)
{
	PUT(w, cbor_encode_bytestring_start, len);
	bs_wr_bytes(w, data, len);
}

/* Single precision where nothing is lost. */
static void
write_real(struct bs_wr *w, double v)
{
	double single = fabs(v) <= 3.4028234663852886e38 ? (double)(float)v : v;

	if (isnan(v) || isinf(v) || (single >= v && single <= v && fabs(v) <= 3.4028234663852886e38))
		PUT(w, cbor_encode_single, (float)v);
	else
		PUT(w, cbor_encode_double, v);
}

static void
write_link(struct bs_wr *w, const struct bs_value *v)
{
	char text[BS_LINK_TEXT];
	size_t len = bs_link_format(v, text);

	bs_cbor_write_text(w, text, len);
}

void
bs_cbor_write_value(struct bs_wr *w, const struct bs_value *v)
{
	switch (v->type) {
	case BS_TYPE_INTEGER:
	case BS_TYPE_TIME:
		bs_cbor_write_integer(w, v->integer);
		break;
	case BS_TYPE_UNSIGNED:
		PUT(w, cbor_encode_uint, v->uinteger);
		break;
	case BS_TYPE_FLOAT:
		write_real(w, v->real);
		break;
	case BS_TYPE_BOOLEAN:
		PUT(w, cbor_encode_bool, v->boolean);
		break;
	case BS_TYPE_OBJLNK:
		write_link(w, v);
		break;
	case BS_TYPE_OPAQUE:
		write_octets(w, v->bytes.data, v->bytes.len);
		break;
	case BS_TYPE_STRING:
	case BS_TYPE_CORELNK:
		bs_cbor_write_text(w, v->bytes.data, v->bytes.len);
		break;
	}
}
