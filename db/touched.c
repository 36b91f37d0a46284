/* SPDX-License-Identifier: Apache-2.0 */
#include "db/touched.h"

#include <stdlib.h>
#include <string.h>

#include "db/root.h"
#include "db/lookup.h"
#include "server/base/hash.h"
#include "server/base/log.h"

/* What a trigger says of a row. */
enum what { W_CHANGED, W_MADE, W_REMOVED };

struct key {
	int64_t kind, id;
};
struct entry {
	struct key key;
	bool bad; /* it was not as the tool left it */
	bool made; /* in this transaction */
	UT_hash_handle hh;
};

struct bs_touched {
	sqlite3 *db;
	struct bs_seal *seal;
	struct bs_hasher hasher;
	struct entry *entries; /* of the transaction */
	bool removed;
	int64_t changes; /* of the connection when it was settled last */
};

static void
forget(struct bs_touched *t)
{
	struct entry *e, *next;

	HASH_ITER (hh, t->entries, e, next) {
		HASH_DEL(t->entries, e);
		free(e);
	}
}

/* ---- called back ------------------------------------------------------------------------------------------------------ */

static enum bs_err
find_entry(struct bs_touched *t, enum bs_aggregate kind, int64_t id, struct entry **out, bool *is_new)
{
	struct key key = { .kind = kind, .id = id };

	HASH_FIND(hh, t->entries, &key, sizeof(key), *out);
	*is_new = *out == NULL;
	if (!*is_new)
		return BS_OK;
	*out = calloc(1, sizeof(**out));
	if (*out == NULL)
		return BS_ENOMEM;
	(*out)->key = key;
	HASH_ADD(hh, t->entries, key, sizeof(key), *out);
	if (bs_hash_added(hh, *out))
		return BS_OK;
	free(*out);
	*out = NULL;
	return BS_ENOMEM;
}

static enum bs_err
touch(struct bs_touched *t, enum bs_aggregate kind, int64_t id, enum what what)
{
	struct entry *e = NULL;
	bool is_new = false;
	enum bs_err err = find_entry(t, kind, id, &e, &is_new);

	if (what == W_REMOVED) /* keys of devices, and what profiles write may be one */
		t->removed = true;
	if (err != BS_OK || !is_new)
		return err;
	e->made = what == W_MADE;
	if (e->made)
		return BS_OK;
	err = bs_aggregate_check(&t->hasher, kind, id);
	e->bad = err == BS_ETAMPERED;
	return err == BS_ETAMPERED || err == BS_ENOTFOUND ? BS_OK : err;
}

/* bs_touch(kind, id, what) */
static void
on_touch(sqlite3_context *to, int argc, sqlite3_value **argv)
{
	struct bs_touched *t = sqlite3_user_data(to);
	int kind = sqlite3_value_int(argv[0]);

	(void)argc;
	if (kind < 0 || kind >= BS_AGGREGATES ||
		touch(t, (enum bs_aggregate)kind, sqlite3_value_int64(argv[1]),
			(enum what)sqlite3_value_int(argv[2])) != BS_OK)
		sqlite3_result_error(to, "what changes could not be checked", -1);
}

static int
on_commit(void *arg)
{
	struct bs_touched *t = arg;

	return t->entries != NULL;
}

static void
on_rollback(void *arg)
{
	forget(arg);
}

/* ---- triggers --------------------------------------------------------------------------------------------------------- */

static const char *const events[] = { "update", "delete", "insert" };

static enum bs_err
run(sqlite3 *db, char *text)
{
	enum bs_err err = text != NULL ? bs_sql_exec(db, text) : BS_ENOMEM;

	sqlite3_free(text);
	return err;
}

/* when: "BEFORE UPDATE", "AFTER INSERT", .. Takes body. */
static enum bs_err
add_trigger(sqlite3 *db, const char *table, const char *event, const char *when, char *body)
{
	if (body == NULL)
		return BS_ENOMEM;
	return run(db, sqlite3_mprintf("CREATE TEMP TRIGGER touch_%s_%s %s ON main.%s BEGIN %z END", table, event, when,
			       table, body));
}

static char *
call(enum bs_aggregate kind, const char *row, const struct bs_aggregate_part *p, enum what what)
{
	return sqlite3_mprintf("SELECT bs_touch(%d, %s.%s, %d);", kind, row, p->id, what);
}

