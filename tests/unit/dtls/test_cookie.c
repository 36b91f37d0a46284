/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/test.h"

#include <stdlib.h>

#include "server/dtls/cookie.h"

/* A ClientHello as RFC 6347, 4.2.2 and RFC 5246, 7.4.1.2 lay it out; after the cookie one suite and no compression. */
#define RECORD "16 feff 0000 000000000005 003b"
#define MESSAGE "01 00002f 0000 000000 00002f"
#define RANDOM "00112233445566778899aabbccddeeff 00112233445566778899aabbccddeeff"
#define HELLO \
	RECORD MESSAGE "fefd" RANDOM "02 a1a2" \
		       "03 c1c2c3" \
		       "0002 00a8" \
		       "01 00"

static struct bs_addr here, there;
static uint64_t seed;

static struct bs_cookie_jar *
new_jar(uint64_t now_ms)
{
	seed = 7;
	return bs_cookie_jar_new(test_random, &seed, now_ms);
}

static int
setup_group(void **state)
{
	(void)state;
	assert_int_equal(bs_addr_parse("192.0.2.1:40000", &here), BS_OK);
	assert_int_equal(bs_addr_parse("192.0.2.1:40001", &there), BS_OK);
	return 0;
}

static void
reads_what_the_cookie_needs(void **state)
{
	uint8_t data[128], expected[32];
	struct bs_hello h;
	size_t len = hex(HELLO, data, sizeof(data));

	(void)state;
	assert_int_equal(bs_hello_parse(data, len, &h), BS_OK);
	assert_int_equal(h.record_seq, 5);
	assert_int_equal(h.message_seq, 0);
	assert_int_equal(h.version, 0xfefd);
	hex(RANDOM, expected, sizeof(expected));
	assert_memory_equal(h.random, expected, 32);
	assert_hex("session id", h.session_id, h.session_id_len, "a1a2");
	assert_hex("cookie", h.cookie, h.cookie_len, "c1c2c3");
}

static void
every_prefix_is_refused(void **state)
{
	uint8_t data[128];
	struct bs_hello h;
	size_t len = hex(HELLO, data, sizeof(data));

	(void)state;
	for (size_t n = 0; n < len; n++) {
		uint8_t *copy = exact_copy(data, n);

		assert_int_not_equal(bs_hello_parse(copy, n, &h), BS_OK);
		free(copy);
	}
}

static void
other_datagrams_are_no_hello(void **state)
{
	static const struct {
		const char *name, *data;
		enum bs_err err;
	} rows[] = {
		{ "application data", "17 fefd 0001 000000000001 0004 01020304", BS_EFORMAT },
		{ "TLS", "16 0301 0000 000000000005 003b" MESSAGE "fefd" RANDOM "02 a1a2 03 c1c2c3 0002 00a8 01 00",
			BS_EFORMAT },
		{ "epoch 1", "16 feff 0001 000000000005 003b" MESSAGE "fefd" RANDOM "02 a1a2 03 c1c2c3 0002 00a8 01 00",
			BS_EFORMAT },
		{ "ClientKeyExchange",
			RECORD "10 00002f 0000 000000 00002f"
			       "fefd" RANDOM "02 a1a2 03 c1c2c3 0002 00a8 01 00",
			BS_EFORMAT },
		{ "a later fragment",
			RECORD "01 00005e 0000 000010 00002f"
			       "fefd" RANDOM "02 a1a2 03 c1c2c3 0002 00a8 01 00",
			BS_EFORMAT },
		{ "a fragment longer than its message",
			RECORD "01 00002e 0000 000000 00002f"
			       "fefd" RANDOM "02 a1a2 03 c1c2c3 0002 00a8 01 00",
			BS_EFORMAT },
		{ "a fragment longer than its record",
			RECORD "01 000030 0000 000000 000030"
			       "fefd" RANDOM "02 a1a2 03 c1c2c3 0002 00a8 01 0000",
			BS_EFORMAT },
		{ "a session id of 33 octets",
			"16 feff 0000 000000000005 005a"
			"01 00004e 0000 000000 00004e"
			"fefd" RANDOM "21"
			"00000000000000000000000000000000 00000000000000000000000000000000 00"
			"03 c1c2c3 0002 00a8 01 00",
			BS_EFORMAT },
		{ "a cookie beyond the fragment",
			"16 feff 0000 000000000005 0033"
			"01 00002f 0000 000000 000027"
			"fefd" RANDOM "02 a1a2 03 c1",
			BS_ESHORT },
	};
	uint8_t data[256];
	struct bs_hello h;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t len = hex(rows[i].data, data, sizeof(data));
		enum bs_err err = bs_hello_parse(data, len, &h);

		if (err != rows[i].err)
			fail_msg("%s: %s", rows[i].name, bs_strerror(err));
	}
}

