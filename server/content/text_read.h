/* SPDX-License-Identifier: Apache-2.0 */
/* Values from characters, the other way round of text_write.h. */
#ifndef BS_CONTENT_TEXT_READ_H
#define BS_CONTENT_TEXT_READ_H

#include "server/base/buf.h"
#include "server/model/value.h"

/* Up to five decimal digits from *pos on, up to 65535; *pos then stands behind them. False: none, or too many. */
bool bs_text_read_id(const char *text, size_t len, size_t *pos, uint16_t *out);
/* "o:i" and nothing else. BS_EFORMAT. */
BS_MUST_USE enum bs_err bs_text_read_link(const char *text, size_t len, struct bs_value *out);
/* Decimal, as INTEGER, TIME, UNSIGNED or FLOAT. BS_EFORMAT, BS_ERANGE. */
BS_MUST_USE enum bs_err bs_text_read_number(enum bs_type type, const char *text, size_t len, struct bs_value *out);
/* Both alphabets of RFC 4648, with padding or without. Errors go to w: BS_EFORMAT, BS_ESPACE. */
void bs_text_read_base64(struct bs_wr *w, const char *text, size_t len);

#endif
