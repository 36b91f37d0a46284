/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bootstrap-Packs (LwM2M Core 1.2.1, 6.1.7), told. Payloads are written by hand after RFC 8428 and LwM2M Core 1.2, 7.4, not
 * taken from our encoders. How to read the texts: script.h; what is done with each: scenario.h.
 */
#include "tests/lib/test.h"

#include "tests/scenario/accounts.h"
#include "tests/scenario/scenario.h"

#include <stdlib.h>

/* Accounts. */

static void
add_write(struct bs_account *a, uint16_t oid, uint16_t iid, uint16_t rid, enum bs_type type, const char *text)
{
	a->writes = realloc(a->writes, (a->write_count + 1) * sizeof(*a->writes));
	assert_non_null(a->writes);
	a->writes[a->write_count++] = (struct bs_setting){
		.oid = oid, .iid = iid, .rid = rid, .type = type, .text = strdup(text)
	};
}

static struct bs_account *
bare_server(void)
{
	struct bs_account *a = new_account();

	add_server(a, 101, "coaps://dm.example:5684", "dev-0001");
	return a;
}

static struct bs_account *
disabled(void)
{
	struct bs_account *a = bare_server();

	a->enabled = false;
	return a;
}

static struct bs_account *
in_pieces(void)
{
	struct bs_account *a = bare_server();

	a->profile.block_size = 64;
	return a;
}

static struct bs_account *
slow_link(void)
{
	struct bs_account *a = in_pieces();

	a->profile.ack_timeout_ms = 10000;
	a->profile.max_retransmit = 3;
	return a;
}

static struct bs_account *
certificate(void)
{
	return give_certificate(bare_server());
}

static struct bs_account *
raw_key(void)
{
	struct bs_account *a = certificate();
	struct bs_grant *g = &a->grants[0];

	g->mode = BS_MODE_RPK;
	set_blob(&g->public_or_identity, 0xab, 91);
	set_blob(&g->server_key, 0xcd, 91);
	return a;
}

static struct bs_account *
sms(void)
{
	return give_sms(bare_server());
}

static struct bs_account *
two_servers(void)
{
	struct bs_account *a = bare_server();

	add_server(a, 102, "coaps://b.example:5684", "dev-0001b");
	a->profile.access_control = BS_AC_DERIVED;
	return a;
}

/* Objects 3 and 21, the former in two places. */
static struct bs_account *
other_objects(void)
{
	struct bs_account *a = bare_server();

	add_write(a, 3, 0, 13, BS_TYPE_TIME, "now");
	add_write(a, 21, 0, 0, BS_TYPE_OPAQUE, "0102");
	add_write(a, 3, 0, 14, BS_TYPE_STRING, "Z");
	return a;
}

static struct bs_account *
another_object(void)
{
	struct bs_account *a = bare_server();

	add_write(a, 11, 1, 0, BS_TYPE_STRING, "apn");
	return a;
}

static struct bs_account *
without_packs(void)
{
	struct bs_account *a = bare_server();

	a->profile.pack = false;
	return a;
}

static struct bs_account *
to_be_renewed(void)
{
	struct bs_account *a = bare_server();

	a->renewal = calloc(1, sizeof(*a->renewal));
	assert_non_null(a->renewal);
	return a;
}

static struct bs_account *
delete_root(void)
{
	struct bs_account *a = bare_server();

	a->profile.delete_policy = BS_DELETE_ROOT;
	return a;
}

static struct bs_account *
delete_nothing(void)
{
	struct bs_account *a = bare_server();

	a->profile.delete_policy = BS_DELETE_NONE;
	return a;
}

static struct bs_account *
merging(void)
{
	struct bs_account *a = bare_server();

	a->profile.on_existing = BS_EXISTING_MERGE;
	return a;
}

static struct bs_account *
delete_instances(void)
{
	struct bs_account *a = bare_server();

	a->profile.delete_policy = BS_DELETE_INSTANCES;
	return a;
}

static struct bs_account *
always_tlv(void)
{
	struct bs_account *a = bare_server();

	a->profile.format = 11542;
	return a;
}

static struct bs_account *
always_json(void)
{
	struct bs_account *a = bare_server();

	a->profile.format = 110;
	return a;
}

