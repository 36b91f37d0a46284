/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows that decide who gets what, and the keyed hash over all that belong together: a device with its credentials, a
 * profile with its parts, a server account with its settings. It stands in row_hash of the first of them and covers every
 * other column of all of them, so nobody without the master key can change, add, remove or exchange one of them, or
 * give the whole to another number. Inside db/ only.
 *
 * That of a device has two halves: of what proves who it is, and of the first half and what it receives. A handshake needs
 * the first alone, and need not read the rest.
 *
 * What it cannot show: that all rows of one aggregate were put back as they lawfully were at an earlier time, or that all
 * of them are gone. The first shows for the store as a whole (generation.h).
 */
#ifndef BS_DB_AGGREGATE_H
#define BS_DB_AGGREGATE_H

#include "db/row_hash.h"

enum bs_aggregate { BS_AGGREGATE_DEVICE, BS_AGGREGATE_PROFILE, BS_AGGREGATE_SERVER };
#define BS_AGGREGATES 3
#define BS_AGGREGATE_PARTS_MAX 5

/* A table of it: the column that holds the number of the aggregate, and what sorts its rows. */
struct bs_aggregate_part {
	const char *table, *id, *order;
};
struct bs_aggregate_kind {
	const char *word; /* for people */
	const char *layout; /* begins the hash; another layout is another word */
	const char *
		second; /* begins the second half, over the first one and the parts from second_part on; NULL: there is none */
	size_t second_part;
	const char *name; /* column of the first part, for people */
	struct bs_aggregate_part parts[BS_AGGREGATE_PARTS_MAX]; /* the first holds row_hash; ends with table NULL */
};
extern const struct bs_aggregate_kind bs_aggregate_kinds[BS_AGGREGATES];

/* Reads and writes hashes on one connection, by the columns that the tables have at that time, in their order. */
struct bs_hasher {
	sqlite3 *db;
	struct bs_seal *seal; /* borrowed */
	struct {
		sqlite3_stmt *parts[BS_AGGREGATE_PARTS_MAX], *set, *name, *each;
		int columns[BS_AGGREGATE_PARTS_MAX]; /* that are hashed */
		bool ready;
	} kinds[BS_AGGREGATES];
};
void bs_hasher_init(struct bs_hasher *h, sqlite3 *db, struct bs_seal *seal);
void bs_hasher_clear(struct bs_hasher *h); /* before db is closed */

/* BS_OK, BS_ENOTFOUND: there is none; BS_ETAMPERED. */
BS_MUST_USE enum bs_err bs_aggregate_check(struct bs_hasher *h, enum bs_aggregate kind, int64_t id);
/* Let the hash fit what lies there. Nothing when there is none. */
BS_MUST_USE enum bs_err bs_aggregate_set(struct bs_hasher *h, enum bs_aggregate kind, int64_t id);
/* Its name; BS_ENOTFOUND. */
BS_MUST_USE enum bs_err bs_aggregate_name(
	struct bs_hasher *h, enum bs_aggregate kind, int64_t id, char *out, size_t max);
/* "a", "b", .. of all columns but row_hash, in the order of the table, for sqlite3_free; NULL: there is no such table. */
BS_MUST_USE enum bs_err bs_aggregate_columns(sqlite3 *db, const char *table, char **out, int *count);
/* All, by number, until fn returns another than BS_OK. fn may check and set them. */
typedef enum bs_err bs_aggregate_fn(void *arg, enum bs_aggregate kind, int64_t id, const char *name);
BS_MUST_USE enum bs_err bs_aggregate_each(struct bs_hasher *h, enum bs_aggregate kind, bs_aggregate_fn *fn, void *arg);

#endif
