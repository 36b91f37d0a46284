/* SPDX-License-Identifier: Apache-2.0 */
/* What may reach a terminal: UTF-8 without anything that moves a cursor, ends a line or turns text round. */
#ifndef BS_TESTS_LIB_PRINTABLE_H
#define BS_TESTS_LIB_PRINTABLE_H

#include <stdbool.h>
#include <stddef.h>

/* Well-formed; NUL is a character like others. */
bool is_utf8(const void *text, size_t len);
/* And neither C0, DEL and C1 controls, nor line and paragraph separators, nor bidirectional marks. */
bool is_printable(const void *text, size_t len);

#endif
