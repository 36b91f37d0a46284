/* SPDX-License-Identifier: Apache-2.0 */
#include "server/dtls/context.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "server/base/text.h"

const char *
bs_dtls_library(void)
{
	return OpenSSL_version(OPENSSL_VERSION);
}

bool
bs_dtls_library_is_good(void)
{
	return OpenSSL_version_num() >= 0x30200000UL; /* raw public keys, RFC 7250 */
}

const char *
bs_openssl_reason(void)
{
	unsigned long e = ERR_peek_last_error();
	const char *text = e != 0 ? ERR_reason_error_string(e) : NULL;

	ERR_clear_error();
	return text != NULL ? text : "unknown reason";
}

/* What a suite must be: authenticated by certificate or PSK, a key exchange we offer, 128 bits or more. */
static bool
suite_is_allowed(const SSL_CIPHER *c)
{
	static const int exchanges[] = { NID_kx_ecdhe, NID_kx_psk, NID_kx_ecdhe_psk };
	static const int proofs[] = { NID_auth_ecdsa, NID_auth_rsa, NID_auth_psk };
	bool exchange = false, proof = false;
	int key_bits = 0; /* of the cipher; what SSL_CIPHER_get_bits returns counts the short tag of CCM_8 */

	for (size_t i = 0; i < sizeof(exchanges) / sizeof(exchanges[0]); i++)
		exchange = exchange || SSL_CIPHER_get_kx_nid(c) == exchanges[i];
	for (size_t i = 0; i < sizeof(proofs) / sizeof(proofs[0]); i++)
		proof = proof || SSL_CIPHER_get_auth_nid(c) == proofs[i];
	SSL_CIPHER_get_bits(c, &key_bits);
	return exchange && proof && key_bits >= 128;
}

static bool
suite_is_known(STACK_OF(SSL_CIPHER) * suites, const char *name, size_t len)
{
	for (int i = 0; i < sk_SSL_CIPHER_num(suites); i++) {
		const char *have = SSL_CIPHER_get_name(sk_SSL_CIPHER_value(suites, i));

		if (strlen(have) == len && strncmp(have, name, len) == 0)
			return true;
	}
	return false;
}

/* OpenSSL skips names that it does not know; a person who mistypes one wants to hear of it. */
static enum bs_err
check_suites(SSL_CTX *ssl_ctx, const char *list, struct bs_diag *diag)
{
	STACK_OF(SSL_CIPHER) *suites = SSL_CTX_get_ciphers(ssl_ctx);

	for (const char *p = list; *p != '\0';) {
		size_t len = strcspn(p, ":");

		if (!suite_is_known(suites, p, len))
			return bs_diag_set(diag, BS_EFORMAT, 0, "ciphers: \"%.*s\" is no DTLS 1.2 suite of %s",
				(int)len, p, bs_dtls_library());
		p += len + (p[len] == ':');
	}
	for (int i = 0; i < sk_SSL_CIPHER_num(suites); i++) {
		const SSL_CIPHER *c = sk_SSL_CIPHER_value(suites, i);

		if (!suite_is_allowed(c))
			return bs_diag_set(diag, BS_EREFUSED, 0,
				"ciphers: %s is too weak here; take suites with ECDHE-ECDSA, PSK or ECDHE-PSK and 128 "
				"bits or more",
				SSL_CIPHER_get_name(c));
	}
	return BS_OK;
}

static enum bs_err
set_suites(SSL_CTX *ssl_ctx, const char *list, struct bs_diag *diag)
{
	size_t len = strlen(list) + sizeof(":@SECLEVEL=0");
	char *text = malloc(len);
	int ok;

	if (text == NULL)
		return bs_diag_set(diag, BS_ENOMEM, 0, "ciphers: out of memory");
	/* CCM_8 counts as 64 bits; the strength of keys and signatures is checked by ourselves. */
	snprintf(text, len, "%s:@SECLEVEL=0", list);
	ok = SSL_CTX_set_cipher_list(ssl_ctx, text) == 1 && SSL_CTX_set_ciphersuites(ssl_ctx, "") == 1;
	free(text);
	if (!ok)
		return bs_diag_set(diag, BS_EFORMAT, 0, "ciphers: \"%s\": %s", list, bs_openssl_reason());
	return check_suites(ssl_ctx, list, diag);
}

