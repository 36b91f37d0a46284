/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sentences of a report, for a person. Each call appends to text (max octets with its NUL), "; " between; what does not
 * fit is cut where a character ends. What the device said is quoted; the result is always UTF-8.
 */
#ifndef BS_BOOTSTRAP_TELL_H
#define BS_BOOTSTRAP_TELL_H

#include "server/coap/msg.h"

void bs_tell(char *text, size_t max, const char *fmt, ...) BS_PRINTF(3, 4);
/*
 * How step ("write /0/1") was answered: its code and, when that is printable, up to 64 octets of the diagnostic payload
 * (RFC 7252, 5.5.2); or that it was not. reply is NULL unless err is BS_OK.
 */
void bs_tell_answer(char *text, size_t max, const char *step, enum bs_err err, const struct bs_msg *reply);
/* How a request that is none of a Bootstrap-Client was answered: a request was answered 4.04: POST "/t9/bs". */
void bs_tell_stray(char *text, size_t max, const struct bs_msg *msg, uint8_t code);
/* The queries of a request, as they came. */
void bs_tell_query(char *text, size_t max, const struct bs_msg *msg);

#endif
