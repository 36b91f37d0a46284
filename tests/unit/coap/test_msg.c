/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "server/coap/msg.h"

#define SEG(text) \
	{ \
		(const uint8_t *)(text), sizeof(text) - 1 \
	}

/* Messages of a bootstrap run, octets worked out by hand from RFC 7252, 3 and RFC 7959, 2.2. */
static const struct write_row {
	const char *name;
	struct bs_msg msg;
	const char *wire;
} write_rows[] = {
	{ "POST /bs?ep=dev-0001&pct=112",
		{ BS_CON, BS_POST, 0x1234, { 2, { 0xab, 0xcd } }, { SEG("bs") }, 1,
			{ SEG("ep=dev-0001"), SEG("pct=112") }, 2, .content_format = BS_NO_FORMAT,
			.accept = BS_NO_FORMAT },
		"42 02 1234 ABCD B2 6273 4B 65703D6465762D30303031 07 7063743D313132" },
	{ "a block of content with its ETag",
		{ BS_ACK, BS_CONTENT, 0x1234, { 1, { 0xab } }, .content_format = 112, .accept = BS_NO_FORMAT,
			.etag = { (const uint8_t *)"\x01\x02\x03", 3 },
			.block2 = { .present = true, .more = true, .num = 3, .szx = 2 },
			.payload = (const uint8_t *)"x", .payload_len = 1 },
		"61 45 1234 AB 43 010203 81 70 B1 3A FF 78" },
	{ "2.04 piggybacked",
		{ BS_ACK, BS_CHANGED, 0x1234, { 2, { 0xab, 0xcd } }, .content_format = BS_NO_FORMAT,
			.accept = BS_NO_FORMAT },
		"62 44 1234 ABCD" },
	{ "GET / accept 40", { BS_CON, BS_GET, 1, { 2, { 0, 1 } }, .content_format = BS_NO_FORMAT, .accept = 40 },
		"42 01 0001 0001 D104 28" },
	{ "DELETE /", { BS_CON, BS_DELETE, 5, { 2, { 0, 3 } }, .content_format = BS_NO_FORMAT, .accept = BS_NO_FORMAT },
		"42 04 0005 0003" },
	{ "PUT /0/1 in TLV",
		{ BS_CON, BS_PUT, 6, { 2, { 0, 4 } }, { SEG("0"), SEG("1") }, 2, .content_format = 11542,
			.accept = BS_NO_FORMAT, .payload = (const uint8_t *)"\xc1\x01", .payload_len = 2 },
		"42 03 0006 0004 B1 30 01 31 12 2D16 FF C101" },
	{ "POST /bs, the Finish",
		{ BS_CON, BS_POST, 7, { 2, { 0, 5 } }, { SEG("bs") }, 1, .content_format = BS_NO_FORMAT,
			.accept = BS_NO_FORMAT },
		"42 02 0007 0005 B2 6273" },
	{ "first block: Block1 0/1/512 and Size1 1054",
		{ BS_CON, BS_PUT, 8, { 1, { 9 } }, { SEG("0") }, 1, .content_format = 112, .accept = BS_NO_FORMAT,
			.block1 = { true, true, 5, 0 }, .has_size1 = true, .size1 = 1054 },
		"41 03 0008 09 B1 30 11 70 D102 0D D214 041E" },
	{ "third block: Block1 2/0/512",
		{ BS_CON, BS_PUT, 9, { 1, { 9 } }, { SEG("0") }, 1, .content_format = 112, .accept = BS_NO_FORMAT,
			.block1 = { true, false, 5, 2 } },
		"41 03 0009 09 B1 30 11 70 D102 25" },
	{ "block number 4,095 takes two octets: GET, Block2 4095/0/16",
		{ BS_CON, BS_GET, 10, { 0 }, .content_format = BS_NO_FORMAT, .accept = 40,
			.block2 = { true, false, 0, 4095 } },
		"40 01 000A D104 28 62 FFF0" },
	{ "a number of zero is an empty option: Content-Format 0, Block2 0/0/16",
		{ BS_CON, BS_GET, 11, { 0 }, .content_format = 0, .accept = 0, .block2 = { true, false, 0, 0 } },
		"40 01 000B C0 50 60" },
	{ "empty ACK", { BS_ACK, BS_EMPTY, 0xffff, { 0 }, .content_format = BS_NO_FORMAT, .accept = BS_NO_FORMAT },
		"60 00 FFFF" },
	{ "RST", { BS_RST, BS_EMPTY, 0x0102, { 0 }, .content_format = BS_NO_FORMAT, .accept = BS_NO_FORMAT },
		"70 00 0102" },
};