/* Elements of a list that name something on the list of what is too weak. */
static enum bs_err
refuse_weak(const char *option, const char *list, const char *const *weak, struct bs_diag *diag)
{
	for (; *weak != NULL; weak++)
		if (strcasestr(list, *weak) != NULL)
			return bs_diag_set(diag, BS_EREFUSED, 0, "%s: \"%s\" is too weak; leave it out", option, *weak);
	return BS_OK;
}

static enum bs_err
set_algorithms(SSL_CTX *ssl_ctx, const struct bs_dtls_conf *conf, struct bs_diag *diag)
{
	static const char *const weak_groups[] = { "192", "224", "160", "163", "233", "239", NULL };
	static const char *const weak_hashes[] = { "SHA1", "SHA-1", "MD5", "SHA224", "DSA+SHA1", NULL };
	const char *groups = conf->groups != NULL ? conf->groups : BS_DTLS_GROUPS;
	const char *sigalgs = conf->sigalgs != NULL ? conf->sigalgs : BS_DTLS_SIGALGS;
	enum bs_err err = set_suites(ssl_ctx, conf->ciphers != NULL ? conf->ciphers : BS_DTLS_CIPHERS, diag);

	if (err == BS_OK)
		err = refuse_weak("groups", groups, weak_groups, diag);
	if (err == BS_OK)
		err = refuse_weak("sigalgs", sigalgs, weak_hashes, diag);
	if (err == BS_OK && SSL_CTX_set1_groups_list(ssl_ctx, groups) != 1)
		err = bs_diag_set(
			diag, BS_EFORMAT, 0, "groups: \"%s\" is not understood: %s", groups, bs_openssl_reason());
	if (err == BS_OK && SSL_CTX_set1_sigalgs_list(ssl_ctx, sigalgs) != 1)
		err = bs_diag_set(
			diag, BS_EFORMAT, 0, "sigalgs: \"%s\" is not understood: %s", sigalgs, bs_openssl_reason());
	return err;
}

/* The cookie was checked before there was an SSL (cookie.h). */
static int
accept_cookie(SSL *ssl, const unsigned char *cookie, unsigned len)
{
	(void)ssl;
	(void)cookie;
	(void)len;
	return 1;
}

static void
on_info(const SSL *ssl, int where, int ret)
{
	struct bs_handshake *hs = SSL_get_app_data(ssl);

	if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT && hs != NULL) {
		hs->alerts_in++;
		if (ret >> 8 == SSL3_AL_FATAL || (ret & 0xff) == SSL_AD_CLOSE_NOTIFY)
			hs->alert_in = ret & 0xff;
	}
}

