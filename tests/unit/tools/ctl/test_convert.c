/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key material: keys and certificates come from the openssl command, and so do the expected octets.
 */
#include "tests/lib/test.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tools/ctl/device/convert.h"

static char dir[] = "/tmp/test_ctl_convert.XXXXXX";

static void shell(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static void
shell(const char *fmt, ...)
{
	char command[1000], line[1100];
	va_list args;

	va_start(args, fmt);
	vsnprintf(command, sizeof(command), fmt, args);
	va_end(args);
	snprintf(line, sizeof(line), "cd %s && { %s; } >log 2>&1", dir, command);
	if (system(line) != 0)
		fail_msg("%s", command);
}

static size_t
slurp(const char *name, uint8_t *out, size_t max)
{
	char path[300];
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "rb");
	assert_non_null(f);
	n = fread(out, 1, max, f);
	fclose(f);
	assert_in_range(n, 1, max - 1);
	return n;
}

static int
group_setup(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return 1;
	shell("openssl ecparam -name prime256v1 -genkey -noout -out sec1.pem");
	shell("openssl ec -in sec1.pem -outform DER -out sec1.der");
	shell("openssl pkcs8 -topk8 -nocrypt -in sec1.pem -outform DER -out pkcs8.der");
	shell("openssl pkcs8 -topk8 -nocrypt -in sec1.pem -out pkcs8.pem");
	shell("openssl pkey -in sec1.pem -pubout -outform DER -out spki.der");
	shell("openssl pkey -in sec1.pem -pubout -out spki.pem");
	shell("openssl ec -in sec1.pem -pubout -conv_form compressed -outform DER -out compressed.der");
	shell("openssl ec -in sec1.pem -pubout -param_enc explicit -outform DER -out explicit.der");
	shell("openssl ec -in sec1.pem -param_enc explicit -outform DER -out sec1_explicit.der");
	shell("openssl pkcs8 -topk8 -passout pass:x -in sec1.pem -outform DER -out encrypted.der");
	shell("openssl ecparam -name prime256v1 -genkey -noout -outform DER -out other.der");
	shell("openssl ecparam -name secp384r1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -outform DER -out "
	      "p384.der");
	shell("openssl ecparam -name secp224r1 -genkey -noout -outform DER -out p224.der");
	shell("openssl ecparam -name secp224r1 -genkey -noout | openssl pkey -pubout -outform DER -out p224_spki.der");
	shell("openssl genpkey -algorithm ED25519 -outform DER -out ed25519.der");
	shell("openssl genrsa -out rsa.pem 2048 && openssl pkcs8 -topk8 -nocrypt -in rsa.pem -outform DER -out "
	      "rsa.der");
	shell("openssl genrsa -traditional 2048 | openssl rsa -traditional -outform DER -out rsa_pkcs1.der");
	shell("openssl genrsa 1024 | openssl pkcs8 -topk8 -nocrypt -outform DER -out rsa1024.der");
	shell("openssl req -new -x509 -key sec1.pem -subj /CN=dev1 -addext basicConstraints=CA:FALSE -days 10 -out "
	      "cert.pem");
	shell("openssl x509 -in cert.pem -outform DER -out cert.der");
	shell("openssl req -new -x509 -key sec1.pem -subj /CN=ca -days 10 -out ca.pem"); /* CA:TRUE by default */
	shell("openssl dgst -sha256 -binary spki.der >spki.sha256; openssl dgst -sha384 -binary cert.der >cert.sha384");
	shell("cat cert.der >chain.der; openssl x509 -in ca.pem -outform DER >>chain.der");
	shell("cat cert.der spki.der >trailing.der; cat cert.pem sec1.pem >both.pem; : >empty");
	shell("openssl asn1parse -in spki.der -inform DER -strparse 23 -noout -out point.der || tail -c 65 spki.der "
	      ">point.der");
	return 0;
}

static int
group_teardown(void **state)
{
	(void)state;
	shell("rm -f ./*");
	return rmdir(dir);
}

