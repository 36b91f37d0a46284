/* SPDX-License-Identifier: Apache-2.0 */
/* Bootstrap-Finish with real keys, made by OpenSSL: formats and pairs. And what the report shows of them. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "tools/sim/device.h"
#include "tools/sim/report.h"

/* DER of each form of two keys: a (the device's) and b (somebody else's). */
enum form {
	EMPTY,
	SPKI_A,
	SPKI_B,
	CERT_A,
	CERT_A_TWICE,
	PKCS8_A,
	PKCS8_B,
	PKCS8_A_V2,
	SEC1_A,
	SPKI_A_AND_MORE,
	HASH,
	FORMS
};
static struct {
	uint8_t *data;
	size_t len;
} forms[FORMS];

static void
keep(enum form f, uint8_t *der, int len)
{
	assert_true(len > 0);
	forms[f].data = exact_copy(der, (size_t)len);
	forms[f].len = (size_t)len;
	OPENSSL_free(der);
}

static void
keep_public(enum form f, EVP_PKEY *key)
{
	uint8_t *der = NULL;
	int len = i2d_PUBKEY(key, &der);

	keep(f, der, len);
}

static void
keep_private(enum form f, EVP_PKEY *key)
{
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
	uint8_t *der = NULL;
	int len = i2d_PKCS8_PRIV_KEY_INFO(info, &der);

	keep(f, der, len);
	PKCS8_PRIV_KEY_INFO_free(info);
}

static void
keep_certificate(enum form f, EVP_PKEY *key)
{
	X509 *cert = X509_new();
	uint8_t *der = NULL;

	X509_set_version(cert, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), 0);
	X509_gmtime_adj(X509_getm_notAfter(cert), 60);
	X509_set_pubkey(cert, key);
	assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
	int len = i2d_X509(cert, &der);
	keep(f, der, len);
	X509_free(cert);
}

static void
keep_odd_forms(EVP_PKEY *a)
{
	uint8_t *der = NULL;
	int len = i2d_PrivateKey(a, &der); /* ECPrivateKey of RFC 5915 */

	keep(SEC1_A, der, len);
	der = OPENSSL_memdup(forms[PKCS8_A].data, forms[PKCS8_A].len);
	assert_int_equal(der[5], 0); /* 30 81 xx 02 01 00: version 0 becomes 1 */
	der[5] = 1;
	keep(PKCS8_A_V2, der, (int)forms[PKCS8_A].len);
	der = OPENSSL_zalloc(forms[SPKI_A].len + 1);
	memcpy(der, forms[SPKI_A].data, forms[SPKI_A].len);
	keep(SPKI_A_AND_MORE, der, (int)forms[SPKI_A].len + 1);
	der = OPENSSL_zalloc(2 * forms[CERT_A].len);
	memcpy(der, forms[CERT_A].data, forms[CERT_A].len);
	memcpy(der + forms[CERT_A].len, forms[CERT_A].data, forms[CERT_A].len);
	keep(CERT_A_TWICE, der, 2 * (int)forms[CERT_A].len);
	keep(HASH, OPENSSL_zalloc(32), 32);
}

static int
setup(void **state)
{
	EVP_PKEY *a = EVP_EC_gen("P-256"), *b = EVP_EC_gen("P-256");

	(void)state;
	keep_public(SPKI_A, a);
	keep_public(SPKI_B, b);
	keep_certificate(CERT_A, a);
	keep_private(PKCS8_A, a);
	keep_private(PKCS8_B, b);
	keep_odd_forms(a);
	EVP_PKEY_free(a);
	EVP_PKEY_free(b);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	for (int f = 0; f < FORMS; f++)
		free(forms[f].data);
	return 0;
}

static void
put_form(struct sim_store *s, uint16_t rid, enum form f)
{
	assert_int_equal(sim_store_put_octets(
				 s, (struct sim_path){ 0, 1, rid, SIM_NONE }, SIM_OPAQUE, forms[f].data, forms[f].len),
		BS_OK);
}

static void
put_number(struct sim_store *s, uint16_t oid, uint16_t rid, int64_t n)
{
	assert_int_equal(sim_store_put_number(s, (struct sim_path){ oid, 1, rid, SIM_NONE }, SIM_INTEGER, n), BS_OK);
}

