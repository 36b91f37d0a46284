/* SPDX-License-Identifier: Apache-2.0 */
#include "server/dtls/context.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "server/base/log.h"

#define FILE_MAX (16L * 1024 * 1024) /* revocation lists may be long */

static enum bs_err
open_file(const char *path, const char *option, BIO **out, struct bs_diag *diag)
{
	FILE *f = fopen(path, "rb");
	long size;

	if (f == NULL)
		return bs_diag_set(
			diag, errno == EACCES ? BS_EPERM : BS_EIO, 0, "%s: %s: %s", option, path, strerror(errno));
	if (fseek(f, 0, SEEK_END) != 0 || (size = ftell(f)) < 0 || size > FILE_MAX || fseek(f, 0, SEEK_SET) != 0) {
		fclose(f);
		return bs_diag_set(diag, BS_EIO, 0, "%s: %s is no plain file of at most 16 MiB", option, path);
	}
	*out = BIO_new_fp(f, BIO_CLOSE);
	if (*out == NULL) {
		fclose(f);
		return bs_diag_set(diag, BS_ENOMEM, 0, "%s: out of memory", option);
	}
	return BS_OK;
}

/* PEM after PEM; a file that has no PEM at all may be one DER object. */
static X509 *
next_certificate(struct bs_dtls_ctx *ctx, BIO *in, bool first)
{
	X509 *x = X509_new_ex(ctx->libctx, NULL);

	if (x != NULL && PEM_read_bio_X509(in, &x, NULL, NULL) != NULL)
		return x;
	X509_free(x);
	if (!first || BIO_reset(in) != 0)
		return NULL;
	x = X509_new_ex(ctx->libctx, NULL);
	if (x != NULL && d2i_X509_bio(in, &x) != NULL)
		return x;
	X509_free(x);
	return NULL;
}

static enum bs_err
load_key(struct bs_dtls_ctx *ctx, const char *path, const char *option, EVP_PKEY **out, struct bs_diag *diag)
{
	BIO *in = NULL;
	EVP_PKEY *key = NULL;
	enum bs_err err = open_file(path, option, &in, diag);

	if (err != BS_OK)
		return err;
	key = PEM_read_bio_PrivateKey_ex(in, NULL, NULL, NULL, ctx->libctx, NULL);
	if (key == NULL && BIO_reset(in) == 0)
		key = d2i_PrivateKey_ex_bio(in, NULL, ctx->libctx, NULL);
	ERR_clear_error();
	BIO_free(in);
	if (key == NULL)
		return bs_diag_set(diag, BS_EFORMAT, 0, "%s: %s holds no private key (PEM or DER, without pass phrase)",
			option, path);
	if (!bs_key_is_strong(key)) {
		EVP_PKEY_free(key);
		return bs_diag_set(
			diag, BS_EREFUSED, 0, "%s: the key in %s is too weak; make one on P-256", option, path);
	}
	*out = key;
	return BS_OK;
}

/* Leaf first, then its chain. */
static enum bs_err
use_certificates(struct bs_dtls_ctx *ctx, SSL_CTX *ssl_ctx, const char *path, struct bs_diag *diag)
{
	BIO *in = NULL;
	X509 *x;
	int n = 0, ok = 1;
	enum bs_err err = open_file(path, "certificate", &in, diag);

	if (err != BS_OK)
		return err;
	while (ok == 1 && (x = next_certificate(ctx, in, n == 0)) != NULL) {
		ok = n++ == 0 ? SSL_CTX_use_certificate(ssl_ctx, x) : (int)SSL_CTX_add1_chain_cert(ssl_ctx, x);
		X509_free(x);
	}
	BIO_free(in);
	if (n == 0)
		err = bs_diag_set(diag, BS_EFORMAT, 0, "certificate: %s holds no certificate (PEM or DER)", path);
	else if (ok != 1)
		err = bs_diag_set(diag, BS_ECRYPTO, 0, "certificate: %s: %s", path, bs_openssl_reason());
	ERR_clear_error();
	return err;
}

/*
 * A certificate that nobody sees, around a raw key: of a lone private key OpenSSL encodes the public key anew in every
 * handshake, of a certificate it sends what lies there (tls_output_rpk). The context shows raw keys alone (select.c).
 */
static enum bs_err
wrap_raw_key(struct bs_dtls_ctx *ctx, SSL_CTX *ssl_ctx, EVP_PKEY *key, struct bs_diag *diag)
{
	X509 *x = X509_new_ex(ctx->libctx, NULL);
	bool ok = x != NULL && X509_gmtime_adj(X509_getm_notBefore(x), 0) != NULL &&
		  X509_gmtime_adj(X509_getm_notAfter(x), 0) != NULL && X509_set_pubkey(x, key) == 1 &&
		  X509_sign(x, key, EVP_sha256()) > 0 && SSL_CTX_use_certificate(ssl_ctx, x) == 1;
	enum bs_err err = ok ? BS_OK : bs_diag_set(diag, BS_ECRYPTO, 0, "raw-key: %s", bs_openssl_reason());

	X509_free(x);
	return err;
}

