/* SPDX-License-Identifier: Apache-2.0 */
#include "db/stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/sql.h"
#include "server/base/text.h"

enum cell_type { CELL_NULL, CELL_INT, CELL_TEXT, CELL_BLOB };

struct cell {
	enum cell_type type;
	uint32_t len; /* of text and data */
	union {
		int64_t number;
		size_t at; /* in octets */
	};
};

struct rows {
	size_t count, cells_max; /* complete rows; cells is row after row */
	struct cell *cells;
	size_t used, octets_max;
	uint8_t *octets;
};

struct bs_stage {
	unsigned columns;
	struct rows put, shown;
};

/* ---- collecting --------------------------------------------------------------------------------------------------- */

/* Of the row that is being put. */
static struct cell *
cell_at(struct bs_stage *s, unsigned column)
{
	return &s->put.cells[s->put.count * s->columns + column];
}

/* There is always room for one row more, all NULL. */
static enum bs_err
make_room(struct rows *r, unsigned columns)
{
	size_t need = (r->count + 1) * columns;

	if (need > r->cells_max) {
		size_t max = 2 * need;
		struct cell *more = reallocarray(r->cells, max, sizeof(*more));

		if (more == NULL)
			return BS_ENOMEM;
		r->cells = more;
		r->cells_max = max;
	}
	memset(&r->cells[r->count * columns], 0, columns * sizeof(*r->cells));
	return BS_OK;
}

static void
empty(struct rows *r, unsigned columns)
{
	r->count = r->used = 0;
	memset(r->cells, 0, columns * sizeof(*r->cells));
}

static int
put_octets(struct bs_stage *s, unsigned column, enum cell_type type, const void *data, size_t len)
{
	struct rows *r = &s->put;

	if (column >= s->columns || len > UINT32_MAX)
		return SQLITE_RANGE;
	if (data == NULL)
		return SQLITE_OK;
	if (len > r->octets_max - r->used) {
		size_t max = 2 * (r->used + len);
		uint8_t *more = realloc(r->octets, max); /* no plain secret is in it */

		if (more == NULL)
			return SQLITE_NOMEM;
		r->octets = more;
		r->octets_max = max;
	}
	if (len > 0)
		memcpy(r->octets + r->used, data, len);
	*cell_at(s, column) = (struct cell){ .type = type, .len = (uint32_t)len, .at = r->used };
	r->used += len;
	return SQLITE_OK;
}

int
bs_stage_put_int(struct bs_stage *s, unsigned column, int64_t v)
{
	if (column >= s->columns)
		return SQLITE_RANGE;
	*cell_at(s, column) = (struct cell){ .type = CELL_INT, .number = v };
	return SQLITE_OK;
}

int
bs_stage_put_text(struct bs_stage *s, unsigned column, const void *text, size_t len)
{
	return put_octets(s, column, CELL_TEXT, text, len);
}

int
bs_stage_put_blob(struct bs_stage *s, unsigned column, const void *data, size_t len)
{
	return put_octets(s, column, CELL_BLOB, data, len);
}

int
bs_stage_end_row(struct bs_stage *s)
{
	s->put.count++;
	if (make_room(&s->put, s->columns) != BS_OK) {
		s->put.count--;
		return SQLITE_NOMEM;
	}
	return SQLITE_DONE;
}

int
bs_stage_amend_blob(struct bs_stage *s, unsigned column, const void *data, size_t len)
{
	int rc;

	if (s->put.count == 0)
		return SQLITE_RANGE;
	s->put.count--; /* it is the row that is being put again, for one value */
	rc = put_octets(s, column, CELL_BLOB, data, len);
	s->put.count++;
	return rc;
}

struct bs_stage_value
bs_stage_get(const struct bs_stage *s, size_t row, unsigned column)
{
	const struct rows *r = &s->put;
	const struct cell *cell = &r->cells[row * s->columns + column];

	switch (cell->type) {
	case CELL_INT:
		return (struct bs_stage_value){ .type = SQLITE_INTEGER, .number = cell->number };
	case CELL_TEXT:
		return (struct bs_stage_value){ SQLITE_TEXT, 0, r->octets + cell->at, cell->len };
	case CELL_BLOB:
		return (struct bs_stage_value){ SQLITE_BLOB, 0, r->octets + cell->at, cell->len };
	default:
		return (struct bs_stage_value){ .type = SQLITE_NULL };
	}
}

size_t
bs_stage_rows(const struct bs_stage *s)
{
	return s->put.count;
}

size_t
bs_stage_octets(const struct bs_stage *s)
{
	return s->put.used;
}

void
bs_stage_show(struct bs_stage *s)
{
	struct rows old = s->shown;

	s->shown = s->put;
	s->put = old;
	empty(&s->put, s->columns);
}

void
bs_stage_forget(struct bs_stage *s)
{
	empty(&s->put, s->columns);
	empty(&s->shown, s->columns);
}

/* ---- the virtual table ---------------------------------------------------------------------------------------------- */

struct table {
	sqlite3_vtab base; /* first: SQLite knows this part */
	struct bs_stage *stage;
};

