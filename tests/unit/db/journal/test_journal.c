/* SPDX-License-Identifier: Apache-2.0 */
/* The journal and its recorder on real files. */
#include "tests/unit/db/db_fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>

#include "db/journal/journal.h"
#include "db/journal/recorder.h"
#include "server/base/clock.h"

#define DAY_MS INT64_C(86400000)

static int
setup(void **state)
{
	struct db_fixture *fx = *state = fixture_folder();

	assert_int_equal(mkdir(fx->dir, 0700), 0);
	snprintf(fx->file, sizeof(fx->file), "%s/%s", fx->dir, BS_JOURNAL_FILE);
	return 0;
}

static int
teardown(void **state)
{
	fixture_remove(*state);
	return 0;
}

static struct bs_attempt
attempt_of(int64_t at_ms, int64_t device_id, const char *endpoint, const char *identity, const char *address)
{
	struct bs_attempt a = {
		.at_ms = at_ms, .device_id = device_id, .mode = BS_MODE_PSK, .outcome = BS_OUT_DONE, .format = 0xffff
	};

	snprintf(a.endpoint, sizeof(a.endpoint), "%s", endpoint);
	snprintf(a.identity, sizeof(a.identity), "%s", identity);
	snprintf(a.address, sizeof(a.address), "%s", address);
	if (device_id == 0)
		a.outcome = BS_OUT_IDENTITY_UNKNOWN;
	return a;
}

struct seen {
	size_t count;
	struct bs_attempt list[16];
};

static void
on_attempt(void *arg, const struct bs_attempt *a)
{
	struct seen *s = arg;

	if (s->count < 16)
		s->list[s->count] = *a;
	s->count++;
}

static size_t
find(struct db_fixture *fx, struct bs_journal *j, const char *what, size_t max, struct seen *s)
{
	size_t found = 0;

	s->count = 0;
	OK(bs_journal_find(j, what, max, on_attempt, s, &found));
	assert_int_equal(found, s->count);
	return found;
}

static struct bs_journal *
open_writer(struct db_fixture *fx)
{
	struct bs_journal *j = NULL;

	OK(bs_journal_open(fx->dir, BS_JOURNAL_WRITE, &j, &fx->diag));
	return j;
}

static void
reader_waits_for_the_daemon(void **state)
{
	struct db_fixture *fx = *state;
	struct bs_journal *w, *r = NULL;
	struct seen s;

	FAILS(BS_ENOTFOUND, bs_journal_open(fx->dir, BS_JOURNAL_READ, &r, &fx->diag));
	close(open(fx->file, O_CREAT | O_RDWR, 0600)); /* empty: being made */
	FAILS(BS_ENOTFOUND, bs_journal_open(fx->dir, BS_JOURNAL_READ, &r, &fx->diag));
	w = open_writer(fx);
	OK(bs_journal_open(fx->dir, BS_JOURNAL_READ, &r, &fx->diag));
	assert_int_equal(find(fx, r, "dev-1", 10, &s), 0);
	bs_journal_close(r);
	bs_journal_close(w);
}

static void
attempt_comes_back_whole(void **state)
{
	struct db_fixture *fx = *state;
	struct bs_journal *w = open_writer(fx), *r = NULL;
	struct bs_attempt a = attempt_of(1700000000123, 42, "dev-1", "id-1", "192.0.2.7:40000");
	struct seen s;

	a.psk_slot = 1;
	a.proven = true;
	a.outcome = BS_OUT_ENDPOINT_MISMATCH;
	a.code = 0x80;
	a.version = BS_LWM2M_1_1;
	a.format = 112;
	a.writes = 4;
	a.handshake_ms = 321;
	a.took_ms = 4321;
	snprintf(a.detail, sizeof(a.detail), "%0*d", (int)sizeof(a.detail) - 1, 7); /* full to the brim */
	snprintf(a.step, sizeof(a.step), "write /0/1");
	snprintf(a.suite, sizeof(a.suite), "PSK-AES128-CCM8");
	snprintf(a.claimed, sizeof(a.claimed), "dev-2");
	OK(bs_journal_append(w, &a, 1));
	OK(bs_journal_open(fx->dir, BS_JOURNAL_READ, &r, &fx->diag));
	assert_int_equal(find(fx, r, "dev-2", 10, &s), 1);
	a.seen = 1;
	a.first_ms = a.at_ms;
	assert_int_equal(s.list[0].at_ms, a.at_ms);
	assert_memory_equal(&s.list[0], &a, sizeof(a));
	bs_journal_close(r);
	bs_journal_close(w);
}

