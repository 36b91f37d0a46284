/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of shared configuration into structs, and the account of one device. */
#include <stdlib.h>
#include <string.h>

#include "db/store_internal.h"

/* Make room for one more element of a calloc'd array that grows by doubling; NULL without memory. */
static void *
grow(void *array, size_t count, size_t size)
{
	bool full = (count & (count - 1)) == 0; /* 0 or a power of two: as many as there is room for */
	void *more;

	if (!full)
		return array;
	more = reallocarray(array, count == 0 ? 1 : 2 * count, size);
	return more;
}

void
bs_free_settings(struct bs_setting *settings, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		/* Some are keys: the Master Secret of Object 21, in an extra write. */
		if (settings[i].text != NULL)
			bs_wipe(settings[i].text, strlen(settings[i].text));
		free(settings[i].text);
	}
	free(settings);
}

static enum bs_err
read_setting(const struct bs_query *q, struct bs_setting *s)
{
	const char *text = bs_query_text(q, 6);

	s->oid = (uint16_t)bs_query_int(q, 0);
	s->iid = (uint16_t)bs_query_int(q, 1);
	s->rid = (uint16_t)bs_query_int(q, 2);
	s->riid = (uint16_t)bs_query_int(q, 3);
	s->multiple = bs_query_int(q, 4) != 0;
	s->type = (enum bs_type)bs_query_int(q, 5);
	s->text = text != NULL ? strdup(text) : NULL;
	return s->text != NULL ? BS_OK : BS_ENOMEM;
}

static enum bs_err
load_settings(struct bs_query q, int64_t id, struct bs_setting **out, size_t *count)
{
	enum bs_err err;

	bs_query_put_int(&q, id);
	while ((err = bs_query_step(&q)) == BS_OK) {
		struct bs_setting *more = grow(*out, *count, sizeof(**out));

		if (more != NULL)
			*out = more;
		err = more != NULL ? read_setting(&q, &more[*count]) : BS_ENOMEM;
		if (err != BS_OK)
			break;
		(*count)++;
	}
	bs_query_end(&q);
	return err == BS_ENOTFOUND ? BS_OK : err;
}

enum bs_err
bs_load_settings(struct bs_store *st, int64_t server_id, struct bs_setting **out, size_t *count)
{
	return load_settings(bs_store_query(st, Q_LOAD_SETTINGS), server_id, out, count);
}

enum bs_err
bs_load_writes(struct bs_store *st, int64_t profile_id, struct bs_setting **out, size_t *count)
{
	return load_settings(bs_store_query(st, Q_LOAD_WRITES), profile_id, out, count);
}

static enum bs_err
load_acl_entries(struct bs_store *st, int64_t profile_id, int64_t position, struct bs_acl *acl)
{
	struct bs_query q = bs_store_query(st, Q_LOAD_ACL_ENTRIES);
	enum bs_err err;

	bs_query_put_int(&q, profile_id);
	bs_query_put_int(&q, position);
	while ((err = bs_query_step(&q)) == BS_OK && acl->count < BS_SERVERS_MAX + 1) {
		struct bs_acl_entry *e = &acl->entries[acl->count++];

		e->ssid = (uint16_t)bs_query_int(&q, 0);
		e->rights = (uint8_t)bs_query_int(&q, 1);
	}
	bs_query_end(&q);
	return err == BS_ENOTFOUND ? BS_OK : err;
}

enum bs_err
bs_load_acls(struct bs_store *st, int64_t profile_id, struct bs_acl **out, size_t *count)
{
	struct bs_query q = bs_store_query(st, Q_LOAD_ACLS);
	enum bs_err err;

	bs_query_put_int(&q, profile_id);
	while ((err = bs_query_step(&q)) == BS_OK) {
		struct bs_acl *more = grow(*out, *count, sizeof(**out));
		struct bs_acl *acl;

		if (more == NULL) {
			err = BS_ENOMEM;
			break;
		}
		*out = more;
		acl = &more[(*count)++];
		memset(acl, 0, sizeof(*acl));
		acl->oid = (uint16_t)bs_query_int(&q, 0);
		acl->iid = (uint16_t)bs_query_int(&q, 1);
		acl->owner = (uint16_t)bs_query_int(&q, 2);
		err = load_acl_entries(st, profile_id, bs_query_int(&q, 3), acl);
		if (err != BS_OK)
			break;
	}
	bs_query_end(&q);
	return err == BS_ENOTFOUND ? BS_OK : err;
}

