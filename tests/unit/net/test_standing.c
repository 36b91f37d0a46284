/* SPDX-License-Identifier: Apache-2.0 */
/* Who is as good no more as at a new handshake gets no key, at whatever moment that comes to pass. */
#include "tests/lib/test.h"

#include <stdlib.h>

#include "server/base/log.h"
#include "tests/lib/worker_world.h"

static struct pki_cert ca, ca2, middle, server, leaf, direct, raw;

static int
setup_group(void **state)
{
	const struct pki_options for_ca = { .ca = true }, for_server = { .extended_usage = "serverAuth" };

	(void)state;
	pki_make(&ca, "test CA", NULL, &for_ca);
	pki_make(&ca2, "test CA 2", NULL, &for_ca);
	pki_make(&middle, "middle CA", &ca, &for_ca);
	pki_make(&server, "localhost", &ca, &for_server);
	pki_make(&leaf, "dev", &middle, NULL);
	pki_make(&direct, "dev", &ca, NULL);
	pki_make_raw(&raw, "P-256");
	return 0;
}

static int
teardown_group(void **state)
{
	struct pki_cert *const all[] = { &ca, &ca2, &middle, &server, &leaf, &direct, &raw };

	(void)state;
	pki_clear_all(all, sizeof(all) / sizeof(all[0]));
	return 0;
}

/* ---- what the operator does --------------------------------------------------------------------------------------- */

static void
reload(struct worker_world *w)
{
	if (worker_world_reload(w) != BS_OK)
		fail_msg("%s", w->diag.text);
}

static void
revoke_leaf(struct worker_world *w)
{
	w->crls[0] = pki_write_crl(&middle, &leaf, 86400);
	reload(w);
}

static void
revoke_middle(struct worker_world *w)
{
	w->crls[0] = pki_write_crl(&ca, &middle, 86400);
	reload(w);
}

static void
remove_anchor(struct worker_world *w)
{
	w->anchors[0] = pki_write_cert(&ca2);
	reload(w);
}

static void
disable(struct worker_world *w)
{
	assert_int_equal(bs_store_enable_device(w->writer, "dev", false), BS_OK);
}

static void delete (struct worker_world *w)
{
	assert_int_equal(bs_store_delete_device(w->writer, "dev"), BS_OK);
}

static void
settle_on(struct worker_world *w, const struct bs_bootstrap_def *next)
{
	struct bs_conflict conflict;

	assert_int_equal(bs_store_set_next(w->writer, "dev", next, &conflict, &w->diag), BS_OK);
	assert_int_equal(bs_store_settle(w->writer, "dev"), BS_OK);
}

/* The same identity with another key. */
static void
replace_key(struct worker_world *w)
{
	struct bs_secret key = { 0 };
	struct bs_bootstrap_def next = { .mode = BS_MODE_PSK, .identity = WORKER_WORLD_IDENTITY, .key = &key };

	assert_int_equal(
		bs_secret_set(&key, "\x5a\xa2\x93\x44\xe5\x06\xf7\x18\x29\xba\x4b\x5c\x6d\x8e\xaf\x99", 16), BS_OK);
	settle_on(w, &next);
}

static void
replace_raw_key(struct worker_world *w)
{
	struct bs_bootstrap_def next = { .mode = BS_MODE_RPK };
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(direct.key, &der);

	next.spki = der;
	next.spki_len = (size_t)len;
	settle_on(w, &next);
	OPENSSL_free(der);
}

static void
replace_certificate(struct worker_world *w)
{
	struct bs_bootstrap_def next = { .mode = BS_MODE_X509, .has_certificate = true };

	memset(next.certificate_sha256, 0x5e, sizeof(next.certificate_sha256));
	settle_on(w, &next);
}

