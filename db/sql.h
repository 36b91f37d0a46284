/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite for the two files of db/: errors, a cursor over one prepared statement, opening. Inside db/ only. */
#ifndef BS_DB_SQL_H
#define BS_DB_SQL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sqlite3.h>

#include "db/stage.h"
#include "server/base/err.h"

/* SQLITE_OK, SQLITE_ROW and SQLITE_DONE are BS_OK; a broken constraint is BS_EREFUSED. */
enum bs_err bs_sql_err(int rc);
/* One or more statements without values. */
BS_MUST_USE enum bs_err bs_sql_exec(sqlite3 *db, const char *sql);
/* exec with diag: "WHAT: the library's words". */
BS_MUST_USE enum bs_err bs_sql_exec_diag(sqlite3 *db, const char *sql, const char *what, struct bs_diag *diag);
/* The first column of the first row, of a PRAGMA for example. */
BS_MUST_USE enum bs_err bs_sql_int(sqlite3 *db, const char *sql, int64_t *out);
/*
 * Octets that the table meta holds under a name. get: at most max of them into out; BS_ENOTFOUND; BS_ESPACE where there are more.
 * *len is 0 unless BS_OK.
 */
BS_MUST_USE enum bs_err bs_sql_get_meta(sqlite3 *db, const char *name, uint8_t *out, size_t max, size_t *len);
BS_MUST_USE enum bs_err bs_sql_put_meta(sqlite3 *db, const char *name, const uint8_t *data, size_t len);
/* Prepare table[0 .. count) into stmts; an entry may be NULL. Sets diag. */
BS_MUST_USE enum bs_err bs_sql_prepare(
	sqlite3 *db, const char *const *table, size_t count, sqlite3_stmt **stmts, struct bs_diag *diag);
void bs_sql_finalize(sqlite3_stmt **stmts, size_t count);

/*
 * One run of a prepared statement. Values are bound in the order of the calls, borrowed until the end; the first error
 * stays and comes out of step or run.
 *
 *   struct bs_query q = bs_query(stmt);
 *   bs_query_put_int(&q, id);
 *   while ((err = bs_query_step(&q)) == BS_OK) ... bs_query_int(&q, 0) ...
 *   bs_query_end(&q);
 */
struct bs_query {
	sqlite3_stmt *stmt;
	struct bs_stage *stage; /* not NULL: values go there, and step ends its row */
	int index;
	int rc;
};
struct bs_query bs_query(sqlite3_stmt *stmt);
struct bs_query bs_query_stage(struct bs_stage *stage);
void bs_query_put_int(struct bs_query *q, int64_t v);
void bs_query_put_null(struct bs_query *q);
/* NULL text or data is NULL in SQL. */
void bs_query_put_text(struct bs_query *q, const char *text);
void bs_query_put_text_n(struct bs_query *q, const void *text, size_t len);
void bs_query_put_blob(struct bs_query *q, const void *data, size_t len);
/* BS_OK: a row; BS_ENOTFOUND: no more. */
BS_MUST_USE enum bs_err bs_query_step(struct bs_query *q);
void bs_query_end(struct bs_query *q);
/* A statement without rows: step and end. */
BS_MUST_USE enum bs_err bs_query_run(struct bs_query *q);

int64_t bs_query_int(const struct bs_query *q, int column);
bool bs_query_is_null(const struct bs_query *q, int column);
/* Lent until the next step; NULL for NULL. */
const char *bs_query_text(const struct bs_query *q, int column);
const uint8_t *bs_query_blob(const struct bs_query *q, int column, size_t *len);
/* Copy into a buffer of max octets with its NUL; "" for NULL. */
void bs_query_copy_text(const struct bs_query *q, int column, char *out, size_t max);

struct bs_migration;

/* How a file is to be opened, and what must be in it. */
struct bs_sql_file {
	const char *path;
	const char *what; /* "store", "journal": for the sentences and for the schema files */
	int32_t application_id;
	int32_t older_id; /* of files from before the first numbered schema, which are told what older_todo says */
	const char *older_todo;
	bool write;
	int busy_ms;
	const char *pragmas; /* of a writer, before anything else; NULL: none */
	const struct bs_migration *beside; /* the SQL of a migration (migrate.h); NULL: nothing */
};
/* Open, check that it is a file of ours, bring its schema up to date (write) or check its version (read). Sets diag. */
BS_MUST_USE enum bs_err bs_sql_open(const struct bs_sql_file *file, sqlite3 **out, struct bs_diag *diag);

#endif
