/* SPDX-License-Identifier: Apache-2.0 */
/* Text forms of octets: hexadecimal, base64 (RFC 4648), UTF-8, what may be shown to a person; a cursor to put text together. */
#ifndef BS_BASE_TEXT_H
#define BS_BASE_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/base/err.h"

/* Exactly len digits, even, any case, nothing else. BS_EFORMAT, BS_ESPACE. */
BS_MUST_USE enum bs_err bs_hex_decode(const char *text, size_t len, uint8_t *out, size_t out_max, size_t *out_len);
/* out has room for 2 * len + 1. Returns out. */
char *bs_hex_encode(const void *data, size_t len, char *out);
/* Standard alphabet, padding required, no blanks. BS_EFORMAT, BS_ESPACE. */
BS_MUST_USE enum bs_err bs_base64_decode(const char *text, size_t len, uint8_t *out, size_t out_max, size_t *out_len);
/* out has room for 4 * ((len + 2) / 3) + 1. Returns out. */
char *bs_base64_encode(const void *data, size_t len, char *out);
/* Well-formed UTF-8 (RFC 3629) without NUL: no surrogates, no overlong forms, up to U+10FFFF. */
bool bs_utf8_valid(const void *data, size_t len);
/* Octets of the character at data, with its number in *character; 0: none that is well-formed, or NUL. len is 1 or more. */
size_t bs_utf8_next(const void *data, size_t len, uint32_t *character);

/*
 * May it reach a terminal as it is? Not so the controls (C0, DEL, C1), what only changes how its neighbours are shown (format
 * characters: bidirectional marks, joiners, tags), the line and paragraph separators, private use and noncharacters.
 */
bool bs_is_printable(uint32_t character);
/* Well-formed UTF-8 of such characters alone. */
bool bs_text_is_printable(const void *data, size_t len);

/*
 * Text in memory that somebody else owns, at most max octets with its NUL, which is always there (max 0: nothing is written).
 * A piece goes in whole or not at all. After one that did not fit, cut is true and nothing more goes in, so that whoever
 * builds a text looks once, at its end, or not at all.
 */
struct bs_tw {
	char *text;
	size_t max, len;
	bool cut;
};

struct bs_tw bs_tw_init(char *text, size_t max);
/* Go on behind the text that is there already; without a NUL within max it is as if cut. */
struct bs_tw bs_tw_resume(char *text, size_t max);
void bs_tw_bytes(struct bs_tw *w, const void *data, size_t len);
void bs_tw_text(struct bs_tw *w, const char *text);
void bs_tw_printf(struct bs_tw *w, const char *fmt, ...) BS_PRINTF(2, 3);
/* The one piece that may be cut, where a character of UTF-8 ends: the last one, written by a person or by a device. */
void bs_tw_vprintf_cut(struct bs_tw *w, const char *fmt, va_list args) BS_PRINTF(2, 0);

/*
 * The octets as text: printable characters as they are; quote and backslash behind a backslash; all else as \uXXXX, which is
 * JSON (a character beyond U+FFFF as its two surrogates, an octet that is no UTF-8 as \u00XX). What does not fit is left out
 * and the text ends in "…"; where there is no room for that either, it is empty. With quotes around it or without.
 */
enum bs_quoting { BS_WITH_QUOTES, BS_WITHOUT_QUOTES };
const char *bs_text_escape(char *out, size_t max, const void *data, size_t len, enum bs_quoting quoting);

#endif