static void
test_write(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(write_rows) / sizeof(write_rows[0]); i++) {
		const struct write_row *row = &write_rows[i];
		uint8_t wire[128];
		size_t len = 0, unset = 77;

		assert_int_equal(bs_msg_write(&row->msg, wire, sizeof(wire), &len), BS_OK);
		assert_hex(row->name, wire, len, row->wire);
		/* Exactly enough room is enough; less never is, and len stays. */
		for (size_t max = 0; max < len; max++) {
			uint8_t *small = malloc(max > 0 ? max : 1);

			assert_int_equal(bs_msg_write(&row->msg, small, max, &unset), BS_ESPACE);
			assert_int_equal(unset, 77);
			free(small);
		}
		{
			uint8_t *fit = malloc(len);

			assert_int_equal(bs_msg_write(&row->msg, fit, len, &unset), BS_OK);
			free(fit);
		}
	}
}

static void
test_write_refuses_what_has_no_form(void **state)
{
	struct bs_msg m;
	uint8_t wire[1024], text[256] = { 0 };
	size_t len;

	(void)state;
	bs_msg_init(&m, BS_CON, BS_GET, 1);
	m.token.len = 9;
	assert_int_equal(bs_msg_write(&m, wire, sizeof(wire), &len), BS_ERANGE);
	m.token.len = 0;
	m.path[0] = (struct bs_segment){ text, 256 };
	m.path_count = 1;
	assert_int_equal(bs_msg_write(&m, wire, sizeof(wire), &len), BS_ERANGE);
	m.path[0].len = 255;
	assert_int_equal(bs_msg_write(&m, wire, sizeof(wire), &len), BS_OK);
	m.path_count = BS_SEGMENTS_MAX + 1;
	assert_int_equal(bs_msg_write(&m, wire, sizeof(wire), &len), BS_ERANGE);
	m.path_count = 0;
	m.etag = (struct bs_segment){ text, 9 };
	assert_int_equal(bs_msg_write(&m, wire, sizeof(wire), &len), BS_ERANGE);
}

static void
assert_segments(const char *row, const struct bs_segment *list, size_t count, const char *expected)
{
	char text[512] = "";
	size_t used = 0;

	for (size_t i = 0; i < count; i++) {
		int n = snprintf(text + used, sizeof(text) - used, "%s%.*s", i > 0 ? "|" : "", (int)list[i].len,
			(const char *)list[i].data);

		used += (size_t)n;
	}
	if (strcmp(text, expected) != 0)
		fail_msg("%s: got %s, want %s", row, text, expected);
}

enum { CRITICAL = 1, PROXY = 2 };

