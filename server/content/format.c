/* SPDX-License-Identifier: Apache-2.0 */
#include "server/content/format.h"

#include <string.h>

static const struct bs_format formats[] = {
	{ BS_CF_TLV, "tlv", bs_tlv_encode },
	{ BS_CF_SENML_JSON, "senml-json", bs_senml_json_encode },
	{ BS_CF_SENML_CBOR, "senml-cbor", bs_senml_cbor_encode },
	{ BS_CF_LWM2M_CBOR, "lwm2m-cbor", bs_lwm2m_cbor_encode },
};
#define FORMAT_COUNT (sizeof(formats) / sizeof(formats[0]))

static const struct bs_format singles[] = {
	{ BS_CF_TEXT, "text", bs_text_encode },
	{ BS_CF_OPAQUE, "opaque", bs_opaque_encode },
	{ BS_CF_CBOR, "cbor", bs_cbor_encode },
};
#define SINGLE_COUNT (sizeof(singles) / sizeof(singles[0]))

static const struct bs_format *
find(const struct bs_format *rows, size_t count, uint16_t number)
{
	for (size_t i = 0; i < count; i++) {
		if (rows[i].number == number)
			return &rows[i];
	}
	return NULL;
}

const struct bs_format *
bs_format_find(uint16_t number)
{
	return find(formats, FORMAT_COUNT, number);
}

const struct bs_format *
bs_format_find_single(uint16_t number)
{
	return find(singles, SINGLE_COUNT, number);
}

const struct bs_format *
bs_format_find_name(const char *name)
{
	for (size_t i = 0; i < FORMAT_COUNT; i++) {
		if (strcmp(formats[i].name, name) == 0)
			return &formats[i];
	}
	return NULL;
}
