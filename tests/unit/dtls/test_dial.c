/* SPDX-License-Identifier: Apache-2.0 */
/* This server as DTLS client, against devices that are OpenSSL servers: the three modes, and whoever else may answer. */
#include "tests/lib/test.h"

#include <unistd.h>

#include "server/base/clock.h"
#include "tests/lib/dtls_world.h"

/* Number of the device that is turned to: its place in the arrays of the world, and 1. */
#define ID 1
#define HASTY_MS 1000 /* of a handshake, where time is real */

static struct pki_cert ca, other_ca, server, server_raw, device, device_raw, other_raw, other, stranger, old,
	for_servers;

static int
setup_group(void **state)
{
	const struct pki_options for_ca = { .ca = true }, for_server = { .extended_usage = "serverAuth" };
	const struct pki_options ended = { .from_s = -7200, .until_s = -3600 };

	(void)state;
	pki_make(&ca, "test CA", NULL, &for_ca);
	pki_make(&other_ca, "another CA", NULL, &for_ca);
	pki_make(&server, "localhost", &ca, &for_server);
	pki_make(&device, "dev-cert.example", &ca, NULL);
	pki_make(&other, "dev-other", &ca, NULL);
	pki_make(&stranger, "dev-cert.example", &other_ca, NULL);
	pki_make(&old, "dev-cert.example", &ca, &ended);
	pki_make(&for_servers, "dev-cert.example", &ca, &for_server);
	pki_make_raw(&device_raw, "P-256");
	pki_make_raw(&other_raw, "P-256");
	pki_make_raw(&server_raw, "P-256");
	return 0;
}

static int
teardown_group(void **state)
{
	struct pki_cert *const all[] = { &ca, &other_ca, &server, &server_raw, &device, &device_raw, &other_raw, &other,
		&stranger, &old, &for_servers };

	(void)state;
	pki_clear_all(all, sizeof(all) / sizeof(all[0]));
	return 0;
}

static int
setup(void **state)
{
	struct world_fixture *fx = test_calloc(1, sizeof(*fx));

	world_fixture_init(fx, &server, &server_raw, &ca, NULL);
	fx->w.psks[0] = (struct world_psk){ .identity = "dev-psk", .key = WORLD_KEY };
	fx->w.raws[0] = (struct world_key){ .key = &device_raw, .endpoint = "dev-raw" };
	fx->w.raws[1] = (struct world_key){ .key = &other_raw, .endpoint = "dev-other" };
	fx->w.names[0] = (struct world_name){ .name = "dev-cert.example", .anchor = &ca };
	fx->w.names[1] = (struct world_name){ .name = "dev-other", .anchor = &ca };
	*state = fx;
	return 0;
}

static const char *const endpoints[] = {
	[BS_CRED_PSK] = "dev-psk",
	[BS_CRED_RAW_KEY] = "dev-raw",
	[BS_CRED_CERTIFICATE] = "dev-cert.example",
};

/* Turn to c and carry all. */
static bool
opens(struct world_fixture *fx, struct client *c, enum bs_credential_kind kind)
{
	unsigned opened = fx->w.opened;

	client_start(c);
	assert_int_equal(world_dial(&fx->w, c, kind, ID, endpoints[kind], &fx->peer), BS_OK);
	world_run(&fx->w);
	if (bs_peer_table_half_open(fx->w.table) > 0) /* the device sent an alert: is it really gone? */
		world_wait(&fx->w, WORLD_ALERT_GRACE_MS);
	bs_peer_table_sweep(fx->w.table);
	return fx->w.opened == opened + 1 && c->done;
}

static void
assert_refused(struct world_fixture *fx, const char *name, enum bs_outcome outcome, const char *detail)
{
	if (fx->w.outcome != outcome)
		fail_msg("%s: %s: %s", name, bs_outcome_word(fx->w.outcome), fx->w.detail);
	if (strstr(fx->w.detail, detail) == NULL)
		fail_msg("%s: %s", name, fx->w.detail);
	assert_true(fx->w.proof.has_device); /* the one that was turned to, whoever answered */
	assert_int_equal(fx->w.proof.device.device_id, ID);
	assert_int_equal(bs_peer_table_count(fx->w.table), 0);
	assert_int_equal(bs_peer_table_half_open(fx->w.table), 0);
}

