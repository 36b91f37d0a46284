/* SPDX-License-Identifier: Apache-2.0 */
/* Shared configuration: server accounts and profiles. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/store_internal.h"

/* One number by a name or another number. */
static enum bs_err
find_number(struct bs_query q, int64_t *out)
{
	enum bs_err err = bs_query_step(&q);

	if (err == BS_OK)
		*out = bs_query_int(&q, 0);
	bs_query_end(&q);
	return err;
}

static enum bs_err
id_of_name(struct bs_store *st, enum bs_store_stmt which, const char *name, int64_t *id)
{
	struct bs_query q = bs_store_query(st, which);

	bs_query_put_text(&q, name);
	return find_number(q, id);
}

/* The name of one that uses the row with that id; "" for nobody. */
static enum bs_err
first_user(struct bs_store *st, enum bs_store_stmt which, int64_t id, char *out, size_t max)
{
	struct bs_query q = bs_store_query(st, which);
	enum bs_err err;

	out[0] = '\0';
	bs_query_put_int(&q, id);
	err = bs_query_step(&q);
	if (err == BS_OK)
		bs_query_copy_text(&q, 0, out, max);
	bs_query_end(&q);
	return err == BS_ENOTFOUND ? BS_OK : err;
}

static void
put_setting(struct bs_query *q, int64_t owner, size_t position, const struct bs_setting *s)
{
	bs_query_put_int(q, owner);
	bs_query_put_int(q, (int64_t)position);
	bs_query_put_int(q, s->oid);
	bs_query_put_int(q, s->rid);
	bs_query_put_int(q, s->riid);
	bs_query_put_int(q, s->multiple);
	bs_query_put_int(q, s->type);
	bs_query_put_text(q, s->text);
}

/* Finish an insert: the library's words say which CHECK or UNIQUE it was. */
static enum bs_err
insert(struct bs_store *st, struct bs_query *q, const char *what, const char *name, struct bs_diag *diag)
{
	enum bs_err err = bs_query_step(q);

	if (err == BS_ENOTFOUND)
		err = BS_OK;
	if (err != BS_OK)
		bs_diag_set(diag, err, 0, "%s %s: %s", what, name, sqlite3_errmsg(st->db));
	bs_query_end(q);
	return err;
}

/* ---- server accounts ------------------------------------------------------------------------------------------------ */

static enum bs_err
insert_server(struct bs_store *st, const struct bs_server_def *def, struct bs_diag *diag)
{
	struct bs_query q = bs_store_query(st, Q_ADD_SERVER);

	bs_query_put_text(&q, def->name);
	bs_query_put_int(&q, def->repository);
	if (def->repository)
		bs_query_put_null(&q);
	else
		bs_query_put_int(&q, def->ssid);
	bs_query_put_int(&q, def->mode);
	bs_query_put_text(&q, def->uri);
	bs_query_put_blob(&q, def->server_key, def->server_key_len);
	bs_query_put_text(&q, def->sms_number);
	bs_query_put_int(&q, def->bootstrap);
	return insert(st, &q, "server", def->name, diag);
}

static enum bs_err
insert_settings(struct bs_store *st, int64_t id, const struct bs_server_def *def, struct bs_diag *diag)
{
	enum bs_err err = BS_OK;

	for (size_t i = 0; i < def->setting_count && err == BS_OK; i++) {
		struct bs_query q = bs_store_query(st, Q_ADD_SETTING);

		put_setting(&q, id, i, &def->settings[i]);
		err = insert(st, &q, "setting of server", def->name, diag);
	}
	return err;
}

enum bs_err
bs_store_add_server(struct bs_store *st, const struct bs_server_def *def, struct bs_diag *diag)
{
	int64_t id;
	enum bs_err err = id_of_name(st, Q_SERVER_ID, def->name, &id);

	if (err == BS_OK)
		return bs_diag_set(diag, BS_EEXIST, 0, "there is a server %s already", def->name);
	if (err == BS_ENOTFOUND)
		err = bs_store_nest(st);
	if (err != BS_OK)
		return bs_store_fail(st, err, def->name, diag);
	err = insert_server(st, def, diag);
	if (err == BS_OK)
		err = insert_settings(st, sqlite3_last_insert_rowid(st->db), def, diag);
	return bs_store_unnest(st, err);
}

