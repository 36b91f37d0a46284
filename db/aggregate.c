/* SPDX-License-Identifier: Apache-2.0 */
#include "db/aggregate.h"

#include <string.h>

/* store_lookup.c and store_bulk.c hash devices without these statements: the parts and their order must stay the same. */
const struct bs_aggregate_kind bs_aggregate_kinds[BS_AGGREGATES] = {
	[BS_AGGREGATE_DEVICE] = { "device", "device 2", "device grants 2", 2, "endpoint",
		{ { "device", "id", "id" }, { "bootstrap_credential", "device_id", "slot" },
			{ "server_credential", "device_id", "server_id" } } },
	[BS_AGGREGATE_PROFILE] = { "profile", "profile 1", NULL, 0, "name",
		{ { "profile", "id", "id" }, { "profile_server", "profile_id", "position" },
			{ "profile_acl", "profile_id", "position" },
			{ "profile_acl_entry", "profile_id", "position, entry" },
			{ "profile_write", "profile_id", "position" } } },
	[BS_AGGREGATE_SERVER] = { "server", "server 1", NULL, 0, "name",
		{ { "server_account", "id", "id" }, { "server_setting", "server_id", "position" } } },
};

#define PARTS(kind, p) \
	size_t p = 0; \
	p < BS_AGGREGATE_PARTS_MAX &&bs_aggregate_kinds[kind].parts[p].table != NULL; \
	p++

void
bs_hasher_init(struct bs_hasher *h, sqlite3 *db, struct bs_seal *seal)
{
	*h = (struct bs_hasher){ .db = db, .seal = seal };
}

void
bs_hasher_clear(struct bs_hasher *h)
{
	for (int k = 0; k < BS_AGGREGATES; k++) {
		bs_sql_finalize(h->kinds[k].parts, BS_AGGREGATE_PARTS_MAX);
		bs_sql_finalize(&h->kinds[k].set, 1);
		bs_sql_finalize(&h->kinds[k].name, 1);
		bs_sql_finalize(&h->kinds[k].each, 1);
	}
	*h = (struct bs_hasher){ 0 };
}

/* ---- statements ----------------------------------------------------------------------------------------------------- */

/* Takes text, which may be NULL for want of memory. */
static enum bs_err
prepare(sqlite3 *db, char *text, sqlite3_stmt **out)
{
	enum bs_err err = BS_ENOMEM;

	if (text != NULL)
		err = bs_sql_err(sqlite3_prepare_v3(db, text, -1, SQLITE_PREPARE_PERSISTENT, out, NULL));
	sqlite3_free(text);
	return err;
}

enum bs_err
bs_aggregate_columns(sqlite3 *db, const char *table, char **out, int *count)
{
	sqlite3_stmt *stmt = NULL;
	enum bs_err err = prepare(
		db, sqlite3_mprintf("SELECT name FROM pragma_table_info(%Q) ORDER BY cid", table), &stmt);

	*count = 0;
	while (err == BS_OK && sqlite3_step(stmt) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(stmt, 0);

		if (name == NULL || strcmp(name, "row_hash") == 0)
			continue;
		*out = sqlite3_mprintf("%z%s\"%w\"", *out, *count > 0 ? ", " : "", name);
		err = *out != NULL ? BS_OK : BS_ENOMEM;
		(*count)++;
	}
	if (sqlite3_finalize(stmt) != SQLITE_OK && err == BS_OK)
		err = BS_EIO;
	return err;
}

static enum bs_err
prepare_part(struct bs_hasher *h, enum bs_aggregate kind, size_t p)
{
	const struct bs_aggregate_part *part = &bs_aggregate_kinds[kind].parts[p];
	char *columns = NULL;
	enum bs_err err = bs_aggregate_columns(h->db, part->table, &columns, &h->kinds[kind].columns[p]);

	if (err == BS_OK && columns != NULL)
		err = prepare(h->db,
			sqlite3_mprintf("SELECT %s%s FROM %s WHERE %s = ?1 ORDER BY %s", columns,
				p == 0 ? ", row_hash" : "", part->table, part->id, part->order),
			&h->kinds[kind].parts[p]);
	sqlite3_free(columns);
	return err;
}

static enum bs_err
make_ready(struct bs_hasher *h, enum bs_aggregate kind)
{
	const struct bs_aggregate_kind *k = &bs_aggregate_kinds[kind];
	enum bs_err err = BS_OK;

	if (h->kinds[kind].ready)
		return BS_OK;
	for (PARTS(kind, p))
		err = err == BS_OK ? prepare_part(h, kind, p) : err;
	if (err == BS_OK)
		err = prepare(h->db, sqlite3_mprintf("UPDATE %s SET row_hash = ?2 WHERE id = ?1", k->parts[0].table),
			&h->kinds[kind].set);
	if (err == BS_OK)
		err = prepare(h->db, sqlite3_mprintf("SELECT id, %s FROM %s ORDER BY id", k->name, k->parts[0].table),
			&h->kinds[kind].each);
	if (err == BS_OK)
		err = prepare(h->db, sqlite3_mprintf("SELECT %s FROM %s WHERE id = ?1", k->name, k->parts[0].table),
			&h->kinds[kind].name);
	h->kinds[kind].ready = err == BS_OK;
	return err;
}

