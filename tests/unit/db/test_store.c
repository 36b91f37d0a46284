/* SPDX-License-Identifier: Apache-2.0 */
/* The store as tool and daemon use it. */
#include "tests/unit/db/db_fixture.h"

#include "db/profile_sql.h"
#include "db/store_internal.h"

/* Server alpha (PSK, id 1), beta (raw key, id 2), gamma (PSK, id 3), plain (NoSec, id 4); profile p (id 1) has them all. */
static void
add_servers(struct db_fixture *fx)
{
	static const uint8_t key[] = { 0x30, 0x59, 0x01 };
	struct bs_setting settings[] = {
		{ .oid = 1, .rid = 1, .type = BS_TYPE_INTEGER, .text = "300" },
		{ .oid = 1, .rid = 7, .type = BS_TYPE_STRING, .text = "U" },
	};
	struct bs_server_def alpha = {
		.name = "alpha",
		.ssid = 101,
		.mode = BS_MODE_PSK,
		.uri = "coaps://a.example:5684",
		.settings = settings,
		.setting_count = 2,
		.sms_number = "491701234567",
	};
	struct bs_server_def beta = {
		.name = "beta",
		.ssid = 102,
		.mode = BS_MODE_RPK,
		.uri = "coaps://b.example:5684",
		.server_key = key,
		.server_key_len = sizeof(key),
	};
	struct bs_server_def gamma = {
		.name = "gamma", .repository = true, .mode = BS_MODE_PSK, .uri = "coaps://c.example"
	};
	struct bs_server_def plain = { .name = "plain", .ssid = 104, .mode = BS_MODE_NOSEC, .uri = "coap://d.example" };

	OK(bs_store_add_server(fx->writer, &alpha, &fx->diag));
	OK(bs_store_add_server(fx->writer, &beta, &fx->diag));
	OK(bs_store_add_server(fx->writer, &gamma, &fx->diag));
	OK(bs_store_add_server(fx->writer, &plain, &fx->diag));
}

static void
add_profile(struct db_fixture *fx)
{
	static const char *const servers[] = { "beta", "alpha", "gamma", "plain" };
	struct bs_acl acls[] = {
		{ .oid = 3, .iid = 0, .owner = 101, .entries = { { 101, 15 }, { 0, 1 } }, .count = 2 },
		{ .oid = 5, .iid = 65535, .owner = 65535, .entries = { { 102, 16 } }, .count = 1 },
	};
	struct bs_setting writes[] = {
		{ .oid = 3, .iid = 0, .rid = 13, .type = BS_TYPE_TIME, .text = "now" },
		{ .oid = 4, .iid = 1, .rid = 2, .riid = 7, .multiple = true, .type = BS_TYPE_INTEGER, .text = "5" },
	};
	struct bs_profile_def def = { .servers = servers,
		.server_count = 4,
		.acls = acls,
		.acl_count = 2,
		.writes = writes,
		.write_count = 2,
		.has_anchor = true };

	bs_profile_init(&def.profile);
	snprintf(def.profile.name, sizeof(def.profile.name), "p");
	def.profile.access_control = BS_AC_EXPLICIT;
	def.profile.on_change = BS_CHANGE_CLOSE;
	def.profile.discover = false;
	def.profile.delete_policy = BS_DELETE_INSTANCES;
	def.profile.write_level = BS_LEVEL_RESOURCE;
	def.profile.format = 112;
	def.profile.omit_unused_keys = true;
	def.profile.pack = false;
	def.profile.sms_parameters_len = 7;
	def.profile.unknown_version = BS_LWM2M_1_1;
	def.profile.ack_timeout_ms = 3000;
	def.profile.max_retransmit = 3;
	def.profile.first_delay_ms = 70;
	def.profile.security_iid = 9;
	def.profile.block_size = 256;
	def.profile.max_version = BS_LWM2M_1_1;
	def.profile.on_existing = BS_EXISTING_MERGE;
	OK(bs_order_read("1,0,3", &def.profile.write_order));
	OK(bs_tolerances_read("delete/1=4.05 write/3/0=refused finish=4.04", &def.profile.tolerances));
	memset(def.anchor_sha256, 0xaa, 32);
	OK(bs_store_add_profile(fx->writer, &def, &fx->diag));
}

static int
setup(void **state)
{
	struct db_fixture *fx = *state = fixture_folder();

	OK(bs_store_create(fx->dir, fx->key, &fx->diag));
	fixture_reopen(fx);
	add_servers(fx);
	add_profile(fx);
	return 0;
}

static int
teardown(void **state)
{
	fixture_remove(*state);
	return 0;
}

/* A device with a PSK and one PSK grant; names and keys are made from its number. */
static enum bs_err
add_psk(struct db_fixture *fx, const char *endpoint, const char *identity, const char *key, const char *server_identity,
	const char *server_key, struct bs_conflict *conflict)
{
	struct bs_secret psk = secret_of(key), granted = secret_of(server_key);
	struct bs_grant_def grant = { .server_id = 1,
		.public_or_identity = (const uint8_t *)server_identity,
		.public_or_identity_len = strlen(server_identity),
		.secret_key = &granted };
	struct bs_device_def def = { .endpoint = endpoint,
		.profile_id = 1,
		.enabled = true,
		.bootstrap = { .mode = BS_MODE_PSK, .identity = identity, .key = &psk },
		.grants = &grant,
		.grant_count = 1 };

	return bs_store_add_device(fx->writer, &def, conflict, &fx->diag);
}

static void
psk_is_found(void **state)
{
	struct db_fixture *fx = *state;
	struct bs_conflict conflict;
	struct bs_found found;
	struct bs_secret keys[2];

	OK(add_psk(fx, "dev-1", "id-1", "0123456789abcdef", "srv-1", "ABCDEFGHIJKLMNOP", &conflict));
	OK(bs_store_find_psk(fx->reader, (const uint8_t *)"id-1", 4, &found, keys));
	assert_string_equal(found.endpoint, "dev-1");
	assert_true(found.enabled);
	assert_int_equal(found.on_change, BS_CHANGE_CLOSE);
	assert_int_equal(keys[0].len, 16);
	assert_memory_equal(keys[0].data, "0123456789abcdef", 16);
	assert_int_equal(keys[1].len, 0);
	FAILS(BS_ENOTFOUND, bs_store_find_psk(fx->reader, (const uint8_t *)"srv-1", 5, &found, keys));
	FAILS(BS_ENOTFOUND, bs_store_find_psk(fx->reader, (const uint8_t *)"id-1\0", 5, &found, keys));
	FAILS(BS_ENOTFOUND, bs_store_find_psk(fx->reader, (const uint8_t *)"", 0, &found, keys));
}

/* ---- look-ups and accounts ------------------------------------------------------------------------------------------ */

static const uint8_t spki[] = "a SubjectPublicKeyInfo, for all that the store knows";
static const uint8_t der[] = "a certificate";

static void
raw_keys_and_certificates(void **state)
{
	struct db_fixture *fx = *state;
	struct bs_device_def rpk = { .endpoint = "rpk",
		.profile_id = 1,
		.enabled = true,
		.bootstrap = { .mode = BS_MODE_RPK, .spki = spki, .spki_len = sizeof(spki) } };
	struct bs_device_def pinned = {
		.endpoint = "pinned", .profile_id = 1, .bootstrap = { .mode = BS_MODE_X509, .has_certificate = true }
	};
	struct bs_device_def named = { .endpoint = "named", .profile_id = 1, .bootstrap = { .mode = BS_MODE_X509 } };
	uint8_t anchor[32];
	struct bs_conflict c;
	struct bs_found f;

	memset(anchor, 0xaa, sizeof(anchor));
	bs_sha256(der, sizeof(der), pinned.bootstrap.certificate_sha256);
	OK(bs_store_add_device(fx->writer, &rpk, &c, &fx->diag));
	OK(bs_store_add_device(fx->writer, &pinned, &c, &fx->diag));
	OK(bs_store_add_device(fx->writer, &named, &c, &fx->diag));

	OK(bs_store_find_raw_key(fx->reader, spki, sizeof(spki), &f));
	assert_string_equal(f.endpoint, "rpk");
	FAILS(BS_ENOTFOUND, bs_store_find_raw_key(fx->reader, spki, sizeof(spki) - 1, &f));
	FAILS(BS_ENOTFOUND, bs_store_find_raw_key(fx->reader, der, sizeof(der), &f)); /* a certificate's digest */
	OK(bs_store_find_certificate(fx->reader, der, sizeof(der), &f));
	assert_string_equal(f.endpoint, "pinned");
	assert_false(f.enabled);
	FAILS(BS_ENOTFOUND, bs_store_find_certificate(fx->reader, spki, sizeof(spki), &f));

	OK(bs_store_find_name(fx->reader, "named", anchor, &f));
	assert_string_equal(f.endpoint, "named");
	FAILS(BS_ENOTFOUND, bs_store_find_name(fx->reader, "pinned", anchor, &f)); /* not provisioned by name */
	FAILS(BS_ENOTFOUND, bs_store_find_name(fx->reader, "rpk", anchor, &f));
	anchor[31] ^= 1;
	FAILS(BS_ENOTFOUND, bs_store_find_name(fx->reader, "named", anchor, &f)); /* another maker's anchor */
	OK(bs_store_find_id(fx->reader, f.device_id, &f));
	FAILS(BS_ENOTFOUND, bs_store_find_id(fx->reader, 999, &f));

	struct bs_own_credential own;
	OK(bs_store_find_own(fx->reader, "rpk", &own));
	assert_int_equal(own.mode, BS_MODE_RPK);
	assert_int_equal(own.count, 1);
	assert_string_equal(own.found.endpoint, "rpk");
	OK(bs_store_find_own(fx->reader, "pinned", &own));
	assert_int_equal(own.mode, BS_MODE_X509);
	assert_false(own.found.enabled);
	OK(bs_store_find_own(fx->reader, "named", &own));
	assert_int_equal(own.slots[0].key.len, 0);
	FAILS(BS_ENOTFOUND, bs_store_find_own(fx->reader, "nobody", &own));
}

