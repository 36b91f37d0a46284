/* SPDX-License-Identifier: Apache-2.0 */
/* What server add and profile add refuse or warn of, sentence by sentence. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>

#include "tools/ctl/check.h"
#include "tools/ctl/setting.h"

/* What a check says, with its prefix taken off; "" when it says nothing. */
static char *said;
static size_t said_len;
static struct bs_report report;

static void
listen(void)
{
	FILE *to = open_memstream(&said, &said_len);

	assert_non_null(to);
	bs_report_init(&report, to, NULL);
}

static void
expect(const char *row, const char *expected)
{
	static const char prefix[] = "lwm2m-bootstrapctl: ";
	const char *text;

	fclose(report.to);
	text = strncmp(said, prefix, strlen(prefix)) == 0 ? said + strlen(prefix) : said;
	if (strncmp(text, expected, strlen(expected)) != 0 || (expected[0] == '\0' && said_len > 0))
		fail_msg("%s: \"%s\", not \"%s\"", row, text, expected);
	free(said);
}

static const struct {
	const char *uri;
	enum bs_mode mode;
	bool allow_nosec;
	const char *expected;
} uris[] = {
	{ "coaps://lwm2m.example.com:5684", BS_MODE_PSK, false, "" },
	{ "coaps://[2001:db8::1]:5684", BS_MODE_RPK, false, "" },
	{ "COAPS://192.0.2.1:5684", BS_MODE_X509, false, "" },
	{ "coaps+tcp://lwm2m.example.com:5684", BS_MODE_PSK, false, "" },
	{ "coap://192.0.2.1:5683", BS_MODE_NOSEC, true, "" },
	{ "coap://192.0.2.1:5683", BS_MODE_NOSEC, false, "u: coap:// sends everything in the clear" },
	{ "coap://192.0.2.1:5683", BS_MODE_PSK, true, "u: mode psk needs a coaps:// URI" },
	{ "coaps://192.0.2.1:5684", BS_MODE_NOSEC, true, "u: a coaps URI needs a mode other than nosec" },
	{ "coaps://lwm2m.example.com", BS_MODE_PSK, false, "u: warning: has no port" },
	{ "coaps://[2001:db8::1]", BS_MODE_PSK, false, "u: warning: has no port" },
	{ "coaps://2001:db8::1", BS_MODE_PSK, false, "u: the port is not a number" },
	{ "coaps://h:0", BS_MODE_PSK, false, "u: the port is not a number" },
	{ "coaps://h:65536", BS_MODE_PSK, false, "u: the port is not a number" },
	{ "coaps://h:56x4", BS_MODE_PSK, false, "u: the port is not a number" },
	{ "coaps://h:", BS_MODE_PSK, false, "u: the port is not a number" },
	{ "coaps://:5684", BS_MODE_PSK, false, "u: has no host" },
	{ "coaps://[::1", BS_MODE_PSK, false, "u: has no host" },
	{ "coaps://", BS_MODE_PSK, false, "u: has no host" },
	{ "coaps://me@h:5684", BS_MODE_PSK, false, "u: has a user name" },
	/* covers: trap 40 */
	{ "coaps://h:5684/path", BS_MODE_PSK, false, "u: warning: has a path or query" },
	{ "coaps://h:5684?x=1", BS_MODE_PSK, false, "u: warning: has a path or query" },
	{ "coaps://h:5684#x", BS_MODE_PSK, false, "u: has a fragment" },
	{ "coaps://h :5684", BS_MODE_PSK, false, "u: has a character that no URI may have" },
	{ "coaps://\xc3\xa4:5684", BS_MODE_PSK, false, "u: has a character that no URI may have" },
	{ "https://h:5684", BS_MODE_PSK, false, "u: 1 to 255 octets that begin with coaps://" },
	{ "", BS_MODE_PSK, false, "u: 1 to 255 octets that begin with coaps://" },
};

/* covers: resource 0/0 */
static void
test_uri(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(uris) / sizeof(uris[0]); i++) {
		listen();
		bs_check_uri(&report, "u", uris[i].uri, uris[i].mode, uris[i].allow_nosec);
		expect(uris[i].uri, uris[i].expected);
	}
}