static const struct read_row {
	const char *name;
	const char *wire;
	uint8_t type, code;
	uint16_t id;
	const char *token, *path, *query;
	uint16_t content_format, accept;
	const char *payload;
	unsigned flags;
} read_rows[] = {
	{ "POST /bs", "42 02 1234 ABCD B2 6273 4B 65703D6465762D30303031 07 7063743D313132", BS_CON, BS_POST, 0x1234,
		"ABCD", "bs", "ep=dev-0001|pct=112", BS_NO_FORMAT, BS_NO_FORMAT, "", 0 },
	{ "Leshan M18: pct before ep, token of 8",
		"48 02 0001 0102030405060708 B2 6273 47 7063743D313132 06 65703D616263", BS_CON, BS_POST, 1,
		"0102030405060708", "bs", "pct=112|ep=abc", BS_NO_FORMAT, BS_NO_FORMAT, "", 0 },
	{ "GET / accept 40", "42 01 0001 0001 D104 28", BS_CON, BS_GET, 1, "0001", "", "", BS_NO_FORMAT, 40, "", 0 },
	{ "2.05 link-format with payload", "62 45 0001 0001 C128 FF 3C2F3E", BS_ACK, BS_CONTENT, 1, "0001", "", "", 40,
		BS_NO_FORMAT, "3C2F3E", 0 },
	{ "Uri-Host and Uri-Port are known", "40 02 0001 33 626F78 42 1634 42 6273", BS_CON, BS_POST, 1, "", "bs", "",
		BS_NO_FORMAT, BS_NO_FORMAT, "", 0 },
	{ "an empty segment counts", "40 02 0001 B0 02 6273", BS_CON, BS_POST, 1, "", "|bs", "", BS_NO_FORMAT,
		BS_NO_FORMAT, "", 0 },
	{ "an elective option that is not known", "40 02 0001 B2 6273 D2 BA 4142", BS_CON, BS_POST, 1, "", "bs", "",
		BS_NO_FORMAT, BS_NO_FORMAT, "", 0 },
	{ "a critical one that is not known (9, OSCORE)", "40 02 0001 90 22 6273", BS_CON, BS_POST, 1, "", "bs", "",
		BS_NO_FORMAT, BS_NO_FORMAT, "", CRITICAL },
	{ "If-None-Match (5) is critical and has no meaning here", "40 02 0001 50 62 6273", BS_CON, BS_POST, 1, "",
		"bs", "", BS_NO_FORMAT, BS_NO_FORMAT, "", CRITICAL },
	{ "Accept twice (5.4.5)", "40 01 0001 D104 28 01 70", BS_CON, BS_GET, 1, "", "", "", BS_NO_FORMAT, 40, "",
		CRITICAL },
	{ "Content-Format twice: elective, the first one holds", "40 03 0001 C1 28 01 70", BS_CON, BS_PUT, 1, "", "",
		"", 40, BS_NO_FORMAT, "", 0 },
	{ "Accept of three octets (5.4.3)", "40 01 0001 D304 000028", BS_CON, BS_GET, 1, "", "", "", BS_NO_FORMAT,
		BS_NO_FORMAT, "", CRITICAL },
	{ "Uri-Host of no octets (5.4.3)", "40 02 0001 30 82 6273", BS_CON, BS_POST, 1, "", "bs", "", BS_NO_FORMAT,
		BS_NO_FORMAT, "", CRITICAL },
	{ "Content-Format of three octets: elective", "40 03 0001 C3 000028", BS_CON, BS_PUT, 1, "", "", "",
		BS_NO_FORMAT, BS_NO_FORMAT, "", 0 },
	{ "Proxy-Uri", "40 02 0001 D1 16 78", BS_CON, BS_POST, 1, "", "", "", BS_NO_FORMAT, BS_NO_FORMAT, "", PROXY },
	{ "Proxy-Scheme", "40 02 0001 D1 1A 78", BS_CON, BS_POST, 1, "", "", "", BS_NO_FORMAT, BS_NO_FORMAT, "",
		PROXY },
	{ "eight path segments", "40 02 0001 B1 61 01 62 01 63 01 64 01 65 01 66 01 67 01 68", BS_CON, BS_POST, 1, "",
		"a|b|c|d|e|f|g|h", "", BS_NO_FORMAT, BS_NO_FORMAT, "", 0 },
	{ "nine path segments", "40 02 0001 B1 61 01 62 01 63 01 64 01 65 01 66 01 67 01 68 01 69", BS_CON, BS_POST, 1,
		"", "a|b|c|d|e|f|g|h", "", BS_NO_FORMAT, BS_NO_FORMAT, "", CRITICAL },
	{ "the largest option number, 65535, is odd", "40 02 0001 E0 FEF2", BS_CON, BS_POST, 1, "", "", "",
		BS_NO_FORMAT, BS_NO_FORMAT, "", CRITICAL },
	{ "NON request", "50 02 0001 B2 6273", BS_NON, BS_POST, 1, "", "bs", "", BS_NO_FORMAT, BS_NO_FORMAT, "", 0 },
	{ "ping", "40 00 0102", BS_CON, BS_EMPTY, 0x0102, "", "", "", BS_NO_FORMAT, BS_NO_FORMAT, "", 0 },
	{ "empty ACK", "60 00 0102", BS_ACK, BS_EMPTY, 0x0102, "", "", "", BS_NO_FORMAT, BS_NO_FORMAT, "", 0 },
	{ "RST", "70 00 0102", BS_RST, BS_EMPTY, 0x0102, "", "", "", BS_NO_FORMAT, BS_NO_FORMAT, "", 0 },
};

static void
test_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(read_rows) / sizeof(read_rows[0]); i++) {
		const struct read_row *row = &read_rows[i];
		uint8_t wire[256];
		size_t len = hex(row->wire, wire, sizeof(wire));
		uint8_t *exact = exact_copy(wire, len);
		struct bs_msg m;
		enum bs_malformed what;

		if (bs_msg_parse(exact, len, &m, &what) != BS_OK)
			fail_msg("%s: not parsed", row->name);
		if (m.type != row->type || m.code != row->code || m.id != row->id)
			fail_msg("%s: header", row->name);
		assert_hex(row->name, m.token.data, m.token.len, row->token);
		assert_segments(row->name, m.path, m.path_count, row->path);
		assert_segments(row->name, m.query, m.query_count, row->query);
		assert_hex(row->name, m.payload != NULL ? m.payload : wire, m.payload_len, row->payload);
		if (m.content_format != row->content_format || m.accept != row->accept)
			fail_msg("%s: format %u, accept %u", row->name, m.content_format, m.accept);
		if (m.unknown_critical != (row->flags == CRITICAL) || m.proxy != (row->flags == PROXY))
			fail_msg("%s: unknown_critical %d, proxy %d", row->name, m.unknown_critical, m.proxy);
		free(exact);
	}
}

