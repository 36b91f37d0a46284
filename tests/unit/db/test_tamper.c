/* SPDX-License-Identifier: Apache-2.0 */
/* What somebody does to the store who can write its file and has no key. tests/system/test_tamper.sh has the daemon at it. */
#include "tests/unit/db/db_fixture.h"

#include "db/aggregate.h"
#include "db/root.h"
#include "db/store_internal.h"

static void
add_server(struct db_fixture *fx, const char *name, uint16_t ssid)
{
	struct bs_setting setting = { .oid = 1, .rid = 1, .type = BS_TYPE_INTEGER, .text = "300" };
	struct bs_server_def def = { .name = name,
		.ssid = ssid,
		.mode = BS_MODE_PSK,
		.uri = "coaps://a.example:5684",
		.settings = &setting,
		.setting_count = 1 };

	OK(bs_store_add_server(fx->writer, &def, &fx->diag));
}

static void
add_device(struct db_fixture *fx, const char *endpoint, const char *key, const char *granted)
{
	struct bs_secret psk = secret_of(key), secret = secret_of(granted);
	struct bs_grant_def grant = { .server_id = 1,
		.public_or_identity = (const uint8_t *)granted,
		.public_or_identity_len = 8,
		.secret_key = &secret };
	struct bs_device_def def = { .endpoint = endpoint,
		.profile_id = 1,
		.enabled = true,
		.bootstrap = { .mode = BS_MODE_PSK, .identity = endpoint, .key = &psk },
		.grants = &grant,
		.grant_count = 1 };
	struct bs_conflict c;

	OK(bs_store_add_device(fx->writer, &def, &c, &fx->diag));
}

static int
setup(void **state)
{
	static const char *const servers[] = { "alpha" };
	struct db_fixture *fx = *state = fixture_folder();
	struct bs_profile_def def = { .servers = servers, .server_count = 1 };

	OK(bs_store_create(fx->dir, fx->key, &fx->diag));
	fixture_reopen(fx);
	add_server(fx, "alpha", 101);
	bs_profile_init(&def.profile);
	snprintf(def.profile.name, sizeof(def.profile.name), "p");
	OK(bs_store_add_profile(fx->writer, &def, &fx->diag));
	add_device(fx, "dev-1", "bootstrap-key-01", "granted-key-0001");
	add_device(fx, "dev-2", "bootstrap-key-02", "other-granted-02");
	return 0;
}

static int
teardown(void **state)
{
	fixture_remove(*state);
	return 0;
}

static enum bs_err
find(struct db_fixture *fx, const char *identity, struct bs_found *out)
{
	struct bs_secret keys[2];
	enum bs_err err = bs_store_find_psk(fx->reader, (const uint8_t *)identity, strlen(identity), out, keys);

	if (err != BS_OK)
		assert_int_equal(keys[0].len + keys[1].len, 0);
	return err;
}

static enum bs_err
load(struct db_fixture *fx, int64_t id)
{
	struct bs_account *a = NULL;
	enum bs_err err = bs_store_load_account(fx->reader, id, &a);

	assert_true((a != NULL) == (err == BS_OK));
	bs_account_free(a);
	return err;
}

static void
count_bad(void *arg, const char *kind, const char *name)
{
	(void)kind;
	(void)name;
	(*(size_t *)arg)++;
}

static size_t
bad(struct db_fixture *fx)
{
	size_t n = 0;
	uint64_t count = 0;

	OK(bs_store_verify(fx->writer, count_bad, &n, &count));
	assert_true(count >= 3);
	return n;
}

/* ---- reading ---------------------------------------------------------------------------------------------------------- */

static void
what_is_kept_in_memory_misses_no_change(void **state)
{
	struct db_fixture *fx = *state;
	struct bs_found f;

	for (int i = 0; i < 3; i++) {
		OK(find(fx, "dev-1", &f));
		OK(load(fx, 1));
		assert_int_equal(
			raw_sql(fx, "UPDATE server_account SET sms_number = ifnull(sms_number, '') || '4'"), 0);
		FAILS(BS_ETAMPERED, find(fx, "dev-1", &f));
		FAILS(BS_ETAMPERED, load(fx, 1));
		bless(fx);
	}
	assert_int_equal(raw_sql(fx, "UPDATE profile SET revision = 0"), 0);
	FAILS(BS_ETAMPERED, load(fx, 1));
}