/* Rows that lie there before what they belong to is made are nobody's: they must not become part of it. */
static char *
made(enum bs_aggregate kind)
{
	const struct bs_aggregate_part *parts = bs_aggregate_kinds[kind].parts;
	char *text = call(kind, "NEW", &parts[0], W_MADE);

	for (size_t i = 1; i < BS_AGGREGATE_PARTS_MAX && parts[i].table != NULL && text != NULL; i++)
		text = sqlite3_mprintf("%zDELETE FROM %s WHERE %s = NEW.id;", text, parts[i].table, parts[i].id);
	return text;
}

static enum bs_err
watch_first(sqlite3 *db, enum bs_aggregate kind)
{
	const struct bs_aggregate_part *p = &bs_aggregate_kinds[kind].parts[0];
	char *columns = NULL, *update = NULL;
	int count = 0;
	enum bs_err err = bs_aggregate_columns(db, p->table, &columns, &count);

	if (err == BS_OK) /* the hash itself is no change */
		update = sqlite3_mprintf("BEFORE UPDATE OF %s", columns);
	sqlite3_free(columns);
	if (err == BS_OK)
		err = update != NULL ? add_trigger(db, p->table, "update", update, call(kind, "OLD", p, W_CHANGED))
				     : BS_ENOMEM;
	sqlite3_free(update);
	if (err == BS_OK)
		err = add_trigger(db, p->table, "delete", "BEFORE DELETE", call(kind, "OLD", p, W_REMOVED));
	return err == BS_OK ? add_trigger(db, p->table, "insert", "AFTER INSERT", made(kind)) : err;
}

static enum bs_err
watch_part(sqlite3 *db, enum bs_aggregate kind, const struct bs_aggregate_part *p)
{
	char *old = call(kind, "OLD", p, W_REMOVED);
	enum bs_err err = old != NULL ? add_trigger(db, p->table, "update", "BEFORE UPDATE",
						sqlite3_mprintf("%z%z", old, call(kind, "NEW", p, W_CHANGED)))
				      : BS_ENOMEM;

	if (err == BS_OK)
		err = add_trigger(db, p->table, "delete", "BEFORE DELETE", call(kind, "OLD", p, W_REMOVED));
	return err == BS_OK ? add_trigger(db, p->table, "insert", "BEFORE INSERT", call(kind, "NEW", p, W_CHANGED))
			    : err;
}

static enum bs_err
watch(sqlite3 *db, enum bs_aggregate kind)
{
	enum bs_err err = watch_first(db, kind);

	for (size_t i = 1; i < BS_AGGREGATE_PARTS_MAX && err == BS_OK; i++)
		if (bs_aggregate_kinds[kind].parts[i].table != NULL)
			err = watch_part(db, kind, &bs_aggregate_kinds[kind].parts[i]);
	return err;
}

void
bs_touched_pause(struct bs_touched *t)
{
	for (int k = 0; k < BS_AGGREGATES; k++)
		for (size_t i = 0; i < BS_AGGREGATE_PARTS_MAX; i++)
			for (size_t e = 0; e < 3 && bs_aggregate_kinds[k].parts[i].table != NULL; e++)
				if (run(t->db, sqlite3_mprintf("DROP TRIGGER IF EXISTS temp.touch_%s_%s",
						       bs_aggregate_kinds[k].parts[i].table, events[e])) != BS_OK) {
					/* Then what it sees is checked and hashed once more than it need be. */
				}
}

enum bs_err
bs_touched_resume(struct bs_touched *t)
{
	enum bs_err err = BS_OK;

	bs_touched_pause(t);
	for (int k = 0; k < BS_AGGREGATES && err == BS_OK; k++)
		err = watch(t->db, (enum bs_aggregate)k);
	return err;
}

/* ---- start and end ---------------------------------------------------------------------------------------------------- */

enum bs_err
bs_touched_start(sqlite3 *db, struct bs_seal *seal, struct bs_touched **out)
{
	struct bs_touched *t = calloc(1, sizeof(*t));
	enum bs_err err = t != NULL ? bs_root_check_schema(db, seal) : BS_ENOMEM;

	if (err == BS_OK) {
		t->db = db;
		t->seal = seal;
		bs_hasher_init(&t->hasher, db, seal);
		err = bs_sql_err(
			sqlite3_create_function_v2(db, "bs_touch", 3, SQLITE_UTF8, t, on_touch, NULL, NULL, NULL));
	}
	if (err == BS_OK)
		err = bs_touched_resume(t);
	if (err == BS_OK) {
		sqlite3_commit_hook(db, on_commit, t);
		sqlite3_rollback_hook(db, on_rollback, t);
		t->changes = sqlite3_total_changes(db);
		*out = t;
		t = NULL;
	}
	free(t);
	return err;
}

