/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does the simulator prove itself, and refuse a server that it does not know? Against a bare OpenSSL server on
 * loopback, in raw public key and X.509 mode, with keys made on the spot.
 */
#include "tests/lib/test.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "tools/sim/device.h"
#include "tools/sim/dtls.h"

static char dir[] = "/tmp/sim-dtls-XXXXXX";
static EVP_PKEY *server_key, *device_key, *ca_key;
static X509 *server_cert, *device_cert, *ca_cert;

static const char *
path_of(const char *name, char out[128])
{
	snprintf(out, 128, "%s/%s", dir, name);
	return out;
}

static void
write_pem(const char *name, X509 *cert, EVP_PKEY *pub)
{
	char path[128];
	BIO *out = BIO_new_file(path_of(name, path), "w");

	assert_int_equal(cert != NULL ? PEM_write_bio_X509(out, cert) : PEM_write_bio_PUBKEY(out, pub), 1);
	BIO_free(out);
}

static void
add_extension(X509 *cert, int nid, const char *value)
{
	X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	assert_int_equal(X509_add_ext(cert, ext, -1), 1);
	X509_EXTENSION_free(ext);
}

static X509 *
make_cert(const char *name, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key)
{
	X509 *cert = X509_new();
	X509_NAME *subject = X509_get_subject_name(cert);

	X509_set_version(cert, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), -60);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(cert, issuer != NULL ? X509_get_subject_name(issuer) : subject);
	X509_set_pubkey(cert, key);
	if (issuer == NULL)
		add_extension(cert, NID_basic_constraints, "critical,CA:TRUE");
	assert_true(X509_sign(cert, issuer_key, EVP_sha256()) > 0);
	return cert;
}

static int
setup(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(dir));
	server_key = EVP_EC_gen("P-256");
	device_key = EVP_EC_gen("P-256");
	ca_key = EVP_EC_gen("P-256");
	ca_cert = make_cert("a CA", ca_key, NULL, ca_key);
	server_cert = make_cert("another name", server_key, ca_cert, ca_key);
	device_cert = make_cert("dev-1", device_key, ca_cert, ca_key);
	X509 *other_ca = make_cert("a CA", device_key, NULL, device_key);
	write_pem("server.pub", NULL, server_key);
	write_pem("other.pub", NULL, ca_key);
	write_pem("ca.pem", ca_cert, NULL);
	write_pem("server.pem", server_cert, NULL);
	write_pem("other.pem", other_ca, NULL);
	X509_free(other_ca);
	return 0;
}

static int
teardown(void **state)
{
	static const char *const names[] = { "server.pub", "other.pub", "ca.pem", "server.pem", "other.pem" };
	char path[128];

	(void)state;
	for (size_t i = 0; i < 5; i++)
		unlink(path_of(names[i], path));
	rmdir(dir);
	EVP_PKEY_free(server_key);
	EVP_PKEY_free(device_key);
	EVP_PKEY_free(ca_key);
	X509_free(server_cert);
	X509_free(device_cert);
	X509_free(ca_cert);
	return 0;
}

static int
accept_any(X509_STORE_CTX *store, void *arg)
{
	(void)store;
	(void)arg;
	return 1;
}

static int
accept_any_raw(int ok, X509_STORE_CTX *store)
{
	(void)ok;
	(void)store;
	return 1;
}

static SSL_CTX *
server_context(bool raw)
{
	static const unsigned char types[] = { TLSEXT_cert_type_rpk };
	SSL_CTX *ctx = SSL_CTX_new(DTLS_server_method());

	assert_int_equal(SSL_CTX_set_cipher_list(ctx, "ECDHE-ECDSA-AES128-CCM8:@SECLEVEL=0"), 1);
	SSL_CTX_use_certificate(ctx, server_cert);
	SSL_CTX_use_PrivateKey(ctx, server_key);
	if (raw) {
		SSL_CTX_set1_server_cert_type(ctx, types, 1);
		SSL_CTX_set1_client_cert_type(ctx, types, 1);
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, accept_any_raw);
	} else {
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
		SSL_CTX_set_cert_verify_callback(ctx, accept_any, NULL);
	}
	return ctx;
}

static int
bound_socket(struct bs_addr *addr)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(any);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&any, sizeof(any)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&any, &len), 0);
	bs_addr_set(addr, (struct sockaddr *)&any, len);
	return fd;
}

/* Both sides in turn, until the client knows. */
static enum sim_io
handshake(struct sim_link *l, SSL *server)
{
	enum sim_io io = SIM_IO_AGAIN;

	for (int i = 0; i < 50 && io == SIM_IO_AGAIN; i++) {
		io = sim_link_handshake(l);
		SSL_do_handshake(server);
	}
	return io;
}

/* Did the server see the device's own key? */
static void
assert_device_key(SSL *server, bool raw)
{
	EVP_PKEY *seen = raw ? SSL_get0_peer_rpk(server) : X509_get0_pubkey(SSL_get0_peer_certificate(server));

	assert_non_null(seen);
	assert_int_equal(EVP_PKEY_eq(seen, device_key), 1);
}

