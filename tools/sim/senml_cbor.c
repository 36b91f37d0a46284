/* SPDX-License-Identifier: Apache-2.0 */
/* SenML CBOR (RFC 8428 section 6): an array of maps whose labels are small numbers, and the text "vlo". */
#include <string.h>

#include "tools/sim/cbor.h"
#include "tools/sim/senml.h"

#define LABEL_BASE_VERSION (-1)
#define LABEL_BASE_NAME (-2)
#define LABEL_NAME 0
#define LABEL_NUMBER 2
#define LABEL_STRING 3
#define LABEL_BOOLEAN 4
#define LABEL_DATA 8
#define LABEL_LINK 100 /* the text "vlo" */
#define LABEL_OTHER 101

static int
label_of(const cbor_item_t *key)
{
	const char *text;
	size_t len;

	if (cbor_isa_uint(key) && cbor_get_int(key) < LABEL_LINK)
		return (int)cbor_get_int(key);
	if (cbor_isa_negint(key) && cbor_get_int(key) < LABEL_LINK)
		return -1 - (int)cbor_get_int(key);
	return sim_cbor_text(key, &text, &len) && len == 3 && memcmp(text, "vlo", 3) == 0 ? LABEL_LINK : LABEL_OTHER;
}

/* Is the value of the type that its label says? */
static bool
label_fits(int label, enum sim_form form)
{
	switch (label) {
	case LABEL_NUMBER:
		return form == SIM_FORM_INTEGER || form == SIM_FORM_REAL;
	case LABEL_STRING:
	case LABEL_LINK:
		return form == SIM_FORM_TEXT;
	case LABEL_BOOLEAN:
		return form == SIM_FORM_BOOLEAN;
	case LABEL_DATA:
		return form == SIM_FORM_OCTETS;
	}
	return false; /* time and units have no place in a Write */
}

static bool
take_pair(struct sim_senml_record *rec, char *base, const struct cbor_pair *pair)
{
	int label = label_of(pair->key);
	struct sim_scalar value;
	const char *text;
	size_t len;

	if (label == LABEL_BASE_VERSION)
		return true;
	if (label == LABEL_BASE_NAME)
		return sim_cbor_text(pair->value, &text, &len) && sim_senml_base(rec, base, text, len);
	if (label == LABEL_NAME)
		return sim_cbor_text(pair->value, &text, &len) && sim_senml_name(rec, text, len);
	if (!sim_cbor_scalar(pair->value, &value) || !label_fits(label, value.form))
		return false;
	if (label == LABEL_LINK)
		value.form = SIM_FORM_LINK;
	return sim_senml_value(rec, value);
}

static bool
take_record(struct sim_decoder *d, char *base, const cbor_item_t *map)
{
	struct sim_senml_record rec = { .valued = false };

	if (!cbor_isa_map(map) || !cbor_map_is_definite(map))
		return sim_decode_fail(d, d->target, "a SenML record is a map of definite length");
	for (size_t i = 0; i < cbor_map_size(map); i++)
		if (!take_pair(&rec, base, &cbor_map_handle(map)[i]))
			return sim_decode_fail(d, d->target, "a SenML label twice, unknown, or of the wrong type");
	return sim_senml_take(d, base, &rec);
}

static bool
take_pack(struct sim_decoder *d, const cbor_item_t *array)
{
	char base[SIM_NAME_MAX + 1] = "";

	if (!cbor_isa_array(array) || !cbor_array_is_definite(array))
		return sim_decode_fail(d, d->target, "SenML is an array of definite length");
	for (size_t i = 0; i < cbor_array_size(array); i++)
		if (!take_record(d, base, cbor_array_handle(array)[i]))
			return false;
	return sim_senml_end(d);
}

bool
sim_decode_senml_cbor(struct sim_decoder *d, const uint8_t *data, size_t len)
{
	cbor_item_t *item = sim_cbor_load(d, data, len);
	bool ok = item != NULL && take_pack(d, item);

	sim_cbor_free(item);
	return ok;
}
