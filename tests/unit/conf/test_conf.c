/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/conf/options.h"

#define NEEDED "[store]\ndirectory = /d\nmaster-key = /k\n"

static void
test_defaults(void **state)
{
	struct bs_conf c;
	struct bs_diag diag;

	(void)state;
	assert_int_equal(bs_conf_read_text("f", NEEDED, &c, &diag), BS_OK);
	assert_int_equal(c.listen.count, 1);
	assert_string_equal(c.listen.items[0], "*:5684");
	assert_int_equal(c.mtu, 1280);
	assert_int_equal(c.dtls_timeout_ms, 1000);
	assert_int_equal(c.idle_ms, 86400000);
	assert_int_equal(c.journal_bytes, 1 << 30);
	assert_false(c.alert_unknown);
	assert_false(c.log_json);
	assert_int_equal(c.log_level, 2);
	assert_null(c.ciphers);
	bs_conf_clear(&c);
}

static void
test_values(void **state)
{
	static const char text[] =
		"; comment\n" NEEDED "[listen]\naddress = 192.0.2.1:5684\naddress = [::1]:5685\n"
		"[server]\ncertificate = a.pem\nprivate-key = a.key\ntrust-anchors = ca1.pem\ntrust-anchors = ca2.pem\n"
		"[server b.example]\ncertificate = b.pem\nprivate-key = b.key\n"
		"[dtls]\nunknown-credential = alert\ntimeout = 9s\nhandshake-time = 1500ms\n"
		"[coap]\nbootstrap-path = /t7\nbootstrap-path = /a%20b/c\n[limits]\njournal-size = 64M\n[log]\nformat "
		"= json\nlevel = debug\n";
	struct bs_conf c;
	struct bs_diag diag;

	(void)state;
	assert_int_equal(bs_conf_read_text("f", text, &c, &diag), BS_OK);
	assert_int_equal(c.listen.count, 2);
	assert_string_equal(c.listen.items[1], "[::1]:5685");
	assert_int_equal(c.identity_count, 2);
	assert_null(c.identities[0].sni);
	assert_string_equal(c.identities[0].certificate, "a.pem");
	assert_string_equal(c.identities[1].sni, "b.example");
	assert_string_equal(c.identities[1].private_key, "b.key");
	assert_int_equal(c.trust_anchors.count, 2);
	assert_true(c.alert_unknown);
	assert_int_equal(c.dtls_timeout_ms, 9000);
	assert_int_equal(c.handshake_ms, 1500);
	assert_int_equal(c.journal_bytes, 64 << 20);
	assert_int_equal(c.roots.count, 2);
	assert_int_equal(c.roots.list[1].count, 2);
	assert_true(c.log_json);
	assert_int_equal(c.log_level, 3);
	bs_conf_clear(&c);
}

