/* SPDX-License-Identifier: Apache-2.0 */
/* What the client holds already: where its instances lie, and what of them goes on (plan.h, struct bs_existing). */
#include <string.h>

#include "server/bootstrap/plan/builder.h"

enum { SERVER_SSID = 0, ACL_OBJECT = 0, ACL_INSTANCE = 1, ACL_ENTRIES = 2 };

/* ---- what is there -------------------------------------------------------------------------------------------- */

static bool
get_number(const struct bs_instance *inst, uint16_t rid, int64_t *out)
{
	for (size_t i = 0; i < inst->count; i++) {
		const struct bs_entry *e = &inst->entries[i];

		if (e->rid == rid && !e->multiple && e->value.type == BS_TYPE_INTEGER) {
			*out = e->value.integer;
			return true;
		}
	}
	return false;
}

static bool
has_number(const struct bs_instance *inst, uint16_t rid, int64_t wanted)
{
	int64_t n;

	return get_number(inst, rid, &n) && n == wanted;
}

uint16_t
bs_plan_held_ssid(const struct bs_instance *server)
{
	int64_t n;

	return get_number(server, SERVER_SSID, &n) && n > 0 && n < UINT16_MAX ? (uint16_t)n : 0;
}

const struct bs_instance *
bs_plan_find_server(const struct bs_existing *e, uint16_t ssid)
{
	for (size_t i = 0; e != NULL && e->servers != NULL && i < e->servers->count; i++) {
		if (has_number(&e->servers->instances[i], SERVER_SSID, ssid))
			return &e->servers->instances[i];
	}
	return NULL;
}

const struct bs_instance *
bs_plan_find_acl(const struct bs_existing *e, uint16_t oid, uint16_t iid)
{
	for (size_t i = 0; e != NULL && e->access_control != NULL && i < e->access_control->count; i++) {
		const struct bs_instance *inst = &e->access_control->instances[i];

		if (has_number(inst, ACL_OBJECT, oid) && has_number(inst, ACL_INSTANCE, iid))
			return inst;
	}
	return NULL;
}

/* ---- instance IDs --------------------------------------------------------------------------------------------- */

static void
take(struct bs_iids *iids, uint16_t iid)
{
	iids->taken[iid / 8] |= (uint8_t)(1u << iid % 8);
}

static void
take_tree(struct bs_iids *iids, const struct bs_tree *tree, uint16_t oid)
{
	for (size_t i = 0; tree != NULL && i < tree->count; i++) {
		if (tree->instances[i].oid == oid)
			take(iids, tree->instances[i].iid);
	}
}

void
bs_plan_taken_iids(const struct bs_client_view *view, uint16_t oid, struct bs_iids *out)
{
	const struct bs_discovered *d = view->discovered;

	memset(out, 0, sizeof(*out));
	take(out, UINT16_MAX); /* no instance has it */
	for (size_t i = 0; d != NULL && i < d->count; i++) {
		if (d->links[i].oid == oid)
			take(out, d->links[i].iid);
	}
	take_tree(out, view->existing->servers, oid);
	take_tree(out, view->existing->access_control, oid);
}

uint16_t
bs_plan_take_iid(struct bs_iids *iids, uint16_t from)
{
	uint32_t iid = from;

	while (iid < UINT16_MAX && (iids->taken[iid / 8] & 1u << iid % 8) != 0)
		iid++;
	take(iids, (uint16_t)iid);
	return (uint16_t)iid;
}

/* ---- what goes on --------------------------------------------------------------------------------------------- */

/* The client sets these by itself: the last alert that it met, when it was bootstrapped last. */
static bool
is_set_by_client(uint16_t rid)
{
	return rid == 11 || rid == 12;
}

static bool
is_set_by_operator(const struct bs_grant *g, uint16_t rid)
{
	for (size_t i = 0; i < g->setting_count; i++) {
		if (g->settings[i].oid == BS_OBJ_SERVER && g->settings[i].rid == rid)
			return true;
	}
	return false;
}

void
bs_plan_keep_server(struct bs_plan_builder *b, const struct bs_instance *held, const struct bs_grant *g)
{
	for (size_t i = 0; held != NULL && i < held->count; i++) {
		uint16_t rid = held->entries[i].rid;

		if (!is_set_by_client(rid) && !is_set_by_operator(g, rid))
			bs_plan_put_held(b, BS_OBJ_SERVER, &held->entries[i]);
	}
}

bool
bs_plan_is_operators(const struct bs_account *a, uint16_t ssid)
{
	for (size_t i = 0; i < a->grant_count; i++) {
		if (!a->grants[i].repository && a->grants[i].ssid == ssid)
			return true;
	}
	return false;
}

void
bs_plan_keep_acl(struct bs_plan_builder *b, const struct bs_instance *held)
{
	for (size_t i = 0; held != NULL && i < held->count; i++) {
		const struct bs_entry *e = &held->entries[i];

		if (e->rid == ACL_ENTRIES && !bs_plan_is_operators(b->account, e->riid))
			bs_plan_put_held(b, BS_OBJ_ACCESS_CONTROL, e);
	}
}

bool
bs_plan_is_foreign(const struct bs_plan_builder *b, const struct bs_instance *server)
{
	uint16_t ssid = bs_plan_held_ssid(server);

	return ssid != 0 && !bs_plan_is_operators(b->account, ssid);
}

size_t
bs_plan_count_foreign(const struct bs_plan_builder *b)
{
	const struct bs_existing *e = b->view->existing;
	size_t n = 0;

	for (size_t i = 0; e != NULL && e->servers != NULL && i < e->servers->count; i++)
		n += bs_plan_is_foreign(b, &e->servers->instances[i]);
	return n;
}

/* ---- how much ------------------------------------------------------------------------------------------------- */

static size_t
count_entries(const struct bs_tree *t)
{
	size_t n = 0;

	for (size_t i = 0; t != NULL && i < t->count; i++)
		n += t->instances[i].count;
	return n;
}

/* An instance of /1 is gone on with once; one of /2 twice where explicit entries name a server's instance in both ways. */
void
bs_plan_count_existing(struct bs_plan_sizes *s, const struct bs_account *a, const struct bs_existing *e)
{
	size_t foreign = e->servers != NULL ? e->servers->count : 0;

	s->instances += foreign; /* derived access control of theirs */
	s->entries += 4 * foreign + count_entries(e->servers) + 2 * count_entries(e->access_control);
	s->octets += a->grant_count * BS_BINDING_MAX;
}

/*
 * The longest encoding of an entry, SenML JSON with an escape for each octet, decides: what is read shall always fit a
 * Write again, beside what the operator has to say.
 */
enum { ENTRY_MAX = 48, OCTET_MAX = 6, INSTANCE_MAX = 32768 };

static size_t
encoded_max(const struct bs_entry *e)
{
	bool octets = e->value.type == BS_TYPE_STRING || e->value.type == BS_TYPE_OPAQUE ||
		      e->value.type == BS_TYPE_CORELNK;

	return ENTRY_MAX + (octets ? OCTET_MAX * e->value.bytes.len : 0);
}

bool
bs_plan_may_keep(const struct bs_tree *t)
{
	if (t->count > BS_EXISTING_INSTANCES_MAX)
		return false;
	for (size_t i = 0; i < t->count; i++) {
		size_t sum = 0;

		for (size_t k = 0; k < t->instances[i].count; k++)
			sum += encoded_max(&t->instances[i].entries[k]);
		if (sum > INSTANCE_MAX)
			return false;
	}
	return true;
}
