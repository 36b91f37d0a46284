/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What clients in the field do: stories behind tests/claims/traps.md that the general scenarios do not tell. Payloads are written by
 * hand after LwM2M Core 1.1, appendix C. How to read the texts: script.h.
 */
#include "tests/lib/test.h"

#include "tests/scenario/accounts.h"
#include "tests/scenario/scenario.h"

#include <stdlib.h>

/* OMA's INT-0: whole objects, nothing deleted. */
static struct bs_account *
by_object(void)
{
	struct bs_account *a = one_server();

	a->profile.write_level = BS_LEVEL_OBJECT;
	a->profile.delete_policy = BS_DELETE_NONE;
	return a;
}

/* The operator has rotated the credential, and the profile delivers it. */
static struct bs_account *
renewed(void)
{
	struct bs_account *a = one_server();
	struct bs_grant *g = calloc(1, sizeof(*g));

	assert_non_null(g);
	a->renewal = g;
	g->repository = g->bootstrap = true;
	g->mode = BS_MODE_PSK;
	strcpy(g->uri, "coaps://bs.example:5684");
	assert_int_equal(bs_blob_set(&g->public_or_identity, "next-001", 8), BS_OK);
	g->secret_key.len = 16;
	for (uint8_t i = 0; i < 16; i++)
		g->secret_key.data[i] = (uint8_t)(0xf0 + i);
	return a;
}

static struct bs_account *
renewed_by_object(void)
{
	struct bs_account *a = renewed();

	a->profile.write_level = BS_LEVEL_OBJECT;
	return a;
}

#define RENEWAL(iid, answer) \
	"dev < PUT /0/" iid " format 11542 " \
	"[C80017 636F6170733A2F2F62732E6578616D706C653A35363834 C10101 C10200 C80308 6E6578742D303031" \
	" C80510 F0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFF] reply " answer "\n"

/* The device makes its key pair itself and has it certified by the server (EST): it receives the server's certificate alone. */
static struct bs_account *
enrolling(void)
{
	struct bs_account *a = one_server();
	struct bs_grant *g = &a->grants[0];

	g->mode = BS_MODE_EST;
	bs_blob_clear(&g->public_or_identity);
	bs_secret_clear(&g->secret_key);
	set_blob(&g->server_key, 0xcd, 4);
	return a;
}

/* Two extra writes, and what the operator lets pass. */
static struct bs_account *
lenient(void)
{
	struct bs_account *a = one_server();

	assert_int_equal(bs_tolerances_read("delete/1=4.05 write/0=2.01 write/3/0=refused write/9=4.04 finish=4.04",
				 &a->profile.tolerances),
		BS_OK);
	a->writes = calloc(2, sizeof(*a->writes));
	assert_non_null(a->writes);
	a->write_count = 2;
	a->writes[0] = (struct bs_setting){ .oid = 3, .rid = 15, .type = BS_TYPE_STRING, .text = strdup("UTC") };
	a->writes[1] = (struct bs_setting){ .oid = 9, .rid = 7, .type = BS_TYPE_BOOLEAN, .text = strdup("true") };
	return a;
}

#define SECURITY \
	"[C80017 636F6170733A2F2F646D2E6578616D706C653A35363834 C10100 C10200 C80308 6465762D30303031" \
	" C80510 000102030405060708090A0B0C0D0E0F C10A65] reply 2.04\n"
#define SERVER "dev < PUT /1/0 format 11542 [C10065 C40100015180 C10601 C10755] reply 2.04\n"
#define WHOLE_OBJECTS \
	"dev < PUT /0 format 11542 [080141 C80017 636F6170733A2F2F646D2E6578616D706C653A35363834 C10100 C10200" \
	" C80308 6465762D30303031 C80510 000102030405060708090A0B0C0D0E0F C10A65] reply 2.04\n" \
	"dev < PUT /1 format 11542 [08000F C10065 C40100015180 C10601 C10755] reply 2.04\n"
#define REQUEST "dev > POST /bs?ep=dev-0001  expect 2.04\n"
#define DISCOVER(links) "dev < GET / accept 40  reply 2.05 \"" links "\"\n"
#define DELETES "dev < DELETE /0  reply 2.02\n dev < DELETE /1  reply 2.02\n"
#define WRITES_AT(iid) "dev < PUT /0/" iid " format 11542 " SECURITY SERVER
#define FINISH "dev < POST /bs  reply 2.04\n"