static enum bs_err
update_server(struct bs_store *st, int64_t id, const struct bs_server_def *def, struct bs_diag *diag)
{
	struct bs_query q = bs_store_query(st, Q_SET_SERVER);
	enum bs_err err;

	bs_query_put_int(&q, id);
	bs_query_put_text(&q, def->uri);
	bs_query_put_blob(&q, def->server_key, def->server_key_len);
	bs_query_put_text(&q, def->sms_number);
	err = insert(st, &q, "server", def->name, diag);
	if (err != BS_OK)
		return err;
	q = bs_store_query(st, Q_CLEAR_SETTINGS);
	bs_query_put_int(&q, id);
	err = insert(st, &q, "settings of server", def->name, diag);
	return err == BS_OK ? insert_settings(st, id, def, diag) : err;
}

enum bs_err
bs_store_replace_server(struct bs_store *st, const struct bs_server_def *def, struct bs_diag *diag)
{
	int64_t id;
	enum bs_err err = id_of_name(st, Q_SERVER_ID, def->name, &id);

	if (err == BS_ENOTFOUND)
		return bs_diag_set(diag, err, 0, "there is no server account %s", def->name);
	if (err == BS_OK)
		err = bs_store_nest(st);
	if (err != BS_OK)
		return bs_store_fail(st, err, def->name, diag);
	return bs_store_unnest(st, update_server(st, id, def, diag));
}

static enum bs_err
tell_server(struct bs_store *st, const struct bs_query *q, bs_server_fn *fn, void *arg)
{
	struct bs_setting *settings = NULL;
	struct bs_server_def def = {
		.id = bs_query_int(q, 0),
		.name = bs_query_text(q, 1),
		.repository = bs_query_int(q, 2) != 0,
		.ssid = (uint16_t)bs_query_int(q, 3),
		.mode = (enum bs_mode)bs_query_int(q, 4),
		.uri = bs_query_text(q, 5),
		.sms_number = bs_query_text(q, 7),
		.bootstrap = bs_query_int(q, 8) != 0,
	};
	enum bs_err err = bs_load_settings(st, def.id, &settings, &def.setting_count);

	if (err == BS_OK) {
		def.server_key = bs_query_blob(q, 6, &def.server_key_len);
		def.settings = settings;
		fn(arg, &def);
	}
	bs_free_settings(settings, def.setting_count);
	return err;
}

enum bs_err
bs_store_each_server(struct bs_store *st, const char *name, bs_server_fn *fn, void *arg)
{
	struct bs_query q = bs_store_query(st, Q_EACH_SERVER);
	size_t count = 0;
	enum bs_err err;

	bs_query_put_text(&q, name);
	while ((err = bs_query_step(&q)) == BS_OK) {
		err = tell_server(st, &q, fn, arg);
		if (err != BS_OK)
			break;
		count++;
	}
	bs_query_end(&q);
	return err == BS_ENOTFOUND && (name == NULL || count > 0) ? BS_OK : err;
}

/* What can be removed by name unless something uses it. */
struct removal {
	const char *what, *user;
	enum bs_store_stmt id, first_user, remove;
};

static enum bs_err
remove_named(struct bs_store *st, const struct removal *r, const char *name, struct bs_diag *diag)
{
	char user[BS_ENDPOINT_MAX + 1];
	int64_t id;
	struct bs_query q;
	enum bs_err err = id_of_name(st, r->id, name, &id);

	if (err == BS_ENOTFOUND)
		return bs_diag_set(diag, err, 0, "there is no %s %s", r->what, name);
	if (err == BS_OK)
		err = first_user(st, r->first_user, id, user, sizeof(user));
	if (err != BS_OK)
		return bs_store_fail(st, err, name, diag);
	if (user[0] != '\0')
		return bs_diag_set(diag, BS_EREFUSED, 0, "%s %s is used by %s %s", r->what, name, r->user, user);
	err = bs_store_nest(st);
	if (err != BS_OK)
		return bs_store_fail(st, err, name, diag);
	q = bs_store_query(st, r->remove);
	bs_query_put_int(&q, id);
	return bs_store_unnest(st, insert(st, &q, r->what, name, diag));
}

