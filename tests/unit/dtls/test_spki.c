/* SPDX-License-Identifier: Apache-2.0 */
/* The short way to a SubjectPublicKeyInfo says what OpenSSL says, and is not taken where it would not. */
#include "tests/lib/test.h"

#include <stdbool.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "server/base/text.h"
#include "server/dtls/spki.h"

static void
set_text(EVP_PKEY *key, const char *name, const char *value)
{
	assert_int_equal(EVP_PKEY_set_utf8_string_param(key, name, value), 1);
}

/* As a peer sends it: decoded from DER. */
static EVP_PKEY *
decoded(EVP_PKEY *key)
{
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(key, &der);
	const unsigned char *p = der;
	EVP_PKEY *out = d2i_PUBKEY(NULL, &p, len);

	assert_non_null(out);
	OPENSSL_free(der);
	EVP_PKEY_free(key);
	return out;
}

static EVP_PKEY *
curve(const char *name)
{
	return decoded(EVP_EC_gen(name));
}

static EVP_PKEY *
compressed(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");

	set_text(key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, OSSL_PKEY_EC_POINT_CONVERSION_FORMAT_COMPRESSED);
	return decoded(key);
}

static EVP_PKEY *
curve_spelled_out(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");

	set_text(key, OSSL_PKEY_PARAM_EC_ENCODING, OSSL_PKEY_EC_ENCODING_EXPLICIT);
	return decoded(key);
}

/* The example of RFC 9500, section 2.3: testECCP256, its public half. */
static const char known_hex[] = "3059301306072a8648ce3d020106082a8648ce3d03010703420004"
				"422548f88fb782ffb5eca3744452c72a1e558fbd6f73be5e48e93232cc45c5b1"
				"6c4cd10c4cb8d5b8a17139e94882c8992572993425f41419ab7e90a42a494272";

static void
a_known_key_has_its_known_form(void **state)
{
	uint8_t der[BS_SPKI_P256_LEN];
	const unsigned char *p = der;
	struct bs_spki spki;
	EVP_PKEY *key;
	size_t len;

	(void)state;
	assert_int_equal(bs_hex_decode(known_hex, strlen(known_hex), der, sizeof(der), &len), BS_OK);
	key = d2i_PUBKEY(NULL, &p, (long)len);
	assert_non_null(key);
	assert_int_equal(bs_spki_encode(key, &spki), BS_OK);
	assert_null(spki.other); /* the short way was taken */
	assert_int_equal(spki.len, sizeof(der));
	assert_memory_equal(spki.data, der, sizeof(der));
	bs_spki_clear(&spki);
	EVP_PKEY_free(key);
}

static void
any_key_is_encoded_as_openssl_does(void **state)
{
	struct {
		const char *name;
		EVP_PKEY *key;
		bool short_way;
	} rows[] = {
		{ "P-256", curve("P-256"), true },
		{ "P-256, point compressed", compressed(), false },
		{ "P-256, curve spelled out", curve_spelled_out(), false },
		{ "another curve of 256 bits", curve("secp256k1"), false },
		{ "P-384", curve("P-384"), false },
		{ "RSA", decoded(EVP_RSA_gen(2048)), false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned char *der = NULL;
		int len = i2d_PUBKEY(rows[i].key, &der);
		struct bs_spki spki;

		print_message("%s\n", rows[i].name);
		assert_int_equal(bs_spki_encode(rows[i].key, &spki), BS_OK);
		assert_int_equal(spki.len, len);
		assert_memory_equal(spki.data, der, spki.len);
		assert_int_equal(spki.other == NULL, rows[i].short_way);
		bs_spki_clear(&spki);
		OPENSSL_free(der);
		EVP_PKEY_free(rows[i].key);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_known_key_has_its_known_form),
		cmocka_unit_test(any_key_is_encoded_as_openssl_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
