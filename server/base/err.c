/* SPDX-License-Identifier: Apache-2.0 */
#include "server/base/err.h"

#include <stdarg.h>

#include "server/base/text.h"

const char *
bs_strerror(enum bs_err err)
{
#define X(name, text) [name] = text,
	static const char *const texts[] = { BS_ERRORS(X) };
#undef X

	return (unsigned)err < BS_ERR_COUNT ? texts[err] : "unknown error";
}

enum bs_err
bs_diag_set(struct bs_diag *diag, enum bs_err err, unsigned line, const char *fmt, ...)
{
	va_list args;

	if (diag != NULL) {
		struct bs_tw w = bs_tw_init(diag->text, sizeof(diag->text));

		diag->err = err;
		diag->line = line;
		va_start(args, fmt);
		bs_tw_vprintf_cut(&w, fmt, args);
		va_end(args);
	}
	return err;
}
