/* SPDX-License-Identifier: Apache-2.0 */
/* server add, list, show, remove */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/base/text.h"
#include "tools/ctl/cli.h"
#include "tools/ctl/cmd/server_draft.h"

static const struct bs_ctl_option add_options[] = { BS_SERVER_ROWS, { 0 } };

static int
store_server(struct bs_ctl *ctl, const struct bs_server_draft *d)
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
	struct bs_server_draft *d = calloc(1, sizeof(*d));
	struct bs_report r;
	int status = BS_EXIT_FAILED;

	bs_report_init(&r, stderr, NULL);
	if (d == NULL)
		return bs_ctl_fail(BS_ENOMEM, NULL);
	if (bs_server_draft_make(d, args, &r))
		status = store_server(ctl, d);
	bs_report_close(&r);
	bs_server_draft_clear(d);
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

static enum bs_err
print_all(struct bs_ctl *ctl)
{
	return bs_store_each_server(ctl->store, NULL, print_row, ctl);
}

static int
server_list(struct bs_ctl *ctl, const struct bs_ctl_args *args)
{
	(void)args;
	return bs_ctl_list(ctl, print_all);
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
	bs_ctl_line("kind", "%s%s", def->repository ? bs_server_kind_name(def) : "LwM2M server",
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

static int
server_show(struct bs_ctl *ctl, const struct bs_ctl_args *args)
{
	int status = (int)bs_ctl_open(ctl);
	enum bs_err err;

	if (status != BS_EXIT_DONE)
		return status;
	err = bs_store_each_server(ctl->store, args->words[0], print_server, ctl);
	if (err == BS_ENOTFOUND)
		return bs_ctl_no_server(ctl, args->words[0]);
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
