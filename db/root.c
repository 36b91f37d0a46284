/* SPDX-License-Identifier: Apache-2.0 */
#include "db/root.h"

#include <string.h>

#include <openssl/crypto.h>

#include "db/row_hash.h"
#include "server/base/buf.h"
#include "server/base/random.h"

#define ROOT "root" /* where the record stands in meta */
#define VERSION 1
#define BODY_LEN (1 + 3 * 8 + BS_MARKS * 8 + BS_KEYED_HASH_LEN)
#define RECORD_LEN (BODY_LEN + BS_KEYED_HASH_LEN)

/* ---- the record ------------------------------------------------------------------------------------------------------- */

static enum bs_err
hash_body(struct bs_seal *seal, const uint8_t body[BODY_LEN], uint8_t out[BS_KEYED_HASH_LEN])
{
	struct bs_row_hash h;

	bs_row_hash_begin(&h, seal, BS_SEAL_LANE_OTHER, "root 1");
	bs_row_hash_octets(&h, SQLITE_BLOB, body, BODY_LEN);
	return bs_row_hash_end(&h, out);
}

static enum bs_err
parse(struct bs_seal *seal, const uint8_t *record, size_t len, struct bs_root *out)
{
	struct bs_rd r = bs_rd_init(record, len);
	uint8_t own[BS_KEYED_HASH_LEN];
	const uint8_t *schema, *hash;

	if (len != RECORD_LEN || bs_rd_u8(&r) != VERSION)
		return BS_ETAMPERED;
	out->generation.store = bs_rd_u64(&r);
	out->generation.number = bs_rd_u64(&r);
	out->generation.accepted = bs_rd_u64(&r);
	for (size_t i = 0; i < BS_MARKS; i++)
		out->generation.marks[i] = bs_rd_u64(&r);
	schema = bs_rd_bytes(&r, sizeof(out->schema));
	hash = bs_rd_bytes(&r, sizeof(own));
	if (schema == NULL || hash == NULL || hash_body(seal, record, own) != BS_OK ||
		CRYPTO_memcmp(own, hash, sizeof(own)) != 0)
		return BS_ETAMPERED;
	memcpy(out->schema, schema, sizeof(out->schema));
	return BS_OK;
}

enum bs_err
bs_root_read(sqlite3 *db, struct bs_seal *seal, struct bs_root *out)
{
	uint8_t record[RECORD_LEN];
	size_t len;
	enum bs_err err = bs_sql_get_meta(db, ROOT, record, sizeof(record), &len);

	if (err == BS_OK)
		return parse(seal, record, len, out);
	return err == BS_ENOTFOUND || err == BS_ESPACE ? BS_ETAMPERED : err;
}

static enum bs_err
build(struct bs_seal *seal, const struct bs_root *root, uint8_t record[RECORD_LEN])
{
	struct bs_wr w = bs_wr_init(record, RECORD_LEN);
	uint8_t hash[BS_KEYED_HASH_LEN];
	size_t len;
	enum bs_err err;

	bs_wr_u8(&w, VERSION);
	bs_wr_u64(&w, root->generation.store);
	bs_wr_u64(&w, root->generation.number);
	bs_wr_u64(&w, root->generation.accepted);
	for (size_t i = 0; i < BS_MARKS; i++)
		bs_wr_u64(&w, root->generation.marks[i]);
	bs_wr_bytes(&w, root->schema, sizeof(root->schema));
	err = hash_body(seal, record, hash);
	bs_wr_bytes(&w, hash, sizeof(hash));
	return err == BS_OK ? bs_wr_done(&w, &len) : err;
}

static enum bs_err
write_root(sqlite3 *db, struct bs_seal *seal, const struct bs_root *root)
{
	uint8_t record[RECORD_LEN];
	enum bs_err err = build(seal, root, record);

	return err == BS_OK ? bs_sql_put_meta(db, ROOT, record, sizeof(record)) : err;
}

static uint64_t
draw(void)
{
	uint64_t v = 0;

	while (v == 0)
		bs_random_system(NULL, &v, sizeof(v));
	return v;
}

static void
next(struct bs_generation *g)
{
	g->number++;
	g->marks[g->number % BS_MARKS] = draw();
}

/* ---- the schema ------------------------------------------------------------------------------------------------------- */

/* Of all that SQL made; what SQLite made of itself has no text, or a name that nobody else may use. */
static enum bs_err
hash_schema(sqlite3 *db, struct bs_seal *seal, uint8_t out[BS_KEYED_HASH_LEN])
{
	struct bs_row_hash h;
	sqlite3_stmt *stmt = NULL;
	struct bs_query q;
	enum bs_err err = bs_sql_err(sqlite3_prepare_v2(db,
		"SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT GLOB "
		"'sqlite_*' "
		"ORDER BY type, name",
		-1, &stmt, NULL));

	q = bs_query(stmt);
	bs_row_hash_begin(&h, seal, BS_SEAL_LANE_OTHER, "schema 1");
	while (err == BS_OK && (err = bs_query_step(&q)) == BS_OK)
		bs_row_hash_columns(&h, 0, &q, 0, 4);
	sqlite3_finalize(stmt);
	return err == BS_ENOTFOUND ? bs_row_hash_end(&h, out) : err;
}

enum bs_err
bs_root_make(sqlite3 *db, struct bs_seal *seal)
{
	struct bs_root root = { .generation = { .store = draw() } };
	enum bs_err err = hash_schema(db, seal, root.schema);

	if (err != BS_OK)
		return err;
	next(&root.generation);
	return write_root(db, seal, &root);
}

enum bs_err
bs_root_advance(sqlite3 *db, struct bs_seal *seal, uint64_t accept)
{
	struct bs_root root;
	enum bs_err err = bs_root_read(db, seal, &root);

	if (err != BS_OK)
		return err;
	if (accept > root.generation.number) /* the numbers between are nobody's: no mark of them was ever drawn */
		root.generation.number = accept;
	if (accept > root.generation.accepted)
		root.generation.accepted = accept;
	next(&root.generation);
	return write_root(db, seal, &root);
}

enum bs_err
bs_root_check_schema(sqlite3 *db, struct bs_seal *seal)
{
	struct bs_root root;
	uint8_t own[BS_KEYED_HASH_LEN];
	enum bs_err err = bs_root_read(db, seal, &root);

	if (err == BS_OK)
		err = hash_schema(db, seal, own);
	return err == BS_OK && CRYPTO_memcmp(own, root.schema, sizeof(own)) != 0 ? BS_ETAMPERED : err;
}

enum bs_err
bs_root_take_schema(sqlite3 *db, struct bs_seal *seal)
{
	struct bs_root root;
	enum bs_err err = bs_root_read(db, seal, &root);

	if (err == BS_OK)
		err = hash_schema(db, seal, root.schema);
	if (err != BS_OK)
		return err;
	next(&root.generation);
	return write_root(db, seal, &root);
}