static const struct {
	const char *binding;
	bool sms;
	const char *expected;
} bindings[] = {
	{ "U", false, "" },
	{ "UQ", false, "b: warning: Q is for LwM2M 1.0: later clients are sent the binding without it" },
	{ "UQS", true, "b: warning: Q is for LwM2M 1.0" },
	{ "US", true, "" },
	{ "UT", false, "b: warning: a LwM2M 1.0 client knows" },
	{ "U", true, "b: an account with an SMS number needs S" },
	{ "UU", false, "b: the letter U occurs twice" },
	{ "Q", false, "b: Q (queue mode) needs U or S" },
	{ "UX", false, "b: a binding is made of the letters" },
	{ "u", false, "b: a binding is made of the letters" },
	{ "", false, "b: a binding is made of the letters" },
};

/* covers: resource 1/7 */
static void
test_binding(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bindings) / sizeof(bindings[0]); i++) {
		listen();
		bs_check_binding(&report, "b", bindings[i].binding, bindings[i].sms);
		expect(bindings[i].binding, bindings[i].expected);
	}
}

static void
test_words(void **state)
{
	char longer[300];

	(void)state;
	memset(longer, 'x', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	listen();
	bs_check_name(&report, "n", "fleet-1_A");
	bs_check_endpoint(&report, "e", "urn:imei:490154203237518", 24);
	bs_check_endpoint(&report, "e", longer, 252);
	bs_check_identity(&report, "i", "\xc3\xa4", 2);
	expect("good words", "");
	listen();
	bs_check_name(&report, "n", "a.b");
	expect("dot", "n: a name is made of letters, digits, - and _ alone");
	listen();
	bs_check_name(&report, "n", longer);
	expect("long name", "n: a name has 1 to 63 characters");
	listen();
	bs_check_endpoint(&report, "e", longer, 253);
	expect("long endpoint", "e: 253 octets long; at most 252 are kept");
	listen();
	bs_check_endpoint(&report, "e", "a\x1b[2J", 5);
	expect("escape", "e: has a control character; remove it");
	listen();
	bs_check_endpoint(&report, "e", "a\xc2\x85", 3);
	expect("C1", "e: has a control character; remove it");
	listen();
	bs_check_endpoint(&report, "e", "dev1 ", 5);
	expect("blank", "e: warning: begins or ends with a blank");
	listen();
	bs_check_identity(&report, "i", "a\0b", 3);
	expect("NUL", "i: has a NUL octet");
	listen();
	bs_check_identity(&report, "i", longer, 65);
	expect("65", "i: warning: 65 octets long; some clients hold no more than 64");
	listen();
	bs_check_identity(&report, "i", longer, 256);
	expect("256", "i: 256 octets long; at most 255 are kept");
}

/* ---- server accounts --------------------------------------------------------------------------------------------- */

static struct bs_setting usage_three = { .oid = 0, .rid = 15, .text = (char[]){ "3" } },
			 prefers_sms = { .oid = 1, .rid = 22, .text = (char[]){ "S" } },
			 hold_off = { .oid = 0, .rid = 11, .text = (char[]){ "5" } },
			 oscore_link = { .oid = 0, .rid = 17, .text = (char[]){ "21:0" } },
			 no_suite = { .oid = 0, .rid = 16, .multiple = true, .text = (char[]){ "65000" } };

static const struct {
	const char *name;
	struct bs_server_def def;
	struct bs_server_check check;
	const char *expected;
} servers[] = {
	{ "plain", { .ssid = 1, .mode = BS_MODE_PSK }, { 0 }, "" },
	{ "no ssid", { .mode = BS_MODE_PSK }, { 0 }, "--ssid: needed, from 1 to 65534" },
	{ "ssid 65535", { .ssid = 65535, .mode = BS_MODE_PSK }, { 0 }, "--ssid: needed, from 1 to 65534" },
	{ "repository", { .repository = true, .mode = BS_MODE_PSK }, { 0 }, "" },
	{ "repository with ssid", { .repository = true, .ssid = 1, .mode = BS_MODE_PSK }, { 0 },
		"--ssid: a repository has no" },
	{ "psk with a key", { .ssid = 1, .mode = BS_MODE_PSK, .server_key = (const uint8_t *)"x", .server_key_len = 1 },
		{ 0 }, "--mode: psk uses no server key" },
	{ "rpk without", { .ssid = 1, .mode = BS_MODE_RPK }, { 0 }, "--server-key: missing" },
	{ "x509 without", { .ssid = 1, .mode = BS_MODE_X509 }, { 0 }, "--server-cert: missing" },
	/* covers: trap INT-10 */
	{ "est without", { .ssid = 1, .mode = BS_MODE_EST }, { 0 }, "--server-cert: missing" },
	{ "x509", { .ssid = 1, .mode = BS_MODE_X509, .server_key = (const uint8_t *)"x", .server_key_len = 1 }, { 0 },
		"" },
	/* covers: trap 37 */
	{ "a CA without usage",
		{ .ssid = 1, .mode = BS_MODE_X509, .server_key = (const uint8_t *)"x", .server_key_len = 1 },
		{ .key = { .ca = true } }, "--server-cert: a CA certificate, but without --set 0/15" },
	{ "a CA that the server shows",
		{ .ssid = 1, .mode = BS_MODE_X509, .server_key = (const uint8_t *)"x", .server_key_len = 1 },
		{ .has_usage = true, .usage = 3, .key = { .ca = true } }, "" },
	/* covers: resource 0/15 */
	{ "a trust anchor",
		{ .ssid = 1, .mode = BS_MODE_X509, .server_key = (const uint8_t *)"x", .server_key_len = 1 },
		{ .has_usage = true, .usage = 2, .key = { .ca = true } },
		"--set: warning: a LwM2M 1.0 client ignores 0/15" },
	/* covers: resource 0/4 */
	{ "a leaf as trust anchor",
		{ .ssid = 1, .mode = BS_MODE_X509, .server_key = (const uint8_t *)"x", .server_key_len = 1 },
		{ .has_usage = true, .usage = 2 },
		"--server-cert: certificate usage 2 (--set 0/15) needs a CA certificate" },
	/* covers: resource 0/13 */
	{ "SHA-384 of it", { .ssid = 1, .mode = BS_MODE_X509, .server_key = (const uint8_t *)"x", .server_key_len = 1 },
		{ .matching_type = 2 },
		"--set: warning: a LwM2M 1.0 client ignores 0/13 and cannot use a digest; some clients refuse" },
	{ "a certificate usage without certificate",
		{ .ssid = 1, .mode = BS_MODE_PSK, .settings = &usage_three, .setting_count = 1 }, { 0 },
		"--set: 0/15 says how a certificate is compared; mode psk has none" },
	{ "a preferred transport of the binding",
		{ .ssid = 1, .mode = BS_MODE_PSK, .settings = &prefers_sms, .setting_count = 1 }, { .binding = "US" },
		"" },
	/* covers: resource 1/22 */
	{ "a preferred transport beside the binding",
		{ .ssid = 1, .mode = BS_MODE_PSK, .settings = &prefers_sms, .setting_count = 1 }, { .binding = "U" },
		"--set: 1/22: the preferred transport is one letter of the binding, U" },
	{ "a preferred transport beside the default",
		{ .ssid = 1, .mode = BS_MODE_PSK, .settings = &prefers_sms, .setting_count = 1 }, { 0 },
		"--set: 1/22: the preferred transport is one letter of the binding, U" },
	/* covers: resource 0/11, 0/12 */
	{ "a resource of bootstrap accounts",
		{ .ssid = 1, .mode = BS_MODE_PSK, .settings = &hold_off, .setting_count = 1 }, { 0 },
		"--set: warning: 0/11 belongs to a bootstrap account; it is left out of this one" },
	{ "the same in a bootstrap account",
		{ .repository = true,
			.bootstrap = true,
			.mode = BS_MODE_PSK,
			.settings = &hold_off,
			.setting_count = 1 },
		{ 0 }, "" },
	/* covers: resource 0/17 */
	{ "a link to OSCORE", { .ssid = 1, .mode = BS_MODE_PSK, .settings = &oscore_link, .setting_count = 1 }, { 0 },
		"--set: warning: 0/17 leads to an instance of Object 21, which this server does not write" },
	{ "an unknown ciphersuite", { .ssid = 1, .mode = BS_MODE_PSK, .settings = &no_suite, .setting_count = 1 },
		{ 0 }, "--set: 0/16: 65000 (0xFDE8) is not a ciphersuite" },
	{ "sms", { .ssid = 1, .mode = BS_MODE_PSK, .sms_number = "491700000000" }, { .binding = "US" }, "" },
	{ "sms without binding", { .ssid = 1, .mode = BS_MODE_PSK, .sms_number = "491700000000" }, { 0 },
		"--binding: an account with an SMS number needs S" },
	/* covers: resource 0/9 */
	{ "sms number of letters", { .ssid = 1, .mode = BS_MODE_PSK, .sms_number = "0170/123" }, { .binding = "US" },
		"--sms-number: 1 to 15 digits" },
};

static void
test_server(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(servers) / sizeof(servers[0]); i++) {
		struct bs_server_def def = servers[i].def;

		def.name = "s";
		def.uri = "coaps://h:5684";
		listen();
		bs_check_server(&report, &def, &servers[i].check);
		expect(servers[i].name, servers[i].expected);
	}
}

