/* SPDX-License-Identifier: Apache-2.0 */
#include "server/base/text.h"

#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

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

size_t
bs_utf8_next(const void *data, size_t len, uint32_t *character)
{
	const uint8_t *p = data;
	uint32_t c;
	size_t n;

	if (p[0] < 0x80) {
		*character = p[0];
		return p[0] != 0;
	}
	n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	if (p[0] < 0xc2 || p[0] > 0xf4 || n > len)
		return 0;
	c = p[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3fu);
	}
	if ((n == 3 && c < 0x800) || (n == 4 && c < 0x10000) || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*character = c;
	return n;
}

/* Octets of the text up to where it is no UTF-8 any more: cut within a character, most likely. */
static size_t
whole_characters(const void *data, size_t len)
{
	const uint8_t *p = data;
	size_t at = 0, n;
	uint32_t character;

	while (at < len && (n = bs_utf8_next(p + at, len - at, &character)) > 0)
		at += n;
	return at;
}

bool
bs_utf8_valid(const void *data, size_t len)
{
	return whole_characters(data, len) == len;
}

/* ---- what may be shown -------------------------------------------------------------------------------------------- */

/* General categories Cc, Cf, Co, Cs, Zl and Zp of Unicode 15, and the noncharacters; in order. */
static const struct {
	uint32_t first, last;
} unprintable[] = {
	{ 0x0000, 0x001f },
	{ 0x007f, 0x009f },
	{ 0x00ad, 0x00ad },
	{ 0x0600, 0x0605 },
	{ 0x061c, 0x061c },
	{ 0x06dd, 0x06dd },
	{ 0x070f, 0x070f },
	{ 0x0890, 0x0891 },
	{ 0x08e2, 0x08e2 },
	{ 0x180e, 0x180e },
	{ 0x200b, 0x200f },
	{ 0x2028, 0x202e },
	{ 0x2060, 0x206f },
	{ 0xd800, 0xf8ff }, /* surrogates and private use */
	{ 0xfdd0, 0xfdef },
	{ 0xfeff, 0xfeff },
	{ 0xfff9, 0xfffb },
	{ 0xfffe, 0xffff },
	{ 0x110bd, 0x110bd },
	{ 0x110cd, 0x110cd },
	{ 0x13430, 0x1343f },
	{ 0x1bca0, 0x1bca3 },
	{ 0x1d173, 0x1d17a },
	{ 0xe0000, 0xe0fff }, /* tags, and what else may come there to be ignored */
	{ 0xf0000, 0x10ffff },
};

bool
bs_is_printable(uint32_t character)
{
	if ((character & 0xfffe) == 0xfffe || character > 0x10ffff)
		return false; /* the last two of each plane */
	for (size_t i = 0; i < sizeof(unprintable) / sizeof(unprintable[0]); i++) {
		if (character <= unprintable[i].last)
			return character < unprintable[i].first;
	}
	return true;
}

bool
bs_text_is_printable(const void *data, size_t len)
{
	const uint8_t *p = data;
	uint32_t character;

	for (size_t i = 0, n; i < len; i += n) {
		n = bs_utf8_next(p + i, len - i, &character);
		if (n == 0 || !bs_is_printable(character))
			return false;
	}
	return true;
}

/* ---- the cursor --------------------------------------------------------------------------------------------------- */

struct bs_tw
bs_tw_init(char *text, size_t max)
{
	if (max > 0)
		text[0] = '\0';
	return (struct bs_tw){ .text = text, .max = max };
}

struct bs_tw
bs_tw_resume(char *text, size_t max)
{
	size_t len = strnlen(text, max);

	return (struct bs_tw){ .text = text, .max = max, .len = len, .cut = len == max };
}

/* Octets that may still come, without the NUL. */
static size_t
room(const struct bs_tw *w)
{
	return w->cut || w->max == 0 ? 0 : w->max - w->len - 1; /* len is below max unless cut */
}

