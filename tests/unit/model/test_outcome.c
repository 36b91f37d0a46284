/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "server/model/advice.h"
#include "server/model/outcome.h"

/* The manual names each with the sentence that explain prints. */
static void
outcomes_are_in_the_manual(void **state)
{
	static char text[128 * 1024];
	FILE *f = fopen("tools/ctl/lwm2m-bootstrapctl.1", "r");
	size_t len;

	(void)state;
	assert_non_null(f);
	len = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	assert_true(len > 0 && len < sizeof(text) - 1);
	for (size_t i = 0; i < len; i++)
		text[i] = text[i] == '\n' ? ' ' : text[i];
	for (int o = 0; o < BS_OUTCOME_COUNT; o++) {
		char entry[300];

		snprintf(entry, sizeof(entry), ".It Cm %s %s", bs_outcome_word((enum bs_outcome)o),
			bs_outcome_what((enum bs_outcome)o));
		if (strstr(text, entry) == NULL)
			fail_msg("tools/ctl/lwm2m-bootstrapctl.1 lacks \"%s\"", entry);
	}
}

static void
outcomes_have_word_sentence_and_advice(void **state)
{
	(void)state;
	for (int o = 0; o < BS_OUTCOME_COUNT; o++) {
		assert_int_equal(bs_outcome_parse(bs_outcome_word((enum bs_outcome)o)), o);
		assert_true(strlen(bs_outcome_what((enum bs_outcome)o)) > 10);
		assert_true(strlen(bs_advice((enum bs_outcome)o)) > 10);
	}
	assert_int_equal(bs_outcome_parse("no such outcome"), BS_OUTCOME_COUNT);
	assert_true(bs_outcome_is_refusal(BS_OUT_WRITE_REFUSED));
	assert_false(bs_outcome_is_refusal(BS_OUT_DONE));
	assert_false(bs_outcome_is_refusal(BS_OUT_SUPERSEDED));
	assert_false(bs_outcome_is_refusal(BS_OUT_PACK_DECLINED));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(outcomes_have_word_sentence_and_advice),
		cmocka_unit_test(outcomes_are_in_the_manual),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
