/* SPDX-License-Identifier: Apache-2.0 */
/* Devices that keep no answers for repeated requests, on lines that lose datagrams, and devices that are busy for a while. */
#include "tests/lib/test.h"

#include "tests/scenario/accounts.h"
#include "tests/scenario/device.h"

#define RUNS 20
#define BLOCKS 9

/* Its Security instance takes nine blocks of 128 octets. */
static struct bs_account *
nine_blocks(void)
{
	struct bs_account *a = give_certificate(one_server());
	struct bs_grant *g = &a->grants[0];

	set_blob(&g->public_or_identity, 0xab, 520);
	set_blob(&g->server_key, 0xcd, 380);
	a->profile.block_size = 128;
	return a;
}

static unsigned
count_done(enum device_repeated repeated, unsigned loss_percent, uint64_t runs)
{
	struct device d = { .account = nine_blocks, .repeated = repeated, .loss_percent = loss_percent };
	struct device_end end;
	unsigned done = 0;

	for (d.seed = 1; d.seed <= runs; d.seed++) {
		device_run(&d, &end);
		done += end.report.outcome == BS_OUT_DONE;
		assert_true(end.took_ms < BS_TRANSFER_MAX_MS);
		assert_false(end.hit);
	}
	return done;
}

static void
test_lossy_line(void **state)
{
	static const struct {
		const char *name;
		enum device_repeated repeated;
	} rows[] = {
		{ "answers are kept", REPEATED_AS_BEFORE },
		{ "5.03", REPEATED_503 },
		/* covers: trap 28a */
		{ "5.03 with Max-Age", REPEATED_503_MAX_AGE },
		{ "4.08", REPEATED_408 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned done = count_done(rows[i].repeated, 20, RUNS);

		print_message("%s: %u of %u done\n", rows[i].name, done, RUNS);
		if (done < 18)
			fail_msg("%s to a repeated block: %u of %u done", rows[i].name, done, RUNS);
	}
}

/* On a line that loses nothing, a device that is busy for a while is waited for, whatever it is asked just then. */
static void
test_busy_for_once(void **state)
{
	static const unsigned requests = 4 + BLOCKS + 1; /* Discover, two Deletes, Finish; the Writes of /0 and /1 */

	(void)state;
	for (unsigned first = 1; first <= requests; first++) {
		struct device d = { .account = nine_blocks, .busy_at = first, .repeated = REPEATED_503_MAX_AGE };
		struct device_end end;

		device_run(&d, &end);
		if (end.report.outcome != BS_OUT_DONE || end.report.detail[0] != '\0')
			fail_msg("busy at request %u: %s, \"%s\"", first, bs_outcome_word(end.report.outcome),
				end.report.detail);
		if (end.took_ms < 3000 || end.took_ms > 6000)
			fail_msg("busy at request %u: %u ms", first, (unsigned)end.took_ms);
	}
}

static void
test_busy_for_good(void **state)
{
	static const struct {
		const char *name;
		unsigned busy_at;
		enum bs_outcome outcome;
		const char *step, *detail;
	} rows[] = {
		{ "from Discover on", 1, BS_OUT_WRITE_REFUSED, "write /0/1", NULL },
		{ "from the first Write on", 4, BS_OUT_WRITE_REFUSED, "write /0/1",
			"write /0/1 answered 5.03; also when sent anew: the device is busy, or keeps no answers for "
			"what is "
			"sent again" },
		{ "from the fifth block on", 8, BS_OUT_WRITE_REFUSED, "write /0/1",
			"write /0/1 answered 5.03; also when sent anew: the device is busy, or keeps no answers for "
			"what is "
			"sent again" },
		{ "from Finish on", 14, BS_OUT_FINISH_REFUSED, "finish",
			"finish answered 5.03; also when sent anew: the device is busy, or keeps no answers for what "
			"is sent "
			"again" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct device d = { .account = nine_blocks, .busy_at = rows[i].busy_at, .busy_for_good = true };
		struct device_end end;

		device_run(&d, &end);
		if (end.report.outcome != rows[i].outcome || strcmp(end.report.step, rows[i].step) != 0 ||
			(rows[i].detail != NULL && strcmp(end.report.detail, rows[i].detail) != 0))
			fail_msg("busy %s: %s at \"%s\", \"%s\"", rows[i].name, bs_outcome_word(end.report.outcome),
				end.report.step, end.report.detail);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lossy_line),
		cmocka_unit_test(test_busy_for_once),
		cmocka_unit_test(test_busy_for_good),
	};

	return cmocka_run_group_tests_name("repeated_blocks", tests, NULL, NULL);
}
