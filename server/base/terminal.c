/* SPDX-License-Identifier: Apache-2.0 */
#include "server/base/terminal.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/base/text.h"

#define CHARACTER_MAX 4 /* octets of one in UTF-8 */
#define SHOWN_MAX 16 /* and of how it is shown, with the NUL */
#define CHUNK 4096

/* What came of a character that is not whole yet waits in held. */
struct guard {
	int fd;
	FILE *raw;
	uint8_t held[CHARACTER_MAX];
	size_t held_len;
};

static struct guard guards[2] = { { .fd = STDOUT_FILENO }, { .fd = STDERR_FILENO } };

/* ---- one character ---------------------------------------------------------------------------------------------- */

static void
show_escaped(uint32_t c, struct bs_tw *out)
{
	if (c > 0xffff) {
		bs_tw_printf(out, "\\u%04x", 0xd800 + ((c - 0x10000) >> 10));
		c = 0xdc00 + ((c - 0x10000) & 0x3ff);
	}
	bs_tw_printf(out, "\\u%04x", c);
}

/* Show the character at data, or the octet that begins none; returns its octets. */
static size_t
show_next(const uint8_t *data, size_t len, bool layout, struct bs_tw *out)
{
	uint32_t c = data[0];
	size_t n = bs_utf8_next(data, len, &c);

	if (n > 0 && (bs_is_printable(c) || (layout && (c == '\n' || c == '\t'))))
		bs_tw_bytes(out, data, n);
	else
		show_escaped(n > 0 ? c : data[0], out);
	return n > 0 ? n : 1;
}

/* May more octets make a character of these? */
static bool
is_begun(const uint8_t *data, size_t len)
{
	size_t whole = data[0] >= 0xf0 ? 4 : data[0] >= 0xe0 ? 3 : data[0] >= 0xc0 ? 2 : 1;

	for (size_t i = 1; i < len; i++)
		if ((data[i] & 0xc0) != 0x80)
			return false;
	return len < whole;
}

/* ---- a stream --------------------------------------------------------------------------------------------------- */

static bool
write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno != EINTR)
			return false;
		data += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return true;
}

/* Take an octet; what becomes whole by it is shown. */
static void
take(struct guard *g, uint8_t octet, struct bs_tw *out)
{
	g->held[g->held_len++] = octet;
	while (g->held_len > 0 && !is_begun(g->held, g->held_len)) {
		size_t n = show_next(g->held, g->held_len, true, out);

		g->held_len -= n;
		memmove(g->held, g->held + n, g->held_len);
	}
}

static ssize_t
guarded_write(void *cookie, const char *data, size_t len)
{
	struct guard *g = cookie;
	char chunk[CHUNK];
	struct bs_tw out = bs_tw_init(chunk, sizeof(chunk));

	for (size_t i = 0; i < len; i++) {
		take(g, (uint8_t)data[i], &out);
		if (out.max - out.len > CHARACTER_MAX * SHOWN_MAX)
			continue;
		if (!write_all(g->fd, out.text, out.len))
			return 0; /* fopencookie(3): an error */
		out = bs_tw_init(chunk, sizeof(chunk));
	}
	return write_all(g->fd, out.text, out.len) ? (ssize_t)len : 0;
}

static FILE *
open_guarded(struct guard *g, int buffering)
{
	FILE *f = fopencookie(g, "w", (cookie_io_functions_t){ .write = guarded_write });

	if (f != NULL)
		setvbuf(f, NULL, buffering, buffering == _IONBF ? 0 : BUFSIZ);
	return f;
}

enum bs_err
bs_terminal_guard(void)
{
	FILE *out = open_guarded(&guards[0], isatty(STDOUT_FILENO) ? _IOLBF : _IOFBF);
	FILE *err = open_guarded(&guards[1], _IONBF);

	if (out == NULL || err == NULL) {
		if (out != NULL)
			fclose(out);
		if (err != NULL)
			fclose(err);
		return BS_ENOMEM;
	}
	fflush(stdout);
	guards[0].raw = stdout;
	guards[1].raw = stderr;
	stdout = out;
	stderr = err;
	return BS_OK;
}

FILE *
bs_terminal_raw(FILE *to)
{
	fflush(to); /* in the order in which it was said */
	if (to == stdout && guards[0].raw != NULL)
		return guards[0].raw;
	if (to == stderr && guards[1].raw != NULL)
		return guards[1].raw;
	return to;
}

void
bs_terminal_print(FILE *to, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	bs_terminal_vprint(to, fmt, args);
	va_end(args);
}

void
bs_terminal_vprint(FILE *to, const char *fmt, va_list args)
{
	char *text = NULL;
	int len = vasprintf(&text, fmt, args);

	for (size_t i = 0; len > 0 && i < (size_t)len;) {
		char shown[SHOWN_MAX];
		struct bs_tw one = bs_tw_init(shown, sizeof(shown));

		i += show_next((const uint8_t *)text + i, (size_t)len - i, false, &one);
		fputs(shown, to);
	}
	if (len >= 0)
		free(text);
}