static void
find_by_each_name(void **state)
{
	static const struct {
		const char *what;
		size_t count;
	} rows[] = {
		{ "dev-1", 2 },
		{ "dev-2", 1 },
		{ "id-1", 1 },
		{ "next-1", 1 },
		{ "192.0.2.7", 2 },
		{ "192.0.2.7:40000", 1 },
		{ "192.0.2.7:4", 0 },
		{ "2001:db8::1", 1 },
		{ "[2001:db8::1]:5684", 1 },
		{ "[2001:db8::1]:5685", 0 },
		{ "nobody", 1 },
		{ "", 0 },
		{ "%", 0 },
	};
	struct db_fixture *fx = *state;
	struct bs_journal *w = open_writer(fx);
	struct bs_attempt a[] = {
		attempt_of(1000, 1, "dev-1", "id-1", "192.0.2.7:40000"),
		attempt_of(2000, 1, "dev-1", "next-1", "192.0.2.7:40001"),
		attempt_of(3000, 2, "dev-2", "dev-2", "[2001:db8::1]:5684"),
		attempt_of(4000, 0, "", "nobody", "192.0.2.9:1"),
	};
	struct seen s;

	OK(bs_journal_append(w, a, 4));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t n = find(fx, w, rows[i].what, 10, &s);

		if (n != rows[i].count)
			fail_msg("%s: %zu found, expected %zu", rows[i].what, n, rows[i].count);
	}
	assert_int_equal(find(fx, w, "dev-1", 1, &s), 1);
	assert_int_equal(s.list[0].at_ms, 2000); /* the newest */
	bs_journal_close(w);
}

static void
recent_are_refusals(void **state)
{
	struct db_fixture *fx = *state;
	struct bs_journal *w = open_writer(fx);
	struct bs_attempt a[] = {
		attempt_of(1000, 1, "dev-1", "id-1", "192.0.2.7:1"),
		attempt_of(2000, 2, "dev-2", "id-2", "192.0.2.7:2"),
		attempt_of(3000, 3, "dev-3", "id-3", "192.0.2.7:3"),
	};
	struct seen s = { 0 };

	a[0].outcome = BS_OUT_WRITE_REFUSED;
	a[1].outcome = BS_OUT_PACK_DECLINED; /* the device goes on in the usual way */
	OK(bs_journal_append(w, a, 3));
	OK(bs_journal_recent(w, 10, on_attempt, &s));
	assert_int_equal(s.count, 1);
	assert_string_equal(s.list[0].endpoint, "dev-1");
	bs_journal_close(w);
}

static void
strangers_share_a_row(void **state)
{
	struct db_fixture *fx = *state;
	struct bs_journal *w = open_writer(fx);
	struct bs_attempt a[] = {
		attempt_of(1000, 0, "", "nobody", "192.0.2.9:1"),
		attempt_of(3000, 0, "", "nobody", "192.0.2.10:2"),
		attempt_of(4000, 0, "", "", "192.0.2.11:3"),
		attempt_of(5000, 0, "", "", "192.0.2.12:3"),
		attempt_of(6000, 0, "", "", "192.0.2.12:4"),
	};
	struct seen s;

	memcpy(a[1].public_key, "whole key", 9);
	a[1].public_key_len = 9;
	OK(bs_journal_append(w, a, 5));
	assert_int_equal(find(fx, w, "nobody", 10, &s), 1);
	assert_int_equal(s.list[0].public_key_len, 9);
	assert_memory_equal(s.list[0].public_key, "whole key", 9);
	assert_int_equal(s.list[0].seen, 2);
	assert_int_equal(s.list[0].first_ms, 1000);
	assert_int_equal(s.list[0].at_ms, 3000);
	assert_string_equal(s.list[0].address, "192.0.2.10:2");
	assert_int_equal(s.list[0].outcome, BS_OUT_IDENTITY_UNKNOWN);
	assert_int_equal(s.list[0].format, 0xffff);
	assert_int_equal(find(fx, w, "192.0.2.11", 10, &s), 1);
	assert_int_equal(s.list[0].public_key_len, 0);
	assert_int_equal(find(fx, w, "192.0.2.12", 10, &s), 1);
	assert_int_equal(s.list[0].seen, 2);
	bs_journal_close(w);
}

static void
trim_all(struct db_fixture *fx, struct bs_journal *j, const struct bs_journal_limits *l, int64_t now_ms)
{
	int rounds = 0;

	do {
		OK(bs_journal_trim(j, l, now_ms));
		assert_true(++rounds < 200);
	} while (bs_journal_trim_pending(j));
}

