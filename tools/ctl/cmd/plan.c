/* SPDX-License-Identifier: Apache-2.0 */
/* plan: what a device would be sent, request by request, keys masked */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/base/clock.h"
#include "server/base/text.h"
#include "server/bootstrap/plan/pack.h"
#include "server/bootstrap/plan/plan.h"
#include "tools/ctl/cli.h"
#include "tools/ctl/number.h"
#include "tools/ctl/show.h"

#define PAYLOAD_MAX 65536
#define BLOCK_MAX 1024 /* RFC 7959 */

enum { O_LWM2M, O_PCT, O_PACK };

static const struct bs_ctl_option options[] = {
	[O_LWM2M] = { "lwm2m", "1.0|1.1|1.2",
		"the client's version (default: what the profile assumes for an unknown one)" },
	[O_PCT] = { "pct", "N", "the Content-Format that the client asks for, e.g. 11542 TLV, 112 SenML CBOR" },
	[O_PACK] = { "pack", NULL, "what a Bootstrap-Pack would contain; --pct is then what the client accepts" },
	{ 0 },
};

/* ---- requests ---------------------------------------------------------------------------------------------------- */

struct view {
	struct bs_ctl *ctl;
	const struct bs_account *account;
	const struct bs_plan *plan;
	uint8_t *payload;
	unsigned number;
	bool pack, merging;
};

static void
request(struct view *v, const char *method, const char *path, const char *words)
{
	printf("%2u  %-6s %-8s %s\n", ++v->number, method, path, words);
}

/* A Write of one resource shows that one alone. */
static size_t
entries_end(const struct bs_op *op, const struct bs_instance *in)
{
	return op->entry_count > 0 ? op->entry_first + op->entry_count : in->count;
}

static json_t *
instances_json(const struct view *v, const struct bs_op *op)
{
	json_t *out = json_array();

	for (size_t i = op->first; i < op->first + op->count; i++) {
		const struct bs_instance *in = &v->plan->instances[i];

		json_array_append_new(
			out, json_pack("{s:i, s:i, s:o}", "object", in->oid, "instance", in->iid, "resources",
				     bs_show_entries_json(v->ctl, in, op->entry_first, entries_end(op, in))));
	}
	return out;
}

static enum bs_err
write_size(const struct view *v, const struct bs_op *op, size_t *len, size_t *blocks)
{
	size_t block = v->account->profile.block_size;
	enum bs_err err = bs_plan_encode(v->plan, op, v->payload, PAYLOAD_MAX, len);

	bs_wipe(v->payload, PAYLOAD_MAX);
	*blocks = err == BS_OK && *len > 0 ? (*len + block - 1) / block : 1;
	return err;
}

/* A pack comes in the blocks that the client asks for. */
static void
warn_of_blocks(const struct view *v, const char *path, size_t len)
{
	if (len > BLOCK_MAX && !v->pack)
		bs_ctl_say("warning: %s has %zu octets, and one block holds %d: "
			   "a client without block-wise transfer gets it resource by resource",
			path, len, BLOCK_MAX);
}

/* ", 4.04 let pass": what the profile takes as success of that request; "" for nothing. */
static const char *
let_pass(const struct view *v, enum bs_step step, const struct bs_path *target, char out[160])
{
	const struct bs_tolerances *all = &v->account->profile.tolerances;
	struct bs_tw w = bs_tw_init(out, 160);

	for (size_t i = 0; i < all->count; i++) {
		const struct bs_tolerance *t = &all->list[i];
		char text[BS_TOLERANCE_TEXT];
		struct bs_tolerances one = { .list = { *t }, .count = 1 };

		if (t->code != BS_ANY_REFUSAL && bs_tolerances_have(&one, step, target, t->code))
			bs_tw_printf(&w, ", %s", strchr(bs_tolerance_format(t, text), '=') + 1);
	}
	if (w.len > 0)
		bs_tw_text(&w, " let pass");
	return out;
}