/* An SSL_CTX with key (and certificate, if any) that checks clients against the set's store. */
static enum bs_err
keyed_ctx(struct bs_dtls_ctx *ctx, const struct bs_dtls_conf *conf, struct bs_identity_set *set,
	const char *certificate, const char *key_file, SSL_CTX **out, struct bs_diag *diag)
{
	SSL_CTX *ssl_ctx = NULL;
	EVP_PKEY *key = NULL;
	enum bs_err err = bs_dtls_ssl_ctx_new(ctx, conf, BS_DTLS_SERVER, &ssl_ctx, diag);

	if (err == BS_OK)
		SSL_CTX_set1_cert_store(ssl_ctx, set->store);
	if (err == BS_OK && certificate != NULL)
		err = use_certificates(ctx, ssl_ctx, certificate, diag);
	if (err == BS_OK && key_file != NULL)
		err = load_key(ctx, key_file, certificate != NULL ? "private-key" : "raw-key", &key, diag);
	if (err == BS_OK && key != NULL && SSL_CTX_use_PrivateKey(ssl_ctx, key) != 1)
		err = bs_diag_set(diag, BS_EREFUSED, 0, "private-key: %s does not belong to %s: %s", key_file,
			certificate != NULL ? certificate : "anything", bs_openssl_reason());
	if (err == BS_OK && key != NULL && certificate == NULL)
		err = wrap_raw_key(ctx, ssl_ctx, key, diag);
	EVP_PKEY_free(key);
	if (err == BS_OK) {
		*out = ssl_ctx;
		ssl_ctx = NULL;
	}
	SSL_CTX_free(ssl_ctx);
	return err;
}

static enum bs_err
load_identity(struct bs_dtls_ctx *ctx, const struct bs_dtls_conf *conf, struct bs_identity_set *set,
	const struct bs_dtls_identity *from, struct bs_identity_ctx *to, struct bs_diag *diag)
{
	enum bs_err err = BS_OK;

	if (from->certificate == NULL && from->raw_key == NULL)
		return bs_diag_set(diag, BS_EFORMAT, 0, "a server identity needs a certificate or a raw-key");
	if (from->certificate != NULL && from->private_key == NULL)
		return bs_diag_set(diag, BS_EFORMAT, 0, "certificate: %s needs its private-key", from->certificate);
	if (from->sni != NULL && (to->sni = strdup(from->sni)) == NULL)
		return bs_diag_set(diag, BS_ENOMEM, 0, "out of memory");
	if (from->certificate != NULL)
		err = keyed_ctx(ctx, conf, set, from->certificate, from->private_key, &to->x509, diag);
	if (err == BS_OK && from->raw_key != NULL)
		err = keyed_ctx(ctx, conf, set, NULL, from->raw_key, &to->raw_key, diag);
	if (err == BS_OK && to->raw_key == NULL && SSL_CTX_up_ref(to->x509) == 1)
		to->raw_key = to->x509;
	return err;
}

static enum bs_err
load_anchors(struct bs_dtls_ctx *ctx, X509_STORE *store, const char *path, struct bs_diag *diag)
{
	BIO *in = NULL;
	X509 *x;
	int n = 0, ok = 1;
	enum bs_err err = open_file(path, "trust-anchors", &in, diag);

	if (err != BS_OK)
		return err;
	while (ok == 1 && (x = next_certificate(ctx, in, n == 0)) != NULL) {
		n++;
		ok = X509_STORE_add_cert(store, x);
		X509_free(x);
	}
	BIO_free(in);
	if (n == 0)
		err = bs_diag_set(diag, BS_EFORMAT, 0, "trust-anchors: %s holds no certificate", path);
	else if (ok != 1)
		err = bs_diag_set(diag, BS_ECRYPTO, 0, "trust-anchors: %s: %s", path, bs_openssl_reason());
	ERR_clear_error();
	return err;
}

static X509_CRL *
next_crl(struct bs_dtls_ctx *ctx, BIO *in, bool first)
{
	X509_CRL *crl = X509_CRL_new_ex(ctx->libctx, NULL);

	if (crl != NULL && PEM_read_bio_X509_CRL(in, &crl, NULL, NULL) != NULL)
		return crl;
	X509_CRL_free(crl);
	if (!first || BIO_reset(in) != 0)
		return NULL;
	crl = X509_CRL_new_ex(ctx->libctx, NULL);
	if (crl != NULL && d2i_X509_CRL_bio(in, &crl) != NULL)
		return crl;
	X509_CRL_free(crl);
	return NULL;
}

