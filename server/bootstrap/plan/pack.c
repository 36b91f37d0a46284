/* SPDX-License-Identifier: Apache-2.0 */
#include "server/bootstrap/plan/pack.h"

#include <stdlib.h>
#include <string.h>

#include "server/base/secret.h"
#include "server/bootstrap/tell.h"
#include "server/coap/block.h"

#define ETAG_LEN 4

struct bs_pack {
	uint16_t format;
	uint8_t etag[ETAG_LEN];
	size_t fetched; /* from the beginning on */
	unsigned blocks;
	size_t len;
	uint8_t data[];
};

/* ---- may it be? ----------------------------------------------------------------------------------------------- */

static bool
is_pack_format(int32_t number)
{
	return number == BS_CF_SENML_JSON || number == BS_CF_SENML_CBOR || number == BS_CF_LWM2M_CBOR;
}

static uint8_t
judge_format(const struct bs_profile *p, int32_t accept, char *why, size_t max)
{
	const struct bs_format *own = p->format != 0 ? bs_format_find(p->format) : NULL;

	if (own != NULL && !is_pack_format(p->format)) {
		bs_tell(why, max, "the profile's format is %s, which is none of a pack", own->name);
		return BS_METHOD_NOT_ALLOWED;
	}
	if (accept >= 0 && !is_pack_format(accept)) {
		bs_tell(why, max, "the device accepts Content-Format %d, which is none of a pack", (int)accept);
		return BS_NOT_ACCEPTABLE;
	}
	if (own != NULL && accept >= 0 && accept != p->format) {
		bs_tell(why, max, "the profile's format is %s, the device accepts Content-Format %d", own->name,
			(int)accept);
		return BS_NOT_ACCEPTABLE;
	}
	return BS_EMPTY;
}

static uint8_t
judge_deletes(const struct bs_profile *p, char *why, size_t max)
{
	if (p->on_existing == BS_EXISTING_MERGE)
		bs_tell(why, max, "the profile merges what the device holds, a pack replaces it");
	else if (p->delete_policy == BS_DELETE_ROOT)
		bs_tell(why, max, "the profile deletes all objects, a pack replaces those that are in it");
	else if (p->delete_policy == BS_DELETE_NONE)
		bs_tell(why, max, "the profile deletes nothing, a pack replaces all instances of its objects");
	else
		return BS_EMPTY;
	return BS_METHOD_NOT_ALLOWED;
}

/* Objects of the enabler that have one instance: the one that is written. All of Object 21 is the server's, as usual. */
static bool
may_be_replaced(uint16_t oid)
{
	static const uint16_t ids[] = { BS_OBJ_OSCORE, 3, 4, 5, 6, 7 };

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		if (ids[i] == oid)
			return true;
	}
	return false;
}

static uint8_t
judge_write(const struct bs_setting *s, const struct bs_discovered *own, char *why, size_t max)
{
	if (!may_be_replaced(s->oid))
		bs_tell(why, max, "a pack with /%u would take away all other instances of that object", s->oid);
	else if (s->oid == BS_OBJ_OSCORE && own != NULL && bs_discovered_has(own, s->oid, s->iid))
		bs_tell(why, max, "/%u/%u belongs to the device's bootstrap account", s->oid, s->iid);
	else
		return BS_EMPTY;
	return BS_METHOD_NOT_ALLOWED;
}

uint8_t
bs_pack_judge(const struct bs_account *account, const struct bs_client_view *view, char *why, size_t max)
{
	uint8_t code;

	if (!account->profile.pack) {
		bs_tell(why, max, "packs are off in the profile");
		return BS_NOT_IMPLEMENTED;
	}
	code = judge_deletes(&account->profile, why, max);
	if (code == BS_EMPTY && account->renewal != NULL) {
		bs_tell(why, max, "the bootstrap account is to be renewed, which a pack leaves alone");
		code = BS_METHOD_NOT_ALLOWED;
	}
	for (size_t i = 0; i < account->write_count && code == BS_EMPTY; i++)
		code = judge_write(&account->writes[i], view->own, why, max);
	return code == BS_EMPTY ? judge_format(&account->profile, view->pct, why, max) : code;
}

/* ---- the snapshot --------------------------------------------------------------------------------------------- */

enum bs_err
bs_pack_new(const struct bs_plan *plan, bs_random_fn *random, void *arg, struct bs_pack **out)
{
	uint8_t payload[BS_PACK_MAX]; /* may hold keys: wiped below */
	size_t len = 0;
	enum bs_err err = bs_plan_encode(plan, &plan->ops[0], payload, sizeof(payload), &len);
	struct bs_pack *p = err == BS_OK ? malloc(sizeof(*p) + len) : NULL;

	*out = p;
	if (p != NULL) {
		*p = (struct bs_pack){ .format = plan->format->number, .len = len };
		memcpy(p->data, payload, len);
		random(arg, p->etag, sizeof(p->etag));
	}
	bs_wipe(payload, err == BS_OK ? len : sizeof(payload));
	return err == BS_OK && p == NULL ? BS_ENOMEM : err;
}

void
bs_pack_free(struct bs_pack *p)
{
	if (p == NULL)
		return;
	bs_wipe(p, sizeof(*p) + p->len);
	free(p);
}

static void
count_block(struct bs_pack *p, size_t from, size_t len)
{
	if (from > p->fetched || from + len <= p->fetched)
		return;
	p->fetched = from + len;
	p->blocks++;
}

void
bs_pack_answer(struct bs_pack *p, const struct bs_block *asked, size_t max, struct bs_msg *answer)
{
	uint8_t szx = bs_block_szx(max);
	size_t from = asked->present ? (size_t)asked->num << (asked->szx + 4) : 0, len;
	bool in_blocks;

	bs_msg_init(answer, BS_ACK, BS_CONTENT, 0);
	if (from > 0 && from >= p->len) {
		answer->code = BS_BAD_REQUEST;
		return;
	}
	if (asked->present && asked->szx < szx)
		szx = asked->szx;
	len = p->len - from;
	in_blocks = asked->present || len > max;
	if (in_blocks && len > BS_BLOCK_SIZE(szx))
		len = BS_BLOCK_SIZE(szx);
	answer->content_format = p->format;
	answer->etag = (struct bs_segment){ p->etag, sizeof(p->etag) };
	if (in_blocks)
		answer->block2 = (struct bs_block){ true, from + len < p->len, szx, (uint32_t)(from >> (szx + 4)) };
	answer->payload = p->data + from;
	answer->payload_len = len;
	count_block(p, from, len);
}

bool
bs_pack_is_fetched(const struct bs_pack *p)
{
	return p->fetched == p->len;
}

struct bs_pack_progress
bs_pack_get_progress(const struct bs_pack *p)
{
	return (struct bs_pack_progress){ p->len, p->fetched, p->blocks };
}
