/* SPDX-License-Identifier: Apache-2.0 */
#include "db/journal/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "db/sql.h"
#include "db/lookup.h"

#define JOURNAL_APPLICATION_ID 0x4c424a31 /* "LBJ1" */
#define OLDER_ID 0x4c42424a /* before 0.2 */
#define OLDER_TODO "move it away, a new one is made"
#define SLICE 1024 /* rows that one trim may take away, of each kind; twice the recorder's batch */
#define DAY_MS INT64_C(86400000)

enum stmt {
	J_ADD,
	J_ADD_STRANGER,
	J_FIND,
	J_FIND_STRANGER,
	J_RECENT,
	J_RECENT_STRANGERS,
	J_STRANGERS,
	J_TRIM_AGE,
	J_TRIM_AGE_STRANGERS,
	J_NEW_DEVICES,
	J_HAS_MANY,
	J_TRIM_DEVICE,
	J_TRIM_OLDEST,
	J_COUNT_STRANGERS,
	J_TRIM_STRANGERS,
	J_GET_CURSOR,
	J_SET_CURSOR,
	J_GET_SEEN,
	J_SET_SEEN,
	J_COUNT
};

#define COMMON_COLUMNS "at_ms, outcome, claimed, identity, address, mode, detail, step, handshake_ms, took_ms, suite"
#define DEVICE_COLUMNS "device_id, endpoint, psk_slot, code, version, format, writes, proven"
/* Newest ids of one index; each index is ordered by its column, then by age. */
#define NEWEST(table, where, order) \
	"SELECT id FROM (SELECT id FROM " table " WHERE " where " ORDER BY " order " DESC LIMIT ?2)"
#define ANY_OF(table, order) \
	NEWEST(table, "claimed = ?1 AND claimed <> ''", order) \
	" UNION " NEWEST(table, "identity = ?1", order) " UNION " NEWEST(table, "host = ?1", order) " UNION " NEWEST( \
		table, "host = ?3 AND address = ?1", order)

static const char *const sql[J_COUNT] = {
	[J_ADD] = "INSERT INTO attempt (at_ms, outcome, claimed, identity, host, address, mode, detail, step, "
		  "handshake_ms, "
		  "took_ms, suite, device_id, endpoint, psk_slot, code, version, format, writes, proven) "
		  "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)",
	[J_ADD_STRANGER] =
		"INSERT INTO stranger (at_ms, outcome, claimed, identity, host, address, mode, detail, step, "
		"handshake_ms, "
		"took_ms, suite, public_key, who, seen, first_ms) "
		"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, CASE ?4 WHEN '' THEN ?5 ELSE ?4 END, "
		"1, ?1) "
		"ON CONFLICT (outcome, who) DO UPDATE SET seen = seen + 1, at_ms = excluded.at_ms, "
		"claimed = excluded.claimed, host = excluded.host, address = excluded.address, mode = excluded.mode, "
		"detail = excluded.detail, step = excluded.step, handshake_ms = excluded.handshake_ms, "
		"took_ms = excluded.took_ms, suite = excluded.suite, public_key = excluded.public_key",
	[J_FIND] = "SELECT " COMMON_COLUMNS ", 1, at_ms, " DEVICE_COLUMNS " "
		   "FROM attempt WHERE id IN (" NEWEST("attempt", "endpoint = ?1", "id") " UNION " ANY_OF(
			   "attempt", "id") ") ORDER BY id DESC LIMIT ?2",
	[J_FIND_STRANGER] = "SELECT " COMMON_COLUMNS ", seen, first_ms, public_key FROM stranger WHERE id IN (" ANY_OF(
		"stranger", "at_ms") ") ORDER BY at_ms DESC LIMIT ?2",
	/* Refusals among the newest attempts: a bounded look back, however many were done. */
	[J_RECENT] = "SELECT " COMMON_COLUMNS ", 1, at_ms, " DEVICE_COLUMNS " "
		     "FROM attempt WHERE id > (SELECT max(id) FROM attempt) - 10000 AND outcome NOT IN ('done', "
		     "'pack-declined') "
		     "ORDER BY id DESC LIMIT ?1",
	[J_RECENT_STRANGERS] = "SELECT " COMMON_COLUMNS
			       ", seen, first_ms, public_key FROM stranger ORDER BY at_ms DESC LIMIT ?1",
	[J_STRANGERS] = "SELECT " COMMON_COLUMNS
			", seen, first_ms, public_key FROM stranger WHERE identity <> '' ORDER BY at_ms DESC LIMIT ?1",
	/* A time far ahead comes from a clock that was wrong: it must not stay for ever. */
	[J_TRIM_AGE] = "DELETE FROM attempt WHERE id IN (SELECT id FROM attempt ORDER BY id LIMIT ?3) "
		       "AND (at_ms < ?1 OR at_ms > ?2)",
	[J_TRIM_AGE_STRANGERS] = "DELETE FROM stranger WHERE id IN "
				 "(SELECT id FROM stranger WHERE at_ms < ?1 ORDER BY at_ms LIMIT ?2)",
	[J_NEW_DEVICES] = "SELECT id, device_id FROM attempt WHERE id > ?1 ORDER BY id LIMIT ?2",
	/* Of both kinds together: few devices have so many, and an index alone tells of the others. */
	[J_HAS_MANY] = "SELECT 1 FROM attempt WHERE device_id = ?1 LIMIT 1 OFFSET ?2",
	/* ?3: proven or not; each kind has its own allowance */
	[J_TRIM_DEVICE] = "DELETE FROM attempt WHERE device_id = ?1 AND proven = ?3 AND id <= (SELECT id FROM attempt "
			  "WHERE device_id = ?1 AND proven = ?3 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
	[J_TRIM_OLDEST] = "DELETE FROM attempt WHERE id IN (SELECT id FROM attempt ORDER BY id LIMIT ?1)",
	[J_COUNT_STRANGERS] = "SELECT count(*) FROM stranger",
	[J_TRIM_STRANGERS] = "DELETE FROM stranger WHERE id IN (SELECT id FROM stranger ORDER BY at_ms, id LIMIT ?1)",
	[J_GET_CURSOR] = "SELECT value FROM meta WHERE key = 'trimmed'",
	[J_SET_CURSOR] =
		"INSERT INTO meta (key, value) VALUES ('trimmed', ?1) ON CONFLICT (key) DO UPDATE SET value = ?1",
	[J_GET_SEEN] = "SELECT value FROM meta WHERE key = ?1",
	[J_SET_SEEN] = "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2",
};

