/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/sim/keys.h"

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

/* A public key out of either form; NULL when it is neither, or has octets behind it. */
static EVP_PKEY *
public_key(const uint8_t *der, size_t len)
{
	const uint8_t *p = der;
	EVP_PKEY *key = d2i_PUBKEY(NULL, &p, (long)len);

	if (key == NULL) {
		p = der;
		X509 *cert = d2i_X509(NULL, &p, (long)len);
		key = cert != NULL ? X509_get_pubkey(cert) : NULL;
		X509_free(cert);
	}
	if (key != NULL && p != der + len) {
		EVP_PKEY_free(key);
		key = NULL;
	}
	ERR_clear_error();
	return key;
}

static EVP_PKEY *
private_key(const uint8_t *der, size_t len)
{
	const uint8_t *p = der;
	PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long)len);
	EVP_PKEY *key = NULL;

	/* The version is the first INTEGER of the outer SEQUENCE: OpenSSL takes 0 and 1 and does not tell which. */
	size_t head = len > 1 && der[1] < 0x80 ? 2 : len > 1 ? 2 + (der[1] & 0x7fu) : len;
	bool v1 = len >= head + 3 && der[head] == V_ASN1_INTEGER && der[head + 1] == 1 && der[head + 2] == 0;
	if (info != NULL && p == der + len && v1)
		key = EVP_PKCS82PKEY(info);
	PKCS8_PRIV_KEY_INFO_free(info);
	ERR_clear_error();
	return key;
}

bool
sim_key_is_spki(const uint8_t *der, size_t len)
{
	const uint8_t *p = der;
	EVP_PKEY *key = d2i_PUBKEY(NULL, &p, (long)len);
	bool ok = key != NULL && p == der + len;

	EVP_PKEY_free(key);
	ERR_clear_error();
	return ok;
}

bool
sim_key_is_certificate(const uint8_t *der, size_t len)
{
	const uint8_t *p = der;
	X509 *cert = d2i_X509(NULL, &p, (long)len);
	bool ok = cert != NULL && p == der + len;

	X509_free(cert);
	ERR_clear_error();
	return ok;
}

bool
sim_key_is_pkcs8(const uint8_t *der, size_t len)
{
	EVP_PKEY *key = private_key(der, len);

	EVP_PKEY_free(key);
	return key != NULL;
}

bool
sim_key_pair_fits(const uint8_t *pub, size_t pub_len, const uint8_t *pkcs8, size_t pkcs8_len)
{
	EVP_PKEY *a = public_key(pub, pub_len);
	EVP_PKEY *b = private_key(pkcs8, pkcs8_len);
	bool ok = a != NULL && b != NULL && EVP_PKEY_eq(a, b) == 1;

	EVP_PKEY_free(a);
	EVP_PKEY_free(b);
	return ok;
}
