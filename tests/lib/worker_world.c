/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/worker_world.h"

#include "tests/lib/test.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>

#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/coap/msg.h"

#define PATIENCE_MS 30000 /* until a test gives up; nothing is asserted about time */
#define SILENCE_MS 4000 /* until a device does: what the server said may have been overtaken or lost */
#define BRIEF_MS 1500
#define DATAGRAM 2048
#define HELD_MAX 8

#define OK(call) assert_ok(w, (call), #call)

static void
assert_ok(const struct worker_world *w, enum bs_err err, const char *call)
{
	if (err != BS_OK)
		fail_msg("%s: %s (%s)", call, bs_strerror(err), w->diag.text);
}

/* ---- store and configuration -------------------------------------------------------------------------------------- */

static void
put_list(FILE *f, const char *key, const char *const *files)
{
	for (size_t i = 0; i < WORKER_WORLD_FILES && files[i] != NULL; i++)
		fprintf(f, "%s = %s\n", key, files[i]);
}

static void
write_conf(const struct worker_world *w)
{
	FILE *f = fopen(w->conf_file, "w");

	assert_non_null(f);
	fprintf(f, "[listen]\naddress = 127.0.0.1:0\n[store]\ndirectory = %s\nmaster-key = %s\n", w->dir, w->key);
	fprintf(f, "[server]\ncertificate = %s\nprivate-key = %s\n", w->server_cert, w->server_key);
	put_list(f, "trust-anchors", w->anchors);
	put_list(f, "crls", w->crls);
	fprintf(f, "[limits]\nattempts-per-minute = %u\n", w->attempts > 0 ? w->attempts : 1000);
	if (w->close_rate > 0)
		fprintf(f, "close-rate = %u\n", w->close_rate);
	fputs("[dtls]\nunknown-credential = alert\n[log]\nlevel = error\n", f);
	fclose(f);
}

static void
note_id(void *arg, const struct bs_server_def *def)
{
	*(int64_t *)arg = def->id;
}

static void
add_servers(struct worker_world *w, int64_t ids[2])
{
	static const char *const names[] = { "a", "b" };

	for (uint16_t i = 0; i < 2; i++) {
		const struct bs_server_def def = {
			.name = names[i], .ssid = (uint16_t)(101 + i), .mode = BS_MODE_PSK, .uri = "coaps://example.com"
		};

		OK(bs_store_add_server(w->writer, &def, &w->diag));
		OK(bs_store_each_server(w->writer, names[i], note_id, &ids[i]));
	}
}

static void
add_profile(struct worker_world *w, const struct worker_device *device)
{
	static const char *const servers[] = { "a", "b" };
	struct bs_profile_def def = { .servers = servers, .server_count = 2, .has_anchor = device->anchor != NULL };

	bs_profile_init(&def.profile);
	snprintf(def.profile.name, sizeof(def.profile.name), "p");
	def.profile.on_change = device->on_change;
	def.profile.access_control = BS_AC_NONE;
	def.profile.first_delay_ms = 0;
	if (device->block_size > 0)
		def.profile.block_size = device->block_size;
	/* A machine that is busy with other things must not make the server repeat itself, unless it shall. */
	def.profile.ack_timeout_ms = device->ack_timeout_ms > 0 ? device->ack_timeout_ms : 40000;
	def.profile.max_retransmit = device->ack_timeout_ms > 0 ? 4 : 1;
	if (def.has_anchor)
		pki_spki_hash(device->anchor, def.anchor_sha256);
	OK(bs_store_add_profile(w->writer, &def, &w->diag));
}

static void
fill_bootstrap(const struct worker_device *device, struct bs_bootstrap_def *def, struct bs_secret *key)
{
	unsigned char *der = NULL;
	int len;

	def->mode = device->mode;
	if (device->mode == BS_MODE_PSK) {
		assert_int_equal(bs_secret_set(key, WORKER_WORLD_KEY, 16), BS_OK);
		def->identity = WORKER_WORLD_IDENTITY;
		def->key = key;
	} else if (device->mode == BS_MODE_RPK) {
		len = i2d_PUBKEY(device->cert->key, &der);
		def->spki = der; /* the caller frees */
		def->spki_len = (size_t)len;
	} else if (device->anchor == NULL) {
		len = i2d_X509(device->cert->cert, &der);
		def->has_certificate = true;
		assert_int_equal(EVP_Digest(der, (size_t)len, def->certificate_sha256, NULL, EVP_sha256(), NULL), 1);
		OPENSSL_free(der);
	}
}

