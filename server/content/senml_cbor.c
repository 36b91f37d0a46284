/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SenML CBOR (RFC 8428, 6; LwM2M Core 1.1, 7.4; format 112): an array of records, one per value. The base name stands
 * in the first record alone and is the target with a "/" at its end, so every name is relative to it; a single resource
 * has its whole path as base name and no name. libcbor writes each head straight into the caller's memory.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <cbor.h>

#include "server/content/format.h"

/* Labels of RFC 8428, 12.3: -2 is encoded as negative integer 1. */
enum { BASE_NAME = 1, NAME = 0, VALUE = 2, STRING_VALUE = 3, BOOLEAN_VALUE = 4, DATA_VALUE = 8 };

/* Account for n octets that libcbor wrote behind the writer's last; 0 means that it had no room. */
static void
advance(struct bs_wr *w, size_t n)
{
	if (n == 0)
		bs_wr_fail(w, BS_ESPACE);
	else
		w->len += n;
}

#define PUT(w, encode, ...) \
	do { \
		if ((w)->err == BS_OK) \
			advance((w), encode(__VA_ARGS__, (w)->data + (w)->len, (w)->max - (w)->len)); \
	} while (0)

static void
put_text(struct bs_wr *w, const void *text, size_t len)
{
	PUT(w, cbor_encode_string_start, len);
	bs_wr_bytes(w, text, len);
}

static void
put_octets(struct bs_wr *w, const void *data, size_t len)
{
	PUT(w, cbor_encode_bytestring_start, len);
	bs_wr_bytes(w, data, len);
}

static void
put_integer(struct bs_wr *w, int64_t v)
{
	if (v >= 0)
		PUT(w, cbor_encode_uint, (uint64_t)v);
	else
		PUT(w, cbor_encode_negint, (uint64_t)(-1 - v));
}

static void
put_real(struct bs_wr *w, double v)
{
	double single = fabs(v) <= 3.4028234663852886e38 ? (double)(float)v : v;

	if (isnan(v) || isinf(v) || (single >= v && single <= v && fabs(v) <= 3.4028234663852886e38))
		PUT(w, cbor_encode_single, (float)v);
	else
		PUT(w, cbor_encode_double, v);
}

/* An object link is LwM2M's own: its label is text in CBOR too (LwM2M Core 1.1, 7.4). */
static void
put_link(struct bs_wr *w, uint16_t oid, uint16_t iid)
{
	char text[12];
	int n = snprintf(text, sizeof(text), "%u:%u", oid, iid);

	put_text(w, "vlo", 3);
	put_text(w, text, (size_t)n);
}

/* Label and value. */
static void
put_value(struct bs_wr *w, const struct bs_value *v)
{
	switch (v->type) {
	case BS_TYPE_INTEGER:
	case BS_TYPE_TIME:
		PUT(w, cbor_encode_uint, VALUE);
		put_integer(w, v->integer);
		break;
	case BS_TYPE_UNSIGNED:
		PUT(w, cbor_encode_uint, VALUE);
		PUT(w, cbor_encode_uint, v->uinteger);
		break;
	case BS_TYPE_FLOAT:
		PUT(w, cbor_encode_uint, VALUE);
		put_real(w, v->real);
		break;
	case BS_TYPE_BOOLEAN:
		PUT(w, cbor_encode_uint, BOOLEAN_VALUE);
		PUT(w, cbor_encode_bool, v->boolean);
		break;
	case BS_TYPE_OBJLNK:
		put_link(w, v->link.oid, v->link.iid);
		break;
	case BS_TYPE_OPAQUE:
		PUT(w, cbor_encode_uint, DATA_VALUE);
		put_octets(w, v->bytes.data, v->bytes.len);
		break;
	case BS_TYPE_STRING:
	case BS_TYPE_CORELNK:
		PUT(w, cbor_encode_uint, STRING_VALUE);
		put_text(w, v->bytes.data, v->bytes.len);
		break;
	}
}

/* ---- names ---------------------------------------------------------------------------------------------------- */

/* The one record of a single resource is its path and nothing else. */
static bool
is_whole_path(const struct bs_path *target, const struct bs_entry *e)
{
	return target->level == BS_LEVEL_RESOURCE && !e->multiple;
}

static void
put_base_name(struct bs_wr *w, const struct bs_path *target, const struct bs_entry *first)
{
	char path[BS_PATH_TEXT + 1];

	bs_path_format(target, path);
	if (target->level != BS_LEVEL_ROOT && !is_whole_path(target, first))
		strcat(path, "/");
	PUT(w, cbor_encode_negint, BASE_NAME);
	put_text(w, path, strlen(path));
}

/* What follows the base name: of object, instance, resource, resource instance those that the target lacks. */
static void
put_name(struct bs_wr *w, const struct bs_path *target, const struct bs_instance *inst, const struct bs_entry *e)
{
	const unsigned ids[] = { inst->oid, inst->iid, e->rid, e->riid };
	size_t last = e->multiple ? 4 : 3;
	char name[32] = "";
	size_t len = 0;

	for (size_t i = (size_t)target->level; i < last; i++)
		len += (size_t)snprintf(name + len, sizeof(name) - len, "%s%u", len > 0 ? "/" : "", ids[i]);
	PUT(w, cbor_encode_uint, NAME);
	put_text(w, name, len);
}

static void
put_record(struct bs_wr *w, const struct bs_path *target, const struct bs_instance *inst, const struct bs_entry *e,
	bool first)
{
	bool named = !is_whole_path(target, e);

	PUT(w, cbor_encode_map_start, (size_t)(1 + first + named));
	if (first)
		put_base_name(w, target, e);
	if (named)
		put_name(w, target, inst, e);
	put_value(w, &e->value);
}

void
bs_senml_cbor_encode(struct bs_wr *w, const struct bs_path *target, const struct bs_instance *instances, size_t count)
{
	size_t records = 0;
	bool first = true;

	for (size_t i = 0; i < count; i++)
		records += instances[i].count;
	PUT(w, cbor_encode_array_start, records);
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < instances[i].count; k++) {
			put_record(w, target, &instances[i], &instances[i].entries[k], first);
			first = false;
		}
	}
}
