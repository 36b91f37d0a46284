/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/test.h"

#include <math.h>
#include <stdlib.h>

#include <jansson.h>

#include "server/content/format.h"
#include "tests/lib/instances.h"

static const struct bs_path security = { BS_LEVEL_INSTANCE, 0, 1, 0 };

static void
check(const char *name, const struct bs_path *path, const struct bs_instance *instances, size_t count,
	const char *expected)
{
	uint8_t out[512];
	struct bs_wr w = bs_wr_init(out, sizeof(out));
	size_t len = 0;
	json_t *json;

	bs_senml_json_encode(&w, path, instances, count);
	if (bs_wr_done(&w, &len) != BS_OK || len != strlen(expected) || memcmp(out, expected, len) != 0)
		fail_msg("%s: %s: %.*s", name, bs_strerror(w.err), (int)len, (const char *)out);
	json = json_loadb((const char *)out, len, JSON_REJECT_DUPLICATES, NULL);
	if (json == NULL)
		fail_msg("%s: not JSON", name);
	json_decref(json);
}

static void
instances_are_encoded(void **state)
{
	static const struct bs_path acl = { BS_LEVEL_INSTANCE, 2, 0, 0 };

	(void)state;
	check("pre-shared key", &security, &psk_instance, 1,
		"[{\"bn\":\"/0/1/\",\"n\":\"0\",\"vs\":\"coaps://dm.example:5684\"},{\"n\":\"1\",\"vb\":false},"
		"{\"n\":\"2\",\"v\":0},{\"n\":\"3\",\"vd\":\"ZGV2LTAwMDE\"},"
		"{\"n\":\"5\",\"vd\":\"AAECAwQFBgcICQoLDA0ODw\"},{\"n\":\"10\",\"v\":101}]");
	check("access control", &acl, &acl_instance, 1,
		"[{\"bn\":\"/2/0/\",\"n\":\"0\",\"v\":3},{\"n\":\"1\",\"v\":0},{\"n\":\"2/101\",\"v\":15},"
		"{\"n\":\"2/102\",\"v\":1},{\"n\":\"3\",\"v\":101}]");
	/* covers: trap 19 */
	check("object link", &security, &link_instance, 1, "[{\"bn\":\"/0/1/\",\"n\":\"17\",\"vlo\":\"21:0\"}]");
	check("nothing", &security, NULL, 0, "[]");
}

static void
levels_share_the_name_out(void **state)
{
	static const struct bs_entry one[] = { ONE(0, INTEGER(1)) };
	static const struct bs_entry two[] = { ONE(0, INTEGER(2)), PART(2, 5, INTEGER(3)) };
	static const struct bs_instance instances[] = { { 7, 0, NULL, 0 }, INSTANCE(7, 1, one), INSTANCE(7, 300, two) };
	static const struct bs_path object = { BS_LEVEL_OBJECT, 7, 0, 0 }, root = { .level = BS_LEVEL_ROOT };
	static const struct bs_path resource = { BS_LEVEL_RESOURCE, 7, 1, 0 };
	static const struct bs_path suites = { BS_LEVEL_RESOURCE, 0, 1, 16 };

	(void)state;
	check("object", &object, instances, 3,
		"[{\"bn\":\"/7/\",\"n\":\"1/0\",\"v\":1},{\"n\":\"300/0\",\"v\":2},{\"n\":\"300/2/5\",\"v\":3}]");
	check("root", &root, &instances[1], 1, "[{\"bn\":\"/7/1/\",\"n\":\"0\",\"v\":1}]");
	check("root, several", &root, instances, 3,
		"[{\"bn\":\"/7/1/\",\"n\":\"0\",\"v\":1},{\"bn\":\"/7/300/\",\"n\":\"0\",\"v\":2},{\"n\":\"2/"
		"5\",\"v\":3}]");
	check("resource", &resource, &instances[1], 1, "[{\"bn\":\"/7/1/0\",\"v\":1}]");
	check("multiple resource", &suites, &suite_instance, 1,
		"[{\"bn\":\"/0/1/16/\",\"n\":\"0\",\"v\":49320},{\"n\":\"1\",\"v\":49326}]");
}

