/* SPDX-License-Identifier: Apache-2.0 */
/* profile add, set, list, show, remove: its parts here, its options as server/model/profile.c has them */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/base/near.h"
#include "server/base/terminal.h"
#include "server/base/text.h"
#include "tools/ctl/catalog.h"
#include "tools/ctl/check.h"
#include "tools/ctl/cli.h"
#include "tools/ctl/setting.h"

enum { O_SERVER, O_ANCHOR, O_ACL, O_WRITE, O_PARTS, O_UNSET = O_PARTS, O_DRY_RUN };

#define SERVER "server", "NAME", "a server account; repeat in the order of writing"
#define ANCHOR "anchor", "FILE", "CA certificate under which devices are found by name, PEM or DER"
#define ACL "acl", "OID/IID:owner=SSID[,SSID=RIGHTS]..", "an explicit entry; may be repeated"
#define WRITE \
	"write", "/O/I/R[/RI]=[TYPE:]VALUE", \
		"an extra resource to write; may be repeated; time \"now\" is the run's; no TYPE: after model import"

static const struct bs_ctl_option add_options[] = {
	[O_SERVER] = { SERVER },
	[O_ANCHOR] = { ANCHOR },
	[O_ACL] = { ACL },
	[O_WRITE] = { WRITE },
	[O_PARTS] = { 0 },
};
static const struct bs_ctl_option set_options[] = {
	[O_SERVER] = { SERVER },
	[O_ANCHOR] = { ANCHOR },
	[O_ACL] = { ACL },
	[O_WRITE] = { WRITE },
	[O_UNSET] = { "unset", "OPTION", "give that option its default again, or none; may be repeated" },
	[O_DRY_RUN] = { "dry-run", NULL, "print what would change, and change nothing" },
	{ 0 },
};

/* ---- add --------------------------------------------------------------------------------------------------------- */

struct draft {
	struct bs_profile_def def;
	struct bs_profile_check check;
	const char *servers[BS_SERVERS_MAX + 1];
	const struct bs_server_def *defs[BS_SERVERS_MAX + 1];
	struct bs_acl acls[BS_ACLS_MAX];
	struct bs_settings writes;
	char names[BS_SERVERS_MAX][BS_NAME_MAX + 1]; /* of servers, where they come out of the store */
	size_t own_options; /* of the command; fields stand behind them */
	bool incomplete; /* without memory for what the store has */
};

/* NULL: it is one of the command's own. */
static const struct bs_field *
field_of(const struct draft *d, const struct bs_ctl_given *g)
{
	return g->index >= d->own_options ? &bs_profile_fields[g->index - d->own_options] : NULL;
}

static void
read_anchor(struct draft *d, const char *file, struct bs_report *r)
{
	struct bs_blob certificate = { 0 };
	struct bs_key_info info = { 0 };
	struct bs_diag diag = { 0 };
	enum bs_err err = bs_convert_certificate_file(file, &certificate, &info, &diag);

	if (err == BS_OK)
		err = bs_convert_anchor_sha256(&certificate, d->def.anchor_sha256);
	if (err != BS_OK)
		bs_report_error(r, "--anchor", "%s", diag.text[0] != '\0' ? diag.text : bs_strerror(err));
	else if (!info.ca)
		bs_report_error(r, "--anchor",
			"%s is no CA certificate; give the CA that issued the devices' certificates", file);
	else if (info.expired)
		bs_report_warn(r, "--anchor", "%s is not valid today", file);
	d->def.has_anchor = err == BS_OK;
	bs_blob_clear(&certificate);
}

static void
read_field(struct draft *d, const struct bs_field *f, const char *text, struct bs_report *r)
{
	struct bs_diag diag = { 0 };
	char name[40];

	snprintf(name, sizeof(name), "--%s", f->name);
	if (bs_field_read(f, &d->def.profile, text, &diag) != BS_OK)
		bs_report_error(r, name, "%s", diag.text);
	if (strcmp(f->name, "access-control") == 0)
		d->check.access_control_given = true;
}

