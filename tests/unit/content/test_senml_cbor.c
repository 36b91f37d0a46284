/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/test.h"

#include <math.h>
#include <stdlib.h>

#include <cbor.h>

#include "server/content/format.h"
#include "tests/lib/instances.h"

#define KEY16 "000102030405060708090a0b0c0d0e0f"

/* Heads come from libcbor one by one; that they make one well-formed item is the codec's doing. */
static void
assert_one_item(const char *name, const uint8_t *data, size_t len)
{
	struct cbor_load_result result;
	cbor_item_t *item = cbor_load(data, len, &result);

	if (item == NULL || result.read != len)
		fail_msg("%s: not one CBOR item", name);
	assert_true(cbor_isa_array(item));
	cbor_decref(&item);
}

static void
check(const char *name, const struct bs_path *path, const struct bs_instance *instances, size_t count,
	const char *expected)
{
	uint8_t out[256];
	struct bs_wr w = bs_wr_init(out, sizeof(out));
	size_t len;

	bs_senml_cbor_encode(&w, path, instances, count);
	assert_int_equal(bs_wr_done(&w, &len), BS_OK);
	assert_hex(name, out, len, expected);
	assert_one_item(name, out, len);
}

static void
instances_are_encoded(void **state)
{
	static const struct bs_path security = { BS_LEVEL_INSTANCE, 0, 1, 0 }, acl = { BS_LEVEL_INSTANCE, 2, 0, 0 };

	(void)state;
	check("pre-shared key", &security, &psk_instance, 1,
		"86 a321652f302f312f00613003 77636f6170733a2f2f646d2e6578616d706c653a35363834 a200613104f4 a20061320200"
		" a200613308486465762d30303031 a20061350850" KEY16 " a2006231300218 65");
	check("access control", &acl, &acl_instance, 1,
		"85 a321652f322f302f0061300203 a20061310200 a20065322f313031020f a20065322f3130320201 a200613302 1865");
	/* RFC 8428 knows no object links: LwM2M adds the text label "vlo" to CBOR too. */
	check("object link", &security, &link_instance, 1, "81 a3 21 65 2f302f312f 00 62 3137 63 766c6f 64 32313a30");
	check("unsigned", &security, &suite_instance, 1,
		"82 a3 21 65 2f302f312f 00 64 31362f30 02 19c0a8 a2 00 64 31362f31 02 19c0ae");
}

/* Several objects: each instance brings its base name, so the examples of single instances stand behind each other. */
static void
packs_name_each_instance(void **state)
{
	static const struct bs_path root = { .level = BS_LEVEL_ROOT };
	const struct bs_instance pack[] = { psk_instance, { 0, 2, NULL, 0 }, server_instance, acl_instance };

	(void)state;
	check("pack", &root, pack, 4,
		"8f a321652f302f312f00613003 77636f6170733a2f2f646d2e6578616d706c653a35363834 a200613104f4 a20061320200"
		" a200613308486465762d30303031 a20061350850" KEY16 " a2006231300218 65"
		" a3 21 65 2f312f312f 00 61 30 02 1865 a2 00 61 31 02 1a00015180 a2 00 61 36 04 f5 a2 00 61 37 03 61 55"
		" a321652f322f302f0061300203 a20061310200 a20065322f313031020f a20065322f3130320201 a200613302 1865");
	check("nothing", &root, NULL, 0, "80");
}

static void
object_level_names_the_instance(void **state)
{
	static const struct bs_entry one[] = { ONE(0, INTEGER(1)) };
	static const struct bs_entry two[] = { ONE(0, INTEGER(2)), PART(2, 5, INTEGER(3)) };
	static const struct bs_instance instances[] = { INSTANCE(7, 0, one), { 7, 1, NULL, 0 }, INSTANCE(7, 300, two) };
	static const struct bs_path object = { BS_LEVEL_OBJECT, 7, 0, 0 };

	(void)state;
	/* bn "/7/"; n "0/0", "300/0", "300/2/5" */
	check("object", &object, instances, 3,
		"83 a3 21 63 2f372f 00 63 302f30 02 01 a2 00 65 3330302f30 02 02 a2 00 67 3330302f322f35 02 03");
	check("nothing", &object, NULL, 0, "80");
	/* The first record carries the base name also when it is not the first instance's. */
	check("first instance empty", &object, &instances[1], 2,
		"82 a3 21 63 2f372f 00 65 3330302f30 02 02 a2 00 67 3330302f322f35 02 03");
}

static void
resource_level_is_the_path_alone(void **state)
{
	static const struct bs_path resource = { BS_LEVEL_RESOURCE, 0, 1, 10 },
				    suites = { BS_LEVEL_RESOURCE, 0, 1, 16 };
	static const struct bs_entry ssid[] = { ONE(10, INTEGER(101)) };
	static const struct bs_instance inst = INSTANCE(0, 1, ssid);

	(void)state;
	check("single: bn is the path, no n", &resource, &inst, 1, "81 a2 21 67 2f302f312f3130 02 1865");
	check("multiple: n is the resource instance", &suites, &suite_instance, 1,
		"82 a3 21 68 2f302f312f31362f 00 61 30 02 19c0a8 a2 00 61 31 02 19c0ae");
}