struct bs_journal {
	sqlite3 *db;
	bool pending;
	sqlite3_stmt *stmts[J_COUNT];
};

void
bs_journal_limits_init(struct bs_journal_limits *l)
{
	l->days = 90;
	l->bytes = UINT64_C(1) << 30;
	l->unknown_max = 10000;
	l->per_device = 50;
}

/* ---- opening -------------------------------------------------------------------------------------------------------- */

static enum bs_err
make_file(const char *path, struct bs_diag *diag)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return bs_diag_set(diag, errno == EACCES ? BS_EPERM : BS_EIO, 0, "%s: %s", path, strerror(errno));
	close(fd);
	return BS_OK;
}

static enum bs_err
open_journal(struct bs_journal *j, const char *path, bool write, struct bs_diag *diag)
{
	/*
	 * Losing the last seconds with the power is fine here. Nothing in it is secret (public keys, names), so what retention
	 * removes is not overwritten, which would write each page twice. Pages must be able to go back to the file system.
	 */
	struct bs_sql_file file = { path, "journal", JOURNAL_APPLICATION_ID, OLDER_ID, OLDER_TODO, write, 1000,
		"PRAGMA auto_vacuum = INCREMENTAL; PRAGMA synchronous = NORMAL", NULL };
	struct stat sb;
	enum bs_err err = write ? make_file(path, diag) : BS_OK;

	/* Empty: the daemon is making it at this moment. */
	if (!write && (stat(path, &sb) != 0 ? errno == ENOENT : sb.st_size == 0))
		return bs_diag_set(diag, BS_ENOTFOUND, 0, "%s: there is no journal yet; the daemon makes it", path);
	if (err == BS_OK)
		err = bs_sql_open(&file, &j->db, diag);
	if (err == BS_OK)
		err = bs_sql_prepare(j->db, sql, J_COUNT, j->stmts, diag);
	return err;
}

enum bs_err
bs_journal_open(const char *dir, enum bs_journal_access access, struct bs_journal **out, struct bs_diag *diag)
{
	char path[4096];
	struct bs_journal *j = calloc(1, sizeof(*j));
	int n = snprintf(path, sizeof(path), "%s/%s", dir, BS_JOURNAL_FILE);
	enum bs_err err;

	if (j == NULL || n < 0 || (size_t)n >= sizeof(path))
		err = bs_diag_set(diag, j == NULL ? BS_ENOMEM : BS_ERANGE, 0, "%s: the journal cannot be opened", dir);
	else
		err = open_journal(j, path, access == BS_JOURNAL_WRITE, diag);
	if (err == BS_OK) {
		*out = j;
		j = NULL;
	}
	bs_journal_close(j);
	return err;
}

