/* SPDX-License-Identifier: Apache-2.0 */
/* Text forms of octets: hexadecimal, base64 (RFC 4648), UTF-8 check. */
#ifndef BS_BASE_TEXT_H
#define BS_BASE_TEXT_H

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

#endif
