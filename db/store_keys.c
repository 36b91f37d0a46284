/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of a store: made, opened, and what a migration does with them beside the SQL. */
#include <stdio.h>
#include <string.h>

#include "db/aggregate.h"
#include "db/root.h"
#include "db/store_internal.h"

#define KEYS "wrapped_keys" /* where they stand in meta */

enum bs_err
bs_keys_make(sqlite3 *db, const struct bs_secret *master)
{
	uint8_t wrapped[BS_SEAL_WRAPPED_LEN];
	struct bs_seal *seal = NULL;
	enum bs_err err = bs_seal_new(master, &seal, wrapped);

	if (err == BS_OK)
		err = bs_sql_exec(db, "BEGIN IMMEDIATE");
	if (err == BS_OK)
		err = bs_sql_put_meta(db, KEYS, wrapped, sizeof(wrapped));
	if (err == BS_OK)
		err = bs_root_make(db, seal);
	if (err == BS_OK)
		err = bs_sql_exec(db, "COMMIT");
	bs_seal_free(seal);
	return err;
}

/* ---- opening ---------------------------------------------------------------------------------------------------------- */

static enum bs_err
say(sqlite3 *db, enum bs_err err, const char *path, const char *master_key_file, struct bs_diag *diag)
{
	switch (err) {
	case BS_OK:
		return BS_OK;
	case BS_EMASTERKEY:
		return bs_diag_set(diag, err, 0,
			"%s does not open the store %s; it needs the master key that it was made with", master_key_file,
			path);
	case BS_EIO:
	case BS_EBUSY:
		return bs_diag_set(diag, err, 0, "%s: the store has no keys: %s", path, sqlite3_errmsg(db));
	default:
		return bs_diag_set(diag, err, 0, "%s: %s", path, bs_strerror(err));
	}
}

enum bs_err
bs_keys_open(sqlite3 *db, const char *path, const char *master_key_file, struct bs_seal **out, struct bs_diag *diag)
{
	uint8_t wrapped[BS_SEAL_WRAPPED_LEN];
	struct bs_secret master = { 0 };
	size_t len = 0;
	enum bs_err err = bs_master_key_read(master_key_file, &master, diag);

	if (err != BS_OK)
		return err;
	err = bs_sql_get_meta(db, KEYS, wrapped, sizeof(wrapped), &len);
	if (err == BS_ENOTFOUND || err == BS_ESPACE || (err == BS_OK && len != sizeof(wrapped)))
		err = BS_EIO;
	if (err == BS_OK)
		err = bs_seal_open(&master, wrapped, out);
	bs_secret_clear(&master);
	return say(db, err, path, master_key_file, diag);
}

/* ---- migrating -------------------------------------------------------------------------------------------------------- */

/* What does not fit before must not fit afterwards. */
static enum bs_err
keep_bad(void *arg, enum bs_aggregate kind, int64_t id, const char *name)
{
	struct bs_hasher *hasher = arg;
	char sql[96];
	enum bs_err err = bs_aggregate_check(hasher, kind, id);

	(void)name;
	if (err != BS_ETAMPERED)
		return err;
	snprintf(sql, sizeof(sql), "UPDATE %s SET row_hash = NULL WHERE id = %lld",
		bs_aggregate_kinds[kind].parts[0].table, (long long)id);
	return bs_sql_exec(hasher->db, sql);
}

static enum bs_err
hash_anew(void *arg, enum bs_aggregate kind, int64_t id, const char *name)
{
	struct bs_hasher *hasher = arg;
	char sql[96];
	int64_t has = 1;
	enum bs_err err;

	(void)name;
	snprintf(sql, sizeof(sql), "SELECT row_hash IS NOT NULL FROM %s WHERE id = %lld",
		bs_aggregate_kinds[kind].parts[0].table, (long long)id);
	err = bs_sql_int(hasher->db, sql, &has);
	return err == BS_OK && has ? bs_aggregate_set(hasher, kind, id) : err;
}

/* fn for all there is, with a hasher. */
static enum bs_err
each(sqlite3 *db, struct bs_seal *seal, bs_aggregate_fn *fn)
{
	struct bs_hasher hasher;
	enum bs_err err = BS_OK;

	bs_hasher_init(&hasher, db, seal);
	for (int k = 0; k < BS_AGGREGATES && err == BS_OK; k++)
		err = bs_aggregate_each(&hasher, (enum bs_aggregate)k, fn, &hasher);
	bs_hasher_clear(&hasher);
	return err;
}

enum bs_err
bs_keys_before_migration(void *arg, sqlite3 *db, int have, struct bs_diag *diag)
{
	struct bs_keys_place *place = arg;
	enum bs_err err = bs_keys_open(db, place->path, place->master_key_file, &place->seal, diag);

	(void)have;
	if (err != BS_OK)
		return err;
	err = bs_root_check_schema(db, place->seal);
	if (err == BS_OK)
		err = each(db, place->seal, keep_bad);
	return say(db, err, place->path, place->master_key_file, diag);
}

enum bs_err
bs_keys_after_migration(void *arg, sqlite3 *db, int had, struct bs_diag *diag)
{
	struct bs_keys_place *place = arg;
	enum bs_err err = each(db, place->seal, hash_anew);

	(void)had;
	if (err == BS_OK)
		err = bs_root_take_schema(db, place->seal);
	return say(db, err, place->path, place->master_key_file, diag);
}
