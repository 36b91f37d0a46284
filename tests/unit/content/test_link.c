/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>

#include "server/content/link.h"

/* "1.1 0/0:101 0/1 4 1=1.2" : version, then links; ":" comes before the Short Server ID, "=" before the object's version. */
static const char *
describe(const struct bs_discovered *d, char *out, size_t max)
{
	size_t n = (size_t)snprintf(out, max, "%s",
		d->version == BS_LWM2M_1_0   ? "1.0"
		: d->version == BS_LWM2M_1_1 ? "1.1"
		: d->version == BS_LWM2M_1_2 ? "1.2"
					     : "-");

	for (size_t i = 0; i < d->count; i++) {
		const struct bs_link *l = &d->links[i];

		n += (size_t)snprintf(out + n, max - n, " %u", l->oid);
		if (l->iid != UINT16_MAX)
			n += (size_t)snprintf(out + n, max - n, "/%u", l->iid);
		if (l->version != BS_LWM2M_UNKNOWN)
			n += (size_t)snprintf(out + n, max - n, "=1.%u", l->version % 10u);
		if (l->has_ssid)
			n += (size_t)snprintf(out + n, max - n, ":%u", l->ssid);
	}
	return out;
}

#define FORM_1_0 "lwm2m=\"1.0\",</0/0>;ssid=101,</0/1>,</0/2>;ssid=102,</1/0>;ssid=101,</1/1>;ssid=102,</3/0>,</5>"
#define FORM_1_1 "</>;lwm2m=1.1,</0/0>;ssid=101;uri=\"coaps://a.example:5684\",</0/1>,</1/0>;ssid=101,</3/0>,</4>,</5>"

static void
results_are_read(void **state)
{
	static const struct {
		const char *name, *text, *expected;
	} rows[] = {
		{ "1.0", FORM_1_0, "1.0 0/0:101 0/1 0/2:102 1/0:101 1/1:102 3/0 5" },
		{ "1.1", FORM_1_1, "1.1 0/0:101 0/1 1/0:101 3/0 4 5" },
		{ "1.0 with blanks and slashes", "lwm2m=\"1.0\", </0/0/>;ssid=101, </0/1/>,</3/0/>, </5/>",
			"1.0 0/0:101 0/1 3/0 5" },
		{ "1.0, version last", "</0/1>,</3/0>,lwm2m=\"1.0\"", "1.0 0/1 3/0" },
		{ "quoted by a 1.1 client", "</>;lwm2m=\"1.1\",</0/0>", "1.1 0/0" },
		{ "quoted ssid", "</0/0>;ssid=\"101\"", "- 0/0:101" },
		{ "blanks around attributes", "</0/0> ; ssid=101 ; x=1 , </1/0>", "- 0/0:101 1/0" },
		{ "line breaks", "</0/0>;ssid=1,\r\n</1/0>\n", "- 0/0:1 1/0" },
		{ "commas in quotes", "</0/0>;uri=\"coaps://a,</9/9>;ssid=7\";ssid=1,</1/0>", "- 0/0:1 1/0" },
		{ "escaped quote", "</0/0>;uri=\"a\\\",</9/9>\",</1/0>", "- 0/0 1/0" },
		{ "attribute without value", "</0/0>;obs;ssid=1", "- 0/0:1" },
		{ "unknown attributes", "</>;lwm2m=1.1;rt=\"oma.lwm2m\";ct=\"60 110 112\",</3303>;ver=1.1,</3303/0>",
			"1.1 3303=1.1 3303/0" },
		{ "versions of objects",
			"</>;lwm2m=1.1,</0>;ver=1.1,</0/0>,</1>;ver=\"1.2\",</1/0>;ssid=1,</21>;ver=2.0",
			"1.1 0=1.1 0/0 1=1.2 1/0:1 21" },
		{ "a version at an instance is none", "</1/0>;ver=1.2;ssid=1", "- 1/0:1" },
		{ "deeper paths", "</3/0>,</3/0/13>,</3/0/7/1>", "- 3/0" },
		{ "no lwm2m", "</0/0>,</1>", "- 0/0 1" },
		{ "1.2.1", "</>;lwm2m=1.2.1", "1.2" },
		{ "1.3 is at least 1.2", "</>;lwm2m=1.3", "1.2" },
		{ "1.10 is not 1.1", "</>;lwm2m=1.10", "1.2" },
		{ "2.0", "</>;lwm2m=2.0,</0/0>", "- 0/0" },
		{ "ssid of an object is nothing", "</1>;ssid=x", "- 1" },
		{ "ssid 0 and 65535 name no server", "</0/0>;ssid=0,</0/1>;ssid=65535,</0/2>;ssid=1",
			"- 0/0 0/1 0/2:1" },
		{ "empty", "", "-" },
		{ "blank", "  ", "-" },
		{ "highest IDs", "</65534/65534>;ssid=65534", "- 65534/65534:65534" },
	};
	struct bs_discovered *d = test_malloc(sizeof(*d));

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t *copy = exact_copy(rows[i].text, strlen(rows[i].text));
		enum bs_err err = bs_link_parse(copy, strlen(rows[i].text), d);
		char text[512];

		if (err != BS_OK)
			fail_msg("%s: %s", rows[i].name, bs_strerror(err));
		if (strcmp(describe(d, text, sizeof(text)), rows[i].expected) != 0)
			fail_msg("%s: got %s, want %s", rows[i].name, text, rows[i].expected);
		free(copy);
	}
	test_free(d);
}