/* Known answers of the numbers: RFC 8949, appendix A. */
/* covers: trap 19 */
static void
values_are_encoded(void **state)
{
	static const struct {
		const char *name;
		struct bs_value value;
		const char *expected; /* label and value */
	} rows[] = {
		{ "0", INTEGER(0), "02 00" },
		{ "23", INTEGER(23), "02 17" },
		{ "24", INTEGER(24), "02 1818" },
		{ "1000", INTEGER(1000), "02 1903e8" },
		{ "1000000", INTEGER(1000000), "02 1a000f4240" },
		{ "1000000000000", INTEGER(INT64_C(1000000000000)), "02 1b000000e8d4a51000" },
		{ "-1", INTEGER(-1), "02 20" },
		{ "-100", INTEGER(-100), "02 3863" },
		{ "-1000", INTEGER(-1000), "02 3903e7" },
		{ "smallest", INTEGER(INT64_MIN), "02 3b7fffffffffffffff" },
		{ "18446744073709551615", UNSIGNED(UINT64_MAX), "02 1bffffffffffffffff" },
		{ "time", { .type = BS_TYPE_TIME, .integer = 1363896240 }, "02 1a514b67b0" },
		{ "100000.0", REAL(100000.0), "02 fa47c35000" },
		{ "3.4028234663852886e+38", REAL(3.4028234663852886e+38), "02 fa7f7fffff" },
		{ "1.1", REAL(1.1), "02 fb3ff199999999999a" },
		{ "1.0e+300", REAL(1.0e+300), "02 fb7e37e43c8800759c" },
		{ "-4.1", REAL(-4.1), "02 fbc010666666666666" },
		{ "infinity", REAL(HUGE_VAL), "02 fa7f800000" },
		{ "false", BOOLEAN(false), "04 f4" },
		{ "true", BOOLEAN(true), "04 f5" },
		{ "empty text", TEXT(""), "03 60" },
		{ "text", TEXT("IETF"), "03 64 49455446" },
		{ "empty octets", OCTETS(""), "08 40" },
		{ "octets", OCTETS("\x01\x02\x03\x04"), "08 44 01020304" },
		{ "corelnk", { .type = BS_TYPE_CORELNK, .bytes = { (const uint8_t *)"</3>", 4 } }, "03 64 3c2f333e" },
		{ "null link", LINK(65535, 65535), "63 766c6f 6b 36353533353a3635353335" },
	};
	static const struct bs_path path = { BS_LEVEL_RESOURCE, 1, 2, 3 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bs_entry e = { .rid = 3, .value = rows[i].value };
		struct bs_instance inst = { 1, 2, &e, 1 };
		char expected[128] = "81 a2 21 66 2f312f322f33 ";

		strcat(expected, rows[i].expected);
		check(rows[i].name, &path, &inst, 1, expected);
	}
}

static void
longest_names_fit(void **state)
{
	static const struct bs_entry e = PART(65535, 65535, BOOLEAN(true));
	static const struct bs_instance inst = { 65535, 65534, &e, 1 };
	static const struct bs_path object = { BS_LEVEL_OBJECT, 65535, 0, 0 };
	static const struct bs_path resource = { BS_LEVEL_RESOURCE, 65535, 65534, 65535 };

	(void)state;
	check("object", &object, &inst, 1, "81 a3 21 67 2f36353533352f 00 71 36353533342f36353533352f3635353335 04 f5");
	check("resource", &resource, &inst, 1,
		"81 a3 21 73 2f36353533352f36353533342f36353533352f 00 65 3635353335 04 f5");
}

static void
no_room_is_an_error(void **state)
{
	static const struct bs_path path = { BS_LEVEL_INSTANCE, 0, 1, 0 };

	(void)state;
	for (size_t room = 0; room <= 93; room++) {
		uint8_t *out = malloc(room > 0 ? room : 1);
		struct bs_wr w = bs_wr_init(out, room);
		size_t len;

		assert_non_null(out);
		bs_senml_cbor_encode(&w, &path, &psk_instance, 1);
		assert_int_equal(bs_wr_done(&w, &len), room < 93 ? BS_ESPACE : BS_OK);
		free(out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(instances_are_encoded),
		cmocka_unit_test(packs_name_each_instance),
		cmocka_unit_test(object_level_names_the_instance),
		cmocka_unit_test(resource_level_is_the_path_alone),
		cmocka_unit_test(values_are_encoded),
		cmocka_unit_test(longest_names_fit),
		cmocka_unit_test(no_room_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
