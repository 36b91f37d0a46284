/* SPDX-License-Identifier: Apache-2.0 */
/* device list, show, enable, disable, delete */
#include <stdio.h>
#include <string.h>

#include "server/base/log.h"
#include "server/base/text.h"
#include "tools/ctl/cli.h"
#include "tools/ctl/device/convert.h"
#include "tools/ctl/show.h"
#include "tools/ctl/device/sms.h"

/* ---- list -------------------------------------------------------------------------------------------------------- */

static void
set_text(json_t *o, const char *key, const char *text)
{
	if (text[0] != '\0')
		json_object_set_new(o, key, json_string(text));
}

static json_t *
device_json(const struct bs_device_info *d)
{
	json_t *o = json_object();

	json_object_set_new(o, "endpoint", json_string(d->endpoint));
	json_object_set_new(o, "profile", json_string(d->profile));
	json_object_set_new(o, "enabled", json_boolean(d->enabled));
	json_object_set_new(o, "mode", json_string(bs_mode_name(d->mode)));
	set_text(o, "identity", d->identity);
	if (d->has_next)
		json_object_set_new(o, "next_identity", json_string(d->next_identity));
	set_text(o, "batch", d->batch);
	set_text(o, "iccid", d->iccid);
	set_text(o, "imsi", d->imsi);
	set_text(o, "note", d->note);
	return o;
}

static void
print_row(void *arg, const struct bs_device_info *d)
{
	struct bs_ctl *ctl = arg;

	if (ctl->json)
		bs_ctl_list_item(ctl, device_json(d));
	else
		printf("%s\t%s\t%s\t%s\t%s%s%s\n", d->endpoint, d->profile, bs_mode_name(d->mode),
			d->enabled ? "enabled" : "disabled", d->identity, d->has_next ? "\t(next waits)" : "",
			bs_store_is_good(ctl->store, "device", d->device_id) ? "" : "\t" BS_CTL_TAMPERED);
}

static enum bs_err
print_all(struct bs_ctl *ctl)
{
	return bs_store_each_device(ctl->store, NULL, print_row, ctl);
}

static int
device_list(struct bs_ctl *ctl, const struct bs_ctl_args *args)
{
	(void)args;
	return bs_ctl_list(ctl, print_all);
}

/* ---- show -------------------------------------------------------------------------------------------------------- */

/* What proves the device, and what it is called: "PSK identity", "SHA-256 of public key". */
static const char *const identity_titles[] = {
	[BS_MODE_PSK] = "psk identity",
	[BS_MODE_RPK] = "public key SHA-256",
	[BS_MODE_X509] = "certificate SHA-256",
};

static void
print_bootstrap(const struct bs_device_info *d)
{
	bs_ctl_line("bootstraps with", "%s", bs_mode_name(d->mode));
	if (d->mode == BS_MODE_X509 && d->identity[0] == '\0')
		bs_ctl_line("certificate", "by name, under the profile's trust anchor");
	else if (d->mode <= BS_MODE_X509)
		bs_ctl_line(
			identity_titles[d->mode], "%s%s", d->identity, d->mode == BS_MODE_PSK ? "   (key set)" : "");
	if (d->has_next)
		bs_ctl_line("next", "%s%s   (both are accepted until settle)", d->next_identity,
			d->mode == BS_MODE_PSK ? "   (key set)" : "");
}

static void
print_digest(const char *name, const char *what, const struct bs_blob *blob)
{
	uint8_t digest[32];
	char text[65];

	if (bs_convert_sha256(blob->data, blob->len, digest) == BS_OK)
		bs_ctl_line(name, "%s, %zu octets, SHA-256 %s", what, blob->len,
			bs_hex_encode(digest, sizeof(digest), text));
}