static void
retention_by_age_and_device(void **state)
{
	struct db_fixture *fx = *state;
	struct bs_journal *w = open_writer(fx);
	struct bs_journal_limits l = { .days = 90, .unknown_max = 2, .per_device = 3 };
	int64_t now = 1000 * DAY_MS;
	struct bs_attempt a[] = {
		attempt_of(now - 91 * DAY_MS, 1, "old", "id", "192.0.2.1:1"),
		attempt_of(now - 89 * DAY_MS, 1, "old", "id", "192.0.2.1:1"),
		attempt_of(now + 400 * DAY_MS, 9, "future", "id", "192.0.2.1:1"),
		attempt_of(now - 5000, 2, "many", "id2", "192.0.2.1:1"),
		attempt_of(now - 4000, 2, "many", "id2", "192.0.2.1:1"),
		attempt_of(now - 3000, 2, "many", "id2", "192.0.2.1:1"),
		attempt_of(now - 2000, 2, "many", "id2", "192.0.2.1:1"),
		attempt_of(now - 1000, 2, "many", "id2", "192.0.2.1:1"),
		attempt_of(now - 95 * DAY_MS, 0, "", "u-old", "192.0.2.1:1"),
		attempt_of(now - 3000, 0, "", "u1", "192.0.2.1:1"),
		attempt_of(now - 2000, 0, "", "u2", "192.0.2.1:1"),
		attempt_of(now - 1000, 0, "", "u3", "192.0.2.1:1"),
	};
	struct seen s;

	OK(bs_journal_append(w, a, sizeof(a) / sizeof(a[0])));
	trim_all(fx, w, &l, now);
	assert_int_equal(find(fx, w, "old", 10, &s), 1);
	assert_int_equal(find(fx, w, "future", 10, &s), 0);
	assert_int_equal(find(fx, w, "many", 10, &s), 3);
	assert_int_equal(s.list[2].at_ms, now - 3000);
	assert_int_equal(find(fx, w, "u-old", 10, &s), 0);
	assert_int_equal(find(fx, w, "u1", 10, &s), 0); /* the least recent */
	assert_int_equal(find(fx, w, "u3", 10, &s), 1);
	/* A later attempt of the same device is seen by the next trim. */
	OK(bs_journal_append(w, &a[7], 1));
	trim_all(fx, w, &l, now);
	assert_int_equal(find(fx, w, "many", 10, &s), 3);
	bs_journal_close(w);
}

/* Who merely knows an identity can fail as often as they like: what the device itself did stays. */
static void
unproven_attempts_are_counted_apart(void **state)
{
	struct db_fixture *fx = *state;
	struct bs_journal *w = open_writer(fx);
	struct bs_journal_limits l = { .days = 90, .unknown_max = 2, .per_device = 2 };
	struct bs_attempt a[] = {
		attempt_of(1000, 1, "dev", "id", "192.0.2.1:1"),
		attempt_of(2000, 1, "dev", "id", "192.0.2.1:1"),
		attempt_of(3000, 1, "dev", "id", "192.0.2.1:1"),
		attempt_of(4000, 1, "dev", "id", "192.0.2.66:1"),
		attempt_of(5000, 1, "dev", "id", "192.0.2.66:1"),
		attempt_of(6000, 1, "dev", "id", "192.0.2.66:1"),
	};
	struct seen s;

	for (size_t i = 0; i < 6; i++)
		a[i].proven = i < 3;
	OK(bs_journal_append(w, a, 6));
	trim_all(fx, w, &l, 7000);
	assert_int_equal(find(fx, w, "dev", 10, &s), 4);
	assert_int_equal(s.list[0].at_ms, 6000);
	assert_false(s.list[0].proven);
	assert_int_equal(s.list[1].at_ms, 5000);
	assert_int_equal(s.list[2].at_ms, 3000);
	assert_true(s.list[2].proven);
	assert_int_equal(s.list[3].at_ms, 2000);
	bs_journal_close(w);
}

static void
an_older_one_is_told(void **state)
{
	struct db_fixture *fx = *state;
	struct bs_journal *j = NULL;

	bs_journal_close(open_writer(fx));
	assert_int_equal(raw_sql(fx, "PRAGMA user_version = 2; PRAGMA application_id = 0x4c42424a"), 0);
	FAILS(BS_ESCHEMA, bs_journal_open(fx->dir, BS_JOURNAL_READ, &j, &fx->diag));
	FAILS(BS_ESCHEMA, bs_journal_open(fx->dir, BS_JOURNAL_WRITE, &j, &fx->diag));
	assert_non_null(strstr(fx->diag.text, "made by a version before 0.2: move it away, a new one is made"));
}

