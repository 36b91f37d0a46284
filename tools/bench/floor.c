/* SPDX-License-Identifier: Apache-2.0 */
/*
 * floor RUNS [SESSIONS]   the least that one bootstrap can cost a server, microseconds of CPU, one JSON object a line
 *
 * What no server can do without, each part measured alone and warm, RUNS times:
 *   handshake  a bare OpenSSL server: cookie exchange, handshake, SSL_free; 64 associations side by side in memory
 *   records    7 application records read and 7 written through these (100 octets), close_notify read
 *   udp        11 datagrams received and 10 sent on loopback by recvmmsg and sendmmsg, 32 at a time
 *   lookups    two SQLite look-ups by unique text in a table of 20,000 rows, 16 to a transaction, memory-mapped
 * The client's side of each handshake runs in the same thread and is not counted.
 */
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sqlite3.h>

#define ABREAST 64
#define RECORDS 7
#define RECORD_LEN 100
#define DATAGRAMS_IN 11
#define DATAGRAMS_OUT 10
#define PACKET_MAX 1500
#define PIPE_MAX 8
#define ROWS 20000

static void
die(const char *what)
{
	fprintf(stderr, "floor: %s failed\n", what);
	exit(1);
}

static double
cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* ---- datagrams in memory ------------------------------------------------------------------------------------------ */

struct pipe {
	uint8_t data[PIPE_MAX][PACKET_MAX];
	size_t len[PIPE_MAX], first, count;
};

struct end {
	struct pipe *in, *out;
};

static int
bio_read(BIO *bio, char *out, int max)
{
	struct pipe *p = ((struct end *)BIO_get_data(bio))->in;

	BIO_clear_retry_flags(bio);
	if (p->count == 0) {
		BIO_set_retry_read(bio);
		return -1;
	}
	size_t n = p->len[p->first] < (size_t)max ? p->len[p->first] : (size_t)max;
	memcpy(out, p->data[p->first], n);
	p->first = (p->first + 1) % PIPE_MAX;
	p->count--;
	return (int)n;
}

static int
bio_write(BIO *bio, const char *data, int len)
{
	struct pipe *p = ((struct end *)BIO_get_data(bio))->out;
	size_t at = (p->first + p->count) % PIPE_MAX;

	if (p->count == PIPE_MAX || len > PACKET_MAX)
		die("a pipe that is full");
	memcpy(p->data[at], data, (size_t)len);
	p->len[at] = (size_t)len;
	p->count++;
	return len;
}

static long
bio_ctrl(BIO *bio, int cmd, long num, void *ptr)
{
	(void)bio;
	(void)num;
	(void)ptr;
	return cmd == BIO_CTRL_FLUSH;
}

/* ---- both ends ---------------------------------------------------------------------------------------------------- */

static const uint8_t psk[16] = { 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 121, 98, 219, 61 };

static unsigned
on_client_psk(SSL *s, const char *hint, char *identity, unsigned identity_max, unsigned char *key, unsigned max)
{
	(void)s;
	(void)hint;
	snprintf(identity, identity_max, "device-0001");
	memcpy(key, psk, sizeof(psk) <= max ? sizeof(psk) : 0);
	return sizeof(psk);
}

static unsigned
on_server_psk(SSL *s, const char *identity, unsigned char *key, unsigned max)
{
	(void)s;
	(void)identity;
	memcpy(key, psk, sizeof(psk) <= max ? sizeof(psk) : 0);
	return sizeof(psk);
}

static int
make_cookie(SSL *s, unsigned char *cookie, unsigned *len)
{
	(void)s;
	memset(cookie, 7, 32);
	*len = 32;
	return 1;
}

static int
check_cookie(SSL *s, const unsigned char *cookie, unsigned len)
{
	(void)s;
	return len == 32 && cookie[31] == 7;
}

static int
accept_any(int ok, X509_STORE_CTX *x)
{
	(void)ok;
	X509_STORE_CTX_set_error(x, X509_V_OK);
	return 1;
}

struct mode {
	const char *name, *suite;
	bool keys, raw;
};

static const struct mode modes[] = {
	{ "psk", "PSK-AES128-CCM8", false, false },
	{ "psk-gcm", "PSK-AES128-GCM-SHA256", false, false },
	{ "rpk", "ECDHE-ECDSA-AES128-CCM8", true, true },
	{ "x509", "ECDHE-ECDSA-AES128-CCM8", true, false },
};

static EVP_PKEY *ca_key;
static X509 *ca_cert;

