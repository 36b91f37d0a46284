/* SPDX-License-Identifier: Apache-2.0 */
/* Schema versions: the numbered files of schema/sqlite/<what>/, which are part of the program. Inside db/ only. */
#ifndef BS_DB_MIGRATE_H
#define BS_DB_MIGRATE_H

#include <sqlite3.h>

#include "server/base/err.h"

/* Made from schema/sqlite/ by the Makefile; ordered by what, then version; ends with a NULL. */
struct bs_schema_file {
	const char *what;
	int version; /* the number at the head of its name */
	const char *sql;
};
extern const struct bs_schema_file bs_schema_files[];

/* The newest version of "store" or "journal" that this program knows. */
int bs_schema_newest(const char *what);
/* BS_ESCHEMA with diag unless the file has exactly the newest version. */
BS_MUST_USE enum bs_err bs_schema_check(sqlite3 *db, const char *what, const char *path, struct bs_diag *diag);
/* What is done beside the SQL, in its transaction, where a file has a version already. Sets diag. */
struct bs_migration {
	enum bs_err (*before)(void *arg, sqlite3 *db, int have, struct bs_diag *diag);
	enum bs_err (*after)(void *arg, sqlite3 *db, int had, struct bs_diag *diag);
	void *arg;
};
/* Apply what is missing, all in one transaction; beside may be NULL. BS_ESCHEMA: the file is newer than this program. */
BS_MUST_USE enum bs_err bs_schema_migrate(sqlite3 *db, const char *what, int application_id, const char *path,
	const struct bs_migration *beside, struct bs_diag *diag);

#endif
