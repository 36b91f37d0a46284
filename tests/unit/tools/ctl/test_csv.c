/* SPDX-License-Identifier: Apache-2.0 */
/* The CSV reader: RFC 4180 as it stands, line numbers, and everything that it must refuse. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tools/ctl/device/csv.h"

static int
file_of(const void *data, size_t len)
{
	int fd = memfd_create("csv", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), len);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

/* All rows as "LINE:[field][field]" and the error at the end as "!LINE:sentence". */
static void
read_all(const void *data, size_t len, char *out, size_t max)
{
	int fd = file_of(data, len);
	struct bs_csv *c = bs_csv_new(fd);
	struct bs_diag diag = { 0 };
	const struct bs_csv_row *row;
	enum bs_err err;
	size_t n = 0;

	assert_non_null(c);
	out[0] = '\0';
	while ((err = bs_csv_next(c, &row, &diag)) == BS_OK) {
		n += (size_t)snprintf(out + n, max - n, "%lu:", row->line);
		for (size_t i = 0; i < row->count; i++) {
			assert_int_equal(strlen(row->fields[i]), row->lens[i]);
			n += (size_t)snprintf(out + n, max - n, "[%s]", row->fields[i]);
		}
		assert_true(n < max);
	}
	if (err != BS_ENOTFOUND)
		snprintf(out + n, max - n, "!%u:%s", diag.line, diag.text);
	bs_csv_free(c);
	close(fd);
}

static const struct {
	const char *name, *text, *expected;
} rows[] = {
	{ "two rows", "a,b\n1,2\n", "1:[a][b]2:[1][2]" },
	{ "no newline at the end", "a,b\n1,2", "1:[a][b]2:[1][2]" },
	{ "CR LF", "a,b\r\n1,2\r\n", "1:[a][b]2:[1][2]" },
	{ "byte order mark",
		"\xef\xbb\xbf"
		"a,b\n",
		"1:[a][b]" },
	{ "empty fields", ",,\n", "1:[][][]" },
	{ "blanks belong to a field", " a , b\n", "1:[ a ][ b]" },
	{ "comma in quotes", "\"a,b\",c\n", "1:[a,b][c]" },
	{ "doubled quotes", "\"say \"\"hi\"\"\"\n", "1:[say \"hi\"]" },
	{ "newline in quotes: the line where the row begins", "a\n\"x\ny\nz\",2\nlast\n",
		"1:[a]2:[x\ny\nz][2]5:[last]" },
	{ "empty lines are skipped and counted", "a\n\n\nb\n\n", "1:[a]4:[b]" },
	{ "CR LF empty lines", "a\r\n\r\nb\r\n", "1:[a]3:[b]" },
	{ "empty file", "", "" },
	{ "UTF-8", "\xc3\xa4,\xe2\x82\xac\n", "1:[\xc3\xa4][\xe2\x82\xac]" },
	{ "quote inside a bare field", "a\nb\"c,d\n",
		"1:[a]!2:a quote is out of place in field 1; a field with quotes must be quoted, and quotes in it are doubled" },
	{ "text behind a quoted field", "a,\"b\"c\n",
		"!1:a quote is out of place in field 2; a field with quotes must be quoted, and quotes in it are doubled" },
	{ "quote never closed", "a\nb,\"c\nd\n", "1:[a]!2:a quote is opened in field 2 and never closed" },
	{ "ISO 8859-1", "a\n\xe4,b\n", "1:[a]!2:not UTF-8; convert the file: iconv -f ISO-8859-1 -t UTF-8" },
	{ "overlong UTF-8", "\xc0\xaf\n", "!1:not UTF-8; convert the file: iconv -f ISO-8859-1 -t UTF-8" },
	{ "UTF-16",
		"\xff\xfe"
		"a\n",
		"!1:the file is UTF-16; save it as UTF-8" },
	{ "lone carriage return", "a\rb\n",
		"!1:has a carriage return that does not end a line; convert the line endings to LF or CR LF" },
};

static void
test_rows(void **state)
{
	char got[2000];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		read_all(rows[i].text, strlen(rows[i].text), got, sizeof(got));
		if (strcmp(got, rows[i].expected) != 0)
			fail_msg("%s:\n%s\n%s", rows[i].name, got, rows[i].expected);
	}
}

static void
test_nul(void **state)
{
	char got[200];

	(void)state;
	read_all("a,b\n1,\0\n", 8, got, sizeof(got));
	assert_string_equal(got, "1:[a][b]!2:has a NUL octet; this is not a text file");
}

/* A million characters, as one field, as one line, and as one row over many lines. */
static void
test_bounds(void **state)
{
	size_t len = 1000000;
	char *big = malloc(len), *got = malloc(len);

	(void)state;
	assert_non_null(big);
	assert_non_null(got);
	memset(big, 'x', len);
	read_all(big, len, got, len);
	assert_string_equal(got, "!1:the line is longer than 262144 octets; is this the right file?");
	read_all(big, BS_CSV_FIELD_MAX + 1, got, len);
	assert_string_equal(got, "!1:field 1 is longer than 9216 octets");
	read_all(big, BS_CSV_FIELD_MAX, got, len);
	assert_int_equal(strlen(got), BS_CSV_FIELD_MAX + 4);
	for (size_t i = 0; i < len; i += 100)
		big[i] = '\n';
	big[0] = '"';
	read_all(big, len, got, len);
	assert_string_equal(got, "!1:the row is longer than 262144 octets; a quote may be missing");
	memset(big, ',', len);
	read_all(big, 300, got, len);
	assert_string_equal(got, "!1:has more than 256 fields");
	free(big);
	free(got);
}

/* Rows that lie across the reader's buffer come out whole. */
static void
test_long_file(void **state)
{
	size_t count = 60000;
	char *text = malloc(count * 16 + 1), line[20];
	struct bs_diag diag = { 0 };
	const struct bs_csv_row *row;
	struct bs_csv *c;
	size_t n = 0;
	int fd;

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < count; i++)
		n += (size_t)sprintf(text + n, "%zu,%zu\n", i, i * 7);
	fd = file_of(text, n);
	c = bs_csv_new(fd);
	assert_non_null(c);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(bs_csv_next(c, &row, &diag), BS_OK);
		assert_int_equal(row->line, i + 1);
		sprintf(line, "%zu", i * 7);
		assert_string_equal(row->fields[1], line);
	}
	assert_int_equal(bs_csv_next(c, &row, &diag), BS_ENOTFOUND);
	bs_csv_free(c);
	close(fd);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_long_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
