/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The simulator's decoders and device. Octets are written by hand from LwM2M Core 1.1 section 7.4 and RFC 8428, never
 * made by our encoders.
 */
#include "tests/lib/test.h"

#include <stdlib.h>

#include "tools/sim/device.h"

#define NONE SIM_NONE
#define INTO_0_1 \
	{ \
		0, 1, NONE, NONE \
	}

/* /0/1: coaps://dm.example:5684, no bootstrap, PSK, "dev-0001", 00..0f, SSID 101 */
#define TLV_URI "c80017 636f6170733a2f2f646d2e6578616d706c653a35363834 "
#define TLV_REST "c10100 c10200 c80308 6465762d30303031 c80510 000102030405060708090a0b0c0d0e0f c10a65"
#define TLV_SECURITY TLV_URI TLV_REST
#define TLV_SERVER "c10065 c40100015180 c10601 c10755"
#define CBOR_SECURITY \
	"86 a321652f302f312f 006130 0377636f6170733a2f2f646d2e6578616d706c653a35363834 a200613104f4 a20061320200" \
	"a2006133 08486465762d30303031 a2006135 0850000102030405060708090a0b0c0d0e0f a200623130021865"

struct fixture {
	struct sim_device d;
};

static void
start(struct fixture *fx, enum sim_version version)
{
	struct sim_factory f = { .uri = "coaps://bs.example:5684",
		.mode = SIM_MODE_PSK,
		.public_or_identity = "own",
		.public_or_identity_len = 3,
		.secret = "0123456789abcdef",
		.secret_len = 16 };

	memset(fx, 0, sizeof(*fx));
	fx->d.version = version;
	assert_int_equal(sim_device_init(&fx->d, &f), BS_OK);
}

static uint8_t
write_hex(struct sim_device *d, struct sim_path p, uint32_t format, const char *text)
{
	uint8_t buf[2048];
	struct sim_verdict v = { 0 };
	size_t len = hex(text, buf, sizeof(buf));
	uint8_t *copy = exact_copy(buf, len);

	sim_device_write(d, p, format, copy, len, &v);
	free(copy);
	return v.code;
}

static void
assert_security_account(const struct sim_device *d)
{
	const struct sim_value *uri = sim_store_res(&d->store, 0, 1, 0);
	const struct sim_value *key = sim_store_res(&d->store, 0, 1, 5);

	assert_non_null(uri);
	assert_string_equal((const char *)uri->data, "coaps://dm.example:5684");
	assert_int_equal(sim_store_number(&d->store, 0, 1, 1, -1), 0);
	assert_int_equal(sim_store_number(&d->store, 0, 1, 2, -1), 0);
	assert_hex("identity", sim_store_res(&d->store, 0, 1, 3)->data, sim_store_len(&d->store, 0, 1, 3),
		"6465762d30303031");
	assert_hex("key", key->data, key->len, "000102030405060708090a0b0c0d0e0f");
	assert_int_equal(sim_store_number(&d->store, 0, 1, 10, -1), 101);
}

static void
test_good_writes(void **state)
{
	static const struct row {
		const char *name;
		struct sim_path path;
		uint32_t format;
		const char *payload;
	} rows[] = {
		{ "TLV, instance", INTO_0_1, 11542, TLV_SECURITY },
		{ "TLV, object", { 0, NONE, NONE, NONE }, 11542, "080141" TLV_SECURITY },
		{ "SenML CBOR, instance", INTO_0_1, 112, CBOR_SECURITY },
		{ "SenML CBOR, object", { 0, NONE, NONE, NONE }, 112, CBOR_SECURITY },
	};
	struct fixture fx;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		start(&fx, SIM_LWM2M_1_1);
		print_message("%s\n", rows[i].name);
		assert_int_equal(write_hex(&fx.d, rows[i].path, rows[i].format, rows[i].payload), SIM_CHANGED);
		assert_security_account(&fx.d);
		sim_device_clear(&fx.d);
	}
}

