/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/dtls_world.h"

#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>

#include <arpa/inet.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/kdf.h>

static void
fill_match(struct bs_found *out, size_t id, const char *endpoint, bool disabled)
{
	*out = (struct bs_found){ .device_id = (int64_t)id + 1, .enabled = !disabled };
	snprintf(out->endpoint, sizeof(out->endpoint), "%s", endpoint);
}

static enum bs_err
found(const struct world *w)
{
	return w->too_often ? BS_ELIMIT : BS_OK;
}

static enum bs_err
find_psk(void *arg, const struct bs_addr *from, const uint8_t *identity, size_t len, struct bs_psk_match *out)
{
	struct world *w = arg;

	(void)from;
	w->transcript[0] = '\0';
	for (size_t i = 0; w->lookup_err == BS_OK && i < 8 && w->psks[i].identity != NULL; i++) {
		const struct world_psk *p = &w->psks[i];

		if (strlen(p->identity) != len || memcmp(p->identity, identity, len) != 0)
			continue;
		fill_match(&out->device, i, p->identity, p->disabled);
		assert_int_equal(bs_secret_set(&out->keys[0], p->key, strlen(p->key)), BS_OK);
		if (p->next != NULL)
			assert_int_equal(bs_secret_set(&out->keys[1], p->next, strlen(p->next)), BS_OK);
		out->first = p->first;
		return found(w);
	}
	return w->lookup_err != BS_OK ? w->lookup_err : BS_ENOTFOUND;
}

static enum bs_err
find_raw(void *arg, const uint8_t *spki, size_t len, struct bs_found *out)
{
	struct world *w = arg;

	w->transcript[0] = '\0';
	for (size_t i = 0; w->lookup_err == BS_OK && i < 8 && w->raws[i].key != NULL; i++) {
		unsigned char *der = NULL;
		int n = i2d_PUBKEY(w->raws[i].key->key, &der);
		bool same = n > 0 && (size_t)n == len && memcmp(der, spki, len) == 0;

		OPENSSL_free(der);
		if (same) {
			fill_match(out, i, w->raws[i].endpoint, w->raws[i].disabled);
			return found(w);
		}
	}
	return w->lookup_err != BS_OK ? w->lookup_err : BS_ENOTFOUND;
}

static enum bs_err
find_pinned(void *arg, const uint8_t *cert, size_t len, struct bs_found *out)
{
	struct world *w = arg;

	w->transcript[0] = '\0';
	for (size_t i = 0; w->lookup_err == BS_OK && i < 8 && w->pinned[i].key != NULL; i++) {
		unsigned char *der = NULL;
		int n = i2d_X509(w->pinned[i].key->cert, &der);
		bool same = n > 0 && (size_t)n == len && memcmp(der, cert, len) == 0;

		OPENSSL_free(der);
		if (same) {
			fill_match(out, i, w->pinned[i].endpoint, w->pinned[i].disabled);
			return found(w);
		}
	}
	return w->lookup_err != BS_OK ? w->lookup_err : BS_ENOTFOUND;
}

static enum bs_err
find_name(void *arg, const char *name, const uint8_t anchor_sha256[32], struct bs_found *out)
{
	struct world *w = arg;

	for (size_t i = 0; i < 8 && w->names[i].name != NULL; i++) {
		uint8_t hash[32];

		pki_spki_hash(w->names[i].anchor, hash);
		if (strcmp(w->names[i].name, name) == 0 && memcmp(hash, anchor_sha256, 32) == 0) {
			fill_match(out, i, name, false);
			return found(w);
		}
	}
	return BS_ENOTFOUND;
}

static void
measure_records(struct world *w, const uint8_t *data, size_t len)
{
	while (len > 0) {
		size_t record;

		assert_true(len >= 13);
		record = (size_t)data[11] << 8 | data[12];
		assert_true(len >= 13 + record);
		w->longest_record = record > w->longest_record ? record : w->longest_record;
		data += 13 + record;
		len -= 13 + record;
	}
}

/* The length of a signature varies by itself. */
static void
write_transcript(struct world *w, const uint8_t *data, size_t len)
{
	size_t used = strlen(w->transcript);

	for (size_t at = 0; at < len; at += 13 + ((size_t)data[at + 11] << 8 | data[at + 12])) {
		const uint8_t *record = data + at;
		bool shown = record[0] == 22 && record[4] == 0, has_signature = shown && record[13] == 12;

		used += (size_t)snprintf(w->transcript + used, sizeof(w->transcript) - used, "%u/%u:%u ", record[0],
			shown ? record[13] : 0, has_signature ? 0 : record[11] << 8 | record[12]);
		assert_true(used + 2 < sizeof(w->transcript));
	}
	strcat(w->transcript, "\n");
}

