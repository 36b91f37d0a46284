/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/pki.h"

#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#define FILES_MAX 256

static char folder[64];
static char *files[FILES_MAX];
static size_t file_count;

static EVP_PKEY *
make_key(const struct pki_options *o)
{
	EVP_PKEY *key;

	if (o->rsa_bits > 0)
		key = EVP_RSA_gen((unsigned)o->rsa_bits);
	else
		key = EVP_EC_gen(o->curve != NULL ? o->curve : "P-256");
	assert_non_null(key);
	return key;
}

static void
add_extension(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *e;

	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	assert_non_null(e);
	assert_int_equal(X509_add_ext(x, e, -1), 1);
	X509_EXTENSION_free(e);
}

static void
add_extensions(X509 *x, X509 *issuer, const struct pki_options *o)
{
	const char *usage = o->extended_usage != NULL ? o->extended_usage : "clientAuth";

	add_extension(x, issuer, NID_basic_constraints, o->ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
	add_extension(x, issuer, NID_key_usage, o->ca ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature");
	add_extension(x, issuer, NID_subject_key_identifier, "hash");
	if (!o->ca && usage[0] != '\0')
		add_extension(x, issuer, NID_ext_key_usage, usage);
	if (o->san != NULL)
		add_extension(x, issuer, NID_subject_alt_name, o->san);
	if (o->constraints != NULL)
		add_extension(x, issuer, NID_name_constraints, o->constraints);
}

/* set: 0 a new RDN, -1 into the one before (X509_NAME_add_entry). */
static void
add_name(X509_NAME *subject, int nid, int type, const char *text, size_t len, int set)
{
	assert_int_equal(X509_NAME_add_entry_by_NID(
				 subject, nid, type, (const unsigned char *)text, len > 0 ? (int)len : -1, -1, set),
		1);
}

static X509_NAME *
make_subject(const char *cn, const struct pki_options *o)
{
	X509_NAME *subject = X509_NAME_new();

	add_name(subject, NID_commonName, o->cn_type != 0 ? o->cn_type : MBSTRING_UTF8, cn, o->cn_len, 0);
	if (o->ou != NULL)
		add_name(subject, NID_organizationalUnitName, MBSTRING_UTF8, o->ou, 0, -1);
	if (o->cn_in_rdn != NULL)
		add_name(subject, NID_commonName, MBSTRING_UTF8, o->cn_in_rdn, 0, -1);
	if (o->cn2 != NULL)
		add_name(subject, NID_commonName, MBSTRING_UTF8, o->cn2, 0, 0);
	return subject;
}

void
pki_make(struct pki_cert *out, const char *cn, const struct pki_cert *issuer, const struct pki_options *options)
{
	static const struct pki_options plain;
	static long serial = 1000;
	const struct pki_options *o = options != NULL ? options : &plain;
	bool always = o->from_s == 0 && o->until_s == 0;
	X509 *x = X509_new();
	X509_NAME *subject = make_subject(cn, o);

	assert_non_null(x);
	out->key = make_key(o);
	assert_int_equal(X509_set_version(x, X509_VERSION_3), 1);
	assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(x), serial++), 1);
	assert_non_null(X509_gmtime_adj(X509_getm_notBefore(x), always ? -3600 : o->from_s));
	assert_non_null(X509_gmtime_adj(X509_getm_notAfter(x), always ? 86400 : o->until_s));
	assert_int_equal(X509_set_subject_name(x, subject), 1);
	assert_int_equal(X509_set_issuer_name(x, issuer != NULL ? X509_get_subject_name(issuer->cert) : subject), 1);
	assert_int_equal(X509_set_pubkey(x, out->key), 1);
	add_extensions(x, issuer != NULL ? issuer->cert : x, o);
	assert_true(X509_sign(x, issuer != NULL ? issuer->key : out->key,
			    EVP_get_digestbyname(o->digest != NULL ? o->digest : "SHA256")) > 0);
	X509_NAME_free(subject);
	out->cert = x;
}