/* ---- profiles ---------------------------------------------------------------------------------------------------- */

static const struct bs_server_def one = { .name = "one", .ssid = 1 }, two = { .name = "two", .ssid = 2 },
				  again = { .name = "again", .ssid = 1 }, repo = { .name = "repo", .repository = true };

#define OWN "1/0:owner=1", "1/1:owner=2"

static const struct {
	const char *name;
	const struct bs_server_def *servers[3];
	bool given;
	enum bs_access_control access_control;
	const char *acls[4];
	uint32_t ack_timeout_ms, max_retransmit;
	uint16_t block_size;
	const char *expected;
} profiles[] = {
	{ "one server", { &one }, false, BS_AC_NONE, { 0 }, 2000, 4, 512, "" },
	{ "none", { NULL }, false, BS_AC_NONE, { 0 }, 2000, 4, 512, "--server: a profile needs at least one" },
	{ "two, silent", { &one, &two }, false, BS_AC_NONE, { 0 }, 2000, 4, 512,
		"--access-control: needed with two servers" },
	{ "two, none said aloud", { &one, &two }, true, BS_AC_NONE, { 0 }, 2000, 4, 512, "" },
	{ "two, derived", { &one, &two }, true, BS_AC_DERIVED, { 0 }, 2000, 4, 512, "" },
	{ "a server and a repository", { &one, &repo }, false, BS_AC_NONE, { 0 }, 2000, 4, 512, "" },
	{ "a repository alone", { &repo }, false, BS_AC_NONE, { 0 }, 2000, 4, 512,
		"--server: repositories and bootstrap accounts alone" },
	{ "twice", { &one, &one }, true, BS_AC_NONE, { 0 }, 2000, 4, 512, "--server: one is named twice" },
	{ "the same ssid", { &one, &again }, true, BS_AC_NONE, { 0 }, 2000, 4, 512,
		/* covers: trap 17 */
		"--server: one and again have the same Short Server ID 1" },
	{ "explicit without", { &one, &two }, true, BS_AC_EXPLICIT, { 0 }, 2000, 4, 512,
		"--acl: explicit access control needs" },
	{ "explicit", { &one, &two }, true, BS_AC_EXPLICIT, { OWN, "3/0:owner=1,2=1,0=1", "9/65535:owner=65535,2=16" },
		2000, 4, 512, "" },
	{ "explicit without its own", { &one, &two }, true, BS_AC_EXPLICIT, { "1/0:owner=1" }, 2000, 4, 512,
		"--acl: warning: no entry for 1/1: server two has no right on its own instance" },
	{ "derived with entries", { &one, &two }, true, BS_AC_DERIVED, { "3/0:owner=1" }, 2000, 4, 512,
		"--acl: goes with" },
	{ "a strange owner", { &one, &two }, true, BS_AC_EXPLICIT, { OWN, "3/0:owner=7" }, 2000, 4, 512,
		"--acl: 3/0: the owner 7 is no Short Server ID" },
	{ "a strange server", { &one, &two }, true, BS_AC_EXPLICIT, { OWN, "3/0:owner=1,7=1" }, 2000, 4, 512,
		"--acl: 3/0: 7 is no Short Server ID" },
	{ "Object 0", { &one, &two }, true, BS_AC_EXPLICIT, { OWN, "0/0:owner=1" }, 2000, 4, 512,
		"--acl: Object 0 is under no" },
	{ "create without its form", { &one, &two }, true, BS_AC_EXPLICIT, { OWN, "9/65535:owner=1,2=16" }, 2000, 4,
		512, "--acl: 9/65535 is the right to create" },
	{ "create on an instance", { &one, &two }, true, BS_AC_EXPLICIT, { OWN, "9/0:owner=1,2=17" }, 2000, 4, 512,
		"--acl: warning: 9/0: Create (16)" },
	{ "the same twice", { &one, &two }, true, BS_AC_EXPLICIT, { OWN, "3/0:owner=1", "3/0:owner=2" }, 2000, 4, 512,
		"--acl: 3/0 is given twice" },
	{ "a step of 230 s less a bit", { &one }, false, BS_AC_NONE, { 0 }, 4900, 4, 512,
		"" }, /* 1.5 x 4.9 s x 31 = 227.85 s */
	{ "a step beyond", { &one }, false, BS_AC_NONE, { 0 }, 5000, 4, 512,
		"--ack-timeout: with 4 retransmissions one step lasts up "
		"to 232 s" },
	{ "block of 500", { &one }, false, BS_AC_NONE, { 0 }, 2000, 4, 500, "--block-size: 16, 32" },
};

