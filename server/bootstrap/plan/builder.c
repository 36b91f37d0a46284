/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Storage of a plan. Everything is counted first and then built into arrays of that size: entries and instances point into
 * them, so they must not move, and there is one place to wipe.
 */
#include "server/bootstrap/plan/builder.h"

#include <stdlib.h>
#include <string.h>

/* ---- storage -------------------------------------------------------------------------------------------------- */

static void
count_settings(struct bs_plan_sizes *s, const struct bs_setting *settings, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		s->entries++;
		s->octets += strlen(settings[i].text);
	}
}

/* What is left out in the end costs a few octets for the length of a run. */
struct bs_plan_sizes
bs_plan_count(const struct bs_account *a, const struct bs_existing *existing)
{
	struct bs_plan_sizes s = { 0 };

	for (size_t i = 0; i < a->grant_count; i++) {
		const struct bs_grant *g = &a->grants[i];

		s.instances += 3; /* /0, /1, derived /2 */
		s.entries += 11 + 4 + 4; /* /0: 0 to 10; /1: 0, 1, 6, 7; /2: 0 to 3 */
		s.octets += 7 + g->sms.kic_key.len + g->sms.kid_key.len;
		count_settings(&s, g->settings, g->setting_count);
	}
	if (a->renewal != NULL) {
		s.instances++;
		s.entries += 11;
		count_settings(&s, a->renewal->settings, a->renewal->setting_count);
	}
	s.instances += a->acl_count + a->write_count;
	for (size_t i = 0; i < a->acl_count; i++)
		s.entries += 3 + a->acls[i].count;
	count_settings(&s, a->writes, a->write_count);
	if (existing != NULL)
		bs_plan_count_existing(&s, a, existing);
	return s;
}

struct bs_plan *
bs_plan_allocate(const struct bs_plan_sizes *s)
{
	struct bs_plan *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->arena = calloc(1, sizeof(*p->arena));
	p->instances = calloc(s->instances + 1, sizeof(*p->instances));
	p->ops = calloc(4 + s->deletes + s->instances + s->entries + 1, sizeof(*p->ops)); /* Deletes, Writes, Finish */
	if (p->arena == NULL || p->instances == NULL || p->ops == NULL)
		goto fail;
	p->arena->entries = calloc(s->entries + 1, sizeof(*p->arena->entries));
	p->arena->octets = calloc(s->octets + 1, 1);
	if (p->arena->entries == NULL || p->arena->octets == NULL)
		goto fail;
	p->arena->entry_max = s->entries;
	p->arena->octet_max = s->octets;
	return p;
fail:
	bs_plan_free(p);
	return NULL;
}

void
bs_plan_free(struct bs_plan *plan)
{
	if (plan == NULL)
		return;
	if (plan->arena != NULL) {
		if (plan->arena->octets != NULL)
			bs_wipe(plan->arena->octets, plan->arena->octet_max);
		free(plan->arena->octets);
		free(plan->arena->entries);
	}
	free(plan->arena);
	free(plan->instances);
	free(plan->ops);
	free(plan);
}

/* ---- instances and entries ------------------------------------------------------------------------------------ */

void
bs_plan_begin_instance(struct bs_plan_builder *b, uint16_t oid, uint16_t iid)
{
	if (b->plan->instance_count == b->instance_max && b->err == BS_OK)
		b->err = BS_EINTERNAL;
	if (b->err != BS_OK)
		return;
	b->inst_entries = b->arena->entries + b->arena->entry_count;
	b->inst = &b->plan->instances[b->plan->instance_count++];
	*b->inst = (struct bs_instance){ .oid = oid, .iid = iid, .entries = b->inst_entries };
}

/* An instance of which nothing is left (all newer than the client) is no Write. */
void
bs_plan_end_instance(struct bs_plan_builder *b)
{
	if (b->err == BS_OK && b->inst->count == 0)
		b->plan->instance_count--;
}

/* Into its place by resource ID and resource instance ID; one that is there already is replaced. */
void
bs_plan_put_entry(struct bs_plan_builder *b, const struct bs_entry *e)
{
	size_t at;

	if (b->err != BS_OK)
		return;
	at = b->inst->count; /* most come in order */
	while (at > 0 && (b->inst_entries[at - 1].rid > e->rid ||
				 (b->inst_entries[at - 1].rid == e->rid && b->inst_entries[at - 1].riid >= e->riid)))
		at--;
	if (at == b->inst->count || b->inst_entries[at].rid != e->rid || b->inst_entries[at].riid != e->riid) {
		if (b->arena->entry_count == b->arena->entry_max) {
			b->err = BS_EINTERNAL;
			return;
		}
		memmove(&b->inst_entries[at + 1], &b->inst_entries[at], (b->inst->count - at) * sizeof(*e));
		b->inst->count++;
		b->arena->entry_count++;
	}
	b->inst_entries[at] = *e;
}

static void
put_value(struct bs_plan_builder *b, uint16_t rid, struct bs_value value)
{
	bs_plan_put_entry(b, &(struct bs_entry){ .rid = rid, .value = value });
}

void
bs_plan_put_integer(struct bs_plan_builder *b, uint16_t rid, int64_t n)
{
	put_value(b, rid, (struct bs_value){ .type = BS_TYPE_INTEGER, .integer = n });
}

void
bs_plan_put_boolean(struct bs_plan_builder *b, uint16_t rid, bool value)
{
	put_value(b, rid, (struct bs_value){ .type = BS_TYPE_BOOLEAN, .boolean = value });
}

void
bs_plan_put_string(struct bs_plan_builder *b, uint16_t rid, const char *text)
{
	put_value(b, rid, bs_value_bytes(BS_TYPE_STRING, text, strlen(text)));
}

