/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles with their servers, as they were checked, and kept as long as the file stays as it is. */
#include <stdlib.h>
#include <string.h>

#include "db/store_internal.h"

#define KEPT 32

struct bs_shared_cache {
	bool any;
	uint32_t version; /* of the file when these were read */
	size_t count, next; /* next: to be replaced when it is full */
	struct bs_shared *list[KEPT];
};

static void
free_shared(struct bs_shared *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; s->servers != NULL && i < s->server_count; i++) {
		bs_blob_clear(&s->servers[i].server_key);
		bs_free_settings(s->servers[i].settings, s->servers[i].setting_count);
	}
	free(s->servers);
	free(s->acls);
	bs_free_settings(s->writes, s->write_count);
	free(s);
}

static void
forget(struct bs_shared_cache *c)
{
	for (size_t i = 0; i < c->count; i++)
		free_shared(c->list[i]);
	c->count = c->next = 0;
}

void
bs_shared_free(struct bs_shared_cache *c)
{
	if (c == NULL)
		return;
	forget(c);
	free(c);
}

/* ---- reading ---------------------------------------------------------------------------------------------------------- */

static enum bs_err
read_profile(struct bs_store *st, int64_t id, struct bs_shared *s)
{
	struct bs_query q = bs_store_query(st, Q_LOAD_PROFILE);
	size_t len = 0;
	const uint8_t *anchor;
	enum bs_err err;

	bs_query_put_int(&q, id);
	err = bs_query_step(&q);
	if (err == BS_OK) {
		anchor = bs_query_blob(&q, 0, &len);
		s->has_anchor = anchor != NULL && len == sizeof(s->anchor);
		if (s->has_anchor)
			memcpy(s->anchor, anchor, len);
		s->revision = bs_query_int(&q, 1);
		bs_read_profile(&q, 2, &s->profile);
	}
	bs_query_end(&q);
	return err == BS_ENOTFOUND ? BS_ETAMPERED : err; /* a device has it */
}

static enum bs_err
read_server(struct bs_store *st, const struct bs_query *q, struct bs_shared_server *s)
{
	size_t len = 0;
	const uint8_t *key = bs_query_blob(q, 6, &len);
	enum bs_err err;

	s->id = bs_query_int(q, 0);
	bs_query_copy_text(q, 1, s->name, sizeof(s->name));
	s->repository = bs_query_int(q, 2) != 0;
	s->ssid = (uint16_t)bs_query_int(q, 3);
	s->mode = (enum bs_mode)bs_query_int(q, 4);
	bs_query_copy_text(q, 5, s->uri, sizeof(s->uri));
	bs_query_copy_text(q, 7, s->sms_number, sizeof(s->sms_number));
	s->bootstrap = bs_query_int(q, 8) != 0;
	err = bs_blob_set(&s->server_key, key, len);
	return err == BS_OK ? bs_load_settings(st, s->id, &s->settings, &s->setting_count) : err;
}

static enum bs_err
read_servers(struct bs_store *st, struct bs_shared *s)
{
	struct bs_query q = bs_store_query(st, Q_LOAD_SERVERS);
	enum bs_err err = BS_OK;

	s->servers = calloc(BS_SERVERS_MAX, sizeof(*s->servers));
	if (s->servers == NULL)
		return BS_ENOMEM;
	bs_query_put_int(&q, s->profile.id);
	while (err == BS_OK && s->server_count < BS_SERVERS_MAX) {
		err = bs_query_step(&q);
		if (err == BS_OK)
			err = read_server(st, &q, &s->servers[s->server_count++]);
	}
	bs_query_end(&q);
	return err == BS_ENOTFOUND ? BS_OK : err;
}

/* Of what was read, and in the same snapshot. */
static enum bs_err
check(struct bs_store *st, const struct bs_shared *s)
{
	struct bs_hasher *h = bs_store_hasher(st);
	enum bs_err err = bs_aggregate_check(h, BS_AGGREGATE_PROFILE, s->profile.id);

	for (size_t i = 0; i < s->server_count && err == BS_OK; i++)
		err = bs_aggregate_check(h, BS_AGGREGATE_SERVER, s->servers[i].id);
	if (err == BS_ETAMPERED && st->lenient)
		return BS_OK;
	return err == BS_ENOTFOUND ? BS_ETAMPERED : err;
}

static enum bs_err
read_shared(struct bs_store *st, int64_t id, struct bs_shared **out)
{
	struct bs_shared *s = calloc(1, sizeof(*s));
	enum bs_err err = s != NULL ? read_profile(st, id, s) : BS_ENOMEM;

	if (err == BS_OK)
		err = read_servers(st, s);
	if (err == BS_OK)
		err = bs_load_acls(st, id, &s->acls, &s->acl_count);
	if (err == BS_OK)
		err = bs_load_writes(st, id, &s->writes, &s->write_count);
	if (err == BS_OK)
		err = check(st, s);
	if (err == BS_OK) {
		*out = s;
		s = NULL;
	}
	free_shared(s);
	return err;
}

/* ---- keeping ---------------------------------------------------------------------------------------------------------- */

/* A writer sees its own changes before they are in the file, so it keeps nothing. */
static enum bs_err
drop_stale(struct bs_store *st, struct bs_shared_cache *c)
{
	uint32_t version = 0;

	if (sqlite3_file_control(st->db, NULL, SQLITE_FCNTL_DATA_VERSION, &version) != SQLITE_OK)
		return BS_EIO;
	if (st->write || !c->any || version != c->version)
		forget(c);
	c->any = true;
	c->version = version;
	return BS_OK;
}

static void
keep(struct bs_shared_cache *c, struct bs_shared *s)
{
	if (c->count < KEPT) {
		c->list[c->count++] = s;
		return;
	}
	free_shared(c->list[c->next]);
	c->list[c->next] = s;
	c->next = (c->next + 1) % KEPT;
}

enum bs_err
bs_shared_get(struct bs_store *st, int64_t profile_id, const struct bs_shared **out)
{
	struct bs_shared *s = NULL;
	enum bs_err err;

	if (st->shared == NULL)
		st->shared = calloc(1, sizeof(*st->shared));
	err = st->shared != NULL ? drop_stale(st, st->shared) : BS_ENOMEM;
	for (size_t i = 0; err == BS_OK && i < st->shared->count; i++) {
		if (st->shared->list[i]->profile.id == profile_id) {
			*out = st->shared->list[i];
			return BS_OK;
		}
	}
	if (err == BS_OK)
		err = read_shared(st, profile_id, &s);
	if (err == BS_OK) {
		keep(st->shared, s);
		*out = s;
	}
	return err;
}
