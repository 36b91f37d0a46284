/* SPDX-License-Identifier: Apache-2.0 */
/* Many devices at once: what the schema refuses row by row is refused this way, too, and nothing else is. */
#include "tests/unit/db/db_fixture.h"

#include "db/store_internal.h"

enum { PSK_A = 1, RPK_B = 2, PSK_C = 3, NOSEC_D = 4, X509_E = 5 }; /* server accounts */

static int
setup(void **state)
{
	static const char *const names[] = { "a", "b", "c", "d", "e" };
	static const enum bs_mode modes[] = { BS_MODE_PSK, BS_MODE_RPK, BS_MODE_PSK, BS_MODE_NOSEC, BS_MODE_X509 };
	struct bs_profile_def profile = { .servers = names, .server_count = 5 };
	struct db_fixture *fx = *state = fixture_folder();

	OK(bs_store_create(fx->dir, fx->key, &fx->diag));
	fixture_reopen(fx);
	for (size_t i = 0; i < 5; i++) {
		struct bs_server_def def = {
			.name = names[i], .ssid = (uint16_t)(101 + i), .mode = modes[i], .uri = "coaps://x.example"
		};

		OK(bs_store_add_server(fx->writer, &def, &fx->diag));
	}
	bs_profile_init(&profile.profile);
	snprintf(profile.profile.name, sizeof(profile.profile.name), "p");
	OK(bs_store_add_profile(fx->writer, &profile, &fx->diag));
	return 0;
}

static int
teardown(void **state)
{
	fixture_remove(*state);
	return 0;
}

/* A device in few words; NULL and 0: none. Keys are text of any length here. */
struct grant {
	int64_t server;
	const char *public_or_identity, *key, *kic, *kid;
};
struct device {
	const char *endpoint, *identity, *key, *spki, *certificate;
	struct grant grants[2];
	int64_t profile;
};

static enum bs_err
add(struct db_fixture *fx, const struct device *d)
{
	struct bs_secret key = secret_of(d->key != NULL ? d->key : "");
	struct bs_secret keys[2];
	struct bs_sms sms[2];
	struct bs_grant_def grants[2];
	struct bs_device_def def = { .endpoint = d->endpoint,
		.profile_id = d->profile != 0 ? d->profile : 1,
		.enabled = true,
		.grants = grants };
	struct bs_conflict conflict;

	memset(grants, 0, sizeof(grants));
	memset(sms, 0, sizeof(sms));
	if (d->identity != NULL) {
		def.bootstrap.identity = d->identity;
		def.bootstrap.key = &key;
	} else if (d->spki != NULL) {
		def.bootstrap.mode = BS_MODE_RPK;
		def.bootstrap.spki = (const uint8_t *)d->spki;
		def.bootstrap.spki_len = strlen(d->spki);
	} else {
		def.bootstrap.mode = BS_MODE_X509;
		def.bootstrap.has_certificate = d->certificate != NULL;
		if (d->certificate != NULL)
			bs_sha256(d->certificate, strlen(d->certificate), def.bootstrap.certificate_sha256);
	}
	for (size_t i = 0; i < 2 && d->grants[i].server != 0; i++) {
		const struct grant *g = &d->grants[i];

		def.grant_count++;
		grants[i].server_id = g->server;
		grants[i].public_or_identity = (const uint8_t *)g->public_or_identity;
		grants[i].public_or_identity_len = g->public_or_identity != NULL ? strlen(g->public_or_identity) : 0;
		keys[i] = secret_of(g->key != NULL ? g->key : "");
		grants[i].secret_key = g->key != NULL ? &keys[i] : NULL;
		if (g->kic != NULL || g->kid != NULL) {
			sms[i].mode = 2;
			sms[i].kic_key = secret_of(g->kic != NULL ? g->kic : "");
			sms[i].kid_key = secret_of(g->kid != NULL ? g->kid : "");
			grants[i].sms = &sms[i];
		}
	}
	return bs_store_add_device(fx->writer, &def, &conflict, &fx->diag);
}

