/* SPDX-License-Identifier: Apache-2.0 */
/* What reaches OpenSSL of a handshake, record by record, which records are old, and how far a key may be used. */
#include "tests/lib/test.h"

#include <stdlib.h>

#include <openssl/ssl.h>

#include "server/dtls/gate.h"
#include "server/dtls/limits.h"

static const char *const verdicts[] = { "is dropped", "passes", "waits", "is an alert" };

struct row {
	const char *name;
	enum bs_gate_flight flight;
	bool cookie, changed;
	enum bs_gate_verdict verdict;
	const char *records[3]; /* the last one is looked at */
};

/* type, version, epoch and number, length, then: message type, length, number, offset and length of the fragment */
#define HEADER(type, epoch, len) type " fefd " epoch " 000000000007 " len " "
static const struct row rows[] = {
	{ "a key exchange", BS_GATE_PSK, 0, 0, BS_GATE_PASS,
		{ HEADER("16", "0000", "000e") "10 000002 0002 000000 000002 0000" } },
	{ "its second half", BS_GATE_PSK, 0, 0, BS_GATE_PASS,
		{ HEADER("16", "0000", "000d") "10 000002 0002 000001 000001 00" } },
	{ "the same message of another length", BS_GATE_PSK, 0, 0, BS_GATE_DROP,
		{ HEADER("16", "0000", "000d") "10 000002 0002 000001 000001 00",
			HEADER("16", "0000", "000d") "10 000003 0002 000001 000001 00" } },
	{ "what was dropped announces nothing", BS_GATE_PSK, 0, 0, BS_GATE_PASS,
		{ HEADER("16", "0000", "000d") "10 000003 0002 000001 000009 00",
			HEADER("16", "0000", "000d") "10 000002 0002 000001 000001 00" } },
	{ "two messages in one record", BS_GATE_CERTIFICATE, 0, 0, BS_GATE_PASS,
		{ HEADER("16", "0000", "001a") "0b 000001 0002 000000 000001 00 10 000001 0003 000000 000001 00" } },
	{ "the second of them cut", BS_GATE_CERTIFICATE, 0, 0, BS_GATE_DROP,
		{ HEADER("16", "0000", "0019") "0b 000001 0002 000000 000001 00 10 000001 0003 000000 000001" } },
	{ "a key exchange out of its place", BS_GATE_CERTIFICATE, 0, 0, BS_GATE_DROP,
		{ HEADER("16", "0000", "000d") "10 000001 0002 000000 000001 00" } },
	{ "a certificate in a PSK handshake", BS_GATE_PSK, 0, 0, BS_GATE_DROP,
		{ HEADER("16", "0000", "000d") "0b 000001 0002 000000 000001 00" } },
	{ "a chain of 16,384 octets", BS_GATE_CERTIFICATE, 0, 0, BS_GATE_PASS,
		{ HEADER("16", "0000", "000d") "0b 004000 0002 003fff 000001 00" } },
	{ "a longer one", BS_GATE_CERTIFICATE, 0, 0, BS_GATE_DROP,
		{ HEADER("16", "0000", "000d") "0b 004001 0002 003fff 000001 00" } },
	{ "the rest of a hello", BS_GATE_HELLO, 0, 0, BS_GATE_PASS,
		{ HEADER("16", "0000", "000d") "01 000100 0001 0000ff 000001 00" } },
	{ "a key exchange before the suite is chosen", BS_GATE_HELLO, 0, 0, BS_GATE_DROP,
		{ HEADER("16", "0000", "000d") "10 000001 0002 000000 000001 00" } },
	{ "ServerHello without a cookie", BS_GATE_SERVER_PSK, 0, 0, BS_GATE_PASS,
		{ HEADER("16", "0000", "000d") "02 000001 0000 000000 000001 00" } },
	{ "ServerHello, a number late", BS_GATE_SERVER_PSK, 0, 0, BS_GATE_DROP,
		{ HEADER("16", "0000", "000d") "02 000001 0001 000000 000001 00" } },
	{ "the same after a HelloVerifyRequest", BS_GATE_SERVER_PSK, 0, 0, BS_GATE_PASS,
		{ HEADER("16", "0000", "000f") "03 000003 0000 000000 000003 fefd00",
			HEADER("16", "0000", "000d") "02 000001 0001 000000 000001 00" } },
	{ "ServerHelloDone without a hint before it", BS_GATE_SERVER_PSK, 1, 0, BS_GATE_PASS,
		{ HEADER("16", "0000", "000c") "0e 000000 0002 000000 000000" } },
	{ "ServerHelloDone in the place of the hint", BS_GATE_SERVER_PSK, 1, 0, BS_GATE_DROP,
		{ HEADER("16", "0000", "000d") "0c 000001 0002 000000 000001 00",
			HEADER("16", "0000", "000c") "0e 000000 0002 000000 000000" } },
	{ "ServerHelloDone instead of the certificate", BS_GATE_SERVER_CERTIFICATE, 1, 0, BS_GATE_DROP,
		{ HEADER("16", "0000", "000c") "0e 000000 0002 000000 000000" } },
	{ "ChangeCipherSpec", BS_GATE_PSK, 0, 0, BS_GATE_PASS, { HEADER("14", "0000", "0001") "01" } },
	{ "ChangeCipherSpec before the suite is chosen", BS_GATE_HELLO, 0, 0, BS_GATE_DROP,
		{ HEADER("14", "0000", "0001") "01" } },
	{ "an alert", BS_GATE_PSK, 0, 0, BS_GATE_ALERT, { HEADER("15", "0000", "0002") "0228" } },
	{ "an alert when the cipher was changed", BS_GATE_PSK, 0, 1, BS_GATE_DROP,
		{ HEADER("15", "0000", "0002") "0228" } },
	{ "anything in the clear then", BS_GATE_PSK, 0, 1, BS_GATE_DROP,
		{ HEADER("16", "0000", "000d") "10 000001 0002 000000 000001 00" } },
	{ "a protected message before that", BS_GATE_PSK, 0, 0, BS_GATE_PARK, { HEADER("16", "0001", "0002") "0000" } },
	{ "a protected message", BS_GATE_PSK, 0, 1, BS_GATE_PASS, { HEADER("16", "0001", "0002") "0000" } },
	{ "protected data", BS_GATE_PSK, 0, 1, BS_GATE_DROP, { HEADER("17", "0001", "0002") "0000" } },
	{ "epoch 2", BS_GATE_PSK, 0, 1, BS_GATE_DROP, { HEADER("16", "0002", "0002") "0000" } },
};