static void
read_option(struct draft *d, const struct bs_ctl_given *g, struct bs_report *r)
{
	if (field_of(d, g) != NULL) {
		read_field(d, field_of(d, g), g->value, r);
		return;
	}
	switch (g->index) {
	case O_ANCHOR:
		read_anchor(d, g->value, r);
		break;
	case O_SERVER:
		if (d->def.server_count <= BS_SERVERS_MAX)
			d->servers[d->def.server_count++] = g->value;
		break;
	case O_ACL:
		if (d->def.acl_count == BS_ACLS_MAX)
			bs_report_error(r, "--acl", "at most %d entries", BS_ACLS_MAX);
		else
			bs_acl_read(r, g->value, &d->acls[d->def.acl_count++]);
		break;
	case O_WRITE:
		bs_settings_check_write(r, g->value); /* read when the models are at hand */
		break;
	}
}

/* The accounts that were named; false when one is unknown. */
static bool
find_servers(struct draft *d, const struct bs_catalog *catalog, struct bs_report *r)
{
	struct bs_cat_server *s, *next;

	for (size_t i = 0; i < d->def.server_count; i++) {
		const struct bs_cat_server *found = bs_catalog_server(catalog, d->servers[i]);
		struct bs_near near;
		char hint[340];

		if (found != NULL) {
			d->defs[i] = &found->def;
			continue;
		}
		bs_near_init(&near, d->servers[i]);
		HASH_ITER (hh, catalog->servers, s, next) {
			bs_near_offer(&near, s->name);
		}
		bs_report_error(r, "--server", "there is no server account %s%s", d->servers[i],
			bs_near_text(&near, hint, sizeof(hint)));
	}
	return r->errors == 0;
}

/* The profile that was named, if any; false when there is none of that name. */
static bool
find_retry(struct draft *d, const struct bs_catalog *catalog, struct bs_report *r)
{
	const char *name = d->def.profile.retry_as;
	struct bs_cat_profile *p, *next;
	struct bs_near near;
	char hint[340];

	if (name[0] == '\0')
		return true;
	d->check.retry = bs_catalog_profile(catalog, name);
	if (d->check.retry != NULL)
		return true;
	bs_near_init(&near, name);
	HASH_ITER (hh, catalog->profiles, p, next) {
		bs_near_offer(&near, p->name);
	}
	bs_report_error(r, "--retry-as", "there is no profile %s%s; add that one first", name,
		bs_near_text(&near, hint, sizeof(hint)));
	return false;
}

static enum bs_err
find_resource(void *arg, uint16_t oid, uint16_t rid, struct bs_model *object, struct bs_model_resource *out)
{
	return bs_store_find_resource(arg, oid, rid, object, out);
}

static void
read_writes(struct bs_ctl *ctl, struct draft *d, const struct bs_ctl_args *args, struct bs_report *r)
{
	const struct bs_models models = { .find = find_resource, .arg = ctl->store };

	for (size_t i = 0; i < args->given_count; i++)
		if (args->given[i].index == O_WRITE)
			bs_settings_add_write(&d->writes, r, args->given[i].value, &models);
	d->def.writes = d->writes.list;
	d->def.write_count = d->writes.count;
}

/* Is the draft good as a whole? */
static bool
check_draft(struct draft *d, const struct bs_catalog *catalog, struct bs_report *r)
{
	if (r->errors > 0 || !find_servers(d, catalog, r) || !find_retry(d, catalog, r))
		return false;
	d->check.servers = d->defs;
	d->check.count = d->def.server_count;
	bs_check_profile(r, &d->def, &d->check);
	return r->errors == 0;
}

/* The end of a command: commit what is good, or say what is wrong. */
static int
finish(struct bs_ctl *ctl, enum bs_err err, bool good, struct bs_diag *diag)
{
	if (err == BS_OK && good)
		return bs_ctl_commit(ctl);
	bs_store_rollback(ctl->store);
	return err != BS_OK ? bs_ctl_fail(err, diag) : BS_EXIT_FAILED;
}

static int
store_profile(struct bs_ctl *ctl, struct draft *d, const struct bs_ctl_args *args, struct bs_report *r)
{
	struct bs_catalog catalog = { 0 };
	struct bs_diag diag = { 0 };
	enum bs_err err = bs_store_begin(ctl->store, &diag);
	bool good = false;

	if (err == BS_OK)
		err = bs_catalog_load(ctl->store, &catalog);
	if (err == BS_OK) {
		read_writes(ctl, d, args, r);
		good = check_draft(d, &catalog, r);
	}
	if (good)
		err = bs_store_add_profile(ctl->store, &d->def, &diag);
	bs_catalog_clear(&catalog);
	return finish(ctl, err, good, &diag);
}

