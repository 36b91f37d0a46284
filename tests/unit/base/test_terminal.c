/* SPDX-License-Identifier: Apache-2.0 */
/* What a terminal gets to see, whatever is printed and however it is cut into pieces. */
#include "tests/lib/test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/base/terminal.h"
#include "server/base/text.h"

struct row {
	const char *name, *text, *shown;
};

static const struct row rows[] = {
	{ "ASCII", "plain \"text\" \\ 1", "plain \"text\" \\ 1" },
	{ "lines and columns", "a\tb\nc\n", "a\tb\nc\n" },
	{ "letters of others", "caf\xc3\xa9 \xe6\x9d\xb1\xe4\xba\xac \xf0\x9f\x98\x80",
		"caf\xc3\xa9 \xe6\x9d\xb1\xe4\xba\xac \xf0\x9f\x98\x80" },
	{ "colour", "\033[31mred\033[0m", "\\u001b[31mred\\u001b[0m" },
	{ "back to the start of the line", "good\rbad", "good\\u000dbad" },
	{ "a control of C1",
		"a\xc2\x9b"
		"2Jb",
		"a\\u009b2Jb" },
	{ "turned around",
		"a\xe2\x80\xae"
		"cod.exe",
		"a\\u202ecod.exe" },
	{ "isolated",
		"a\xe2\x81\xa6"
		"b",
		"a\\u2066b" },
	{ "separators of lines and paragraphs",
		"a\xe2\x80\xa8"
		"b\xe2\x80\xa9"
		"c",
		"a\\u2028b\\u2029c" },
	{ "a tag beyond 16 bits",
		"a\xf3\xa0\x80\xa1"
		"b",
		"a\\udb40\\udc21b" },
	{ "no UTF-8",
		"a\x80\xff"
		"b",
		"a\\u0080\\u00ffb" },
	{ "too long a form",
		"a\xc0\xaf"
		"b",
		"a\\u00c0\\u00afb" },
	{ "a character that breaks off",
		"a\xe2\x80"
		"b\xf0\x9f\x98"
		"c",
		"a\\u00e2\\u0080b\\u00f0\\u009f\\u0098c" },
	{ "one that breaks off before another", "a\xe2\xc3\xa9", "a\\u00e2\xc3\xa9" },
	{ "delete",
		"a\x7f"
		"b",
		"a\\u007fb" },
};

/* What a child with guarded streams writes to its stdout, or stderr, in pieces of so many octets (0: as one). */
static void
see(const char *text, size_t piece, bool to_stderr, char *out, size_t max)
{
	int fds[2], status = 0;
	size_t len = 0;
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		size_t left = strlen(text), step = piece > 0 ? piece : left;

		dup2(fds[1], to_stderr ? STDERR_FILENO : STDOUT_FILENO);
		close(fds[0]);
		close(fds[1]);
		if (bs_terminal_guard() != BS_OK)
			_exit(99);
		for (; left > 0; left -= step, text += step) {
			step = step < left ? step : left;
			fwrite(text, 1, step, to_stderr ? stderr : stdout);
			if (piece > 0)
				fflush(to_stderr ? stderr : stdout);
		}
		fflush(stdout);
		_exit(0);
	}
	close(fds[1]);
	while (len + 1 < max && (n = read(fds[0], out + len, max - 1 - len)) > 0)
		len += (size_t)n;
	out[len] = '\0';
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
what_is_not_printable_is_shown_by_its_number(void **state)
{
	char shown[256];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (size_t piece = 0; piece <= 3; piece++)
			for (int to_stderr = 0; to_stderr < 2; to_stderr++) {
				see(rows[i].text, piece, to_stderr, shown, sizeof(shown));
				if (strcmp(shown, rows[i].shown) != 0)
					fail_msg("%s, in pieces of %zu: %s", rows[i].name, piece, shown);
			}
}

static void
nothing_is_lost_of_a_long_text(void **state)
{
	const size_t count = 20000;
	char *text = test_calloc(count, 3), *shown = test_calloc(count, 7), *p = shown;

	(void)state;
	for (size_t i = 0; i + 1 < count; i++)
		memcpy(text + 2 * i, "\xc2\x85", 2);
	text[2 * (count - 1)] = '\0';
	see(text, 0, false, shown, 7 * count);
	for (size_t i = 0; i + 1 < count; i++, p += 6)
		assert_memory_equal(p, "\\u0085", 6);
	assert_string_equal(p, "");
	test_free(text);
	test_free(shown);
}

static void
a_line_stays_a_line(void **state)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	(void)state;
	bs_terminal_print(f, "note %s\t%d", "a\nenabled yes\r\xe2\x80\xae", 7);
	fclose(f);
	assert_string_equal(text, "note a\\u000aenabled yes\\u000d\\u202e\\u00097");
	free(text);
}

/* Data goes past the guard, behind what was printed before. */
static void
raw_is_raw_and_in_order(void **state)
{
	int fds[2];
	char shown[64] = "";
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		dup2(fds[1], STDOUT_FILENO);
		if (bs_terminal_guard() != BS_OK)
			_exit(99);
		fputs("1\x9b ", stdout);
		fputs("2\x9b ", bs_terminal_raw(stdout));
		fflush(bs_terminal_raw(stdout));
		fputs("3\x9b", stdout);
		fflush(stdout);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_true(read(fds[0], shown, sizeof(shown) - 1) > 0);
	close(fds[0]);
	close(fds[1]);
	assert_string_equal(shown, "1\\u009b 2\x9b 3\\u009b");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_printable_is_shown_by_its_number),
		cmocka_unit_test(nothing_is_lost_of_a_long_text),
		cmocka_unit_test(a_line_stays_a_line),
		cmocka_unit_test(raw_is_raw_and_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
