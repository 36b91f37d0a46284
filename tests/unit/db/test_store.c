/* SPDX-License-Identifier: Apache-2.0 */
/* The store as tool and daemon use it. */
#include "tests/unit/db/db_fixture.h"

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
	def.profile.delete_policy = BS_DELETE_ROOT;
	def.profile.write_level = BS_LEVEL_OBJECT;
	def.profile.format = 112;
	def.profile.omit_unused_keys = true;
	def.profile.sms_parameters_len = 7;
	def.profile.unknown_version = BS_LWM2M_1_1;
	def.profile.ack_timeout_ms = 3000;
	def.profile.max_retransmit = 3;
	def.profile.first_delay_ms = 70;
	def.profile.security_iid = 9;
	def.profile.block_size = 256;
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(psk_is_found, setup, teardown),
	};

	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
