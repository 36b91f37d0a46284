/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows on their way into a table. Their values are collected here and stand in a virtual table, so that one
 * INSERT .. SELECT takes hundreds of them: a statement a row costs several times what the row costs. Inside db/ only.
 *
 *   struct bs_stage *s;
 *   bs_stage_new(db, "staged_device", 8, &s);
 *   .. bs_stage_put_*(s, column, ..) .. bs_stage_end_row(s) ..
 *   bs_stage_show(s);
 *   INSERT INTO device (..) SELECT * FROM staged_device
 *
 * The table holds what was shown last, apart from what is put since: one thread may read it while another puts rows.
 */
#ifndef BS_DB_STAGE_H
#define BS_DB_STAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sqlite3.h>

#include "server/base/err.h"

struct bs_stage;

#define BS_STAGE_COLUMNS_MAX 32

/* A virtual table of that name in db, as long as db is open; *out must be freed after db is closed. Columns c0, c1, .. */
BS_MUST_USE enum bs_err bs_stage_new(sqlite3 *db, const char *name, unsigned columns, struct bs_stage **out);
void bs_stage_free(struct bs_stage *s); /* NULL is fine */

/*
 * Values of the row at hand, copied; what is not put is NULL, and so is NULL text or data. Return codes of SQLite:
 * SQLITE_NOMEM, SQLITE_RANGE.
 */
int bs_stage_put_int(struct bs_stage *s, unsigned column, int64_t v);
int bs_stage_put_text(struct bs_stage *s, unsigned column, const void *text, size_t len);
int bs_stage_put_blob(struct bs_stage *s, unsigned column, const void *data, size_t len);
/* SQLITE_DONE, as of an INSERT that is done. */
int bs_stage_end_row(struct bs_stage *s);
/* A value more for the row that was ended last, which is not shown yet. */
int bs_stage_amend_blob(struct bs_stage *s, unsigned column, const void *data, size_t len);

/* A value of a row that is not shown yet. data: of text and data, lent until the next value is put. */
struct bs_stage_value {
	int type; /* SQLITE_NULL, SQLITE_INTEGER, SQLITE_TEXT, SQLITE_BLOB */
	int64_t number;
	const void *data;
	size_t len;
};
struct bs_stage_value bs_stage_get(const struct bs_stage *s, size_t row, unsigned column);

/* Of the rows that are not shown yet. */
size_t bs_stage_rows(const struct bs_stage *s);
size_t bs_stage_octets(const struct bs_stage *s); /* of text and data */
/* The rows since the last call are what the table holds. Nobody may be reading it. */
void bs_stage_show(struct bs_stage *s);
void bs_stage_forget(struct bs_stage *s); /* empty both */

#endif