static void
change_anchor(struct worker_world *w)
{
	static const char *const servers[] = { "a", "b" };
	struct bs_profile_def def = { .servers = servers, .server_count = 2, .has_anchor = true };

	bs_profile_init(&def.profile);
	snprintf(def.profile.name, sizeof(def.profile.name), "p");
	pki_spki_hash(&ca2, def.anchor_sha256);
	assert_int_equal(bs_store_replace_profile(w->writer, &def, &w->diag), BS_OK);
}

/* A device that nobody knew, and another's server: nothing of it concerns this one. */
static void
change_nothing_of_it(struct worker_world *w)
{
	const struct bs_server_def def = {
		.name = "c", .ssid = 107, .mode = BS_MODE_PSK, .uri = "coaps://example.org"
	};

	assert_int_equal(bs_store_add_server(w->writer, &def, &w->diag), BS_OK);
	reload(w);
}

/* ---- the matrix --------------------------------------------------------------------------------------------------- */

static const struct worker_device
	x509 = { .endpoint = "dev", .mode = BS_MODE_X509, .on_change = BS_CHANGE_KEEP, .cert = &leaf, .anchor = &ca },
	pinned = { .endpoint = "dev", .mode = BS_MODE_X509, .on_change = BS_CHANGE_CLOSE_AFTER_RUN, .cert = &direct },
	raw_close = { .endpoint = "dev", .mode = BS_MODE_RPK, .on_change = BS_CHANGE_CLOSE, .cert = &raw },
	key_after = { .endpoint = "dev", .mode = BS_MODE_PSK, .on_change = BS_CHANGE_CLOSE_AFTER_RUN },
	key_close = { .endpoint = "dev", .mode = BS_MODE_PSK, .on_change = BS_CHANGE_CLOSE },
	key_keep = { .endpoint = "dev", .mode = BS_MODE_PSK, .on_change = BS_CHANGE_KEEP },
	blocks = { .endpoint = "dev", .mode = BS_MODE_PSK, .block_size = 16 },
	quick = { .endpoint = "dev", .mode = BS_MODE_PSK, .ack_timeout_ms = 200 };

#define ALWAYS(outcome) \
	{ \
		outcome, outcome, outcome, outcome \
	}

static const struct cause {
	const char *name;
	const struct worker_device *device;
	void (*change)(struct worker_world *w);
	enum bs_outcome outcome[4]; /* by moment */
} causes[] = {
	{ "nothing of it changed", &x509, change_nothing_of_it, ALWAYS(BS_OUT_DONE) },
	{ "its certificate is revoked", &x509, revoke_leaf, ALWAYS(BS_OUT_CERT_REVOKED) },
	{ "an issuer in the middle is revoked", &x509, revoke_middle, ALWAYS(BS_OUT_CERT_REVOKED) },
	{ "its anchor is trusted no more", &x509, remove_anchor, ALWAYS(BS_OUT_CERT_UNTRUSTED) },
	{ "its profile has another anchor", &x509, change_anchor, ALWAYS(BS_OUT_CERT_NOT_MAPPED) },
	{ "it is disabled", &key_keep, disable, ALWAYS(BS_OUT_DEVICE_DISABLED) },
	{ "a device with a certificate is disabled", &x509, disable, ALWAYS(BS_OUT_DEVICE_DISABLED) },
	{ "it is deleted", &key_keep, delete, ALWAYS(BS_OUT_DEVICE_DISABLED) },
	{ "its key is replaced, policy close", &key_close, replace_key, ALWAYS(BS_OUT_SUPERSEDED) },
	{ "its raw key is replaced, policy close", &raw_close, replace_raw_key, ALWAYS(BS_OUT_SUPERSEDED) },
	{ "its key is replaced, policy close-after-run", &key_after, replace_key,
		{ BS_OUT_SUPERSEDED, BS_OUT_SUPERSEDED, BS_OUT_DONE, BS_OUT_DONE } },
	{ "its pinned certificate is replaced, policy close-after-run", &pinned, replace_certificate,
		{ BS_OUT_SUPERSEDED, BS_OUT_SUPERSEDED, BS_OUT_DONE, BS_OUT_DONE } },
	{ "its key is replaced, policy keep", &key_keep, replace_key,
		{ BS_OUT_SUPERSEDED, BS_OUT_DONE, BS_OUT_DONE, BS_OUT_DONE } },
};

