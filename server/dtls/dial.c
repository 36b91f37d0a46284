/* SPDX-License-Identifier: Apache-2.0 */
/*
 * This server as DTLS client, towards a device that it bootstraps on its own: one context per mode with the suites of that
 * mode alone, what it shows of itself, and what a failure means when seen from this side.
 */
#include "server/dtls/context.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/err.h>

/* ---- contexts ----------------------------------------------------------------------------------------------------- */

/* Suites of the configured list that belong to the mode, "a:b:c"; "" when there are none. The caller frees. */
static char *
suites_of(const SSL_CTX *server, bool psk)
{
	STACK_OF(SSL_CIPHER) *all = SSL_CTX_get_ciphers(server);
	char *text = NULL;
	size_t len = 0;

	for (int i = 0; i < sk_SSL_CIPHER_num(all); i++)
		len += strlen(SSL_CIPHER_get_name(sk_SSL_CIPHER_value(all, i))) + 1;
	text = calloc(1, len + sizeof("@SECLEVEL=0"));
	for (int i = 0; text != NULL && i < sk_SSL_CIPHER_num(all); i++) {
		const SSL_CIPHER *c = sk_SSL_CIPHER_value(all, i);

		if ((SSL_CIPHER_get_auth_nid(c) == NID_auth_psk) == psk) {
			strcat(text, SSL_CIPHER_get_name(c));
			strcat(text, ":");
		}
	}
	return text;
}

/* The device asks who this server is; what the context has is shown. */
static int
on_certificate_request(SSL *ssl, void *arg)
{
	struct bs_handshake *hs = SSL_get_app_data(ssl);

	(void)arg;
	if (hs->dial != NULL)
		hs->dial->asked = true;
	return 1;
}

static unsigned
use_key(SSL *ssl, const char *hint, char *identity, unsigned identity_max, unsigned char *key, unsigned key_max)
{
	struct bs_handshake *hs = SSL_get_app_data(ssl);
	struct bs_dial *d = hs->dial;

	(void)hint; /* ignored: RFC 7925, 4.2 */
	if (d == NULL || strlen(d->identity) >= identity_max || d->key.len > key_max) {
		bs_handshake_fail(hs, BS_OUT_INTERNAL, "the identity or key of the device is too long for OpenSSL");
		return 0;
	}
	strcpy(identity, d->identity);
	memcpy(key, d->key.data, d->key.len);
	d->key_used = true;
	return (unsigned)d->key.len;
}

/* Key and chain of an identity that was loaded for the other role. */
static bool
take_keys(SSL_CTX *to, SSL_CTX *from, enum bs_credential_kind kind)
{
	static const unsigned char raw[] = { TLSEXT_cert_type_rpk };
	EVP_PKEY *key = SSL_CTX_get0_privatekey(from);
	STACK_OF(X509) *chain = NULL;

	if (kind == BS_CRED_RAW_KEY)
		return SSL_CTX_use_PrivateKey(to, key) == 1 && SSL_CTX_set1_client_cert_type(to, raw, 1) == 1 &&
		       SSL_CTX_set1_server_cert_type(to, raw, 1) == 1;
	SSL_CTX_get0_chain_certs(from, &chain);
	return SSL_CTX_use_cert_and_key(to, SSL_CTX_get0_certificate(from), key, chain, 1) == 1;
}

static bool
fill_context(SSL_CTX *to, SSL_CTX *from, enum bs_credential_kind kind, const struct bs_identity_set *set)
{
	/*
	 * A small DTLS server may not know renegotiation_info (RFC 5746). What that guards from is renegotiation, which is off
	 * here and rare there.
	 */
	SSL_CTX_set_options(to, SSL_OP_LEGACY_SERVER_CONNECT);
	SSL_CTX_set1_cert_store(to, set->store);
	SSL_CTX_set_psk_client_callback(to, kind == BS_CRED_PSK ? use_key : NULL);
	SSL_CTX_set_cert_cb(to, on_certificate_request, NULL);
	return kind == BS_CRED_PSK || take_keys(to, from, kind);
}

static enum bs_err
new_context(struct bs_dtls_ctx *ctx, const struct bs_dtls_conf *conf, struct bs_identity_set *set,
	enum bs_credential_kind kind, SSL_CTX *from, struct bs_diag *diag)
{
	char *suites = suites_of(set->keyless, kind == BS_CRED_PSK);
	SSL_CTX *to = NULL;
	enum bs_err err = suites != NULL ? BS_OK : bs_diag_set(diag, BS_ENOMEM, 0, "out of memory");

	if (err == BS_OK && *suites != '\0') {
		strcat(suites, "@SECLEVEL=0"); /* as in context.c */
		err = bs_dtls_ssl_ctx_new(ctx, conf, BS_DTLS_CLIENT, &to, diag);
		if (err == BS_OK && (SSL_CTX_set_cipher_list(to, suites) != 1 || !fill_context(to, from, kind, set)))
			err = bs_diag_set(diag, BS_ECRYPTO, 0, "no DTLS client: %s", bs_openssl_reason());
	}
	free(suites);
	if (err == BS_OK) {
		set->dial[kind] = to;
		to = NULL;
	}
	SSL_CTX_free(to);
	return err;
}

enum bs_err
bs_dial_contexts_new(
	struct bs_dtls_ctx *ctx, const struct bs_dtls_conf *conf, struct bs_identity_set *set, struct bs_diag *diag)
{
	const struct bs_identity_ctx *id = set->count > 0 ? &set->list[0] : NULL;
	enum bs_err err = new_context(ctx, conf, set, BS_CRED_PSK, NULL, diag);