void
bs_read_profile(const struct bs_query *q, int first, struct bs_profile *p)
{
	int c = first;
	char text[BS_FIELD_TEXT];

	p->id = bs_query_int(q, c++);
	bs_query_copy_text(q, c++, p->name, sizeof(p->name));
	p->retry_id = bs_query_int(q, c++);
	bs_query_copy_text(q, c++, p->retry_as, sizeof(p->retry_as));
	for (size_t i = 0; i < bs_profile_field_count; i++) {
		const struct bs_field *f = &bs_profile_fields[i];

		if (f->column == NULL)
			continue;
		if (!bs_field_is_text(f)) {
			bs_field_set(f, p, bs_query_int(q, c++));
			continue;
		}
		bs_query_copy_text(q, c++, text, sizeof(text));
		bs_field_from_column(f, p, text);
	}
}

/* ---- the account of one device -------------------------------------------------------------------------------------- */

/* An account on its way out of the store, with what is shared by all that have its profile. */
struct load {
	struct bs_account *account;
	const struct bs_shared *shared;
	bool provisioned; /* the credential that it bootstraps with, too */
};

static enum bs_err
copy_settings(const struct bs_setting *from, size_t count, struct bs_setting **out, size_t *out_count)
{
	if (count == 0)
		return BS_OK;
	*out = calloc(count, sizeof(**out));
	if (*out == NULL)
		return BS_ENOMEM;
	for (size_t i = 0; i < count; i++) {
		struct bs_setting *s = &(*out)[(*out_count)++];

		*s = from[i];
		s->text = strdup(from[i].text);
		if (s->text == NULL)
			return BS_ENOMEM;
	}
	return BS_OK;
}

static enum bs_err
copy_server(const struct bs_shared_server *from, struct bs_grant *g)
{
	enum bs_err err;

	g->server_id = from->id;
	memcpy(g->name, from->name, sizeof(g->name));
	g->repository = from->repository;
	g->bootstrap = from->bootstrap;
	g->ssid = from->ssid;
	g->mode = from->mode;
	memcpy(g->uri, from->uri, sizeof(g->uri));
	memcpy(g->sms_number, from->sms_number, sizeof(g->sms_number));
	err = bs_blob_set(&g->server_key, from->server_key.data, from->server_key.len);
	return err == BS_OK ? copy_settings(from->settings, from->setting_count, &g->settings, &g->setting_count) : err;
}

/* As many as there will be: a moved secret would stay behind in freed memory, and 8 KiB each count. */
static enum bs_err
copy_servers(const struct bs_shared *from, struct bs_account *a)
{
	size_t count = 0;
	enum bs_err err = BS_OK;

	for (size_t i = 0; i < from->server_count; i++)
		count += !from->servers[i].bootstrap;
	if (count == 0)
		return BS_OK;
	a->grants = calloc(count, sizeof(*a->grants));
	if (a->grants == NULL)
		return BS_ENOMEM;
	for (size_t i = 0; i < from->server_count && err == BS_OK; i++)
		if (!from->servers[i].bootstrap)
			err = copy_server(&from->servers[i], &a->grants[a->grant_count++]);
	return err;
}

static enum bs_err
copy_acls(const struct bs_shared *from, struct bs_account *a)
{
	if (from->acl_count == 0)
		return BS_OK;
	a->acls = calloc(from->acl_count, sizeof(*a->acls));
	if (a->acls == NULL)
		return BS_ENOMEM;
	memcpy(a->acls, from->acls, from->acl_count * sizeof(*a->acls));
	a->acl_count = from->acl_count;
	return BS_OK;
}

static enum bs_err
copy_shared(const struct bs_shared *from, struct bs_account *a)
{
	enum bs_err err = copy_servers(from, a);

	a->profile = from->profile;
	if (err == BS_OK)
		err = copy_acls(from, a);
	return err == BS_OK ? copy_settings(from->writes, from->write_count, &a->writes, &a->write_count) : err;
}

/* ---- what is the device's own --------------------------------------------------------------------------------------- */

static enum bs_err
set_blob(const struct bs_query *q, int column, struct bs_blob *out)
{
	size_t len;
	const uint8_t *data = bs_query_blob(q, column, &len);

	return bs_blob_set(out, data, len);
}