/* The hello again with a cookie. Returns its length. */
static size_t
with_cookie(const uint8_t *cookie, size_t len, uint8_t *out, size_t max, struct bs_hello *h)
{
	static const uint8_t tail[] = { 0x00, 0x02, 0x00, 0xa8, 0x01, 0x00 };
	const size_t front = 13 + 12 + 2 + 32 + 3;
	size_t body = 2 + 32 + 3 + 1 + len + sizeof(tail), total;

	hex(HELLO, out, max);
	out[12] = (uint8_t)(body + 12);
	out[13 + 3] = out[13 + 11] = (uint8_t)body;
	out[front] = (uint8_t)len;
	if (len > 0)
		memcpy(out + front + 1, cookie, len);
	memcpy(out + front + 1 + len, tail, sizeof(tail));
	total = front + 1 + len + sizeof(tail);
	assert_int_equal(bs_hello_parse(out, total, h), BS_OK);
	return total;
}

/* Ask for a cookie as `from`. */
static void
get_cookie(struct bs_cookie_jar *jar, uint64_t now_ms, const struct bs_addr *from, uint8_t cookie[BS_COOKIE_LEN])
{
	uint8_t data[128], answer[BS_HVR_MAX];
	struct bs_hello h;
	size_t len;

	with_cookie(NULL, 0, data, sizeof(data), &h);
	len = bs_cookie_answer(jar, now_ms, from, &h, answer, sizeof(answer));
	assert_int_equal(len, 44);
	memcpy(cookie, answer + 28, BS_COOKIE_LEN);
}

static void
the_answer_is_a_hello_verify_request(void **state)
{
	struct bs_cookie_jar *jar = new_jar(0);
	uint8_t data[128], answer[BS_HVR_MAX];
	struct bs_hello h;
	size_t hello_len = with_cookie(NULL, 0, data, sizeof(data), &h), len;

	(void)state;
	len = bs_cookie_answer(jar, 0, &here, &h, answer, sizeof(answer));
	assert_true(len < hello_len);
	assert_hex("up to the cookie", answer, len - BS_COOKIE_LEN,
		"16 feff 0000 000000000005 001f" /* record: the hello's number */
		"03 000013 0000 000000 000013" /* hello_verify_request, message 0 */
		"feff 10");
	assert_int_equal(bs_cookie_answer(jar, 0, &here, &h, answer, len - 1), 0);
	bs_cookie_jar_free(jar);
}

