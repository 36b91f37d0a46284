/* SPDX-License-Identifier: Apache-2.0 */
#include "server/dtls/context.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "server/base/log.h"
#include "server/base/text.h"
#include "server/dtls/names.h"
#include "server/dtls/spki.h"

#define SHA256_LEN 32
#define AUTH_LEVEL 2 /* keys and hashes of 112 bits or more; what is between that and our policy is checked below */
#define SIGNATURE_BITS 128 /* SHA-256 or better */

bool
bs_key_is_strong(const EVP_PKEY *key)
{
	static const struct {
		int type, bits;
	} least[] = { { EVP_PKEY_EC, 256 }, { EVP_PKEY_RSA, 2048 }, { EVP_PKEY_RSA_PSS, 2048 } };

	for (size_t i = 0; key != NULL && i < sizeof(least) / sizeof(least[0]); i++)
		if (EVP_PKEY_get_base_id(key) == least[i].type)
			return EVP_PKEY_get_bits(key) >= least[i].bits;
	return false;
}

/* "<SHA-256 in hexadecimal> <subject>" is what people see of a key or a certificate. */
static void
show(struct bs_proof *proof, const uint8_t *der, size_t len, const X509_NAME *subject)
{
	uint8_t hash[SHA256_LEN];
	char text[sizeof(proof->identity)] = "";
	size_t n = 2 * SHA256_LEN;

	if (EVP_Digest(der, len, hash, NULL, EVP_sha256(), NULL) != 1)
		return;
	bs_hex_encode(hash, sizeof(hash), text);
	if (subject != NULL) {
		BIO *out = BIO_new(BIO_s_mem());
		char *name = NULL;
		long name_len = 0;

		if (out != NULL && X509_NAME_print_ex(out, subject, 0, XN_FLAG_RFC2253) > 0)
			name_len = BIO_get_mem_data(out, &name);
		if (name_len > 0) {
			n++;
			text[n - 1] = ' ';
			if ((size_t)name_len > sizeof(text) - n)
				name_len = (long)(sizeof(text) - n);
			memcpy(text + n, name, (size_t)name_len);
			n += (size_t)name_len;
		}
		BIO_free(out);
	}
	memcpy(proof->identity, text, n);
	proof->identity_len = n;
}

/* What a look-up answered: in, out, or come again. */
static bool
take_match(struct bs_handshake *hs, enum bs_err err, const struct bs_found *match)
{
	if (err == BS_ELIMIT && hs->dial == NULL && !hs->again) {
		bs_handshake_too_many(hs, match);
		return false;
	}
	if (err != BS_OK && err != BS_ELIMIT) {
		bs_handshake_busy(hs, err);
		return false;
	}
	if (hs->dial != NULL && hs->dial->device_id != match->device_id) {
		struct bs_quote q;

		bs_handshake_refuse(hs, BS_OUT_ENDPOINT_MISMATCH, "who answers there has the credential of %s",
			bs_log_quote(&q, match->endpoint));
		return false;
	}
	hs->proof.has_device = true;
	hs->proof.device = *match;
	if (!match->enabled) {
		bs_handshake_refuse(hs, BS_OUT_DEVICE_DISABLED, "its credential belongs to a disabled device");
		return false;
	}
	return true;
}

/* So that an operator can make a device of it. */
static void
keep_key(struct bs_proof *proof, const uint8_t *spki, size_t len)
{
	if (len > sizeof(proof->public_key))
		return;
	memcpy(proof->public_key, spki, len);
	proof->public_key_len = len;
}

