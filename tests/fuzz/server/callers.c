/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/server/callers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "server/base/text.h"
#include "tests/fuzz/server/outside.h"

static struct caller callers[CALLERS];
static SSL_CTX *contexts[2]; /* client, server */

struct caller *
caller_at(unsigned k)
{
	return &callers[k];
}

struct bs_addr
caller_addr(unsigned k)
{
	struct bs_addr addr;
	char text[64];

	snprintf(text, sizeof(text), "192.0.2.%u:%u", 10 + k, 40000 + k);
	require(bs_addr_parse(text, &addr) == BS_OK, "an address");
	return addr;
}

/* ---- credentials -------------------------------------------------------------------------------------------------- */

static unsigned
psk_key(const struct caller *c, unsigned char *key, unsigned max)
{
	require(max >= KEY_LEN, "room for a key");
	if (c->device >= 0)
		memcpy(key, bed.devices[c->device].key, KEY_LEN);
	else
		memset(key, 'k', KEY_LEN);
	return KEY_LEN;
}

static unsigned
on_caller_psk(SSL *ssl, const char *hint, char *identity, unsigned identity_max, unsigned char *key, unsigned key_max)
{
	struct caller *c = SSL_get_app_data(ssl);

	(void)hint;
	snprintf(identity, identity_max, "%s", c->identity);
	return psk_key(c, key, key_max);
}

static unsigned
on_server_psk(SSL *ssl, const char *identity, unsigned char *key, unsigned key_max)
{
	(void)identity;
	return psk_key(SSL_get_app_data(ssl), key, key_max);
}

static int
on_verify(X509_STORE_CTX *xs, void *arg)
{
	(void)arg;
	X509_STORE_CTX_set_error(xs, X509_V_OK);
	return 1;
}

static SSL_CTX *
new_context(const SSL_METHOD *method)
{
	SSL_CTX *ctx = SSL_CTX_new(method);

	require(ctx != NULL && SSL_CTX_set_cipher_list(ctx, "ALL:PSK:aPSK:@SECLEVEL=0") == 1, "a context");
	SSL_CTX_set_options(ctx, SSL_OP_NO_QUERY_MTU);
	SSL_CTX_set_cert_verify_callback(ctx, on_verify, NULL);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	return ctx;
}

void
callers_open(void)
{
	contexts[0] = new_context(DTLS_client_method());
	SSL_CTX_set_psk_client_callback(contexts[0], on_caller_psk);
	contexts[1] = new_context(DTLS_server_method());
	SSL_CTX_set_psk_server_callback(contexts[1], on_server_psk);
}

static void
use_raw(SSL *ssl, EVP_PKEY *key)
{
	static const unsigned char raw_alone[] = { TLSEXT_cert_type_rpk };

	require(SSL_set1_client_cert_type(ssl, raw_alone, 1) == 1 &&
			SSL_set1_server_cert_type(ssl, raw_alone, 1) == 1 && SSL_use_PrivateKey(ssl, key) == 1,
		"a raw key is used");
}

static void
use_certificate(SSL *ssl, const struct pki_cert *c)
{
	require(SSL_use_certificate(ssl, c->cert) == 1 && SSL_use_PrivateKey(ssl, c->key) == 1,
		"a certificate is used");
}

/* The name's octets as they are: what is no UTF-8 is Latin-1, which any octets are. */
static void
use_any_name(SSL *ssl, const struct pki_cert *issuer, const void *name, size_t len)
{
	struct pki_cert c = { .key = bed.devices[DEV_NAMED].credential.key, .cert = X509_new() };
	X509_NAME *subject = X509_NAME_new();
	int type = bs_utf8_valid(name, len) ? V_ASN1_UTF8STRING : V_ASN1_T61STRING;

	require(c.cert != NULL && subject != NULL && X509_set_version(c.cert, X509_VERSION_3) == 1 &&
			ASN1_INTEGER_set(X509_get_serialNumber(c.cert), 1) == 1 &&
			X509_gmtime_adj(X509_getm_notBefore(c.cert), -3600) != NULL &&
			X509_gmtime_adj(X509_getm_notAfter(c.cert), 86400) != NULL &&
			X509_NAME_add_entry_by_NID(subject, NID_commonName, type, name, (int)len, -1, 0) == 1 &&
			X509_set_subject_name(c.cert, subject) == 1 &&
			X509_set_issuer_name(c.cert, X509_get_subject_name(issuer->cert)) == 1 &&
			X509_set_pubkey(c.cert, c.key) == 1 && X509_sign(c.cert, issuer->key, EVP_sha256()) > 0,
		"a certificate is made");
	use_certificate(ssl, &c);
	X509_NAME_free(subject);
	X509_free(c.cert);
}

