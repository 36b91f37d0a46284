/* SPDX-License-Identifier: Apache-2.0 */
#include "server/base/text.h"

#include <openssl/evp.h>
#include <string.h>

/* Of each digit its value and 1; a million keys are read by this table. */
static const uint8_t digits_plus_1[256] = {
	['0'] = 1,
	['1'] = 2,
	['2'] = 3,
	['3'] = 4,
	['4'] = 5,
	['5'] = 6,
	['6'] = 7,
	['7'] = 8,
	['8'] = 9,
	['9'] = 10,
	['a'] = 11,
	['b'] = 12,
	['c'] = 13,
	['d'] = 14,
	['e'] = 15,
	['f'] = 16,
	['A'] = 11,
	['B'] = 12,
	['C'] = 13,
	['D'] = 14,
	['E'] = 15,
	['F'] = 16,
};

enum bs_err
bs_hex_decode(const char *text, size_t len, uint8_t *out, size_t out_max, size_t *out_len)
{
	if (len % 2 != 0)
		return BS_EFORMAT;
	if (len / 2 > out_max)
		return BS_ESPACE;
	for (size_t i = 0; i < len; i += 2) {
		unsigned hi = digits_plus_1[(unsigned char)text[i]], lo = digits_plus_1[(unsigned char)text[i + 1]];

		if (hi == 0 || lo == 0)
			return BS_EFORMAT;
		out[i / 2] = (uint8_t)((hi - 1) << 4 | (lo - 1));
	}
	*out_len = len / 2;
	return BS_OK;
}

char *
bs_hex_encode(const void *data, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *p = data;

	for (size_t i = 0; i < len; i++) {
		out[2 * i] = digits[p[i] >> 4];
		out[2 * i + 1] = digits[p[i] & 15];
	}
	out[2 * len] = '\0';
	return out;
}

/* EVP_DecodeBlock forgives blanks at the ends and stray padding; this says which text it may see at all. */
static bool
base64_well_formed(const char *text, size_t len, size_t *padding)
{
	size_t body = len;

	if (len % 4 != 0)
		return false;
	while (body > 0 && len - body < 2 && text[body - 1] == '=')
		body--;
	for (size_t i = 0; i < body; i++) {
		unsigned char c = (unsigned char)text[i];
		bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');

		if (!letter && c != '+' && c != '/')
			return false;
	}
	*padding = len - body;
	return true;
}

enum bs_err
bs_base64_decode(const char *text, size_t len, uint8_t *out, size_t out_max, size_t *out_len)
{
	size_t padding;

	if (!base64_well_formed(text, len, &padding))
		return BS_EFORMAT;
	if (len / 4 * 3 > out_max + padding || len > INT32_MAX)
		return BS_ESPACE;
	*out_len = 0;
	for (size_t i = 0; i < len; i += 4) {
		uint8_t three[3];
		size_t n = i + 4 == len ? 3 - padding : 3;

		if (EVP_DecodeBlock(three, (const unsigned char *)text + i, 4) != 3)
			return BS_EFORMAT;
		memcpy(out + *out_len, three, n);
		*out_len += n;
	}
	return BS_OK;
}

char *
bs_base64_encode(const void *data, size_t len, char *out)
{
	EVP_EncodeBlock((unsigned char *)out, data, (int)len);
	return out;
}

/* Length of the sequence that starts at p, 0 when it is not well-formed. */
static size_t
utf8_sequence(const uint8_t *p, size_t left)
{
	uint32_t cp;
	size_t n;

	if (p[0] < 0x80)
		return p[0] != 0;
	n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	if (p[0] < 0xc2 || p[0] > 0xf4 || n > left)
		return 0;
	cp = p[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		cp = cp << 6 | (p[i] & 0x3fu);
	}
	if ((n == 3 && cp < 0x800) || (n == 4 && cp < 0x10000) || cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
		return 0;
	return n;
}

bool
bs_utf8_valid(const void *data, size_t len)
{
	const uint8_t *p = data;

	for (size_t i = 0, n; i < len; i += n) {
		n = utf8_sequence(p + i, len - i);
		if (n == 0)
			return false;
	}
	return true;
}