static int64_t
file_size(const char *path)
{
	struct stat sb;

	assert_int_equal(stat(path, &sb), 0);
	return sb.st_size;
}

static void
retention_by_size(void **state)
{
	struct db_fixture *fx = *state;
	struct bs_journal *w = open_writer(fx);
	struct bs_journal_limits l = { .bytes = 1 << 20, .unknown_max = 10, .per_device = 0 };
	struct bs_attempt *a = calloc(500, sizeof(*a));
	struct seen s;

	assert_non_null(a);
	for (int i = 0; i < 20; i++) {
		for (int k = 0; k < 500; k++) {
			char endpoint[16];

			snprintf(endpoint, sizeof(endpoint), "dev-%d", i * 500 + k);
			a[k] = attempt_of(1000 + i, 1 + i * 500 + k, endpoint, endpoint, "192.0.2.1:1");
		}
		OK(bs_journal_append(w, a, 500));
	}
	free(a);
	trim_all(fx, w, &l, 5000);
	assert_int_equal(find(fx, w, "dev-0", 10, &s), 0);
	assert_int_equal(find(fx, w, "dev-9999", 10, &s), 1);
	bs_journal_close(w); /* the last connection moves all pages into the file */
	assert_true(file_size(fx->file) <= (1 << 20));
	assert_true(file_size(fx->file) > (1 << 18)); /* and not everything is gone */
}

static void
foreign_file_is_refused(void **state)
{
	struct db_fixture *fx = *state;
	struct bs_journal *j = NULL;

	raw_sql(fx, "CREATE TABLE t (a); PRAGMA application_id = 7");
	FAILS(BS_EIO, bs_journal_open(fx->dir, BS_JOURNAL_WRITE, &j, &fx->diag));
	assert_non_null(strstr(fx->diag.text, "no journal of the bootstrap server"));
}

/* No file of this process may grow beyond what it has: what a full disk does to the journal. */
static void
fill_disk(rlim_t bytes)
{
	struct rlimit r;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &r), 0);
	r.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &r), 0);
}

static void
full_disk_stores_nothing(void **state)
{
	struct db_fixture *fx = *state;
	struct bs_journal *w = open_writer(fx);
	struct bs_attempt *a = calloc(300, sizeof(*a));
	struct seen s;

	assert_non_null(a);
	for (int i = 0; i < 300; i++)
		a[i] = attempt_of(i, 1, "dev-1", "id-1", "192.0.2.1:1");
	OK(bs_journal_append(w, a, 1));
	fill_disk(32768);
	FAILS(BS_EIO, bs_journal_append(w, a, 300));
	fill_disk(RLIM_INFINITY);
	assert_int_equal(find(fx, w, "dev-1", 400, &s), 1); /* nothing of the batch */
	OK(bs_journal_append(w, a, 300));
	assert_int_equal(find(fx, w, "dev-1", 400, &s), 301);
	free(a);
	bs_journal_close(w);
}

/* ---- recorder ------------------------------------------------------------------------------------------------------- */

static struct bs_recorder *
start_recorder(struct db_fixture *fx, size_t queue_max)
{
	struct bs_journal_limits l;
	struct bs_recorder *r = NULL;

	bs_journal_limits_init(&l);
	l.per_device = 10000;
	OK(bs_recorder_start(open_writer(fx), &l, queue_max, &r));
	return r;
}

static void
wait_ms(unsigned ms)
{
	usleep(ms * 1000);
}

static void
recorder_flushes_at_stop(void **state)
{
	struct db_fixture *fx = *state;
	struct bs_recorder *r = start_recorder(fx, 4096);
	struct bs_attempt a = attempt_of(bs_clock_wall_ms(), 1, "dev-1", "id-1", "192.0.2.1:1");
	struct bs_journal *j = NULL;
	struct seen s;

	for (int i = 0; i < 1300; i++)
		assert_true(bs_recorder_post(r, &a));
	bs_recorder_stop(r);
	OK(bs_journal_open(fx->dir, BS_JOURNAL_READ, &j, &fx->diag));
	assert_int_equal(find(fx, j, "dev-1", 5000, &s), 1300);
	bs_journal_close(j);
	bs_recorder_stop(NULL);
}

