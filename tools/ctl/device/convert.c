/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ctl/device/convert.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "tools/ctl/file.h"

#define FILE_MAX 65536
#define RSA_MIN_BITS 2048

/* ---- which keys are good enough ---------------------------------------------------------------------------------- */

static const struct {
	const char *group; /* as OpenSSL names it */
	unsigned strength;
} curves[] = {
	{ "prime256v1", 128 },
	{ "secp384r1", 192 },
	{ "secp521r1", 256 },
};

static enum bs_err
check_ec(const EVP_PKEY *key, struct bs_key_info *info, struct bs_diag *diag)
{
	char group[64] = "";
	size_t len;

	if (EVP_PKEY_get_group_name(key, group, sizeof(group), &len) != 1)
		group[0] = '\0';
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
		if (strcmp(curves[i].group, group) == 0) {
			info->strength = curves[i].strength;
			return BS_OK;
		}
	return bs_diag_set(diag, BS_EREFUSED, 0, "the key's curve is %s; use P-256 (or P-384, P-521)",
		group[0] != '\0' ? group : "not a named one");
}

static enum bs_err
check_rsa(struct bs_key_info *info, struct bs_diag *diag)
{
	if (info->bits < RSA_MIN_BITS)
		return bs_diag_set(diag, BS_EREFUSED, 0,
			"the RSA key has %u bits; use at least %d, or an EC key on P-256", info->bits, RSA_MIN_BITS);
	info->strength = info->bits < 3072 ? 112 : info->bits < 7680 ? 128 : 192;
	return BS_OK;
}

static enum bs_err
check_key(const EVP_PKEY *key, bool ec_only, struct bs_key_info *info, struct bs_diag *diag)
{
	info->bits = (unsigned)EVP_PKEY_get_bits(key);
	info->rsa = EVP_PKEY_is_a(key, "RSA") == 1;
	if (EVP_PKEY_is_a(key, "EC") == 1)
		return check_ec(key, info, diag);
	if (info->rsa && !ec_only)
		return check_rsa(info, diag);
	return bs_diag_set(diag, BS_EREFUSED, 0, "the key is of type %s; use an EC key on P-256",
		EVP_PKEY_get0_type_name(key) != NULL ? EVP_PKEY_get0_type_name(key) : "unknown");
}

/* ---- public keys ------------------------------------------------------------------------------------------------- */

/* One encoding of each key: named curve, uncompressed point (RFC 8422, 5.1.1), as peers show it in the handshake. */
static enum bs_err
encode_public(EVP_PKEY *key, struct bs_blob *spki)
{
	unsigned char *der = NULL;
	int len;
	enum bs_err err;

	if (EVP_PKEY_is_a(key, "EC") == 1 &&
		(EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_ENCODING, "named_curve") != 1 ||
			EVP_PKEY_set_utf8_string_param(
				key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "uncompressed") != 1))
		return BS_ECRYPTO;
	len = i2d_PUBKEY(key, &der);
	err = len > 0 ? bs_blob_set(spki, der, (size_t)len) : BS_ECRYPTO;
	OPENSSL_free(der);
	return err;
}

static bool
is_private(const uint8_t *der, size_t len)
{
	const unsigned char *p = der;
	EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &p, (long)len);
	bool yes = key != NULL;

	EVP_PKEY_free(key);
	return yes;
}

static bool
is_certificate(const uint8_t *der, size_t len)
{
	const unsigned char *p = der;
	X509 *x = d2i_X509(NULL, &p, (long)len);
	bool yes = x != NULL;

	X509_free(x);
	return yes;
}

static bool
is_pem(const uint8_t *data, size_t len)
{
	return len > 11 && memcmp(data, "-----BEGIN ", 11) == 0;
}

/* What came instead of what was wanted. */
static enum bs_err
wrong_form(const uint8_t *der, size_t len, const char *wanted, struct bs_diag *diag)
{
	const char *seen = "not well-formed DER";

	if (len == 0)
		seen = "empty";
	else if (is_pem(der, len))
		seen = "PEM text inside base64 (encode the DER form: openssl ... -outform DER)";
	else if (is_private(der, len))
		return bs_diag_set(diag, BS_EREFUSED, 0,
			"this is a private key, which must never be given here; give %s instead, and keep the private key secret",
			wanted);
	else if (is_certificate(der, len))
		seen = "a certificate";
	else if (len == 64 || (len == 65 && der[0] == 4))
		seen = "a bare curve point, without its SubjectPublicKeyInfo";
	return bs_diag_set(diag, BS_EFORMAT, 0, "this is %s; expected %s", seen, wanted);
}