static void
put_text(struct sim_store *s, uint16_t oid, uint16_t rid, const char *text)
{
	assert_int_equal(
		sim_store_put_octets(s, (struct sim_path){ oid, 1, rid, SIM_NONE }, SIM_STRING, text, strlen(text)),
		BS_OK);
}

/* A device whose one server account has these three. */
static void
make_device(struct sim_device *d, int mode, enum form pub, enum form server, enum form secret)
{
	struct sim_factory f = { .uri = "coaps://bs.example",
		.mode = SIM_MODE_PSK,
		.public_or_identity = "own",
		.public_or_identity_len = 3,
		.secret = "0123456789abcdef",
		.secret_len = 16 };

	memset(d, 0, sizeof(*d));
	d->version = SIM_LWM2M_1_1;
	assert_int_equal(sim_device_init(d, &f), BS_OK);
	put_text(&d->store, 0, 0, mode == SIM_MODE_NOSEC ? "coap://dm.example" : "coaps://dm.example");
	put_number(&d->store, 0, 1, 0);
	put_number(&d->store, 0, 2, mode);
	put_form(&d->store, 3, pub);
	put_form(&d->store, 4, server);
	put_form(&d->store, 5, secret);
	put_number(&d->store, 0, 10, 101);
	put_number(&d->store, 1, 0, 101);
	put_number(&d->store, 1, 1, 300);
	put_number(&d->store, 1, 6, 1);
	put_text(&d->store, 1, 7, "U");
}

static void
test_key_forms(void **state)
{
	static const struct row {
		const char *name;
		int mode;
		enum form pub, server, secret;
		int64_t matching;
		uint8_t code;
	} rows[] = {
		{ "raw keys", SIM_MODE_RPK, SPKI_A, SPKI_B, PKCS8_A, 0, SIM_CHANGED },
		{ "raw keys, no pair", SIM_MODE_RPK, SPKI_A, SPKI_B, PKCS8_B, 0, SIM_NOT_ACCEPTABLE },
		{ "raw keys, no server key", SIM_MODE_RPK, SPKI_A, EMPTY, PKCS8_A, 0, SIM_NOT_ACCEPTABLE },
		{ "raw keys, a certificate for a key", SIM_MODE_RPK, CERT_A, SPKI_B, PKCS8_A, 0, SIM_NOT_ACCEPTABLE },
		{ "raw keys, SEC1", SIM_MODE_RPK, SPKI_A, SPKI_B, SEC1_A, 0, SIM_NOT_ACCEPTABLE },
		{ "raw keys, PKCS#8 of version 2", SIM_MODE_RPK, SPKI_A, SPKI_B, PKCS8_A_V2, 0, SIM_NOT_ACCEPTABLE },
		{ "raw keys, octets behind", SIM_MODE_RPK, SPKI_A_AND_MORE, SPKI_B, PKCS8_A, 0, SIM_NOT_ACCEPTABLE },
		{ "raw keys, octets behind the server's", SIM_MODE_RPK, SPKI_A, SPKI_A_AND_MORE, PKCS8_A, 0,
			SIM_NOT_ACCEPTABLE },
		{ "raw keys, no secret", SIM_MODE_RPK, SPKI_A, SPKI_B, EMPTY, 0, SIM_NOT_ACCEPTABLE },
		{ "certificate", SIM_MODE_X509, CERT_A, CERT_A, PKCS8_A, 0, SIM_CHANGED },
		{ "certificate, the device has the key", SIM_MODE_X509, CERT_A, CERT_A, EMPTY, 0, SIM_CHANGED },
		/* covers: trap 36 */
		{ "two certificates for one", SIM_MODE_X509, CERT_A_TWICE, CERT_A, EMPTY, 0, SIM_NOT_ACCEPTABLE },
		{ "certificate, no pair", SIM_MODE_X509, CERT_A, CERT_A, PKCS8_B, 0, SIM_NOT_ACCEPTABLE },
		{ "a raw key for a certificate", SIM_MODE_X509, SPKI_A, CERT_A, PKCS8_A, 0, SIM_NOT_ACCEPTABLE },
		{ "certificate, SHA-256 of the server's", SIM_MODE_X509, CERT_A, HASH, PKCS8_A, 1, SIM_CHANGED },
		{ "certificate, SHA-512 of 32 octets", SIM_MODE_X509, CERT_A, HASH, PKCS8_A, 3, SIM_NOT_ACCEPTABLE },
		{ "certificate, a hash and no matching type", SIM_MODE_X509, CERT_A, HASH, PKCS8_A, 0,
			SIM_NOT_ACCEPTABLE },
		{ "NoSec", SIM_MODE_NOSEC, EMPTY, EMPTY, EMPTY, 0, SIM_CHANGED },
		{ "NoSec with a key", SIM_MODE_NOSEC, EMPTY, EMPTY, HASH, 0, SIM_NOT_ACCEPTABLE },
		{ "EST", SIM_MODE_EST, EMPTY, CERT_A, EMPTY, 0, SIM_CHANGED },
		{ "EST with a key", SIM_MODE_EST, EMPTY, CERT_A, PKCS8_A, 0, SIM_NOT_ACCEPTABLE },
		{ "mode 5", 5, EMPTY, EMPTY, EMPTY, 0, SIM_NOT_ACCEPTABLE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sim_verdict v = { 0 };
		struct sim_device d;
		print_message("%s\n", rows[i].name);
		make_device(&d, rows[i].mode, rows[i].pub, rows[i].server, rows[i].secret);
		if (rows[i].matching != 0)
			put_number(&d.store, 0, 13, rows[i].matching);
		sim_device_finish(&d, &v);
		assert_int_equal(v.code, rows[i].code);
		sim_device_clear(&d);
	}
}

/* The text of a report, for the test to look into. */
static char *
report(const struct sim_client *c, bool json)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	assert_non_null(f);
	if (json)
		assert_int_equal(sim_report_json(c, 12, f), BS_OK);
	else
		sim_report_print(c, f);
	fclose(f);
	return text;
}

