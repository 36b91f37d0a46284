/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/sim/holds.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "server/base/secret.h"
#include "server/base/text.h"
#include "tools/sim/decode.h"

/* "hex:" and digits, as --json prints octets. */
static bool
take_hex(struct sim_decoder *d, struct sim_path p, const struct sim_resource *rule, const char *text)
{
	size_t digits = strlen(text), len = 0;
	uint8_t *octets = calloc(1, digits / 2 + 1);
	bool ok = octets != NULL && bs_hex_decode(text, digits, octets, digits / 2, &len) == BS_OK;

	if (ok) {
		struct sim_scalar s = { .form = SIM_FORM_OCTETS, .data = octets, .len = len };
		ok = sim_decode_scalar(d, p, rule, &s);
	} else {
		sim_decode_fail(d, p, "not hexadecimal behind hex:");
	}
	if (octets != NULL)
		bs_wipe(octets, digits / 2 + 1);
	free(octets);
	return ok;
}

static bool
take_value(struct sim_decoder *d, struct sim_path p, const json_t *j)
{
	const struct sim_resource *rule;
	struct sim_scalar s = { .form = SIM_FORM_TEXT };

	if (!sim_decode_rule(d, p, &rule))
		return false;
	if (json_is_string(j) && strncmp(json_string_value(j), "hex:", 4) == 0)
		return take_hex(d, p, rule, json_string_value(j) + 4);
	if (json_is_string(j)) {
		s.form = rule != NULL && rule->kind == SIM_OBJLNK ? SIM_FORM_LINK : SIM_FORM_TEXT;
		s.data = json_string_value(j);
		s.len = json_string_length(j);
	} else if (json_is_integer(j)) {
		s = (struct sim_scalar){ .form = SIM_FORM_INTEGER, .number = json_integer_value(j) };
	} else if (json_is_real(j)) {
		s = (struct sim_scalar){ .form = SIM_FORM_REAL, .real = json_real_value(j) };
	} else if (json_is_boolean(j)) {
		s = (struct sim_scalar){ .form = SIM_FORM_BOOLEAN, .number = json_is_true(j) };
	} else {
		return sim_decode_fail(d, p, "no value");
	}
	return sim_decode_scalar(d, p, rule, &s);
}

/* An object of JSON is a level of the tree; its keys are IDs. */
static bool
take_level(struct sim_decoder *d, struct sim_path p, size_t level, const json_t *j)
{
	uint16_t *id[] = { &p.oid, &p.iid, &p.rid, &p.riid };
	const char *key;
	json_t *below;

	if (level == 2 && !sim_decode_instance(d, p.oid, p.iid))
		return false;
	if (level >= 3 && !json_is_object(j))
		return take_value(d, p, j);
	if (level == 4 || !json_is_object(j))
		return sim_decode_fail(d, p, "objects of instances of resources are wanted");
	json_object_foreach((json_t *)j, key, below)
	{
		char *end;
		unsigned long n = strtoul(key, &end, 10);
		if (*key < '0' || *key > '9' || *end != '\0' || n >= SIM_NONE)
			return sim_decode_fail(d, p, "a key that is no ID");
		*id[level] = (uint16_t)n;
		if (!take_level(d, p, level + 1, below))
			return false;
	}
	return true;
}

static bool
spares_own(struct sim_decoder *d, uint16_t own_iid)
{
	struct sim_path own = { 0, own_iid, SIM_NONE, SIM_NONE };

	return !sim_store_has_instance(d->out, 0, own_iid) || sim_store_number(d->out, 0, own_iid, 1, 0) == 1 ||
	       sim_decode_fail(d, own, "there the device's own account lies (--bs-instance)");
}

enum bs_err
sim_holds_load(const char *path, uint16_t own_iid, struct sim_store *s, struct bs_diag *diag)
{
	struct sim_path root = { SIM_NONE, SIM_NONE, SIM_NONE, SIM_NONE };
	struct sim_verdict why = { 0 };
	struct sim_decoder d = { .target = root, .version = SIM_LWM2M_1_2, .out = s, .why = &why };
	json_error_t e;
	json_t *file = json_load_file(path, JSON_REJECT_DUPLICATES, &e);

	if (file == NULL)
		return bs_diag_set(diag, BS_EFORMAT, e.line > 0 ? (unsigned)e.line : 0, "%s", e.text);
	const json_t *objects = json_object_get(file, "objects");
	bool ok = take_level(&d, root, 0, objects != NULL ? objects : file) && spares_own(&d, own_iid);
	json_decref(file);
	return ok ? BS_OK : bs_diag_set(diag, BS_EFORMAT, 0, "%s", why.text);
}