static void
test_values(void **state)
{
	struct fixture fx;

	(void)state;
	start(&fx, SIM_LWM2M_1_1);
	assert_int_equal(write_hex(&fx.d, (struct sim_path){ 1, 1, NONE, NONE }, 11542, TLV_SERVER), SIM_CHANGED);
	assert_int_equal(sim_store_number(&fx.d.store, 1, 1, 1, -1), 86400);
	/* rights of Short Server IDs 101 and 102 on /3/0, owner 101 */
	struct sim_path acl = { 2, 0, NONE, NONE };
	assert_int_equal(write_hex(&fx.d, acl, 11542, "c10003 c10100 86024165 0f416601 c10365"), SIM_CHANGED);
	assert_int_equal(sim_store_get(&fx.d.store, (struct sim_path){ 2, 0, 2, 101 })->number, 15);
	assert_int_equal(sim_store_get(&fx.d.store, (struct sim_path){ 2, 0, 2, 102 })->number, 1);
	/* the same in SenML CBOR */
	assert_int_equal(
		write_hex(&fx.d, acl, 112,
			"85 a321652f322f302f 0061300203 a20061310200 a20065322f313031020f a20065322f3130320201 "
			"a2006133021865"),
		SIM_CHANGED);
	assert_int_equal(sim_store_get(&fx.d.store, (struct sim_path){ 2, 0, 2, 101 })->number, 15);
	/* the right to create: Short Server ID 300 takes a 16-bit ID, 65535 four octets */
	assert_int_equal(write_hex(&fx.d, acl, 11542, "c10003 c4010000ffff 840261012c10 c4030000ffff"), SIM_CHANGED);
	assert_int_equal(sim_store_get(&fx.d.store, (struct sim_path){ 2, 0, 2, 300 })->number, 16);
	assert_null(sim_store_get(&fx.d.store, (struct sim_path){ 2, 0, 2, 101 })); /* a Write replaces the instance */
	assert_int_equal(sim_store_number(&fx.d.store, 2, 0, 3, -1), 65535);
	/* ciphersuites c0a8 and c0ae; a link to 21:0 */
	struct sim_path suites = { 0, 1, 16, NONE }, link = { 0, 1, 17, NONE };
	assert_int_equal(write_hex(&fx.d, suites, 11542, "88100c 44000000c0a8 44010000c0ae"), SIM_CHANGED);
	assert_int_equal(sim_store_get(&fx.d.store, (struct sim_path){ 0, 1, 16, 1 })->number, 0xc0ae);
	assert_int_equal(write_hex(&fx.d, link, 11542, "c41100150000"), SIM_CHANGED);
	assert_int_equal(sim_store_number(&fx.d.store, 0, 1, 17, -1), 21 << 16);
	sim_device_clear(&fx.d);
}

