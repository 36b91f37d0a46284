/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many new devices in one transaction, at a fifth of what they cost one by one.
 *
 * Rows are staged and inserted by the hundred, in a thread beside the caller's, who reads and seals the next ones meanwhile
 * and keeps off the database until settle(). Triggers and foreign keys are off, because they look at each row; at the end all
 * claims are made by one INSERT .. SELECT .. ORDER BY for each kind, and the key of the table refuses what is there twice:
 *
 *   one value, one device, one use   the key of claim; what is claimed is what the rows hold (the view held)
 *   credential fits the server       bs_bulk_check_device, by the server account's mode
 *   foreign keys (off, too)          profile and server are looked up, the device is one of ours, the claims are made
 *   changes                          a new device tells nobody (0001_init.sql)
 *   hashes of aggregates             bs_bulk_hash_device, over what is staged
 *   UNIQUE, NOT NULL, CHECK          SQLite, as ever
 *
 * All of it is undone by a rollback, and triggers and foreign keys are as before for whoever comes next.
 */
#include <stdlib.h>
#include <string.h>

#include "db/aside.h"
#include "db/store_internal.h"

#define ROWS_AT_ONCE 500
#define OCTETS_AT_ONCE 1000000
#define PAYS_UP_TO \
	4 /* octets of store for an octet of the file: into a large table a few claims go one by one as well */
#define KNOWN_MAX 64

enum { T_DEVICE, T_GRANT, T_BOOTSTRAP, T_COUNT };

static const struct {
	enum bs_store_stmt add; /* that is staged */
	const char *name;
	unsigned columns;
	const char *insert;
} tables[T_COUNT] = {
	[T_DEVICE] = { Q_ADD_DEVICE, "staged_device", BS_DEVICE_COLUMN_COUNT,
		"INSERT OR ROLLBACK INTO device (" BS_DEVICE_COLUMNS ") SELECT * FROM staged_device" },
	[T_GRANT] = { Q_ADD_GRANT, "staged_grant", BS_GRANT_COLUMN_COUNT,
		"INSERT OR ROLLBACK INTO server_credential (" BS_GRANT_COLUMNS ") SELECT * FROM staged_grant" },
	[T_BOOTSTRAP] = { Q_ADD_BOOTSTRAP, "staged_bootstrap", BS_BOOTSTRAP_COLUMN_COUNT,
		"INSERT OR ROLLBACK INTO bootstrap_credential (" BS_BOOTSTRAP_COLUMNS ") SELECT * FROM "
		"staged_bootstrap" },
};

struct known {
	int64_t id;
	enum bs_mode mode; /* of a server */
};

struct bs_bulk {
	struct bs_stage *stages[T_COUNT];
	struct bs_aside *aside; /* inserts what the stages show; the database is its alone until it was waited for */
	sqlite3_stmt *inserts[T_COUNT];
	int64_t first_id, next_id; /* of a device */
	size_t grants_before; /* rows that were staged before the device that is being put */
	bool active; /* from begin to commit or rollback */
	bool checked;
	size_t server_count, profile_count;
	struct known servers[KNOWN_MAX], profiles[KNOWN_MAX]; /* looked up in this transaction */
};

bool
bs_bulk_is_active(const struct bs_store *st)
{
	return st->bulk != NULL && st->bulk->active;
}

struct bs_query
bs_bulk_query(struct bs_store *st, enum bs_store_stmt which)
{
	for (size_t t = 0; t < T_COUNT; t++)
		if (tables[t].add == which && bs_bulk_is_active(st))
			return bs_query_stage(st->bulk->stages[t]);
	return bs_store_query(st, which);
}

void
bs_bulk_wait(struct bs_store *st)
{
	if (st->bulk != NULL && st->bulk->aside != NULL && bs_aside_wait(st->bulk->aside) != BS_OK) {
		/* Nobody asks any more: a rollback comes next. */
	}
}