static X509 *
make_cert(const char *name, EVP_PKEY *key, EVP_PKEY *signer, X509 *issuer)
{
	X509 *c = X509_new();
	X509_NAME *subject = X509_get_subject_name(c);

	X509_set_version(
		c, issuer != NULL ? X509_VERSION_3 : X509_VERSION_1); /* a CA needs no extension in version 1 */
	ASN1_INTEGER_set(X509_get_serialNumber(c), 1);
	X509_gmtime_adj(X509_getm_notBefore(c), -3600);
	X509_gmtime_adj(X509_getm_notAfter(c), 86400);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(c, issuer != NULL ? X509_get_subject_name(issuer) : subject);
	X509_set_pubkey(c, key);
	if (X509_sign(c, signer, EVP_sha256()) <= 0)
		die("X509_sign");
	return c;
}

static void
set_keys(SSL_CTX *ctx, const struct mode *m, const char *name)
{
	static const unsigned char raw[] = { TLSEXT_cert_type_rpk };
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = make_cert(name, key, ca_key, ca_cert);

	if (SSL_CTX_use_certificate(ctx, cert) != 1 || SSL_CTX_use_PrivateKey(ctx, key) != 1)
		die("a key");
	X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), ca_cert);
	if (m->raw &&
		(SSL_CTX_set1_client_cert_type(ctx, raw, 1) != 1 || SSL_CTX_set1_server_cert_type(ctx, raw, 1) != 1))
		die("raw public keys");
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, m->raw ? accept_any : NULL);
	X509_free(cert);
	EVP_PKEY_free(key);
}

static SSL_CTX *
make_context(const struct mode *m, bool server)
{
	SSL_CTX *ctx = SSL_CTX_new(server ? DTLS_server_method() : DTLS_client_method());
	char suite[128];

	snprintf(suite, sizeof(suite), "%s:@SECLEVEL=0", m->suite);
	if (ctx == NULL || SSL_CTX_set_cipher_list(ctx, suite) != 1)
		die(m->suite);
	SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_QUERY_MTU | SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	if (m->keys)
		set_keys(ctx, m, server ? "server" : "device-0001");
	if (server) {
		SSL_CTX_set_options(ctx, SSL_OP_COOKIE_EXCHANGE);
		SSL_CTX_set_cookie_generate_cb(ctx, make_cookie);
		SSL_CTX_set_cookie_verify_cb(ctx, check_cookie);
		SSL_CTX_set_psk_server_callback(ctx, m->keys ? NULL : on_server_psk);
	} else {
		SSL_CTX_set_psk_client_callback(ctx, m->keys ? NULL : on_client_psk);
	}
	return ctx;
}

struct pair {
	struct pipe up, down;
	struct end client_end, server_end;
	SSL *client, *server;
};

static SSL *
new_ssl(SSL_CTX *ctx, BIO_METHOD *method, struct end *end)
{
	SSL *ssl = SSL_new(ctx);
	BIO *bio = BIO_new(method);

	if (ssl == NULL || bio == NULL)
		die("SSL_new");
	BIO_set_data(bio, end);
	BIO_set_init(bio, 1);
	SSL_set_bio(ssl, bio, bio);
	DTLS_set_link_mtu(ssl, 1280);
	return ssl;
}

/* ---- one round: 64 bootstraps abreast ----------------------------------------------------------------------------- */

/* The server's turn in all of them; handshake calls and record calls are timed apart. */
static void
serve_handshakes(struct pair *pairs, SSL_CTX *ctx, BIO_METHOD *method, double *us)
{
	double start = cpu_us();

	for (int i = 0; i < ABREAST; i++) {
		struct pair *p = &pairs[i];
		if (p->server == NULL) {
			p->server = new_ssl(ctx, method, &p->server_end);
			SSL_set_accept_state(p->server);
		}
		SSL_do_handshake(p->server);
	}
	*us += cpu_us() - start;
}

static void
exchange_records(struct pair *pairs, double *us)
{
	uint8_t data[PACKET_MAX] = { 0 };

	for (int i = 0; i < ABREAST; i++)
		if (SSL_write(pairs[i].client, data, RECORD_LEN) != RECORD_LEN)
			die("SSL_write");
	double start = cpu_us();
	for (int i = 0; i < ABREAST; i++)
		if (SSL_read(pairs[i].server, data, sizeof(data)) != RECORD_LEN ||
			SSL_write(pairs[i].server, data, RECORD_LEN) != RECORD_LEN)
			die("a record");
	*us += cpu_us() - start;
	for (int i = 0; i < ABREAST; i++)
		if (SSL_read(pairs[i].client, data, sizeof(data)) != RECORD_LEN)
			die("SSL_read");
}

