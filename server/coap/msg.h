/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CoAP messages (RFC 7252, 3): wire <-> struct. libcoap parses and encodes the options; the 4-byte header and the token
 * are written here, as libcoap gives out no wire bytes.
 *
 *    0                   1                   2                   3
 *   |Ver| T |  TKL  |      Code     |          Message ID           | Token .. | Options .. | FF | Payload
 */
#ifndef BS_COAP_MSG_H
#define BS_COAP_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/base/err.h"

enum bs_coap_type { BS_CON = 0, BS_NON = 1, BS_ACK = 2, BS_RST = 3 };

#define BS_CODE(class, detail) ((uint8_t)((class) << 5 | (detail)))
enum {
	BS_EMPTY = BS_CODE(0, 0),
	BS_GET = BS_CODE(0, 1),
	BS_POST = BS_CODE(0, 2),
	BS_PUT = BS_CODE(0, 3),
	BS_DELETE = BS_CODE(0, 4),
	BS_CREATED = BS_CODE(2, 1),
	BS_DELETED = BS_CODE(2, 2),
	BS_CHANGED = BS_CODE(2, 4),
	BS_CONTENT = BS_CODE(2, 5),
	BS_CONTINUE = BS_CODE(2, 31),
	BS_BAD_REQUEST = BS_CODE(4, 0),
	BS_BAD_OPTION = BS_CODE(4, 2),
	BS_NOT_FOUND = BS_CODE(4, 4),
	BS_METHOD_NOT_ALLOWED = BS_CODE(4, 5),
	BS_NOT_ACCEPTABLE = BS_CODE(4, 6),
	BS_INCOMPLETE = BS_CODE(4, 8),
	BS_TOO_LARGE = BS_CODE(4, 13),
	BS_UNSUPPORTED_FORMAT = BS_CODE(4, 15),
	BS_SERVER_ERROR = BS_CODE(5, 0),
	BS_NOT_IMPLEMENTED = BS_CODE(5, 1),
	BS_UNAVAILABLE = BS_CODE(5, 3),
	BS_PROXYING_NOT_SUPPORTED = BS_CODE(5, 5),
};
#define BS_CODE_CLASS(code) ((code) >> 5)
#define BS_CODE_TEXT 5
const char *bs_code_format(uint8_t code, char out[BS_CODE_TEXT]); /* "4.06" */

#define BS_TOKEN_MAX 8
#define BS_SEGMENTS_MAX 8 /* Uri-Path and Uri-Query options kept, each; more make a request 4.02-worthy: see too_many */
#define BS_NO_FORMAT 0xffff

struct bs_token {
	uint8_t len;
	uint8_t data[BS_TOKEN_MAX];
};

struct bs_segment {
	const uint8_t *data; /* borrowed from the datagram */
	size_t len; /* 0 .. 255 */
};

struct bs_block {
	bool present;
	bool more;
	uint8_t szx; /* size is 2^(szx+4); 7 is reserved */
	uint32_t num;
};

struct bs_msg {
	enum bs_coap_type type;
	uint8_t code;
	uint16_t id; /* Message ID */
	struct bs_token token;
	struct bs_segment path[BS_SEGMENTS_MAX];
	size_t path_count;
	struct bs_segment query[BS_SEGMENTS_MAX];
	size_t query_count;
	uint16_t content_format; /* BS_NO_FORMAT: absent */
	uint16_t accept; /* BS_NO_FORMAT: absent */
	struct bs_block block1, block2;
	bool has_size1;
	uint32_t size1;
	struct bs_segment etag; /* len 0: absent */
	bool has_max_age;
	uint32_t max_age_s; /* read, never written */
	bool unknown_critical; /* an option that must be understood and is not; also too many path or query options */
	bool proxy; /* Proxy-Uri or Proxy-Scheme */
	const uint8_t *payload; /* borrowed; NULL: none */
	size_t payload_len;
};

/* What to do with bytes that are no message (RFC 7252, 3 and 4.2, 4.3). */
enum bs_malformed { BS_MALFORMED_IGNORE, BS_MALFORMED_RESET };

/*
 * Parse one datagram. *out borrows from wire. BS_EFORMAT: no message; *what then says whether to ignore it silently
 * (version other than 1, shorter than a header, NON, ACK, RST) or to answer RST with out->id (a malformed CON).
 */
BS_MUST_USE enum bs_err bs_msg_parse(const uint8_t *wire, size_t len, struct bs_msg *out, enum bs_malformed *what);

/*
 * Write msg; options: ETag, Uri-Path, Content-Format, Uri-Query, Accept, Block2, Block1, Size1. BS_ERANGE: a part is longer
 * than an option may be. BS_ESPACE. *len is set on BS_OK only.
 */
BS_MUST_USE enum bs_err bs_msg_write(const struct bs_msg *msg, uint8_t *out, size_t max, size_t *len);

/* An empty message of the given kind: code 0.00, no token, formats absent. */
void bs_msg_init(struct bs_msg *msg, enum bs_coap_type type, uint8_t code, uint16_t id);

#endif