/* An overdue list still counts, as turning the fleet away would be worse; but it is told. */
static void
warn_overdue(const X509_CRL *crl, const char *path)
{
	const ASN1_TIME *next = X509_CRL_get0_nextUpdate(crl);
	struct bs_quote q;

	if (next != NULL && X509_cmp_current_time(next) < 0)
		bs_log(BS_WARNING, "dtls.crl", "file=%s problem=\"the list is overdue\"", bs_log_quote(&q, path));
}

static enum bs_err
load_crls(struct bs_dtls_ctx *ctx, X509_STORE *store, const char *path, struct bs_diag *diag)
{
	BIO *in = NULL;
	X509_CRL *crl;
	int n = 0, ok = 1;
	enum bs_err err = open_file(path, "crls", &in, diag);

	if (err != BS_OK)
		return err;
	while (ok == 1 && (crl = next_crl(ctx, in, n == 0)) != NULL) {
		n++;
		ok = X509_STORE_add_crl(store, crl);
		warn_overdue(crl, path);
		X509_CRL_free(crl);
	}
	BIO_free(in);
	if (n == 0)
		err = bs_diag_set(diag, BS_EFORMAT, 0, "crls: %s holds no revocation list", path);
	else if (ok != 1)
		err = bs_diag_set(diag, BS_ECRYPTO, 0, "crls: %s: %s", path, bs_openssl_reason());
	ERR_clear_error();
	return err;
}

static enum bs_err
load_store(struct bs_dtls_ctx *ctx, const struct bs_dtls_conf *conf, struct bs_identity_set *set, struct bs_diag *diag)
{
	enum bs_err err = BS_OK;
	unsigned long flags = X509_V_FLAG_PARTIAL_CHAIN; /* an anchor need not be self-signed */

	for (size_t i = 0; err == BS_OK && i < conf->trust_anchor_count; i++)
		err = load_anchors(ctx, set->store, conf->trust_anchors[i], diag);
	for (size_t i = 0; err == BS_OK && i < conf->crl_count; i++)
		err = load_crls(ctx, set->store, conf->crls[i], diag);
	set->has_anchors = conf->trust_anchor_count > 0;
	set->has_crls = conf->crl_count > 0;
	if (set->has_crls)
		flags |= X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL;
	X509_STORE_set_flags(set->store, flags);
	return err;
}

static enum bs_err
load_identities(
	struct bs_dtls_ctx *ctx, const struct bs_dtls_conf *conf, struct bs_identity_set *set, struct bs_diag *diag)
{
	enum bs_err err = BS_OK;

	for (size_t i = 0; err == BS_OK && i < conf->identity_count; i++) {
		set->count++;
		err = load_identity(ctx, conf, set, &conf->identities[i], &set->list[i], diag);
	}
	if (err == BS_OK)
		err = keyed_ctx(ctx, conf, set, NULL, NULL, &set->keyless, diag);
	if (err == BS_OK && set->count == 0)
		set->first = set->keyless;
	else if (err == BS_OK)
		set->first = set->list[0].x509 != NULL ? set->list[0].x509 : set->list[0].raw_key;
	return err;
}

enum bs_err
bs_identity_set_new(
	struct bs_dtls_ctx *ctx, const struct bs_dtls_conf *conf, struct bs_identity_set **out, struct bs_diag *diag)
{
	struct bs_identity_set *set = calloc(1, sizeof(*set));
	enum bs_err err = BS_ENOMEM;

	if (set != NULL) {
		set->prefer_raw_key = conf->prefer_raw_key;
		set->alert_unknown = conf->alert_unknown;
		set->store = X509_STORE_new();
		set->list = calloc(conf->identity_count + 1, sizeof(*set->list));
		if (set->store != NULL && set->list != NULL)
			err = BS_OK;
	}
	if (err != BS_OK)
		bs_diag_set(diag, err, 0, "no DTLS context: out of memory");
	if (err == BS_OK)
		err = load_store(ctx, conf, set, diag);
	if (err == BS_OK)
		err = load_identities(ctx, conf, set, diag);
	if (err == BS_OK)
		err = bs_dial_contexts_new(ctx, conf, set, diag);
	if (err == BS_OK) {
		*out = set;
		set = NULL;
	}
	bs_identity_set_free(set);
	return err;
}

void
bs_identity_set_free(struct bs_identity_set *set)
{
	if (set == NULL)
		return;
	for (size_t i = 0; i < set->count; i++) {
		free(set->list[i].sni);
		SSL_CTX_free(set->list[i].x509);
		SSL_CTX_free(set->list[i].raw_key);
	}
	for (size_t i = 0; i < BS_CRED_KINDS; i++)
		SSL_CTX_free(set->dial[i]);
	free(set->list);
	SSL_CTX_free(set->keyless);
	X509_STORE_free(set->store);
	free(set);
}
