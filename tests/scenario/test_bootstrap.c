/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bootstrap runs, told. Payloads are written by hand after LwM2M Core 1.1, appendix C and RFC 8428, not taken from our
 * encoders. How to read the texts: script.h; what is done with each: scenario.h.
 */
#include "tests/lib/test.h"

#include "tests/scenario/accounts.h"
#include "tests/scenario/scenario.h"

#include <stdlib.h>

/* Accounts. */

/* As the defaults are: resources 3, 4, 5 always. */
static struct bs_account *
all_resources(void)
{
	struct bs_account *a = one_server();

	a->profile.omit_unused_keys = false;
	return a;
}

static struct bs_account *
disabled(void)
{
	struct bs_account *a = one_server();

	a->enabled = false;
	return a;
}

static struct bs_account *
without_discover(void)
{
	struct bs_account *a = one_server();

	a->profile.discover = false;
	return a;
}

static struct bs_account *
delete_root(void)
{
	struct bs_account *a = without_discover();

	a->profile.delete_policy = BS_DELETE_ROOT;
	return a;
}

static struct bs_account *
slow_link(void)
{
	struct bs_account *a = without_discover();

	a->profile.ack_timeout_ms = 10000;
	a->profile.max_retransmit = 3;
	a->profile.first_delay_ms = 500;
	return a;
}

static struct bs_account *
always_senml(void)
{
	struct bs_account *a = without_discover();

	a->profile.format = 112;
	return a;
}

static struct bs_account *
certificate(void)
{
	return give_certificate(without_discover());
}

static struct bs_account *
sms(void)
{
	return give_sms(without_discover());
}

/* Two servers; /2 instances for the device object: rights of both, and the right to create for 102. */
static struct bs_account *
two_servers(void)
{
	struct bs_account *a = one_server();

	add_set_server(a, 102, "coaps://b.example:5684", "dev-0001b");
	a->profile.access_control = BS_AC_EXPLICIT;
	a->acls = calloc(2, sizeof(*a->acls));
	assert_non_null(a->acls);
	a->acl_count = 2;
	a->acls[0] = (struct bs_acl){ 3, 0, 101, { { 101, 15 }, { 102, 1 } }, 2 };
	a->acls[1] = (struct bs_acl){ 3, 65535, 65535, { { 300, 16 } }, 1 };
	return a;
}

static struct bs_account *
two_servers_derived(void)
{
	struct bs_account *a = one_server();

	add_set_server(a, 102, "coaps://b.example:5684", "dev-0001b");
	a->profile.access_control = BS_AC_DERIVED;
	return a;
}

static struct bs_account *
clock_too(void)
{
	struct bs_account *a = without_discover();

	a->writes = calloc(1, sizeof(*a->writes));
	assert_non_null(a->writes);
	a->write_count = 1;
	set_setting(&a->writes[0], 3, 13, BS_TYPE_TIME, "now");
	return a;
}

static struct bs_account *
by_resource(void)
{
	struct bs_account *a = without_discover();

	a->profile.write_level = BS_LEVEL_RESOURCE;
	return a;
}

/* All that LwM2M 1.1 can say, then a plain account for a device that cannot take it in. */
static struct bs_account *
with_retry(void)
{
	struct bs_account *a = two_servers_derived();
	struct bs_setting *sni = &a->grants[0].settings[2];

	free(sni->text);
	set_setting(sni, 0, 14, BS_TYPE_STRING, "dm");
	a->retry = one_server();
	strcpy(a->retry->profile.name, "plain");
	a->retry->profile.format = 11542;
	a->retry->profile.max_version = BS_LWM2M_1_0;
	free(a->retry->grants[0].settings[2].text);
	set_setting(&a->retry->grants[0].settings[2], 1, 7, BS_TYPE_STRING, "UQ");
	return a;
}

/* Beside what others put on the device; of /1 the operator sets the lifetime alone. */
static struct bs_account *
merging(void)
{
	struct bs_account *a = one_server();
	struct bs_grant *g = &a->grants[0];

	a->profile.on_existing = BS_EXISTING_MERGE;
	a->profile.access_control = BS_AC_DERIVED;
	free(g->settings[1].text);
	free(g->settings[2].text);
	g->setting_count = 1;
	return a;
}

/* As merging, but what cannot be read is overwritten. */
static struct bs_account *
merging_if_possible(void)
{
	struct bs_account *a = merging();

	a->profile.on_unreadable = BS_UNREADABLE_OVERWRITE;
	return a;
}

static struct bs_account *
merging_twice(void)
{
	struct bs_account *a = merging();

	a->retry = one_server();
	strcpy(a->retry->profile.name, "plain");
	return a;
}

static struct bs_account *
delete_instances(void)
{
	struct bs_account *a = one_server();

	a->profile.delete_policy = BS_DELETE_INSTANCES;
	return a;
}

/* What is written. */

#define URI_TLV "C80017 636F6170733A2F2F646D2E6578616D706C653A35363834 "
#define IDENTITY_TLV "C80308 6465762D30303031 "
#define KEY_TLV "C80510 000102030405060708090A0B0C0D0E0F "
#define SECURITY_TLV "[" URI_TLV "C10100 C10200 " IDENTITY_TLV KEY_TLV "C10A65]"
#define SERVER_TLV "[C10065 C40100015180 C10601 C10755]"
#define SECURITY_CBOR \
	"[86" \
	" A3 21 652F302F312F 00 6130 03 77 636F6170733A2F2F646D2E6578616D706C653A35363834" \
	" A2 00 6131 04 F4" \
	" A2 00 6132 02 00" \
	" A2 00 6133 08 48 6465762D30303031" \
	" A2 00 6135 08 50 000102030405060708090A0B0C0D0E0F" \
	" A2 00 623130 02 1865]"
#define SERVER_CBOR \
	"[84 A3 21 652F312F302F 00 6130 02 1865  A2 00 6131 02 1A00015180  A2 00 6136 04 F5  A2 00 6137 03 6155]"

/* In characters: [{"bn":"/0/1/","n":"0","vs":"coaps://dm.example:5684"},{"n":"1","vb":false},{"n":"2","v":0}, .. */
#define SECURITY_JSON \
	"[" \
	" 5B7B22626E223A222F302F312F222C226E223A2230222C227673223A22636F6170733A2F2F646D2E6578616D70" \
	" 6C653A35363834227D" \
	" 2C7B226E223A2231222C227662223A66616C73657D" \
	" 2C7B226E223A2232222C2276223A307D" \
	" 2C7B226E223A2233222C227664223A225A4756324C5441774D4445227D" \
	" 2C7B226E223A2235222C227664223A2241414543417751464267634943516F4C4441304F4477227D" \
	" 2C7B226E223A223130222C2276223A3130317D" \
	" 5D" \
	"]"
