/* SPDX-License-Identifier: Apache-2.0 */
/* base/: cursors, text forms, addresses, log lines. Expected values: RFC 4648 (10), RFC 3629, RFC 5952. */
#include "tests/lib/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <jansson.h>

#include "server/base/random.h"
#include "server/base/addr.h"
#include "server/base/buf.h"
#include "server/base/log.h"
#include "server/base/secret.h"
#include "server/base/text.h"

static void
test_reader(void **state)
{
	uint8_t data[10];
	struct bs_rd r = bs_rd_init(data, hex("01 0203 040506 0708090a", data, sizeof(data)));

	(void)state;
	assert_int_equal(bs_rd_u8(&r), 0x01);
	assert_int_equal(bs_rd_u16(&r), 0x0203);
	assert_int_equal(bs_rd_u24(&r), 0x040506);
	assert_int_equal(bs_rd_left(&r), 4);
	assert_int_equal(bs_rd_u32(&r), 0x0708090a);
	assert_int_equal(r.err, BS_OK);
	assert_int_equal(bs_rd_u8(&r), 0);
	assert_int_equal(r.err, BS_ESHORT);
	assert_null(bs_rd_bytes(&r, 0)); /* the first error stays */
	r = bs_rd_init(data, 9);
	assert_int_equal(bs_rd_u64(&r), 0x0102030405060708);
	assert_int_equal(bs_rd_u64(&r), 0);
	assert_int_equal(r.err, BS_ESHORT);
}

static void
test_writer(void **state)
{
	uint8_t out[12];
	struct bs_wr w = bs_wr_init(out, sizeof(out));
	size_t len = 99;

	(void)state;
	bs_wr_u8(&w, 0x01);
	bs_wr_u16(&w, 0x0203);
	bs_wr_u24(&w, 0x040506);
	bs_wr_u32(&w, 0x0708090a);
	bs_wr_bytes(&w, "a", 1);
	assert_int_equal(bs_wr_done(&w, &len), BS_OK);
	assert_hex("writer", out, len, "01 0203 040506 0708090a 61");
	bs_wr_u16(&w, 1);
	bs_wr_u8(&w, 1); /* would fit, but the first error stays */
	len = 99;
	assert_int_equal(bs_wr_done(&w, &len), BS_ESPACE);
	assert_int_equal(len, 99);
	assert_int_equal(w.len, 11);
}

static void
test_base64(void **state)
{
	static const struct {
		const char *text, *octets;
	} good[] = { { "", "" }, { "Zg==", "66" }, { "Zm8=", "666f" }, { "Zm9v", "666f6f" }, { "Zm9vYg==", "666f6f62" },
		{ "Zm9vYmE=", "666f6f6261" }, { "Zm9vYmFy", "666f6f626172" } };
	static const char *const bad[] = { "Z", "Zg", "Zg=", "Zg===", "Z===", "====", "Zg==Zg==", " Zg==", "Zg==\n",
		"Zm9_", "=Zm9" };
	uint8_t out[16];
	char text[32];
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(bs_base64_decode(good[i].text, strlen(good[i].text), out, sizeof(out), &len), BS_OK);
		assert_hex(good[i].text, out, len, good[i].octets);
		assert_string_equal(bs_base64_encode(out, len, text), good[i].text);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(bs_base64_decode(bad[i], strlen(bad[i]), out, sizeof(out), &len), BS_EFORMAT);
	assert_int_equal(bs_base64_decode("Zm9vYmE=", 8, out, 5, &len), BS_OK);
	assert_int_equal(bs_base64_decode("Zm9vYmE=", 8, out, 4, &len), BS_ESPACE);
}

static void
test_hex(void **state)
{
	uint8_t out[4];
	char text[9];
	size_t len;

	(void)state;
	assert_int_equal(bs_hex_decode("00fFA9", 6, out, sizeof(out), &len), BS_OK);
	assert_hex("hex", out, len, "00ffa9");
	assert_string_equal(bs_hex_encode(out, len, text), "00ffa9");
	assert_int_equal(bs_hex_decode("00f", 3, out, sizeof(out), &len), BS_EFORMAT);
	assert_int_equal(bs_hex_decode("0g", 2, out, sizeof(out), &len), BS_EFORMAT);
	assert_int_equal(bs_hex_decode("0011223344", 10, out, sizeof(out), &len), BS_ESPACE);
}