static void
on_send(void *arg, const struct bs_addr *local, const struct bs_addr *remote, const uint8_t *data, size_t len)
{
	struct world *w = arg;

	assert_true(bs_addr_equal(local, &w->local));
	assert_true(len <= sizeof(w->last_sent));
	w->sent++;
	memcpy(w->last_sent, data, len);
	measure_records(w, data, len);
	if (w->transcribe)
		write_transcript(w, data, len);
	w->last_sent_len = len;
	w->longest_sent = len > w->longest_sent ? len : w->longest_sent;
	for (size_t i = w->client_count; i-- > 0;)
		if (bs_addr_equal(remote, &w->clients[i]->addr)) {
			client_give(w->clients[i], data, len);
			return;
		}
}

static void
on_open(void *arg, struct bs_peer *peer, uint64_t now_ms)
{
	struct world *w = arg;

	assert_int_equal(now_ms, w->now_ms);
	assert_int_equal(bs_peer_get_state(peer), BS_PEER_OPEN);
	w->opened++;
	w->last_open = peer;
	w->proof = *bs_peer_get_proof(peer);
	if (w->close_in_open)
		bs_peer_table_close(w->table, peer);
}

static void
on_data(void *arg, struct bs_peer *peer, uint64_t now_ms, const uint8_t *data, size_t len)
{
	struct world *w = arg;

	(void)now_ms;
	assert_true(len < sizeof(w->data));
	w->data_count++;
	memcpy(w->data, data, len);
	w->data[len] = '\0';
	w->data_len = len;
	if (w->echo)
		assert_int_equal(bs_peer_send(peer, data, len), BS_OK);
	if (w->close_in_data)
		bs_peer_table_close(w->table, peer);
}

static void
on_closed(void *arg, struct bs_peer *peer, uint64_t now_ms, enum bs_outcome outcome, const char *detail)
{
	struct world *w = arg;

	(void)now_ms;
	w->closed++;
	w->last_closed = peer;
	w->outcome = outcome;
	w->proof = *bs_peer_get_proof(peer);
	snprintf(w->detail, sizeof(w->detail), "%s", detail);
}

static void
world_random(void *arg, void *out, size_t len)
{
	test_random(&((struct world *)arg)->seed, out, len);
}

void
world_init(struct world *w, const struct bs_dtls_conf *conf, const struct bs_peer_limits *limits)
{
	static const struct bs_peer_ops ops = { on_send, on_open, on_data, on_closed };
	const struct bs_credential_lookup lookup = { find_psk, find_raw, find_pinned, find_name, w };
	static const struct bs_dtls_conf psk_alone;
	struct bs_peer_limits defaults;
	struct bs_diag diag = { 0 };

	memset(w, 0, sizeof(*w));
	w->now_ms = 1000000;
	w->seed = 7;
	assert_int_equal(bs_addr_parse("198.51.100.1:5684", &w->local), BS_OK);
	bs_peer_limits_init(&defaults);
	if (bs_dtls_ctx_new(conf != NULL ? conf : &psk_alone, &lookup, &w->ctx, &diag) != BS_OK)
		fail_msg("%s", diag.text);
	assert_int_equal(bs_peer_table_new(w->ctx, limits != NULL ? limits : &defaults, &ops, w, world_random,
				 w->now_ms, &w->table),
		BS_OK);
}

void
world_clear(struct world *w)
{
	bs_peer_table_free(w->table);
	while (w->client_count > 0)
		client_free(w->clients[w->client_count - 1]);
	bs_dtls_ctx_free(w->ctx);
}

void
world_fixture_init(struct world_fixture *fx, const struct pki_cert *server, const struct pki_cert *raw,
	const struct pki_cert *ca, const struct pki_cert *ca2)
{
	fx->identity.certificate = pki_write_cert(server);
	fx->identity.private_key = pki_write_key(server);
	fx->identity.raw_key = raw != NULL ? pki_write_key(raw) : NULL;
	fx->anchors[0] = pki_write_cert(ca);
	if (ca2 != NULL)
		fx->anchors[1] = pki_write_cert(ca2);
	fx->conf.identities = &fx->identity;
	fx->conf.identity_count = 1;
	fx->conf.trust_anchors = fx->anchors;
	fx->conf.trust_anchor_count = ca2 != NULL ? 2 : 1;
	world_init(&fx->w, &fx->conf, NULL);
}

