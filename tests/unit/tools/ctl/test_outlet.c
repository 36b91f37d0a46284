/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/test.h"

#include "tools/ctl/outlet.h"

static void
names_of_files_have_harmless_characters_alone(void **state)
{
	static const struct {
		const char *endpoint, *name;
	} rows[] = {
		{ "meter-1_A.b", "meter-1_A.b" },
		{ "urn:imei:490154203237518", "urn%3Aimei%3A490154203237518" },
		{ "../../etc/passwd", "%2E.%2F..%2Fetc%2Fpasswd" },
		{ ".hidden", "%2Ehidden" },
		{ "-o", "-o" },
		{ "a b%2F", "a%20b%252F" },
		{ "\xc3\xa9", "%C3%A9" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char name[BS_OUTLET_NAME_MAX + 1];

		bs_outlet_name(rows[i].endpoint, name);
		assert_string_equal(name, rows[i].name);
	}
}

static void
a_long_name_becomes_its_hash(void **state)
{
	char endpoint[253], name[BS_OUTLET_NAME_MAX + 1];

	(void)state;
	memset(endpoint, 'a', sizeof(endpoint));
	endpoint[200] = '\0';
	bs_outlet_name(endpoint, name);
	assert_string_equal(name, endpoint);
	endpoint[200] = 'a';
	endpoint[201] = '\0'; /* printf 'a%.0s' $(seq 201) | sha256sum */
	bs_outlet_name(endpoint, name);
	assert_string_equal(name, "sha256-a92efd82109373e58f9a2056dee01e807e216ce6075f7051207c0a9f7d666e50");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_files_have_harmless_characters_alone),
		cmocka_unit_test(a_long_name_becomes_its_hash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