static void
test_deletes_need_discover(void **state)
{
	const struct bs_server_def server = { .name = "a", .ssid = 1 };
	const struct bs_server_def *const only[] = { &server };
	struct bs_profile_check check = { .servers = only, .count = 1 };
	struct bs_profile_def def = { 0 };

	(void)state;
	bs_profile_init(&def.profile);
	strcpy(def.profile.name, "p");
	def.profile.delete_policy = BS_DELETE_INSTANCES;
	listen();
	bs_check_profile(&report, &def, &check);
	expect("with Discover", "");
	def.profile.discover = false;
	listen();
	bs_check_profile(&report, &def, &check);
	expect("without", "--delete: instances needs --discover yes");
}

/* What is merged must be found, and told from what others put there. */
static void
test_merging(void **state)
{
	static const struct bs_server_def *const pair[] = { &one, &repo };
	struct bs_profile_check check = { .servers = pair, .count = 1 };
	struct bs_profile_def def = { 0 };

	(void)state;
	bs_profile_init(&def.profile);
	strcpy(def.profile.name, "p");
	def.profile.on_existing = BS_EXISTING_MERGE;
	listen();
	bs_check_profile(&report, &def, &check);
	expect("one server", "");
	check.count = 2;
	listen();
	bs_check_profile(&report, &def, &check);
	expect("a repository", "--server: repo is a repository");
	check.count = 1;
	def.profile.discover = false;
	listen();
	bs_check_profile(&report, &def, &check);
	expect("blind", "--on-existing: merge needs --discover yes");
	def.profile.discover = true;
	def.profile.write_level = BS_LEVEL_OBJECT;
	listen();
	bs_check_profile(&report, &def, &check);
	expect("whole objects", "--write-level: with --on-existing merge");
}

