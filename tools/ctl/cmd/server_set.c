/* SPDX-License-Identifier: Apache-2.0 */
/* server set: change what is named of a server account, also under the devices that have it, and print what changes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/base/terminal.h"
#include "server/base/text.h"
#include "tools/ctl/cmd/server_draft.h"

enum { O_UNSET = BS_SERVER_OPTIONS, O_DRY_RUN };

static const struct bs_ctl_option options[] = {
	BS_SERVER_ROWS,
	[O_UNSET] = { "unset", "OPTION|OBJ/RES", "take it away: sms-number, lifetime, binding, 0/11; may be repeated" },
	[O_DRY_RUN] = { "dry-run", NULL, "print what would change, store nothing" },
	{ 0 },
};

/* As it is, with strings of its own. */
struct stored {
	char *name, *uri, *sms_number;
	struct bs_server_draft *d;
	bool out_of_memory;
};

static void
take_stored(void *arg, const struct bs_server_def *def)
{
	struct stored *s = arg;
	struct bs_server_draft *d = s->d;
	bool good;

	s->name = strdup(def->name);
	s->uri = strdup(def->uri);
	s->sms_number = def->sms_number != NULL && def->sms_number[0] != '\0' ? strdup(def->sms_number) : NULL;
	d->def = *def;
	d->def.name = s->name;
	d->def.uri = s->uri;
	d->def.sms_number = s->sms_number;
	d->check.allow_nosec = true; /* said when it was added */
	d->check.kept = true;
	good = s->name != NULL && s->uri != NULL &&
	       (def->server_key_len == 0 || bs_blob_set(&d->key, def->server_key, def->server_key_len) == BS_OK);
	for (size_t i = 0; i < def->setting_count && good; i++)
		good = bs_settings_copy(&d->settings, &def->settings[i]);
	d->def.settings = d->settings.list;
	s->out_of_memory = !good;
}

static void
clear_stored(struct stored *s)
{
	if (s->d != NULL)
		bs_server_draft_clear(s->d);
	free(s->d);
	free(s->name);
	free(s->uri);
	free(s->sms_number);
}

/* ---- what is named ----------------------------------------------------------------------------------------------- */

static void
drop_resource(struct bs_settings *s, uint16_t oid, uint16_t rid)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->count; i++) {
		if (s->list[i].oid == oid && s->list[i].rid == rid)
			free(s->list[i].text);
		else
			s->list[kept++] = s->list[i];
	}
	s->count = kept;
}

static void
unset(struct bs_server_draft *d, const char *what, struct bs_report *r)
{
	unsigned oid, rid;
	char rest;

	what += strspn(what, "-");
	if (strcmp(what, "sms-number") == 0)
		d->def.sms_number = NULL;
	else if (strcmp(what, "lifetime") == 0)
		drop_resource(&d->settings, 1, 1);
	else if (strcmp(what, "binding") == 0)
		drop_resource(&d->settings, 1, 7);
	else if (sscanf(what, "%u/%u%c", &oid, &rid, &rest) == 2 && oid <= 1 && rid < 65535)
		drop_resource(&d->settings, (uint16_t)oid, (uint16_t)rid);
	else
		bs_report_error(r, "--unset", "sms-number, lifetime, binding, or a resource such as 0/11");
}

static void
refuse_fixed(const struct bs_ctl_args *args, struct bs_report *r)
{
	static const size_t fixed[] = { BS_SERVER_SSID, BS_SERVER_MODE, BS_SERVER_KIND };

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
		char field[16];

		snprintf(field, sizeof(field), "--%s", options[fixed[i]].name);
		if (bs_ctl_get(args, fixed[i]) != NULL)
			bs_report_error(r, field,
				"stays: devices have credentials of that mode and know the server by its number; add another "
				"server account");
	}
}

/* Before the store is opened, since a key lies in the operator's own file. */
static void
read_named(struct bs_server_draft *named, const struct bs_ctl_args *args, struct bs_report *r)
{
	refuse_fixed(args, r);
	named->def.mode = bs_ctl_get(args, BS_SERVER_SERVER_KEY) != NULL ? BS_MODE_RPK : BS_MODE_X509;
	for (size_t i = 0; i < args->given_count; i++)
		if (args->given[i].index < BS_SERVER_OPTIONS && r->errors == 0)
			bs_server_draft_read(named, &args->given[i], r);
}