static void
add_device(struct worker_world *w, const struct worker_device *device, const int64_t servers[2])
{
	static const char *const keys[] = { "a key for one: 9d", "a key for two: 7f" };
	struct bs_secret key = { 0 }, grants_keys[2] = { 0 };
	struct bs_grant_def grants[2] = { 0 };
	struct bs_conflict conflict;
	struct bs_device_def def = {
		.endpoint = device->endpoint, .enabled = true, .grants = grants, .grant_count = 2
	};

	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(bs_secret_set(&grants_keys[i], keys[i], 16), BS_OK);
		grants[i].server_id = servers[i];
		grants[i].public_or_identity = (const uint8_t *)keys[i];
		grants[i].public_or_identity_len = strlen(keys[i]);
		grants[i].secret_key = &grants_keys[i];
		grants_keys[i].data[15] = (uint8_t)(i + 1);
	}
	def.profile_id = 1;
	fill_bootstrap(device, &def.bootstrap, &key);
	OK(bs_store_add_device(w->writer, &def, &conflict, &w->diag));
	OPENSSL_free((void *)(uintptr_t)def.bootstrap.spki);
}

static void
fill_store(struct worker_world *w, const struct worker_device *device)
{
	int64_t servers[2] = { 0 };

	OK(bs_store_create(w->dir, w->key, &w->diag));
	OK(bs_store_open(w->dir, w->key, BS_STORE_WRITE, &w->writer, &w->diag));
	OK(bs_store_begin(w->writer, &w->diag));
	add_servers(w, servers);
	add_profile(w, device);
	add_device(w, device, servers);
	OK(bs_store_commit(w->writer, &w->diag));
}

/* ---- workers ------------------------------------------------------------------------------------------------------ */

static void
start_recorder(struct worker_world *w)
{
	const struct bs_journal_limits limits = { .per_device = 50, .unknown_max = 50 };
	struct bs_journal *journal = NULL;

	OK(bs_journal_open(w->dir, BS_JOURNAL_WRITE, &journal, &w->diag));
	OK(bs_recorder_start(journal, &limits, 100, &w->shared.recorder));
}

static void
make_worker(struct worker_world *w, unsigned i)
{
	struct bs_udp *socket = NULL;
	struct bs_addr addr;

	OK(bs_addr_parse("127.0.0.1:0", &addr));
	OK(bs_udp_open(&addr, &socket, &w->diag));
	OK(bs_worker_new(i, &w->shared, &socket, 1, &w->workers[i], &w->diag));
}

void
worker_world_init(struct worker_world *w, const struct worker_device *device, unsigned workers, unsigned started)
{
	const char *tmp = getenv("TMPDIR");
	struct bs_device_limits limits = { .devices = 100, .handshakes_per_minute = 1000, .sessions = 2 };

	snprintf(w->base, sizeof(w->base), "%.40s/bs-worker-XXXXXX", tmp != NULL ? tmp : "/tmp");
	assert_non_null(mkdtemp(w->base));
	snprintf(w->dir, sizeof(w->dir), "%s/store", w->base);
	snprintf(w->key, sizeof(w->key), "%s/master.key", w->base);
	snprintf(w->conf_file, sizeof(w->conf_file), "%s/conf", w->base);
	fill_store(w, device);
	write_conf(w);
	OK(bs_conf_read(w->conf_file, &w->conf, &w->diag));
	bs_log_init((enum bs_log_level)w->conf.log_level, false);
	limits.attempts_per_minute = (unsigned)w->conf.attempts_per_minute;
	w->shared = (struct bs_shared){
		.conf = &w->conf, .library = "OpenSSL", .workers = w->workers, .worker_count = workers
	};
	OK(bs_device_table_new(&limits, &w->shared.devices));
	start_recorder(w);
	w->admin = (struct bs_admin){ .conf_file = w->conf_file, .shared = &w->shared };
	OK(bs_admin_load(&w->admin, &w->diag));
	for (unsigned i = 0; i < workers; i++)
		make_worker(w, i);
	for (unsigned i = 0; i < started; i++)
		worker_world_start(w, i);
}

