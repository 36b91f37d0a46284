/* SPDX-License-Identifier: Apache-2.0 */
#include "server/content/text_read.h"

#include <string.h>

#include "server/base/text.h"
#include "server/model/object.h"

bool
bs_text_read_id(const char *text, size_t len, size_t *pos, uint16_t *out)
{
	uint32_t n = 0;
	size_t i = *pos;

	for (; i < len && text[i] >= '0' && text[i] <= '9' && i - *pos < 6; i++)
		n = n * 10 + (uint32_t)(text[i] - '0');
	if (i == *pos || i - *pos > 5 || n > UINT16_MAX)
		return false;
	*pos = i;
	*out = (uint16_t)n;
	return true;
}

enum bs_err
bs_text_read_link(const char *text, size_t len, struct bs_value *out)
{
	size_t pos = 0;
	uint16_t oid, iid;

	if (!bs_text_read_id(text, len, &pos, &oid) || pos == len || text[pos++] != ':' ||
		!bs_text_read_id(text, len, &pos, &iid) || pos != len)
		return BS_EFORMAT;
	*out = (struct bs_value){ .type = BS_TYPE_OBJLNK, .link = { oid, iid } };
	return BS_OK;
}

enum bs_err
bs_text_read_number(enum bs_type type, const char *text, size_t len, struct bs_value *out)
{
	char copy[64];

	/* Digits and what belongs to them: the operator's form has words besides ("now", "inf"). */
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\0' || strchr("0123456789+-.eE", text[i]) == NULL)
			return BS_EFORMAT;
	}
	if (len == 0 || len >= sizeof(copy))
		return BS_EFORMAT;
	memcpy(copy, text, len);
	copy[len] = '\0';
	return bs_value_parse(type, copy, 0, NULL, 0, out);
}

static size_t
without_padding(const char *text, size_t len)
{
	size_t n = len;

	if (len % 4 != 0)
		return len;
	while (n > 0 && len - n < 2 && text[n - 1] == '=')
		n--;
	return n;
}

/* Up to 64 characters, whole groups of four but for the last. */
static void
read_piece(struct bs_wr *w, const char *text, size_t len)
{
	char padded[64 + 4];
	uint8_t octets[48];
	size_t n = 0, octet_count = 0;
	enum bs_err err;

	for (; n < len; n++)
		padded[n] = (char)(text[n] == '-' ? '+' : text[n] == '_' ? '/' : text[n]);
	while (n % 4 != 0)
		padded[n++] = '=';
	err = memchr(text, '=', len) == NULL ? bs_base64_decode(padded, n, octets, sizeof(octets), &octet_count)
					     : BS_EFORMAT;
	if (err != BS_OK)
		bs_wr_fail(w, err);
	bs_wr_bytes(w, octets, octet_count);
}

void
bs_text_read_base64(struct bs_wr *w, const char *text, size_t len)
{
	size_t end = without_padding(text, len);

	for (size_t i = 0, n; i < end; i += n) {
		n = end - i < 64 ? end - i : 64;
		read_piece(w, text + i, n);
	}
}
