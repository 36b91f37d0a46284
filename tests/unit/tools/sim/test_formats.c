/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The simulator's SenML JSON and LwM2M CBOR, its answers to Bootstrap-Read, and what it begins with. Octets and texts are
 * written by hand from RFC 8428, LwM2M Core 1.1 section 7.4 and 1.2 section 7.4.6.
 */
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tools/sim/device.h"
#include "tools/sim/holds.h"

#define NONE SIM_NONE

/* /0/1: coaps://dm.example:5684, no bootstrap, PSK, "dev-0001", 00..0f, SSID 101 */
#define JSON_SECURITY \
	"[{\"bn\":\"/0/1/\",\"n\":\"0\",\"vs\":\"coaps://dm.example:5684\"},{\"n\":\"1\",\"vb\":false}," \
	"{\"n\":\"2\",\"v\":0},{\"n\":\"3\",\"vd\":\"ZGV2LTAwMDE\"},{\"n\":\"5\",\"vd\":\"AAECAwQFBgcICQoLDA0ODw\"}," \
	"{\"n\":\"10\",\"v\":101}]"
#define MAP_SECURITY \
	"a6 00 77636f6170733a2f2f646d2e6578616d706c653a35363834 01f4 0200 03 486465762d30303031 " \
	"05 50000102030405060708090a0b0c0d0e0f 0a 1865"

static const struct sim_path into_0_1 = { 0, 1, NONE, NONE }, into_0 = { 0, NONE, NONE, NONE };

static void
start(struct sim_device *d, enum sim_version version, const struct sim_store *holds)
{
	struct sim_factory f = { .uri = "coaps://bs.example:5684",
		.mode = SIM_MODE_PSK,
		.public_or_identity = "own",
		.public_or_identity_len = 3,
		.secret = "0123456789abcdef",
		.secret_len = 16,
		.holds = holds };

	memset(d, 0, sizeof(*d));
	d->version = version;
	assert_int_equal(sim_device_init(d, &f), BS_OK);
}

static uint8_t
write_octets(struct sim_device *d, struct sim_path p, uint32_t format, const void *data, size_t len)
{
	struct sim_verdict v = { 0 };
	uint8_t *copy = exact_copy(data, len);

	sim_device_write(d, p, format, copy, len, &v);
	free(copy);
	return v.code;
}

static uint8_t
write_hex(struct sim_device *d, struct sim_path p, uint32_t format, const char *text)
{
	uint8_t buf[2048];

	return write_octets(d, p, format, buf, hex(text, buf, sizeof(buf)));
}

static uint8_t
write_text(struct sim_device *d, struct sim_path p, const char *json)
{
	return write_octets(d, p, 110, json, strlen(json));
}

static void
assert_security_account(const struct sim_device *d)
{
	assert_string_equal((const char *)sim_store_res(&d->store, 0, 1, 0)->data, "coaps://dm.example:5684");
	assert_int_equal(sim_store_number(&d->store, 0, 1, 1, -1), 0);
	assert_int_equal(sim_store_number(&d->store, 0, 1, 2, -1), 0);
	assert_hex("identity", sim_store_res(&d->store, 0, 1, 3)->data, sim_store_len(&d->store, 0, 1, 3),
		"6465762d30303031");
	assert_hex("key", sim_store_res(&d->store, 0, 1, 5)->data, sim_store_len(&d->store, 0, 1, 5),
		"000102030405060708090a0b0c0d0e0f");
	assert_int_equal(sim_store_number(&d->store, 0, 1, 10, -1), 101);
}

static void
test_security_account(void **state)
{
	static const struct {
		const char *name, *payload;
	} forms[] = {
		{ "nested", "a1 00 a1 01 " MAP_SECURITY },
		{ "a path as key", "a1 82 0001 " MAP_SECURITY },
		{ "mixed: mode as a path, the rest nested",
			"a2 83 000102 00 00 a1 01 "
			"a5 00 77636f6170733a2f2f646d2e6578616d706c653a35363834 01f4 03 486465762d30303031 "
			"05 50000102030405060708090a0b0c0d0e0f 0a 1865" },
	};
	struct sim_device d;

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(forms) / sizeof(forms[0]); i++) {
		start(&d, SIM_LWM2M_1_2, NULL);
		print_message("LwM2M CBOR, %s\n", forms[i / 2].name);
		assert_int_equal(write_hex(&d, i % 2 ? into_0 : into_0_1, 11544, forms[i / 2].payload), SIM_CHANGED);
		assert_security_account(&d);
		sim_device_clear(&d);
	}
	for (int i = 0; i < 2; i++) {
		start(&d, SIM_LWM2M_1_1, NULL);
		assert_int_equal(write_text(&d, i ? into_0 : into_0_1, JSON_SECURITY), SIM_CHANGED);
		assert_security_account(&d);
		assert_int_equal(write_hex(&d, into_0_1, 11544, forms[0].payload), SIM_UNSUPPORTED); /* 1.2 */
		sim_device_clear(&d);
	}
}

