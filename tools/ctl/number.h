/* SPDX-License-Identifier: Apache-2.0 */
/* A decimal number of a command line option: digits alone, min to max. */
#ifndef BS_TOOLS_CTL_NUMBER_H
#define BS_TOOLS_CTL_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

bool bs_number_read(const char *text, uint64_t min, uint64_t max, uint64_t *out);

#endif
