/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One line per event on standard error: an event name and fields.
 *
 *   ts=2026-03-01T02:03:04.567Z level=info event=bootstrap.done ep="dev-1" writes=4     (logfmt)
 *   {"ts":"…","level":"info","event":"bootstrap.done","ep":"dev-1","writes":4}           (JSON)
 *
 * The format string writes `key=value` pairs with single blanks between. A value is bare (number, name, address) or
 * comes quoted out of bs_log_quote. What came from the network or a file is always quoted. Never a secret.
 * Thread-safe: one write(2) a line. errno survives the call.
 */
#ifndef BS_BASE_LOG_H
#define BS_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>

#include "server/base/err.h"

enum bs_log_level { BS_ERROR, BS_WARNING, BS_INFO, BS_DEBUG };

struct bs_quote {
	char text[400]; /* longer input is cut and ends in "…" */
};

void bs_log_init(enum bs_log_level most, bool json);
bool bs_log_wants(enum bs_log_level level);
void bs_log(enum bs_log_level level, const char *event, const char *fmt, ...) BS_PRINTF(3, 4);
/* Quote for either output form: as bs_text_escape (text.h) has it, all that is not printable is escaped. */
const char *bs_log_quote(struct bs_quote *q, const char *text);
const char *bs_log_quote_n(struct bs_quote *q, const void *data, size_t len);

#endif
