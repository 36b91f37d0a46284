/* SPDX-License-Identifier: Apache-2.0 */
/* server add, list, show, remove */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/base/text.h"
#include "tools/ctl/check.h"
#include "tools/ctl/cli.h"
#include "tools/ctl/number.h"
#include "tools/ctl/setting.h"

enum {
	O_URI,
	O_SSID,
	O_MODE,
	O_SERVER_KEY,
	O_SERVER_CERT,
	O_LIFETIME,
	O_BINDING,
	O_SMS_NUMBER,
	O_SET,
	O_KIND,
	O_ALLOW_NOSEC,
};

static const struct bs_ctl_option add_options[] = {
	[O_URI] = { "uri", "URI", "coaps://HOST:PORT of the LwM2M server (required)" },
	[O_SSID] = { "ssid", "N", "Short Server ID, 1 to 65534 (required, but for the kinds below)" },
	[O_MODE] = { "mode", "psk|rpk|x509|nosec|est", "security mode towards that server (required)" },
	[O_SERVER_KEY] = { "server-key", "FILE", "the server's public key, PEM or DER (rpk)" },
	[O_SERVER_CERT] = { "server-cert", "FILE", "the server's certificate, PEM or DER (x509, est)" },
	[O_LIFETIME] = { "lifetime", "S", "registration lifetime in seconds, /1/x/1" },
	[O_BINDING] = { "binding", "LETTERS", "binding, /1/x/7: U, UQ, S, US, ..." },
	[O_SMS_NUMBER] = { "sms-number", "DIGITS", "the server's MSISDN, /0/x/9; the binding then has S" },
	[O_SET] = { "set", "OBJ/RES[/RIID]=VALUE", "any other resource of Objects 0 and 1; may be repeated" },
	[O_KIND] = { "kind", "repository|bootstrap",
		"a Security Object instance alone: for a firmware repository; the devices' account here, to renew it" },
	[O_ALLOW_NOSEC] = { "allow-nosec", NULL, "accept a coap:// server without security" },
	{ 0 },
};

/* Everything that server add gathers before it is checked as a whole. */
struct draft {
	struct bs_server_def def;
	struct bs_server_check check;
	struct bs_settings settings;
	struct bs_blob key;
};

static const char *
kind_name(const struct bs_server_def *def)
{
	return def->bootstrap ? "bootstrap account" : def->repository ? "repository" : "server";
}

static void
read_key_file(struct draft *d, size_t option, const char *file, struct bs_report *r)
{
	const char *name = option == O_SERVER_KEY ? "--server-key" : "--server-cert";
	struct bs_diag diag = { 0 };
	enum bs_err err;

	if (d->key.len > 0) {
		bs_report_error(r, "--server-key", "give one of --server-key and --server-cert, once");
		return;
	}
	if (option == O_SERVER_KEY)
		err = bs_convert_public_file(file, &d->key, &d->check.key, &diag);
	else
		err = bs_convert_certificate_file(file, &d->key, &d->check.key, &diag);
	if (err != BS_OK)
		bs_report_error(r, name, "%s", diag.text[0] != '\0' ? diag.text : bs_strerror(err));
	if (option == O_SERVER_KEY && d->def.mode != BS_MODE_RPK)
		bs_report_error(r, name, "belongs to mode rpk; x509 and est take --server-cert");
	if (option == O_SERVER_CERT && d->def.mode != BS_MODE_X509 && d->def.mode != BS_MODE_EST)
		bs_report_error(r, name, "belongs to modes x509 and est; rpk takes --server-key");
}

static void
read_option(struct draft *d, const struct bs_ctl_given *g, struct bs_report *r)
{
	uint64_t n = 0;

	switch (g->index) {
	case O_URI:
		d->def.uri = g->value;
		break;
	case O_SSID:
		if (!bs_number_read(g->value, 1, 65534, &n))
			bs_report_error(r, "--ssid", "a number from 1 to 65534");
		d->def.ssid = (uint16_t)n;
		break;
	case O_LIFETIME:
		bs_settings_add_resource(&d->settings, r, "--lifetime", 1, 1, g->value);
		break;
	case O_BINDING:
		d->check.binding = g->value;
		bs_settings_add_resource(&d->settings, r, "--binding", 1, 7, g->value);
		break;
	case O_SMS_NUMBER:
		d->def.sms_number = g->value + (g->value[0] == '+');
		break;
	case O_SET:
		bs_settings_add_server(&d->settings, r, g->value);
		break;
	case O_KIND:
		d->def.bootstrap = strcmp(g->value, "bootstrap") == 0;
		if (!d->def.bootstrap && strcmp(g->value, "repository") != 0)
			bs_report_error(
				r, "--kind", "repository or bootstrap (an LwM2M server is the kind without a name)");
		d->def.repository = true;
		break;
	case O_ALLOW_NOSEC:
		d->check.allow_nosec = true;
		break;
	case O_SERVER_KEY:
	case O_SERVER_CERT:
		read_key_file(d, g->index, g->value, r);
		break;
	}
}