enum bs_err
bs_store_remove_server(struct bs_store *st, const char *name, struct bs_diag *diag)
{
	static const struct removal server = { "server", "profile", Q_SERVER_ID, Q_SERVER_USER, Q_REMOVE_SERVER };

	return remove_named(st, &server, name, diag);
}

/* ---- profiles ------------------------------------------------------------------------------------------------------- */

/* Values that are made for the statement, which borrows them. */
struct profile_texts {
	char text[2][BS_FIELD_TEXT];
	size_t count;
};

/* anchor_sha256, name, then as {fields} has them. */
static void
put_profile(struct bs_query *q, const struct bs_profile_def *def, struct profile_texts *t)
{
	t->count = 0;
	bs_query_put_blob(q, def->has_anchor ? def->anchor_sha256 : NULL, sizeof(def->anchor_sha256));
	bs_query_put_text(q, def->profile.name);
	for (size_t i = 0; i < bs_profile_field_count; i++) {
		const struct bs_field *f = &bs_profile_fields[i];

		if (f->column == NULL)
			continue;
		if (bs_field_is_text(f))
			bs_query_put_text(q, bs_field_to_column(f, &def->profile, t->text[t->count++]));
		else
			bs_query_put_int(q, bs_field_get(f, &def->profile));
	}
}

static enum bs_err
insert_profile(struct bs_store *st, const struct bs_profile_def *def, struct bs_diag *diag)
{
	struct bs_query q = bs_store_query(st, Q_ADD_PROFILE);
	struct profile_texts texts;

	put_profile(&q, def, &texts);
	return insert(st, &q, "profile", def->profile.name, diag);
}

static enum bs_err
insert_profile_servers(struct bs_store *st, int64_t id, const struct bs_profile_def *def, struct bs_diag *diag)
{
	enum bs_err err = BS_OK;

	for (size_t i = 0; i < def->server_count && err == BS_OK; i++) {
		struct bs_query q = bs_store_query(st, Q_ADD_PROFILE_SERVER);
		int64_t server_id = 0;

		err = id_of_name(st, Q_SERVER_ID, def->servers[i], &server_id);
		if (err != BS_OK)
			return bs_diag_set(diag, err, 0, "there is no server %s", def->servers[i]);
		bs_query_put_int(&q, id);
		bs_query_put_int(&q, (int64_t)i);
		bs_query_put_int(&q, server_id);
		err = insert(st, &q, "profile, its server", def->servers[i], diag);
	}
	return err;
}

static enum bs_err
insert_acl(struct bs_store *st, int64_t id, size_t position, const struct bs_acl *acl, const char *name,
	struct bs_diag *diag)
{
	struct bs_query q = bs_store_query(st, Q_ADD_ACL);
	enum bs_err err;

	bs_query_put_int(&q, id);
	bs_query_put_int(&q, (int64_t)position);
	bs_query_put_int(&q, acl->oid);
	bs_query_put_int(&q, acl->iid);
	bs_query_put_int(&q, acl->owner);
	err = insert(st, &q, "access control of profile", name, diag);
	for (size_t i = 0; i < acl->count && err == BS_OK; i++) {
		q = bs_store_query(st, Q_ADD_ACL_ENTRY);
		bs_query_put_int(&q, id);
		bs_query_put_int(&q, (int64_t)position);
		bs_query_put_int(&q, (int64_t)i);
		bs_query_put_int(&q, acl->entries[i].ssid);
		bs_query_put_int(&q, acl->entries[i].rights);
		err = insert(st, &q, "access control entry of profile", name, diag);
	}
	return err;
}

/* Once the servers are there: the schema compares them. */
static enum bs_err
set_retry(struct bs_store *st, int64_t id, const struct bs_profile *p, struct bs_diag *diag)
{
	struct bs_query q;
	int64_t retry_id = 0;
	enum bs_err err = id_of_name(st, Q_PROFILE_ID, p->retry_as, &retry_id);

	if (err != BS_OK)
		return bs_diag_set(diag, err, 0, "there is no profile %s", p->retry_as);
	q = bs_store_query(st, Q_SET_RETRY);
	bs_query_put_int(&q, id);
	bs_query_put_int(&q, retry_id);
	return insert(st, &q, "profile", p->name, diag);
}