static void
test_reports(void **state)
{
	struct sim_conf conf = { .bs_iid = 0 };
	struct sim_client c = { .conf = &conf, .endpoint = "dev \"1\"", .result = SIM_DONE };

	(void)state;
	make_device(&c.device, SIM_MODE_PSK, HASH, EMPTY, EMPTY);
	assert_int_equal(sim_store_put_octets(&c.device.store, (struct sim_path){ 0, 1, 5, SIM_NONE }, SIM_OPAQUE,
				 "\xca\xfe\xba\xbe", 4),
		BS_OK);
	assert_int_equal(
		sim_store_put_number(&c.device.store, (struct sim_path){ 2, 0, 2, 101 }, SIM_INTEGER, 15), BS_OK);
	char *text = report(&c, false);
	assert_non_null(strstr(text, "/0/1/0 "));
	assert_non_null(strstr(text, "coaps://dm.example"));
	assert_non_null(strstr(text, "(secret, 4 octets)"));
	assert_null(strstr(text, "cafe"));
	assert_null(strstr(text, "coaps://bs.example")); /* its own account is no news */
	free(text);
	text = report(&c, true);
	json_t *j = json_loads(text, 0, NULL);
	const char *endpoint, *secret, *result;
	int rights, lifetime;
	assert_int_equal(json_unpack(j, "{s:s, s:s, s:{s:{s:{s:s}}, s:{s:{s:i}}, s:{s:{s:{s:i}}}}}", "endpoint",
				 &endpoint, "result", &result, "objects", "0", "1", "5", &secret, "1", "1", "1",
				 &lifetime, "2", "0", "2", "101", &rights),
		0);
	assert_string_equal(endpoint, "dev \"1\"");
	assert_string_equal(result, "done");
	assert_string_equal(secret, "hex:cafebabe");
	assert_int_equal(lifetime, 300);
	assert_int_equal(rights, 15);
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
	json_decref(j);
	free(text);
	sim_device_clear(&c.device);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_key_forms), cmocka_unit_test(test_reports) };

	return cmocka_run_group_tests(tests, setup, teardown);
}
