/* SPDX-License-Identifier: Apache-2.0 */
/* Real files in a folder of their own: a store with two servers and a profile, to be filled by the test. */
#ifndef BS_TESTS_UNIT_DB_FIXTURE_H
#define BS_TESTS_UNIT_DB_FIXTURE_H

#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "db/provision.h"

struct db_fixture {
	char base[64]; /* temporary folder; holds the key and the store's folder */
	char dir[96], key[96], file[128];
	struct bs_store *writer, *reader;
	struct bs_diag diag;
};

#define OK(call) assert_diag(fx, (call), BS_OK, #call)
#define FAILS(code, call) assert_diag(fx, (call), (code), #call)

static inline void
assert_diag(struct db_fixture *fx, enum bs_err err, enum bs_err expected, const char *call)
{
	if (err != expected)
		fail_msg("%s: %s, expected %s (%s)", call, bs_strerror(err), bs_strerror(expected), fx->diag.text);
}

static inline struct db_fixture *
fixture_folder(void)
{
	struct db_fixture *fx = calloc(1, sizeof(*fx));
	const char *tmp = getenv("TMPDIR");

	assert_non_null(fx);
	snprintf(fx->base, sizeof(fx->base), "%.40s/bs-db-XXXXXX", tmp != NULL ? tmp : "/tmp");
	assert_non_null(mkdtemp(fx->base));
	snprintf(fx->dir, sizeof(fx->dir), "%s/store", fx->base);
	snprintf(fx->key, sizeof(fx->key), "%s/master.key", fx->base);
	snprintf(fx->file, sizeof(fx->file), "%s/%s", fx->dir, BS_STORE_FILE);
	return fx;
}

static inline void
fixture_remove(struct db_fixture *fx)
{
	char command[160];

	bs_store_close(fx->writer);
	bs_store_close(fx->reader);
	snprintf(command, sizeof(command), "rm -rf '%s'", fx->base);
	assert_int_equal(system(command), 0);
	free(fx);
}

static inline void
fixture_reopen(struct db_fixture *fx)
{
	bs_store_close(fx->writer);
	bs_store_close(fx->reader);
	fx->writer = fx->reader = NULL;
	OK(bs_store_open(fx->dir, fx->key, BS_STORE_WRITE, &fx->writer, &fx->diag));
	OK(bs_store_open(fx->dir, fx->key, BS_STORE_READ, &fx->reader, &fx->diag));
}

static inline struct bs_secret
secret_of(const char *text)
{
	struct bs_secret s = { 0 };

	assert_int_equal(bs_secret_set(&s, text, strlen(text)), BS_OK);
	return s;
}

/* Raw SQL by another writer than our code, who has foreign keys on. Returns the result code of SQLite. */
static inline int
raw_sql(struct db_fixture *fx, const char *sql)
{
	sqlite3 *db = NULL;
	char *message = NULL;
	int rc = sqlite3_open(fx->file, &db);

	assert_int_equal(rc, SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA foreign_keys = 1", NULL, NULL, NULL), SQLITE_OK);
	rc = sqlite3_exec(db, sql, NULL, NULL, &message);
	if (rc != SQLITE_OK)
		snprintf(fx->diag.text, sizeof(fx->diag.text), "%s", message != NULL ? message : "?");
	else
		fx->diag.text[0] = '\0';
	sqlite3_free(message);
	sqlite3_close(db);
	return rc;
}

static inline int64_t
raw_int(struct db_fixture *fx, const char *sql)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *stmt = NULL;
	int64_t value;

	assert_int_equal(sqlite3_open(fx->file, &db), SQLITE_OK);
	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	value = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return value;
}

/* What raw_sql changed is meant: it gets its hash. */
struct bs_bless {
	size_t count;
	char kinds[16][16], names[16][BS_ENDPOINT_MAX + 1];
};

static inline void
bless_one(void *arg, const char *kind, const char *name)
{
	struct bs_bless *b = arg;

	assert_true(b->count < 16);
	snprintf(b->kinds[b->count], sizeof(b->kinds[0]), "%s", kind);
	snprintf(b->names[b->count++], sizeof(b->names[0]), "%s", name);
}

static inline void
bless(struct db_fixture *fx)
{
	struct bs_bless b = { .count = 0 };
	uint64_t count;

	OK(bs_store_verify(fx->writer, bless_one, &b, &count));
	for (size_t i = 0; i < b.count; i++)
		OK(bs_store_accept(fx->writer, b.kinds[i], b.names[i], &fx->diag));
}

#endif