static void
set_policy(SSL_CTX *ssl_ctx, struct bs_dtls_ctx *ctx)
{
	/*
	 * Encrypt-then-MAC is off: with it OpenSSL ends the session at the first record whose MAC is wrong, and anybody can send
	 * one. Without it such a record is dropped; its order of MAC and padding is checked in constant time, and limits.h
	 * bounds the questions that can be asked. It concerns the CBC suites alone.
	 */
	SSL_CTX_set_options(ssl_ctx, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
					     SSL_OP_NO_TICKET | SSL_OP_NO_ENCRYPT_THEN_MAC);
	/* No chain but the one configured: searching one in the anchors of the devices costs a path check a handshake. */
	SSL_CTX_set_mode(ssl_ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
	SSL_CTX_set_session_cache_mode(ssl_ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_max_cert_list(ssl_ctx, BS_CERT_LIST_MAX);
	SSL_CTX_set_verify(ssl_ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_cert_verify_callback(ssl_ctx, bs_verify_peer, ctx);
	SSL_CTX_set_info_callback(ssl_ctx, on_info);
}

static void
set_server_policy(SSL_CTX *ssl_ctx, struct bs_dtls_ctx *ctx)
{
	SSL_CTX_set_options(ssl_ctx, SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_psk_server_callback(ssl_ctx, bs_psk_find);
	SSL_CTX_set_client_hello_cb(ssl_ctx, bs_select_hello, ctx);
	SSL_CTX_set_cookie_verify_cb(ssl_ctx, accept_cookie);
}

enum bs_err
bs_dtls_ssl_ctx_new(struct bs_dtls_ctx *ctx, const struct bs_dtls_conf *conf, enum bs_dtls_role role, SSL_CTX **out,
	struct bs_diag *diag)
{
	/* A session is never resumed, but OpenSSL wants a name for those it checks clients of. */
	static const unsigned char session_context[] = "bootstrap";
	SSL_CTX *ssl_ctx = SSL_CTX_new_ex(
		ctx->libctx, NULL, role == BS_DTLS_SERVER ? DTLS_server_method() : DTLS_client_method());
	enum bs_err err = ssl_ctx != NULL ? BS_OK : bs_diag_set(diag, BS_ENOMEM, 0, "no SSL context: out of memory");

	if (err == BS_OK &&
		(SSL_CTX_set_min_proto_version(ssl_ctx, DTLS1_2_VERSION) != 1 ||
			SSL_CTX_set_max_proto_version(ssl_ctx, DTLS1_2_VERSION) != 1 ||
			SSL_CTX_set_session_id_context(ssl_ctx, session_context, sizeof(session_context) - 1) != 1))
		err = bs_diag_set(diag, BS_ECRYPTO, 0, "DTLS 1.2 is not to be had: %s", bs_openssl_reason());
	if (err == BS_OK) {
		set_policy(ssl_ctx, ctx);
		if (role == BS_DTLS_SERVER)
			set_server_policy(ssl_ctx, ctx);
		err = set_algorithms(ssl_ctx, conf, diag);
	}
	if (err == BS_OK) {
		*out = ssl_ctx;
		ssl_ctx = NULL;
	}
	SSL_CTX_free(ssl_ctx);
	return err;
}

static enum bs_err
check_numbers(const struct bs_dtls_conf *conf, struct bs_diag *diag)
{
	if (conf->mtu != 0 && (conf->mtu < 256 || conf->mtu > 9000))
		return bs_diag_set(diag, BS_ERANGE, 0, "mtu: %u is not within 256 to 9000", conf->mtu);
	if (conf->timeout_ms > BS_DTLS_TIMEOUT_MAX_MS)
		return bs_diag_set(
			diag, BS_ERANGE, 0, "the first handshake timer is above %u ms", BS_DTLS_TIMEOUT_MAX_MS);
	return BS_OK;
}

enum bs_err
bs_dtls_ctx_new(const struct bs_dtls_conf *conf, const struct bs_credential_lookup *lookup, struct bs_dtls_ctx **out,
	struct bs_diag *diag)
{
	struct bs_dtls_ctx *ctx = calloc(1, sizeof(*ctx));
	enum bs_err err = ctx != NULL ? check_numbers(conf, diag)
				      : bs_diag_set(diag, BS_ENOMEM, 0, "no DTLS context: out of memory");

	if (err == BS_OK) {
		ctx->lookup = *lookup;
		ctx->mtu = conf->mtu != 0 ? conf->mtu : BS_DTLS_MTU;
		ctx->timeout_ms = conf->timeout_ms != 0 ? conf->timeout_ms : BS_DTLS_TIMEOUT_MS;
		ctx->libctx = OSSL_LIB_CTX_new();
		ctx->bio_method = bs_bio_method_new();
		ctx->nobody = BIO_ADDR_new();
		if (ctx->libctx == NULL || ctx->bio_method == NULL || ctx->nobody == NULL ||
			RAND_priv_bytes_ex(ctx->libctx, ctx->mark_salt, sizeof(ctx->mark_salt), 0) != 1)
			err = bs_diag_set(diag, BS_ENOMEM, 0, "no DTLS context: out of memory");
	}
	if (err == BS_OK)
		err = bs_identity_set_new(ctx, conf, &ctx->set, diag);
	if (err == BS_OK) {
		*out = ctx;
		ctx = NULL;
	}
	bs_dtls_ctx_free(ctx);
	return err;
}

void
bs_dtls_ctx_free(struct bs_dtls_ctx *ctx)
{
	if (ctx == NULL)
		return;
	bs_identity_set_free(ctx->set);
	BIO_meth_free(ctx->bio_method);
	BIO_ADDR_free(ctx->nobody);
	OSSL_LIB_CTX_free(ctx->libctx);
	bs_wipe(ctx->plain, sizeof(ctx->plain));
	bs_wipe(ctx->mark_salt, sizeof(ctx->mark_salt));
	free(ctx);
}

struct bs_dtls_prepared {
	struct bs_identity_set *set;
	unsigned mtu, timeout_ms;
};

enum bs_err
bs_dtls_ctx_prepare(
	struct bs_dtls_ctx *ctx, const struct bs_dtls_conf *conf, struct bs_dtls_prepared **out, struct bs_diag *diag)
{
	struct bs_dtls_prepared *p = calloc(1, sizeof(*p));
	enum bs_err err = p != NULL ? check_numbers(conf, diag)
				    : bs_diag_set(diag, BS_ENOMEM, 0, "no DTLS context: out of memory");

	if (err == BS_OK)
		err = bs_identity_set_new(ctx, conf, &p->set, diag);
	if (err == BS_OK) {
		p->mtu = conf->mtu != 0 ? conf->mtu : BS_DTLS_MTU;
		p->timeout_ms = conf->timeout_ms != 0 ? conf->timeout_ms : BS_DTLS_TIMEOUT_MS;
		*out = p;
		p = NULL;
	}
	bs_dtls_prepared_free(p);
	return err;
}

void
bs_dtls_ctx_adopt(struct bs_dtls_ctx *ctx, struct bs_dtls_prepared *prepared)
{
	struct bs_identity_set *old = ctx->set;

	ctx->set = prepared->set;
	ctx->mtu = prepared->mtu;
	ctx->timeout_ms = prepared->timeout_ms;
	prepared->set = old; /* handshakes under way hold references to its SSL_CTXs */
	bs_dtls_prepared_free(prepared);
	bs_dtls_ctx_move_generation(ctx);
}

void
bs_dtls_prepared_free(struct bs_dtls_prepared *prepared)
{
	if (prepared == NULL)
		return;
	bs_identity_set_free(prepared->set);
	free(prepared);
}

uint64_t
bs_dtls_ctx_get_generation(const struct bs_dtls_ctx *ctx)
{
	return ctx->generation;
}

void
bs_dtls_ctx_move_generation(struct bs_dtls_ctx *ctx)
{
	ctx->generation++;
}

static void BS_PRINTF(3, 0) fail_with(struct bs_handshake *hs, enum bs_outcome outcome, const char *fmt, va_list args)
{
	struct bs_tw w;

	if (hs->failed)
		return;
	hs->failed = true;
	hs->outcome = outcome;
	w = bs_tw_init(hs->detail, sizeof(hs->detail));
	bs_tw_vprintf_cut(&w, fmt, args);
}

void
bs_handshake_fail(struct bs_handshake *hs, enum bs_outcome outcome, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fail_with(hs, outcome, fmt, args);
	va_end(args);
}

void
bs_handshake_refuse(struct bs_handshake *hs, enum bs_outcome outcome, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fail_with(hs, outcome, fmt, args);
	va_end(args);
	if (!hs->ctx->set->alert_unknown && hs->dial == NULL)
		hs->ignore = true;
}

void
bs_handshake_hush(struct bs_handshake *hs)
{
	if (!hs->ctx->set->alert_unknown && hs->dial == NULL)
		hs->bio.hushed = true;
}

void
bs_handshake_busy(struct bs_handshake *hs, enum bs_err err)
{
	bs_handshake_fail(hs, BS_OUT_OVERLOAD, "look-up of the credential: %s", bs_strerror(err));
	hs->bio.muted = true;
}

void
bs_handshake_too_many(struct bs_handshake *hs, const struct bs_found *match)
{
	hs->proof.has_device = true;
	hs->proof.device = *match;
	bs_handshake_fail(hs, BS_OUT_TOO_MANY, "%s", BS_TOO_MANY_HANDSHAKES);
	hs->bio.muted = true;
}
