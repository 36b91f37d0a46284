/* SPDX-License-Identifier: Apache-2.0 */
/* The three modes on one context, the four suites that LwM2M names, and what each leaves as proof. */
#include "tests/lib/test.h"

#include "tests/lib/dtls_world.h"

static struct pki_cert ca, server, server_raw, device, device_raw;

static void
fill_store(struct world *w)
{
	w->psks[0] = (struct world_psk){ .identity = "dev-psk", .key = WORLD_KEY };
	w->raws[0] = (struct world_key){ .key = &device_raw, .endpoint = "dev-raw" };
	w->names[0] = (struct world_name){ .name = "dev-cert", .anchor = &ca };
}

static int
setup_group(void **state)
{
	const struct pki_options for_ca = { .ca = true }, for_server = { .extended_usage = "serverAuth" };

	(void)state;
	pki_make(&ca, "test CA", NULL, &for_ca);
	pki_make(&server, "localhost", &ca, &for_server);
	pki_make(&device, "dev-cert", &ca, NULL);
	pki_make_raw(&device_raw, "P-256");
	pki_make_raw(&server_raw, "P-256");
	return 0;
}

static int
teardown_group(void **state)
{
	struct pki_cert *const all[] = { &ca, &server, &server_raw, &device, &device_raw };

	(void)state;
	pki_clear_all(all, sizeof(all) / sizeof(all[0]));
	return 0;
}

static int
setup(void **state)
{
	struct world_fixture *fx = test_calloc(1, sizeof(*fx));

	world_fixture_init(fx, &server, NULL, &ca, NULL);
	fill_store(&fx->w);
	*state = fx;
	return 0;
}

static void
assert_talks(struct client *c, const char *endpoint, enum bs_credential_kind kind)
{
	struct world *w = c->world;
	unsigned received = c->received;

	w->echo = true;
	client_say(c, "hello, bootstrap");
	assert_string_equal(w->data, "hello, bootstrap");
	assert_int_equal(c->received, received + 1);
	assert_true(w->proof.has_device);
	assert_string_equal(w->proof.device.endpoint, endpoint);
	assert_int_equal(w->proof.kind, kind);
}

/* covers: trap 33 */
static void
each_suite_opens_in_its_mode(void **state)
{
	static const struct {
		const char *suite;
		enum bs_credential_kind kind;
	} rows[] = {
		{ "PSK-AES128-CCM8", BS_CRED_PSK },
		{ "PSK-AES128-CBC-SHA256", BS_CRED_PSK },
		{ "PSK-AES128-GCM-SHA256", BS_CRED_PSK },
		{ "PSK-AES128-CCM", BS_CRED_PSK },
		{ "ECDHE-ECDSA-AES128-CCM8", BS_CRED_RAW_KEY },
		{ "ECDHE-ECDSA-AES128-SHA256", BS_CRED_RAW_KEY },
		{ "ECDHE-ECDSA-AES128-CCM8", BS_CRED_CERTIFICATE },
		{ "ECDHE-ECDSA-AES128-SHA256", BS_CRED_CERTIFICATE },
		{ "ECDHE-ECDSA-AES128-GCM-SHA256", BS_CRED_CERTIFICATE },
		{ "ECDHE-ECDSA-AES128-CCM", BS_CRED_CERTIFICATE },
	};
	static const char *const endpoints[] = { "dev-psk", "dev-raw", "dev-cert" };
	struct world_fixture *fx = *state;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct client *c = client_new(&fx->w, i, rows[i].suite);

		client_set_psk(c, "dev-psk", WORLD_KEY);
		if (rows[i].kind != BS_CRED_PSK)
			client_set_cert(c, rows[i].kind == BS_CRED_RAW_KEY ? &device_raw : &device);
		if (!client_connects(c))
			fail_msg("%s: %s", rows[i].suite, fx->w.detail);
		assert_string_equal(fx->w.proof.suite, rows[i].suite);
		assert_int_equal(c->saw_raw_key, rows[i].kind == BS_CRED_RAW_KEY);
		assert_int_equal(SSL_version(c->ssl), DTLS1_2_VERSION);
		assert_int_equal(SSL_get_extms_support(c->ssl), 1);
		assert_false(SSL_SESSION_has_ticket(SSL_get0_session(c->ssl)));
		assert_talks(c, endpoints[rows[i].kind], rows[i].kind);
	}
	assert_int_equal(bs_peer_table_count(fx->w.table), 10);
	assert_int_equal(bs_peer_table_half_open(fx->w.table), 0);
}

