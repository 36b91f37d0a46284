/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ctl/report.h"

#include <stdarg.h>

#include "server/base/terminal.h"

void
bs_report_init(struct bs_report *r, FILE *to, const char *source)
{
	*r = (struct bs_report){ .to = to, .source = source };
}

static void say(const struct bs_report *r, const char *kind, const char *field, const char *fmt, va_list args)
	BS_PRINTF(4, 0);

static void
say(const struct bs_report *r, const char *kind, const char *field, const char *fmt, va_list args)
{
	fputs("lwm2m-bootstrapctl: ", r->to);
	if (r->source != NULL && r->line != 0)
		bs_terminal_print(r->to, "%s:%lu: ", r->source, r->line);
	else if (r->source != NULL)
		bs_terminal_print(r->to, "%s: ", r->source);
	if (field != NULL)
		bs_terminal_print(r->to, "%s: ", field);
	fputs(kind, r->to);
	bs_terminal_vprint(r->to, fmt, args);
	fputc('\n', r->to);
}

void
bs_report_error(struct bs_report *r, const char *field, const char *fmt, ...)
{
	va_list args;

	if (++r->errors > BS_REPORT_SHOWN)
		return;
	va_start(args, fmt);
	say(r, "", field, fmt, args);
	va_end(args);
}

void
bs_report_warn(struct bs_report *r, const char *field, const char *fmt, ...)
{
	va_list args;

	if (++r->warnings > BS_REPORT_SHOWN)
		return;
	va_start(args, fmt);
	say(r, "warning: ", field, fmt, args);
	va_end(args);
}

void
bs_report_close(struct bs_report *r)
{
	if (r->errors > BS_REPORT_SHOWN)
		fprintf(r->to, "lwm2m-bootstrapctl: %lu more errors, not shown\n", r->errors - BS_REPORT_SHOWN);
	if (r->warnings > BS_REPORT_SHOWN)
		fprintf(r->to, "lwm2m-bootstrapctl: %lu more warnings, not shown\n", r->warnings - BS_REPORT_SHOWN);
}
