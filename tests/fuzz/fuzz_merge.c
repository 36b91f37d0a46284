/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a hostile device says that it holds, merged. The first octet chooses the format of this server, access control and cap,
 * then come three parts, each after its length in two octets: the answers to Discover and to the Reads of /1 and /2, the latter
 * two each after an octet for the Content-Format. Whatever it says: the plan deletes nothing, spares what may be the
 * device's bootstrap account, gives each server of the operator one instance of /1, and each of its Writes can be encoded.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "server/bootstrap/plan/plan.h"

enum { FORMAT = 3, EXPLICIT = 4, CAP = 8, RESOURCES = 16 };

static const uint16_t formats[] = { BS_CF_TLV, BS_CF_SENML_JSON, BS_CF_SENML_CBOR, BS_CF_LWM2M_CBOR };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
require(bool holds)
{
	if (!holds)
		abort();
}

struct input {
	const uint8_t *data;
	size_t len;
};

static struct input
take(struct input *in)
{
	struct input part = { in->data, 0 };
	size_t n;

	if (in->len < 2)
		return part;
	n = (size_t)in->data[0] << 8 | in->data[1];
	in->data += 2;
	in->len -= 2;
	part = (struct input){ in->data, n < in->len ? n : in->len };
	in->data += part.len;
	in->len -= part.len;
	return part;
}

static struct bs_tree *
read_tree(struct input part, uint16_t oid)
{
	struct bs_path target = { .level = BS_LEVEL_OBJECT, .oid = oid };
	struct bs_tree *tree = NULL;

	if (part.len == 0 ||
		bs_decode(formats[part.data[0] & 3], &target, part.data + 1, part.len - 1, NULL, &tree) != BS_OK)
		return NULL;
	if (!bs_plan_may_keep(tree)) {
		bs_tree_free(tree);
		return NULL;
	}
	return tree;
}

static struct bs_account *
make_account(uint8_t mode)
{
	struct bs_account *a = bs_account_new();

	require(a != NULL);
	a->profile.on_existing = BS_EXISTING_MERGE;
	a->profile.format = formats[mode & FORMAT];
	a->profile.access_control = mode & EXPLICIT ? BS_AC_EXPLICIT : BS_AC_DERIVED;
	a->profile.max_version = mode & CAP ? BS_LWM2M_1_0 : BS_LWM2M_UNKNOWN;
	a->profile.write_level = mode & RESOURCES ? BS_LEVEL_RESOURCE : BS_LEVEL_INSTANCE;
	a->grant_count = a->acl_count = 3;
	a->grants = calloc(a->grant_count, sizeof(*a->grants));
	a->acls = calloc(a->acl_count, sizeof(*a->acls));
	require(a->grants != NULL && a->acls != NULL);
	for (size_t i = 0; i < a->grant_count; i++) {
		uint16_t ssid = (uint16_t)(1 + i);

		a->grants[i].ssid = ssid;
		strcpy(a->grants[i].uri, "coaps://dm.example:5684");
		a->acls[i] = (struct bs_acl){ i < 2 ? 1 : 3, (uint16_t)i, ssid, { { ssid, 15 }, { 0, 1 } }, 2 };
	}
	return a;
}

static bool
may_be_own(const struct bs_discovered *d, uint16_t iid)
{
	for (size_t i = 0; i < d->count; i++)
		if (d->links[i].oid == 0 && d->links[i].iid == iid && !d->links[i].has_ssid)
			return true;
	return false;
}

static void
check(const struct bs_plan *p, const struct bs_discovered *d)
{
	static uint8_t payload[65536];
	unsigned servers = 0;
	size_t len;

	for (size_t i = 0; i < p->op_count; i++) {
		require(p->ops[i].kind != BS_OP_DELETE);
		if (p->ops[i].kind == BS_OP_WRITE)
			require(bs_plan_encode(p, &p->ops[i], payload, sizeof(payload), &len) == BS_OK);
	}
	for (size_t i = 0; i < p->instance_count; i++) {
		const struct bs_instance *inst = &p->instances[i];

		for (size_t k = 0; k < i; k++) /* explicit entries of /2 may meet in one */
			require(inst->oid == 2 || p->instances[k].oid != inst->oid || p->instances[k].iid != inst->iid);
		require(inst->iid != UINT16_MAX);
		require(inst->oid != 0 || !may_be_own(d, inst->iid));
		if (inst->oid == 1)
			require(inst->entries[0].rid == 0 && inst->entries[0].value.integer == (int64_t)++servers);
	}
	require(servers == 3);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct input in = { data, len };
	struct bs_discovered found;
	struct input links;
	struct bs_client_view view = { .version = BS_LWM2M_1_2, .pct = -1, .discovered = &found };
	struct bs_existing existing;
	struct bs_plan *plan = NULL;
	struct bs_account *account;
	struct bs_diag diag;
	enum bs_err err;

	if (len == 0)
		return 0;
	in.data++;
	in.len--;
	links = take(&in);
	if (bs_link_parse(links.data, links.len, &found) != BS_OK)
		return 0;
	existing.servers = read_tree(take(&in), 1);
	existing.access_control = read_tree(take(&in), 2);
	view.existing = &existing;
	account = make_account(data[0]);
	err = bs_plan_build(account, &view, 1700000000, &plan, &diag);
	require(err == BS_OK || err == BS_ERANGE);
	if (err == BS_OK)
		check(plan, &found);
	bs_plan_free(plan);
	bs_account_free(account);
	bs_tree_free((struct bs_tree *)existing.servers);
	bs_tree_free((struct bs_tree *)existing.access_control);
	return 0;
}
