/* SPDX-License-Identifier: Apache-2.0 */
#include "server/dtls/cookie.h"

#include "server/base/buf.h"

#define RECORD_HANDSHAKE 22
#define CLIENT_HELLO 1
#define VERSION_MAJOR 0xfe /* DTLS: the complement of 1 */
#define RECORD_HEADER_LEN 13
#define RANDOM_LEN 32
#define SESSION_ID_MAX 32

/* Record header of epoch 0 (RFC 6347, 4.1). Leaves r at the end of the record's octets at most. */
static void
read_record(struct bs_rd *r, struct bs_hello *out)
{
	if (bs_rd_u8(r) != RECORD_HANDSHAKE || bs_rd_u8(r) != VERSION_MAJOR)
		bs_rd_fail(r, BS_EFORMAT);
	bs_rd_u8(r); /* minor version: first hellos carry any */
	if (bs_rd_u16(r) != 0) /* epoch */
		bs_rd_fail(r, BS_EFORMAT);
	out->record_seq = (uint64_t)bs_rd_u16(r) << 32;
	out->record_seq |= bs_rd_u32(r);
	if (bs_rd_u16(r) > bs_rd_left(r))
		bs_rd_fail(r, BS_ESHORT);
}

/* Handshake header (RFC 6347, 4.2.2): the first fragment alone. */
static size_t
read_message(struct bs_rd *r, size_t record_len, struct bs_hello *out)
{
	uint32_t length, offset, fragment;

	if (bs_rd_u8(r) != CLIENT_HELLO)
		bs_rd_fail(r, BS_EFORMAT);
	length = bs_rd_u24(r);
	out->message_seq = bs_rd_u16(r);
	offset = bs_rd_u24(r);
	fragment = bs_rd_u24(r);
	if (offset != 0 || fragment > length || fragment + 12u > record_len)
		bs_rd_fail(r, BS_EFORMAT);
	return fragment;
}

static void
read_body(struct bs_rd *r, struct bs_hello *out)
{
	out->version = bs_rd_u16(r);
	out->random = bs_rd_bytes(r, RANDOM_LEN);
	out->session_id_len = bs_rd_u8(r);
	if (out->session_id_len > SESSION_ID_MAX)
		bs_rd_fail(r, BS_EFORMAT);
	out->session_id = bs_rd_bytes(r, out->session_id_len);
	out->cookie_len = bs_rd_u8(r);
	out->cookie = bs_rd_bytes(r, out->cookie_len);
}

enum bs_err
bs_hello_parse(const uint8_t *datagram, size_t len, struct bs_hello *out)
{
	struct bs_rd r = bs_rd_init(datagram, len);
	size_t record_len, fragment;
	struct bs_rd body;

	*out = (struct bs_hello){ 0 };
	if (len == 0 || datagram[0] != RECORD_HANDSHAKE) /* the usual datagram: a quick way out */
		return BS_EFORMAT;
	read_record(&r, out);
	if (r.err != BS_OK)
		return r.err;
	record_len = (size_t)datagram[RECORD_HEADER_LEN - 2] << 8 | datagram[RECORD_HEADER_LEN - 1];
	fragment = read_message(&r, record_len, out);
	if (r.err != BS_OK)
		return r.err;
	body = bs_rd_init(datagram + r.pos, fragment);
	read_body(&body, out);
	return body.err;
}