static void
test_refused_writes(void **state)
{
	static const struct row {
		const char *name;
		struct sim_path path;
		uint32_t format;
		const char *payload;
		uint8_t code;
	} rows[] = {
		{ "no Content-Format", INTO_0_1, SIM_NO_FORMAT, TLV_SECURITY, SIM_BAD_REQUEST },
		{ "JSON", INTO_0_1, 11543, TLV_SECURITY, SIM_UNSUPPORTED },
		{ "an object it has not", { 11, 0, NONE, NONE }, 11542, "c00061", SIM_NOT_FOUND },
		{ "mandatory mode missing", INTO_0_1, 11542, TLV_URI "c10100 c10a65", SIM_BAD_REQUEST },
		{ "given twice", INTO_0_1, 11542, TLV_SECURITY "c10a65", SIM_BAD_REQUEST },
		{ "a resource of 1.2", INTO_0_1, 11542, TLV_SECURITY "88 12 03 410017", SIM_BAD_REQUEST },
		{ "101 in two octets", { 0, 1, 10, NONE }, 11542, "c20a0065", SIM_BAD_REQUEST },
		{ "an integer of three octets", { 0, 1, 10, NONE }, 11542, "c30a010000", SIM_BAD_REQUEST },
		{ "ID 10 in two octets", { 0, 1, 10, NONE }, 11542, "e1000a65", SIM_BAD_REQUEST },
		{ "length 1 in an octet", { 0, 1, 10, NONE }, 11542, "c80a0165", SIM_BAD_REQUEST },
		{ "Boolean 2", { 0, 1, 1, NONE }, 11542, "c10102", SIM_BAD_REQUEST },
		{ "a ciphersuite as single", { 0, 1, 16, NONE }, 11542, "c4100000c0a8", SIM_BAD_REQUEST },
		{ "a ciphersuite as negative", { 0, 1, 16, NONE }, 11542, "8610 4200c0a8", SIM_BAD_REQUEST },
		{ "another resource than asked", { 0, 1, 10, NONE }, 11542, "c10200", SIM_BAD_REQUEST },
		{ "a wrapper at the instance", INTO_0_1, 11542, "080141" TLV_SECURITY, SIM_BAD_REQUEST },
		{ "no wrapper at the object", { 0, NONE, NONE, NONE }, 11542, TLV_SECURITY, SIM_BAD_REQUEST },
		{ "an empty object", { 0, NONE, NONE, NONE }, 11542, "", SIM_BAD_REQUEST },
		{ "a URI that is not UTF-8", { 0, 1, 0, NONE }, 11542, "c200c328", SIM_BAD_REQUEST },
		{ "an executable", { 1, 0, 8, NONE }, 11542, "c008", SIM_BAD_REQUEST },
		{ "identity as text", { 0, 1, 3, NONE }, 112, "81 a2 21 66 2f302f312f33 03 63 616263",
			SIM_BAD_REQUEST },
		{ "SSID as 1801 .. 0x65 in two", { 0, 1, 10, NONE }, 112, "81 a2 21 67 2f302f312f3130 02 190065",
			SIM_BAD_REQUEST },
		{ "mode 0 as 1800", { 0, 1, 2, NONE }, 112, "81 a2 21 66 2f302f312f32 02 1800", SIM_BAD_REQUEST },
		{ "an indefinite array", { 0, 1, 2, NONE }, 112, "9f a2 21 66 2f302f312f32 02 00 ff", SIM_BAD_REQUEST },
		{ "outside the path", { 0, 1, NONE, NONE }, 112, "81 a2 21 66 2f302f322f32 02 00", SIM_BAD_REQUEST },
		{ "octets behind", { 0, 1, 2, NONE }, 112, "81 a2 21 66 2f302f312f32 02 00 00", SIM_BAD_REQUEST },
		{ "no value", { 0, 1, 2, NONE }, 112, "81 a1 21 66 2f302f312f32", SIM_BAD_REQUEST },
	};
	struct fixture fx;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		start(&fx, SIM_LWM2M_1_1);
		print_message("%s\n", rows[i].name);
		assert_int_equal(write_hex(&fx.d, rows[i].path, rows[i].format, rows[i].payload), rows[i].code);
		assert_false(sim_store_has_instance(&fx.d.store, 0, 1)); /* nothing of it stays */
		sim_device_clear(&fx.d);
	}
}