static void
cookies_are_bound_to_address_and_hello(void **state)
{
	struct bs_cookie_jar *jar = new_jar(0);
	uint8_t cookie[BS_COOKIE_LEN], longer[BS_COOKIE_LEN + 1] = { 0 }, data[128];
	struct bs_hello h;

	(void)state;
	get_cookie(jar, 0, &here, cookie);
	with_cookie(NULL, 0, data, sizeof(data), &h);
	assert_int_equal(bs_cookie_check(jar, 0, &here, &h), BS_COOKIE_NONE);
	with_cookie(cookie, BS_COOKIE_LEN, data, sizeof(data), &h);
	assert_int_equal(bs_cookie_check(jar, 0, &here, &h), BS_COOKIE_GOOD);
	assert_int_equal(bs_cookie_check(jar, 0, &there, &h), BS_COOKIE_BAD);
	for (size_t i = 0; i < 13 + 12 + 2 + 32 + 3; i++) { /* version, random, session id */
		struct bs_hello changed;

		data[i] ^= 1;
		if (bs_hello_parse(data, 13 + 12 + 2 + 32 + 3 + 1 + BS_COOKIE_LEN + 6, &changed) == BS_OK && i >= 25)
			assert_int_equal(bs_cookie_check(jar, 0, &here, &changed), BS_COOKIE_BAD);
		data[i] ^= 1;
	}
	for (size_t i = 0; i < BS_COOKIE_LEN; i++) {
		cookie[i] ^= 0x80;
		with_cookie(cookie, BS_COOKIE_LEN, data, sizeof(data), &h);
		assert_int_equal(bs_cookie_check(jar, 0, &here, &h), BS_COOKIE_BAD);
		cookie[i] ^= 0x80;
	}
	with_cookie(cookie, BS_COOKIE_LEN - 1, data, sizeof(data), &h);
	assert_int_equal(bs_cookie_check(jar, 0, &here, &h), BS_COOKIE_BAD);
	memcpy(longer, cookie, BS_COOKIE_LEN);
	with_cookie(longer, sizeof(longer), data, sizeof(data), &h); /* a good one with an octet behind it */
	assert_int_equal(bs_cookie_check(jar, 0, &here, &h), BS_COOKIE_BAD);
	bs_cookie_jar_free(jar);
}

static void
the_secret_rotates(void **state)
{
	static const struct {
		uint64_t at_ms;
		enum bs_cookie_verdict verdict;
	} rows[] = {
		{ 59999, BS_COOKIE_GOOD },
		{ 60000, BS_COOKIE_GOOD }, /* the one before */
		{ 119999, BS_COOKIE_GOOD },
		{ 120000, BS_COOKIE_BAD },
		{ 10000000, BS_COOKIE_BAD },
	};
	struct bs_cookie_jar *jar = new_jar(59000);
	uint8_t cookie[BS_COOKIE_LEN], later[BS_COOKIE_LEN], data[128];
	struct bs_hello h;

	(void)state;
	get_cookie(jar, 59000, &here, cookie);
	with_cookie(cookie, BS_COOKIE_LEN, data, sizeof(data), &h);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(bs_cookie_check(jar, rows[i].at_ms, &here, &h), rows[i].verdict);
	get_cookie(jar, 10000000, &here, later);
	assert_memory_not_equal(cookie, later, BS_COOKIE_LEN);
	bs_cookie_jar_free(jar);
}

static void
workers_with_one_seed_take_each_others_cookies(void **state)
{
	struct bs_cookie_jar *a = new_jar(0), *b = new_jar(90000), *c;
	uint8_t cookie[BS_COOKIE_LEN], data[128];
	struct bs_hello h;

	(void)state;
	seed = 8;
	c = bs_cookie_jar_new(test_random, &seed, 90000);
	get_cookie(a, 90000, &here, cookie);
	with_cookie(cookie, BS_COOKIE_LEN, data, sizeof(data), &h);
	assert_int_equal(bs_cookie_check(b, 90000, &here, &h), BS_COOKIE_GOOD);
	assert_int_equal(bs_cookie_check(c, 90000, &here, &h), BS_COOKIE_BAD);
	bs_cookie_jar_free(a);
	bs_cookie_jar_free(b);
	bs_cookie_jar_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_the_cookie_needs),
		cmocka_unit_test(every_prefix_is_refused),
		cmocka_unit_test(other_datagrams_are_no_hello),
		cmocka_unit_test(the_answer_is_a_hello_verify_request),
		cmocka_unit_test(cookies_are_bound_to_address_and_hello),
		cmocka_unit_test(the_secret_rotates),
		cmocka_unit_test(workers_with_one_seed_take_each_others_cookies),
	};

	return cmocka_run_group_tests(tests, setup_group, NULL);
}
