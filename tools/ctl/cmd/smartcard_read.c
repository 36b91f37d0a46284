/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ctl/cmd/smartcard.h"

#include <stdlib.h>
#include <string.h>

#include "server/base/secret.h"
#include "server/content/card.h"
#include "tools/ctl/cmd/offline.h"
#include "tools/ctl/file.h"
#include "tools/ctl/show.h"

/* A file as it was read: its objects, each with its instances. */
struct card {
	uint8_t *data;
	size_t len;
	struct bs_card_object objects[BS_CARD_OBJECTS_MAX];
	struct bs_tree *trees[BS_CARD_OBJECTS_MAX];
	size_t count;
};

/* ---- the file ---------------------------------------------------------------------------------------------------- */

static void
clear_card(struct card *c)
{
	for (size_t i = 0; i < c->count; i++)
		bs_tree_free(c->trees[i]);
	if (c->data != NULL)
		bs_wipe(c->data, BS_CARD_MAX);
	free(c->data);
}

static enum bs_err
decode_card(struct card *c, const char *file, struct bs_diag *diag)
{
	enum bs_err err = bs_card_find(c->data, c->len, c->objects, &c->count);

	if (err != BS_OK)
		return bs_diag_set(diag, err, 0, "%s: no content of EF(LwM2M_Bootstrap): %s", file, bs_strerror(err));
	for (size_t i = 0; i < c->count; i++) {
		const struct bs_card_object *o = &c->objects[i];
		const struct bs_path target = { .level = BS_LEVEL_OBJECT, .oid = o->oid };

		err = bs_decode(BS_CF_TLV, &target, c->data + o->offset, o->len, NULL, &c->trees[i]);
		if (err != BS_OK)
			return bs_diag_set(diag, err, 0, "%s: object %u: %s", file, o->oid, bs_strerror(err));
	}
	return BS_OK;
}

static enum bs_err
load_card(struct card *c, const char *file, struct bs_diag *diag)
{
	enum bs_err err;

	c->data = malloc(BS_CARD_MAX);
	if (c->data == NULL)
		return bs_diag_set(diag, BS_ENOMEM, 0, "out of memory");
	err = bs_file_read(file, c->data, BS_CARD_MAX, &c->len, diag);
	return err == BS_OK ? decode_card(c, file, diag) : err;
}

/* ---- in words ---------------------------------------------------------------------------------------------------- */

static void
print_card(const struct bs_ctl *ctl, const struct card *c)
{
	for (size_t i = 0; i < c->count; i++) {
		const struct bs_card_object *o = &c->objects[i];

		if (o->major != 0)
			printf("object %u, version %u.%u, %zu octets\n", o->oid, o->major, o->minor, o->len);
		else
			printf("object %u, %zu octets\n", o->oid, o->len);
		for (size_t k = 0; k < c->trees[i]->count; k++) {
			printf("      /%u/%u\n", o->oid, c->trees[i]->instances[k].iid);
			bs_show_entries(ctl, &c->trees[i]->instances[k], 0, c->trees[i]->instances[k].count);
		}
	}
}

static void
print_card_json(const struct bs_ctl *ctl, const struct card *c)
{
	json_t *list = json_array();

	for (size_t i = 0; i < c->count; i++) {
		for (size_t k = 0; k < c->trees[i]->count; k++) {
			const struct bs_instance *in = &c->trees[i]->instances[k];

			json_array_append_new(list, json_pack("{s:i, s:i, s:o}", "object", in->oid, "instance", in->iid,
							    "resources", bs_show_entries_json(ctl, in, 0, in->count)));
		}
	}
	bs_ctl_print_json(json_pack("{s:o}", "instances", list));
}

/* ---- against the store ------------------------------------------------------------------------------------------- */

/* The entries of one resource, as many as there are behind each other. */
struct resource {
	const struct bs_entry *entries;
	size_t count;
};

static struct resource
find_resource(const struct bs_instance *in, uint16_t rid)
{
	struct resource r = { 0 };

	for (size_t i = 0; i < in->count; i++) {
		if (in->entries[i].rid != rid)
			continue;
		if (r.count == 0)
			r.entries = &in->entries[i];
		r.count++;
	}
	return r;
}

static bool
is_same_value(const struct bs_value *a, const struct bs_value *b)
{
	switch (a->type) {
	case BS_TYPE_STRING:
	case BS_TYPE_OPAQUE:
	case BS_TYPE_CORELNK:
		return a->bytes.len == b->bytes.len &&
		       (a->bytes.len == 0 || memcmp(a->bytes.data, b->bytes.data, a->bytes.len) == 0);
	case BS_TYPE_BOOLEAN:
		return a->boolean == b->boolean;
	case BS_TYPE_FLOAT:
		return a->real == b->real;
	case BS_TYPE_OBJLNK:
		return a->link.oid == b->link.oid && a->link.iid == b->link.iid;
	default:
		return a->integer == b->integer;
	}
}

