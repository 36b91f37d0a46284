/* SPDX-License-Identifier: Apache-2.0 */
/* The instances of a plan: Objects 0, 1 and 2 from servers and access control, others from extra writes. */
#include <string.h>

#include "server/bootstrap/plan/builder.h"

#define LIFETIME_DEFAULT_S 86400
#define FACTORY_IID 0 /* of the bootstrap account where it is the server that places it */

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
put_key(struct bs_plan_builder *b, uint16_t rid, bool used, const void *data, size_t len)
{
	if (used)
		bs_plan_put_octets(b, rid, data, len);
	else if (!b->account->profile.omit_unused_keys)
		bs_plan_put_octets(b, rid, NULL, 0);
}

static void
put_keys(struct bs_plan_builder *b, const struct bs_grant *g)
{
	/* A device that made its key pair itself keeps the key: an empty resource 5 would take it away. */
	bool own_key = g->secret_key.len == 0 && (g->mode == BS_MODE_RPK || g->mode == BS_MODE_X509);

	/* Of a bootstrap account the store may not know the certificate either. */
	if (!own_key || g->public_or_identity.len > 0 || !g->bootstrap)
		put_key(b, 3, uses[g->mode].public_or_identity, g->public_or_identity.data, g->public_or_identity.len);
	put_key(b, 4, uses[g->mode].server_key, g->server_key.data, g->server_key.len);
	if (!own_key)
		put_key(b, 5, uses[g->mode].secret_key, g->secret_key.data, g->secret_key.len);
}

enum { SMS_DTLS_PSK = 1, SMS_SECURED_PACKET = 2, SMS_NOSEC = 3 };

/* KIc, KID, SPI, TAR: with the first octet of SPI alone that makes the 6 octets of the object model, with both 7. */
static void
put_sms_parameters(struct bs_plan_builder *b, const struct bs_sms *sms)
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
	p = bs_plan_reserve(b, len == 7 ? 7 : 6);
	if (p == NULL)
		return;
	bs_plan_put_octets(b, 7, p, len == 7 ? 7 : 6);
	*p++ = sms->kic;
	*p++ = sms->kid;
	*p++ = sms->spi1;
	if (len == 7)
		*p++ = sms->spi2;
	memcpy(p, sms->tar, sizeof(sms->tar));
}

static void
put_sms_keys(struct bs_plan_builder *b, const struct bs_sms *sms)
{
	uint8_t *p = bs_plan_reserve(b, sms->kic_key.len + sms->kid_key.len);

	if (p == NULL)
		return;
	bs_plan_put_octets(b, 8, p, sms->kic_key.len + sms->kid_key.len);
	memcpy(p, sms->kic_key.data, sms->kic_key.len);
	memcpy(p + sms->kic_key.len, sms->kid_key.data, sms->kid_key.len);
}

static void
put_sms(struct bs_plan_builder *b, const struct bs_grant *g)
{
	if (g->sms.mode == 0 || b->err != BS_OK)
		return;
	bs_plan_put_integer(b, 6, g->sms.mode);
	if (g->sms.mode == SMS_DTLS_PSK)
		bs_plan_put_octets(b, 8, g->sms.kic_key.data, g->sms.kic_key.len);
	if (g->sms.mode == SMS_SECURED_PACKET)
		put_sms_parameters(b, &g->sms);
	if (g->sms.mode == SMS_SECURED_PACKET && b->err == BS_OK)
		put_sms_keys(b, &g->sms);
	if (g->sms_number[0] != '\0')
		bs_plan_put_string(b, 9, g->sms_number);
}

static void
build_security(struct bs_plan_builder *b, const struct bs_grant *g, uint16_t iid)
{
	if (b->err == BS_OK && (size_t)g->mode >= sizeof(uses) / sizeof(uses[0]))
		b->err = bs_diag_set(b->diag, BS_EFORMAT, 0, "server %s: unknown security mode", g->name);
	bs_plan_begin_instance(b, BS_OBJ_SECURITY, iid);
	if (b->err != BS_OK)
		return;
	bs_plan_put_string(b, 0, g->uri);
	bs_plan_put_boolean(b, 1, g->bootstrap);
	bs_plan_put_integer(b, 2, g->mode);
	put_keys(b, g);
	put_sms(b, g);
	if (!g->repository)
		bs_plan_put_integer(b, 10, g->ssid);
	bs_plan_put_settings(b, g, BS_OBJ_SECURITY);
	bs_plan_end_instance(b);
}