static void
the_three_modes(void **state)
{
	static const struct {
		const char *suite;
		enum bs_credential_kind kind;
		const struct pki_cert *cert, *shown;
	} rows[] = {
		{ "PSK-AES128-CCM8", BS_CRED_PSK, NULL, NULL },
		{ "PSK-AES128-CBC-SHA256", BS_CRED_PSK, NULL, NULL },
		{ "ECDHE-ECDSA-AES128-CCM8", BS_CRED_RAW_KEY, &device_raw, &server_raw },
		{ "ECDHE-ECDSA-AES128-SHA256", BS_CRED_RAW_KEY, &device_raw, &server_raw },
		{ "ECDHE-ECDSA-AES128-CCM8", BS_CRED_CERTIFICATE, &device, &server },
		{ "ECDHE-ECDSA-AES128-SHA256", BS_CRED_CERTIFICATE, &device, &server },
	};
	struct world_fixture *fx = *state;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct client *c = device_new(&fx->w, i, rows[i].suite);
		uint8_t hash[32];

		client_set_psk(c, "dev-psk", WORLD_KEY);
		if (rows[i].cert != NULL)
			client_set_cert(c, rows[i].cert);
		if (!opens(fx, c, rows[i].kind))
			fail_msg("%u: %s", i, fx->w.detail);
		assert_true(bs_peer_is_dialled(fx->w.last_open));
		assert_string_equal(fx->w.proof.suite, rows[i].suite);
		assert_string_equal(fx->w.proof.device.endpoint, endpoints[rows[i].kind]);
		assert_int_equal(fx->w.proof.kind, rows[i].kind);
		assert_int_equal(SSL_get_extms_support(c->ssl), 1);
		if (rows[i].kind == BS_CRED_PSK)
			assert_string_equal(c->asked_identity, "dev-psk");
		if (rows[i].shown != NULL) {
			pki_spki_hash(rows[i].shown, hash);
			assert_memory_equal(c->server_cert_hash, hash, sizeof(hash));
		}
		assert_int_equal(c->saw_raw_key, rows[i].kind == BS_CRED_RAW_KEY);
		assert_string_equal(c->asked_name, rows[i].kind == BS_CRED_CERTIFICATE ? "dev-cert.example" : "");
		/* both directions */
		assert_int_equal(bs_peer_send(fx->peer, (const uint8_t *)"a command", 9), BS_OK);
		world_run(&fx->w);
		assert_int_equal(c->received, 1);
		client_say(c, "an answer");
		assert_string_equal(fx->w.data, "an answer");
		assert_ptr_equal(fx->w.last_open, fx->peer);
	}
	assert_int_equal(bs_peer_table_count(fx->w.table), 6);
	assert_int_equal(bs_peer_table_half_open(fx->w.table), 0);
}

static void
only_suites_of_the_mode_are_offered(void **state)
{
	struct world_fixture *fx = *state;
	struct client *c = device_new(&fx->w, 1, "PSK-AES128-CCM8"), *d = device_new(&fx->w, 2, NULL);

	client_set_psk(c, "dev-raw", WORLD_KEY);
	assert_false(opens(fx, c, BS_CRED_RAW_KEY));
	assert_refused(fx, "PSK alone", BS_OUT_HANDSHAKE_FAILED, "shares none of this server's ciphersuites");
	client_set_cert(d, &device); /* has all; the mode decides */
	client_set_psk(d, "dev-psk", WORLD_KEY);
	assert_true(opens(fx, d, BS_CRED_PSK));
	assert_string_equal(fx->w.proof.suite, SSL_get_cipher_name(d->ssl));
	assert_non_null(strstr(fx->w.proof.suite, "PSK-"));
}