bool
bs_verify_raw_key(struct bs_handshake *hs, EVP_PKEY *key, int *error)
{
	struct bs_found match = { 0 };
	struct bs_spki spki;
	bool in = false;
	enum bs_err err = bs_spki_encode(key, &spki);

	hs->proof.kind = BS_CRED_RAW_KEY;
	*error = X509_V_ERR_CERT_REJECTED;
	if (err != BS_OK) {
		bs_handshake_fail(hs, BS_OUT_INTERNAL, "the raw public key cannot be encoded");
		return false;
	}
	show(&hs->proof, spki.data, spki.len, NULL);
	if (!bs_key_is_strong(key)) {
		bs_handshake_refuse(
			hs, BS_OUT_RAW_KEY_UNKNOWN, "the raw public key is too weak (%d bits)", EVP_PKEY_get_bits(key));
	} else {
		err = hs->ctx->lookup.raw_key(hs->ctx->lookup.arg, spki.data, spki.len, &match);
		if (err == BS_ENOTFOUND) {
			keep_key(&hs->proof, spki.data, spki.len);
			bs_handshake_refuse(hs, BS_OUT_RAW_KEY_UNKNOWN, "raw public key");
		} else {
			in = take_match(hs, err, &match);
		}
	}
	bs_spki_clear(&spki);
	return in;
}

/* OpenSSL's reasons that have an outcome of their own; all others are certificate-untrusted. */
static enum bs_outcome
outcome_of(int error)
{
	static const struct {
		int error;
		enum bs_outcome outcome;
	} rows[] = {
		{ X509_V_ERR_CERT_HAS_EXPIRED, BS_OUT_CERT_EXPIRED },
		{ X509_V_ERR_CERT_NOT_YET_VALID, BS_OUT_CERT_EXPIRED },
		{ X509_V_ERR_CERT_REVOKED, BS_OUT_CERT_REVOKED },
		{ X509_V_ERR_OUT_OF_MEM, BS_OUT_OVERLOAD },
		{ X509_V_ERR_UNSPECIFIED, BS_OUT_INTERNAL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].error == error)
			return rows[i].outcome;
	return BS_OUT_CERT_UNTRUSTED;
}

static void
refuse_for(struct bs_handshake *hs, int error, int depth)
{
	bs_handshake_refuse(
		hs, outcome_of(error), "%s (certificate %d of the path)", X509_verify_cert_error_string(error), depth);
}

/* An issuer without a list, or with an overdue one, must not shut out its devices. */
static int
tolerate_crl(int ok, X509_STORE_CTX *xs)
{
	int error = X509_STORE_CTX_get_error(xs);

	if (!ok && (error == X509_V_ERR_UNABLE_TO_GET_CRL || error == X509_V_ERR_CRL_HAS_EXPIRED)) {
		X509_STORE_CTX_set_error(xs, X509_V_OK);
		return 1;
	}
	return ok;
}

/* Every certificate below the anchor: key and signature. */
static int
check_strength(STACK_OF(X509) * chain, int *depth)
{
	int n = sk_X509_num(chain);

	for (*depth = 0; *depth < n; (*depth)++) {
		X509 *x = sk_X509_value(chain, *depth);
		int bits = 0;

		if (!bs_key_is_strong(X509_get0_pubkey(x)))
			return X509_V_ERR_EE_KEY_TOO_SMALL;
		if (*depth < n - 1 &&
			(X509_get_signature_info(x, NULL, NULL, &bits, NULL) != 1 || bits < SIGNATURE_BITS))
			return X509_V_ERR_CA_MD_TOO_WEAK;
	}
	*depth = 0;
	return X509_V_OK;
}

/* The association ends with the first certificate that it stands on. */
static void
limit_lifetime(struct bs_handshake *hs, const X509 *x)
{
	int days = 0, seconds = 0;
	int64_t left_s;

	if (ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(x)) != 1)
		return;
	left_s = (int64_t)days * 86400 + seconds;
	if (hs->lifetime_s < 0 || left_s < hs->lifetime_s)
		hs->lifetime_s = left_s > 0 ? left_s : 0;
}

static void
note_path_end(struct bs_handshake *hs, STACK_OF(X509) * chain)
{
	for (int i = 0; i < sk_X509_num(chain); i++)
		limit_lifetime(hs, sk_X509_value(chain, i));
}

