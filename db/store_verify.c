/* SPDX-License-Identifier: Apache-2.0 */
/* What somebody without the keys changed, and what a person says about it. */
#include <string.h>

#include "db/root.h"
#include "db/store_internal.h"

enum bs_err
bs_store_generation(struct bs_store *st, struct bs_generation *out)
{
	struct bs_root root;
	enum bs_err err = bs_root_read(st->db, st->seal, &root);

	if (err == BS_OK)
		*out = root.generation;
	return err;
}

struct verifying {
	struct bs_hasher *hasher;
	bs_tampered_fn *fn;
	void *arg;
	uint64_t *count;
};

static enum bs_err
verify_one(void *arg, enum bs_aggregate kind, int64_t id, const char *name)
{
	const struct verifying *v = arg;
	enum bs_err err = bs_aggregate_check(v->hasher, kind, id);

	(*v->count)++;
	if (err == BS_ETAMPERED)
		v->fn(v->arg, bs_aggregate_kinds[kind].word, name);
	return err == BS_ETAMPERED ? BS_OK : err;
}

enum bs_err
bs_store_verify(struct bs_store *st, bs_tampered_fn *fn, void *arg, uint64_t *count)
{
	struct verifying v = { .hasher = bs_store_hasher(st), .fn = fn, .arg = arg, .count = count };
	bool own = false;
	enum bs_err err = bs_store_snapshot(st, &own);

	*count = 0;
	if (err != BS_OK)
		return err;
	for (int k = BS_AGGREGATES; k-- > 0 && err == BS_OK;) /* servers first: devices are many */
		err = bs_aggregate_each(v.hasher, (enum bs_aggregate)k, verify_one, &v);
	bs_store_snapshot_end(st, own);
	return err;
}

static enum bs_err
find_id(struct bs_store *st, enum bs_aggregate kind, const char *name, int64_t *id)
{
	const struct bs_aggregate_kind *k = &bs_aggregate_kinds[kind];
	char *sql = sqlite3_mprintf("SELECT id FROM %s WHERE %s = ?1", k->parts[0].table, k->name);
	sqlite3_stmt *stmt = NULL;
	struct bs_query q;
	enum bs_err err = sql != NULL ? bs_sql_err(sqlite3_prepare_v2(st->db, sql, -1, &stmt, NULL)) : BS_ENOMEM;

	sqlite3_free(sql);
	if (err == BS_OK) {
		q = bs_query(stmt);
		bs_query_put_text(&q, name);
		err = bs_query_step(&q);
		if (err == BS_OK)
			*id = bs_query_int(&q, 0);
	}
	sqlite3_finalize(stmt);
	return err;
}

/* BS_AGGREGATES: none of that word. */
static int
kind_of(const char *word)
{
	int k = 0;

	while (k < BS_AGGREGATES && strcmp(bs_aggregate_kinds[k].word, word) != 0)
		k++;
	return k;
}

bool
bs_store_is_good(struct bs_store *st, const char *kind, int64_t id)
{
	int k = kind_of(kind);

	return k < BS_AGGREGATES && bs_aggregate_check(bs_store_hasher(st), (enum bs_aggregate)k, id) == BS_OK;
}

void
bs_store_show_tampered(struct bs_store *st)
{
	st->lenient = true;
}

enum bs_err
bs_store_accept(struct bs_store *st, const char *kind, const char *name, struct bs_diag *diag)
{
	bool own = false;
	int64_t id = 0;
	int k = kind_of(kind);
	enum bs_err err;

	if (k == BS_AGGREGATES)
		return bs_diag_set(diag, BS_ERANGE, 0, "%s is none of device, profile, server", kind);
	err = find_id(st, (enum bs_aggregate)k, name, &id);
	if (err != BS_OK)
		return bs_diag_set(diag, err, 0, "there is no %s %s", kind, name);
	err = bs_store_enter(st, &own);
	if (err == BS_OK)
		err = bs_touched_accept(st->touched, (enum bs_aggregate)k, id);
	err = bs_store_leave(st, own, err);
	return err == BS_OK ? BS_OK : bs_diag_set(diag, err, 0, "%s %s: %s", kind, name, bs_strerror(err));
}

enum bs_err
bs_store_accept_older(struct bs_store *st, uint64_t seen, struct bs_diag *diag)
{
	bool own = false;
	enum bs_err err = bs_store_enter(st, &own);

	if (err == BS_OK)
		err = bs_root_advance(st->db, st->seal, seen);
	err = bs_store_leave(st, own, err);
	return err == BS_OK ? BS_OK : bs_diag_set(diag, err, 0, "%s: %s", st->path, bs_strerror(err));
}

bool
bs_store_log_is_kept(const struct bs_store *st)
{
	return st->log_kept;
}
