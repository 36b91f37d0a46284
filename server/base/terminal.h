/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a person's terminal gets to see of texts that devices, makers of device files and servers wrote: nothing that moves
 * its cursor, paints or turns the text around. For the tools; once guarded, whatever they print goes through here.
 */
#ifndef BS_BASE_TERMINAL_H
#define BS_BASE_TERMINAL_H

#include <stdarg.h>
#include <stdio.h>

#include "server/base/err.h"

/*
 * From now on stdout and stderr show what is not printable (text.h) as \uXXXX, but for new line and tab: in JSON, where it
 * stands in strings alone, that is the same text. BS_ENOMEM: nothing is changed.
 */
BS_MUST_USE enum bs_err bs_terminal_guard(void);
/* The stream behind a guarded one, for octets that are data or ours: a key file, the line that shows progress. */
FILE *bs_terminal_raw(FILE *to);
/* As fprintf and vfprintf, but a new line, a tab and what is not printable come out as \uXXXX: it stays on its line. */
void bs_terminal_print(FILE *to, const char *fmt, ...) BS_PRINTF(2, 3);
void bs_terminal_vprint(FILE *to, const char *fmt, va_list args) BS_PRINTF(2, 0);

#endif
