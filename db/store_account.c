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
	for (size_t i = 0; i < count; i++)
		free(settings[i].text);
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

int
bs_read_profile(const struct bs_query *q, int first, struct bs_profile *p)
{
	int c = first;
	char tolerances[BS_TOLERANCES_TEXT], order[BS_ORDER_TEXT];

	p->id = bs_query_int(q, c++);
	bs_query_copy_text(q, c++, p->name, sizeof(p->name));
	p->access_control = (enum bs_access_control)bs_query_int(q, c++);
	p->on_change = (enum bs_on_change)bs_query_int(q, c++);
	p->discover = bs_query_int(q, c++) != 0;
	p->delete_policy = (enum bs_delete_policy)bs_query_int(q, c++);
	p->write_level = (enum bs_level)bs_query_int(q, c++);
	p->format = (uint16_t)bs_query_int(q, c++);
	p->omit_unused_keys = bs_query_int(q, c++) != 0;
	p->pack = bs_query_int(q, c++) != 0;
	p->sms_parameters_len = (uint8_t)bs_query_int(q, c++);
	p->unknown_version = (enum bs_lwm2m)bs_query_int(q, c++);
	p->ack_timeout_ms = (uint32_t)bs_query_int(q, c++);
	p->max_retransmit = (uint32_t)bs_query_int(q, c++);
	p->first_delay_ms = (uint32_t)bs_query_int(q, c++);
	p->security_iid = (uint16_t)bs_query_int(q, c++);
	p->block_size = (uint16_t)bs_query_int(q, c++);
	p->max_version = (enum bs_lwm2m)bs_query_int(q, c++);
	p->on_existing = (enum bs_on_existing)bs_query_int(q, c++);
	p->retry_id = bs_query_int(q, c++);
	bs_query_copy_text(q, c++, p->retry_as, sizeof(p->retry_as));
	bs_query_copy_text(q, c++, tolerances, sizeof(tolerances));
	if (bs_tolerances_read(tolerances, &p->tolerances) != BS_OK)
		p->tolerances.count = 0; /* what cannot be read lets nothing pass */
	bs_query_copy_text(q, c++, order, sizeof(order));
	if (bs_order_read(order, &p->write_order) != BS_OK)
		p->write_order.count = 0;
	return c;
}

/* ---- the account of one device -------------------------------------------------------------------------------------- */

static enum bs_err
open_column(struct bs_store *st, const struct bs_query *q, int column, const char *name, int64_t device_id,
	int64_t server_id, struct bs_secret *out)
{
	char where[BS_WHERE_MAX];
	size_t len;
	const uint8_t *sealed = bs_query_blob(q, column, &len);

	if (sealed == NULL)
		return BS_OK; /* there is none */
	bs_where_grant(where, device_id, server_id, name);
	return bs_seal_decrypt(st->seal, where, sealed, len, out);
}

/* Columns 10 to 17 of Q_LOAD_GRANTS. */
static enum bs_err
read_sms(struct bs_store *st, const struct bs_query *q, int64_t device_id, struct bs_grant *g)
{
	struct bs_sms *sms = &g->sms;
	size_t len;
	const uint8_t *tar = bs_query_blob(q, 15, &len);
	enum bs_err err;

	if (bs_query_is_null(q, 10))
		return BS_OK;
	sms->mode = (uint8_t)bs_query_int(q, 10);
	sms->kic = (uint8_t)bs_query_int(q, 11);
	sms->kid = (uint8_t)bs_query_int(q, 12);
	sms->spi1 = (uint8_t)bs_query_int(q, 13);
	sms->spi2 = (uint8_t)bs_query_int(q, 14);
	if (len == sizeof(sms->tar))
		memcpy(sms->tar, tar, len);
	err = open_column(st, q, 16, "kic", device_id, g->server_id, &sms->kic_key);
	if (err == BS_OK)
		err = open_column(st, q, 17, "kid", device_id, g->server_id, &sms->kid_key);
	return err;
}

