/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/sim/dtls.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "server/base/clock.h"
#include "tools/sim/device.h"

#define LINK_MTU 1280 /* IPv6's least */

static const char *const default_suites[] = {
	[SIM_MODE_PSK] = "PSK-AES128-CCM8:PSK-AES128-CBC-SHA256",
	[SIM_MODE_RPK] = "ECDHE-ECDSA-AES128-CCM8:ECDHE-ECDSA-AES128-SHA256",
	[SIM_MODE_X509] = "ECDHE-ECDSA-AES128-CCM8:ECDHE-ECDSA-AES128-SHA256",
};

static unsigned
on_psk(SSL *ssl, const char *hint, char *identity, unsigned identity_max, unsigned char *key, unsigned key_max)
{
	const struct sim_link *l = SSL_get_app_data(ssl);
	const struct sim_identity *who = l->identity;

	(void)hint; /* ignored: RFC 7925 section 4.2 */
	if (strlen(who->psk_identity) >= identity_max || who->psk->len > key_max)
		return 0;
	memcpy(identity, who->psk_identity, strlen(who->psk_identity) + 1);
	memcpy(key, who->psk->data, who->psk->len);
	return (unsigned)who->psk->len;
}

/* The pinned certificate and no other: neither path nor name nor date count then. */
static int
on_pinned(X509_STORE_CTX *store, void *arg)
{
	X509 *leaf = X509_STORE_CTX_get0_cert(store);
	bool same = leaf != NULL && X509_cmp(leaf, arg) == 0;

	X509_STORE_CTX_set_error(store, same ? X509_V_OK : X509_V_ERR_CERT_REJECTED);
	return same;
}

const char *
sim_dtls_suites(const struct sim_dtls_conf *conf, int mode)
{
	return conf->suite != NULL ? conf->suite : default_suites[mode];
}

static SSL_CTX *
new_context(int mode, const struct sim_dtls_conf *conf)
{
	SSL_CTX *ctx = SSL_CTX_new(DTLS_client_method());
	char text[512];

	snprintf(text, sizeof(text), "%s:@SECLEVEL=0", sim_dtls_suites(conf, mode));
	if (ctx == NULL || SSL_CTX_set_min_proto_version(ctx, DTLS1_2_VERSION) != 1 ||
		SSL_CTX_set_max_proto_version(ctx, DTLS1_2_VERSION) != 1 || SSL_CTX_set_cipher_list(ctx, text) != 1 ||
		SSL_CTX_set_tlsext_max_fragment_length(ctx, conf->max_fragment) != 1) {
		SSL_CTX_free(ctx);
		return NULL;
	}
	SSL_CTX_set_options(
		ctx, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION);
	if (conf->legacy_server)
		SSL_CTX_set_options(ctx, SSL_OP_LEGACY_SERVER_CONNECT);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_read_ahead(ctx, 1); /* a datagram is read whole or not at all */
	return ctx;
}

static enum bs_err
init_psk(struct sim_dtls *t, const struct sim_dtls_conf *conf)
{
	SSL_CTX *ctx = t->by_mode[SIM_MODE_PSK] = new_context(SIM_MODE_PSK, conf);

	if (ctx == NULL)
		return BS_ECRYPTO;
	SSL_CTX_set_psk_client_callback(ctx, on_psk);
	return BS_OK;
}

/* The first certificate or key of a PEM file. */
static void *
read_pem(const char *path, bool cert)
{
	BIO *in = BIO_new_file(path, "r");
	void *out = NULL;

	if (in != NULL)
		out = cert ? (void *)PEM_read_bio_X509(in, NULL, NULL, NULL)
			   : (void *)PEM_read_bio_PUBKEY(in, NULL, NULL, NULL);
	BIO_free(in);
	ERR_clear_error();
	return out;
}

static enum bs_err
init_rpk(struct sim_dtls *t, const struct sim_dtls_conf *conf, struct bs_diag *diag)
{
	static const unsigned char types[] = { TLSEXT_cert_type_rpk };

	if (conf->server_public_key == NULL)
		return BS_OK;
	unsigned char *der = NULL;
	t->server_key = read_pem(conf->server_public_key, false);
	int len = t->server_key != NULL ? i2d_PUBKEY(t->server_key, &der) : -1;
	if (len <= 0)
		return bs_diag_set(diag, BS_EFORMAT, 0, "%s: no public key in PEM", conf->server_public_key);
	enum bs_err err = bs_blob_set(&t->server_public, der, (size_t)len);
	OPENSSL_free(der);
	SSL_CTX *ctx = t->by_mode[SIM_MODE_RPK] = new_context(SIM_MODE_RPK, conf);
	if (err != BS_OK || ctx == NULL || SSL_CTX_dane_enable(ctx) != 1 ||
		SSL_CTX_set1_server_cert_type(ctx, types, sizeof(types)) != 1 ||
		SSL_CTX_set1_client_cert_type(ctx, types, sizeof(types)) != 1)
		return BS_ECRYPTO;
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	return BS_OK;
}