/* Octets: RFC 4648, 10, without padding. Text: RFC 8259, 7. */
static void
values_are_encoded(void **state)
{
	static const struct {
		struct bs_value value;
		const char *expected; /* label and value */
	} rows[] = {
		{ INTEGER(INT64_MIN), "\"v\":-9223372036854775808" },
		{ UNSIGNED(UINT32_MAX), "\"v\":4294967295" },
		{ { .type = BS_TYPE_TIME, .integer = 1700000000 }, "\"v\":1700000000" },
		{ REAL(0.1), "\"v\":0.1" },
		{ REAL(-1.5), "\"v\":-1.5" },
		{ REAL(100000), "\"v\":100000.0" },
		{ REAL(-0.0), "\"v\":-0.0" },
		{ REAL(1e300), "\"v\":1e+300" },
		{ REAL(1.0 / 3), "\"v\":0.3333333333333333" },
		{ REAL(5e-324), "\"v\":4.94066e-324" },
		{ BOOLEAN(true), "\"vb\":true" },
		{ LINK(65535, 65535), "\"vlo\":\"65535:65535\"" },
		{ OCTETS(""), "\"vd\":\"\"" },
		{ OCTETS("f"), "\"vd\":\"Zg\"" },
		{ OCTETS("fo"), "\"vd\":\"Zm8\"" },
		{ OCTETS("foo"), "\"vd\":\"Zm9v\"" },
		{ OCTETS("foobar"), "\"vd\":\"Zm9vYmFy\"" },
		{ OCTETS("\xfb\xff\xbf"), "\"vd\":\"-_-_\"" },
		{ TEXT(""), "\"vs\":\"\"" },
		{ TEXT("\"\\/\x7f"), "\"vs\":\"\\\"\\\\/\x7f\"" },
		{ TEXT("\b\t\n\f\r\x01\x1f"), "\"vs\":\"\\b\\t\\n\\f\\r\\u0001\\u001f\"" },
		{ TEXT("\xc3\xa9\xf0\x9f\x94\x91"), "\"vs\":\"\xc3\xa9\xf0\x9f\x94\x91\"" },
		{ { .type = BS_TYPE_CORELNK, .bytes = { (const uint8_t *)"</3>", 4 } }, "\"vs\":\"</3>\"" },
	};
	static const struct bs_path path = { BS_LEVEL_RESOURCE, 1, 2, 3 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bs_entry e = { .rid = 3, .value = rows[i].value };
		struct bs_instance inst = { 1, 2, &e, 1 };
		char expected[160] = "[{\"bn\":\"/1/2/3\",";

		strcat(strcat(expected, rows[i].expected), "}]");
		check(rows[i].expected, &path, &inst, 1, expected);
	}
}

/* Octets of every length around the piece that is encoded at a time, against another base64. */
static void
octets_of_any_length(void **state)
{
	static const char before[] = "[{\"bn\":\"/0/1/\",\"n\":\"0\",\"vd\":\"";
	static uint8_t octets[200];

	(void)state;
	for (size_t i = 0; i < sizeof(octets); i++)
		octets[i] = (uint8_t)(i * 7);
	for (size_t n = 0; n <= sizeof(octets); n++) {
		struct bs_entry e = { .value = { .type = BS_TYPE_OPAQUE, .bytes = { octets, n } } };
		struct bs_instance inst = { 0, 1, &e, 1 };
		uint8_t out[400];
		struct bs_wr w = bs_wr_init(out, sizeof(out));
		size_t len;

		bs_senml_json_encode(&w, &security, &inst, 1);
		assert_int_equal(bs_wr_done(&w, &len), BS_OK);
		assert_int_equal(len, strlen(before) + strlen("\"}]") + (4 * n + 2) / 3);
		for (size_t i = 0; i < n; i++) {
			static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
			unsigned bits = octets[i / 3 * 3] << 16;

			bits |= i / 3 * 3 + 1 < n ? octets[i / 3 * 3 + 1] << 8 : 0;
			bits |= i / 3 * 3 + 2 < n ? octets[i / 3 * 3 + 2] : 0;
			for (size_t k = 0; k < i % 3 + 2; k++)
				assert_int_equal(
					out[strlen(before) + i / 3 * 4 + k], digits[bits >> (18 - 6 * k) & 63]);
		}
	}
}

static void
what_json_cannot_say_is_refused(void **state)
{
	static const struct {
		struct bs_value value;
		enum bs_err err;
	} rows[] = {
		{ REAL(NAN), BS_EUNSUPPORTED }, { REAL(-HUGE_VAL), BS_EUNSUPPORTED }, { TEXT("\xff"), BS_EFORMAT },
		{ TEXT("\xed\xa0\x80"), BS_EFORMAT }, /* a surrogate */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bs_entry e = { .value = rows[i].value };
		struct bs_instance inst = { 0, 1, &e, 1 };
		uint8_t out[100];
		struct bs_wr w = bs_wr_init(out, sizeof(out));
		size_t len;

		bs_senml_json_encode(&w, &security, &inst, 1);
		assert_int_equal(bs_wr_done(&w, &len), rows[i].err);
	}
}

static void
no_room_is_an_error(void **state)
{
	(void)state;
	for (size_t room = 0; room <= 180; room++) {
		uint8_t *out = malloc(room > 0 ? room : 1);
		struct bs_wr w = bs_wr_init(out, room);
		size_t len;

		assert_non_null(out);
		bs_senml_json_encode(&w, &security, &psk_instance, 1);
		assert_int_equal(bs_wr_done(&w, &len), room < 180 ? BS_ESPACE : BS_OK);
		free(out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(instances_are_encoded),
		cmocka_unit_test(levels_share_the_name_out),
		cmocka_unit_test(values_are_encoded),
		cmocka_unit_test(octets_of_any_length),
		cmocka_unit_test(what_json_cannot_say_is_refused),
		cmocka_unit_test(no_room_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
