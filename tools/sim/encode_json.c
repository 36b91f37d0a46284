/* SPDX-License-Identifier: Apache-2.0 */
/* SenML JSON (RFC 8428 section 5) by jansson. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "server/base/buf.h"
#include "tools/sim/decode.h"
#include "tools/sim/encode.h"
#include "tools/sim/encode_name.h"

/* Base64url without padding (RFC 4648 section 5). */
static json_t *
octets(const struct sim_value *v)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	char *text = malloc(v->len * 4 / 3 + 4);
	size_t n = 0;
	uint32_t bits = 0;
	unsigned have = 0;

	if (text == NULL)
		return NULL;
	for (size_t i = 0; i < v->len; i++) {
		bits = bits << 8 | v->data[i];
		for (have += 8; have >= 6; have -= 6)
			text[n++] = alphabet[bits >> (have - 6) & 63];
	}
	if (have > 0)
		text[n++] = alphabet[bits << (6 - have) & 63];
	json_t *j = json_stringn(text, n);
	free(text);
	return j;
}

static int
set_value(json_t *record, const struct sim_value *v)
{
	double real;
	char link[16];

	switch (v->kind) {
	case SIM_STRING:
		return json_object_set_new(record, "vs", json_stringn((const char *)v->data, v->len));
	case SIM_INTEGER:
	case SIM_UNSIGNED:
	case SIM_TIME:
		return json_object_set_new(record, "v", json_integer(v->number));
	case SIM_FLOAT:
		memcpy(&real, &v->number, sizeof(real));
		return json_object_set_new(record, "v", json_real(real));
	case SIM_BOOLEAN:
		return json_object_set_new(record, "vb", json_boolean(v->number != 0));
	case SIM_OBJLNK:
		return json_object_set_new(record, "vlo", json_string(sim_link_text(v->number, link)));
	case SIM_OPAQUE:
	case SIM_SECRET_TEXT:
	case SIM_RAW:
		break;
	}
	return json_object_set_new(record, "vd", octets(v));
}

static int
add_record(json_t *pack, const struct sim_view *view, const struct sim_value *v)
{
	json_t *record = json_object();
	char base[32], name[32];
	int failed = 0;

	if (json_array_size(pack) == 0)
		failed = json_object_set_new(record, "bn", json_string(sim_base_name(view->target, base)));
	if (failed == 0)
		failed = json_object_set_new(record, "n", json_string(sim_rest_name(view->target, v->path, name)));
	if (failed == 0)
		failed = set_value(record, v);
	return json_array_append_new(pack, record) != 0 || failed != 0;
}

enum bs_err
sim_encode_senml_json(const struct sim_view *view, struct bs_wr *w)
{
	json_t *pack = json_array();
	int failed = pack == NULL;

	for (size_t i = 0; i < view->count && failed == 0; i++)
		if (view->v[i]->path.rid != SIM_NONE)
			failed = add_record(pack, view, view->v[i]);
	char *text = failed == 0 ? json_dumps(pack, JSON_COMPACT | JSON_PRESERVE_ORDER) : NULL;
	if (text != NULL)
		bs_wr_bytes(w, text, strlen(text));
	json_decref(pack);
	failed = text == NULL;
	free(text);
	return failed ? BS_ENOMEM : BS_OK;
}