static int
profile_add(struct bs_ctl *ctl, const struct bs_ctl_args *args)
{
	struct draft *d = calloc(1, sizeof(*d));
	struct bs_report r;
	int status = BS_EXIT_FAILED;

	bs_report_init(&r, stderr, NULL);
	if (d == NULL)
		return bs_ctl_fail(BS_ENOMEM, NULL);
	d->own_options = O_PARTS;
	bs_profile_init(&d->def.profile);
	snprintf(d->def.profile.name, sizeof(d->def.profile.name), "%s", args->words[0]);
	if (strlen(args->words[0]) > BS_NAME_MAX)
		bs_check_name(&r, "NAME", args->words[0]);
	for (size_t i = 0; i < args->given_count; i++)
		read_option(d, &args->given[i], &r);
	d->def.servers = d->servers;
	d->def.acls = d->acls;
	if (r.errors == 0)
		status = (int)bs_ctl_open(ctl);
	if (r.errors == 0 && status == BS_EXIT_DONE)
		status = store_profile(ctl, d, args, &r);
	bs_report_close(&r);
	bs_settings_clear(&d->writes);
	free(d);
	return status;
}

/* ---- list, show -------------------------------------------------------------------------------------------------- */

static void
acl_text(const struct bs_acl *acl, char *out, size_t max)
{
	struct bs_tw w = bs_tw_init(out, max);

	bs_tw_printf(&w, "%u/%u:owner=%u", acl->oid, acl->iid, acl->owner);
	for (size_t i = 0; i < acl->count; i++)
		bs_tw_printf(&w, ",%u=%u", acl->entries[i].ssid, acl->entries[i].rights);
}

static void
write_text(const struct bs_setting *w, char *out, size_t max)
{
	char riid[8] = "";

	if (w->multiple)
		snprintf(riid, sizeof(riid), "/%u", w->riid);
	snprintf(out, max, "/%u/%u/%u%s=%s:%s", w->oid, w->iid, w->rid, riid, bs_type_name(w->type), w->text);
}

static void
lists_json(const struct bs_profile_def *def, json_t *o)
{
	json_t *servers = json_array(), *acls = json_array(), *writes = json_array();
	char text[600];

	for (size_t i = 0; i < def->server_count; i++)
		json_array_append_new(servers, json_string(def->servers[i]));
	for (size_t i = 0; i < def->acl_count; i++) {
		acl_text(&def->acls[i], text, sizeof(text));
		json_array_append_new(acls, json_string(text));
	}
	for (size_t i = 0; i < def->write_count; i++) {
		write_text(&def->writes[i], text, sizeof(text));
		json_array_append_new(writes, json_string(text));
	}
	json_object_set_new(o, "servers", servers);
	json_object_set_new(o, "acl", acls);
	json_object_set_new(o, "writes", writes);
}

static json_t *
field_json(const struct bs_field *f, const struct bs_profile *p)
{
	char text[BS_FIELD_TEXT];
	json_t *list;

	if (f->type == BS_FIELD_YES || f->type == BS_FIELD_FLAG)
		return json_boolean(bs_field_get(f, p));
	if (f->type == BS_FIELD_NUMBER)
		return json_integer(bs_field_get(f, p));
	if (!bs_field_is_list(f))
		return bs_field_text(f, p, 0, text) || f->type != BS_FIELD_PROFILE ? json_string(text) : json_null();
	list = json_array();
	for (size_t i = 0; bs_field_text(f, p, i, text); i++)
		json_array_append_new(list, json_string(text));
	return list;
}

static json_t *
profile_json(const struct bs_profile_def *def)
{
	json_t *o = json_object();
	char digest[65], key[40];

	json_object_set_new(o, "name", json_string(def->profile.name));
	lists_json(def, o);
	json_object_set_new(o, "anchor_sha256",
		def->has_anchor ? json_string(bs_hex_encode(def->anchor_sha256, 32, digest)) : json_null());
	for (size_t i = 0; i < bs_profile_field_count; i++) {
		const struct bs_field *f = &bs_profile_fields[i];

		snprintf(key, sizeof(key), "%s", f->json != NULL ? f->json : f->name);
		for (char *c = strchr(key, '-'); c != NULL; c = strchr(c, '-'))
			*c = '_';
		json_object_set_new(o, key, field_json(f, &def->profile));
	}
	json_object_set_new(o, "devices", json_integer(def->device_count));
	return o;
}

