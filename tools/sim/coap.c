/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/sim/coap.h"

#include <stdio.h>
#include <string.h>

#include "server/base/buf.h"

#define OPT_URI_HOST 3
#define OPT_ETAG 4
#define OPT_URI_PORT 7
#define OPT_URI_PATH 11
#define OPT_FORMAT 12
#define OPT_URI_QUERY 15
#define OPT_ACCEPT 17
#define OPT_BLOCK2 23
#define OPT_BLOCK1 27

static uint32_t
read_uint(const uint8_t *v, size_t len)
{
	uint32_t n = 0;

	for (size_t i = 0; i < len; i++)
		n = n << 8 | v[i];
	return n;
}

static enum bs_err
read_block(const uint8_t *v, size_t len, struct sim_block *b)
{
	uint32_t n = read_uint(v, len);

	if (len > 3 || b->present || (n & 7) == 7)
		return BS_EFORMAT;
	*b = (struct sim_block){ .present = true, .num = n >> 4, .more = (n & 8) != 0, .szx = n & 7 };
	return BS_OK;
}

static enum bs_err
read_segment(const uint8_t *v, size_t len, struct sim_msg *m)
{
	if (m->path_len == SIM_SEGMENTS_MAX || len == 0 || len > SIM_SEGMENT_MAX || memchr(v, 0, len) != NULL)
		return BS_EFORMAT;
	memcpy(m->path[m->path_len], v, len);
	m->path[m->path_len++][len] = '\0';
	return BS_OK;
}

static enum bs_err
read_format(const uint8_t *v, size_t len, uint32_t *out)
{
	if (len > 2 || *out != SIM_NO_FORMAT)
		return BS_EFORMAT;
	*out = read_uint(v, len);
	return BS_OK;
}

/* The first one counts; of another length than 1 to 8 it is no ETag, and it is elective. */
static void
read_etag(const uint8_t *v, size_t len, struct sim_msg *m)
{
	if (len == 0 || len > sizeof(m->etag) || m->etag_len > 0)
		return;
	memcpy(m->etag, v, len);
	m->etag_len = len;
}

static enum bs_err
take_option(struct sim_msg *m, uint32_t number, const uint8_t *v, size_t len)
{
	switch (number) {
	case OPT_URI_HOST:
	case OPT_URI_PORT:
		return BS_OK;
	case OPT_ETAG:
		read_etag(v, len, m);
		return BS_OK;
	case OPT_URI_PATH:
		return read_segment(v, len, m);
	case OPT_URI_QUERY:
		m->query_count++;
		return BS_OK;
	case OPT_FORMAT:
		return read_format(v, len, &m->format);
	case OPT_ACCEPT:
		return read_format(v, len, &m->accept);
	case OPT_BLOCK1:
		return read_block(v, len, &m->block1);
	case OPT_BLOCK2:
		return read_block(v, len, &m->block2);
	}
	if ((number & 1) != 0 && m->bad_option == 0)
		m->bad_option = (uint16_t)number; /* critical */
	return BS_OK;
}

/* The nibble of an option header, with its extension (RFC 7252 section 3.1). */
static uint32_t
read_extended(struct bs_rd *r, uint8_t nibble)
{
	if (nibble == 13)
		return 13u + bs_rd_u8(r);
	if (nibble == 14)
		return 269u + bs_rd_u16(r);
	if (nibble == 15)
		bs_rd_fail(r, BS_EFORMAT);
	return nibble;
}

static void
read_options(struct bs_rd *r, struct sim_msg *m)
{
	uint32_t number = 0;

	while (r->err == BS_OK && bs_rd_left(r) > 0) {
		uint8_t head = bs_rd_u8(r);
		if (head == 0xff) {
			m->payload_len = bs_rd_left(r);
			m->payload = bs_rd_bytes(r, m->payload_len);
			if (m->payload_len == 0) /* a marker without a payload is a format error */
				bs_rd_fail(r, BS_EFORMAT);
			return;
		}
		number += read_extended(r, head >> 4);
		uint32_t len = read_extended(r, head & 15);
		const uint8_t *v = bs_rd_bytes(r, len);
		if (number > UINT16_MAX)
			bs_rd_fail(r, BS_EFORMAT);
		if (r->err != BS_OK)
			return;
		enum bs_err err = take_option(m, number, v, len);
		if (err != BS_OK)
			bs_rd_fail(r, err);
	}
}