/* [{"bn":"/1/0/","n":"0","v":101},{"n":"1","v":86400},{"n":"6","vb":true},{"n":"7","vs":"U"}] */
#define SERVER_JSON \
	"[" \
	" 5B7B22626E223A222F312F302F222C226E223A2230222C2276223A3130317D" \
	" 2C7B226E223A2231222C2276223A38363430307D" \
	" 2C7B226E223A2236222C227662223A747275657D" \
	" 2C7B226E223A2237222C227673223A2255227D" \
	" 5D" \
	"]"
/* {0: {1: {0: URI, 1: false, 2: 0, 3: identity, 5: key, 10: 101}}} and {1: {0: {0: 101, 1: 86400, 6: true, 7: "U"}}} */
#define SECURITY_LWM2M_CBOR \
	"[A1 00 A1 01 A6 00 77 636F6170733A2F2F646D2E6578616D706C653A35363834 01 F4 02 00 03 48 6465762D30303031" \
	" 05 50 000102030405060708090A0B0C0D0E0F 0A 1865]"
#define SERVER_LWM2M_CBOR "[A1 01 A1 00 A4 00 1865 01 1A00015180 06 F5 07 6155]"

/* Lines that many stories share. */

#define LINKS_11 "\"</>;lwm2m=1.1,</0/0>,</1>,</2>,</3/0>\""
#define REQUEST "dev > POST /bs?ep=dev-0001  expect 2.04\n"
#define DISCOVER "dev < GET / accept 40  reply 2.05 " LINKS_11 "\n"
#define DELETES "dev < DELETE /0  reply 2.02\n dev < DELETE /1  reply 2.02\n"
#define WRITE_SECURITY "dev < PUT /0/1 format 11542 " SECURITY_TLV " reply 2.04\n"
#define WRITE_SERVER "dev < PUT /1/0 format 11542 " SERVER_TLV " reply 2.04\n"
#define WRITES WRITE_SECURITY WRITE_SERVER
#define FINISH "dev < POST /bs  reply 2.04\n"

/* The same, resource by resource. */
#define SECURITY_PARTS \
	"dev < PUT /0/1/0 format 11542 [" URI_TLV "] reply 2.04\n" \
	"dev < PUT /0/1/1 format 11542 [C10100] reply 2.04\n" \
	"dev < PUT /0/1/2 format 11542 [C10200] reply 2.04\n" \
	"dev < PUT /0/1/3 format 42 [6465762D30303031] reply 2.04\n" \
	"dev < PUT /0/1/5 format 42 [000102030405060708090A0B0C0D0E0F] reply 2.04\n" \
	"dev < PUT /0/1/10 format 11542 [C10A65] reply 2.04\n"
#define SERVER_PARTS \
	"dev < PUT /1/0/0 format 11542 [C10065] reply 2.04\n" \
	"dev < PUT /1/0/1 format 11542 [C40100015180] reply 2.04\n" \
	"dev < PUT /1/0/6 format 11542 [C10601] reply 2.04\n" \
	"dev < PUT /1/0/7 format 11542 [C10755] reply 2.04\n"
#define CERTIFICATE_PARTS \
	"dev < PUT /0/1/0 format 11542 [" URI_TLV "] reply 2.04\n" \
	"dev < PUT /0/1/1 format 11542 [C10100] reply 2.04\n" \
	"dev < PUT /0/1/2 format 11542 [C10202] reply 2.04\n" \
	"dev < PUT /0/1/3 format 42 [600*AB] reply 2.04\n" \
	"dev < PUT /0/1/4 format 42 [500*CD] reply 2.04\n" \
	"dev < PUT /0/1/5 format 42 [138*EF] reply 2.04\n" \
	"dev < PUT /0/1/10 format 11542 [C10A65] reply 2.04\n"

/* Runs that go well. */