static enum bs_err
init_x509(struct sim_dtls *t, const struct sim_dtls_conf *conf, struct bs_diag *diag)
{
	const char *path = conf->server_cert != NULL ? conf->server_cert : conf->ca;

	if (path == NULL)
		return BS_OK;
	unsigned char *der = NULL;
	t->server_cert = read_pem(path, true);
	int len = t->server_cert != NULL ? i2d_X509(t->server_cert, &der) : -1;
	if (len <= 0)
		return bs_diag_set(diag, BS_EFORMAT, 0, "%s: no certificate in PEM", path);
	enum bs_err err = bs_blob_set(&t->server_certificate, der, (size_t)len);
	OPENSSL_free(der);
	SSL_CTX *ctx = t->by_mode[SIM_MODE_X509] = new_context(SIM_MODE_X509, conf);
	if (err != BS_OK || ctx == NULL)
		return BS_ECRYPTO;
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	if (conf->server_cert != NULL)
		SSL_CTX_set_cert_verify_callback(ctx, on_pinned, t->server_cert);
	else if (SSL_CTX_load_verify_file(ctx, conf->ca) != 1)
		return bs_diag_set(diag, BS_EFORMAT, 0, "%s: no trust anchors in PEM", conf->ca);
	return BS_OK;
}

enum bs_err
sim_dtls_init(struct sim_dtls *t, const struct sim_dtls_conf *conf, struct bs_diag *diag)
{
	*t = (struct sim_dtls){ .conf = conf };
	bs_diag_set(diag, BS_OK, 0, "OpenSSL does not take these ciphersuites");
	enum bs_err err = init_psk(t, conf);
	if (err == BS_OK)
		err = init_rpk(t, conf, diag);
	if (err == BS_OK)
		err = init_x509(t, conf, diag);
	if (err != BS_OK)
		sim_dtls_clear(t);
	ERR_clear_error();
	return err;
}

void
sim_dtls_clear(struct sim_dtls *t)
{
	for (size_t i = 0; i < 3; i++)
		SSL_CTX_free(t->by_mode[i]);
	EVP_PKEY_free(t->server_key);
	X509_free(t->server_cert);
	bs_blob_clear(&t->server_public);
	bs_blob_clear(&t->server_certificate);
	*t = (struct sim_dtls){ .server_key = NULL };
}

static BIO *
new_bio(int fd, const struct bs_addr *server)
{
	bool v4 = server->sa.sa_family == AF_INET;
	BIO *bio = BIO_new_dgram(fd, BIO_NOCLOSE);
	BIO_ADDR *addr = BIO_ADDR_new();
	bool ok = bio != NULL && addr != NULL &&
		  (v4 ? BIO_ADDR_rawmake(addr, AF_INET, &server->in4.sin_addr, 4, server->in4.sin_port)
		      : BIO_ADDR_rawmake(addr, AF_INET6, &server->in6.sin6_addr, 16, server->in6.sin6_port)) == 1;

	if (ok)
		BIO_ctrl(bio, BIO_CTRL_DGRAM_SET_CONNECTED, 0, addr);
	BIO_ADDR_free(addr);
	if (!ok) {
		BIO_free(bio);
		bio = NULL;
	}
	return bio;
}

/* How long a datagram on the road takes is our business; without mishaps it is the kernel's. */
BIO *
sim_link_new_way(struct sim_link *l, const struct sim_route *route, uint64_t now_ms)
{
	if (route->mishaps == NULL)
		return new_bio(l->fd, route->server);
	sim_road_init(&l->road, l->fd, route->mishaps);
	sim_road_set_now(&l->road, now_ms);
	return sim_road_new_bio(&l->road);
}

