/* SPDX-License-Identifier: Apache-2.0 */
#include "server/base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "server/base/text.h"

#define LINE_MAX_LEN 2048

static atomic_int log_most = BS_INFO;
static atomic_bool log_json;

static const char *const level_names[] = {
	[BS_ERROR] = "error",
	[BS_WARNING] = "warning",
	[BS_INFO] = "info",
	[BS_DEBUG] = "debug",
};

void
bs_log_init(enum bs_log_level most, bool json)
{
	log_most = (int)most;
	log_json = json;
}

bool
bs_log_wants(enum bs_log_level level)
{
	return (int)level <= log_most;
}

static void
put_time(struct bs_tw *w)
{
	struct timespec ts;
	char seconds[24];
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	if (strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", &tm) > 0)
		bs_tw_printf(w, "%s.%03uZ", seconds, (unsigned)(ts.tv_nsec / 1000000) % 1000);
}

/* A bare value may stand in JSON unquoted only when it is a number as JSON writes numbers. */
static bool
is_number(const char *v, size_t len)
{
	size_t i = len > 0 && v[0] == '-' ? 1 : 0;

	if (i == len || len > 18 || (v[i] == '0' && len > i + 1))
		return false;
	for (; i < len; i++) {
		if (v[i] < '0' || v[i] > '9')
			return false;
	}
	return true;
}

/* Length of the value at v: up to the blank behind it, or behind its closing quote. */
static size_t
value_len(const char *v)
{
	size_t n = 0;

	if (*v != '"')
		return strcspn(v, " ");
	for (n = 1; v[n] != '\0' && v[n] != '"'; n++) {
		if (v[n] == '\\' && v[n + 1] != '\0')
			n++;
	}
	return v[n] == '"' ? n + 1 : n;
}

/* Of a line that was cut: without its last field, which may lack its end. */
static void
drop_last_field(char *fields)
{
	char *end = fields, *p = fields;

	while (*p != '\0') {
		p += strcspn(p, "= ");
		p += *p == '=';
		p += value_len(p);
		if (*p == ' ')
			end = p;
		p += strspn(p, " ");
	}
	*end = '\0';
}

/* key=value pairs -> ,"key":value; a field that does not fit is left out with all behind it, so that the line stays JSON */
static void
put_json_fields(struct bs_tw *w, const char *fields)
{
	while (*fields != '\0') {
		size_t key = strcspn(fields, "= ");
		const char *value = fields + key + (fields[key] == '=');
		size_t n = value_len(value);
		const char *quote = *value == '"' || is_number(value, n) ? "" : "\"";

		bs_tw_printf(w, ",\"%.*s\":%s%.*s%s", (int)key, fields, quote, (int)n, value, quote);
		fields = value + n;
		fields += strspn(fields, " ");
	}
}

static void
write_line(const char *line, size_t len)
{
	if (write(STDERR_FILENO, line, len) < 0) {
		/* Nowhere left to say so. */
	}
}

static void BS_PRINTF(3, 0) log_line(enum bs_log_level level, const char *event, const char *fmt, va_list args)
{
	static const char json_end[] = "}\n", end[] = "\n";
	char fields[LINE_MAX_LEN], line[LINE_MAX_LEN + 512];
	struct bs_tw w = bs_tw_init(fields, sizeof(fields)), all = bs_tw_init(line, sizeof(line));

	bs_tw_vprintf_cut(&w, fmt, args);
	if (w.cut)
		drop_last_field(fields);
	all.max -= sizeof(json_end) - 1; /* the end of the line always fits */
	bs_tw_text(&all, log_json ? "{\"ts\":\"" : "ts=");
	put_time(&all);
	bs_tw_printf(&all, log_json ? "\",\"level\":\"%s\",\"event\":\"%s\"" : " level=%s event=%s", level_names[level],
		event);
	if (log_json)
		put_json_fields(&all, fields);
	else
		bs_tw_printf(&all, " %s", fields);
	all = bs_tw_resume(line, sizeof(line));
	bs_tw_text(&all, log_json ? json_end : end);
	write_line(line, all.len);
}

void
bs_log(enum bs_log_level level, const char *event, const char *fmt, ...)
{
	int saved = errno;
	va_list args;

	if (!bs_log_wants(level))
		return;
	va_start(args, fmt);
	log_line(level, event, fmt, args);
	va_end(args);
	errno = saved;
}

const char *
bs_log_quote_n(struct bs_quote *q, const void *data, size_t len)
{
	return bs_text_escape(q->text, sizeof(q->text), data, len, BS_WITH_QUOTES);
}

const char *
bs_log_quote(struct bs_quote *q, const char *text)
{
	return bs_log_quote_n(q, text != NULL ? text : "", text != NULL ? strlen(text) : 0);
}