/* Sets c->device, too. */
static void
use_credential(struct caller *c, unsigned device, const void *who, size_t who_len)
{
	size_t len = strnlen(who, who_len);

	c->device = -1;
	switch (c->kind) {
	case CL_PSK:
	case CL_PSK_WRONG:
	case CL_LISTEN:
		len = len < sizeof(c->identity) ? len : sizeof(c->identity) - 1;
		memcpy(c->identity, who, len);
		c->identity[len] = '\0';
		if (len == 0)
			snprintf(c->identity, sizeof(c->identity), "%s", bed.devices[device].identity);
		for (int d = 0; d < DEVICES && c->kind != CL_PSK_WRONG; d++)
			if (strcmp(bed.devices[d].identity, c->identity) == 0)
				c->device = d;
		SSL_set_cipher_list(
			c->ssl, device == 1 ? "PSK-AES128-CBC-SHA256:@SECLEVEL=0" : "PSK-AES128-CCM8:@SECLEVEL=0");
		break;
	case CL_RAW:
		c->device = DEV_RAW;
		use_raw(c->ssl, bed.devices[DEV_RAW].credential.key);
		break;
	case CL_RAW_STRANGER:
		use_raw(c->ssl, bed.stranger_raw.key);
		break;
	case CL_CERT:
		c->device = device == DEV_NAMED ? DEV_NAMED : DEV_PINNED;
		use_certificate(c->ssl, &bed.devices[c->device].credential);
		break;
	case CL_CERT_STRANGER:
		use_any_name(c->ssl, &bed.stranger_ca, who, who_len);
		break;
	case CL_NAMED_ANY:
		use_any_name(c->ssl, &bed.ca, who, who_len);
		if (who_len == 5 && memcmp(who, bed.devices[DEV_NAMED].endpoint, 5) == 0)
			c->device = DEV_NAMED;
		break;
	}
}

/* ---- life --------------------------------------------------------------------------------------------------------- */

void
caller_start(unsigned k, enum caller_kind kind, unsigned device, const void *who, size_t who_len)
{
	struct caller *c = &callers[k];
	BIO *mine = NULL;

	caller_forget(k);
	*c = (struct caller){ .kind = kind, .addr = caller_addr(k) };
	c->ssl = SSL_new(contexts[kind == CL_LISTEN]);
	require(c->ssl != NULL && BIO_new_bio_dgram_pair(&mine, 0, &c->wire, 0) == 1, "a client");
	SSL_set_app_data(c->ssl, c);
	SSL_set_bio(c->ssl, mine, mine);
	DTLS_set_link_mtu(c->ssl, 1400);
	use_credential(c, device, who, who_len);
	if (kind == CL_LISTEN)
		SSL_set_accept_state(c->ssl);
	else
		SSL_set_connect_state(c->ssl);
	caller_step(k);
}

void
caller_forget(unsigned k)
{
	struct caller *c = &callers[k];

	SSL_free(c->ssl);
	BIO_free(c->wire);
	*c = (struct caller){ .device = -1 };
}

/* Keep what an answer needs. */
static void
read_message(struct caller *c, const uint8_t *data, size_t len)
{
	enum bs_malformed what;
	struct bs_msg m;

	require(!bed_holds_key(data, len, c->device), "a session carries keys of its own device alone");
	require(outside_now_ms() <= bed.barred_ms[c->device] || !bed_holds_key(data, len, -1),
		"who was disabled, deleted or revoked gets no key");
	require(bs_msg_parse(data, len, &m, &what) == BS_OK, "the server speaks CoAP");
	if (m.code == 0 || m.code >= 32)
		return;
	c->asked = true;
	c->request = m;
	c->block1 = m.block1;
}

void
caller_step(unsigned k)
{
	struct caller *c = &callers[k];
	uint8_t plain[CALLER_DATAGRAM];
	int n;

	if (c->ssl == NULL || c->failed)
		return;
	ERR_clear_error();
	if (!c->done) {
		(void)DTLSv1_handle_timeout(c->ssl);
		n = SSL_do_handshake(c->ssl);
		c->done = n == 1;
		c->failed = n != 1 && SSL_get_error(c->ssl, n) != SSL_ERROR_WANT_READ;
	}
	while (c->done && (n = SSL_read(c->ssl, plain, sizeof(plain))) > 0) {
		require(c->device >= 0, "nobody gets through without a good credential");
		read_message(c, plain, (size_t)n);
	}
	ERR_clear_error();
}

size_t
caller_take(unsigned k, uint8_t out[CALLER_DATAGRAM])
{
	int n = callers[k].wire != NULL ? BIO_read(callers[k].wire, out, CALLER_DATAGRAM) : 0;

	ERR_clear_error();
	return n > 0 ? (size_t)n : 0;
}

void
callers_give(const struct bs_addr *to, const uint8_t *data, size_t len)
{
	require(!bed_holds_key(data, len, -1), "no key leaves in the clear");
	for (unsigned k = 0; k < CALLERS; k++)
		if (callers[k].wire != NULL && bs_addr_equal(&callers[k].addr, to))
			(void)BIO_write(callers[k].wire, data, (int)len); /* full: lost, as on a wire */
	ERR_clear_error();
}

void
caller_write(unsigned k, const void *data, size_t len)
{
	struct caller *c = &callers[k];

	if (c->ssl != NULL && c->done && !c->failed && len > 0 && len <= 1200)
		(void)SSL_write(c->ssl, data, (int)len);
	ERR_clear_error();
}

void
caller_close(unsigned k)
{
	struct caller *c = &callers[k];

	if (c->ssl != NULL && c->done && !c->failed)
		(void)SSL_shutdown(c->ssl);
	ERR_clear_error();
}