static void
others_that_answer_are_refused(void **state)
{
	static const struct {
		const char *name;
		enum bs_credential_kind kind;
		const struct pki_cert *cert;
		enum bs_outcome outcome;
		const char *detail;
	} rows[] = {
		{ "a raw key that nobody has", BS_CRED_RAW_KEY, &server_raw, BS_OUT_RAW_KEY_UNKNOWN, "raw public key" },
		{ "the raw key of another device", BS_CRED_RAW_KEY, &other_raw, BS_OUT_ENDPOINT_MISMATCH,
			"has the credential of \"dev-other\"" },
		{ "the certificate of another device", BS_CRED_CERTIFICATE, &other, BS_OUT_ENDPOINT_MISMATCH,
			"has the credential of \"dev-other\"" },
		{ "the same name under another CA", BS_CRED_CERTIFICATE, &stranger, BS_OUT_CERT_UNTRUSTED, "" },
		{ "an expired certificate", BS_CRED_CERTIFICATE, &old, BS_OUT_CERT_EXPIRED, "expired" },
		{ "a certificate for servers alone", BS_CRED_CERTIFICATE, &for_servers, BS_OUT_CERT_UNTRUSTED,
			"unsuitable" },
		{ "this server's own certificate", BS_CRED_CERTIFICATE, &server, BS_OUT_CERT_UNTRUSTED, "unsuitable" },
	};
	struct world_fixture *fx = *state;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct client *c = device_new(&fx->w, i, NULL);

		client_set_cert(c, rows[i].cert);
		if (opens(fx, c, rows[i].kind))
			fail_msg("%s: got in", rows[i].name);
		assert_refused(fx, rows[i].name, rows[i].outcome, rows[i].detail);
		assert_true(fx->w.proof.identity_len >= 64); /* the digest of what was shown, for people */
	}
}

/* Chapter 7: both sides authenticate, or there is no exchange. */
static void
a_device_that_asks_nobody_is_refused(void **state)
{
	struct world_fixture *fx = *state;
	struct client *c = device_new(&fx->w, 1, NULL), *d = device_new(&fx->w, 2, NULL);

	client_set_cert(c, &device);
	SSL_CTX_set_verify(c->ssl_ctx, SSL_VERIFY_NONE, NULL);
	opens(fx, c, BS_CRED_CERTIFICATE);
	assert_int_equal(fx->w.opened, 0);
	assert_refused(fx, "no CertificateRequest", BS_OUT_HANDSHAKE_FAILED, "did not ask who this server is");
	client_set_cert(d, &device_raw);
	SSL_CTX_set_verify(d->ssl_ctx, SSL_VERIFY_NONE, NULL);
	opens(fx, d, BS_CRED_RAW_KEY);
	assert_int_equal(fx->w.opened, 0);
	assert_refused(fx, "no CertificateRequest", BS_OUT_HANDSHAKE_FAILED, "did not ask who this server is");
}

static void
a_device_may_refuse_this_server(void **state)
{
	struct world_fixture *fx = *state;
	struct client *c = device_new(&fx->w, 1, NULL), *d = device_new(&fx->w, 2, NULL);

	client_set_cert(c, &device);
	c->rejects_server = X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY;
	assert_false(opens(fx, c, BS_CRED_CERTIFICATE));
	assert_refused(fx, "refused", BS_OUT_HANDSHAKE_FAILED, "does not trust who issued this server's certificate");
	client_set_psk(d, "another", WORLD_KEY);
	assert_false(opens(fx, d, BS_CRED_PSK));
	assert_refused(fx, "unknown identity", BS_OUT_HANDSHAKE_FAILED, "does not know the PSK identity");
}

/* A world whose timers are short: OpenSSL's read a clock of its own. */
static void
init_hasty_world(struct world_fixture *fx, struct world *w)
{
	struct bs_dtls_conf conf = fx->conf;
	struct bs_peer_limits limits;

	bs_peer_limits_init(&limits);
	limits.handshake_ms = HASTY_MS;
	conf.timeout_ms = 40;
	world_init(w, &conf, &limits);
	w->psks[0] = (struct world_psk){ .identity = "dev-psk", .key = WORLD_KEY };
	w->names[0] = (struct world_name){ .name = "dev-cert.example", .anchor = &ca };
}

static void
pass_time(struct world *w, uint64_t until_ms)
{
	usleep((unsigned)(until_ms - w->now_ms) * 1000);
	w->now_ms = until_ms;
	bs_peer_table_tick(w->table, until_ms);
	bs_peer_table_sweep(w->table);
}