/* Multiple resources, links, numbers beyond a byte. */
static void
test_values(void **state)
{
	struct sim_path acl = { 2, 0, NONE, NONE }, suites = { 0, 1, 16, NONE }, link = { 0, 1, 17, NONE };
	struct sim_path other = { 3303, 0, NONE, NONE };
	struct sim_device d;
	double real;

	(void)state;
	start(&d, SIM_LWM2M_1_2, NULL);
	assert_int_equal(write_hex(&d, acl, 11544, "a1 820200 a4 0003 0100 02 a2 18650f 186601 03 1865"), SIM_CHANGED);
	assert_int_equal(sim_store_get(&d.store, (struct sim_path){ 2, 0, 2, 101 })->number, 15);
	assert_int_equal(sim_store_get(&d.store, (struct sim_path){ 2, 0, 2, 102 })->number, 1);
	assert_int_equal(
		write_text(&d, acl,
			"[{\"bn\":\"/2/0/\",\"n\":\"0\",\"v\":3},{\"n\":\"1\",\"v\":65535},{\"n\":\"2/300\",\"v\":16},"
			"{\"n\":\"3\",\"v\":65535}]"),
		SIM_CHANGED);
	assert_int_equal(sim_store_get(&d.store, (struct sim_path){ 2, 0, 2, 300 })->number, 16);
	assert_null(sim_store_get(&d.store, (struct sim_path){ 2, 0, 2, 101 }));
	assert_int_equal(write_hex(&d, suites, 11544, "a1 83000110 a2 00 19c0a8 01 19c0ae"), SIM_CHANGED);
	assert_int_equal(sim_store_get(&d.store, (struct sim_path){ 0, 1, 16, 1 })->number, 0xc0ae);
	assert_int_equal(write_hex(&d, link, 11544, "a1 83000111 64 32313a30"), SIM_CHANGED); /* 21:0 */
	assert_int_equal(sim_store_number(&d.store, 0, 1, 17, -1), 21 << 16);
	assert_int_equal(write_text(&d, link, "[{\"bn\":\"/0/1/17\",\"vlo\":\"21:3\"}]"), SIM_CHANGED);
	assert_int_equal(sim_store_number(&d.store, 0, 1, 17, -1), 21 << 16 | 3);
	/* an object that the table does not know: what the form says */
	d.extra[d.extra_count++] = 3303;
	assert_int_equal(
		write_hex(&d, other, 11544, "a1 82 190ce7 00 a2 191644 f9 3e00 191645 63 43656c"), SIM_CHANGED);
	const struct sim_value *v = sim_store_res(&d.store, 3303, 0, 5700);
	assert_int_equal(v->kind, SIM_FLOAT);
	memcpy(&real, &v->number, sizeof(real));
	assert_true(real == 1.5);
	assert_string_equal((const char *)sim_store_res(&d.store, 3303, 0, 5701)->data, "Cel");
	assert_int_equal(write_text(&d, other, "[{\"bn\":\"/3303/0/\",\"n\":\"5700\",\"v\":-2.25}]"), SIM_CHANGED);
	v = sim_store_res(&d.store, 3303, 0, 5700);
	memcpy(&real, &v->number, sizeof(real));
	assert_true(real == -2.25);
	sim_device_clear(&d);
}

