/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ctl/show.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "server/base/log.h"
#include "server/base/text.h"

/* ---- values ------------------------------------------------------------------------------------------------------ */

/* Resources that hold keys: never printed. */
static const struct {
	uint16_t oid, rid;
} secrets[] = { { 0, 5 }, { 0, 8 }, { 21, 0 }, { 21, 5 }, { 23, 2 } };

bool
bs_show_is_secret(uint16_t oid, uint16_t rid)
{
	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
		if (secrets[i].oid == oid && secrets[i].rid == rid)
			return true;
	return false;
}

/* quoted: text stands in quotes, for people; JSON brings its own. */
static void
bytes_text(const struct bs_value *v, bool quoted, char *out, size_t max)
{
	struct bs_quote q;
	char hex[2 * 16 + 1];
	bool text = v->bytes.len > 0 && bs_utf8_valid(v->bytes.data, v->bytes.len);

	for (size_t i = 0; i < v->bytes.len && text; i++)
		text = v->bytes.data[i] >= 0x20 && v->bytes.data[i] != 0x7f;
	if (text && !quoted)
		snprintf(out, max, "%.*s", (int)v->bytes.len, (const char *)v->bytes.data);
	else if (v->type != BS_TYPE_OPAQUE || text)
		snprintf(out, max, "%s", bs_log_quote_n(&q, v->bytes.data, v->bytes.len));
	else if (v->bytes.len == 0)
		snprintf(out, max, "empty");
	else
		snprintf(out, max, "%zu octets, %s%s", v->bytes.len,
			bs_hex_encode(v->bytes.data, v->bytes.len < 16 ? v->bytes.len : 16, hex),
			v->bytes.len > 16 ? "..." : "");
}

static void
value_text(const struct bs_value *v, bool quoted, char *out, size_t max)
{
	switch (v->type) {
	case BS_TYPE_INTEGER:
	case BS_TYPE_TIME:
		snprintf(out, max, "%" PRId64, v->integer);
		break;
	case BS_TYPE_UNSIGNED:
		snprintf(out, max, "%" PRIu64, v->uinteger);
		break;
	case BS_TYPE_FLOAT:
		snprintf(out, max, "%g", v->real);
		break;
	case BS_TYPE_BOOLEAN:
		snprintf(out, max, "%s", v->boolean ? "true" : "false");
		break;
	case BS_TYPE_OBJLNK:
		snprintf(out, max, "%u:%u", v->link.oid, v->link.iid);
		break;
	default:
		bytes_text(v, quoted, out, max);
	}
}

void
bs_show_value(uint16_t oid, const struct bs_entry *e, enum bs_show_for whom, char out[BS_SHOW_VALUE])
{
	if (!bs_show_is_secret(oid, e->rid))
		value_text(&e->value, whom == BS_SHOW_PERSON, out, BS_SHOW_VALUE);
	else if (e->value.bytes.len == 0)
		snprintf(out, BS_SHOW_VALUE, "empty");
	else
		snprintf(out, BS_SHOW_VALUE, "%zu octets, masked", e->value.bytes.len);
}

const char *
bs_show_time(int64_t ms, char out[BS_SHOW_TIME])
{
	time_t s = (time_t)(ms / 1000);
	struct tm tm;

	if (gmtime_r(&s, &tm) == NULL || strftime(out, BS_SHOW_TIME, "%Y-%m-%d %H:%M:%SZ", &tm) == 0)
		snprintf(out, BS_SHOW_TIME, "?");
	return out;
}

/* ---- resources --------------------------------------------------------------------------------------------------- */

const char *
bs_show_resource_name(const struct bs_ctl *ctl, uint16_t oid, uint16_t rid, struct bs_model_resource *model)
{
	const struct bs_resource_def *def = bs_resource_find(oid, rid);
	struct bs_model object;

	if (def != NULL)
		return def->name;
	return bs_store_find_resource(ctl->store, oid, rid, &object, model) == BS_OK ? model->name : "";
}

void
bs_show_entries(const struct bs_ctl *ctl, const struct bs_instance *in, size_t first, size_t end)
{
	struct bs_model_resource model;
	char text[BS_SHOW_VALUE], id[16];

	for (size_t i = first; i < end; i++) {
		const struct bs_entry *e = &in->entries[i];

		bs_show_value(in->oid, e, BS_SHOW_PERSON, text);
		if (e->multiple)
			snprintf(id, sizeof(id), "%u/%u", e->rid, e->riid);
		else
			snprintf(id, sizeof(id), "%u", e->rid);
		printf("      %-6s %-34s %s\n", id, bs_show_resource_name(ctl, in->oid, e->rid, &model), text);
	}
}

json_t *
bs_show_entries_json(const struct bs_ctl *ctl, const struct bs_instance *in, size_t first, size_t end)
{
	json_t *entries = json_array();

	for (size_t i = first; i < end; i++) {
		const struct bs_entry *e = &in->entries[i];
		json_t *one = json_object();
		struct bs_model_resource model;
		char text[BS_SHOW_VALUE];

		bs_show_value(in->oid, e, BS_SHOW_JSON, text);
		json_object_set_new(one, "resource", json_integer(e->rid));
		if (e->multiple)
			json_object_set_new(one, "instance", json_integer(e->riid));
		json_object_set_new(one, "name", json_string(bs_show_resource_name(ctl, in->oid, e->rid, &model)));
		json_object_set_new(one, "value", json_string(text));
		json_array_append_new(entries, one);
	}
	return entries;
}
