/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/sim/cbor.h"

#include <stdlib.h>
#include <string.h>

#include "server/base/secret.h"

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

void
sim_cbor_free(cbor_item_t *item)
{
	if (item == NULL)
		return;
	wipe_tree(item);
	cbor_decref(&item);
}

cbor_item_t *
sim_cbor_load(struct sim_decoder *d, const uint8_t *data, size_t len)
{
	struct cbor_load_result res;
	cbor_item_t *item = len > 0 ? cbor_load(data, len, &res) : NULL;

	if (item == NULL || res.read != len)
		sim_decode_fail(d, d->target, "not one item of CBOR");
	else if (!is_shortest(item, data, len))
		sim_decode_fail(d, d->target, "CBOR that is not in its shortest form");
	else
		return item;
	sim_cbor_free(item);
	return NULL;
}

/* libcbor encodes an integer in the width it came in: that one it would not notice. */
static bool
is_short_integer(const cbor_item_t *item)
{
	static const uint64_t least[] = { [CBOR_INT_16] = 1 << 8, [CBOR_INT_32] = 1 << 16, [CBOR_INT_64] = 1ULL << 32 };

	return cbor_get_int(item) >= least[cbor_int_get_width(item)];
}

bool
sim_cbor_uint(const cbor_item_t *item, uint64_t most, uint64_t *out)
{
	if (!cbor_isa_uint(item) || !is_short_integer(item))
		return false;
	*out = cbor_get_int(item);
	return *out <= most;
}

bool
sim_cbor_text(const cbor_item_t *item, const char **text, size_t *len)
{
	if (!cbor_isa_string(item) || !cbor_string_is_definite(item))
		return false;
	*text = (const char *)cbor_string_handle(item);
	*len = cbor_string_length(item);
	return true;
}

static bool
take_integer(const cbor_item_t *item, struct sim_scalar *out)
{
	if (cbor_get_int(item) > INT64_MAX || !is_short_integer(item))
		return false;
	int64_t n = (int64_t)cbor_get_int(item);
	*out = (struct sim_scalar){ .form = SIM_FORM_INTEGER, .number = cbor_isa_negint(item) ? -1 - n : n };
	return true;
}

bool
sim_cbor_scalar(const cbor_item_t *item, struct sim_scalar *out)
{
	const char *text;
	size_t len;

	if (cbor_is_int(item))
		return take_integer(item, out);
	if (cbor_is_float(item)) {
		*out = (struct sim_scalar){ .form = SIM_FORM_REAL, .real = cbor_float_get_float(item) };
		return true;
	}
	if (cbor_is_bool(item)) { /* after the floats: of one it must not be asked */
		*out = (struct sim_scalar){ .form = SIM_FORM_BOOLEAN, .number = cbor_get_bool(item) };
		return true;
	}
	if (sim_cbor_text(item, &text, &len)) {
		*out = (struct sim_scalar){ .form = SIM_FORM_TEXT, .data = text, .len = len };
		return true;
	}
	if (!cbor_isa_bytestring(item) || !cbor_bytestring_is_definite(item))
		return false;
	*out = (struct sim_scalar){
		.form = SIM_FORM_OCTETS, .data = cbor_bytestring_handle(item), .len = cbor_bytestring_length(item)
	};
	return true;
}
