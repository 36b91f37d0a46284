/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CSV (RFC 4180) from a file descriptor, strictly and bounded, one row at a time in memory that is reused and wiped.
 *
 * UTF-8 (a byte order mark is skipped), comma, quotes, LF or CR LF. A row may span lines inside quotes; its number is
 * that of the line where it begins. Blanks belong to a field. Empty lines are skipped.
 * Refused, with the line: NUL, other encodings, a lone carriage return, quotes out of place, and what is too long.
 */
#ifndef BS_TOOLS_CTL_DEVICE_CSV_H
#define BS_TOOLS_CTL_DEVICE_CSV_H

#include <stdbool.h>
#include <stddef.h>

#include "server/base/err.h"

#define BS_CSV_FIELD_MAX 9216 /* octets: base64 of a certificate of 6,144 octets, and some */
#define BS_CSV_ROW_MAX 262144 /* octets of a row, and of a line */
#define BS_CSV_FIELDS_MAX 256

struct bs_csv;

/* fd is borrowed. NULL without memory. */
struct bs_csv *bs_csv_new(int fd);
void bs_csv_free(struct bs_csv *c); /* wipes; NULL is fine */

/* Another delimiter than the comma. Before the first row. */
void bs_csv_set_delimiter(struct bs_csv *c, char delimiter);
/*
 * A line that belongs to no row, in whatever encoding: title lines before the first row. Lent until the next call,
 * without its line end, *len octets. BS_ENOTFOUND at the end of the file; else as bs_csv_next.
 */
BS_MUST_USE enum bs_err bs_csv_line(struct bs_csv *c, const char **line, size_t *len, struct bs_diag *diag);

struct bs_csv_row {
	unsigned long line; /* where it begins, from 1 */
	size_t count;
	const char *fields[BS_CSV_FIELDS_MAX]; /* NUL at the end; no NUL inside */
	size_t lens[BS_CSV_FIELDS_MAX];
};

/*
 * The next row, lent until the next call. BS_OK; BS_ENOTFOUND at the end; BS_EFORMAT, BS_ERANGE (too long), BS_EIO,
 * BS_ENOMEM with the line and a sentence in diag: then nothing more can be read.
 */
BS_MUST_USE enum bs_err bs_csv_next(struct bs_csv *c, const struct bs_csv_row **out, struct bs_diag *diag);

#endif
