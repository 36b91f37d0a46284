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
format_time(char out[32])
{
	struct timespec ts;
	struct tm tm;
	size_t n;

	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	n = strftime(out, 32, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out + n, 32 - n, ".%03uZ", (unsigned)(ts.tv_nsec / 1000000) % 1000);
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

/* key=value pairs -> ,"key":value */
static size_t
fields_to_json(const char *fields, char *out, size_t max)
{
	size_t len = 0;

	while (*fields != '\0') {
		size_t key = strcspn(fields, "= ");
		const char *value = fields + key + (fields[key] == '=');
		size_t n = value_len(value);
		const char *quote = *value == '"' || is_number(value, n) ? "" : "\"";
		int w = snprintf(
			out + len, max - len, ",\"%.*s\":%s%.*s%s", (int)key, fields, quote, (int)n, value, quote);

		if (w < 0 || (size_t)w >= max - len)
			break; /* a cut line must stay JSON: leave out what does not fit */
		len += (size_t)w;
		fields = value + n;
		fields += strspn(fields, " ");
	}
	return len;
}

void
bs_log(enum bs_log_level level, const char *event, const char *fmt, ...)
{
	int saved = errno;
	char time_text[32], fields[LINE_MAX_LEN], line[LINE_MAX_LEN + 512];
	va_list args;
	size_t len;

	if (!bs_log_wants(level))
		return;
	va_start(args, fmt);
	vsnprintf(fields, sizeof(fields), fmt, args);
	va_end(args);
	format_time(time_text);
	if (log_json) {
		len = (size_t)snprintf(line, sizeof(line), "{\"ts\":\"%s\",\"level\":\"%s\",\"event\":\"%s\"",
			time_text, level_names[level], event);
		len += fields_to_json(fields, line + len, sizeof(line) - len - 2);
		line[len++] = '}';
	} else {
		len = (size_t)snprintf(line, sizeof(line) - 1, "ts=%s level=%s event=%s %s", time_text,
			level_names[level], event, fields);
		if (len > sizeof(line) - 2)
			len = sizeof(line) - 2;
	}
	line[len++] = '\n';
	if (write(STDERR_FILENO, line, len) < 0) {
		/* Nowhere left to say so. */
	}
	errno = saved;
}

const char *
bs_log_quote_n(struct bs_quote *q, const void *data, size_t len)
{
	const unsigned char *p = data;
	bool utf8 = bs_utf8_valid(data, len);
	size_t n = 0;

	q->text[n++] = '"';
	for (size_t i = 0; i < len; i++) {
		bool plain = p[i] >= 0x20 && p[i] != 0x7f && p[i] != '"' && p[i] != '\\' && (p[i] < 0x80 || utf8);

		if (n > sizeof(q->text) - 16 && (p[i] & 0xc0) != 0x80) {
			memcpy(q->text + n, "\xe2\x80\xa6", 3);
			n += 3;
			break;
		}
		if (plain)
			q->text[n++] = (char)p[i];
		else if (p[i] == '"' || p[i] == '\\')
			n += (size_t)snprintf(q->text + n, sizeof(q->text) - n, "\\%c", p[i]);
		else
			n += (size_t)snprintf(q->text + n, sizeof(q->text) - n, "\\u%04x", p[i]);
	}
	q->text[n++] = '"';
	q->text[n] = '\0';
	return q->text;
}

const char *
bs_log_quote(struct bs_quote *q, const char *text)
{
	return bs_log_quote_n(q, text != NULL ? text : "", text != NULL ? strlen(text) : 0);
}