/* Wait for the insert that runs; its error is this call's. One that broke a rule took the transaction with it. */
static enum bs_err
settle(struct bs_store *st)
{
	enum bs_err err = bs_aside_wait(st->bulk->aside);

	return err == BS_OK && sqlite3_get_autocommit(st->db) ? BS_ESTATE : err;
}

/* ---- what the triggers and foreign keys prove of one row ------------------------------------------------------------ */

/* By ID, from the few that are remembered or from the store. */
static enum bs_err
find_known(struct bs_store *st, struct known *list, size_t *count, enum bs_store_stmt which, int64_t id,
	enum bs_mode *mode)
{
	struct bs_query q = bs_store_query(st, which);
	enum bs_err err;

	for (size_t i = 0; i < *count; i++)
		if (list[i].id == id) {
			*mode = list[i].mode;
			return BS_OK;
		}
	err = settle(st);
	if (err != BS_OK)
		return err;
	bs_query_put_int(&q, id);
	err = bs_query_step(&q);
	if (err == BS_OK)
		*mode = (enum bs_mode)bs_query_int(&q, 0);
	bs_query_end(&q);
	if (err == BS_OK && *count < KNOWN_MAX)
		list[(*count)++] = (struct known){ id, *mode };
	return err;
}

enum bs_err
bs_bulk_server_mode(struct bs_store *st, int64_t server_id, enum bs_mode *mode)
{
	return find_known(st, st->bulk->servers, &st->bulk->server_count, Q_SERVER_MODE, server_id, mode);
}

/* server_credential_fits */
static bool
fits(enum bs_mode mode, const struct bs_grant_def *g)
{
	bool has_public = g->public_or_identity_len > 0, has_key = g->secret_key != NULL && g->secret_key->len > 0;
	bool has_sms_keys = g->sms != NULL && g->sms->mode != 0 && (g->sms->kic_key.len > 0 || g->sms->kid_key.len > 0);

	switch (mode) {
	case BS_MODE_PSK:
		return has_public && has_key;
	case BS_MODE_RPK:
	case BS_MODE_X509:
		return has_public;
	default:
		return !has_public && !has_key && !has_sms_keys;
	}
}

enum bs_err
bs_bulk_check_device(struct bs_store *st, const struct bs_device_def *def)
{
	struct bs_bulk *b = st->bulk;
	enum bs_mode mode;
	enum bs_err err = find_known(st, b->profiles, &b->profile_count, Q_PROFILE_EXISTS, def->profile_id, &mode);

	for (size_t i = 0; i < def->grant_count && err == BS_OK; i++) {
		err = bs_bulk_server_mode(st, def->grants[i].server_id, &mode);
		if (err == BS_OK && !fits(mode, &def->grants[i]))
			err = BS_EREFUSED;
	}
	return err == BS_ENOTFOUND ? BS_EREFUSED : err;
}

int64_t
bs_bulk_next_id(struct bs_store *st)
{
	st->bulk->grants_before = bs_stage_rows(st->bulk->stages[T_GRANT]);
	return st->bulk->next_id++;
}

/* ---- the hash of a device ------------------------------------------------------------------------------------------- */

/* Its first columns; part is that of bs_aggregate_kinds. */
static void
hash_row(struct bs_row_hash *h, unsigned part, const struct bs_stage *s, size_t row, unsigned columns)
{
	bs_row_hash_row(h, part, columns);
	for (unsigned c = 0; c < columns; c++) {
		struct bs_stage_value v = bs_stage_get(s, row, c);

		if (v.type == SQLITE_NULL)
			bs_row_hash_null(h);
		else if (v.type == SQLITE_INTEGER)
			bs_row_hash_int(h, v.number);
		else
			bs_row_hash_octets(h, v.type, v.data, v.len);
	}
}

