/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/sim/verdict.h"

#include <stdarg.h>
#include <stdio.h>

bool
sim_refuse(struct sim_verdict *v, uint8_t code, const char *fmt, ...)
{
	va_list ap;

	if (v->code != 0)
		return false;
	v->code = code;
	va_start(ap, fmt);
	vsnprintf(v->text, sizeof(v->text), fmt, ap);
	va_end(ap);
	return false;
}