static enum bs_err
print_write(struct view *v, const struct bs_op *op, json_t *list)
{
	const char *format = bs_plan_op_format(v->plan, op)->name, *method = v->pack ? "GET" : "PUT";
	char path[BS_PATH_TEXT], words[300], passed[160];
	size_t len = 0, blocks;
	enum bs_err err = write_size(v, op, &len, &blocks);

	if (err != BS_OK)
		return err;
	if (v->pack)
		snprintf(path, sizeof(path), "/bspack");
	else
		bs_path_format(&op->target, path);
	warn_of_blocks(v, path, len);
	if (list != NULL) {
		json_array_append_new(
			list, json_pack("{s:s, s:s, s:s, s:i, s:I, s:I, s:b, s:o}", "method", method, "path", path,
				      "format", format, "content_format", bs_plan_op_format(v->plan, op)->number,
				      "octets", (json_int_t)len, "blocks", (json_int_t)blocks, "mandatory",
				      op->mandatory, "instances", instances_json(v, op)));
		return BS_OK;
	}
	snprintf(words, sizeof(words), "%s, %zu octets, %zu block%s%s%s", format, len, blocks, blocks == 1 ? "" : "s",
		op->mandatory ? "" : ", may be refused",
		v->pack ? "" : let_pass(v, BS_STEP_WRITE, &op->target, passed));
	request(v, method, path, words);
	for (size_t i = op->first; i < op->first + op->count; i++) {
		if (v->pack)
			printf("      /%u/%u\n", v->plan->instances[i].oid, v->plan->instances[i].iid);
		else if (op->count > 1)
			printf("      instance %u\n", v->plan->instances[i].iid);
		bs_show_entries(
			v->ctl, &v->plan->instances[i], op->entry_first, entries_end(op, &v->plan->instances[i]));
	}
	return BS_OK;
}

static void
print_simple(struct view *v, json_t *list, const char *method, const char *path, const char *words)
{
	if (list != NULL)
		json_array_append_new(list, json_pack("{s:s, s:s}", "method", method, "path", path));
	else
		request(v, method, path, words);
}

static enum bs_err
print_op(struct view *v, const struct bs_op *op, json_t *list)
{
	char path[BS_PATH_TEXT], words[300], passed[160];
	enum bs_err err = BS_OK;

	switch (op->kind) {
	case BS_OP_DELETE:
		snprintf(words, sizeof(words), "may be refused%s", let_pass(v, BS_STEP_DELETE, &op->target, passed));
		print_simple(v, list, "DELETE", bs_path_format(&op->target, path), words);
		break;
	case BS_OP_WRITE:
		err = print_write(v, op, list);
		break;
	case BS_OP_FINISH:
		snprintf(words, sizeof(words), "Bootstrap-Finish, when every mandatory Write succeeded%s",
			let_pass(v, BS_STEP_FINISH, &op->target, passed));
		print_simple(v, list, "POST", "/bs", words);
		break;
	}
	return err;
}

static const char *
version_text(enum bs_lwm2m version)
{
	return version == BS_LWM2M_1_2 ? "1.2" : version == BS_LWM2M_1_1 ? "1.1" : "1.0";
}

static void
print_reads(struct view *v, json_t *list)
{
	bool overwrites = v->account->profile.on_unreadable == BS_UNREADABLE_OVERWRITE;

	print_simple(v, list, "GET", "/1",
		overwrites ? "Bootstrap-Read where Discover shows instances; what cannot be read is overwritten"
			   : "Bootstrap-Read where Discover shows instances; a refusal ends the run (--on-unreadable)");
	if (v->account->profile.access_control != BS_AC_NONE)
		print_simple(
			v, list, "GET", "/2", "likewise. The Writes shown are those to a device that holds nothing");
}

static bool
writes_object(const struct bs_plan *plan, uint16_t oid)
{
	for (size_t i = 0; i < plan->op_count; i++)
		if (plan->ops[i].kind == BS_OP_WRITE && plan->ops[i].target.oid == oid)
			return true;
	return false;
}

