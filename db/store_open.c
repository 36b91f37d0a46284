/* SPDX-License-Identifier: Apache-2.0 */
/* Making, opening and closing the store; transactions. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/sha.h>

#include "db/migrate.h"
#include "db/profile_sql.h"
#include "db/store_internal.h"

#define STORE_APPLICATION_ID 0x4c425331 /* "LBS1" */
#define OLDER_ID 0x4c424253 /* before 0.2 */
#define OLDER_TODO "export it with that one"
#define CHANGES_KEPT 1000000
/* What is deleted is overwritten: else deleted keys stay in free pages, unless the library was built otherwise. */
#define SECURE "PRAGMA secure_delete = ON"

/* ---- helpers of all store files ------------------------------------------------------------------------------------- */

/* snprintf would be a tenth of what sealing a value costs. */
static char *
put_text(char *at, const char *text)
{
	size_t len = strlen(text);

	memcpy(at, text, len + 1);
	return at + len;
}

static char *
put_id(char *at, int64_t id)
{
	char digits[20];
	size_t n = 0;
	uint64_t left = id < 0 ? 0 - (uint64_t)id : (uint64_t)id;

	do
		digits[n++] = (char)('0' + left % 10);
	while ((left /= 10) > 0);
	if (id < 0)
		*at++ = '-';
	while (n > 0)
		*at++ = digits[--n];
	*at = '\0';
	return at;
}

void
bs_where_bootstrap(char out[BS_WHERE_MAX], int64_t device_id, int slot)
{
	char *at = put_id(put_text(out, "bootstrap_credential.key/"), device_id);

	put_text(at, slot == 0 ? "/current" : "/next");
}

void
bs_where_delivered(char out[BS_WHERE_MAX], int64_t device_id)
{
	snprintf(out, BS_WHERE_MAX, "bootstrap_credential.delivered_key/%lld", (long long)device_id);
}

void
bs_where_grant(char out[BS_WHERE_MAX], int64_t device_id, int64_t server_id, const char *column)
{
	char *at = put_text(put_text(out, "server_credential."), column);

	put_id(put_text(put_id(put_text(at, "/"), device_id), "/"), server_id);
}

void
bs_sha256(const void *data, size_t len, uint8_t out[BS_DIGEST_LEN])
{
	SHA256(data, len, out);
}

enum bs_err
bs_store_fail(struct bs_store *st, enum bs_err err, const char *what, struct bs_diag *diag)
{
	return bs_diag_set(diag, err, 0, "%s: %s", what, sqlite3_errmsg(st->db));
}

enum bs_err
bs_store_nest(struct bs_store *st)
{
	bool outer = sqlite3_get_autocommit(st->db) != 0;
	enum bs_err err = bs_sql_exec(st->db, "SAVEPOINT nest");

	if (err == BS_OK && outer) {
		st->outer_nest = true;
		st->nests = 0;
	}
	st->nests += err == BS_OK;
	return err;
}

/* What was secret and is gone must not stay in the write-ahead log. Readers may hold it up: then the next one does it. */
static void
clean_log(struct bs_store *st)
{
	if (bs_touched_take_removed(st->touched))
		st->log_kept = sqlite3_wal_checkpoint_v2(st->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) !=
			       SQLITE_OK;
}

enum bs_err
bs_store_unnest(struct bs_store *st, enum bs_err err)
{
	bool outer = st->outer_nest && st->nests == 1;

	st->nests -= st->nests > 0;
	st->outer_nest = st->outer_nest && !outer;
	if (err == BS_OK && outer)
		err = bs_touched_settle(st->touched, NULL);
	if (err == BS_OK)
		err = bs_sql_exec(st->db, "RELEASE nest");
	if (err != BS_OK && !sqlite3_get_autocommit(st->db))
		sqlite3_exec(st->db, outer ? "ROLLBACK" : "ROLLBACK TO nest; RELEASE nest", NULL, NULL, NULL);
	if (err == BS_OK && outer)
		clean_log(st);
	return err;
}

