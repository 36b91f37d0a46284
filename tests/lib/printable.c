/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/printable.h"

#include <stdint.h>

#include "server/base/text.h"

/* Code point of the well-formed sequence at p; *n octets. */
static uint32_t
code_point(const uint8_t *p, size_t *n)
{
	uint32_t cp;

	*n = p[0] < 0x80 ? 1 : p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	cp = *n == 1 ? p[0] : p[0] & (0x7fu >> *n);
	for (size_t i = 1; i < *n; i++)
		cp = cp << 6 | (p[i] & 0x3fu);
	return cp;
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

bool
is_printable(const char *text, size_t len)
{
	const uint8_t *p = (const uint8_t *)text;

	if (!bs_utf8_valid(text, len))
		return false;
	for (size_t i = 0, n; i < len; i += n)
		if (is_forbidden(code_point(p + i, &n)))
			return false;
	return true;
}