static void
test_read_block_options(void **state)
{
	/* ETag 0A0B, Block2 3/1/64, Block1 70000/0/1024, Size1 65536 */
	uint8_t wire[64];
	size_t len = hex("60 45 0001 42 0A0B D1 06 3A 43 111706 D3 14 010000", wire, sizeof(wire));
	struct bs_msg m;
	enum bs_malformed what;

	(void)state;
	assert_int_equal(bs_msg_parse(wire, len, &m, &what), BS_OK);
	assert_hex("etag", m.etag.data, m.etag.len, "0A0B");
	assert_true(m.block2.present && m.block2.more);
	assert_int_equal(m.block2.num, 3);
	assert_int_equal(m.block2.szx, 2);
	assert_true(m.block1.present && !m.block1.more);
	assert_int_equal(m.block1.num, 70000);
	assert_int_equal(m.block1.szx, 6);
	assert_true(m.has_size1);
	assert_int_equal(m.size1, 65536);
}

static void
test_read_max_age(void **state)
{
	static const struct {
		const char *name, *wire;
		bool has;
		uint32_t max_age_s;
	} rows[] = {
		{ "absent", "60 A3 0001", false, 0 },
		{ "no octet: 0", "60 A3 0001 D0 01", true, 0 },
		{ "one octet", "60 A3 0001 D1 01 3C", true, 60 },
		{ "four octets", "60 A3 0001 D4 01 FFFFFFFF", true, 4294967295 },
		{ "five octets: elective, passed over", "60 A3 0001 D5 01 0000000001", false, 0 },
		{ "twice: the first counts", "60 A3 0001 D1 01 05 01 06", true, 5 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t wire[64];
		size_t len = hex(rows[i].wire, wire, sizeof(wire));
		struct bs_msg m;
		enum bs_malformed what;

		if (bs_msg_parse(wire, len, &m, &what) != BS_OK || m.unknown_critical)
			fail_msg("%s: not read", rows[i].name);
		if (m.has_max_age != rows[i].has || m.max_age_s != rows[i].max_age_s)
			fail_msg("%s: %d, %u s", rows[i].name, m.has_max_age, m.max_age_s);
	}
}

/* RFC 7252 3, 4.2, 4.3: what is no message, and whether the sender is told. */
static const struct bad_row {
	const char *name;
	const char *wire;
	enum bs_malformed what;
} bad_rows[] = {
	{ "nothing", "", BS_MALFORMED_IGNORE },
	{ "three octets of a CON", "40 01 00", BS_MALFORMED_IGNORE },
	{ "version 0", "00 01 0001", BS_MALFORMED_IGNORE },
	{ "version 2", "80 01 0001", BS_MALFORMED_IGNORE },
	{ "version 3", "C0 01 0001", BS_MALFORMED_IGNORE },
	{ "token length 9, CON", "49 01 0001 010203040506070809", BS_MALFORMED_RESET },
	{ "token length 15, CON", "4F 01 0001 010203040506070809101112131415", BS_MALFORMED_RESET },
	{ "token length 9, NON", "59 01 0001 010203040506070809", BS_MALFORMED_IGNORE },
	{ "token cut", "44 01 0001 0102", BS_MALFORMED_RESET },
	{ "empty with a token", "41 00 0001 01", BS_MALFORMED_RESET },
	{ "empty with octets behind it", "40 00 0001 FF", BS_MALFORMED_RESET },
	{ "empty with an option", "40 00 0001 B0", BS_MALFORMED_RESET },
	{ "empty with a token length and no token", "41 00 0001", BS_MALFORMED_RESET },
	{ "empty ACK with octets behind it", "60 00 0001 FF", BS_MALFORMED_IGNORE },
	{ "empty NON", "50 00 0001", BS_MALFORMED_IGNORE },
	{ "code class 1", "40 20 0001", BS_MALFORMED_RESET },
	{ "code class 6", "40 C0 0001", BS_MALFORMED_RESET },
	{ "code class 7 (signalling belongs to TCP)", "40 E1 0001", BS_MALFORMED_RESET },
	{ "code class 7, NON", "50 E1 0001", BS_MALFORMED_IGNORE },
	{ "request in an ACK", "60 01 0001", BS_MALFORMED_IGNORE },
	{ "RST that is not empty", "70 45 0001", BS_MALFORMED_IGNORE },
	{ "marker without payload", "40 02 0001 B2 6273 FF", BS_MALFORMED_RESET },
	{ "option delta 15", "40 02 0001 F1 00", BS_MALFORMED_RESET },
	{ "option length 15", "40 02 0001 1F 00", BS_MALFORMED_RESET },
	{ "option value cut", "40 02 0001 B4 627300", BS_MALFORMED_RESET },
	{ "extended delta cut", "40 02 0001 D0", BS_MALFORMED_RESET },
	{ "extended length cut", "40 02 0001 BE 01", BS_MALFORMED_RESET },
	{ "one delta above 65535", "40 02 0001 E0 FEF3", BS_MALFORMED_RESET },
	{ "one delta far above 65535", "40 02 0001 E0 FFFF", BS_MALFORMED_RESET },
	{ "sum of deltas above 65535", "40 02 0001 E0 FEF2 10", BS_MALFORMED_RESET },
	{ "bad option in a NON", "50 02 0001 F1 00", BS_MALFORMED_IGNORE },
	{ "bad option in an ACK", "60 45 0001 F1 00", BS_MALFORMED_IGNORE },
};

static void
test_malformed(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad_rows) / sizeof(bad_rows[0]); i++) {
		const struct bad_row *row = &bad_rows[i];
		uint8_t wire[64];
		size_t len = hex(row->wire, wire, sizeof(wire));
		uint8_t *exact = exact_copy(wire, len);
		struct bs_msg m;
		enum bs_malformed what;

		if (bs_msg_parse(exact, len, &m, &what) != BS_EFORMAT)
			fail_msg("%s: taken for a message", row->name);
		if (what != row->what)
			fail_msg("%s: got %d", row->name, what);
		if (what == BS_MALFORMED_RESET)
			assert_int_equal(m.id, 1);
		free(exact);
	}
}