int
world_fixture_teardown(void **state)
{
	struct world_fixture *fx = *state;

	world_clear(&fx->w);
	test_free(fx);
	return 0;
}

void
world_assert_outcome(const struct world *w, enum bs_outcome expected)
{
	if (w->outcome != expected)
		fail_msg("%s (%s), not %s", bs_outcome_word(w->outcome), w->detail, bs_outcome_word(expected));
}

enum bs_err
world_ctx_reload(struct bs_dtls_ctx *ctx, const struct bs_dtls_conf *conf, struct bs_diag *diag)
{
	struct bs_dtls_prepared *prepared = NULL;
	enum bs_err err = bs_dtls_ctx_prepare(ctx, conf, &prepared, diag);

	if (err == BS_OK)
		bs_dtls_ctx_adopt(ctx, prepared);
	return err;
}

void
world_fixture_reload(struct world_fixture *fx)
{
	struct bs_diag diag = { 0 };

	if (world_ctx_reload(fx->w.ctx, &fx->conf, &diag) != BS_OK)
		fail_msg("%s", diag.text);
}

struct world_keys world_keys;

int
world_keys_setup(void **state)
{
	const struct pki_options for_ca = { .ca = true }, for_server = { .extended_usage = "serverAuth" };
	struct world_keys *k = &world_keys;

	(void)state;
	pki_make(&k->ca, "test CA", NULL, &for_ca);
	pki_make(&k->ca2, "test CA 2", NULL, &for_ca);
	pki_make(&k->stranger_ca, "test CA", NULL, &for_ca);
	pki_make(&k->middle, "middle CA", &k->ca, &for_ca);
	pki_make(&k->server, "localhost", &k->ca, &for_server);
	pki_make(&k->device, "dev-cert", &k->ca, NULL);
	pki_make_raw(&k->device_raw, "P-256");
	return 0;
}

int
world_keys_teardown(void **state)
{
	struct world_keys *k = &world_keys;
	struct pki_cert *const all[] = { &k->ca, &k->ca2, &k->stranger_ca, &k->middle, &k->server, &k->device,
		&k->device_raw };

	(void)state;
	pki_clear_all(all, sizeof(all) / sizeof(all[0]));
	return 0;
}

int
world_keys_fixture(void **state)
{
	struct world_fixture *fx = test_calloc(1, sizeof(*fx));

	world_fixture_init(fx, &world_keys.server, NULL, &world_keys.ca, &world_keys.ca2);
	fx->w.psks[0] = (struct world_psk){ .identity = "dev-psk", .key = WORLD_KEY };
	fx->w.raws[0] = (struct world_key){ .key = &world_keys.device_raw, .endpoint = "dev-raw" };
	fx->w.names[0] = (struct world_name){ .name = "dev-cert", .anchor = &world_keys.ca };
	*state = fx;
	return 0;
}

void
world_deliver(struct world *w, const struct client *c, const void *data, size_t len)
{
	uint8_t *copy = exact_copy(data, len);
	const struct bs_datagram in = { &w->local, &c->addr, w->first_timeout_ms, copy, len };

	if (c->listens)
		bs_peer_table_reply(w->table, w->now_ms, &c->addr, copy, len);
	else
		bs_peer_table_input(w->table, w->now_ms, &in);
	bs_peer_table_sweep(w->table);
	free(copy);
}

void
world_wait(struct world *w, uint64_t ms)
{
	w->now_ms += ms;
	bs_peer_table_tick(w->table, w->now_ms);
	bs_peer_table_sweep(w->table);
}

void
world_run(struct world *w)
{
	uint8_t datagram[WORLD_DATAGRAM];
	bool moved = true;

	for (int rounds = 0; moved && rounds < 100; rounds++) {
		moved = false;
		for (size_t i = 0; i < w->client_count; i++) {
			struct client *c = w->clients[i];
			size_t len;

			client_step(c);
			while ((len = client_take(c, datagram)) > 0) {
				world_deliver(w, c, datagram, len);
				moved = true;
			}
		}
	}
	assert_false(moved);
}

