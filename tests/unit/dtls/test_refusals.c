/* SPDX-License-Identifier: Apache-2.0 */
/* Who stays out, with which outcome, and what a stranger can see of it. */
#include "tests/lib/test.h"

#include <time.h>
#include <unistd.h>

#include "tests/lib/dtls_world.h"

#define HANDSHAKE_MS 60000

static int
setup(void **state)
{
	int failed = world_keys_fixture(state);
	struct world_fixture *fx = *state;

	fx->w.psks[1] = (struct world_psk){ .identity = "dev-off", .key = WORLD_KEY, .disabled = true };
	return failed;
}

static void
alert_unknown(struct world_fixture *fx)
{
	fx->conf.alert_unknown = true;
	world_fixture_reload(fx);
}

/* What the client sees of it in silent mode: nothing, whatever it sends, until it begins anew. */
static void
assert_ignored(struct client *c)
{
	struct world *w = c->world;
	struct client *again = client_new(w, (unsigned)(bs_addr_port(&c->addr) - 40000), NULL);
	uint8_t hello[WORLD_DATAGRAM];
	size_t len;

	assert_int_equal(c->alert, -1);
	assert_int_equal(w->closed, 1);
	assert_int_equal(bs_peer_table_count(w->table), 0);
	assert_int_equal(bs_peer_table_half_open(w->table), 0);
	w->sent = 0;
	client_start(again); /* from the same address: a cookie, as anybody gets one */
	len = client_take(again, hello);
	world_deliver(w, again, hello, len);
	assert_int_equal(w->sent, 1);
	world_wait(w, HANDSHAKE_MS + 1);
	assert_int_equal(w->sent, 1);
	assert_int_equal(w->closed, 1); /* told once */
	assert_int_equal(bs_peer_table_count(w->table), 0);
	assert_int_equal(bs_peer_table_half_open(w->table), 0);
}

static struct client *
psk_client(struct world_fixture *fx, unsigned n, const char *identity, const char *key)
{
	struct client *c = client_new(&fx->w, n, "PSK-AES128-CCM8");

	client_set_psk(c, identity, key);
	return c;
}

/* covers: trap 41 */
static void
unknown_identity_meets_silence(void **state)
{
	struct world_fixture *fx = *state;
	struct client *c = psk_client(fx, 1, "nobody", WORLD_KEY);

	assert_false(client_connects(c));
	world_assert_outcome(&fx->w, BS_OUT_IDENTITY_UNKNOWN);
	assert_memory_equal(fx->w.proof.identity, "nobody", 6);
	assert_int_equal(fx->w.proof.identity_len, 6);
	assert_false(fx->w.proof.has_device);
	assert_ignored(c);
}

static void
unknown_identity_looks_like_a_wrong_key(void **state)
{
	struct world_fixture *fx = *state;
	struct client *c = psk_client(fx, 1, "nobody", WORLD_KEY), *d = psk_client(fx, 2, "dev-psk", WORLD_WRONG_KEY);
	unsigned sent;

	client_start(c);
	world_run(&fx->w);
	sent = fx->w.sent;
	client_start(d);
	world_run(&fx->w);
	assert_int_equal(fx->w.sent, 2 * sent);
	/* Nothing is sent again once the credential was seen: both wait for the end of the handshake time. */
	assert_int_equal(bs_peer_table_next_deadline_ms(fx->w.table), fx->w.now_ms + HANDSHAKE_MS);
	assert_int_equal(c->alert, -1);
	assert_int_equal(d->alert, -1);
}

static void
unknown_identity_with_an_alert(void **state)
{
	struct world_fixture *fx = *state;
	struct client *c = psk_client(fx, 1, "nobody", WORLD_KEY);

	alert_unknown(fx);
	assert_false(client_connects(c));
	world_assert_outcome(&fx->w, BS_OUT_IDENTITY_UNKNOWN);
	assert_int_equal(c->alert, 115); /* unknown_psk_identity, RFC 4279, 2 */
	assert_int_equal(bs_peer_table_count(fx->w.table), 0);
}

static void
empty_identity(void **state)
{
	struct world_fixture *fx = *state;
	struct client *c = psk_client(fx, 1, "", WORLD_KEY);

	assert_false(client_connects(c));
	world_assert_outcome(&fx->w, BS_OUT_IDENTITY_UNKNOWN);
	assert_int_equal(fx->w.proof.identity_len, 0);
}

static void
wrong_key_is_suspected_when_the_time_is_over(void **state)
{
	struct world_fixture *fx = *state;
	struct client *c = psk_client(fx, 1, "dev-psk", WORLD_WRONG_KEY);

	assert_false(client_connects(c));
	assert_int_equal(fx->w.closed, 0);
	fx->w.now_ms += HANDSHAKE_MS;
	bs_peer_table_tick(fx->w.table, fx->w.now_ms);
	assert_int_equal(fx->w.closed, 1);
	world_assert_outcome(&fx->w, BS_OUT_KEY_MISMATCH);
	assert_true(fx->w.proof.has_device);
	assert_string_equal(fx->w.proof.device.endpoint, "dev-psk");
	assert_int_equal(bs_peer_table_count(fx->w.table), 0);
}