enum bs_err
bs_store_enter(struct bs_store *st, bool *own)
{
	*own = sqlite3_get_autocommit(st->db) != 0;
	return *own ? bs_store_nest(st) : BS_OK;
}

enum bs_err
bs_store_leave(struct bs_store *st, bool own, enum bs_err err)
{
	return own && st->outer_nest ? bs_store_unnest(st, err) : err;
}

/* ---- making --------------------------------------------------------------------------------------------------------- */

static enum bs_err
make_dir(const char *dir, struct bs_diag *diag)
{
	struct stat st;

	if (mkdir(dir, 0700) == 0)
		return BS_OK;
	if (errno != EEXIST)
		return bs_diag_set(diag, BS_EIO, 0, "%s: %s", dir, strerror(errno));
	if (stat(dir, &st) != 0 || !S_ISDIR(st.st_mode))
		return bs_diag_set(diag, BS_EIO, 0, "%s: is no directory", dir);
	if ((st.st_mode & 077) != 0 && chmod(dir, 0700) != 0)
		return bs_diag_set(diag, BS_EIO, 0, "%s: others have rights on it; chmod 700 %s", dir, dir);
	return BS_OK;
}

/* An empty file of mode 0600; -wal and -shm inherit its mode. */
static enum bs_err
make_file(const char *path, struct bs_diag *diag)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0 && errno == EEXIST)
		return bs_diag_set(
			diag, BS_EEXIST, 0, "%s exists already; it holds a store, nothing was changed", path);
	if (fd < 0)
		return bs_diag_set(diag, BS_EIO, 0, "%s: %s", path, strerror(errno));
	close(fd);
	return BS_OK;
}

static enum bs_err
make_master_key(const char *file, struct bs_secret *master, struct bs_diag *diag)
{
	enum bs_err err = bs_master_key_make(file, diag);

	if (err == BS_OK || err == BS_EEXIST)
		err = bs_master_key_read(file, master, diag);
	return err;
}

static enum bs_err
fill_new_store(const char *path, const struct bs_secret *master, struct bs_diag *diag)
{
	struct bs_sql_file file = { path, "store", STORE_APPLICATION_ID, OLDER_ID, OLDER_TODO, true, 5000, SECURE,
		NULL };
	sqlite3 *db = NULL;
	enum bs_err err = bs_sql_open(&file, &db, diag);

	if (err == BS_OK) {
		err = bs_keys_make(db, master);
		if (err != BS_OK)
			bs_diag_set(diag, err, 0, "%s: keys could not be made: %s; %s", path, bs_strerror(err),
				sqlite3_errmsg(db));
	}
	sqlite3_close_v2(db);
	return err;
}

static void
remove_files(const char *path)
{
	static const char *const ends[] = { "", "-wal", "-shm" };
	char name[4096];

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		snprintf(name, sizeof(name), "%s%s", path, ends[i]);
		unlink(name);
	}
}

static char *
store_path(const char *dir)
{
	char *path = NULL;

	return asprintf(&path, "%s/%s", dir, BS_STORE_FILE) < 0 ? NULL : path;
}

enum bs_err
bs_store_create(const char *dir, const char *master_key_file, struct bs_diag *diag)
{
	struct bs_secret master = { 0 };
	char *path = store_path(dir);
	bool made = false;
	enum bs_err err = path != NULL ? make_dir(dir, diag) : bs_diag_set(diag, BS_ENOMEM, 0, "out of memory");

	if (err == BS_OK) {
		err = make_file(path, diag);
		made = err == BS_OK;
	}
	if (err == BS_OK)
		err = make_master_key(master_key_file, &master, diag);
	if (err == BS_OK)
		err = fill_new_store(path, &master, diag);
	if (err != BS_OK && made)
		remove_files(path); /* so that the next try is not refused; a master key that was made stays */
	bs_secret_clear(&master);
	free(path);
	return err;
}

