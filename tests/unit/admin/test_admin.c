/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "server/admin/history.h"
#include "server/admin/limits.h"
#include "server/admin/metrics.h"
#include "server/admin/notify.h"
#include "server/admin/page.h"

/* openssl req -x509 -days 10; its end by date -d. */
static const char certificate[] = "-----BEGIN CERTIFICATE-----\n"
				  "MIIBcTCCARegAwIBAgIUJ+2HW/MdsVMrPh13clKIthgIKTAwCgYIKoZIzj0EAwIw\n"
				  "DjEMMAoGA1UEAwwDZW5kMB4XDTI2MTEyNDA3NTU0OVoXDTI2MTIwNDA3NTU0OVow\n"
				  "DjEMMAoGA1UEAwwDZW5kMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEkyOc30bP\n"
				  "Q0ZrS8WCNrmvzRQH2knUGY5fQvGx1YxJaiLTpLWxgXds0kq4ppbKViAMkIMwTOtc\n"
				  "BE9yfewkoy/m4qNTMFEwHQYDVR0OBBYEFHFCri+OD3C06QetBbtjZTlbd7bMMB8G\n"
				  "A1UdIwQYMBaAFHFCri+OD3C06QetBbtjZTlbd7bMMA8GA1UdEwEB/wQFMAMBAf8w\n"
				  "CgYIKoZIzj0EAwIDSAAwRQIgEfZiizY23bcz6sMgEqi8AFchY4trVJNJZqjr47Ha\n"
				  "Jh0CIQCMOaHjaOXvYpvaemPd28HePp+6/DWl8LytXwBt5T+/dQ==\n"
				  "-----END CERTIFICATE-----\n";
#define CERTIFICATE_END 1796370949

static void
count(struct bs_stats *s, enum bs_outcome o, uint64_t n)
{
	s->outcomes[0][o] += n;
}

static void
test_history(void **state)
{
	struct bs_history h = { 0 };
	struct bs_stats s = { 0 };
	uint64_t start = 1000 * 60000;

	(void)state;
	bs_history_add(&h, start, &s);
	count(&s, BS_OUT_DONE, 5);
	count(&s, BS_OUT_WRITE_REFUSED, 2);
	count(&s, BS_OUT_SUPERSEDED, 9); /* neither: the run that took its place counts */
	count(&s, BS_OUT_PACK_DECLINED, 4); /* neither: the run that follows counts */
	bs_history_add(&h, start + 30000, &s);
	assert_int_equal(bs_history_get(&h, 0)->done, 5);
	assert_int_equal(bs_history_get(&h, 0)->refused, 2);
	count(&s, BS_OUT_DONE, 1);
	bs_history_add(&h, start + 3 * 60000, &s); /* two empty minutes between */
	assert_int_equal(bs_history_get(&h, 0)->done, 1);
	assert_int_equal(bs_history_get(&h, 1)->done, 0);
	assert_int_equal(bs_history_get(&h, 2)->done, 0);
	assert_int_equal(bs_history_get(&h, 3)->done, 5);
	assert_int_equal(bs_history_sum(&h, 3).done, 1);
	assert_int_equal(bs_history_sum(&h, 60).done, 6);
	bs_history_add(&h, start + 62 * 60000, &s); /* the first minutes left the hour */
	assert_int_equal(bs_history_sum(&h, 60).done, 1);
	assert_int_equal(bs_history_last_minute(&h).done, 0);
	count(&s, BS_OUT_DONE, 4);
	bs_history_add(&h, start + 63 * 60000 - 1000, &s);
	count(&s, BS_OUT_DONE, 3);
	bs_history_add(&h, start + 63 * 60000, &s); /* a minute begins, but the latest 60 seconds have both */
	assert_int_equal(bs_history_last_minute(&h).done, 7);
	assert_int_equal(bs_history_get(&h, 0)->done, 3);
	bs_history_add(&h, start + 64 * 60000 - 1000, &s);
	assert_int_equal(bs_history_last_minute(&h).done, 3);
	bs_history_add(&h, start + 500 * 60000, &s);
	assert_int_equal(bs_history_sum(&h, 60).done, 0);
}