static enum bs_err
set_blob(const struct bs_query *q, int column, struct bs_blob *out)
{
	size_t len;
	const uint8_t *data = bs_query_blob(q, column, &len);

	return bs_blob_set(out, data, len);
}

static enum bs_err
read_grant(struct bs_store *st, const struct bs_query *q, int64_t device_id, struct bs_grant *g)
{
	enum bs_err err;

	g->server_id = bs_query_int(q, 0);
	bs_query_copy_text(q, 1, g->name, sizeof(g->name));
	g->repository = bs_query_int(q, 2) != 0;
	g->ssid = (uint16_t)bs_query_int(q, 3);
	g->mode = (enum bs_mode)bs_query_int(q, 4);
	bs_query_copy_text(q, 5, g->uri, sizeof(g->uri));
	bs_query_copy_text(q, 7, g->sms_number, sizeof(g->sms_number));
	err = set_blob(q, 6, &g->server_key);
	if (err == BS_OK)
		err = set_blob(q, 8, &g->public_or_identity);
	if (err == BS_OK)
		err = open_column(st, q, 9, "key", device_id, g->server_id, &g->secret_key);
	if (err == BS_OK)
		err = read_sms(st, q, device_id, g);
	if (err == BS_OK)
		err = bs_load_settings(st, g->server_id, &g->settings, &g->setting_count);
	return err;
}

/* As many as there will be, which each row says: a moved secret would stay behind in freed memory, and 8 KiB each count. */
static enum bs_err
new_grants(const struct bs_query *q, struct bs_grant **out, size_t *max)
{
	*max = (size_t)bs_query_int(q, 18);
	*out = calloc(*max, sizeof(**out));
	return *out != NULL ? BS_OK : BS_ENOMEM;
}

static enum bs_err
load_grants(struct bs_store *st, struct bs_account *a)
{
	struct bs_query q = bs_store_query(st, Q_LOAD_GRANTS);
	size_t max = 0;
	enum bs_err err = BS_OK;

	bs_query_put_int(&q, a->device_id);
	bs_query_put_int(&q, a->profile.id);
	while (err == BS_OK && a->grant_count < BS_SERVERS_MAX) {
		err = bs_query_step(&q);
		if (err == BS_OK && a->grants == NULL)
			err = new_grants(&q, &a->grants, &max);
		if (err == BS_OK && a->grant_count < max)
			err = read_grant(st, &q, a->device_id, &a->grants[a->grant_count++]);
	}
	bs_query_end(&q);
	return err == BS_ENOTFOUND ? BS_OK : err;
}

/* Columns of Q_LOAD_RENEWAL. A PSK lies with the credential itself; of other modes only what is delivered has a key. */
static enum bs_err
read_renewal(struct bs_store *st, const struct bs_query *q, int64_t device_id, struct bs_grant *g)
{
	bool psk = bs_query_int(q, 2) == BS_MODE_PSK;
	char where[BS_WHERE_MAX];
	size_t len;
	const uint8_t *sealed = bs_query_blob(q, psk ? 6 : 8, &len);
	enum bs_err err;

	g->repository = g->bootstrap = true;
	g->server_id = bs_query_int(q, 0);
	bs_query_copy_text(q, 1, g->name, sizeof(g->name));
	g->mode = (enum bs_mode)bs_query_int(q, 2);
	bs_query_copy_text(q, 3, g->uri, sizeof(g->uri));
	if (psk)
		bs_where_bootstrap(where, device_id, 1);
	else
		bs_where_renewal(where, device_id);
	err = bs_seal_decrypt(st->seal, where, sealed, len, &g->secret_key);
	if (err == BS_OK)
		err = set_blob(q, 4, &g->server_key);
	if (err == BS_OK)
		err = set_blob(q, psk ? 5 : 7, &g->public_or_identity);
	if (err == BS_OK)
		err = bs_load_settings(st, g->server_id, &g->settings, &g->setting_count);
	return err;
}

