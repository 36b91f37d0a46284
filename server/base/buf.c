/* SPDX-License-Identifier: Apache-2.0 */
#include "server/base/buf.h"

#include <string.h>

struct bs_rd
bs_rd_init(const void *data, size_t len)
{
	return (struct bs_rd){ .data = data, .len = len };
}

const uint8_t *
bs_rd_bytes(struct bs_rd *r, size_t n)
{
	if (r->err != BS_OK)
		return NULL;
	if (n > r->len - r->pos) {
		r->err = BS_ESHORT;
		return NULL;
	}
	r->pos += n;
	return r->data + r->pos - n;
}

/* Up to eight octets as one number. */
static uint64_t
read_number(struct bs_rd *r, size_t n)
{
	const uint8_t *p = bs_rd_bytes(r, n);
	uint64_t v = 0;

	for (size_t i = 0; p != NULL && i < n; i++)
		v = v << 8 | p[i];
	return v;
}

uint8_t
bs_rd_u8(struct bs_rd *r)
{
	return (uint8_t)read_number(r, 1);
}

uint16_t
bs_rd_u16(struct bs_rd *r)
{
	return (uint16_t)read_number(r, 2);
}

uint32_t
bs_rd_u24(struct bs_rd *r)
{
	return (uint32_t)read_number(r, 3);
}

uint32_t
bs_rd_u32(struct bs_rd *r)
{
	return (uint32_t)read_number(r, 4);
}

uint64_t
bs_rd_u64(struct bs_rd *r)
{
	return read_number(r, 8);
}

size_t
bs_rd_left(const struct bs_rd *r)
{
	return r->err == BS_OK ? r->len - r->pos : 0;
}

void
bs_rd_fail(struct bs_rd *r, enum bs_err err)
{
	if (r->err == BS_OK)
		r->err = err;
}

struct bs_wr
bs_wr_init(void *data, size_t max)
{
	return (struct bs_wr){ .data = data, .max = max };
}

uint8_t *
bs_wr_reserve(struct bs_wr *w, size_t n)
{
	if (w->err != BS_OK)
		return NULL;
	if (n > w->max - w->len) {
		w->err = BS_ESPACE;
		return NULL;
	}
	w->len += n;
	return w->data + w->len - n;
}

static void
write_number(struct bs_wr *w, uint64_t v, size_t n)
{
	uint8_t *p = bs_wr_reserve(w, n);

	for (size_t i = 0; p != NULL && i < n; i++)
		p[i] = (uint8_t)(v >> 8 * (n - 1 - i));
}

void
bs_wr_u8(struct bs_wr *w, uint8_t v)
{
	write_number(w, v, 1);
}

void
bs_wr_u16(struct bs_wr *w, uint16_t v)
{
	write_number(w, v, 2);
}

void
bs_wr_u24(struct bs_wr *w, uint32_t v)
{
	write_number(w, v, 3);
}

void
bs_wr_u32(struct bs_wr *w, uint32_t v)
{
	write_number(w, v, 4);
}

void
bs_wr_u64(struct bs_wr *w, uint64_t v)
{
	write_number(w, v, 8);
}

void
bs_wr_bytes(struct bs_wr *w, const void *data, size_t len)
{
	uint8_t *p = bs_wr_reserve(w, len);

	if (p != NULL && len > 0)
		memcpy(p, data, len);
}

void
bs_wr_fail(struct bs_wr *w, enum bs_err err)
{
	if (w->err == BS_OK)
		w->err = err;
}

enum bs_err
bs_wr_done(const struct bs_wr *w, size_t *len)
{
	if (w->err == BS_OK)
		*len = w->len;
	return w->err;
}