enum bs_err
sim_coap_read(const uint8_t *data, size_t len, struct sim_msg *m)
{
	struct bs_rd r = bs_rd_init(data, len);
	uint8_t first = bs_rd_u8(&r);

	memset(m, 0, sizeof(*m));
	m->format = m->accept = SIM_NO_FORMAT;
	m->type = (enum sim_type)(first >> 4 & 3);
	m->code = bs_rd_u8(&r);
	m->mid = bs_rd_u16(&r);
	if (r.err != BS_OK || first >> 6 != 1)
		return BS_EUNSUPPORTED;
	m->token_len = first & 15;
	if (m->token_len > SIM_TOKEN_MAX)
		return BS_EFORMAT;
	const uint8_t *token = bs_rd_bytes(&r, m->token_len);
	if (r.err != BS_OK)
		return BS_EFORMAT;
	memcpy(m->token, token, m->token_len);
	read_options(&r, m);
	if (m->code == SIM_EMPTY && len != 4)
		return BS_EFORMAT;
	return r.err == BS_OK ? BS_OK : BS_EFORMAT;
}

static void
put(struct sim_out *o, const void *data, size_t len)
{
	if (o->full || len > sizeof(o->data) - o->len) {
		o->full = true;
		return;
	}
	if (len > 0)
		memcpy(o->data + o->len, data, len);
	o->len += len;
}

static void
put_u8(struct sim_out *o, unsigned v)
{
	uint8_t b = (uint8_t)v;

	put(o, &b, 1);
}

void
sim_coap_start(
	struct sim_out *o, enum sim_type type, uint8_t code, uint16_t mid, const uint8_t *token, size_t token_len)
{
	o->len = 0;
	o->last_option = 0;
	o->full = false;
	put_u8(o, 1u << 6 | (unsigned)type << 4 | (unsigned)token_len);
	put_u8(o, code);
	put_u8(o, mid >> 8);
	put_u8(o, mid & 0xff);
	put(o, token, token_len);
}

static unsigned
nibble_of(size_t n)
{
	return n < 13 ? (unsigned)n : n < 269 ? 13 : 14;
}

static void
put_extended(struct sim_out *o, size_t n)
{
	if (n >= 269) {
		put_u8(o, (unsigned)(n - 269) >> 8);
		put_u8(o, (n - 269) & 0xff);
	} else if (n >= 13) {
		put_u8(o, (unsigned)n - 13);
	}
}

void
sim_coap_option(struct sim_out *o, uint16_t number, const void *value, size_t len)
{
	uint16_t delta = (uint16_t)(number - o->last_option);

	put_u8(o, nibble_of(delta) << 4 | nibble_of(len));
	put_extended(o, delta);
	put_extended(o, len);
	put(o, value, len);
	o->last_option = number;
}

void
sim_coap_option_uint(struct sim_out *o, uint16_t number, uint32_t value)
{
	uint8_t b[4] = { (uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value };
	size_t skip = 0;

	while (skip < 4 && b[skip] == 0)
		skip++;
	sim_coap_option(o, number, b + skip, 4 - skip);
}

void
sim_coap_option_block(struct sim_out *o, uint16_t number, const struct sim_block *b)
{
	sim_coap_option_uint(o, number, b->num << 4 | (b->more ? 8u : 0u) | b->szx);
}

void
sim_coap_payload(struct sim_out *o, const void *data, size_t len)
{
	if (len == 0)
		return;
	put_u8(o, 0xff);
	put(o, data, len);
}

const char *
sim_coap_code_text(uint8_t code, char out[8])
{
	snprintf(out, 8, "%u.%02u", (unsigned)code >> 5, (unsigned)code & 31);
	return out;
}
