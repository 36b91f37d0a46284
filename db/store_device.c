/* SPDX-License-Identifier: Apache-2.0 */
/* Devices and their credentials. A new device: its row, what it receives, and last what it bootstraps with (0001_init.sql). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/store_internal.h"
#include "server/base/text.h"

/* Run an insert; a broken rule leaves the library's words in diag until explain() finds better ones. */
static enum bs_err
insert(struct bs_store *st, struct bs_query *q, const char *endpoint, struct bs_diag *diag)
{
	enum bs_err err = bs_query_step(q);

	if (err == BS_ENOTFOUND)
		err = BS_OK;
	if (err != BS_OK)
		bs_diag_set(diag, err, 0, "device %s: %s", endpoint,
			q->stage != NULL ? bs_strerror(err) : sqlite3_errmsg(st->db));
	bs_query_end(q);
	return err;
}

/* A secret as it is stored: sealed for its place, and hashed to find it again. Absent: both lengths 0. */
struct sealed {
	size_t len;
	uint8_t data[BS_SEALED_MAX];
	size_t hash_len;
	uint8_t hash[BS_KEYED_HASH_LEN];
};

static enum bs_err
seal_secret(struct bs_store *st, const char *where, const struct bs_secret *secret, struct sealed *out)
{
	enum bs_err err;

	out->len = out->hash_len = 0;
	if (secret == NULL || secret->len == 0)
		return BS_OK;
	err = bs_seal_encrypt(st->seal, where, secret->data, secret->len, out->data);
	if (err == BS_OK)
		err = bs_seal_hash(st->seal, "key", secret->data, secret->len, out->hash);
	if (err == BS_OK) {
		out->len = secret->len + BS_SEAL_OVERHEAD;
		out->hash_len = sizeof(out->hash);
	}
	return err;
}

static void
put_sealed(struct bs_query *q, const struct sealed *s)
{
	bs_query_put_blob(q, s->len > 0 ? s->data : NULL, s->len);
	bs_query_put_blob(q, s->hash_len > 0 ? s->hash : NULL, s->hash_len);
}

/* ---- why it was refused --------------------------------------------------------------------------------------------- */

/* One value of a device that nobody else may have. */
struct value {
	enum bs_value_kind kind;
	enum bs_purpose purpose;
	enum bs_conflict_kind conflict;
	int64_t server_id;
	size_t len;
	uint8_t data[BS_IDENTITY_MAX + 1];
};

#define VALUES_MAX (2 + 4 * BS_SERVERS_MAX)
struct values {
	size_t count;
	struct value list[VALUES_MAX];
};

static struct value *
add_value(struct values *vs, enum bs_value_kind kind, enum bs_conflict_kind conflict, int64_t server_id)
{
	struct value *v = &vs->list[vs->count++];

	v->kind = kind;
	v->conflict = conflict;
	v->server_id = server_id;
	v->purpose = server_id == 0 ? BS_PURPOSE_BOOTSTRAP : BS_PURPOSE_SERVER;
	return v;
}

static void
add_octets(struct values *vs, enum bs_conflict_kind conflict, int64_t server_id, const void *data, size_t len)
{
	struct value *v = add_value(vs, BS_VALUE_IDENTITY, conflict, server_id);

	v->len = len < sizeof(v->data) ? len : sizeof(v->data);
	memcpy(v->data, data, v->len);
}

static void
add_digest(struct values *vs, enum bs_conflict_kind conflict, int64_t server_id, const void *data, size_t len)
{
	struct value *v = add_value(vs, BS_VALUE_PUBLIC, conflict, server_id);

	v->len = BS_DIGEST_LEN;
	bs_sha256(data, len, v->data);
}

static void
add_key(struct bs_store *st, struct values *vs, enum bs_conflict_kind conflict, int64_t server_id,
	const struct bs_secret *key)
{
	struct value *v;

	if (key == NULL || key->len == 0)
		return;
	v = add_value(vs, BS_VALUE_KEY, conflict, server_id);
	v->len = BS_KEYED_HASH_LEN;
	if (bs_seal_hash(st->seal, "key", key->data, key->len, v->data) != BS_OK)
		vs->count--; /* then it cannot be explained */
}

static void
bootstrap_values(struct bs_store *st, const struct bs_bootstrap_def *b, struct values *vs)
{
	struct value *v;

	if (b->mode == BS_MODE_PSK && b->identity != NULL)
		add_octets(vs, BS_CONFLICT_IDENTITY, 0, b->identity, strlen(b->identity));
	if (b->mode == BS_MODE_PSK)
		add_key(st, vs, BS_CONFLICT_KEY, 0, b->key);
	if (b->mode == BS_MODE_RPK && b->spki_len > 0)
		add_digest(vs, BS_CONFLICT_PUBLIC_KEY, 0, b->spki, b->spki_len);
	if (b->mode == BS_MODE_X509 && b->has_certificate) {
		v = add_value(vs, BS_VALUE_PUBLIC, BS_CONFLICT_CERTIFICATE, 0);
		v->len = BS_DIGEST_LEN;
		memcpy(v->data, b->certificate_sha256, BS_DIGEST_LEN);
	}
}

