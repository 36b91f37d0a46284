/* SPDX-License-Identifier: Apache-2.0 */
/* Whether what a live session has proven is as good as at a handshake that began now. */
#include "tests/lib/test.h"

#include "tests/lib/dtls_world.h"

static struct client *
cert_client(struct world_fixture *fx, unsigned n, const struct pki_cert *cert)
{
	struct client *c = client_new(&fx->w, n, "ECDHE-ECDSA-AES128-CCM8");

	client_set_cert(c, cert);
	return c;
}

static struct client *
client_below_middle(struct world_fixture *fx, unsigned n, const struct pki_cert *cert, const struct pki_cert *issuer)
{
	struct client *c = cert_client(fx, n, cert);

	assert_int_equal(SSL_CTX_add1_chain_cert(c->ssl_ctx, issuer->cert), 1);
	return c;
}

static void
a_list_against_an_issuer_in_the_middle_ends_live_sessions(void **state)
{
	struct world_fixture *fx = *state;
	struct pki_cert below;

	pki_make(&below, "dev-cert", &world_keys.middle, NULL);
	assert_true(client_connects(client_below_middle(fx, 1, &below, &world_keys.middle)));
	assert_true(client_connects(cert_client(fx, 2, &world_keys.device)));
	fx->conf.crls = fx->crls;
	fx->conf.crl_count = 1;
	fx->crls[0] = pki_write_crl(&world_keys.ca, &world_keys.middle, 86400);
	world_fixture_reload(fx);
	bs_peer_table_recheck(fx->w.table, fx->w.now_ms);
	assert_int_equal(fx->w.closed, 1);
	world_assert_outcome(&fx->w, BS_OUT_CERT_REVOKED);
	assert_int_equal(bs_peer_table_count(fx->w.table), 1);
	/* A list that the issuer in the middle has signed, whom nobody knows but by the device. */
	assert_int_equal(fx->w.opened, 2);
	fx->crls[0] = pki_write_crl(&world_keys.ca2, &world_keys.device, 86400);
	world_fixture_reload(fx);
	assert_true(client_connects(client_below_middle(fx, 3, &below, &world_keys.middle)));
	fx->crls[0] = pki_write_crl(&world_keys.middle, &below, 86400);
	world_fixture_reload(fx);
	bs_peer_table_recheck(fx->w.table, fx->w.now_ms);
	assert_int_equal(fx->w.closed, 2);
	pki_clear(&below);
}

static void
a_session_ends_with_the_first_certificate_of_its_path(void **state)
{
	struct world_fixture *fx = *state;
	const struct pki_options brief = { .ca = true, .from_s = -3600, .until_s = 600 };
	struct pki_cert issuer, below;

	pki_make(&issuer, "brief CA", &world_keys.ca, &brief);
	pki_make(&below, "dev-cert", &issuer, NULL);
	assert_true(client_connects(client_below_middle(fx, 1, &below, &issuer)));
	fx->w.now_ms += 590 * 1000;
	bs_peer_table_tick(fx->w.table, fx->w.now_ms);
	assert_int_equal(fx->w.closed, 0);
	fx->w.now_ms += 20 * 1000;
	bs_peer_table_tick(fx->w.table, fx->w.now_ms);
	assert_int_equal(fx->w.closed, 1);
	world_assert_outcome(&fx->w, BS_OUT_DONE);
	pki_clear(&below);
	pki_clear(&issuer);
}

enum change {
	NO_CHANGE,
	OTHER_DEVICE,
	GONE,
	DISABLED,
	OTHER_KEY,
	STORE_BUSY,
	TOO_OFTEN,
	LEAF_LISTED,
	NO_ANCHOR,
	PIN_GONE
};

static void
apply_change(struct world_fixture *fx, enum change change)
{
	struct world *w = &fx->w;

	fx->conf.crls = fx->crls;
	fx->crls[0] = pki_write_crl(
		&world_keys.ca, change == LEAF_LISTED ? &world_keys.device : &world_keys.middle, 86400);
	fx->conf.crl_count = 1;
	if (change == NO_ANCHOR)
		fx->anchors[0] = fx->anchors[1] = pki_write_cert(&world_keys.stranger_ca);
	world_fixture_reload(fx);
	if (change == OTHER_DEVICE) { /* the number is that of the row */
		w->psks[1] = w->psks[0];
		w->raws[1] = w->raws[0];
		w->psks[0].identity = w->raws[0].endpoint = "nobody";
		w->raws[0].key = &world_keys.ca;
	}
	if (change == GONE) {
		w->psks[0].identity = "nobody";
		w->raws[0].key = &world_keys.ca;
		w->names[0].name = "nobody";
	}
	if (change == DISABLED)
		w->psks[0].disabled = w->raws[0].disabled = true;
	if (change == OTHER_KEY)
		w->psks[0].key = WORLD_WRONG_KEY;
	w->too_often = change == TOO_OFTEN;
	if (change == STORE_BUSY)
		w->lookup_err = BS_EBUSY;
	if (change == PIN_GONE || change == LEAF_LISTED)
		w->pinned[0].key = NULL;
}