	for (size_t i = 0; i < set->count; i++) {
		if (set->list[i].sni == NULL) { /* as for a client without SNI (select.c) */
			id = &set->list[i];
			break;
		}
	}
	if (err == BS_OK && id != NULL && id->raw_key != NULL)
		err = new_context(ctx, conf, set, BS_CRED_RAW_KEY, id->raw_key, diag);
	if (err == BS_OK && id != NULL && id->x509 != NULL)
		err = new_context(ctx, conf, set, BS_CRED_CERTIFICATE, id->x509, diag);
	return err;
}

bool
bs_dtls_ctx_can_dial(const struct bs_dtls_ctx *ctx, enum bs_credential_kind kind)
{
	return ctx->set->dial[kind] != NULL;
}

/* ---- one handshake ------------------------------------------------------------------------------------------------ */

enum bs_err
bs_dial_begin(struct bs_handshake *hs, const struct bs_dial_target *target)
{
	struct bs_dial *d = calloc(1, sizeof(*d));
	enum bs_err err = d != NULL ? BS_OK : BS_ENOMEM;

	hs->dial = d;
	hs->proof.kind = target->kind;
	hs->proof.has_device = true;
	hs->proof.device = target->device;
	if (err != BS_OK)
		return err;
	d->kind = target->kind;
	d->device_id = target->device.device_id;
	if (target->kind != BS_CRED_PSK)
		return BS_OK;
	hs->proof.psk_slot = target->psk_slot;
	hs->proof.identity_len = strlen(target->identity);
	if (hs->proof.identity_len >= sizeof(d->identity) || target->key->len == 0)
		return BS_ERANGE;
	memcpy(hs->proof.identity, target->identity, hs->proof.identity_len);
	bs_psk_mark(hs->ctx, target->key, hs->psk_mark);
	strcpy(d->identity, target->identity);
	return bs_secret_set(&d->key, target->key->data, target->key->len);
}

void
bs_dial_end(struct bs_handshake *hs)
{
	if (hs->dial == NULL)
		return;
	bs_secret_clear(&hs->dial->key);
	free(hs->dial);
	hs->dial = NULL;
}

/* Letters, digits, hyphens and dots, and not all digits and dots: what may stand in SNI (RFC 6066, 3). */
static bool
is_host_name(const char *text)
{
	bool letter = false;

	for (const char *p = text; *p != '\0'; p++) {
		if (!isalnum((unsigned char)*p) && *p != '-' && *p != '.')
			return false;
		letter = letter || isalpha((unsigned char)*p);
	}
	return letter && text[0] != '.' && text[0] != '-';
}

/* LwM2M 1.0: SNI, endpoint name and the name in the certificate are the same. A name that no SNI can hold is left out. */
bool
bs_dial_prepare(SSL *ssl, const struct bs_dial_target *target)
{
	const char *name = target->device.endpoint;

	if (target->kind != BS_CRED_CERTIFICATE || !is_host_name(name))
		return true;
	return SSL_set_tlsext_host_name(ssl, name) == 1;
}

bool
bs_dial_was_asked(struct bs_handshake *hs)
{
	if (hs->dial->kind == BS_CRED_PSK || hs->dial->asked)
		return true;
	bs_handshake_fail(hs, BS_OUT_HANDSHAKE_FAILED,
		"the device did not ask who this server is (no CertificateRequest): it would take orders from anybody");
	return false;
}

/* ---- failures ----------------------------------------------------------------------------------------------------- */

void
bs_dial_explain(struct bs_handshake *hs)
{
	static const struct {
		int alert;
		enum bs_outcome outcome;
		const char *text;
	} psk[] = {
		{ SSL3_AD_BAD_RECORD_MAC, BS_OUT_KEY_MISMATCH, "what this server sent did not decrypt there" },
		{ TLS1_AD_DECRYPT_ERROR, BS_OUT_KEY_MISMATCH, "this server's Finished was not right there" },
		{ TLS1_AD_UNKNOWN_PSK_IDENTITY, BS_OUT_HANDSHAKE_FAILED, "it does not know the PSK identity" },
	}, any[] = {
		{ SSL3_AD_HANDSHAKE_FAILURE, BS_OUT_HANDSHAKE_FAILED,
			"it shares none of this server's ciphersuites for that mode, or takes other credentials" },
	};

	if (hs->failed || hs->alert_in < 0)
		return;
	for (size_t i = 0; hs->dial->kind == BS_CRED_PSK && i < sizeof(psk) / sizeof(psk[0]); i++)
		if (psk[i].alert == hs->alert_in)
			bs_handshake_fail(
				hs, psk[i].outcome, "the device sent alert %d: %s", hs->alert_in, psk[i].text);
	if (!hs->failed && any[0].alert == hs->alert_in)
		bs_handshake_fail(hs, any[0].outcome, "the device sent alert %d: %s", hs->alert_in, any[0].text);
}

/* DTLS drops what does not decrypt, so a device with another key is silent, or sends its flight again. */
enum bs_outcome
bs_dial_unfinished(const struct bs_dial *d, const char **detail)
{
	if (d->heard == 0) {
		*detail = "nothing answered there";
		return BS_OUT_HANDSHAKE_TIMEOUT;
	}
	if (d->key_used && d->heard_later > 0) {
		*detail = "the device answered, but not to this server's Finished: its key differs";
		return BS_OUT_KEY_MISMATCH;
	}
	*detail = d->key_used ? "the device fell silent when this server had used the key: maybe it differs"
		  : d->asked  ? "the device fell silent when this server had shown itself: it may not trust it"
			      : "the device fell silent during its own first flight";
	return BS_OUT_HANDSHAKE_TIMEOUT;
}
