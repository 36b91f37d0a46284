/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/test.h"

#include "server/model/value.h"

static void
paths_are_formatted(void **state)
{
	static const struct {
		struct bs_path path;
		const char *text;
	} rows[] = {
		{ { BS_LEVEL_ROOT, 9, 9, 9 }, "/" },
		{ { BS_LEVEL_OBJECT, 0, 9, 9 }, "/0" },
		{ { BS_LEVEL_INSTANCE, 0, 1, 9 }, "/0/1" },
		{ { BS_LEVEL_RESOURCE, 0, 1, 3 }, "/0/1/3" },
		{ { BS_LEVEL_RESOURCE, 65535, 65535, 65535 }, "/65535/65535/65535" },
	};
	char out[BS_PATH_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(bs_path_format(&rows[i].path, out), rows[i].text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_are_formatted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