static bool
connect_socket(struct sim_link *l, const struct sim_route *route)
{
	const struct bs_addr *to = route->server, *from = route->from;
	int on = 1;

	l->fd = socket(to->sa.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->fd >= 0 && from != NULL && from->len > 0) {
		/* The port is chosen by connect, which knows the peer: more sockets fit on an address. */
		(void)setsockopt(l->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
		if (bind(l->fd, &from->sa, from->len) != 0)
			return false;
	}
	return l->fd >= 0 && connect(l->fd, &to->sa, to->len) == 0;
}

static bool
set_identity(SSL *ssl, const struct sim_dtls *t, const struct sim_identity *who)
{
	if (who->mode == SIM_MODE_PSK)
		return true;
	if (who->mode == SIM_MODE_X509 && SSL_use_certificate(ssl, who->cert) != 1)
		return false;
	if (SSL_use_PrivateKey(ssl, who->key) != 1)
		return false;
	/* OpenSSL keeps expected raw keys as DANE records (SSL_add_expected_rpk(3)). */
	return who->mode != SIM_MODE_RPK ||
	       (SSL_dane_enable(ssl, NULL) > 0 && SSL_add_expected_rpk(ssl, t->server_key) == 1);
}

static void
set_why(struct sim_link *l, const char *what)
{
	snprintf(l->why, sizeof(l->why), "%s", what);
}

enum bs_err
sim_link_open(struct sim_link *l, const struct sim_dtls *t, const struct sim_route *route,
	const struct sim_identity *identity, uint64_t now_ms)
{
	BIO *bio = NULL;

	*l = (struct sim_link){ .fd = -1, .identity = identity };
	if (!connect_socket(l, route)) {
		set_why(l, strerror(errno));
		sim_link_close(l, false);
		return BS_EIO;
	}
	SSL_CTX *ctx = t->by_mode[identity->mode];
	l->ssl = ctx != NULL ? SSL_new(ctx) : NULL;
	bio = l->ssl != NULL ? sim_link_new_way(l, route, now_ms) : NULL;
	if (bio == NULL || !set_identity(l->ssl, t, identity)) {
		set_why(l, "the device's credential cannot be used");
		BIO_free(bio);
		sim_link_close(l, false);
		ERR_clear_error();
		return BS_ECRYPTO;
	}
	SSL_set_bio(l->ssl, bio, bio);
	SSL_set_app_data(l->ssl, l);
	DTLS_set_link_mtu(l->ssl, LINK_MTU);
	SSL_set_connect_state(l->ssl);
	return BS_OK;
}

/* OpenSSL's verdict on a call, and what to tell people. */
static enum sim_io
settle(struct sim_link *l, int ret)
{
	int saved = errno;
	int what = SSL_get_error(l->ssl, ret);
	unsigned long code = ERR_peek_error();

	if (ret > 0)
		return SIM_IO_DONE;
	if (what == SSL_ERROR_WANT_READ || what == SSL_ERROR_WANT_WRITE)
		return SIM_IO_AGAIN;
	if (what == SSL_ERROR_ZERO_RETURN)
		set_why(l, "closed by the server");
	else if (code != 0 && ERR_reason_error_string(code) != NULL)
		set_why(l, ERR_reason_error_string(code));
	else
		set_why(l, saved != 0 ? strerror(saved) : "the association broke");
	ERR_clear_error();
	return SIM_IO_FAILED;
}

enum sim_io
sim_link_handshake(struct sim_link *l)
{
	ERR_clear_error();
	errno = 0;
	if (l->ssl == NULL) /* it waits to be spoken to */
		return SIM_IO_AGAIN;
	return settle(l, SSL_do_handshake(l->ssl));
}

enum sim_io
sim_link_read(struct sim_link *l, uint8_t *out, size_t max, size_t *len)
{
	ERR_clear_error();
	errno = 0;
	int n = SSL_read(l->ssl, out, (int)max);

	*len = n > 0 ? (size_t)n : 0;
	return settle(l, n);
}

enum sim_io
sim_link_write(struct sim_link *l, const void *data, size_t len)
{
	ERR_clear_error();
	errno = 0;
	return settle(l, SSL_write(l->ssl, data, (int)len));
}

void
sim_link_set_now(struct sim_link *l, uint64_t now_ms)
{
	sim_road_set_now(&l->road, now_ms);
}

uint64_t
sim_link_due_ms(const struct sim_link *l)
{
	return sim_road_due_ms(&l->road);
}

uint64_t
sim_link_timeout_ms(const struct sim_link *l)
{
	struct timeval tv;

	if (l->ssl == NULL || DTLSv1_get_timeout(l->ssl, &tv) != 1)
		return BS_NEVER;
	return (uint64_t)tv.tv_sec * 1000 + (uint64_t)(tv.tv_usec + 999) / 1000;
}

enum sim_io
sim_link_on_timeout(struct sim_link *l)
{
	ERR_clear_error();
	errno = 0;
	if (DTLSv1_handle_timeout(l->ssl) >= 0)
		return SIM_IO_AGAIN;
	set_why(l, "no answer to the handshake");
	ERR_clear_error();
	return SIM_IO_FAILED;
}

const char *
sim_link_suite(const struct sim_link *l)
{
	return l->ssl != NULL ? SSL_get_cipher_name(l->ssl) : "";
}

void
sim_link_close(struct sim_link *l, bool polite)
{
	if (l->ssl != NULL && polite && SSL_is_init_finished(l->ssl))
		SSL_shutdown(l->ssl);
	SSL_free(l->ssl);
	sim_road_clear(&l->road);
	if (l->fd >= 0)
		close(l->fd);
	l->ssl = NULL;
	l->fd = -1;
	ERR_clear_error();
}
