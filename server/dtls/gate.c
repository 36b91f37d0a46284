/* SPDX-License-Identifier: Apache-2.0 */
#include "server/dtls/gate.h"

#include <string.h>

#include "server/base/buf.h"

#define VERSION_MAJOR 0xfe
#define VERSION_MINOR_12 0xfd
#define VERSION_MINOR_10 0xff /* of a first flight */
#define RECORD_PLAIN_MAX 16384
#define WINDOW 64

/* RFC 5246, 6.2.1 and 7.4 */
enum { CHANGE_CIPHER_SPEC = 20, ALERT = 21, HANDSHAKE = 22 };
enum {
	CLIENT_HELLO = 1,
	SERVER_HELLO = 2,
	HELLO_VERIFY_REQUEST = 3,
	CERTIFICATE = 11,
	SERVER_KEY_EXCHANGE = 12,
	CERTIFICATE_REQUEST = 13,
	SERVER_HELLO_DONE = 14,
	CERTIFICATE_VERIFY = 15,
	CLIENT_KEY_EXCHANGE = 16
};

/* Each message once. A client's hello with the cookie is number 1 (peer_table.c asks for that), the rest follows. */
static const struct {
	enum bs_gate_flight flight;
	uint8_t type;
	uint8_t seq; /* of a server: after its ServerHello */
	uint8_t optional; /* messages before it that may be missing */
	uint32_t most; /* octets; of each flight together with a bit for each octet less than BS_GATE_KEPT_MAX */
} rows[BS_GATE_MESSAGES] = {
	{ BS_GATE_HELLO, CLIENT_HELLO, 1, 0, 8192 },
	{ BS_GATE_PSK, CLIENT_KEY_EXCHANGE, 2, 0, 1024 }, /* identity of 255 octets, a point */
	{ BS_GATE_CERTIFICATE, CERTIFICATE, 2, 0, BS_CERT_LIST_MAX },
	{ BS_GATE_CERTIFICATE, CLIENT_KEY_EXCHANGE, 3, 0, 1024 },
	{ BS_GATE_CERTIFICATE, CERTIFICATE_VERIFY, 4, 0, 2048 },
	{ BS_GATE_SERVER_PSK, SERVER_HELLO, 0, 0, 1024 },
	{ BS_GATE_SERVER_PSK, SERVER_KEY_EXCHANGE, 1, 0, 1024 }, /* a hint, a point */
	{ BS_GATE_SERVER_PSK, SERVER_HELLO_DONE, 2, 1, 0 },
	{ BS_GATE_SERVER_CERTIFICATE, SERVER_HELLO, 0, 0, 1024 },
	{ BS_GATE_SERVER_CERTIFICATE, CERTIFICATE, 1, 0, BS_CERT_LIST_MAX },
	{ BS_GATE_SERVER_CERTIFICATE, SERVER_KEY_EXCHANGE, 2, 0, 2048 },
	{ BS_GATE_SERVER_CERTIFICATE, CERTIFICATE_REQUEST, 3, 0, 4096 },
	{ BS_GATE_SERVER_CERTIFICATE, SERVER_HELLO_DONE, 4, 1, 0 },
};

size_t
bs_record_len(const uint8_t *data, size_t len)
{
	size_t record;

	if (len < BS_RECORD_HEADER_LEN)
		return 0;
	record = BS_RECORD_HEADER_LEN + ((size_t)data[11] << 8 | data[12]);
	return record <= len ? record : 0;
}

uint16_t
bs_record_epoch(const uint8_t *record)
{
	return (uint16_t)(record[3] << 8 | record[4]);
}

uint64_t
bs_record_seq(const uint8_t *record)
{
	uint64_t seq = 0;

	for (int i = 5; i < 11; i++)
		seq = seq << 8 | record[i];
	return seq;
}

/* One fragment as its header tells it (RFC 6347, 4.2.2). */
struct fragment {
	uint8_t type;
	uint16_t seq;
	uint32_t message_len, offset, len;
};

static bool
read_fragment(struct bs_rd *r, struct fragment *f)
{
	f->type = bs_rd_u8(r);
	f->message_len = bs_rd_u24(r);
	f->seq = bs_rd_u16(r);
	f->offset = bs_rd_u24(r);
	f->len = bs_rd_u24(r);
	bs_rd_bytes(r, f->len);
	if (r->err != BS_OK || f->offset + f->len > f->message_len)
		return false;
	return f->len > 0 || f->message_len == 0;
}

/* Is that number taken by another message? */
static bool
is_taken(const struct bs_gate *g, size_t row, uint16_t seq)
{
	for (size_t i = 0; i < BS_GATE_MESSAGES; i++)
		if (i != row && rows[i].flight == g->flight && g->messages[i].seen && g->messages[i].seq == seq)
			return true;
	return false;
}

