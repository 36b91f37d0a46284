/* SPDX-License-Identifier: Apache-2.0 */
#include "server/content/format.h"

#include <string.h>

static const struct bs_format formats[] = {
	{ BS_CF_TLV, "tlv", bs_tlv_encode },
	{ BS_CF_SENML_CBOR, "senml-cbor", bs_senml_cbor_encode },
};

#define FORMAT_COUNT (sizeof(formats) / sizeof(formats[0]))

const struct bs_format *
bs_format_find(uint16_t number)
{
	for (size_t i = 0; i < FORMAT_COUNT; i++) {
		if (formats[i].number == number)
			return &formats[i];
	}
	return NULL;
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