/* A server account whose settings fill more than 64 KiB. */
static struct bs_account *
too_much(void)
{
	struct bs_account *a = bare_server();
	struct bs_grant *g = &a->grants[0];
	uint8_t *data = calloc(1, 65500);

	assert_non_null(data);
	assert_int_equal(bs_blob_set(&g->server_key, data, 65500), BS_OK);
	g->mode = BS_MODE_X509;
	free(data);
	return a;
}

/* Payloads: examples of chapter 7 behind each other. */

#define URI_CBOR "77 636F6170733A2F2F646D2E6578616D706C653A35363834"
#define KEY "000102030405060708090A0B0C0D0E0F"
#define SECURITY_AT(iid, mode) \
	" A3 21 65 2F302F" iid "2F 00 6130 03 " URI_CBOR " A2 00 6131 04 F4 A2 00 6132 02 " mode " A2 00 6133 08 "
#define PSK_RECORDS(iid) SECURITY_AT(iid, "00") "48 6465762D30303031 A2 00 6135 08 50 " KEY " A2 00 623130 02 1865"
#define SERVER_RECORDS \
	" A3 21 65 2F312F302F 00 6130 02 1865 A2 00 6131 02 1A00015180 A2 00 6136 04 F5 A2 00 6137 03 6155"
#define PACK "[8A" PSK_RECORDS("31") SERVER_RECORDS "]"
#define CERTIFICATE_PACK \
	"[8B" SECURITY_AT("31", "02") "59 0258 600*AB A2 00 6134 08 59 01F4 500*CD A2 00 6135 08 588A 138*EF" \
				      " A2 00 623130 02 1865" SERVER_RECORDS "]"

/* [{"bn":"/0/1/","n":"0","vs":"coaps://dm.example:5684"},{"n":"1","vb":false},..,{"bn":"/1/0/","n":"0","v":101},.. */
#define PACK_JSON \
	"[5B7B22626E223A222F302F312F222C226E223A2230222C227673223A22636F6170733A2F2F646D2E6578616D70" \
	" 6C653A35363834227D 2C7B226E223A2231222C227662223A66616C73657D 2C7B226E223A2232222C2276223A307D" \
	" 2C7B226E223A2233222C227664223A225A4756324C5441774D4445227D" \
	" 2C7B226E223A2235222C227664223A2241414543417751464267634943516F4C4441304F4477227D" \
	" 2C7B226E223A223130222C2276223A3130317D" \
	" 2C7B22626E223A222F312F302F222C226E223A2230222C2276223A3130317D 2C7B226E223A2231222C2276223A38363430307D" \
	" 2C7B226E223A2236222C227662223A747275657D 2C7B226E223A2237222C227673223A2255227D 5D]"
#define PACK_LWM2M_CBOR \
	"[A2 00 A1 01 A6 00 " URI_CBOR " 01 F4 02 00 03 48 6465762D30303031 05 50 " KEY " 0A 1865" \
	" 01 A1 00 A4 00 1865 01 1A00015180 06 F5 07 6155]"

#define GET_PACK "dev > GET /bspack?ep=dev-0001"
#define UNCONFIRMED(size, blocks) \
	"\"" BLIND "; a pack of " size " octets in " blocks "; a device does not confirm what it takes\""
#define USUAL \
	"dev > POST /bs?ep=dev-0001  expect 2.04\n" \
	"dev < GET / accept 40  reply 4.05\n" \
	"dev < DELETE /0  reply 2.02\n dev < DELETE /1  reply 2.02\n" \
	"dev < PUT /0/1 format 11542  reply 2.04\n dev < PUT /1/0 format 11542  reply 2.04\n" \
	"dev < POST /bs  reply 2.04\n"