static void
test_refused_json(void **state)
{
	static const struct {
		const char *name, *json;
	} rows[] = {
		{ "no JSON", "[{\"bn\":" },
		{ "something behind it", "[{\"bn\":\"/0/1/2\",\"v\":0}] x" },
		{ "an object", "{\"bn\":\"/0/1/2\",\"v\":0}" },
		{ "a record that is none", "[0]" },
		{ "a label twice", "[{\"bn\":\"/0/1/2\",\"v\":0,\"v\":0}]" },
		{ "two values", "[{\"bn\":\"/0/1/2\",\"v\":0,\"vb\":false}]" },
		{ "no value", "[{\"bn\":\"/0/1/2\"}]" },
		{ "an unknown label", "[{\"bn\":\"/0/1/2\",\"v\":0,\"t\":5}]" },
		{ "an integer with a fraction", "[{\"bn\":\"/0/1/10\",\"v\":101.0}]" },
		{ "an integer as text", "[{\"bn\":\"/0/1/10\",\"v\":\"101\"}]" },
		{ "an integer as vs", "[{\"bn\":\"/0/1/10\",\"vs\":\"101\"}]" },
		{ "a Boolean as number", "[{\"bn\":\"/0/1/1\",\"v\":0}]" },
		{ "identity as text", "[{\"bn\":\"/0/1/3\",\"vs\":\"abc\"}]" },
		{ "URI as octets", "[{\"bn\":\"/0/1/0\",\"vd\":\"YWJj\"}]" },
		{ "base64 with padding", "[{\"bn\":\"/0/1/3\",\"vd\":\"YWI=\"}]" },
		{ "the other alphabet", "[{\"bn\":\"/0/1/3\",\"vd\":\"+/+/\"}]" },
		{ "bits left over", "[{\"bn\":\"/0/1/3\",\"vd\":\"YWJ\"}]" },
		{ "a single sextet", "[{\"bn\":\"/0/1/3\",\"vd\":\"YWJjZ\"}]" },
		{ "a link as vs", "[{\"bn\":\"/0/1/17\",\"vs\":\"21:0\"}]" },
		{ "a link with zeros", "[{\"bn\":\"/0/1/17\",\"vlo\":\"21:00\"}]" },
		{ "a ciphersuite as single", "[{\"bn\":\"/0/1/16\",\"v\":49320}]" },
		{ "a relative name", "[{\"n\":\"2\",\"v\":0}]" },
		{ "a name with zeros", "[{\"bn\":\"/0/1/02\",\"v\":0}]" },
		{ "outside the path", "[{\"bn\":\"/0/2/2\",\"v\":0}]" },
		{ "a resource it has not", "[{\"bn\":\"/0/1/31\",\"v\":0}]" },
	};
	struct sim_device d;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sim_path p = into_0_1;
		start(&d, SIM_LWM2M_1_2, NULL);
		print_message("%s\n", rows[i].name);
		p.rid = 0; /* at the resource: nothing mandatory could be missing */
		const char *at = strstr(rows[i].json, "/0/1/");
		if (at != NULL)
			p.rid = (uint16_t)atoi(at + 5);
		assert_int_equal(write_text(&d, p, rows[i].json), SIM_BAD_REQUEST);
		assert_false(sim_store_has_instance(&d.store, 0, 1));
		sim_device_clear(&d);
	}
	start(&d, SIM_LWM2M_1_2, NULL); /* the right forms of some of them */
	assert_int_equal(
		write_text(&d, (struct sim_path){ 0, 1, 10, NONE }, "[{\"bn\":\"/0/1/10\",\"v\":101}]"), SIM_CHANGED);
	assert_int_equal(write_text(&d, (struct sim_path){ 0, 1, 3, NONE }, "[{\"bn\":\"/0/1/3\",\"vd\":\"-_-_YWI\"}]"),
		SIM_CHANGED);
	assert_hex("vd", sim_store_res(&d.store, 0, 1, 3)->data, 5, "fbffbf6162");
	assert_int_equal(write_text(&d, (struct sim_path){ 1, NONE, NONE, NONE }, "[]"), SIM_BAD_REQUEST);
	sim_device_clear(&d);
}

