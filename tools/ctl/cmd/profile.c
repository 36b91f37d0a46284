/* SPDX-License-Identifier: Apache-2.0 */
/* profile add, list, show, remove */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/base/near.h"
#include "server/base/text.h"
#include "server/content/format.h"
#include "tools/ctl/catalog.h"
#include "tools/ctl/check.h"
#include "tools/ctl/cli.h"
#include "tools/ctl/number.h"
#include "tools/ctl/setting.h"

enum {
	O_SERVER,
	O_ANCHOR,
	O_ON_CHANGE,
	O_ACCESS_CONTROL,
	O_ACL,
	O_WRITE,
	O_DISCOVER,
	O_PACK,
	O_DELETE,
	O_WRITE_LEVEL,
	O_FORMAT,
	O_OMIT_UNUSED_KEYS,
	O_SMS_PARAMETERS,
	O_UNKNOWN_VERSION,
	O_ACK_TIMEOUT,
	O_MAX_RETRANSMIT,
	O_FIRST_DELAY,
	O_SECURITY_IID,
	O_BLOCK_SIZE,
	O_MAX_VERSION,
	O_RETRY_AS,
	O_ON_EXISTING,
	O_ORDER,
	O_REPLACE,
	O_TOLERATE,
	O_OPTIONAL_WRITE,
};

static const struct bs_ctl_option add_options[] = {
	[O_SERVER] = { "server", "NAME", "a server account; repeat in the order of writing (required)" },
	[O_ANCHOR] = { "anchor", "FILE", "CA certificate under which devices are found by name, PEM or DER" },
	[O_ON_CHANGE] = { "on-change", "keep|close|close-after-run",
		"live sessions when credentials or the profile change (close-after-run)" },
	[O_ACCESS_CONTROL] = { "access-control", "derived|none|explicit",
		"Object 2; must be said with two servers or more" },
	[O_ACL] = { "acl", "OID/IID:owner=SSID[,SSID=RIGHTS]..", "an explicit entry; may be repeated" },
	[O_WRITE] = { "write", "/O/I/R[/RI]=[TYPE:]VALUE",
		"an extra resource to write; may be repeated; time \"now\" is the run's; no TYPE: after model import" },
	[O_DISCOVER] = { "discover", "yes|no", "send Bootstrap-Discover first (yes)" },
	[O_PACK] = { "pack", "yes|no", "give a Bootstrap-Pack to devices of LwM2M 1.2 that ask for one (yes)" },
	[O_DELETE] = { "delete", "objects|instances|root|none",
		"what to delete first: /0 and /1 (and /2, /21), each of their instances, /, nothing (objects)" },
	[O_WRITE_LEVEL] = { "write-level", "object|instance|resource",
		"one Write an object, an instance or a resource (instance)" },
	[O_FORMAT] = { "format", "NAME|auto",
		"whatever the client prefers: tlv, senml-json, senml-cbor, lwm2m-cbor (auto)" },
	[O_OMIT_UNUSED_KEYS] = { "omit-unused-keys", NULL,
		"leave resources 3, 4, 5 of /0 out where the mode does not use them" },
	[O_SMS_PARAMETERS] = { "sms-parameters", "6|7", "octets of /0/x/7 (6)" },
	[O_UNKNOWN_VERSION] = { "unknown-version", "1.0|1.1|1.2", "what a client of unknown version gets (1.0)" },
	[O_ACK_TIMEOUT] = { "ack-timeout", "S", "ACK_TIMEOUT in seconds, RFC 7252, 4.8 (2)" },
	[O_MAX_RETRANSMIT] = { "max-retransmit", "N", "MAX_RETRANSMIT, RFC 7252, 4.8 (4)" },
	[O_FIRST_DELAY] = { "first-delay", "MS", "pause between 2.04 and the first command (50)" },
	[O_SECURITY_IID] = { "security-iid", "N",
		"first /0 instance where nothing shows the device's bootstrap account (10)" },
	[O_BLOCK_SIZE] = { "block-size", "N", "Block1 size, 16 to 1024 (512)" },
	[O_MAX_VERSION] = { "max-version", "1.0|1.1|1.2",
		"send no resources newer than that (the client's own version)" },
	[O_RETRY_AS] = { "retry-as", "NAME",
		"the profile to repeat the run with, once, when the device answers 4.06 to Finish" },
	[O_ON_EXISTING] = { "on-existing", "overwrite|merge",
		"delete what the device holds, or read its /1 and /2 and go on with that (overwrite)" },
	[O_REPLACE] = { "replace", NULL,
		"change the profile NAME, also under its devices; what is not said is as by default" },
	[O_ORDER] = { "write-order", "O,O..", "objects to write first, such as 1,0 (21, 0, 1, 2, others)" },
	[O_TOLERATE] = { "tolerate", "STEP[/O[/I[/R]]]=CODE",
		"an answer taken as success: discover, delete, write or finish; may be repeated" },
	[O_OPTIONAL_WRITE] = { "optional-write", "/O[/I]",
		"a Write that the device may refuse: it is noted, the run goes on; may be repeated" },
	{ 0 },
};