static void
wrong_key_is_told_when_the_device_begins_anew(void **state)
{
	struct world_fixture *fx = *state;
	struct client *c = psk_client(fx, 1, "dev-psk", WORLD_WRONG_KEY), *d;

	assert_false(client_connects(c));
	d = psk_client(fx, 1, "dev-psk", WORLD_KEY); /* the next attempt tries the other key */
	assert_true(client_connects(d));
	assert_int_equal(fx->w.closed, 1);
	assert_int_equal(bs_peer_table_count(fx->w.table), 1);
}

enum { CCS = 20, HANDSHAKE = 22 };

/* "K" ClientKeyExchange, "C" ChangeCipherSpec, "F" Finished: each letter is a record that arrives. */
static void
give_records(struct client *c, const struct world_flight *f, const char *letters)
{
	static const struct {
		char letter;
		uint8_t type, epoch;
	} kinds[] = { { 'K', HANDSHAKE, 0 }, { 'C', CCS, 0 }, { 'F', HANDSHAKE, 1 } };

	for (; *letters != '\0'; letters++)
		for (size_t k = 0; k < 3; k++)
			for (unsigned i = 0; kinds[k].letter == *letters && i < f->count; i++)
				if (f->records[i][0] == kinds[k].type && f->records[i][4] == kinds[k].epoch)
					world_deliver(c->world, c, f->records[i], f->lens[i]);
}

/* A right key is never called wrong: evidence is what fails to decrypt once the ChangeCipherSpec was there. */
static void
a_lost_change_cipher_spec_is_no_evidence_against_the_key(void **state)
{
	static const struct {
		const char *name, *key, *came;
		enum bs_outcome outcome; /* BS_OUT_DONE: opens */
		const char *detail;
	} rows[] = {
		{ "right key, all of it", WORLD_KEY, "KCF", BS_OUT_DONE, "" },
		{ "right key, CCS lost", WORLD_KEY, "KF", BS_OUT_HANDSHAKE_TIMEOUT, "was lost" },
		{ "right key, CCS lost, Finished repeated", WORLD_KEY, "KFFF", BS_OUT_HANDSHAKE_TIMEOUT, "was lost" },
		{ "right key, Finished lost", WORLD_KEY, "KC", BS_OUT_HANDSHAKE_TIMEOUT, "nothing came" },
		{ "right key, ClientKeyExchange lost", WORLD_KEY, "CF", BS_OUT_HANDSHAKE_TIMEOUT, "first flight" },
		{ "right key, CCS late", WORLD_KEY, "KFC", BS_OUT_DONE, "" },
		{ "right key, ClientKeyExchange last", WORLD_KEY, "FCK", BS_OUT_HANDSHAKE_TIMEOUT, "was lost" },
		{ "wrong key, all of it", WORLD_WRONG_KEY, "KCF", BS_OUT_KEY_MISMATCH, "did not decrypt" },
		{ "wrong key, CCS lost", WORLD_WRONG_KEY, "KF", BS_OUT_HANDSHAKE_TIMEOUT, "was lost" },
		{ "wrong key, Finished lost", WORLD_WRONG_KEY, "KC", BS_OUT_HANDSHAKE_TIMEOUT, "nothing came" },
		{ "wrong key, CCS late", WORLD_WRONG_KEY, "KFC", BS_OUT_KEY_MISMATCH, "did not decrypt" },
		{ "wrong key, CCS late, Finished again", WORLD_WRONG_KEY, "KFCF", BS_OUT_KEY_MISMATCH,
			"did not decrypt" },
	};
	struct world_fixture *fx = *state;
	struct world *w = &fx->w;

	for (unsigned keys = 1; keys <= 2; keys++) {
		/* With two keys under one identity the first is tried: the other one is as wrong as any. */
		w->psks[0].next = keys == 2 ? WORLD_WRONG_KEY : NULL;
		for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			struct client *c = psk_client(fx, i, "dev-psk", rows[i].key);
			struct world_flight f;

			client_take_last_flight(c, &f);
			assert_int_equal(f.count, 3);
			w->opened = w->closed = 0;
			give_records(c, &f, rows[i].came);
			if (w->opened != (rows[i].outcome == BS_OUT_DONE))
				fail_msg(
					"%s, %u key(s): %s", rows[i].name, keys, w->opened ? "opened" : "did not open");
			world_wait(w, HANDSHAKE_MS);
			if (w->opened == 0 && (w->closed != 1 || w->outcome != rows[i].outcome ||
						      strstr(w->detail, rows[i].detail) == NULL))
				fail_msg("%s, %u key(s): %s (%s)", rows[i].name, keys, bs_outcome_word(w->outcome),
					w->detail);
			client_free(c);
		}
	}
}

