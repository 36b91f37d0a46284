/* SPDX-License-Identifier: Apache-2.0 */
/* TLV (LwM2M Core 1.1 section 7.4.3). */
#include "server/base/buf.h"
#include "tools/sim/encode.h"

#define OBJECT_INSTANCE 0x00u
#define RESOURCE_INSTANCE 0x40u
#define MULTIPLE 0x80u
#define RESOURCE 0xc0u

static bool
is_octets(const struct sim_value *v)
{
	return v->kind == SIM_STRING || v->kind == SIM_OPAQUE || v->kind == SIM_SECRET_TEXT || v->kind == SIM_RAW;
}

static size_t
value_len(const struct sim_value *v)
{
	if (is_octets(v))
		return v->len;
	if (v->kind == SIM_BOOLEAN)
		return 1;
	if (v->kind == SIM_OBJLNK)
		return 4;
	return v->kind == SIM_FLOAT                               ? 8
	       : v->number >= INT8_MIN && v->number <= INT8_MAX   ? 1
	       : v->number >= INT16_MIN && v->number <= INT16_MAX ? 2
	       : v->number >= INT32_MIN && v->number <= INT32_MAX ? 4
								  : 8;
}

static size_t
entry_len(uint16_t id, size_t len)
{
	return 1u + (id < 256 ? 1 : 2) + (len < 8 ? 0 : len < 256 ? 1 : len < 65536 ? 2 : 3) + len;
}

static void
put_head(struct bs_wr *w, unsigned type, uint16_t id, size_t len)
{
	unsigned width = len < 8 ? (unsigned)len : len < 256 ? 0x08 : len < 65536 ? 0x10 : 0x18;

	bs_wr_u8(w, (uint8_t)(type | (id < 256 ? 0 : 0x20u) | width));
	if (id < 256)
		bs_wr_u8(w, (uint8_t)id);
	else
		bs_wr_u16(w, id);
	if (len >= 65536)
		bs_wr_u24(w, (uint32_t)len);
	else if (len >= 256)
		bs_wr_u16(w, (uint16_t)len);
	else if (len >= 8)
		bs_wr_u8(w, (uint8_t)len);
}

static void
put_value(struct bs_wr *w, unsigned type, uint16_t id, const struct sim_value *v)
{
	size_t len = value_len(v);

	put_head(w, type, id, len);
	if (is_octets(v)) {
		bs_wr_bytes(w, v->data, len);
		return;
	}
	for (size_t i = len; i > 0; i--)
		bs_wr_u8(w, (uint8_t)((uint64_t)v->number >> (8 * (i - 1))));
}

/* The values from i on that are instances of the same resource. */
static size_t
group_end(const struct sim_view *view, size_t i)
{
	const struct sim_path *p = &view->v[i]->path;
	size_t end = i + 1;

	while (end < view->count && view->v[end]->path.iid == p->iid && view->v[end]->path.rid == p->rid)
		end++;
	return end;
}

static size_t
multiple_len(const struct sim_view *view, size_t from, size_t end)
{
	size_t len = 0;

	for (size_t i = from; i < end; i++)
		len += entry_len(view->v[i]->path.riid, value_len(view->v[i]));
	return len;
}

/* The resources from i on of one instance: their length, and into w when that is there. Returns where they end. */
static size_t
put_resources(const struct sim_view *view, size_t i, struct bs_wr *w, size_t *len)
{
	uint16_t iid = view->v[i]->path.iid;

	*len = 0;
	while (i < view->count && view->v[i]->path.iid == iid) {
		const struct sim_value *v = view->v[i];
		size_t end = group_end(view, i), n = multiple_len(view, i, end);
		if (v->path.rid == SIM_NONE) {
			i = end;
			continue;
		}
		*len += entry_len(v->path.rid, v->path.riid == SIM_NONE ? value_len(v) : n);
		if (w != NULL && v->path.riid == SIM_NONE) {
			put_value(w, RESOURCE, v->path.rid, v);
		} else if (w != NULL) {
			put_head(w, MULTIPLE, v->path.rid, n);
			for (size_t k = i; k < end; k++)
				put_value(w, RESOURCE_INSTANCE, view->v[k]->path.riid, view->v[k]);
		}
		i = end;
	}
	return i;
}

enum bs_err
sim_encode_tlv(const struct sim_view *view, struct bs_wr *w)
{
	size_t i = 0, len;

	while (i < view->count) {
		if (view->target.iid == SIM_NONE) {
			(void)put_resources(view, i, NULL, &len);
			put_head(w, OBJECT_INSTANCE, view->v[i]->path.iid, len);
		}
		i = put_resources(view, i, w, &len);
	}
	return BS_OK;
}