void
bs_tw_bytes(struct bs_tw *w, const void *data, size_t len)
{
	if (w->cut || len > room(w)) {
		w->cut = true;
		return;
	}
	if (len == 0)
		return;
	memcpy(w->text + w->len, data, len);
	w->len += len;
	w->text[w->len] = '\0';
}

void
bs_tw_text(struct bs_tw *w, const char *text)
{
	bs_tw_bytes(w, text, strlen(text));
}

static void BS_PRINTF(3, 0) write_formatted(struct bs_tw *w, bool may_cut, const char *fmt, va_list args)
{
	size_t left = room(w);
	int n;

	if (w->cut || w->max == 0) {
		w->cut = true;
		return;
	}
	n = vsnprintf(w->text + w->len, left + 1, fmt, args);
	if (n >= 0 && (size_t)n <= left) {
		w->len += (size_t)n;
		return;
	}
	w->cut = true;
	if (n >= 0 && may_cut)
		w->len += whole_characters(w->text + w->len, left);
	w->text[w->len] = '\0';
}

void
bs_tw_printf(struct bs_tw *w, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	write_formatted(w, false, fmt, args);
	va_end(args);
}

void
bs_tw_vprintf_cut(struct bs_tw *w, const char *fmt, va_list args)
{
	write_formatted(w, true, fmt, args);
}

/* ---- escaped ------------------------------------------------------------------------------------------------------ */

/* One character, or one octet that is part of none, as it is to appear. Returns the octets of input that it took. */
static size_t
escape_next(const uint8_t *p, size_t len, struct bs_tw *piece)
{
	uint32_t c;
	size_t n = bs_utf8_next(p, len, &c);

	if (n == 0)
		bs_tw_printf(piece, "\\u%04x", (unsigned)p[0]);
	else if (c == '"' || c == '\\')
		bs_tw_printf(piece, "\\%c", (char)c);
	else if (bs_is_printable(c))
		bs_tw_bytes(piece, p, n);
	else if (c <= 0xffff)
		bs_tw_printf(piece, "\\u%04x", (unsigned)c);
	else
		bs_tw_printf(piece, "\\u%04x\\u%04x", 0xd7c0u + (unsigned)(c >> 10), 0xdc00u + (unsigned)(c & 0x3ff));
	return n > 0 ? n : 1;
}

/* Printable ASCII that stands for itself. */
static bool
is_plain(uint8_t octet)
{
	return octet >= 0x20 && octet < 0x7f && octet != '"' && octet != '\\';
}

const char *
bs_text_escape(char *out, size_t max, const void *data, size_t len, enum bs_quoting quoting)
{
	static const char dots[] = "\xe2\x80\xa6", quote[] = "\"";
	const char *around = quoting == BS_WITH_QUOTES ? quote : "";
	size_t closing = strlen(around), cut_closing = strlen(dots) + closing;
	struct bs_tw w = bs_tw_init(out, max > closing ? max - closing : 0); /* the closing quote has its room */
	const uint8_t *p = data;
	size_t mark = 0; /* up to here there is room for the dots, too */

	if (max > 0)
		out[0] = '\0';
	bs_tw_text(&w, around);
	for (size_t i = 0; i < len && !w.cut;) {
		char one[16];
		struct bs_tw piece;

		mark = w.len + cut_closing < max ? w.len : mark;
		if (is_plain(p[i]) && w.len + 1 < w.max) { /* nearly all that is ever shown */
			out[w.len++] = (char)p[i++];
			out[w.len] = '\0';
			continue;
		}
		piece = bs_tw_init(one, sizeof(one));
		i += escape_next(p + i, len - i, &piece);
		bs_tw_bytes(&w, one, piece.len);
	}
	if (w.cut && (mark < closing || max <= cut_closing))
		return max > 0 ? strcpy(out, "") : out; /* no room for anything */
	if (w.cut) {
		out[mark] = '\0';
		w = bs_tw_resume(out, max);
		bs_tw_text(&w, dots);
	}
	w.max = max;
	bs_tw_text(&w, around);
	return out;
}