void
bs_journal_close(struct bs_journal *j)
{
	if (j == NULL)
		return;
	bs_sql_finalize(j->stmts, J_COUNT);
	sqlite3_close_v2(j->db);
	free(j);
}

/* Keep (err is BS_OK) or undo. */
static enum bs_err
end_transaction(struct bs_journal *j, enum bs_err err)
{
	if (err == BS_OK)
		err = bs_sql_exec(j->db, "COMMIT");
	if (err != BS_OK && !sqlite3_get_autocommit(j->db))
		sqlite3_exec(j->db, "ROLLBACK", NULL, NULL, NULL);
	return err;
}

/* ---- writing -------------------------------------------------------------------------------------------------------- */

/* "192.0.2.1:5684" and "[2001:db8::1]:5684" without the port; a host alone stays. */
static void
host_of(const char *address, char *out, size_t max)
{
	const char *colon = strchr(address, ':');
	int len = (int)strlen(address);

	if (address[0] == '[')
		snprintf(out, max, "%.*s", (int)strcspn(address + 1, "]"), address + 1);
	else
		snprintf(out, max, "%.*s",
			colon != NULL && strrchr(address, ':') == colon ? (int)(colon - address) : len, address);
}

#define PUT_TEXT(q, field) bs_query_put_text_n(q, field, strnlen(field, sizeof(field)))

static enum bs_err
append_one(struct bs_journal *j, const struct bs_attempt *a)
{
	struct bs_query q = bs_query(j->stmts[a->device_id > 0 ? J_ADD : J_ADD_STRANGER]);
	const char *outcome = bs_outcome_word(a->outcome);
	char host[sizeof(a->address)];

	host_of(a->address, host, sizeof(host));
	bs_query_put_int(&q, a->at_ms);
	bs_query_put_text(&q, outcome);
	PUT_TEXT(&q, a->claimed);
	PUT_TEXT(&q, a->identity);
	PUT_TEXT(&q, host);
	PUT_TEXT(&q, a->address);
	bs_query_put_int(&q, a->mode);
	PUT_TEXT(&q, a->detail);
	PUT_TEXT(&q, a->step);
	bs_query_put_int(&q, a->handshake_ms);
	bs_query_put_int(&q, a->took_ms);
	PUT_TEXT(&q, a->suite);
	if (a->device_id > 0) {
		bs_query_put_int(&q, a->device_id);
		PUT_TEXT(&q, a->endpoint);
		bs_query_put_int(&q, a->psk_slot);
		bs_query_put_int(&q, a->code);
		bs_query_put_int(&q, a->version);
		bs_query_put_int(&q, a->format);
		bs_query_put_int(&q, a->writes);
		bs_query_put_int(&q, a->proven);
	} else if (a->public_key_len > 0 && a->public_key_len <= sizeof(a->public_key)) {
		bs_query_put_blob(&q, a->public_key, a->public_key_len);
	} else {
		bs_query_put_null(&q);
	}
	return bs_query_run(&q);
}

enum bs_err
bs_journal_append(struct bs_journal *j, const struct bs_attempt *attempts, size_t count)
{
	enum bs_err err = bs_sql_exec(j->db, "BEGIN IMMEDIATE");

	for (size_t i = 0; i < count && err == BS_OK; i++)
		err = append_one(j, &attempts[i]);
	return end_transaction(j, err);
}

/* ---- the store as it was seen --------------------------------------------------------------------------------------- */

static const char *const seen_keys[] = { "store", "store_generation", "store_mark", "store_older" };
#define SEEN_KEYS (sizeof(seen_keys) / sizeof(seen_keys[0]))

static enum bs_err
get_seen(struct bs_journal *j, const char *key, int64_t *out)
{
	struct bs_query q = bs_query(j->stmts[J_GET_SEEN]);
	enum bs_err err;

	bs_query_put_text(&q, key);
	err = bs_query_step(&q);
	*out = err == BS_OK ? bs_query_int(&q, 0) : 0;
	bs_query_end(&q);
	return err == BS_ENOTFOUND ? BS_OK : err;
}