/* As a device does it: the whole flight once more, with new record numbers. */
static void
a_right_key_opens_with_the_repeated_flight(void **state)
{
	struct world_fixture *fx = *state;
	struct client *c = psk_client(fx, 1, "dev-psk", WORLD_KEY);
	struct world_flight f;

	c->timer_ms = 20;
	client_take_last_flight(c, &f);
	give_records(c, &f, "KF");
	assert_int_equal(fx->w.opened, 0);
	usleep(40000); /* OpenSSL's timer reads a clock of its own */
	assert_int_equal(DTLSv1_handle_timeout(c->ssl), 1);
	world_run(&fx->w);
	assert_true(c->done);
	assert_int_equal(fx->w.opened, 1);
	assert_int_equal(fx->w.closed, 0);
}

/* Hello, hello with cookie; what the server answers is lost. */
static struct client *
client_in_the_middle(struct world_fixture *fx)
{
	struct client *c = psk_client(fx, 1, "dev-psk", WORLD_KEY);

	client_start(c);
	for (int i = 0; i < 2; i++) {
		uint8_t datagram[WORLD_DATAGRAM];
		size_t len = client_take(c, datagram);

		c->deaf = i == 1;
		world_deliver(&fx->w, c, datagram, len);
		client_step(c);
	}
	return c;
}

static void
silence_after_our_flight_is_a_timeout(void **state)
{
	static const uint8_t record[13 + 40] = { 22, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 0, 0, 40 };
	struct world_fixture *fx = *state;
	struct client *c = client_in_the_middle(fx);

	world_deliver(&fx->w, c, record, sizeof(record)); /* anybody's, as long as no key was exchanged */
	fx->w.now_ms += HANDSHAKE_MS;
	bs_peer_table_tick(fx->w.table, fx->w.now_ms);
	world_assert_outcome(&fx->w, BS_OUT_HANDSHAKE_TIMEOUT);
}

static void
a_warning_is_not_the_reason_of_a_failure(void **state)
{
	/* RFC 5246, 7.2: level warning, user_canceled; and a ClientKeyExchange whose identity is longer than the message. */
	static const uint8_t warning[] = { 21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 2, 0, 2, 1, 90 };
	static const uint8_t exchange[] = { 22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 3, 0, 14, 16, 0, 0, 2, 0, 2, 0, 0, 0,
		0, 0, 2, 0, 5 };
	struct world_fixture *fx = *state;
	struct client *c = client_in_the_middle(fx);

	world_deliver(&fx->w, c, warning, sizeof(warning));
	assert_int_equal(fx->w.closed, 0);
	world_deliver(&fx->w, c, exchange, sizeof(exchange));
	world_assert_outcome(&fx->w, BS_OUT_HANDSHAKE_FAILED);
	assert_string_equal(fx->w.detail, "length mismatch");
}

static void
disabled_device_psk(void **state)
{
	struct world_fixture *fx = *state;
	struct client *c = psk_client(fx, 1, "dev-off", WORLD_KEY);

	assert_false(client_connects(c));
	world_assert_outcome(&fx->w, BS_OUT_DEVICE_DISABLED);
	assert_string_equal(fx->w.proof.device.endpoint, "dev-off");
	assert_ignored(c);
}

/* covers: trap 41 */
static void
unknown_raw_key_meets_silence(void **state)
{
	struct world_fixture *fx = *state;
	struct client *c = client_new(&fx->w, 1, NULL);
	struct pki_cert other;

	pki_make_raw(&other, "P-256");
	client_set_cert(c, &other);
	assert_false(client_connects(c));
	world_assert_outcome(&fx->w, BS_OUT_RAW_KEY_UNKNOWN);
	assert_int_equal(fx->w.proof.kind, BS_CRED_RAW_KEY);
	assert_int_equal(fx->w.proof.identity_len, 64); /* SHA-256 in hexadecimal */
	assert_ignored(c);
	pki_clear(&other);
}

static void
unknown_raw_key_with_an_alert(void **state)
{
	struct world_fixture *fx = *state;
	struct client *c = client_new(&fx->w, 1, NULL);
	struct pki_cert other;

	alert_unknown(fx);
	pki_make_raw(&other, "P-256");
	client_set_cert(c, &other);
	assert_false(client_connects(c));
	world_assert_outcome(&fx->w, BS_OUT_RAW_KEY_UNKNOWN);
	assert_int_equal(c->alert, 42); /* bad_certificate */
	pki_clear(&other);
}

static void
disabled_raw_key(void **state)
{
	struct world_fixture *fx = *state;
	struct client *c = client_new(&fx->w, 1, NULL);

	fx->w.raws[0].disabled = true;
	client_set_cert(c, &world_keys.device_raw);
	assert_false(client_connects(c));
	world_assert_outcome(&fx->w, BS_OUT_DEVICE_DISABLED);
	assert_ignored(c);
}