static void
the_server_prefers_gcm_to_ccm8_to_cbc(void **state)
{
	struct world_fixture *fx = *state;
	struct client *c = client_new(&fx->w, 1, "PSK-AES128-CBC-SHA256:PSK-AES128-CCM8:PSK-AES128-GCM-SHA256");
	struct client *d = client_new(&fx->w, 2, "PSK-AES128-CBC-SHA256:PSK-AES128-CCM8");

	client_set_psk(c, "dev-psk", WORLD_KEY);
	client_set_psk(d, "dev-psk", WORLD_KEY);
	assert_true(client_connects(c));
	assert_string_equal(fx->w.proof.suite, "PSK-AES128-GCM-SHA256");
	assert_true(client_connects(d));
	assert_string_equal(fx->w.proof.suite, "PSK-AES128-CCM8");
}

static void
psk_without_any_certificate(void **state)
{
	struct world w;
	struct client *c, *d;

	(void)state;
	world_init(&w, NULL, NULL);
	fill_store(&w);
	c = client_new(&w, 1, NULL);
	client_set_psk(c, "dev-psk", WORLD_KEY);
	assert_true(client_connects(c));
	assert_talks(c, "dev-psk", BS_CRED_PSK);
	d = client_new(&w, 2, "ECDHE-ECDSA-AES128-CCM8");
	client_set_cert(d, &device);
	assert_false(client_connects(d));
	assert_int_equal(w.outcome, BS_OUT_NO_COMMON_SUITE);
	world_clear(&w);
}

static void
the_second_key_under_one_identity(void **state)
{
	struct world_fixture *fx = *state;
	struct client *c = client_new(&fx->w, 1, "PSK-AES128-CCM8");

	fx->w.psks[0].next = WORLD_WRONG_KEY;
	fx->w.psks[0].first = 1;
	client_set_psk(c, "dev-psk", WORLD_WRONG_KEY);
	assert_true(client_connects(c));
	assert_int_equal(fx->w.proof.psk_slot, 1);
}

static void
certificate_types_follow_the_clients_order(void **state)
{
	static const unsigned char raw_first[] = { TLSEXT_cert_type_rpk, TLSEXT_cert_type_x509 };
	static const unsigned char x509_first[] = { TLSEXT_cert_type_x509, TLSEXT_cert_type_rpk };
	struct world_fixture *fx = *state;

	/* The key of the certificate is registered as raw key, so both ways lead in. */
	fx->w.raws[0].key = &device;
	for (unsigned prefer = 0; prefer < 2; prefer++) {
		struct bs_dtls_conf conf = fx->conf;
		struct bs_diag diag;

		conf.prefer_raw_key = prefer != 0;
		assert_int_equal(world_ctx_reload(fx->w.ctx, &conf, &diag), BS_OK);
		for (unsigned i = 0; i < 2; i++) {
			struct client *c = client_new(&fx->w, 10 * prefer + i, NULL);
			bool raw = i == 0 || prefer != 0;

			client_set_cert(c, &device);
			client_set_types(c, i == 0 ? raw_first : x509_first, 2);
			assert_true(client_connects(c));
			assert_int_equal(fx->w.proof.kind, raw ? BS_CRED_RAW_KEY : BS_CRED_CERTIFICATE);
			assert_int_equal(c->saw_raw_key, raw);
		}
	}
}

/* As libcoap with GnuTLS says hello with a raw key. */
static void
a_client_with_a_raw_key_alone_is_shown_one(void **state)
{
	static const unsigned char raw[] = { TLSEXT_cert_type_rpk },
				   x509_first[] = { TLSEXT_cert_type_x509, TLSEXT_cert_type_rpk };
	struct world_fixture *fx = *state;
	struct client *c = client_new(&fx->w, 1, NULL);

	fx->w.raws[0].key = &device;
	client_set_cert(c, &device);
	assert_int_equal(SSL_CTX_set1_client_cert_type(c->ssl_ctx, raw, 1), 1);
	assert_int_equal(SSL_CTX_set1_server_cert_type(c->ssl_ctx, x509_first, 2), 1);
	assert_true(client_connects(c));
	assert_int_equal(fx->w.proof.kind, BS_CRED_RAW_KEY);
	assert_true(c->saw_raw_key);
}

static void
assert_key(const struct client *c, const struct pki_cert *expected)
{
	uint8_t hash[32];

	pki_spki_hash(expected, hash);
	assert_memory_equal(c->server_cert_hash, hash, sizeof(hash));
}

static void
a_raw_key_apart_from_the_certificate(void **state)
{
	struct world_fixture *fx = *state;
	struct bs_dtls_identity identity = fx->identity;
	struct bs_dtls_conf conf = fx->conf;
	struct client *c = client_new(&fx->w, 1, NULL), *d = client_new(&fx->w, 2, NULL);
	struct bs_diag diag;

	identity.raw_key = pki_write_key(&server_raw);
	conf.identities = &identity;
	assert_int_equal(world_ctx_reload(fx->w.ctx, &conf, &diag), BS_OK);
	client_set_cert(c, &device_raw);
	assert_true(client_connects(c));
	assert_key(c, &server_raw);
	assert_talks(c, "dev-raw", BS_CRED_RAW_KEY);
	client_set_cert(d, &device);
	assert_true(client_connects(d));
	assert_key(d, &server);
	assert_talks(d, "dev-cert", BS_CRED_CERTIFICATE);
}