static void
account_comes_back_whole(void **state)
{
	struct db_fixture *fx = *state;
	struct bs_secret psk = secret_of("bootstrap psk 16"), key = secret_of("private key of beta"),
			 srv = secret_of("delivered psk 16");
	struct bs_sms sms = { .mode = 2,
		.kic = 0x12,
		.kid = 0x22,
		.spi1 = 0x16,
		.spi2 = 0x01,
		.tar = { 0xb2, 2, 3 },
		.kic_key = secret_of("kic key, 16 octs"),
		.kid_key = secret_of("kid key, 24 octets long.") };
	struct bs_grant_def grants[] = {
		{ .server_id = 1,
			.public_or_identity = (const uint8_t *)"srv-1",
			.public_or_identity_len = 5,
			.secret_key = &srv,
			.sms = &sms },
		{ .server_id = 2,
			.public_or_identity = spki,
			.public_or_identity_len = sizeof(spki),
			.secret_key = &key },
	};
	struct bs_device_def def = { .endpoint = "dev-1",
		.profile_id = 1,
		.enabled = true,
		.batch = "b7",
		.iccid = "8949",
		.imsi = "26201",
		.note = "by the door",
		.grants = grants,
		.grant_count = 2,
		.bootstrap = { .mode = BS_MODE_PSK, .identity = "id-1", .key = &psk } };
	struct bs_account *a = NULL;
	struct bs_conflict c;
	char text[BS_TOLERANCES_TEXT], order[BS_ORDER_TEXT];

	OK(bs_store_add_device(fx->writer, &def, &c, &fx->diag));
	FAILS(BS_ENOTFOUND, bs_store_load_account(fx->reader, 77, &a));
	OK(bs_store_load_account(fx->reader, 1, &a));
	assert_string_equal(a->endpoint, "dev-1");
	assert_true(a->enabled);
	assert_int_equal(a->profile.access_control, BS_AC_EXPLICIT);
	assert_int_equal(a->profile.on_change, BS_CHANGE_CLOSE);
	assert_false(a->profile.discover);
	assert_int_equal(a->profile.delete_policy, BS_DELETE_INSTANCES);
	assert_int_equal(a->profile.write_level, BS_LEVEL_RESOURCE);
	assert_int_equal(a->profile.format, 112);
	assert_true(a->profile.omit_unused_keys);
	assert_false(a->profile.pack);
	assert_int_equal(a->profile.sms_parameters_len, 7);
	assert_int_equal(a->profile.unknown_version, BS_LWM2M_1_1);
	assert_int_equal(a->profile.ack_timeout_ms, 3000);
	assert_int_equal(a->profile.max_retransmit, 3);
	assert_int_equal(a->profile.first_delay_ms, 70);
	assert_int_equal(a->profile.security_iid, 9);
	assert_int_equal(a->profile.block_size, 256);
	assert_int_equal(a->profile.max_version, BS_LWM2M_1_1);
	assert_int_equal(a->profile.on_existing, BS_EXISTING_MERGE);
	assert_string_equal(
		bs_tolerances_format(&a->profile.tolerances, text), "delete/1=4.05 write/3/0=refused finish=4.04");
	assert_string_equal(bs_order_format(&a->profile.write_order, order), "1,0,3");
	assert_null(a->retry);

	assert_int_equal(a->grant_count, 4); /* in the profile's order: beta, alpha, gamma, plain */
	assert_string_equal(a->grants[0].name, "beta");
	assert_int_equal(a->grants[0].mode, BS_MODE_RPK);
	assert_int_equal(a->grants[0].server_key.len, 3);
	assert_int_equal(a->grants[0].public_or_identity.len, sizeof(spki));
	assert_memory_equal(a->grants[0].public_or_identity.data, spki, sizeof(spki));
	assert_true(bs_secret_equal(&a->grants[0].secret_key, &key));
	assert_int_equal(a->grants[0].sms.mode, 0);
	assert_string_equal(a->grants[1].name, "alpha");
	assert_int_equal(a->grants[1].ssid, 101);
	assert_string_equal(a->grants[1].uri, "coaps://a.example:5684");
	assert_string_equal(a->grants[1].sms_number, "491701234567");
	assert_memory_equal(a->grants[1].public_or_identity.data, "srv-1", 5);
	assert_true(bs_secret_equal(&a->grants[1].secret_key, &srv));
	assert_int_equal(a->grants[1].sms.mode, 2);
	assert_int_equal(a->grants[1].sms.kic, 0x12);
	assert_int_equal(a->grants[1].sms.kid, 0x22);
	assert_int_equal(a->grants[1].sms.spi1, 0x16);
	assert_int_equal(a->grants[1].sms.spi2, 0x01);
	assert_memory_equal(a->grants[1].sms.tar, sms.tar, 3);
	assert_true(bs_secret_equal(&a->grants[1].sms.kic_key, &sms.kic_key));
	assert_true(bs_secret_equal(&a->grants[1].sms.kid_key, &sms.kid_key));
	assert_int_equal(a->grants[1].setting_count, 2);
	assert_string_equal(a->grants[1].settings[0].text, "300");
	assert_int_equal(a->grants[1].settings[1].rid, 7);
	assert_true(a->grants[2].repository);
	assert_int_equal(a->grants[2].secret_key.len, 0);
	assert_int_equal(a->grants[3].mode, BS_MODE_NOSEC);

	assert_int_equal(a->acl_count, 2);
	assert_int_equal(a->acls[0].owner, 101);
	assert_int_equal(a->acls[0].count, 2);
	assert_int_equal(a->acls[0].entries[0].rights, 15);
	assert_int_equal(a->acls[0].entries[1].ssid, 0);
	assert_int_equal(a->acls[1].iid, 65535);
	assert_int_equal(a->write_count, 2);
	assert_string_equal(a->writes[0].text, "now");
	assert_int_equal(a->writes[1].oid, 4);
	assert_int_equal(a->writes[1].iid, 1);
	assert_int_equal(a->writes[1].riid, 7);
	assert_true(a->writes[1].multiple);
	bs_account_free(a);
}

/* The schema takes what the rows of server/model/profile.c take, and no more. */
static void
limits_of_a_profile_stand_once(void **state)
{
	struct db_fixture *fx = *state;
	char sql[160];

	for (size_t i = 0; i < bs_profile_field_count; i++) {
		const struct bs_field *f = &bs_profile_fields[i];
		int64_t low = f->min, high = f->max;

		if (f->column == NULL || bs_field_is_text(f))
			continue;
		for (const struct bs_word *w = f->words; w != NULL && w->word != NULL; w++) {
			low = w == f->words || w->value < low ? w->value : low;
			high = w == f->words || w->value > high ? w->value : high;
			snprintf(sql, sizeof(sql), "UPDATE profile SET %s = %d", f->column, (int)w->value);
			if (raw_sql(fx, sql) != 0)
				fail_msg("%s: %s", sql, fx->diag.text);
		}
		snprintf(sql, sizeof(sql), "UPDATE profile SET %s = %d", f->column, (int)low - 1);
		if (raw_sql(fx, sql) != SQLITE_CONSTRAINT)
			fail_msg("taken: %s", sql);
		snprintf(sql, sizeof(sql), "UPDATE profile SET %s = %d", f->column, (int)high + 1);
		if (raw_sql(fx, sql) != SQLITE_CONSTRAINT)
			fail_msg("taken: %s", sql);
		/* That a step lasts no longer than clients wait is a rule over two columns. */
		snprintf(sql, sizeof(sql), "UPDATE profile SET %s = %d, max_retransmit = 0", f->column, (int)low);
		if (f->words == NULL && strcmp(f->column, "max_retransmit") != 0 && raw_sql(fx, sql) != 0)
			fail_msg("%s: %s", sql, fx->diag.text);
		snprintf(sql, sizeof(sql), "UPDATE profile SET %s = %d, max_retransmit = 0", f->column, (int)high);
		if (f->words == NULL && f->scale == 1 && strcmp(f->column, "max_retransmit") != 0 &&
			raw_sql(fx, sql) != 0)
			fail_msg("%s: %s", sql, fx->diag.text);
	}
}