static void
assert_octets(const char *what, const void *data, size_t len, const char *file)
{
	uint8_t want[4096];
	size_t n = slurp(file, want, sizeof(want));

	if (len != n || memcmp(data, want, n) != 0)
		fail_msg("%s: %zu octets, %s has %zu", what, len, file, n);
}

/* ---- private keys ------------------------------------------------------------------------------------------------ */

static const struct {
	const char *file;
	bool ec_only;
	unsigned strength; /* 0: refused */
	const char *sentence; /* beginning */
} private_rows[] = {
	{ "sec1.der", true, 128, NULL },
	{ "pkcs8.der", true, 128, NULL },
	{ "sec1_explicit.der", true, 128, NULL },
	{ "p384.der", true, 192, NULL },
	{ "rsa.der", false, 112, NULL },
	{ "rsa_pkcs1.der", false, 112, NULL },
	{ "rsa.der", true, 0, "the key is of type RSA; use an EC key on P-256" },
	{ "rsa1024.der", false, 0, "the RSA key has 1024 bits; use at least 2048, or an EC key on P-256" },
	{ "p224.der", true, 0, "the key's curve is secp224r1; use P-256 (or P-384, P-521)" },
	{ "ed25519.der", true, 0, "the key is of type ED25519; use an EC key on P-256" },
	{ "encrypted.der", true, 0, "this is an encrypted private key; expected an unencrypted private key" },
	/* covers: trap 35 */
	{ "pkcs8.pem", true, 0, "this is PEM text inside base64" },
	{ "spki.der", true, 0, "this is not well-formed DER; expected an unencrypted private key" },
};

static void
test_private(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(private_rows) / sizeof(private_rows[0]); i++) {
		uint8_t der[4096];
		size_t len = slurp(private_rows[i].file, der, sizeof(der));
		struct bs_secret pkcs8 = { 0 };
		struct bs_blob spki = { 0 };
		struct bs_key_info info;
		struct bs_diag diag = { 0 };
		enum bs_err err = bs_convert_private(der, len, private_rows[i].ec_only, &pkcs8, &spki, &info, &diag);

		if ((err == BS_OK) != (private_rows[i].strength != 0) ||
			(err == BS_OK && info.strength != private_rows[i].strength))
			fail_msg("%s: %s, %s", private_rows[i].file, bs_strerror(err), diag.text);
		if (err != BS_OK && strncmp(diag.text, private_rows[i].sentence, strlen(private_rows[i].sentence)) != 0)
			fail_msg("%s: %s", private_rows[i].file, diag.text);
		bs_secret_clear(&pkcs8);
		bs_blob_clear(&spki);
	}
}

/* PKCS#8 version 0 with a named curve, whatever came in, and the public half as openssl prints it. */
/* covers: trap 35 */
static void
test_private_form(void **state)
{
	static const char *const files[] = { "sec1.der", "pkcs8.der", "sec1_explicit.der" };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		uint8_t der[4096];
		size_t len = slurp(files[i], der, sizeof(der));
		struct bs_secret pkcs8 = { 0 };
		struct bs_blob spki = { 0 };
		struct bs_key_info info;
		struct bs_diag diag = { 0 };

		assert_int_equal(bs_convert_private(der, len, true, &pkcs8, &spki, &info, &diag), BS_OK);
		assert_octets(files[i], pkcs8.data, pkcs8.len, "pkcs8.der");
		assert_hex("version 0", pkcs8.data, 6, "30 8187 02 01 00");
		assert_octets(files[i], spki.data, spki.len, "spki.der");
		bs_secret_clear(&pkcs8);
		bs_blob_clear(&spki);
	}
}

static void
test_private_prefixes(void **state)
{
	uint8_t der[4096];
	size_t len = slurp("pkcs8.der", der, sizeof(der));
	struct bs_secret pkcs8 = { 0 };
	struct bs_key_info info;
	struct bs_diag diag;

	(void)state;
	for (size_t n = 0; n <= len; n++) {
		uint8_t *copy = exact_copy(der, n);
		enum bs_err err = bs_convert_private(copy, n, true, &pkcs8, NULL, &info, &diag);

		assert_int_equal(err == BS_OK, n == len);
		free(copy);
	}
	der[len] = 0;
	assert_int_equal(bs_convert_private(der, len + 1, true, &pkcs8, NULL, &info, &diag), BS_EFORMAT);
	bs_secret_clear(&pkcs8);
}