/* What comes before the plan, which it shows. */
static void
print_discover(struct view *v, json_t *list)
{
	if (v->account->profile.discover && !v->pack)
		print_simple(v, list, "GET", "/",
			"Bootstrap-Discover; may be refused, silence ends the run. Instance IDs and version follow its answer");
	if (v->merging)
		print_reads(v, list);
	else if (v->account->profile.delete_policy == BS_DELETE_INSTANCES && !v->pack)
		print_simple(v, list, "DELETE", "/O/I",
			writes_object(v->plan, BS_OBJ_OSCORE)
				? "each instance that Discover shows of /0 and /21 (with Short Server ID), /1 and /2"
				: "each instance that Discover shows of /0 (with Short Server ID), /1 and /2");
}

/* The device must not have its bootstrap account where this plan writes. */
static void
print_blind(const struct view *v)
{
	bool discovers = v->account->profile.discover && !v->pack;
	const char *when = discovers ? "Where it does not show" : v->pack ? "Where acc does not name" : "Nothing shows";

	if (v->plan->is_blind)
		printf("      %s the device's bootstrap account: Security instances from /0/%u on (--security-iid)%s\n",
			when, v->plan->blind_iid, discovers || v->pack ? ", as below" : "");
}

/* Where it goes is not known before. */
static void
print_renewal(struct view *v, json_t *list)
{
	if (v->account->renewal != NULL && !v->pack)
		print_simple(v, list, "PUT", "/0/I",
			"the next bootstrap credential, onto the instance of /0 that Discover shows without Short Server ID; "
			"may be refused");
}

/* out: the object to print, NULL for text. */
static enum bs_err
print_plan(struct view *v, json_t **out)
{
	json_t *list = out != NULL ? json_array() : NULL;
	enum bs_err err = BS_OK;

	v->number = 0;
	if (list == NULL)
		printf("%s, profile %s: LwM2M %s, %s%s\n", v->account->endpoint, v->account->profile.name,
			version_text(v->plan->version), v->plan->format->name,
			v->account->enabled ? "" : " (the device is disabled)");
	print_discover(v, list);
	if (list == NULL)
		print_blind(v);
	for (size_t i = 0; i < v->plan->op_count && err == BS_OK; i++) {
		if (v->plan->ops[i].kind == BS_OP_FINISH)
			print_renewal(v, list);
		err = print_op(v, &v->plan->ops[i], list);
	}
	if (out != NULL)
		*out = json_pack("{s:s, s:s, s:s, s:s, s:o}", "endpoint", v->account->endpoint, "profile",
			v->account->profile.name, "lwm2m", version_text(v->plan->version), "format",
			v->plan->format->name, "requests", list);
	if (out != NULL && v->plan->is_blind)
		json_object_set_new(*out, "unseen_account_from", json_integer(v->plan->blind_iid));
	return err;
}

/* ---- the command ------------------------------------------------------------------------------------------------- */

static int
read_view(const struct bs_ctl_args *args, struct bs_client_view *view)
{
	const char *version = bs_ctl_get(args, O_LWM2M), *pct = bs_ctl_get(args, O_PCT);
	uint64_t n;

	*view = (struct bs_client_view){
		.version = BS_LWM2M_UNKNOWN, .pct = -1, .pack = bs_ctl_get(args, O_PACK) != NULL
	};
	if (bs_ctl_read_version(version, &view->version) != BS_EXIT_DONE)
		return BS_EXIT_USAGE;
	if (view->pack && version != NULL && view->version != BS_LWM2M_1_2)
		return bs_ctl_usage("--pack: clients ask for packs only from LwM2M 1.2 on");
	if (pct != NULL) {
		if (!bs_number_read(pct, 0, 65535, &n))
			return bs_ctl_usage("--pct must be a Content-Format, 0 to 65535");
		if (version != NULL && view->version < (n == BS_CF_LWM2M_CBOR ? BS_LWM2M_1_2 : BS_LWM2M_1_1))
			return bs_ctl_usage(
				"--pct %s: no client of LwM2M %s asks for that; formats can be asked for from 1.1 on, "
				"11544 from 1.2 on",
				pct, version);
		view->pct = (int32_t)n;
	}
	return BS_EXIT_DONE;
}