/* Every look-up goes by a key: its cost must not grow with the fleet. */
static void
lookups_never_scan(void **state)
{
	struct db_fixture *fx = *state;
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(fx->file, &db), SQLITE_OK);
	for (int i = 0; i < Q_READERS; i++) {
		char *text = NULL, expanded[BS_PROFILE_SQL_MAX];
		sqlite3_stmt *stmt = NULL;

		if (i == Q_EACH_SERVER || i == Q_EACH_PROFILE || i == Q_EACH_DEVICE)
			continue; /* lists, for the tool */
		OK(bs_profile_sql(bs_store_sql[i], expanded));
		assert_true(asprintf(&text, "EXPLAIN QUERY PLAN %s", expanded) > 0);
		assert_int_equal(sqlite3_prepare_v2(db, text, -1, &stmt, NULL), SQLITE_OK);
		while (sqlite3_step(stmt) == SQLITE_ROW) {
			const char *line = (const char *)sqlite3_column_text(stmt, 3);

			/* the first key of change, the row of sqlite_sequence, "SELECT ?, ?" */
			if (i != Q_CHANGE_BOUNDS &&
				(strncmp(line, "SCAN", 4) == 0 || strstr(line, "TEMP B-TREE") != NULL))
				fail_msg("%s: %s", bs_store_sql[i], line);
		}
		sqlite3_finalize(stmt);
		free(text);
	}
	sqlite3_close(db);
}

/* ---- what belongs to one device alone ------------------------------------------------------------------------------- */

static void
conflicts_are_explained(void **state)
{
	static const struct {
		const char *name, *endpoint, *identity, *key, *srv_identity, *srv_key;
		enum bs_conflict_kind kind;
		bool same;
	} rows[] = {
		{ "endpoint", "dev-1", "i", "key-------------", "s", "skey------------", BS_CONFLICT_ENDPOINT, false },
		{ "identity", "d", "id-1", "key-------------", "s", "skey------------", BS_CONFLICT_IDENTITY, false },
		{ "key", "d", "i", "bootstrap-key-01", "s", "skey------------", BS_CONFLICT_KEY, false },
		{ "identity is delivered to another", "d", "srv-1", "key-------------", "s", "skey------------",
			BS_CONFLICT_IDENTITY, false },
		{ "key is delivered to another", "d", "i", "delivered-key-01", "s", "skey------------", BS_CONFLICT_KEY,
			false },
		{ "delivered identity", "d", "i", "key-------------", "srv-1", "skey------------",
			BS_CONFLICT_SERVER_IDENTITY, false },
		{ "delivered key", "d", "i", "key-------------", "s", "delivered-key-01", BS_CONFLICT_SERVER_KEY,
			false },
		{ "delivered key is another's bootstrap key", "d", "i", "key-------------", "s", "bootstrap-key-01",
			BS_CONFLICT_SERVER_KEY, false },
		{ "delivered key is the own one", "d", "i", "key-------------", "s", "key-------------",
			BS_CONFLICT_SERVER_KEY, true },
	};
	struct db_fixture *fx = *state;
	struct bs_conflict c;

	OK(add_psk(fx, "dev-1", "id-1", "bootstrap-key-01", "srv-1", "delivered-key-01", &c));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum bs_err err = add_psk(
			fx, rows[i].endpoint, rows[i].identity, rows[i].key, rows[i].srv_identity, rows[i].srv_key, &c);

		if (err != BS_EREFUSED || c.kind != rows[i].kind || c.same_device != rows[i].same)
			fail_msg("%s: %s, kind %d, same %d (%s)", rows[i].name, bs_strerror(err), c.kind, c.same_device,
				fx->diag.text);
		if (!rows[i].same)
			assert_string_equal(c.endpoint, "dev-1");
		if (c.kind >= BS_CONFLICT_SERVER_IDENTITY)
			assert_int_equal(c.server_id, 1);
		assert_null(strstr(fx->diag.text, "key-0")); /* no secret in the sentence */
	}
	/* Nothing is left of the refused ones. One name for a device on both sides is fine, one key is not. */
	OK(add_psk(fx, "d", "i", "key-------------", "i", "skey------------", &c));
	assert_int_equal(raw_int(fx, "SELECT count(*) FROM device"), 2);
	FAILS(BS_EREFUSED, add_psk(fx, "short", "i2", "fifteen octets.", "s2", "skey-----------2", &c));
	assert_int_equal(c.kind, BS_CONFLICT_NONE); /* a CHECK: a PSK has 16 octets or more */
}

/* The same rules for a writer that is not ours and uses ON CONFLICT clauses. */
static void
rules_hold_whoever_writes(void **state)
{
#define BOOT "INTO bootstrap_credential (device_id, slot, mode, identity, sealed_key, key_hash, public_key, digest) "
#define BOOT_ROW(d, slot, id, hash) \
	BOOT "VALUES (" d ", " slot ", 0, CAST('" id "' AS BLOB), zeroblob(44), " hash ", NULL, NULL)"
#define GRANT "INTO server_credential (device_id, server_id, public_or_identity, digest, sealed_key, key_hash) "
#define HASH_1 "(SELECT key_hash FROM bootstrap_credential WHERE device_id = 1)"
#define GRANT_1 "(SELECT key_hash FROM server_credential WHERE device_id = 1)"
	static const struct {
		const char *name, *sql, *word;
	} rows[] = {
		{ "endpoint", "INSERT INTO device (endpoint, profile_id, enabled) VALUES ('dev-1', 1, 1)", "UNIQUE" },
		{ "identity of another", "INSERT " BOOT_ROW("3", "0", "id-1", "randomblob(16)"), "FOREIGN KEY" },
		{ "or ignore", "INSERT OR IGNORE " BOOT_ROW("3", "0", "id-1", "randomblob(16)"), "FOREIGN KEY" },
		{ "or replace", "INSERT OR REPLACE " BOOT_ROW("3", "0", "id-1", "randomblob(16)"), "FOREIGN KEY" },
		{ "next slot", "INSERT " BOOT_ROW("2", "1", "id-1", "randomblob(16)"), "FOREIGN KEY" },
		{ "key of another", "INSERT " BOOT_ROW("3", "0", "x", HASH_1), "FOREIGN KEY" },
		{ "key that another receives", "INSERT " BOOT_ROW("3", "0", "x", GRANT_1), "FOREIGN KEY" },
		{ "identity that another receives", "INSERT " BOOT_ROW("3", "0", "srv-1", "randomblob(16)"),
			"FOREIGN KEY" },
		{ "same key in both slots", "INSERT " BOOT_ROW("1", "1", "x", HASH_1), "FOREIGN KEY" },
		{ "own key as delivered key", "INSERT " GRANT "VALUES (1, 3, x'78', NULL, zeroblob(44), " HASH_1 ")",
			"FOREIGN KEY" },
		{ "another's identity as delivered identity",
			"INSERT " GRANT "VALUES (2, 3, CAST('id-1' AS BLOB), NULL, zeroblob(44), randomblob(16))",
			"FOREIGN KEY" },
		{ "delivered identity of another, other server",
			"INSERT " GRANT "VALUES (2, 3, CAST('srv-1' AS BLOB), NULL, zeroblob(44), randomblob(16))",
			"FOREIGN KEY" },
		{ "delivered key of another", "INSERT " GRANT "VALUES (2, 3, x'78', NULL, zeroblob(44), " GRANT_1 ")",
			"FOREIGN KEY" },
		{ "credential for another mode",
			"INSERT " GRANT "VALUES (2, 2, x'78', NULL, zeroblob(44), randomblob(16))", "does not fit" },
		{ "key for a NoSec server", "INSERT " GRANT "VALUES (2, 4, NULL, NULL, zeroblob(44), randomblob(16))",
			"does not fit" },
		{ "update", "UPDATE bootstrap_credential SET identity = x'78' WHERE device_id = 1",
			"DELETE and INSERT" },
		{ "update of a grant", "UPDATE server_credential SET key_hash = randomblob(16)", "DELETE and INSERT" },
		{ "device number", "UPDATE device SET id = 99 WHERE id = 1", "stays" },
		{ "short key", "INSERT " BOOT "VALUES (3, 0, 0, x'78', zeroblob(43), randomblob(16), NULL, NULL)",
			"CHECK" },
		{ "identity as text",
			"INSERT " BOOT "VALUES (3, 0, 0, 'id-1', zeroblob(44), randomblob(16), NULL, NULL)", "CHECK" },
		{ "raw key without key", "INSERT " BOOT "VALUES (3, 0, 1, NULL, NULL, NULL, NULL, zeroblob(32))",
			"CHECK" },
		{ "two servers with one Short Server ID",
			"INSERT INTO server_account (name, repository, ssid, mode, uri) VALUES ('e', 0, 101, 0, "
			"'coaps://e');"
			"INSERT INTO profile_server VALUES (1, 4, 5)",
			"same Short Server ID" },
		{ "Short Server ID of a server in use", "UPDATE server_account SET ssid = 7 WHERE id = 1", "stay" },
		{ "repository with Short Server ID",
			"INSERT INTO server_account (name, repository, ssid, mode, uri) VALUES ('f', 1, 9, 0, "
			"'coaps://f')",
			"CHECK" },
		{ "step longer than clients wait", "UPDATE profile SET max_retransmit = 8", "CHECK" },
		{ "half a pack", "UPDATE profile SET pack = 2", "CHECK" },
		{ "an order that is none", "UPDATE profile SET write_order = '/1'", "CHECK" },
		{ "tolerances that are none", "UPDATE profile SET tolerances = 'WRITE=4.04'", "CHECK" },
		{ "a profile that is retried as itself", "UPDATE profile SET retry_as = 1", "CHECK" },
		{ "retried as a profile with other servers",
			"INSERT INTO profile (id, name, access_control, on_change, discover, format, omit_unused_keys, "
			"sms_parameters_len, unknown_version, ack_timeout_ms, max_retransmit, first_delay_ms, "
			"security_iid, "
			"block_size) VALUES (2, 'q', 0, 0, 1, 0, 0, 6, 10, 2000, 4, 50, 1, 512);"
			"INSERT INTO profile_server VALUES (2, 0, 1);"
			"UPDATE profile SET retry_as = 1 WHERE id = 2",
			"none but its servers" },
		{ "given a server that the other has not",
			"UPDATE profile SET retry_as = 2 WHERE id = 1;"
			"INSERT INTO server_account (name, repository, ssid, mode, uri) VALUES ('g', 0, 9, 0, "
			"'coaps://g');"
			"INSERT INTO profile_server VALUES (2, 1, last_insert_rowid())",
			"does not have the server" },
		{ "robbed of a server that the other needs", "DELETE FROM profile_server WHERE profile_id = 1",
			"retried as one that has the server" },
		{ "two that are retried as each other", "UPDATE profile SET retry_as = 1 WHERE id = 2",
			"repeated once" },
		{ "retried as from the beginning", "INSERT INTO profile (name, retry_as) VALUES ('r', 2)",
			"by UPDATE" },
		{ "a bootstrap account with Short Server ID",
			"UPDATE server_account SET bootstrap = 1 WHERE repository = 0", "stay" },
		{ "a bootstrap account without security",
			"INSERT INTO server_account (name, repository, mode, uri, bootstrap) VALUES ('h', 1, 3, "
			"'coap://h', 1)",
			"CHECK" },
		{ "two bootstrap accounts of one mode",
			"INSERT INTO server_account (id, name, repository, mode, uri, bootstrap) VALUES (91, 'i', 1, "
			"0, "
			"'coaps://i', 1), (92, 'j', 1, 0, 'coaps://i', 1);"
			"INSERT INTO profile_server VALUES (1, 7, 91); INSERT INTO profile_server VALUES (1, 8, 92)",
			"one bootstrap account" },
		{ "a private key for nobody",
			"INSERT INTO bootstrap_credential (device_id, slot, mode, delivered_public, "
			"sealed_delivered_key) "
			"VALUES (3, 0, 2, x'00', zeroblob(44))",
			"CHECK" },
		{ "extra write to Object 0", "INSERT INTO profile_write VALUES (1, 9, 0, 0, 0, 0, 0, 0, 'x')",
			"CHECK" },
	};
	struct db_fixture *fx = *state;
	struct bs_conflict c;

	OK(add_psk(fx, "dev-1", "id-1", "bootstrap-key-01", "srv-1", "delivered-key-01", &c));
	OK(add_psk(fx, "dev-2", "id-2", "bootstrap-key-02", "srv-2", "delivered-key-02", &c));
	assert_int_equal(raw_sql(fx, "INSERT INTO device (endpoint, profile_id, enabled) VALUES ('dev-3', 1, 1)"), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (raw_sql(fx, rows[i].sql) != SQLITE_CONSTRAINT || strstr(fx->diag.text, rows[i].word) == NULL)
			fail_msg("%s: \"%s\"", rows[i].name, fx->diag.text);
	}
	/* What is allowed: the same value again for the same device and purpose. */
	assert_int_equal(raw_sql(fx, "INSERT " BOOT_ROW("1", "1", "id-1", "randomblob(16)")), 0);
	assert_int_equal(
		raw_sql(fx, "INSERT " GRANT "VALUES (1, 3, CAST('srv-1' AS BLOB), NULL, zeroblob(44), " GRANT_1 ")"),
		0);
	/* A deleted device gives its values back, and leaves no rows, even without foreign keys. */
	assert_int_equal(raw_sql(fx, "PRAGMA foreign_keys = 0; DELETE FROM device WHERE id = 1"), 0);
	assert_int_equal(raw_int(fx, "SELECT count(*) FROM claim WHERE device_id = 1"), 0);
	assert_int_equal(raw_int(fx, "SELECT count(*) FROM bootstrap_credential WHERE device_id = 1"), 0);
	assert_int_equal(raw_int(fx, "SELECT count(*) FROM server_credential WHERE device_id = 1"), 0);
	OK(add_psk(fx, "dev-1", "id-1", "bootstrap-key-01", "srv-1", "delivered-key-01", &c));
	assert_int_equal(raw_int(fx, "SELECT max(id) FROM device"), 4); /* no number twice */
}