static void
test_stats(void **state)
{
	struct bs_stats a = { .peers = 3, .beat_ms = 700, .prefix_most = 2, .handshake_age_ms = 30 },
			b = { .peers = 4, .beat_ms = 500, .prefix_most = 1, .handshake_age_ms = 40 }, total = { 0 };

	(void)state;
	bs_histogram_add_ms(&a.handshake, 5);
	bs_histogram_add_ms(&a.handshake, 6);
	bs_histogram_add_ms(&b.handshake, 999999);
	bs_stats_add(&total, &a);
	bs_stats_add(&total, &b);
	assert_int_equal(total.peers, 7);
	assert_int_equal(total.beat_ms, 500); /* the one that was silent for longest */
	assert_int_equal(total.prefix_most, 2); /* of these the greatest counts */
	assert_int_equal(total.handshake_age_ms, 40);
	assert_int_equal(total.handshake.count, 3);
	assert_int_equal(total.handshake.buckets[0], 1); /* up to 5 ms */
	assert_int_equal(total.handshake.buckets[1], 1);
	assert_int_equal(total.handshake.buckets[BS_HISTOGRAM_BUCKETS - 1], 1);
}

static void
test_trouble(void **state)
{
	struct bs_snapshot s = { .now_ms = 20000, .total.beat_ms = 15000 };

	(void)state;
	assert_null(bs_snapshot_trouble(&s));
	s.recorder.failing = 1;
	assert_string_equal(bs_snapshot_trouble(&s), "the journal cannot be written");
	s.recorder.store_age = BS_AGE_OTHER;
	assert_non_null(strstr(bs_snapshot_trouble(&s), "is not the one that was seen"));
	s.recorder.store_age = BS_AGE_OLDER;
	assert_non_null(strstr(bs_snapshot_trouble(&s), "older than one that was seen"));
	s.total.store_tampered = 1;
	assert_non_null(strstr(bs_snapshot_trouble(&s), "lwm2m-bootstrapctl verify"));
	s.total.store_failing = 1;
	assert_string_equal(bs_snapshot_trouble(&s), "the store cannot be read");
	s.total.beat_ms = 9999;
	assert_string_equal(bs_snapshot_trouble(&s), "a worker does not answer");
}

/* Each file once; quotes and backslashes in its name are escaped as the text format wants it. */
static void
test_certificate_metrics(void **state)
{
	char dir[] = "/tmp/test_admin.XXXXXX", file[80];
	char *anchors[] = { file, file, (char *)"/nowhere.pem" };
	struct bs_conf conf = { .trust_anchors = { .items = anchors, .count = 3 } };
	char *text = NULL, wanted[200];
	size_t len;
	FILE *out = open_memstream(&text, &len), *pem;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(file, sizeof(file), "%s/a\"b\\c.pem", dir);
	pem = fopen(file, "w");
	assert_non_null(pem);
	fputs(certificate, pem);
	fclose(pem);
	bs_metrics_write_certificates(&conf, CERTIFICATE_END - 90, out);
	fclose(out);
	snprintf(wanted, sizeof(wanted),
		"\nlwm2m_bootstrap_certificate_expiry_seconds{file=\"%s/a\\\"b\\\\c.pem\"} 90\n", dir);
	assert_non_null(strstr(text, wanted));
	assert_string_equal(strstr(text, wanted) + strlen(wanted), ""); /* no other sample */
	unlink(file);
	rmdir(dir);
	free(text);
}