static void
nobody_there(void **state)
{
	struct world_fixture *fx = *state;
	struct bs_peer *peer = NULL;
	uint64_t began_ms, due;
	struct world w;
	struct client *c;

	init_hasty_world(fx, &w);
	began_ms = w.now_ms;
	c = device_new(&w, 1, NULL);
	c->deaf = true;
	assert_int_equal(world_dial(&w, c, BS_CRED_PSK, ID, "dev-psk", &peer), BS_OK);
	while (w.closed == 0 && (due = bs_peer_table_next_deadline_ms(w.table)) != BS_NEVER)
		pass_time(&w, due);
	assert_int_equal(w.now_ms, began_ms + HASTY_MS);
	/* After 40, 80, 160, 320 ms, doubled each time (RFC 6347, 4.2.4.1); a slow machine skips one. */
	assert_in_range(w.sent, 4, 5);
	assert_true(w.longest_sent <= 300); /* a ClientHello and nothing more to an address that is not proven */
	assert_int_equal(w.closed, 1);
	assert_int_equal(w.outcome, BS_OUT_HANDSHAKE_TIMEOUT);
	assert_string_equal(w.detail, "nothing answered there");
	assert_int_equal(bs_peer_table_count(w.table), 0);
	world_clear(&w);
}

static void
another_key(void **state)
{
	struct world_fixture *fx = *state;
	struct bs_peer *peer = NULL;
	struct world w;
	struct client *c;

	init_hasty_world(fx, &w);
	c = device_new(&w, 1, "PSK-AES128-CCM8");
	c->timer_ms = 40;
	client_set_psk(c, "dev-psk", WORLD_WRONG_KEY);
	client_start(c);
	assert_int_equal(world_dial(&w, c, BS_CRED_PSK, ID, "dev-psk", &peer), BS_OK);
	world_run(&w);
	assert_int_equal(w.closed, 0); /* the device dropped the Finished */
	usleep(60000);
	assert_int_equal(DTLSv1_handle_timeout(c->ssl), 1); /* and sends its flight again */
	while (w.closed == 0) {
		world_run(&w);
		pass_time(&w, bs_peer_table_next_deadline_ms(w.table));
	}
	assert_int_equal(w.opened, 0);
	assert_int_equal(w.outcome, BS_OUT_KEY_MISMATCH);
	assert_int_equal(w.proof.device.device_id, ID);
	world_clear(&w);
}

/* Every datagram of either side lost, one a time. */
static void
lost_datagrams_come_again(void **state)
{
	struct world_fixture *fx = *state;
	struct bs_peer *peer = NULL;

	for (unsigned lost = 1; lost <= 12; lost++) {
		uint8_t datagram[WORLD_DATAGRAM];
		struct world w;
		struct client *c;
		unsigned sent;
		size_t len;

		init_hasty_world(fx, &w);
		c = device_new(&w, 1, NULL);
		c->timer_ms = 40;
		client_set_cert(c, &device);
		client_start(c);
		c->deaf = lost == 1;
		assert_int_equal(world_dial(&w, c, BS_CRED_CERTIFICATE, ID, "dev-cert.example", &peer), BS_OK);
		c->deaf = false;
		sent = 1;
		for (unsigned turns = 0; turns < 30 && !(w.opened == 1 && c->done); turns++) {
			DTLSv1_handle_timeout(c->ssl);
			client_step(c);
			while ((len = client_take(c, datagram)) > 0) {
				/* Odd: what the server sends upon this; even: this itself. */
				sent++;
				c->deaf = lost % 2 == 1 && sent == (lost + 1) / 2;
				if (lost % 2 == 1 || sent - 1 != lost / 2)
					world_deliver(&w, c, datagram, len);
				c->deaf = false;
			}
			pass_time(&w, w.now_ms + 30);
		}
		if (w.opened != 1)
			fail_msg("lost %u: %s", lost, w.detail);
		world_clear(&w);
	}
}

static void
strangers_at_that_port_get_no_answer(void **state)
{
	struct world_fixture *fx = *state;
	struct client *c = device_new(&fx->w, 1, NULL), *stray = client_new(&fx->w, 2, NULL);
	const struct bs_dtls_counters *n = bs_peer_table_counters(fx->w.table);
	uint8_t hello[WORLD_DATAGRAM];
	size_t len;

	c->deaf = true;
	client_set_psk(c, "dev-psk", WORLD_KEY);
	opens(fx, c, BS_CRED_PSK);
	client_set_psk(stray, "dev-psk", WORLD_KEY);
	client_start(stray);
	len = client_take(stray, hello);
	bs_peer_table_reply(fx->w.table, fx->w.now_ms, &stray->addr, hello, len); /* a ClientHello, at the wrong door */
	assert_int_equal(fx->w.sent, 1);
	assert_int_equal(n->dropped_unknown, 1);
	assert_int_equal(n->cookies_sent, 0);
	assert_int_equal(bs_peer_table_count(fx->w.table), 1);
}

