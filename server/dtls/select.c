/* SPDX-License-Identifier: Apache-2.0 */
/* Choice of the server's identity and of the certificate types, from the ClientHello alone. */
#include "server/dtls/context.h"

#include <string.h>
#include <strings.h>

#include "server/base/buf.h"

/* host_name of server_name (RFC 6066, 3); NULL: none. */
static const uint8_t *
host_name(SSL *ssl, size_t *len)
{
	const unsigned char *data = NULL;
	size_t data_len = 0;
	struct bs_rd r;

	if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &data, &data_len) != 1)
		return NULL;
	r = bs_rd_init(data, data_len);
	bs_rd_u16(&r); /* length of the list */
	if (bs_rd_u8(&r) != TLSEXT_NAMETYPE_host_name)
		return NULL;
	*len = bs_rd_u16(&r);
	return bs_rd_bytes(&r, *len);
}

static const struct bs_identity_ctx *
choose_identity(const struct bs_identity_set *set, SSL *ssl)
{
	size_t len = 0;
	const uint8_t *name = host_name(ssl, &len);

	for (size_t i = 0; name != NULL && i < set->count; i++) {
		const char *sni = set->list[i].sni;

		if (sni != NULL && strlen(sni) == len && strncasecmp(sni, (const char *)name, len) == 0)
			return &set->list[i];
	}
	for (size_t i = 0; i < set->count; i++)
		if (set->list[i].sni == NULL)
			return &set->list[i];
	return &set->list[0];
}

/* The list of certificate types of an extension (RFC 7250, 3); NULL: not there. */
static const uint8_t *
type_list(SSL *ssl, unsigned extension, size_t *len)
{
	const unsigned char *data = NULL;
	size_t data_len = 0;
	struct bs_rd r;

	if (SSL_client_hello_get0_ext(ssl, extension, &data, &data_len) != 1)
		return NULL;
	r = bs_rd_init(data, data_len);
	*len = bs_rd_u8(&r);
	return bs_rd_bytes(&r, *len);
}

/* The type to use, or -1. A client that says nothing knows X.509 alone. */
static int
choose_type(const uint8_t *offer, size_t len, bool have_x509, bool have_raw, bool prefer_raw)
{
	static const uint8_t x509_alone[] = { TLSEXT_cert_type_x509 };

	if (offer == NULL) {
		offer = x509_alone;
		len = sizeof(x509_alone);
	}
	if (prefer_raw && have_raw && memchr(offer, TLSEXT_cert_type_rpk, len) != NULL)
		return TLSEXT_cert_type_rpk;
	for (size_t i = 0; i < len; i++)
		if ((offer[i] == TLSEXT_cert_type_x509 && have_x509) || (offer[i] == TLSEXT_cert_type_rpk && have_raw))
			return offer[i];
	return -1;
}

/*
 * A client that shows a raw key and nothing else is in LwM2M's raw public key mode and pins ours, whatever it says of the
 * server's type: libcoap with GnuTLS names X.509 first there, and then trusts no certificate.
 */
static bool
shows_raw_key_alone(SSL *ssl)
{
	size_t len = 0;
	const uint8_t *offer = type_list(ssl, TLSEXT_TYPE_client_cert_type, &len);

	return offer != NULL && len == 1 && offer[0] == TLSEXT_cert_type_rpk;
}

/* How the server shows itself. Without a common type only a PSK suite is left, as no key is on offer. */
static bool
set_server_type(SSL *ssl, const struct bs_identity_set *set, const struct bs_identity_ctx *id)
{
	size_t len = 0;
	const uint8_t *offer = type_list(ssl, TLSEXT_TYPE_server_cert_type, &len);
	bool prefer_raw = set->prefer_raw_key || shows_raw_key_alone(ssl);
	int type = choose_type(offer, len, id->x509 != NULL, id->raw_key != NULL, prefer_raw);
	unsigned char one = (unsigned char)type;
	SSL_CTX *ssl_ctx = type < 0 ? set->keyless : type == TLSEXT_cert_type_rpk ? id->raw_key : id->x509;

	if (SSL_get_SSL_CTX(ssl) != ssl_ctx && SSL_set_SSL_CTX(ssl, ssl_ctx) == NULL)
		return false;
	return SSL_set1_server_cert_type(ssl, type < 0 ? NULL : &one, type < 0 ? 0 : 1) == 1;
}

/* How the client shall show itself. */
static bool
set_client_type(SSL *ssl, const struct bs_identity_set *set)
{
	size_t len = 0;
	const uint8_t *offer = type_list(ssl, TLSEXT_TYPE_client_cert_type, &len);
	int type = choose_type(offer, len, true, true, set->prefer_raw_key);
	unsigned char one = (unsigned char)type;

	return type < 0 || SSL_set1_client_cert_type(ssl, &one, 1) == 1;
}

int
bs_select_hello(SSL *ssl, int *alert, void *arg)
{
	const struct bs_identity_set *set = ((struct bs_dtls_ctx *)arg)->set;

	if (set->count == 0)
		return SSL_CLIENT_HELLO_SUCCESS; /* PSK alone */
	if (set_server_type(ssl, set, choose_identity(set, ssl)) && set_client_type(ssl, set))
		return SSL_CLIENT_HELLO_SUCCESS;
	*alert = SSL_AD_INTERNAL_ERROR;
	return SSL_CLIENT_HELLO_ERROR;
}