/* The same single values in their right form: what the refused rows differ from. */
static void
test_single_resources(void **state)
{
	struct fixture fx;

	(void)state;
	start(&fx, SIM_LWM2M_1_1);
	struct sim_path ssid = { 0, 1, 10, NONE }, mode = { 0, 1, 2, NONE }, identity = { 0, 1, 3, NONE };
	assert_int_equal(write_hex(&fx.d, ssid, 11542, "c10a65"), SIM_CHANGED);
	assert_int_equal(write_hex(&fx.d, ssid, 112, "81 a2 21 67 2f302f312f3130 02 1865"), SIM_CHANGED);
	assert_int_equal(write_hex(&fx.d, mode, 112, "81 a2 21 66 2f302f312f32 02 00"), SIM_CHANGED);
	assert_int_equal(write_hex(&fx.d, identity, 112, "81 a2 21 66 2f302f312f33 08 43 616263"), SIM_CHANGED);
	assert_int_equal(write_hex(&fx.d, identity, 42, "616263"), SIM_CHANGED);
	assert_int_equal(write_hex(&fx.d, ssid, 0, "313031"), SIM_CHANGED);
	assert_int_equal(sim_store_number(&fx.d.store, 0, 1, 10, -1), 101);
	assert_int_equal(write_hex(&fx.d, ssid, 0, "30313031"), SIM_BAD_REQUEST); /* 0101 */
	sim_device_clear(&fx.d);
}

static void
test_every_prefix(void **state)
{
	uint8_t tlv[256], cbor[256];
	size_t tlv_len = hex(TLV_SECURITY, tlv, sizeof(tlv)), cbor_len = hex(CBOR_SECURITY, cbor, sizeof(cbor));
	struct fixture fx;

	(void)state;
	assert_int_equal(tlv_len, 65);
	assert_int_equal(cbor_len, 93);
	start(&fx, SIM_LWM2M_1_1);
	for (size_t n = 1; n <= cbor_len; n++) {
		struct sim_verdict a = { 0 }, b = { 0 };
		uint8_t *x = exact_copy(tlv, n < tlv_len ? n : tlv_len), *y = exact_copy(cbor, n);
		sim_device_write(&fx.d, (struct sim_path)INTO_0_1, 11542, x, n < tlv_len ? n : tlv_len, &a);
		sim_device_write(&fx.d, (struct sim_path)INTO_0_1, 112, y, n, &b);
		/* behind resources 2, 3 and 5 a prefix is whole, with all that is mandatory */
		bool whole = n == 32 || n == 43 || n == 62 || n >= tlv_len;
		assert_int_equal(a.code, whole ? SIM_CHANGED : SIM_BAD_REQUEST);
		assert_int_equal(b.code, n == cbor_len ? SIM_CHANGED : SIM_BAD_REQUEST);
		free(x);
		free(y);
	}
	sim_device_clear(&fx.d);
}

static void
assert_discover(struct sim_device *d, const char *expected)
{
	char text[1024];
	struct sim_verdict v = { 0 };

	sim_device_discover(d, (struct sim_path){ NONE, NONE, NONE, NONE }, text, sizeof(text), &v);
	assert_int_equal(v.code, SIM_CONTENT);
	assert_string_equal(text, expected);
}

static void
test_discover(void **state)
{
	struct fixture fx;

	(void)state;
	start(&fx, SIM_LWM2M_1_1);
	assert_int_equal(write_hex(&fx.d, (struct sim_path)INTO_0_1, 11542, TLV_SECURITY), SIM_CHANGED);
	assert_int_equal(write_hex(&fx.d, (struct sim_path){ 1, 0, NONE, NONE }, 11542, TLV_SERVER), SIM_CHANGED);
	assert_discover(&fx.d, "</>;lwm2m=1.1,</0/0>,</0/1>;ssid=101;uri=\"coaps://dm.example:5684\",</1/0>;ssid=101,"
			       "</2>,</3/0>,</21>");
	sim_device_clear(&fx.d);
	start(&fx, SIM_LWM2M_1_0);
	assert_discover(&fx.d, "lwm2m=\"1.0\",</0/0>,</1>,</2>,</3/0>");
	assert_int_equal(write_hex(&fx.d, (struct sim_path)INTO_0_1, 112, CBOR_SECURITY), SIM_UNSUPPORTED);
	sim_device_clear(&fx.d);
}

static uint8_t delete (struct sim_device *d, struct sim_path p)
{
	struct sim_verdict v = { 0 };

	sim_device_delete(d, p, &v);
	return v.code;
}