/* ---- changes -------------------------------------------------------------------------------------------------------- */

struct changes {
	int count;
	struct bs_change last;
};

static void
on_change(void *arg, const struct bs_change *change)
{
	struct changes *c = arg;

	c->count++;
	c->last = *change;
}

static int64_t
revision(struct db_fixture *fx, int64_t id)
{
	struct bs_found f;

	OK(bs_store_find_id(fx->reader, id, &f));
	return f.revision;
}

static void
changes_are_told(void **state)
{
	static const struct {
		const char *sql;
		enum bs_change_kind kind;
		int64_t id;
	} rows[] = {
		{ "UPDATE device SET enabled = 0 WHERE id = 1", BS_CHANGED_DEVICE, 1 },
		{ "DELETE FROM server_credential WHERE device_id = 1", BS_CHANGED_CREDENTIAL, 1 },
		{ "INSERT INTO server_credential (device_id, server_id, public_or_identity, sealed_key, key_hash) "
		  "VALUES (1, 1, x'41', zeroblob(44), randomblob(16))",
			BS_CHANGED_CREDENTIAL, 1 },
		{ "UPDATE profile SET on_change = 0", BS_CHANGED_PROFILE, 1 },
		{ "UPDATE profile SET pack = 1", BS_CHANGED_PROFILE, 1 },
		{ "UPDATE server_account SET uri = 'coaps://new' WHERE id = 1", BS_CHANGED_PROFILE, 1 },
		{ "DELETE FROM server_setting WHERE rid = 1", BS_CHANGED_PROFILE, 1 },
		{ "DELETE FROM profile_write WHERE oid = 3", BS_CHANGED_PROFILE, 1 },
		{ "UPDATE profile_acl_entry SET rights = 3 WHERE ssid = 101", BS_CHANGED_PROFILE, 1 },
	};
	struct db_fixture *fx = *state;
	struct changes c = { 0 };
	struct bs_conflict conflict;
	int64_t seq, rev;

	OK(bs_store_change_seq(fx->reader, &seq));
	OK(add_psk(fx, "dev-1", "id-1", "bootstrap-key-01", "srv-1", "delivered-key-01", &conflict));
	OK(bs_store_changes(fx->reader, &seq, on_change, &c));
	assert_int_equal(c.count, 0); /* an import of a million must not write a million changes */
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		c = (struct changes){ 0 };
		rev = revision(fx, 1);
		if (raw_sql(fx, rows[i].sql) != SQLITE_OK)
			fail_msg("%s: %s", rows[i].sql, fx->diag.text);
		bless(fx);
		OK(bs_store_changes(fx->reader, &seq, on_change, &c));
		if (c.count != 1 || c.last.kind != rows[i].kind || c.last.id != rows[i].id)
			fail_msg("%s: %d changes, kind %d", rows[i].sql, c.count, c.last.kind);
		assert_true(revision(fx, 1) > rev);
	}
	OK(bs_store_delete_device(fx->writer, "dev-1"));
	OK(bs_store_changes(fx->reader, &seq, on_change, &c));
	assert_int_equal(c.last.kind, BS_REMOVED_DEVICE);
	assert_int_equal(c.last.id, 1);
	/* Behind what is kept, or ahead of it (a backup was put back): anything may have changed. */
	c = (struct changes){ 0 };
	seq += 100;
	OK(bs_store_changes(fx->reader, &seq, on_change, &c));
	assert_int_equal(c.count, 1);
	assert_int_equal(c.last.kind, BS_CHANGED_ANYTHING);
	assert_int_equal(c.last.id, 0);
	assert_int_equal(raw_sql(fx, "DELETE FROM change WHERE seq < 5"), 0);
	seq = 1;
	c = (struct changes){ 0 };
	OK(bs_store_changes(fx->reader, &seq, on_change, &c));
	assert_int_equal(c.count, 1);
	assert_int_equal(c.last.kind, BS_CHANGED_ANYTHING);
}

/* ---- current and next ----------------------------------------------------------------------------------------------- */