struct cursor {
	sqlite3_vtab_cursor base; /* first */
	const struct bs_stage *stage;
	size_t row;
};

static int
on_connect(sqlite3 *db, void *stage, int argc, const char *const *argv, sqlite3_vtab **out, char **message)
{
	struct bs_stage *s = stage;
	char sql[16 + 5 * BS_STAGE_COLUMNS_MAX];
	struct bs_tw w = bs_tw_init(sql, sizeof(sql));
	struct table *t;
	int rc;

	(void)argc;
	(void)argv;
	(void)message;
	bs_tw_text(&w, "CREATE TABLE x(c0");
	for (unsigned c = 1; c < s->columns; c++)
		bs_tw_printf(&w, ",c%u", c);
	bs_tw_text(&w, ")");
	rc = sqlite3_declare_vtab(db, sql);
	if (rc != SQLITE_OK)
		return rc;
	t = sqlite3_malloc(sizeof(*t));
	if (t == NULL)
		return SQLITE_NOMEM;
	*t = (struct table){ .stage = s };
	*out = &t->base;
	return sqlite3_vtab_config(db, SQLITE_VTAB_DIRECTONLY); /* no schema may name it */
}

static int
on_disconnect(sqlite3_vtab *t)
{
	sqlite3_free(t);
	return SQLITE_OK;
}

/* There is one way to read it: all of it, in order. */
static int
on_best_index(sqlite3_vtab *t, sqlite3_index_info *info)
{
	(void)t;
	info->estimatedCost = 1000;
	return SQLITE_OK;
}

static int
on_open(sqlite3_vtab *t, sqlite3_vtab_cursor **out)
{
	struct cursor *c = sqlite3_malloc(sizeof(*c));

	if (c == NULL)
		return SQLITE_NOMEM;
	*c = (struct cursor){ .stage = ((struct table *)t)->stage };
	*out = &c->base;
	return SQLITE_OK;
}

static int
on_close(sqlite3_vtab_cursor *c)
{
	sqlite3_free(c);
	return SQLITE_OK;
}

static int
on_filter(sqlite3_vtab_cursor *c, int index, const char *name, int argc, sqlite3_value **argv)
{
	(void)index;
	(void)name;
	(void)argc;
	(void)argv;
	((struct cursor *)c)->row = 0;
	return SQLITE_OK;
}

static int
on_next(sqlite3_vtab_cursor *c)
{
	((struct cursor *)c)->row++;
	return SQLITE_OK;
}

static int
on_eof(sqlite3_vtab_cursor *c)
{
	return ((struct cursor *)c)->row >= ((struct cursor *)c)->stage->shown.count;
}

static int
on_column(sqlite3_vtab_cursor *cursor, sqlite3_context *to, int column)
{
	const struct cursor *c = (struct cursor *)cursor;
	const struct rows *r = &c->stage->shown;
	const struct cell *cell = &r->cells[c->row * c->stage->columns + (size_t)column];

	switch (cell->type) {
	case CELL_INT:
		sqlite3_result_int64(to, cell->number);
		break;
	case CELL_TEXT: /* static: another is shown after the statement */
		sqlite3_result_text(to, (const char *)r->octets + cell->at, (int)cell->len, SQLITE_STATIC);
		break;
	case CELL_BLOB:
		sqlite3_result_blob(to, r->octets + cell->at, (int)cell->len, SQLITE_STATIC);
		break;
	default:
		sqlite3_result_null(to);
	}
	return SQLITE_OK;
}

static int
on_rowid(sqlite3_vtab_cursor *c, sqlite3_int64 *out)
{
	*out = (sqlite3_int64)((struct cursor *)c)->row;
	return SQLITE_OK;
}

/* Without xCreate there is one such table, by the module's name. */
static const sqlite3_module module = {
	.xConnect = on_connect,
	.xDisconnect = on_disconnect,
	.xBestIndex = on_best_index,
	.xOpen = on_open,
	.xClose = on_close,
	.xFilter = on_filter,
	.xNext = on_next,
	.xEof = on_eof,
	.xColumn = on_column,
	.xRowid = on_rowid,
};

enum bs_err
bs_stage_new(sqlite3 *db, const char *name, unsigned columns, struct bs_stage **out)
{
	struct bs_stage *s = calloc(1, sizeof(*s));
	enum bs_err err = s != NULL ? BS_OK : BS_ENOMEM;

	if (columns == 0 || columns > BS_STAGE_COLUMNS_MAX)
		err = BS_ERANGE;
	if (err == BS_OK) {
		s->columns = columns;
		err = make_room(&s->put, columns);
	}
	if (err == BS_OK)
		err = make_room(&s->shown, columns);
	if (err == BS_OK)
		err = bs_sql_err(sqlite3_create_module(db, name, &module, s));
	if (err == BS_OK) {
		*out = s;
		s = NULL;
	}
	bs_stage_free(s);
	return err;
}

void
bs_stage_free(struct bs_stage *s)
{
	if (s == NULL)
		return;
	free(s->put.cells);
	free(s->put.octets);
	free(s->shown.cells);
	free(s->shown.octets);
	free(s);
}