/* ---- public keys ------------------------------------------------------------------------------------------------- */

static const struct {
	const char *file, *sentence; /* NULL: good, and the same as spki.der */
} public_rows[] = {
	{ "spki.der", NULL },
	{ "compressed.der", NULL },
	{ "explicit.der", NULL },
	{ "p224_spki.der", "the key's curve is secp224r1" },
	{ "cert.der", "this is a certificate; expected a public key" },
	{ "pkcs8.der", "this is a private key, which must never be given here" },
	{ "sec1.der", "this is a private key, which must never be given here" },
	{ "spki.pem", "this is PEM text inside base64" },
	{ "point.der", "this is a bare curve point" },
	{ "trailing.der", "this is a certificate; expected a public key" },
};

static void
test_public(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(public_rows) / sizeof(public_rows[0]); i++) {
		uint8_t der[4096];
		size_t len = slurp(public_rows[i].file, der, sizeof(der));
		struct bs_blob spki = { 0 };
		struct bs_key_info info;
		struct bs_diag diag = { 0 };
		enum bs_err err = bs_convert_public(der, len, &spki, &info, &diag);

		if ((err == BS_OK) != (public_rows[i].sentence == NULL) ||
			(err != BS_OK &&
				strncmp(diag.text, public_rows[i].sentence, strlen(public_rows[i].sentence)) != 0))
			fail_msg("%s: %s, %s", public_rows[i].file, bs_strerror(err), diag.text);
		if (err == BS_OK)
			assert_octets(public_rows[i].file, spki.data, spki.len, "spki.der");
		bs_blob_clear(&spki);
	}
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

static const struct {
	const char *file;
	bool certificate; /* read as one; else as a public key */
	const char *same_as; /* NULL: refused */
	const char *sentence; /* part of it */
} file_rows[] = {
	{ "spki.der", false, "spki.der", NULL },
	{ "spki.pem", false, "spki.der", NULL },
	{ "cert.pem", false, "spki.der", NULL },
	{ "cert.der", false, "spki.der", NULL },
	{ "cert.pem", true, "cert.der", NULL },
	{ "cert.der", true, "cert.der", NULL },
	/* covers: trap 35 */
	{ "both.pem", true, "cert.der", NULL },
	{ "sec1.pem", false, NULL,
		"holds a private key, which must never be given here; give the file with the public key" },
	{ "sec1.der", false, NULL, "this is a private key, which must never be given here" },
	{ "pkcs8.pem", false, NULL, "holds a private key" },
	{ "sec1.pem", true, NULL,
		"holds a private key, which must never be given here; give the file with the certificate" },
	{ "pkcs8.der", true, NULL, "this is a private key" },
	{ "spki.pem", true, NULL, "no block \"BEGIN CERTIFICATE\"" },
	{ "empty", true, NULL, "this is empty" },
	{ "missing", true, NULL, "No such file" },
	{ "missing", false, NULL, "No such file" },
};

static void
test_files(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(file_rows) / sizeof(file_rows[0]); i++) {
		char path[300];
		struct bs_blob out = { 0 };
		struct bs_key_info info;
		struct bs_diag diag = { 0 };
		enum bs_err err;

		snprintf(path, sizeof(path), "%s/%s", dir, file_rows[i].file);
		err = file_rows[i].certificate ? bs_convert_certificate_file(path, &out, &info, &diag)
					       : bs_convert_public_file(path, &out, &info, &diag);
		if ((err == BS_OK) != (file_rows[i].same_as != NULL))
			fail_msg("%s: %s, %s", file_rows[i].file, bs_strerror(err), diag.text);
		if (err == BS_OK)
			assert_octets(file_rows[i].file, out.data, out.len, file_rows[i].same_as);
		else if (strstr(diag.text, path) == NULL || strstr(diag.text, file_rows[i].sentence) == NULL)
			fail_msg("%s: %s", file_rows[i].file, diag.text);
		bs_blob_clear(&out);
	}
}