static enum bs_err
open_column(const struct bs_device_reader *r, const struct bs_query *q, int column, const char *name, int64_t server_id,
	struct bs_secret *out)
{
	char where[BS_WHERE_MAX];
	size_t len;
	const uint8_t *sealed = bs_query_blob(q, column, &len);

	if (sealed == NULL)
		return BS_OK; /* there is none */
	bs_where_grant(where, r->id, server_id, name);
	return bs_seal_decrypt(r->st->seal, where, sealed, len, out);
}

/* Columns of BS_GRANT_COLUMNS. */
enum {
	G_SERVER = 1,
	G_PUBLIC,
	G_SEALED_KEY = 4,
	G_SMS_MODE = 6,
	G_SMS_KIC,
	G_SMS_KID,
	G_SMS_SPI1,
	G_SMS_SPI2,
	G_SMS_TAR,
	G_SEALED_KIC,
	G_SEALED_KID = 14
};

static enum bs_err
read_sms(const struct bs_device_reader *r, const struct bs_query *q, struct bs_grant *g)
{
	struct bs_sms *sms = &g->sms;
	size_t len;
	const uint8_t *tar = bs_query_blob(q, G_SMS_TAR, &len);
	enum bs_err err;

	if (bs_query_is_null(q, G_SMS_MODE))
		return BS_OK;
	sms->mode = (uint8_t)bs_query_int(q, G_SMS_MODE);
	sms->kic = (uint8_t)bs_query_int(q, G_SMS_KIC);
	sms->kid = (uint8_t)bs_query_int(q, G_SMS_KID);
	sms->spi1 = (uint8_t)bs_query_int(q, G_SMS_SPI1);
	sms->spi2 = (uint8_t)bs_query_int(q, G_SMS_SPI2);
	if (len == sizeof(sms->tar))
		memcpy(sms->tar, tar, len);
	err = open_column(r, q, G_SEALED_KIC, "kic", g->server_id, &sms->kic_key);
	if (err == BS_OK)
		err = open_column(r, q, G_SEALED_KID, "kid", g->server_id, &sms->kid_key);
	return err;
}

/* Where the account of the profile has that server; a credential for another is kept for another profile. */
static enum bs_err
take_grant(void *arg, const struct bs_device_reader *r, const struct bs_query *q)
{
	struct load *l = arg;
	int64_t server_id = bs_query_int(q, G_SERVER);
	struct bs_grant *g = l->account->grants;
	struct bs_grant *end = g != NULL ? g + l->account->grant_count : NULL;
	enum bs_err err;

	while (g != end && g->server_id != server_id)
		g++;
	if (g == end)
		return BS_OK;
	err = set_blob(q, G_PUBLIC, &g->public_or_identity);
	if (err == BS_OK)
		err = open_column(r, q, G_SEALED_KEY, "key", server_id, &g->secret_key);
	return err == BS_OK ? read_sms(r, q, g) : err;
}

static const struct bs_shared_server *
bootstrap_server(const struct bs_shared *s, enum bs_mode mode)
{
	for (size_t i = 0; i < s->server_count; i++)
		if (s->servers[i].bootstrap && s->servers[i].mode == mode)
			return &s->servers[i];
	return NULL;
}

/* A PSK lies with the credential itself; of other modes only what is delivered has a key. */
static enum bs_err
open_renewal(const struct bs_device_reader *r, const struct bs_query *q, bool psk, struct bs_grant *g)
{
	char where[BS_WHERE_MAX];
	size_t len;
	const uint8_t *sealed = bs_query_blob(q, psk ? C_SEALED_KEY : C_RENEWAL_KEY, &len);
	enum bs_err err;

	if (sealed == NULL) /* the device has its key from elsewhere */
		return set_blob(q, C_PUBLIC_KEY, &g->public_or_identity);
	if (psk)
		bs_where_bootstrap(where, r->id, (int)bs_query_int(q, C_SLOT));
	else
		bs_where_delivered(where, r->id);
	err = bs_seal_decrypt(r->st->seal, where, sealed, len, &g->secret_key);
	return err == BS_OK ? set_blob(q, psk ? C_IDENTITY : C_RENEWAL_PUBLIC, &g->public_or_identity) : err;
}

static bool
is_delivered(const struct bs_query *q, bool psk, bool provisioned)
{
	if (provisioned && bs_query_int(q, C_SLOT) == 0)
		return true;
	return bs_query_int(q, C_SLOT) == 1 && (psk || provisioned || !bs_query_is_null(q, C_RENEWAL_KEY));
}