/* ---- words of the enumerations: read, list and show use the same rows -------------------------------------------- */

struct word {
	const char *word;
	int value;
};
static const struct word on_change_words[] = { { "keep", BS_CHANGE_KEEP }, { "close", BS_CHANGE_CLOSE },
	{ "close-after-run", BS_CHANGE_CLOSE_AFTER_RUN }, { 0 } };
static const struct word access_words[] = { { "none", BS_AC_NONE }, { "derived", BS_AC_DERIVED },
	{ "explicit", BS_AC_EXPLICIT }, { 0 } };
static const struct word delete_words[] = { { "objects", BS_DELETE_OBJECTS }, { "root", BS_DELETE_ROOT },
	{ "instances", BS_DELETE_INSTANCES }, { "none", BS_DELETE_NONE }, { 0 } };
static const struct word level_words[] = { { "object", BS_LEVEL_OBJECT }, { "instance", BS_LEVEL_INSTANCE },
	{ "resource", BS_LEVEL_RESOURCE }, { 0 } };
static const struct word version_words[] = { { "1.0", BS_LWM2M_1_0 }, { "1.1", BS_LWM2M_1_1 }, { "1.2", BS_LWM2M_1_2 },
	{ 0 } };
static const struct word max_version_words[] = { { "none", BS_LWM2M_UNKNOWN }, { "1.0", BS_LWM2M_1_0 },
	{ "1.1", BS_LWM2M_1_1 }, { "1.2", BS_LWM2M_1_2 }, { 0 } };
static const struct word on_existing_words[] = { { "overwrite", BS_EXISTING_OVERWRITE }, { "merge", BS_EXISTING_MERGE },
	{ 0 } };
static const struct word yes_words[] = { { "yes", true }, { "no", false }, { 0 } };

static const char *
word_of(const struct word *words, int value)
{
	while (words->word != NULL && words->value != value)
		words++;
	return words->word != NULL ? words->word : "?";
}

static int
value_of(const struct word *words, const struct bs_ctl_given *g, struct bs_report *r)
{
	char field[40];

	for (; words->word != NULL; words++)
		if (strcmp(words->word, g->value) == 0)
			return words->value;
	snprintf(field, sizeof(field), "--%s", add_options[g->index].name);
	bs_report_error(r, field, "one of %s", add_options[g->index].arg);
	return 0;
}

/* ---- add --------------------------------------------------------------------------------------------------------- */

struct draft {
	struct bs_profile_def def;
	struct bs_profile_check check;
	const char *servers[BS_SERVERS_MAX + 1];
	const struct bs_server_def *defs[BS_SERVERS_MAX + 1];
	struct bs_acl acls[BS_ACLS_MAX];
	struct bs_settings writes;
};