static void
test_delete(void **state)
{
	struct fixture fx;

	(void)state;
	start(&fx, SIM_LWM2M_1_1);
	assert_int_equal(write_hex(&fx.d, (struct sim_path)INTO_0_1, 11542, TLV_SECURITY), SIM_CHANGED);
	assert_int_equal(write_hex(&fx.d, (struct sim_path){ 1, 0, NONE, NONE }, 11542, TLV_SERVER), SIM_CHANGED);
	assert_int_equal(delete (&fx.d, (struct sim_path){ 0, 0, NONE, NONE }), SIM_BAD_REQUEST);
	assert_int_equal(delete (&fx.d, (struct sim_path){ 0, 1, 10, NONE }), SIM_BAD_REQUEST);
	assert_int_equal(delete (&fx.d, (struct sim_path){ 11, NONE, NONE, NONE }), SIM_NOT_FOUND);
	assert_int_equal(delete (&fx.d, (struct sim_path){ 0, 5, NONE, NONE }), SIM_DELETED);
	assert_int_equal(delete (&fx.d, (struct sim_path){ 0, NONE, NONE, NONE }), SIM_DELETED);
	assert_true(sim_store_has_instance(&fx.d.store, 0, 0)); /* its own account stays */
	assert_false(sim_store_has_instance(&fx.d.store, 0, 1));
	assert_true(sim_store_has_instance(&fx.d.store, 1, 0));
	assert_int_equal(delete (&fx.d, (struct sim_path){ NONE, NONE, NONE, NONE }), SIM_DELETED);
	assert_false(sim_store_has_instance(&fx.d.store, 1, 0));
	assert_true(sim_store_has_instance(&fx.d.store, 0, 0));
	assert_true(sim_store_has_instance(&fx.d.store, 3, 0));
	sim_device_clear(&fx.d);
}

static void
test_finish(void **state)
{
	static const struct row {
		const char *name, *security, *server, *access;
		uint8_t code;
	} rows[] = {
		{ "one account", TLV_SECURITY, TLV_SERVER, NULL, SIM_CHANGED },
		{ "no account", NULL, NULL, NULL, SIM_NOT_ACCEPTABLE },
		{ "no Server instance", TLV_SECURITY, NULL, NULL, SIM_NOT_ACCEPTABLE },
		{ "no Security instance", NULL, TLV_SERVER, NULL, SIM_NOT_ACCEPTABLE },
		{ "another SSID", TLV_SECURITY, "c10066 c40100015180 c10601 c10755", NULL, SIM_NOT_ACCEPTABLE },
		{ "binding X", TLV_SECURITY, "c10065 c40100015180 c10601 c10758", NULL, SIM_NOT_ACCEPTABLE },
		{ "maximum period 0", TLV_SECURITY, TLV_SERVER "c10300", NULL, SIM_NOT_ACCEPTABLE },
		{ "a second bootstrap account", TLV_URI "c10101 c10200 c103 61 c10a65", TLV_SERVER, NULL,
			SIM_NOT_ACCEPTABLE },
		{ "coap with a PSK", "c80012 636f61703a2f2f6c6f63616c686f73743a31" TLV_REST, TLV_SERVER, NULL,
			SIM_NOT_ACCEPTABLE },
		{ "a short key", TLV_URI "c10100 c10200 c103 61 c505 0001020304 c10a65", TLV_SERVER, NULL,
			SIM_NOT_ACCEPTABLE },
		{ "the key of its own account",
			TLV_URI "c10100 c10200 c103 61 c80510 30313233343536373839616263646566 c10a65", TLV_SERVER,
			NULL, SIM_NOT_ACCEPTABLE },
		{ "raw keys that are none", TLV_URI "c10100 c10201 c103 61 c104 61 c105 61 c10a65", TLV_SERVER, NULL,
			SIM_NOT_ACCEPTABLE },
		{ "SMS by the book",
			TLV_SECURITY "c10602 c607121216b20203 c80820 000102030405060708090a0b0c0d0e0f"
				     "101112131415161718191a1b1c1d1e1f c8090c 343437373030393030313233",
			TLV_SERVER, NULL, SIM_CHANGED },
		{ "SMS parameters without a mode", TLV_SECURITY "c607121216b20203", TLV_SERVER, NULL,
			SIM_NOT_ACCEPTABLE },
		{ "SMS with single DES", TLV_SECURITY "c10602 c607111216b20203 c80810 000102030405060708090a0b0c0d0e0f",
			TLV_SERVER, NULL, SIM_NOT_ACCEPTABLE },
		{ "rights on /3/0", TLV_SECURITY, TLV_SERVER, "c10003 c10100 8302 41650f c10365", SIM_CHANGED },
		{ "rights of a server it has not", TLV_SECURITY, TLV_SERVER, "c10003 c10100 8302 41660f c10365",
			SIM_NOT_ACCEPTABLE },
		{ "rights on /1/4", TLV_SECURITY, TLV_SERVER, "c10001 c10104 8302 41650f c10365", SIM_NOT_ACCEPTABLE },
		{ "rights on /0", TLV_SECURITY, TLV_SERVER, "c10000 c10100 8302 41650f c10365", SIM_NOT_ACCEPTABLE },
	};
	struct fixture fx;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *const parts[] = { rows[i].security, rows[i].server, rows[i].access };
		struct sim_verdict v = { 0 };
		start(&fx, SIM_LWM2M_1_1);
		print_message("%s\n", rows[i].name);
		for (uint16_t oid = 0; oid < 3; oid++)
			if (parts[oid] != NULL)
				assert_int_equal(
					write_hex(&fx.d, (struct sim_path){ oid, 1, NONE, NONE }, 11542, parts[oid]),
					SIM_CHANGED);
		sim_device_finish(&fx.d, &v);
		assert_int_equal(v.code, rows[i].code);
		sim_device_clear(&fx.d);
	}
}

