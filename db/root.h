/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store's record of itself, in meta: its generation, and a keyed hash of the tables, indexes and triggers that it was
 * left with, so that no trigger of somebody else's changes rows while the tool, which has the keys, is at work. Inside db/ only.
 *
 *   version(1) store(8) number(8) accepted(8) marks(32 x 8) schema(16) hash(16)        network order
 */
#ifndef BS_DB_ROOT_H
#define BS_DB_ROOT_H

#include "db/generation.h"
#include "db/seal.h"
#include "db/sql.h"

struct bs_root {
	struct bs_generation generation;
	uint8_t schema[BS_KEYED_HASH_LEN];
};

/* BS_ETAMPERED: none, or its hash does not fit. */
BS_MUST_USE enum bs_err bs_root_read(sqlite3 *db, struct bs_seal *seal, struct bs_root *out);
/* Of a new store, or of one whose rows were hashed for the first time: generation 1, and the schema as it is. */
BS_MUST_USE enum bs_err bs_root_make(sqlite3 *db, struct bs_seal *seal);
/* The next generation. accept: it stands in place of all up to that one; 0: it does not. */
BS_MUST_USE enum bs_err bs_root_advance(sqlite3 *db, struct bs_seal *seal, uint64_t accept);
/* BS_ETAMPERED unless the schema is as it was left. */
BS_MUST_USE enum bs_err bs_root_check_schema(sqlite3 *db, struct bs_seal *seal);
/* After a migration: the schema as it is. */
BS_MUST_USE enum bs_err bs_root_take_schema(sqlite3 *db, struct bs_seal *seal);

#endif