static void
print_row(void *arg, const struct bs_profile_def *def)
{
	struct bs_ctl *ctl = arg;

	if (ctl->json) {
		bs_ctl_list_item(ctl, profile_json(def));
		return;
	}
	printf("%s\t%" PRId64 " devices\t", def->profile.name, def->device_count);
	for (size_t i = 0; i < def->server_count; i++)
		printf("%s%s", i > 0 ? "," : "", def->servers[i]);
	putchar('\n');
}

static enum bs_err
print_all(struct bs_ctl *ctl)
{
	return bs_store_each_profile(ctl->store, NULL, print_row, ctl);
}

static int
profile_list(struct bs_ctl *ctl, const struct bs_ctl_args *args)
{
	(void)args;
	return bs_ctl_list(ctl, print_all);
}

static void
print_lists(const struct bs_profile_def *def)
{
	char text[600];

	for (size_t i = 0; i < def->server_count; i++)
		bs_ctl_line("server", "%s", def->servers[i]);
	if (def->has_anchor)
		bs_ctl_line("anchor", "SHA-256 of its key %s", bs_hex_encode(def->anchor_sha256, 32, text));
	for (size_t i = 0; i < def->acl_count; i++) {
		acl_text(&def->acls[i], text, sizeof(text));
		bs_ctl_line("acl", "%s", text);
	}
	for (size_t i = 0; i < def->write_count; i++) {
		write_text(&def->writes[i], text, sizeof(text));
		bs_ctl_line("write", "%s", text);
	}
}

static void
print_profile(void *arg, const struct bs_profile_def *def)
{
	struct bs_ctl *ctl = arg;
	const struct bs_profile *p = &def->profile;
	char text[BS_FIELD_TEXT];

	bs_ctl_say_tampered(ctl, "profile", p->id, p->name);
	if (ctl->json) {
		bs_ctl_print_json(profile_json(def));
		return;
	}
	bs_ctl_line("name", "%s", p->name);
	print_lists(def);
	for (size_t i = 0; i < bs_profile_field_count; i++) {
		const struct bs_field *f = &bs_profile_fields[i];

		for (size_t k = 0; bs_field_text(f, p, k, text); k++)
			bs_ctl_line(f->name, f->unit != NULL ? "%s %s" : "%s", text, f->unit);
	}
	bs_ctl_line("a step", "lasts up to %" PRIu64 " s", bs_profile_step_ms(p) / 1000);
}

static int
profile_show(struct bs_ctl *ctl, const struct bs_ctl_args *args)
{
	int status = (int)bs_ctl_open(ctl);
	enum bs_err err;

	if (status != BS_EXIT_DONE)
		return status;
	err = bs_store_each_profile(ctl->store, args->words[0], print_profile, ctl);
	if (err == BS_ENOTFOUND)
		return bs_ctl_no_profile(ctl, args->words[0]);
	return err == BS_OK ? BS_EXIT_DONE : bs_ctl_fail_at(args->words[0], err);
}

static int
profile_remove(struct bs_ctl *ctl, const struct bs_ctl_args *args)
{
	return bs_ctl_remove(ctl, args->words[0], bs_store_remove_profile);
}

/* ---- set --------------------------------------------------------------------------------------------------------- */

/* What the store has, as a draft of its own. */
static void
take_stored(void *arg, const struct bs_profile_def *def)
{
	struct draft *d = arg;

	d->def = *def;
	for (size_t i = 0; i < def->server_count && i < BS_SERVERS_MAX; i++) {
		snprintf(d->names[i], sizeof(d->names[i]), "%s", def->servers[i]);
		d->servers[i] = d->names[i];
	}
	if (def->acl_count <= BS_ACLS_MAX && def->acl_count > 0)
		memcpy(d->acls, def->acls, def->acl_count * sizeof(*def->acls));
	for (size_t i = 0; i < def->write_count; i++)
		d->incomplete |= !bs_settings_copy(&d->writes, &def->writes[i]);
	d->def.servers = d->servers;
	d->def.acls = d->acls;
	d->def.writes = d->writes.list;
	d->def.write_count = d->writes.count;
}

