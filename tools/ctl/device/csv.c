/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ctl/device/csv.h"

#include <csv.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/base/secret.h"
#include "server/base/text.h"

#define INPUT_MAX (BS_CSV_ROW_MAX + 1)

struct bs_csv {
	int fd;
	bool at_end;
	struct csv_parser parser;
	/* input: octets begin..end are read and not yet parsed */
	char input[INPUT_MAX];
	size_t begin, end;
	unsigned long line; /* lines seen */
	/* the row at hand */
	struct bs_csv_row row;
	char text[BS_CSV_ROW_MAX + BS_CSV_FIELDS_MAX];
	size_t text_len;
	size_t row_octets; /* of its lines so far */
	bool complete; /* the parser saw its end */
	enum bs_err trouble; /* found inside a callback */
};

/* ---- libcsv's buffer holds keys: it is wiped before it is given back --------------------------------------------- */

struct block {
	_Alignas(16) size_t size;
	_Alignas(16) unsigned char data[];
};

static void
wiping_free(void *data)
{
	struct block *b = data != NULL ? (struct block *)((char *)data - offsetof(struct block, data)) : NULL;

	if (b != NULL)
		bs_wipe(b->data, b->size);
	free(b);
}

static void *
wiping_realloc(void *old, size_t size)
{
	struct block *b = size <= SIZE_MAX - sizeof(*b) ? malloc(sizeof(*b) + size) : NULL;

	if (b == NULL)
		return NULL;
	b->size = size;
	if (old != NULL) {
		size_t had = ((struct block *)((char *)old - offsetof(struct block, data)))->size;

		memcpy(b->data, old, had < size ? had : size);
		wiping_free(old);
	}
	return b->data;
}

/* RFC 4180, 2.4: spaces are part of a field. libcsv trims them unless told that nothing is a space. */
static int
no_space(unsigned char c)
{
	(void)c;
	return 0;
}

struct bs_csv *
bs_csv_new(int fd)
{
	struct bs_csv *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->fd = fd;
	if (csv_init(&c->parser, CSV_STRICT | CSV_STRICT_FINI) != 0) {
		free(c);
		return NULL;
	}
	csv_set_realloc_func(&c->parser, wiping_realloc);
	csv_set_free_func(&c->parser, wiping_free);
	csv_set_blk_size(&c->parser, BS_CSV_FIELD_MAX);
	csv_set_space_func(&c->parser, no_space);
	return c;
}

void
bs_csv_free(struct bs_csv *c)
{
	if (c == NULL)
		return;
	csv_free(&c->parser);
	bs_wipe(c->input, sizeof(c->input));
	bs_wipe(c->text, sizeof(c->text));
	free(c);
}

void
bs_csv_set_delimiter(struct bs_csv *c, char delimiter)
{
	csv_set_delim(&c->parser, (unsigned char)delimiter);
}

/* ---- callbacks of libcsv ----------------------------------------------------------------------------------------- */

static void
on_field(void *data, size_t len, void *arg)
{
	struct bs_csv *c = arg;

	if (len > BS_CSV_FIELD_MAX || c->row.count == BS_CSV_FIELDS_MAX || c->text_len + len + 1 > sizeof(c->text)) {
		c->trouble = c->row.count == BS_CSV_FIELDS_MAX ? BS_ELIMIT : BS_ERANGE;
		return;
	}
	c->row.fields[c->row.count] = c->text + c->text_len;
	c->row.lens[c->row.count++] = len;
	if (len > 0)
		memcpy(c->text + c->text_len, data, len);
	c->text[c->text_len + len] = '\0';
	c->text_len += len + 1;
}

static void
on_row(int terminator, void *arg)
{
	struct bs_csv *c = arg;

	(void)terminator;
	c->complete = true;
}

/* ---- lines ------------------------------------------------------------------------------------------------------- */

static enum bs_err
fill(struct bs_csv *c, struct bs_diag *diag)
{
	ssize_t n;

	if (c->begin > 0) {
		memmove(c->input, c->input + c->begin, c->end - c->begin);
		c->end -= c->begin;
		c->begin = 0;
	}
	do
		n = read(c->fd, c->input + c->end, sizeof(c->input) - c->end);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return bs_diag_set(diag, BS_EIO, 0, "cannot be read: %s", strerror(errno));
	c->at_end = n == 0;
	c->end += (size_t)n;
	return BS_OK;
}

/* The next line with its newline; len 0 at the end of the file. */
static enum bs_err
next_line(struct bs_csv *c, char **line, size_t *len, struct bs_diag *diag)
{
	size_t searched = 0;

	for (;;) {
		size_t have = c->end - c->begin;
		char *at = c->input + c->begin, *newline = memchr(at + searched, '\n', have - searched);

		if (newline != NULL || c->at_end) {
			*line = at;
			*len = newline != NULL ? (size_t)(newline - at) + 1 : have;
			c->begin += *len;
			return BS_OK;
		}
		if (have == sizeof(c->input))
			return bs_diag_set(diag, BS_ERANGE, (unsigned)c->line + 1,
				"the line is longer than %d octets; is this the right file?", BS_CSV_ROW_MAX);
		searched = have;
		enum bs_err err = fill(c, diag);

		if (err != BS_OK)
			return err;
	}
}