/* Is iid (65535: any) in d, an instance without Short Server ID? That may be the client's way back here. */
static bool
shows_own(const struct bs_discovered *d, uint16_t iid)
{
	for (size_t i = 0; d != NULL && i < d->count; i++) {
		const struct bs_link *l = &d->links[i];

		if (l->oid == BS_OBJ_SECURITY && l->iid != UINT16_MAX && !l->has_ssid &&
			(l->iid == iid || iid == UINT16_MAX))
			return true;
	}
	return false;
}

bool
bs_plan_is_own_account(const struct bs_client_view *v, uint16_t iid)
{
	if (v->factory)
		return iid == FACTORY_IID || iid == UINT16_MAX;
	return shows_own(v->discovered, iid) || shows_own(v->own, iid);
}

static bool
shows_other_server(const struct bs_plan_builder *b, uint16_t iid)
{
	const struct bs_discovered *d = b->view->discovered;

	for (size_t i = 0; d != NULL && i < d->count; i++) {
		const struct bs_link *l = &d->links[i];

		if (l->oid == BS_OBJ_SECURITY && l->iid == iid && l->has_ssid &&
			!bs_plan_is_operators(b->account, l->ssid))
			return true;
	}
	return false;
}

/* A bootstrap account that is not shown as such may be any instance but the operator's own servers. */
static bool
may_be_written(const struct bs_plan_builder *b, uint16_t iid)
{
	return !bs_plan_is_own_account(b->view, iid) && !(b->plan->is_blind && shows_other_server(b, iid));
}

/* The n-th account goes behind the one before; each instance that is no bootstrap account may be written over. */
static void
place_anew(struct bs_plan_builder *b, uint32_t iid)
{
	for (size_t i = 0; i < b->account->grant_count && b->err == BS_OK; i++, iid++) {
		while (iid < UINT16_MAX && !may_be_written(b, (uint16_t)iid))
			iid++;
		if (iid >= UINT16_MAX)
			b->err = bs_diag_set(b->diag, BS_ERANGE, 0, "no instance ID of object 0 is left");
		build_security(b, &b->account->grants[i], (uint16_t)iid);
	}
}

static bool
is_written(const struct bs_plan *p, uint16_t oid, uint16_t iid)
{
	for (size_t i = 0; i < p->instance_count; i++) {
		if (p->instances[i].oid == oid && p->instances[i].iid == iid)
			return true;
	}
	return false;
}

/* Not what is also shown as a bootstrap account, or as another's: some device may well show an instance twice. */
static bool
find_security_iid(const struct bs_plan_builder *b, uint16_t ssid, uint16_t *out)
{
	const struct bs_discovered *d = b->view->discovered;

	for (size_t i = 0; d != NULL && i < d->count; i++) {
		const struct bs_link *l = &d->links[i];

		if (l->oid == BS_OBJ_SECURITY && l->iid != UINT16_MAX && l->has_ssid && l->ssid == ssid &&
			!bs_plan_is_own_account(b->view, l->iid) && !is_written(b->plan, l->oid, l->iid)) {
			*out = l->iid;
			return true;
		}
	}
	return false;
}

/* An account goes where that of its server lies, or where nothing does. A repository is not to be told from others. */
static void
place_among_existing(struct bs_plan_builder *b, uint16_t from)
{
	struct bs_iids iids;

	bs_plan_taken_iids(b->view, BS_OBJ_SECURITY, &iids);
	for (size_t i = 0; i < b->account->grant_count && b->err == BS_OK; i++) {
		const struct bs_grant *g = &b->account->grants[i];
		uint16_t iid;

		if (g->repository || !find_security_iid(b, g->ssid, &iid))
			iid = bs_plan_take_iid(&iids, from);
		if (iid == UINT16_MAX)
			b->err = bs_diag_set(b->diag, BS_ERANGE, 0, "no instance ID of object 0 is left");
		build_security(b, g, iid);
	}
}

void
bs_plan_build_security(struct bs_plan_builder *b)
{
	/* Once it is known which instances are the client's bootstrap account, every other ID is free. */
	bool known = bs_plan_is_own_account(b->view, UINT16_MAX);
	uint16_t from = known ? 0 : b->account->profile.security_iid;

	b->plan->is_blind = !known && b->account->grant_count > 0;
	b->plan->blind_iid = from;
	if (b->view->existing != NULL)
		place_among_existing(b, from);
	else
		place_anew(b, from);
}

/* Overwritten in its place: a second one, or one over another account, would lose the device. */
bool
bs_plan_build_renewal(struct bs_plan_builder *b)
{
	const struct bs_discovered *d = b->view->discovered;
	uint16_t iid = FACTORY_IID;

	if (b->account->renewal == NULL)
		return false;
	b->plan->left_out_renewal = !b->view->factory && (d == NULL || !bs_discovered_bootstrap_iid(d, &iid));
	if (!b->plan->left_out_renewal)
		build_security(b, b->account->renewal, iid);
	return !b->plan->left_out_renewal;
}