static void
print_grant(const struct bs_grant *g)
{
	struct bs_quote q;
	char words[160];

	putchar('\n');
	bs_ctl_line("server", "%s", g->name);
	if (g->repository)
		bs_ctl_line("  kind", "repository");
	else
		bs_ctl_line("  short server id", "%u", g->ssid);
	bs_ctl_line("  uri", "%s", g->uri);
	bs_ctl_line("  mode", "%s", bs_mode_name(g->mode));
	if (g->mode == BS_MODE_PSK)
		bs_ctl_line("  psk identity", "%s",
			bs_log_quote_n(&q, g->public_or_identity.data, g->public_or_identity.len));
	else if (g->mode == BS_MODE_RPK || g->mode == BS_MODE_X509)
		print_digest(
			"  device's", g->mode == BS_MODE_RPK ? "public key" : "certificate", &g->public_or_identity);
	if (g->server_key.len > 0)
		print_digest("  server's", g->mode == BS_MODE_RPK ? "public key" : "certificate", &g->server_key);
	if (g->secret_key.len > 0)
		bs_ctl_line("  key", "%zu octets, set", g->secret_key.len);
	else if (g->mode == BS_MODE_X509)
		bs_ctl_line("  key", "none: the device holds its own");
	if (g->sms.mode == 0)
		return;
	bs_ctl_line("  sms", "%s", bs_sms_words(&g->sms, words, sizeof(words)));
	bs_ctl_line("  sms number", "%s", g->sms_number);
	if (g->sms.kic_key.len > 0)
		bs_ctl_line("  sms keys", "%zu octets, set", g->sms.kic_key.len + g->sms.kid_key.len);
}

/* ---- provisioned by a card or a file ----------------------------------------------------------------------------- */

struct arrival {
	int64_t device_id, since_s;
	bool came;
};

static void
look(void *arg, const struct bs_attempt *a)
{
	struct arrival *x = arg;

	x->came |= a->proven && a->device_id == x->device_id && a->at_ms / 1000 >= x->since_s;
}

/* Since when it has been waiting in a card or a factory; 0: it did not leave so, or has come over the air since. */
static int64_t
provisioned_since(struct bs_ctl *ctl, const struct bs_device_info *d)
{
	struct arrival x = { .device_id = d->device_id };
	struct bs_journal *journal = NULL;
	enum bs_err err = BS_OK;
	size_t found;

	if (bs_store_provisioned_since(ctl->store, d->device_id, &x.since_s) != BS_OK)
		return 0;
	if (bs_ctl_open_journal(ctl, &journal) == BS_EXIT_DONE && journal != NULL)
		err = bs_journal_find(journal, d->endpoint, BS_CTL_LOOK_BACK, look, &x, &found);
	bs_journal_close(journal);
	return x.came || (err != BS_OK && err != BS_ENOTFOUND) ? 0 : x.since_s;
}

/* ---- show, in words and as JSON ---------------------------------------------------------------------------------- */

static void
print_device(const struct bs_device_info *d, const struct bs_account *a, int64_t provisioned_s)
{
	char when[BS_SHOW_TIME];

	bs_ctl_line("endpoint", "%s", d->endpoint);
	bs_ctl_line("profile", "%s", d->profile);
	bs_ctl_line("enabled", "%s", d->enabled ? "yes" : "no");
	if (d->batch[0] != '\0')
		bs_ctl_line("batch", "%s", d->batch);
	if (d->iccid[0] != '\0')
		bs_ctl_line("iccid", "%s", d->iccid);
	if (d->imsi[0] != '\0')
		bs_ctl_line("imsi", "%s", d->imsi);
	if (d->note[0] != '\0')
		bs_ctl_line("note", "%s", d->note);
	if (provisioned_s != 0)
		bs_ctl_line("pre-provisioned", "by a file of %s; it has not bootstrapped over the air yet",
			bs_show_time(provisioned_s * 1000, when));
	print_bootstrap(d);
	if (a->renewal != NULL)
		bs_ctl_line("", "delivered at its next bootstrap, as account %s", a->renewal->name);
	for (size_t i = 0; i < a->grant_count; i++)
		print_grant(&a->grants[i]);
}

static json_t *
grant_json(const struct bs_grant *g)
{
	json_t *o = json_object();
	char text[160], digest[65];
	uint8_t sha256[32];

	json_object_set_new(o, "server", json_string(g->name));
	json_object_set_new(o, "uri", json_string(g->uri));
	json_object_set_new(o, "ssid", g->repository ? json_null() : json_integer(g->ssid));
	json_object_set_new(o, "mode", json_string(bs_mode_name(g->mode)));
	if (g->mode == BS_MODE_PSK)
		json_object_set_new(o, "psk_identity",
			json_stringn((const char *)g->public_or_identity.data, g->public_or_identity.len));
	else if (g->public_or_identity.len > 0 &&
		 bs_convert_sha256(g->public_or_identity.data, g->public_or_identity.len, sha256) == BS_OK)
		json_object_set_new(o, "public_sha256", json_string(bs_hex_encode(sha256, 32, digest)));
	json_object_set_new(o, "key_octets", json_integer((json_int_t)g->secret_key.len));
	if (g->sms.mode != 0)
		json_object_set_new(o, "sms", json_string(bs_sms_words(&g->sms, text, sizeof(text))));
	return o;
}