/* A device has credentials for the servers of its own profile alone, and a run is repeated once. */
static void
test_retry(void **state)
{
	const struct bs_cat_server cat_one = { .name = "one" }, cat_two = { .name = "two" };
	static const struct bs_server_def *const both[] = { &one, &two };
	struct bs_profile_check check = { .servers = both, .count = 2, .access_control_given = true };
	struct bs_cat_profile retry = { .name = "plain", .servers = { &cat_one }, .server_count = 1 };
	struct bs_profile_def def = { 0 };

	(void)state;
	bs_profile_init(&def.profile);
	strcpy(def.profile.name, "p");
	strcpy(def.profile.retry_as, "plain");
	check.retry = &retry;
	listen();
	bs_check_profile(&report, &def, &check);
	expect("one of the two", "");
	retry.servers[0] = &cat_two;
	listen();
	bs_check_profile(&report, &def, &check);
	expect("the other", "");
	check.count = 1;
	listen();
	bs_check_profile(&report, &def, &check);
	expect("one that it has not", "--retry-as: plain has server two, for which devices of this profile");
	check.count = 2;
	strcpy(retry.retry_as, "plainer");
	listen();
	bs_check_profile(&report, &def, &check);
	expect("two in a row", "--retry-as: plain is itself retried as plainer");
	retry.retry_as[0] = '\0';
	retry.on_existing = BS_EXISTING_MERGE;
	listen();
	bs_check_profile(&report, &def, &check);
	expect("one that merges", "--retry-as: plain merges what the device holds");
	retry.on_existing = BS_EXISTING_OVERWRITE;
	def.profile.tolerances.list[0] = (struct bs_tolerance){ .step = BS_STEP_FINISH, .code = 0x86 };
	def.profile.tolerances.count = 1;
	listen();
	bs_check_profile(&report, &def, &check);
	expect("4.06 is success", "--retry-as: a run is repeated after 4.06");
}