static void
test_utf8(void **state)
{
	static const struct {
		const char *row, *octets;
		bool good;
	} rows[] = {
		{ "ascii", "61", true },
		{ "two octets", "c3a9", true },
		{ "euro sign", "e282ac", true },
		{ "highest code point", "f48fbfbf", true },
		{ "above the highest", "f4908080", false },
		{ "overlong slash", "c0af", false },
		{ "overlong in three", "e08080", false },
		{ "surrogate", "eda080", false },
		{ "cut", "e282", false },
		{ "stray continuation", "80", false },
		{ "NUL", "6100", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t data[8];
		size_t len = hex(rows[i].octets, data, sizeof(data));
		uint8_t *copy = exact_copy(data, len);

		if (bs_utf8_valid(copy, len) != rows[i].good)
			fail_msg("%s", rows[i].row);
		free(copy);
	}
}

static void
test_addr(void **state)
{
	static const struct {
		const char *text, *shown;
	} rows[] = {
		{ "192.0.2.1:5684", "192.0.2.1:5684" },
		{ "[2001:db8::1]:5684", "[2001:db8::1]:5684" },
		{ "*:1", "[::]:1" },
		{ "[::ffff:192.0.2.7]:9", "192.0.2.7:9" },
		{ "192.0.2.1", NULL },
		{ "2001:db8::1:5684", NULL },
		{ "[2001:db8::1:5684", NULL },
		{ "host.example:5684", NULL },
		{ "192.0.2.1:65536", NULL },
		{ "192.0.2.1:-1", NULL },
		{ ":5684", NULL },
	};
	char text[BS_ADDR_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bs_addr a;

		assert_int_equal(bs_addr_parse(rows[i].text, &a), rows[i].shown != NULL ? BS_OK : BS_EFORMAT);
		if (rows[i].shown != NULL)
			assert_string_equal(bs_addr_format(&a, text), rows[i].shown);
	}
}

static void
test_addr_is_host(void **state)
{
	static const struct {
		const char *text;
		bool host;
	} rows[] = {
		{ "192.0.2.1:5684", true },
		{ "127.0.0.1:1", true },
		{ "[2001:db8::1]:5684", true },
		{ "[::ffff:192.0.2.1]:5684", true },
		{ "192.0.2.1:0", false },
		{ "0.0.0.0:5684", false },
		{ "224.0.0.1:5684", false },
		{ "255.255.255.255:5684", false },
		{ "*:5684", false },
		{ "[ff02::1]:5684", false },
		{ "[::ffff:239.1.1.1]:5684", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bs_addr a;

		assert_int_equal(bs_addr_parse(rows[i].text, &a), BS_OK);
		if (bs_addr_is_host(&a) != rows[i].host)
			fail_msg("%s", rows[i].text);
	}
}

static void
test_addr_prefix(void **state)
{
	struct bs_addr a, b, c, mapped;
	uint8_t ka[32], kb[32];

	(void)state;
	assert_int_equal(bs_addr_parse("192.0.2.1:1", &a), BS_OK);
	assert_int_equal(bs_addr_parse("192.0.2.200:2", &b), BS_OK);
	assert_int_equal(bs_addr_parse("192.0.3.1:1", &c), BS_OK);
	assert_int_equal(bs_addr_parse("[::ffff:192.0.2.9]:1", &mapped), BS_OK);
	assert_int_equal(bs_addr_prefix_key(&a, ka), bs_addr_prefix_key(&b, kb));
	assert_memory_equal(ka, kb, sizeof(ka));
	bs_addr_prefix_key(&mapped, kb);
	assert_memory_equal(ka, kb, sizeof(ka));
	bs_addr_prefix_key(&c, kb);
	assert_memory_not_equal(ka, kb, sizeof(ka));
	assert_false(bs_addr_equal(&a, &b));
	assert_true(bs_addr_equal(&a, &a));
}

static void
log_once(const char *value)
{
	struct bs_quote q;

	bs_log(BS_INFO, "test.line", "text=%s bare=word n=%d big=007", bs_log_quote(&q, value), -7);
	bs_log(BS_DEBUG, "test.line", "hidden=1");
}

static void
log_seven_times(const char *value)
{
	struct bs_quote q;
	const char *v = bs_log_quote(&q, value);

	bs_log(BS_INFO, "test.line", "a=%s b=%s c=%s d=%s e=%s f=%s g=%s n=1", v, v, v, v, v, v, v);
}

/* What fn logs to standard error, in out. */
static void
capture(void (*fn)(const char *value), bool json, const char *value, char *out, size_t max)
{
	int saved = dup(STDERR_FILENO), pipe_fd[2];
	ssize_t n;

	assert_int_equal(pipe(pipe_fd), 0);
	dup2(pipe_fd[1], STDERR_FILENO);
	bs_log_init(BS_INFO, json);
	fn(value);
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(pipe_fd[1]);
	n = read(pipe_fd[0], out, max - 1);
	close(pipe_fd[0]);
	assert_true(n > 0);
	out[n] = '\0';
}

static void
capture_log(bool json, const char *value, char *out, size_t max)
{
	capture(log_once, json, value, out, max);
}

static void
a_line_that_is_too_long_loses_whole_fields(void **state)
{
	char line[4096], value[500];
	json_t *j;

	(void)state;
	memset(value, '\x01', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	capture(log_seven_times, true, value, line, sizeof(line));
	j = json_loads(line, 0, NULL);
	assert_non_null(j);
	assert_non_null(json_object_get(j, "e"));
	assert_null(json_object_get(j, "f"));
	json_decref(j);
	capture(log_seven_times, false, value, line, sizeof(line));
	assert_non_null(strstr(line, " e=\"\\u0001"));
	assert_null(strstr(line, " f="));
	assert_string_equal(line + strlen(line) - 5, "\xe2\x80\xa6\"\n"); /* the end of a whole value */
}

static void
test_log(void **state)
{
	const char *hostile = "a \"b\" \\ \n\x01 \xc3\xa9";
	char line[1024];
	json_t *j;

	(void)state;
	capture_log(false, hostile, line, sizeof(line));
	assert_non_null(strstr(line, "Z level=info event=test.line text=\"a \\\"b\\\" \\\\ \\u000a\\u0001 \xc3\xa9\" "
				     "bare=word n=-7 big=007\n"));
	assert_null(strstr(line, "hidden"));
	capture_log(true, hostile, line, sizeof(line));
	j = json_loads(line, 0, NULL);
	assert_non_null(j);
	assert_string_equal(json_string_value(json_object_get(j, "text")), hostile);
	assert_string_equal(json_string_value(json_object_get(j, "bare")), "word");
	assert_string_equal(json_string_value(json_object_get(j, "big")), "007"); /* no JSON number starts with 0 */
	assert_int_equal(json_integer_value(json_object_get(j, "n")), -7);
	json_decref(j);
}

static void
test_log_long_and_broken(void **state)
{
	char line[4096], *value = malloc(3000);
	json_t *j;

	(void)state;
	memset(value, '\xff', 2999);
	value[2999] = '\0';
	capture_log(true, value, line, sizeof(line));
	j = json_loads(line, 0, NULL);
	assert_non_null(j);
	json_decref(j);
	free(value);
}

/* What a stranger can put into a PSK identity: octets of any kind, of any length. */
static void
quoting_stays_in_its_room_whatever_the_octets(void **state)
{
	static const uint8_t kinds[] = { 0x00, 0x1b, 'a', '"', '\\', 0x7f, 0x80, 0xbf, 0xc3, 0xe2, 0xf0, 0xff };
	struct {
		struct bs_quote q;
		uint8_t behind[64];
	} at;
	uint8_t data[600];

	(void)state;
	for (size_t k = 0; k < sizeof(kinds); k++)
		for (size_t len = 0; len <= sizeof(data); len++) {
			memset(data, kinds[k], sizeof(data));
			memset(at.behind, 0xa5, sizeof(at.behind));
			bs_log_quote_n(&at.q, data, len);
			for (size_t i = 0; i < sizeof(at.behind); i++)
				assert_int_equal(at.behind[i], 0xa5);
			assert_non_null(memchr(at.q.text, '\0', sizeof(at.q.text)));
			assert_true(bs_text_is_printable(at.q.text, strlen(at.q.text)));
		}
}

/* Any octets of any length from 0 to 600, into any room from 0 to 64. */
static void
escaping_stays_in_any_room(void **state)
{
	static uint8_t data[600];
	char out[64 + 16];

	(void)state;
	for (unsigned round = 0; round < 40; round++) {
		bs_random_system(NULL, data, sizeof(data));
		for (size_t i = 0; round % 4 == 1 && i < sizeof(data); i++)
			data[i] |= 0x80;
		for (size_t i = 0; round % 4 == 2 && i + 2 < sizeof(data); i += 3) /* U+2028 again and again */
			memcpy(data + i, "\xe2\x80\xa8", 3);
		for (size_t room = 0; room <= 64; room++)
			for (size_t len = 0; len <= sizeof(data); len += len < 80 ? 1 : 37) {
				enum bs_quoting quoting = len % 2 == 0 ? BS_WITH_QUOTES : BS_WITHOUT_QUOTES;
				uint8_t *copy = exact_copy(data, len);

				memset(out, '\xa5', sizeof(out));
				bs_text_escape(out, room, copy, len, quoting);
				for (size_t i = room; i < sizeof(out); i++)
					assert_int_equal((uint8_t)out[i], 0xa5);
				if (room > 0) {
					assert_non_null(memchr(out, '\0', room));
					assert_true(bs_text_is_printable(out, strlen(out)));
				}
				free(copy);
			}
	}
}

static void
only_printable_characters_are_shown_as_they_are(void **state)
{
	static const struct {
		const char *row, *octets, *shown;
	} rows[] = {
		{ "letters and accents", "61 c3a9 e282ac f09f9880", "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80" },
		{ "quote and backslash", "22 5c", "\\\"\\\\" },
		{ "C0, NUL, DEL", "00 1b 7f", "\\u0000\\u001b\\u007f" },
		{ "C1: CSI in one character", "c29b 33 316d", "\\u009b31m" },
		{ "an octet that is no UTF-8 beside one that is", "9b c3a9 ff", "\\u009b\xc3\xa9\\u00ff" },
		{ "cut sequence", "e282", "\\u00e2\\u0082" },
		{ "right-to-left override", "e280ae", "\\u202e" },
		{ "isolates", "e281a6 e281a9", "\\u2066\\u2069" },
		{ "line and paragraph separator", "e280a8 e280a9", "\\u2028\\u2029" },
		{ "arabic letter mark, byte order mark", "d89c efbbbf", "\\u061c\\ufeff" },
		{ "a tag beyond U+FFFF", "f3a080a1", "\\udb40\\udc21" },
		{ "private use", "ee8080", "\\ue000" },
		{ "noncharacter", "efbfbf", "\\uffff" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t data[32];
		size_t len = hex(rows[i].octets, data, sizeof(data));
		char out[64];

		bs_text_escape(out, sizeof(out), data, len, BS_WITHOUT_QUOTES);
		if (strcmp(out, rows[i].shown) != 0)
			fail_msg("%s: %s", rows[i].row, out);
	}
}

static void
what_does_not_fit_ends_in_dots(void **state)
{
	char out[12];

	(void)state;
	assert_string_equal(bs_text_escape(out, 12, "abcdefghi", 9, BS_WITH_QUOTES), "\"abcdefghi\"");
	assert_string_equal(bs_text_escape(out, 12, "abcdefghij", 10, BS_WITH_QUOTES), "\"abcdef\xe2\x80\xa6\"");
	assert_string_equal(bs_text_escape(out, 6, "abcd", 4, BS_WITH_QUOTES), "\"\xe2\x80\xa6\"");
	assert_string_equal(bs_text_escape(out, 5, "abcd", 4, BS_WITH_QUOTES), "");
	assert_string_equal(bs_text_escape(out, 3, "", 0, BS_WITH_QUOTES), "\"\"");
	assert_string_equal(bs_text_escape(out, 2, "", 0, BS_WITH_QUOTES), "");
	assert_string_equal(bs_text_escape(out, 4, "abcd", 4, BS_WITHOUT_QUOTES), "\xe2\x80\xa6");
	assert_string_equal(bs_text_escape(out, 4, "abc", 3, BS_WITHOUT_QUOTES), "abc");
	assert_string_equal(bs_text_escape(out, 3, "abc", 3, BS_WITHOUT_QUOTES), "");
	assert_string_equal(bs_text_escape(out, 12, "ab\xc3\xa9\xc3\xa9\xc3\xa9", 8, BS_WITHOUT_QUOTES),
		"ab\xc3\xa9\xc3\xa9\xc3\xa9");
}

static void
cut(struct bs_tw *w, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	bs_tw_vprintf_cut(w, fmt, args);
	va_end(args);
}

static void
text_goes_in_by_whole_pieces(void **state)
{
	char out[8];
	struct bs_tw w = bs_tw_init(out, sizeof(out));

	(void)state;
	bs_tw_text(&w, "abc");
	bs_tw_printf(&w, "%d", 1234);
	assert_false(w.cut);
	assert_string_equal(out, "abc1234");
	bs_tw_text(&w, "");
	assert_false(w.cut);
	w = bs_tw_init(out, sizeof(out));
	bs_tw_text(&w, "abcd");
	bs_tw_printf(&w, "%s", "efgh"); /* one too many */
	bs_tw_text(&w, "x"); /* would fit, but the cut stays */
	assert_true(w.cut);
	assert_string_equal(out, "abcd");
	w = bs_tw_init(out, sizeof(out));
	cut(&w, "abcdef\xc3\xa9");
	assert_true(w.cut);
	assert_string_equal(out, "abcdef"); /* not half a character */
	w = bs_tw_resume(out, sizeof(out));
	bs_tw_text(&w, "g");
	assert_string_equal(out, "abcdefg");
	memset(out, 'x', sizeof(out));
	w = bs_tw_resume(out, sizeof(out));
	bs_tw_text(&w, "y");
	cut(&w, "y");
	assert_true(w.cut);
	assert_memory_equal(out, "xxxxxxxx", 8);
	w = bs_tw_init(NULL, 0);
	bs_tw_text(&w, "y");
	bs_tw_printf(&w, "y");
	cut(&w, "y");
	assert_true(w.cut);
}

static void
test_secret(void **state)
{
	static uint8_t big[BS_SECRET_MAX + 1];
	static const uint8_t zeroes[sizeof(struct bs_secret)];
	struct bs_secret a, b;

	(void)state;
	assert_int_equal(bs_secret_set(&a, "key", 3), BS_OK);
	assert_int_equal(bs_secret_set(&b, "kez", 3), BS_OK);
	assert_false(bs_secret_equal(&a, &b));
	assert_int_equal(bs_secret_set(&b, "key", 3), BS_OK);
	assert_true(bs_secret_equal(&a, &b));
	assert_int_equal(bs_secret_set(&b, big, sizeof(big)), BS_ERANGE);
	assert_int_equal(b.len, 0);
	bs_secret_clear(&a);
	assert_memory_equal(&a, zeroes, sizeof(a));
}

/* Names of files and devices may be long, and anywhere a character may have several octets. */
static void
a_diagnosis_is_cut_where_a_character_ends(void **state)
{
	char name[1001] = "";
	struct bs_diag diag;

	(void)state;
	for (size_t i = 0; i + 2 < sizeof(name); i += 2)
		memcpy(name + i, "\xc3\xa9", 3);
	assert_int_equal(bs_diag_set(&diag, BS_EFORMAT, 7, "ab%s", name), BS_EFORMAT);
	assert_int_equal(strlen(diag.text), 478);
	assert_true(bs_utf8_valid(diag.text, strlen(diag.text)));
	assert_int_equal(bs_diag_set(&diag, BS_EFORMAT, 7, "abc%s", name), BS_EFORMAT);
	assert_true(bs_utf8_valid(diag.text, strlen(diag.text)));
}

/* Small draws come from a pool, which is filled again and again: no two of them are alike. */
static void
random_draws_differ(void **state)
{
	static uint8_t drawn[300][16];
	uint8_t large[2][64] = { { 0 }, { 0 } };

	(void)state;
	for (size_t i = 0; i < 300; i++)
		bs_random_system(NULL, drawn[i], i % 2 == 0 ? 16 : 9);
	for (size_t i = 0; i < 300; i++)
		for (size_t j = 0; j < i; j++)
			assert_memory_not_equal(drawn[i], drawn[j], 9);
	bs_random_system(NULL, large[0], sizeof(large[0]));
	bs_random_system(NULL, large[1], sizeof(large[1]));
	assert_memory_not_equal(large[0] + 48, large[1] + 48, 16);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reader),
		cmocka_unit_test(test_writer),
		cmocka_unit_test(test_base64),
		cmocka_unit_test(test_hex),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_addr),
		cmocka_unit_test(test_addr_is_host),
		cmocka_unit_test(test_addr_prefix),
		cmocka_unit_test(test_log),
		cmocka_unit_test(a_line_that_is_too_long_loses_whole_fields),
		cmocka_unit_test(test_log_long_and_broken),
		cmocka_unit_test(quoting_stays_in_its_room_whatever_the_octets),
		cmocka_unit_test(escaping_stays_in_any_room),
		cmocka_unit_test(only_printable_characters_are_shown_as_they_are),
		cmocka_unit_test(what_does_not_fit_ends_in_dots),
		cmocka_unit_test(text_goes_in_by_whole_pieces),
		cmocka_unit_test(test_secret),
		cmocka_unit_test(a_diagnosis_is_cut_where_a_character_ends),
		cmocka_unit_test(random_draws_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
