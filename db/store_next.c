/* SPDX-License-Identifier: Apache-2.0 */
/* A next bootstrap credential beside the current one: given, delivered, and settled. */
#include <string.h>

#include "db/device_rows.h"

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
	enum bs_err err;

	if (current->def.mode != def->mode)
		return bs_diag_set(diag, BS_EREFUSED, 0, "device %s: it bootstraps with %s, the next one must too",
			endpoint, bs_mode_name(current->def.mode));
	if (is_current(current, def)) {
		conflict->kind = conflict_of_mode(def->mode);
		conflict->same_device = true;
		bs_conflict_say(endpoint, conflict, diag);
		return BS_EREFUSED;
	}
	err = bs_rows_add_bootstrap(st, id, 1, def, endpoint, diag);
	if (err == BS_EREFUSED) {
		bs_conflict_find(st, def, NULL, 0, id, conflict);
		bs_conflict_say(endpoint, conflict, diag);
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

static enum bs_err
give_next(struct bs_store *st, const char *endpoint, const struct bs_bootstrap_def *def, struct bs_conflict *conflict,
	struct bs_diag *diag)
{
	struct stored_bootstrap current = { .def = { 0 } }, next = { .def = { 0 } };
	int64_t id;
	enum bs_err err = bs_rows_device_id(st, endpoint, &id);

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
bs_store_set_next(struct bs_store *st, const char *endpoint, const struct bs_bootstrap_def *def,
	struct bs_conflict *conflict, struct bs_diag *diag)
{
	bool own = false;
	enum bs_err err = bs_store_enter(st, &own);

	memset(conflict, 0, sizeof(*conflict));
	return bs_store_leave(st, own, err == BS_OK ? give_next(st, endpoint, def, conflict, diag) : err);
}

enum bs_err
bs_store_settle(struct bs_store *st, const char *endpoint)
{
	struct stored_bootstrap next = { .def = { 0 } };
	int64_t id;
	enum bs_err err = bs_store_nest(st);

	if (err != BS_OK)
		return err;
	err = bs_rows_device_id(st, endpoint, &id);
	if (err == BS_OK)
		err = load_bootstrap(st, id, 1, &next);
	if (err == BS_OK)
		err = delete_bootstrap(st, id, 0);
	if (err == BS_OK)
		err = delete_bootstrap(st, id, 1);
	if (err == BS_OK)
		err = bs_rows_add_bootstrap(st, id, 0, &next.def, endpoint, NULL); /* sealed anew for its new place */
	stored_clear(&next);
	return bs_store_unnest(st, err);
}

static enum bs_err
drop_next(struct bs_store *st, const char *endpoint)
{
	struct stored_bootstrap next = { .def = { 0 } };
	int64_t id;
	enum bs_err err = bs_rows_device_id(st, endpoint, &id);

	if (err == BS_OK)
		err = load_bootstrap(st, id, 1, &next);
	stored_clear(&next);
	return err == BS_OK ? delete_bootstrap(st, id, 1) : err;
}

enum bs_err
bs_store_drop_next(struct bs_store *st, const char *endpoint)
{
	bool own = false;
	enum bs_err err = bs_store_enter(st, &own);

	return bs_store_leave(st, own, err == BS_OK ? drop_next(st, endpoint) : err);
}