static const struct {
	const char *row, *list, *retry_as, *said;
} tolerances[] = {
	{ "an extra write", "write/3/0=4.04 write/3=refused write/3/0=refused", "", "" },
	{ "steps without a path", "finish=4.04 delete=4.05 discover=5.01", "", "" },
	{ "an access control instance", "write/2=refused", "", "" },
	{ "success of another code", "write=2.01 write/0=2.05", "", "" },
	{ "an object that is not written", "write/5=4.04", "",
		"--tolerate: this profile does not write to /5; add --write, or correct the path" },
	{ "an instance that is not written", "write/3/1=refused", "",
		"--optional-write: this profile does not write to /3/1" },
	{ "a server that need not be", "write/0=refused", "",
		"--optional-write: warning: a device that refuses /0 ends without its server" },
	{ "every write", "write=4.04", "", "--tolerate: warning: a device that refuses its Writes ends without" },
	{ "two ways to take a refused Finish", "finish=4.06", "plain", "--retry-as: a run is repeated after 4.06" },
};

static void
test_tolerances(void **state)
{
	static const struct bs_server_def *const only[] = { &one };
	static const struct bs_setting writes[] = { { .oid = 3, .rid = 13, .type = BS_TYPE_TIME, .text = "now" } };
	struct bs_profile_check check = { .servers = only, .count = 1 };

	(void)state;
	for (size_t i = 0; i < sizeof(tolerances) / sizeof(tolerances[0]); i++) {
		struct bs_profile_def def = { .writes = writes, .write_count = 1 };

		bs_profile_init(&def.profile);
		strcpy(def.profile.name, "p");
		strcpy(def.profile.retry_as, tolerances[i].retry_as);
		assert_int_equal(bs_tolerances_read(tolerances[i].list, &def.profile.tolerances), BS_OK);
		listen();
		bs_check_profile(&report, &def, &check);
		expect(tolerances[i].row, tolerances[i].said);
	}
}

static void
test_security_iid(void **state)
{
	static const struct bs_server_def *const only[] = { &one };
	static const struct {
		uint16_t iid;
		const char *said;
	} rows[] = {
		{ 0, "--security-iid: warning: a device that holds its bootstrap account there" },
		{ 1, "--security-iid: warning: a device that holds its bootstrap account there" },
		{ 2, "" },
		{ 10, "" },
	};
	struct bs_profile_check check = { .servers = only, .count = 1 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bs_profile_def def = { 0 };

		bs_profile_init(&def.profile);
		strcpy(def.profile.name, "p");
		def.profile.security_iid = rows[i].iid;
		listen();
		bs_check_profile(&report, &def, &check);
		expect("security-iid", rows[i].said);
	}
}