static void
weak_raw_key_even_when_registered(void **state)
{
	struct world_fixture *fx = *state;
	struct client *c = client_new(&fx->w, 1, NULL);
	struct pki_cert weak;

	pki_make_raw(&weak, "P-192");
	fx->w.raws[0].key = &weak;
	client_set_cert(c, &weak);
	assert_int_equal(SSL_CTX_set1_groups_list(c->ssl_ctx, "P-256:P-192"), 1);
	assert_false(client_connects(c));
	world_assert_outcome(&fx->w, BS_OUT_RAW_KEY_UNKNOWN);
	assert_non_null(strstr(fx->w.detail, "weak"));
	pki_clear(&weak);
}

struct chain_row {
	const char *name;
	const struct pki_cert *issuer;
	struct pki_options options;
	enum bs_outcome outcome; /* BS_OUT_DONE: gets in */
	int alert;
};

/* alert numbers: RFC 5246, 7.2.2 */
static const struct chain_row chain_rows[] = {
	{ "plain", &world_keys.ca, { 0 }, BS_OUT_DONE, -1 },
	{ "no extended key usage", &world_keys.ca, { .extended_usage = "" }, BS_OUT_DONE, -1 },
	{ "RSA of 2048 bits", &world_keys.ca, { .rsa_bits = 2048 }, BS_OUT_DONE, -1 },
	{ "P-384", &world_keys.ca, { .curve = "P-384" }, BS_OUT_DONE, -1 },
	{ "an unknown CA of the same name", &world_keys.stranger_ca, { 0 }, BS_OUT_CERT_UNTRUSTED, 0 },
	{ "another trusted CA, the same device name", &world_keys.ca2, { 0 }, BS_OUT_CERT_NOT_MAPPED, 42 },
	{ "self-signed", NULL, { 0 }, BS_OUT_CERT_UNTRUSTED, 0 },
	{ "expired", &world_keys.ca, { .from_s = -7200, .until_s = -60 }, BS_OUT_CERT_EXPIRED, 45 },
	{ "not yet valid", &world_keys.ca, { .from_s = 3600, .until_s = 7200 }, BS_OUT_CERT_EXPIRED, 42 },
	{ "for servers alone", &world_keys.ca, { .extended_usage = "serverAuth" }, BS_OUT_CERT_UNTRUSTED, 43 },
	{ "signed with SHA-1", &world_keys.ca, { .digest = "SHA1" }, BS_OUT_CERT_UNTRUSTED, 0 },
	{ "signed with SHA-224", &world_keys.ca, { .digest = "SHA224" }, BS_OUT_CERT_UNTRUSTED, 0 },
	{ "P-192", &world_keys.ca, { .curve = "P-192" }, BS_OUT_CERT_UNTRUSTED, 0 },
	{ "P-224", &world_keys.ca, { .curve = "P-224" }, BS_OUT_CERT_UNTRUSTED, 0 },
	{ "RSA of 1024 bits", &world_keys.ca, { .rsa_bits = 1024 }, BS_OUT_CERT_UNTRUSTED, 0 },
};
#define CHAIN_ROWS (sizeof(chain_rows) / sizeof(chain_rows[0]))

static struct client *
cert_client(struct world_fixture *fx, unsigned n, const struct pki_cert *cert)
{
	struct client *c = client_new(&fx->w, n, NULL);

	assert_int_equal(SSL_CTX_set1_groups_list(c->ssl_ctx, "P-256:P-384:P-224:P-192"), 1);
	client_set_cert(c, cert);
	return c;
}

static void
assert_row(const struct chain_row *row, struct client *c, bool connected)
{
	const struct world *w = c->world;

	if (connected != (row->outcome == BS_OUT_DONE))
		fail_msg("%s: %s", row->name, connected ? "got in" : w->detail);
	if (!connected && w->outcome != row->outcome)
		fail_msg("%s: %s (%s)", row->name, bs_outcome_word(w->outcome), w->detail);
	assert_int_equal(w->proof.kind, BS_CRED_CERTIFICATE);
	assert_true(w->proof.identity_len > 64 + 4);
	assert_memory_equal(w->proof.identity + 64, " CN=dev-cert", 12);
}

static void
certificates_that_may_and_may_not(void **state)
{
	struct world_fixture *fx = *state;

	for (unsigned i = 0; i < CHAIN_ROWS; i++) {
		const struct chain_row *row = &chain_rows[i];
		struct pki_cert cert;
		struct client *c;

		pki_make(&cert, "dev-cert", row->issuer, &row->options);
		c = cert_client(fx, i, &cert);
		assert_row(row, c, client_connects(c));
		assert_int_equal(c->alert, -1); /* silent */
		client_free(c);
		pki_clear(&cert);
	}
}