static enum bs_err
insert_profile_parts(struct bs_store *st, int64_t id, const struct bs_profile_def *def, struct bs_diag *diag)
{
	const char *name = def->profile.name;
	enum bs_err err = BS_OK;

	if (def->profile.retry_as[0] != '\0')
		err = set_retry(st, id, &def->profile, diag);
	for (size_t i = 0; i < def->acl_count && err == BS_OK; i++)
		err = insert_acl(st, id, i, &def->acls[i], name, diag);
	for (size_t i = 0; i < def->write_count && err == BS_OK; i++) {
		struct bs_query q = bs_store_query(st, Q_ADD_WRITE);

		put_setting(&q, id, i, &def->writes[i]);
		bs_query_put_int(&q, def->writes[i].iid);
		err = insert(st, &q, "extra write of profile", name, diag);
	}
	return err;
}

enum bs_err
bs_store_add_profile(struct bs_store *st, const struct bs_profile_def *def, struct bs_diag *diag)
{
	int64_t id;
	enum bs_err err = id_of_name(st, Q_PROFILE_ID, def->profile.name, &id);

	if (err == BS_OK)
		return bs_diag_set(
			diag, BS_EEXIST, 0, "there is a profile %s already; profile set changes it", def->profile.name);
	if (err == BS_ENOTFOUND)
		err = bs_store_nest(st);
	if (err != BS_OK)
		return bs_store_fail(st, err, def->profile.name, diag);
	err = insert_profile(st, def, diag);
	id = sqlite3_last_insert_rowid(st->db);
	if (err == BS_OK)
		err = insert_profile_servers(st, id, def, diag);
	if (err == BS_OK)
		err = insert_profile_parts(st, id, def, diag);
	return bs_store_unnest(st, err);
}

/* The names of a profile's servers, in order; each is the caller's to free. */
static enum bs_err
load_server_names(struct bs_store *st, int64_t profile_id, char *names[BS_SERVERS_MAX], size_t *count)
{
	struct bs_query q = bs_store_query(st, Q_PROFILE_SERVERS);
	enum bs_err err = BS_OK;

	bs_query_put_int(&q, profile_id);
	while (err == BS_OK && *count < BS_SERVERS_MAX) {
		err = bs_query_step(&q);
		if (err == BS_OK) {
			names[*count] = strdup(bs_query_text(&q, 0));
			err = names[*count] != NULL ? BS_OK : BS_ENOMEM;
			*count += err == BS_OK;
		}
	}
	bs_query_end(&q);
	return err == BS_ENOTFOUND ? BS_OK : err;
}

/* Devices have credentials for the servers of their profile, and instance IDs follow their order: both stay. */
static enum bs_err
check_same_servers(struct bs_store *st, int64_t id, const struct bs_profile_def *def, struct bs_diag *diag)
{
	char *names[BS_SERVERS_MAX] = { NULL };
	size_t count = 0;
	enum bs_err err = load_server_names(st, id, names, &count);
	bool same = err == BS_OK && count == def->server_count;

	for (size_t i = 0; i < count; i++) {
		same = same && strcmp(names[i], def->servers[i]) == 0;
		free(names[i]);
	}
	if (err == BS_OK && !same)
		err = bs_diag_set(diag, BS_EREFUSED, 0,
			"profile %s has other servers, or another order of them, which its devices rely on; name the "
			"same "
			"ones, or add a profile of another name",
			def->profile.name);
	return err;
}

static enum bs_err
check_not_retried(struct bs_store *st, int64_t id, const struct bs_profile_def *def, struct bs_diag *diag)
{
	char other[BS_NAME_MAX + 1] = "";
	enum bs_err err = BS_OK;

	if (def->profile.on_existing == BS_EXISTING_MERGE)
		err = first_user(st, Q_PROFILE_RETRIED, id, other, sizeof(other));
	if (err == BS_OK && other[0] != '\0')
		err = bs_diag_set(diag, BS_EREFUSED, 0,
			"profile %s is what profile %s is retried as, which must not merge; leave --on-existing merge "
			"out",
			def->profile.name, other);
	return err;
}

static enum bs_err
clear(struct bs_store *st, enum bs_store_stmt which, int64_t id)
{
	struct bs_query q = bs_store_query(st, which);

	bs_query_put_int(&q, id);
	return bs_query_run(&q);
}

