/* SPDX-License-Identifier: Apache-2.0 */
/* Devices and their credentials. A new device: its row, what it receives, and last what it bootstraps with (0001_init.sql). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/device_rows.h"
#include "server/base/clock.h"
#include "server/base/text.h"

/* Run an insert; a broken rule leaves the library's words in diag until bs_conflict_find finds better ones. */
enum bs_err
bs_rows_add(struct bs_store *st, struct bs_query *q, const char *endpoint, struct bs_diag *diag)
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

enum bs_err
bs_rows_seal(struct bs_store *st, const char *where, const struct bs_secret *secret, struct bs_sealed *out)
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

void
bs_rows_put_sealed(struct bs_query *q, const struct bs_sealed *s)
{
	bs_query_put_blob(q, s->len > 0 ? s->data : NULL, s->len);
	bs_query_put_blob(q, s->hash_len > 0 ? s->hash : NULL, s->hash_len);
}

/* ---- one device ----------------------------------------------------------------------------------------------------- */

enum bs_err
bs_rows_device_id(struct bs_store *st, const char *endpoint, int64_t *id)
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
	bs_query_put_int(&q, 0); /* revision */
	bs_query_put_null(&q); /* row_hash: at the end of the transaction */
	err = bs_rows_add(st, &q, def->endpoint, diag);
	if (err == BS_OK && !bs_bulk_is_active(st))
		*id = sqlite3_last_insert_rowid(st->db);
	if (err != BS_EREFUSED || bs_bulk_is_active(st))
		return err;
	if (bs_rows_device_id(st, def->endpoint, &other) == BS_OK) {
		conflict->kind = BS_CONFLICT_ENDPOINT;
		snprintf(conflict->endpoint, sizeof(conflict->endpoint), "%s", def->endpoint);
	} else {
		bs_conflict_find_card(st, def, conflict);
	}
	bs_conflict_say(def->endpoint, conflict, diag);
	return err;
}

enum bs_err
bs_rows_add_bootstrap(struct bs_store *st, int64_t id, int slot, const struct bs_bootstrap_def *b, const char *endpoint,
	struct bs_diag *diag)
{
	struct bs_query q = bs_bulk_query(st, Q_ADD_BOOTSTRAP);
	struct bs_sealed key, delivered;
	char where[BS_WHERE_MAX];
	uint8_t digest[BS_DIGEST_LEN];
	bool psk = b->mode == BS_MODE_PSK, rpk = b->mode == BS_MODE_RPK;
	bool has_digest = rpk || (b->mode == BS_MODE_X509 && b->has_certificate);
	enum bs_err err;

	bs_where_bootstrap(where, id, slot);
	err = bs_rows_seal(st, where, psk ? b->key : NULL, &key);
	if (err == BS_OK) {
		bs_where_delivered(where, id);
		err = bs_rows_seal(st, where, b->delivered_key, &delivered);
	}
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
	bs_rows_put_sealed(&q, &key);
	bs_query_put_blob(&q, rpk ? b->spki : NULL, b->spki_len);
	bs_query_put_blob(&q, has_digest ? digest : NULL, sizeof(digest));
	bs_query_put_int(&q, bs_clock_wall_ms() / 1000); /* since_s */
	bs_query_put_blob(&q, delivered.len > 0 ? b->delivered_public->data : NULL,
		delivered.len > 0 ? b->delivered_public->len : 0);
	bs_query_put_blob(&q, delivered.len > 0 ? delivered.data : NULL, delivered.len);
	return bs_rows_add(st, &q, endpoint, diag);
}

void
bs_rows_put_sms(struct bs_query *q, const struct bs_sms *sms)
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

enum bs_err
bs_rows_seal_grant(struct bs_store *st, int64_t id, const struct bs_grant_def *g, struct bs_sealed_grant *out)
{
	bool sms = g->sms != NULL && g->sms->mode != 0;
	char where[BS_WHERE_MAX];
	enum bs_err err;

	bs_where_grant(where, id, g->server_id, "key");
	err = bs_rows_seal(st, where, g->secret_key, &out->key);
	if (err == BS_OK) {
		bs_where_grant(where, id, g->server_id, "kic");
		err = bs_rows_seal(st, where, sms ? &g->sms->kic_key : NULL, &out->kic);
	}
	if (err == BS_OK) {
		bs_where_grant(where, id, g->server_id, "kid");
		err = bs_rows_seal(st, where, sms ? &g->sms->kid_key : NULL, &out->kid);
	}
	return err;
}

static enum bs_err
insert_grant(struct bs_store *st, int64_t id, const struct bs_grant_def *g, const char *endpoint, struct bs_diag *diag)
{
	struct bs_query q = bs_bulk_query(st, Q_ADD_GRANT);
	struct bs_sealed_grant sealed;
	uint8_t digest[BS_DIGEST_LEN];
	enum bs_mode mode = BS_MODE_NOSEC;
	bool has_digest;
	enum bs_err err = server_mode(st, g->server_id, &mode);

	if (err == BS_OK)
		err = bs_rows_seal_grant(st, id, g, &sealed);
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
	bs_rows_put_sealed(&q, &sealed.key);
	bs_rows_put_sms(&q, g->sms);
	bs_rows_put_sealed(&q, &sealed.kic);
	bs_rows_put_sealed(&q, &sealed.kid);
	return bs_rows_add(st, &q, endpoint, diag);
}