/* Each line is a comment or `name{labels} value`; each name has its HELP and TYPE before it, once. */
static void
test_metrics(void **state)
{
	struct bs_snapshot s = {
		.now_ms = 61000, .started_ms = 1000, .total.beat_ms = 60500, .library = "OpenSSL 3", .workers = 2
	};
	char *text = NULL, *line, *rest;
	size_t len, lines = 0;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	count(&s.total, BS_OUT_DONE, 7);
	bs_histogram_add_ms(&s.total.run, 50);
	bs_histogram_add_us(&s.total.look_up, 6);
	bs_histogram_add_us(&s.total.look_up, 100001);
	bs_histogram_add_us(&s.total.load, 250);
	s.caps.peers = 40;
	s.total.peers = 39;
	s.total.dtls.dropped_table_full = 2;
	s.total.dtls.evicted = 3;
	s.total.dtls.given_up[BS_HALF_OPEN_ALL] = 17;
	s.total.dtls.given_up[BS_HALF_OPEN_NETWORK] = 18;
	s.total.ignored = 19;
	bs_metrics_write(&s, out);
	fclose(out);
	assert_non_null(strstr(text, "\nlwm2m_bootstrap_attempts_total{mode=\"psk\",outcome=\"done\"} 7\n"));
	assert_non_null(strstr(text, "\nlwm2m_bootstrap_run_seconds_bucket{le=\"0.025\"} 0\n"));
	assert_non_null(strstr(text, "\nlwm2m_bootstrap_run_seconds_bucket{le=\"0.05\"} 1\n"));
	assert_non_null(strstr(text, "\nlwm2m_bootstrap_run_seconds_bucket{le=\"+Inf\"} 1\n"));
	assert_non_null(
		strstr(text, "\nlwm2m_bootstrap_store_look_up_seconds_bucket{kind=\"credential\",le=\"5e-06\"} 0\n"));
	assert_non_null(
		strstr(text, "\nlwm2m_bootstrap_store_look_up_seconds_bucket{kind=\"credential\",le=\"0.1\"} 1\n"));
	assert_non_null(strstr(text, "\nlwm2m_bootstrap_store_look_up_seconds_sum{kind=\"credential\"} 0.100007\n"));
	assert_non_null(strstr(text, "\nlwm2m_bootstrap_store_look_up_seconds_count{kind=\"account\"} 1\n"));
	assert_non_null(strstr(text, "\nlwm2m_bootstrap_run_seconds_sum 0.050000\n"));
	assert_non_null(strstr(text, "\nlwm2m_bootstrap_limit{limit=\"peers\"} 40\n"));
	assert_non_null(strstr(text, "\nlwm2m_bootstrap_limit_value{limit=\"peers\"} 39\n"));
	assert_non_null(strstr(text, "\nlwm2m_bootstrap_limit_hits_total{limit=\"peers\"} 5\n"));
	assert_non_null(strstr(text, "\nlwm2m_bootstrap_handshakes_given_up_total{reason=\"half_open_limit\"} 17\n"));
	assert_non_null(strstr(text, "\nlwm2m_bootstrap_handshakes_given_up_total{reason=\"prefix_limit\"} 18\n"));
	assert_non_null(strstr(text, "\nlwm2m_bootstrap_ignored 19\n"));
	assert_non_null(strstr(text, "\nlwm2m_bootstrap_uptime_seconds 60\n"));
	assert_non_null(strstr(text, "\nlwm2m_bootstrap_healthy 1\n"));
	for (line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest), lines++) {
		char *end;

		if (strncmp(line, "# HELP ", 7) == 0 || strncmp(line, "# TYPE ", 7) == 0)
			continue;
		assert_int_equal(strncmp(line, "lwm2m_bootstrap_", 16), 0);
		assert_non_null(strrchr(line, ' '));
		strtod(strrchr(line, ' ') + 1, &end);
		assert_int_equal(*end, '\0');
	}
	assert_true(lines > 100);
	free(text);
}