static const struct scenario formats[] = {
	/* covers: trap 24 */
	{ "SenML CBOR", bare_server,
		GET_PACK
		" accept 112  expect 2.05 format 112 " PACK "\n"
		"end done at \"pack\" because " UNCONFIRMED("130", "1 block") " writes 0 format 112 version 12\n" },
	{ "no Accept: SenML CBOR", bare_server, GET_PACK "  expect 2.05 format 112 " PACK "\nend done format 112\n" },
	{ "SenML JSON", bare_server,
		GET_PACK " accept 110  expect 2.05 format 110 " PACK_JSON "\nend done format 110\n" },
	/* covers: trap INT-12 */
	{ "LwM2M CBOR", bare_server,
		GET_PACK " accept 11544  expect 2.05 format 11544 " PACK_LWM2M_CBOR "\nend done format 11544\n" },
	{ "no ep: the credential says it", bare_server,
		"dev > GET /bspack accept 112  expect 2.05 format 112 " PACK "\nend done\n" },
	{ "the profile's format, no Accept", always_json,
		GET_PACK "  expect 2.05 format 110 " PACK_JSON "\nend done\n" },
	{ "the profile's format is accepted", always_json,
		GET_PACK " accept 110  expect 2.05 format 110 " PACK_JSON "\nend done\n" },
	{ "pct has no meaning here", bare_server,
		GET_PACK "&pct=tlv accept 112  expect 2.05 format 112 " PACK "\nend done\n" },
	{ "instances would be deleted one by one: a pack replaces them", delete_instances,
		GET_PACK "  expect 2.05 " PACK "\nend done\n" },
};

static const struct scenario contents[] = {
	{ "acc: the bootstrap account lies at /0/1", bare_server,
		GET_PACK "&acc=</0/1>,</21/0>  expect 2.05 [8A" PSK_RECORDS("30") SERVER_RECORDS "]\nend done\n" },
	{ "acc: the bootstrap account lies at /0/0", bare_server,
		GET_PACK "&acc=</0/0>  expect 2.05 " PACK "\nend done\n" },
	{ "acc names no Security instance", bare_server, GET_PACK "&acc=</21/0>  expect 2.05 " PACK "\nend done\n" },
	{ "acc is empty", bare_server, GET_PACK "&acc=  expect 2.05 " PACK "\nend done\n" },
	{ "raw public keys", raw_key,
		GET_PACK "  expect 2.05 [8B" SECURITY_AT(
			"31", "01") "585B 91*AB A2 00 6134 08 585B 91*CD A2 00 6135 08 588A 138*EF"
				    " A2 00 623130 02 1865" SERVER_RECORDS "]\nend done\n" },
	{ "SMS keys", sms,
		GET_PACK "  expect 2.05 [8E" SECURITY_AT(
			"31", "00") "48 6465762D30303031 A2 00 6135 08 50 " KEY
				    " A2 00 6136 02 02 A2 00 6137 08 46 121216B20203 A2 00 6138 08 5820 " KEY
				    " 101112131415161718191A1B1C1D1E1F A2 00 6139 03 6C 343437373030393030313233"
				    " A2 00 623130 02 1865" SERVER_RECORDS "]\nend done\n" },
	{ "two servers with access control", two_servers,
		GET_PACK
		" accept 11544  expect 2.05 [A3 00 A2"
		" 01 A6 00 " URI_CBOR " 01 F4 02 00 03 48 6465762D30303031 05 50 " KEY " 0A 1865"
		" 02 A6 00 76 636F6170733A2F2F622E6578616D706C653A35363834 01 F4 02 00 03 49 6465762D3030303162"
		" 05 50 " KEY " 0A 1866"
		" 01 A2 00 A4 00 1865 01 1A00015180 06 F5 07 6155 01 A4 00 1866 01 1A00015180 06 F5 07 6155"
		" 02 A2 00 A4 00 01 01 00 02 A1 1865 0F 03 1865 01 A4 00 01 01 01 02 A1 1866 0F 03 1866]\n"
		"end done\n" },
	/* now: 1772330584, 69A39E58 */
	{ "other objects", other_objects,
		GET_PACK " accept 11544  expect 2.05 [A4 15 A1 00 A1 00 42 0102"
			 " 00 A1 01 A6 00 " URI_CBOR " 01 F4 02 00 03 48 6465762D30303031 05 50 " KEY " 0A 1865"
			 " 01 A1 00 A4 00 1865 01 1A00015180 06 F5 07 6155"
			 " 03 A1 00 A2 0D 1A 69A39E58 0E 61 5A]\nend done\n" },
};