/* ---- Object 1 ------------------------------------------------------------------------------------------------- */

static void
build_server(struct bs_plan_builder *b, uint16_t iid, const struct bs_grant *g, const struct bs_instance *held)
{
	bs_plan_begin_instance(b, BS_OBJ_SERVER, iid);
	bs_plan_put_integer(b, 0, g->ssid);
	bs_plan_put_integer(b, 1, LIFETIME_DEFAULT_S);
	bs_plan_put_boolean(b, 6, true);
	bs_plan_put_string(b, 7, "U");
	bs_plan_keep_server(b, held, g);
	bs_plan_put_settings(b, g, BS_OBJ_SERVER);
	bs_plan_end_instance(b);
}

void
bs_plan_build_servers(struct bs_plan_builder *b)
{
	struct bs_iids iids = { { 0 } };

	if (b->view->existing != NULL)
		bs_plan_taken_iids(b->view, BS_OBJ_SERVER, &iids);
	for (size_t i = 0; i < b->account->grant_count && b->server_count < BS_SERVERS_MAX && b->err == BS_OK; i++) {
		const struct bs_grant *g = &b->account->grants[i];
		const struct bs_instance *held;
		uint16_t iid;

		if (g->repository)
			continue;
		held = bs_plan_find_server(b->view->existing, g->ssid);
		iid = held != NULL ? held->iid : bs_plan_take_iid(&iids, 0);
		if (iid == UINT16_MAX)
			b->err = bs_diag_set(b->diag, BS_ERANGE, 0, "no instance ID of object 1 is left");
		b->server_iids[b->server_count++] = iid;
		build_server(b, iid, g, held);
	}
}

/* ---- Object 2 ------------------------------------------------------------------------------------------------- */

enum { RIGHT_READ = 1, RIGHT_WRITE = 2, RIGHT_EXECUTE = 4, RIGHT_DELETE = 8 };

static void
build_acl(struct bs_plan_builder *b, struct bs_iids *iids, const struct bs_acl *acl)
{
	const struct bs_instance *held = bs_plan_find_acl(b->view->existing, acl->oid, acl->iid);
	uint16_t iid = held != NULL ? held->iid : bs_plan_take_iid(iids, 0);

	if (iid == UINT16_MAX && b->err == BS_OK)
		b->err = bs_diag_set(b->diag, BS_ERANGE, 0, "no instance ID of object 2 is left");
	bs_plan_begin_instance(b, BS_OBJ_ACCESS_CONTROL, iid);
	bs_plan_put_integer(b, 0, acl->oid);
	bs_plan_put_integer(b, 1, acl->iid);
	bs_plan_keep_acl(b, held);
	for (size_t i = 0; i < acl->count; i++) {
		struct bs_value rights = { .type = BS_TYPE_INTEGER, .integer = acl->entries[i].rights };

		bs_plan_put_entry(
			b, &(struct bs_entry){
				   .rid = 2, .riid = acl->entries[i].ssid, .multiple = true, .value = rights });
	}
	bs_plan_put_integer(b, 3, acl->owner);
	bs_plan_end_instance(b);
}

static void
build_derived_acl(struct bs_plan_builder *b, struct bs_iids *iids, uint16_t iid, uint16_t ssid)
{
	struct bs_acl acl = { .oid = BS_OBJ_SERVER, .iid = iid, .owner = ssid, .count = 1 };

	acl.entries[0].ssid = ssid;
	acl.entries[0].rights = RIGHT_READ | RIGHT_WRITE | RIGHT_EXECUTE | RIGHT_DELETE;
	build_acl(b, iids, &acl);
}

/* A server that was alone on the client had every right without a word of it; beside another it needs that for its own. */
static void
build_foreign_acls(struct bs_plan_builder *b, struct bs_iids *iids)
{
	const struct bs_existing *e = b->view->existing;

	for (size_t i = 0; e != NULL && e->servers != NULL && i < e->servers->count; i++) {
		const struct bs_instance *server = &e->servers->instances[i];

		if (bs_plan_is_foreign(b, server) && bs_plan_find_acl(e, BS_OBJ_SERVER, server->iid) == NULL)
			build_derived_acl(b, iids, server->iid, bs_plan_held_ssid(server));
	}
}