/* ---- hashes --------------------------------------------------------------------------------------------------------- */

static enum bs_err
add_rows(struct bs_hasher *h, enum bs_aggregate kind, size_t p, int64_t id, struct bs_row_hash *hash)
{
	struct bs_query q = bs_query(h->kinds[kind].parts[p]);
	enum bs_err err;

	if (q.stmt == NULL)
		return BS_OK; /* the schema is from before there was that table */
	bs_query_put_int(&q, id);
	while ((err = bs_query_step(&q)) == BS_OK)
		bs_row_hash_columns(hash, (unsigned)p, &q, 0, h->kinds[kind].columns[p]);
	bs_query_end(&q);
	return err == BS_ENOTFOUND ? BS_OK : err;
}

/* The row that the hash stands in. BS_ENOTFOUND. */
static enum bs_err
add_first(struct bs_hasher *h, enum bs_aggregate kind, int64_t id, struct bs_row_hash *hash,
	struct bs_stored_hash *stored)
{
	struct bs_query q;
	const uint8_t *data;
	size_t len;
	enum bs_err err = make_ready(h, kind);

	if (err != BS_OK)
		return err;
	q = bs_query(h->kinds[kind].parts[0]);
	bs_query_put_int(&q, id);
	err = bs_query_step(&q);
	if (err == BS_OK) {
		bs_row_hash_begin(hash, h->seal, BS_SEAL_LANE_OTHER, bs_aggregate_kinds[kind].layout);
		bs_row_hash_columns(hash, 0, &q, 0, h->kinds[kind].columns[0]);
		data = bs_query_blob(&q, h->kinds[kind].columns[0], &len);
		bs_stored_hash_set(stored, data, len);
	}
	bs_query_end(&q);
	return err;
}

/* What it is, and what the row holds. */
static enum bs_err
hash_all(struct bs_hasher *h, enum bs_aggregate kind, int64_t id, struct bs_stored_hash *own,
	struct bs_stored_hash *stored)
{
	const struct bs_aggregate_kind *k = &bs_aggregate_kinds[kind];
	struct bs_row_hash hash;
	enum bs_err err = add_first(h, kind, id, &hash, stored);

	own->len = 0;
	for (PARTS(kind, p)) {
		if (p > 0 && p == k->second_part && err == BS_OK)
			err = bs_row_hash_half(&hash, own, k->second);
		if (p > 0 && err == BS_OK)
			err = add_rows(h, kind, p, id, &hash);
	}
	return err == BS_OK ? bs_row_hash_half(&hash, own, NULL) : err;
}

enum bs_err
bs_aggregate_check(struct bs_hasher *h, enum bs_aggregate kind, int64_t id)
{
	struct bs_stored_hash own, stored;
	enum bs_err err = hash_all(h, kind, id, &own, &stored);

	return err == BS_OK ? bs_stored_hash_check(&own, &stored, own.len) : err;
}

enum bs_err
bs_aggregate_set(struct bs_hasher *h, enum bs_aggregate kind, int64_t id)
{
	struct bs_stored_hash own, stored;
	struct bs_query q;
	enum bs_err err = hash_all(h, kind, id, &own, &stored);

	if (err != BS_OK)
		return err == BS_ENOTFOUND ? BS_OK : err;
	q = bs_query(h->kinds[kind].set);
	bs_query_put_int(&q, id);
	bs_query_put_blob(&q, own.data, own.len);
	return bs_query_run(&q);
}

enum bs_err
bs_aggregate_name(struct bs_hasher *h, enum bs_aggregate kind, int64_t id, char *out, size_t max)
{
	struct bs_query q;
	enum bs_err err = make_ready(h, kind);

	if (err != BS_OK)
		return err;
	q = bs_query(h->kinds[kind].name);
	bs_query_put_int(&q, id);
	err = bs_query_step(&q);
	if (err == BS_OK)
		bs_query_copy_text(&q, 0, out, max);
	bs_query_end(&q);
	return err;
}

enum bs_err
bs_aggregate_each(struct bs_hasher *h, enum bs_aggregate kind, bs_aggregate_fn *fn, void *arg)
{
	struct bs_query q;
	enum bs_err err = make_ready(h, kind);

	if (err != BS_OK)
		return err;
	q = bs_query(h->kinds[kind].each);
	while ((err = bs_query_step(&q)) == BS_OK) {
		err = fn(arg, kind, bs_query_int(&q, 0), bs_query_text(&q, 1));
		if (err != BS_OK)
			break;
	}
	bs_query_end(&q);
	return err == BS_ENOTFOUND ? BS_OK : err;
}