static void
empty_part(struct draft *d, size_t part)
{
	if (part == O_SERVER)
		d->def.server_count = 0;
	else if (part == O_ANCHOR)
		d->def.has_anchor = false;
	else if (part == O_ACL)
		d->def.acl_count = 0;
	else
		bs_settings_clear(&d->writes);
	d->def.write_count = d->writes.count;
}

/* An option that was named for the first time: a list is said anew, not added to. */
static void
empty_named(struct draft *d, const struct bs_ctl_args *args)
{
	for (size_t i = 0; i < args->given_count; i++) {
		const struct bs_ctl_given *g = &args->given[i];

		if (field_of(d, g) != NULL)
			bs_field_reset(field_of(d, g), &d->def.profile);
		else if (g->index < O_PARTS)
			empty_part(d, g->index);
	}
}

static void
unset(struct draft *d, const char *name, struct bs_report *r)
{
	const struct bs_field *f = bs_field_find(name + strspn(name, "-"));
	size_t part = 0;
	struct bs_near near;
	char hint[340];

	name += strspn(name, "-");
	while (part < O_PARTS && strcmp(set_options[part].name, name) != 0)
		part++;
	if (f != NULL)
		bs_field_reset(f, &d->def.profile);
	else if (part == O_SERVER)
		bs_report_error(r, "--unset", "a profile keeps its servers, as its devices have credentials for them");
	else if (part < O_PARTS)
		empty_part(d, part);
	if (f != NULL || part < O_PARTS)
		return;
	bs_near_init(&near, name);
	for (size_t i = 0; i < O_PARTS; i++)
		bs_near_offer(&near, set_options[i].name);
	for (size_t i = 0; i < bs_profile_field_count; i++)
		bs_near_offer(&near, bs_profile_fields[i].name);
	bs_report_error(r, "--unset", "there is no option %s%s", name, bs_near_text(&near, hint, sizeof(hint)));
}

/* The option at index as the command line has it, one value behind the other; the caller's to free. */
static char *
option_text(const struct draft *d, size_t index)
{
	char *all = NULL, one[BS_FIELD_TEXT] = "";
	size_t size = 0, count = 1;
	FILE *to = open_memstream(&all, &size);

	if (to == NULL)
		return NULL;
	if (index < O_PARTS)
		count = index == O_SERVER   ? d->def.server_count
			: index == O_ANCHOR ? d->def.has_anchor
			: index == O_ACL    ? d->def.acl_count
					    : d->def.write_count;
	for (size_t i = 0; index < O_PARTS && i < count; i++) {
		if (index == O_SERVER)
			snprintf(one, sizeof(one), "%s", d->servers[i]);
		else if (index == O_ANCHOR)
			bs_hex_encode(d->def.anchor_sha256, 32, one);
		else if (index == O_ACL)
			acl_text(&d->acls[i], one, sizeof(one));
		else
			write_text(&d->writes.list[i], one, sizeof(one));
		fprintf(to, "%s%s", i > 0 ? " " : "", one);
	}
	for (size_t i = 0;
		index >= O_PARTS && bs_field_text(&bs_profile_fields[index - O_PARTS], &d->def.profile, i, one); i++)
		fprintf(to, "%s%s", i > 0 ? " " : "", one);
	if (fclose(to) != 0) {
		free(all);
		all = NULL;
	}
	return all;
}

/* Print each option that is not as before; how many there are. */
static size_t
print_changes(const struct draft *before, const struct draft *after)
{
	size_t changes = 0;

	for (size_t i = 0; i < O_PARTS + bs_profile_field_count; i++) {
		const char *name = i < O_PARTS ? set_options[i].name : bs_profile_fields[i - O_PARTS].name;
		char *was = option_text(before, i), *is = option_text(after, i);

		if (was != NULL && is != NULL && strcmp(was, is) != 0) {
			bs_terminal_print(stdout, "%s %s -> %s", name, was[0] != '\0' ? was : "none",
				is[0] != '\0' ? is : "none");
			putchar('\n');
			changes++;
		}
		free(was);
		free(is);
	}
	return changes;
}

static void
apply(struct bs_ctl *ctl, struct draft *d, const struct bs_ctl_args *args, struct bs_report *r)
{
	bool writes = false;

	d->check.access_control_given = true; /* when it was added */
	empty_named(d, args);
	for (size_t i = 0; i < args->given_count; i++) {
		const struct bs_ctl_given *g = &args->given[i];

		if (g->index == O_UNSET)
			unset(d, g->value, r);
		else if (g->index != O_DRY_RUN)
			read_option(d, g, r);
		writes |= g->index == O_WRITE;
	}
	if (writes && r->errors == 0)
		read_writes(ctl, d, args, r);
}