static enum bs_err
update_profile(struct bs_store *st, int64_t id, const struct bs_profile_def *def, struct bs_diag *diag)
{
	struct bs_query q = bs_store_query(st, Q_UPDATE_PROFILE);
	struct profile_texts texts;
	enum bs_err err;

	put_profile(&q, def, &texts);
	bs_query_put_int(&q, id);
	err = insert(st, &q, "profile", def->profile.name, diag);
	if (err == BS_OK)
		err = clear(st, Q_CLEAR_ACLS, id);
	if (err == BS_OK)
		err = clear(st, Q_CLEAR_WRITES, id);
	return err == BS_OK ? insert_profile_parts(st, id, def, diag) : err;
}

enum bs_err
bs_store_replace_profile(struct bs_store *st, const struct bs_profile_def *def, struct bs_diag *diag)
{
	int64_t id;
	enum bs_err err = id_of_name(st, Q_PROFILE_ID, def->profile.name, &id);

	if (err == BS_ENOTFOUND)
		return bs_diag_set(diag, err, 0, "there is no profile %s", def->profile.name);
	if (err == BS_OK)
		err = check_same_servers(st, id, def, diag);
	if (err == BS_OK)
		err = check_not_retried(st, id, def, diag);
	if (err == BS_OK)
		err = bs_store_nest(st);
	if (err != BS_OK)
		return diag->text[0] != '\0' ? err : bs_store_fail(st, err, def->profile.name, diag);
	return bs_store_unnest(st, update_profile(st, id, def, diag));
}

static enum bs_err
tell_profile(struct bs_store *st, const struct bs_query *q, bs_profile_fn *fn, void *arg)
{
	struct bs_profile_def def = { 0 };
	char *names[BS_SERVERS_MAX] = { NULL };
	struct bs_acl *acls = NULL;
	struct bs_setting *writes = NULL;
	size_t len;
	const uint8_t *anchor = bs_query_blob(q, 0, &len);
	enum bs_err err;

	def.has_anchor = anchor != NULL && len == sizeof(def.anchor_sha256);
	if (def.has_anchor)
		memcpy(def.anchor_sha256, anchor, len);
	def.device_count = bs_query_int(q, 1);
	bs_read_profile(q, 2, &def.profile);
	err = load_server_names(st, def.profile.id, names, &def.server_count);
	if (err == BS_OK)
		err = bs_load_acls(st, def.profile.id, &acls, &def.acl_count);
	if (err == BS_OK)
		err = bs_load_writes(st, def.profile.id, &writes, &def.write_count);
	if (err == BS_OK) {
		def.servers = (const char *const *)names;
		def.acls = acls;
		def.writes = writes;
		fn(arg, &def);
	}
	for (size_t i = 0; i < def.server_count; i++)
		free(names[i]);
	free(acls);
	bs_free_settings(writes, def.write_count);
	return err;
}

enum bs_err
bs_store_each_profile(struct bs_store *st, const char *name, bs_profile_fn *fn, void *arg)
{
	struct bs_query q = bs_store_query(st, Q_EACH_PROFILE);
	size_t count = 0;
	enum bs_err err;

	bs_query_put_text(&q, name);
	while ((err = bs_query_step(&q)) == BS_OK) {
		err = tell_profile(st, &q, fn, arg);
		if (err != BS_OK)
			break;
		count++;
	}
	bs_query_end(&q);
	return err == BS_ENOTFOUND && (name == NULL || count > 0) ? BS_OK : err;
}

enum bs_err
bs_store_remove_profile(struct bs_store *st, const char *name, struct bs_diag *diag)
{
	static const struct removal profile = { "profile", "device", Q_PROFILE_ID, Q_PROFILE_USER, Q_REMOVE_PROFILE };
	char other[BS_NAME_MAX + 1] = "";
	int64_t id;
	enum bs_err err = id_of_name(st, Q_PROFILE_ID, name, &id);

	if (err == BS_OK)
		err = first_user(st, Q_PROFILE_RETRIED, id, other, sizeof(other));
	if (err == BS_OK && other[0] != '\0')
		return bs_diag_set(diag, BS_EREFUSED, 0,
			"profile %s is what profile %s is retried as; remove %s first, and add it again without "
			"--retry-as "
			"where it is needed",
			name, other, other);
	return remove_named(st, &profile, name, diag);
}