/* ---- opening -------------------------------------------------------------------------------------------------------- */

/* Those for a reader, or all. */
static enum bs_err
prepare(struct bs_store *st, struct bs_diag *diag)
{
	char text[BS_PROFILE_SQL_MAX];
	enum bs_err err = BS_OK;

	for (size_t i = 0; i < (st->write ? Q_COUNT : Q_READERS) && err == BS_OK; i++) {
		const char *one = bs_store_sql[i];

		if (one != NULL && strchr(one, '{') != NULL) {
			err = bs_profile_sql(one, text);
			one = text;
		}
		err = err == BS_OK ? bs_sql_prepare(st->db, &one, 1, &st->stmts[i], diag)
				   : bs_diag_set(diag, err, 0, "SQL statement %zu", i);
	}
	return err;
}

static enum bs_err
open_file(struct bs_store *st, const char *master_key_file, struct bs_diag *diag)
{
	struct bs_keys_place place = { .path = st->path, .master_key_file = master_key_file };
	struct bs_migration beside = { bs_keys_before_migration, bs_keys_after_migration, &place };
	/* A device must not wait for a lock: 20 ms, then the look-up is a passing problem. A tool may wait. */
	struct bs_sql_file file = { st->path, "store", STORE_APPLICATION_ID, OLDER_ID, OLDER_TODO, st->write,
		st->write ? 5000 : 20, SECURE, &beside };
	struct stat sb;
	enum bs_err err;

	/* Looked at before opening: if the file is replaced in between, is_current says so. */
	if (stat(st->path, &sb) != 0)
		return bs_diag_set(diag, errno == EACCES ? BS_EPERM : BS_EIO, 0, "%s: %s%s", st->path, strerror(errno),
			errno == ENOENT ? "; make a store with lwm2m-bootstrapctl init" : "");
	st->dev = sb.st_dev;
	st->ino = sb.st_ino;
	err = bs_sql_open(&file, &st->db, diag);
	bs_seal_free(place.seal);
	if (err == BS_OK)
		err = prepare(st, diag);
	return err;
}

static enum bs_err
watch_writes(struct bs_store *st, struct bs_diag *diag)
{
	enum bs_err err = bs_touched_start(st->db, st->seal, &st->touched);

	if (err == BS_ETAMPERED)
		return bs_diag_set(diag, err, 0,
			"%s: tables, triggers or the record of the store were changed by somebody who does not have "
			"its keys; "
			"nothing is written to it, put a backup back",
			st->path);
	return err == BS_OK ? BS_OK : bs_store_fail(st, err, st->path, diag);
}

enum bs_err
bs_store_open(const char *dir, const char *master_key_file, enum bs_store_access access, struct bs_store **out,
	struct bs_diag *diag)
{
	struct bs_store *st = calloc(1, sizeof(*st));
	enum bs_err err = BS_ENOMEM;

	if (st != NULL) {
		st->write = access == BS_STORE_WRITE;
		st->path = store_path(dir);
	}
	if (st == NULL || st->path == NULL)
		bs_diag_set(diag, err, 0, "%s: out of memory", dir);
	else
		err = open_file(st, master_key_file, diag);
	if (err == BS_OK)
		err = bs_keys_open(st->db, st->path, master_key_file, &st->seal, diag);
	if (err == BS_OK)
		bs_hasher_init(&st->hasher, st->db, st->seal);
	if (err == BS_OK && st->write)
		err = watch_writes(st, diag);
	if (err == BS_OK) {
		*out = st;
		st = NULL;
	}
	bs_store_close(st);
	return err;
}