/* Fragments of one message must agree on what it is: OpenSSL gives up over one that does not. */
static bool
is_awaited(struct bs_gate *g, const struct fragment *f)
{
	size_t i = 0;
	unsigned last;

	while (i < BS_GATE_MESSAGES && (rows[i].flight != g->flight || rows[i].type != f->type))
		i++;
	if (i == BS_GATE_MESSAGES)
		return false;
	last = rows[i].seq + g->cookie;
	if (f->seq > last || f->seq + rows[i].optional < last || is_taken(g, i, f->seq))
		return false;
	if (f->message_len > rows[i].most) {
		g->too_long = true;
		return false;
	}
	if (g->messages[i].seen)
		return g->messages[i].seq == f->seq && g->messages[i].len == f->message_len;
	g->messages[i].seen = true;
	g->messages[i].seq = f->seq;
	g->messages[i].len = f->message_len;
	return true;
}

/* Cookies of a HelloVerifyRequest differ in length from one to the next; it is not kept. */
static bool
is_cookie(const struct bs_gate *g, const struct fragment *f)
{
	return g->flight >= BS_GATE_SERVER_PSK && f->type == HELLO_VERIFY_REQUEST && f->seq == 0 &&
	       f->message_len <= 2 + 1 + 255 && f->len == f->message_len;
}

static enum bs_gate_verdict
look_at_messages(struct bs_gate *g, const uint8_t *body, size_t len)
{
	struct bs_rd r = bs_rd_init(body, len);
	struct fragment f;

	do {
		if (!read_fragment(&r, &f))
			return BS_GATE_DROP;
	} while (bs_rd_left(&r) > 0);
	r = bs_rd_init(body, len);
	while (bs_rd_left(&r) > 0 && read_fragment(&r, &f)) {
		if (is_cookie(g, &f))
			g->cookie = true;
		else if (!is_awaited(g, &f))
			return BS_GATE_DROP;
	}
	return BS_GATE_PASS;
}

static enum bs_gate_verdict
look_in_the_clear(struct bs_gate *g, const uint8_t *record, size_t len)
{
	const uint8_t *body = record + BS_RECORD_HEADER_LEN;
	size_t body_len = len - BS_RECORD_HEADER_LEN;

	if (g->cipher_changed || body_len > (g->record_max != 0 ? g->record_max : RECORD_PLAIN_MAX))
		return BS_GATE_DROP;
	switch (record[0]) {
	case HANDSHAKE:
		return look_at_messages(g, body, body_len);
	case CHANGE_CIPHER_SPEC:
		return g->flight != BS_GATE_HELLO && body_len == 1 && body[0] == 1 ? BS_GATE_PASS : BS_GATE_DROP;
	case ALERT:
		return body_len == 2 ? BS_GATE_ALERT : BS_GATE_DROP;
	default:
		return BS_GATE_DROP;
	}
}

enum bs_gate_verdict
bs_gate_look(struct bs_gate *g, const uint8_t *record, size_t len)
{
	if (record[1] != VERSION_MAJOR || (record[2] != VERSION_MINOR_12 && record[2] != VERSION_MINOR_10))
		return BS_GATE_DROP;
	switch (bs_record_epoch(record)) {
	case 0:
		return look_in_the_clear(g, record, len);
	case 1:
		if (record[0] != HANDSHAKE || len > BS_GATE_PARKED_LEN)
			return BS_GATE_DROP;
		return g->cipher_changed ? BS_GATE_PASS : BS_GATE_PARK;
	default:
		return BS_GATE_DROP;
	}
}

void
bs_gate_park(struct bs_gate *g, const uint8_t *record, size_t len)
{
	unsigned at = g->parked_len[g->oldest] == 0 ? g->oldest : !g->oldest;

	if (g->parked_len[at] != 0) {
		at = g->oldest;
		g->oldest = !g->oldest;
	}
	memcpy(g->parked[at], record, len);
	g->parked_len[at] = (uint8_t)len;
}

size_t
bs_gate_unpark(struct bs_gate *g, uint8_t out[BS_GATE_PARKED_LEN])
{
	unsigned at = g->oldest;
	size_t len = g->parked_len[at];

	if (len == 0)
		return 0;
	memcpy(out, g->parked[at], len);
	g->parked_len[at] = 0;
	g->oldest = !g->oldest;
	return len;
}

bool
bs_window_is_old(const struct bs_window *w, uint64_t seq)
{
	if (!w->any || seq > w->highest)
		return false;
	return w->highest - seq >= WINDOW || (w->map >> (w->highest - seq) & 1) != 0;
}

void
bs_window_add(struct bs_window *w, uint64_t seq)
{
	if (!w->any || seq > w->highest) {
		uint64_t step = w->any ? seq - w->highest : WINDOW;

		w->map = step < WINDOW ? w->map << step : 0;
		w->highest = seq;
		w->any = true;
	}
	if (w->highest - seq < WINDOW)
		w->map |= UINT64_C(1) << (w->highest - seq);
}