static void
next_becomes_current(void **state)
{
	struct db_fixture *fx = *state;
	struct bs_secret key2 = secret_of("bootstrap-key-02"), key1 = secret_of("bootstrap-key-01");
	struct bs_bootstrap_def next = { .mode = BS_MODE_PSK, .identity = "id-2", .key = &key2 };
	struct bs_bootstrap_def same = { .mode = BS_MODE_PSK, .identity = "id-2", .key = &key1 };
	struct bs_bootstrap_def raw = { .mode = BS_MODE_RPK, .spki = spki, .spki_len = sizeof(spki) };
	struct bs_secret keys[2];
	struct bs_conflict c;
	struct bs_found f;
	char endpoint[BS_ENDPOINT_MAX + 1];

	OK(add_psk(fx, "dev-1", "id-1", "bootstrap-key-01", "srv-1", "delivered-key-01", &c));
	FAILS(BS_ENOTFOUND, bs_store_settle(fx->writer, "dev-1"));
	FAILS(BS_ENOTFOUND, bs_store_set_next(fx->writer, "nobody", &next, &c, &fx->diag));
	FAILS(BS_EREFUSED, bs_store_set_next(fx->writer, "dev-1", &same, &c, &fx->diag));
	assert_int_equal(c.kind, BS_CONFLICT_KEY);
	assert_true(c.same_device);
	FAILS(BS_EREFUSED, bs_store_set_next(fx->writer, "dev-1", &raw, &c, &fx->diag)); /* another mode */
	OK(bs_store_set_next(fx->writer, "dev-1", &next, &c, &fx->diag));
	FAILS(BS_EEXIST, bs_store_set_next(fx->writer, "dev-1", &next, &c, &fx->diag));
	/* Both lead to the device. */
	OK(bs_store_find_psk(fx->reader, (const uint8_t *)"id-1", 4, &f, keys));
	assert_true(bs_secret_equal(&keys[0], &key1));
	assert_int_equal(keys[1].len, 0);
	OK(bs_store_find_psk(fx->reader, (const uint8_t *)"id-2", 4, &f, keys));
	assert_true(bs_secret_equal(&keys[0], &key2));
	assert_int_equal(keys[1].len, 0);
	OK(bs_store_settle(fx->writer, "dev-1"));
	FAILS(BS_ENOTFOUND, bs_store_find_psk(fx->reader, (const uint8_t *)"id-1", 4, &f, keys));
	OK(bs_store_find_psk(fx->reader, (const uint8_t *)"id-2", 4, &f, keys));
	assert_true(bs_secret_equal(&keys[0], &key2));
	OK(bs_store_endpoint_of(fx->reader, "id-2", endpoint));
	assert_string_equal(endpoint, "dev-1");
	FAILS(BS_ENOTFOUND, bs_store_endpoint_of(fx->reader, "id-1", endpoint));
	/* The identity may stay: both keys then lie under it. */
	next.identity = "id-2";
	next.key = &key1;
	OK(bs_store_set_next(fx->writer, "dev-1", &next, &c, &fx->diag));
	OK(bs_store_find_psk(fx->reader, (const uint8_t *)"id-2", 4, &f, keys));
	assert_true(bs_secret_equal(&keys[0], &key2));
	assert_true(bs_secret_equal(&keys[1], &key1));
}

/* The profile of the fixture, and one that delivers. */
static int64_t
add_renewing_profile(struct db_fixture *fx)
{
	static const uint8_t server_key[] = "the key of this server";
	static const char *const servers[] = { "alpha", "self", "self-rpk" };
	struct bs_setting hold_off = { .oid = 0, .rid = 11, .type = BS_TYPE_INTEGER, .text = "30" };
	struct bs_server_def self = { .name = "self",
		.repository = true,
		.bootstrap = true,
		.mode = BS_MODE_PSK,
		.uri = "coaps://bs.example",
		.settings = &hold_off,
		.setting_count = 1 };
	struct bs_server_def self_rpk = { .name = "self-rpk",
		.repository = true,
		.bootstrap = true,
		.mode = BS_MODE_RPK,
		.uri = "coaps://bs.example",
		.server_key = server_key,
		.server_key_len = sizeof(server_key) };
	struct bs_profile_def def = { .servers = servers, .server_count = 3 };

	OK(bs_store_add_server(fx->writer, &self, &fx->diag));
	OK(bs_store_add_server(fx->writer, &self_rpk, &fx->diag));
	bs_profile_init(&def.profile);
	snprintf(def.profile.name, sizeof(def.profile.name), "renewing");
	OK(bs_store_add_profile(fx->writer, &def, &fx->diag));
	return raw_int(fx, "SELECT id FROM profile WHERE name = 'renewing'");
}

static void
a_next_key_is_delivered_by_the_bootstrap_account(void **state)
{
	struct db_fixture *fx = *state;
	struct bs_secret key1 = secret_of("bootstrap-key-01"), key2 = secret_of("bootstrap-key-02");
	struct bs_bootstrap_def next = { .mode = BS_MODE_PSK, .identity = "id-2", .key = &key2 };
	struct bs_own_credential own;
	struct bs_account *a;
	struct bs_conflict c;
	char name[BS_NAME_MAX + 1];
	int64_t id = add_renewing_profile(fx);

	OK(bs_store_renewal_account(fx->reader, "renewing", BS_MODE_PSK, name));
	assert_string_equal(name, "self");
	OK(bs_store_renewal_account(fx->reader, "renewing", BS_MODE_X509, name));
	assert_string_equal(name, "");
	OK(bs_store_renewal_account(fx->reader, "p", BS_MODE_PSK, name));
	assert_string_equal(name, "");

	OK(add_psk(fx, "dev-1", "id-1", "bootstrap-key-01", "srv-1", "delivered-key-01", &c));
	OK(bs_store_set_next(fx->writer, "dev-1", &next, &c, &fx->diag));
	OK(bs_store_load_account(fx->reader, 1, &a));
	assert_null(a->renewal); /* its profile has no such account */
	bs_account_free(a);

	assert_int_equal(
		raw_sql(fx, "UPDATE device SET profile_id = (SELECT id FROM profile WHERE name = 'renewing')"), 0);
	bless(fx);
	OK(bs_store_load_account(fx->reader, 1, &a));
	assert_int_equal(a->profile.id, id);
	assert_int_equal(a->grant_count, 1); /* it is no server among the others */
	assert_non_null(a->renewal);
	assert_true(a->renewal->bootstrap && a->renewal->repository);
	assert_int_equal(a->renewal->mode, BS_MODE_PSK);
	assert_string_equal(a->renewal->uri, "coaps://bs.example");
	assert_int_equal(a->renewal->public_or_identity.len, 4);
	assert_memory_equal(a->renewal->public_or_identity.data, "id-2", 4);
	assert_true(bs_secret_equal(&a->renewal->secret_key, &key2));
	assert_int_equal(a->renewal->setting_count, 1);
	bs_account_free(a);
	OK(bs_store_find_own(fx->reader, "dev-1", &own));
	assert_int_equal(own.count, 2);
	assert_string_equal(own.slots[0].identity, "id-1");
	assert_string_equal(own.slots[1].identity, "id-2");
	assert_true(bs_secret_equal(&own.slots[0].key, &key1) && bs_secret_equal(&own.slots[1].key, &key2));
	bs_own_credential_clear(&own);

	OK(bs_store_settle(fx->writer, "dev-1"));
	OK(bs_store_load_account(fx->reader, 1, &a));
	assert_null(a->renewal);
	bs_account_free(a);
}

static void
a_next_raw_key_is_delivered_with_its_private_key(void **state)
{
	static const uint8_t spki2[] = "another SubjectPublicKeyInfo";
	struct db_fixture *fx = *state;
	struct bs_secret private_key = secret_of("a private key, PKCS#8");
	struct bs_blob public_key = { .data = (uint8_t *)(uintptr_t)spki2, .len = sizeof(spki2) };
	struct bs_bootstrap_def next = { .mode = BS_MODE_RPK, .spki = spki2, .spki_len = sizeof(spki2) };
	struct bs_device_def def = { .endpoint = "dev-1",
		.enabled = true,
		.bootstrap = { .mode = BS_MODE_RPK, .spki = spki, .spki_len = sizeof(spki) } };
	struct bs_secret granted = secret_of("delivered-key-01");
	struct bs_grant_def grant = { .server_id = 1,
		.public_or_identity = (const uint8_t *)"srv",
		.public_or_identity_len = 3,
		.secret_key = &granted };
	struct bs_account *a;
	struct bs_conflict c;

	def.profile_id = add_renewing_profile(fx);
	def.grants = &grant;
	def.grant_count = 1;
	OK(bs_store_add_device(fx->writer, &def, &c, &fx->diag));
	for (int with_key = 0; with_key <= 1; with_key++) {
		next.delivered_public = with_key ? &public_key : NULL;
		next.delivered_key = with_key ? &private_key : NULL;
		OK(bs_store_set_next(fx->writer, "dev-1", &next, &c, &fx->diag));
		OK(bs_store_load_account(fx->reader, 1, &a));
		if (with_key) {
			assert_non_null(a->renewal);
			assert_int_equal(a->renewal->mode, BS_MODE_RPK);
			assert_memory_equal(a->renewal->public_or_identity.data, spki2, sizeof(spki2));
			assert_true(bs_secret_equal(&a->renewal->secret_key, &private_key));
			assert_true(a->renewal->server_key.len > 0);
		} else {
			assert_null(a->renewal); /* the maker brings it */
		}
		bs_account_free(a);
		assert_int_equal(raw_int(fx, "SELECT count(sealed_delivered_key) FROM bootstrap_credential"), with_key);
		assert_int_equal(raw_sql(fx, "DELETE FROM bootstrap_credential WHERE slot = 1"), 0);
		bless(fx);
	}
	assert_int_equal(raw_int(fx, "SELECT count(sealed_delivered_key) FROM bootstrap_credential"), 0);
}

