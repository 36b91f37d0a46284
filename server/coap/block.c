/* SPDX-License-Identifier: Apache-2.0 */
#include "server/coap/block.h"

#include <stdlib.h>
#include <string.h>

uint8_t
bs_block_szx(size_t size)
{
	uint8_t szx = 0;

	while (szx < BS_BLOCK_SZX_MAX && BS_BLOCK_SIZE(szx + 1) <= size)
		szx++;
	return szx;
}

void
bs_block_out_init(struct bs_block_out *o, const uint8_t *data, size_t len, size_t size)
{
	*o = (struct bs_block_out){ .data = data, .len = len, .szx = bs_block_szx(size) };
	o->in_blocks = len > BS_BLOCK_SIZE(o->szx);
}

static size_t
in_flight(const struct bs_block_out *o)
{
	size_t left = o->len - o->offset;

	return o->in_blocks && left > BS_BLOCK_SIZE(o->szx) ? BS_BLOCK_SIZE(o->szx) : left;
}

void
bs_block_out_fill(const struct bs_block_out *o, struct bs_msg *msg)
{
	size_t len = in_flight(o);

	msg->payload = o->data + o->offset;
	msg->payload_len = len;
	msg->block1 = (struct bs_block){ 0 };
	msg->has_size1 = o->in_blocks && o->offset == 0;
	msg->size1 = (uint32_t)o->len;
	if (!o->in_blocks)
		return;
	msg->block1 = (struct bs_block){
		.present = true,
		.more = o->offset + len < o->len,
		.szx = o->szx,
		.num = (uint32_t)(o->offset / BS_BLOCK_SIZE(o->szx)),
	};
}

/* 4.13 with a smaller size in Block1 asks for smaller blocks, also of a payload that came whole (RFC 7959, 2.9.3). */
static enum bs_block_step
answer_too_large(struct bs_block_out *o, const struct bs_block *b)
{
	size_t sent = o->in_blocks ? BS_BLOCK_SIZE(o->szx) : o->len;

	if (o->reduced || !b->present || BS_BLOCK_SIZE(b->szx) >= sent)
		return BS_BLOCK_FINAL;
	o->reduced = true;
	o->in_blocks = true;
	o->offset = 0;
	o->szx = b->szx;
	return BS_BLOCK_RESTART;
}

static enum bs_block_step
restart(struct bs_block_out *o)
{
	if (o->restarted)
		return BS_BLOCK_FINAL;
	o->restarted = true;
	o->offset = 0;
	return BS_BLOCK_RESTART;
}

/* 4.08 or 5.03 to a block that was sent before: most likely it was taken then, and the answer to it was lost. */
static enum bs_block_step
go_on(struct bs_block_out *o)
{
	o->offset += in_flight(o);
	return BS_BLOCK_NEXT;
}

/*
 * The block in flight was taken: by 2.31, or by a final code where the client handles each block by itself (RFC 7959,
 * figure 8). A smaller size counts from the next block on, whose number is that of its offset in the new size.
 */
static enum bs_block_step
answer_taken(struct bs_block_out *o, const struct bs_block *b)
{
	uint32_t num = (uint32_t)(o->offset / BS_BLOCK_SIZE(o->szx));

	if (!b->present || b->szx > BS_BLOCK_SZX_MAX || b->num != num)
		return BS_BLOCK_BROKEN;
	o->offset += in_flight(o);
	if (b->szx < o->szx)
		o->szx = b->szx;
	return BS_BLOCK_NEXT;
}

enum bs_block_step
bs_block_out_answer(struct bs_block_out *o, const struct bs_msg *response, bool repeated)
{
	bool more = o->in_blocks && o->offset + in_flight(o) < o->len;

	if (response->code == BS_TOO_LARGE)
		return answer_too_large(o, &response->block1);
	if ((response->code == BS_INCOMPLETE || response->code == BS_UNAVAILABLE) && repeated && more)
		return go_on(o);
	if (response->code == BS_UNAVAILABLE || (response->code == BS_INCOMPLETE && o->in_blocks))
		return restart(o);
	if (response->code == BS_CONTINUE && !more)
		return BS_BLOCK_BROKEN;
	if (BS_CODE_CLASS(response->code) != 2 || !more)
		return BS_BLOCK_FINAL;
	return answer_taken(o, &response->block1);
}

void
bs_block_in_clear(struct bs_block_in *in)
{
	free(in->data);
	*in = (struct bs_block_in){ 0 };
}

static enum bs_err
append(struct bs_block_in *in, const uint8_t *data, size_t len)
{
	if (len > BS_RESPONSE_MAX - in->len)
		return BS_ELIMIT;
	if (in->len + len > in->max) {
		size_t max = in->max > 0 ? in->max * 2 : 2048;
		uint8_t *grown = realloc(in->data, max);

		if (grown == NULL)
			return BS_ENOMEM;
		in->data = grown;
		in->max = max;
	}
	if (len > 0)
		memcpy(in->data + in->len, data, len);
	in->len += len;
	return BS_OK;
}

static bool
etag_goes_on(struct bs_block_in *in, const struct bs_segment *etag)
{
	if (in->started)
		return etag->len == in->etag_len && (etag->len == 0 || memcmp(etag->data, in->etag, etag->len) == 0);
	in->etag_len = etag->len;
	if (etag->len > 0)
		memcpy(in->etag, etag->data, etag->len);
	return true;
}

enum bs_err
bs_block_in_add(struct bs_block_in *in, const struct bs_msg *response, enum bs_block_step *step)
{
	const struct bs_block *b = &response->block2;
	size_t size = BS_BLOCK_SIZE(b->szx);
	enum bs_err err;

	/* The client may take smaller blocks, never larger ones than asked for. */
	if (!b->present || b->szx > BS_BLOCK_SZX_MAX || (in->started && b->szx > in->szx))
		return BS_EFORMAT;
	if (b->num * size != in->len || !etag_goes_on(in, &response->etag))
		return BS_EFORMAT;
	if (b->more ? response->payload_len != size : response->payload_len > size)
		return BS_EFORMAT;
	err = append(in, response->payload, response->payload_len);
	if (err != BS_OK)
		return err;
	in->started = true;
	in->szx = b->szx;
	*step = b->more ? BS_BLOCK_NEXT : BS_BLOCK_FINAL;
	return BS_OK;
}

void
bs_block_in_fill(const struct bs_block_in *in, struct bs_msg *msg)
{
	msg->block2 = (struct bs_block){
		.present = true, .szx = in->szx, .num = (uint32_t)(in->len / BS_BLOCK_SIZE(in->szx))
	};
}