static void
test_refused_cbor(void **state)
{
	static const struct {
		const char *name, *payload;
		uint16_t rid;
	} rows[] = {
		{ "an array", "81 00", 2 },
		{ "a value at the instance", "a1 00 a1 01 00", 2 },
		{ "a value at the object", "a1 00 00", 2 },
		{ "outside the path", "a1 83 000202 00", 2 },
		{ "another instance, empty", "a1 00 a1 02 a0", 2 },
		{ "a multiple resource as single", "a1 83 000110 19c0a8", 16 },
		{ "a single resource as multiple", "a1 83 000102 a1 00 00", 2 },
		{ "below a resource instance", "a1 84 00011000 a1 00 00", 16 },
		{ "an empty map there", "a1 84 00011000 a0", 16 },
		{ "a path too long", "a1 85 0001100000 00", 16 },
		{ "an empty path", "a1 80 a1 00 00", 2 },
		{ "a key of text", "a1 6130 a1 01 a1 02 00", 2 },
		{ "a negative key", "a1 20 a1 01 a1 02 00", 2 },
		{ "the ID 65535", "a1 83 0001 19ffff 00", 2 },
		{ "a key in two octets", "a1 00 a1 01 a1 1802 00", 2 },
		{ "a key in three octets", "a1 00 a1 01 a1 190002 00", 2 },
		{ "a value in two octets", "a1 83 000102 1800", 2 },
		{ "a value in three octets", "a1 83 00010a 190065", 10 },
		{ "an indefinite map", "bf 83 000102 00 ff", 2 },
		{ "octets behind", "a1 83 000102 00 00", 2 },
		{ "given twice", "a2 83 000102 00 00 a1 01 a1 02 00", 2 },
		{ "identity as text", "a1 83 000103 63616263", 3 },
		{ "a Boolean as number", "a1 83 000101 00", 1 },
		{ "null", "a1 83 000102 f6", 2 },
		{ "a tag", "a1 83 000102 c1 00", 2 },
		{ "a float for an integer", "a1 83 000102 f9 0000", 2 },
		{ "a link that is none", "a1 83 000111 61 61", 17 },
	};
	struct sim_device d;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		start(&d, SIM_LWM2M_1_2, NULL);
		print_message("%s\n", rows[i].name);
		assert_int_equal(write_hex(&d, (struct sim_path){ 0, 1, rows[i].rid, NONE }, 11544, rows[i].payload),
			SIM_BAD_REQUEST);
		assert_false(sim_store_has_instance(&d.store, 0, 1));
		sim_device_clear(&d);
	}
	start(&d, SIM_LWM2M_1_2, NULL); /* the right form of some of them */
	assert_int_equal(write_hex(&d, (struct sim_path){ 0, 1, 2, NONE }, 11544, "a1 83 000102 00"), SIM_CHANGED);
	assert_int_equal(
		write_hex(&d, (struct sim_path){ 0, 1, 16, NONE }, 11544, "a1 84 00011000 19c0a8"), SIM_CHANGED);
	assert_int_equal(write_hex(&d, (struct sim_path){ 1, NONE, NONE, NONE }, 11544, "a1 01 a0"), SIM_BAD_REQUEST);
	sim_device_clear(&d);
}

static void
test_every_prefix(void **state)
{
	uint8_t cbor[128];
	size_t cbor_len = hex("a1 00 a1 01 " MAP_SECURITY, cbor, sizeof(cbor)), json_len = strlen(JSON_SECURITY);
	struct sim_device d;

	(void)state;
	assert_int_equal(cbor_len, 65);
	assert_int_equal(json_len, 180);
	start(&d, SIM_LWM2M_1_2, NULL);
	for (size_t n = 1; n < json_len; n++)
		assert_int_equal(write_octets(&d, into_0_1, 110, JSON_SECURITY, n), SIM_BAD_REQUEST);
	for (size_t n = 1; n < cbor_len; n++)
		assert_int_equal(write_octets(&d, into_0_1, 11544, cbor, n), SIM_BAD_REQUEST);
	assert_false(sim_store_has_instance(&d.store, 0, 1));
	sim_device_clear(&d);
}

static void
load_holds(const char *json, struct sim_store *s, enum bs_err expected, const char *text)
{
	char path[] = "/tmp/sim-holds-XXXXXX";
	struct bs_diag diag = { 0 };
	int fd = mkstemp(path);

	assert_true(fd >= 0 && write(fd, json, strlen(json)) == (ssize_t)strlen(json));
	close(fd);
	assert_int_equal(sim_holds_load(path, 0, s, &diag), expected);
	if (text != NULL)
		assert_non_null(strstr(diag.text, text));
	unlink(path);
}