static unsigned
small_setting(const struct bs_settings *s, uint16_t oid, uint16_t rid, bool *present)
{
	const struct bs_setting *one = bs_settings_find(s, oid, rid);

	*present = one != NULL;
	return one != NULL ? (unsigned)strtoul(one->text, NULL, 10) : 0;
}

/* Options into a draft that is checked as a whole. */
static bool
draft_server(struct draft *d, const struct bs_ctl_args *args, struct bs_report *r)
{
	const char *mode = bs_ctl_get(args, O_MODE);
	const struct bs_setting *binding;
	bool present;

	d->def.name = args->words[0];
	d->def.uri = "";
	if (mode == NULL || bs_mode_parse(mode, &d->def.mode) != BS_OK) {
		bs_report_error(r, "--mode", "needed: psk, rpk, x509, nosec or est");
		return false;
	}
	for (size_t i = 0; i < args->given_count; i++)
		read_option(d, &args->given[i], r);
	if (d->def.repository)
		for (size_t i = 0; i < d->settings.count; i++)
			if (d->settings.list[i].oid == 1)
				bs_report_error(r, "--set",
					"a %s has no Server Object instance; 1/%u has no place there",
					kind_name(&d->def), d->settings.list[i].rid);
	binding = bs_settings_find(&d->settings, 1, 7);
	if (binding != NULL)
		d->check.binding = binding->text;
	d->check.usage = small_setting(&d->settings, 0, 15, &d->check.has_usage);
	d->check.matching_type = small_setting(&d->settings, 0, 13, &present);
	d->def.server_key = d->key.data;
	d->def.server_key_len = d->key.len;
	d->def.settings = d->settings.list;
	d->def.setting_count = d->settings.count;
	if (r->errors == 0)
		bs_check_server(r, &d->def, &d->check);
	if (r->errors == 0 && d->def.mode == BS_MODE_X509 &&
		bs_convert_matching(&d->key, d->check.matching_type) != BS_OK)
		bs_report_error(r, "--set", "0/13: %s", bs_strerror(BS_ECRYPTO));
	d->def.server_key = d->key.data;
	d->def.server_key_len = d->key.len;
	return r->errors == 0;
}

static int
store_server(struct bs_ctl *ctl, const struct draft *d)
{
	struct bs_diag diag = { 0 };
	int status = (int)bs_ctl_open(ctl);
	enum bs_err err;

	if (status != BS_EXIT_DONE)
		return status;
	err = bs_store_begin(ctl->store, &diag);
	if (err == BS_OK)
		err = bs_store_add_server(ctl->store, &d->def, &diag);
	if (err != BS_OK) {
		bs_store_rollback(ctl->store);
		return bs_ctl_fail(err, &diag);
	}
	return bs_ctl_commit(ctl);
}

static int
server_add(struct bs_ctl *ctl, const struct bs_ctl_args *args)
{
	struct draft *d = calloc(1, sizeof(*d));
	struct bs_report r;
	int status = BS_EXIT_FAILED;

	bs_report_init(&r, stderr, NULL);
	if (d == NULL)
		return bs_ctl_fail(BS_ENOMEM, NULL);
	if (draft_server(d, args, &r))
		status = store_server(ctl, d);
	bs_report_close(&r);
	bs_settings_clear(&d->settings);
	bs_blob_clear(&d->key);
	free(d);
	return status;
}

/* ---- list, show -------------------------------------------------------------------------------------------------- */

static json_t *
settings_json(const struct bs_setting *list, size_t count)
{
	json_t *out = json_object();
	char key[32];

	for (size_t i = 0; i < count; i++) {
		const struct bs_setting *s = &list[i];

		if (s->multiple)
			snprintf(key, sizeof(key), "%u/%u/%u", s->oid, s->rid, s->riid);
		else
			snprintf(key, sizeof(key), "%u/%u", s->oid, s->rid);
		json_object_set_new(out, key, json_string(s->text));
	}
	return out;
}

static json_t *
server_json(const struct bs_server_def *def)
{
	json_t *o = json_object();
	char *b64;

	json_object_set_new(o, "name", json_string(def->name));
	json_object_set_new(o, "kind",
		json_string(def->bootstrap    ? "bootstrap"
			    : def->repository ? "repository"
					      : "server"));
	json_object_set_new(o, "uri", json_string(def->uri));
	json_object_set_new(o, "ssid", def->repository ? json_null() : json_integer(def->ssid));
	json_object_set_new(o, "mode", json_string(bs_mode_name(def->mode)));
	if (def->sms_number != NULL && def->sms_number[0] != '\0')
		json_object_set_new(o, "sms_number", json_string(def->sms_number));
	b64 = def->server_key_len > 0 ? malloc(4 * ((def->server_key_len + 2) / 3) + 1) : NULL;
	if (b64 != NULL)
		json_object_set_new(
			o, "server_key_b64", json_string(bs_base64_encode(def->server_key, def->server_key_len, b64)));
	free(b64);
	json_object_set_new(o, "settings", settings_json(def->settings, def->setting_count));
	return o;
}