static bool
verify_path(struct bs_handshake *hs, X509_STORE_CTX *xs, int *error)
{
	X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(xs);
	int depth = 0;

	if (!hs->ctx->set->has_anchors) {
		*error = X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY;
	} else {
		X509_VERIFY_PARAM_set_auth_level(param, AUTH_LEVEL);
		/* Whoever opened the association: what lets a device in lets it be turned to. */
		X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_CLIENT);
		X509_VERIFY_PARAM_set_trust(param, X509_TRUST_SSL_CLIENT);
		X509_STORE_CTX_set_verify_cb(xs, tolerate_crl);
		if (X509_verify_cert(xs) == 1) {
			*error = check_strength(X509_STORE_CTX_get0_chain(xs), &depth);
		} else {
			*error = X509_STORE_CTX_get_error(xs);
			depth = X509_STORE_CTX_get_error_depth(xs);
			if (*error == X509_V_OK)
				*error = X509_V_ERR_UNSPECIFIED;
		}
	}
	if (*error != X509_V_OK)
		refuse_for(hs, *error, depth);
	else
		note_path_end(hs, X509_STORE_CTX_get0_chain(xs));
	return *error == X509_V_OK;
}

/* Did one of issuers sign crl? Else anybody could have written it. */
static bool
is_signed_by(X509_CRL *crl, STACK_OF(X509) * issuers)
{
	bool found = false;

	for (int i = 0; i < sk_X509_num(issuers) && !found; i++)
		found = X509_CRL_verify(crl, X509_get0_pubkey(sk_X509_value(issuers, i))) == 1;
	return found;
}

/*
 * Is cert on a list of an issuer whom we know, or who came with it in chain? For certificates whose path is not built, or
 * was before. Whoever is only in chain proves nothing; but who holds its key may revoke what it issued.
 */
static bool
is_revoked(X509_STORE_CTX *xs, X509 *cert, STACK_OF(X509) * chain)
{
	const X509_NAME *issuer = X509_get_issuer_name(cert);
	STACK_OF(X509_CRL) *crls = X509_STORE_CTX_get1_crls(xs, issuer);
	STACK_OF(X509) *issuers = X509_STORE_CTX_get1_certs(xs, (X509_NAME *)issuer);
	bool revoked = false;

	for (int i = 0; i < sk_X509_CRL_num(crls) && !revoked; i++) {
		X509_CRL *crl = sk_X509_CRL_value(crls, i);
		X509_REVOKED *entry = NULL;

		revoked = X509_CRL_get0_by_cert(crl, &entry, cert) == 1 &&
			  (is_signed_by(crl, issuers) || is_signed_by(crl, chain));
	}
	sk_X509_CRL_pop_free(crls, X509_CRL_free);
	OSSL_STACK_OF_X509_free(issuers);
	ERR_clear_error();
	return revoked;
}

bool
bs_verify_is_revoked(struct bs_dtls_ctx *ctx, SSL *ssl)
{
	X509 *leaf = SSL_get0_peer_certificate(ssl);
	STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl); /* without the leaf where the peer was the client */
	X509_STORE_CTX *xs = leaf != NULL && ctx->set->has_crls ? X509_STORE_CTX_new_ex(ctx->libctx, NULL) : NULL;
	bool revoked = false;

	if (xs != NULL && X509_STORE_CTX_init(xs, ctx->set->store, leaf, chain) == 1) {
		revoked = is_revoked(xs, leaf, chain);
		for (int i = 0; i < sk_X509_num(chain) && !revoked; i++)
			revoked = is_revoked(xs, sk_X509_value(chain, i), chain);
	}
	X509_STORE_CTX_free(xs);
	return revoked;
}

bool
bs_verify_pinned(struct bs_handshake *hs, X509_STORE_CTX *xs, int *error)
{
	X509 *leaf = X509_STORE_CTX_get0_cert(xs);

	*error = X509_V_OK;
	if (X509_cmp_current_time(X509_get0_notBefore(leaf)) > 0)
		*error = X509_V_ERR_CERT_NOT_YET_VALID;
	else if (X509_cmp_current_time(X509_get0_notAfter(leaf)) < 0)
		*error = X509_V_ERR_CERT_HAS_EXPIRED;
	else if (!bs_key_is_strong(X509_get0_pubkey(leaf)))
		*error = X509_V_ERR_EE_KEY_TOO_SMALL;
	else if (X509_check_purpose(leaf, X509_PURPOSE_SSL_CLIENT, 0) != 1)
		*error = X509_V_ERR_INVALID_PURPOSE;
	else if (hs->ctx->set->has_crls && is_revoked(xs, leaf, NULL))
		*error = X509_V_ERR_CERT_REVOKED;
	if (*error != X509_V_OK)
		refuse_for(hs, *error, 0);
	return *error == X509_V_OK;
}