static void
certificates_that_may_not_with_an_alert(void **state)
{
	struct world_fixture *fx = *state;

	alert_unknown(fx);
	for (unsigned i = 0; i < CHAIN_ROWS; i++) {
		const struct chain_row *row = &chain_rows[i];
		struct pki_cert cert;
		struct client *c;

		pki_make(&cert, "dev-cert", row->issuer, &row->options);
		c = cert_client(fx, i, &cert);
		assert_row(row, c, client_connects(c));
		if (row->alert > 0 ? c->alert != row->alert : (row->alert == 0) != (c->alert > 0))
			fail_msg("%s: alert %d, not %d", row->name, c->alert, row->alert);
		client_free(c);
		pki_clear(&cert);
	}
}

static void
pinned_certificates_keep_the_rest_of_the_rules(void **state)
{
	static const struct {
		const char *name;
		struct pki_options options;
		bool disabled;
		enum bs_outcome outcome;
	} rows[] = {
		{ "self-signed", { 0 }, false, BS_OUT_DONE },
		{ "disabled", { 0 }, true, BS_OUT_DEVICE_DISABLED },
		{ "expired", { .from_s = -7200, .until_s = -60 }, false, BS_OUT_CERT_EXPIRED },
		{ "not yet valid", { .from_s = 3600, .until_s = 7200 }, false, BS_OUT_CERT_EXPIRED },
		{ "P-192", { .curve = "P-192" }, false, BS_OUT_CERT_UNTRUSTED },
		{ "RSA of 1024 bits", { .rsa_bits = 1024 }, false, BS_OUT_CERT_UNTRUSTED },
		{ "for servers alone", { .extended_usage = "serverAuth" }, false, BS_OUT_CERT_UNTRUSTED },
	};
	struct world_fixture *fx = *state;

	fx->conf.trust_anchor_count = 0;
	world_fixture_reload(fx);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct chain_row row = { .name = rows[i].name, .outcome = rows[i].outcome };
		struct pki_cert cert;
		struct client *c;

		pki_make(&cert, "dev-cert", NULL, &rows[i].options);
		fx->w.pinned[0] = (struct world_key){ &cert, "dev-pinned", rows[i].disabled };
		c = cert_client(fx, i, &cert);
		assert_row(&row, c, client_connects(c));
		if (row.outcome == BS_OUT_DONE)
			assert_string_equal(fx->w.proof.device.endpoint, "dev-pinned");
		client_free(c);
		pki_clear(&cert);
	}
}

static void
a_certificate_without_anchors_is_untrusted(void **state)
{
	struct world_fixture *fx = *state;

	fx->conf.trust_anchor_count = 0;
	world_fixture_reload(fx);
	assert_false(client_connects(cert_client(fx, 1, &world_keys.device)));
	world_assert_outcome(&fx->w, BS_OUT_CERT_UNTRUSTED);
}

static void
a_chain_over_a_middle_ca(void **state)
{
	struct world_fixture *fx = *state;
	struct pki_cert cert;
	struct client *c;

	pki_make(&cert, "dev-cert", &world_keys.middle, NULL);
	c = cert_client(fx, 1, &cert);
	assert_int_equal(SSL_CTX_add1_chain_cert(c->ssl_ctx, world_keys.middle.cert), 1);
	assert_true(client_connects(c));
	assert_false(client_connects(cert_client(fx, 2, &cert))); /* the middle is missing */
	world_assert_outcome(&fx->w, BS_OUT_CERT_UNTRUSTED);

	/* The middle as the anchor: a path may end there, and names are looked up under it. */
	fx->anchors[0] = pki_write_cert(&world_keys.middle);
	fx->conf.trust_anchor_count = 1;
	world_fixture_reload(fx);
	assert_false(client_connects(cert_client(fx, 3, &cert)));
	world_assert_outcome(&fx->w, BS_OUT_CERT_NOT_MAPPED);
	fx->w.names[0].anchor = &world_keys.middle;
	assert_true(client_connects(cert_client(fx, 4, &cert)));
	pki_clear(&cert);
}

/* What X509_verify_cert lets pass at 112 bits, and this server does not, anywhere in the path. */
static void
a_weak_link_above_the_leaf_is_untrusted(void **state)
{
	static const struct {
		const char *name;
		struct pki_options middle;
		bool in;
	} rows[] = {
		{ "as it should be", { .ca = true }, true },
		{ "key on P-224", { .ca = true, .curve = "P-224" }, false },
		{ "signed with SHA-224", { .ca = true, .digest = "SHA224" }, false },
	};
	struct world_fixture *fx = *state;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pki_cert weak, leaf;
		struct client *c;

		pki_make(&weak, "middle CA", &world_keys.ca, &rows[i].middle);
		pki_make(&leaf, "dev-cert", &weak, NULL);
		c = cert_client(fx, i, &leaf);
		assert_int_equal(SSL_CTX_add1_chain_cert(c->ssl_ctx, weak.cert), 1);
		if (client_connects(c) != rows[i].in)
			fail_msg("%s: %s", rows[i].name, fx->w.detail);
		if (!rows[i].in) {
			world_assert_outcome(&fx->w, BS_OUT_CERT_UNTRUSTED);
			assert_non_null(strstr(fx->w.detail, "(certificate "));
		}
		client_free(c);
		pki_clear(&leaf);
		pki_clear(&weak);
	}
}

