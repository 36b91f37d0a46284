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
#include "server/base/outcome.h"
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

/* What bs_log writes to standard error, in out. */
static void
capture_log(bool json, const char *value, char *out, size_t max)
{
	int saved = dup(STDERR_FILENO), pipe_fd[2];
	struct bs_quote q;
	ssize_t n;

	assert_int_equal(pipe(pipe_fd), 0);
	dup2(pipe_fd[1], STDERR_FILENO);
	bs_log_init(BS_INFO, json);
	bs_log(BS_INFO, "test.line", "text=%s bare=word n=%d big=007", bs_log_quote(&q, value), -7);
	bs_log(BS_DEBUG, "test.line", "hidden=1");
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(pipe_fd[1]);
	n = read(pipe_fd[0], out, max - 1);
	close(pipe_fd[0]);
	assert_true(n > 0);
	out[n] = '\0';
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

/* The manual names each with the sentence that explain prints. */
static void
test_outcomes_are_in_the_manual(void **state)
{
	static char text[128 * 1024];
	FILE *f = fopen("tools/lwm2m-bootstrapctl.1", "r");
	size_t len;

	(void)state;
	assert_non_null(f);
	len = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	assert_true(len > 0 && len < sizeof(text) - 1);
	for (size_t i = 0; i < len; i++)
		text[i] = text[i] == '\n' ? ' ' : text[i];
	for (int o = 0; o < BS_OUTCOME_COUNT; o++) {
		char entry[300];

		snprintf(entry, sizeof(entry), ".It Cm %s %s", bs_outcome_word((enum bs_outcome)o),
			bs_outcome_what((enum bs_outcome)o));
		if (strstr(text, entry) == NULL)
			fail_msg("tools/lwm2m-bootstrapctl.1 lacks \"%s\"", entry);
	}
}

static void
test_outcomes(void **state)
{
	(void)state;
	for (int o = 0; o < BS_OUTCOME_COUNT; o++) {
		assert_int_equal(bs_outcome_parse(bs_outcome_word((enum bs_outcome)o)), o);
		assert_true(strlen(bs_outcome_what((enum bs_outcome)o)) > 10);
		assert_true(strlen(bs_outcome_todo((enum bs_outcome)o)) > 10);
	}
	assert_int_equal(bs_outcome_parse("no such outcome"), BS_OUTCOME_COUNT);
	assert_true(bs_outcome_is_refusal(BS_OUT_WRITE_REFUSED));
	assert_false(bs_outcome_is_refusal(BS_OUT_DONE));
	assert_false(bs_outcome_is_refusal(BS_OUT_SUPERSEDED));
	assert_false(bs_outcome_is_refusal(BS_OUT_PACK_DECLINED));
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
		cmocka_unit_test(test_log_long_and_broken),
		cmocka_unit_test(test_secret),
		cmocka_unit_test(test_outcomes),
		cmocka_unit_test(test_outcomes_are_in_the_manual),
		cmocka_unit_test(random_draws_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
