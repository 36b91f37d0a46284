/* SPDX-License-Identifier: Apache-2.0 */
#include "server/model/order.h"

#include <stdio.h>

#include "server/base/text.h"

/* Digits at *text, up to five; *text is behind them. 65535 and above: no object. */
static uint32_t
read_oid(const char **text)
{
	uint32_t n = 0;

	for (size_t digits = 0; **text >= '0' && **text <= '9' && digits < 5; digits++, (*text)++)
		n = 10 * n + (uint32_t)(**text - '0');
	return n;
}

static enum bs_err
read_list(const char *text, struct bs_order *out)
{
	while (*text != '\0') {
		const char *begin = text;
		uint32_t oid = read_oid(&text);

		if (text == begin || (*text != ',' && *text != '\0') || (*text == ',' && text[1] == '\0'))
			return BS_EFORMAT;
		if (oid >= UINT16_MAX)
			return BS_ERANGE;
		if (bs_order_rank(out, (uint16_t)oid) < out->count)
			return BS_EEXIST;
		if (out->count == BS_ORDER_MAX)
			return BS_ELIMIT;
		out->oids[out->count++] = (uint16_t)oid;
		text += *text == ',';
	}
	return BS_OK;
}

enum bs_err
bs_order_read(const char *text, struct bs_order *out)
{
	enum bs_err err;

	*out = (struct bs_order){ 0 };
	err = read_list(text, out);
	if (err != BS_OK)
		out->count = 0;
	return err;
}

const char *
bs_order_format(const struct bs_order *o, char out[BS_ORDER_TEXT])
{
	struct bs_tw w = bs_tw_init(out, BS_ORDER_TEXT);

	for (size_t i = 0; i < o->count; i++)
		bs_tw_printf(&w, "%s%u", i > 0 ? "," : "", o->oids[i]);
	return out;
}

size_t
bs_order_rank(const struct bs_order *o, uint16_t oid)
{
	size_t i = 0;

	while (i < o->count && o->oids[i] != oid)
		i++;
	return i;
}