static void
print_row(void *arg, const struct bs_server_def *def)
{
	struct bs_ctl *ctl = arg;

	if (ctl->json)
		bs_ctl_list_item(ctl, server_json(def));
	else
		printf("%s\t%s\t%u\t%s\n", def->name, bs_mode_name(def->mode), def->ssid, def->uri);
}

static int
server_list(struct bs_ctl *ctl, const struct bs_ctl_args *args)
{
	int status = (int)bs_ctl_open(ctl);
	enum bs_err err;

	(void)args;
	if (status != BS_EXIT_DONE)
		return status;
	bs_ctl_list_begin(ctl);
	err = bs_store_each_server(ctl->store, NULL, print_row, ctl);
	bs_ctl_list_end(ctl);
	return err == BS_OK ? BS_EXIT_DONE : bs_ctl_fail(err, NULL);
}

static void
print_server(void *arg, const struct bs_server_def *def)
{
	struct bs_ctl *ctl = arg;
	char digest_hex[65];
	uint8_t digest[32];

	bs_ctl_say_tampered(ctl, "server", def->id, def->name);
	if (ctl->json) {
		bs_ctl_print_json(server_json(def));
		return;
	}
	bs_ctl_line("name", "%s", def->name);
	bs_ctl_line("kind", "%s%s", def->repository ? kind_name(def) : "LwM2M server",
		def->repository ? " (Security Object instance alone)" : "");
	bs_ctl_line("uri", "%s", def->uri);
	if (!def->repository)
		bs_ctl_line("short server id", "%u", def->ssid);
	bs_ctl_line("mode", "%s", bs_mode_name(def->mode));
	if (def->server_key_len > 0 && bs_convert_sha256(def->server_key, def->server_key_len, digest) == BS_OK)
		bs_ctl_line("server key", "%zu octets, SHA-256 %s", def->server_key_len,
			bs_hex_encode(digest, 32, digest_hex));
	if (def->sms_number != NULL && def->sms_number[0] != '\0')
		bs_ctl_line("sms number", "%s", def->sms_number);
	for (size_t i = 0; i < def->setting_count; i++) {
		const struct bs_setting *s = &def->settings[i];
		const struct bs_resource_def *res = bs_resource_find(s->oid, s->rid);
		char path[32];

		snprintf(path, sizeof(path), s->multiple ? "/%u/x/%u/%u" : "/%u/x/%u", s->oid, s->rid, s->riid);
		bs_ctl_line(path, "%s   (%s)", s->text, res != NULL ? res->name : "?");
	}
}

static void
offer(void *arg, const struct bs_server_def *def)
{
	bs_near_offer(arg, def->name);
}

static int
none(struct bs_ctl *ctl, const char *name)
{
	struct bs_near near;

	bs_near_init(&near, name);
	if (bs_store_each_server(ctl->store, NULL, offer, &near) != BS_OK)
		near.name[0] = '\0';
	return bs_ctl_none("server account", name, &near);
}

static int
server_show(struct bs_ctl *ctl, const struct bs_ctl_args *args)
{
	int status = (int)bs_ctl_open(ctl);
	enum bs_err err;

	if (status != BS_EXIT_DONE)
		return status;
	err = bs_store_each_server(ctl->store, args->words[0], print_server, ctl);
	if (err == BS_ENOTFOUND)
		return none(ctl, args->words[0]);
	return err == BS_OK ? BS_EXIT_DONE : bs_ctl_fail_at(args->words[0], err);
}

static int
server_remove(struct bs_ctl *ctl, const struct bs_ctl_args *args)
{
	return bs_ctl_remove(ctl, args->words[0], bs_store_remove_server);
}

const struct bs_ctl_command bs_cmd_server_add = {
	.name = "server",
	.verb = "add",
	.synopsis = "NAME --uri URI --ssid N --mode MODE [OPTION]..",
	.summary = "add a server account: an LwM2M server that devices shall know",
	.min_words = 1,
	.max_words = 1,
	.options = add_options,
	.run = server_add,
};
const struct bs_ctl_command bs_cmd_server_list = {
	.name = "server",
	.verb = "list",
	.synopsis = "",
	.summary = "list server accounts: name, mode, Short Server ID, URI",
	.run = server_list,
};
const struct bs_ctl_command bs_cmd_server_show = {
	.name = "server",
	.verb = "show",
	.synopsis = "NAME",
	.summary = "show a server account",
	.min_words = 1,
	.max_words = 1,
	.run = server_show,
};
const struct bs_ctl_command bs_cmd_server_remove = {
	.name = "server",
	.verb = "remove",
	.synopsis = "NAME",
	.summary = "remove a server account that no profile uses",
	.min_words = 1,
	.max_words = 1,
	.run = server_remove,
};