static void
part(struct pair *pairs, double *records_us, double *handshake_us)
{
	uint8_t data[16];

	for (int i = 0; i < ABREAST; i++)
		SSL_shutdown(pairs[i].client);
	double start = cpu_us();
	for (int i = 0; i < ABREAST; i++)
		SSL_read(pairs[i].server, data, sizeof(data));
	*records_us += cpu_us() - start;
	start = cpu_us();
	for (int i = 0; i < ABREAST; i++)
		SSL_free(pairs[i].server);
	*handshake_us += cpu_us() - start;
	for (int i = 0; i < ABREAST; i++) {
		SSL_free(pairs[i].client);
		pairs[i].client = pairs[i].server = NULL;
		pairs[i].up.count = pairs[i].down.count = 0;
	}
}

static void
round_of(struct pair *pairs, SSL_CTX *ctx[2], BIO_METHOD *method, double *handshake_us, double *records_us)
{
	for (int i = 0; i < ABREAST; i++) {
		struct pair *p = &pairs[i];
		p->client_end = (struct end){ &p->down, &p->up };
		p->server_end = (struct end){ &p->up, &p->down };
		p->client = new_ssl(ctx[0], method, &p->client_end);
		SSL_set_connect_state(p->client);
	}
	for (int turn = 0; turn < 3; turn++) {
		for (int i = 0; i < ABREAST; i++)
			SSL_do_handshake(pairs[i].client);
		serve_handshakes(pairs, ctx[1], method, handshake_us);
	}
	for (int i = 0; i < ABREAST; i++)
		if (SSL_do_handshake(pairs[i].client) != 1 || !SSL_is_init_finished(pairs[i].server))
			die("a handshake");
	for (int i = 0; i < RECORDS; i++)
		exchange_records(pairs, records_us);
	part(pairs, records_us, handshake_us);
}

/* ---- UDP ---------------------------------------------------------------------------------------------------------- */

#define BURST 32

struct udp {
	int server, client;
	struct mmsghdr msgs[BURST];
	struct iovec iov[BURST];
	uint8_t data[BURST][PACKET_MAX];
	struct sockaddr_in from[BURST];
};

static int
udp_socket(struct sockaddr_in *at)
{
	socklen_t len = sizeof(*at);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	*at = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	if (fd < 0 || bind(fd, (struct sockaddr *)at, sizeof(*at)) != 0 ||
		getsockname(fd, (struct sockaddr *)at, &len) != 0)
		die("a socket");
	return fd;
}

static void
set_lengths(struct udp *u, size_t len)
{
	for (int i = 0; i < BURST; i++) {
		u->iov[i] = (struct iovec){ u->data[i], len };
		u->msgs[i].msg_hdr = (struct msghdr){ .msg_name = &u->from[i],
			.msg_namelen = sizeof(u->from[i]),
			.msg_iov = &u->iov[i],
			.msg_iovlen = 1 };
	}
}

static void
measure_udp(struct udp *u, const struct sockaddr_in *server, int rounds, double *in_us, double *out_us)
{
	uint8_t data[PACKET_MAX] = { 0 };

	*in_us = *out_us = 0;
	for (int r = 0; r < rounds; r++) {
		for (int i = 0; i < BURST; i++)
			if (sendto(u->client, data, RECORD_LEN, 0, (const struct sockaddr *)server, sizeof(*server)) <
				0)
				die("sendto");
		set_lengths(u, PACKET_MAX);
		double start = cpu_us();
		if (recvmmsg(u->server, u->msgs, BURST, MSG_DONTWAIT, NULL) != BURST)
			die("recvmmsg");
		*in_us += cpu_us() - start;
		for (int i = 0; i < BURST; i++)
			u->iov[i].iov_len = RECORD_LEN;
		start = cpu_us();
		if (sendmmsg(u->server, u->msgs, BURST, 0) != BURST)
			die("sendmmsg");
		*out_us += cpu_us() - start;
		for (int i = 0; i < BURST; i++)
			if (recv(u->client, data, sizeof(data), 0) != RECORD_LEN)
				die("recv");
	}
	*in_us /= rounds * BURST;
	*out_us /= rounds * BURST;
}

/* ---- SQLite ------------------------------------------------------------------------------------------------------- */

static void
sql(sqlite3 *db, const char *text)
{
	if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK)
		die(sqlite3_errmsg(db));
}