static void
nonsense_is_refused(void **state)
{
	static const char *const rows[] = {
		"<",
		"<>",
		"</",
		"</0",
		"</0/",
		"</0/0",
		"</0/0>,",
		",</0/0>",
		"</0/0>,,</1/0>",
		"</0/0></1/0>",
		"</x>",
		"</0/x>",
		"</3/0/x>",
		"<//>",
		"</0//>",
		"<0/0>",
		"</65535>",
		"</0/65535>",
		"</0/99999999999>",
		"</-1>",
		"</0/0>;",
		"</0/0>;=1",
		"</0/0>;ssid",
		"</0/0>;ssid=",
		"</0/0>;ssid=x",
		"</0/0>;ssid=-1",
		"</0/0>;ssid=65536",
		"</0/0>;ssid=99999999999",
		"</0/0>;uri=\"a",
		"</0/0>;uri=\"a\\",
		"</0/0>;uri=\"a\"b",
		"</0/0>;a\"b\"",
		"</0 /0>",
		"</ 0>",
		"</0/0>\x01",
		";ssid=1",
		"=1",
		"\"\"",
		"</0/0>;\x01=1",
		"{\"bn\":1}",
	};
	struct bs_discovered *d = test_malloc(sizeof(*d));

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t *copy = exact_copy(rows[i], strlen(rows[i]));
		enum bs_err err = bs_link_parse(copy, strlen(rows[i]), d);

		if (err != BS_EFORMAT)
			fail_msg("%s: %s", rows[i], bs_strerror(err));
		assert_int_equal(d->count, 0);
		free(copy);
	}
	test_free(d);
}

/* A prefix is a shorter result where it ends between two entries or inside a value, else not well-formed. */
static void
every_prefix_is_survived(void **state)
{
	static const char *const good[] = { FORM_1_0, FORM_1_1 };
	struct bs_discovered *d = test_malloc(sizeof(*d));
	unsigned well_formed = 0;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		for (size_t n = 0; n <= strlen(good[i]); n++) {
			uint8_t *copy = exact_copy(good[i], n);
			enum bs_err err = bs_link_parse(copy, n, d);

			assert_true(err == BS_OK || err == BS_EFORMAT);
			well_formed += err == BS_OK;
			if (n > 0 && (good[i][n - 1] == ',' || good[i][n - 1] == ';' || good[i][n - 1] == '/'))
				assert_int_equal(err, BS_EFORMAT);
			free(copy);
		}
	}
	/*
	 * Of an ssid, 6: "s", "ss", "ssi" are attributes that nobody knows, then its 3 digits.
	 * 1.0: empty, 5 letters of the bare name, "lwm2m=", whole, 7 links, 4 ssid.
	 * 1.1: empty, "</>", 5 letters, "lwm2m=", 3 of "1.1", 6 links, 2 ssid; of "uri" 3, "uri=", whole.
	 */
	assert_int_equal(well_formed, (1 + 5 + 1 + 1 + 7 + 4 * 6) + (1 + 1 + 5 + 1 + 3 + 6 + 2 * 6 + 3 + 1 + 1));
	test_free(d);
}