/* Each limit of the configuration has its own value, cap and count of hits. */
static void
test_limits(void **state)
{
	const struct bs_snapshot s = {
		.busiest = { .attempts = 10, .handshakes = 18, .sessions = 19 },
		.caps = { 1, 2, 3, 4000, 5, 6, 7, 8, 9, 10, 11 },
		.total = { .peers = 11,
			.half_open = 12,
			.prefix_most = 13,
			.handshake_age_ms = 14999,
			.dtls = { .dropped_table_full = 1,
				.evicted = 20,
				.dropped_half_open = 22,
				.dropped_prefix = 23,
				.given_up = { [BS_HALF_OPEN_ALL] = 100, [BS_HALF_OPEN_NETWORK] = 200 },
				.expired = 24 },
			.outcomes = { [0][BS_OUT_TOO_MANY] = 5, [2][BS_OUT_TOO_MANY] = 48 },
			.handshakes_over = 28,
			.outnumbered = 29 },
		.ration = { .left_out = { [BS_RATION_DEVICE] = { 1, 10, 20 },
				    [BS_RATION_PREFIX] = { 2, 30 },
				    [BS_RATION_STRANGERS] = { 6, 20 } },
			.device_most = 14,
			.prefix_most = 16,
			.strangers_most = 15 },
		.recorder = { .queued = 17, .dropped = 27 },
	};
	static const struct {
		const char *option;
		uint64_t value, cap, hits;
	} wanted[] = {
		{ "peers", 11, 1, 21 },
		{ "half-open", 12, 2, 122 },
		{ "half-open-per-prefix", 13, 3, 223 },
		{ "handshake-time", 14, 4, 24 },
		{ "attempts-per-minute", 10, 5, 25 },
		{ "handshakes-per-minute", 18, 8, 28 },
		{ "sessions-per-device", 19, 9, 29 },
		{ "log-lines-per-second", 15, 6, 26 },
		{ "log-lines-per-prefix", 16, 10, 32 },
		{ "log-lines-per-device", 14, 11, 31 },
		{ "journal-queue", 17, 7, 27 },
	};
	struct bs_limit got[BS_LIMIT_COUNT];

	(void)state;
	bs_limits_get(&s, got);
	for (size_t i = 0; i < BS_LIMIT_COUNT; i++) {
		assert_string_equal(got[i].option, wanted[i].option);
		assert_int_equal(got[i].value, wanted[i].value);
		assert_int_equal(got[i].cap, wanted[i].cap);
		assert_int_equal(got[i].hits, wanted[i].hits);
	}
}

/* The page of a daemon whose store's folder has no journal: a reload error is shown as text, whatever it holds. */
static void
test_page(void **state)
{
	struct bs_conf conf = { .store_directory = (char[]){ "tests/no-such-folder" } };
	struct bs_shared shared = { .conf = &conf };
	struct bs_admin admin = { .shared = &shared };
	struct bs_snapshot s = { .now_ms = 1000, .total.beat_ms = 900, .library = "OpenSSL 3" };
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	assert_int_equal(bs_diag_set(&admin.reload_failure, BS_EFORMAT, 1, "f:1: \"<script>\" & more"), BS_EFORMAT);
	bs_page_write(&admin, &s, out);
	fclose(out);
	assert_non_null(strstr(text, "&quot;&lt;script&gt;&quot; &amp; more"));
	assert_null(strstr(text, "<script"));
	assert_null(strstr(text, "style=")); /* the policy allows the one style sheet alone */
	assert_non_null(strstr(text, "Running, but needs attention:"));
	assert_int_equal(strncmp(bs_page_style_hash(), "'sha256-", 8), 0);
	free(text);
}