static enum bs_gate_verdict
look(struct bs_gate *g, const char *text)
{
	uint8_t octets[256];
	size_t len = hex(text, octets, sizeof(octets));
	uint8_t *record = exact_copy(octets, len);
	enum bs_gate_verdict v;

	assert_int_equal(bs_record_len(record, len), len);
	for (size_t n = 0; n < len; n++)
		assert_int_equal(bs_record_len(record, n), 0);
	v = bs_gate_look(g, record, len);
	free(record);
	return v;
}

static void
records_that_pass_and_that_do_not(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		struct bs_gate g = { .flight = row->flight, .cookie = row->cookie, .cipher_changed = row->changed };
		enum bs_gate_verdict v = BS_GATE_DROP;

		for (size_t r = 0; r < 3 && row->records[r] != NULL; r++)
			v = look(&g, row->records[r]);
		if (v != row->verdict)
			fail_msg("%s: %s", row->name, verdicts[v]);
	}
}

static void
a_record_longer_than_agreed_is_dropped(void **state)
{
	struct bs_gate g = { .flight = BS_GATE_CERTIFICATE, .record_max = 13 };

	(void)state;
	assert_int_equal(look(&g, HEADER("16", "0000", "000d") "0b 000100 0002 000000 000001 00"), BS_GATE_PASS);
	assert_int_equal(look(&g, HEADER("16", "0000", "000e") "0b 000100 0002 000001 000002 0000"), BS_GATE_DROP);
	assert_false(g.too_long);
	assert_int_equal(look(&g, HEADER("16", "0000", "000d") "10 000401 0003 000000 000001 00"), BS_GATE_DROP);
	assert_true(g.too_long);
}