static const struct moment {
	const char *name;
	enum worker_hold hold;
	unsigned writes; /* of /0 that it had by then */
} moments[] = {
	{ "before its Finished", HOLD_FINISHED, 0 },
	{ "before its request", HOLD_REQUEST, 0 },
	{ "before the first Write of /0", HOLD_FIRST_WRITE, 0 },
	{ "between two Writes of /0", HOLD_SECOND_WRITE, 1 },
};

static unsigned
tell(const struct cause *cause, const struct moment *moment, const char *what)
{
	print_message("%s, %s: %s\n", cause->name, moment->name, what);
	return 1;
}

/* Returns how much of it was otherwise than wanted. */
static unsigned
try_one(const struct cause *cause, size_t at)
{
	const struct pki_cert *const chain[] = { &middle };
	const struct moment *moment = &moments[at];
	enum bs_outcome wanted = cause->outcome[at], got;
	unsigned writes = wanted == BS_OUT_DONE ? 2 : moment->writes;
	struct worker_world w = { .anchors = { pki_write_cert(&ca) },
		.server_cert = pki_write_cert(&server),
		.server_key = pki_write_key(&server) };
	struct worker_client *c;
	unsigned wrong = 0;

	worker_world_init(&w, cause->device, 1, 1);
	c = worker_client_new(&w, 0, cause->device, chain, cause->device == &x509 ? 1 : 0);
	worker_client_run(c, moment->hold);
	if (worker_client_security_writes(c) != moment->writes)
		fail_msg("%s, %s: it did not come so far", cause->name, moment->name);
	if (moment->hold == HOLD_FINISHED)
		worker_world_await_look_up(&w, 0);
	cause->change(&w);
	worker_client_run(c, HOLD_NOWHERE);
	got = worker_world_outcome(&w, "dev");
	if (got != wanted)
		wrong += tell(cause, moment, got < BS_OUTCOME_COUNT ? bs_outcome_word(got) : "no outcome");
	if (worker_client_security_writes(c) != writes)
		wrong += tell(cause, moment, "another number of Writes of /0");
	if (wanted != BS_OUT_DONE && !worker_client_is_closed(c) && worker_world_has_sessions(&w, 0))
		wrong += tell(cause, moment, "its session was not closed");
	worker_client_free(c);
	worker_world_clear(&w);
	pki_remove_files();
	return wrong;
}

static void
no_key_leaves_for_who_lost_the_right_to_it(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++)
		for (size_t at = 0; at < sizeof(moments) / sizeof(moments[0]); at++)
			wrong += try_one(&causes[i], at);
	assert_int_equal(wrong, 0);
}