#define HELD \
	"{\"objects\":{\"0\":{\"0\":{\"0\":\"coaps://bs2\",\"1\":true,\"5\":\"hex:00\"}," \
	"\"5\":{\"0\":\"coap://old.example:5683\",\"1\":false,\"2\":3,\"10\":300}}," \
	"\"1\":{\"5\":{\"0\":300,\"1\":86400,\"6\":true,\"7\":\"U\",\"10\":\"11:2\"}," \
	"\"6\":{\"0\":301,\"1\":60,\"6\":false,\"7\":\"UQ\"}}," \
	"\"2\":{\"0\":{\"0\":1,\"1\":5,\"2\":{\"101\":15,\"300\":-1},\"3\":300}},\"3\":{\"0\":{}}}}"

static void
test_holds(void **state)
{
	static const struct {
		const char *json, *text;
	} bad[] = {
		{ "{", "" },
		{ "[]", "/: objects of instances" },
		{ "{\"1\":{\"0\":5}}", "/1/0: objects of instances" },
		{ "{\"x\":{}}", "no ID" },
		{ "{\"1\":{\"65535\":{}}}", "no ID" },
		{ "{\"1\":{\"0\":{\"0\":\"a\"}}}", "/1/0/0: a value that does not fit" },
		{ "{\"1\":{\"0\":{\"4\":1}}}", "/1/0/4: an executable" },
		{ "{\"2\":{\"0\":{\"2\":1}}}", "/2/0/2: a multiple resource" },
		{ "{\"0\":{\"1\":{\"3\":\"hex:0\"}}}", "/0/1/3: not hexadecimal" },
		{ "{\"0\":{\"0\":{\"1\":false}}}", "/0/0: there the device's own account lies" },
		{ "{\"2\":{\"0\":{\"2\":{\"1\":{\"2\":3}}}}}", "objects of instances" },
	};
	struct sim_store s = { 0 };
	struct sim_device d;

	(void)state;
	load_holds(HELD, &s, BS_OK, NULL);
	start(&d, SIM_LWM2M_1_1, &s);
	assert_string_equal((const char *)sim_store_res(&d.store, 0, 0, 0)->data, "coaps://bs.example:5684");
	assert_int_equal(sim_store_len(&d.store, 0, 0, 5), 16); /* its own account is that of the factory */
	assert_int_equal(sim_store_number(&d.store, 0, 5, 10, -1), 300);
	assert_int_equal(sim_store_number(&d.store, 1, 5, 10, -1), 11 << 16 | 2);
	assert_int_equal(sim_store_get(&d.store, (struct sim_path){ 2, 0, 2, 300 })->number, -1);
	sim_device_clear(&d);
	sim_store_clear(&s);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		print_message("%s\n", bad[i].json);
		load_holds(bad[i].json, &s, BS_EFORMAT, bad[i].text);
		sim_store_clear(&s);
	}
}

static uint8_t
read_path(const struct sim_device *d, struct sim_path p, uint32_t format, char **out, size_t *len)
{
	struct sim_verdict v = { 0 };

	*out = NULL;
	sim_device_read(d, p, format, out, len, &v);
	return v.code;
}

static void
assert_read(const struct sim_device *d, struct sim_path p, uint32_t format, const char *expected)
{
	char *out, name[32];
	size_t len = 0;

	assert_int_equal(read_path(d, p, format, &out, &len), SIM_CONTENT);
	snprintf(name, sizeof(name), "%u of /%u", (unsigned)format, p.oid);
	if (format == 110) {
		assert_int_equal(len, strlen(expected));
		assert_memory_equal(out, expected, len);
	} else {
		assert_hex(name, (const uint8_t *)out, len, expected);
	}
	free(out);
}