static void
who_is_refused_is_named(void **state)
{
	struct db_fixture *fx = *state;
	struct bs_found f;

	assert_int_equal(raw_sql(fx, "UPDATE device SET note = 'x' WHERE id = 2"), 0);
	FAILS(BS_ETAMPERED, find(fx, "dev-2", &f));
	assert_string_equal(f.endpoint, "dev-2");
	assert_int_equal(f.device_id, 2);
	OK(find(fx, "dev-1", &f));
}

/* A handshake asks who a device is; what it receives is checked when it is to be sent, and is no part of that. */
static void
the_halves_of_a_hash_are_of_one_device(void **state)
{
#define HASH(value) "UPDATE device SET row_hash = CAST(" value " AS BLOB) WHERE id = 1"
	static const char *const rows[] = {
		"UPDATE server_credential SET sms_mode = 3, sms_kic = 1, sms_kid = 1, sms_spi1 = 0, sms_spi2 = 0, sms_tar = x'010203'",
		"DELETE FROM server_credential WHERE device_id = 1",
		HASH("substr(row_hash, 1, 16) || (SELECT substr(row_hash, 17) FROM device WHERE id = 2)"),
		HASH("substr(row_hash, 1, 16) || zeroblob(16)"),
	};
	static const char *const firsts[] = {
		HASH("(SELECT substr(row_hash, 1, 16) FROM device WHERE id = 2) || substr(row_hash, 17)"),
		HASH("substr(row_hash, 17) || substr(row_hash, 1, 16)"),
		"PRAGMA ignore_check_constraints = 1; " HASH("substr(row_hash, 1, 16)"),
		HASH("NULL"),
	};
#undef HASH
	struct db_fixture *fx = *state;
	struct bs_found f;

	assert_int_equal(raw_sql(fx, "DROP TRIGGER server_credential_fixed; DROP TRIGGER change_revision"), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (raw_sql(fx, rows[i]) != 0)
			fail_msg("%s: %s", rows[i], fx->diag.text);
		OK(find(fx, "dev-1", &f));
		FAILS(BS_ETAMPERED, load(fx, 1));
		FAILS(BS_ETAMPERED, bs_store_find_id(fx->reader, 1, &f));
		assert_false(bs_store_is_good(fx->writer, "device", 1));
		bless(fx);
		OK(load(fx, 1));
	}
	for (size_t i = 0; i < sizeof(firsts) / sizeof(firsts[0]); i++) {
		if (raw_sql(fx, firsts[i]) != 0)
			fail_msg("%s: %s", firsts[i], fx->diag.text);
		FAILS(BS_ETAMPERED, find(fx, "dev-1", &f));
		FAILS(BS_ETAMPERED, load(fx, 1));
		assert_false(bs_store_is_good(fx->writer, "device", 1));
		bless(fx);
		OK(find(fx, "dev-1", &f));
	}
}

/* The rows are as they were, but a claim says that his identity is that of a device. */
static void
a_claim_that_lies_finds_nobody(void **state)
{
	struct db_fixture *fx = *state;
	struct bs_found f;

	assert_int_equal(raw_sql(fx, "INSERT INTO claim VALUES (0, CAST('his' AS BLOB), 2, 0)"), 0);
	FAILS(BS_ENOTFOUND, find(fx, "his", &f));
	FAILS(BS_ENOTFOUND, find(fx, "granted-key-0001", &f)); /* and so does one that is true, of what is received */
	OK(find(fx, "dev-1", &f));
	OK(load(fx, 2));
}

/* ---- the hash --------------------------------------------------------------------------------------------------------- */

/* A row or two: each word a value, "-" NULL, "#1" a number, "'" begins data, "|" ends the row. */
static void
hash_words(struct bs_row_hash *h, const char *words)
{
	char copy[64], *save = NULL;

	snprintf(copy, sizeof(copy), "%s", words);
	bs_row_hash_row(h, 0, 2);
	for (char *w = strtok_r(copy, " ", &save); w != NULL; w = strtok_r(NULL, " ", &save)) {
		if (*w == '|')
			bs_row_hash_row(h, 0, 2);
		else if (*w == '/')
			bs_row_hash_row(h, 1, 2);
		else if (*w == '-')
			bs_row_hash_null(h);
		else if (*w == '#')
			bs_row_hash_int(h, atoi(w + 1));
		else
			bs_row_hash_octets(
				h, *w == '\'' ? SQLITE_BLOB : SQLITE_TEXT, w + (*w == '\''), strlen(w) - (*w == '\''));
	}
}