static void
what_was_proven_is_verified_anew(void **state)
{
	static const struct {
		const char *name;
		enum { A_PSK, A_RAW_KEY, A_NAME, A_PIN } kind;
		enum change change;
		enum bs_standing standing;
		enum bs_outcome outcome;
	} rows[] = {
		{ "a key as it was", A_PSK, NO_CHANGE, BS_STANDING_GOOD, 0 },
		{ "a key of a device that came too often since", A_PSK, TOO_OFTEN, BS_STANDING_GOOD, 0 },
		{ "another key under the identity", A_PSK, OTHER_KEY, BS_STANDING_CHANGED, BS_OUT_SUPERSEDED },
		{ "no such identity", A_PSK, GONE, BS_STANDING_CHANGED, BS_OUT_SUPERSEDED },
		{ "the identity of another device", A_PSK, OTHER_DEVICE, BS_STANDING_LOST, BS_OUT_SUPERSEDED },
		{ "a key, and a store that is busy", A_PSK, STORE_BUSY, BS_STANDING_UNKNOWN, BS_OUT_OVERLOAD },
		{ "a raw key as it was", A_RAW_KEY, NO_CHANGE, BS_STANDING_GOOD, 0 },
		{ "a raw key of a device that came too often since", A_RAW_KEY, TOO_OFTEN, BS_STANDING_GOOD, 0 },
		{ "no such raw key", A_RAW_KEY, GONE, BS_STANDING_CHANGED, BS_OUT_SUPERSEDED },
		{ "the raw key of another device", A_RAW_KEY, OTHER_DEVICE, BS_STANDING_LOST, BS_OUT_SUPERSEDED },
		{ "the raw key of a disabled device", A_RAW_KEY, DISABLED, BS_STANDING_LOST, BS_OUT_DEVICE_DISABLED },
		{ "a raw key, and a store that is busy", A_RAW_KEY, STORE_BUSY, BS_STANDING_UNKNOWN, BS_OUT_OVERLOAD },
		{ "a name as it was", A_NAME, NO_CHANGE, BS_STANDING_GOOD, 0 },
		{ "a name of a device that came too often since", A_NAME, TOO_OFTEN, BS_STANDING_GOOD, 0 },
		{ "a name that nobody has", A_NAME, GONE, BS_STANDING_LOST, BS_OUT_CERT_NOT_MAPPED },
		{ "a name on a revoked certificate", A_NAME, LEAF_LISTED, BS_STANDING_LOST, BS_OUT_CERT_REVOKED },
		{ "a name without anchor", A_NAME, NO_ANCHOR, BS_STANDING_LOST, BS_OUT_CERT_UNTRUSTED },
		{ "a name, and a store that is busy", A_NAME, STORE_BUSY, BS_STANDING_UNKNOWN, BS_OUT_OVERLOAD },
		{ "a pinned certificate as it was", A_PIN, NO_CHANGE, BS_STANDING_GOOD, 0 },
		{ "a pinned certificate of a device that came too often since", A_PIN, TOO_OFTEN, BS_STANDING_GOOD, 0 },
		{ "one that is pinned no more", A_PIN, PIN_GONE, BS_STANDING_CHANGED, BS_OUT_SUPERSEDED },
		{ "one that is pinned no more, and revoked", A_PIN, LEAF_LISTED, BS_STANDING_LOST,
			BS_OUT_CERT_REVOKED },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world_fixture *fx;
		enum bs_outcome outcome = BS_OUTCOME_COUNT;
		enum bs_standing standing;
		struct client *c;
		char detail[160];
		void *mine;

		world_keys_fixture(&mine);
		fx = mine;
		if (rows[i].kind == A_PIN) {
			fx->w.names[0].name = "nobody";
			fx->w.pinned[0] = (struct world_key){ &world_keys.device, "dev-pinned", false };
		}
		if (rows[i].kind == A_PSK) {
			c = client_new(&fx->w, 1, "PSK-AES128-CCM8");
			client_set_psk(c, "dev-psk", WORLD_KEY);
		} else {
			c = cert_client(fx, 1, rows[i].kind == A_RAW_KEY ? &world_keys.device_raw : &world_keys.device);
		}
		assert_true(client_connects(c));
		apply_change(fx, rows[i].change);
		assert_true(bs_peer_get_generation(fx->w.last_open) < bs_dtls_ctx_get_generation(fx->w.ctx));
		standing = bs_peer_verify(fx->w.last_open, &outcome, detail, sizeof(detail));
		if (standing != rows[i].standing)
			fail_msg("%s: standing %d (%s), not %d", rows[i].name, standing, detail, rows[i].standing);
		if (standing != BS_STANDING_GOOD && outcome != rows[i].outcome)
			fail_msg("%s: %s", rows[i].name, bs_outcome_word(outcome));
		world_fixture_teardown(&mine);
	}
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, world_keys_fixture, world_fixture_teardown)
	const struct CMUnitTest tests[] = {
		T(a_list_against_an_issuer_in_the_middle_ends_live_sessions),
		T(a_session_ends_with_the_first_certificate_of_its_path),
		cmocka_unit_test(what_was_proven_is_verified_anew),
	};

	return cmocka_run_group_tests(tests, world_keys_setup, world_keys_teardown);
}