static void
test_profile(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
		struct bs_profile_def def = { 0 };
		struct bs_profile_check check = { .servers = profiles[i].servers,
			.access_control_given = profiles[i].given };
		struct bs_acl acls[4];

		listen();
		bs_profile_init(&def.profile);
		strcpy(def.profile.name, "p");
		def.profile.access_control = profiles[i].access_control;
		def.profile.ack_timeout_ms = profiles[i].ack_timeout_ms;
		def.profile.max_retransmit = profiles[i].max_retransmit;
		def.profile.block_size = profiles[i].block_size;
		for (; def.acl_count < 4 && profiles[i].acls[def.acl_count] != NULL; def.acl_count++)
			bs_acl_read(&report, profiles[i].acls[def.acl_count], &acls[def.acl_count]);
		def.acls = acls;
		while (check.count < 3 && profiles[i].servers[check.count] != NULL)
			check.count++;
		bs_check_profile(&report, &def, &check);
		expect(profiles[i].name, profiles[i].expected);
	}
}

/* ---- what a channel carries -------------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	struct bs_channel channel;
	enum bs_cargo cargo;
	unsigned strength;
	const char *expected;
} cargo[] = {
	{ "PSK 128 over PSK 128", { BS_MODE_PSK, 128, 128 }, BS_CARGO_PSK, 128, "" },
	{ "P-256 key over RPK", { BS_MODE_RPK, 128, 128 }, BS_CARGO_PRIVATE_KEY, 128, "" },
	{ "AES-128 SMS key over X.509 by name", { BS_MODE_X509, 128, 0 }, BS_CARGO_SMS_KEY, 128, "" },
	{ "PSK 256 over AES-128", { BS_MODE_PSK, 128, 256 }, BS_CARGO_PSK, 256,
		"f: a pre-shared key of 256 bits must not travel over a channel of 128 bits" },
	{ "PSK 256 over AES-256 under a PSK of 128", { BS_MODE_PSK, 256, 128 }, BS_CARGO_PSK, 256,
		"f: a pre-shared key of 256 bits must not travel under a bootstrap credential of 128 bits" },
	{ "PSK 256 over AES-256 under a PSK of 256", { BS_MODE_PSK, 256, 256 }, BS_CARGO_PSK, 256, "" },
	{ "P-384 key over P-256", { BS_MODE_RPK, 128, 128 }, BS_CARGO_PRIVATE_KEY, 192,
		"f: a private key of 192 bits must not travel over a channel of 128 bits" },
	{ "SMS key over NoSec", { BS_MODE_NOSEC, 128, 0 }, BS_CARGO_SMS_KEY, 112,
		"f: a nosec bootstrap channel must not carry an SMS key" },
	{ "PSK over NoSec", { BS_MODE_NOSEC, 128, 0 }, BS_CARGO_PSK, 128,
		"f: a nosec bootstrap channel must not carry a pre-shared key" },
};

static void
test_matrix(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cargo) / sizeof(cargo[0]); i++) {
		listen();
		bs_check_cargo(&report, "f", &cargo[i].channel, cargo[i].cargo, cargo[i].strength);
		expect(cargo[i].name, cargo[i].expected);
	}
}

/* ---- resources on the command line ------------------------------------------------------------------------------- */