static const struct scenario good_runs[] = {
	/* covers: trap 8, 21, 22, 28, Leshan */
	{ "1.0 client: no pct, TLV", one_server,
		"at 0  dev > POST /bs?ep=dev-0001                 expect 2.04\n"
		"      dev < GET / accept 40                      reply 2.05 " LINKS_11 "\n"
		"      dev < DELETE /0                            reply 2.02\n"
		"      dev < DELETE /1                            reply 2.02\n"
		"      dev < PUT /0/1 format 11542 " SECURITY_TLV " reply 2.04\n"
		"      dev < PUT /1/0 format 11542 " SERVER_TLV " reply 2.04\n"
		"      dev < POST /bs                             reply 2.04\n"
		"end done at \"finish\" writes 2 format 11542 version 11\n" },
	/* covers: trap 30, INT-1 */
	{ "1.1 client: pct=112, SenML CBOR", one_server,
		"at 0  dev > POST /bs?ep=dev-0001&pct=112         expect 2.04\n"
		"      dev < GET / accept 40                      reply 2.05 " LINKS_11 "\n"
		"      dev < DELETE /0                            reply 2.02\n"
		"      dev < DELETE /1                            reply 2.02\n"
		"      dev < PUT /0/1 format 112 " SECURITY_CBOR " reply 2.04\n"
		"      dev < PUT /1/0 format 112 " SERVER_CBOR " reply 2.04\n"
		"      dev < POST /bs                             reply 2.04\n"
		"end done at \"finish\" writes 2 format 112\n" },
	/* covers: trap 18 */
	{ "1.1 client: pct=110, SenML JSON", one_server,
		"dev > POST /bs?ep=dev-0001&pct=110  expect 2.04\n" DISCOVER DELETES
		"dev < PUT /0/1 format 110 " SECURITY_JSON " reply 2.04\n"
		"dev < PUT /1/0 format 110 " SERVER_JSON " reply 2.04\n" FINISH
		"end done at \"finish\" writes 2 format 110 version 11\n" },
	{ "1.2 client: pct=11544, LwM2M CBOR", one_server,
		"dev > POST /bs?ep=dev-0001&pct=11544  expect 2.04\n" DISCOVER DELETES
		"dev < PUT /0/1 format 11544 " SECURITY_LWM2M_CBOR " reply 2.04\n"
		"dev < PUT /1/0 format 11544 " SERVER_LWM2M_CBOR " reply 2.04\n" FINISH
		"end done at \"finish\" writes 2 format 11544 version 12\n" },
	/* covers: trap 22 */
	{ "pct=11542, pct before ep", one_server,
		"dev > POST /bs?pct=11542&ep=dev-0001  expect 2.04\n" DISCOVER DELETES WRITES FINISH
		"end done format 11542\n" },
	{ "server-initiated: no request, no answer, the first message is a command", one_server,
		"given no request\n" DISCOVER DELETES WRITES FINISH
		"end done at \"finish\" writes 2 format 11542 version 11\n" },
	{ "server-initiated, a client that shows no version", without_discover,
		"given no request\n" DELETES WRITES FINISH "end done writes 2 format 11542 version 10\n" },
	{ "server-initiated, the store takes its time: nothing is acknowledged meanwhile", one_server,
		"given no request\n given store slow 3s\n after 3s " DISCOVER DELETES WRITES FINISH "end done\n" },
	{ "server-initiated, the store is busy: asked again", one_server,
		"given no request\n given store busy 2\n after 1s " DISCOVER DELETES WRITES FINISH "end done\n" },
	{ "server-initiated, then the device asks by itself", one_server,
		"given no request\n" DISCOVER "dev < DELETE /0  reply 2.02\n"
		"dev < DELETE /1  silent\n" REQUEST DISCOVER DELETES WRITES FINISH
		"end superseded because \"the device sent a new Bootstrap-Request\"\nend done\n" },
	{ "ep left out", one_server, "dev > POST /bs  expect 2.04\n" DISCOVER DELETES WRITES FINISH "end done\n" },
	{ "a payload in the request is ignored", one_server,
		"dev > POST /bs?ep=dev-0001 payload \"hello\"  expect 2.04\n" DISCOVER DELETES WRITES FINISH
		"end done\n" },
	{ "resources 3, 4 and 5 are always there by default", all_resources,
		REQUEST DISCOVER DELETES "dev < PUT /0/1 format 11542 [" URI_TLV "C10100 C10200 " IDENTITY_TLV
					 "C004 " KEY_TLV "C10A65] reply 2.04\n" WRITE_SERVER FINISH "end done\n" },
	{ "the first command is lost: repeated with its Message ID", one_server,
		"at 0      dev > POST /bs?ep=dev-0001  expect 2.04\n"
		"          dev < GET / accept 40       drop\n"
		"after 2s  dev < GET / accept 40 same  drop\n"
		"after 4s  dev < GET / accept 40 same  reply 2.05 " LINKS_11 "\n" DELETES WRITES
		"          dev < POST /bs              drop\n"
		"after 2s  dev < POST /bs same         reply 2.04\n"
		"end done\n" },
	{ "every answer comes separately", one_server,
		REQUEST "dev < GET / accept 40  separate 2.05 " LINKS_11 "\n"
			"dev < DELETE /0  separate 2.02\n"
			"dev < DELETE /1  separate 2.02\n"
			"dev < PUT /0/1 format 11542 " SECURITY_TLV " separate 2.04\n"
			"dev < PUT /1/0 format 11542 " SERVER_TLV " separate 2.04\n"
			"dev < POST /bs  separate 2.04\n"
			"end done writes 2\n" },
	{ "every answer overtakes its ACK", one_server,
		REQUEST "dev < GET / accept 40  overtake 2.05 " LINKS_11 "\n"
			"dev < DELETE /0  overtake 2.02\n"
			"dev < DELETE /1  overtake 2.02\n"
			"dev < PUT /0/1 format 11542 " SECURITY_TLV " overtake 2.04\n"
			"dev < PUT /1/0 format 11542 " SERVER_TLV " overtake 2.04\n"
			"dev < POST /bs  overtake 2.04\n"
			"end done writes 2\n" },
	{ "separate answers as NON", one_server,
		REQUEST DISCOVER "dev < DELETE /0  unreliable 2.02\n"
				 "dev < DELETE /1  unreliable 2.02\n" WRITES FINISH "end done\n"
				 "once\n" },
	{ "2.01 instead of 2.04", one_server,
		REQUEST DISCOVER DELETES "dev < PUT /0/1 format 11542  reply 2.01\n"
					 "dev < PUT /1/0 format 11542  reply 2.01\n" FINISH "end done writes 2\n" },
	{ "a profile without Discover", without_discover, REQUEST DELETES WRITES FINISH "end done version 10\n" },
	/* covers: trap 1, Wakaama */
	{ "a profile that deletes everything", delete_root,
		REQUEST "dev < DELETE /  reply 2.02\n" WRITES FINISH "end done\n" },
	{ "a profile with a format of its own", always_senml,
		REQUEST DELETES "dev < PUT /0/1 format 112 " SECURITY_CBOR " reply 2.04\n"
				"dev < PUT /1/0 format 112 " SERVER_CBOR " reply 2.04\n" FINISH
				"end done format 112\n" },
	/* covers: trap 29 */
	{ "a profile for slow links", slow_link,
		REQUEST "after 500ms dev < DELETE /0  drop\n"
			"after 10s   dev < DELETE /0 same  drop\n"
			"after 20s   dev < DELETE /0 same  drop\n"
			"after 40s   dev < DELETE /0 same  reply 2.02\n"
			"            dev < DELETE /1  reply 2.02\n" WRITES FINISH "end done\n"
			"once\n" },
	/* covers: trap INT-2 */
	{ "certificates leave in blocks", certificate,
		REQUEST DELETES "dev < PUT /0/1 format 11542 [" URI_TLV
				"C10100 C10202 D0030258 600*AB D00401F4 500*CD C8058A 138*EF C10A65]"
				" reply 2.04\n" WRITE_SERVER FINISH "end done writes 2\n" },
	{ "SMS with the Secured Packet Structure", sms,
		REQUEST DELETES
		"dev < PUT /0/1 format 11542 [" URI_TLV "C10100 C10200 " IDENTITY_TLV KEY_TLV
		"C10602 C607 1212 16 B20203 C80820 000102030405060708090A0B0C0D0E0F 101112131415161718191A1B1C1D1E1F"
		" C8090C 343437373030393030313233 C10A65] reply 2.04\n" WRITE_SERVER FINISH "end done writes 2\n" },
	{ "two servers and who may do what", two_servers,
		REQUEST DISCOVER DELETES
		"dev < DELETE /2  reply 2.02\n" WRITE_SECURITY
		"dev < PUT /0/2 format 11542 [C80016 636F6170733A2F2F622E6578616D706C653A35363834 C10100 C10200"
		" C80309 6465762D3030303162 " KEY_TLV "C10A66] reply 2.04\n" WRITE_SERVER
		"dev < PUT /1/1 format 11542 [C10066 C40100015180 C10601 C10755] reply 2.04\n"
		"dev < PUT /2/0 format 11542 [C10003 C10100 8602 41650F 416601 C10365] reply 2.04\n"
		"dev < PUT /2/1 format 11542 [C10003 C4010000FFFF 8402 61012C10 C4030000FFFF] reply 2.04\n" FINISH
		"end done writes 6\n" },
	{ "two servers, each the owner of its own account", two_servers_derived,
		REQUEST DISCOVER DELETES
		"dev < DELETE /2  reply 2.02\n" WRITE_SECURITY "dev < PUT /0/2 format 11542  reply 2.04\n" WRITE_SERVER
		"dev < PUT /1/1 format 11542 [C10066 C40100015180 C10601 C10755] reply 2.04\n"
		"dev < PUT /2/0 format 11542 [C10001 C10100 8302 41650F C10365] reply 2.04\n"
		"dev < PUT /2/1 format 11542 [C10001 C10101 8302 41660F C10366] reply 2.04\n" FINISH
		"end done writes 6\n" },
	{ "the time of the run, for devices that check certificates", clock_too,
		REQUEST DELETES WRITES "dev < PUT /3/0 format 11542 [C40D 69A39E58]  reply 2.04\n" FINISH
				       "end done writes 3\n" },
	{ "two servers, a device without Object 2", two_servers,
		REQUEST "dev < GET / accept 40  reply 2.05 \"</>;lwm2m=1.1,</0/0>,</1>,</3/0>\"\n" DELETES
			"dev < PUT /0/1 format 11542  reply 2.04\n"
			"dev < PUT /0/2 format 11542  reply 2.04\n"
			"dev < PUT /1/0 format 11542  reply 2.04\n"
			"dev < PUT /1/1 format 11542  reply 2.04\n" FINISH
			"end done because \"the device has no Object 2: access control left out\" writes 4\n" },
	{ "that is said first, whatever else there is to say", two_servers,
		REQUEST "dev < GET / accept 40  reply 2.05 \"</>;lwm2m=1.1,</0/0>,</1>,</3/0>\"\n"
			"dev < DELETE /0  reply 4.00\n"
			"dev < DELETE /1  reply 2.02\n"
			"dev < PUT /0/1 format 11542  reply 4.00\n"
			"end write-refused because \"the device has no Object 2: access control left out; "
			"write /0/1 answered 4.00; delete /0 answered 4.00\"\n" },
};