enum bs_err
bs_journal_get_seen(struct bs_journal *j, struct bs_seen *out)
{
	int64_t values[SEEN_KEYS] = { 0 };
	enum bs_err err = BS_OK;

	for (size_t i = 0; i < SEEN_KEYS && err == BS_OK; i++)
		err = get_seen(j, seen_keys[i], &values[i]);
	*out = (struct bs_seen){ (uint64_t)values[0], (uint64_t)values[1], (uint64_t)values[2], values[3] != 0 };
	return err;
}

static enum bs_err
set_seen(struct bs_journal *j, const char *key, int64_t value)
{
	struct bs_query q = bs_query(j->stmts[J_SET_SEEN]);

	bs_query_put_text(&q, key);
	bs_query_put_int(&q, value);
	return bs_query_run(&q);
}

enum bs_err
bs_journal_set_seen(struct bs_journal *j, const struct bs_seen *seen)
{
	const int64_t values[SEEN_KEYS] = { (int64_t)seen->store, (int64_t)seen->number, (int64_t)seen->mark,
		seen->older };
	enum bs_err err = bs_sql_exec(j->db, "BEGIN IMMEDIATE");

	for (size_t i = 0; i < SEEN_KEYS && err == BS_OK; i++)
		err = set_seen(j, seen_keys[i], values[i]);
	return end_transaction(j, err);
}

/* ---- retention ------------------------------------------------------------------------------------------------------ */

/* Run a DELETE and note whether it took a whole slice, that is, whether more may be left. */
static enum bs_err
cut(struct bs_journal *j, struct bs_query *q)
{
	enum bs_err err = bs_query_run(q);

	if (err == BS_OK && sqlite3_changes(j->db) >= SLICE)
		j->pending = true;
	return err;
}

static enum bs_err
trim_age(struct bs_journal *j, const struct bs_journal_limits *l, int64_t now_ms)
{
	int64_t oldest = now_ms - l->days * DAY_MS;
	struct bs_query q = bs_query(j->stmts[J_TRIM_AGE]);
	enum bs_err err;

	if (l->days == 0)
		return BS_OK;
	bs_query_put_int(&q, oldest);
	bs_query_put_int(&q, now_ms + DAY_MS);
	bs_query_put_int(&q, SLICE);
	err = cut(j, &q);
	if (err != BS_OK)
		return err;
	q = bs_query(j->stmts[J_TRIM_AGE_STRANGERS]);
	bs_query_put_int(&q, oldest);
	bs_query_put_int(&q, SLICE);
	return cut(j, &q);
}

static enum bs_err
get_int(struct bs_query q, int64_t *out)
{
	enum bs_err err = bs_query_step(&q);

	*out = err == BS_OK ? bs_query_int(&q, 0) : 0;
	bs_query_end(&q);
	return err == BS_ENOTFOUND ? BS_OK : err;
}

/* The devices of the attempts behind *cursor, which moves on. */
static enum bs_err
new_devices(struct bs_journal *j, int64_t *cursor, int64_t devices[SLICE], size_t *count)
{
	struct bs_query q = bs_query(j->stmts[J_NEW_DEVICES]);
	enum bs_err err;

	bs_query_put_int(&q, *cursor);
	bs_query_put_int(&q, SLICE);
	while ((err = bs_query_step(&q)) == BS_OK && *count < SLICE) {
		*cursor = bs_query_int(&q, 0);
		devices[(*count)++] = bs_query_int(&q, 1);
	}
	bs_query_end(&q);
	return err == BS_ENOTFOUND ? BS_OK : err;
}

static enum bs_err
trim_device(struct bs_journal *j, const struct bs_journal_limits *l, int64_t device_id)
{
	struct bs_query many = bs_query(j->stmts[J_HAS_MANY]);
	enum bs_err err;

	bs_query_put_int(&many, device_id);
	bs_query_put_int(&many, l->per_device);
	err = bs_query_step(&many);
	bs_query_end(&many);
	if (err == BS_ENOTFOUND)
		return BS_OK;
	for (int proven = 0; proven <= 1 && err == BS_OK; proven++) {
		struct bs_query q = bs_query(j->stmts[J_TRIM_DEVICE]);

		bs_query_put_int(&q, device_id);
		bs_query_put_int(&q, l->per_device);
		bs_query_put_int(&q, proven);
		err = bs_query_run(&q);
	}
	return err;
}