/*
 * Each server owns its own /1 instance, with every right but Create, and no other server has any. An owner without an
 * entry would have the same rights by rule; the entry says so to clients that look at the list alone. With one server
 * there is no access control: that server may do everything (LwM2M Core 1.1, chapter 8).
 */
static void
build_derived_acls(struct bs_plan_builder *b, struct bs_iids *iids)
{
	size_t n = 0;

	if (b->server_count + bs_plan_count_foreign(b) < 2)
		return;
	for (size_t i = 0; i < b->account->grant_count; i++) {
		if (!b->account->grants[i].repository && n < b->server_count)
			build_derived_acl(b, iids, b->server_iids[n++], b->account->grants[i].ssid);
	}
	build_foreign_acls(b, iids);
}

/* The operator counts /1 instances as they are written to a client that holds none: the n-th server lies at /1/n. */
static void
build_explicit_acl(struct bs_plan_builder *b, struct bs_iids *iids, const struct bs_acl *configured)
{
	struct bs_acl acl = *configured;

	if (acl.oid == BS_OBJ_SERVER && acl.iid < b->server_count)
		acl.iid = b->server_iids[acl.iid];
	build_acl(b, iids, &acl);
}

void
bs_plan_build_access_control(struct bs_plan_builder *b)
{
	const struct bs_discovered *d = b->view->discovered;
	size_t before = b->plan->instance_count;
	struct bs_iids iids = { { 0 } };

	if (b->view->existing != NULL)
		bs_plan_taken_iids(b->view, BS_OBJ_ACCESS_CONTROL, &iids);
	if (b->account->profile.access_control == BS_AC_DERIVED)
		build_derived_acls(b, &iids);
	else if (b->account->profile.access_control == BS_AC_EXPLICIT)
		for (size_t i = 0; i < b->account->acl_count; i++)
			build_explicit_acl(b, &iids, &b->account->acls[i]);
	/* An empty result says nothing of what the client supports. */
	if (d != NULL && d->count > 0 && !bs_discovered_has_object(d, BS_OBJ_ACCESS_CONTROL) &&
		b->plan->instance_count > before) {
		b->plan->instance_count = before;
		b->plan->left_out_access_control = true;
	}
}

/* ---- extra writes --------------------------------------------------------------------------------------------- */

static bool
is_same_instance(const struct bs_setting *x, const struct bs_setting *y)
{
	return x->oid == y->oid && x->iid == y->iid;
}

static void
build_write(struct bs_plan_builder *b, const struct bs_setting *first, size_t left, bool adjacent)
{
	bs_plan_begin_instance(b, first->oid, first->iid);
	for (size_t k = 0; k < left && (!adjacent || is_same_instance(first, &first[k])); k++) {
		if (is_same_instance(first, &first[k]))
			bs_plan_put_setting(b, &first[k]);
	}
	bs_plan_end_instance(b);
}

/* In a pack an instance has one place, wherever the operator named it again. */
static bool
was_built(const struct bs_account *a, size_t i)
{
	for (size_t k = 0; k < i; k++) {
		if (is_same_instance(&a->writes[k], &a->writes[i]))
			return true;
	}
	return false;
}

static void
build_for_pack(struct bs_plan_builder *b, bool oscore)
{
	const struct bs_account *a = b->account;

	for (size_t i = 0; i < a->write_count; i++) {
		if ((a->writes[i].oid == BS_OBJ_OSCORE) == oscore && !was_built(a, i))
			build_write(b, &a->writes[i], a->write_count - i, false);
	}
}

/* Settings that follow each other and name the same instance make one Write. */
void
bs_plan_build_writes(struct bs_plan_builder *b, bool oscore)
{
	const struct bs_account *a = b->account;

	if (b->view->pack || b->view->factory) {
		build_for_pack(b, oscore);
		return;
	}
	for (size_t i = 0, n; i < a->write_count; i += n) {
		const struct bs_setting *s = &a->writes[i];

		for (n = 1; i + n < a->write_count && is_same_instance(s, &s[n]); n++)
			;
		if ((s->oid == BS_OBJ_OSCORE) == oscore)
			build_write(b, s, a->write_count - i, true);
	}
}

/* Each instance behind the last one of its object, if that was before; entries stay where they are. */
void
bs_plan_group_objects(struct bs_plan *p)
{
	for (size_t i = 1; i < p->instance_count; i++) {
		struct bs_instance one = p->instances[i];
		size_t at = i;

		while (at > 0 && p->instances[at - 1].oid != one.oid)
			at--;
		if (at == 0)
			continue; /* the first of its object */
		memmove(&p->instances[at + 1], &p->instances[at], (i - at) * sizeof(one));
		p->instances[at] = one;
	}
}