/* Discover, as devices have it. */

#define AFTER_DISCOVER DELETES WRITES FINISH

static const struct scenario discovers[] = {
	{ "1.0 form", one_server,
		REQUEST "dev < GET / accept 40  reply 2.05 \"lwm2m=\\\"1.0\\\",</0/0>, </1>, </3/0>\"\n" AFTER_DISCOVER
			"end done because \"\" version 10\n" },
	/* covers: trap C.13 */
	{ "the bootstrap account lies at /0/1", one_server,
		REQUEST
		"dev < GET / accept 40  reply 2.05 \"</>;lwm2m=1.1,</0/0>;ssid=5,</0/1>,</1/0>;ssid=5\"\n" DELETES
		"dev < PUT /0/0 format 11542 " SECURITY_TLV " reply 2.04\n" WRITE_SERVER FINISH "end done\n" },
	/* covers: trap 32 */
	{ "not there", one_server,
		REQUEST "dev < GET / accept 40  reply 4.05\n" AFTER_DISCOVER "end done because \"" BLIND
			"; discover answered 4.05\"\n" },
	/* covers: trap 32 */
	{ "not implemented", one_server,
		REQUEST "dev < GET / accept 40  reply 5.01 \"no\"\n" AFTER_DISCOVER "end done because \"" BLIND
			"; discover answered 5.01 \\\"no\\\"\"\n" },
	{ "nonsense", one_server,
		REQUEST "dev < GET / accept 40  reply 2.05 [FF 00 3C 2F 30]\n" AFTER_DISCOVER
			"end done because \"" BLIND "; discover answered with an unreadable result\"\n" },
	{ "empty", one_server,
		REQUEST "dev < GET / accept 40  reply 2.05\n" AFTER_DISCOVER "end done because \"" BLIND
			"; discover answered with an unreadable result\"\n" },
	{ "2.04 instead of 2.05", one_server,
		REQUEST "dev < GET / accept 40  reply 2.04 " LINKS_11 "\n" AFTER_DISCOVER "end done because \"" BLIND
			"; discover answered with an unreadable result\"\n" },
	{ "reset", one_server,
		REQUEST "dev < GET / accept 40  reset\n" AFTER_DISCOVER "end done because \"" BLIND
			"; discover answered with a reset\"\n" },
	{ "silence", one_server,
		REQUEST "dev < GET / accept 40  silent\n"
			"end client-silent at \"discover\" because \"no answer to discover\" writes 0\n" },
	{ "a long result in blocks", one_server,
		REQUEST "dev < GET / accept 40  reply 2.05 links 12000\n" AFTER_DISCOVER "end done version 11\n" },
	{ "64 KiB: more objects than a device can have", one_server,
		REQUEST "dev < GET / accept 40  reply 2.05 links 65536\n" AFTER_DISCOVER "end done because \"" BLIND
			"; discover answered with an unreadable result\" version 10\n"
			"once\n" },
	{ "70,000 octets", one_server,
		REQUEST "dev < GET / accept 40  reply 2.05 links 70000\n" AFTER_DISCOVER "end done because \"" BLIND
			"; discover answered with more than this server takes\"\n"
			"once\n" },
};

/* What devices refuse. */

static const struct scenario refusals[] = {
	{ "Deletes", one_server,
		REQUEST DISCOVER "dev < DELETE /0  reply 4.00\n"
				 "dev < DELETE /1  reply 4.04\n" WRITES FINISH
				 "end done because \"delete /0 answered 4.00; delete /1 answered 4.04\" writes 2\n" },
	/* covers: trap 2 */
	{ "Delete with 4.05", one_server,
		REQUEST DISCOVER "dev < DELETE /0  reply 2.02\n"
				 "dev < DELETE /1  reply 4.05\n" WRITES FINISH "end done\n" },
	/* covers: trap Leshan */
	{ "a Write", one_server,
		REQUEST DISCOVER DELETES
		"dev < PUT /0/1 format 11542  reply 4.00 \"mode not supported\"\n"
		"end write-refused at \"write /0/1\" because \"write /0/1 answered 4.00 \\\"mode not supported\\\"\""
		" code 4.00 writes 0 format 11542\n" },
	{ "the first Write in SenML CBOR", one_server,
		"dev > POST /bs?ep=dev-0001&pct=112  expect 2.04\n" DISCOVER DELETES
		"dev < PUT /0/1 format 112  reply 4.00\n"
		"end write-refused because \"write /0/1 answered 4.00; some devices refuse keys in SenML: try --format "
		"tlv\"\n" },
	{ "the first Write in SenML JSON", one_server,
		"dev > POST /bs?ep=dev-0001&pct=110  expect 2.04\n" DISCOVER DELETES
		"dev < PUT /0/1 format 110  reply 4.00\n"
		"end write-refused because \"write /0/1 answered 4.00; some devices refuse keys in SenML: try --format "
		"tlv\"\n" },
	{ "the first Write in LwM2M CBOR", one_server,
		"dev > POST /bs?ep=dev-0001&pct=11544  expect 2.04\n" DISCOVER DELETES
		"dev < PUT /0/1 format 11544  reply 4.00\n"
		"end write-refused because \"write /0/1 answered 4.00\"\n" },
	{ "the second Write in SenML CBOR", one_server,
		"dev > POST /bs?ep=dev-0001&pct=112  expect 2.04\n" DISCOVER DELETES
		"dev < PUT /0/1 format 112  reply 2.04\n"
		"dev < PUT /1/0 format 112  reply 4.00\n"
		"end write-refused because \"write /1/0 answered 4.00\"\n" },
	{ "another code than 4.00", one_server,
		"dev > POST /bs?ep=dev-0001&pct=112  expect 2.04\n" DISCOVER DELETES
		"dev < PUT /0/1 format 112  reply 4.05\n"
		"end write-refused because \"write /0/1 answered 4.05\"\n" },
	{ "the second Write", one_server,
		REQUEST DISCOVER DELETES WRITE_SECURITY
		"dev < PUT /1/0 format 11542  reply 5.00\n"
		"end write-refused at \"write /1/0\" because \"write /1/0 answered 5.00\" code 5.00 writes 1\n" },
	{ "SenML CBOR, then TLV is fine for the rest", one_server,
		"dev > POST /bs?ep=dev-0001&pct=112  expect 2.04\n" DISCOVER DELETES
		"dev < PUT /0/1 format 112 " SECURITY_CBOR " reply 4.15\n" WRITES FINISH
		"end done because \"write /0/1 answered 4.15\" writes 2 format 11542\n" },
	{ "4.15 to LwM2M CBOR, then TLV", one_server,
		"dev > POST /bs?ep=dev-0001&pct=11544  expect 2.04\n" DISCOVER DELETES
		"dev < PUT /0/1 format 11544 " SECURITY_LWM2M_CBOR " reply 4.15\n" WRITES FINISH
		"end done because \"write /0/1 answered 4.15\" writes 2 format 11542 version 12\n" },
	{ "SenML CBOR, and TLV too", one_server,
		"dev > POST /bs?ep=dev-0001&pct=112  expect 2.04\n" DISCOVER DELETES
		"dev < PUT /0/1 format 112    reply 4.15\n"
		"dev < PUT /0/1 format 11542  reply 4.15\n"
		"end format-unsupported at \"write /0/1\" code 4.15 writes 0\n" },
	{ "TLV, when nothing else was asked for", one_server,
		REQUEST DISCOVER DELETES "dev < PUT /0/1 format 11542  reply 4.15\n"
					 "end format-unsupported at \"write /0/1\" code 4.15\n" },
	/* covers: trap INT-9 */
	{ "Finish", one_server,
		REQUEST DISCOVER DELETES WRITES "dev < POST /bs  reply 4.06 \"Server URI\"\n"
						"end finish-refused at \"finish\" because \"finish answered 4.06 "
						"\\\"Server URI\\\"\" code 4.06 writes 2\n" },
	/* covers: trap 10 */
	{ "an extra write", clock_too,
		REQUEST DELETES WRITES "dev < PUT /3/0 format 11542  reply 4.05\n"
				       "end write-refused at \"write /3/0\" code 4.05 writes 2\n" },
	{ "a block of a certificate", certificate,
		REQUEST DELETES "dev < PUT /0/1 format 11542  reply 4.00\n"
				"end write-refused at \"write /0/1\" code 4.00\n" },
};