static void
no_two_sequences_of_rows_read_alike(void **state)
{
	static const char *const all[] = { "ab c", "a bc", "'ab c", "ab 'c", "ab -", "- ab", "- -", "#1 #2", "#2 #1",
		"1 2", "'1 '2", "ab c | d e", "ab c / d e", "ab c d e", "d e | ab c", "ab", "ab -  |", "a\002b c",
		"a b\002c" };
	enum { N = sizeof(all) / sizeof(all[0]) };
	struct db_fixture *fx = *state;
	uint8_t hashes[N][BS_KEYED_HASH_LEN];
	struct bs_row_hash h;

	for (size_t i = 0; i < N; i++) {
		bs_row_hash_begin(&h, fx->writer->seal, BS_SEAL_LANE_OTHER, "kind");
		hash_words(&h, all[i]);
		assert_int_equal(bs_row_hash_end(&h, hashes[i]), BS_OK);
		for (size_t k = 0; k < i; k++)
			if (memcmp(hashes[i], hashes[k], sizeof(hashes[i])) == 0)
				fail_msg("'%s' and '%s'", all[k], all[i]);
	}
	bs_row_hash_begin(&h, fx->writer->seal, BS_SEAL_LANE_OTHER, "king");
	hash_words(&h, all[0]);
	assert_int_equal(bs_row_hash_check(&h, hashes[0], sizeof(hashes[0])), BS_ETAMPERED);
	bs_row_hash_begin(&h, fx->writer->seal, BS_SEAL_LANE_DEVICE, "kind");
	hash_words(&h, all[0]);
	assert_int_equal(bs_row_hash_check(&h, hashes[0], sizeof(hashes[0]) - 1), BS_ETAMPERED);
}

static void
long_values_and_rows_count_whole(void **state)
{
	struct db_fixture *fx = *state;
	static char text[5000];
	uint8_t one[BS_KEYED_HASH_LEN];

	memset(text, 'x', sizeof(text));
	for (size_t at = 0; at < sizeof(text); at += 499) {
		struct bs_row_hash h;

		for (int twice = 0; twice < 2; twice++) {
			bs_row_hash_begin(&h, fx->writer->seal, BS_SEAL_LANE_OTHER, "kind");
			for (size_t i = 0; i < 4; i++)
				bs_row_hash_octets(&h, SQLITE_TEXT, text, i == 2 ? sizeof(text) : 300);
			if (twice == 0)
				assert_int_equal(bs_row_hash_end(&h, one), BS_OK);
			else
				assert_int_equal(bs_row_hash_check(&h, one, sizeof(one)), BS_ETAMPERED);
			text[at] = 'y';
		}
	}
}

/* ---- writing ---------------------------------------------------------------------------------------------------------- */

