/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/sim_csv.h"

#include <csv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/base/text.h"

enum column { COL_OTHER, COL_ENDPOINT, COL_MODE, COL_IDENTITY, COL_KEY_HEX, COL_KEY_B64, COL_COUNT };

static const char *const names[COL_COUNT] = {
	[COL_ENDPOINT] = "endpoint",
	[COL_MODE] = "mode",
	[COL_IDENTITY] = "psk_identity",
	[COL_KEY_HEX] = "psk_key_hex",
	[COL_KEY_B64] = "psk_key_b64",
};

#define COLUMNS_MAX 512

struct reader {
	struct sim_rows *rows;
	enum column columns[COLUMNS_MAX];
	size_t column_count, field; /* field: the next one's place in its line */
	unsigned line; /* records, the header is the first */
	struct sim_row now;
	enum bs_err err;
	struct bs_diag *diag;
};

static void
clear_row(struct sim_row *row)
{
	free(row->endpoint);
	free(row->mode);
	free(row->psk_identity);
	bs_secret_clear(&row->psk);
	*row = (struct sim_row){ .endpoint = NULL };
}

void
sim_rows_clear(struct sim_rows *rows)
{
	for (size_t i = 0; i < rows->count; i++)
		clear_row(&rows->v[i]);
	free(rows->v);
	*rows = (struct sim_rows){ .v = NULL };
}

const struct sim_row *
sim_rows_find(const struct sim_rows *rows, const char *endpoint)
{
	for (size_t i = 0; i < rows->count; i++)
		if (strcmp(rows->v[i].endpoint, endpoint) == 0)
			return &rows->v[i];
	return NULL;
}

static void
fail(struct reader *r, enum bs_err err, const char *what)
{
	if (r->err == BS_OK)
		r->err = bs_diag_set(r->diag, err, r->line, "%s", what);
}

static void
take_column(struct reader *r, const char *text, size_t len)
{
	enum column c = COL_COUNT - 1;

	if (r->column_count == 0 && len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		text += 3; /* a byte order mark */
	while (c > COL_OTHER && strcmp(text, names[c]) != 0)
		c--;
	if (r->column_count < COLUMNS_MAX)
		r->columns[r->column_count++] = c;
	else
		fail(r, BS_ELIMIT, "too many columns");
}

static void
take_text(struct reader *r, char **to, const char *text)
{
	if (*to != NULL || *text == '\0')
		return;
	*to = strdup(text);
	if (*to == NULL)
		fail(r, BS_ENOMEM, "out of memory");
}

static void
take_key(struct reader *r, const char *text, size_t len, bool is_hex)
{
	struct bs_secret *s = &r->now.psk;
	enum bs_err err;

	if (len == 0)
		return;
	err = is_hex ? bs_hex_decode(text, len, s->data, sizeof(s->data), &s->len)
		     : bs_base64_decode(text, len, s->data, sizeof(s->data), &s->len);
	if (err != BS_OK)
		fail(r, err, "the pre-shared key cannot be read");
}

static void
on_field(void *data, size_t len, void *arg)
{
	struct reader *r = arg;
	const char *text = data != NULL ? data : "";
	enum column c = r->field < r->column_count ? r->columns[r->field] : COL_OTHER;

	r->field++;
	if (r->line == 1)
		take_column(r, text, len);
	else if (c == COL_ENDPOINT)
		take_text(r, &r->now.endpoint, text);
	else if (c == COL_MODE)
		take_text(r, &r->now.mode, text);
	else if (c == COL_IDENTITY)
		take_text(r, &r->now.psk_identity, text);
	else if (c != COL_OTHER)
		take_key(r, text, len, c == COL_KEY_HEX);
}

static bool
grow(struct sim_rows *rows)
{
	size_t room = rows->room == 0 ? 16 : rows->room * 2;
	struct sim_row *v = rows->count < rows->room ? rows->v : calloc(room, sizeof(*v));

	if (v == NULL)
		return false;
	if (v != rows->v) {
		if (rows->count > 0) {
			memcpy(v, rows->v, rows->count * sizeof(*v));
			bs_wipe(rows->v, rows->count * sizeof(*v));
		}
		free(rows->v);
		rows->v = v;
		rows->room = room;
	}
	return true;
}

static void
on_line(int end, void *arg)
{
	struct reader *r = arg;
	struct sim_row *row = &r->now;

	(void)end;
	if (r->line > 1 && r->err == BS_OK) {
		if (row->endpoint != NULL && row->psk_identity == NULL)
			take_text(r, &row->psk_identity, row->endpoint);
		if (row->endpoint == NULL || row->mode == NULL)
			fail(r, BS_EFORMAT, "a row needs an endpoint and a mode");
		else if (!grow(r->rows))
			fail(r, BS_ENOMEM, "out of memory");
		else {
			r->rows->v[r->rows->count++] = *row;
			bs_wipe(row, sizeof(*row));
		}
	}
	clear_row(row);
	r->field = 0;
	r->line++;
}

static void
read_all(struct reader *r, FILE *f)
{
	struct csv_parser parser;
	char buf[4096];
	size_t n;

	if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI | CSV_APPEND_NULL) != 0) {
		fail(r, BS_ENOMEM, "out of memory");
		return;
	}
	while (r->err == BS_OK && (n = fread(buf, 1, sizeof(buf), f)) > 0)
		if (csv_parse(&parser, buf, n, on_field, on_line, r) != n)
			fail(r, BS_EFORMAT, csv_strerror(csv_error(&parser)));
	if (ferror(f))
		fail(r, BS_EIO, "reading failed");
	if (r->err == BS_OK && csv_fini(&parser, on_field, on_line, r) != 0)
		fail(r, BS_EFORMAT, "ends within a quoted field");
	csv_free(&parser);
	bs_wipe(buf, sizeof(buf));
}

enum bs_err
sim_csv_load(const char *path, struct sim_rows *rows, struct bs_diag *diag)
{
	struct reader *r = calloc(1, sizeof(*r));
	FILE *f = fopen(path, "r");
	enum bs_err err = BS_OK;

	*rows = (struct sim_rows){ .v = NULL };
	if (r == NULL) {
		err = bs_diag_set(diag, BS_ENOMEM, 0, "out of memory");
	} else if (f == NULL) {
		err = bs_diag_set(diag, BS_EIO, 0, "cannot open it");
	} else {
		r->rows = rows;
		r->line = 1;
		r->diag = diag;
		read_all(r, f);
		clear_row(&r->now);
		err = r->err;
	}
	if (f != NULL)
		fclose(f);
	free(r);
	if (err != BS_OK)
		sim_rows_clear(rows);
	return err;
}