/* Devices that lose their state or their radio. */

static const struct scenario losses[] = {
	{ "reset at Delete", one_server,
		REQUEST DISCOVER "dev < DELETE /0  reset\n"
				 "end client-reset at \"delete /0\" because \"delete /0 answered with a reset\"\n" },
	{ "reset at Write", one_server,
		REQUEST DISCOVER DELETES WRITE_SECURITY "dev < PUT /1/0 format 11542  reset\n"
							"end client-reset at \"write /1/0\" writes 1\n" },
	{ "reset at Finish", one_server,
		REQUEST DISCOVER DELETES WRITES "dev < POST /bs  reset\n"
						"end client-reset at \"finish\" writes 2\n" },
	{ "silent at Delete", one_server,
		REQUEST DISCOVER "dev < DELETE /0  silent\n"
				 "end client-silent at \"delete /0\" because \"no answer to delete /0\"\n" },
	{ "silent at Write", one_server,
		REQUEST DISCOVER DELETES "dev < PUT /0/1 format 11542  silent\n"
					 "end client-silent at \"write /0/1\"\n" },
	{ "silent at Finish", one_server,
		REQUEST DISCOVER DELETES WRITES "dev < POST /bs  silent\n"
						"end client-silent at \"finish\" writes 2\n" },
	{ "silent from Discover on", one_server,
		REQUEST "dev < GET / accept 40  silent\n"
			"after 120s dev > POST /bs?ep=dev-0001  expect 2.04\n" DISCOVER DELETES WRITES FINISH
			"end client-silent at \"discover\"\nend done because \"\"\n" },
	{ "the same request twice: one run", one_server,
		REQUEST "dev > again  expect 2.04\n" DISCOVER DELETES WRITES FINISH "end done\n" },
	{ "the same request again at the end of the run", one_server,
		REQUEST DISCOVER DELETES WRITES "dev < POST /bs  reply 2.04\n"
						"after 1s dev > again  expect 2.04\n"
						"end done\n" },
	{ "a new request at once", one_server,
		REQUEST REQUEST DISCOVER DELETES WRITES FINISH "end superseded\nend done\n" },
	{ "restarted in the middle", one_server,
		REQUEST DISCOVER DELETES WRITE_SECURITY
		"dev < PUT /1/0 format 11542  silent\n"
		"after 20s dev > POST /bs?ep=dev-0001  expect 2.04\n" DISCOVER DELETES WRITES FINISH
		"end superseded at \"write /1/0\" writes 1\n"
		"end done writes 2\n" },
	{ "restarted while Discover is under way", one_server,
		REQUEST "dev < GET / accept 40  silent\n"
			"after 3s dev > POST /bs?ep=dev-0001  expect 2.04\n" DISCOVER DELETES WRITES FINISH
			"end superseded at \"discover\"\n"
			"end done\n" },
	/* covers: trap 25, 26 */
	{ "a second run after the first", one_server,
		REQUEST DISCOVER DELETES WRITES FINISH
		"after 60s dev > POST /bs?ep=dev-0001  expect 2.04\n" DISCOVER DELETES WRITES FINISH
		"end done\nend done\n" },
	/* covers: trap 25 */
	{ "again after a refused Finish", one_server,
		REQUEST DISCOVER DELETES WRITES
		"dev < POST /bs  reply 4.06\n"
		"after 20s dev > POST /bs?ep=dev-0001  expect 2.04\n" DISCOVER DELETES WRITES FINISH
		"end finish-refused\nend done\n" },
};

/* Requests that start no run. */