static uint64_t
number(const struct bs_ctl_given *g, uint64_t min, uint64_t max, struct bs_report *r)
{
	uint64_t n = min;
	char field[40];

	if (!bs_number_read(g->value, min, max, &n)) {
		snprintf(field, sizeof(field), "--%s", add_options[g->index].name);
		bs_report_error(r, field, "a number from %" PRIu64 " to %" PRIu64, min, max);
		n = min;
	}
	return n;
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
read_format(struct draft *d, const char *name, struct bs_report *r)
{
	const struct bs_format *format = bs_format_find_name(name);

	if (strcmp(name, "auto") == 0)
		d->def.profile.format = 0;
	else if (format == NULL)
		bs_report_error(r, "--format", "auto, tlv, senml-json, senml-cbor or lwm2m-cbor");
	else
		d->def.profile.format = format->number;
}

static void
read_order(struct bs_order *out, const char *text, struct bs_report *r)
{
	enum bs_err err = bs_order_read(text, out);

	if (err != BS_OK || out->count == 0)
		bs_report_error(r, "--write-order", "up to %d different object IDs with commas between, such as 1,0",
			BS_ORDER_MAX);
}

static void
read_tolerance(struct draft *d, const char *field, const char *text, struct bs_report *r)
{
	struct bs_tolerance t;
	struct bs_diag diag = { 0 };
	enum bs_err err = bs_tolerance_read(text, &t, &diag);

	if (err == BS_OK)
		err = bs_tolerances_add(&d->def.profile.tolerances, &t);
	if (err == BS_EEXIST)
		bs_report_error(r, field, "%s is given twice", text);
	else if (err == BS_ELIMIT)
		bs_report_error(r, field, "at most %d, --tolerate and --optional-write together", BS_TOLERANCES_MAX);
	else if (err != BS_OK)
		bs_report_error(r, field, "%s", diag.text);
}

/* --optional-write /3/0 is "write/3/0=refused". */
static void
read_optional_write(struct draft *d, const char *path, struct bs_report *r)
{
	char text[BS_TOLERANCE_TEXT];
	struct bs_tolerance t;

	if (snprintf(text, sizeof(text), "write%s=refused", path) >= (int)sizeof(text) ||
		bs_tolerance_read(text, &t, NULL) != BS_OK)
		bs_report_error(r, "--optional-write", "an object or one of its instances, such as /3 or /3/0");
	else
		read_tolerance(d, "--optional-write", text, r);
}

static void
read_list_option(struct draft *d, const struct bs_ctl_given *g, struct bs_report *r)
{
	switch (g->index) {
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
	case O_ORDER:
		read_order(&d->def.profile.write_order, g->value, r);
		break;
	case O_TOLERATE:
		read_tolerance(d, "--tolerate", g->value, r);
		break;
	case O_OPTIONAL_WRITE:
		read_optional_write(d, g->value, r);
		break;
	case O_WRITE:
		bs_settings_check_write(r, g->value); /* read when the models are at hand */
		break;
	}
}

static void
read_option(struct draft *d, const struct bs_ctl_given *g, struct bs_report *r)
{
	struct bs_profile *p = &d->def.profile;

	switch (g->index) {
	case O_ANCHOR:
		read_anchor(d, g->value, r);
		break;
	case O_ON_CHANGE:
		p->on_change = (enum bs_on_change)value_of(on_change_words, g, r);
		break;
	case O_ACCESS_CONTROL:
		p->access_control = (enum bs_access_control)value_of(access_words, g, r);
		d->check.access_control_given = true;
		break;
	case O_DISCOVER:
		p->discover = value_of(yes_words, g, r) != 0;
		break;
	case O_PACK:
		p->pack = value_of(yes_words, g, r) != 0;
		break;
	case O_DELETE:
		p->delete_policy = (enum bs_delete_policy)value_of(delete_words, g, r);
		break;
	case O_WRITE_LEVEL:
		p->write_level = (enum bs_level)value_of(level_words, g, r);
		break;
	case O_FORMAT:
		read_format(d, g->value, r);
		break;
	case O_OMIT_UNUSED_KEYS:
		p->omit_unused_keys = true;
		break;
	case O_SMS_PARAMETERS:
		p->sms_parameters_len = (uint8_t)number(g, 6, 7, r);
		break;
	case O_UNKNOWN_VERSION:
		p->unknown_version = (enum bs_lwm2m)value_of(version_words, g, r);
		break;
	case O_ACK_TIMEOUT:
		p->ack_timeout_ms = (uint32_t)(1000 * number(g, 1, 230, r));
		break;
	case O_MAX_RETRANSMIT:
		p->max_retransmit = (uint32_t)number(g, 0, 16, r);
		break;
	case O_FIRST_DELAY:
		p->first_delay_ms = (uint32_t)number(g, 0, 60000, r);
		break;
	case O_SECURITY_IID:
		p->security_iid = (uint16_t)number(g, 0, 65000, r);
		break;
	case O_BLOCK_SIZE:
		p->block_size = (uint16_t)number(g, 16, 1024, r);
		break;
	case O_MAX_VERSION:
		p->max_version = (enum bs_lwm2m)value_of(version_words, g, r);
		break;
	case O_ON_EXISTING:
		p->on_existing = (enum bs_on_existing)value_of(on_existing_words, g, r);
		break;
	case O_RETRY_AS:
		snprintf(p->retry_as, sizeof(p->retry_as), "%s", g->value);
		break;
	default:
		read_list_option(d, g, r);
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

static int
store_profile(struct bs_ctl *ctl, struct draft *d, const struct bs_ctl_args *args, struct bs_report *r)
{
	struct bs_catalog catalog = { 0 };
	struct bs_diag diag = { 0 };
	enum bs_err err = bs_store_begin(ctl->store, &diag);
	int status = BS_EXIT_FAILED;

	if (err == BS_OK)
		err = bs_catalog_load(ctl->store, &catalog);
	if (err == BS_OK)
		read_writes(ctl, d, args, r);
	if (err == BS_OK && find_servers(d, &catalog, r) && find_retry(d, &catalog, r)) {
		d->check.servers = d->defs;
		d->check.count = d->def.server_count;
		bs_check_profile(r, &d->def, &d->check);
	}
	if (err == BS_OK && r->errors == 0)
		err = bs_ctl_get(args, O_REPLACE) != NULL ? bs_store_replace_profile(ctl->store, &d->def, &diag)
							  : bs_store_add_profile(ctl->store, &d->def, &diag);
	if (err != BS_OK)
		status = bs_ctl_fail(err, &diag);
	if (err == BS_OK && r->errors == 0)
		status = bs_ctl_commit(ctl);
	else
		bs_store_rollback(ctl->store);
	bs_catalog_clear(&catalog);
	return status;
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

static const char *
format_name(uint16_t number)
{
	const struct bs_format *f = number != 0 ? bs_format_find(number) : NULL;

	return f != NULL ? f->name : "auto";
}

/* An entry as the command line has it: "/3/0" of --optional-write, "finish=4.04" of --tolerate. */
static const char *
tolerance_text(const struct bs_tolerance *t, char out[BS_TOLERANCE_TEXT])
{
	return t->code == BS_ANY_REFUSAL ? bs_path_format(&t->path, out) : bs_tolerance_format(t, out);
}

static void
tolerances_json(const struct bs_tolerances *all, json_t *o)
{
	json_t *tolerated = json_array(), *optional = json_array();
	char text[BS_TOLERANCE_TEXT];

	for (size_t i = 0; i < all->count; i++)
		json_array_append_new(all->list[i].code == BS_ANY_REFUSAL ? optional : tolerated,
			json_string(tolerance_text(&all->list[i], text)));
	json_object_set_new(o, "tolerate", tolerated);
	json_object_set_new(o, "optional_write", optional);
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
profile_json(const struct bs_profile_def *def)
{
	char order[BS_ORDER_TEXT];
	const struct bs_profile *p = &def->profile;
	json_t *o = json_object();
	char digest[65];

	json_object_set_new(o, "name", json_string(p->name));
	lists_json(def, o);
	json_object_set_new(o, "anchor_sha256",
		def->has_anchor ? json_string(bs_hex_encode(def->anchor_sha256, 32, digest)) : json_null());
	json_object_set_new(o, "on_change", json_string(word_of(on_change_words, p->on_change)));
	json_object_set_new(o, "access_control", json_string(word_of(access_words, p->access_control)));
	json_object_set_new(o, "discover", json_boolean(p->discover));
	json_object_set_new(o, "pack", json_boolean(p->pack));
	json_object_set_new(o, "delete", json_string(word_of(delete_words, p->delete_policy)));
	json_object_set_new(o, "write_level", json_string(word_of(level_words, p->write_level)));
	json_object_set_new(o, "format", json_string(format_name(p->format)));
	json_object_set_new(o, "omit_unused_keys", json_boolean(p->omit_unused_keys));
	json_object_set_new(o, "sms_parameters", json_integer(p->sms_parameters_len));
	json_object_set_new(o, "unknown_version", json_string(word_of(version_words, p->unknown_version)));
	json_object_set_new(o, "ack_timeout_ms", json_integer(p->ack_timeout_ms));
	json_object_set_new(o, "max_retransmit", json_integer(p->max_retransmit));
	json_object_set_new(o, "first_delay_ms", json_integer(p->first_delay_ms));
	json_object_set_new(o, "security_iid", json_integer(p->security_iid));
	json_object_set_new(o, "block_size", json_integer(p->block_size));
	json_object_set_new(o, "max_version", json_string(word_of(max_version_words, p->max_version)));
	json_object_set_new(o, "on_existing", json_string(word_of(on_existing_words, p->on_existing)));
	json_object_set_new(o, "retry_as", p->retry_as[0] != '\0' ? json_string(p->retry_as) : json_null());
	tolerances_json(&p->tolerances, o);
	json_object_set_new(o, "write_order", json_string(bs_order_format(&p->write_order, order)));
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

static int
profile_list(struct bs_ctl *ctl, const struct bs_ctl_args *args)
{
	int status = (int)bs_ctl_open(ctl);
	enum bs_err err;

	(void)args;
	if (status != BS_EXIT_DONE)
		return status;
	bs_ctl_list_begin(ctl);
	err = bs_store_each_profile(ctl->store, NULL, print_row, ctl);
	bs_ctl_list_end(ctl);
	return err == BS_OK ? BS_EXIT_DONE : bs_ctl_fail(err, NULL);
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
	char order[BS_ORDER_TEXT];
	const struct bs_profile *p = &def->profile;

	bs_ctl_say_tampered(ctl, "profile", p->id, p->name);
	if (ctl->json) {
		bs_ctl_print_json(profile_json(def));
		return;
	}
	bs_ctl_line("name", "%s", p->name);
	print_lists(def);
	bs_ctl_line("on-change", "%s", word_of(on_change_words, p->on_change));
	bs_ctl_line("access-control", "%s", word_of(access_words, p->access_control));
	bs_ctl_line("discover", "%s", p->discover ? "yes" : "no");
	bs_ctl_line("pack", "%s", p->pack ? "yes" : "no");
	bs_ctl_line("delete", "%s", word_of(delete_words, p->delete_policy));
	bs_ctl_line("write-level", "%s", word_of(level_words, p->write_level));
	bs_ctl_line("format", "%s", format_name(p->format));
	bs_ctl_line("omit-unused-keys", "%s", p->omit_unused_keys ? "yes" : "no");
	bs_ctl_line("sms-parameters", "%u", p->sms_parameters_len);
	bs_ctl_line("unknown-version", "%s", word_of(version_words, p->unknown_version));
	bs_ctl_line("ack-timeout", "%u ms", p->ack_timeout_ms);
	bs_ctl_line("max-retransmit", "%u  (a step lasts up to %" PRIu64 " s)", p->max_retransmit,
		bs_profile_step_ms(p) / 1000);
	bs_ctl_line("first-delay", "%u ms", p->first_delay_ms);
	bs_ctl_line("security-iid", "%u", p->security_iid);
	bs_ctl_line("block-size", "%u", p->block_size);
	bs_ctl_line("max-version", "%s", word_of(max_version_words, p->max_version));
	bs_ctl_line("on-existing", "%s", word_of(on_existing_words, p->on_existing));
	if (p->retry_as[0] != '\0')
		bs_ctl_line("retry-as", "%s", p->retry_as);
	if (p->write_order.count > 0)
		bs_ctl_line("write-order", "%s", bs_order_format(&p->write_order, order));
	for (size_t i = 0; i < p->tolerances.count; i++) {
		const struct bs_tolerance *t = &p->tolerances.list[i];
		char text[BS_TOLERANCE_TEXT];

		bs_ctl_line(t->code == BS_ANY_REFUSAL ? "optional-write" : "tolerate", "%s", tolerance_text(t, text));
	}
}

static void
offer(void *arg, const struct bs_profile_def *def)
{
	bs_near_offer(arg, def->profile.name);
}

static int
none(struct bs_ctl *ctl, const char *name)
{
	struct bs_near near;

	bs_near_init(&near, name);
	if (bs_store_each_profile(ctl->store, NULL, offer, &near) != BS_OK)
		near.name[0] = '\0';
	return bs_ctl_none("profile", name, &near);
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
		return none(ctl, args->words[0]);
	return err == BS_OK ? BS_EXIT_DONE : bs_ctl_fail_at(args->words[0], err);
}

static int
profile_remove(struct bs_ctl *ctl, const struct bs_ctl_args *args)
{
	return bs_ctl_remove(ctl, args->words[0], bs_store_remove_profile);
}

const struct bs_ctl_command bs_cmd_profile_add = {
	.name = "profile",
	.verb = "add",
	.synopsis = "NAME --server NAME.. [OPTION]..",
	.summary = "add a profile: which servers devices get, and how a bootstrap runs",
	.min_words = 1,
	.max_words = 1,
	.options = add_options,
	.run = profile_add,
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
