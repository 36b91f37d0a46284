/* SPDX-License-Identifier: Apache-2.0 */
#include "db/migrate.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "db/sql.h"

int
bs_schema_newest(const char *what)
{
	int newest = 0;

	for (const struct bs_schema_file *f = bs_schema_files; f->what != NULL; f++) {
		if (strcmp(f->what, what) == 0 && f->version > newest)
			newest = f->version;
	}
	return newest;
}

static enum bs_err
complain_newer(const char *what, const char *path, int64_t have, struct bs_diag *diag)
{
	return bs_diag_set(diag, BS_ESCHEMA, 0,
		"%s: the %s has schema version %d, this program knows up to %d; use the newer program that wrote it",
		path, what, (int)have, bs_schema_newest(what));
}

enum bs_err
bs_schema_check(sqlite3 *db, const char *what, const char *path, struct bs_diag *diag)
{
	int64_t have = 0;
	enum bs_err err = bs_sql_int(db, "PRAGMA user_version", &have);

	if (err != BS_OK)
		return bs_diag_set(diag, err, 0, "%s: %s", path, sqlite3_errmsg(db));
	if (have > bs_schema_newest(what))
		return complain_newer(what, path, have, diag);
	if (have < bs_schema_newest(what))
		return bs_diag_set(diag, BS_ESCHEMA, 0,
			"%s: the %s has schema version %d, this program needs %d; %s, it migrates the %s", path, what,
			(int)have, bs_schema_newest(what),
			strcmp(what, "journal") == 0 ? "restart lwm2m-bootstrapd"
						     : "run any lwm2m-bootstrapctl command that writes",
			what);
	return BS_OK;
}

static enum bs_err
apply(sqlite3 *db, const struct bs_schema_file *f, int application_id)
{
	char sql[96];
	enum bs_err err = bs_sql_exec(db, f->sql);

	snprintf(sql, sizeof(sql), "PRAGMA user_version = %d; PRAGMA application_id = %d", f->version, application_id);
	return err == BS_OK ? bs_sql_exec(db, sql) : err;
}

static enum bs_err
apply_all(sqlite3 *db, const char *what, int have, int application_id, const char *path, struct bs_diag *diag)
{
	enum bs_err err = BS_OK;

	for (const struct bs_schema_file *f = bs_schema_files; f->what != NULL && err == BS_OK; f++) {
		if (strcmp(f->what, what) == 0 && f->version > have)
			err = apply(db, f, application_id);
	}
	if (err != BS_OK)
		bs_diag_set(diag, err, 0, "%s: the %s could not be migrated: %s", path, what, sqlite3_errmsg(db));
	return err;
}

static enum bs_err
migrate(sqlite3 *db, const char *what, int application_id, const char *path, const struct bs_migration *beside,
	struct bs_diag *diag)
{
	bool beside_it = false;
	int64_t have = 0;
	enum bs_err err = bs_sql_int(db, "PRAGMA user_version", &have); /* again: now nobody else migrates */

	if (err != BS_OK)
		return bs_diag_set(diag, err, 0, "%s: %s", path, sqlite3_errmsg(db));
	if (have > bs_schema_newest(what))
		return complain_newer(what, path, have, diag);
	if (have == bs_schema_newest(what))
		return BS_OK;
	beside_it = beside != NULL && have > 0;
	if (beside_it)
		err = beside->before(beside->arg, db, (int)have, diag);
	if (err == BS_OK)
		err = apply_all(db, what, (int)have, application_id, path, diag);
	if (err == BS_OK && beside_it)
		err = beside->after(beside->arg, db, (int)have, diag);
	return err;
}

enum bs_err
bs_schema_migrate(sqlite3 *db, const char *what, int application_id, const char *path,
	const struct bs_migration *beside, struct bs_diag *diag)
{
	int64_t have = 0;
	enum bs_err err = bs_sql_int(db, "PRAGMA user_version", &have);

	if (err == BS_OK && have == bs_schema_newest(what))
		return BS_OK; /* the usual case takes no write lock */
	if (err == BS_OK)
		err = bs_sql_exec(db, "BEGIN IMMEDIATE");
	if (err != BS_OK)
		return bs_diag_set(
			diag, err, 0, "%s: the %s could not be migrated: %s", path, what, sqlite3_errmsg(db));
	err = migrate(db, what, application_id, path, beside, diag);
	if (err == BS_OK && (err = bs_sql_exec(db, "COMMIT")) != BS_OK)
		bs_diag_set(diag, err, 0, "%s: the %s could not be migrated: %s", path, what, sqlite3_errmsg(db));
	if (err != BS_OK && !sqlite3_get_autocommit(db))
		sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return err;
}