static const struct scenario requests[] = {
	{ "pct that this server cannot write", one_server,
		"dev > POST /bs?ep=dev-0001&pct=50  expect 4.15\n"
		"end format-unsupported at \"request\" code 4.15 writes 0\n" },
	{ "pct of a single value", one_server,
		"dev > POST /bs?ep=dev-0001&pct=60  expect 4.15\n"
		"end format-unsupported at \"request\" code 4.15 writes 0\n" },
	/* covers: trap 23a */
	{ "4.15, then as a 1.0 client", one_server,
		"dev > POST /bs?ep=dev-0001&pct=50  expect 4.15\n" REQUEST DISCOVER DELETES WRITES FINISH
		"end format-unsupported\nend done\n" },
	{ "pct is no number", one_server,
		"dev > POST /bs?ep=dev-0001&pct=tlv  expect 4.00\n"
		"end bad-request at \"request\" because \"query \\\"ep=dev-0001\\\"; query \\\"pct=tlv\\\"\" code "
		"4.00\n" },
	{ "ep is empty", one_server,
		"dev > POST /bs?ep=  expect 4.00\n"
		"end bad-request at \"request\" because \"query \\\"ep=\\\"\"\n" },
	{ "ep of 300 octets: no Uri-Query is so long", one_server,
		"dev > raw [42 02 1234 ABCD B26273 4E 0022 65703D 300*65]  expect 4.02\n" },
	{ "ep of 252 octets", one_server,
		"dev > raw [42 02 1234 ABCD B26273 4D F2 65703D 252*65]  expect 4.00\n"
		"end endpoint-mismatch at \"request\"\n" },
	{ "ep is not UTF-8", one_server,
		"dev > POST /bs?ep=%FF%FE  expect 4.00\n"
		"end bad-request at \"request\" because \"query \\\"ep=\\\\u00ff\\\\u00fe\\\"\"\n" },
	{ "ep belongs to another device", one_server,
		"dev > POST /bs?ep=dev-0002  expect 4.00\n"
		"end endpoint-mismatch at \"request\" because \"the device calls itself \\\"dev-0002\\\"\" code "
		"4.00\n" },
	{ "the device is not in the store", NULL,
		"dev > POST /bs?ep=dev-0001  expect 4.00\n"
		"end identity-unknown at \"request\" code 4.00\n" },
	{ "the device is disabled", disabled,
		"dev > POST /bs?ep=dev-0001  expect 4.00\n"
		"end device-disabled at \"request\" code 4.00\n" },
	{ "server-initiated, the device is not in the store", NULL,
		"given no request\nend identity-unknown at \"begin\" code 0.00\n" },
	{ "server-initiated, the device is disabled", disabled,
		"given no request\nend device-disabled at \"begin\" code 0.00\n" },
	{ "a bad request during a run", one_server,
		REQUEST DISCOVER "dev < DELETE /0  silent\n"
				 "dev > POST /bs?ep=  expect 4.00\n"
				 "end superseded at \"delete /0\"\n"
				 "end bad-request\n" },
	{ "other requests do not disturb a run", one_server,
		REQUEST DISCOVER "dev < DELETE /0  reply 2.02\n"
				 "dev > GET /bs  expect 4.05\n"
				 "dev > POST /rd?ep=dev-0001  expect 4.04\n"
				 "dev > ping  expect reset\n"
				 "dev < DELETE /1  reply 2.02\n" WRITES FINISH "end done\n" },
	{ "GET /bs", one_server, "dev > GET /bs  expect 4.05\n" },
	{ "another path", one_server, "dev > POST /rd?ep=dev-0001  expect 4.04\n" },
	{ "the root", one_server, "dev > GET /  expect 4.04\n" },
	{ "an unknown critical option (2049)", one_server,
		"dev > raw [42 02 1234 ABCD B26273 4B65703D6465762D30303031 E006E5]  expect 4.02\n" },
	{ "an unknown elective option (2048)", one_server,
		"dev > raw [42 02 1234 ABCD B26273 4B65703D6465762D30303031 E006E4]  expect 2.04\n" DISCOVER DELETES
			WRITES FINISH "end done\n" },
	{ "ping", one_server, "dev > ping  expect reset\n" },
	{ "a malformed CON", one_server, "dev > raw [49 02 1234]  expect reset\n" },
	{ "noise", one_server,
		"dev > raw [00]                   expect nothing\n"
		"dev > raw [FFFFFFFFFFFFFFFF]     expect nothing\n"
		"dev > raw [82 02 1234 ABCD]      expect nothing\n" /* version 2 */
		"dev > raw [59 02 1234]           expect nothing\n" /* malformed NON */
		"dev > raw [60 00 1234]           expect nothing\n" /* an ACK to nothing */
		"dev > raw [70 00 1234]           expect nothing\n"
		"dev > raw [64 44 1234 01020304]  expect nothing\n" REQUEST DISCOVER DELETES WRITES FINISH
		"end done\n" },
	{ "a NON request", one_server,
		"dev > POST /bs?ep=dev-0001 non  expect 2.04\n" DISCOVER DELETES WRITES FINISH "end done\n"
		"once\n" },
};

/* Store and owner in trouble: never an error code. */

static const struct scenario troubles[] = {
	/* covers: trap 23 */
	{ "the store takes 3 s", one_server,
		"given store slow 3s\n"
		"dev > POST /bs?ep=dev-0001  expect separate 2.04\n" DISCOVER DELETES WRITES FINISH "end done\n" },
	{ "the store is busy for 2 s", one_server,
		"given store busy 4\n" REQUEST DISCOVER DELETES WRITES FINISH "end done\n" },
	{ "the store is gone", one_server,
		"given store busy 1000\n"
		"dev > POST /bs?ep=dev-0001  expect silence\n"
		"end internal-error at \"request\" because \"the store gave no answer within 45 s\" writes 0\n" },
	{ "no room for two transmissions", one_server,
		"given admission drop 2\n" REQUEST DISCOVER DELETES WRITES FINISH "end done\n" },
	{ "server-initiated, the store never answers", one_server,
		"given no request\n given store busy 200\n"
		"end internal-error at \"begin\" because \"the store gave no answer within 45 s\" writes 0\n" },
	{ "server-initiated, too many attempts", one_server,
		"given no request\n given admission too-many 1\nend too-many-attempts\n" },
	{ "too many attempts", one_server,
		"given admission too-many 5\n"
		"dev > POST /bs?ep=dev-0001  expect silence\n"
		"end too-many-attempts\nend too-many-attempts\nend too-many-attempts\nend too-many-attempts\n"
		"end too-many-attempts\n"
		"once\n" },
};

/* Resource by resource: because the profile has it so, or because the device cannot take an instance whole. */