/* The device goes on with POST /bs. */
static int
print_declined(struct bs_ctl *ctl, const struct bs_account *account, uint8_t code, const char *why)
{
	char text[BS_CODE_TEXT];

	bs_code_format(code, text);
	if (ctl->json)
		bs_ctl_print_json(json_pack("{s:s, s:s, s:s, s:s}", "endpoint", account->endpoint, "profile",
			account->profile.name, "declined", text, "reason", why));
	else
		printf("%s, profile %s: GET /bspack is answered %s: %s. The device goes on with POST /bs\n",
			account->endpoint, account->profile.name, text, why);
	return bs_ctl_flush();
}

static enum bs_err
one_plan(struct view *v, const struct bs_account *account, const struct bs_client_view *client, json_t **out,
	struct bs_diag *diag)
{
	static const struct bs_existing nothing;
	struct bs_client_view with = *client;
	struct bs_plan *plan = NULL;
	enum bs_err err;

	v->merging = account->profile.on_existing == BS_EXISTING_MERGE && !client->pack &&
		     bs_plan_client_version(client, &account->profile) >= BS_LWM2M_1_1;
	if (v->merging)
		with.existing = &nothing;
	err = bs_plan_build(account, &with, bs_clock_wall_ms() / 1000, &plan, diag);
	v->account = account;
	v->plan = plan;
	if (err == BS_OK)
		err = print_plan(v, out);
	bs_plan_free(plan);
	return err;
}

/* The plan, and the one that follows when the device does not accept what it came to. */
static int
plan_account(struct bs_ctl *ctl, const struct bs_account *account, const struct bs_client_view *client)
{
	char why[160] = "";
	uint8_t code = client->pack ? bs_pack_judge(account, client, why, sizeof(why)) : BS_EMPTY;

	if (code != BS_EMPTY)
		return print_declined(ctl, account, code, why);

	struct view v = { .ctl = ctl, .payload = malloc(PAYLOAD_MAX), .pack = client->pack };
	struct bs_diag diag = { 0 };
	json_t *first = NULL, *second = NULL;
	enum bs_err err = v.payload != NULL ? BS_OK : BS_ENOMEM;

	if (err == BS_OK)
		err = one_plan(&v, account, client, ctl->json ? &first : NULL, &diag);
	if (err == BS_OK && account->retry != NULL && !client->pack) {
		if (!ctl->json)
			printf("\nAgain, if the device answers 4.06 to Finish:\n");
		err = one_plan(&v, account->retry, client, ctl->json ? &second : NULL, &diag);
	}
	free(v.payload);
	if (second != NULL)
		json_object_set_new(first, "retry", second);
	if (err == BS_OK && ctl->json)
		bs_ctl_print_json(first);
	else
		json_decref(first);
	return err == BS_OK ? BS_EXIT_DONE : bs_ctl_fail(err, &diag);
}

static int
plan(struct bs_ctl *ctl, const struct bs_ctl_args *args)
{
	struct bs_client_view client;
	struct bs_account *account = NULL;
	struct bs_device_info info = { 0 };
	enum bs_err err;
	int status = read_view(args, &client);

	if (status == BS_EXIT_DONE)
		status = (int)bs_ctl_open(ctl);
	if (status == BS_EXIT_DONE)
		status = (int)bs_ctl_find_device(ctl, args->words[0], &info);
	if (status != BS_EXIT_DONE)
		return status;
	err = bs_store_load_account(ctl->store, info.device_id, &account);
	if (err != BS_OK)
		return bs_ctl_fail_at(args->words[0], err);
	status = plan_account(ctl, account, &client);
	bs_account_free(account);
	return status;
}

const struct bs_ctl_command bs_cmd_plan = {
	.name = "plan",
	.synopsis = "EP [--lwm2m 1.0|1.1|1.2] [--pct N] [--pack]",
	.summary = "show what a device would be sent, keys masked",
	.min_words = 1,
	.max_words = 1,
	.options = options,
	.run = plan,
};