void
bs_store_close(struct bs_store *st)
{
	if (st == NULL)
		return;
	bs_bulk_wait(st);
	bs_sql_finalize(st->stmts, Q_COUNT);
	if (st->bulk != NULL)
		bs_store_rollback(st);
	bs_hasher_clear(&st->hasher);
	bs_shared_free(st->shared);
	if (st->db != NULL)
		sqlite3_commit_hook(st->db, NULL, NULL);
	if (st->db != NULL)
		sqlite3_rollback_hook(st->db, NULL, NULL);
	bs_touched_free(st->touched);
	sqlite3_close_v2(st->db);
	bs_bulk_free(st);
	bs_seal_free(st->seal);
	free(st->path);
	free(st);
}

bool
bs_store_is_current(struct bs_store *st)
{
	struct stat sb;

	return stat(st->path, &sb) == 0 && sb.st_dev == st->dev && sb.st_ino == st->ino;
}

/* ---- transactions --------------------------------------------------------------------------------------------------- */

enum bs_err
bs_store_read_begin(struct bs_store *st)
{
	enum bs_err err = st->in_read || !sqlite3_get_autocommit(st->db) ? BS_ESTATE : bs_sql_exec(st->db, "BEGIN");

	st->in_read = st->in_read || err == BS_OK;
	return err;
}

void
bs_store_read_end(struct bs_store *st)
{
	if (st->in_read)
		sqlite3_exec(st->db, "ROLLBACK", NULL, NULL, NULL); /* nothing was written; cannot fail for long */
	st->in_read = false;
}

enum bs_err
bs_store_begin(struct bs_store *st, struct bs_diag *diag)
{
	enum bs_err err;

	if (!st->write || !sqlite3_get_autocommit(st->db))
		return bs_diag_set(diag, BS_ESTATE, 0, "%s: no transaction can begin here", st->path);
	err = bs_sql_exec(st->db, "BEGIN IMMEDIATE");
	if (err == BS_EBUSY)
		return bs_diag_set(
			diag, err, 0, "%s: another lwm2m-bootstrapctl is writing; try again later", st->path);
	return err == BS_OK ? BS_OK : bs_store_fail(st, err, st->path, diag);
}

void
bs_store_bulk(struct bs_store *st)
{
	/* KiB. Measured: with the default cache an import of a million takes twice as long. Failing is slow, not wrong. */
	sqlite3_exec(st->db, "PRAGMA cache_size = -262144", NULL, NULL, NULL);
}

static enum bs_err
set_meta(struct bs_store *st, const char *key, int64_t value)
{
	struct bs_query q = bs_store_query(st, Q_SET_META);

	bs_query_put_text(&q, key);
	bs_query_put_int(&q, value);
	return bs_query_run(&q);
}

enum bs_err
bs_store_note_import(struct bs_store *st, int64_t now_s, uint64_t rows)
{
	enum bs_err err = set_meta(st, "import_s", now_s);

	return err == BS_OK ? set_meta(st, "import_rows", (int64_t)rows) : err;
}

enum bs_err
bs_store_commit(struct bs_store *st, struct bs_diag *diag)
{
	struct bs_query q = bs_store_query(st, Q_TRIM_CHANGES);
	enum bs_err err;

	if (!bs_bulk_may_commit(st)) {
		bs_store_rollback(st);
		return bs_diag_set(diag, BS_ESTATE, 0, "%s: what was added was not checked", st->path);
	}
	bs_query_put_int(&q, CHANGES_KEPT);
	err = bs_query_run(&q);
	if (err == BS_OK)
		err = bs_touched_settle(st->touched, diag);
	if (err == BS_OK)
		err = bs_sql_exec(st->db, "COMMIT");
	if (err != BS_OK) {
		if (err != BS_ETAMPERED)
			bs_store_fail(st, err, st->path, diag);
		bs_store_rollback(st);
	}
	bs_bulk_leave(st);
	if (err == BS_OK)
		clean_log(st);
	return err;
}

void
bs_store_rollback(struct bs_store *st)
{
	bs_bulk_wait(st);
	if (!sqlite3_get_autocommit(st->db))
		sqlite3_exec(st->db, "ROLLBACK", NULL, NULL, NULL);
	bs_bulk_leave(st);
}