enum bs_err
bs_convert_public(const uint8_t *der, size_t len, struct bs_blob *spki, struct bs_key_info *info, struct bs_diag *diag)
{
	const unsigned char *p = der;
	EVP_PKEY *key = d2i_PUBKEY(NULL, &p, (long)len);
	enum bs_err err;

	*info = (struct bs_key_info){ 0 };
	if (key == NULL || p != der + len)
		err = wrong_form(der, len, "a public key (SubjectPublicKeyInfo, DER)", diag);
	else
		err = check_key(key, true, info, diag);
	if (err == BS_OK)
		err = encode_public(key, spki);
	EVP_PKEY_free(key);
	ERR_clear_error();
	return err;
}

/* ---- certificates ------------------------------------------------------------------------------------------------ */

static enum bs_err
inspect(X509 *x, struct bs_key_info *info, struct bs_diag *diag)
{
	EVP_PKEY *key = X509_get0_pubkey(x);

	info->ca = X509_check_ca(x) == 1;
	info->expired = X509_cmp_current_time(X509_get0_notAfter(x)) < 0 ||
			X509_cmp_current_time(X509_get0_notBefore(x)) > 0;
	if (X509_get_version(x) != X509_VERSION_3)
		return bs_diag_set(diag, BS_EREFUSED, 0, "the certificate is not of version 3");
	if (key == NULL)
		return bs_diag_set(diag, BS_EFORMAT, 0, "the public key of the certificate cannot be read");
	return check_key(key, false, info, diag);
}

enum bs_err
bs_convert_certificate(
	const uint8_t *der, size_t len, struct bs_blob *out, struct bs_key_info *info, struct bs_diag *diag)
{
	const unsigned char *p = der;
	X509 *x = NULL;
	enum bs_err err;

	*info = (struct bs_key_info){ 0 };
	if (len > BS_CERTIFICATE_MAX)
		return bs_diag_set(diag, BS_ERANGE, 0, "the certificate is longer than %d octets", BS_CERTIFICATE_MAX);
	x = d2i_X509(NULL, &p, (long)len);
	if (x == NULL || p != der + len)
		err = wrong_form(der, len,
			x != NULL ? "one certificate (DER) with nothing after it" : "a certificate (DER)", diag);
	else
		err = inspect(x, info, diag);
	if (err == BS_OK)
		err = bs_blob_set(out, der, len);
	X509_free(x);
	ERR_clear_error();
	return err;
}

/* ---- private keys ------------------------------------------------------------------------------------------------ */

static bool
is_encrypted(const uint8_t *der, size_t len)
{
	const unsigned char *p = der;
	X509_SIG *sig = d2i_X509_SIG(NULL, &p, (long)len);
	bool yes = sig != NULL;

	X509_SIG_free(sig);
	return yes;
}

static enum bs_err
encode_private(EVP_PKEY *key, struct bs_secret *pkcs8, struct bs_diag *diag)
{
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
	unsigned char *der = NULL;
	int len = info != NULL ? i2d_PKCS8_PRIV_KEY_INFO(info, &der) : -1;
	enum bs_err err = len > 0 ? bs_secret_set(pkcs8, der, (size_t)len) : BS_ECRYPTO;

	if (err == BS_ERANGE)
		err = bs_diag_set(diag, BS_ERANGE, 0, "the private key is longer than %d octets", BS_SECRET_MAX);
	if (len > 0)
		OPENSSL_clear_free(der, (size_t)len);
	PKCS8_PRIV_KEY_INFO_free(info);
	return err;
}

/* Do both halves belong together? A file whose public half was edited must not lock a device out. */
static enum bs_err
check_halves(EVP_PKEY *key, struct bs_diag *diag)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	bool good = ctx != NULL && EVP_PKEY_pairwise_check(ctx) == 1;

	EVP_PKEY_CTX_free(ctx);
	return good ? BS_OK : bs_diag_set(diag, BS_EFORMAT, 0, "the private and public parts of the key do not match");
}