static unsigned
client_psk(SSL *ssl, const char *hint, char *identity, unsigned identity_max, unsigned char *key, unsigned key_max)
{
	struct client *c = SSL_get_app_data(ssl);

	(void)hint;
	if (c->identity == NULL || strlen(c->identity) >= identity_max || strlen(c->key) > key_max)
		return 0;
	strcpy(identity, c->identity);
	memcpy(key, c->key, strlen(c->key));
	return (unsigned)strlen(c->key);
}

static int
client_verify(X509_STORE_CTX *xs, void *arg)
{
	struct client *c = arg;
	EVP_PKEY *raw = X509_STORE_CTX_get0_rpk(xs);
	struct pki_cert shown = { .key = raw != NULL ? raw : X509_get0_pubkey(X509_STORE_CTX_get0_cert(xs)) };

	c->saw_raw_key = raw != NULL;
	pki_spki_hash(&shown, c->server_cert_hash);
	X509_STORE_CTX_set_error(xs, c->rejects_server);
	return c->rejects_server == X509_V_OK;
}

static void
client_info(const SSL *ssl, int where, int ret)
{
	struct client *c = SSL_get_app_data(ssl);

	if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT)
		c->alert = ret & 0xff;
}

static struct client *
new_client(struct world *w, unsigned n, const char *ciphers, const SSL_METHOD *method)
{
	struct client *c = calloc(1, sizeof(*c));
	char text[64], list[512];

	assert_non_null(c);
	assert_true(w->client_count < WORLD_CLIENTS);
	snprintf(text, sizeof(text), "192.0.2.%u:%u", 1 + n % 200, 40000 + n);
	assert_int_equal(bs_addr_parse(text, &c->addr), BS_OK);
	c->world = w;
	c->alert = -1;
	c->ssl_ctx = SSL_CTX_new(method);
	assert_non_null(c->ssl_ctx);
	snprintf(list, sizeof(list), "%s:@SECLEVEL=0", ciphers != NULL ? ciphers : "ALL:PSK:aPSK");
	assert_int_equal(SSL_CTX_set_cipher_list(c->ssl_ctx, list), 1);
	SSL_CTX_set_options(c->ssl_ctx, SSL_OP_NO_QUERY_MTU);
	SSL_CTX_set_cert_verify_callback(c->ssl_ctx, client_verify, c);
	SSL_CTX_set_verify(c->ssl_ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_info_callback(c->ssl_ctx, client_info);
	w->clients[w->client_count++] = c;
	return c;
}

struct client *
client_new(struct world *w, unsigned n, const char *ciphers)
{
	struct client *c = new_client(w, n, ciphers, DTLS_client_method());

	SSL_CTX_set_psk_client_callback(c->ssl_ctx, client_psk);
	return c;
}

static unsigned
device_psk(SSL *ssl, const char *identity, unsigned char *key, unsigned key_max)
{
	struct client *c = SSL_get_app_data(ssl);

	snprintf(c->asked_identity, sizeof(c->asked_identity), "%s", identity);
	if (c->identity == NULL || strcmp(c->identity, identity) != 0 || strlen(c->key) > key_max)
		return 0;
	memcpy(key, c->key, strlen(c->key));
	return (unsigned)strlen(c->key);
}

static int
device_cookie(SSL *ssl, unsigned char *cookie, unsigned *len)
{
	(void)ssl;
	memcpy(cookie, "a cookie of 20 octet", *len = 20);
	return 1;
}

static int
device_checks_cookie(SSL *ssl, const unsigned char *cookie, unsigned len)
{
	(void)ssl;
	return len == 20 && memcmp(cookie, "a cookie of 20 octet", 20) == 0;
}

static int
device_name(SSL *ssl, int *alert, void *arg)
{
	struct client *c = SSL_get_app_data(ssl);
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

	(void)alert;
	(void)arg;
	snprintf(c->asked_name, sizeof(c->asked_name), "%s", name != NULL ? name : "");
	return SSL_TLSEXT_ERR_OK;
}

struct client *
device_new(struct world *w, unsigned n, const char *ciphers)
{
	struct client *c = new_client(w, n, ciphers, DTLS_server_method());

	c->listens = true;
	SSL_CTX_set_psk_server_callback(c->ssl_ctx, device_psk);
	SSL_CTX_set_options(c->ssl_ctx, SSL_OP_COOKIE_EXCHANGE);
	SSL_CTX_set_cookie_generate_cb(c->ssl_ctx, device_cookie);
	SSL_CTX_set_cookie_verify_cb(c->ssl_ctx, device_checks_cookie);
	SSL_CTX_set_tlsext_servername_callback(c->ssl_ctx, device_name);
	SSL_CTX_set_verify(c->ssl_ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_session_id_context(c->ssl_ctx, (const unsigned char *)"device", 6);
	return c;
}

enum bs_err
world_dial(struct world *w, const struct client *c, enum bs_credential_kind kind, int64_t device_id,
	const char *endpoint, struct bs_peer **peer)
{
	struct bs_dial_target target = { .kind = kind, .device = { .device_id = device_id, .enabled = true } };
	struct bs_secret key = { 0 };

	snprintf(target.device.endpoint, sizeof(target.device.endpoint), "%s", endpoint);
	if (kind == BS_CRED_PSK) {
		const struct world_psk *p = &w->psks[device_id - 1];

		target.identity = p->identity;
		assert_int_equal(bs_secret_set(&key, p->key, strlen(p->key)), BS_OK);
		target.key = &key;
	}
	enum bs_err err = bs_peer_table_dial(w->table, w->now_ms, &w->local, &c->addr, &target, peer);
	bs_secret_clear(&key);
	return err;
}

void
client_set_psk(struct client *c, const char *identity, const char *key)
{
	c->identity = identity;
	c->key = key;
}

void
client_set_types(struct client *c, const unsigned char *types, size_t count)
{
	assert_int_equal(SSL_CTX_set1_client_cert_type(c->ssl_ctx, types, count), 1);
	assert_int_equal(SSL_CTX_set1_server_cert_type(c->ssl_ctx, types, count), 1);
}

void
client_set_cert(struct client *c, const struct pki_cert *cert)
{
	static const unsigned char raw_alone[] = { TLSEXT_cert_type_rpk };

	if (cert->cert != NULL)
		assert_int_equal(SSL_CTX_use_certificate(c->ssl_ctx, cert->cert), 1);
	else
		client_set_types(c, raw_alone, 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(c->ssl_ctx, cert->key), 1);
}

static unsigned
client_timer(SSL *ssl, unsigned before_us)
{
	const struct client *c = SSL_get_app_data(ssl);

	(void)before_us;
	return c->timer_ms * 1000;
}

void
client_start(struct client *c)
{
	BIO *mine = NULL;

	assert_int_equal(BIO_new_bio_dgram_pair(&mine, 0, &c->wire, 0), 1);
	c->ssl = SSL_new(c->ssl_ctx);
	assert_non_null(c->ssl);
	SSL_set_app_data(c->ssl, c);
	SSL_set_bio(c->ssl, mine, mine);
	DTLS_set_link_mtu(c->ssl, c->mtu != 0 ? c->mtu : 1400);
	if (c->timer_ms != 0)
		DTLS_set_timer_cb(c->ssl, client_timer);
	if (c->listens)
		SSL_set_accept_state(c->ssl);
	else
		SSL_set_connect_state(c->ssl);
	if (c->server_name != NULL)
		assert_int_equal(SSL_set_tlsext_host_name(c->ssl, c->server_name), 1);
	client_step(c);
}

void
client_step(struct client *c)
{
	uint8_t plain[WORLD_DATAGRAM];
	int rc;

	if (c->ssl == NULL || c->failed)
		return;
	ERR_clear_error();
	if (!c->done) {
		rc = SSL_do_handshake(c->ssl);
		c->done = rc == 1;
		c->failed = rc != 1 && SSL_get_error(c->ssl, rc) != SSL_ERROR_WANT_READ;
	}
	while (c->done && SSL_read(c->ssl, plain, sizeof(plain)) > 0)
		c->received++;
	ERR_clear_error();
}

size_t
client_take(struct client *c, uint8_t out[WORLD_DATAGRAM])
{
	int n = c->wire != NULL ? BIO_read(c->wire, out, WORLD_DATAGRAM) : 0;

	return n > 0 ? (size_t)n : 0;
}

void
client_give(struct client *c, const void *data, size_t len)
{
	if (c->wire != NULL && !c->deaf)
		assert_int_equal(BIO_write(c->wire, data, (int)len), len);
}

void
client_take_records(struct client *c, struct world_flight *f)
{
	uint8_t datagram[WORLD_DATAGRAM];
	size_t len;

	client_step(c);
	while ((len = client_take(c, datagram)) > 0)
		for (size_t at = 0; at < len; at += f->lens[f->count++]) {
			assert_true(f->count < WORLD_FLIGHT);
			f->lens[f->count] = 13 + ((size_t)datagram[at + 11] << 8 | datagram[at + 12]);
			assert_true(at + f->lens[f->count] <= len);
			memcpy(f->records[f->count], datagram + at, f->lens[f->count]);
		}
}

void
client_take_last_flight(struct client *c, struct world_flight *f)
{
	client_start(c);
	for (int hellos = 0; hellos < 2; hellos++) {
		f->count = 0;
		client_take_records(c, f);
		for (unsigned i = 0; i < f->count; i++)
			world_deliver(c->world, c, f->records[i], f->lens[i]);
	}
	f->count = 0;
	client_take_records(c, f);
	assert_true(f->count > 0);
}

/* RFC 5246, 6.3 and 8.1: key_block of AES-128-GCM is two keys of 16 octets and two salts of 4. */
static void
key_block(const struct client *c, unsigned char out[40])
{
	unsigned char master[48], seed[13 + 64];
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "TLS1-PRF", NULL);
	EVP_KDF_CTX *kctx = EVP_KDF_CTX_new(kdf);
	char sha256[] = "SHA256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string("digest", sha256, 0),
		OSSL_PARAM_construct_octet_string("secret", master, sizeof(master)),
		OSSL_PARAM_construct_octet_string("seed", seed, sizeof(seed)),
		OSSL_PARAM_construct_end(),
	};

	assert_int_equal(SSL_SESSION_get_master_key(SSL_get0_session(c->ssl), master, sizeof(master)), sizeof(master));
	memcpy(seed, "key expansion", 13);
	SSL_get_server_random(c->ssl, seed + 13, 32);
	SSL_get_client_random(c->ssl, seed + 13 + 32, 32);
	assert_int_equal(EVP_KDF_derive(kctx, out, 40, params), 1);
	EVP_KDF_CTX_free(kctx);
	EVP_KDF_free(kdf);
}

