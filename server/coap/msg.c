/* SPDX-License-Identifier: Apache-2.0 */
#include "server/coap/msg.h"

#include <string.h>

#include <coap3/coap.h>

#include "server/base/buf.h"

#define HEADER_LEN 4
#define PAYLOAD_MARKER 0xff
#define SEGMENT_MAX 255
#define OPTION_MAX 65535
#define ETAG_MAX 8

const char *
bs_code_format(uint8_t code, char out[BS_CODE_TEXT])
{
	unsigned detail = code & 0x1f;

	out[0] = (char)('0' + BS_CODE_CLASS(code));
	out[1] = '.';
	out[2] = (char)('0' + detail / 10);
	out[3] = (char)('0' + detail % 10);
	out[4] = '\0';
	return out;
}

void
bs_msg_init(struct bs_msg *msg, enum bs_coap_type type, uint8_t code, uint16_t id)
{
	*msg = (struct bs_msg){
		.type = type, .code = code, .id = id, .content_format = BS_NO_FORMAT, .accept = BS_NO_FORMAT
	};
}

/* What comes from the network must never print. libcoap logs to the terminal, its level is a global. */
__attribute__((constructor)) static void
silence_libcoap(void)
{
	coap_set_log_level((coap_log_t)0);
}

/* Reading options: a function for each that is kept. */

static void
take_segment(struct bs_msg *m, struct bs_segment *list, size_t *count, const coap_option_t *o)
{
	if (*count == BS_SEGMENTS_MAX) {
		m->unknown_critical = true;
		return;
	}
	list[(*count)++] = (struct bs_segment){ o->value, o->length };
}

static void
take_path(struct bs_msg *m, const coap_option_t *o)
{
	take_segment(m, m->path, &m->path_count, o);
}

static void
take_query(struct bs_msg *m, const coap_option_t *o)
{
	take_segment(m, m->query, &m->query_count, o);
}

static void
take_content_format(struct bs_msg *m, const coap_option_t *o)
{
	m->content_format = (uint16_t)coap_decode_var_bytes(o->value, o->length);
}

static void
take_accept(struct bs_msg *m, const coap_option_t *o)
{
	m->accept = (uint16_t)coap_decode_var_bytes(o->value, o->length);
}

static struct bs_block
read_block(const coap_option_t *o)
{
	uint32_t v = coap_decode_var_bytes(o->value, o->length);

	return (struct bs_block){ .present = true, .more = (v & 8) != 0, .szx = v & 7, .num = v >> 4 };
}

static void
take_block1(struct bs_msg *m, const coap_option_t *o)
{
	m->block1 = read_block(o);
}

static void
take_block2(struct bs_msg *m, const coap_option_t *o)
{
	m->block2 = read_block(o);
}

static void
take_size1(struct bs_msg *m, const coap_option_t *o)
{
	m->has_size1 = true;
	m->size1 = coap_decode_var_bytes(o->value, o->length);
}

static void
take_max_age(struct bs_msg *m, const coap_option_t *o)
{
	m->has_max_age = true;
	m->max_age_s = coap_decode_var_bytes(o->value, o->length);
}

static void
take_etag(struct bs_msg *m, const coap_option_t *o)
{
	m->etag = (struct bs_segment){ o->value, o->length };
}

static void
take_proxy(struct bs_msg *m, const coap_option_t *o)
{
	(void)o;
	m->proxy = true;
}

static void
take_nothing(struct bs_msg *m, const coap_option_t *o)
{
	(void)m;
	(void)o;
}

/*
 * The options that are understood (RFC 7252 5.10, RFC 7959). Outside its lengths, or repeated where it must not be, an
 * option is treated as one that is not understood (5.4.3, 5.4.5); elective options that are not here change nothing.
 */
static const struct rule {
	uint16_t number;
	uint16_t min, max;
	bool repeatable;
	void (*take)(struct bs_msg *m, const coap_option_t *o);
} rules[] = {
	{ COAP_OPTION_URI_HOST, 1, 255, false, take_nothing },
	{ COAP_OPTION_ETAG, 1, ETAG_MAX, false, take_etag },
	{ COAP_OPTION_URI_PORT, 0, 2, false, take_nothing },
	{ COAP_OPTION_URI_PATH, 0, SEGMENT_MAX, true, take_path },
	{ COAP_OPTION_CONTENT_FORMAT, 0, 2, false, take_content_format },
	{ COAP_OPTION_MAXAGE, 0, 4, false, take_max_age },
	{ COAP_OPTION_URI_QUERY, 0, SEGMENT_MAX, true, take_query },
	{ COAP_OPTION_ACCEPT, 0, 2, false, take_accept },
	{ COAP_OPTION_BLOCK2, 0, 3, false, take_block2 },
	{ COAP_OPTION_BLOCK1, 0, 3, false, take_block1 },
	{ COAP_OPTION_PROXY_URI, 1, 1034, false, take_proxy },
	{ COAP_OPTION_PROXY_SCHEME, 1, 255, false, take_proxy },
	{ COAP_OPTION_SIZE1, 0, 4, false, take_size1 },
};

static void
take_option(struct bs_msg *m, uint32_t number, bool repeated, const coap_option_t *o)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		const struct rule *r = &rules[i];

		if (r->number == number && o->length >= r->min && o->length <= r->max && (r->repeatable || !repeated)) {
			r->take(m, o);
			return;
		}
	}
	if (number % 2 == 1)
		m->unknown_critical = true;
}