static void
no_commit_goes_without_hashes(void **state)
{
	struct db_fixture *fx = *state;

	assert_int_equal(sqlite3_exec(fx->writer->db, "UPDATE device SET enabled = 0", NULL, NULL, NULL),
		SQLITE_CONSTRAINT_COMMITHOOK);
	assert_int_equal(raw_int(fx, "SELECT sum(enabled) FROM device"), 2);
	OK(bs_store_begin(fx->writer, &fx->diag));
	assert_int_equal(sqlite3_exec(fx->writer->db, "UPDATE device SET enabled = 0", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_exec(fx->writer->db, "COMMIT", NULL, NULL, NULL), SQLITE_CONSTRAINT_COMMITHOOK);
	bs_store_rollback(fx->writer);
	OK(bs_store_begin(fx->writer, &fx->diag));
	assert_int_equal(sqlite3_exec(fx->writer->db, "UPDATE device SET enabled = 0", NULL, NULL, NULL), SQLITE_OK);
	OK(bs_store_commit(fx->writer, &fx->diag));
	assert_int_equal(bad(fx), 0);
	assert_int_equal(raw_int(fx, "SELECT sum(enabled) FROM device"), 0);
}

static void
what_he_changed_is_never_hashed_by_a_change_beside_it(void **state)
{
	struct db_fixture *fx = *state;

	assert_int_equal(raw_sql(fx, "UPDATE device SET note = 'his' WHERE id = 1"), 0);
	FAILS(BS_ETAMPERED, bs_store_enable_device(fx->writer, "dev-1", false));
	OK(bs_store_enable_device(fx->writer, "dev-2", false));
	OK(bs_store_begin(fx->writer, &fx->diag));
	OK(bs_store_enable_device(fx->writer, "dev-1", false));
	FAILS(BS_ETAMPERED, bs_store_commit(fx->writer, &fx->diag));
	assert_non_null(strstr(fx->diag.text, "verify --accept device"));
	assert_int_equal(raw_int(fx, "SELECT enabled FROM device WHERE id = 1"), 1);
	assert_int_equal(bad(fx), 1);
	OK(bs_store_delete_device(fx->writer, "dev-1")); /* the way out */
	assert_int_equal(bad(fx), 0);
}

static void
each_change_is_a_generation(void **state)
{
	struct db_fixture *fx = *state;
	struct bs_generation before, after;

	OK(bs_store_generation(fx->reader, &before));
	OK(bs_store_enable_device(fx->writer, "dev-1", false));
	OK(bs_store_generation(fx->reader, &after));
	assert_true(after.number == before.number + 1);
	assert_true(after.store == before.store && after.store != 0);
	assert_true(after.marks[after.number % BS_MARKS] != 0);
	OK(bs_store_begin(fx->writer, &fx->diag));
	OK(bs_store_delete_device(fx->writer, "dev-1"));
	bs_store_rollback(fx->writer);
	OK(bs_store_generation(fx->reader, &before));
	assert_true(before.number == after.number);
	for (int64_t octet = 0; octet < 305; octet += 8) {
		char sql[300];

		snprintf(sql, sizeof(sql),
			"UPDATE meta SET value = "
			"substr(value, 1, %d) || CASE hex(substr(value, %d, 1)) WHEN '01' THEN x'02' ELSE x'01' END || "
			"substr(value, %d) WHERE key = 'root'",
			(int)octet, (int)octet + 1, (int)octet + 2);
		OK(bs_store_generation(fx->reader, &after));
		assert_int_equal(raw_sql(fx, sql), 0);
		FAILS(BS_ETAMPERED, bs_store_generation(fx->reader, &after));
		FAILS(BS_ETAMPERED, bs_store_enable_device(fx->writer, "dev-2", octet % 16 == 0));
		snprintf(sql, sizeof(sql), "DELETE FROM meta WHERE key = 'root'");
		assert_int_equal(raw_sql(fx, sql), 0);
		FAILS(BS_ETAMPERED, bs_store_generation(fx->reader, &after));
		OK(bs_root_make(fx->writer->db, fx->writer->seal));
	}
}

static void
what_did_not_fit_fits_no_better_after_a_migration(void **state)
{
	struct db_fixture *fx = *state;
	struct bs_keys_place place = { .path = fx->file, .master_key_file = fx->key };
	int version = (int)raw_int(fx, "PRAGMA user_version");

	assert_int_equal(raw_sql(fx, "UPDATE device SET note = 'his' WHERE id = 1"), 0);
	OK(bs_store_begin(fx->writer, &fx->diag));
	OK(bs_keys_before_migration(&place, fx->writer->db, version, &fx->diag));
	assert_int_equal(
		sqlite3_exec(fx->writer->db, "ALTER TABLE device ADD COLUMN later INTEGER DEFAULT 5", NULL, NULL, NULL),
		0);
	OK(bs_keys_after_migration(&place, fx->writer->db, version, &fx->diag));
	OK(bs_store_commit(fx->writer, &fx->diag));
	bs_seal_free(place.seal);
	bs_store_close(fx->writer);
	OK(bs_store_open(fx->dir, fx->key, BS_STORE_WRITE, &fx->writer, &fx->diag));
	assert_int_equal(bad(fx), 1);
	assert_false(bs_store_is_good(fx->writer, "device", 1));
	assert_true(bs_store_is_good(fx->writer, "device", 2));
	assert_int_equal(raw_sql(fx, "UPDATE device SET later = 6 WHERE id = 2"), 0); /* a new column is covered, too */
	assert_false(bs_store_is_good(fx->writer, "device", 2));
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_is_kept_in_memory_misses_no_change),
		T(who_is_refused_is_named),
		T(the_halves_of_a_hash_are_of_one_device),
		T(a_claim_that_lies_finds_nobody),
		T(no_two_sequences_of_rows_read_alike),
		T(long_values_and_rows_count_whole),
		T(no_commit_goes_without_hashes),
		T(what_he_changed_is_never_hashed_by_a_change_beside_it),
		T(each_change_is_a_generation),
		T(what_did_not_fit_fits_no_better_after_a_migration),
	};

	return cmocka_run_group_tests_name("tamper", tests, NULL, NULL);
}