enum bs_err
bs_convert_private(const uint8_t *der, size_t len, bool ec_only, struct bs_secret *pkcs8, struct bs_blob *spki,
	struct bs_key_info *info, struct bs_diag *diag)
{
	const unsigned char *p = der;
	EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &p, (long)len);
	enum bs_err err;

	*info = (struct bs_key_info){ 0 };
	if (key == NULL || p != der + len)
		err = bs_diag_set(diag, BS_EFORMAT, 0,
			"this is %s; expected an unencrypted private key (PKCS#8 or SEC1, DER)",
			is_encrypted(der, len) ? "an encrypted private key"
			: is_pem(der, len) ? "PEM text inside base64 (encode the DER form: openssl ... -outform DER)"
					   : "not well-formed DER");
	else
		err = check_key(key, ec_only, info, diag);
	if (err == BS_OK)
		err = check_halves(key, diag);
	if (err == BS_OK && EVP_PKEY_is_a(key, "EC") == 1 &&
		EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_ENCODING, "named_curve") != 1)
		err = BS_ECRYPTO;
	if (err == BS_OK && spki != NULL)
		err = encode_public(key, spki);
	if (err == BS_OK)
		err = encode_private(key, pkcs8, diag);
	EVP_PKEY_free(key);
	ERR_clear_error();
	return err;
}

enum bs_err
bs_convert_check_pair(const struct bs_blob *certificate, const struct bs_secret *pkcs8, struct bs_diag *diag)
{
	const unsigned char *pc = certificate->data, *pk = pkcs8->data;
	X509 *x = d2i_X509(NULL, &pc, (long)certificate->len);
	EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &pk, (long)pkcs8->len);
	enum bs_err err = BS_OK;

	if (x == NULL || key == NULL)
		err = BS_EFORMAT;
	else if (X509_check_private_key(x, key) != 1)
		err = bs_diag_set(
			diag, BS_EREFUSED, 0, "the private key does not match the certificate; look for shifted rows");
	EVP_PKEY_free(key);
	X509_free(x);
	ERR_clear_error();
	return err;
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

/*
 * The DER octets of a PEM file, in its place. wanted: label of the block, also_wanted: another one or NULL.
 */
static enum bs_err
from_pem(
	const char *file, uint8_t *data, size_t *len, const char *wanted, const char *also_wanted, struct bs_diag *diag)
{
	BIO *bio = BIO_new_mem_buf(data, (int)*len);
	enum bs_err err = BS_ENOTFOUND;
	char *label = NULL, *header = NULL;
	unsigned char *der = NULL;
	long der_len;

	while (bio != NULL && err == BS_ENOTFOUND && PEM_read_bio(bio, &label, &header, &der, &der_len) == 1) {
		if (strcmp(label, wanted) == 0 || (also_wanted != NULL && strcmp(label, also_wanted) == 0)) {
			memcpy(data, der, (size_t)der_len); /* PEM is longer than its DER */
			*len = (size_t)der_len;
			err = BS_OK;
		} else if (strstr(label, "PRIVATE KEY") != NULL) {
			err = bs_diag_set(diag, BS_EREFUSED, 0,
				"%s holds a private key, which must never be given here; give the file with the %s",
				file, also_wanted != NULL ? "public key" : "certificate");
		}
		OPENSSL_free(label);
		OPENSSL_free(header);
		OPENSSL_clear_free(der, (size_t)der_len);
	}
	BIO_free(bio);
	ERR_clear_error();
	if (err == BS_ENOTFOUND)
		err = bs_diag_set(diag, BS_EFORMAT, 0, "%s: no block \"BEGIN %s\" in this PEM file", file, wanted);
	return err;
}

static bool
looks_like_pem(uint8_t *data, size_t len)
{
	return memmem(data, len, "-----BEGIN ", 11) != NULL;
}

static void
name_file(const char *file, enum bs_err err, struct bs_diag *diag)
{
	struct bs_diag copy = *diag;

	if (err != BS_OK && strncmp(copy.text, file, strlen(file)) != 0)
		bs_diag_set(diag, copy.err, 0, "%s: %.400s", file, copy.text);
}