static void
test_read(void **state)
{
	const struct sim_path servers = { 1, NONE, NONE, NONE }, one = { 1, 5, NONE, NONE };
	const struct sim_path rights = { 2, NONE, NONE, NONE }, right = { 2, 0, NONE, NONE };
	struct sim_store s = { 0 };
	struct sim_device d;

	(void)state;
	load_holds(HELD, &s, BS_OK, NULL);
	start(&d, SIM_LWM2M_1_2, &s);
	assert_read(&d, one, 11542, "c200012c c40100015180 c10601 c10755 c40a000b0002");
	assert_read(&d, servers, 11542,
		"080516 c200012c c40100015180 c10601 c10755 c40a000b0002 08060e c200012d c1013c c10600 c2075551");
	assert_read(&d, right, 11542, "c10001 c10105 870241650f 61012cff c203012c");
	assert_read(&d, rights, 11542, "080013 c10001 c10105 870241650f 61012cff c203012c");
	assert_read(&d, one, 110,
		"[{\"bn\":\"/1/5/\",\"n\":\"0\",\"v\":300},{\"n\":\"1\",\"v\":86400},{\"n\":\"6\",\"vb\":true},"
		"{\"n\":\"7\",\"vs\":\"U\"},{\"n\":\"10\",\"vlo\":\"11:2\"}]");
	assert_read(&d, rights, 110,
		"[{\"bn\":\"/2/\",\"n\":\"0/0\",\"v\":1},{\"n\":\"0/1\",\"v\":5},{\"n\":\"0/2/101\",\"v\":15},"
		"{\"n\":\"0/2/300\",\"v\":-1},{\"n\":\"0/3\",\"v\":300}]");
	assert_read(&d, one, 112,
		"85 a3 21 65 2f312f352f 00 6130 02 19012c a2 00 6131 02 1a00015180 a2 00 6136 04 f5 "
		"a2 00 6137 03 6155 a2 00 623130 63 766c6f 64 31313a32");
	assert_read(&d, right, 112,
		"85 a3 21 65 2f322f302f 00 6130 02 01 a2 00 6131 02 05 a2 00 65 322f313031 02 0f "
		"a2 00 65 322f333030 02 20 a2 00 6133 02 19012c");
	assert_read(&d, one, 11544, "a1 01 a1 05 a5 00 19012c 01 1a00015180 06 f5 07 6155 0a 64 31313a32");
	assert_read(&d, rights, 11544, "a1 02 a1 00 a4 00 01 01 05 02 a2 1865 0f 19012c 20 03 19012c");
	sim_store_remove(&d.store, rights);
	assert_read(&d, rights, 11542, "");
	assert_read(&d, rights, 110, "[]");
	assert_read(&d, rights, 112, "80");
	assert_read(&d, rights, 11544, "a0");
	sim_device_clear(&d);
	sim_store_clear(&s);
}

static void
test_refused_reads(void **state)
{
	static const struct {
		const char *name;
		enum sim_version version;
		struct sim_path path;
		uint32_t format;
		uint8_t code;
	} rows[] = {
		{ "LwM2M 1.0", SIM_LWM2M_1_0, { 1, NONE, NONE, NONE }, 11542, SIM_NOT_ALLOWED },
		{ "the root", SIM_LWM2M_1_1, { NONE, NONE, NONE, NONE }, 112, SIM_NOT_ALLOWED },
		{ "keys", SIM_LWM2M_1_1, { 0, NONE, NONE, NONE }, 112, SIM_NOT_ALLOWED },
		{ "an object outside", SIM_LWM2M_1_1, { 3, 0, NONE, NONE }, 112, SIM_NOT_ALLOWED },
		{ "a resource", SIM_LWM2M_1_1, { 1, 5, 0, NONE }, 112, SIM_NOT_ALLOWED },
		{ "no such instance", SIM_LWM2M_1_1, { 1, 0, NONE, NONE }, 112, SIM_NOT_FOUND },
		{ "LwM2M CBOR before 1.2", SIM_LWM2M_1_1, { 1, NONE, NONE, NONE }, 11544, SIM_NOT_ACCEPTABLE },
		{ "the old JSON", SIM_LWM2M_1_1, { 1, NONE, NONE, NONE }, 11543, SIM_NOT_ACCEPTABLE },
		{ "text", SIM_LWM2M_1_1, { 1, NONE, NONE, NONE }, 0, SIM_NOT_ACCEPTABLE },
	};
	struct sim_device d;
	char *out;
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		start(&d, rows[i].version, NULL);
		print_message("%s\n", rows[i].name);
		assert_int_equal(read_path(&d, rows[i].path, rows[i].format, &out, &len), rows[i].code);
		assert_null(out);
		sim_device_clear(&d);
	}
	start(&d, SIM_LWM2M_1_1, NULL);
	d.lacks_access_control = true;
	assert_int_equal(read_path(&d, (struct sim_path){ 2, NONE, NONE, NONE }, 112, &out, &len), SIM_NOT_FOUND);
	assert_int_equal(
		write_hex(&d, (struct sim_path){ 2, 0, NONE, NONE }, 11542, "c10003 c10100 c10365"), SIM_NOT_FOUND);
	sim_device_clear(&d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_security_account),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_refused_json),
		cmocka_unit_test(test_refused_cbor),
		cmocka_unit_test(test_every_prefix),
		cmocka_unit_test(test_holds),
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_refused_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