/* What stands at the top: trouble before anything, then what is near its end, else that all is well. */
static void
test_page_headline(void **state)
{
	static const struct {
		const char *name;
		struct bs_snapshot s;
		const char *wanted, *item;
	} rows[] = {
		{ "quiet", { .total.beat_ms = 900 }, "<p class=\"state good\">All is well</p>", NULL },
		{ "79 of 100 sessions", { .total = { .beat_ms = 900, .peers = 79 }, .caps.peers = 100 }, "All is well",
			NULL },
		{ "80 of 100 sessions", { .total = { .beat_ms = 900, .peers = 80 }, .caps.peers = 100 },
			"needs attention", "<li class=\"warn\">limit peers: 80 of 100 DTLS sessions</li>" },
		{ "95 of 100 sessions", { .total = { .beat_ms = 900, .peers = 95 }, .caps.peers = 100 },
			"needs attention", "<li class=\"bad\">limit peers: 95 of 100 DTLS sessions</li>" },
		{ "a stranger's handshake near its end",
			{ .total = { .beat_ms = 900, .handshake_age_ms = 60000 }, .caps.handshake_ms = 60000 },
			"All is well", NULL },
		{ "a device with its old session and its new one",
			{ .total.beat_ms = 900, .busiest.sessions = 2, .caps.sessions = 2 }, "All is well", NULL },
		{ "attempts lost", { .total.beat_ms = 900, .recorder.dropped = 3 }, "needs attention",
			"The journal has lost 3 attempts" },
		{ "clones", { .total = { .beat_ms = 900, .clone_signals = 1 } }, "needs attention",
			"device.clone-suspected" },
		{ "no store, and attempts lost",
			{ .total = { .beat_ms = 900, .store_failing = 1 }, .recorder.dropped = 3 },
			"<p class=\"state bad\">The store cannot be read</p>", "The journal has lost 3 attempts" },
	};
	struct bs_conf conf = { .store_directory = (char[]){ "tests/no-such-folder" } };
	struct bs_shared shared = { .conf = &conf };
	struct bs_admin admin = { .shared = &shared };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bs_snapshot s = rows[i].s;
		char *text = NULL;
		size_t len;
		FILE *out = open_memstream(&text, &len);

		s.now_ms = 1000;
		s.library = "OpenSSL 3";
		bs_page_write(&admin, &s, out);
		fclose(out);
		if (strstr(text, rows[i].wanted) == NULL)
			fail_msg("%s: no %s", rows[i].name, rows[i].wanted);
		if (rows[i].item != NULL ? strstr(text, rows[i].item) == NULL : strstr(text, "<li") != NULL)
			fail_msg("%s: items are not as wanted", rows[i].name);
		free(text);
	}
}

static void
test_notify(void **state)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	char text[sizeof(addr.sun_path) + 1] = "";
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	(void)state;
	unsetenv("NOTIFY_SOCKET");
	bs_notify_ready(); /* nobody to tell: nothing happens */
	snprintf(addr.sun_path + 1, sizeof(addr.sun_path) - 1, "bs-notify-%d", (int)getpid());
	assert_int_equal(bind(fd, (struct sockaddr *)&addr,
				 (socklen_t)(sizeof(addr.sun_family) + 1 + strlen(addr.sun_path + 1))),
		0);
	snprintf(text, sizeof(text), "@%s", addr.sun_path + 1);
	setenv("NOTIFY_SOCKET", text, 1);
	bs_notify_reloading(1234);
	memset(text, 0, sizeof(text));
	assert_true(recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT) > 0);
	assert_string_equal(text, "RELOADING=1\nMONOTONIC_USEC=1234000");
	setenv("WATCHDOG_USEC", "30000000", 1);
	unsetenv("WATCHDOG_PID");
	assert_int_equal(bs_notify_interval_ms(), 15000);
	setenv("WATCHDOG_PID", "1", 1);
	assert_int_equal(bs_notify_interval_ms(), 0); /* meant for another process */
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_history),
		cmocka_unit_test(test_stats),
		cmocka_unit_test(test_trouble),
		cmocka_unit_test(test_metrics),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_certificate_metrics),
		cmocka_unit_test(test_page),
		cmocka_unit_test(test_page_headline),
		cmocka_unit_test(test_notify),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
