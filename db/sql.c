/* SPDX-License-Identifier: Apache-2.0 */
#include "db/sql.h"

#include <stdio.h>
#include <string.h>

#include "db/migrate.h"

enum bs_err
bs_sql_err(int rc)
{
	switch (rc & 0xff) { /* without the extended part */
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return BS_OK;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return BS_EBUSY;
	case SQLITE_NOMEM:
		return BS_ENOMEM;
	case SQLITE_CONSTRAINT:
		return BS_EREFUSED;
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return BS_EPERM;
	case SQLITE_TOOBIG:
		return BS_ERANGE;
	case SQLITE_MISUSE:
	case SQLITE_RANGE:
	case SQLITE_ERROR:
		return BS_EINTERNAL;
	default: /* FULL, IOERR, CORRUPT, CANTOPEN, NOTADB, READONLY … */
		return BS_EIO;
	}
}

enum bs_err
bs_sql_exec(sqlite3 *db, const char *sql)
{
	return bs_sql_err(sqlite3_exec(db, sql, NULL, NULL, NULL));
}

enum bs_err
bs_sql_exec_diag(sqlite3 *db, const char *sql, const char *what, struct bs_diag *diag)
{
	enum bs_err err = bs_sql_exec(db, sql);

	return err == BS_OK ? BS_OK : bs_diag_set(diag, err, 0, "%s: %s", what, sqlite3_errmsg(db));
}

enum bs_err
bs_sql_int(sqlite3 *db, const char *sql, int64_t *out)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
	enum bs_err err = bs_sql_err(rc);

	if (err == BS_OK) {
		rc = sqlite3_step(stmt);
		err = rc == SQLITE_DONE ? BS_ENOTFOUND : bs_sql_err(rc);
	}
	if (err == BS_OK)
		*out = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return err;
}

enum bs_err
bs_sql_prepare(sqlite3 *db, const char *const *table, size_t count, sqlite3_stmt **stmts, struct bs_diag *diag)
{
	for (size_t i = 0; i < count; i++) {
		int rc;

		if (table[i] == NULL)
			continue;
		rc = sqlite3_prepare_v3(db, table[i], -1, SQLITE_PREPARE_PERSISTENT, &stmts[i], NULL);
		if (rc != SQLITE_OK)
			return bs_diag_set(diag, bs_sql_err(rc), 0, "SQL statement %zu: %s", i, sqlite3_errmsg(db));
	}
	return BS_OK;
}

void
bs_sql_finalize(sqlite3_stmt **stmts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		sqlite3_finalize(stmts[i]);
		stmts[i] = NULL;
	}
}

/* ---- the cursor ----------------------------------------------------------------------------------------------------- */

struct bs_query
bs_query(sqlite3_stmt *stmt)
{
	return (struct bs_query){ .stmt = stmt, .rc = SQLITE_OK };
}

struct bs_query
bs_query_stage(struct bs_stage *stage)
{
	return (struct bs_query){ .stage = stage, .rc = SQLITE_OK };
}

static void
keep_first(struct bs_query *q, int rc)
{
	if (q->rc == SQLITE_OK)
		q->rc = rc;
	q->index++;
}

void
bs_query_put_int(struct bs_query *q, int64_t v)
{
	keep_first(q, q->stage != NULL ? bs_stage_put_int(q->stage, (unsigned)q->index, v)
				       : sqlite3_bind_int64(q->stmt, q->index + 1, v));
}

void
bs_query_put_null(struct bs_query *q)
{
	q->index++; /* what is not put is NULL */
}

void
bs_query_put_text(struct bs_query *q, const char *text)
{
	bs_query_put_text_n(q, text, text != NULL ? strlen(text) : 0);
}

void
bs_query_put_text_n(struct bs_query *q, const void *text, size_t len)
{
	keep_first(q, q->stage != NULL
			      ? bs_stage_put_text(q->stage, (unsigned)q->index, text, len)
			      : sqlite3_bind_text64(q->stmt, q->index + 1, text, len, SQLITE_STATIC, SQLITE_UTF8));
}

void
bs_query_put_blob(struct bs_query *q, const void *data, size_t len)
{
	keep_first(q, q->stage != NULL ? bs_stage_put_blob(q->stage, (unsigned)q->index, data, len)
				       : sqlite3_bind_blob64(q->stmt, q->index + 1, data, len, SQLITE_STATIC));
}

enum bs_err
bs_query_step(struct bs_query *q)
{
	if (q->rc == SQLITE_OK || q->rc == SQLITE_ROW)
		q->rc = q->stage != NULL ? bs_stage_end_row(q->stage) : sqlite3_step(q->stmt);
	return q->rc == SQLITE_DONE ? BS_ENOTFOUND : bs_sql_err(q->rc);
}

void
bs_query_end(struct bs_query *q)
{
	if (q->stage != NULL)
		return;
	sqlite3_reset(q->stmt);
	sqlite3_clear_bindings(q->stmt); /* they are borrowed, and some are secrets */
}

enum bs_err
bs_query_run(struct bs_query *q)
{
	enum bs_err err = bs_query_step(q);

	bs_query_end(q);
	return err == BS_ENOTFOUND ? BS_OK : err;
}

int64_t
bs_query_int(const struct bs_query *q, int column)
{
	return sqlite3_column_int64(q->stmt, column);
}

bool
bs_query_is_null(const struct bs_query *q, int column)
{
	return sqlite3_column_type(q->stmt, column) == SQLITE_NULL;
}