/* ---- opening -------------------------------------------------------------------------------------------------------- */

static void
cannot_open(struct db_fixture *fx, enum bs_err expected, const char *word)
{
	for (int access = BS_STORE_READ; access <= BS_STORE_WRITE; access++) {
		struct bs_store *st = NULL;

		fx->diag.text[0] = '\0';
		FAILS(expected, bs_store_open(fx->dir, fx->key, (enum bs_store_access)access, &st, &fx->diag));
		assert_null(st);
		if (strstr(fx->diag.text, word) == NULL)
			fail_msg("\"%s\" does not say \"%s\"", fx->diag.text, word);
	}
}

static void
close_both(struct db_fixture *fx)
{
	bs_store_close(fx->reader);
	bs_store_close(fx->writer); /* last: only a writer moves the log into the file */
	fx->writer = fx->reader = NULL;
}

static void
master_key_is_needed(void **state)
{
	struct db_fixture *fx = *state;

	close_both(fx);
	assert_int_equal(chmod(fx->key, 0644), 0);
	cannot_open(fx, BS_EMASTERKEY, "chmod 600");
	unlink(fx->key);
	cannot_open(fx, BS_EMASTERKEY, "No such file");
	OK(bs_master_key_make(fx->key, &fx->diag));
	cannot_open(fx, BS_EMASTERKEY, "does not open the store");
	FAILS(BS_EEXIST, bs_store_create(fx->dir, fx->key, &fx->diag)); /* and is not made anew */
}

static void
other_files_are_refused(void **state)
{
	struct db_fixture *fx = *state;
	FILE *f;

	close_both(fx);
	assert_int_equal(raw_sql(fx, "PRAGMA user_version = 99"), 0);
	cannot_open(fx, BS_ESCHEMA, "newer program");
	assert_int_equal(raw_sql(fx, "PRAGMA user_version = 1; PRAGMA application_id = 5"), 0);
	cannot_open(fx, BS_EIO, "no store of the bootstrap server");
	assert_int_equal(raw_sql(fx, "PRAGMA user_version = 12; PRAGMA application_id = 0x4c424253"), 0);
	cannot_open(fx, BS_ESCHEMA, "made by a version before 0.2: export it with that one");
	f = fopen(fx->file, "w");
	assert_non_null(f);
	for (int i = 0; i < 1000; i++)
		fputs("not a database. ", f);
	fclose(f);
	cannot_open(fx, BS_EIO, "damaged or no SQLite file");
	unlink(fx->file);
	cannot_open(fx, BS_EIO, "lwm2m-bootstrapctl init");
}

static void
folder_and_file_are_private(void **state)
{
	struct db_fixture *fx = *state;
	char wal[160];
	struct stat sb;

	assert_int_equal(stat(fx->dir, &sb), 0);
	assert_int_equal(sb.st_mode & 0777, 0700);
	snprintf(wal, sizeof(wal), "%s-wal", fx->file);
	assert_int_equal(stat(fx->file, &sb), 0);
	assert_int_equal(sb.st_mode & 0777, 0600);
	assert_int_equal(stat(wal, &sb), 0);
	assert_int_equal(sb.st_mode & 0777, 0600);
}

static void
replaced_file_is_noticed(void **state)
{
	struct db_fixture *fx = *state;
	char copy[600];

	assert_true(bs_store_is_current(fx->reader));
	snprintf(copy, sizeof(copy), "cp '%s' '%s.new' && mv '%s.new' '%s'", fx->file, fx->file, fx->file, fx->file);
	assert_int_equal(system(copy), 0);
	assert_false(bs_store_is_current(fx->reader));
	unlink(fx->file);
	assert_false(bs_store_is_current(fx->reader));
}

/* ---- secrets at rest ------------------------------------------------------------------------------------------------ */

static bool
file_contains(const char *path, const void *what, size_t len)
{
	static uint8_t data[4 << 20];
	FILE *f = fopen(path, "r");
	size_t n = f != NULL ? fread(data, 1, sizeof(data), f) : 0;

	if (f != NULL)
		fclose(f);
	return memmem(data, n, what, len) != NULL;
}

static void
keys_are_not_in_the_files(void **state)
{
	struct db_fixture *fx = *state;
	char wal[160];
	struct bs_conflict c;

	OK(add_psk(fx, "dev-1", "id-1", "CanaryCanary-b00", "srv-1", "CanaryCanary-s00", &c));
	snprintf(wal, sizeof(wal), "%s-wal", fx->file);
	assert_true(file_contains(wal, "id-1", 4)); /* the identity is there, so this looks at the right place */
	assert_false(file_contains(wal, "CanaryCanary", 12));
	close_both(fx); /* moves all into the file */
	assert_true(file_contains(fx->file, "id-1", 4));
	assert_false(file_contains(fx->file, "CanaryCanary", 12));
}

static void
moved_secret_does_not_open(void **state)
{
	struct db_fixture *fx = *state;
	struct bs_secret keys[2];
	struct bs_account *a = NULL;
	struct bs_conflict c;
	struct bs_found f;

	OK(add_psk(fx, "dev-1", "id-1", "bootstrap-key-01", "srv-1", "delivered-key-01", &c));
	OK(add_psk(fx, "dev-2", "id-2", "bootstrap-key-02", "srv-2", "delivered-key-02", &c));
	assert_int_equal(raw_sql(fx, "CREATE TEMP TABLE t AS SELECT " BS_BOOTSTRAP_COLUMNS
				     " FROM bootstrap_credential WHERE device_id = 1;"
				     "CREATE TEMP TABLE g AS SELECT " BS_GRANT_COLUMNS
				     " FROM server_credential WHERE device_id = 1;"
				     "DELETE FROM bootstrap_credential; DELETE FROM server_credential;"
				     "UPDATE t SET device_id = 2; UPDATE g SET device_id = 2;"
				     "INSERT INTO bootstrap_credential (" BS_BOOTSTRAP_COLUMNS ") SELECT * FROM t;"
				     "INSERT INTO server_credential (" BS_GRANT_COLUMNS ") SELECT * FROM g"),
		SQLITE_OK);
	FAILS(BS_ETAMPERED, bs_store_find_psk(fx->reader, (const uint8_t *)"id-1", 4, &f, keys));
	assert_int_equal(keys[0].len, 0);
	bless(fx); /* where the hash is good, the seal still tells */
	FAILS(BS_ECRYPTO, bs_store_find_psk(fx->reader, (const uint8_t *)"id-1", 4, &f, keys));
	assert_int_equal(keys[0].len, 0);
	FAILS(BS_ECRYPTO, bs_store_load_account(fx->reader, 2, &a));
}

/* ---- transactions --------------------------------------------------------------------------------------------------- */

static void
readers_see_what_is_committed(void **state)
{
	struct db_fixture *fx = *state;
	struct bs_secret keys[2];
	struct bs_conflict c;
	struct bs_found f;

	OK(bs_store_begin(fx->writer, &fx->diag));
	FAILS(BS_ESTATE, bs_store_begin(fx->writer, &fx->diag));
	bs_store_bulk(fx->writer);
	OK(add_psk(fx, "dev-1", "id-1", "bootstrap-key-01", "srv-1", "delivered-key-01", &c));
	FAILS(BS_ENOTFOUND, bs_store_find_psk(fx->reader, (const uint8_t *)"id-1", 4, &f, keys)); /* not blocked */
	OK(bs_store_read_begin(fx->reader));
	FAILS(BS_ESTATE, bs_store_read_begin(fx->reader));
	FAILS(BS_ENOTFOUND, bs_store_find_id(fx->reader, 1, &f));
	OK(bs_store_commit(fx->writer, &fx->diag));
	FAILS(BS_ENOTFOUND, bs_store_find_id(fx->reader, 1, &f)); /* its snapshot stays */
	bs_store_read_end(fx->reader);
	OK(bs_store_find_id(fx->reader, 1, &f));

	OK(bs_store_begin(fx->writer, &fx->diag));
	OK(bs_store_delete_device(fx->writer, "dev-1"));
	bs_store_rollback(fx->writer);
	bs_store_rollback(fx->writer); /* also when none is open */
	OK(bs_store_find_id(fx->reader, 1, &f));
	FAILS(BS_ESTATE, bs_store_begin(fx->reader, &fx->diag)); /* a reader does not write */
}

/* ---- the tool's lists ----------------------------------------------------------------------------------------------- */

static void
count_server(void *arg, const struct bs_server_def *def)
{
	int *n = arg;

	*n += 1;
	if (strcmp(def->name, "alpha") == 0) {
		assert_int_equal(def->setting_count, 2);
		assert_string_equal(def->sms_number, "491701234567");
		assert_null(def->server_key);
		*n += 100;
	}
	if (strcmp(def->name, "gamma") == 0)
		assert_true(def->repository && def->ssid == 0);
}

static void
check_profile(void *arg, const struct bs_profile_def *def)
{
	assert_string_equal(def->profile.name, "p");
	assert_int_equal(def->server_count, 4);
	assert_string_equal(def->servers[0], "beta");
	assert_true(def->has_anchor);
	assert_int_equal(def->anchor_sha256[0], 0xaa);
	assert_int_equal(def->acl_count, 2);
	assert_int_equal(def->write_count, 2);
	*(int64_t *)arg = def->device_count;
}