static const struct scenario deleting[] = {
	/* covers: trap 5, AVSystem */
	{ "5: instances that Discover shows are deleted as an object, never one by one", one_server,
		REQUEST DISCOVER("</>;lwm2m=1.1,</0/0>,</0/1>;ssid=5,</0/3>;ssid=7,</1/0>;ssid=5,</1/4>;ssid=7,</3/0>")
			DELETES WRITES_AT("1") FINISH "end done because \"\" writes 2\n" },
	/* covers: trap 6 */
	{ "6: two instances without ssid: neither is written to", one_server,
		REQUEST DISCOVER("</>;lwm2m=1.1,</0/0>,</0/1>,</0/2>;ssid=5,</1/0>;ssid=5") DELETES WRITES_AT("2")
			FINISH "end done writes 2\n" },
	/* covers: trap 1 */
	{ "1: a client that knows DELETE / alone", one_server,
		REQUEST DISCOVER("</>;lwm2m=1.1,</0/0>,</1>") "dev < DELETE /0  reply 4.00\n"
							      "dev < DELETE /1  reply 4.00\n" WRITES_AT("1") FINISH
		"end done because \"delete /0 answered 4.00; delete /1 answered 4.00\"\n" },
	/* covers: trap 3 */
	{ "3: a client that does not delete /1", one_server,
		REQUEST DISCOVER("</>;lwm2m=1.1,</0/0>,</1>") "dev < DELETE /0  reply 2.02\n"
							      "dev < DELETE /1  reply 4.01\n" WRITES_AT("1") FINISH
		"end done because \"delete /1 answered 4.01\"\n" },
};

static const struct scenario levels[] = {
	/* covers: trap INT-0 */
	{ "OMA INT-0: PUT /0, PUT /1, Finish", by_object,
		REQUEST DISCOVER("</>;lwm2m=1.1,</0/0>,</1>") WHOLE_OBJECTS FINISH "end done writes 2\n" },
};

/* A client that wants to know the server before it is told how to reach it. */
static struct bs_account *
server_first(void)
{
	struct bs_account *a = one_server();

	assert_int_equal(bs_order_read("1,0", &a->profile.write_order), BS_OK);
	return a;
}

static const struct scenario modes[] = {
	/* covers: trap INT-10 */
	{ "OMA INT-10: EST", enrolling,
		REQUEST DISCOVER("</>;lwm2m=1.1,</0/0>,</1>") DELETES
		"dev < PUT /0/1 format 11542 [C80017 636F6170733A2F2F646D2E6578616D706C653A35363834 C10100"
		" C10204 C404 CDCDCDCD C10A65] reply 2.04\n" SERVER FINISH "end done because \"\" writes 2\n" },
};

static const struct scenario orders[] = {
	{ "the operator's order of objects", server_first,
		REQUEST DISCOVER("</>;lwm2m=1.1,</0/0>,</1>") DELETES SERVER
		"dev < PUT /0/1 format 11542 " SECURITY FINISH "end done writes 2\n" },
};