static void
identities_by_server_name(void **state)
{
	struct world_fixture *fx = *state;
	const struct pki_options for_server = { .extended_usage = "serverAuth" };
	struct bs_dtls_identity two[2] = { fx->identity };
	struct bs_dtls_conf conf = fx->conf;
	struct pki_cert other;
	struct bs_diag diag;
	static const struct {
		const char *name;
		bool other;
	} rows[] = { { "new.example", true }, { "NEW.Example", true }, { "old.example", false }, { NULL, false } };

	pki_make(&other, "new.example", &ca, &for_server);
	two[1].certificate = pki_write_cert(&other);
	two[1].private_key = pki_write_key(&other);
	two[1].sni = "new.example";
	conf.identities = two;
	conf.identity_count = 2;
	assert_int_equal(world_ctx_reload(fx->w.ctx, &conf, &diag), BS_OK);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct client *c = client_new(&fx->w, i, NULL), *d = client_new(&fx->w, 20 + i, NULL);

		client_set_cert(c, &device);
		client_set_cert(d, &device_raw);
		c->server_name = d->server_name = rows[i].name;
		assert_true(client_connects(c));
		assert_key(c, rows[i].other ? &other : &server);
		assert_true(client_connects(d));
		assert_key(d, rows[i].other ? &other : &server);
	}
	pki_clear(&other);
}

static void
the_chain_is_the_one_in_the_file(void **state)
{
	struct world_fixture *fx = *state;
	struct client *c = client_new(&fx->w, 1, NULL);

	/* The devices' anchor, which issued the server's certificate here, is not sent along. */
	client_set_cert(c, &device);
	assert_true(client_connects(c));
	assert_int_equal(sk_X509_num(SSL_get_peer_cert_chain(c->ssl)), 1);
}

static void
an_identity_without_certificate(void **state)
{
	struct world_fixture *fx = *state;
	struct bs_dtls_identity two[2] = { fx->identity, { .raw_key = NULL } };
	struct bs_dtls_conf conf = fx->conf;
	struct bs_diag diag;
	struct client *raw = client_new(&fx->w, 1, NULL), *cert = client_new(&fx->w, 2, "ECDHE-ECDSA-AES128-CCM8");
	struct client *psk = client_new(&fx->w, 3, NULL);

	two[1].raw_key = pki_write_key(&server_raw);
	two[1].sni = "raw.example";
	conf.identities = two;
	conf.identity_count = 2;
	assert_int_equal(world_ctx_reload(fx->w.ctx, &conf, &diag), BS_OK);
	raw->server_name = cert->server_name = psk->server_name = two[1].sni;
	client_set_cert(raw, &device_raw);
	assert_true(client_connects(raw));
	assert_key(raw, &server_raw);
	client_set_cert(cert, &device); /* knows X.509 alone: the other identity must not step in */
	assert_false(client_connects(cert));
	assert_int_equal(fx->w.outcome, BS_OUT_NO_COMMON_SUITE);
	client_set_psk(psk, "dev-psk", WORLD_KEY); /* offers everything; PSK is what is left */
	assert_true(client_connects(psk));
	assert_talks(psk, "dev-psk", BS_CRED_PSK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_suite_opens_in_its_mode, setup, world_fixture_teardown),
		cmocka_unit_test_setup_teardown(the_server_prefers_gcm_to_ccm8_to_cbc, setup, world_fixture_teardown),
		cmocka_unit_test(psk_without_any_certificate),
		cmocka_unit_test_setup_teardown(the_second_key_under_one_identity, setup, world_fixture_teardown),
		cmocka_unit_test_setup_teardown(
			certificate_types_follow_the_clients_order, setup, world_fixture_teardown),
		cmocka_unit_test_setup_teardown(
			a_client_with_a_raw_key_alone_is_shown_one, setup, world_fixture_teardown),
		cmocka_unit_test_setup_teardown(a_raw_key_apart_from_the_certificate, setup, world_fixture_teardown),
		cmocka_unit_test_setup_teardown(identities_by_server_name, setup, world_fixture_teardown),
		cmocka_unit_test_setup_teardown(the_chain_is_the_one_in_the_file, setup, world_fixture_teardown),
		cmocka_unit_test_setup_teardown(an_identity_without_certificate, setup, world_fixture_teardown),
	};

	return cmocka_run_group_tests(tests, setup_group, teardown_group);
}