static void
lists_and_removal(void **state)
{
	struct db_fixture *fx = *state;
	const char *unknown[] = { "alpha", "nowhere" };
	struct bs_server_def again = { .name = "alpha", .ssid = 9, .uri = "coaps://x" };
	struct bs_profile_def bad = { .servers = unknown, .server_count = 2 };
	struct bs_conflict c;
	int64_t devices = -1;
	int n = 0;

	OK(bs_store_each_server(fx->reader, NULL, count_server, &n));
	assert_int_equal(n, 104);
	n = 0;
	OK(bs_store_each_server(fx->reader, "alpha", count_server, &n));
	assert_int_equal(n, 101);
	FAILS(BS_ENOTFOUND, bs_store_each_server(fx->reader, "nowhere", count_server, &n));
	FAILS(BS_EEXIST, bs_store_add_server(fx->writer, &again, &fx->diag));
	FAILS(BS_EREFUSED, bs_store_remove_server(fx->writer, "alpha", &fx->diag));
	assert_non_null(strstr(fx->diag.text, "profile p"));
	FAILS(BS_ENOTFOUND, bs_store_remove_server(fx->writer, "nowhere", &fx->diag));

	bs_profile_init(&bad.profile);
	snprintf(bad.profile.name, sizeof(bad.profile.name), "q");
	FAILS(BS_ENOTFOUND, bs_store_add_profile(fx->writer, &bad, &fx->diag));
	assert_non_null(strstr(fx->diag.text, "nowhere"));
	FAILS(BS_ENOTFOUND, bs_store_each_profile(fx->reader, "q", check_profile, &devices)); /* not the half of it */

	OK(add_psk(fx, "dev-1", "id-1", "bootstrap-key-01", "srv-1", "delivered-key-01", &c));
	OK(bs_store_each_profile(fx->reader, NULL, check_profile, &devices));
	assert_int_equal(devices, 1);
	FAILS(BS_EREFUSED, bs_store_remove_profile(fx->writer, "p", &fx->diag));
	assert_non_null(strstr(fx->diag.text, "dev-1"));
	OK(bs_store_delete_device(fx->writer, "dev-1"));
	OK(bs_store_remove_profile(fx->writer, "p", &fx->diag));
	FAILS(BS_ENOTFOUND, bs_store_remove_profile(fx->writer, "p", &fx->diag));
	OK(bs_store_remove_server(fx->writer, "alpha", &fx->diag));
	assert_int_equal(raw_int(fx, "SELECT count(*) FROM server_setting"), 0);
}

/* Profile p is retried as q, which has one of its servers, and both go in the end. */
static void
retry_as_another_profile(void **state)
{
	static const char *const servers[] = { "alpha" };
	struct bs_profile_def q = { .servers = servers, .server_count = 1 };
	static const char *const both[] = { "alpha", "beta" };
	struct bs_profile_def p = { .servers = both, .server_count = 2 };
	struct bs_secret psk = secret_of("bootstrap-key-01"), srv = secret_of("delivered-key-01");
	struct bs_grant_def grant = { .server_id = 1,
		.public_or_identity = (const uint8_t *)"srv-1",
		.public_or_identity_len = 5,
		.secret_key = &srv };
	struct bs_device_def device = { .endpoint = "dev-1",
		.enabled = true,
		.grants = &grant,
		.grant_count = 1,
		.bootstrap = { .mode = BS_MODE_PSK, .identity = "id-1", .key = &psk } };
	struct db_fixture *fx = *state;
	struct bs_account *a = NULL;
	struct bs_conflict c;

	bs_profile_init(&q.profile);
	snprintf(q.profile.name, sizeof(q.profile.name), "q");
	q.profile.max_version = BS_LWM2M_1_0;
	bs_profile_init(&p.profile);
	snprintf(p.profile.name, sizeof(p.profile.name), "first");
	p.profile.access_control = BS_AC_DERIVED;
	snprintf(p.profile.retry_as, sizeof(p.profile.retry_as), "q");
	FAILS(BS_ENOTFOUND, bs_store_add_profile(fx->writer, &p, &fx->diag));
	assert_non_null(strstr(fx->diag.text, "no profile q"));
	OK(bs_store_add_profile(fx->writer, &q, &fx->diag));
	p.server_count = 0; /* none of q's */
	FAILS(BS_EREFUSED, bs_store_add_profile(fx->writer, &p, &fx->diag));
	p.server_count = 2;
	OK(bs_store_add_profile(fx->writer, &p, &fx->diag));
	device.profile_id = raw_int(fx, "SELECT id FROM profile WHERE name = 'first'");
	OK(bs_store_add_device(fx->writer, &device, &c, &fx->diag));

	OK(bs_store_load_account(fx->reader, 1, &a));
	assert_int_equal(a->grant_count, 2);
	assert_string_equal(a->profile.retry_as, "q");
	assert_non_null(a->retry);
	assert_string_equal(a->retry->endpoint, "dev-1");
	assert_int_equal(a->retry->device_id, 1);
	assert_true(a->retry->enabled);
	assert_string_equal(a->retry->profile.name, "q");
	assert_int_equal(a->retry->profile.max_version, BS_LWM2M_1_0);
	assert_int_equal(a->retry->grant_count, 1);
	assert_string_equal(a->retry->grants[0].name, "alpha");
	assert_true(bs_secret_equal(&a->retry->grants[0].secret_key, &srv)); /* this device's own */
	assert_null(a->retry->retry);
	int64_t revision = a->revision;
	bs_account_free(a);

	/* Changed in place, also under its device and while it is retried as another. */
	p.profile.format = 110;
	p.profile.on_existing = BS_EXISTING_MERGE;
	p.profile.retry_as[0] = '\0';
	OK(bs_store_replace_profile(fx->writer, &p, &fx->diag));
	OK(bs_store_load_account(fx->reader, 1, &a));
	assert_int_equal(a->profile.format, 110);
	assert_int_equal(a->profile.on_existing, BS_EXISTING_MERGE);
	assert_null(a->retry);
	assert_int_equal(a->grant_count, 2);
	assert_true(a->revision > revision);
	snprintf(p.profile.retry_as, sizeof(p.profile.retry_as), "q");
	p.profile.on_existing = BS_EXISTING_OVERWRITE;
	OK(bs_store_replace_profile(fx->writer, &p, &fx->diag));
	q.profile.on_existing = BS_EXISTING_MERGE;
	FAILS(BS_EREFUSED, bs_store_replace_profile(fx->writer, &q, &fx->diag));
	assert_non_null(strstr(fx->diag.text, "must not merge"));
	q.profile.on_existing = BS_EXISTING_OVERWRITE;
	OK(bs_store_replace_profile(fx->writer, &q, &fx->diag));
	q.servers = both + 1;
	FAILS(BS_EREFUSED, bs_store_replace_profile(fx->writer, &q, &fx->diag));
	bs_account_free(a);
	OK(bs_store_load_account(fx->reader, 1, &a));
	assert_non_null(a->retry);
	bs_account_free(a);

	FAILS(BS_EREFUSED, bs_store_remove_profile(fx->writer, "q", &fx->diag));
	assert_non_null(strstr(fx->diag.text, "remove first first"));
	OK(bs_store_delete_device(fx->writer, "dev-1"));
	OK(bs_store_remove_profile(fx->writer, "first", &fx->diag));
	OK(bs_store_remove_profile(fx->writer, "q", &fx->diag));
}

static void
keep_info(void *arg, const struct bs_device_info *info)
{
	*(struct bs_device_info *)arg = *info;
}

static void
devices_are_listed_and_disabled(void **state)
{
	struct db_fixture *fx = *state;
	struct bs_device_info info = { 0 };
	struct bs_conflict c;
	struct bs_found f;

	OK(add_psk(fx, "dev-1", "id-1", "bootstrap-key-01", "srv-1", "delivered-key-01", &c));
	OK(bs_store_each_device(fx->reader, NULL, keep_info, &info));
	assert_string_equal(info.endpoint, "dev-1");
	assert_string_equal(info.profile, "p");
	assert_string_equal(info.identity, "id-1");
	assert_true(info.enabled);
	assert_false(info.has_next);
	OK(bs_store_enable_device(fx->writer, "dev-1", false));
	OK(bs_store_each_device(fx->reader, "dev-1", keep_info, &info));
	assert_false(info.enabled);
	OK(bs_store_find_id(fx->reader, info.device_id, &f));
	assert_false(f.enabled);
	FAILS(BS_ENOTFOUND, bs_store_each_device(fx->reader, "nobody", keep_info, &info));
	FAILS(BS_ENOTFOUND, bs_store_enable_device(fx->writer, "nobody", true));
	FAILS(BS_ENOTFOUND, bs_store_delete_device(fx->writer, "nobody"));
}

/* ---- SIM cards ------------------------------------------------------------------------------------------------------ */

static void
add_card(struct db_fixture *fx, const char *endpoint, const char *iccid, const char *imsi)
{
	char sql[200];
	struct bs_conflict c;
	char key[24], granted[24];

	snprintf(key, sizeof(key), "bootstrap %.6s", endpoint);
	snprintf(granted, sizeof(granted), "delivered %.6s", endpoint);
	OK(add_psk(fx, endpoint, endpoint, key, endpoint, granted, &c));
	snprintf(sql, sizeof(sql), "UPDATE device SET iccid = '%s', imsi = '%s' WHERE endpoint = '%s'", iccid, imsi,
		endpoint);
	assert_int_equal(raw_sql(fx, sql), SQLITE_OK);
	bless(fx);
}