static int
change_profile(struct bs_ctl *ctl, struct draft *d[2], const struct bs_ctl_args *args, struct bs_report *r)
{
	struct bs_catalog catalog = { 0 };
	struct bs_diag diag = { 0 };
	const char *name = args->words[0];
	enum bs_err err = bs_store_begin(ctl->store, &diag);
	bool good = false;

	for (size_t i = 0; i < 2 && err == BS_OK; i++)
		err = bs_store_each_profile(ctl->store, name, take_stored, d[i]);
	if (err == BS_ENOTFOUND) {
		bs_store_rollback(ctl->store);
		return bs_ctl_no_profile(ctl, name);
	}
	if (err == BS_OK && (d[0]->incomplete || d[1]->incomplete))
		err = BS_ENOMEM;
	if (err == BS_OK)
		err = bs_catalog_load(ctl->store, &catalog);
	if (err == BS_OK) {
		apply(ctl, d[1], args, r);
		good = check_draft(d[1], &catalog, r);
	}
	if (good)
		err = bs_store_replace_profile(ctl->store, &d[1]->def, &diag);
	if (err == BS_OK && good && print_changes(d[0], d[1]) == 0)
		bs_ctl_say("profile %s is like that already", name);
	bs_catalog_clear(&catalog);
	if (err == BS_OK && good && bs_ctl_get(args, O_DRY_RUN) != NULL) {
		bs_store_rollback(ctl->store);
		return BS_EXIT_DONE;
	}
	return finish(ctl, err, good, &diag);
}

static int
profile_set(struct bs_ctl *ctl, const struct bs_ctl_args *args)
{
	struct draft *d[2] = { calloc(1, sizeof(*d[0])), calloc(1, sizeof(*d[0])) }; /* before, after */
	struct bs_report r;
	int status = BS_EXIT_FAILED;

	bs_report_init(&r, stderr, NULL);
	if (d[0] == NULL || d[1] == NULL)
		status = bs_ctl_fail(BS_ENOMEM, NULL);
	else if (args->given_count == 0)
		status = bs_ctl_usage("name what to change: an option of profile add, or --unset OPTION");
	else
		status = (int)bs_ctl_open(ctl);
	if (status == BS_EXIT_DONE) {
		d[0]->own_options = d[1]->own_options = O_DRY_RUN + 1;
		status = change_profile(ctl, d, args, &r);
	}
	bs_report_close(&r);
	for (size_t i = 0; i < 2; i++) {
		if (d[i] != NULL)
			bs_settings_clear(&d[i]->writes);
		free(d[i]);
	}
	return status;
}

const struct bs_ctl_command bs_cmd_profile_add = {
	.name = "profile",
	.verb = "add",
	.synopsis = "NAME --server NAME.. [OPTION]..",
	.summary = "add a profile: which servers devices get, and how a bootstrap runs",
	.min_words = 1,
	.max_words = 1,
	.options = add_options,
	.has_fields = true,
	.run = profile_add,
};
const struct bs_ctl_command bs_cmd_profile_set = {
	.name = "profile",
	.verb = "set",
	.synopsis = "NAME [OPTION].. [--unset OPTION]..",
	.summary = "change what is named of a profile, also under its devices, and print what changes",
	.min_words = 1,
	.max_words = 1,
	.options = set_options,
	.has_fields = true,
	.run = profile_set,
};
const struct bs_ctl_command bs_cmd_profile_list = {
	.name = "profile",
	.verb = "list",
	.synopsis = "",
	.summary = "list profiles: name, devices, servers",
	.run = profile_list,
};
const struct bs_ctl_command bs_cmd_profile_show = {
	.name = "profile",
	.verb = "show",
	.synopsis = "NAME",
	.summary = "show a profile",
	.min_words = 1,
	.max_words = 1,
	.run = profile_show,
};
const struct bs_ctl_command bs_cmd_profile_remove = {
	.name = "profile",
	.verb = "remove",
	.synopsis = "NAME",
	.summary = "remove a profile that no device uses",
	.min_words = 1,
	.max_words = 1,
	.run = profile_remove,
};