static enum bs_err
parse_options(struct bs_rd *r, struct bs_msg *m)
{
	uint32_t number = 0;

	for (bool first = true; bs_rd_left(r) > 0; first = false) {
		const uint8_t *at = r->data + r->pos;
		coap_option_t o;
		size_t used;

		if (*at == PAYLOAD_MARKER) {
			bs_rd_u8(r);
			m->payload_len = bs_rd_left(r);
			m->payload = bs_rd_bytes(r, m->payload_len);
			return m->payload_len > 0 ? BS_OK : BS_EFORMAT;
		}
		used = coap_opt_parse(at, bs_rd_left(r), &o);
		/* libcoap 4.3.1 adds up a two-octet delta in 16 bits: one above 65535 comes back as a small one. */
		if (used == 0 || (*at >> 4 == 14 && o.delta < 269) || number + o.delta > OPTION_MAX)
			return BS_EFORMAT;
		number += o.delta;
		take_option(m, number, o.delta == 0 && !first, &o);
		(void)bs_rd_bytes(r, used);
	}
	return r->err == BS_OK ? BS_OK : BS_EFORMAT;
}

/* RFC 7252 3, 4.1 to 4.3: which codes a type may carry, what an empty message may not. */
static bool
header_fits(enum bs_coap_type type, uint8_t code, unsigned token_len, size_t len)
{
	unsigned class = BS_CODE_CLASS(code);

	if (token_len > BS_TOKEN_MAX || class == 1 || class == 6 || class == 7)
		return false;
	if (code == BS_EMPTY)
		return len == HEADER_LEN && type != BS_NON; /* a token would be longer */
	return type != BS_RST && (type != BS_ACK || class != 0);
}

enum bs_err
bs_msg_parse(const uint8_t *wire, size_t len, struct bs_msg *out, enum bs_malformed *what)
{
	struct bs_rd r = bs_rd_init(wire, len);
	uint8_t first = bs_rd_u8(&r);
	uint8_t code = bs_rd_u8(&r);
	uint16_t id = bs_rd_u16(&r);
	unsigned token_len = first & 0x0f;
	const uint8_t *token;

	bs_msg_init(out, (enum bs_coap_type)(first >> 4 & 3), code, id);
	*what = BS_MALFORMED_IGNORE;
	if (r.err != BS_OK || first >> 6 != 1)
		return BS_EFORMAT;
	if (out->type == BS_CON)
		*what = BS_MALFORMED_RESET;
	if (!header_fits(out->type, code, token_len, len))
		return BS_EFORMAT;
	token = bs_rd_bytes(&r, token_len);
	if (token == NULL)
		return BS_EFORMAT;
	out->token.len = (uint8_t)token_len;
	memcpy(out->token.data, token, token_len);
	return parse_options(&r, out);
}

/* Writing: number is that of the option before, so options go out in ascending order. */
struct option_writer {
	struct bs_wr w;
	uint16_t number;
};

static void
put_option(struct option_writer *ow, uint16_t number, const uint8_t *value, size_t len)
{
	struct bs_wr *w = &ow->w;
	size_t used;

	if (w->err != BS_OK)
		return;
	used = coap_opt_encode(w->data + w->len, w->max - w->len, (uint16_t)(number - ow->number), value, len);
	if (used == 0)
		bs_wr_fail(w, BS_ESPACE);
	else
		(void)bs_wr_reserve(w, used);
	ow->number = number;
}

static void
put_number(struct option_writer *ow, uint16_t number, uint32_t value)
{
	uint8_t text[4];

	put_option(ow, number, text, coap_encode_var_safe(text, sizeof(text), value));
}

static void
put_segments(struct option_writer *ow, uint16_t number, const struct bs_segment *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (list[i].len > SEGMENT_MAX)
			bs_wr_fail(&ow->w, BS_ERANGE);
		put_option(ow, number, list[i].data, list[i].len);
	}
}

static void
put_block(struct option_writer *ow, uint16_t number, const struct bs_block *b)
{
	if (b->present)
		put_number(ow, number, b->num << 4 | (b->more ? 8u : 0u) | b->szx);
}

static void
put_format(struct option_writer *ow, uint16_t number, uint16_t format)
{
	if (format != BS_NO_FORMAT)
		put_number(ow, number, format);
}

enum bs_err
bs_msg_write(const struct bs_msg *msg, uint8_t *out, size_t max, size_t *len)
{
	struct option_writer ow = { .w = bs_wr_init(out, max) };

	if (msg->token.len > BS_TOKEN_MAX || msg->path_count > BS_SEGMENTS_MAX || msg->query_count > BS_SEGMENTS_MAX ||
		msg->etag.len > ETAG_MAX)
		return BS_ERANGE;
	bs_wr_u8(&ow.w, (uint8_t)(1 << 6 | msg->type << 4 | msg->token.len));
	bs_wr_u8(&ow.w, msg->code);
	bs_wr_u16(&ow.w, msg->id);
	bs_wr_bytes(&ow.w, msg->token.data, msg->token.len);
	if (msg->etag.len > 0)
		put_option(&ow, COAP_OPTION_ETAG, msg->etag.data, msg->etag.len);
	put_segments(&ow, COAP_OPTION_URI_PATH, msg->path, msg->path_count);
	put_format(&ow, COAP_OPTION_CONTENT_FORMAT, msg->content_format);
	put_segments(&ow, COAP_OPTION_URI_QUERY, msg->query, msg->query_count);
	put_format(&ow, COAP_OPTION_ACCEPT, msg->accept);
	put_block(&ow, COAP_OPTION_BLOCK2, &msg->block2);
	put_block(&ow, COAP_OPTION_BLOCK1, &msg->block1);
	if (msg->has_size1)
		put_number(&ow, COAP_OPTION_SIZE1, msg->size1);
	if (msg->payload_len > 0) {
		bs_wr_u8(&ow.w, PAYLOAD_MARKER);
		bs_wr_bytes(&ow.w, msg->payload, msg->payload_len);
	}
	return bs_wr_done(&ow.w, len);
}