/* What a message is part of makes no difference: each passes the same place. */
static void
neither_a_later_block_nor_a_repetition_leaves(void **state)
{
	static const struct {
		const char *name;
		const struct worker_device *device;
		enum worker_hold hold;
		bool listen, disable;
	} rows[] = {
		{ "blocks of a Write", &blocks, HOLD_SECOND_WRITE, false, false },
		{ "blocks of a Write, disabled after the first", &blocks, HOLD_SECOND_WRITE, false, true },
		{ "blocks of a pack", &blocks, HOLD_PACK, false, false },
		{ "blocks of a pack, disabled after the first", &blocks, HOLD_PACK, false, true },
		{ "repetitions of a Write", &quick, HOLD_SECOND_WRITE, true, false },
		{ "repetitions of a Write, disabled after the first", &quick, HOLD_SECOND_WRITE, true, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct worker_world w = { .anchors = { pki_write_cert(&ca) },
			.server_cert = pki_write_cert(&server),
			.server_key = pki_write_key(&server) };
		struct worker_client *c;
		unsigned writes;

		worker_world_init(&w, rows[i].device, 1, 1);
		c = worker_client_new(&w, 0, rows[i].device, NULL, 0);
		worker_client_run(c, rows[i].hold);
		assert_int_equal(worker_client_security_writes(c), 1);
		if (rows[i].disable)
			disable(&w);
		if (rows[i].listen)
			worker_client_listen(c);
		else
			worker_client_run(c, HOLD_NOWHERE);
		writes = worker_client_security_writes(c);
		if (rows[i].disable ? writes != 1 : writes < 3)
			fail_msg("%s: %u messages", rows[i].name, writes);
		if (rows[i].disable)
			assert_int_equal(worker_world_outcome(&w, "dev"), BS_OUT_DEVICE_DISABLED);
		worker_client_free(c);
		worker_world_clear(&w);
		pki_remove_files();
	}
}

/* ---- reload ------------------------------------------------------------------------------------------------------- */

/* May a new device of that kind in at this worker? */
static bool
bootstraps(struct worker_world *w, unsigned worker)
{
	const struct pki_cert *const chain[] = { &middle };
	struct worker_client *c = worker_client_new(w, worker, &x509, chain, 1);
	bool done;

	worker_client_run(c, HOLD_NOWHERE);
	done = worker_client_finishes(c) > 0;
	worker_client_free(c);
	return done;
}

/* The second worker has no thread yet: it answers nothing, and finds its mail later. */
static void
a_reload_that_one_worker_does_not_answer_is_taken_up_by_none(void **state)
{
	struct worker_world w = { .anchors = { pki_write_cert(&ca) },
		.server_cert = pki_write_cert(&server),
		.server_key = pki_write_key(&server) };
	const char *anchor = w.anchors[0];

	(void)state;
	worker_world_init(&w, &x509, 2, 1);
	w.admin.reload_wait_ms = 300;
	w.anchors[0] = pki_write_cert(&ca2);
	assert_int_equal(worker_world_reload(&w), BS_ETIMEOUT);
	assert_non_null(strstr(w.admin.reload_failure.text, "worker 1 "));
	assert_int_equal(w.admin.reload_failure.err, BS_ETIMEOUT);
	assert_true(bootstraps(&w, 0));
	worker_world_start(&w, 1);
	assert_true(bootstraps(&w, 1));
	assert_true(bootstraps(&w, 0));
	w.admin.reload_wait_ms = 5000;
	reload(&w);
	assert_int_equal(w.admin.reload_failure.err, BS_OK);
	assert_false(bootstraps(&w, 0));
	assert_false(bootstraps(&w, 1));
	w.anchors[0] = anchor;
	reload(&w);
	assert_true(bootstraps(&w, 0));
	assert_true(bootstraps(&w, 1));
	worker_world_clear(&w);
	pki_remove_files();
}

static void
a_reload_of_bad_files_is_taken_up_by_none(void **state)
{
	struct worker_world w = { .anchors = { pki_write_cert(&ca) },
		.server_cert = pki_write_cert(&server),
		.server_key = pki_write_key(&server) };

	(void)state;
	worker_world_init(&w, &x509, 2, 2);
	w.anchors[0] = pki_write_cert(&ca2);
	w.crls[0] = pki_write_text("no list\n");
	assert_int_equal(worker_world_reload(&w), BS_EFORMAT);
	assert_non_null(strstr(w.admin.reload_failure.text, "no revocation list"));
	assert_true(bootstraps(&w, 0));
	assert_true(bootstraps(&w, 1));
	worker_world_clear(&w);
	pki_remove_files();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_key_leaves_for_who_lost_the_right_to_it),
		cmocka_unit_test(neither_a_later_block_nor_a_repetition_leaves),
		cmocka_unit_test(a_reload_that_one_worker_does_not_answer_is_taken_up_by_none),
		cmocka_unit_test(a_reload_of_bad_files_is_taken_up_by_none),
	};

	return cmocka_run_group_tests(tests, setup_group, teardown_group);
}