/* In the order of the table, by server; they were put in another. Each server has one: the table sees to it. */
static void
hash_grants(struct bs_row_hash *h, const struct bs_stage *s, size_t first)
{
	int64_t last = INT64_MIN;

	for (size_t n = first; n < bs_stage_rows(s); n++) {
		size_t least = SIZE_MAX;

		for (size_t i = first; i < bs_stage_rows(s); i++) {
			int64_t server = bs_stage_get(s, i, 1).number;

			if (server > last && (least == SIZE_MAX || server < bs_stage_get(s, least, 1).number))
				least = i;
		}
		if (least == SIZE_MAX)
			break;
		hash_row(h, 2, s, least, BS_GRANT_COLUMN_COUNT);
		last = bs_stage_get(s, least, 1).number;
	}
}

enum bs_err
bs_bulk_hash_device(struct bs_store *st)
{
	struct bs_bulk *b = st->bulk;
	struct bs_stage *device = b->stages[T_DEVICE], *bootstrap = b->stages[T_BOOTSTRAP];
	const struct bs_aggregate_kind *k = &bs_aggregate_kinds[BS_AGGREGATE_DEVICE];
	struct bs_stored_hash own = { 0 };
	struct bs_row_hash h;
	enum bs_err err;

	bs_row_hash_begin(&h, st->seal, BS_SEAL_LANE_DEVICE, k->layout);
	hash_row(&h, 0, device, bs_stage_rows(device) - 1, BS_DEVICE_COLUMN_COUNT - 1);
	hash_row(&h, 1, bootstrap, bs_stage_rows(bootstrap) - 1, BS_BOOTSTRAP_COLUMN_COUNT);
	err = bs_row_hash_half(&h, &own, k->second);
	if (err == BS_OK) {
		hash_grants(&h, b->stages[T_GRANT], b->grants_before);
		err = bs_row_hash_half(&h, &own, NULL);
	}
	if (err == BS_OK && bs_stage_amend_blob(device, BS_DEVICE_COLUMN_COUNT - 1, own.data, own.len) != SQLITE_OK)
		err = BS_ENOMEM;
	return err;
}

/* ---- inserting ------------------------------------------------------------------------------------------------------ */

static enum bs_err
insert_shown(void *arg)
{
	struct bs_bulk *b = arg;
	enum bs_err err = BS_OK;

	for (size_t t = 0; t < T_COUNT && err == BS_OK; t++) {
		struct bs_query q = bs_query(b->inserts[t]);

		err = bs_query_run(&q);
	}
	return err;
}

/* Begin to; settle() tells how it went. */
static enum bs_err
insert_staged(struct bs_store *st, struct bs_diag *diag)
{
	struct bs_bulk *b = st->bulk;
	enum bs_err err = settle(st);

	if (err != BS_OK)
		return bs_store_fail(st, err, st->path, diag);
	for (size_t t = 0; t < T_COUNT; t++)
		bs_stage_show(b->stages[t]);
	bs_aside_run(b->aside, insert_shown, b);
	return BS_OK;
}

enum bs_err
bs_bulk_flush_full(struct bs_store *st, struct bs_diag *diag)
{
	for (size_t t = 0; t < T_COUNT; t++)
		if (bs_stage_rows(st->bulk->stages[t]) >= ROWS_AT_ONCE ||
			bs_stage_octets(st->bulk->stages[t]) >= OCTETS_AT_ONCE)
			return insert_staged(st, diag);
	return BS_OK;
}

/* ---- one value, one device, one use --------------------------------------------------------------------------------- */

/*
 * What the new rows hold (the view held), kind by kind and in order: so the table takes them at the speed of appending. UNION
 * leaves one of those that a device holds alike in several rows. What is claimed already, or twice, breaks the key.
 */
#define ARM(kind, value, use, table, id) \
	"SELECT " kind ", " value ", " id ", " use " FROM " table " WHERE " id " >= ?1 AND " value " IS NOT NULL"