/* covers: resource 0/13 */
static void
test_certificate_facts(void **state)
{
	char path[300];
	struct bs_blob cert = { 0 };
	struct bs_key_info info;
	struct bs_diag diag;
	uint8_t digest[32];

	(void)state;
	snprintf(path, sizeof(path), "%s/ca.pem", dir);
	assert_int_equal(bs_convert_certificate_file(path, &cert, &info, &diag), BS_OK);
	assert_true(info.ca);
	assert_false(info.expired);
	snprintf(path, sizeof(path), "%s/cert.pem", dir);
	assert_int_equal(bs_convert_certificate_file(path, &cert, &info, &diag), BS_OK);
	assert_false(info.ca);
	assert_int_equal(info.strength, 128);
	assert_int_equal(bs_convert_anchor_sha256(&cert, digest), BS_OK);
	assert_octets("anchor", digest, sizeof(digest), "spki.sha256");
	assert_int_equal(bs_convert_matching(&cert, 2), BS_OK);
	assert_octets("matching type 2", cert.data, cert.len, "cert.sha384");
	bs_blob_clear(&cert);
}

/* A device receives one certificate: neither a chain nor anything else behind it is taken for one. */
/* covers: trap 36 */
static void
one_certificate_is_one(void **state)
{
	static const char *const files[] = { "chain.der", "trailing.der" };
	uint8_t der[4096];
	size_t len = slurp("cert.der", der, sizeof(der));
	struct bs_blob cert = { 0 };
	struct bs_key_info info;
	struct bs_diag diag = { 0 };

	(void)state;
	assert_int_equal(bs_convert_certificate(der, len, &cert, &info, &diag), BS_OK);
	assert_octets("alone", cert.data, cert.len, "cert.der");
	bs_blob_clear(&cert);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		len = slurp(files[i], der, sizeof(der));
		assert_int_not_equal(bs_convert_certificate(der, len, &cert, &info, &diag), BS_OK);
		assert_non_null(strstr(diag.text, "one certificate (DER) with nothing after it"));
		assert_null(cert.data);
	}
}

static void
test_pair(void **state)
{
	uint8_t der[4096];
	size_t len = slurp("cert.der", der, sizeof(der));
	struct bs_blob cert = { .data = der, .len = len };
	struct bs_secret own = { 0 }, other = { 0 };
	struct bs_diag diag = { 0 };

	(void)state;
	own.len = slurp("pkcs8.der", own.data, sizeof(own.data));
	other.len = slurp("other.der", other.data, sizeof(other.data));
	assert_int_equal(bs_convert_check_pair(&cert, &own, &diag), BS_OK);
	assert_int_equal(bs_convert_check_pair(&cert, &other, &diag), BS_EREFUSED);
	assert_string_equal(diag.text, "the private key does not match the certificate; look for shifted rows");
	bs_secret_clear(&own);
	bs_secret_clear(&other);
}

/* A key whose public half is another's. */
static void
test_halves(void **state)
{
	uint8_t der[4096];
	size_t len = slurp("sec1.der", der, sizeof(der));
	struct bs_secret pkcs8 = { 0 };
	struct bs_key_info info;
	struct bs_diag diag = { 0 };
	uint8_t other[4096];
	size_t other_len = slurp("other.der", other, sizeof(other));

	(void)state;
	assert_int_equal(len, other_len);
	memcpy(der + len - 64, other + len - 64, 64); /* the point ends the structure */
	assert_int_not_equal(bs_convert_private(der, len, true, &pkcs8, NULL, &info, &diag), BS_OK);
	bs_secret_clear(&pkcs8);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_private),
		cmocka_unit_test(test_private_form),
		cmocka_unit_test(test_private_prefixes),
		cmocka_unit_test(test_public),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_certificate_facts),
		cmocka_unit_test(one_certificate_is_one),
		cmocka_unit_test(test_pair),
		cmocka_unit_test(test_halves),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