void
bs_plan_put_octets(struct bs_plan_builder *b, uint16_t rid, const void *data, size_t len)
{
	put_value(b, rid, bs_value_bytes(BS_TYPE_OPAQUE, data, len));
}

/* Room in the arena for octets that the account does not hold as such. */
uint8_t *
bs_plan_reserve(struct bs_plan_builder *b, size_t len)
{
	uint8_t *p = b->arena->octets + b->arena->octet_len;

	if (len > b->arena->octet_max - b->arena->octet_len) {
		b->err = BS_EINTERNAL;
		return NULL;
	}
	b->arena->octet_len += len;
	return p;
}

/* ---- settings ------------------------------------------------------------------------------------------------- */

/* Resources that describe a Bootstrap-Server, while a grant is another server's. */
static bool
is_for_bootstrap_server(uint16_t oid, uint16_t rid)
{
	return oid == BS_OBJ_SECURITY && (rid == 11 || rid == 12);
}

/* "No maximum" is said by leaving /1/x/3 out: some clients refuse a zero there. */
static bool
is_absent_value(uint16_t oid, uint16_t rid, const struct bs_value *v)
{
	return oid == BS_OBJ_SERVER && rid == 3 && v->type == BS_TYPE_INTEGER && v->integer == 0;
}

/* Objects 0 and 1 are numbered as the enabler is, and a client may show another version of them than its own (ver=). */
static enum bs_lwm2m
resources_of(const struct bs_plan_builder *b, uint16_t oid)
{
	return oid <= BS_OBJ_SERVER ? b->object_versions[oid] : b->plan->version;
}

/* The value is not named: it may be a key. */
static void
setting_failed(struct bs_plan_builder *b, const struct bs_setting *s, enum bs_err err)
{
	if (b->err == BS_OK)
		b->err = bs_diag_set(b->diag, err, 0, "resource %u of object %u: the value is no %s", s->rid, s->oid,
			bs_type_name(s->type));
}

/*
 * Leave out the letters of /1/x/7 that the client's version does not know, as is done with resources: a client may refuse
 * the whole instance for one. Q is a letter of 1.0 alone, later clients tell of their queue mode in the registration.
 */
static void
fit_binding(struct bs_plan_builder *b, struct bs_value *v)
{
	enum bs_lwm2m version = b->plan->version;
	const char *known = version >= BS_LWM2M_1_2 ? "UTSNMH" : version == BS_LWM2M_1_1 ? "UTSN" : "UQS";
	uint8_t *text = b->arena->octets +
			b->arena->octet_len; /* where the value was parsed to, or there is room for it */
	size_t len = 0;

	for (size_t i = 0; i < v->bytes.len; i++)
		if (strchr(known, v->bytes.data[i]) != NULL)
			text[len++] = v->bytes.data[i];
	*v = len > 0 ? bs_value_bytes(BS_TYPE_STRING, text, len) : bs_value_bytes(BS_TYPE_STRING, "U", 1);
}

void
bs_plan_put_setting(struct bs_plan_builder *b, const struct bs_setting *s)
{
	const struct bs_resource_def *def = bs_resource_find(s->oid, s->rid);
	struct bs_entry e = { .rid = s->rid, .riid = s->multiple ? s->riid : 0, .multiple = s->multiple };
	enum bs_err err;

	if (b->err != BS_OK || (def != NULL && def->since > resources_of(b, s->oid)))
		return;
	if (def != NULL && def->executable) {
		b->err = bs_diag_set(b->diag, BS_EFORMAT, 0,
			"resource %u of object %u (%s) is executable and cannot be written", s->rid, s->oid, def->name);
		return;
	}
	err = bs_value_parse(s->type, s->text, b->now_s, b->arena->octets + b->arena->octet_len,
		b->arena->octet_max - b->arena->octet_len, &e.value);
	if (err != BS_OK) {
		setting_failed(b, s, err);
		return;
	}
	if (s->oid == BS_OBJ_SERVER && s->rid == 7 && s->type == BS_TYPE_STRING)
		fit_binding(b, &e.value);
	if (s->type == BS_TYPE_STRING || s->type == BS_TYPE_CORELNK || s->type == BS_TYPE_OPAQUE)
		b->arena->octet_len += e.value.bytes.len;
	if (def != NULL)
		b->err = bs_resource_check(s->oid, def, &e.value, b->diag);
	if (!is_absent_value(s->oid, s->rid, &e.value))
		bs_plan_put_entry(b, &e);
}

void
bs_plan_put_held(struct bs_plan_builder *b, uint16_t oid, const struct bs_entry *held)
{
	const struct bs_resource_def *def = bs_resource_find(oid, held->rid);
	struct bs_entry e = *held;

	if (b->err != BS_OK || def == NULL || def->executable || def->since > resources_of(b, oid) ||
		is_absent_value(oid, e.rid, &e.value) || bs_resource_check(oid, def, &e.value, NULL) != BS_OK)
		return;
	if (oid == BS_OBJ_SERVER && e.rid == 7) {
		if (b->arena->octet_max - b->arena->octet_len < e.value.bytes.len) {
			b->err = BS_EINTERNAL;
			return;
		}
		fit_binding(b, &e.value);
		b->arena->octet_len += held->value.bytes.len;
	}
	bs_plan_put_entry(b, &e);
}

void
bs_plan_put_settings(struct bs_plan_builder *b, const struct bs_grant *g, uint16_t oid)
{
	for (size_t i = 0; i < g->setting_count; i++) {
		if (g->settings[i].oid == oid && (g->bootstrap || !is_for_bootstrap_server(oid, g->settings[i].rid)))
			bs_plan_put_setting(b, &g->settings[i]);
	}
}