/* Which form resource 3 has is the server account's mode; both are looked for, one can be there. */
static void
grant_values(struct bs_store *st, const struct bs_grant_def *g, struct values *vs)
{
	if (g->public_or_identity_len > 0 && g->public_or_identity_len <= BS_IDENTITY_MAX)
		add_octets(vs, BS_CONFLICT_SERVER_IDENTITY, g->server_id, g->public_or_identity,
			g->public_or_identity_len);
	if (g->public_or_identity_len > 0)
		add_digest(
			vs, BS_CONFLICT_SERVER_PUBLIC, g->server_id, g->public_or_identity, g->public_or_identity_len);
	add_key(st, vs, BS_CONFLICT_SERVER_KEY, g->server_id, g->secret_key);
	if (g->sms != NULL) {
		add_key(st, vs, BS_CONFLICT_SMS_KEY, g->server_id, &g->sms->kic_key);
		add_key(st, vs, BS_CONFLICT_SMS_KEY, g->server_id, &g->sms->kid_key);
	}
}

static bool
same_value(const struct value *a, const struct value *b)
{
	return a->kind == b->kind && a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

/* Is v, which the device shall receive, also what it shall bootstrap with? An identity may be: it is no secret. */
static bool
is_own_bootstrap(const struct values *vs, const struct value *v)
{
	if (v->kind == BS_VALUE_IDENTITY)
		return false;
	for (size_t i = 0; i < vs->count; i++) {
		if (vs->list[i].purpose == BS_PURPOSE_BOOTSTRAP && same_value(&vs->list[i], v))
			return v->purpose == BS_PURPOSE_SERVER;
	}
	return false;
}

static struct bs_query
owner_query(struct bs_store *st, enum bs_value_kind kind, const void *value, size_t len)
{
	static const enum bs_store_stmt stmts[] = {
		[BS_VALUE_IDENTITY] = Q_OWNER_IDENTITY,
		[BS_VALUE_KEY] = Q_OWNER_KEY,
		[BS_VALUE_PUBLIC] = Q_OWNER_PUBLIC,
	};
	struct bs_query q = bs_store_query(st, stmts[kind]);

	bs_query_put_blob(&q, value, len);
	return q;
}

/* Has v another owner, or this device for the other purpose? */
static bool
is_taken(struct bs_store *st, const struct value *v, int64_t device_id, struct bs_conflict *out)
{
	struct bs_query q = owner_query(st, v->kind, v->data, v->len);
	bool taken = false;

	while (!taken && bs_query_step(&q) == BS_OK) {
		int64_t owner = bs_query_int(&q, 0);

		taken = owner != device_id || (v->kind != BS_VALUE_IDENTITY && bs_query_int(&q, 1) != v->purpose);
		out->same_device = owner == device_id;
		bs_query_copy_text(&q, 2, out->endpoint, sizeof(out->endpoint));
	}
	bs_query_end(&q);
	return taken;
}

/* Only after a refusal: find the value that another one has. Leaves out->kind NONE where a CHECK refused. */
static void
explain(struct bs_store *st, const struct values *vs, int64_t device_id, struct bs_conflict *out)
{
	bool found = false;

	for (size_t i = 0; i < vs->count && !found; i++) {
		*out = (struct bs_conflict){ .kind = vs->list[i].conflict, .server_id = vs->list[i].server_id };
		out->same_device = found = is_own_bootstrap(vs, &vs->list[i]);
	}
	for (size_t i = 0; i < vs->count && !found; i++) {
		*out = (struct bs_conflict){ .kind = vs->list[i].conflict, .server_id = vs->list[i].server_id };
		found = is_taken(st, &vs->list[i], device_id, out);
	}
	if (!found)
		*out = (struct bs_conflict){ .kind = BS_CONFLICT_NONE };
}

static void
say_conflict(const char *endpoint, const struct bs_conflict *c, struct bs_diag *diag)
{
	static const char *const names[] = {
		[BS_CONFLICT_ENDPOINT] = "the endpoint name",
		[BS_CONFLICT_IDENTITY] = "the PSK identity",
		[BS_CONFLICT_KEY] = "the PSK",
		[BS_CONFLICT_PUBLIC_KEY] = "the raw public key",
		[BS_CONFLICT_CERTIFICATE] = "the certificate",
		[BS_CONFLICT_SERVER_IDENTITY] = "the PSK identity for a server",
		[BS_CONFLICT_SERVER_KEY] = "the key for a server",
		[BS_CONFLICT_SERVER_PUBLIC] = "the public key or certificate for a server",
		[BS_CONFLICT_SMS_KEY] = "an SMS key",
	};

	if (c->kind == BS_CONFLICT_NONE)
		return;
	if (c->same_device)
		bs_diag_set(diag, BS_EREFUSED, 0,
			"device %s: %s is one that the device has already; what it receives must differ from what it "
			"bootstraps with, and what is next from what is current",
			endpoint, names[c->kind]);
	else
		bs_diag_set(diag, BS_EREFUSED, 0, "device %s: %s belongs to device %s already", endpoint,
			names[c->kind], c->endpoint);
}

/* ---- one device ----------------------------------------------------------------------------------------------------- */

static enum bs_err
device_id(struct bs_store *st, const char *endpoint, int64_t *id)
{
	struct bs_query q = bs_store_query(st, Q_DEVICE_ID);
	enum bs_err err;

	bs_query_put_text(&q, endpoint);
	err = bs_query_step(&q);
	if (err == BS_OK)
		*id = bs_query_int(&q, 0);
	bs_query_end(&q);
	return err;
}

static enum bs_err
insert_device(struct bs_store *st, const struct bs_device_def *def, int64_t *id, struct bs_conflict *conflict,
	struct bs_diag *diag)
{
	struct bs_query q = bs_bulk_query(st, Q_ADD_DEVICE);
	int64_t other;
	enum bs_err err;

	if (bs_bulk_is_active(st))
		bs_query_put_int(&q, *id = bs_bulk_next_id(st));
	else
		bs_query_put_null(&q); /* it gets one */
	bs_query_put_text(&q, def->endpoint);
	bs_query_put_int(&q, def->profile_id);
	bs_query_put_int(&q, def->enabled);
	bs_query_put_text(&q, def->batch);
	bs_query_put_text(&q, def->iccid);
	bs_query_put_text(&q, def->imsi);
	bs_query_put_text(&q, def->note);
	err = insert(st, &q, def->endpoint, diag);
	if (err == BS_OK && !bs_bulk_is_active(st))
		*id = sqlite3_last_insert_rowid(st->db);
	if (err == BS_EREFUSED && device_id(st, def->endpoint, &other) == BS_OK) {
		conflict->kind = BS_CONFLICT_ENDPOINT;
		snprintf(conflict->endpoint, sizeof(conflict->endpoint), "%s", def->endpoint);
		say_conflict(def->endpoint, conflict, diag);
	}
	return err;
}

static enum bs_err
insert_bootstrap(struct bs_store *st, int64_t id, int slot, const struct bs_bootstrap_def *b, const char *endpoint,
	struct bs_diag *diag)
{
	struct bs_query q = bs_bulk_query(st, Q_ADD_BOOTSTRAP);
	struct sealed key;
	char where[BS_WHERE_MAX];
	uint8_t digest[BS_DIGEST_LEN];
	bool psk = b->mode == BS_MODE_PSK, rpk = b->mode == BS_MODE_RPK;
	bool has_digest = rpk || (b->mode == BS_MODE_X509 && b->has_certificate);
	enum bs_err err;

	bs_where_bootstrap(where, id, slot);
	err = seal_secret(st, where, psk ? b->key : NULL, &key);
	if (err != BS_OK)
		return bs_diag_set(diag, err, 0, "device %s: key: %s", endpoint, bs_strerror(err));
	if (rpk)
		bs_sha256(b->spki, b->spki_len, digest);
	else if (has_digest)
		memcpy(digest, b->certificate_sha256, sizeof(digest));
	bs_query_put_int(&q, id);
	bs_query_put_int(&q, slot);
	bs_query_put_int(&q, b->mode);
	bs_query_put_blob(&q, psk ? b->identity : NULL, psk && b->identity != NULL ? strlen(b->identity) : 0);
	put_sealed(&q, &key);
	bs_query_put_blob(&q, rpk ? b->spki : NULL, b->spki_len);
	bs_query_put_blob(&q, has_digest ? digest : NULL, sizeof(digest));
	return insert(st, &q, endpoint, diag);
}

static void
put_sms_fields(struct bs_query *q, const struct bs_sms *sms)
{
	if (sms == NULL || sms->mode == 0) {
		for (int i = 0; i < 6; i++)
			bs_query_put_null(q);
		return;
	}
	bs_query_put_int(q, sms->mode);
	bs_query_put_int(q, sms->kic);
	bs_query_put_int(q, sms->kid);
	bs_query_put_int(q, sms->spi1);
	bs_query_put_int(q, sms->spi2);
	bs_query_put_blob(q, sms->tar, sizeof(sms->tar));
}

/* Resource 3 is an identity for PSK, else a public key or certificate, which is known by its digest. */
static enum bs_err
server_mode(struct bs_store *st, int64_t server_id, enum bs_mode *mode)
{
	struct bs_query q = bs_store_query(st, Q_SERVER_MODE);
	enum bs_err err;

	if (bs_bulk_is_active(st))
		return bs_bulk_server_mode(st, server_id, mode);
	bs_query_put_int(&q, server_id);
	err = bs_query_step(&q);
	if (err == BS_OK)
		*mode = (enum bs_mode)bs_query_int(&q, 0);
	bs_query_end(&q);
	return err;
}

/* The secrets of one grant; on the stack of insert_grant alone, sealed. */
struct sealed_grant {
	struct sealed key, kic, kid;
};

static enum bs_err
seal_grant(struct bs_store *st, int64_t id, const struct bs_grant_def *g, struct sealed_grant *out)
{
	bool sms = g->sms != NULL && g->sms->mode != 0;
	char where[BS_WHERE_MAX];
	enum bs_err err;

	bs_where_grant(where, id, g->server_id, "key");
	err = seal_secret(st, where, g->secret_key, &out->key);
	if (err == BS_OK) {
		bs_where_grant(where, id, g->server_id, "kic");
		err = seal_secret(st, where, sms ? &g->sms->kic_key : NULL, &out->kic);
	}
	if (err == BS_OK) {
		bs_where_grant(where, id, g->server_id, "kid");
		err = seal_secret(st, where, sms ? &g->sms->kid_key : NULL, &out->kid);
	}
	return err;
}

static enum bs_err
insert_grant(struct bs_store *st, int64_t id, const struct bs_grant_def *g, const char *endpoint, struct bs_diag *diag)
{
	struct bs_query q = bs_bulk_query(st, Q_ADD_GRANT);
	struct sealed_grant sealed;
	uint8_t digest[BS_DIGEST_LEN];
	enum bs_mode mode = BS_MODE_NOSEC;
	bool has_digest;
	enum bs_err err = server_mode(st, g->server_id, &mode);

	if (err == BS_OK)
		err = seal_grant(st, id, g, &sealed);
	if (err != BS_OK)
		return bs_diag_set(diag, err, 0, "device %s, server %lld: %s", endpoint, (long long)g->server_id,
			err == BS_ENOTFOUND ? "there is no such server" : bs_strerror(err));
	has_digest = (mode == BS_MODE_RPK || mode == BS_MODE_X509) && g->public_or_identity_len > 0;
	if (has_digest)
		bs_sha256(g->public_or_identity, g->public_or_identity_len, digest);
	bs_query_put_int(&q, id);
	bs_query_put_int(&q, g->server_id);
	bs_query_put_blob(&q, g->public_or_identity_len > 0 ? g->public_or_identity : NULL, g->public_or_identity_len);
	bs_query_put_blob(&q, has_digest ? digest : NULL, sizeof(digest));
	put_sealed(&q, &sealed.key);
	put_sms_fields(&q, g->sms);
	put_sealed(&q, &sealed.kic);
	put_sealed(&q, &sealed.kid);
	return insert(st, &q, endpoint, diag);
}

static enum bs_err
insert_credentials(struct bs_store *st, int64_t id, const struct bs_device_def *def, struct bs_diag *diag)
{
	enum bs_err err = BS_OK;

	for (size_t i = 0; i < def->grant_count && err == BS_OK; i++)
		err = insert_grant(st, id, &def->grants[i], def->endpoint, diag);
	if (err == BS_OK)
		err = insert_bootstrap(st, id, 0, &def->bootstrap, def->endpoint, diag);
	return err;
}

static void
remove_device(struct bs_store *st, int64_t id)
{
	struct bs_query q = bs_store_query(st, Q_REMOVE_DEVICE);

	bs_query_put_int(&q, id);
	if (bs_query_run(&q) != BS_OK) {
		/* The transaction can only be rolled back anyway. */
	}
}

/* Collect it; who else has its values comes out at the end of all. */
static enum bs_err
stage_device(struct bs_store *st, const struct bs_device_def *def, struct bs_conflict *conflict, struct bs_diag *diag)
{
	int64_t id;
	enum bs_err err = bs_bulk_check_device(st, def);

	if (err != BS_OK)
		return bs_diag_set(diag, err, 0, "device %s: %s", def->endpoint, bs_strerror(err));
	err = insert_device(st, def, &id, conflict, diag);
	if (err == BS_OK)
		err = insert_credentials(st, id, def, diag);
	if (err == BS_OK)
		err = bs_bulk_flush_full(st, diag);
	return err;
}

enum bs_err
bs_store_add_device(
	struct bs_store *st, const struct bs_device_def *def, struct bs_conflict *conflict, struct bs_diag *diag)
{
	struct values vs; /* large: filled in only to explain a refusal */
	int64_t id;
	enum bs_err err;

	memset(conflict, 0, sizeof(*conflict));
	if (def->grant_count > BS_SERVERS_MAX)
		return bs_diag_set(
			diag, BS_ELIMIT, 0, "device %s: more than %d servers", def->endpoint, BS_SERVERS_MAX);
	if (bs_bulk_is_active(st))
		return stage_device(st, def, conflict, diag);
	err = insert_device(st, def, &id, conflict, diag);
	if (err != BS_OK)
		return err;
	err = insert_credentials(st, id, def, diag);
	if (err == BS_EREFUSED) {
		vs.count = 0;
		bootstrap_values(st, &def->bootstrap, &vs);
		for (size_t i = 0; i < def->grant_count; i++)
			grant_values(st, &def->grants[i], &vs);
		explain(st, &vs, id, conflict);
		say_conflict(def->endpoint, conflict, diag);
	}
	if (err != BS_OK)
		remove_device(st, id); /* so that the rows behind it are judged rightly */
	return err;
}

/* ---- lists ---------------------------------------------------------------------------------------------------------- */

/* A credential as text: identity, or digest in hexadecimal, or "" (by name). Columns: identity, digest. */
static void
credential_text(const struct bs_query *q, int column, char out[BS_IDENTITY_MAX + 1])
{
	size_t len;
	const uint8_t *digest = bs_query_blob(q, column + 1, &len);

	bs_query_copy_text(q, column, out, BS_IDENTITY_MAX + 1);
	if (digest != NULL && len == BS_DIGEST_LEN)
		bs_hex_encode(digest, len, out);
}

static void
read_info(const struct bs_query *q, struct bs_device_info *info)
{
	memset(info, 0, sizeof(*info));
	info->device_id = bs_query_int(q, 0);
	bs_query_copy_text(q, 1, info->endpoint, sizeof(info->endpoint));
	bs_query_copy_text(q, 2, info->profile, sizeof(info->profile));
	info->enabled = bs_query_int(q, 3) != 0;
	info->mode = (enum bs_mode)bs_query_int(q, 4);
	bs_query_copy_text(q, 5, info->batch, sizeof(info->batch));
	bs_query_copy_text(q, 6, info->iccid, sizeof(info->iccid));
	bs_query_copy_text(q, 7, info->imsi, sizeof(info->imsi));
	bs_query_copy_text(q, 8, info->note, sizeof(info->note));
	credential_text(q, 9, info->identity);
	info->has_next = !bs_query_is_null(q, 11);
	credential_text(q, 12, info->next_identity);
	info->next_since_ms = 1000 * bs_query_int(q, 14);
}

enum bs_err
bs_store_each_device(struct bs_store *st, const char *endpoint, bs_device_fn *fn, void *arg)
{
	struct bs_query q = bs_store_query(st, endpoint != NULL ? Q_ONE_DEVICE : Q_EACH_DEVICE);
	struct bs_device_info info;
	size_t count = 0;
	enum bs_err err;

	if (endpoint != NULL)
		bs_query_put_text(&q, endpoint);
	for (; (err = bs_query_step(&q)) == BS_OK; count++) {
		read_info(&q, &info);
		fn(arg, &info);
	}
	bs_query_end(&q);
	return err == BS_ENOTFOUND && (endpoint == NULL || count > 0) ? BS_OK : err;
}

static enum bs_err
find_owner(struct bs_store *st, enum bs_value_kind kind, const void *value, size_t len, char *endpoint)
{
	struct bs_query q = owner_query(st, kind, value, len);
	enum bs_err err;

	err = bs_query_step(&q);
	if (err == BS_OK)
		bs_query_copy_text(&q, 2, endpoint, BS_ENDPOINT_MAX + 1);
	bs_query_end(&q);
	return err;
}

enum bs_err
bs_store_endpoint_of(struct bs_store *st, const char *identity, char endpoint[BS_ENDPOINT_MAX + 1])
{
	uint8_t digest[BS_DIGEST_LEN];
	size_t len = 0;
	enum bs_err err = find_owner(st, BS_VALUE_IDENTITY, identity, strlen(identity), endpoint);

	if (err == BS_ENOTFOUND && strlen(identity) == 2 * sizeof(digest) &&
		bs_hex_decode(identity, strlen(identity), digest, sizeof(digest), &len) == BS_OK)
		err = find_owner(st, BS_VALUE_PUBLIC, digest, len, endpoint);
	return err;
}

/* ---- changes of a device -------------------------------------------------------------------------------------------- */

enum bs_err
bs_store_enable_device(struct bs_store *st, const char *endpoint, bool enabled)
{
	struct bs_query q = bs_store_query(st, Q_ENABLE_DEVICE);
	int64_t id;
	enum bs_err err = device_id(st, endpoint, &id);

	if (err != BS_OK)
		return err;
	bs_query_put_int(&q, id);
	bs_query_put_int(&q, enabled);
	return bs_query_run(&q);
}

enum bs_err
bs_store_delete_device(struct bs_store *st, const char *endpoint)
{
	struct bs_query q = bs_store_query(st, Q_REMOVE_DEVICE);
	int64_t id;
	enum bs_err err = device_id(st, endpoint, &id);

	if (err != BS_OK)
		return err;
	bs_query_put_int(&q, id);
	return bs_query_run(&q);
}

/* A bootstrap credential as it lies in the store, on its way to another slot. */
struct stored_bootstrap {
	struct bs_bootstrap_def def;
	char identity[BS_IDENTITY_MAX + 1];
	struct bs_secret key;
	struct bs_blob spki;
};

static void
stored_clear(struct stored_bootstrap *b)
{
	bs_secret_clear(&b->key);
	bs_blob_clear(&b->spki);
}

static enum bs_err
read_bootstrap(struct bs_store *st, const struct bs_query *q, int64_t id, int slot, struct stored_bootstrap *b)
{
	char where[BS_WHERE_MAX];
	size_t len, sealed_len, digest_len;
	const uint8_t *sealed = bs_query_blob(q, 2, &sealed_len);
	const uint8_t *spki = bs_query_blob(q, 4, &len);
	const uint8_t *digest = bs_query_blob(q, 5, &digest_len);
	enum bs_err err;

	b->def.mode = (enum bs_mode)bs_query_int(q, 0);
	bs_query_copy_text(q, 1, b->identity, sizeof(b->identity));
	b->def.identity = b->identity;
	b->def.key = &b->key;
	b->def.has_certificate = digest != NULL && digest_len == BS_DIGEST_LEN;
	if (b->def.has_certificate)
		memcpy(b->def.certificate_sha256, digest, digest_len);
	err = bs_blob_set(&b->spki, spki, len);
	b->def.spki = b->spki.data;
	b->def.spki_len = b->spki.len;
	bs_where_bootstrap(where, id, slot);
	if (err == BS_OK && sealed != NULL)
		err = bs_seal_decrypt(st->seal, where, sealed, sealed_len, &b->key);
	return err;
}

static enum bs_err
load_bootstrap(struct bs_store *st, int64_t id, int slot, struct stored_bootstrap *b)
{
	struct bs_query q = bs_store_query(st, Q_GET_BOOTSTRAP);
	enum bs_err err;

	bs_query_put_int(&q, id);
	bs_query_put_int(&q, slot);
	err = bs_query_step(&q);
	if (err == BS_OK)
		err = read_bootstrap(st, &q, id, slot, b);
	bs_query_end(&q);
	return err;
}

static enum bs_err
delete_bootstrap(struct bs_store *st, int64_t id, int slot)
{
	struct bs_query q = bs_store_query(st, Q_DELETE_BOOTSTRAP);

	bs_query_put_int(&q, id);
	bs_query_put_int(&q, slot);
	return bs_query_run(&q);
}

/* What the device is sent of it, beside what it presents. */
static enum bs_err
insert_renewal(
	struct bs_store *st, int64_t id, const struct bs_bootstrap_def *b, const char *endpoint, struct bs_diag *diag)
{
	struct bs_query q;
	struct sealed key;
	char where[BS_WHERE_MAX];
	enum bs_err err;

	if (b->delivered_key == NULL)
		return BS_OK;
	bs_where_renewal(where, id);
	err = seal_secret(st, where, b->delivered_key, &key);
	if (err != BS_OK)
		return bs_diag_set(diag, err, 0, "device %s: key: %s", endpoint, bs_strerror(err));
	q = bs_store_query(st, Q_ADD_RENEWAL);
	bs_query_put_int(&q, id);
	bs_query_put_blob(&q, b->delivered_public->data, b->delivered_public->len);
	bs_query_put_blob(&q, key.data, key.len);
	return insert(st, &q, endpoint, diag);
}

/* Does the next credential carry a key or certificate that is the current one? */
static bool
is_current(const struct stored_bootstrap *current, const struct bs_bootstrap_def *next)
{
	const struct bs_bootstrap_def *c = &current->def;

	switch (next->mode) {
	case BS_MODE_PSK:
		return next->key != NULL && bs_secret_equal(&current->key, next->key);
	case BS_MODE_RPK:
		return c->spki_len == next->spki_len && memcmp(c->spki, next->spki, next->spki_len) == 0;
	default:
		return c->has_certificate == next->has_certificate &&
		       (!c->has_certificate ||
			       memcmp(c->certificate_sha256, next->certificate_sha256, BS_DIGEST_LEN) == 0);
	}
}

static enum bs_conflict_kind
conflict_of_mode(enum bs_mode mode)
{
	if (mode == BS_MODE_PSK)
		return BS_CONFLICT_KEY;
	return mode == BS_MODE_RPK ? BS_CONFLICT_PUBLIC_KEY : BS_CONFLICT_CERTIFICATE;
}

static enum bs_err
set_next(struct bs_store *st, int64_t id, const char *endpoint, const struct bs_bootstrap_def *def,
	const struct stored_bootstrap *current, struct bs_conflict *conflict, struct bs_diag *diag)
{
	struct values vs; /* large: filled in only to explain a refusal */
	enum bs_err err;

	if (current->def.mode != def->mode)
		return bs_diag_set(diag, BS_EREFUSED, 0, "device %s: it bootstraps with %s, the next one must too",
			endpoint, bs_mode_name(current->def.mode));
	if (is_current(current, def)) {
		conflict->kind = conflict_of_mode(def->mode);
		conflict->same_device = true;
		say_conflict(endpoint, conflict, diag);
		return BS_EREFUSED;
	}
	err = insert_bootstrap(st, id, 1, def, endpoint, diag);
	if (err == BS_OK)
		return insert_renewal(st, id, def, endpoint, diag);
	if (err == BS_EREFUSED) {
		vs.count = 0;
		bootstrap_values(st, def, &vs);
		explain(st, &vs, id, conflict);
		say_conflict(endpoint, conflict, diag);
	}
	return err;
}

enum bs_err
bs_store_renewal_account(struct bs_store *st, const char *profile, enum bs_mode mode, char name[BS_NAME_MAX + 1])
{
	struct bs_query q = bs_store_query(st, Q_RENEWAL_ACCOUNT);
	enum bs_err err;

	name[0] = '\0';
	bs_query_put_text(&q, profile);
	bs_query_put_int(&q, mode);
	err = bs_query_step(&q);
	if (err == BS_OK)
		bs_query_copy_text(&q, 0, name, BS_NAME_MAX + 1);
	bs_query_end(&q);
	return err == BS_ENOTFOUND ? BS_OK : err;
}

enum bs_err
bs_store_set_next(struct bs_store *st, const char *endpoint, const struct bs_bootstrap_def *def,
	struct bs_conflict *conflict, struct bs_diag *diag)
{
	struct stored_bootstrap current = { .def = { 0 } }, next = { .def = { 0 } };
	int64_t id;
	enum bs_err err = device_id(st, endpoint, &id);

	memset(conflict, 0, sizeof(*conflict));
	if (err == BS_ENOTFOUND)
		return bs_diag_set(diag, err, 0, "there is no device %s", endpoint);
	if (err == BS_OK)
		err = load_bootstrap(st, id, 0, &current);
	if (err != BS_OK)
		bs_diag_set(diag, err, 0, "device %s: %s", endpoint, bs_strerror(err));
	else if (load_bootstrap(st, id, 1, &next) != BS_ENOTFOUND)
		err = bs_diag_set(
			diag, BS_EEXIST, 0, "device %s has a next credential already; settle it first", endpoint);
	else
		err = set_next(st, id, endpoint, def, &current, conflict, diag);
	stored_clear(&current);
	stored_clear(&next);
	return err;
}

enum bs_err
bs_store_settle(struct bs_store *st, const char *endpoint)
{
	struct stored_bootstrap next = { .def = { 0 } };
	int64_t id;
	enum bs_err err = bs_store_nest(st);

	if (err != BS_OK)
		return err;
	err = device_id(st, endpoint, &id);
	if (err == BS_OK)
		err = load_bootstrap(st, id, 1, &next);
	if (err == BS_OK)
		err = delete_bootstrap(st, id, 0);
	if (err == BS_OK)
		err = delete_bootstrap(st, id, 1);
	if (err == BS_OK)
		err = insert_bootstrap(st, id, 0, &next.def, endpoint, NULL); /* sealed anew for its new place */
	stored_clear(&next);
	return bs_store_unnest(st, err);
}

/* ---- SIM cards ------------------------------------------------------------------------------------------------------ */

static void
read_sim(const struct bs_query *q, struct bs_sim_device *out)
{
	int64_t sealed_len = bs_query_int(q, 7);

	memset(out, 0, sizeof(*out));
	out->device_id = bs_query_int(q, 0);
	out->revision = bs_query_int(q, 1);
	bs_query_copy_text(q, 2, out->endpoint, sizeof(out->endpoint));
	bs_query_copy_text(q, 3, out->profile, sizeof(out->profile));
	bs_query_copy_text(q, 4, out->iccid, sizeof(out->iccid));
	bs_query_copy_text(q, 5, out->imsi, sizeof(out->imsi));
	out->mode = (enum bs_mode)bs_query_int(q, 6);
	out->key_len = sealed_len > BS_SEAL_OVERHEAD ? (size_t)sealed_len - BS_SEAL_OVERHEAD : 0;
}

enum bs_err
bs_store_find_sim(struct bs_store *st, enum bs_sim_number which, const char *const spellings[3],
	struct bs_sim_device out[2], size_t *count)
{
	struct bs_query q = bs_store_query(st, which == BS_SIM_ICCID ? Q_FIND_ICCID : Q_FIND_IMSI);
	enum bs_err err = BS_OK;

	for (size_t i = 0; i < 3; i++)
		bs_query_put_text(&q, spellings[i]);
	for (*count = 0; *count < 2 && err == BS_OK;) {
		err = bs_query_step(&q);
		if (err == BS_OK)
			read_sim(&q, &out[(*count)++]);
	}
	bs_query_end(&q);
	return err == BS_ENOTFOUND ? BS_OK : err;
}

/* What the device receives for the server, as it lies in the store: it goes back to its place, so it stays sealed. */
struct stored_grant {
	struct bs_blob public_or_identity, digest, sealed_key, key_hash;
	bool has_sms;
};

static enum bs_err
load_grant(struct bs_store *st, int64_t device, int64_t server_id, struct stored_grant *out)
{
	struct bs_query q = bs_store_query(st, Q_GET_GRANT);
	struct bs_blob *const columns[] = { &out->public_or_identity, &out->digest, &out->sealed_key, &out->key_hash };
	enum bs_err err;

	bs_query_put_int(&q, device);
	bs_query_put_int(&q, server_id);
	err = bs_query_step(&q);
	for (int i = 0; i < 4 && err == BS_OK; i++) {
		size_t len = 0;
		const uint8_t *data = bs_query_blob(&q, i, &len);

		err = bs_blob_set(columns[i], data, data != NULL ? len : 0);
	}
	if (err == BS_OK)
		out->has_sms = !bs_query_is_null(&q, 4);
	bs_query_end(&q);
	return err;
}

static void
stored_grant_clear(struct stored_grant *g)
{
	bs_blob_clear(&g->public_or_identity);
	bs_blob_clear(&g->digest);
	bs_blob_clear(&g->sealed_key);
	bs_blob_clear(&g->key_hash);
}

static enum bs_err
replace_grant(struct bs_store *st, int64_t device, const struct bs_grant_def *def, const struct stored_grant *had,
	struct bs_diag *diag)
{
	const struct bs_blob *const kept[] = { &had->public_or_identity, &had->digest, &had->sealed_key,
		&had->key_hash };
	struct bs_query remove = bs_store_query(st, Q_DELETE_GRANT), q = bs_store_query(st, Q_ADD_GRANT);
	struct sealed_grant sealed;
	enum bs_err err = seal_grant(st, device, def, &sealed);

	if (err != BS_OK)
		return bs_diag_set(diag, err, 0, "SMS keys: %s", bs_strerror(err));
	bs_query_put_int(&remove, device);
	bs_query_put_int(&remove, def->server_id);
	err = bs_query_run(&remove);
	if (err != BS_OK)
		return bs_diag_set(diag, err, 0, "%s", bs_strerror(err));
	bs_query_put_int(&q, device);
	bs_query_put_int(&q, def->server_id);
	for (size_t i = 0; i < 4; i++)
		bs_query_put_blob(&q, kept[i]->data, kept[i]->len);
	put_sms_fields(&q, def->sms);
	put_sealed(&q, &sealed.kic);
	put_sealed(&q, &sealed.kid);
	return insert(st, &q, "with new SMS keys", diag);
}

enum bs_err
bs_store_set_sms(struct bs_store *st, int64_t device, int64_t server_id, const struct bs_sms *sms, bool *replaced,
	struct bs_conflict *conflict, struct bs_diag *diag)
{
	struct bs_grant_def def = { .server_id = server_id, .sms = sms };
	struct stored_grant had = { .has_sms = false };
	struct values vs; /* large: filled in only to explain a refusal */
	enum bs_err err;

	memset(conflict, 0, sizeof(*conflict));
	err = load_grant(st, device, server_id, &had);
	*replaced = had.has_sms;
	if (err == BS_OK)
		err = bs_store_nest(st);
	if (err == BS_OK)
		err = bs_store_unnest(st, replace_grant(st, device, &def, &had, diag));
	else
		bs_diag_set(diag, err, 0, "%s", bs_strerror(err));
	if (err == BS_EREFUSED) {
		vs.count = 0;
		grant_values(st, &def, &vs);
		explain(st, &vs, device, conflict);
	}
	stored_grant_clear(&had);
	return err;
}