static const struct scenario blocks[] = {
	/* covers: trap INT-12 */
	{ "a certificate in blocks of the profile", certificate,
		GET_PACK " accept 112 fetch  expect 2.05 format 112 " CERTIFICATE_PACK "\n"
			 "end done because " UNCONFIRMED("1355", "3 blocks") "\n" },
	{ "the device asks for small blocks", bare_server,
		GET_PACK " block 0 1 fetch  expect 2.05 " PACK
			 "\nend done because " UNCONFIRMED("130", "5 blocks") "\n" },
	{ "and for larger ones than the profile has", in_pieces,
		GET_PACK " block 0 6 fetch  expect 2.05 " PACK
			 "\nend done because " UNCONFIRMED("130", "3 blocks") "\n" },
	{ "smaller ones in the middle", in_pieces,
		GET_PACK " block 0 2  expect 2.05 [8A A3 21 65 2F302F312F 00 6130 03 " URI_CBOR
			 " A2 00 6131 04 F4 A2 00 6132 02 00 A2 00 6133 08 48 6465762D30303031 A2]\n" GET_PACK
			 " block 4 0  expect 2.05 [00 6135 08 50 000102030405060708090A]\n" GET_PACK
			 " block 5 0 fetch  expect 2.05\nend done\n" },
	{ "out of order, and one twice", in_pieces,
		GET_PACK " block 0 2  expect 2.05\n" GET_PACK " block 2 2  expect 2.05\n" GET_PACK
			 " block 1 2  expect 2.05\n" GET_PACK " block 1 2  expect 2.05\n" GET_PACK
			 " block 2 2  expect 2.05\nend done because " UNCONFIRMED("130", "3 blocks") "\n" },
	{ "there is no such block", in_pieces,
		GET_PACK " block 0 2  expect 2.05\n" GET_PACK " block 3 2  expect 4.00\n" GET_PACK
			 " block 1 2 fetch  expect 2.05\nend done\n" },
	{ "a block of a pack that there is not", bare_server, GET_PACK " block 1 2  expect 4.00\n" },
	{ "a block while the pack is made", in_pieces,
		"given store slow 500ms\n" GET_PACK " non  expect nothing\n" GET_PACK " block 1 2  expect 4.00\n"
		"once\nend client-silent\n" },
	{ "the last block once more, and too late", in_pieces,
		GET_PACK " fetch  expect 2.05 " PACK "\n" GET_PACK " block 2 2  expect 2.05 [6155]\n"
			 "after 94s " GET_PACK " block 2 2  expect 4.00\nend done\n" },
	{ "the device goes away", certificate,
		GET_PACK
		"  expect 2.05\nend client-silent at \"pack\" because \"the device fetched 512 of 1355 octets; " BLIND
		"\"\n" },
	{ "within the times of a slow link", slow_link,
		GET_PACK " block 0 2  expect 2.05\nafter 200s " GET_PACK " block 1 2 fetch  expect 2.05\nend done\n" },
	{ "later than these", in_pieces,
		GET_PACK " block 0 2  expect 2.05\nafter 94s " GET_PACK
			 " block 1 2  expect 4.00\nend client-silent\n" },
	{ "a pack does not fit 64 KiB", too_much,
		GET_PACK "  expect 4.05\nend pack-declined because \"pack: longer than 64 KiB\" code 4.05\n" },
};