static void
recorder_writes_within_a_second(void **state)
{
	struct db_fixture *fx = *state;
	struct bs_recorder *r = start_recorder(fx, 16);
	struct bs_attempt a = attempt_of(bs_clock_wall_ms(), 1, "dev-1", "id-1", "192.0.2.1:1");
	struct bs_recorder_counters c = { 0 };

	assert_true(bs_recorder_post(r, &a));
	for (int i = 0; i < 100 && c.recorded == 0; i++) {
		wait_ms(10);
		bs_recorder_get_counters(r, &c);
	}
	assert_int_equal(c.recorded, 1);
	assert_int_equal(c.queued, 0);
	bs_recorder_stop(r);
}

/* Another process holds the write lock: the queue fills, drops are counted, and it recovers. */
static void
recorder_counts_what_it_drops(void **state)
{
	struct db_fixture *fx = *state;
	struct bs_recorder *r = start_recorder(fx, 64);
	struct bs_attempt a = attempt_of(bs_clock_wall_ms(), 1, "dev-1", "id-1", "192.0.2.1:1");
	struct bs_recorder_counters c = { 0 };
	sqlite3 *db = NULL;
	int dropped = 0;
	uint64_t began = bs_clock_ms();

	wait_ms(50); /* the retention at start is over */
	assert_int_equal(sqlite3_open(fx->file, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	for (int i = 0; i < 100; i++)
		dropped += !bs_recorder_post(r, &a);
	assert_true(bs_clock_ms() - began < 900); /* posting does not wait for the lock (1 s) */
	assert_int_equal(dropped, 36);
	for (int i = 0; i < 300 && c.write_errors == 0; i++) {
		wait_ms(10);
		bs_recorder_get_counters(r, &c);
	}
	assert_true(c.write_errors > 0);
	assert_int_equal(c.queued, 64); /* kept for later */
	assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	for (int i = 0; i < 400 && c.recorded < 64; i++) {
		wait_ms(10);
		bs_recorder_get_counters(r, &c);
	}
	assert_int_equal(c.recorded, 64);
	assert_int_equal(c.dropped, 36);
	assert_true(bs_recorder_post(r, &a));
	bs_recorder_stop(r);
}

static void
recorder_survives_a_full_disk(void **state)
{
	struct db_fixture *fx = *state;
	struct bs_recorder *r = start_recorder(fx, 1024);
	struct bs_attempt a = attempt_of(bs_clock_wall_ms(), 1, "dev-1", "id-1", "192.0.2.1:1");
	struct bs_recorder_counters c = { 0 };

	fill_disk(32768);
	for (int i = 0; i < 600; i++)
		assert_true(bs_recorder_post(r, &a));
	for (int i = 0; i < 300 && c.write_errors == 0; i++) {
		wait_ms(10);
		bs_recorder_get_counters(r, &c);
	}
	assert_true(c.write_errors > 0);
	fill_disk(RLIM_INFINITY);
	for (int i = 0; i < 400 && c.recorded < 600; i++) {
		wait_ms(10);
		bs_recorder_get_counters(r, &c);
	}
	assert_int_equal(c.recorded, 600);
	assert_int_equal(c.dropped, 0);
	bs_recorder_stop(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(reader_waits_for_the_daemon, setup, teardown),
		cmocka_unit_test_setup_teardown(attempt_comes_back_whole, setup, teardown),
		cmocka_unit_test_setup_teardown(find_by_each_name, setup, teardown),
		cmocka_unit_test_setup_teardown(recent_are_refusals, setup, teardown),
		cmocka_unit_test_setup_teardown(strangers_share_a_row, setup, teardown),
		cmocka_unit_test_setup_teardown(retention_by_age_and_device, setup, teardown),
		cmocka_unit_test_setup_teardown(unproven_attempts_are_counted_apart, setup, teardown),
		cmocka_unit_test_setup_teardown(an_older_one_is_told, setup, teardown),
		cmocka_unit_test_setup_teardown(retention_by_size, setup, teardown),
		cmocka_unit_test_setup_teardown(foreign_file_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(full_disk_stores_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(recorder_flushes_at_stop, setup, teardown),
		cmocka_unit_test_setup_teardown(recorder_writes_within_a_second, setup, teardown),
		cmocka_unit_test_setup_teardown(recorder_counts_what_it_drops, setup, teardown),
		cmocka_unit_test_setup_teardown(recorder_survives_a_full_disk, setup, teardown),
	};

	return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