static enum bs_err
trim_devices(struct bs_journal *j, const struct bs_journal_limits *l)
{
	int64_t devices[SLICE], cursor;
	size_t count = 0;
	struct bs_query q;
	enum bs_err err = get_int(bs_query(j->stmts[J_GET_CURSOR]), &cursor);

	if (err == BS_OK)
		err = new_devices(j, &cursor, devices, &count);
	for (size_t i = 0; i < count && err == BS_OK && l->per_device > 0; i++) {
		if (i == 0 || devices[i] != devices[i - 1])
			err = trim_device(j, l, devices[i]);
	}
	if (err == BS_OK && count > 0) {
		q = bs_query(j->stmts[J_SET_CURSOR]);
		bs_query_put_int(&q, cursor);
		err = bs_query_run(&q);
	}
	j->pending = j->pending || count == SLICE;
	return err;
}

static enum bs_err
trim_strangers(struct bs_journal *j, const struct bs_journal_limits *l)
{
	int64_t count;
	struct bs_query q = bs_query(j->stmts[J_TRIM_STRANGERS]);
	enum bs_err err = get_int(bs_query(j->stmts[J_COUNT_STRANGERS]), &count);

	if (err != BS_OK || count <= l->unknown_max)
		return err;
	count -= l->unknown_max;
	bs_query_put_int(&q, count < SLICE ? count : SLICE);
	return cut(j, &q);
}

static enum bs_err
trim_size(struct bs_journal *j, const struct bs_journal_limits *l)
{
	struct bs_query q = bs_query(j->stmts[J_TRIM_OLDEST]);
	int64_t pages = 0, unused = 0, page_size = 0;
	enum bs_err err = bs_sql_int(j->db, "PRAGMA page_count", &pages);

	if (err == BS_OK)
		err = bs_sql_int(j->db, "PRAGMA freelist_count", &unused);
	if (err == BS_OK)
		err = bs_sql_int(j->db, "PRAGMA page_size", &page_size);
	if (err != BS_OK || l->bytes == 0 || (uint64_t)(pages * page_size) <= l->bytes)
		return err;
	if ((uint64_t)((pages - unused) * page_size) > l->bytes) {
		bs_query_put_int(&q, SLICE);
		err = cut(j, &q);
	}
	if (err == BS_OK)
		err = bs_sql_exec(j->db, "PRAGMA incremental_vacuum(1024)");
	j->pending = j->pending || unused > SLICE;
	return err;
}

enum bs_err
bs_journal_trim(struct bs_journal *j, const struct bs_journal_limits *l, int64_t now_ms)
{
	enum bs_err err = bs_sql_exec(j->db, "BEGIN IMMEDIATE");

	j->pending = false;
	if (err == BS_OK)
		err = trim_age(j, l, now_ms);
	if (err == BS_OK)
		err = trim_devices(j, l);
	if (err == BS_OK)
		err = trim_strangers(j, l);
	if (err == BS_OK)
		err = trim_size(j, l);
	return end_transaction(j, err);
}

bool
bs_journal_trim_pending(const struct bs_journal *j)
{
	return j->pending;
}

/* ---- reading -------------------------------------------------------------------------------------------------------- */

static void
read_key(const struct bs_query *q, int column, struct bs_attempt *a)
{
	size_t len;
	const uint8_t *key = bs_query_blob(q, column, &len);

	if (key == NULL || len > sizeof(a->public_key))
		return;
	memcpy(a->public_key, key, len);
	a->public_key_len = (uint16_t)len;
}

/* COMMON_COLUMNS, seen, first_ms; then DEVICE_COLUMNS of a known device, public_key of a stranger. */
static void
read_attempt(const struct bs_query *q, bool known, struct bs_attempt *a)
{
	memset(a, 0, sizeof(*a));
	a->at_ms = bs_query_int(q, 0);
	a->outcome = bs_outcome_parse(bs_query_text(q, 1));
	bs_query_copy_text(q, 2, a->claimed, sizeof(a->claimed));
	bs_query_copy_text(q, 3, a->identity, sizeof(a->identity));
	bs_query_copy_text(q, 4, a->address, sizeof(a->address));
	a->mode = (uint8_t)bs_query_int(q, 5);
	bs_query_copy_text(q, 6, a->detail, sizeof(a->detail));
	bs_query_copy_text(q, 7, a->step, sizeof(a->step));
	a->handshake_ms = (uint32_t)bs_query_int(q, 8);
	a->took_ms = (uint32_t)bs_query_int(q, 9);
	bs_query_copy_text(q, 10, a->suite, sizeof(a->suite));
	a->seen = (uint32_t)bs_query_int(q, 11);
	a->first_ms = bs_query_int(q, 12);
	a->format = UINT16_MAX;
	if (!known) {
		read_key(q, 13, a);
		return;
	}
	a->device_id = bs_query_int(q, 13);
	bs_query_copy_text(q, 14, a->endpoint, sizeof(a->endpoint));
	a->psk_slot = (uint8_t)bs_query_int(q, 15);
	a->code = (uint8_t)bs_query_int(q, 16);
	a->version = (uint8_t)bs_query_int(q, 17);
	a->format = (uint16_t)bs_query_int(q, 18);
	a->writes = (uint16_t)bs_query_int(q, 19);
	a->proven = bs_query_int(q, 20) != 0;
}