static void
take_key(struct bs_server_draft *d, struct bs_server_draft *named, struct bs_report *r)
{
	if ((named->def.mode == BS_MODE_RPK) != (d->def.mode == BS_MODE_RPK))
		bs_report_error(r, named->def.mode == BS_MODE_RPK ? "--server-key" : "--server-cert",
			"does not belong to mode %s of this server account", bs_mode_name(d->def.mode));
	bs_blob_clear(&d->key);
	d->key = named->key;
	named->key = (struct bs_blob){ 0 };
	d->check.key = named->check.key;
	d->check.kept = false;
}

/* What is named takes the place of what was there; a resource with several instances is named as a whole. */
static void
apply(struct bs_server_draft *d, struct bs_server_draft *named, const struct bs_ctl_args *args, struct bs_report *r)
{
	for (size_t i = 0; i < args->given_count; i++)
		if (args->given[i].index == O_UNSET)
			unset(d, args->given[i].value, r);
	if (named->def.uri != NULL)
		d->def.uri = named->def.uri;
	if (named->def.sms_number != NULL)
		d->def.sms_number = named->def.sms_number;
	if (named->key.len > 0)
		take_key(d, named, r);
	for (size_t i = 0; i < named->settings.count; i++)
		drop_resource(&d->settings, named->settings.list[i].oid, named->settings.list[i].rid);
	for (size_t i = 0; i < named->settings.count && r->errors == 0; i++)
		if (!bs_settings_copy(&d->settings, &named->settings.list[i]))
			bs_report_error(r, "--set", "at most %d resources", BS_SETTINGS_MAX);
}

/* ---- what changes ------------------------------------------------------------------------------------------------ */

static size_t
print_change(const char *what, const char *was, const char *is)
{
	was = was != NULL ? was : "none";
	is = is != NULL ? is : "none";
	if (strcmp(was, is) == 0)
		return 0;
	bs_terminal_print(stdout, "%s %s -> %s", what, was, is);
	putchar('\n');
	return 1;
}

static const struct bs_setting *
find_same(const struct bs_settings *s, const struct bs_setting *like)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->list[i].oid == like->oid && s->list[i].rid == like->rid && s->list[i].riid == like->riid)
			return &s->list[i];
	return NULL;
}

static size_t
print_settings(const struct bs_settings *was, const struct bs_settings *is)
{
	size_t changes = 0;
	char name[32];

	for (size_t k = 0; k < 2; k++) {
		const struct bs_settings *from = k == 0 ? was : is;

		for (size_t i = 0; i < from->count; i++) {
			const struct bs_setting *one = &from->list[i];
			const struct bs_setting *before = find_same(was, one), *after = find_same(is, one);

			if (k == 1 && before != NULL)
				continue; /* printed with the first list */
			snprintf(name, sizeof(name), one->multiple ? "%u/%u/%u" : "%u/%u", one->oid, one->rid,
				one->riid);
			changes += print_change(
				name, before != NULL ? before->text : NULL, after != NULL ? after->text : NULL);
		}
	}
	return changes;
}

/* A key by its digest. */
static const char *
key_text(const struct bs_blob *key, char out[65])
{
	uint8_t digest[32];

	if (key->len == 0 || bs_convert_sha256(key->data, key->len, digest) != BS_OK)
		return NULL;
	return bs_hex_encode(digest, sizeof(digest), out);
}

static size_t
print_changes(const struct bs_server_draft *was, const struct bs_server_draft *is)
{
	char before[65], after[65];
	size_t changes = print_change("uri", was->def.uri, is->def.uri);

	changes += print_change("sms-number", was->def.sms_number, is->def.sms_number);
	changes += print_change("server-key", key_text(&was->key, before), key_text(&is->key, after));
	return changes + print_settings(&was->settings, &is->settings);
}