/* One address, both ways: two associations that do not know each other. */
static void
a_device_may_come_by_itself_meanwhile(void **state)
{
	struct world_fixture *fx = *state;
	struct client *c = device_new(&fx->w, 1, NULL);
	struct client *again;
	struct bs_peer *dialled;

	client_set_psk(c, "dev-psk", WORLD_KEY);
	assert_true(opens(fx, c, BS_CRED_PSK));
	dialled = fx->peer;
	again = client_new(
		&fx->w, 1, "PSK-AES128-CCM8"); /* the same address and port; now it gets what is sent there */
	client_set_psk(again, "dev-psk", WORLD_KEY);
	assert_true(client_connects(again));
	assert_ptr_not_equal(fx->w.last_open, dialled);
	assert_int_equal(bs_peer_table_count(fx->w.table), 2);
	client_say(c, "as a server");
	assert_string_equal(fx->w.data, "as a server");
	client_say(again, "as a client");
	assert_string_equal(fx->w.data, "as a client");
	assert_int_equal(fx->w.closed, 0);
	bs_peer_table_close(fx->w.table, dialled);
	bs_peer_table_sweep(fx->w.table);
	assert_int_equal(bs_peer_table_count(fx->w.table), 1);
	client_say(again, "still there");
	assert_string_equal(fx->w.data, "still there");
}

static void
a_second_call_ends_the_first(void **state)
{
	struct world_fixture *fx = *state;
	struct client *deaf = device_new(&fx->w, 1, NULL), *c;
	struct bs_peer *first;

	deaf->deaf = true;
	client_set_psk(deaf, "dev-psk", WORLD_KEY);
	opens(fx, deaf, BS_CRED_PSK);
	client_free(deaf);
	c = device_new(&fx->w, 1, NULL); /* it woke up */
	client_set_psk(c, "dev-psk", WORLD_KEY);
	assert_true(opens(fx, c, BS_CRED_PSK));
	assert_int_equal(fx->w.outcome, BS_OUT_SUPERSEDED);
	assert_int_equal(bs_peer_table_count(fx->w.table), 1);
	/* One that is open stays until the new handshake is done. */
	first = fx->peer;
	client_free(c);
	c = device_new(&fx->w, 1, NULL);
	client_set_psk(c, "dev-psk", WORLD_KEY);
	client_start(c);
	assert_int_equal(world_dial(&fx->w, c, BS_CRED_PSK, ID, "dev-psk", &fx->peer), BS_OK);
	assert_int_equal(bs_peer_get_state(first), BS_PEER_OPEN);
	assert_int_equal(bs_peer_table_count(fx->w.table), 2);
	world_run(&fx->w);
	assert_ptr_equal(fx->w.last_open, fx->peer);
	assert_int_equal(bs_peer_table_count(fx->w.table), 1);
	assert_non_null(strstr(fx->w.detail, "replaced by a new handshake"));
}

static void
limits_hold(void **state)
{
	struct world_fixture *fx = *state;
	struct bs_peer_limits limits;
	struct world w;
	struct client *c, *d, *e;
	struct bs_peer *peer = NULL;

	(void)fx;
	bs_peer_limits_init(&limits);
	limits.half_open = 2;
	world_init(&w, NULL, &limits);
	w.psks[0] = (struct world_psk){ .identity = "dev-psk", .key = WORLD_KEY };
	c = device_new(&w, 1, NULL);
	d = device_new(&w, 2, NULL);
	e = device_new(&w, 3, NULL);
	c->deaf = d->deaf = e->deaf = true;
	assert_int_equal(world_dial(&w, c, BS_CRED_PSK, ID, "dev-psk", &peer), BS_OK);
	assert_int_equal(world_dial(&w, d, BS_CRED_PSK, ID, "dev-psk", &peer), BS_OK);
	assert_int_equal(world_dial(&w, e, BS_CRED_PSK, ID, "dev-psk", &peer), BS_ELIMIT);
	assert_int_equal(w.sent, 2);
	/* no certificate: nothing to show */
	assert_false(bs_dtls_ctx_can_dial(w.ctx, BS_CRED_CERTIFICATE));
	assert_false(bs_dtls_ctx_can_dial(w.ctx, BS_CRED_RAW_KEY));
	assert_true(bs_dtls_ctx_can_dial(w.ctx, BS_CRED_PSK));
	assert_int_equal(world_dial(&w, c, BS_CRED_CERTIFICATE, ID, "dev-cert", &peer), BS_EUNSUPPORTED);
	world_clear(&w);
}