size_t
client_seal(struct client *c, uint8_t type, uint64_t seq, const void *body, size_t len, uint8_t *out)
{
	const uint8_t header[13] = { type, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, (uint8_t)(seq >> 8), (uint8_t)seq,
		(uint8_t)((8 + len + 16) >> 8), (uint8_t)(8 + len + 16) };
	unsigned char keys[40], nonce[12], aad[13];
	EVP_CIPHER_CTX *gcm = EVP_CIPHER_CTX_new();
	int n;

	key_block(c, keys);
	memcpy(out, header, 13);
	memcpy(out + 13, header + 3, 8); /* explicit nonce: epoch and number */
	memcpy(nonce, keys + 32, 4);
	memcpy(nonce + 4, header + 3, 8);
	memcpy(aad, header + 3, 8);
	memcpy(aad + 8, header, 3);
	aad[11] = (uint8_t)(len >> 8);
	aad[12] = (uint8_t)len;
	assert_int_equal(EVP_EncryptInit_ex(gcm, EVP_aes_128_gcm(), NULL, keys, nonce), 1);
	assert_int_equal(EVP_EncryptUpdate(gcm, NULL, &n, aad, sizeof(aad)), 1);
	assert_int_equal(EVP_EncryptUpdate(gcm, out + 13 + 8, &n, body, (int)len), 1);
	assert_int_equal(EVP_EncryptFinal_ex(gcm, out + 13 + 8 + len, &n), 1);
	assert_int_equal(EVP_CIPHER_CTX_ctrl(gcm, EVP_CTRL_AEAD_GET_TAG, 16, out + 13 + 8 + len), 1);
	EVP_CIPHER_CTX_free(gcm);
	return 13 + 8 + len + 16;
}

void
client_free(struct client *c)
{
	struct world *w = c->world;
	size_t i = 0;

	while (w->clients[i] != c)
		i++;
	memmove(&w->clients[i], &w->clients[i + 1], (w->client_count - i - 1) * sizeof(w->clients[0]));
	w->client_count--;
	SSL_free(c->ssl);
	BIO_free(c->wire);
	SSL_CTX_free(c->ssl_ctx);
	free(c);
}

bool
client_connects(struct client *c)
{
	unsigned opened = c->world->opened;

	client_start(c);
	world_run(c->world);
	return c->done && !c->failed && c->world->opened == opened + 1;
}

void
client_say(struct client *c, const char *text)
{
	assert_true(SSL_write(c->ssl, text, (int)strlen(text)) > 0);
	world_run(c->world);
}