static void
test_refused(void **state)
{
	static const struct {
		const char *row, *text, *message;
	} rows[] = {
		{ "unknown key", NEEDED "[dtls]\ncipher = x\n",
			"f:5: unknown option \"cipher\" in [dtls]; did you mean \"ciphers\" in [dtls]?" },
		{ "key of another section", NEEDED "[dtls]\nworkers = 2\n",
			"f:5: unknown option \"workers\" in [dtls]; did you mean \"workers\" in [server]?" },
		{ "unknown section", NEEDED "[anywhere]\nmtu = 600\n",
			"f:4: unknown section [anywhere]; lwm2m-bootstrapd --options lists all" },
		{ "unknown section without options", NEEDED "[listn]\n[dtls]\nmtu = 600\n",
			"f:4: unknown section [listn]; did you mean listen?" },
		{ "nothing like it", NEEDED "[dtls]\nzzzzzzzzzz = 2\n",
			"f:5: unknown option \"zzzzzzzzzz\" in [dtls]; lwm2m-bootstrapd --options lists all" },
		{ "shared option in a named server", NEEDED "[server x]\ncrls = a\n",
			"f:5: unknown option \"crls\" in [server x]; did you mean \"crls\" in [server]?" },
		{ "a path with its query", NEEDED "[coap]\nbootstrap-path = /t7?x=1\n",
			"f: [coap] bootstrap-path = /t7?x=1: expected the path as it stands in the URI, such as /t7 or "
			"/a%20b, "
			"without query" },
		{ "twice", NEEDED "[dtls]\nmtu = 600\nmtu = 700\n", "f:6: mtu is given twice" },
		{ "no number", NEEDED "[dtls]\nmtu = much\n", "f:5: mtu = \"much\": expected a number" },
		{ "negative", NEEDED "[dtls]\nmtu = -600\n", "f:5: mtu = \"-600\": expected a number" },
		{ "out of range", NEEDED "[dtls]\nmtu = 100\n", "f:5: mtu = 100 is out of range (576 to 1500)" },
		{ "above RFC 7925", NEEDED "[dtls]\ntimeout = 10s\n",
			"f:5: timeout = 10s is out of range (1000 to 9000 ms)" },
		{ "unknown unit", NEEDED "[dtls]\ntimeout = 10w\n",
			"f:5: timeout = \"10w\": expected a time such as 500ms, 2s, 5m or 24h" },
		{ "too large for 64 bits", NEEDED "[limits]\njournal-size = 99999999999999G\n",
			"f:5: journal-size = \"99999999999999G\": expected a number of octets such as 512K, 64M or "
			"1G" },
		{ "no choice", NEEDED "[log]\nlevel = loud\n",
			"f:5: level = \"loud\": expected error warning info debug" },
		{ "prefix of a choice", NEEDED "[log]\nlevel = inf\n",
			"f:5: level = \"inf\": expected error warning info debug" },
		{ "no yes", NEEDED "[dtls]\nprefer-raw-key = 1\n", "f:5: prefer-raw-key = \"1\": expected yes or no" },
		{ "empty", NEEDED "[dtls]\nciphers =\n", "f:5: ciphers has no value" },
		{ "no pair", NEEDED "rubbish\n", "f:4: neither a [section] nor key = value" },
		{ "missing", "[store]\ndirectory = /d\n", "f: master-key is missing in [store]" },
		{ "empty file", "", "f: directory is missing in [store]" },
		{ "a host with its port", NEEDED "[http]\nhost = a.example:9090\n",
			"f: [http] host = a.example:9090: expected one host name such as monitor.example.com, without "
			"port; addresses and localhost are always answered" },
		{ "certificate alone", NEEDED "[server]\ncertificate = a\n",
			"f: [server]: certificate and private-key are required together" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bs_conf c;
		struct bs_diag diag = { 0 };

		if (bs_conf_read_text("f", rows[i].text, &c, &diag) == BS_OK)
			fail_msg("%s: accepted", rows[i].row);
		assert_string_equal(diag.text, rows[i].message);
	}
}

/* Who has to reach the daemon asks for no more than where it is. */
static void
test_places_are_read_from_a_bad_file(void **state)
{
	static const char text[] =
		"rubbish\n[store]\ndirectory = /d\nmaster-key = /k\n[http]\nfoo = 1\n[nowhere]\nx = y\n"
		"[control]\nsocket = /s\n[server]\ncertificate = c\n";
	char file[] = "/tmp/bs-conf-XXXXXX";
	struct bs_conf c;
	struct bs_diag diag = { 0 };
	int fd = mkstemp(file);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
	assert_int_equal(bs_conf_read_places(file, &c, &diag), BS_OK);
	assert_string_equal(c.store_directory, "/d");
	assert_string_equal(c.master_key, "/k");
	assert_string_equal(c.control_socket, "/s");
	bs_conf_clear(&c);
	assert_int_equal(bs_conf_read(file, &c, &diag), BS_EFORMAT);
	assert_int_equal(ftruncate(fd, 30), 0);
	assert_int_equal(bs_conf_read_places(file, &c, &diag), BS_EFORMAT);
	assert_non_null(strstr(diag.text, "master-key is missing in [store]"));
	close(fd);
	unlink(file);
}

static void
test_listeners(void **state)
{
	static const struct {
		const char *item;
		enum bs_err err;
		uint64_t ms;
		const char *told; /* NULL: whatever */
	} rows[] = {
		{ "192.0.2.1:5684", BS_OK, 0, NULL }, /* as [dtls] says at that time */
		{ "192.0.2.1:5684 dtls-timeout=9s", BS_OK, 9000, NULL },
		{ "[2001:db8::1]:5684   dtls-timeout=1500ms", BS_OK, 1500, NULL },
		{ "192.0.2.1:5684 dtls-timeout=10s", BS_ERANGE, 0, NULL },
		{ "192.0.2.1:5684 dtls-timeout=", BS_EFORMAT, 0, NULL },
		{ "192.0.2.1:5684 timeout=2s", BS_EFORMAT, 0, NULL },
		{ "dtls-timeout=2s", BS_EFORMAT, 0, NULL },
		{ "192.0.2.1:5684 dtls-timeot=9s", BS_EFORMAT, 0, "optionally followed by dtls-timeout=TIME" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bs_conf c;
		struct bs_diag diag;
		struct bs_addr addr;
		char text[200];
		uint64_t ms;

		snprintf(text, sizeof(text), NEEDED "[listen]\naddress = %s\n[dtls]\ntimeout = 2s\n", rows[i].item);
		assert_int_equal(bs_conf_read_text("f", text, &c, &diag), BS_OK);
		assert_int_equal(bs_conf_listen(&c, 0, &addr, &ms, &diag), rows[i].err);
		if (rows[i].told != NULL)
			assert_non_null(strstr(diag.text, rows[i].told));
		if (rows[i].err == BS_OK)
			assert_int_equal(ms, rows[i].ms);
		if (rows[i].err == BS_OK)
			assert_int_equal(bs_addr_port(&addr), 5684);
		bs_conf_clear(&c);
	}
}

static void
test_long_line(void **state)
{
	char *text = malloc(1000100);
	struct bs_conf c;
	struct bs_diag diag;

	(void)state;
	strcpy(text, NEEDED "[dtls]\nciphers = ");
	memset(text + strlen(text), 'x', 1000000);
	text[1000050] = '\0';
	assert_int_equal(bs_conf_read_text("f", text, &c, &diag), BS_EFORMAT);
	assert_string_equal(diag.text, "f:5: the line is too long");
	free(text);
}

static void
test_missing_file(void **state)
{
	struct bs_conf c;
	struct bs_diag diag;

	(void)state;
	assert_int_equal(bs_conf_read("tests/no-such.conf", &c, &diag), BS_EIO);
	assert_string_equal(diag.text, "tests/no-such.conf: No such file or directory");
}

static void
cut_value(char *text, const char *option)
{
	char *p = strstr(text, option);

	assert_non_null(p);
	p += strlen(option);
	memmove(p, p + strcspn(p, "\n"), strlen(p + strcspn(p, "\n")) + 1);
}

/* Every worker takes one port from trigger-port on, and no listener one of these. */
static void
test_trigger_ports(void **state)
{
	static const struct {
		const char *text;
		enum bs_err err;
	} rows[] = {
		{ "[server]\nworkers = 2\n[coap]\ntrigger-port = 5685\n", BS_OK },
		{ "[server]\nworkers = 2\n[coap]\ntrigger-port = 5682\n", BS_OK },
		{ "[server]\nworkers = 2\n[coap]\ntrigger-port = 5683\n", BS_ERANGE },
		{ "[server]\nworkers = 2\n[coap]\ntrigger-port = 5684\n", BS_ERANGE },
		{ "[coap]\ntrigger-port = 5429\n", BS_ERANGE }, /* 256 workers may come */
		{ "[coap]\ntrigger-port = 5428\n", BS_OK },
		{ "", BS_OK },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bs_conf c;
		struct bs_diag diag = { 0 };
		struct bs_addr addr;
		uint64_t ms;
		char text[200];

		snprintf(text, sizeof(text), NEEDED "[listen]\naddress = 192.0.2.1:5684\n%s", rows[i].text);
		assert_int_equal(bs_conf_read_text("f", text, &c, &diag), BS_OK);
		if (bs_conf_listen(&c, 0, &addr, &ms, &diag) != rows[i].err)
			fail_msg("%s: %s", rows[i].text, diag.text);
		bs_conf_clear(&c);
	}
}

/* The sample is what --options prints, and, with its required options filled in, it is accepted. */
static void
test_sample(void **state)
{
	static char printed[65536], sample[65536];
	FILE *out = fmemopen(printed, sizeof(printed), "w"), *in = fopen("schema/lwm2m-bootstrapd.conf.sample", "r");
	struct bs_conf c;
	struct bs_diag diag;
	char *body;

	(void)state;
	assert_non_null(out);
	assert_non_null(in);
	bs_conf_print_options(out);
	fclose(out);
	sample[fread(sample, 1, sizeof(sample) - 1, in)] = '\0';
	fclose(in);
	body = strstr(sample, "[listen]");
	assert_non_null(body);
	/* The sample names the usual places where --options has nothing. */
	cut_value(body, "\ndirectory =");
	cut_value(body, "\nmaster-key =");
	assert_string_equal(body, printed);
	assert_int_equal(bs_conf_read("schema/lwm2m-bootstrapd.conf.sample", &c, &diag), BS_OK);
	bs_conf_clear(&c);
}

/* From the option's entry in the manual to the next one; says whether it is marked. */
static bool
manual_says_live(const char *manual, const char *section, const char *key)
{
	char text[100], entry[2000];
	const char *p, *end;

	snprintf(text, sizeof(text), "\n.Ss [%s]\n", section);
	p = strstr(manual, text);
	snprintf(text, sizeof(text), "\n.It Cm %s No", key);
	p = p != NULL ? strstr(p, text) : NULL;
	if (p == NULL)
		fail_msg("[%s] %s is not in the manual", section, key);
	end = p + 1;
	while (strncmp(end, "\n.It", 4) != 0 && strncmp(end, "\n.El", 4) != 0)
		end++;
	snprintf(entry, sizeof(entry), "%.*s", (int)(end + 1 - p), p);
	return strstr(entry, "\nLive.\n") != NULL;
}

/* What the manual marks as taken up by a reload is what a reload takes up. */
static void
test_manual(void **state)
{
	static char manual[65536];
	FILE *in = fopen("server/lwm2m-bootstrapd.conf.5", "r");

	(void)state;
	assert_non_null(in);
	manual[fread(manual, 1, sizeof(manual) - 1, in)] = '\0';
	fclose(in);
	for (size_t i = 0; i < bs_option_count; i++)
		if (manual_says_live(manual, bs_options[i].section, bs_options[i].key) != bs_options[i].live)
			fail_msg("[%s] %s: live or not?", bs_options[i].section, bs_options[i].key);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_places_are_read_from_a_bad_file),
		cmocka_unit_test(test_listeners),
		cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_missing_file),
		cmocka_unit_test(test_trigger_ports),
		cmocka_unit_test(test_sample),
		cmocka_unit_test(test_manual),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
