/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keyed hash over rows that belong together. Inside db/ only.
 *
 *   kind, NUL, then row after row: part(1) columns(1) value..
 *   value: 0                       NULL
 *          1 integer(8)            network order
 *          2 length(4) octets      text
 *          3 length(4) octets      data
 *
 * Every length is there, so no two sequences of rows read alike; part says which table a row is of.
 */
#ifndef BS_DB_ROW_HASH_H
#define BS_DB_ROW_HASH_H

#include "db/seal.h"
#include "db/sql.h"

/* On its way through a buffer: a call of the library costs more than the octets of a value. One at a time in a lane of a seal. */
struct bs_row_hash {
	struct bs_seal *seal;
	enum bs_seal_lane lane;
	size_t used;
	uint8_t buf[1024];
};

void bs_row_hash_begin(struct bs_row_hash *h, struct bs_seal *seal, enum bs_seal_lane lane, const char *kind);
/* A row of so many columns begins; that many values follow. */
void bs_row_hash_row(struct bs_row_hash *h, unsigned part, unsigned columns);
void bs_row_hash_null(struct bs_row_hash *h);
void bs_row_hash_int(struct bs_row_hash *h, int64_t v);
/* type: SQLITE_TEXT or SQLITE_BLOB */
void bs_row_hash_octets(struct bs_row_hash *h, int type, const void *data, size_t len);
/* A row of what the query stands on: its columns first to first + count - 1. */
void bs_row_hash_columns(struct bs_row_hash *h, unsigned part, const struct bs_query *q, int first, int count);

/* What row_hash of a row holds, or should: one half or two. */
struct bs_stored_hash {
	size_t len; /* 0: nothing that could be one */
	uint8_t data[2 * BS_KEYED_HASH_LEN];
};
void bs_stored_hash_set(struct bs_stored_hash *h, const uint8_t *data, size_t len); /* NULL is fine */
/*
 * What was hashed is a half, appended to out. kind not NULL: the other one begins with it and with what out holds now.
 */
BS_MUST_USE enum bs_err bs_row_hash_half(struct bs_row_hash *h, struct bs_stored_hash *out, const char *kind);
/* Is stored whole_len octets long, and begins with own? In constant time. BS_ETAMPERED. */
BS_MUST_USE enum bs_err bs_stored_hash_check(
	const struct bs_stored_hash *own, const struct bs_stored_hash *stored, size_t whole_len);

BS_MUST_USE enum bs_err bs_row_hash_end(struct bs_row_hash *h, uint8_t out[BS_KEYED_HASH_LEN]);
/* In constant time; stored NULL or of another length does not fit. BS_ETAMPERED. */
BS_MUST_USE enum bs_err bs_row_hash_check(struct bs_row_hash *h, const uint8_t *stored, size_t stored_len);

#endif