/* One of the two lists that find merges. */
struct list {
	struct bs_query q;
	bool known;
	struct bs_attempt next;
	enum bs_err err; /* BS_OK: next is there */
};

static void
list_next(struct list *l)
{
	l->err = bs_query_step(&l->q);
	if (l->err == BS_OK)
		read_attempt(&l->q, l->known, &l->next);
}

static void
list_begin(struct list *l, struct bs_query q, bool known)
{
	l->q = q;
	l->known = known;
	l->err = BS_OK;
	list_next(l);
}

/* Both lists as one, newest first. */
static enum bs_err
merge(struct list lists[2], size_t max, bs_attempt_fn *fn, void *arg, size_t *found)
{
	enum bs_err err;

	while (*found < max && (lists[0].err == BS_OK || lists[1].err == BS_OK)) {
		bool first = lists[1].err != BS_OK ||
			     (lists[0].err == BS_OK && lists[0].next.at_ms >= lists[1].next.at_ms);
		struct list *l = &lists[first ? 0 : 1];

		fn(arg, &l->next);
		(*found)++;
		list_next(l);
	}
	err = lists[0].err != BS_OK && lists[0].err != BS_ENOTFOUND ? lists[0].err : lists[1].err;
	bs_query_end(&lists[0].q);
	bs_query_end(&lists[1].q);
	return err == BS_ENOTFOUND ? BS_OK : err;
}

static struct bs_query
find_query(sqlite3_stmt *stmt, const char *what, const char *host, size_t max)
{
	struct bs_query q = bs_query(stmt);

	bs_query_put_text(&q, what);
	bs_query_put_int(&q, max < INT32_MAX ? (int64_t)max : INT32_MAX);
	bs_query_put_text(&q, host);
	return q;
}

enum bs_err
bs_journal_find(struct bs_journal *j, const char *what, size_t max, bs_attempt_fn *fn, void *arg, size_t *found)
{
	char host[sizeof(((struct bs_attempt *)0)->address)];
	struct list lists[2];

	*found = 0;
	if (what[0] == '\0')
		return BS_OK; /* not: all that have no name */
	host_of(what, host, sizeof(host));
	list_begin(&lists[0], find_query(j->stmts[J_FIND], what, host, max), true);
	list_begin(&lists[1], find_query(j->stmts[J_FIND_STRANGER], what, host, max), false);
	return merge(lists, max, fn, arg, found);
}

static struct bs_query
recent_query(sqlite3_stmt *stmt, size_t max)
{
	struct bs_query q = bs_query(stmt);

	bs_query_put_int(&q, max < INT32_MAX ? (int64_t)max : INT32_MAX);
	return q;
}

enum bs_err
bs_journal_recent(struct bs_journal *j, size_t max, bs_attempt_fn *fn, void *arg)
{
	struct list lists[2];
	size_t found = 0;

	list_begin(&lists[0], recent_query(j->stmts[J_RECENT], max), true);
	list_begin(&lists[1], recent_query(j->stmts[J_RECENT_STRANGERS], max), false);
	return merge(lists, max, fn, arg, &found);
}

enum bs_err
bs_journal_each_unknown(struct bs_journal *j, size_t max, bs_attempt_fn *fn, void *arg)
{
	struct list l;

	list_begin(&l, recent_query(j->stmts[J_STRANGERS], max), false);
	for (; l.err == BS_OK; list_next(&l))
		fn(arg, &l.next);
	bs_query_end(&l.q);
	return l.err == BS_ENOTFOUND ? BS_OK : l.err;
}
