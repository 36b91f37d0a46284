/* SPDX-License-Identifier: Apache-2.0 */
/* Values as characters, written through a cursor: for text/plain, for SenML JSON, and for object links everywhere. */
#ifndef BS_CONTENT_TEXT_WRITE_H
#define BS_CONTENT_TEXT_WRITE_H

#include "server/base/buf.h"
#include "server/model/value.h"

enum bs_base64 { BS_BASE64_PADDED, BS_BASE64_URL }; /* RFC 4648: section 4; section 5 without padding */

void bs_text_write(struct bs_wr *w, const char *text);
/*
 * INTEGER, TIME, UNSIGNED, FLOAT in decimal. A real number takes as many digits as read back as the same; not a
 * number and the infinities have no such form: BS_EUNSUPPORTED.
 */
void bs_text_write_number(struct bs_wr *w, const struct bs_value *v);

#define BS_LINK_TEXT 12
/* "o:i". Returns its length. */
size_t bs_link_format(const struct bs_value *v, char out[BS_LINK_TEXT]);

/* Leaves no copy of the octets behind. */
void bs_text_write_base64(struct bs_wr *w, const void *data, size_t len, enum bs_base64 form);

#endif