void
bs_touched_free(struct bs_touched *t)
{
	if (t == NULL)
		return;
	forget(t);
	bs_hasher_clear(&t->hasher);
	free(t);
}

struct bs_hasher *
bs_touched_hasher(struct bs_touched *t)
{
	return &t->hasher;
}

bool
bs_touched_take_removed(struct bs_touched *t)
{
	bool removed = t->removed;

	t->removed = false;
	return removed;
}

enum bs_err
bs_touched_accept(struct bs_touched *t, enum bs_aggregate kind, int64_t id)
{
	struct entry *e = NULL;
	bool is_new = false;
	enum bs_err err = find_entry(t, kind, id, &e, &is_new);

	if (err == BS_OK)
		e->bad = false;
	return err;
}

static enum bs_err
say_bad(struct bs_touched *t, const struct entry *e, struct bs_diag *diag)
{
	const struct bs_aggregate_kind *k = &bs_aggregate_kinds[e->key.kind];
	char name[256] = "";
	struct bs_quote q;

	if (bs_aggregate_name(&t->hasher, (enum bs_aggregate)e->key.kind, e->key.id, name, sizeof(name)) != BS_OK)
		return BS_OK; /* it is gone, and its hash with it */
	return bs_diag_set(diag, BS_ETAMPERED, 0,
		"%s %.128s was changed by somebody who does not have the keys of the store; put a backup back, %sor "
		"look at "
		"what it is now (%s show) and say verify --accept %s NAME",
		k->word, bs_log_quote(&q, name),
		e->key.kind == BS_AGGREGATE_DEVICE ? "delete it and import it anew, " : "", k->word, k->word);
}

/* ---- the feed of changes ---------------------------------------------------------------------------------------------- */

/* Who has a changed server account is changed by it. */
static enum bs_err
touch_users(struct bs_touched *t, int64_t server_id)
{
	sqlite3_stmt *stmt = NULL;
	struct bs_query q;
	enum bs_err err = bs_sql_err(sqlite3_prepare_v2(
		t->db, "SELECT profile_id FROM profile_server WHERE server_id = ?1", -1, &stmt, NULL));

	q = bs_query(stmt);
	bs_query_put_int(&q, server_id);
	while (err == BS_OK && (err = bs_query_step(&q)) == BS_OK)
		err = touch(t, BS_AGGREGATE_PROFILE, bs_query_int(&q, 0), W_CHANGED);
	sqlite3_finalize(stmt);
	return err == BS_ENOTFOUND ? BS_OK : err;
}

/* One change for each profile, however many of its rows changed. Those of devices are told by triggers, row by row. */
static enum bs_err
tell_profiles(struct bs_touched *t)
{
	struct entry *e, *next;
	enum bs_err err = BS_OK;

	HASH_ITER (hh, t->entries, e, next)
		if (err == BS_OK && e->key.kind == BS_AGGREGATE_SERVER && !e->made)
			err = touch_users(t, e->key.id);
	HASH_ITER (hh, t->entries, e, next)
		if (err == BS_OK && e->key.kind == BS_AGGREGATE_PROFILE && !e->made)
			err = run(t->db, sqlite3_mprintf("INSERT INTO change (kind, id) SELECT %d, id FROM profile "
							 "WHERE id = %lld",
						 BS_CHANGED_PROFILE, (long long)e->key.id));
	return err;
}

enum bs_err
bs_touched_settle(struct bs_touched *t, struct bs_diag *diag)
{
	struct entry *e, *next;
	enum bs_err err = tell_profiles(t);

	HASH_ITER (hh, t->entries, e, next) {
		if (err == BS_OK && e->bad)
			err = say_bad(t, e, diag);
		else if (err == BS_OK)
			err = bs_aggregate_set(&t->hasher, (enum bs_aggregate)e->key.kind, e->key.id);
	}
	if (err == BS_OK && sqlite3_total_changes(t->db) != t->changes)
		err = bs_root_advance(t->db, t->seal, 0);
	if (err == BS_OK) {
		t->changes = sqlite3_total_changes(t->db);
		forget(t);
	}
	return err;
}