const char *
bs_query_text(const struct bs_query *q, int column)
{
	return (const char *)sqlite3_column_text(q->stmt, column);
}

const uint8_t *
bs_query_blob(const struct bs_query *q, int column, size_t *len)
{
	const uint8_t *data = sqlite3_column_blob(q->stmt, column);

	*len = (size_t)sqlite3_column_bytes(q->stmt, column);
	return data;
}

void
bs_query_copy_text(const struct bs_query *q, int column, char *out, size_t max)
{
	const char *text = bs_query_text(q, column);

	snprintf(out, max, "%s", text != NULL ? text : "");
}

/* ---- opening -------------------------------------------------------------------------------------------------------- */

static enum bs_err
check_ours(sqlite3 *db, const struct bs_sql_file *file, struct bs_diag *diag)
{
	int64_t id = 0, tables = 0;
	enum bs_err err = bs_sql_int(db, "SELECT count(*) FROM sqlite_master", &tables);

	if (err == BS_OK)
		err = bs_sql_int(db, "PRAGMA application_id", &id);
	if (err != BS_OK)
		return bs_diag_set(diag, err, 0, "%s: %s%s", file->path, sqlite3_errmsg(db),
			err == BS_EIO ? "; the file is damaged or no SQLite file, restore it from a backup" : "");
	if (id == file->older_id)
		return bs_diag_set(diag, BS_ESCHEMA, 0, "%s: the %s was made by a version before 0.2: %s", file->path,
			file->what, file->older_todo);
	if (id != file->application_id && !(file->write && tables == 0 && id == 0))
		return bs_diag_set(
			diag, BS_EIO, 0, "%s: this is no %s of the bootstrap server", file->path, file->what);
	return BS_OK;
}

static const char read_pragmas[] = "PRAGMA query_only = 1; PRAGMA mmap_size = 1073741824; PRAGMA trusted_schema = 0";
/* temp_store: else the journal of single statements goes to a file once it has been large, and stays there: half the time. */
static const char write_pragmas[] = "PRAGMA temp_store = MEMORY; PRAGMA journal_mode = WAL; PRAGMA foreign_keys = 1; "
				    "PRAGMA recursive_triggers = 1; "
				    "PRAGMA journal_size_limit = 67108864; PRAGMA trusted_schema = 0";

static enum bs_err
set_up(sqlite3 *db, const struct bs_sql_file *file, struct bs_diag *diag)
{
	enum bs_err err;

	sqlite3_extended_result_codes(db, 1);
	sqlite3_busy_timeout(db, file->busy_ms);
	err = check_ours(db, file, diag);
	if (err == BS_OK && file->write && file->pragmas != NULL)
		err = bs_sql_exec_diag(db, file->pragmas, file->path, diag);
	if (err == BS_OK)
		err = bs_sql_exec_diag(db, file->write ? write_pragmas : read_pragmas, file->path, diag);
	if (err == BS_OK && file->write)
		err = bs_schema_migrate(db, file->what, file->application_id, file->path, file->beside, diag);
	if (err == BS_OK && !file->write)
		err = bs_schema_check(db, file->what, file->path, diag);
	return err;
}

enum bs_err
bs_sql_open(const struct bs_sql_file *file, sqlite3 **out, struct bs_diag *diag)
{
	int flags = SQLITE_OPEN_NOMUTEX | (file->write ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY);
	sqlite3 *db = NULL;
	int rc = sqlite3_open_v2(file->path, &db, flags, NULL);
	enum bs_err err = bs_sql_err(rc);

	if (err != BS_OK)
		bs_diag_set(diag, err, 0, "%s: %s", file->path, db != NULL ? sqlite3_errmsg(db) : "out of memory");
	else
		err = set_up(db, file, diag);
	if (err == BS_OK) {
		*out = db;
		db = NULL;
	}
	sqlite3_close_v2(db);
	return err;
}

/* ---- meta ------------------------------------------------------------------------------------------------------------- */

enum bs_err
bs_sql_get_meta(sqlite3 *db, const char *name, uint8_t *out, size_t max, size_t *len)
{
	sqlite3_stmt *stmt = NULL;
	enum bs_err err = bs_sql_err(sqlite3_prepare_v2(db, "SELECT value FROM meta WHERE key = ?1", -1, &stmt, NULL));
	struct bs_query q = bs_query(stmt);
	const uint8_t *data = NULL;
	size_t have = 0;

	*len = 0;
	if (err == BS_OK) {
		bs_query_put_text(&q, name);
		err = bs_query_step(&q);
	}
	if (err == BS_OK)
		data = bs_query_blob(&q, 0, &have);
	if (err == BS_OK && have > max)
		err = BS_ESPACE;
	if (err == BS_OK && data != NULL) {
		memcpy(out, data, have);
		*len = have;
	}
	sqlite3_finalize(stmt);
	return err;
}

enum bs_err
bs_sql_put_meta(sqlite3 *db, const char *name, const uint8_t *data, size_t len)
{
	sqlite3_stmt *stmt = NULL;
	struct bs_query q;
	enum bs_err err = bs_sql_err(sqlite3_prepare_v2(db,
		"INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2", -1, &stmt,
		NULL));

	if (err == BS_OK) {
		q = bs_query(stmt);
		bs_query_put_text(&q, name);
		bs_query_put_blob(&q, data, len);
		err = bs_query_run(&q);
	}
	sqlite3_finalize(stmt);
	return err;
}