static const struct scenario parts[] = {
	{ "a profile that writes resources", by_resource,
		REQUEST DELETES SECURITY_PARTS SERVER_PARTS FINISH "end done because \"" BLIND
								   "\" writes 10 format 11542\n" },
	{ "no Block1: 4.02", certificate,
		REQUEST DELETES "dev < PUT /0/1 format 11542  reply 4.02\n" CERTIFICATE_PARTS WRITE_SERVER FINISH
				"end done because \"" BLIND "; write /0/1 answered 4.02\" writes 8\n" },
	{ "no Block1: 4.13", certificate,
		REQUEST DELETES "dev < PUT /0/1 format 11542  reply 4.13\n" CERTIFICATE_PARTS WRITE_SERVER FINISH
				"end done because \"" BLIND "; write /0/1 answered 4.13\" writes 8\n" },
	{ "instances are not implemented: 5.01", without_discover,
		REQUEST DELETES "dev < PUT /0/1 format 11542  reply 5.01\n" SECURITY_PARTS
				"dev < PUT /1/0 format 11542  reply 5.01\n" SERVER_PARTS FINISH
				"end done because \"" BLIND
				"; write /0/1 answered 5.01; write /1/0 answered 5.01\" writes 10\n" },
	{ "and one resource is too large as well", certificate,
		REQUEST DELETES "dev < PUT /0/1 format 11542  reply 4.13\n"
				"dev < PUT /0/1/0 format 11542  reply 2.04\n"
				"dev < PUT /0/1/1 format 11542  reply 2.04\n"
				"dev < PUT /0/1/2 format 11542  reply 2.04\n"
				"dev < PUT /0/1/3 format 42  reply 4.13\n"
				"end write-refused at \"write /0/1/3\" because \"write /0/1/3 answered 4.13; " BLIND
				"; write /0/1 answered 4.13\" code 4.13 writes 3\n" },
	{ "octets as such are refused: TLV", by_resource,
		REQUEST DELETES "dev < PUT /0/1/0 format 11542  reply 2.04\n"
				"dev < PUT /0/1/1 format 11542  reply 2.04\n"
				"dev < PUT /0/1/2 format 11542  reply 2.04\n"
				"dev < PUT /0/1/3 format 42  reply 4.15\n"
				"dev < PUT /0/1/3 format 11542 [" IDENTITY_TLV "] reply 2.04\n"
				"dev < PUT /0/1/5 format 11542 [" KEY_TLV "] reply 2.04\n"
				"dev < PUT /0/1/10 format 11542 [C10A65] reply 2.04\n" SERVER_PARTS FINISH
				"end done writes 10\n" },
	{ "a mandatory resource is unknown", by_resource,
		REQUEST DELETES "dev < PUT /0/1/0 format 11542  reply 4.04\n"
				"end write-refused at \"write /0/1/0\" code 4.04 writes 0\n" },
	/* covers: trap 4 */
	{ "instances that Discover shows are deleted", delete_instances,
		REQUEST
		"dev < GET / accept 40  reply 2.05 \"</>;lwm2m=1.1,</0/0>,</0/1>;ssid=9,</1/4>;ssid=9,</3/0>\"\n"
		"dev < DELETE /0/1  reply 2.02\n"
		"dev < DELETE /1/4  reply 4.04\n" WRITES FINISH "end done because \"delete /1/4 answered 4.04\"\n" },
	{ "instances are to be deleted, and there is no Discover", delete_instances,
		REQUEST "dev < GET / accept 40  reply 4.05\n" WRITES FINISH "end done because \"" BLIND
			"; discover answered 4.05; no result of discover: nothing deleted\"\n" },
};

/* The device does not accept what it was given: once more, under another profile. */

#define FIRST_TRY \
	"dev > POST /bs?ep=dev-0001&pct=112  expect 2.04\n" DISCOVER DELETES "dev < DELETE /2  reply 2.02\n" \
	"dev < PUT /0/1 format 112  reply 2.04\n" \
	"dev < PUT /0/2 format 112  reply 2.04\n" \
	"dev < PUT /1/0 format 112  reply 2.04\n" \
	"dev < PUT /1/1 format 112  reply 2.04\n" \
	"dev < PUT /2/0 format 112  reply 2.04\n" \
	"dev < PUT /2/1 format 112  reply 2.04\n"
#define SECOND_TRY \
	DISCOVER DELETES "dev < DELETE /2  reply 2.02\n" WRITE_SECURITY \
			 "dev < PUT /1/0 format 11542 [C10065 C40100015180 C10601 C207 5551] reply 2.04\n"

static const struct scenario retries[] = {
	{ "accepted the first time", with_retry,
		FIRST_TRY FINISH "end done because \"\" writes 6 format 112 version 11\n" },
	/* covers: trap 11, INT-9 */
	{ "accepted the second time: TLV, resources of 1.0, one server", with_retry,
		FIRST_TRY "dev < POST /bs  reply 4.06 \"two servers\"\n" SECOND_TRY FINISH
			  "end done at \"finish\" because \"repeated as profile plain: finish answered 4.06 \\\"two "
			  "servers\\\"\" writes 2 format 11542 version 10\n" },
	/* covers: trap INT-9 */
	{ "not accepted at all", with_retry,
		FIRST_TRY "dev < POST /bs  reply 4.06\n" SECOND_TRY "dev < POST /bs  reply 4.06\n"
			  "end finish-refused at \"finish\" because \"finish answered 4.06; repeated as profile plain: "
			  "finish answered 4.06\" code 4.06 writes 2 format 11542 version 10\n" },
	{ "refused on the way", with_retry,
		FIRST_TRY "dev < POST /bs  reply 4.06\n" DISCOVER DELETES "dev < DELETE /2  reply 2.02\n"
			  "dev < PUT /0/1 format 11542  reply 4.00\n"
			  "end write-refused at \"write /0/1\" code 4.00 writes 0\n" },
	{ "a code that has another reason", with_retry,
		FIRST_TRY "dev < POST /bs  reply 4.00\nend finish-refused at \"finish\" code 4.00 writes 6\n" },
	{ "no more answers after the refusal", with_retry,
		FIRST_TRY
		"dev < POST /bs  reply 4.06\n"
		"dev < GET / accept 40  silent\n"
		"end client-silent at \"discover\" because \"no answer to discover; repeated as profile plain: "
		"finish answered 4.06\"\n" },
	{ "a new run begins with the first profile again", with_retry,
		FIRST_TRY "dev < POST /bs  reply 4.06\n" DISCOVER "dev < DELETE /0  silent\n" FIRST_TRY FINISH
			  "end superseded\nend done because \"\" format 112\n" },
};

/* What the device holds is read and gone on with. Its server 999 is somebody else's. */

#define HOLDS \
	"dev < GET / accept 40  reply 2.05 \"</>;lwm2m=1.1,</0/0>,</0/1>;ssid=999,</0/2>;ssid=101,</1/0>;ssid=999," \
	"</1/1>;ssid=101,</2/3>,</3/0>\"\n"
#define HELD_999 "080010 C20003E7 C40100015180 C10601 C10755 "
/* 101, 300 s, 2: 5 s, 6: false, 7: "U", 11: the last alert, 4: an empty executable */
#define HELD_101 "080115 C10065 C201012C C10205 C004 C10600 C10755 C10B03"
#define READ_SERVERS "dev < GET /1 accept 11542  reply 2.05 format 11542 [" HELD_999 HELD_101 "]\n"
/* About /1/1, owned by 999: 101 and 999 may read */
#define READ_ACLS \
	"dev < GET /2 accept 11542  reply 2.05 format 11542 " \
	"[080313 C10001 C10101 8702 416501 6103E701 C20303E7]\n"
#define MERGED \
	"dev < PUT /0/2 format 11542 " SECURITY_TLV " reply 2.04\n" \
	"dev < PUT /1/1 format 11542 [C10065 C40100015180 C10205 C10600 C10755] reply 2.04\n" \
	"dev < PUT /2/3 format 11542 [C10001 C10101 8702 41650F 6103E701 C10365] reply 2.04\n" \
	"dev < PUT /2/0 format 11542 [C10001 C10100 8402 6103E70F C20303E7] reply 2.04\n"
