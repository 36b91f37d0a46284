/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/sim/report.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "server/base/secret.h"
#include "server/base/text.h"

#define SHOWN_OCTETS 16 /* of an opaque value; the rest is a count */

static bool
is_number(enum sim_kind kind)
{
	return kind == SIM_INTEGER || kind == SIM_UNSIGNED || kind == SIM_TIME;
}

static double
real_of(const struct sim_value *v)
{
	double real;

	memcpy(&real, &v->number, sizeof(real));
	return real;
}

static void
print_octets(const struct sim_value *v, FILE *to)
{
	char text[2 * SHOWN_OCTETS + 1];
	size_t n = v->len < SHOWN_OCTETS ? v->len : SHOWN_OCTETS;

	fputs(v->len == 0 ? "(empty)" : bs_hex_encode(v->data, n, text), to);
	if (n < v->len)
		fprintf(to, ".. (%zu octets)", v->len);
}

static void
print_value(const struct sim_value *v, bool secret, FILE *to)
{
	if (secret && v->len > 0)
		fprintf(to, "(secret, %zu octets)", v->len);
	else if (v->kind == SIM_STRING)
		fprintf(to, "%s", (const char *)v->data);
	else if (v->kind == SIM_BOOLEAN)
		fputs(v->number ? "true" : "false", to);
	else if (v->kind == SIM_OBJLNK)
		fprintf(to, "%lld:%lld", (long long)(v->number >> 16), (long long)(v->number & 0xffff));
	else if (is_number(v->kind))
		fprintf(to, "%lld", (long long)v->number);
	else if (v->kind == SIM_FLOAT)
		fprintf(to, "%g", real_of(v));
	else
		print_octets(v, to);
}

void
sim_report_print(const struct sim_client *c, FILE *to)
{
	const struct sim_store *s = &c->device.store;
	char path[32];

	for (size_t i = 0; i < s->count; i++) {
		const struct sim_value *v = &s->v[i];
		if (v->path.rid == SIM_NONE || (v->path.oid == 0 && v->path.iid == c->conf->bs_iid))
			continue;
		const struct sim_resource *rule = sim_model_find(v->path.oid, v->path.rid);
		fprintf(to, "%s:   %-8s %-26s ", c->endpoint, sim_path_text(v->path, path),
			rule != NULL ? rule->name : "");
		print_value(v, rule != NULL && rule->secret, to);
		fputc('\n', to);
	}
}

/* The octets may be a key: the text form is wiped here; the tree's copy goes with the process. */
static json_t *
json_octets(const struct sim_value *v)
{
	size_t room = 2 * v->len + 5;
	char *text = malloc(room);
	json_t *j = NULL;

	if (text == NULL)
		return NULL;
	memcpy(text, "hex:", 4);
	bs_hex_encode(v->data, v->len, text + 4);
	j = json_string(text);
	bs_wipe(text, room);
	free(text);
	return j;
}

static json_t *
json_value(const struct sim_value *v)
{
	if (v->kind == SIM_STRING)
		return json_stringn((const char *)v->data, v->len);
	if (v->kind == SIM_BOOLEAN)
		return json_boolean(v->number != 0);
	if (v->kind == SIM_OBJLNK)
		return json_sprintf("%lld:%lld", (long long)(v->number >> 16), (long long)(v->number & 0xffff));
	if (is_number(v->kind))
		return json_integer(v->number);
	if (v->kind == SIM_FLOAT)
		return json_real(real_of(v));
	return json_octets(v);
}

/* The object under a numeric key, made when it is not there. */
static json_t *
child(json_t *parent, unsigned id)
{
	char key[8];

	snprintf(key, sizeof(key), "%u", id);
	json_t *j = json_object_get(parent, key);
	if (j == NULL && json_object_set_new(parent, key, json_object()) == 0)
		j = json_object_get(parent, key);
	return j;
}

static int
add_value(json_t *objects, const struct sim_value *v)
{
	json_t *at = child(child(objects, v->path.oid), v->path.iid);
	uint16_t id = v->path.rid;
	char key[8];

	if (id == SIM_NONE)
		return at != NULL ? 0 : -1;
	if (v->path.riid != SIM_NONE) {
		at = child(at, id);
		id = v->path.riid;
	}
	snprintf(key, sizeof(key), "%u", id);
	return json_object_set_new(at, key, json_value(v));
}

static json_t *
count_requests(const struct sim_client *c)
{
	json_t *j = json_object();

	for (int s = SIM_AT_DISCOVER; s < SIM_AT_ANY; s++)
		json_object_set_new(j, sim_step_word((enum sim_step)s), json_integer(c->count[s]));
	return j;
}

/* NULL: the device did not ask for a pack. */
static json_t *
describe_pack(const struct sim_client *c)
{
	static const char *const words[] = {
		[SIM_PACK_ASKED] = "asked",
		[SIM_PACK_DECLINED] = "declined",
		[SIM_PACK_INCONSISTENT] = "inconsistent",
		[SIM_PACK_TAKEN] = "taken",
	};
	char code[8];

	if (c->pack.result == SIM_PACK_NONE)
		return NULL;
	return json_pack("{s:s, s:s, s:i}", "result", words[c->pack.result], "code",
		sim_coap_code_text(c->pack.code, code), "blocks", (int)c->pack.blocks);
}

enum bs_err
sim_report_json(const struct sim_client *c, uint64_t took_ms, FILE *to)
{
	json_t *objects = json_object();
	enum bs_err err = objects != NULL ? BS_OK : BS_ENOMEM;

	for (size_t i = 0; i < c->device.store.count && err == BS_OK; i++)
		if (add_value(objects, &c->device.store.v[i]) != 0)
			err = BS_ENOMEM;
	json_t *j = json_pack("{s:s, s:s, s:s, s:s, s:I, s:o, s:o*, s:i, s:O}", "endpoint", c->endpoint, "result",
		sim_result_word(c->result), "detail", c->detail, "suite", c->suite, "took_ms", (json_int_t)took_ms,
		"requests", count_requests(c), "pack", describe_pack(c), "bootstrap_instance", c->conf->bs_iid,
		"objects", objects);
	if (j == NULL)
		err = BS_ENOMEM;
	if (err == BS_OK && (json_dumpf(j, to, JSON_COMPACT) != 0 || fputc('\n', to) == EOF || fflush(to) != 0))
		err = BS_EIO;
	json_decref(j);
	json_decref(objects);
	return err;
}