static sqlite3 *
open_table(char *path)
{
	sqlite3 *db = NULL;
	char text[400];

	if (sqlite3_open(path, &db) != SQLITE_OK)
		die("sqlite3_open");
	sql(db, "PRAGMA journal_mode = WAL; PRAGMA mmap_size = 1000000000;");
	snprintf(text, sizeof(text),
		"CREATE TABLE device(id INTEGER PRIMARY KEY, endpoint TEXT, identity TEXT, key BLOB);"
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
		"INSERT INTO device SELECT i, printf('urn:dev:os:32473-%%08d', i), printf('device-%%08d', i), "
		"randomblob(60) FROM n;"
		"CREATE UNIQUE INDEX a ON device(endpoint); CREATE UNIQUE INDEX b ON device(identity);",
		ROWS);
	sql(db, text);
	sql(db, "PRAGMA wal_checkpoint(TRUNCATE)");
	return db;
}

static double
measure_lookups(sqlite3 *db, int count)
{
	sqlite3_stmt *st = NULL;
	char text[32];
	unsigned at = 1;

	if (sqlite3_prepare_v2(db, "SELECT id, endpoint, key FROM device WHERE identity = ?1", -1, &st, NULL) !=
		SQLITE_OK)
		die(sqlite3_errmsg(db));
	double start = cpu_us();
	for (int i = 0; i < count; i++) {
		if (i % 16 == 0)
			sql(db, "BEGIN");
		at = (at * 7919 + 1) % ROWS;
		int len = snprintf(text, sizeof(text), "device-%08u", at + 1);
		sqlite3_bind_text(st, 1, text, len, SQLITE_STATIC);
		if (sqlite3_step(st) != SQLITE_ROW || sqlite3_column_bytes(st, 2) != 60)
			die("a look-up");
		sqlite3_reset(st);
		if (i % 16 == 15 || i == count - 1)
			sql(db, "COMMIT");
	}
	double us = (cpu_us() - start) / count;
	sqlite3_finalize(st);
	return us;
}

int
main(int argc, char **argv)
{
	int runs = argc > 1 ? atoi(argv[1]) : 0, sessions = argc > 2 ? atoi(argv[2]) : 3000;
	char path[] = "/tmp/bench-floor-XXXXXX";
	static struct pair pairs[ABREAST];
	static struct udp udp;
	struct sockaddr_in server, client;

	if (runs < 1 || sessions < 1) {
		fputs("usage: floor RUNS [SESSIONS]\n", stderr);
		return 2;
	}
	BIO_METHOD *method = BIO_meth_new(BIO_TYPE_START | BIO_TYPE_SOURCE_SINK, "memory");
	BIO_meth_set_read(method, bio_read);
	BIO_meth_set_write(method, bio_write);
	BIO_meth_set_ctrl(method, bio_ctrl);
	ca_key = EVP_EC_gen("P-256");
	ca_cert = make_cert("CA", ca_key, ca_key, NULL);
	udp.server = udp_socket(&server);
	udp.client = udp_socket(&client);
	int fd = mkstemp(path);
	sqlite3 *db = open_table(path);
	for (int run = -1; run < runs; run++) { /* the first warms up */
		double in, out, lookup;
		int rounds = run < 0 ? 1 : sessions / ABREAST + 1;
		measure_udp(&udp, &server, rounds, &in, &out);
		lookup = measure_lookups(db, sessions);
		for (size_t m = 0; m < sizeof(modes) / sizeof(modes[0]); m++) {
			SSL_CTX *ctx[2] = { make_context(&modes[m], false), make_context(&modes[m], true) };
			double handshake = 0, records = 0, warm = 0;
			round_of(pairs, ctx, method, &warm, &warm);
			for (int i = 0; i < rounds; i++)
				round_of(pairs, ctx, method, &handshake, &records);
			handshake /= rounds * ABREAST;
			records /= rounds * ABREAST;
			double wire = DATAGRAMS_IN * in + DATAGRAMS_OUT * out;
			if (run >= 0)
				printf("{\"mode\":\"%s\",\"run\":%d,\"handshake\":%.2f,\"records\":%.2f,\"udp\":%.2f,"
				       "\"lookups\":%.2f,\"sum\":%.2f}\n",
					modes[m].name, run, handshake, records, wire, 2 * lookup,
					handshake + records + wire + 2 * lookup);
			SSL_CTX_free(ctx[0]);
			SSL_CTX_free(ctx[1]);
		}
	}
	sqlite3_close(db);
	close(fd);
	unlink(path);
	BIO_meth_free(method);
	return 0;
}
