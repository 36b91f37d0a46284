/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ctl/device/strength.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "server/base/secret.h"
#include "server/base/text.h"

/* Keys that stand in documentation, samples and test vectors, so that everyone has them. In hexadecimal. */
static const char *const sample_keys[] = {
	"000102030405060708090a0b0c0d0e0f", /* LwM2M client samples of Zephyr and the nRF SDK */
	"010102030405060708090a0b0c0d0e0f", /* Zephyr, echo server */
	"00112233445566778899aabbccddeeff", /* FIPS 197; Thread's default network key */
	"0123456789abcdef0123456789abcdef",
	"0123456789abcdeffedcba9876543210",
	"fedcba98765432100123456789abcdef",
	"2b7e151628aed2a6abf7158809cf4f3c", /* FIPS 197, RFC 4493; LoRaWAN samples */
	"603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4", /* SP 800-38A */
	"8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b", /* SP 800-38A */
	"465b5ce8b199b49faa5f0a2ee238a6bc", /* 3GPP TS 35.208 */
	"cdc202d5123e20f62b6d676ac72cb318", /* 3GPP TS 35.208 */
	"ba0db2a3448345a3a13a91c2ada44778", /* EMQX documentation */
	"a6fc9edf62864125aae7658beae6170c", /* EMQX documentation */
	"c127d993068150012d74863733313864f26932c7e707e724a479bba730580538", /* EMQX, public bug report */
	"5a6967426565416c6c69616e63653039", /* ZigBeeAlliance09 */
	"deadbeefdeadbeefdeadbeefdeadbeef",
	"cafebabecafebabecafebabecafebabe",
	"deadbeefcafebabedeadbeefcafebabe",
	"deadbeefcafebabe0123456789abcdef",
};

static bool
too_short(const uint8_t *key, size_t len)
{
	(void)key;
	return len < BS_PSK_MIN;
}

static bool
block_repeats(const uint8_t *key, size_t len, size_t block)
{
	for (size_t i = block; i < len; i++)
		if (key[i] != key[i - block])
			return false;
	return true;
}

static bool
all_equal(const uint8_t *key, size_t len)
{
	return block_repeats(key, len, 1);
}

static bool
short_block_repeats(const uint8_t *key, size_t len)
{
	for (size_t block = 2; block <= 8; block++)
		if (block_repeats(key, len, block))
			return true;
	return false;
}

/* Every octet is the one before plus the same step. */
static bool
is_sequence(const uint8_t *key, size_t len)
{
	uint8_t step = (uint8_t)(key[1] - key[0]);

	for (size_t i = 2; i < len; i++)
		if ((uint8_t)(key[i] - key[i - 1]) != step)
			return false;
	return true;
}

static bool
few_values(const uint8_t *key, size_t len)
{
	bool seen[256] = { false };
	unsigned distinct = 0;

	for (size_t i = 0; i < len; i++) {
		distinct += !seen[key[i]];
		seen[key[i]] = true;
	}
	return distinct < 8;
}

static bool
all_match(const uint8_t *key, size_t len, bool (*fits)(int c))
{
	for (size_t i = 0; i < len; i++)
		if (!fits(key[i]))
			return false;
	return true;
}

static bool
printable(int c)
{
	return c >= 0x20 && c < 0x7f;
}

static bool
hex_digit(int c)
{
	return isxdigit(c) != 0;
}

static bool
base64_digit(int c)
{
	return c < 0x7f && (isalnum(c) != 0 || strchr("+/-_=", c) != NULL);
}

static bool
lower_case(int c)
{
	return islower(c) != 0;
}

static bool
upper_case(int c)
{
	return isupper(c) != 0;
}

/* Text that may carry 128 bits: 32 hexadecimal digits, or 22 characters of base64. Letters of one case are words. */
static bool
text_carries_128_bits(const uint8_t *key, size_t len)
{
	if (all_match(key, len, hex_digit))
		return len >= 32;
	return len >= 22 && all_match(key, len, base64_digit) && !all_match(key, len, lower_case) &&
	       !all_match(key, len, upper_case);
}

static bool
is_text(const uint8_t *key, size_t len)
{
	return all_match(key, len, printable) && !text_carries_128_bits(key, len);
}

/* Most samples are told from a key by this alone: a million keys are compared with each of them. */
static bool
first_octet_is(const char *hex, uint8_t octet)
{
	static const char digits[] = "0123456789abcdef";

	return hex[0] == digits[octet >> 4] && hex[1] == digits[octet & 15];
}

static bool
is_sample(const uint8_t *key, size_t len)
{
	for (size_t i = 0; i < sizeof(sample_keys) / sizeof(sample_keys[0]); i++) {
		uint8_t sample[64];
		size_t n;

		if (strlen(sample_keys[i]) == 2 * len && first_octet_is(sample_keys[i], key[0]) &&
			bs_hex_decode(sample_keys[i], strlen(sample_keys[i]), sample, sizeof(sample), &n) == BS_OK &&
			n == len && memcmp(sample, key, n) == 0)
			return true;
	}
	return false;
}

static const char text_refusal[] = "the key is printable text, which carries too little randomness";

static const struct {
	bool (*objects)(const uint8_t *key, size_t len);
	const char *refusal;
} rules[] = {
	{ too_short, "the key is shorter than 16 octets" },
	{ all_equal, "all octets of the key are equal" },
	{ is_sample, "the key is known from documentation or samples" },
	{ is_sequence, "the octets of the key form a sequence" },
	{ short_block_repeats, "the key repeats a block of 8 octets or less" },
	{ few_values, "the key has fewer than 8 distinct octets" },
	{ is_text, text_refusal },
};

static const char *
apply_rules(const uint8_t *key, size_t len)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].objects(key, len))
			return rules[i].refusal;
	return NULL;
}

const char *
bs_strength_refusal(const uint8_t *key, size_t len)
{
	const char *refusal = apply_rules(key, len);
	uint8_t inner[256];
	size_t n;

	/* A key that is hexadecimal text is as good as the octets it spells. */
	if (refusal == NULL && all_match(key, len, hex_digit) && len / 2 <= sizeof(inner)) {
		if (bs_hex_decode((const char *)key, len, inner, sizeof(inner), &n) == BS_OK)
			refusal = apply_rules(inner, n);
		bs_wipe(inner, sizeof(inner));
	}
	return refusal;
}

bool
bs_strength_is_text(const uint8_t *key, size_t len)
{
	return all_match(key, len, printable) && bs_strength_refusal(key, len) == text_refusal;
}

unsigned
bs_strength_bits(const uint8_t *key, size_t len)
{
	return (unsigned)(len * (all_match(key, len, hex_digit) ? 4 : 8));
}