void
pki_make_raw(struct pki_cert *out, const char *curve)
{
	const struct pki_options o = { .curve = curve };

	out->key = make_key(&o);
	out->cert = NULL;
}

void
pki_clear(struct pki_cert *c)
{
	EVP_PKEY_free(c->key);
	X509_free(c->cert);
	*c = (struct pki_cert){ 0 };
}

static FILE *
open_new(void)
{
	char path[128];
	FILE *f;

	if (folder[0] == '\0') {
		snprintf(folder, sizeof(folder), "%s/bs-pki-XXXXXX",
			getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
		assert_non_null(mkdtemp(folder));
	}
	assert_true(file_count < FILES_MAX);
	snprintf(path, sizeof(path), "%s/%zu.pem", folder, file_count);
	f = fopen(path, "wb");
	assert_non_null(f);
	files[file_count++] = strdup(path);
	return f;
}

const char *
pki_write_certs(const struct pki_cert *const *list, size_t count)
{
	FILE *f = open_new();

	for (size_t i = 0; i < count; i++)
		assert_int_equal(PEM_write_X509(f, list[i]->cert), 1);
	fclose(f);
	return files[file_count - 1];
}

const char *
pki_write_cert(const struct pki_cert *c)
{
	return pki_write_certs(&c, 1);
}

const char *
pki_write_key(const struct pki_cert *c)
{
	FILE *f = open_new();

	assert_int_equal(PEM_write_PKCS8PrivateKey(f, c->key, NULL, NULL, 0, NULL, NULL), 1);
	fclose(f);
	return files[file_count - 1];
}

const char *
pki_write_text(const char *text)
{
	FILE *f = open_new();

	assert_true(fputs(text, f) >= 0);
	fclose(f);
	return files[file_count - 1];
}

const char *
pki_write_crl(const struct pki_cert *issuer, const struct pki_cert *revoked, long until_s)
{
	X509_CRL *crl = X509_CRL_new();
	X509_REVOKED *entry = X509_REVOKED_new();
	ASN1_TIME *from = X509_gmtime_adj(NULL, -7200), *until = X509_gmtime_adj(NULL, until_s);
	FILE *f = open_new();

	assert_int_equal(X509_CRL_set_version(crl, X509_CRL_VERSION_2), 1);
	assert_int_equal(X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer->cert)), 1);
	assert_int_equal(X509_CRL_set1_lastUpdate(crl, from), 1);
	assert_int_equal(X509_CRL_set1_nextUpdate(crl, until), 1);
	if (revoked != NULL) {
		assert_int_equal(X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(revoked->cert)), 1);
		assert_int_equal(X509_REVOKED_set_revocationDate(entry, from), 1);
		assert_int_equal(X509_CRL_add0_revoked(crl, entry), 1);
		entry = NULL;
	}
	assert_true(X509_CRL_sign(crl, issuer->key, EVP_sha256()) > 0);
	assert_int_equal(PEM_write_X509_CRL(f, crl), 1);
	fclose(f);
	X509_REVOKED_free(entry);
	ASN1_TIME_free(from);
	ASN1_TIME_free(until);
	X509_CRL_free(crl);
	return files[file_count - 1];
}

void
pki_remove_files(void)
{
	while (file_count > 0) {
		unlink(files[--file_count]);
		free(files[file_count]);
	}
	if (folder[0] != '\0')
		rmdir(folder);
	folder[0] = '\0';
}

void
pki_spki_hash(const struct pki_cert *c, uint8_t out[32])
{
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(c->key, &der);

	assert_true(len > 0);
	assert_int_equal(EVP_Digest(der, (size_t)len, out, NULL, EVP_sha256(), NULL), 1);
	OPENSSL_free(der);
}

void
pki_clear_all(struct pki_cert *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		pki_clear(list[i]);
	pki_remove_files();
}