/* Cut anywhere, a message is well-formed at the ends of its parts only. */
static void
test_every_prefix(void **state)
{
	static const char good[] = "44 03 0006 01020304 B1 30 01 31 12 2D16 D102 0D D214 041E FF C101";
	/*                          0          4        8     10    12    15      18      22      25   */
	static const size_t ends[] = { 8, 10, 12, 15, 18, 22, 24, 25 };
	uint8_t wire[64];
	size_t len = hex(good, wire, sizeof(wire));

	(void)state;
	assert_int_equal(len, 25);
	for (size_t n = 0; n <= len; n++) {
		uint8_t *exact = exact_copy(wire, n);
		struct bs_msg m;
		enum bs_malformed what;
		bool whole = false;

		for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
			whole = whole || ends[i] == n;
		if ((bs_msg_parse(exact, n, &m, &what) == BS_OK) != whole)
			fail_msg("prefix of %zu octets", n);
		free(exact);
	}
}

static void
test_code_format(void **state)
{
	char text[BS_CODE_TEXT];

	(void)state;
	assert_string_equal(bs_code_format(BS_CHANGED, text), "2.04");
	assert_string_equal(bs_code_format(BS_UNSUPPORTED_FORMAT, text), "4.15");
	assert_string_equal(bs_code_format(BS_CONTINUE, text), "2.31");
	assert_string_equal(bs_code_format(0xff, text), "7.31");
	assert_string_equal(bs_code_format(0, text), "0.00");
}

/* libcoap has a log of its own: nothing that comes from the network may reach the terminal. */
static void
test_prints_nothing(void **state)
{
	FILE *sink = tmpfile();
	int out = dup(1), err = dup(2);

	(void)state;
	assert_non_null(sink);
	fflush(stdout);
	dup2(fileno(sink), 1);
	dup2(fileno(sink), 2);
	test_malformed(NULL);
	test_write(NULL);
	fflush(stdout);
	dup2(out, 1);
	dup2(err, 2);
	close(out);
	close(err);
	assert_int_equal(lseek(fileno(sink), 0, SEEK_END), 0);
	fclose(sink);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_write_refuses_what_has_no_form),
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_read_block_options),
		cmocka_unit_test(test_read_max_age),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_every_prefix),
		cmocka_unit_test(test_code_format),
		cmocka_unit_test(test_prints_nothing),
	};

	return cmocka_run_group_tests_name("msg", tests, NULL, NULL);
}