enum bs_err
bs_convert_certificate_file(const char *file, struct bs_blob *out, struct bs_key_info *info, struct bs_diag *diag)
{
	uint8_t data[FILE_MAX];
	size_t len;
	enum bs_err err = bs_file_read(file, data, sizeof(data), &len, diag);

	if (err == BS_OK && looks_like_pem(data, len))
		err = from_pem(file, data, &len, "CERTIFICATE", NULL, diag);
	if (err == BS_OK)
		err = bs_convert_certificate(data, len, out, info, diag);
	bs_wipe(data, sizeof(data)); /* it may have been a private key by mistake */
	name_file(file, err, diag);
	return err;
}

static enum bs_err
public_of_certificate(const uint8_t *der, size_t len, struct bs_blob *spki)
{
	const unsigned char *p = der;
	X509 *x = d2i_X509(NULL, &p, (long)len);
	EVP_PKEY *key = x != NULL ? X509_get0_pubkey(x) : NULL;
	enum bs_err err = key != NULL ? encode_public(key, spki) : BS_EFORMAT;

	X509_free(x);
	return err;
}

enum bs_err
bs_convert_public_file(const char *file, struct bs_blob *spki, struct bs_key_info *info, struct bs_diag *diag)
{
	uint8_t data[FILE_MAX];
	struct bs_blob inner = { 0 };
	size_t len;
	enum bs_err err = bs_file_read(file, data, sizeof(data), &len, diag);

	if (err == BS_OK && looks_like_pem(data, len))
		err = from_pem(file, data, &len, "PUBLIC KEY", "CERTIFICATE", diag);
	if (err == BS_OK && is_certificate(data, len))
		err = public_of_certificate(data, len, &inner);
	else if (err == BS_OK)
		err = bs_blob_set(&inner, data, len);
	if (err == BS_OK)
		err = bs_convert_public(inner.data, inner.len, spki, info, diag);
	bs_wipe(data, sizeof(data));
	if (inner.len > 0)
		bs_wipe(inner.data, inner.len);
	bs_blob_clear(&inner);
	name_file(file, err, diag);
	return err;
}

enum bs_err
bs_convert_private_file(
	const char *file, struct bs_secret *pkcs8, struct bs_blob *spki, struct bs_key_info *info, struct bs_diag *diag)
{
	uint8_t data[FILE_MAX];
	size_t len;
	enum bs_err err = bs_file_read(file, data, sizeof(data), &len, diag);

	if (err == BS_OK && looks_like_pem(data, len)) {
		err = from_pem(file, data, &len, "PRIVATE KEY", "EC PRIVATE KEY", diag);
		if (err == BS_EREFUSED)
			err = bs_diag_set(diag, err, 0,
				"%s: another kind of private key than PKCS#8 or SEC1, or an encrypted one; "
				"openssl pkey -in FILE -out NEW makes it PKCS#8",
				file);
	}
	if (err == BS_OK)
		err = bs_convert_private(data, len, false, pkcs8, spki, info, diag);
	bs_wipe(data, sizeof(data));
	name_file(file, err, diag);
	return err;
}

/* ---- digests ----------------------------------------------------------------------------------------------------- */

enum bs_err
bs_convert_sha256(const void *data, size_t len, uint8_t out[32])
{
	return EVP_Q_digest(NULL, "SHA256", NULL, data, len, out, NULL) == 1 ? BS_OK : BS_ECRYPTO;
}

enum bs_err
bs_convert_anchor_sha256(const struct bs_blob *certificate, uint8_t out[32])
{
	const unsigned char *p = certificate->data;
	X509 *x = d2i_X509(NULL, &p, (long)certificate->len);
	unsigned char *der = NULL;
	/* As it stands in the certificate: the daemon hashes the same octets. */
	int len = x != NULL ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &der) : -1;
	enum bs_err err = len > 0 ? bs_convert_sha256(der, (size_t)len, out) : BS_EFORMAT;

	OPENSSL_free(der);
	X509_free(x);
	return err;
}

enum bs_err
bs_convert_matching(struct bs_blob *certificate, unsigned matching_type)
{
	static const char *const names[] = { NULL, "SHA256", "SHA384", "SHA512" };
	uint8_t digest[EVP_MAX_MD_SIZE];
	size_t len;

	if (matching_type == 0)
		return BS_OK;
	if (matching_type > 3)
		return BS_ERANGE;
	if (EVP_Q_digest(NULL, names[matching_type], NULL, certificate->data, certificate->len, digest, &len) != 1)
		return BS_ECRYPTO;
	return bs_blob_set(certificate, digest, len);
}