static const struct scenario answers[] = {
	/* covers: trap 11 */
	{ "11: a client that swallows a bad resource says so at Finish alone", one_server,
		REQUEST DISCOVER("</>;lwm2m=1.1,</0/0>,</1>")
			DELETES WRITES_AT("1") "dev < POST /bs  reply 4.06\n"
					       "end finish-refused at \"finish\" code 4.06 writes 2\n" },
	/* covers: trap 23 */
	{ "23: a slow store is no reason for an error code", one_server,
		"given store busy 6\n" REQUEST DISCOVER("</>;lwm2m=1.1,</0/0>,</1>") DELETES WRITES_AT("1") FINISH
		"end done\n" },
	/* covers: trap 27 */
	{ "27: Finish answered 4.04", one_server,
		REQUEST DISCOVER("</>;lwm2m=1.1,</0/0>,</1>")
			DELETES WRITES_AT("1") "dev < POST /bs  reply 4.04\n"
					       "end finish-refused at \"finish\" code 4.04 writes 2\n" },
	/* covers: trap 10, 27 */
	{ "27: Finish answered 4.04 by a client of which the operator knows", lenient,
		REQUEST DISCOVER("</>;lwm2m=1.1,</0/0>,</1>") "dev < DELETE /0  reply 2.02\n"
							      "dev < DELETE /1  reply 4.05\n"
							      "dev < PUT /0/1 format 11542 reply 2.01\n" SERVER
							      "dev < PUT /3/0 format 11542 [C30F 555443] reply 4.05\n"
							      "dev < PUT /9/0 format 11542 [C10701] reply 4.04\n"
							      "dev < POST /bs  reply 4.04\n"
							      "end done because \"write /3/0 answered 4.05; write /9/0 "
							      "answered 4.04; finish answered 4.04\" writes 2\n" },
	{ "an answer of which the operator does not know is a refusal", lenient,
		REQUEST DISCOVER("</>;lwm2m=1.1,</0/0>,</1>")
			DELETES WRITES_AT("1") "dev < PUT /3/0 format 11542 [C30F 555443] reply 2.04\n"
					       "dev < PUT /9/0 format 11542 [C10701] reply 4.05\n"
					       "end write-refused at \"write /9/0\" code 4.05 writes 3\n" },
	/* covers: trap 31 */
	{ "31: the quoted form, with slashes, blanks and no ssid at /1", one_server,
		REQUEST DISCOVER("lwm2m=\\\"1.0\\\", </0/0/>;ssid=101, </0/1/>, </1/0/>, </3/0/>")
			DELETES WRITES_AT("0") FINISH "end done because \"\" version 10\n" },
	/* covers: trap 31 */
	{ "31: the quoted form from a 1.1 client", one_server,
		REQUEST DISCOVER("</>;lwm2m=\\\"1.1\\\",</0/2>,</1>") DELETES WRITES_AT("0") FINISH
		"end done version 11\n" },
	/* covers: trap 32 */
	{ "32: Discover answered 4.00", one_server,
		REQUEST "dev < GET / accept 40  reply 4.00\n" DELETES WRITES_AT("1") FINISH
		"end done because \"" BLIND "; discover answered 4.00\"\n" },
	/* covers: trap 32 */
	{ "32: Discover answered 4.04", one_server,
		REQUEST "dev < GET / accept 40  reply 4.04\n" DELETES WRITES_AT("1") FINISH
		"end done because \"" BLIND "; discover answered 4.04\"\n" },
	/* covers: trap 32 */
	{ "32: Discover never answered", one_server,
		REQUEST "dev < GET / accept 40  silent\n"
			"end client-silent at \"discover\" because \"no answer to discover\" writes 0\n" },
	/* covers: trap 40 */
	{ "40: path and query of the bootstrap URI come with the request", one_server,
		"dev > POST /t7/bs?x=1&ep=dev-0001&y  expect 2.04\n" DISCOVER("</>;lwm2m=1.1,</0/0>,</1>")
			DELETES WRITES_AT("1") FINISH "end done because \"\"\n" },
	{ "40: another path is none of the server's", one_server,
		"dev > POST /t8/bs?ep=dev-0001  expect 4.04\n" REQUEST DISCOVER("</>;lwm2m=1.1,</0/0>,</1>")
			DELETES WRITES_AT("1") FINISH "end done because \"\"\n" },
	/* covers: trap INT-5 */
	{ "5 of OMA's cases: triggered by a management server, the client just asks again", one_server,
		REQUEST DISCOVER("</>;lwm2m=1.1,</0/0>,</1>,</3/0>") DELETES WRITES_AT("1") FINISH
		"after 300s " REQUEST DISCOVER(
			"</>;lwm2m=1.1,</0/0>,</0/1>;ssid=101;uri=\\\"coaps://dm.example:5684\\\","
			"</1/0>;ssid=101,</3/0>") DELETES WRITES_AT("1") FINISH "end done\nend done\n" },
};

