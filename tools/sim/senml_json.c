/* SPDX-License-Identifier: Apache-2.0 */
/* SenML JSON (RFC 8428 section 5). The parser's own copies of a key go with the process; those of the tree are wiped. */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "server/base/secret.h"
#include "tools/sim/senml.h"

/* A value of the alphabet of base64url (RFC 4648 section 5), -1: none. */
static int
sextet(char c)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	const char *at = c != '\0' ? strchr(alphabet, c) : NULL;

	return at != NULL ? (int)(at - alphabet) : -1;
}

/* Base64url without padding, no bit left over. out has room for len octets. */
static bool
decode_base64url(const char *text, size_t len, uint8_t *out, size_t *out_len)
{
	uint32_t bits = 0;
	unsigned have = 0;

	*out_len = 0;
	for (size_t i = 0; i < len; i++) {
		int six = sextet(text[i]);
		if (six < 0)
			return false;
		bits = bits << 6 | (unsigned)six;
		have += 6;
		if (have >= 8) {
			have -= 8;
			out[(*out_len)++] = (uint8_t)(bits >> have);
			bits &= (1u << have) - 1;
		}
	}
	return have < 6 && bits == 0;
}

static struct sim_scalar
text_of(const json_t *j, enum sim_form form)
{
	return (struct sim_scalar){ .form = form, .data = json_string_value(j), .len = json_string_length(j) };
}

/* A number, a string or a Boolean by its label; octets stay base64url for now. */
static bool
take_value(struct sim_senml_record *rec, const char *label, const json_t *j)
{
	if (strcmp(label, "v") == 0 && json_is_integer(j))
		return sim_senml_value(
			rec, (struct sim_scalar){ .form = SIM_FORM_INTEGER, .number = json_integer_value(j) });
	if (strcmp(label, "v") == 0 && json_is_real(j))
		return sim_senml_value(rec, (struct sim_scalar){ .form = SIM_FORM_REAL, .real = json_real_value(j) });
	if (strcmp(label, "vb") == 0 && json_is_boolean(j))
		return sim_senml_value(rec, (struct sim_scalar){ .form = SIM_FORM_BOOLEAN, .number = json_is_true(j) });
	if (!json_is_string(j))
		return false;
	if (strcmp(label, "vs") == 0)
		return sim_senml_value(rec, text_of(j, SIM_FORM_TEXT));
	if (strcmp(label, "vd") == 0)
		return sim_senml_value(rec, text_of(j, SIM_FORM_OCTETS));
	return strcmp(label, "vlo") == 0 && sim_senml_value(rec, text_of(j, SIM_FORM_LINK));
}

static bool
take_pair(struct sim_senml_record *rec, char *base, const char *label, const json_t *j)
{
	if (strcmp(label, "bver") == 0)
		return json_is_integer(j);
	if (strcmp(label, "bn") == 0)
		return json_is_string(j) && sim_senml_base(rec, base, json_string_value(j), json_string_length(j));
	if (strcmp(label, "n") == 0)
		return json_is_string(j) && sim_senml_name(rec, json_string_value(j), json_string_length(j));
	return take_value(rec, label, j);
}

/* The record with its octets decoded. */
static bool
take_decoded(struct sim_decoder *d, const char *base, struct sim_senml_record *rec)
{
	size_t room = rec->value.len + 1, len;
	uint8_t *octets = calloc(1, room);
	bool ok = false;

	if (octets == NULL) {
		sim_refuse(d->why, SIM_SERVER_ERROR, "out of memory");
	} else if (!decode_base64url(rec->value.data, rec->value.len, octets, &len)) {
		sim_decode_fail(d, d->target, "a value that is no base64url without padding");
	} else {
		rec->value.data = octets;
		rec->value.len = len;
		ok = sim_senml_take(d, base, rec);
	}
	if (octets != NULL)
		bs_wipe(octets, room);
	free(octets);
	return ok;
}

static bool
take_record(struct sim_decoder *d, char *base, json_t *j)
{
	struct sim_senml_record rec = { .valued = false };
	const char *label;
	json_t *value;

	if (!json_is_object(j))
		return sim_decode_fail(d, d->target, "a SenML record is an object");
	json_object_foreach(j, label, value) if (!take_pair(&rec, base, label, value)) return sim_decode_fail(
		d, d->target, "a SenML label twice, unknown, or of the wrong type");
	if (rec.valued && rec.value.form == SIM_FORM_OCTETS)
		return take_decoded(d, base, &rec);
	return sim_senml_take(d, base, &rec);
}

static bool
take_pack(struct sim_decoder *d, const json_t *array)
{
	char base[SIM_NAME_MAX + 1] = "";

	if (!json_is_array(array))
		return sim_decode_fail(d, d->target, "SenML is an array");
	for (size_t i = 0; i < json_array_size(array); i++)
		if (!take_record(d, base, json_array_get(array, i)))
			return false;
	return sim_senml_end(d);
}

/* jansson frees strings as they are: keys would stay in memory. */
static void
wipe_pack(json_t *pack)
{
	const char *label;
	json_t *record, *value;
	size_t i;

	json_array_foreach(pack, i, record) json_object_foreach(record, label, value) if (json_is_string(value))
		bs_wipe((char *)json_string_value(value), json_string_length(value));
}

bool
sim_decode_senml_json(struct sim_decoder *d, const uint8_t *data, size_t len)
{
	json_error_t e;
	json_t *pack = json_loadb((const char *)data, len, JSON_REJECT_DUPLICATES, &e);
	bool ok = false;

	if (pack == NULL)
		sim_decode_fail(d, d->target, "not one value of JSON");
	else
		ok = take_pack(d, pack);
	if (json_is_array(pack))
		wipe_pack(pack);
	json_decref(pack);
	return ok;
}
