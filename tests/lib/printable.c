/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/printable.h"

#include <stdint.h>

/* RFC 3629, written anew: a check must not lean on what it checks. Octets of the sequence at p; 0: not well-formed. */
static size_t
next(const uint8_t *p, size_t left, uint32_t *cp)
{
	static const struct {
		uint8_t first, last; /* of its first octet */
		size_t len;
		uint32_t least;
	} rows[] = {
		{ 0x00, 0x7f, 1, 0 },
		{ 0xc2, 0xdf, 2, 0x80 },
		{ 0xe0, 0xef, 3, 0x800 },
		{ 0xf0, 0xf4, 4, 0x10000 },
	};

	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		size_t n = rows[r].len;

		if (p[0] < rows[r].first || p[0] > rows[r].last || n > left)
			continue;
		*cp = n == 1 ? p[0] : p[0] & (0x7fu >> n);
		for (size_t i = 1; i < n; i++) {
			if (p[i] < 0x80 || p[i] > 0xbf)
				return 0;
			*cp = *cp << 6 | (p[i] & 0x3fu);
		}
		return *cp < rows[r].least || *cp > 0x10ffff || (*cp >= 0xd800 && *cp <= 0xdfff) ? 0 : n;
	}
	return 0;
}

static bool
is_forbidden(uint32_t cp)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{ 0x00, 0x1f },
		{ 0x7f, 0x9f },
		{ 0x61c, 0x61c },
		{ 0x200e, 0x200f },
		{ 0x2028, 0x202e },
		{ 0x2066, 0x2069 },
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (cp >= ranges[i].first && cp <= ranges[i].last)
			return true;
	return false;
}

static bool
is_text(const void *text, size_t len, bool printable)
{
	const uint8_t *p = text;
	uint32_t cp;

	for (size_t i = 0, n; i < len; i += n) {
		n = next(p + i, len - i, &cp);
		if (n == 0 || (printable && is_forbidden(cp)))
			return false;
	}
	return true;
}

bool
is_utf8(const void *text, size_t len)
{
	return is_text(text, len, false);
}

bool
is_printable(const void *text, size_t len)
{
	return is_text(text, len, true);
}
