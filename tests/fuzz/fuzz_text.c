/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text out of what came from devices and strangers: identities, subjects, paths, queries and diagnostic payloads. The first
 * octet chooses who writes, two more the room, then come the octets. Whatever they are, in whatever room: nothing is written
 * beside it, the text ends in it and is printable UTF-8; what claims to be JSON is JSON.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "server/base/log.h"
#include "server/base/text.h"
#include "server/bootstrap/tell.h"
#include "tests/lib/printable.h"

#define ROOM_MAX 700
#define PIECES_MAX 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
require(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "does not hold: %s\n", what);
	abort();
}

/* ---- one string --------------------------------------------------------------------------------------------------- */

/* Does it say, as JSON, what went in? Where there was room for all of it. */
static void
check_json(const char *quoted, size_t room, const uint8_t *data, size_t len)
{
	json_t *string = json_loads(quoted, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);

	require(json_is_string(string), "a quoted text is a JSON string");
	if (room >= 12 * len + 3 && is_utf8(data, len))
		require(json_string_length(string) == len && memcmp(json_string_value(string), data, len) == 0,
			"it says what went in");
	json_decref(string);
}

static void
check_escape(const uint8_t *data, size_t len, size_t room)
{
	char *out = malloc(room + 1); /* ASan sees what is written behind it; the octet more is for a room of 0 */

	require(out != NULL, "memory");
	for (int quoting = BS_WITH_QUOTES; quoting <= BS_WITHOUT_QUOTES; quoting++) {
		size_t n;

		memset(out, 'x', room + 1);
		bs_text_escape(out, room, data, len, (enum bs_quoting)quoting);
		require(out[room] == 'x', "nothing is written beside the room");
		n = strnlen(out, room);
		require(room == 0 || n < room, "the text ends in its room");
		require(is_printable(out, n), "escaped text is printable");
		if (quoting == BS_WITH_QUOTES && n > 0)
			check_json(out, room, data, len);
	}
	free(out);
}

static void
check_quote(const uint8_t *data, size_t len, size_t room)
{
	struct bs_quote q;
	size_t n;

	(void)room;
	bs_log_quote_n(&q, data, len);
	n = strnlen(q.text, sizeof(q.text));
	require(n < sizeof(q.text) && n >= 2 && q.text[0] == '"' && q.text[n - 1] == '"',
		"a quoted text has its quotes");
	require(is_printable(q.text, n), "a quoted text is printable");
	check_json(q.text, sizeof(q.text), data, len);
	require(bs_utf8_valid(data, len) == (is_utf8(data, len) && memchr(data, '\0', len) == NULL),
		"UTF-8 is what RFC 3629 says");
}

/* ---- the log ------------------------------------------------------------------------------------------------------ */

static bool json_lines;
static unsigned lines;

ssize_t __real_write(int fd, const void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len);

ssize_t
__wrap_write(int fd, const void *data, size_t len)
{
	const char *line = data;
	json_t *object;

	if (fd != STDERR_FILENO)
		return __real_write(fd, data, len);
	lines++;
	require(len > 0 && line[len - 1] == '\n', "a log line has an end");
	require(is_printable(line, len - 1), "a log line is printable");
	if (json_lines) {
		object = json_loadb(line, len - 1, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
		if (object == NULL)
			fprintf(stderr, "%.*s", (int)len, line);
		require(json_is_object(object), "a log line is one JSON object");
		json_decref(object);
	}
	return (ssize_t)len;
}

/* As many quoted values as no line of the daemon has. */
static void
check_log(const uint8_t *data, size_t len, size_t room)
{
	struct bs_quote q[4];
	size_t part = len / 4;

	for (size_t i = 0; i < 4; i++)
		bs_log_quote_n(&q[i], data + i * part, part);
	for (int json = 0; json <= 1; json++) {
		bs_log_init(BS_DEBUG, json_lines = json);
		lines = 0;
		bs_log(BS_INFO, "fuzz.text", "a=%s n=%zu b=%s bare=%s c=%s d=%s e=%s f=%s last=%d", q[0].text, room,
			q[1].text, "-", q[2].text, q[3].text, q[0].text, q[1].text, -7);
		require(lines == 1, "an event is one line");
	}
}

/* ---- sentences ---------------------------------------------------------------------------------------------------- */

/* Each piece has its length before it. */
static size_t
cut_pieces(const uint8_t *data, size_t len, struct bs_segment pieces[PIECES_MAX])
{
	size_t count = 0;

	while (len > 0 && count < PIECES_MAX) {
		size_t n = data[0] < len - 1 ? data[0] : len - 1;

		pieces[count++] = (struct bs_segment){ data + 1, n };
		data += 1 + n;
		len -= 1 + n;
	}
	return count;
}

static void
tell(char *text, size_t room, const uint8_t *data, size_t len)
{
	struct bs_segment pieces[PIECES_MAX];
	struct bs_quote q;

	for (size_t i = 0, count = cut_pieces(data, len, pieces); i < count; i++)
		bs_tell(text, room, "piece %zu is %s", i, bs_log_quote_n(&q, pieces[i].data, pieces[i].len));
}

static void
tell_answer(char *text, size_t room, const uint8_t *data, size_t len)
{
	struct bs_msg m;

	bs_msg_init(&m, BS_ACK, len > 0 ? data[0] : 0, 1);
	m.payload = data;
	m.payload_len = len;
	bs_tell_answer(text, room, "write /0/1", BS_OK, &m);
	bs_tell_answer(text, room, "write /0/1", BS_ETIMEOUT, NULL);
}

static void
tell_stray(char *text, size_t room, const uint8_t *data, size_t len)
{
	struct bs_msg m;

	bs_msg_init(&m, BS_CON, len > 0 ? data[0] : 0, 1);
	m.path_count = cut_pieces(data, len, m.path);
	bs_tell_stray(text, room, &m, BS_NOT_FOUND);
}

static void
tell_query(char *text, size_t room, const uint8_t *data, size_t len)
{
	struct bs_msg m;

	bs_msg_init(&m, BS_CON, BS_POST, 1);
	m.query_count = cut_pieces(data, len, m.query);
	bs_tell_query(text, room, &m);
}

static void
check_sentence(const uint8_t *data, size_t len, size_t room)
{
	static void (*const tellers[])(char *text, size_t room, const uint8_t *data, size_t len) = {
		tell,
		tell_answer,
		tell_stray,
		tell_query,
	};
	char *text = malloc(room + 1);

	require(text != NULL, "memory");
	for (size_t i = 0; i < sizeof(tellers) / sizeof(tellers[0]); i++) {
		memset(text, '\0', room);
		text[room] = 'x';
		tellers[i](text, room, data, len);
		require(text[room] == 'x' && (room == 0 || strnlen(text, room) < room), "a sentence ends in its room");
		require(is_printable(text, strnlen(text, room)), "a sentence is printable");
	}
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static void (*const checks[])(const uint8_t *data, size_t len, size_t room) = {
		check_escape,
		check_quote,
		check_log,
		check_sentence,
	};
	uint8_t *copy;

	if (len < 3)
		return 0;
	copy = malloc(len - 3 + 1); /* never NULL as a length of 0 may be */
	require(copy != NULL, "memory");
	memcpy(copy, data + 3, len - 3);
	checks[data[0] & 3](copy, len - 3, (size_t)(data[1] << 8 | data[2]) % ROOM_MAX);
	free(copy);
	return 0;
}
