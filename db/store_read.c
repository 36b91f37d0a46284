/* SPDX-License-Identifier: Apache-2.0 */
/* One device out of the store, checked while it is read. */
#include <string.h>

#include "db/store_internal.h"

/* Columns of DEVICE_ROWS (store_sql.c), and how many of each table. */
enum { D_ID, D_ENDPOINT, D_PROFILE, D_ENABLED, D_REVISION = 8, D_ROW_HASH, C_DEVICE };
#define DEVICE_HASHED 9
#define BOOTSTRAP_HASHED BS_BOOTSTRAP_COLUMN_COUNT
/* Parts of bs_aggregate_kinds[BS_AGGREGATE_DEVICE]. */
enum { PART_DEVICE, PART_BOOTSTRAP, PART_GRANT };

static void
read_head(struct bs_device_reader *r, const struct bs_query *q)
{
	size_t len = 0;
	const uint8_t *hash = bs_query_blob(q, D_ROW_HASH, &len);

	r->began = true;
	r->own.len = 0;
	bs_stored_hash_set(&r->stored, hash, len);
	r->id = bs_query_int(q, D_ID);
	r->profile_id = bs_query_int(q, D_PROFILE);
	r->revision = bs_query_int(q, D_REVISION);
	r->enabled = bs_query_int(q, D_ENABLED) != 0;
	bs_query_copy_text(q, D_ENDPOINT, r->endpoint, sizeof(r->endpoint));
	bs_row_hash_begin(&r->hash, r->st->seal, BS_SEAL_LANE_DEVICE, bs_aggregate_kinds[BS_AGGREGATE_DEVICE].layout);
	bs_row_hash_columns(&r->hash, PART_DEVICE, q, D_ID, DEVICE_HASHED);
}

static void
call(struct bs_device_reader *r, const struct bs_query *q, bs_device_row_fn *fn, void *arg)
{
	if (r->err == BS_OK && fn != NULL)
		r->err = fn(arg, r, q);
}

enum bs_err
bs_device_begin(struct bs_device_reader *r, struct bs_store *st, struct bs_query q, bs_device_row_fn *fn, void *arg)
{
	enum bs_err err;

	r->st = st;
	r->began = false;
	r->err = BS_OK;
	while ((err = bs_query_step(&q)) == BS_OK) {
		if (!r->began)
			read_head(r, &q);
		if (bs_query_is_null(&q, C_DEVICE))
			continue;
		bs_row_hash_columns(&r->hash, PART_BOOTSTRAP, &q, C_DEVICE, BOOTSTRAP_HASHED);
		call(r, &q, fn, arg);
	}
	bs_query_end(&q);
	return err == BS_ENOTFOUND && r->began ? BS_OK : err;
}

enum bs_err
bs_device_grants(struct bs_device_reader *r, bs_device_row_fn *fn, void *arg)
{
	struct bs_query q = bs_store_query(r->st, Q_LOAD_GRANTS);
	enum bs_err err = bs_row_hash_half(&r->hash, &r->own, bs_aggregate_kinds[BS_AGGREGATE_DEVICE].second);

	if (err != BS_OK)
		return err;
	bs_query_put_int(&q, r->id);
	while ((err = bs_query_step(&q)) == BS_OK) {
		bs_row_hash_columns(&r->hash, PART_GRANT, &q, 0, BS_GRANT_COLUMN_COUNT);
		call(r, &q, fn, arg);
	}
	bs_query_end(&q);
	return err == BS_ENOTFOUND ? BS_OK : err;
}

enum bs_err
bs_device_end(struct bs_device_reader *r, enum bs_err err)
{
	if (err == BS_OK)
		err = bs_row_hash_half(&r->hash, &r->own, NULL);
	if (err == BS_OK)
		err = bs_stored_hash_check(&r->own, &r->stored, sizeof(r->own.data));
	if (err == BS_ETAMPERED && r->st->lenient)
		err = BS_OK;
	return err == BS_OK ? r->err : err;
}

enum bs_err
bs_store_snapshot(struct bs_store *st, bool *own)
{
	*own = sqlite3_get_autocommit(st->db) != 0;
	return *own ? bs_store_read_begin(st) : BS_OK;
}

void
bs_store_snapshot_end(struct bs_store *st, bool own)
{
	if (own)
		bs_store_read_end(st);
}