static void
two_records_wait_the_newest(void **state)
{
	struct bs_gate g = { .flight = BS_GATE_PSK };
	uint8_t record[BS_GATE_PARKED_LEN] = { 22 };

	(void)state;
	assert_int_equal(bs_gate_unpark(&g, record), 0);
	for (uint8_t i = 1; i <= 5; i++) {
		record[1] = i;
		bs_gate_park(&g, record, 20u + i);
	}
	assert_int_equal(bs_gate_unpark(&g, record), 24);
	assert_int_equal(record[1], 4);
	record[1] = 6;
	bs_gate_park(&g, record, sizeof(record));
	assert_int_equal(bs_gate_unpark(&g, record), 25);
	assert_int_equal(bs_gate_unpark(&g, record), sizeof(record));
	assert_int_equal(record[1], 6);
	assert_int_equal(bs_gate_unpark(&g, record), 0);
}

static void
numbers_that_were_there(void **state)
{
	static const struct {
		uint64_t seq;
		bool old;
	} steps[] = { { 5, false }, { 5, true }, { 4, false }, { 4, true }, { 0, false }, { 70, false }, { 7, false },
		{ 6, true }, { 5, true }, { 69, false }, { 70, true }, { 1000, false }, { 936, true }, { 937, false },
		{ 937, true }, { (UINT64_C(1) << 48) - 1, false }, { 1000, true }, { (UINT64_C(1) << 48) - 1, true } };
	struct bs_window w = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (bs_window_is_old(&w, steps[i].seq) != steps[i].old)
			fail_msg("step %zu", i);
		if (!steps[i].old)
			bs_window_add(&w, steps[i].seq);
	}
}

/* The least that each suite makes of a Finished and of nothing: RFC 5288, 6655, 5246 6.2.3.2. */
static void
limits_of_the_suites(void **state)
{
	static const struct {
		const char *suite;
		uint64_t records, failures, at_once;
		size_t least, not_that_long;
	} suites[] = {
		{ "PSK-AES128-GCM-SHA256", 23726566, UINT64_C(1) << 36, 1 << 28, 24, 23 },
		{ "ECDHE-ECDSA-AES256-GCM-SHA384", 23726566, UINT64_C(1) << 36, 1 << 28, 24, 23 },
		{ "PSK-AES128-CCM", 1 << 23, 11863283, 46340, 24, 23 },
		{ "PSK-AES128-CCM8", 1 << 23, 1 << 20, 4096, 16, 15 },
		{ "ECDHE-ECDSA-AES256-CCM8", 1 << 23, 1 << 20, 4096, 16, 15 },
		{ "PSK-AES128-CBC-SHA256", UINT64_C(1) << 32, 1 << 20, 4096, 64, 65 },
		{ "ECDHE-ECDSA-AES256-SHA384", UINT64_C(1) << 32, 1 << 20, 4096, 80, 64 },
		{ "PSK-AES128-CBC-SHA", UINT64_C(1) << 32, 1 << 20, 4096, 48, 32 },
		{ "ECDHE-ECDSA-CHACHA20-POLY1305", UINT64_C(1) << 32, UINT64_C(1) << 36, 1 << 28, 16, 15 },
	};
	SSL_CTX *ctx = SSL_CTX_new(DTLS_server_method());

	(void)state;
	for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++) {
		char list[100];
		struct bs_record_limits l;

		snprintf(list, sizeof(list), "%s:@SECLEVEL=0", suites[i].suite);
		assert_int_equal(SSL_CTX_set_cipher_list(ctx, list), 1);
		l = bs_record_limits_of(
			sk_SSL_CIPHER_value(SSL_CTX_get_ciphers(ctx), sk_SSL_CIPHER_num(SSL_CTX_get_ciphers(ctx)) - 1));
		if (l.records != suites[i].records || l.failures != suites[i].failures ||
			bs_record_limits_failures(&l, 0) != suites[i].at_once ||
			!bs_record_limits_fit(&l, suites[i].least) || bs_record_limits_fit(&l, suites[i].not_that_long))
			fail_msg("%s", suites[i].suite);
		assert_true(bs_record_limits_failures(&l, 3600000) > suites[i].at_once);
		assert_true(bs_record_limits_failures(&l, UINT64_C(1) << 40) <= l.failures);
		assert_true(bs_record_limits_failures(&l, UINT64_C(1) << 40) > l.failures / 10 * 9);
	}
	SSL_CTX_free(ctx);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_that_pass_and_that_do_not),
		cmocka_unit_test(a_record_longer_than_agreed_is_dropped),
		cmocka_unit_test(two_records_wait_the_newest),
		cmocka_unit_test(numbers_that_were_there),
		cmocka_unit_test(limits_of_the_suites),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