static const struct {
	bool write; /* --write; else --set */
	const char *text, *expected;
} settings[] = {
	{ false, "1/6=true", "" },
	{ false, "1/2=30", "" },
	{ false, "0/14=lwm2m.example.com", "" },
	{ false, "0/16/1=49320", "" },
	{ false, "1/6=maybe", "--set: 1/6: the value is not of type boolean" },
	{ false, "1/2=-1", "--set: 1/2: " },
	{ false, "0/15=4", "--set: 0/15: " },
	/* covers: resource 1/4, 1/8, 1/9 */
	{ false, "1/8=x", "--set: 1/8 Registration Update Trigger can be executed" },
	{ false, "1/99=1", "--set: Object 1 has no resource 99; in LwM2M 1.0 to 1.2 it has 0 to 27" },
	{ false, "1/6/0=true", "--set: 1/6 Notification Storing When Disabled or Offline is a single resource" },
	{ false, "0/5=00", "--set: 0/5: keys come with import, never on a command line" },
	{ false, "0/8=00", "--set: 0/8: SMS keys come with import, never on a command line" },
	{ false, "0/0=coaps://h", "--set: 0/0: use --uri" },
	{ false, "1/0=1", "--set: 1/0: use --ssid" },
	{ false, "3/0=1", "--set: takes resources of Objects 0 and 1" },
	{ false, "1/6", "--set: write OBJ/RES=VALUE" },
	{ false, "1/70000=1", "--set: write OBJ/RES=VALUE" },
	{ true, "/3/0/13=now", "" },
	{ true, "/3/0/13=yesterday", "--write: 3/13: the value is not of type time" },
	{ true, "/10/0/0=string:apn.example", "" },
	{ true, "/3441/0/1110/2=opaque:00ff", "" },
	{ true, "/3441/0/1110/2=opaque:0f0", "--write: 3441/1110: the value is not of type opaque" },
	{ true, "/10/0/0=apn.example", "--write: /10/0/0: the type is unknown" },
	{ true, "/0/1/0=coaps://h", "--write: Object 0: Object 0 is made from server accounts" },
	{ true, "/2/0/2/1=15", "--write: Object 2: use --access-control and --acl" },
	/* covers: trap 42; resource 21/1, 21/2, 21/3, 21/4, 21/5, 21/6 */
	{ true, "/21/0/0=opaque:00", "--write: Object 21: OSCORE keys are secrets" },
	{ true, "3/0/13=now", "--write: write /OBJ/INST/RES=VALUE" },
	{ true, "/3/0=now", "--write: write /OBJ/INST/RES=VALUE" },
};

static void
test_settings(void **state)
{
	static struct bs_settings s;

	(void)state;
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		listen();
		if (settings[i].write)
			bs_settings_add_write(&s, &report, settings[i].text, NULL);
		else
			bs_settings_add_server(&s, &report, settings[i].text);
		assert_int_equal(s.count, settings[i].expected[0] == '\0');
		expect(settings[i].text, settings[i].expected);
		bs_settings_clear(&s);
	}
}

static void
test_settings_twice(void **state)
{
	static struct bs_settings s;

	(void)state;
	listen();
	bs_settings_add_server(&s, &report, "0/16=49320");
	bs_settings_add_server(&s, &report, "0/16=174");
	assert_int_equal(s.list[0].riid, 0);
	assert_int_equal(s.list[1].riid, 1);
	bs_settings_add_server(&s, &report, "0/16/1=1");
	assert_int_equal(s.count, 2);
	expect("twice", "--set: 0/16 is given twice");
	bs_settings_clear(&s);
}

static const struct {
	const char *text;
	size_t count; /* of entries; SIZE_MAX: refused */
} acls[] = {
	{ "3/0:owner=1", 0 },
	{ "3/0:owner=1,2=1,0=31", 2 },
	{ "3/65535:owner=65535,2=16", 1 },
	{ "3/0", SIZE_MAX },
	{ "3/0:owner=0", SIZE_MAX },
	{ "3/0:owner=65536", SIZE_MAX },
	{ "3/0:owner=1,2=32", SIZE_MAX },
	{ "3/0:owner=1,2=1,2=1", SIZE_MAX },
	{ "3/0:owner=1,2", SIZE_MAX },
	{ "3/0:owner=1,2=1 ", SIZE_MAX },
	{ "3/0/1:owner=1", SIZE_MAX },
	{ "3:owner=1", SIZE_MAX },
};

/* covers: resource 2/2, 2/3 */
static void
test_acl(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(acls) / sizeof(acls[0]); i++) {
		struct bs_acl acl;

		listen();
		bs_acl_read(&report, acls[i].text, &acl);
		if (acls[i].count != SIZE_MAX)
			assert_int_equal(acl.count, acls[i].count);
		expect(acls[i].text, acls[i].count == SIZE_MAX ? "--acl: write OID/IID:owner=SSID" : "");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_uri),
		cmocka_unit_test(test_binding),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_server),
		cmocka_unit_test(test_merging),
		cmocka_unit_test(test_retry),
		cmocka_unit_test(test_tolerances),
		cmocka_unit_test(test_security_iid),
		cmocka_unit_test(test_profile),
		cmocka_unit_test(test_deletes_need_discover),
		cmocka_unit_test(test_matrix),
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_settings_twice),
		cmocka_unit_test(test_acl),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