/* The client holds an account, with which it cannot register any more. */
static const struct scenario fallbacks[] = {
	/* covers: trap INT-7 */
	{ "OMA INT-7: back to bootstrap: what it holds is replaced in its place", one_server,
		REQUEST DISCOVER(
			"</>;lwm2m=1.1,</0/0>,</0/1>;ssid=101;uri=\\\"coaps://old.example:5684\\\",</1/0>;ssid=101,</3/0>")
			DELETES WRITES_AT("1") FINISH "end done because \"\" writes 2\n" },
};

static const struct scenario renewals[] = {
	/* covers: trap 12a */
	{ "the next credential goes onto the instance that Discover showed, last of all", renewed,
		REQUEST DISCOVER("</>;lwm2m=1.1,</0/3>,</0/1>;ssid=5,</1/0>;ssid=5") DELETES WRITES_AT("0") RENEWAL(
			"3", "2.04") FINISH "end done because \"bootstrap account renewed at /0/3\" writes 3\n" },
	{ "and nowhere without Discover", renewed,
		REQUEST "dev < GET / accept 40  reply 4.05\n" DELETES WRITES_AT("1") FINISH
		"end done because \"" BLIND
		"; discover answered 4.05; bootstrap account not renewed: discover does not show it\" "
		"writes 2\n" },
	/* covers: trap 6 */
	{ "nor where two might be it", renewed,
		REQUEST DISCOVER("</>;lwm2m=1.1,</0/0>,</0/1>,</1>") DELETES WRITES_AT("2") FINISH
		"end done because \"bootstrap account not renewed: discover does not show it\" writes 2\n" },
	{ "nor where none is shown", renewed,
		REQUEST DISCOVER("</>;lwm2m=1.1,</0/0>;ssid=5,</1/0>;ssid=5") DELETES WRITES_AT("1") FINISH
		"end done because \"" BLIND "; bootstrap account not renewed: discover does not show it\" writes 2\n" },
	{ "a client that refuses it keeps what it has", renewed,
		REQUEST DISCOVER("</>;lwm2m=1.1,</0/0>,</1>") DELETES WRITES_AT("1") RENEWAL("0", "4.00") FINISH
		"end done because \"write /0/0 answered 4.00\" writes 2\n" },
	{ "identity and key are never torn apart", renewed,
		REQUEST DISCOVER("</>;lwm2m=1.1,</0/0>,</1>") DELETES WRITES_AT("1") RENEWAL("0", "4.13") FINISH
		"end done because \"write /0/0 answered 4.13\" writes 2\n" },
	{ "and the instance is written alone where objects are", renewed_by_object,
		REQUEST DISCOVER("</>;lwm2m=1.1,</0/0>,</1>") DELETES WHOLE_OBJECTS RENEWAL("0", "2.04") FINISH
		"end done because \"bootstrap account renewed at /0/0\" writes 3\n" },
	{ "a pack leaves it alone: the device comes the usual way", renewed,
		"dev > GET /bspack?ep=dev-0001  expect 4.05\n"
		"end pack-declined because \"the bootstrap account is to be renewed, which a pack leaves alone\" code "
		"4.05\n" },
};

static void
play(const struct scenario *s, size_t count)
{
	for (size_t i = 0; i < count; i++)
		scenario_play(&s[i]);
}

static void
test_deleting(void **state)
{
	(void)state;
	play(deleting, sizeof(deleting) / sizeof(deleting[0]));
}

static void
test_levels(void **state)
{
	(void)state;
	play(levels, sizeof(levels) / sizeof(levels[0]));
}

static void
test_modes(void **state)
{
	(void)state;
	play(modes, sizeof(modes) / sizeof(modes[0]));
}

static void
test_orders(void **state)
{
	(void)state;
	play(orders, sizeof(orders) / sizeof(orders[0]));
}

static void
test_answers(void **state)
{
	(void)state;
	play(answers, sizeof(answers) / sizeof(answers[0]));
}

static void
test_fallbacks(void **state)
{
	(void)state;
	play(fallbacks, sizeof(fallbacks) / sizeof(fallbacks[0]));
}

static void
test_renewals(void **state)
{
	(void)state;
	play(renewals, sizeof(renewals) / sizeof(renewals[0]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_deleting),
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_orders),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_fallbacks),
		cmocka_unit_test(test_renewals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
