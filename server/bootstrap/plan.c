/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Account -> instances -> operations. Everything is counted first and then built into arrays of that size: entries and
 * instances point into them, so they must not move, and there is one place to wipe.
 */
#include "server/bootstrap/plan.h"

#include <stdlib.h>
#include <string.h>

#define LIFETIME_DEFAULT_S 86400

struct bs_plan_arena {
	struct bs_entry *entries;
	size_t entry_count, entry_max;
	uint8_t *octets; /* what is not in the account as such: decoded settings, SMS parameters and keys */
	size_t octet_len, octet_max;
};

struct builder {
	const struct bs_account *account;
	const struct bs_client_view *view;
	int64_t now_s;
	struct bs_plan *plan;
	struct bs_plan_arena *arena;
	struct bs_instance *inst; /* the one being filled */
	struct bs_entry *inst_entries; /* its entries, writable */
	size_t instance_max;
	struct bs_diag *diag;
	enum bs_err err;
};

/* ---- storage -------------------------------------------------------------------------------------------------- */

struct sizes {
	size_t entries, octets, instances;
};

static void
count_settings(struct sizes *s, const struct bs_setting *settings, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		s->entries++;
		s->octets += strlen(settings[i].text);
	}
}

/* Upper bounds; what is left out in the end costs a few octets for the length of a run. */
static struct sizes
count_account(const struct bs_account *a)
{
	struct sizes s = { 0 };

	for (size_t i = 0; i < a->grant_count; i++) {
		const struct bs_grant *g = &a->grants[i];

		s.instances += 3; /* /0, /1, derived /2 */
		s.entries += 11 + 4 + 4; /* /0: 0 to 10; /1: 0, 1, 6, 7; /2: 0 to 3 */
		s.octets += 7 + g->sms.kic_key.len + g->sms.kid_key.len;
		count_settings(&s, g->settings, g->setting_count);
	}
	s.instances += a->acl_count + a->write_count;
	for (size_t i = 0; i < a->acl_count; i++)
		s.entries += 3 + a->acls[i].count;
	count_settings(&s, a->writes, a->write_count);
	return s;
}

