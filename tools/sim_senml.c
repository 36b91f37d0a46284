/* SPDX-License-Identifier: Apache-2.0 */
/* SenML CBOR (RFC 8428 section 6) with LwM2M's names and its label "vlo" (LwM2M Core 1.1 section 7.4.4). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cbor.h>

#include "server/base/secret.h"
#include "tools/sim_decode.h"

#define LABEL_BASE_VERSION (-1)
#define LABEL_BASE_NAME (-2)
#define LABEL_NAME 0
#define LABEL_NUMBER 2
#define LABEL_STRING 3
#define LABEL_BOOLEAN 4
#define LABEL_DATA 8
#define LABEL_LINK 100 /* the text "vlo" */
#define LABEL_OTHER 101

#define NAME_MAX_LEN 63

struct record {
	char name[NAME_MAX_LEN + 1];
	int label; /* of its value; 0: none yet */
	const cbor_item_t *value; /* borrowed from the tree */
};

static bool
take_text(const cbor_item_t *item, char *out)
{
	if (!cbor_isa_string(item) || !cbor_string_is_definite(item) || cbor_string_length(item) > NAME_MAX_LEN)
		return false;
	memcpy(out, cbor_string_handle(item), cbor_string_length(item));
	out[cbor_string_length(item)] = '\0';
	return strlen(out) == cbor_string_length(item);
}

static int
label_of(const cbor_item_t *key)
{
	if (cbor_isa_uint(key) && cbor_get_int(key) < LABEL_LINK)
		return (int)cbor_get_int(key);
	if (cbor_isa_negint(key) && cbor_get_int(key) < LABEL_LINK)
		return -1 - (int)cbor_get_int(key);
	if (cbor_isa_string(key) && cbor_string_is_definite(key) && cbor_string_length(key) == 3 &&
		memcmp(cbor_string_handle(key), "vlo", 3) == 0)
		return LABEL_LINK;
	return LABEL_OTHER;
}

static bool
is_value_label(int label)
{
	return label == LABEL_NUMBER || label == LABEL_STRING || label == LABEL_BOOLEAN || label == LABEL_DATA ||
	       label == LABEL_LINK;
}

/* One map: base name, name and one value. Time and units have no place in a Write. */
static bool
read_record(struct sim_decoder *d, const cbor_item_t *map, char *base, struct record *rec)
{
	bool named = false, based = false;

	*rec = (struct record){ .label = 0 };
	if (!cbor_isa_map(map) || !cbor_map_is_definite(map))
		return sim_decode_fail(d, d->target, "a SenML record is a map of definite length");
	for (size_t i = 0; i < cbor_map_size(map); i++) {
		const struct cbor_pair *pair = &cbor_map_handle(map)[i];
		int label = label_of(pair->key);
		bool ok = true;
		if (label == LABEL_BASE_NAME && !based)
			ok = based = take_text(pair->value, base);
		else if (label == LABEL_NAME && !named)
			ok = named = take_text(pair->value, rec->name);
		else if (is_value_label(label) && rec->label == 0)
			rec->label = label, rec->value = pair->value;
		else
			ok = label == LABEL_BASE_VERSION;
		if (!ok)
			return sim_decode_fail(d, d->target, "a SenML label twice, unknown, or of the wrong type");
	}
	return rec->label != 0 || sim_decode_fail(d, d->target, "a SenML record without a value");
}

/* "/o/i/r" or "/o/i/r/ri", decimal without leading zeros. */
static bool
parse_name(const char *text, struct sim_path *p)
{
	uint16_t *id[] = { &p->oid, &p->iid, &p->rid, &p->riid };
	size_t n = 0;
	char again[32];

	*p = (struct sim_path){ SIM_NONE, SIM_NONE, SIM_NONE, SIM_NONE };
	while (n < 4 && *text == '/') {
		char *end;
		unsigned long v = strtoul(text + 1, &end, 10);
		if (v >= SIM_NONE || text[1] < '0' || text[1] > '9')
			return false;
		snprintf(again, sizeof(again), "%lu", v);
		if (strlen(again) != (size_t)(end - text - 1))
			return false;
		*id[n++] = (uint16_t)v;
		text = end;
	}
	return *text == '\0' && n >= 3;
}

static bool
parse_link(const cbor_item_t *item, int64_t *out)
{
	char text[NAME_MAX_LEN + 1];
	unsigned oid, iid;
	int end = 0;

	if (!take_text(item, text) || sscanf(text, "%5u:%5u%n", &oid, &iid, &end) != 2 || text[end] != '\0')
		return false;
	*out = (int64_t)((uint32_t)oid << 16 | iid);
	return oid <= UINT16_MAX && iid <= UINT16_MAX;
}

static bool
take_octets(struct sim_decoder *d, struct sim_path p, enum sim_kind kind, const cbor_item_t *v)
{
	if (cbor_isa_string(v) && cbor_string_is_definite(v))
		return sim_decode_octets(d, p, kind, cbor_string_handle(v), cbor_string_length(v));
	if (cbor_isa_bytestring(v) && cbor_bytestring_is_definite(v))
		return sim_decode_octets(d, p, kind, cbor_bytestring_handle(v), cbor_bytestring_length(v));
	return sim_decode_fail(d, p, "text or octets of indefinite length");
}

static bool
take_integer(struct sim_decoder *d, struct sim_path p, enum sim_kind kind, const cbor_item_t *v)
{
	if (!cbor_is_int(v) || cbor_get_int(v) > INT64_MAX)
		return sim_decode_fail(d, p, "not an integer");
	int64_t n = (int64_t)cbor_get_int(v);
	static const int64_t least[] = { [CBOR_INT_16] = 1 << 8, [CBOR_INT_32] = 1 << 16, [CBOR_INT_64] = 1LL << 32 };
	if (n < least[cbor_int_get_width(v)])
		return sim_decode_fail(d, p, "an integer that is not in its shortest form");
	return sim_decode_number(d, p, kind, cbor_isa_negint(v) ? -1 - n : n);
}