/* SHA-256 of the SubjectPublicKeyInfo at the end of the path. */
static bool
anchor_hash(X509_STORE_CTX *xs, uint8_t out[SHA256_LEN])
{
	STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(xs);
	X509 *anchor = sk_X509_value(chain, sk_X509_num(chain) - 1);
	unsigned char *spki = NULL;
	int len = anchor != NULL ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(anchor), &spki) : -1;
	bool ok = len > 0 && EVP_Digest(spki, (size_t)len, out, NULL, EVP_sha256(), NULL) == 1;

	OPENSSL_free(spki);
	return ok;
}

static bool
map_by_name(struct bs_handshake *hs, X509_STORE_CTX *xs)
{
	struct bs_named named = { 0 };
	uint8_t anchor[SHA256_LEN];
	enum bs_err err;

	if (!anchor_hash(xs, anchor)) {
		bs_handshake_fail(hs, BS_OUT_INTERNAL, "no hash of the trust anchor");
		return false;
	}
	err = bs_names_look_up(&hs->ctx->lookup, X509_STORE_CTX_get0_chain(xs), anchor, &named);
	if (err == BS_ENOTFOUND) {
		bs_handshake_refuse(hs, BS_OUT_CERT_NOT_MAPPED, "%s", named.why);
		return false;
	}
	return take_match(hs, err, &named.device);
}

bool
bs_verify_certificate(struct bs_handshake *hs, X509_STORE_CTX *xs, int *error)
{
	X509 *leaf = X509_STORE_CTX_get0_cert(xs);
	struct bs_found match = { 0 };
	unsigned char *der = NULL;
	int len = leaf != NULL ? i2d_X509(leaf, &der) : -1;
	bool in = false;
	enum bs_err err;

	hs->proof.kind = BS_CRED_CERTIFICATE;
	*error = X509_V_ERR_CERT_REJECTED;
	if (len <= 0) {
		bs_handshake_fail(hs, BS_OUT_INTERNAL, "the certificate cannot be encoded");
		return false;
	}
	show(&hs->proof, der, (size_t)len, X509_get_subject_name(leaf));
	limit_lifetime(hs, leaf);
	err = hs->ctx->lookup.certificate(hs->ctx->lookup.arg, der, (size_t)len, &match);
	OPENSSL_free(der);
	hs->pinned = err == BS_OK || err == BS_ELIMIT;
	if (err == BS_ENOTFOUND)
		in = verify_path(hs, xs, error) && map_by_name(hs, xs);
	else if (err == BS_OK || (err == BS_ELIMIT && (hs->dial != NULL || hs->again)))
		in = bs_verify_pinned(hs, xs, error) && take_match(hs, err, &match);
	else
		in = take_match(hs, err, &match);
	if (!in && *error == X509_V_OK)
		*error = X509_V_ERR_CERT_REJECTED;
	return in;
}

int
bs_verify_peer(X509_STORE_CTX *xs, void *arg)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(xs, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct bs_handshake *hs = SSL_get_app_data(ssl);
	EVP_PKEY *raw_key = X509_STORE_CTX_get0_rpk(xs);
	int error = X509_V_OK;
	bool in;

	(void)arg;
	bs_handshake_hush(hs);
	in = raw_key != NULL ? bs_verify_raw_key(hs, raw_key, &error) : bs_verify_certificate(hs, xs, &error);
	if (hs->ignore)
		hs->bio.muted = true;
	X509_STORE_CTX_set_error(xs, in ? X509_V_OK : error);
	return in ? 1 : 0;
}