void
worker_world_start(struct worker_world *w, unsigned worker)
{
	OK(bs_worker_start(w->workers[worker]));
}

void
worker_world_clear(struct worker_world *w)
{
	char command[160];

	for (unsigned i = 0; i < w->shared.worker_count; i++)
		bs_worker_stop(w->workers[i]);
	for (unsigned i = 0; i < w->shared.worker_count; i++)
		bs_worker_join(w->workers[i]);
	for (unsigned i = 0; i < w->shared.worker_count; i++)
		bs_worker_free(w->workers[i]);
	bs_recorder_stop(w->shared.recorder);
	bs_device_table_free(w->shared.devices);
	bs_admin_clear(&w->admin);
	bs_conf_clear(&w->conf);
	bs_store_close(w->writer);
	snprintf(command, sizeof(command), "rm -rf '%s'", w->base);
	assert_int_equal(system(command), 0);
	memset(w, 0, sizeof(*w));
}

enum bs_err
worker_world_reload(struct worker_world *w)
{
	struct bs_reload_changes changes;

	write_conf(w);
	return bs_admin_reload(&w->admin, &changes, &w->diag);
}

struct search {
	enum bs_outcome wanted, latest; /* wanted BS_OUTCOME_COUNT: any */
	bool found;
};

/* Newest first. */
static void
note_outcome(void *arg, const struct bs_attempt *attempt)
{
	struct search *s = arg;

	if (s->latest == BS_OUTCOME_COUNT)
		s->latest = attempt->outcome;
	s->found = s->found || s->wanted == BS_OUTCOME_COUNT || attempt->outcome == s->wanted;
}

static void
wait_for(struct worker_world *w, const char *endpoint, struct search *s)
{
	uint64_t end_ms = bs_clock_ms() + PATIENCE_MS;
	struct bs_journal *journal = NULL;
	size_t count = 0;

	OK(bs_journal_open(w->dir, BS_JOURNAL_READ, &journal, &w->diag));
	while (!s->found && bs_clock_ms() < end_ms) {
		s->latest = BS_OUTCOME_COUNT;
		(void)!bs_journal_find(journal, endpoint, 20, note_outcome, s, &count);
		if (!s->found)
			usleep(10000);
	}
	bs_journal_close(journal);
}

enum bs_outcome
worker_world_outcome(struct worker_world *w, const char *endpoint)
{
	struct search s = { .wanted = BS_OUTCOME_COUNT };

	wait_for(w, endpoint, &s);
	return s.latest;
}

bool
worker_world_comes(struct worker_world *w, const char *endpoint, enum bs_outcome outcome)
{
	struct search s = { .wanted = outcome };

	wait_for(w, endpoint, &s);
	return s.found;
}

bool
worker_world_has_sessions(struct worker_world *w, unsigned worker)
{
	uint64_t end_ms = bs_clock_ms() + PATIENCE_MS;
	struct bs_stats s;

	do {
		usleep(20000);
		bs_worker_get_stats(w->workers[worker], &s);
	} while (s.peers > 0 && bs_clock_ms() < end_ms);
	return s.peers > 0;
}

void
worker_world_await_look_up(struct worker_world *w, unsigned worker)
{
	uint64_t end_ms = bs_clock_ms() + PATIENCE_MS;
	struct bs_stats s;

	do {
		usleep(20000);
		bs_worker_get_stats(w->workers[worker], &s);
	} while (s.look_up.count == 0 && bs_clock_ms() < end_ms);
	assert_true(s.look_up.count > 0);
}

/* ---- the device --------------------------------------------------------------------------------------------------- */

struct worker_client {
	const char *endpoint;
	SSL_CTX *ssl_ctx;
	SSL *ssl;
	BIO *wire; /* the other end of the client's BIO */
	int fd;
	enum worker_hold hold;
	bool holds, done, failed;
	uint8_t held[HELD_MAX][DATAGRAM]; /* its ChangeCipherSpec and Finished */
	size_t held_len[HELD_MAX], held_count;
	bool requested, mute;
	bool pack; /* it asks for one */
	uint32_t block; /* of the pack, asked for last */
	struct bs_msg pending; /* what the server waits for an answer to; type, id and token alone */
	uint8_t pending_answer; /* 0: nothing is pending */
	unsigned security_writes, finishes;
};