static void
cards_are_found_by_their_numbers(void **state)
{
	struct db_fixture *fx = *state;
	const char *one[3] = { "8999000000000000001" },
		   *two[3] = { "8999000000000000003", "8999000000000000001", "8999000000000000002" };
	const char *imsi[3] = { "001010000000002" }, *none[3] = { NULL };
	struct bs_sim_device found[2];
	size_t count;

	add_card(fx, "dev-01", "8999000000000000001", "001010000000001");
	add_card(fx, "dev-02", "8999000000000000002", "001010000000002");
	add_card(fx, "dev-03", "8999000000000000003", "001010000000003");
	OK(bs_store_find_sim(fx->reader, BS_SIM_ICCID, one, found, &count));
	assert_int_equal(count, 1);
	assert_string_equal(found[0].endpoint, "dev-01");
	assert_string_equal(found[0].profile, "p");
	assert_string_equal(found[0].iccid, one[0]);
	assert_string_equal(found[0].imsi, "001010000000001");
	assert_int_equal(found[0].mode, BS_MODE_PSK);
	assert_int_equal(found[0].key_len, 16);
	OK(bs_store_find_sim(fx->reader, BS_SIM_ICCID, two, found, &count)); /* three devices */
	assert_int_equal(count, 2);
	OK(bs_store_find_sim(fx->reader, BS_SIM_IMSI, imsi, found, &count));
	assert_int_equal(count, 1);
	assert_string_equal(found[0].endpoint, "dev-02");
	OK(bs_store_find_sim(fx->reader, BS_SIM_IMSI, one, found, &count));
	assert_int_equal(count, 0);
	OK(bs_store_find_sim(fx->reader, BS_SIM_ICCID, none, found, &count));
	assert_int_equal(count, 0);
}

static void
a_card_belongs_to_one_device(void **state)
{
	static const char *const both[] = { "iccid = '8999000000000000001'", "imsi = '001010000000001'" };
	struct db_fixture *fx = *state;
	struct bs_secret key = secret_of("bootstrap-key-09");
	struct bs_device_def def = { .endpoint = "dev-09",
		.profile_id = 1,
		.enabled = true,
		.imsi = "001010000000001",
		.bootstrap = { .mode = BS_MODE_PSK, .identity = "dev-09", .key = &key } };
	struct bs_conflict c;
	char sql[120];

	add_card(fx, "dev-01", "8999000000000000001", "001010000000001");
	add_card(fx, "dev-02", "8999000000000000002", "001010000000002");
	for (size_t i = 0; i < 2; i++) {
		snprintf(sql, sizeof(sql), "UPDATE device SET %s WHERE endpoint = 'dev-02'", both[i]);
		assert_int_equal(raw_sql(fx, sql), SQLITE_CONSTRAINT);
	}
	FAILS(BS_EREFUSED, bs_store_add_device(fx->writer, &def, &c, &fx->diag));
	assert_int_equal(c.kind, BS_CONFLICT_IMSI);
	assert_string_equal(c.endpoint, "dev-01");
	def.iccid = "8999000000000000002";
	FAILS(BS_EREFUSED, bs_store_add_device(fx->writer, &def, &c, &fx->diag));
	assert_int_equal(c.kind, BS_CONFLICT_ICCID);
	assert_non_null(strstr(fx->diag.text, "the ICCID belongs to device dev-02 already"));
	/* An old card is free when its device has another. */
	assert_int_equal(raw_sql(fx, "UPDATE device SET iccid = '89', imsi = NULL WHERE endpoint = 'dev-02'"), 0);
	def.imsi = "001010000000002";
	OK(bs_store_add_device(fx->writer, &def, &c, &fx->diag));
	assert_int_equal(raw_int(fx, "SELECT count(*) FROM claim WHERE kind > 2"), 5);
}

static void
check_sms(struct db_fixture *fx, const struct bs_sms *sms, const struct bs_secret *granted)
{
	struct bs_account *a = NULL;

	OK(bs_store_load_account(fx->reader, 1, &a));
	assert_true(bs_secret_equal(&a->grants[1].secret_key, granted));
	assert_memory_equal(a->grants[1].public_or_identity.data, "dev-01", 6);
	assert_int_equal(a->grants[1].sms.mode, sms->mode);
	assert_int_equal(a->grants[1].sms.kic, sms->kic);
	assert_memory_equal(a->grants[1].sms.tar, sms->tar, 3);
	assert_true(bs_secret_equal(&a->grants[1].sms.kic_key, &sms->kic_key));
	assert_true(bs_secret_equal(&a->grants[1].sms.kid_key, &sms->kid_key));
	bs_account_free(a);
}

static void
sms_keys_are_replaced(void **state)
{
	struct db_fixture *fx = *state;
	struct bs_secret granted = secret_of("delivered dev-01");
	struct bs_sms sms = { .mode = 2,
		.kic = 0x12,
		.kid = 0x12,
		.spi1 = 0x16,
		.tar = { 0xb2, 2, 3 },
		.kic_key = secret_of("kic key, 16 octs"),
		.kid_key = secret_of("kid key, 16 octs") };
	struct bs_sms next = sms;
	struct bs_conflict c;
	bool replaced;
	int64_t seq, later;

	add_card(fx, "dev-01", "8999000000000000001", "001010000000001");
	add_card(fx, "dev-02", "8999000000000000002", "001010000000002");
	OK(bs_store_change_seq(fx->reader, &seq));
	OK(bs_store_set_sms(fx->writer, 1, 1, &sms, &replaced, &c, &fx->diag));
	assert_false(replaced);
	check_sms(fx, &sms, &granted);
	OK(bs_store_change_seq(fx->reader, &later));
	assert_true(later > seq);
	next.kic = 0x22;
	next.kic_key = secret_of("next kic, 16 oct");
	OK(bs_store_set_sms(fx->writer, 1, 1, &next, &replaced, &c, &fx->diag));
	assert_true(replaced);
	check_sms(fx, &next, &granted);

	/* refused: another device's card key, its bootstrap key, and the own bootstrap key; all is as before */
	FAILS(BS_EREFUSED, bs_store_set_sms(fx->writer, 2, 1, &next, &replaced, &c, &fx->diag));
	assert_int_equal(c.kind, BS_CONFLICT_SMS_KEY);
	assert_string_equal(c.endpoint, "dev-01");
	assert_false(c.same_device);
	sms.kid_key = secret_of("bootstrap dev-02");
	FAILS(BS_EREFUSED, bs_store_set_sms(fx->writer, 1, 1, &sms, &replaced, &c, &fx->diag));
	assert_string_equal(c.endpoint, "dev-02");
	sms.kid_key = secret_of("bootstrap dev-01");
	FAILS(BS_EREFUSED, bs_store_set_sms(fx->writer, 1, 1, &sms, &replaced, &c, &fx->diag));
	assert_true(c.same_device);
	check_sms(fx, &next, &granted);
	FAILS(BS_ENOTFOUND, bs_store_set_sms(fx->writer, 1, 2, &next, &replaced, &c, &fx->diag));
	FAILS(BS_ENOTFOUND, bs_store_set_sms(fx->writer, 77, 1, &next, &replaced, &c, &fx->diag));
	assert_int_equal(raw_int(fx, "SELECT count(*) FROM server_credential"), 2);
}

/* What stores of all versions are sealed with. */
static void
places_are_spelled_as_ever(void **state)
{
	char where[BS_WHERE_MAX];

	(void)state;
	bs_where_bootstrap(where, 1, 0);
	assert_string_equal(where, "bootstrap_credential.key/1/current");
	bs_where_bootstrap(where, 1234567890123456789, 1);
	assert_string_equal(where, "bootstrap_credential.key/1234567890123456789/next");
	bs_where_grant(where, 0, 10, "kic");
	assert_string_equal(where, "server_credential.kic/0/10");
	bs_where_grant(where, INT64_MAX, INT64_MIN, "key");
	assert_string_equal(where, "server_credential.key/9223372036854775807/-9223372036854775808");
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places_are_spelled_as_ever),
		T(psk_is_found),
		T(raw_keys_and_certificates),
		T(account_comes_back_whole),
		T(lookups_never_scan),
		T(limits_of_a_profile_stand_once),
		T(conflicts_are_explained),
		T(rules_hold_whoever_writes),
		T(changes_are_told),
		T(next_becomes_current),
		T(a_next_key_is_delivered_by_the_bootstrap_account),
		T(a_next_raw_key_is_delivered_with_its_private_key),
		T(master_key_is_needed),
		T(other_files_are_refused),
		T(folder_and_file_are_private),
		T(replaced_file_is_noticed),
		T(keys_are_not_in_the_files),
		T(moved_secret_does_not_open),
		T(readers_see_what_is_committed),
		T(lists_and_removal),
		T(retry_as_another_profile),
		T(devices_are_listed_and_disabled),
		T(cards_are_found_by_their_numbers),
		T(a_card_belongs_to_one_device),
		T(sms_keys_are_replaced),
	};

	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