#define OWN(kind, value, use) ARM(kind, value, use, "bootstrap_credential", "device_id")
#define RECEIVED(kind, value, use) ARM(kind, value, use, "server_credential", "device_id")
#define CLAIM(select) "INSERT INTO claim (kind, value, device_id, use) " select " ORDER BY 2"
static const char *const claims[] = {
	CLAIM(OWN("0", "identity", "0") " UNION " RECEIVED("0", "identity", "0")),
	CLAIM(OWN("1", "key_hash", "1 + slot") " UNION " RECEIVED("1", "key_hash", "3") " UNION " RECEIVED(
		"1", "kic_hash", "3") " UNION " RECEIVED("1", "kid_hash", "3")),
	CLAIM(OWN("2", "digest", "1 + slot") " UNION " RECEIVED("2", "digest", "3")),
	CLAIM(ARM("3", "iccid_value", "0", "device", "id")),
	CLAIM(ARM("4", "imsi_value", "0", "device", "id")),
};

static enum bs_err
claim_all(struct bs_store *st)
{
	enum bs_err err = BS_OK;

	for (size_t i = 0; i < sizeof(claims) / sizeof(claims[0]) && err == BS_OK; i++) {
		sqlite3_stmt *stmt = NULL;
		struct bs_query q;

		err = bs_sql_err(sqlite3_prepare_v2(st->db, claims[i], -1, &stmt, NULL));
		q = bs_query(stmt);
		if (err == BS_OK) {
			bs_query_put_int(&q, st->bulk->first_id);
			err = bs_query_run(&q);
		}
		sqlite3_finalize(stmt);
	}
	return err;
}

enum bs_err
bs_store_check_bulk(struct bs_store *st, struct bs_diag *diag)
{
	struct bs_bulk *b = st->bulk;
	enum bs_err err;

	if (!bs_bulk_is_active(st))
		return bs_diag_set(diag, BS_ESTATE, 0, "%s: no bulk transaction is open", st->path);
	err = insert_staged(st, diag);
	if (err != BS_OK)
		return err;
	err = settle(st);
	if (err != BS_OK)
		return bs_store_fail(st, err, st->path, diag);
	err = claim_all(st);
	if (err == BS_EREFUSED)
		bs_diag_set(
			diag, err, 0, "%s: a credential or a card belongs to two devices, or has two uses", st->path);
	else if (err != BS_OK)
		bs_store_fail(st, err, st->path, diag);
	b->checked = err == BS_OK;
	return err;
}

bool
bs_bulk_may_commit(const struct bs_store *st)
{
	return !bs_bulk_is_active(st) || st->bulk->checked;
}

/* ---- beginning and ending ------------------------------------------------------------------------------------------- */

static enum bs_err
set_triggers(struct bs_store *st, int on)
{
	return bs_sql_err(sqlite3_db_config(st->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, on, (int *)NULL));
}

static void
forget(struct bs_bulk *b)
{
	bs_aside_free(b->aside);
	b->aside = NULL;
	bs_sql_finalize(b->inserts, T_COUNT);
	for (size_t t = 0; t < T_COUNT; t++)
		if (b->stages[t] != NULL)
			bs_stage_forget(b->stages[t]);
	b->server_count = b->profile_count = 0;
	b->active = b->checked = false;
}

void
bs_bulk_leave(struct bs_store *st)
{
	if (!bs_bulk_is_active(st))
		return;
	forget(st->bulk);
	/* Outside a transaction none can fail; a tool that could not would rather stop than write without rules. */
	if (set_triggers(st, 1) != BS_OK ||
		bs_sql_exec(st->db, "PRAGMA foreign_keys = 1; PRAGMA temp_store = MEMORY") != BS_OK ||
		bs_touched_resume(st->touched) != BS_OK)
		abort();
}