static unsigned
give_psk(SSL *ssl, const char *hint, char *identity, unsigned identity_max, unsigned char *key, unsigned key_max)
{
	(void)ssl;
	(void)hint;
	assert_true(identity_max > strlen(WORKER_WORLD_IDENTITY) && key_max >= 16);
	strcpy(identity, WORKER_WORLD_IDENTITY);
	memcpy(key, WORKER_WORLD_KEY, 16);
	return 16;
}

static int
trust_anybody(X509_STORE_CTX *xs, void *arg)
{
	(void)xs;
	(void)arg;
	return 1;
}

static void
set_credential(struct worker_client *c, const struct worker_device *device, const struct pki_cert *const *chain,
	size_t chain_count)
{
	static const unsigned char raw[] = { TLSEXT_cert_type_rpk };

	if (device->mode == BS_MODE_PSK) {
		SSL_CTX_set_psk_client_callback(c->ssl_ctx, give_psk);
		return;
	}
	if (device->mode == BS_MODE_RPK) {
		assert_int_equal(SSL_CTX_set1_client_cert_type(c->ssl_ctx, raw, 1), 1);
		assert_int_equal(SSL_CTX_set1_server_cert_type(c->ssl_ctx, raw, 1), 1);
	} else {
		assert_int_equal(SSL_CTX_use_certificate(c->ssl_ctx, device->cert->cert), 1);
	}
	assert_int_equal(SSL_CTX_use_PrivateKey(c->ssl_ctx, device->cert->key), 1);
	for (size_t i = 0; i < chain_count; i++)
		assert_int_equal(SSL_CTX_add1_chain_cert(c->ssl_ctx, chain[i]->cert), 1);
}

static struct worker_client *
new_client(struct worker_world *w, unsigned worker, const struct worker_device *device,
	const struct pki_cert *const *chain, size_t chain_count, const char *host)
{
	struct worker_client *c = calloc(1, sizeof(*c));
	const struct bs_addr *to = bs_worker_get_addr(w->workers[worker], 0);
	struct bs_addr from;
	BIO *mine = NULL;

	assert_non_null(c);
	c->endpoint = device->endpoint;
	c->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bs_addr_parse(host, &from), BS_OK);
	assert_int_equal(bind(c->fd, &from.sa, from.len), 0);
	assert_int_equal(connect(c->fd, &to->sa, to->len), 0);
	c->ssl_ctx = SSL_CTX_new(DTLS_client_method());
	SSL_CTX_set_cipher_list(c->ssl_ctx,
		device->mode == BS_MODE_PSK ? "PSK-AES128-CCM8:@SECLEVEL=0" : "ECDHE-ECDSA-AES128-CCM8:@SECLEVEL=0");
	SSL_CTX_set_verify(c->ssl_ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(c->ssl_ctx, trust_anybody, NULL);
	SSL_CTX_set_options(c->ssl_ctx, SSL_OP_NO_QUERY_MTU);
	set_credential(c, device, chain, chain_count);
	assert_int_equal(BIO_new_bio_dgram_pair(&mine, 0, &c->wire, 0), 1);
	c->ssl = SSL_new(c->ssl_ctx);
	SSL_set_bio(c->ssl, mine, mine);
	DTLS_set_link_mtu(c->ssl, 1400);
	SSL_set_connect_state(c->ssl);
	return c;
}

struct worker_client *
worker_client_new(struct worker_world *w, unsigned worker, const struct worker_device *device,
	const struct pki_cert *const *chain, size_t chain_count)
{
	return new_client(w, worker, device, chain, chain_count, "127.0.0.1:0");
}

struct worker_client *
worker_client_from(struct worker_world *w, unsigned worker, const struct worker_device *device, const char *host)
{
	char text[BS_ADDR_TEXT];

	snprintf(text, sizeof(text), "%s:0", host);
	return new_client(w, worker, device, NULL, 0, text);
}

void
worker_client_free(struct worker_client *c)
{
	SSL_free(c->ssl);
	BIO_free(c->wire);
	SSL_CTX_free(c->ssl_ctx);
	close(c->fd);
	free(c);
}

