/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/test.h"

#include <stdlib.h>

#include "server/content/format.h"
#include "tests/lib/instances.h"

#define PSK_TLV \
	"c80017 636f6170733a2f2f646d2e6578616d706c653a35363834 c10100 c10200 c80308 6465762d30303031" \
	" c80510 000102030405060708090a0b0c0d0e0f c10a65"

static const struct bs_path instance_path = { .level = BS_LEVEL_INSTANCE };
static const struct bs_path object_path = { .level = BS_LEVEL_OBJECT };
static const struct bs_path resource_path = { .level = BS_LEVEL_RESOURCE };

/* covers: trap 20 */
static void
instances_are_encoded(void **state)
{
	static const struct {
		const char *name;
		const struct bs_path *path;
		const struct bs_instance *instance;
		const char *expected;
	} rows[] = {
		{ "pre-shared key, instance", &instance_path, &psk_instance, PSK_TLV },
		{ "pre-shared key, object", &object_path, &psk_instance, "080141" PSK_TLV },
		{ "server", &instance_path, &server_instance, "c10065 c40100015180 c10601 c10755" },
		{ "access control", &instance_path, &acl_instance, "c10003 c10100 860241650f416601 c10365" },
		{ "16-bit resource instance ID", &instance_path, &create_instance,
			"c10003 c4010000ffff 840261012c10 c4030000ffff" },
		/* covers: trap 14 */
		{ "unsigned with a sign octet", &instance_path, &suite_instance, "88100c 44000000c0a8 44010000c0ae" },
		{ "the same as one resource", &resource_path, &suite_instance, "88100c 44000000c0a8 44010000c0ae" },
		{ "object link", &instance_path, &link_instance, "c41100150000" },
		{ "SMS", &instance_path, &sms_instance,
			"c10602 c6071212 16b20203 c80820 "
			"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
			" c8090c 343437373030393030313233" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t out[128];
		struct bs_wr w = bs_wr_init(out, sizeof(out));
		size_t len;

		bs_tlv_encode(&w, rows[i].path, rows[i].instance, 1);
		assert_int_equal(bs_wr_done(&w, &len), BS_OK);
		assert_hex(rows[i].name, out, len, rows[i].expected);
	}
}

static void
object_level_wraps_every_instance(void **state)
{
	static const struct bs_entry one[] = { ONE(0, INTEGER(1)) };
	static const struct bs_instance instances[] = { INSTANCE(7, 0, one), { 7, 1, NULL, 0 }, INSTANCE(7, 300, one) };
	uint8_t out[64];
	struct bs_wr w = bs_wr_init(out, sizeof(out));
	size_t len;

	(void)state;
	bs_tlv_encode(&w, &object_path, instances, 3);
	assert_int_equal(bs_wr_done(&w, &len), BS_OK);
	assert_hex("three instances, one without resources", out, len, "0300 c10001 0001 23012c c10001");
}

/* covers: trap 13, 14 */
static void
values_are_encoded(void **state)
{
	static const struct {
		struct bs_entry entry;
		const char *expected;
	} rows[] = {
		{ ONE(1, INTEGER(0)), "c101 00" },
		{ ONE(1, INTEGER(127)), "c101 7f" },
		{ ONE(1, INTEGER(128)), "c201 0080" },
		{ ONE(1, INTEGER(255)), "c201 00ff" },
		{ ONE(1, INTEGER(32767)), "c201 7fff" },
		{ ONE(1, INTEGER(32768)), "c401 00008000" },
		{ ONE(1, INTEGER(65535)), "c401 0000ffff" },
		{ ONE(1, INTEGER(86400)), "c401 00015180" },
		{ ONE(1, INTEGER(INT64_C(2147483648))), "c80108 0000000080000000" },
		{ ONE(1, INTEGER(-1)), "c101 ff" },
		{ ONE(1, INTEGER(-128)), "c101 80" },
		{ ONE(1, INTEGER(-129)), "c201 ff7f" },
		{ ONE(1, INTEGER(-32769)), "c401 ffff7fff" },
		{ ONE(1, INTEGER(INT64_MIN)), "c80108 8000000000000000" },
		{ ONE(1, UNSIGNED(0xc0a8)), "c401 0000c0a8" },
		{ ONE(1, UNSIGNED(255)), "c201 00ff" },
		{ ONE(1, UNSIGNED(UINT64_MAX)), "c80108 ffffffffffffffff" },
		{ ONE(1, { .type = BS_TYPE_TIME, .integer = 1700000000 }), "c401 6553f100" },
		{ ONE(1, REAL(1.5)), "c401 3fc00000" },
		{ ONE(1, REAL(0.1)), "c80108 3fb999999999999a" },
		{ ONE(1, REAL(1e300)), "c80108 7e37e43c8800759c" },
		{ ONE(1, BOOLEAN(true)), "c101 01" },
		{ ONE(1, LINK(65535, 65535)), "c401 ffffffff" },
		{ ONE(1, TEXT("")), "c001" },
		{ ONE(1, TEXT("1234567")), "c701 31323334353637" },
		{ ONE(1, TEXT("12345678")), "c80108 3132333435363738" },
		{ ONE(300, TEXT("a")), "e1012c 61" },
		{ ONE(255, TEXT("a")), "c1ff 61" },
		{ ONE(256, TEXT("a")), "e10100 61" },
		{ PART(1, 0, TEXT("a")), "8301 410061" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bs_instance inst = { 0, 0, &rows[i].entry, 1 };
		uint8_t out[32];
		struct bs_wr w = bs_wr_init(out, sizeof(out));
		size_t len;

		bs_tlv_encode(&w, &instance_path, &inst, 1);
		assert_int_equal(bs_wr_done(&w, &len), BS_OK);
		assert_hex(rows[i].expected, out, len, rows[i].expected);
	}
}

/* Neighbours that are multiple resources of their own, and a single one with the same ID as none before. */
static void
multiple_resources_stay_apart(void **state)
{
	static const struct bs_entry entries[] = {
		PART(1, 0, INTEGER(1)),
		PART(1, 1, INTEGER(2)),
		PART(2, 0, INTEGER(3)),
		ONE(3, INTEGER(4)),
	};
	static const struct bs_instance inst = INSTANCE(0, 0, entries);
	uint8_t out[32];
	struct bs_wr w = bs_wr_init(out, sizeof(out));
	size_t len;

	(void)state;
	bs_tlv_encode(&w, &instance_path, &inst, 1);
	assert_int_equal(bs_wr_done(&w, &len), BS_OK);
	assert_hex("apart", out, len, "8601 410001 410102 8302 410003 c10304");
}

static void
long_values_get_long_lengths(void **state)
{
	static const struct {
		size_t len;
		const char *header;
	} rows[] = {
		{ 255, "c803ff" },
		{ 256, "d0030100" },
		{ 600, "d0030258" },
		{ 65535, "d003ffff" },
		{ 65536, "d803010000" },
	};
	uint8_t *data = test_calloc(1, 65536), *out = test_malloc(70000);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bs_entry e = { .rid = 3, .value = bs_value_bytes(BS_TYPE_OPAQUE, data, rows[i].len) };
		struct bs_instance inst = { 0, 0, &e, 1 };
		struct bs_wr w = bs_wr_init(out, 70000);
		size_t len;

		bs_tlv_encode(&w, &instance_path, &inst, 1);
		assert_int_equal(bs_wr_done(&w, &len), BS_OK);
		assert_hex(rows[i].header, out, len - rows[i].len, rows[i].header);
	}
	test_free(data);
	test_free(out);
}

/* A length beyond 24 bits cannot be said; nothing of such a value is read. */
static void
too_long_is_an_error(void **state)
{
	struct bs_entry e = { .rid = 3, .value = bs_value_bytes(BS_TYPE_OPAQUE, "", 0x1000000) };
	struct bs_instance inst = { 0, 0, &e, 1 };
	uint8_t out[16];
	struct bs_wr w = bs_wr_init(out, sizeof(out));
	size_t len;

	(void)state;
	bs_tlv_encode(&w, &instance_path, &inst, 1);
	assert_int_equal(bs_wr_done(&w, &len), BS_ERANGE);
}

static void
no_room_is_an_error(void **state)
{
	(void)state;
	for (size_t room = 0; room <= 68; room++) {
		uint8_t *out = malloc(room > 0 ? room : 1);
		struct bs_wr w = bs_wr_init(out, room);
		size_t len;

		assert_non_null(out);
		bs_tlv_encode(&w, &object_path, &psk_instance, 1);
		assert_int_equal(bs_wr_done(&w, &len), room < 68 ? BS_ESPACE : BS_OK);
		free(out);
	}
}

/* Nothing in TLV names an object. */
static void
several_objects_are_an_error(void **state)
{
	static const struct bs_path root = { .level = BS_LEVEL_ROOT };
	const struct bs_instance pack[] = { psk_instance, server_instance };
	uint8_t out[256];
	struct bs_wr w = bs_wr_init(out, sizeof(out));
	size_t len;

	(void)state;
	bs_tlv_encode(&w, &root, pack, 2);
	assert_int_equal(bs_wr_done(&w, &len), BS_EUNSUPPORTED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(instances_are_encoded),
		cmocka_unit_test(object_level_wraps_every_instance),
		cmocka_unit_test(values_are_encoded),
		cmocka_unit_test(multiple_resources_stay_apart),
		cmocka_unit_test(long_values_get_long_lengths),
		cmocka_unit_test(too_long_is_an_error),
		cmocka_unit_test(no_room_is_an_error),
		cmocka_unit_test(several_objects_are_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
