/* SPDX-License-Identifier: Apache-2.0 */
#include "server/bootstrap/tell.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "server/base/buf.h"
#include "server/base/log.h"
#include "server/base/text.h"
#include "server/content/format.h"

#define DIAGNOSTIC_MAX 64
#define QUERY_SHOWN_MAX 48
#define PATH_SHOWN_MAX 48

void
bs_tell(char *text, size_t max, const char *fmt, ...)
{
	struct bs_tw w = bs_tw_resume(text, max);
	va_list args;

	if (w.len > 0)
		bs_tw_text(&w, "; ");
	va_start(args, fmt);
	bs_tw_vprintf_cut(&w, fmt, args);
	va_end(args);
}

/* The end of the last whole character within len octets, behind which there are more. */
static size_t
end_of_character(const uint8_t *data, size_t len)
{
	while (len > 0 && (data[len] & 0xc0) == 0x80)
		len--;
	return len;
}

/* NULL: nothing to show. */
static const char *
diagnostic(const struct bs_msg *m, struct bs_quote *q)
{
	size_t len = m->payload_len;

	if (len == 0 || (m->content_format != BS_NO_FORMAT && m->content_format != BS_CF_TEXT))
		return NULL;
	if (len > DIAGNOSTIC_MAX)
		len = end_of_character(m->payload, DIAGNOSTIC_MAX);
	return bs_text_is_printable(m->payload, len) ? bs_log_quote_n(q, m->payload, len) : NULL;
}

static void
tell_code(char *text, size_t max, const char *step, const struct bs_msg *reply)
{
	struct bs_quote q;
	const char *diag = diagnostic(reply, &q);
	char code[BS_CODE_TEXT];

	bs_code_format(reply->code, code);
	if (diag != NULL)
		bs_tell(text, max, "%s answered %s %s", step, code, diag);
	else
		bs_tell(text, max, "%s answered %s", step, code);
}

void
bs_tell_answer(char *text, size_t max, const char *step, enum bs_err err, const struct bs_msg *reply)
{
	if (err == BS_OK)
		tell_code(text, max, step, reply);
	else if (err == BS_ETIMEOUT)
		bs_tell(text, max, "no answer to %s", step);
	else if (err == BS_ERESET)
		bs_tell(text, max, "%s answered with a reset", step);
	else if (err == BS_ELIMIT)
		bs_tell(text, max, "%s answered with more than this server takes", step);
	else
		bs_tell(text, max, "%s answered in blocks that do not fit together", step);
}

/* "/t9/bs", as far as it goes into path. Returns the octets that went in. */
static size_t
join_path(const struct bs_msg *msg, uint8_t *path, size_t max)
{
	struct bs_wr w = bs_wr_init(path, max);

	for (size_t i = 0; i < msg->path_count; i++) {
		const struct bs_segment *s = &msg->path[i];

		bs_wr_u8(&w, '/');
		for (size_t k = 0; k < s->len; k++)
			bs_wr_u8(&w, s->data[k]);
	}
	if (w.len == 0)
		bs_wr_u8(&w, '/');
	return w.len;
}

void
bs_tell_stray(char *text, size_t max, const struct bs_msg *msg, uint8_t code)
{
	static const char *const methods[] = { "?", "GET", "POST", "PUT", "DELETE", "FETCH", "PATCH", "iPATCH" };
	uint8_t path[PATH_SHOWN_MAX + 4];
	size_t len = join_path(msg, path, sizeof(path));
	bool cut = len > PATH_SHOWN_MAX;
	char code_text[BS_CODE_TEXT];
	struct bs_quote q;

	bs_log_quote_n(&q, path, cut ? end_of_character(path, PATH_SHOWN_MAX) : len);
	bs_tell(text, max, "a request was answered %s: %s %s%s", bs_code_format(code, code_text),
		methods[msg->code < sizeof(methods) / sizeof(methods[0]) ? msg->code : 0], q.text, cut ? " .." : "");
}

void
bs_tell_query(char *text, size_t max, const struct bs_msg *msg)
{
	struct bs_quote q;

	for (size_t i = 0; i < msg->query_count; i++) {
		const struct bs_segment *s = &msg->query[i];
		bool cut = s->len > QUERY_SHOWN_MAX;

		bs_log_quote_n(&q, s->data, cut ? QUERY_SHOWN_MAX : s->len);
		bs_tell(text, max, "query %s%s", q.text, cut ? " .." : "");
	}
}
