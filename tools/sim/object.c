/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/sim/object.h"

#include <stdlib.h>
#include <string.h>

#include "server/base/secret.h"

/* A field that is absent in under matches everything. */
bool
sim_path_under(struct sim_path p, struct sim_path under)
{
	return (under.oid == SIM_NONE || p.oid == under.oid) && (under.iid == SIM_NONE || p.iid == under.iid) &&
	       (under.rid == SIM_NONE || p.rid == under.rid) && (under.riid == SIM_NONE || p.riid == under.riid);
}

static bool
same_path(struct sim_path a, struct sim_path b)
{
	return a.oid == b.oid && a.iid == b.iid && a.rid == b.rid && a.riid == b.riid;
}

static void
clear_value(struct sim_value *v)
{
	if (v->data != NULL)
		bs_wipe(v->data, v->len);
	free(v->data);
	bs_wipe(v, sizeof(*v));
}

void
sim_store_clear(struct sim_store *s)
{
	for (size_t i = 0; i < s->count; i++)
		clear_value(&s->v[i]);
	free(s->v);
	*s = (struct sim_store){ 0 };
}

/* The slot of a path, emptied, or a new one. NULL without memory. */
static struct sim_value *
slot(struct sim_store *s, struct sim_path p)
{
	for (size_t i = 0; i < s->count; i++)
		if (same_path(s->v[i].path, p)) {
			clear_value(&s->v[i]);
			return &s->v[i];
		}
	if (s->count == s->room) {
		size_t room = s->room == 0 ? 16 : s->room * 2;
		struct sim_value *v = calloc(room, sizeof(*v)); /* not realloc: numbers may be secret too */
		if (v == NULL)
			return NULL;
		if (s->count > 0) {
			memcpy(v, s->v, s->count * sizeof(*v));
			bs_wipe(s->v, s->count * sizeof(*v));
		}
		free(s->v);
		s->v = v;
		s->room = room;
	}
	return &s->v[s->count++];
}

enum bs_err
sim_store_put_number(struct sim_store *s, struct sim_path p, enum sim_kind kind, int64_t n)
{
	struct sim_value *v = slot(s, p);

	if (v == NULL)
		return BS_ENOMEM;
	*v = (struct sim_value){ .path = p, .kind = kind, .number = n };
	return BS_OK;
}

enum bs_err
sim_store_put_octets(struct sim_store *s, struct sim_path p, enum sim_kind kind, const void *data, size_t len)
{
	uint8_t *copy = calloc(1, len + 1);
	struct sim_value *v = copy != NULL ? slot(s, p) : NULL;

	if (v == NULL) {
		free(copy);
		return BS_ENOMEM;
	}
	if (len > 0)
		memcpy(copy, data, len);
	*v = (struct sim_value){ .path = p, .kind = kind, .data = copy, .len = len };
	return BS_OK;
}

enum bs_err
sim_store_put_instance(struct sim_store *s, uint16_t oid, uint16_t iid)
{
	return sim_store_put_number(s, (struct sim_path){ oid, iid, SIM_NONE, SIM_NONE }, SIM_RAW, 0);
}

enum bs_err
sim_store_put(struct sim_store *s, const struct sim_value *v)
{
	return v->data != NULL ? sim_store_put_octets(s, v->path, v->kind, v->data, v->len)
			       : sim_store_put_number(s, v->path, v->kind, v->number);
}

enum bs_err
sim_store_add(struct sim_store *to, const struct sim_store *from)
{
	enum bs_err err = BS_OK;

	for (size_t i = 0; i < from->count && err == BS_OK; i++)
		err = sim_store_put(to, &from->v[i]);
	return err;
}

enum bs_err
sim_store_copy(struct sim_store *to, const struct sim_store *from)
{
	sim_store_clear(to);
	return sim_store_add(to, from);
}

void
sim_store_remove(struct sim_store *s, struct sim_path under)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->count; i++)
		if (sim_path_under(s->v[i].path, under))
			clear_value(&s->v[i]);
		else
			s->v[kept++] = s->v[i];
	if (s->v != NULL)
		bs_wipe(s->v + kept, (s->count - kept) * sizeof(*s->v));
	s->count = kept;
}

const struct sim_value *
sim_store_get(const struct sim_store *s, struct sim_path p)
{
	for (size_t i = 0; i < s->count; i++)
		if (same_path(s->v[i].path, p))
			return &s->v[i];
	return NULL;
}

const struct sim_value *
sim_store_res(const struct sim_store *s, uint16_t oid, uint16_t iid, uint16_t rid)
{
	return sim_store_get(s, (struct sim_path){ oid, iid, rid, SIM_NONE });
}

int64_t
sim_store_number(const struct sim_store *s, uint16_t oid, uint16_t iid, uint16_t rid, int64_t absent)
{
	const struct sim_value *v = sim_store_res(s, oid, iid, rid);

	return v != NULL ? v->number : absent;
}

size_t
sim_store_len(const struct sim_store *s, uint16_t oid, uint16_t iid, uint16_t rid)
{
	const struct sim_value *v = sim_store_res(s, oid, iid, rid);

	return v != NULL ? v->len : 0;
}

bool
sim_store_has_instance(const struct sim_store *s, uint16_t oid, uint16_t iid)
{
	return sim_store_next_instance(s, oid, iid) == iid;
}

bool
sim_store_has_resource(const struct sim_store *s, uint16_t oid, uint16_t iid, uint16_t rid)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct sim_path *p = &s->v[i].path;
		if (p->oid == oid && p->iid == iid && p->rid == rid)
			return true;
	}
	return false;
}

uint16_t
sim_store_next_instance(const struct sim_store *s, uint16_t oid, uint32_t from)
{
	uint16_t best = SIM_NONE;

	for (size_t i = 0; i < s->count; i++) {
		const struct sim_path *p = &s->v[i].path;
		if (p->oid == oid && p->iid >= from && p->iid < best)
			best = p->iid;
	}
	return best;
}

uint16_t
sim_store_next_object(const struct sim_store *s, uint32_t from)
{
	uint16_t best = SIM_NONE;

	for (size_t i = 0; i < s->count; i++)
		if (s->v[i].path.oid >= from && s->v[i].path.oid < best)
			best = s->v[i].path.oid;
	return best;
}