static void
a_device_closes(void **state)
{
	struct world_fixture *fx = *state;
	struct client *c = device_new(&fx->w, 1, NULL);

	client_set_psk(c, "dev-psk", WORLD_KEY);
	assert_true(opens(fx, c, BS_CRED_PSK));
	SSL_shutdown(c->ssl);
	world_run(&fx->w);
	bs_peer_table_sweep(fx->w.table);
	assert_int_equal(fx->w.closed, 1);
	assert_int_equal(fx->w.outcome, BS_OUT_DONE);
	assert_string_equal(fx->w.detail, "closed by the device");
	assert_int_equal(bs_peer_table_count(fx->w.table), 0);
}

/* HelloRequest: this server, as DTLS client, would begin anew. */
static void
a_device_asks_for_renegotiation(void **state)
{
	struct world_fixture *fx = *state;
	struct client *c = device_new(&fx->w, 1, "PSK-AES128-CCM8");

	client_set_psk(c, "dev-psk", WORLD_KEY);
	assert_true(opens(fx, c, BS_CRED_PSK));
	assert_int_equal(SSL_renegotiate(c->ssl), 1);
	SSL_do_handshake(c->ssl);
	world_run(&fx->w);
	assert_int_equal(c->alert, 100); /* no_renegotiation */
	assert_int_equal(fx->w.last_sent[0], 21);
	assert_int_equal(fx->w.opened, 1);
}

static void
the_store_cannot_say(void **state)
{
	struct world_fixture *fx = *state;
	struct client *c = device_new(&fx->w, 1, NULL);

	fx->w.lookup_err = BS_EBUSY;
	client_set_cert(c, &device_raw);
	assert_false(opens(fx, c, BS_CRED_RAW_KEY));
	assert_refused(fx, "busy", BS_OUT_OVERLOAD, "look-up of the credential");
}

/* The limit is on what devices do by themselves. */
static void
the_operator_turns_to_one_that_came_too_often(void **state)
{
	struct world_fixture *fx = *state;
	struct client *c = device_new(&fx->w, 1, NULL);

	fx->w.too_often = true;
	client_set_cert(c, &device_raw);
	assert_true(opens(fx, c, BS_CRED_RAW_KEY));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_three_modes, setup, world_fixture_teardown),
		cmocka_unit_test_setup_teardown(only_suites_of_the_mode_are_offered, setup, world_fixture_teardown),
		cmocka_unit_test_setup_teardown(others_that_answer_are_refused, setup, world_fixture_teardown),
		cmocka_unit_test_setup_teardown(a_device_that_asks_nobody_is_refused, setup, world_fixture_teardown),
		cmocka_unit_test_setup_teardown(a_device_may_refuse_this_server, setup, world_fixture_teardown),
		cmocka_unit_test_setup_teardown(nobody_there, setup, world_fixture_teardown),
		cmocka_unit_test_setup_teardown(another_key, setup, world_fixture_teardown),
		cmocka_unit_test_setup_teardown(lost_datagrams_come_again, setup, world_fixture_teardown),
		cmocka_unit_test_setup_teardown(strangers_at_that_port_get_no_answer, setup, world_fixture_teardown),
		cmocka_unit_test_setup_teardown(a_device_may_come_by_itself_meanwhile, setup, world_fixture_teardown),
		cmocka_unit_test_setup_teardown(a_second_call_ends_the_first, setup, world_fixture_teardown),
		cmocka_unit_test_setup_teardown(limits_hold, setup, world_fixture_teardown),
		cmocka_unit_test_setup_teardown(a_device_closes, setup, world_fixture_teardown),
		cmocka_unit_test_setup_teardown(a_device_asks_for_renegotiation, setup, world_fixture_teardown),
		cmocka_unit_test_setup_teardown(the_store_cannot_say, setup, world_fixture_teardown),
		cmocka_unit_test_setup_teardown(
			the_operator_turns_to_one_that_came_too_often, setup, world_fixture_teardown),
	};

	return cmocka_run_group_tests(tests, setup_group, teardown_group);
}