static bool
is_same_resource(const struct resource *a, const struct resource *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		const struct bs_entry *x = &a->entries[i], *y = &b->entries[i];

		if (x->multiple != y->multiple || (x->multiple && x->riid != y->riid) ||
			x->value.type != y->value.type || !is_same_value(&x->value, &y->value))
			return false;
	}
	return true;
}

/* What both have and differs, and what card alone has (other false) or store alone has (true). Returns how many. */
static unsigned
compare_resources(const struct bs_instance *in, const struct bs_instance *other, const char *where, bool both)
{
	unsigned differences = 0;

	for (size_t i = 0; i < in->count; i++) {
		uint16_t rid = in->entries[i].rid;
		struct resource mine = find_resource(in, rid), theirs = find_resource(other, rid);

		if (mine.entries != &in->entries[i])
			continue; /* a further instance of it */
		if (theirs.count == 0)
			printf("/%u/%u/%u is only %s\n", in->oid, in->iid, rid, where);
		else if (both && !is_same_resource(&mine, &theirs))
			printf("/%u/%u/%u differs\n", in->oid, in->iid, rid);
		else
			continue;
		differences++;
	}
	return differences;
}

static const struct bs_instance *
find_on_card(const struct card *c, uint16_t oid, uint16_t iid)
{
	for (size_t i = 0; i < c->count; i++)
		for (size_t k = 0; k < c->trees[i]->count; k++)
			if (c->trees[i]->instances[k].oid == oid && c->trees[i]->instances[k].iid == iid)
				return &c->trees[i]->instances[k];
	return NULL;
}

static const struct bs_instance *
find_in_plan(const struct bs_plan *p, uint16_t oid, uint16_t iid)
{
	for (size_t i = 0; i < p->instance_count; i++)
		if (p->instances[i].oid == oid && p->instances[i].iid == iid)
			return &p->instances[i];
	return NULL;
}

static unsigned
compare_instances(const struct card *c, const struct bs_plan *plan)
{
	unsigned differences = 0;

	for (size_t i = 0; i < plan->instance_count; i++) {
		const struct bs_instance *in = &plan->instances[i], *other = find_on_card(c, in->oid, in->iid);

		if (other == NULL) {
			printf("/%u/%u is only in the store\n", in->oid, in->iid);
			differences++;
			continue;
		}
		differences += compare_resources(in, other, "in the store", true);
		differences += compare_resources(other, in, "on the card", false);
	}
	for (size_t i = 0; i < c->count; i++) {
		for (size_t k = 0; k < c->trees[i]->count; k++) {
			const struct bs_instance *in = &c->trees[i]->instances[k];

			if (find_in_plan(plan, in->oid, in->iid) != NULL)
				continue;
			printf("/%u/%u is only on the card\n", in->oid, in->iid);
			differences++;
		}
	}
	return differences;
}

static int
compare(struct bs_ctl *ctl, const struct card *c, const char *endpoint, enum bs_lwm2m version)
{
	struct bs_device_info device = { 0 };
	struct bs_account *account = NULL;
	struct bs_plan *plan = NULL;
	struct bs_diag diag = { 0 };
	enum bs_exit status = bs_ctl_find_device(ctl, endpoint, &device);
	enum bs_err err;
	unsigned differences;

	if (status != BS_EXIT_DONE)
		return (int)status;
	err = bs_offline_plan(ctl->store, &device, version, -1, &account, &plan, &diag);
	if (err != BS_OK)
		return bs_ctl_fail(err, &diag);
	differences = compare_instances(c, plan);
	bs_plan_free(plan);
	bs_account_free(account);
	if (differences == 0)
		printf("the card holds what the store has for %s\n", endpoint);
	return differences == 0 ? bs_ctl_flush() : BS_EXIT_FAILED;
}

/* The file is the operator's own: read before the tool becomes the owner of the store. */
int
bs_smartcard_read(struct bs_ctl *ctl, const char *file, const char *endpoint, const char *version_text)
{
	struct card c = { 0 };
	struct bs_diag diag = { 0 };
	enum bs_lwm2m version;
	enum bs_exit status = bs_ctl_read_version(version_text, &version);

	if (status != BS_EXIT_DONE)
		return (int)status;
	if (load_card(&c, file, &diag) != BS_OK)
		status = (enum bs_exit)bs_ctl_fail(diag.err, &diag);
	else
		status = bs_ctl_open(ctl);
	if (status == BS_EXIT_DONE && endpoint != NULL)
		status = (enum bs_exit)compare(ctl, &c, endpoint, version);
	else if (status == BS_EXIT_DONE && ctl->json)
		print_card_json(ctl, &c);
	else if (status == BS_EXIT_DONE)
		print_card(ctl, &c);
	clear_card(&c);
	return status == BS_EXIT_DONE ? bs_ctl_flush() : (int)status;
}