static void
names_in_a_certificate(void **state)
{
	static const struct {
		const char *row, *cn, *san, *name;
		size_t cn_len;
		bool in;
	} rows[] = {
		{ "CN", "dev-1", NULL, "dev-1", 0, true },
		{ "SAN URI", "x", "URI:urn:dev:os:dev-1", "urn:dev:os:dev-1", 0, true },
		{ "SAN DNS", "x", "DNS:dev-1.example", "dev-1.example", 0, true },
		{ "the last of several", "x", "DNS:a,URI:b,DNS:dev-1", "dev-1", 0, true },
		{ "SAN mail is no name", "x", "email:dev-1@example.org", "dev-1@example.org", 0, false },
		{ "another case is another name", "DEV-1", NULL, "dev-1", 0, false },
		{ "a name cut by NUL", "dev-1\0.example", NULL, "dev-1", 14, false },
	};
	struct world_fixture *fx = *state;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct pki_options o = { .san = rows[i].san, .cn_len = rows[i].cn_len };
		struct pki_cert cert;
		struct client *c;

		pki_make(&cert, rows[i].cn, &world_keys.ca, &o);
		fx->w.names[0].name = rows[i].name;
		c = cert_client(fx, i, &cert);
		if (client_connects(c) != rows[i].in)
			fail_msg("%s", rows[i].row);
		if (!rows[i].in)
			world_assert_outcome(&fx->w, BS_OUT_CERT_NOT_MAPPED);
		pki_clear(&cert);
	}
}

static void
revocation_lists(void **state)
{
	struct world_fixture *fx = *state;
	struct pki_cert other, self;

	pki_make(&other, "dev-cert", &world_keys.ca, NULL);
	pki_make(&self, "dev-cert", NULL, NULL);
	fx->conf.crls = fx->crls;
	fx->conf.crl_count = 1;

	fx->crls[0] = pki_write_crl(&world_keys.ca, &world_keys.device, 86400);
	world_fixture_reload(fx);
	assert_false(client_connects(cert_client(fx, 1, &world_keys.device)));
	world_assert_outcome(&fx->w, BS_OUT_CERT_REVOKED);
	assert_true(client_connects(cert_client(fx, 2, &other)));

	/* Pinned does not help, where the issuer is known. */
	fx->w.pinned[0] = (struct world_key){ &world_keys.device, "dev-pinned", false };
	assert_false(client_connects(cert_client(fx, 3, &world_keys.device)));
	world_assert_outcome(&fx->w, BS_OUT_CERT_REVOKED);
	fx->w.pinned[0].key = &self;
	assert_true(client_connects(cert_client(fx, 4, &self)));
	fx->w.pinned[0].key = NULL;

	/* A list that is overdue still counts, and shuts out nobody else. */
	fx->crls[0] = pki_write_crl(&world_keys.ca, &world_keys.device, -3600);
	world_fixture_reload(fx);
	assert_false(client_connects(cert_client(fx, 5, &world_keys.device)));
	world_assert_outcome(&fx->w, BS_OUT_CERT_REVOKED);
	assert_true(client_connects(cert_client(fx, 6, &other)));

	/* No list of this issuer. */
	fx->crls[0] = pki_write_crl(&world_keys.ca2, &world_keys.device, 86400);
	world_fixture_reload(fx);
	assert_true(client_connects(cert_client(fx, 7, &world_keys.device)));

	/* Somebody else's list under the issuer's name must not get the device out when pinned. */
	fx->crls[0] = pki_write_crl(&world_keys.stranger_ca, &world_keys.device, 86400);
	world_fixture_reload(fx);
	fx->w.pinned[0] = (struct world_key){ &world_keys.device, "dev-pinned", false };
	assert_true(client_connects(cert_client(fx, 8, &world_keys.device)));
	pki_clear(&other);
	pki_clear(&self);
}