static void
test_server_identity(void **state)
{
	static const struct row {
		const char *name;
		int mode;
		const char *pub, *ca, *cert;
		enum sim_io end;
	} rows[] = {
		{ "the pinned raw key", SIM_MODE_RPK, "server.pub", NULL, NULL, SIM_IO_DONE },
		{ "another raw key", SIM_MODE_RPK, "other.pub", NULL, NULL, SIM_IO_FAILED },
		{ "under the CA, whatever the name", SIM_MODE_X509, NULL, "ca.pem", NULL, SIM_IO_DONE },
		{ "under another CA of the same name", SIM_MODE_X509, NULL, "other.pem", NULL, SIM_IO_FAILED },
		{ "the pinned certificate", SIM_MODE_X509, NULL, NULL, "server.pem", SIM_IO_DONE },
		{ "another certificate", SIM_MODE_X509, NULL, NULL, "ca.pem", SIM_IO_FAILED },
	};
	char a[128], b[128], c[128];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];
		bool raw = r->mode == SIM_MODE_RPK;
		struct sim_dtls_conf conf = { .server_public_key = r->pub != NULL ? path_of(r->pub, a) : NULL,
			.ca = r->ca != NULL ? path_of(r->ca, b) : NULL,
			.server_cert = r->cert != NULL ? path_of(r->cert, c) : NULL };
		struct sim_identity who = { .mode = r->mode, .key = device_key, .cert = raw ? NULL : device_cert };
		struct sim_dtls t;
		struct sim_link l;
		struct bs_addr addr;
		struct bs_diag diag;
		SSL_CTX *ctx = server_context(raw);
		SSL *server = SSL_new(ctx);
		int fd = bound_socket(&addr);
		print_message("%s\n", r->name);
		BIO *bio = BIO_new_dgram(fd, BIO_NOCLOSE);
		SSL_set_bio(server, bio, bio);
		SSL_set_accept_state(server);
		assert_int_equal(sim_dtls_init(&t, &conf, &diag), BS_OK);
		assert_int_equal(sim_link_open(&l, &t, &(struct sim_route){ .server = &addr }, &who, 0), BS_OK);
		assert_int_equal(handshake(&l, server), r->end);
		if (r->end == SIM_IO_DONE) {
			assert_string_equal(sim_link_suite(&l), "ECDHE-ECDSA-AES128-CCM8");
			SSL_do_handshake(server);
			assert_device_key(server, raw);
		}
		sim_link_close(&l, true);
		sim_dtls_clear(&t);
		SSL_free(server);
		SSL_CTX_free(ctx);
		close(fd);
	}
}

static void
test_bad_files(void **state)
{
	struct sim_dtls_conf no_key = { .server_public_key = "/nonexistent" }, no_ca = { .ca = "/nonexistent" };
	struct sim_dtls_conf no_suite = { .suite = "NO-SUCH-SUITE" };
	struct sim_dtls t;
	struct bs_diag diag;

	(void)state;
	assert_int_equal(sim_dtls_init(&t, &no_key, &diag), BS_EFORMAT);
	assert_string_equal(diag.text, "/nonexistent: no public key in PEM");
	assert_int_equal(sim_dtls_init(&t, &no_ca, &diag), BS_EFORMAT);
	assert_int_equal(sim_dtls_init(&t, &no_suite, &diag), BS_ECRYPTO);
}

/* A handshake that nobody answers asks to be called again after a second (RFC 6347, 4.2.4.1). */
static void
test_retransmission(void **state)
{
	static const struct bs_secret psk = { .len = 16, .data = "0123456789abcde" };
	struct sim_dtls_conf conf = { 0 };
	struct sim_identity who = { .mode = SIM_MODE_PSK, .psk_identity = "id", .psk = &psk };
	struct sim_dtls t;
	struct sim_link l;
	struct bs_addr addr;
	struct bs_diag diag;
	uint8_t first[1500], again[1500];
	int fd = bound_socket(&addr);

	(void)state;
	assert_int_equal(sim_dtls_init(&t, &conf, &diag), BS_OK);
	assert_int_equal(sim_link_open(&l, &t, &(struct sim_route){ .server = &addr }, &who, 0), BS_OK);
	assert_int_equal(sim_link_timeout_ms(&l), UINT64_MAX);
	assert_int_equal(sim_link_handshake(&l), SIM_IO_AGAIN);
	assert_in_range(sim_link_timeout_ms(&l), 800, 1000);
	ssize_t n = recv(fd, first, sizeof(first), 0);
	assert_true(n > 13);
	assert_int_equal(first[0], 22); /* handshake ... */
	assert_int_equal(first[13], 1); /* ... ClientHello */
	usleep(1050000);
	assert_int_equal(sim_link_timeout_ms(&l), 0);
	assert_int_equal(sim_link_on_timeout(&l), SIM_IO_AGAIN);
	assert_int_equal(recv(fd, again, sizeof(again), 0), n);
	assert_memory_equal(first + 13, again + 13, (size_t)n - 13);
	assert_in_range(sim_link_timeout_ms(&l), 1800, 2000);
	sim_link_close(&l, true);
	sim_dtls_clear(&t);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_server_identity),
		cmocka_unit_test(test_bad_files),
		cmocka_unit_test(test_retransmission),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
