/* SPDX-License-Identifier: Apache-2.0 */
/* SenML CBOR (RFC 8428 section 6) and LwM2M CBOR (LwM2M Core 1.2 section 7.4.6), in the shortest form of CBOR. */
#include <string.h>

#include "server/base/buf.h"
#include "tools/sim/encode.h"
#include "tools/sim/encode_name.h"

enum { UNSIGNED, NEGATIVE, OCTETS, TEXT, ARRAY, MAP };

/* RFC 8949 section 3: three bits of type, then the shortest argument. */
static void
put_head(struct bs_wr *w, unsigned major, uint64_t n)
{
	uint8_t type = (uint8_t)(major << 5);

	if (n < 24) {
		bs_wr_u8(w, (uint8_t)(type | n));
	} else if (n <= UINT8_MAX) {
		bs_wr_u8(w, type | 24);
		bs_wr_u8(w, (uint8_t)n);
	} else if (n <= UINT16_MAX) {
		bs_wr_u8(w, type | 25);
		bs_wr_u16(w, (uint16_t)n);
	} else if (n <= UINT32_MAX) {
		bs_wr_u8(w, type | 26);
		bs_wr_u32(w, (uint32_t)n);
	} else {
		bs_wr_u8(w, type | 27);
		bs_wr_u64(w, n);
	}
}

static void
put_string(struct bs_wr *w, unsigned major, const void *data, size_t len)
{
	put_head(w, major, len);
	bs_wr_bytes(w, data, len);
}

static void
put_text(struct bs_wr *w, const char *text)
{
	put_string(w, TEXT, text, strlen(text));
}

static void
put_integer(struct bs_wr *w, int64_t n)
{
	if (n < 0)
		put_head(w, NEGATIVE, (uint64_t)(-1 - n));
	else
		put_head(w, UNSIGNED, (uint64_t)n);
}

static void
put_value(struct bs_wr *w, const struct sim_value *v)
{
	char link[16];

	switch (v->kind) {
	case SIM_INTEGER:
	case SIM_UNSIGNED:
	case SIM_TIME:
		put_integer(w, v->number);
		return;
	case SIM_BOOLEAN:
		bs_wr_u8(w, v->number != 0 ? 0xf5 : 0xf4);
		return;
	case SIM_FLOAT:
		bs_wr_u8(w, 0xfb);
		bs_wr_u64(w, (uint64_t)v->number);
		return;
	case SIM_OBJLNK:
		put_text(w, sim_link_text(v->number, link));
		return;
	case SIM_STRING:
		put_string(w, TEXT, v->data, v->len);
		return;
	case SIM_OPAQUE:
	case SIM_SECRET_TEXT:
	case SIM_RAW:
		break;
	}
	put_string(w, OCTETS, v->data, v->len);
}

static void
put_label(struct bs_wr *w, enum sim_kind kind)
{
	static const uint8_t labels[] = {
		/* v 2, vs 3, vb 4, vd 8 */
		[SIM_STRING] = 3,
		[SIM_INTEGER] = 2,
		[SIM_UNSIGNED] = 2,
		[SIM_FLOAT] = 2,
		[SIM_BOOLEAN] = 4,
		[SIM_OPAQUE] = 8,
		[SIM_TIME] = 2,
		[SIM_SECRET_TEXT] = 8,
		[SIM_RAW] = 8,
	};

	if (kind == SIM_OBJLNK)
		put_text(w, "vlo");
	else
		put_head(w, UNSIGNED, labels[kind]);
}

enum bs_err
sim_encode_senml_cbor(const struct sim_view *view, struct bs_wr *w)
{
	size_t records = 0;
	bool first = true;
	char text[32];

	for (size_t i = 0; i < view->count; i++)
		records += view->v[i]->path.rid != SIM_NONE;
	put_head(w, ARRAY, records);
	for (size_t i = 0; i < view->count; i++) {
		const struct sim_value *v = view->v[i];
		if (v->path.rid == SIM_NONE)
			continue;
		put_head(w, MAP, first ? 3 : 2);
		if (first) {
			put_integer(w, -2); /* bn */
			put_text(w, sim_base_name(view->target, text));
		}
		put_head(w, UNSIGNED, 0); /* n */
		put_text(w, sim_rest_name(view->target, v->path, text));
		put_label(w, v->kind);
		put_value(w, v);
		first = false;
	}
	return BS_OK;
}

static uint16_t
id_at(const struct sim_value *v, unsigned level)
{
	const uint16_t id[] = { v->path.oid, v->path.iid, v->path.rid, v->path.riid };

	return id[level];
}

/* Where the values with the same ID as that at i end. */
static size_t
same_end(const struct sim_view *view, size_t i, size_t end, unsigned level)
{
	size_t next = i + 1;

	while (next < end && id_at(view->v[next], level) == id_at(view->v[i], level))
		next++;
	return next;
}

static void
put_level(const struct sim_view *view, size_t from, size_t end, unsigned level, struct bs_wr *w)
{
	size_t keys = 0;

	while (from < end && id_at(view->v[from], level) == SIM_NONE) /* the mark of an instance */
		from++;
	for (size_t i = from; i < end; i = same_end(view, i, end, level))
		keys++;
	put_head(w, MAP, keys);
	for (size_t i = from, next; i < end; i = next) {
		const struct sim_value *v = view->v[i];
		next = same_end(view, i, end, level);
		put_head(w, UNSIGNED, id_at(v, level));
		if (level == 3 || (level == 2 && v->path.riid == SIM_NONE))
			put_value(w, v);
		else
			put_level(view, i, next, level + 1, w);
	}
}

enum bs_err
sim_encode_lwm2m_cbor(const struct sim_view *view, struct bs_wr *w)
{
	put_level(view, 0, view->count, 0, w);
	return BS_OK;
}