static void
number_of_entries_is_limited(void **state)
{
	struct bs_discovered *d = test_malloc(sizeof(*d));
	char *text = test_calloc(1, (BS_LINKS_MAX + 1) * 8);
	size_t len = 0;

	(void)state;
	for (unsigned i = 0; i <= BS_LINKS_MAX; i++) {
		assert_int_equal(bs_link_parse(text, len, d), BS_OK);
		assert_int_equal(d->count, i);
		len += (size_t)sprintf(text + len, "%s</7/%u>", i > 0 ? "," : "", i % 10);
	}
	assert_int_equal(bs_link_parse(text, len, d), BS_ELIMIT);
	assert_int_equal(d->count, 0);
	/* What is not kept does not count. */
	len = (size_t)sprintf(text, "</1/0/0>");
	for (unsigned i = 0; i < BS_LINKS_MAX / 2; i++)
		len += (size_t)sprintf(text + len, ",</1/0/1>");
	assert_int_equal(bs_link_parse(text, len, d), BS_OK);
	test_free(text);
	test_free(d);
}

/* 64 KiB of noise, with a generous share of the characters that mean something. */
static void
noise_is_survived(void **state)
{
	static const char alphabet[] = "<>/;,=\"\\ 0123456789ssidlwm2m";
	struct bs_discovered *d = test_malloc(sizeof(*d));
	uint8_t *noise = malloc(65536);
	uint64_t seed = 42;

	(void)state;
	assert_non_null(noise);
	for (unsigned round = 0; round < 20; round++) {
		test_random(&seed, noise, 65536);
		for (size_t i = 0; round % 2 == 1 && i < 65536; i++)
			noise[i] = (uint8_t)alphabet[noise[i] % (sizeof(alphabet) - 1)];
		if (round % 4 == 1)
			memcpy(noise, "</0/0>;uri=\"", 12);
		assert_int_not_equal(bs_link_parse(noise, 65536, d), BS_OK);
	}
	memset(noise, '\\', 65536);
	memcpy(noise, "a=\"", 3);
	assert_int_equal(bs_link_parse(noise, 65536, d), BS_EFORMAT);
	memset(noise, '/', 65536);
	noise[0] = '<';
	assert_int_equal(bs_link_parse(noise, 65536, d), BS_EFORMAT);
	memset(noise, ',', 65536);
	assert_int_equal(bs_link_parse(noise, 65536, d), BS_EFORMAT);
	free(noise);
	test_free(d);
}

static void
parse(const char *text, struct bs_discovered *d)
{
	assert_int_equal(bs_link_parse(text, strlen(text), d), BS_OK);
}

static void
bootstrap_account_is_found(void **state)
{
	struct bs_discovered *d = test_malloc(sizeof(*d));
	uint16_t iid = 0;

	(void)state;
	parse(FORM_1_0, d);
	assert_true(bs_discovered_bootstrap_iid(d, &iid));
	assert_int_equal(iid, 1);
	parse("</0/0>,</0/1>;ssid=1,</1/0>", d); /* /1 instances without ssid do not matter */
	assert_true(bs_discovered_bootstrap_iid(d, &iid));
	assert_int_equal(iid, 0);
	parse("</0/0>,</0/0>", d);
	assert_true(bs_discovered_bootstrap_iid(d, &iid));
	parse("</0/0>,</0/1>", d);
	assert_false(bs_discovered_bootstrap_iid(d, &iid));
	parse("</0/0>;ssid=1", d);
	assert_false(bs_discovered_bootstrap_iid(d, &iid));
	parse("</0>,</1>", d);
	assert_false(bs_discovered_bootstrap_iid(d, &iid));
	test_free(d);
}

static void
objects_are_found(void **state)
{
	struct bs_discovered *d = test_malloc(sizeof(*d));

	(void)state;
	parse(FORM_1_1, d);
	assert_true(bs_discovered_has(d, 0, 1));
	assert_false(bs_discovered_has(d, 0, 2));
	assert_false(bs_discovered_has(d, 4, 0));
	assert_true(bs_discovered_has_object(d, 4));
	assert_true(bs_discovered_has_object(d, 3));
	assert_false(bs_discovered_has_object(d, 2));
	test_free(d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(results_are_read),
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(every_prefix_is_survived),
		cmocka_unit_test(number_of_entries_is_limited),
		cmocka_unit_test(noise_is_survived),
		cmocka_unit_test(bootstrap_account_is_found),
		cmocka_unit_test(objects_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