static void
emit(struct worker_client *c, const uint8_t *data, size_t len)
{
	(void)!send(c->fd, data, len, 0);
}

/* Record by record: those from the ChangeCipherSpec on are what it holds back at HOLD_FINISHED. */
static void
take_out(struct worker_client *c)
{
	uint8_t datagram[DATAGRAM];
	int n;

	while ((n = BIO_read(c->wire, datagram, sizeof(datagram))) > 0) {
		for (size_t at = 0; at + 13 <= (size_t)n;) {
			size_t len = 13 + ((size_t)datagram[at + 11] << 8 | datagram[at + 12]);
			bool last = datagram[at] == SSL3_RT_CHANGE_CIPHER_SPEC || datagram[at + 4] > 0;

			assert_true(at + len <= (size_t)n);
			if (c->hold == HOLD_FINISHED && last && c->held_count < HELD_MAX) {
				memcpy(c->held[c->held_count], datagram + at, len);
				c->held_len[c->held_count++] = len;
				c->holds = true;
			} else {
				emit(c, datagram + at, len);
			}
			at += len;
		}
	}
}

static void
let_go(struct worker_client *c)
{
	for (size_t i = 0; i < c->held_count; i++)
		emit(c, c->held[i], c->held_len[i]);
	c->held_count = 0;
	c->holds = false;
}

static void
say(struct worker_client *c, const struct bs_msg *m)
{
	uint8_t wire[512];
	size_t len = 0;

	assert_int_equal(bs_msg_write(m, wire, sizeof(wire), &len), BS_OK);
	SSL_write(c->ssl, wire, (int)len);
	take_out(c);
}

/* Bootstrap-Request; or, of a pack, block after block. */
static void
request(struct worker_client *c, uint32_t block)
{
	static const char *const paths[] = { "bs", "bspack" };
	bool pack = c->hold == HOLD_PACK || c->pack;
	struct bs_msg m;
	char query[300];

	bs_msg_init(&m, BS_CON, pack ? BS_GET : BS_POST, (uint16_t)(77 + block));
	m.path[0] = (struct bs_segment){ (const uint8_t *)paths[pack], strlen(paths[pack]) };
	m.path_count = 1;
	if (pack) {
		m.accept = 112;
		m.block2 = (struct bs_block){ .present = true, .num = block, .szx = 0 };
		c->pack = true;
	}
	snprintf(query, sizeof(query), "ep=%s", c->endpoint);
	m.query[0] = (struct bs_segment){ (const uint8_t *)query, strlen(query) };
	m.query_count = 1;
	c->requested = true;
	say(c, &m);
}

static void
answer(struct worker_client *c)
{
	struct bs_msg m;

	if (c->pack) {
		request(c, ++c->block);
	} else {
		bs_msg_init(&m, BS_ACK, c->pending_answer, c->pending.id);
		m.token = c->pending.token;
		m.block1 = c->pending.block1;
		say(c, &m);
	}
	c->pending_answer = 0;
	c->holds = false;
}

static bool
is_object(const struct bs_msg *m, const char *oid)
{
	return m->path_count > 0 && m->path[0].len == strlen(oid) && memcmp(m->path[0].data, oid, strlen(oid)) == 0;
}

/* A request of the server: what it gets, and whether that waits. The last Delete is that of /1. */
static void
take_request(struct worker_client *c, const struct bs_msg *m)
{
	bool security = m->code == BS_PUT && is_object(m, "0");

	c->pending = *m;
	c->pending_answer = BS_CHANGED;
	if (m->block1.more)
		c->pending_answer = BS_CONTINUE;
	if (m->code == BS_GET)
		c->pending_answer = BS_NOT_FOUND;
	if (m->code == BS_DELETE)
		c->pending_answer = BS_DELETED;
	c->security_writes += security;
	c->finishes += m->code == BS_POST;
	c->holds = (c->hold == HOLD_FIRST_WRITE && m->code == BS_DELETE && is_object(m, "1")) ||
		   (c->hold == HOLD_SECOND_WRITE && security);
	if (!c->holds && !c->mute)
		answer(c);
}