static void
a_new_revocation_list_ends_live_sessions(void **state)
{
	struct world_fixture *fx = *state;
	struct pki_cert other;
	struct client *revoked = cert_client(fx, 1, &world_keys.device), *good;

	pki_make(&other, "dev-cert", &world_keys.ca, NULL);
	good = cert_client(fx, 2, &other);
	assert_true(client_connects(revoked));
	assert_true(client_connects(good));
	assert_true(client_connects(psk_client(fx, 3, "dev-psk", WORLD_KEY)));
	bs_peer_table_recheck(fx->w.table, fx->w.now_ms);
	assert_int_equal(fx->w.closed, 0);
	fx->conf.crls = fx->crls;
	fx->conf.crl_count = 1;
	fx->crls[0] = pki_write_crl(&world_keys.ca, &world_keys.device, 86400);
	world_fixture_reload(fx);
	bs_peer_table_recheck(fx->w.table, fx->w.now_ms);
	assert_int_equal(fx->w.closed, 1);
	world_assert_outcome(&fx->w, BS_OUT_CERT_REVOKED);
	assert_int_equal(bs_peer_table_count(fx->w.table), 2);
	world_run(&fx->w);
	assert_int_equal(SSL_get_shutdown(revoked->ssl), SSL_RECEIVED_SHUTDOWN);
	client_say(good, "alive");
	assert_string_equal(fx->w.data, "alive");
	pki_clear(&other);
}

static void
the_end_of_the_certificate_ends_the_session(void **state)
{
	const struct pki_options o = { .from_s = -3600, .until_s = 600 };
	struct world_fixture *fx = *state;
	struct pki_cert cert;
	uint64_t deadline;

	pki_make(&cert, "dev-cert", &world_keys.ca, &o);
	assert_true(client_connects(cert_client(fx, 1, &cert)));
	deadline = bs_peer_table_next_deadline_ms(fx->w.table);
	assert_in_range(deadline, fx->w.now_ms + 590000, fx->w.now_ms + 600000);
	fx->w.now_ms = deadline;
	bs_peer_table_tick(fx->w.table, fx->w.now_ms);
	assert_int_equal(bs_peer_table_count(fx->w.table), 0);
	world_assert_outcome(&fx->w, BS_OUT_DONE);
	pki_clear(&cert);
}

static void
a_store_that_cannot_answer_is_overload_and_silence(void **state)
{
	struct world_fixture *fx = *state;
	struct client *clients[3] = { psk_client(fx, 1, "dev-psk", WORLD_KEY), client_new(&fx->w, 2, NULL),
		client_new(&fx->w, 3, NULL) };

	alert_unknown(fx); /* even then: it is no fault of the device */
	client_set_cert(clients[1], &world_keys.device_raw);
	client_set_cert(clients[2], &world_keys.device);
	fx->w.lookup_err = BS_EBUSY;
	for (int i = 0; i < 3; i++) {
		assert_false(client_connects(clients[i]));
		world_assert_outcome(&fx->w, BS_OUT_OVERLOAD);
		assert_int_equal(clients[i]->alert, -1);
		assert_int_equal(bs_peer_table_count(fx->w.table), 0);
	}
	fx->w.lookup_err = BS_OK;
	assert_true(client_connects(psk_client(fx, 1, "dev-psk", WORLD_KEY))); /* it may come again at once */
}

/* At the look-up, before this server signs or computes a secret. It is proven by nothing yet, but the outcome names it. */
static void
a_device_that_came_too_often_meets_silence(void **state)
{
	struct world_fixture *fx = *state;
	struct client *clients[4] = { psk_client(fx, 1, "dev-psk", WORLD_KEY), client_new(&fx->w, 2, NULL),
		client_new(&fx->w, 3, NULL), client_new(&fx->w, 4, NULL) };
	static const char *const endpoints[] = { "dev-psk", "dev-raw", "dev-cert", "dev-pinned" };

	alert_unknown(fx); /* even then: it is to come again */
	client_set_cert(clients[1], &world_keys.device_raw);
	client_set_cert(clients[2], &world_keys.device);
	client_set_cert(clients[3], &world_keys.device);
	fx->w.too_often = true;
	for (int i = 0; i < 4; i++) {
		if (i == 3) /* the same certificate, pinned now */
			fx->w.pinned[0] = (struct world_key){ &world_keys.device, "dev-pinned", false };
		assert_false(client_connects(clients[i]));
		world_assert_outcome(&fx->w, BS_OUT_TOO_MANY);
		assert_string_equal(fx->w.detail, BS_TOO_MANY_HANDSHAKES);
		assert_true(fx->w.proof.has_device);
		assert_string_equal(fx->w.proof.device.endpoint, endpoints[i]);
		assert_int_equal(clients[i]->alert, -1);
		assert_int_equal(bs_peer_table_count(fx->w.table), 0);
	}
	fx->w.too_often = false;
	assert_true(client_connects(psk_client(fx, 1, "dev-psk", WORLD_KEY))); /* it may come again at once */
}