static enum bs_err
bulk(struct db_fixture *fx, const struct device *devices, size_t count)
{
	enum bs_err err = bs_store_begin_bulk(fx->writer, &fx->diag);

	for (size_t i = 0; i < count && err == BS_OK; i++)
		err = add(fx, &devices[i]);
	if (err == BS_OK)
		err = bs_store_check_bulk(fx->writer, &fx->diag);
	if (err == BS_OK)
		return bs_store_commit(fx->writer, &fx->diag);
	bs_store_rollback(fx->writer);
	return err;
}

/* ---- the rules ------------------------------------------------------------------------------------------------------ */

#define PSK(name, id, psk) .endpoint = (name), .identity = (id), .key = (psk)
#define K1 "key number one 16"
#define K2 "key number two 16"
#define K3 "key number three 16"
#define K4 "key number four 16"
#define X0 "another key, no 0"
#define X2 "another key, no 2"
#define X3 "another key, no 3"
#define X4 "another key, no 4"
#define X5 "another key, no 5"
#define X9 "another key, no 9"
#define LONG_NAME \
	"0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789" \
	"0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789" \
	"01234567890123456789012345678901234567890123456789012345"

/* The second device beside the first. */
static const struct {
	const char *name;
	struct device first, second;
	bool good;
} pairs[] = {
	{ "nothing in common",
		{ PSK("1", "i1", K1), .grants = { { .server = PSK_A, .public_or_identity = "s1", .key = K2 } } },
		{ PSK("2", "i2", K3), .grants = { { .server = PSK_A, .public_or_identity = "s2", .key = K4 } } },
		true },
	{ "endpoint", { PSK("1", "i1", K1) }, { PSK("1", "i2", K2) }, false },
	{ "bootstrap identity", { PSK("1", "i1", K1) }, { PSK("2", "i1", K2) }, false },
	{ "bootstrap identity is delivered to another",
		{ PSK("1", "i1", K1), .grants = { { .server = PSK_A, .public_or_identity = "s1", .key = K2 } } },
		{ PSK("2", "s1", K3) }, false },
	{ "delivered identity is another's bootstrap identity", { PSK("1", "i1", K1) },
		{ PSK("2", "i2", K2), .grants = { { .server = PSK_A, .public_or_identity = "i1", .key = K3 } } },
		false },
	{ "delivered identity",
		{ PSK("1", "i1", K1), .grants = { { .server = PSK_A, .public_or_identity = "s", .key = K2 } } },
		{ PSK("2", "i2", K3), .grants = { { .server = PSK_C, .public_or_identity = "s", .key = K4 } } },
		false },
	{ "one identity everywhere on one device", { PSK("1", "i1", K1) },
		{ PSK("2", "i2", K2), .grants = { { .server = PSK_A, .public_or_identity = "i2", .key = K3 },
					      { .server = PSK_C, .public_or_identity = "i2", .key = K4 } } },
		true },
	{ "bootstrap key", { PSK("1", "i1", K1) }, { PSK("2", "i2", K1) }, false },
	{ "bootstrap key is delivered to another",
		{ PSK("1", "i1", K1), .grants = { { .server = PSK_A, .public_or_identity = "s1", .key = K2 } } },
		{ PSK("2", "i2", K2) }, false },
	{ "delivered key is another's bootstrap key", { PSK("1", "i1", K1) },
		{ PSK("2", "i2", K2), .grants = { { .server = PSK_A, .public_or_identity = "s2", .key = K1 } } },
		false },
	{ "bootstrap key is delivered to the device itself", { PSK("1", "i1", K1) },
		{ PSK("2", "i2", K2), .grants = { { .server = PSK_A, .public_or_identity = "s2", .key = K2 } } },
		false },
	{ "delivered key",
		{ PSK("1", "i1", K1), .grants = { { .server = PSK_A, .public_or_identity = "s1", .key = K2 } } },
		{ PSK("2", "i2", K3), .grants = { { .server = PSK_C, .public_or_identity = "s2", .key = K2 } } },
		false },
	{ "one delivered key for two servers", { PSK("1", "i1", K1) },
		{ PSK("2", "i2", K2), .grants = { { .server = PSK_A, .public_or_identity = "s2", .key = K3 },
					      { .server = PSK_C, .public_or_identity = "s3", .key = K3 } } },
		true },
	{ "bootstrap key is another's KIc key",
		{ PSK("1", "i1", K1), .grants = { { .server = PSK_A,
					      .public_or_identity = "s1",
					      .key = K2,
					      .kic = K3,
					      .kid = K4 } } },
		{ PSK("2", "i2", K3) }, false },
	{ "bootstrap key is another's KID key",
		{ PSK("1", "i1", K1), .grants = { { .server = PSK_A,
					      .public_or_identity = "s1",
					      .key = K2,
					      .kic = K3,
					      .kid = K4 } } },
		{ PSK("2", "i2", K4) }, false },
	{ "KIc key is another's bootstrap key", { PSK("1", "i1", K1) },
		{ PSK("2", "i2", K2), .grants = { { .server = PSK_A,
					      .public_or_identity = "s2",
					      .key = K3,
					      .kic = K1,
					      .kid = K4 } } },
		false },
	{ "KID key is the device's bootstrap key", { PSK("1", "i1", K1) },
		{ PSK("2", "i2", K2), .grants = { { .server = PSK_A,
					      .public_or_identity = "s2",
					      .key = K3,
					      .kic = K4,
					      .kid = K2 } } },
		false },
	{ "KIc key is another's KID key",
		{ PSK("1", "i1", K1), .grants = { { .server = PSK_A,
					      .public_or_identity = "s1",
					      .key = X2,
					      .kic = X3,
					      .kid = X4 } } },
		{ PSK("2", "i2", K2), .grants = { { .server = PSK_A,
					      .public_or_identity = "s2",
					      .key = K3,
					      .kic = X4,
					      .kid = K4 } } },
		false },
	{ "KID key is another's delivered key",
		{ PSK("1", "i1", K1), .grants = { { .server = PSK_A,
					      .public_or_identity = "s1",
					      .key = X2,
					      .kic = X3,
					      .kid = X4 } } },
		{ PSK("2", "i2", K2), .grants = { { .server = PSK_A,
					      .public_or_identity = "s2",
					      .key = K3,
					      .kic = K4,
					      .kid = X2 } } },
		false },
	{ "KIc and KID key alike", { PSK("1", "i1", K1) },
		{ PSK("2", "i2", K2), .grants = { { .server = PSK_A,
					      .public_or_identity = "s2",
					      .key = K3,
					      .kic = K4,
					      .kid = K4 } } },
		true },
	{ "raw public key", { .endpoint = "1", .spki = "P" }, { .endpoint = "2", .spki = "P" }, false },
	{ "raw public key is delivered to another",
		{ PSK("1", "i1", K1), .grants = { { .server = RPK_B, .public_or_identity = "P", .key = K2 } } },
		{ .endpoint = "2", .spki = "P" }, false },
	{ "raw public key is delivered to the device itself", { PSK("1", "i1", K1) },
		{ .endpoint = "2",
			.spki = "P",
			.grants = { { .server = RPK_B, .public_or_identity = "P", .key = K2 } } },
		false },
	{ "delivered public key",
		{ PSK("1", "i1", K1), .grants = { { .server = RPK_B, .public_or_identity = "P", .key = K2 } } },
		{ PSK("2", "i2", K3), .grants = { { .server = RPK_B, .public_or_identity = "P", .key = K4 } } },
		false },
	{ "one public key for two servers", { PSK("1", "i1", K1) },
		{ PSK("2", "i2", K2), .grants = { { .server = RPK_B, .public_or_identity = "P", .key = K3 },
					      { .server = X509_E, .public_or_identity = "P", .key = K3 } } },
		true },
	{ "certificate", { .endpoint = "1", .certificate = "C" }, { .endpoint = "2", .certificate = "C" }, false },
	{ "certificate is delivered to another",
		{ PSK("1", "i1", K1), .grants = { { .server = X509_E, .public_or_identity = "C" } } },
		{ .endpoint = "2", .certificate = "C" }, false },
	{ "certificates found by name", { .endpoint = "1" }, { .endpoint = "2" }, true },
	{ "identity as long as it may be", { PSK("1", "i1", K1) }, { PSK("2", LONG_NAME + 1, K2) }, true },
	{ "identity too long", { PSK("1", "i1", K1) }, { PSK("2", LONG_NAME, K2) }, false },
	{ "endpoint too long", { PSK("1", "i1", K1) }, { PSK(LONG_NAME, "i2", K2) }, false },
	{ "no profile", { PSK("1", "i1", K1) }, { PSK("2", "i2", K2), .profile = 77 }, false },
	{ "PSK server without a key", { PSK("1", "i1", K1) },
		{ PSK("2", "i2", K2), .grants = { { .server = PSK_A, .public_or_identity = "s2" } } }, false },
	{ "PSK server without an identity", { PSK("1", "i1", K1) },
		{ PSK("2", "i2", K2), .grants = { { .server = PSK_A, .key = K3 } } }, false },
	{ "raw key server without a key", { PSK("1", "i1", K1) },
		{ PSK("2", "i2", K2), .grants = { { .server = RPK_B } } }, false },
	{ "server without security, nothing", { PSK("1", "i1", K1) },
		{ PSK("2", "i2", K2), .grants = { { .server = NOSEC_D } } }, true },
	{ "server without security, a key", { PSK("1", "i1", K1) },
		{ PSK("2", "i2", K2), .grants = { { .server = NOSEC_D, .key = K3 } } }, false },
	{ "server without security, SMS keys", { PSK("1", "i1", K1) },
		{ PSK("2", "i2", K2), .grants = { { .server = NOSEC_D, .kic = K3, .kid = K4 } } }, false },
};
#define PAIRS (sizeof(pairs) / sizeof(pairs[0]))

