/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client of LwM2M 1.2 that asks for a Bootstrap-Pack first (LwM2M Core 1.2.1 section 6.1.7): GET /bspack, block by block,
 * and POST /bs after all when the server declines or the device finds the pack inconsistent.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/base/secret.h"
#include "server/base/text.h"
#include "tools/sim/client.h"

#define OPT_URI_QUERY 15
#define OPT_ACCEPT 17
#define OPT_BLOCK2 23
#define SZX_MAX 6

/* acc=</0/0>,</21/0>: the device's own account, so that the pack keeps clear of it. */
static void
put_own_account(struct sim_client *c, struct sim_out *o)
{
	int64_t link = sim_store_number(&c->device.store, 0, c->conf->bs_iid, 17, -1);
	char query[64];
	struct bs_tw w = bs_tw_init(query, sizeof(query));

	bs_tw_printf(&w, "acc=</0/%u>", c->conf->bs_iid);
	if (link >= 0)
		bs_tw_printf(&w, ",</%lld/%lld>", (long long)(link >> 16), (long long)(link & 0xffff));
	sim_coap_option(o, OPT_URI_QUERY, query, w.len);
}

static void
ask(struct sim_client *c, uint64_t now_ms)
{
	struct sim_block b = { .present = true, .num = c->pack.blocks, .szx = c->pack.szx };
	struct sim_out *o = &c->con.msg;

	sim_client_start_request(c, SIM_GET, "bspack");
	put_own_account(c, o);
	if (c->conf->pct >= 0)
		sim_coap_option_uint(o, OPT_ACCEPT, (uint32_t)c->conf->pct);
	if (b.num > 0 || b.szx < SZX_MAX) /* a device that takes any block need not say so at first */
		sim_coap_option_block(o, OPT_BLOCK2, &b);
	sim_client_say(c, "> GET /bspack, block %u", b.num);
	sim_client_send_con(c, now_ms);
}

void
sim_pack_begin(struct sim_client *c, uint64_t now_ms)
{
	sim_pack_clear(c);
	c->pack = (struct sim_pack){ .result = SIM_PACK_ASKED, .szx = c->conf->block_szx };
	c->assembly.data = calloc(1, SIM_BLOCKWISE_MAX);
	if (c->assembly.data == NULL)
		sim_client_end(c, SIM_ERROR, "out of memory");
	else
		ask(c, now_ms);
}

void
sim_pack_clear(struct sim_client *c)
{
	if (c->assembly.data != NULL)
		bs_wipe(c->assembly.data, SIM_BLOCKWISE_MAX);
	free(c->assembly.data);
	c->assembly = (struct sim_assembly){ .data = NULL };
}

static void
fall_back(struct sim_client *c, enum sim_pack_result why, uint64_t now_ms)
{
	sim_pack_clear(c);
	c->pack.result = why;
	sim_client_send_request(c, now_ms);
}

/* The block that was asked for, of the same pack as those before; a server may give smaller ones from the first on. */
static bool
check_block(struct sim_client *c, const struct sim_msg *m, struct sim_verdict *v)
{
	struct sim_pack *p = &c->pack;
	size_t size = (size_t)1 << (m->block2.szx + 4);

	if (m->format == SIM_NO_FORMAT || m->etag_len == 0)
		return sim_refuse(v, SIM_BAD_REQUEST, "a pack without Content-Format or ETag");
	if (c->conf->pct >= 0 && m->format != (uint32_t)c->conf->pct)
		return sim_refuse(v, SIM_BAD_REQUEST, "a pack in another format than accepted");
	if (p->blocks > 0 && (!m->block2.present || m->block2.szx != p->szx || m->format != c->assembly.format ||
				     m->etag_len != p->etag_len || memcmp(m->etag, p->etag, p->etag_len) != 0))
		return sim_refuse(v, SIM_BAD_REQUEST, "a block of another pack");
	if (m->block2.present && (m->block2.num != p->blocks || m->block2.szx > p->szx || m->payload_len > size ||
					 (m->block2.more && m->payload_len != size)))
		return sim_refuse(v, SIM_BAD_REQUEST, "not the block that was asked for");
	if (m->payload_len > SIM_BLOCKWISE_MAX - c->assembly.len)
		return sim_refuse(v, SIM_TOO_LARGE, "more than the device can hold");
	return true;
}

static void
keep_block(struct sim_client *c, const struct sim_msg *m)
{
	struct sim_pack *p = &c->pack;

	p->szx = m->block2.present ? m->block2.szx : p->szx;
	p->etag_len = m->etag_len;
	memcpy(p->etag, m->etag, m->etag_len);
	p->blocks++;
	c->assembly.format = m->format;
	if (m->payload_len > 0)
		memcpy(c->assembly.data + c->assembly.len, m->payload, m->payload_len);
	c->assembly.len += m->payload_len;
}

/* The whole pack is there: what holds at Finish otherwise must hold now, but nobody is told. */
static void
use_pack(struct sim_client *c, uint64_t now_ms)
{
	struct sim_verdict v = { 0 };
	struct sim_assembly *a = &c->assembly;

	if (!sim_device_take_pack(&c->device, a->format, a->data, a->len, &v) ||
		!sim_check_consistent(&c->device, &v)) {
		sim_client_say(c, "the pack is of no use: %s", v.text);
		snprintf(c->detail, sizeof(c->detail), "%s", v.text);
		if (sim_device_roll_back(&c->device) != BS_OK)
			sim_client_end(c, SIM_ERROR, "out of memory");
		else
			fall_back(c, SIM_PACK_INCONSISTENT, now_ms);
		return;
	}
	sim_client_say(
		c, "took a pack of %zu octets in %u block%s", a->len, c->pack.blocks, c->pack.blocks == 1 ? "" : "s");
	c->pack.result = SIM_PACK_TAKEN;
	sim_pack_clear(c);
	sim_client_linger(c, sim_expect_check(&c->expectation, &c->device, &v) ? SIM_DONE : SIM_WRONG_CONTENT, now_ms);
	if (c->end_as == SIM_WRONG_CONTENT)
		snprintf(c->detail, sizeof(c->detail), "%s", v.text);
}

void
sim_pack_take(struct sim_client *c, const struct sim_msg *m, uint64_t now_ms)
{
	struct sim_verdict v = { 0 };
	char code[8];

	c->pack.code = m->code;
	if (m->code != SIM_CONTENT) {
		sim_client_say(c, "< %s: no pack", sim_coap_code_text(m->code, code));
		fall_back(c, SIM_PACK_DECLINED, now_ms);
		return;
	}
	if (!check_block(c, m, &v)) {
		sim_client_end(c, SIM_WRONG_CONTENT, "%s", v.text);
		return;
	}
	keep_block(c, m);
	sim_client_say(c, "< 2.05, %zu octets", m->payload_len);
	if (m->block2.present && m->block2.more)
		ask(c, now_ms);
	else
		use_pack(c, now_ms);
}
