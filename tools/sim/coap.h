/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CoAP messages as the simulator reads and writes them (RFC 7252 section 3), written apart from the server's own layer
 * so that a fault in one is not hidden by the same fault in the other.
 */
#ifndef SIM_COAP_H
#define SIM_COAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/base/err.h"

enum sim_type { SIM_CON, SIM_NON, SIM_ACK, SIM_RST };

#define SIM_CODE(class, detail) ((uint8_t)((class) << 5 | (detail)))
#define SIM_EMPTY 0
#define SIM_GET SIM_CODE(0, 1)
#define SIM_POST SIM_CODE(0, 2)
#define SIM_PUT SIM_CODE(0, 3)
#define SIM_DELETE SIM_CODE(0, 4)

#define SIM_TOKEN_MAX 8
#define SIM_SEGMENTS_MAX 8
#define SIM_SEGMENT_MAX 63
#define SIM_DATAGRAM_MAX 1400 /* what one message may take; larger payloads come in blocks */
#define SIM_NO_FORMAT 0x10000u

/* A Block1 or Block2 option (RFC 7959 section 2.2). */
struct sim_block {
	bool present;
	uint32_t num;
	bool more;
	uint8_t szx; /* size is 2^(szx + 4) */
};

struct sim_msg {
	enum sim_type type;
	uint8_t code;
	uint16_t mid;
	uint8_t token[SIM_TOKEN_MAX];
	size_t token_len;
	char path[SIM_SEGMENTS_MAX][SIM_SEGMENT_MAX + 1];
	size_t path_len; /* segments */
	unsigned query_count;
	uint32_t format, accept; /* SIM_NO_FORMAT: absent */
	struct sim_block block1, block2;
	uint8_t etag[8];
	size_t etag_len; /* 0: absent */
	uint16_t bad_option; /* the first critical option that this client does not know, 0: none */
	const uint8_t *payload; /* borrowed from the datagram */
	size_t payload_len;
};

/*
 * Read one datagram. BS_EFORMAT: a message format error (reset a CON, ignore the rest); type and mid are then set when
 * the header could be read. BS_EUNSUPPORTED: another version of CoAP, to be ignored.
 */
BS_MUST_USE enum bs_err sim_coap_read(const uint8_t *data, size_t len, struct sim_msg *m);

/* A writer: header first, then options in ascending order, then the payload. */
struct sim_out {
	uint8_t data[SIM_DATAGRAM_MAX];
	size_t len;
	uint16_t last_option;
	bool full; /* something did not fit: the message must not be sent */
};

void sim_coap_start(
	struct sim_out *o, enum sim_type type, uint8_t code, uint16_t mid, const uint8_t *token, size_t token_len);
void sim_coap_option(struct sim_out *o, uint16_t number, const void *value, size_t len);
/* The shortest form; zero is an option without octets. */
void sim_coap_option_uint(struct sim_out *o, uint16_t number, uint32_t value);
void sim_coap_option_block(struct sim_out *o, uint16_t number, const struct sim_block *b);
void sim_coap_payload(struct sim_out *o, const void *data, size_t len);

/* "4.06" for people. */
const char *sim_coap_code_text(uint8_t code, char out[8]);

#endif