static void
print_device_json(const struct bs_device_info *d, const struct bs_account *a, int64_t provisioned_s)
{
	json_t *o = device_json(d), *grants = json_array();

	for (size_t i = 0; i < a->grant_count; i++)
		json_array_append_new(grants, grant_json(&a->grants[i]));
	json_object_set_new(o, "servers", grants);
	if (provisioned_s != 0)
		json_object_set_new(o, "provisioned_s", json_integer(provisioned_s));
	if (a->renewal != NULL)
		json_object_set_new(o, "renewal", json_string(a->renewal->name));
	bs_ctl_print_json(o);
}

static int
device_show(struct bs_ctl *ctl, const struct bs_ctl_args *args)
{
	struct bs_device_info info = { 0 };
	struct bs_account *account = NULL;
	int status = (int)bs_ctl_open(ctl);
	enum bs_err err;

	if (status == BS_EXIT_DONE)
		status = (int)bs_ctl_find_device(ctl, args->words[0], &info);
	if (status != BS_EXIT_DONE)
		return status;
	bs_store_show_tampered(ctl->store); /* who repairs it must see what it is */
	bs_ctl_say_tampered(ctl, "device", info.device_id, args->words[0]);
	err = bs_store_load_account(ctl->store, info.device_id, &account);
	if (err != BS_OK)
		return bs_ctl_fail_at(args->words[0], err);
	if (ctl->json)
		print_device_json(&info, account, provisioned_since(ctl, &info));
	else
		print_device(&info, account, provisioned_since(ctl, &info));
	bs_account_free(account);
	return BS_EXIT_DONE;
}

/* ---- enable, disable, delete ------------------------------------------------------------------------------------- */

static enum bs_err
enable(struct bs_store *st, const char *endpoint)
{
	return bs_store_enable_device(st, endpoint, true);
}

static enum bs_err
disable(struct bs_store *st, const char *endpoint)
{
	return bs_store_enable_device(st, endpoint, false);
}

static int
change(struct bs_ctl *ctl, const char *endpoint, enum bs_err (*fn)(struct bs_store *st, const char *endpoint))
{
	struct bs_diag diag = { 0 };
	int status = (int)bs_ctl_open(ctl);
	enum bs_err err;

	if (status != BS_EXIT_DONE)
		return status;
	err = bs_store_begin(ctl->store, &diag);
	if (err != BS_OK)
		return bs_ctl_fail(err, &diag);
	err = fn(ctl->store, endpoint);
	if (err == BS_OK)
		return bs_ctl_commit(ctl);
	bs_store_rollback(ctl->store);
	return err == BS_ENOTFOUND ? bs_ctl_no_device(ctl, endpoint) : bs_ctl_fail_at(endpoint, err);
}

static int
device_enable(struct bs_ctl *ctl, const struct bs_ctl_args *args)
{
	return change(ctl, args->words[0], enable);
}

static int
device_disable(struct bs_ctl *ctl, const struct bs_ctl_args *args)
{
	return change(ctl, args->words[0], disable);
}

static int
device_delete(struct bs_ctl *ctl, const struct bs_ctl_args *args)
{
	return change(ctl, args->words[0], bs_store_delete_device);
}

const struct bs_ctl_command bs_cmd_device_list = {
	.name = "device",
	.verb = "list",
	.synopsis = "",
	.summary = "list devices: endpoint, profile, mode, enabled, identity",
	.run = device_list,
};
const struct bs_ctl_command bs_cmd_device_show = {
	.name = "device",
	.verb = "show",
	.synopsis = "EP",
	.summary = "show a device, keys masked",
	.min_words = 1,
	.max_words = 1,
	.run = device_show,
};
const struct bs_ctl_command bs_cmd_device_enable = {
	.name = "device",
	.verb = "enable",
	.synopsis = "EP",
	.summary = "let a device bootstrap again",
	.min_words = 1,
	.max_words = 1,
	.run = device_enable,
};
const struct bs_ctl_command bs_cmd_device_disable = {
	.name = "device",
	.verb = "disable",
	.synopsis = "EP",
	.summary = "refuse a device from now on; its sessions are closed",
	.min_words = 1,
	.max_words = 1,
	.run = device_disable,
};
const struct bs_ctl_command bs_cmd_device_delete = {
	.name = "device",
	.verb = "delete",
	.synopsis = "EP",
	.summary = "delete a device with its credentials",
	.min_words = 1,
	.max_words = 1,
	.run = device_delete,
};