static enum bs_err
insert_credentials(struct bs_store *st, int64_t id, const struct bs_device_def *def, struct bs_diag *diag)
{
	enum bs_err err = BS_OK;

	for (size_t i = 0; i < def->grant_count && err == BS_OK; i++)
		err = insert_grant(st, id, &def->grants[i], def->endpoint, diag);
	if (err == BS_OK)
		err = bs_rows_add_bootstrap(st, id, 0, &def->bootstrap, def->endpoint, diag);
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

/* Collect it, with its hash; who else has its values comes out at the end of all. */
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
	if (err == BS_OK) {
		err = bs_bulk_hash_device(st);
		if (err != BS_OK)
			bs_diag_set(diag, err, 0, "device %s: %s", def->endpoint, bs_strerror(err));
	}
	if (err == BS_OK)
		err = bs_bulk_flush_full(st, diag);
	return err;
}

static enum bs_err
add_device(struct bs_store *st, const struct bs_device_def *def, struct bs_conflict *conflict, struct bs_diag *diag)
{
	int64_t id;
	enum bs_err err = insert_device(st, def, &id, conflict, diag);

	if (err != BS_OK)
		return err;
	err = insert_credentials(st, id, def, diag);
	if (err == BS_EREFUSED) {
		bs_conflict_find(st, &def->bootstrap, def->grants, def->grant_count, id, conflict);
		bs_conflict_say(def->endpoint, conflict, diag);
	}
	if (err != BS_OK)
		remove_device(st, id); /* so that the rows behind it are judged rightly */
	return err;
}

enum bs_err
bs_store_add_device(
	struct bs_store *st, const struct bs_device_def *def, struct bs_conflict *conflict, struct bs_diag *diag)
{
	bool own = false;
	enum bs_err err;

	memset(conflict, 0, sizeof(*conflict));
	if (def->grant_count > BS_SERVERS_MAX)
		return bs_diag_set(
			diag, BS_ELIMIT, 0, "device %s: more than %d servers", def->endpoint, BS_SERVERS_MAX);
	if (bs_bulk_is_active(st))
		return stage_device(st, def, conflict, diag);
	err = bs_store_enter(st, &own);
	return bs_store_leave(st, own, err == BS_OK ? add_device(st, def, conflict, diag) : err);
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

/* ---- changes of a device -------------------------------------------------------------------------------------------- */

static enum bs_err
enable_device(struct bs_store *st, const char *endpoint, bool enabled)
{
	struct bs_query q = bs_store_query(st, Q_ENABLE_DEVICE);
	int64_t id;
	enum bs_err err = bs_rows_device_id(st, endpoint, &id);

	if (err != BS_OK)
		return err;
	bs_query_put_int(&q, id);
	bs_query_put_int(&q, enabled);
	return bs_query_run(&q);
}

enum bs_err
bs_store_enable_device(struct bs_store *st, const char *endpoint, bool enabled)
{
	bool own = false;
	enum bs_err err = bs_store_enter(st, &own);

	return bs_store_leave(st, own, err == BS_OK ? enable_device(st, endpoint, enabled) : err);
}

static enum bs_err
delete_device(struct bs_store *st, const char *endpoint)
{
	struct bs_query q = bs_store_query(st, Q_REMOVE_DEVICE);
	int64_t id;
	enum bs_err err = bs_rows_device_id(st, endpoint, &id);

	if (err != BS_OK)
		return err;
	bs_query_put_int(&q, id);
	return bs_query_run(&q);
}

enum bs_err
bs_store_delete_device(struct bs_store *st, const char *endpoint)
{
	bool own = false;
	enum bs_err err = bs_store_enter(st, &own);

	return bs_store_leave(st, own, err == BS_OK ? delete_device(st, endpoint) : err);
}

/* ---- accounts that left as files ------------------------------------------------------------------------------------ */

enum bs_err
bs_store_note_provisioned(struct bs_store *st, int64_t device_id, int64_t since_s)
{
	struct bs_query q = bs_store_query(st, Q_NOTE_PROVISIONED);

	bs_query_put_int(&q, device_id);
	bs_query_put_int(&q, since_s);
	return bs_query_run(&q);
}

enum bs_err
bs_store_provisioned_since(struct bs_store *st, int64_t device_id, int64_t *since_s)
{
	struct bs_query q = bs_store_query(st, Q_PROVISIONED);
	enum bs_err err;

	bs_query_put_int(&q, device_id);
	err = bs_query_step(&q);
	if (err == BS_OK)
		*since_s = bs_query_int(&q, 0);
	bs_query_end(&q);
	return err;
}