/* Does the SenML label fit the type (LwM2M Core 1.1 appendix C)? */
static bool
label_fits(enum sim_kind kind, int label, const cbor_item_t *v)
{
	switch (kind) {
	case SIM_STRING:
		return label == LABEL_STRING && cbor_isa_string(v);
	case SIM_INTEGER:
	case SIM_UNSIGNED:
	case SIM_TIME:
		return label == LABEL_NUMBER;
	case SIM_BOOLEAN:
		return label == LABEL_BOOLEAN && cbor_is_bool(v);
	case SIM_OPAQUE:
		return label == LABEL_DATA && cbor_isa_bytestring(v);
	case SIM_OBJLNK:
		return label == LABEL_LINK;
	case SIM_SECRET_TEXT:
	case SIM_RAW:
		break;
	}
	return (label == LABEL_DATA && cbor_isa_bytestring(v)) || (label == LABEL_STRING && cbor_isa_string(v));
}

/* A resource outside the table is held by the type that the label shows. */
static enum sim_kind
kind_of_label(int label)
{
	return label == LABEL_NUMBER    ? SIM_INTEGER
	       : label == LABEL_BOOLEAN ? SIM_BOOLEAN
	       : label == LABEL_STRING  ? SIM_STRING
	       : label == LABEL_DATA    ? SIM_OPAQUE
					: SIM_OBJLNK;
}

static bool
take_record(struct sim_decoder *d, const char *base, const struct record *rec)
{
	const struct sim_resource *rule;
	char name[2 * NAME_MAX_LEN + 1];
	struct sim_path p;
	int64_t link;

	snprintf(name, sizeof(name), "%s%s", base, rec->name);
	if (!parse_name(name, &p))
		return sim_decode_fail(d, d->target, "a SenML name that is no path of a resource");
	if (!sim_path_under(p, d->target))
		return sim_decode_fail(d, p, "outside the path of the request");
	if (!sim_decode_rule(d, p, &rule) || !sim_decode_instance(d, p.oid, p.iid))
		return false;
	enum sim_kind kind = rule != NULL ? rule->kind : kind_of_label(rec->label);
	if (!label_fits(kind, rec->label, rec->value))
		return sim_decode_fail(d, p, "a SenML label or value that does not fit the resource's type");
	if (kind == SIM_BOOLEAN)
		return sim_decode_number(d, p, kind, cbor_get_bool(rec->value));
	if (kind == SIM_OBJLNK)
		return parse_link(rec->value, &link) ? sim_decode_number(d, p, kind, link)
						     : sim_decode_fail(d, p, "not an object link");
	if (rec->label == LABEL_NUMBER)
		return take_integer(d, p, kind, rec->value);
	return take_octets(d, p, kind, rec->value);
}

static bool
take_records(struct sim_decoder *d, const cbor_item_t *array)
{
	char base[NAME_MAX_LEN + 1] = "";
	struct record rec;

	if (!cbor_isa_array(array) || !cbor_array_is_definite(array))
		return sim_decode_fail(d, d->target, "SenML is an array of definite length");
	if (cbor_array_size(array) == 0 && d->target.iid == SIM_NONE)
		return sim_decode_fail(d, d->target, "a Write on an object without an instance");
	for (size_t i = 0; i < cbor_array_size(array); i++)
		if (!read_record(d, cbor_array_handle(array)[i], base, &rec) || !take_record(d, base, &rec))
			return false;
	return d->target.iid == SIM_NONE || sim_decode_instance(d, d->target.oid, d->target.iid);
}

/* Everything in its shortest form (RFC 8949 section 4.1): then encoding it again gives the same octets. */
static bool
is_shortest(const cbor_item_t *item, const uint8_t *data, size_t len)
{
	unsigned char *again = calloc(1, len + 1);
	size_t n = again != NULL ? cbor_serialize(item, again, len + 1) : 0;
	bool same = n == len && memcmp(again, data, len) == 0;

	if (again != NULL)
		bs_wipe(again, len + 1);
	free(again);
	return same;
}

/* The tree holds keys in its strings: wipe them before libcbor frees them. */
static void
wipe_tree(cbor_item_t *item)
{
	if (cbor_isa_array(item)) {
		for (size_t i = 0; i < cbor_array_size(item); i++)
			wipe_tree(cbor_array_handle(item)[i]);
	} else if (cbor_isa_map(item)) {
		for (size_t i = 0; i < cbor_map_size(item); i++)
			wipe_tree(cbor_map_handle(item)[i].value);
	} else if (cbor_isa_bytestring(item) && cbor_bytestring_is_definite(item) && cbor_bytestring_length(item) > 0) {
		bs_wipe(cbor_bytestring_handle(item), cbor_bytestring_length(item));
	}
}

bool
sim_decode_senml_cbor(struct sim_decoder *d, const uint8_t *data, size_t len)
{
	struct cbor_load_result res;
	cbor_item_t *item = len > 0 ? cbor_load(data, len, &res) : NULL;
	bool ok = false;

	if (item == NULL || res.read != len)
		sim_decode_fail(d, d->target, "not one item of CBOR");
	else if (!is_shortest(item, data, len))
		sim_decode_fail(d, d->target, "CBOR that is not in its shortest form");
	else
		ok = take_records(d, item);
	if (item != NULL) {
		wipe_tree(item);
		cbor_decref(&item);
	}
	return ok;
}