/* What the flags of the command line change: an earlier account, and one that stands alone. */
static void
test_other_devices(void **state)
{
	static const char alone[] = TLV_URI "c10100 c10200 c10361 c80510 101112131415161718191a1b1c1d1e1f";
	struct sim_factory f = { .uri = "coaps://bs.example",
		.mode = SIM_MODE_PSK,
		.public_or_identity = "own",
		.public_or_identity_len = 3,
		.secret = "0123456789abcdef",
		.secret_len = 16,
		.stale = true };
	struct sim_device d = { .version = SIM_LWM2M_1_1, .bs_iid = 4 };
	struct sim_verdict whole = { 0 }, strict = { 0 }, lenient = { 0 };

	(void)state;
	assert_int_equal(sim_device_init(&d, &f), BS_OK);
	assert_discover(&d, "</>;lwm2m=1.1,</0/4>,</0/7>;ssid=999;uri=\"coap://old.example:5683\",</1/7>;ssid=999,</2>,"
			    "</3/0>,</21>");
	sim_device_finish(&d, &whole);
	assert_int_equal(whole.code, SIM_CHANGED); /* old, but consistent */
	assert_int_equal(write_hex(&d, (struct sim_path)INTO_0_1, 11542, alone), SIM_CHANGED);
	sim_device_finish(&d, &strict);
	assert_int_equal(strict.code, SIM_NOT_ACCEPTABLE);
	d.repository_ok = true;
	sim_device_finish(&d, &lenient);
	assert_int_equal(lenient.code, SIM_CHANGED);
	sim_device_clear(&d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_writes),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_refused_writes),
		cmocka_unit_test(test_single_resources),
		cmocka_unit_test(test_every_prefix),
		cmocka_unit_test(test_discover),
		cmocka_unit_test(test_delete),
		cmocka_unit_test(test_finish),
		cmocka_unit_test(test_other_devices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
