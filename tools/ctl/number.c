/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ctl/number.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool
bs_number_read(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
	if (text[0] == '\0' || strspn(text, "0123456789") != strlen(text))
		return false;
	errno = 0;
	*out = strtoull(text, NULL, 10);
	return errno == 0 && *out >= min && *out <= max;
}