static const struct scenario refusals[] = {
	/* covers: trap 24 */
	{ "a format that is none of a pack, then the usual way", bare_server,
		GET_PACK
		" accept 60  expect 4.06\n" USUAL
		"end pack-declined at \"pack\" because \"the device accepts Content-Format 60, which is none of a "
		"pack\" code 4.06\nend done\n" },
	{ "TLV", bare_server, GET_PACK " accept 11542  expect 4.06\n" USUAL "end pack-declined\nend done\n" },
	{ "the profile's format is TLV", always_tlv,
		GET_PACK
		" accept 112  expect 4.05\n" USUAL
		"end pack-declined because \"the profile's format is tlv, which is none of a pack\" code 4.05\n"
		"end done format 11542\n" },
	{ "the profile's format is another one", always_json,
		GET_PACK
		" accept 112  expect 4.06\nend pack-declined because \"the profile's format is senml-json, the "
		"device accepts Content-Format 112\"\n" },
	/* covers: trap 24 */
	{ "packs are off, then the usual way", without_packs,
		GET_PACK " accept 112  expect 5.01\n" USUAL
			 "end pack-declined because \"packs are off in the profile\" code 5.01\nend done\n" },
	/* covers: trap 24 */
	{ "the profile deletes everything", delete_root,
		GET_PACK
		"  expect 4.05\nend pack-declined because \"the profile deletes all objects, a pack replaces those "
		"that are in it\" code 4.05\n" },
	{ "the profile deletes nothing", delete_nothing,
		GET_PACK "  expect 4.05\nend pack-declined because \"the profile deletes nothing, a pack replaces all "
			 "instances of its objects\"\n" },
	{ "the profile merges", merging,
		GET_PACK "  expect 4.05\nend pack-declined because \"the profile merges what the device holds, a pack "
			 "replaces it\"\n" },
	{ "the bootstrap account is to be renewed", to_be_renewed,
		GET_PACK
		"  expect 4.05\nend pack-declined because \"the bootstrap account is to be renewed, which a pack "
		"leaves alone\"\n" },
	{ "an object of which the device may have more", another_object,
		GET_PACK
		"  expect 4.05\nend pack-declined because \"a pack with /11 would take away all other instances "
		"of that object\"\n" },
	{ "the OSCORE instance of the bootstrap account", other_objects,
		GET_PACK "&acc=</0/0>,</21/0>  expect 4.05\nend pack-declined because \"/21/0 belongs to the device's "
			 "bootstrap account\"\n" },
	{ "another device's name", bare_server,
		"dev > GET /bspack?ep=dev-0002  expect 4.00\nend endpoint-mismatch code 4.00\n" },
	{ "acc is no list of links", bare_server,
		GET_PACK "&acc=/0/0  expect 4.00\nend bad-request at \"request\" because \"query \\\"ep=dev-0001\\\"; "
			 "query \\\"acc=/0/0\\\"\" code 4.00\n" },
	{ "acc twice", bare_server, GET_PACK "&acc=</0/0>&acc=</0/0>  expect 4.00\nend bad-request\n" },
	{ "the device is disabled", disabled, GET_PACK "  expect 4.00\nend device-disabled code 4.00\n" },
	{ "the device is not in the store", NULL, GET_PACK "  expect 4.00\nend identity-unknown code 4.00\n" },
	{ "POST /bspack", bare_server, "dev > POST /bspack?ep=dev-0001  expect 4.05\n" },
	{ "a reserved block size", bare_server, "dev > raw [42 01 1234 ABCD B6 62737061636B C107]  expect 4.00\n" },
};

static const struct scenario runs[] = {
	{ "POST /bs instead of the next block", certificate,
		GET_PACK "  expect 2.05\ndev > POST /bs?ep=dev-0001  expect 2.04\ndev < GET / accept 40  silent\n"
			 "end superseded at \"pack\" because \"the device sent a new Bootstrap-Request; " BLIND "\"\n"
			 "end client-silent at \"discover\"\nonce\n" },
	{ "the pack was inconsistent: the usual way", bare_server,
		GET_PACK "  expect 2.05\n" USUAL "end done at \"pack\"\nend done at \"finish\"\n" },
	{ "from the first block on again", in_pieces,
		GET_PACK " block 0 2  expect 2.05\n" GET_PACK " block 0 2 fetch  expect 2.05 " PACK
			 "\nend superseded\nend done\n" },
	{ "a pack instead of a run", bare_server,
		"dev > POST /bs?ep=dev-0001  expect 2.04\ndev < GET / accept 40  silent\n" GET_PACK
		"  expect 2.05 " PACK "\nend superseded at \"discover\"\nend done at \"pack\"\n" },
	{ "the store takes 3 s", in_pieces,
		"given store slow 3s\n" GET_PACK " fetch  expect separate 2.05 " PACK "\nend done\n" },
	{ "the store is busy for 2 s", bare_server,
		"given store busy 4\n" GET_PACK "  expect 2.05 " PACK "\nend done\n" },
	{ "the store is gone", bare_server,
		"given store busy 1000\n" GET_PACK "  expect silence\nend internal-error at \"request\"\n" },
	{ "no room for two transmissions", bare_server,
		"given admission drop 2\n" GET_PACK "  expect 2.05 " PACK "\nend done\n" },
	{ "too many attempts", bare_server,
		"given admission too-many 5\n" GET_PACK "  expect silence\n"
		"end too-many-attempts\nend too-many-attempts\nend too-many-attempts\nend too-many-attempts\n"
		"end too-many-attempts\nonce\n" },
	{ "a NON request", bare_server, GET_PACK " non  expect 2.05 " PACK "\nend done\nonce\n" },
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
TEST(formats)
TEST(contents)
TEST(blocks)
TEST(refusals)
TEST(runs)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_formats),
		cmocka_unit_test(test_contents),
		cmocka_unit_test(test_blocks),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
