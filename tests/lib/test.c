/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>

/*
 * A static OpenSSL newer than the C library is linked with __isoc23_strtol defined as strtol (tools/build/deps.sh). The linker
 * can do that only where something calls strtol, which a small test does not.
 */
long test_calls_strtol(const char *text);

long
test_calls_strtol(const char *text)
{
	return strtol(text, NULL, 10);
}

size_t
hex(const char *text, uint8_t *out, size_t max)
{
	size_t digits = 0;

	for (; *text != '\0'; text++) {
		static const char alphabet[] = "0123456789abcdef";
		const char *d = strchr(alphabet, *text | ((*text >= 'A' && *text <= 'F') ? 0x20 : 0));

		if (*text == ' ' || *text == '\n' || *text == '\t')
			continue;
		if (d == NULL || digits / 2 >= max)
			fail_msg("bad hexadecimal text at \"%s\"", text);
		if (digits % 2 == 0)
			out[digits / 2] = (uint8_t)((d - alphabet) << 4);
		else
			out[digits / 2] |= (uint8_t)(d - alphabet);
		digits++;
	}
	if (digits % 2 != 0)
		fail_msg("odd number of hexadecimal digits");
	return digits / 2;
}

uint8_t *
exact_copy(const void *data, size_t len)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);

	assert_non_null(copy);
	if (len > 0)
		memcpy(copy, data, len);
	return copy;
}

void
assert_hex(const char *row, const uint8_t *data, size_t len, const char *expected)
{
	uint8_t *want = malloc(strlen(expected) / 2 + 1);
	size_t want_len;

	assert_non_null(want);
	want_len = hex(expected, want, strlen(expected) / 2 + 1);
	if (len != want_len || memcmp(data, want, len) != 0) {
		print_message("%s: got %zu octets:\n", row, len);
		for (size_t i = 0; i < len; i++)
			print_message("%02x%s", data[i], i % 32 == 31 ? "\n" : " ");
		print_message("\nwant %zu octets: %s\n", want_len, expected);
		fail_msg("%s", row);
	}
	free(want);
}

void
test_random(void *arg, void *out, size_t len)
{
	uint64_t *s = arg;
	uint8_t *p = out;

	for (size_t i = 0; i < len; i++) {
		*s ^= *s << 13;
		*s ^= *s >> 7;
		*s ^= *s << 17;
		p[i] = (uint8_t)(*s >> 32);
	}
}
