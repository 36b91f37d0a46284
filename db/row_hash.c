/* SPDX-License-Identifier: Apache-2.0 */
#include "db/row_hash.h"

#include <string.h>

#include <openssl/crypto.h>

static void
flush(struct bs_row_hash *h)
{
	bs_seal_rows_add(h->seal, h->lane, h->buf, h->used);
	h->used = 0;
}

static void
put(struct bs_row_hash *h, const void *data, size_t len)
{
	if (len > sizeof(h->buf) - h->used)
		flush(h);
	if (len > sizeof(h->buf)) {
		bs_seal_rows_add(h->seal, h->lane, data, len);
	} else if (len > 0) {
		memcpy(h->buf + h->used, data, len);
		h->used += len;
	}
}

void
bs_row_hash_begin(struct bs_row_hash *h, struct bs_seal *seal, enum bs_seal_lane lane, const char *kind)
{
	h->seal = seal;
	h->lane = lane;
	h->used = 0;
	bs_seal_rows_begin(seal, lane);
	put(h, kind, strlen(kind) + 1);
}

/* Most of what is hashed is a few octets long: they are written where they stay. Room for n of them. */
static uint8_t *
reserve(struct bs_row_hash *h, size_t n)
{
	uint8_t *at;

	if (n > sizeof(h->buf) - h->used)
		flush(h);
	at = h->buf + h->used;
	h->used += n;
	return at;
}

static void
put_number(uint8_t *at, uint64_t v, size_t octets)
{
	while (octets-- > 0) {
		at[octets] = (uint8_t)v;
		v >>= 8;
	}
}

void
bs_row_hash_row(struct bs_row_hash *h, unsigned part, unsigned columns)
{
	uint8_t *at = reserve(h, 2);

	at[0] = (uint8_t)part;
	at[1] = (uint8_t)columns;
}

void
bs_row_hash_null(struct bs_row_hash *h)
{
	*reserve(h, 1) = 0;
}

void
bs_row_hash_int(struct bs_row_hash *h, int64_t v)
{
	uint8_t *at = reserve(h, 9);

	at[0] = 1;
	put_number(at + 1, (uint64_t)v, 8);
}

void
bs_row_hash_octets(struct bs_row_hash *h, int type, const void *data, size_t len)
{
	uint8_t *at = reserve(h, 5);

	at[0] = type == SQLITE_TEXT ? 2 : 3; /* of the layout, whatever the library's numbers are */
	put_number(at + 1, len, 4);
	put(h, data, len);
}

static void
put_column(struct bs_row_hash *h, sqlite3_stmt *stmt, int column)
{
	switch (sqlite3_column_type(stmt, column)) {
	case SQLITE_NULL:
		bs_row_hash_null(h);
		break;
	case SQLITE_INTEGER:
		bs_row_hash_int(h, sqlite3_column_int64(stmt, column));
		break;
	case SQLITE_TEXT:
		bs_row_hash_octets(
			h, SQLITE_TEXT, sqlite3_column_text(stmt, column), (size_t)sqlite3_column_bytes(stmt, column));
		break;
	default: /* a number with a fraction has its octets as text, and no row of ours has one */
		bs_row_hash_octets(
			h, SQLITE_BLOB, sqlite3_column_blob(stmt, column), (size_t)sqlite3_column_bytes(stmt, column));
	}
}

void
bs_row_hash_columns(struct bs_row_hash *h, unsigned part, const struct bs_query *q, int first, int count)
{
	bs_row_hash_row(h, part, (unsigned)count);
	for (int i = first; i < first + count; i++)
		put_column(h, q->stmt, i);
}

enum bs_err
bs_row_hash_end(struct bs_row_hash *h, uint8_t out[BS_KEYED_HASH_LEN])
{
	flush(h);
	return bs_seal_rows_end(h->seal, h->lane, out);
}

enum bs_err
bs_row_hash_half(struct bs_row_hash *h, struct bs_stored_hash *out, const char *kind)
{
	enum bs_err err = out->len + BS_KEYED_HASH_LEN <= sizeof(out->data) ? BS_OK : BS_EINTERNAL;

	if (err == BS_OK)
		err = bs_row_hash_end(h, out->data + out->len);
	if (err != BS_OK)
		return err;
	out->len += BS_KEYED_HASH_LEN;
	if (kind != NULL) {
		bs_row_hash_begin(h, h->seal, h->lane, kind);
		bs_row_hash_octets(h, SQLITE_BLOB, out->data, out->len);
	}
	return BS_OK;
}

void
bs_stored_hash_set(struct bs_stored_hash *h, const uint8_t *data, size_t len)
{
	h->len = data != NULL && len <= sizeof(h->data) ? len : 0;
	if (h->len > 0)
		memcpy(h->data, data, h->len);
}

enum bs_err
bs_stored_hash_check(const struct bs_stored_hash *own, const struct bs_stored_hash *stored, size_t whole_len)
{
	return own->len > 0 && own->len <= whole_len && stored->len == whole_len &&
			       CRYPTO_memcmp(own->data, stored->data, own->len) == 0
		       ? BS_OK
		       : BS_ETAMPERED;
}

enum bs_err
bs_row_hash_check(struct bs_row_hash *h, const uint8_t *stored, size_t stored_len)
{
	uint8_t own[BS_KEYED_HASH_LEN];
	enum bs_err err = bs_row_hash_end(h, own);

	if (err == BS_OK &&
		(stored == NULL || stored_len != sizeof(own) || CRYPTO_memcmp(own, stored, sizeof(own)) != 0))
		err = BS_ETAMPERED;
	return err;
}
