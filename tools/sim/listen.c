/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A device as DTLS server, for a Bootstrap-Server of LwM2M 1.0 that begins by itself. It serves the first address that
 * speaks to it, after a cookie exchange, and asks for the server's key or certificate.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "server/base/random.h"
#include "tools/sim/device.h"
#include "tools/sim/dtls.h"

#define LINK_MTU 1280 /* IPv6's least */
#define COOKIE_LEN 16

static uint8_t cookie_of_all[COOKIE_LEN]; /* one peer, one process: it need not tell addresses apart */

static int
make_cookie(SSL *ssl, unsigned char *cookie, unsigned *len)
{
	(void)ssl;
	memcpy(cookie, cookie_of_all, COOKIE_LEN);
	*len = COOKIE_LEN;
	return 1;
}

static int
check_cookie(SSL *ssl, const unsigned char *cookie, unsigned len)
{
	(void)ssl;
	return len == COOKIE_LEN && memcmp(cookie, cookie_of_all, COOKIE_LEN) == 0;
}

static unsigned
on_psk(SSL *ssl, const char *identity, unsigned char *key, unsigned key_max)
{
	const struct sim_link *l = SSL_get_app_data(ssl);

	if (strcmp(identity, l->identity->psk_identity) != 0 || l->identity->psk->len > key_max)
		return 0;
	memcpy(key, l->identity->psk->data, l->identity->psk->len);
	return (unsigned)l->identity->psk->len;
}

/* The one raw key or certificate of the server that the device knows. */
static int
on_pinned(X509_STORE_CTX *store, void *arg)
{
	const struct sim_dtls *t = arg;
	EVP_PKEY *raw = X509_STORE_CTX_get0_rpk(store);
	X509 *leaf = X509_STORE_CTX_get0_cert(store);
	bool same = raw != NULL ? EVP_PKEY_eq(raw, t->server_key) == 1
				: leaf != NULL && X509_cmp(leaf, t->server_cert) == 0;

	X509_STORE_CTX_set_error(store, same ? X509_V_OK : X509_V_ERR_CERT_REJECTED);
	return same;
}

static bool
trust_server(SSL_CTX *ctx, const struct sim_dtls *t, int mode)
{
	static const unsigned char raw[] = { TLSEXT_cert_type_rpk };

	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	if (mode == SIM_MODE_RPK || t->conf->server_cert != NULL)
		SSL_CTX_set_cert_verify_callback(ctx, on_pinned, (void *)t);
	if (mode == SIM_MODE_RPK)
		return t->server_key != NULL && SSL_CTX_set1_server_cert_type(ctx, raw, 1) == 1 &&
		       SSL_CTX_set1_client_cert_type(ctx, raw, 1) == 1;
	if (t->conf->server_cert != NULL)
		return true;
	/* A Bootstrap-Server's certificate is one for servers, whoever begins. */
	return t->conf->ca != NULL && SSL_CTX_load_verify_file(ctx, t->conf->ca) == 1 &&
	       SSL_CTX_set_purpose(ctx, X509_PURPOSE_ANY) == 1;
}

static SSL_CTX *
new_context(const struct sim_dtls *t, int mode)
{
	SSL_CTX *ctx = SSL_CTX_new(DTLS_server_method());
	char text[512];

	snprintf(text, sizeof(text), "%s:@SECLEVEL=0", sim_dtls_suites(t->conf, mode));
	if (ctx == NULL || SSL_CTX_set_min_proto_version(ctx, DTLS1_2_VERSION) != 1 ||
		SSL_CTX_set_cipher_list(ctx, text) != 1 || (mode != SIM_MODE_PSK && !trust_server(ctx, t, mode))) {
		SSL_CTX_free(ctx);
		return NULL;
	}
	SSL_CTX_set_options(ctx, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET |
					 SSL_OP_NO_COMPRESSION | SSL_OP_COOKIE_EXCHANGE);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_cookie_generate_cb(ctx, make_cookie);
	SSL_CTX_set_cookie_verify_cb(ctx, check_cookie);
	if (mode == SIM_MODE_PSK)
		SSL_CTX_set_psk_server_callback(ctx, on_psk);
	SSL_CTX_set_read_ahead(ctx, 1); /* a datagram is read whole or not at all */
	return ctx;
}

enum bs_err
sim_link_listen(struct sim_link *l, const struct sim_dtls *t, const struct bs_addr *at,
	const struct sim_mishaps *mishaps, const struct sim_identity *identity, struct bs_addr *bound)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	*l = (struct sim_link){ .identity = identity, .waits = t, .waits_mishaps = mishaps };
	l->fd = socket(at->sa.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->fd < 0 || bind(l->fd, &at->sa, at->len) != 0 || getsockname(l->fd, (struct sockaddr *)&ss, &len) != 0) {
		snprintf(l->why, sizeof(l->why), "%s", strerror(errno));
		sim_link_close(l, false);
		return BS_EIO;
	}
	bs_addr_set(bound, (struct sockaddr *)&ss, len);
	return BS_OK;
}

static bool
set_up(struct sim_link *l, const struct bs_addr *peer, uint64_t now_ms)
{
	const struct sim_route route = { peer, NULL, l->waits_mishaps };
	SSL_CTX *ctx = new_context(l->waits, l->identity->mode);
	BIO *bio;

	bs_random_system(NULL, cookie_of_all, sizeof(cookie_of_all));
	l->ssl = ctx != NULL ? SSL_new(ctx) : NULL;
	SSL_CTX_free(ctx);
	bio = l->ssl != NULL ? sim_link_new_way(l, &route, now_ms) : NULL;
	if (bio == NULL ||
		(l->identity->mode == SIM_MODE_X509 && SSL_use_certificate(l->ssl, l->identity->cert) != 1) ||
		(l->identity->mode != SIM_MODE_PSK && SSL_use_PrivateKey(l->ssl, l->identity->key) != 1)) {
		BIO_free(bio);
		return false;
	}
	SSL_set_bio(l->ssl, bio, bio);
	SSL_set_app_data(l->ssl, l);
	DTLS_set_link_mtu(l->ssl, LINK_MTU);
	SSL_set_accept_state(l->ssl);
	return true;
}

enum sim_io
sim_link_accept(struct sim_link *l, uint64_t now_ms)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	struct bs_addr peer;
	char first;

	if (recvfrom(l->fd, &first, 1, MSG_PEEK | MSG_DONTWAIT, (struct sockaddr *)&ss, &len) < 0)
		return SIM_IO_AGAIN;
	bs_addr_set(&peer, (struct sockaddr *)&ss, len);
	if (connect(l->fd, &peer.sa, peer.len) == 0 && set_up(l, &peer, now_ms))
		return SIM_IO_DONE;
	snprintf(l->why, sizeof(l->why), "the device's credential cannot be used, or it does not know the server's");
	ERR_clear_error();
	return SIM_IO_FAILED;
}