static void
clear_devices(struct db_fixture *fx)
{
	OK(bs_store_begin(fx->writer, &fx->diag));
	if (bs_store_delete_device(fx->writer, "1") == BS_OK) {
		/* most cases have it */
	}
	if (bs_store_delete_device(fx->writer, "2") == BS_OK) {
		/* the good ones */
	}
	OK(bs_store_commit(fx->writer, &fx->diag));
	assert_int_equal(
		raw_int(fx, "SELECT (SELECT count(*) FROM device) + (SELECT count(*) FROM bootstrap_credential) "
			    "+ (SELECT count(*) FROM server_credential) + (SELECT count(*) FROM claim)"),
		0);
}

static void
expect(struct db_fixture *fx, size_t i, const char *way, enum bs_err err, int64_t good_count, int64_t bad_count)
{
	int64_t count = raw_int(fx, "SELECT count(*) FROM device");

	if (err != (pairs[i].good ? BS_OK : BS_EREFUSED) || count != (pairs[i].good ? good_count : bad_count))
		fail_msg(
			"%s, %s: %s, %d devices (%s)", pairs[i].name, way, bs_strerror(err), (int)count, fx->diag.text);
}

/* What is claimed is what the rows hold, whichever way they came. */
static void
claims_fit(struct db_fixture *fx)
{
	assert_int_equal(
		raw_int(fx, "SELECT count(*) FROM (SELECT kind, value, device_id, use FROM held WHERE value IS NOT "
			    "NULL EXCEPT SELECT kind, value, device_id, use FROM claim)"),
		0);
	assert_int_equal(
		raw_int(fx, "SELECT count(*) FROM (SELECT kind, value, device_id, use FROM claim EXCEPT SELECT "
			    "kind, value, device_id, use FROM held)"),
		0);
	assert_int_equal(raw_int(fx, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
}

static void
rules_hold(void **state)
{
	struct db_fixture *fx = *state;

	for (size_t i = 0; i < PAIRS; i++) {
		const struct device both[] = { pairs[i].first, pairs[i].second },
				    turned[] = { pairs[i].second, pairs[i].first };

		OK(add(fx, &both[0]));
		expect(fx, i, "row by row", add(fx, &both[1]), 2, 1);
		claims_fit(fx);
		clear_devices(fx);
		expect(fx, i, "one file", bulk(fx, both, 2), 2, 0);
		clear_devices(fx);
		expect(fx, i, "one file, turned round", bulk(fx, turned, 2), 2, 0);
		clear_devices(fx);
		OK(add(fx, &both[0]));
		expect(fx, i, "one in the store", bulk(fx, &both[1], 1), 2, 1);
		claims_fit(fx);
		clear_devices(fx);
	}
}

/* The key that a device will bootstrap with next is its own, too. */
static void
next_key_counts(void **state)
{
	struct db_fixture *fx = *state;
	struct bs_secret key = secret_of(K3);
	struct bs_bootstrap_def next = { .identity = "next", .key = &key };
	const struct device first = { PSK("1", "i1", K1) }, same_key = { PSK("2", "i2", K3) },
			    same_identity = { PSK("2", "next", K2) }, other = { PSK("2", "i2", K2) };
	struct bs_conflict c;

	OK(add(fx, &first));
	OK(bs_store_set_next(fx->writer, "1", &next, &c, &fx->diag));
	FAILS(BS_EREFUSED, bulk(fx, &same_key, 1));
	FAILS(BS_EREFUSED, bulk(fx, &same_identity, 1));
	OK(bulk(fx, &other, 1));
}

/* ---- what stays and what comes back --------------------------------------------------------------------------------- */

/* Everything that the schema consists of, as one number. */
static int64_t
schema_objects(struct db_fixture *fx)
{
	return raw_int(fx, "SELECT count(*) * 1000000 + sum(length(sql)) FROM sqlite_master");
}

static void
schema_is_as_before(void **state)
{
	struct db_fixture *fx = *state;
	const struct device good = { PSK("1", "i1", K1),
		.grants = { { .server = PSK_A, .public_or_identity = "s1", .key = K2, .kic = K3, .kid = K4 } } },
			    bad = { PSK("2", "i1", X2) };
	int64_t before = schema_objects(fx), changes = raw_int(fx, "SELECT count(*) FROM change");

	OK(bulk(fx, &good, 1));
	assert_int_equal(schema_objects(fx), before);
	/* nobody has a session of a new device */
	assert_int_equal(raw_int(fx, "SELECT count(*) FROM change"), changes);
	FAILS(BS_EREFUSED, bulk(fx, &bad, 1));
	assert_int_equal(schema_objects(fx), before);
	FAILS(BS_EREFUSED, add(fx, &bad)); /* this connection's triggers are on again */
	assert_true(strstr(fx->diag.text, "belongs to device 1") != NULL);
	FAILS(BS_EREFUSED, add(fx, &(struct device){ PSK("2", "i2", K3) }));
	assert_int_equal(sqlite3_exec(fx->writer->db,
				 "INSERT INTO bootstrap_credential (device_id, slot, mode) "
				 "VALUES (99, 0, 2)",
				 NULL, NULL, NULL),
		SQLITE_CONSTRAINT_FOREIGNKEY);
	changes = raw_int(fx, "SELECT count(*) FROM change");
	OK(bs_store_delete_device(fx->writer, "1"));
	assert_int_equal(raw_int(fx, "SELECT count(*) FROM change"), changes + 1);
}

/*
 * The fast way proves what these triggers refuse, each by a means of its own. Whoever adds one for INSERT has to give the
 * fast way its proof, and then adds it here.
 */
static void
triggers_are_known(void **state)
{
	struct db_fixture *fx = *state;

	assert_int_equal(
		raw_int(fx, "SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND tbl_name IN ('device', "
			    "'bootstrap_credential', 'server_credential') AND sql LIKE '%INSERT ON%'"),
		6);
	assert_int_equal(
		raw_int(fx, "SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND name IN ("
			    "'device_claims', 'bootstrap_credential_claims', 'bootstrap_credential_added', "
			    "'server_credential_claims', 'server_credential_fits', 'server_credential_added')"),
		6);
}

static void
tampered(void *arg, const char *kind, const char *name)
{
	(void)arg;
	fail_msg("the hash of %s %s does not fit", kind, name);
}

static void
hashes_fit(struct db_fixture *fx)
{
	uint64_t count;

	OK(bs_store_verify(fx->writer, tampered, NULL, &count));
	assert_true(count > 3);
}

static void
accounts_come_back(void **state)
{
	struct db_fixture *fx = *state;
	const struct device devices[] = { { PSK("1", "i1", K1), .grants = { { .server = PSK_A,
									.public_or_identity = "s1",
									.key = K2,
									.kic = K3,
									.kid = K4 } } },
		{ .endpoint = "2",
			.spki = "P",
			.grants = { { .server = RPK_B, .public_or_identity = "Q", .key = X5 },
				{ .server = PSK_A, .public_or_identity = "s2", .key = X4 } } },
		{ .endpoint = "3", .certificate = "C" } };
	struct bs_account *a = NULL;
	struct bs_secret keys[2];
	struct bs_found f;

	OK(add(fx, &(struct device){ PSK("0", "i0", X0) }));
	OK(bs_store_delete_device(fx->writer, "0")); /* its number is not given again */
	OK(bulk(fx, devices, 3));
	OK(bs_store_find_psk(fx->reader, (const uint8_t *)"i1", 2, &f, keys));
	assert_int_equal(f.device_id, 2);
	assert_true(keys[0].len == strlen(K1) && memcmp(keys[0].data, K1, keys[0].len) == 0);
	OK(bs_store_load_account(fx->reader, 2, &a));
	assert_string_equal(a->endpoint, "1");
	assert_memory_equal(a->grants[PSK_A - 1].public_or_identity.data, "s1", 2);
	assert_memory_equal(a->grants[PSK_A - 1].secret_key.data, K2, strlen(K2));
	assert_memory_equal(a->grants[PSK_A - 1].sms.kic_key.data, K3, strlen(K3));
	assert_memory_equal(a->grants[PSK_A - 1].sms.kid_key.data, K4, strlen(K4));
	bs_account_free(a);
	OK(bs_store_find_raw_key(fx->reader, (const uint8_t *)"P", 1, &f));
	assert_string_equal(f.endpoint, "2");
	OK(bs_store_find_certificate(fx->reader, (const uint8_t *)"C", 1, &f));
	assert_string_equal(f.endpoint, "3");
	hashes_fit(fx);
	OK(add(fx, &(struct device){ PSK("4", "i4", X9) }));
	hashes_fit(fx);
	OK(bs_store_find_psk(fx->reader, (const uint8_t *)"i4", 2, &f, keys));
	assert_int_equal(f.device_id, 5); /* numbers go on */
}

static void
nothing_unchecked_is_kept(void **state)
{
	struct db_fixture *fx = *state;
	const struct device one = { PSK("1", "i1", K1) };

	FAILS(BS_ESTATE, bs_store_check_bulk(fx->writer, &fx->diag));
	OK(bs_store_begin_bulk(fx->writer, &fx->diag));
	FAILS(BS_ESTATE, bs_store_begin_bulk(fx->writer, &fx->diag));
	OK(add(fx, &one));
	FAILS(BS_ESTATE, bs_store_commit(fx->writer, &fx->diag));
	assert_int_equal(raw_int(fx, "SELECT count(*) FROM device"), 0);
	OK(bulk(fx, &one, 1));
	FAILS(BS_ESTATE, bs_store_begin_bulk(fx->reader, &fx->diag));
	OK(bs_store_begin_bulk(fx->writer, &fx->diag));
	OK(add(fx, &(struct device){ PSK("2", "i2", K2) }));
	fixture_reopen(fx); /* closed in the middle */
	assert_int_equal(raw_int(fx, "SELECT count(*) FROM device"), 1);
	assert_int_equal(raw_int(fx, "SELECT count(*) FROM claim"), 2);
}

/* More than is staged at once; twins far from each other; a reader all the while. */
static void
many_devices(void **state)
{
	struct db_fixture *fx = *state;
	struct bs_secret keys[2];
	struct bs_found f;
	char endpoint[16], identity[16], key[24];

	OK(add(fx, &(struct device){ PSK("old", "old", K1) }));
	for (int twin = 1; twin >= 0; twin--) {
		OK(bs_store_begin_bulk(fx->writer, &fx->diag));
		for (int i = 0; i < 1800; i++) {
			struct device d = { PSK(endpoint, identity, key) };

			snprintf(endpoint, sizeof(endpoint), "d%d", i);
			snprintf(identity, sizeof(identity), "i%d", i);
			snprintf(key, sizeof(key), "a key of many: %05d", twin && i == 1700 ? 3 : i);
			OK(add(fx, &d));
		}
		OK(bs_store_find_psk(fx->reader, (const uint8_t *)"old", 3, &f, keys));
		FAILS(BS_ENOTFOUND, bs_store_find_psk(fx->reader, (const uint8_t *)"i3", 2, &f, keys));
		FAILS(twin ? BS_EREFUSED : BS_OK, bs_store_check_bulk(fx->writer, &fx->diag));
		if (twin)
			bs_store_rollback(fx->writer);
		else
			OK(bs_store_commit(fx->writer, &fx->diag));
	}
	OK(bs_store_find_psk(fx->reader, (const uint8_t *)"i1799", 5, &f, keys));
	assert_string_equal(f.endpoint, "d1799");
	assert_memory_equal(keys[0].data, "a key of many: 01799", 20);
	OK(bs_store_find_psk(fx->reader, (const uint8_t *)"old", 3, &f, keys));
	assert_int_equal(raw_int(fx, "SELECT count(*) FROM device"), 1801);
	assert_int_equal(raw_int(fx, "SELECT integrity_check = 'ok' FROM pragma_integrity_check"), 1);
}

static enum bs_err
add_number(struct db_fixture *fx, int i, const char *endpoint)
{
	char name[16], identity[16], key[24];
	struct device d = { PSK(name, identity, key) };

	snprintf(name, sizeof(name), "d%d", i);
	snprintf(identity, sizeof(identity), "i%d", i);
	snprintf(key, sizeof(key), "a key of many: %05d", i);
	if (endpoint != NULL)
		d.endpoint = endpoint;
	return add(fx, &d);
}

/* A name that is taken already is found while the next devices come in; from then on nothing goes into the store. */
static void
refused_half_way(void **state)
{
	struct db_fixture *fx = *state;
	enum bs_err err = BS_OK;
	int i;

	OK(bs_store_begin_bulk(fx->writer, &fx->diag));
	OK(add_number(fx, 0, NULL));
	OK(add_number(fx, 1, "d0"));
	for (i = 2; i < 5000 && err == BS_OK; i++)
		err = add_number(fx, i, NULL);
	assert_int_equal(err, BS_EREFUSED);
	assert_true(i < 2500);
	for (err = BS_OK; i < 9000 && err == BS_OK; i++)
		err = add_number(fx, i, NULL); /* what a caller must not do */
	assert_int_equal(err, BS_ESTATE);
	FAILS(BS_ESTATE, bs_store_check_bulk(fx->writer, &fx->diag));
	FAILS(BS_ESTATE, bs_store_begin_bulk(fx->writer, &fx->diag));
	FAILS(BS_ESTATE, bs_store_commit(fx->writer, &fx->diag));
	assert_int_equal(raw_int(fx, "SELECT count(*) FROM device"), 0);
	OK(bulk(fx, &(struct device){ PSK("1", "i1", K1) }, 1));
	FAILS(BS_EREFUSED, add(fx, &(struct device){ PSK("2", "i1", K2) })); /* triggers are back */
}

/* Given up while rows are on their way: the first time by a rollback, then with the store closed. */
static void
given_up_half_way(void **state)
{
	struct db_fixture *fx = *state;

	for (int closed = 0; closed <= 1; closed++) {
		OK(bs_store_begin_bulk(fx->writer, &fx->diag));
		for (int i = 0; i < 1000; i++) /* the last one gives the second batch to the thread */
			OK(add_number(fx, i, NULL));
		if (closed == 0)
			bs_store_rollback(fx->writer);
		else
			fixture_reopen(fx);
		assert_int_equal(raw_int(fx, "SELECT count(*) FROM device"), 0);
	}
	OK(bulk(fx, &(struct device){ PSK("1", "i1", K1) }, 1));
	assert_int_equal(raw_int(fx, "SELECT integrity_check = 'ok' FROM pragma_integrity_check"), 1);
}

static void
pays_for_large_files(void **state)
{
	struct db_fixture *fx = *state;
	int64_t octets = raw_int(fx, "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size");

	assert_true(bs_store_bulk_pays(fx->writer, (uint64_t)octets));
	assert_true(bs_store_bulk_pays(fx->writer, (uint64_t)octets / 4));
	assert_false(bs_store_bulk_pays(fx->writer, (uint64_t)octets / 5));
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(rules_hold),
		T(next_key_counts),
		T(schema_is_as_before),
		T(triggers_are_known),
		T(accounts_come_back),
		T(nothing_unchecked_is_kept),
		T(many_devices),
		T(refused_half_way),
		T(given_up_half_way),
		T(pays_for_large_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