#define DELETES_ALL DELETES "dev < DELETE /2  reply 2.02\n"
#define OWN_ALONE \
	"dev < GET / accept 40  reply 2.05 \"</>;lwm2m=1.1,</0/0>,</0/1>;ssid=101,</1/0>;ssid=101,</2>,</3/0>\"\n"

static const struct scenario merges[] = {
	/* covers: trap INT-8 */
	{ "OMA INT-8: Read of /1 and /2, beside a server of somebody else", merging,
		REQUEST HOLDS READ_SERVERS READ_ACLS MERGED FINISH "end done because \"\" writes 4 version 11\n" },
	{ "the device holds nothing: nothing is read, nothing deleted", merging,
		REQUEST DISCOVER WRITES FINISH "end done because \"\" writes 2\n" },
	{ "SenML CBOR both ways", merging,
		"dev > POST /bs?ep=dev-0001&pct=112  expect 2.04\n" OWN_ALONE
		"dev < GET /1 accept 112  reply 2.05 format 112 [82 A3 21 652F312F302F 00 6130 02 1865 A2 00 6132 02 "
		"183C]\n"
		"dev < PUT /0/1 format 112 " SECURITY_CBOR " reply 2.04\n"
		"dev < PUT /1/0 format 112 [85 A3 21 652F312F302F 00 6130 02 1865 A2 00 6131 02 1A00015180 A2 00 6132 "
		"02 183C"
		" A2 00 6136 04 F5 A2 00 6137 03 6155] reply 2.04\n" FINISH "end done because \"\" format 112\n" },
	{ "LwM2M CBOR asked for, SenML JSON given", merging,
		"dev > POST /bs?ep=dev-0001&pct=11544  expect 2.04\n" OWN_ALONE
		"dev < GET /1 accept 11544  reply 2.05 format 110 "
		"\"[{\\\"bn\\\":\\\"/1/0/\\\",\\\"n\\\":\\\"0\\\",\\\"v\\\":101},{\\\"n\\\":\\\"5\\\",\\\"v\\\":9}]\"\n"
		"dev < PUT /0/1 format 11544 " SECURITY_LWM2M_CBOR " reply 2.04\n"
		"dev < PUT /1/0 format 11544 [A1 01 A1 00 A5 00 1865 01 1A00015180 05 09 06 F5 07 6155] reply "
		"2.04\n" FINISH "end done because \"\"\n" },
	{ "TLV alone can be read", merging,
		"dev > POST /bs?ep=dev-0001&pct=112  expect 2.04\n" OWN_ALONE "dev < GET /1 accept 112  reply 4.06\n"
		"dev < GET /1 accept 11542  reply 2.05 format 11542 [080003 C10065]\n"
		"dev < PUT /0/1 format 112 " SECURITY_CBOR " reply 2.04\n"
		"dev < PUT /1/0 format 112 " SERVER_CBOR " reply 2.04\n" FINISH
		"end done because \"read /1 answered 4.06\" format 112\n" },
	{ "a result in blocks", merging,
		REQUEST OWN_ALONE
		"dev < GET /1 accept 11542  reply 2.05 format 11542 [1000 0453 C10065 D063044C 1100*AB]\n" WRITES FINISH
		"end done because \"\"\n" },
	{ "a result with no end", merging_if_possible,
		REQUEST OWN_ALONE
		"dev < GET /1 accept 11542  reply 2.05 format 11542 [1000 0453 C10065 70000*AB]\n" DELETES WRITES FINISH
		"end done because \"read /1 answered with more than this server takes; nothing "
		"merged, all overwritten\"\n"
		"once\n" },
	{ "Read refused: what the device holds is kept", merging,
		REQUEST HOLDS READ_SERVERS
		"dev < GET /2 accept 11542  reply 4.05\n"
		"end read-refused at \"read /2\" because \"what the device holds cannot be read, and is kept (--on-unreadable); "
		"read /2 answered 4.05\" code 4.05 writes 0\n" },
	/* covers: trap INT-8 */
	{ "Read refused: overwritten", merging_if_possible,
		REQUEST HOLDS READ_SERVERS
		"dev < GET /2 accept 11542  reply 4.05\n" DELETES_ALL WRITES FINISH
		"end done because \"read /2 answered 4.05; nothing merged, all overwritten\" "
		"writes 2\n" },
	{ "an unreadable result: overwritten", merging_if_possible,
		REQUEST HOLDS
		"dev < GET /1 accept 11542  reply 2.05 format 11542 [0800]\n" DELETES_ALL WRITES FINISH
		"end done because \"read /1 answered with an unreadable result (message ends too early); nothing "
		"merged, all overwritten\"\n" },
	{ "silence: nothing is overwritten for a lost exchange", merging,
		REQUEST HOLDS "dev < GET /1 accept 11542  silent\n"
			      "end client-silent at \"read /1\" because \"no answer to read /1\" writes 0\n" },
	{ "reset: overwritten", merging_if_possible,
		REQUEST HOLDS "dev < GET /1 accept 11542  reset\n" DELETES_ALL WRITES FINISH
			      "end done because \"read /1 answered with a reset; nothing merged, all overwritten\"\n" },
	{ "restarted while it is read", merging,
		REQUEST HOLDS "dev < GET /1 accept 11542  silent\n" REQUEST HOLDS READ_SERVERS READ_ACLS MERGED FINISH
			      "end superseded at \"read /1\"\nend done\n" },
	{ "LwM2M 1.0 has no Read", merging,
		REQUEST "dev < GET / accept 40  reply 2.05 \"lwm2m=\\\"1.0\\\",</0/0>,</1/0>\"\n" DELETES WRITES FINISH
			"end done because \"LwM2M 1.0 has no read; nothing merged, all overwritten\" version 10\n" },
	{ "without Discover nothing is known", merging,
		REQUEST "dev < GET / accept 40  reply 4.05\n" DELETES WRITES FINISH "end done because \"" BLIND
			"; discover answered 4.05; nothing merged, all overwritten\"\n" },
	{ "not accepted: overwritten the second time", merging_twice,
		REQUEST HOLDS READ_SERVERS READ_ACLS MERGED
		"dev < POST /bs  reply 4.06\n" HOLDS DELETES "dev < DELETE /2  reply 2.02\n" WRITES FINISH
		"end done because \"repeated as profile plain: finish answered 4.06\"\n" },
};

static void
play_all(const struct scenario *s, size_t count)
{
	for (size_t i = 0; i < count; i++)
		scenario_play(&s[i]);
}

#define TEST(table) \
	static void test_##table(void **state) \
	{ \
		(void)state; \
		play_all(table, sizeof(table) / sizeof(table[0])); \
	}
TEST(good_runs)
TEST(discovers)
TEST(refusals)
TEST(losses)
TEST(requests)
TEST(troubles)
TEST(parts)
TEST(retries)
TEST(merges)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_runs),
		cmocka_unit_test(test_discovers),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_losses),
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_troubles),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_retries),
		cmocka_unit_test(test_merges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