static struct bs_plan *
allocate(const struct sizes *s)
{
	struct bs_plan *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->arena = calloc(1, sizeof(*p->arena));
	p->instances = calloc(s->instances + 1, sizeof(*p->instances));
	p->ops = calloc(4 + s->instances + 1, sizeof(*p->ops)); /* Deletes, Writes, Finish */
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

static void
begin_instance(struct builder *b, uint16_t oid, uint16_t iid)
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
static void
end_instance(struct builder *b)
{
	if (b->err == BS_OK && b->inst->count == 0)
		b->plan->instance_count--;
}

/* Into its place by resource ID and resource instance ID; one that is there already is replaced. */
static void
put_entry(struct builder *b, const struct bs_entry *e)
{
	size_t at = 0;

	if (b->err != BS_OK)
		return;
	while (at < b->inst->count && (b->inst_entries[at].rid < e->rid || (b->inst_entries[at].rid == e->rid &&
										   b->inst_entries[at].riid < e->riid)))
		at++;
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
put_value(struct builder *b, uint16_t rid, struct bs_value value)
{
	put_entry(b, &(struct bs_entry){ .rid = rid, .value = value });
}

static void
put_integer(struct builder *b, uint16_t rid, int64_t n)
{
	put_value(b, rid, (struct bs_value){ .type = BS_TYPE_INTEGER, .integer = n });
}

static void
put_boolean(struct builder *b, uint16_t rid, bool value)
{
	put_value(b, rid, (struct bs_value){ .type = BS_TYPE_BOOLEAN, .boolean = value });
}

static void
put_string(struct builder *b, uint16_t rid, const char *text)
{
	put_value(b, rid, bs_value_bytes(BS_TYPE_STRING, text, strlen(text)));
}

static void
put_octets(struct builder *b, uint16_t rid, const void *data, size_t len)
{
	put_value(b, rid, bs_value_bytes(BS_TYPE_OPAQUE, data, len));
}

/* Room in the arena for octets that the account does not hold as such. */
static uint8_t *
reserve(struct builder *b, size_t len)
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

/* The value is not named: it may be a key. */
static void
setting_failed(struct builder *b, const struct bs_setting *s, enum bs_err err)
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
fit_binding(struct builder *b, struct bs_value *v)
{
	enum bs_lwm2m version = b->plan->version;
	const char *known = version >= BS_LWM2M_1_2 ? "UTSNMH" : version == BS_LWM2M_1_1 ? "UTSN" : "UQS";
	uint8_t *text = b->arena->octets + b->arena->octet_len; /* where the value was parsed to */
	size_t len = 0;

	for (size_t i = 0; i < v->bytes.len; i++)
		if (strchr(known, text[i]) != NULL)
			text[len++] = text[i];
	*v = len > 0 ? bs_value_bytes(BS_TYPE_STRING, text, len) : bs_value_bytes(BS_TYPE_STRING, "U", 1);
}

static void
put_setting(struct builder *b, const struct bs_setting *s)
{
	const struct bs_resource_def *def = bs_resource_find(s->oid, s->rid);
	struct bs_entry e = { .rid = s->rid, .riid = s->multiple ? s->riid : 0, .multiple = s->multiple };
	enum bs_err err;

	if (b->err != BS_OK || (def != NULL && def->since > b->plan->version) ||
		is_for_bootstrap_server(s->oid, s->rid))
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
		put_entry(b, &e);
}

static void
put_settings(struct builder *b, const struct bs_grant *g, uint16_t oid)
{
	for (size_t i = 0; i < g->setting_count; i++) {
		if (g->settings[i].oid == oid && !is_for_bootstrap_server(oid, g->settings[i].rid))
			put_setting(b, &g->settings[i]);
	}
}

/* ---- Object 0 ------------------------------------------------------------------------------------------------- */

/* Which of the resources 3, 4, 5 a security mode uses (LwM2M Core 1.1, E.1); with EST the device makes its key pair. */
static const struct {
	bool public_or_identity, server_key, secret_key;
} uses[] = {
	[BS_MODE_PSK] = { true, false, true },
	[BS_MODE_RPK] = { true, true, true },
	[BS_MODE_X509] = { true, true, true },
	[BS_MODE_NOSEC] = { false, false, false },
	[BS_MODE_EST] = { false, true, false },
};

static void
put_key(struct builder *b, uint16_t rid, bool used, const void *data, size_t len)
{
	if (used)
		put_octets(b, rid, data, len);
	else if (!b->account->profile.omit_unused_keys)
		put_octets(b, rid, NULL, 0);
}

static void
put_keys(struct builder *b, const struct bs_grant *g)
{
	/* A device that made its key pair itself keeps the key: an empty resource 5 would take it away. */
	bool own_key = g->secret_key.len == 0 && (g->mode == BS_MODE_RPK || g->mode == BS_MODE_X509);

	put_key(b, 3, uses[g->mode].public_or_identity, g->public_or_identity.data, g->public_or_identity.len);
	put_key(b, 4, uses[g->mode].server_key, g->server_key.data, g->server_key.len);
	if (!own_key)
		put_key(b, 5, uses[g->mode].secret_key, g->secret_key.data, g->secret_key.len);
}

enum { SMS_DTLS_PSK = 1, SMS_SECURED_PACKET = 2, SMS_NOSEC = 3 };

/* KIc, KID, SPI, TAR: with the first octet of SPI alone that makes the 6 octets of the object model, with both 7. */
static void
put_sms_parameters(struct builder *b, const struct bs_sms *sms)
{
	size_t len = b->account->profile.sms_parameters_len;
	uint8_t *p;

	if (len == 6 && sms->spi2 != 0) {
		b->err = bs_diag_set(b->diag, BS_ERANGE, 0,
			"SMS parameters of 6 octets have no room for the second octet of SPI (0x%02x): set it to 0, or "
			"have "
			"the profile send 7 octets",
			sms->spi2);
		return;
	}
	p = reserve(b, len == 7 ? 7 : 6);
	if (p == NULL)
		return;
	put_octets(b, 7, p, len == 7 ? 7 : 6);
	*p++ = sms->kic;
	*p++ = sms->kid;
	*p++ = sms->spi1;
	if (len == 7)
		*p++ = sms->spi2;
	memcpy(p, sms->tar, sizeof(sms->tar));
}

static void
put_sms_keys(struct builder *b, const struct bs_sms *sms)
{
	uint8_t *p = reserve(b, sms->kic_key.len + sms->kid_key.len);

	if (p == NULL)
		return;
	put_octets(b, 8, p, sms->kic_key.len + sms->kid_key.len);
	memcpy(p, sms->kic_key.data, sms->kic_key.len);
	memcpy(p + sms->kic_key.len, sms->kid_key.data, sms->kid_key.len);
}

static void
put_sms(struct builder *b, const struct bs_grant *g)
{
	if (g->sms.mode == 0 || b->err != BS_OK)
		return;
	put_integer(b, 6, g->sms.mode);
	if (g->sms.mode == SMS_DTLS_PSK)
		put_octets(b, 8, g->sms.kic_key.data, g->sms.kic_key.len);
	if (g->sms.mode == SMS_SECURED_PACKET)
		put_sms_parameters(b, &g->sms);
	if (g->sms.mode == SMS_SECURED_PACKET && b->err == BS_OK)
		put_sms_keys(b, &g->sms);
	if (g->sms_number[0] != '\0')
		put_string(b, 9, g->sms_number);
}

static void
build_security(struct builder *b, const struct bs_grant *g, uint16_t iid)
{
	if (b->err == BS_OK && (size_t)g->mode >= sizeof(uses) / sizeof(uses[0]))
		b->err = bs_diag_set(b->diag, BS_EFORMAT, 0, "server %s: unknown security mode", g->name);
	begin_instance(b, BS_OBJ_SECURITY, iid);
	if (b->err != BS_OK)
		return;
	put_string(b, 0, g->uri);
	put_boolean(b, 1, false);
	put_integer(b, 2, g->mode);
	put_keys(b, g);
	put_sms(b, g);
	if (!g->repository)
		put_integer(b, 10, g->ssid);
	put_settings(b, g, BS_OBJ_SECURITY);
	end_instance(b);
}

/* May iid be written? An instance that the client holds without Short Server ID may be its way back here. */
static bool
is_free_security_iid(const struct bs_discovered *d, uint16_t iid)
{
	for (size_t i = 0; d != NULL && i < d->count; i++) {
		const struct bs_link *l = &d->links[i];

		if (l->oid == BS_OBJ_SECURITY && l->iid == iid && !l->has_ssid)
			return false;
	}
	return true;
}

/* Did Discover show the client's bootstrap account (or several candidates)? Then every other ID is free. */
static bool
shows_bootstrap_account(const struct bs_discovered *d)
{
	for (size_t i = 0; d != NULL && i < d->count; i++) {
		const struct bs_link *l = &d->links[i];

		if (l->oid == BS_OBJ_SECURITY && l->iid != UINT16_MAX && !l->has_ssid)
			return true;
	}
	return false;
}

static void
build_all_security(struct builder *b)
{
	const struct bs_discovered *d = b->view->discovered;
	uint32_t iid = shows_bootstrap_account(d) ? 0 : b->account->profile.security_iid;

	for (size_t i = 0; i < b->account->grant_count && b->err == BS_OK; i++, iid++) {
		while (iid < UINT16_MAX && !is_free_security_iid(d, (uint16_t)iid))
			iid++;
		if (iid >= UINT16_MAX)
			b->err = bs_diag_set(b->diag, BS_ERANGE, 0, "no instance ID of object 0 is left");
		build_security(b, &b->account->grants[i], (uint16_t)iid);
	}
}

/* ---- Object 1 ------------------------------------------------------------------------------------------------- */

static void
build_all_servers(struct builder *b)
{
	uint16_t iid = 0;

	for (size_t i = 0; i < b->account->grant_count; i++) {
		const struct bs_grant *g = &b->account->grants[i];

		if (g->repository)
			continue;
		begin_instance(b, BS_OBJ_SERVER, iid++);
		put_integer(b, 0, g->ssid);
		put_integer(b, 1, LIFETIME_DEFAULT_S);
		put_boolean(b, 6, true);
		put_string(b, 7, "U");
		put_settings(b, g, BS_OBJ_SERVER);
		end_instance(b);
	}
}

/* ---- Object 2 ------------------------------------------------------------------------------------------------- */

enum { RIGHT_READ = 1, RIGHT_WRITE = 2, RIGHT_EXECUTE = 4, RIGHT_DELETE = 8 };

static void
build_acl(struct builder *b, uint16_t iid, const struct bs_acl *acl)
{
	begin_instance(b, BS_OBJ_ACCESS_CONTROL, iid);
	put_integer(b, 0, acl->oid);
	put_integer(b, 1, acl->iid);
	for (size_t i = 0; i < acl->count; i++) {
		struct bs_value rights = { .type = BS_TYPE_INTEGER, .integer = acl->entries[i].rights };

		put_entry(b, &(struct bs_entry){
				     .rid = 2, .riid = acl->entries[i].ssid, .multiple = true, .value = rights });
	}
	put_integer(b, 3, acl->owner);
	end_instance(b);
}

static size_t
count_servers(const struct bs_account *a)
{
	size_t n = 0;

	for (size_t i = 0; i < a->grant_count; i++)
		n += !a->grants[i].repository;
	return n;
}

/*
 * Each server owns its own /1 instance, with every right but Create, and no other server has any. An owner without an
 * entry would have the same rights by rule; the entry says so to clients that look at the list alone. With one server
 * there is no access control: that server may do everything (LwM2M Core 1.1, chapter 8).
 */
static void
build_derived_acls(struct builder *b)
{
	uint16_t iid = 0;

	if (count_servers(b->account) < 2)
		return;
	for (size_t i = 0; i < b->account->grant_count; i++) {
		const struct bs_grant *g = &b->account->grants[i];
		struct bs_acl acl = { .oid = BS_OBJ_SERVER, .iid = iid, .owner = g->ssid, .count = 1 };

		if (g->repository)
			continue;
		acl.entries[0].ssid = g->ssid;
		acl.entries[0].rights = RIGHT_READ | RIGHT_WRITE | RIGHT_EXECUTE | RIGHT_DELETE;
		build_acl(b, iid++, &acl);
	}
}

static void
build_access_control(struct builder *b)
{
	const struct bs_discovered *d = b->view->discovered;
	size_t before = b->plan->instance_count;

	if (b->account->profile.access_control == BS_AC_DERIVED)
		build_derived_acls(b);
	else if (b->account->profile.access_control == BS_AC_EXPLICIT)
		for (size_t i = 0; i < b->account->acl_count; i++)
			build_acl(b, (uint16_t)i, &b->account->acls[i]);
	/* An empty result says nothing of what the client supports. */
	if (d != NULL && d->count > 0 && !bs_discovered_has_object(d, BS_OBJ_ACCESS_CONTROL) &&
		b->plan->instance_count > before) {
		b->plan->instance_count = before;
		b->plan->left_out_access_control = true;
	}
}

/* ---- extra writes --------------------------------------------------------------------------------------------- */

/* Settings that follow each other and name the same instance make one Write. */
static void
build_writes(struct builder *b, bool oscore)
{
	const struct bs_account *a = b->account;

	for (size_t i = 0, n; i < a->write_count; i += n) {
		const struct bs_setting *s = &a->writes[i];

		for (n = 1; i + n < a->write_count && s[n].oid == s->oid && s[n].iid == s->iid; n++)
			;
		if ((s->oid == BS_OBJ_OSCORE) != oscore)
			continue;
		begin_instance(b, s->oid, s->iid);
		for (size_t k = 0; k < n; k++)
			put_setting(b, &s[k]);
		end_instance(b);
	}
}

/* ---- operations ----------------------------------------------------------------------------------------------- */

static void
add_op(struct bs_plan *p, const struct bs_op *op)
{
	p->ops[p->op_count++] = *op;
}

static bool
writes_object(const struct bs_plan *p, uint16_t oid)
{
	for (size_t i = 0; i < p->instance_count; i++) {
		if (p->instances[i].oid == oid)
			return true;
	}
	return false;
}

static void
add_delete(struct bs_plan *p, enum bs_level level, uint16_t oid)
{
	add_op(p, &(struct bs_op){ .kind = BS_OP_DELETE, .target = { .level = level, .oid = oid } });
}

static void
add_deletes(struct bs_plan *p, enum bs_delete_policy policy)
{
	if (policy == BS_DELETE_ROOT)
		add_delete(p, BS_LEVEL_ROOT, 0);
	if (policy != BS_DELETE_OBJECTS)
		return;
	add_delete(p, BS_LEVEL_OBJECT, BS_OBJ_SECURITY);
	add_delete(p, BS_LEVEL_OBJECT, BS_OBJ_SERVER);
	if (writes_object(p, BS_OBJ_ACCESS_CONTROL))
		add_delete(p, BS_LEVEL_OBJECT, BS_OBJ_ACCESS_CONTROL);
	if (writes_object(p, BS_OBJ_OSCORE))
		add_delete(p, BS_LEVEL_OBJECT, BS_OBJ_OSCORE);
}

static void
add_writes(struct bs_plan *p, enum bs_level level)
{
	for (size_t i = 0, n; i < p->instance_count; i += n) {
		const struct bs_instance *inst = &p->instances[i];
		struct bs_op op = { .kind = BS_OP_WRITE, .mandatory = true, .first = i };

		n = 1;
		if (level == BS_LEVEL_OBJECT)
			while (i + n < p->instance_count && inst[n].oid == inst->oid)
				n++;
		op.count = n;
		op.target.level = level == BS_LEVEL_OBJECT ? level : BS_LEVEL_INSTANCE;
		op.target.oid = inst->oid;
		op.target.iid = level == BS_LEVEL_OBJECT ? 0 : inst->iid;
		add_op(p, &op);
	}
}

/* ---- the whole ------------------------------------------------------------------------------------------------ */

/* A client that sends pct knows LwM2M 1.1 whatever its Discover says: some are known to say 1.0 there all the same. */
static enum bs_lwm2m
choose_version(const struct bs_client_view *view, const struct bs_profile *profile)
{
	enum bs_lwm2m implied = BS_LWM2M_UNKNOWN;

	if (view->pct >= 0)
		implied = view->pct == BS_CF_LWM2M_CBOR ? BS_LWM2M_1_2 : BS_LWM2M_1_1;
	if (view->version > implied)
		return view->version;
	if (implied != BS_LWM2M_UNKNOWN)
		return implied;
	return profile->unknown_version;
}

static const struct bs_format *
choose_format(const struct bs_client_view *view, const struct bs_profile *profile, struct bs_diag *diag)
{
	int32_t number = profile->format != 0 ? profile->format : view->pct >= 0 ? view->pct : BS_CF_TLV;
	const struct bs_format *f = number <= UINT16_MAX ? bs_format_find((uint16_t)number) : NULL;

	if (f == NULL)
		bs_diag_set(
			diag, BS_EUNSUPPORTED, 0, "Content-Format %d cannot be written by this server", (int)number);
	return f;
}

enum bs_err
bs_plan_build(const struct bs_account *account, const struct bs_client_view *view, int64_t now_s, struct bs_plan **out,
	struct bs_diag *diag)
{
	const struct bs_format *format = choose_format(view, &account->profile, diag);
	struct sizes sizes = count_account(account);
	struct builder b = {
		.account = account, .view = view, .now_s = now_s, .instance_max = sizes.instances, .diag = diag
	};

	*out = NULL;
	if (format == NULL)
		return BS_EUNSUPPORTED;
	b.plan = allocate(&sizes);
	if (b.plan == NULL)
		return bs_diag_set(diag, BS_ENOMEM, 0, "out of memory");
	b.arena = b.plan->arena;
	b.plan->format = format;
	b.plan->version = choose_version(view, &account->profile);

	build_writes(&b, true);
	build_all_security(&b);
	build_all_servers(&b);
	build_access_control(&b);
	build_writes(&b, false);
	add_deletes(b.plan, account->profile.delete_policy);
	add_writes(b.plan, account->profile.write_level);
	add_op(b.plan, &(struct bs_op){ .kind = BS_OP_FINISH, .mandatory = true });

	if (b.err == BS_OK) {
		*out = b.plan;
		b.plan = NULL;
	}
	bs_plan_free(b.plan);
	return b.err;
}

enum bs_err
bs_plan_encode(const struct bs_plan *plan, const struct bs_op *op, uint8_t *out, size_t max, size_t *len)
{
	struct bs_wr w = bs_wr_init(out, max);

	if (op->kind != BS_OP_WRITE)
		return BS_ESTATE;
	plan->format->encode(&w, &op->target, plan->instances + op->first, op->count);
	return bs_wr_done(&w, len);
}