/* The next credential, where the profile has a bootstrap account of its mode to deliver it in; provisioned: else the current one. */
static enum bs_err
take_renewal(struct load *l, const struct bs_shared *shared, const struct bs_device_reader *r, const struct bs_query *q)
{
	struct bs_account *a = l->account;
	enum bs_mode mode = (enum bs_mode)bs_query_int(q, C_MODE);
	bool psk = mode == BS_MODE_PSK;
	const struct bs_shared_server *server = bootstrap_server(shared, mode);
	enum bs_err err;

	if (server == NULL || !is_delivered(q, psk, l->provisioned))
		return BS_OK;
	bs_grant_free(a->renewal); /* of the current credential */
	a->renewal = calloc(1, sizeof(*a->renewal));
	if (a->renewal == NULL)
		return BS_ENOMEM;
	err = copy_server(server, a->renewal);
	a->renewal->repository = a->renewal->bootstrap = true;
	return err == BS_OK ? open_renewal(r, q, psk, a->renewal) : err;
}

/* The first row says which profile it is, and so what the others are for. */
static enum bs_err
take_bootstrap(void *arg, const struct bs_device_reader *r, const struct bs_query *q)
{
	struct load *l = arg;
	enum bs_err err = BS_OK;

	if (l->shared == NULL)
		err = bs_shared_get(r->st, r->profile_id, &l->shared);
	return err == BS_OK ? take_renewal(l, l->shared, r, q) : err;
}

/* The account as the profile has it: the device's own, or the one that it is retried as (profile_id not 0). */
static enum bs_err
load_as(struct bs_store *st, int64_t device_id, int64_t profile_id, bool provisioned, struct bs_account *a)
{
	struct bs_query q = bs_store_query(st, Q_FIND_ID);
	struct load l = { .account = a, .provisioned = provisioned };
	struct bs_device_reader r;
	enum bs_err err = profile_id != 0 ? bs_shared_get(st, profile_id, &l.shared) : BS_OK;

	if (err != BS_OK)
		return err;
	bs_query_put_int(&q, device_id);
	err = bs_device_begin(&r, st, q, take_bootstrap, &l);
	if (err == BS_OK && l.shared == NULL)
		err = r.err == BS_OK ? bs_shared_get(st, r.profile_id, &l.shared) : r.err;
	if (err == BS_OK)
		err = copy_shared(l.shared, a);
	if (err == BS_OK)
		err = bs_device_grants(&r, take_grant, &l);
	if (r.began) {
		err = bs_device_end(&r, err);
		memcpy(a->endpoint, r.endpoint, sizeof(a->endpoint));
	}
	if (err != BS_OK)
		return err;
	a->device_id = r.id;
	a->enabled = r.enabled;
	a->revision = r.revision > l.shared->revision ? r.revision : l.shared->revision;
	return BS_OK;
}

/* The same device's account as another profile has it. */
static enum bs_err
load_retry(struct bs_store *st, struct bs_account *a)
{
	struct bs_account *r = bs_account_new();
	enum bs_err err = r != NULL ? load_as(st, a->device_id, a->profile.retry_id, false, r) : BS_ENOMEM;

	if (err == BS_OK) {
		r->revision = a->revision;
		a->retry = r;
		r = NULL;
	}
	bs_account_free(r);
	return err;
}

static enum bs_err
load_account(struct bs_store *st, int64_t device_id, bool provisioned, struct bs_account **out)
{
	struct bs_account *a = bs_account_new();
	bool own = false;
	enum bs_err err = a != NULL ? bs_store_snapshot(st, &own) : BS_ENOMEM;

	if (err == BS_OK) {
		err = load_as(st, device_id, 0, provisioned, a);
		if (err == BS_OK && a->profile.retry_id != 0)
			err = load_retry(st, a);
		bs_store_snapshot_end(st, own);
	}
	if (err == BS_OK) {
		*out = a;
		a = NULL;
	}
	bs_account_free(a);
	return err;
}

enum bs_err
bs_store_load_account(struct bs_store *st, int64_t device_id, struct bs_account **out)
{
	return load_account(st, device_id, false, out);
}

enum bs_err
bs_store_load_provisioned(struct bs_store *st, int64_t device_id, struct bs_account **out)
{
	return load_account(st, device_id, true, out);
}