void
bs_bulk_free(struct bs_store *st)
{
	if (st->bulk == NULL)
		return;
	forget(st->bulk);
	for (size_t t = 0; t < T_COUNT; t++)
		bs_stage_free(st->bulk->stages[t]);
	free(st->bulk);
	st->bulk = NULL;
}

static enum bs_err
make_stages(struct bs_store *st)
{
	enum bs_err err = BS_OK;

	if (st->bulk == NULL)
		st->bulk = calloc(1, sizeof(*st->bulk));
	if (st->bulk == NULL)
		return BS_ENOMEM;
	for (size_t t = 0; t < T_COUNT && err == BS_OK; t++)
		if (st->bulk->stages[t] == NULL)
			err = bs_stage_new(st->db, tables[t].name, tables[t].columns, &st->bulk->stages[t]);
	return err;
}

/* Rows that lie there for devices to come are nobody's, and must not become part of one. */
static enum bs_err
clear_way(struct bs_store *st)
{
	static const char *const rows[] = { "bootstrap_credential", "server_credential" };
	enum bs_err err = BS_OK;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && err == BS_OK; i++) {
		char *sql = sqlite3_mprintf(
			"DELETE FROM %s WHERE device_id >= %lld", rows[i], (long long)st->bulk->next_id);

		err = sql != NULL ? bs_sql_exec(st->db, sql) : BS_ENOMEM;
		sqlite3_free(sql);
	}
	return err;
}

static enum bs_err
prepare(struct bs_store *st)
{
	static const char next_id[] =
		"SELECT 1 + max(ifnull((SELECT seq FROM sqlite_sequence WHERE name = 'device'), 0), "
		"ifnull((SELECT max(id) FROM device), 0))";
	enum bs_err err = bs_sql_int(st->db, next_id, &st->bulk->next_id);

	st->bulk->first_id = st->bulk->next_id;
	if (err == BS_OK)
		err = clear_way(st);
	if (err == BS_OK)
		err = set_triggers(st, 0);
	for (size_t t = 0; t < T_COUNT && err == BS_OK; t++)
		err = bs_sql_err(sqlite3_prepare_v2(st->db, tables[t].insert, -1, &st->bulk->inserts[t], NULL));
	return err;
}

enum bs_err
bs_store_begin_bulk(struct bs_store *st, struct bs_diag *diag)
{
	enum bs_err err;

	if (!st->write || bs_bulk_is_active(st) || !sqlite3_get_autocommit(st->db))
		return bs_diag_set(diag, BS_ESTATE, 0, "%s: no transaction can begin here", st->path);
	/* Files, so that what is sorted may be larger than memory; and they cannot be set in a transaction. */
	err = make_stages(st);
	bs_touched_pause(st->touched);
	if (err == BS_OK)
		err = bs_sql_exec(st->db, "PRAGMA foreign_keys = 0; PRAGMA temp_store = FILE");
	if (err != BS_OK) {
		bs_store_fail(st, err, st->path, diag);
		return bs_touched_resume(st->touched) == BS_OK ? err : BS_EINTERNAL;
	}
	st->bulk->active = true;
	bs_store_bulk(st);
	err = bs_aside_new(&st->bulk->aside);
	if (err == BS_OK)
		err = bs_store_begin(st, diag);
	else
		bs_diag_set(diag, err, 0, "%s: no thread for the import", st->path);
	if (err == BS_OK) {
		err = prepare(st);
		if (err != BS_OK)
			bs_store_fail(st, err, st->path, diag);
	}
	if (err != BS_OK)
		bs_store_rollback(st);
	return err;
}

bool
bs_store_bulk_pays(struct bs_store *st, uint64_t file_octets)
{
	int64_t pages = 0, size = 0;

	return bs_sql_int(st->db, "PRAGMA page_count", &pages) == BS_OK &&
	       bs_sql_int(st->db, "PRAGMA page_size", &size) == BS_OK &&
	       (uint64_t)(pages * size) / PAYS_UP_TO <= file_octets;
}