static const char *
setting_text(const struct bs_settings *s, uint16_t rid)
{
	const struct bs_setting *one = bs_settings_find(s, 0, rid);

	return one != NULL ? one->text : "";
}

/* The store may hold a digest of the certificate alone, which tells nothing of it. */
static void
check_kept(const struct bs_server_draft *was, const struct bs_server_draft *is, struct bs_report *r)
{
	static const uint16_t about_certificates[] = { 13, 15 };

	for (size_t i = 0; i < 2 && is->check.kept; i++)
		if (strcmp(setting_text(&was->settings, about_certificates[i]),
			    setting_text(&is->settings, about_certificates[i])) != 0)
			bs_report_error(r, "--set",
				"0/%u says how the certificate is compared: give it again, --server-cert",
				about_certificates[i]);
}

/* ---- the command ------------------------------------------------------------------------------------------------- */

static int
store(struct bs_ctl *ctl, struct stored s[2], bool dry_run)
{
	struct bs_diag diag = { 0 };
	enum bs_err err = bs_store_replace_server(ctl->store, &s[1].d->def, &diag);

	if (err == BS_OK && print_changes(s[0].d, s[1].d) == 0)
		bs_ctl_say("server account %s is like that already", s[1].name);
	if (err == BS_OK && !dry_run)
		return bs_ctl_commit(ctl);
	bs_store_rollback(ctl->store);
	return err == BS_OK ? BS_EXIT_DONE : bs_ctl_fail(err, &diag);
}

static int
change(struct bs_ctl *ctl, struct stored s[2], struct bs_server_draft *named, const struct bs_ctl_args *args,
	struct bs_report *r)
{
	struct bs_diag diag = { 0 };
	enum bs_err err = bs_store_begin(ctl->store, &diag);

	for (size_t i = 0; i < 2 && err == BS_OK; i++)
		err = bs_store_each_server(ctl->store, args->words[0], take_stored, &s[i]);
	if (err == BS_OK && (s[0].out_of_memory || s[1].out_of_memory))
		err = BS_ENOMEM;
	if (err == BS_OK) {
		apply(s[1].d, named, args, r);
		check_kept(s[0].d, s[1].d, r);
	}
	if (err == BS_OK && r->errors == 0 && bs_server_draft_check(s[1].d, r))
		return store(ctl, s, bs_ctl_get(args, O_DRY_RUN) != NULL);
	bs_store_rollback(ctl->store);
	if (err == BS_ENOTFOUND)
		return bs_ctl_no_server(ctl, args->words[0]);
	return err == BS_OK ? BS_EXIT_FAILED : bs_ctl_fail(err, &diag);
}

static int
server_set(struct bs_ctl *ctl, const struct bs_ctl_args *args)
{
	struct stored s[2] = { { .d = calloc(1, sizeof(*s[0].d)) },
		{ .d = calloc(1, sizeof(*s[1].d)) } }; /* before, after */
	struct bs_server_draft *named = calloc(1, sizeof(*named));
	struct bs_report r;
	int status = BS_EXIT_DONE;

	bs_report_init(&r, stderr, NULL);
	if (s[0].d == NULL || s[1].d == NULL || named == NULL)
		status = bs_ctl_fail(BS_ENOMEM, NULL);
	else if (args->given_count == 0)
		status = bs_ctl_usage("name what to change: an option of server add, or --unset OPTION");
	else
		read_named(named, args, &r);
	if (status == BS_EXIT_DONE)
		status = r.errors > 0 ? BS_EXIT_FAILED : (int)bs_ctl_open(ctl);
	if (status == BS_EXIT_DONE)
		status = change(ctl, s, named, args, &r);
	bs_report_close(&r);
	for (size_t i = 0; i < 2; i++)
		clear_stored(&s[i]);
	if (named != NULL)
		bs_server_draft_clear(named);
	free(named);
	return status;
}

const struct bs_ctl_command bs_cmd_server_set = {
	.name = "server",
	.verb = "set",
	.synopsis = "NAME [OPTION].. [--unset OPTION]..",
	.summary = "change what is named of a server account, also under its devices, and print what changes",
	.min_words = 1,
	.max_words = 1,
	.options = options,
	.run = server_set,
};
