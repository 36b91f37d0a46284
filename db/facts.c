/* SPDX-License-Identifier: Apache-2.0 */
#include "db/facts.h"

#include <stdio.h>
#include <string.h>

#include "db/sql.h"
#include "db/lookup.h"

#define BUSY_MS 20 /* who asks serves others, too */

/* The first column of the first row; 0 without one. */
static int64_t
get(sqlite3 *db, const char *sql)
{
	int64_t v = 0;

	return bs_sql_int(db, sql, &v) == BS_OK ? v : 0;
}

/* NULL when it cannot be opened; whether it can be read shows at the first statement. */
static sqlite3 *
open_reader(const char *dir, const char *file)
{
	char path[4096];
	sqlite3 *db = NULL;
	int n = snprintf(path, sizeof(path), "%s/%s", dir, file);

	if (n < 0 || (size_t)n >= sizeof(path))
		return NULL;
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
		sqlite3_close_v2(db);
		return NULL;
	}
	sqlite3_busy_timeout(db, BUSY_MS);
	return db;
}

void
bs_facts_read(const char *dir, struct bs_facts *out)
{
	sqlite3 *store = open_reader(dir, BS_STORE_FILE), *journal = open_reader(dir, BS_JOURNAL_FILE);

	memset(out, 0, sizeof(*out));
	if (store != NULL) {
		out->store_schema = get(store, "PRAGMA user_version");
		out->import_s = get(store, "SELECT value FROM meta WHERE key = 'import_s'");
		out->import_rows = get(store, "SELECT value FROM meta WHERE key = 'import_rows'");
	}
	if (journal != NULL)
		out->journal_schema = get(journal, "PRAGMA user_version");
	sqlite3_close_v2(store);
	sqlite3_close_v2(journal);
}
