/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Block-wise transfer (RFC 7959) as seen by the one who sends the request: a payload that leaves in blocks (Block1), a
 * response that comes in blocks (Block2). No messages are sent here: the exchange asks what the next one holds.
 *
 * Block option: NUM << 4 | M << 3 | SZX in 0 to 3 octets; the size is 2^(SZX + 4), 16 to 1024.
 */
#ifndef BS_COAP_BLOCK_H
#define BS_COAP_BLOCK_H

#include "server/coap/exchange.h"

#define BS_BLOCK_SZX_MAX 6
#define BS_BLOCK_SIZE(szx) ((size_t)16 << (szx))

/* The largest block of at most size octets; 16 when size is less. */
uint8_t bs_block_szx(size_t size);

enum bs_block_step {
	BS_BLOCK_FINAL, /* the response is the last word */
	BS_BLOCK_NEXT, /* send the next block */
	BS_BLOCK_RESTART, /* send from the first block on */
	BS_BLOCK_BROKEN, /* the response breaks the rules */
};

struct bs_block_out {
	const uint8_t *data; /* borrowed */
	size_t len;
	size_t offset; /* of the block in flight */
	uint8_t szx;
	bool in_blocks;
	bool restarted; /* once after 4.08 or 5.03 */
	bool reduced; /* once after 4.13 */
};

/* A payload of at most size octets leaves whole, without options. */
void bs_block_out_init(struct bs_block_out *o, const uint8_t *data, size_t len, size_t size);
/* Payload, Block1 and (first block) Size1 of the message to send now. */
void bs_block_out_fill(const struct bs_block_out *o, struct bs_msg *msg);
/*
 * A response came: what to do now. o is moved on accordingly. repeated: the message was sent more than once, so that the
 * client may have taken it before. A client that keeps no answers for duplicates says 5.03 or 4.08 to a block that it has
 * already: the next block then shows whether it has. Where it has not, where no block is next, and after 5.03 to a message
 * sent once, the transfer begins anew, once.
 */
enum bs_block_step bs_block_out_answer(struct bs_block_out *o, const struct bs_msg *response, bool repeated);

struct bs_block_in {
	uint8_t *data; /* owned */
	size_t len, max;
	bool started;
	uint8_t szx;
	uint8_t etag[8];
	size_t etag_len;
};

void bs_block_in_clear(struct bs_block_in *in);
/*
 * Add the payload of a response with Block2. BS_BLOCK_NEXT: ask for the block that bs_block_in_fill names. An error:
 * BS_EFORMAT (number, length, size or ETag do not go on from what came before), BS_ELIMIT, BS_ENOMEM.
 */
BS_MUST_USE enum bs_err bs_block_in_add(
	struct bs_block_in *in, const struct bs_msg *response, enum bs_block_step *step);
void bs_block_in_fill(const struct bs_block_in *in, struct bs_msg *msg);

#endif