static void
a_device_that_does_not_trust_us_says_so(void **state)
{
	static const struct {
		int error;
		const char *words;
	} rows[] = {
		{ X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, "alert 48" }, /* unknown_ca */
		{ X509_V_ERR_CERT_HAS_EXPIRED, "alert 45" },
		{ X509_V_ERR_CERT_REJECTED, "alert 42" },
	};
	struct world_fixture *fx = *state;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct client *c = cert_client(fx, i, &world_keys.device);

		c->rejects_server = rows[i].error;
		assert_false(client_connects(c));
		assert_int_equal(fx->w.closed, i); /* anybody could have sent that alert */
		world_wait(&fx->w, WORLD_ALERT_GRACE_MS - 1);
		assert_int_equal(fx->w.closed, i);
		world_wait(&fx->w, 1); /* but nobody goes on */
		assert_int_equal(fx->w.closed, i + 1);
		world_assert_outcome(&fx->w, BS_OUT_HANDSHAKE_FAILED);
		if (strstr(fx->w.detail, rows[i].words) == NULL || strstr(fx->w.detail, "server's certificate") == NULL)
			fail_msg("%s", fx->w.detail);
	}
}

static void
nothing_in_common(void **state)
{
	struct world_fixture *fx = *state;
	struct client *suites = client_new(&fx->w, 1, "PSK-AES256-GCM-SHA384");
	struct client *groups = client_new(&fx->w, 2, "ECDHE-ECDSA-AES128-CCM8");
	struct client *sigalgs = client_new(&fx->w, 3, "ECDHE-ECDSA-AES128-CCM8");
	struct client *old = client_new(&fx->w, 4, NULL);

	client_set_psk(suites, "dev-psk", WORLD_KEY);
	assert_false(client_connects(suites));
	world_assert_outcome(&fx->w, BS_OUT_NO_COMMON_SUITE);
	assert_int_equal(suites->alert, 40); /* handshake_failure */
	client_set_cert(groups, &world_keys.device);
	assert_int_equal(SSL_CTX_set1_groups_list(groups->ssl_ctx, "P-521"), 1);
	assert_false(client_connects(groups));
	world_assert_outcome(&fx->w, BS_OUT_NO_COMMON_SUITE);
	client_set_cert(sigalgs, &world_keys.device);
	assert_int_equal(SSL_CTX_set1_sigalgs_list(sigalgs->ssl_ctx, "ECDSA+SHA1"), 1);
	assert_false(client_connects(sigalgs));
	world_assert_outcome(&fx->w, BS_OUT_NO_COMMON_SUITE);
	assert_int_equal(SSL_CTX_set_max_proto_version(old->ssl_ctx, DTLS1_VERSION), 1);
	client_set_psk(old, "dev-psk", WORLD_KEY);
	assert_false(client_connects(old));
	world_assert_outcome(&fx->w, BS_OUT_HANDSHAKE_FAILED);
	assert_string_equal(fx->w.detail, "the device does not speak DTLS 1.2");
	assert_int_equal(old->alert, 70); /* protocol_version */
}

static void
a_client_without_certificate(void **state)
{
	struct world_fixture *fx = *state;
	struct client *c = client_new(&fx->w, 1, "ECDHE-ECDSA-AES128-CCM8");

	assert_false(client_connects(c));
	world_assert_outcome(&fx->w, BS_OUT_HANDSHAKE_FAILED);
	assert_string_equal(fx->w.detail, "peer did not return a certificate");
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, world_fixture_teardown)
	const struct CMUnitTest tests[] = {
		T(unknown_identity_meets_silence),
		T(unknown_identity_looks_like_a_wrong_key),
		T(unknown_identity_with_an_alert),
		T(empty_identity),
		T(wrong_key_is_suspected_when_the_time_is_over),
		T(wrong_key_is_told_when_the_device_begins_anew),
		T(a_lost_change_cipher_spec_is_no_evidence_against_the_key),
		T(a_right_key_opens_with_the_repeated_flight),
		T(silence_after_our_flight_is_a_timeout),
		T(a_warning_is_not_the_reason_of_a_failure),
		T(disabled_device_psk),
		T(unknown_raw_key_meets_silence),
		T(unknown_raw_key_with_an_alert),
		T(disabled_raw_key),
		T(weak_raw_key_even_when_registered),
		T(certificates_that_may_and_may_not),
		T(certificates_that_may_not_with_an_alert),
		T(pinned_certificates_keep_the_rest_of_the_rules),
		T(a_certificate_without_anchors_is_untrusted),
		T(a_chain_over_a_middle_ca),
		T(a_weak_link_above_the_leaf_is_untrusted),
		T(names_in_a_certificate),
		T(revocation_lists),
		T(a_new_revocation_list_ends_live_sessions),
		T(the_end_of_the_certificate_ends_the_session),
		T(a_store_that_cannot_answer_is_overload_and_silence),
		T(a_device_that_came_too_often_meets_silence),
		T(a_device_that_does_not_trust_us_says_so),
		T(nothing_in_common),
		T(a_client_without_certificate),
	};

	return cmocka_run_group_tests(tests, world_keys_setup, world_keys_teardown);
}