static void
skip_byte_order_mark(char **line, size_t *len)
{
	if (*len >= 3 && memcmp(*line, "\xef\xbb\xbf", 3) == 0) {
		*line += 3;
		*len -= 3;
	}
}

enum bs_err
bs_csv_line(struct bs_csv *c, const char **out, size_t *len, struct bs_diag *diag)
{
	char *line = NULL;
	enum bs_err err = next_line(c, &line, len, diag);

	if (err != BS_OK || *len == 0)
		return err != BS_OK ? err : BS_ENOTFOUND;
	c->line++;
	if (c->line == 1)
		skip_byte_order_mark(&line, len);
	while (*len > 0 && (line[*len - 1] == '\n' || line[*len - 1] == '\r'))
		--*len;
	*out = line;
	return BS_OK;
}

static bool
lone_cr(const char *line, size_t len)
{
	const char *cr = memchr(line, '\r', len);

	return cr != NULL && (cr + 1 >= line + len || cr[1] != '\n');
}

static enum bs_err
check_line(const struct bs_csv *c, const char *line, size_t len, struct bs_diag *diag)
{
	unsigned at = (unsigned)c->line;

	if (len >= 2 && (memcmp(line, "\xff\xfe", 2) == 0 || memcmp(line, "\xfe\xff", 2) == 0))
		return bs_diag_set(diag, BS_EFORMAT, at, "the file is UTF-16; save it as UTF-8");
	if (memchr(line, '\0', len) != NULL)
		return bs_diag_set(diag, BS_EFORMAT, at, "has a NUL octet; this is not a text file");
	if (!bs_utf8_valid(line, len))
		return bs_diag_set(diag, BS_EFORMAT, at, "not UTF-8; convert the file: iconv -f ISO-8859-1 -t UTF-8");
	if (lone_cr(line, len))
		return bs_diag_set(diag, BS_EFORMAT, at,
			"has a carriage return that does not end a line; convert the line endings to LF or CR LF");
	return BS_OK;
}

static enum bs_err
explain_trouble(const struct bs_csv *c, struct bs_diag *diag)
{
	unsigned at = (unsigned)c->row.line;

	if (c->trouble == BS_ELIMIT)
		return bs_diag_set(diag, BS_ERANGE, at, "has more than %d fields", BS_CSV_FIELDS_MAX);
	if (c->trouble == BS_ERANGE)
		return bs_diag_set(
			diag, BS_ERANGE, at, "field %zu is longer than %d octets", c->row.count + 1, BS_CSV_FIELD_MAX);
	if (csv_error((struct csv_parser *)&c->parser) == CSV_EPARSE)
		return bs_diag_set(diag, BS_EFORMAT, at,
			"a quote is out of place in field %zu; a field with quotes must be quoted, and quotes in it are doubled",
			c->row.count + 1);
	return bs_diag_set(diag, BS_ENOMEM, at, "%s", bs_strerror(BS_ENOMEM));
}

/* ---- rows -------------------------------------------------------------------------------------------------------- */

static enum bs_err
feed(struct bs_csv *c, const char *line, size_t len, struct bs_diag *diag)
{
	bool good;

	c->row_octets += len;
	if (c->row_octets > BS_CSV_ROW_MAX)
		return bs_diag_set(diag, BS_ERANGE, (unsigned)c->row.line,
			"the row is longer than %d octets; a quote may be missing", BS_CSV_ROW_MAX);
	if (len == 0 && c->parser.quoted && c->row_octets > 0)
		return bs_diag_set(diag, BS_EFORMAT, (unsigned)c->row.line,
			"a quote is opened in field %zu and never closed", c->row.count + 1);
	good = len > 0 ? csv_parse(&c->parser, line, len, on_field, on_row, c) == len
		       : csv_fini(&c->parser, on_field, on_row, c) == 0;
	return good && c->trouble == BS_OK ? BS_OK : explain_trouble(c, diag);
}

enum bs_err
bs_csv_next(struct bs_csv *c, const struct bs_csv_row **out, struct bs_diag *diag)
{
	enum bs_err err = BS_OK;
	bool ended = false;

	c->row.count = 0;
	c->text_len = 0;
	c->row_octets = 0;
	c->complete = false;
	c->row.line = c->line + 1;
	while (err == BS_OK && !c->complete && !ended) {
		char *line = NULL;
		size_t len = 0;

		err = next_line(c, &line, &len, diag);
		if (err != BS_OK)
			break;
		ended = len == 0;
		c->line += !ended;
		if (c->line == 1)
			skip_byte_order_mark(&line, &len);
		if (c->row_octets == 0)
			c->row.line = c->line;
		err = check_line(c, line, len, diag);
		if (err == BS_OK && (len > 0 || ended))
			err = feed(c, line, len, diag);
		if (err == BS_OK && !c->complete && c->row.count == 0 && c->parser.entry_pos == 0 && !c->parser.quoted)
			c->row_octets = 0; /* an empty line */
	}
	*out = &c->row;
	return err != BS_OK ? err : c->complete ? BS_OK : BS_ENOTFOUND;
}
