/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/test.h"

#include <stdlib.h>

#include <cbor.h>

#include "server/content/format.h"
#include "tests/lib/instances.h"

static const struct bs_path security = { BS_LEVEL_INSTANCE, 0, 1, 0 };

/* Heads come from libcbor one by one; that they make one well-formed item is the codec's doing. */
static void
assert_one_map(const char *name, const uint8_t *data, size_t len)
{
	struct cbor_load_result result;
	cbor_item_t *item = cbor_load(data, len, &result);

	if (item == NULL || result.read != len || !cbor_isa_map(item))
		fail_msg("%s: not one CBOR map", name);
	cbor_decref(&item);
}

static void
check(const char *name, const struct bs_path *path, const struct bs_instance *instances, size_t count,
	const char *expected)
{
	uint8_t out[256];
	struct bs_wr w = bs_wr_init(out, sizeof(out));
	size_t len;

	bs_lwm2m_cbor_encode(&w, path, instances, count);
	assert_int_equal(bs_wr_done(&w, &len), BS_OK);
	assert_hex(name, out, len, expected);
	assert_one_map(name, out, len);
}

static void
instances_are_encoded(void **state)
{
	static const struct bs_path acl = { BS_LEVEL_INSTANCE, 2, 0, 0 };

	(void)state;
	check("pre-shared key", &security, &psk_instance, 1,
		"a1 00 a1 01 a6 00 77 636f6170733a2f2f646d2e6578616d706c653a35363834 01 f4 02 00"
		" 03 48 6465762d30303031 05 50 000102030405060708090a0b0c0d0e0f 0a 1865");
	check("access control", &acl, &acl_instance, 1, "a1 02 a1 00 a4 00 03 01 00 02 a2 1865 0f 1866 01 03 1865");
	check("object link", &security, &link_instance, 1, "a1 00 a1 01 a1 11 64 32313a30");
	check("multiple", &security, &suite_instance, 1, "a1 00 a1 01 a1 10 a2 00 19c0a8 01 19c0ae");
}

static void
every_level_begins_at_the_object(void **state)
{
	static const struct bs_entry one[] = { ONE(0, INTEGER(1)) };
	static const struct bs_entry two[] = { ONE(0, INTEGER(2)), PART(2, 5, INTEGER(3)), PART(3, 5, INTEGER(4)) };
	static const struct bs_instance instances[] = { INSTANCE(7, 0, one), { 7, 1, NULL, 0 }, INSTANCE(7, 300, two),
		INSTANCE(8, 0, one) };
	static const struct bs_path object = { BS_LEVEL_OBJECT, 7, 0, 0 }, root = { .level = BS_LEVEL_ROOT };
	static const struct bs_path resource = { BS_LEVEL_RESOURCE, 7, 0, 0 };
	static const struct bs_path suites = { BS_LEVEL_RESOURCE, 0, 1, 16 };
	const struct bs_instance pack[] = { psk_instance, server_instance, acl_instance };

	(void)state;
	check("object", &object, instances, 3, "a1 07 a3 00 a1 00 01  01 a0  19012c a3 00 02 02 a1 05 03 03 a1 05 04");
	check("root", &root, &instances[2], 2, "a2 07 a1 19012c a3 00 02 02 a1 05 03 03 a1 05 04  08 a1 00 a1 00 01");
	check("a pack", &root, pack, 3,
		"a3 00 a1 01 a6 00 77 636f6170733a2f2f646d2e6578616d706c653a35363834 01 f4 02 00 03 48 6465762d30303031"
		" 05 50 000102030405060708090a0b0c0d0e0f 0a 1865 01 a1 01 a4 00 1865 01 1a00015180 06 f5 07 61 55"
		" 02 a1 00 a4 00 03 01 00 02 a2 1865 0f 1866 01 03 1865");
	check("resource", &resource, instances, 1, "a1 07 a1 00 a1 00 01");
	check("multiple resource", &suites, &suite_instance, 1, "a1 00 a1 01 a1 10 a2 00 19c0a8 01 19c0ae");
	check("nothing", &object, NULL, 0, "a0");
}

/* Known answers of the numbers: RFC 8949, appendix A. */
static void
values_are_encoded(void **state)
{
	static const struct {
		struct bs_value value;
		const char *expected;
	} rows[] = {
		{ INTEGER(INT64_C(1000000000000)), "1b000000e8d4a51000" },
		{ INTEGER(-1000), "3903e7" },
		{ UNSIGNED(UINT64_MAX), "1bffffffffffffffff" },
		{ { .type = BS_TYPE_TIME, .integer = 1363896240 }, "1a514b67b0" },
		{ REAL(100000.0), "fa47c35000" },
		{ REAL(1.1), "fb3ff199999999999a" },
		{ BOOLEAN(true), "f5" },
		{ TEXT(""), "60" },
		{ OCTETS("\x01\x02\x03\x04"), "44 01020304" },
		{ { .type = BS_TYPE_CORELNK, .bytes = { (const uint8_t *)"</3>", 4 } }, "64 3c2f333e" },
		{ LINK(65535, 65535), "6b 36353533353a3635353335" },
	};
	static const struct bs_path path = { BS_LEVEL_RESOURCE, 1, 2, 3 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bs_entry e = { .rid = 3, .value = rows[i].value };
		struct bs_instance inst = { 1, 2, &e, 1 };
		char expected[64] = "a1 01 a1 02 a1 03 ";

		strcat(expected, rows[i].expected);
		check(rows[i].expected, &path, &inst, 1, expected);
	}
}

static void
no_room_is_an_error(void **state)
{
	(void)state;
	for (size_t room = 0; room <= 65; room++) {
		uint8_t *out = malloc(room > 0 ? room : 1);
		struct bs_wr w = bs_wr_init(out, room);
		size_t len;

		assert_non_null(out);
		bs_lwm2m_cbor_encode(&w, &security, &psk_instance, 1);
		assert_int_equal(bs_wr_done(&w, &len), room < 65 ? BS_ESPACE : BS_OK);
		free(out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(instances_are_encoded),
		cmocka_unit_test(every_level_begins_at_the_object),
		cmocka_unit_test(values_are_encoded),
		cmocka_unit_test(no_room_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
