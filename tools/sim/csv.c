/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/sim/csv.h"

#include <csv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/base/text.h"

enum column {
	COL_OTHER,
	COL_ENDPOINT,
	COL_MODE,
	COL_IDENTITY,
	COL_KEY_HEX,
	COL_KEY_B64,
	COL_RPK_PRIVATE,
	COL_CERT,
	COL_PRIVATE,
	COL_COUNT
};

/* What a column holds by its name; where: of the device, of a server (behind "NAME."), or of both. */
static const struct {
	const char *name;
	bool device, server;
} columns[COL_COUNT] = {
	[COL_OTHER] = { "", false, false },
	[COL_ENDPOINT] = { "endpoint", true, false },
	[COL_MODE] = { "mode", true, false },
	[COL_IDENTITY] = { "psk_identity", true, true },
	[COL_KEY_HEX] = { "psk_key_hex", true, true },
	[COL_KEY_B64] = { "psk_key_b64", true, true },
	[COL_RPK_PRIVATE] = { "rpk_private_b64", false, true },
	[COL_CERT] = { "cert_b64", false, true },
	[COL_PRIVATE] = { "private_b64", false, true },
};

#define COLUMNS_MAX 512
#define CERT_MAX 16384 /* DER */

/* A column of the file: what it holds, and for which server. */
struct place {
	enum column column;
	const char *server; /* NULL: the device's own */
};

struct reader {
	struct sim_rows *rows;
	struct place places[COLUMNS_MAX];
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
	for (size_t i = 0; i < row->expected_count; i++)
		sim_expected_clear(&row->expected[i]);
	free(row->expected);
	*row = (struct sim_row){ .endpoint = NULL };
}

void
sim_rows_clear(struct sim_rows *rows)
{
	for (size_t i = 0; i < rows->count; i++)
		clear_row(&rows->v[i]);
	for (size_t i = 0; i < rows->server_count; i++)
		free(rows->servers[i]);
	free(rows->servers);
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

/* The name before the last point, kept once; NULL without memory. */
static const char *
keep_server(struct sim_rows *rows, const char *name, size_t len)
{
	for (size_t i = 0; i < rows->server_count; i++)
		if (strlen(rows->servers[i]) == len && memcmp(rows->servers[i], name, len) == 0)
			return rows->servers[i];
	char **grown = realloc(rows->servers, (rows->server_count + 1) * sizeof(*grown));
	if (grown == NULL)
		return NULL;
	rows->servers = grown;
	char *copy = strndup(name, len);
	if (copy != NULL)
		rows->servers[rows->server_count++] = copy;
	return copy;
}

static void
take_column(struct reader *r, const char *text, size_t len)
{
	struct place place = { .column = COL_COUNT - 1 };

	if (r->column_count == 0 && len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		text += 3; /* a byte order mark */
	const char *point = strrchr(text, '.'), *name = point != NULL ? point + 1 : text;
	while (place.column > COL_OTHER &&
		(strcmp(name, columns[place.column].name) != 0 ||
			!(point != NULL ? columns[place.column].server : columns[place.column].device)))
		place.column--;
	if (point != NULL && place.column != COL_OTHER) {
		place.server = keep_server(r->rows, text, (size_t)(point - text));
		if (place.server == NULL)
			fail(r, BS_ENOMEM, "out of memory");
	}
	if (r->column_count < COLUMNS_MAX)
		r->places[r->column_count++] = place;
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
take_key(struct reader *r, struct bs_secret *s, const char *text, size_t len, bool is_hex)
{
	enum bs_err err;

	if (len == 0)
		return;
	err = is_hex ? bs_hex_decode(text, len, s->data, sizeof(s->data), &s->len)
		     : bs_base64_decode(text, len, s->data, sizeof(s->data), &s->len);
	if (err != BS_OK)
		fail(r, err, "a key cannot be read");
}

static void
take_cert(struct reader *r, struct bs_blob *to, const char *text, size_t len)
{
	uint8_t der[CERT_MAX];
	size_t n = 0;
	enum bs_err err = bs_base64_decode(text, len, der, sizeof(der), &n);

	if (err == BS_OK)
		err = bs_blob_set(to, der, n);
	if (err != BS_OK)
		fail(r, err, "a certificate cannot be read");
}

/* The row's entry for a server, made when it is not there. */
static struct sim_expected *
expect_of(struct sim_row *row, const char *server)
{
	for (size_t i = 0; i < row->expected_count; i++)
		if (row->expected[i].server == server)
			return &row->expected[i];
	struct sim_expected *grown = calloc(row->expected_count + 1, sizeof(*grown));
	if (grown == NULL)
		return NULL;
	if (row->expected_count > 0) {
		memcpy(grown, row->expected, row->expected_count * sizeof(*grown));
		bs_wipe(row->expected, row->expected_count * sizeof(*grown));
	}
	free(row->expected);
	row->expected = grown;
	grown[row->expected_count].server = server;
	return &grown[row->expected_count++];
}

static void
take_expected(struct reader *r, struct place place, const char *text, size_t len)
{
	struct sim_expected *e = len > 0 ? expect_of(&r->now, place.server) : NULL;

	if (len == 0)
		return;
	if (e == NULL)
		fail(r, BS_ENOMEM, "out of memory");
	else if (place.column == COL_IDENTITY)
		take_text(r, &e->psk_identity, text);
	else if (place.column == COL_KEY_HEX || place.column == COL_KEY_B64)
		take_key(r, &e->psk, text, len, place.column == COL_KEY_HEX);
	else if (place.column == COL_CERT)
		take_cert(r, &e->cert, text, len);
	else
		take_key(r, &e->private_key, text, len, false);
}

static void
on_field(void *data, size_t len, void *arg)
{
	struct reader *r = arg;
	const char *text = data != NULL ? data : "";
	struct place place = r->field < r->column_count ? r->places[r->field] : (struct place){ COL_OTHER, NULL };
	enum column c = place.column;

	r->field++;
	if (r->line == 1)
		take_column(r, text, len);
	else if (place.server != NULL)
		take_expected(r, place, text, len);
	else if (c == COL_ENDPOINT)
		take_text(r, &r->now.endpoint, text);
	else if (c == COL_MODE)
		take_text(r, &r->now.mode, text);
	else if (c == COL_IDENTITY)
		take_text(r, &r->now.psk_identity, text);
	else if (c != COL_OTHER)
		take_key(r, &r->now.psk, text, len, c == COL_KEY_HEX);
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