static enum bs_err
load_renewal(struct bs_store *st, struct bs_account *a)
{
	struct bs_query q = bs_store_query(st, Q_LOAD_RENEWAL);
	enum bs_err err;

	bs_query_put_int(&q, a->device_id);
	bs_query_put_int(&q, a->profile.id);
	err = bs_query_step(&q);
	if (err == BS_OK) {
		a->renewal = calloc(1, sizeof(*a->renewal));
		err = a->renewal != NULL ? read_renewal(st, &q, a->device_id, a->renewal) : BS_ENOMEM;
	}
	bs_query_end(&q);
	return err == BS_ENOTFOUND ? BS_OK : err;
}

static enum bs_err
load_device(struct bs_store *st, int64_t device_id, struct bs_account *a)
{
	struct bs_query q = bs_store_query(st, Q_LOAD_DEVICE);
	enum bs_err err;

	bs_query_put_int(&q, device_id);
	err = bs_query_step(&q);
	if (err == BS_OK) {
		a->device_id = bs_query_int(&q, 0);
		bs_query_copy_text(&q, 1, a->endpoint, sizeof(a->endpoint));
		a->enabled = bs_query_int(&q, 2) != 0;
		a->revision = bs_query_int(&q, 3);
		bs_read_profile(&q, 4, &a->profile);
	}
	bs_query_end(&q);
	return err;
}

/* All that the profile of *a says. */
static enum bs_err
load_parts(struct bs_store *st, struct bs_account *a)
{
	enum bs_err err = load_grants(st, a);

	if (err == BS_OK)
		err = load_renewal(st, a);
	if (err == BS_OK)
		err = bs_load_acls(st, a->profile.id, &a->acls, &a->acl_count);
	if (err == BS_OK)
		err = bs_load_writes(st, a->profile.id, &a->writes, &a->write_count);
	return err;
}

static enum bs_err
load_profile(struct bs_store *st, int64_t profile_id, struct bs_profile *out)
{
	struct bs_query q = bs_store_query(st, Q_LOAD_PROFILE);
	enum bs_err err;

	bs_query_put_int(&q, profile_id);
	err = bs_query_step(&q);
	if (err == BS_OK)
		bs_read_profile(&q, 0, out);
	bs_query_end(&q);
	return err;
}

/* The same device's account as another profile has it. */
static enum bs_err
load_retry(struct bs_store *st, struct bs_account *a)
{
	struct bs_account *r = bs_account_new();
	enum bs_err err = r != NULL ? BS_OK : BS_ENOMEM;

	if (err == BS_OK)
		err = load_profile(st, a->profile.retry_id, &r->profile);
	if (err == BS_OK) {
		r->device_id = a->device_id;
		r->revision = a->revision;
		memcpy(r->endpoint, a->endpoint, sizeof(r->endpoint));
		r->enabled = a->enabled;
		err = load_parts(st, r);
	}
	if (err == BS_OK) {
		a->retry = r;
		r = NULL;
	}
	bs_account_free(r);
	return err;
}

static enum bs_err
load_all(struct bs_store *st, int64_t device_id, struct bs_account *a)
{
	enum bs_err err = load_device(st, device_id, a);

	if (err == BS_OK)
		err = load_parts(st, a);
	if (err == BS_OK && a->profile.retry_id != 0)
		err = load_retry(st, a);
	return err;
}

enum bs_err
bs_store_load_account(struct bs_store *st, int64_t device_id, struct bs_account **out)
{
	bool own = sqlite3_get_autocommit(st->db) != 0; /* all rows of one snapshot, also outside a transaction */
	struct bs_account *a = bs_account_new();
	enum bs_err err = a != NULL ? BS_OK : BS_ENOMEM;

	if (err == BS_OK && own)
		err = bs_store_read_begin(st);
	if (err == BS_OK) {
		err = load_all(st, device_id, a);
		if (own)
			bs_store_read_end(st);
	}
	if (err == BS_OK) {
		*out = a;
		a = NULL;
	}
	bs_account_free(a);
	return err;
}