static void
take_block(struct worker_client *c, const struct bs_msg *m)
{
	c->security_writes++;
	c->pending_answer = m->block2.more ? BS_CONTINUE : 0;
	c->finishes += !m->block2.more;
	c->holds = c->hold == HOLD_PACK && m->block2.more;
	if (!c->holds && m->block2.more)
		request(c, ++c->block);
}

static void
read_all(struct worker_client *c)
{
	uint8_t plain[DATAGRAM];
	enum bs_malformed what;
	struct bs_msg m;
	int n;

	while (!c->holds && (n = SSL_read(c->ssl, plain, sizeof(plain))) > 0) {
		if (bs_msg_parse(plain, (size_t)n, &m, &what) != BS_OK)
			continue;
		if (m.type == BS_CON && m.code != BS_EMPTY)
			take_request(c, &m);
		if (c->pack && m.code == BS_CONTENT)
			take_block(c, &m);
	}
}

static void
step(struct worker_client *c)
{
	int rc;

	ERR_clear_error();
	if (!c->done) {
		rc = SSL_do_handshake(c->ssl);
		c->done = rc == 1;
		c->failed = rc != 1 && !BIO_should_retry(SSL_get_rbio(c->ssl)) &&
			    SSL_get_error(c->ssl, rc) != SSL_ERROR_WANT_READ;
		if (c->failed)
			print_message("the device's handshake failed: %s\n", ERR_reason_error_string(ERR_peek_error()));
		take_out(c);
	}
	if (c->done)
		read_all(c);
	ERR_clear_error();
}

static bool
is_over(const struct worker_client *c)
{
	return c->failed || worker_client_is_closed(c) || c->finishes > 0;
}

static void
receive(struct worker_client *c)
{
	struct pollfd p = { .fd = c->fd, .events = POLLIN };
	uint8_t datagram[DATAGRAM];
	ssize_t n;

	if (poll(&p, 1, 50) != 1)
		return;
	n = recv(c->fd, datagram, sizeof(datagram), MSG_DONTWAIT);
	if (n > 0)
		BIO_write(c->wire, datagram, (int)n);
}

static void
run_until(struct worker_client *c, enum worker_hold hold, uint64_t end_ms)
{

	c->hold = hold;
	let_go(c);
	if (c->pending_answer != 0)
		answer(c);
	while (!c->holds && !is_over(c) && bs_clock_ms() < end_ms) {
		step(c);
		if (c->done && hold == HOLD_REQUEST)
			return;
		if (c->done && !c->requested && hold != HOLD_FINISHED)
			request(c, 0);
		if (!c->holds && !is_over(c))
			receive(c);
	}
}

void
worker_client_run(struct worker_client *c, enum worker_hold hold)
{
	run_until(c, hold, bs_clock_ms() + (hold == HOLD_NOWHERE ? SILENCE_MS : PATIENCE_MS));
}

void
worker_client_run_briefly(struct worker_client *c)
{
	run_until(c, HOLD_REQUEST, bs_clock_ms() + PATIENCE_MS);
	run_until(c, HOLD_NOWHERE, bs_clock_ms() + BRIEF_MS);
}

void
worker_client_listen(struct worker_client *c)
{
	uint64_t end_ms = bs_clock_ms() + PATIENCE_MS;

	c->hold = HOLD_NOWHERE;
	c->holds = false;
	c->mute = true;
	while (!is_over(c) && bs_clock_ms() < end_ms) {
		step(c);
		receive(c);
	}
}

bool
worker_client_hears_close(struct worker_client *c, unsigned wait_ms)
{
	uint64_t end_ms = bs_clock_ms() + wait_ms;

	c->hold = HOLD_NOWHERE;
	c->holds = false;
	c->mute = true;
	do {
		step(c);
		if (!worker_client_is_closed(c))
			receive(c);
	} while (!worker_client_is_closed(c) && bs_clock_ms() < end_ms);
	c->mute = false;
	return worker_client_is_closed(c);
}

unsigned
worker_client_security_writes(const struct worker_client *c)
{
	return c->security_writes;
}

unsigned
worker_client_finishes(const struct worker_client *c)
{
	return c->finishes;
}

bool
worker_client_is_closed(const struct worker_client *c)
{
	return (SSL_get_shutdown(c->ssl) & SSL_RECEIVED_SHUTDOWN) != 0;
}
