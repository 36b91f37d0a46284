/* SPDX-License-Identifier: Apache-2.0 */
/* One row per rule of the key screen, and keys that must pass it. */
#include "tests/lib/test.h"

#include <stdlib.h>

#include "tools/ctl/device/strength.h"

struct row {
	const char *name, *key, *refusal; /* key in hexadecimal; refusal NULL: good */
};

static const struct row rows[] = {
	{ "empty", "", "the key is shorter than 16 octets" },
	{ "15 octets", "8b1a9953c4611296a827abf8c47804", "the key is shorter than 16 octets" },
	{ "16 random octets", "8b1a9953c4611296a827abf8c47804d7", NULL },
	{ "32 random octets", "5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9", NULL },
	{ "all equal", "42424242424242424242424242424242", "all octets of the key are equal" },
	{ "zeroes", "00000000000000000000000000000000", "all octets of the key are equal" },
	{ "two in turn", "a53ca53ca53ca53ca53ca53ca53ca53c", "the key repeats a block of 8 octets or less" },
	{ "a block of 8, twice", "9f02c7110ba4e85d9f02c7110ba4e85d", "the key repeats a block of 8 octets or less" },
	{ "a block of 7 with a rest", "9f02c7110ba4e89f02c7110ba4e89f02",
		"the key repeats a block of 8 octets or less" },
	{ "a block of 9 passes", "9f02c7110ba4e85d019f02c7110ba4e85d01", NULL },
	{ "counting up", "101112131415161718191a1b1c1d1e1f", "the octets of the key form a sequence" },
	{ "counting down", "1f1e1d1c1b1a19181716151413121110", "the octets of the key form a sequence" },
	{ "steps of 3, through 255", "f0f3f6f9fcff0205080b0e1114171a1d", "the octets of the key form a sequence" },
	{ "7 values", "01020304050607010703020506040107", "the key has fewer than 8 distinct octets" },
	{ "8 values", "01020304050607080107030205060401", NULL },
	{ "Zephyr's sample", "000102030405060708090a0b0c0d0e0f", "the key is known from documentation or samples" },
	{ "Zephyr's echo server", "010102030405060708090a0b0c0d0e0f",
		"the key is known from documentation or samples" },
	{ "FIPS 197", "2b7e151628aed2a6abf7158809cf4f3c", "the key is known from documentation or samples" },
	{ "nibbles up and down", "0123456789abcdeffedcba9876543210", "the key is known from documentation or samples" },
	{ "deadbeef", "deadbeefdeadbeefdeadbeefdeadbeef", "the key is known from documentation or samples" },
	{ "ZigBeeAlliance09", "5a6967426565416c6c69616e63653039", "the key is known from documentation or samples" },
	/* secretPSK of many samples */
	{ "secretPSK", "73656372657450534b", "the key is shorter than 16 octets" },
	{ "a sentence", "6d79207665727920736563726574206b657921",
		"the key is printable text, which carries too little randomness" },
	/* 16 hexadecimal digits as text: 64 bits */
	{ "16 hex digits as text", "38623161393935336334363131323936",
		"the key is printable text, which carries too little randomness" },
	/* 32 hexadecimal digits as text: 128 bits, as some clients take their keys */
	{ "32 hex digits as text", "3862316139393533633436313132393661383237616266386334373830346437", NULL },
	/* the same of 000102..0f */
	{ "a sample's digits as text", "3030303130323033303430353036303730383039306130623063306430653066",
		"the key is known from documentation or samples" },
	/* dGhpc2lzYXNlY3JldEtleQ.. : 24 characters of base64 */
	{ "base64 of 18 octets", "75306c6f5236672b7a5132354e63304b4c782f59704a6f57", NULL },
	{ "words without blanks", "636f7272656374686f72736562617474657279737461706c65",
		"the key is printable text, which carries too little randomness" },
};

/* covers: resource 0/5 */
static void
test_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t key[64];
		size_t len = hex(rows[i].key, key, sizeof(key));
		uint8_t *copy = exact_copy(key, len);
		const char *refusal = bs_strength_refusal(copy, len);

		if ((refusal == NULL) != (rows[i].refusal == NULL) ||
			(refusal != NULL && strcmp(refusal, rows[i].refusal) != 0))
			fail_msg("%s: \"%s\"", rows[i].name, refusal != NULL ? refusal : "good");
		free(copy);
	}
}

/* A screen must not cost good keys: random ones all pass. */
static void
test_random_keys_pass(void **state)
{
	uint64_t seed = 7;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		uint8_t key[16];

		test_random(&seed, key, sizeof(key));
		assert_null(bs_strength_refusal(key, sizeof(key)));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_random_keys_pass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
