/* SPDX-License-Identifier: Apache-2.0 */
/* SMS parameters: LwM2M Core 1.0, 7.2 and appendix E.1; coding of ETSI TS 102 225, 5.1. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>

#include "tools/ctl/device/sms.h"

#define K1 "8b1a9953c4611296a827abf8c47804d7"
#define K2 "5feceb66ffc86f38d952786c6d696c79"
#define K1_24 K1 "c2dbc239dd4e91b4"
#define K2_24 K2 "6729d73a27fb57e9"
#define TWO_KEY_3DES \
	"8b1a9953c4611296" \
	"a827abf8c47804d7" \
	"8a1b9852c5601397" /* the third is the first but for parity */

struct row {
	const char *name;
	const char *value[BS_SMS_FIELDS]; /* mode kic kid spi tar kic_key kid_key */
	unsigned parameters_len;
	const char *expected; /* what is reported, or the words */
};

static const struct row rows[] = {
	{ "nothing", { "", "", "", "", "", "", "" }, 6, "none" },
	{ "the example", { "2", "12", "12", "16", "B20203", K1, K2 }, 6,
		"Secured Packet Structure: AES-CBC and AES-CMAC, key set 1, counter must rise, TAR B20203, SPI 1600" },
	{ "SPI and TAR by default", { "sps", "32", "32", "", "", K1, K2 }, 6,
		"Secured Packet Structure: AES-CBC and AES-CMAC, key set 3, counter must rise, TAR B20203, SPI 1600" },
	{ "triple DES, three keys", { "2", "19", "19", "16", "", K1_24, K2_24 }, 6,
		"Secured Packet Structure: 3DES-CBC (3 keys) and 3DES-MAC (3 keys), key set 1, counter must rise, TAR "
		"B20203, SPI "
		"1600" },
	{ "PoR needs 7 octets", { "2", "12", "12", "1621", "", K1, K2 }, 6,
		"lwm2m-bootstrapctl: spi: a second octet other than 00 needs a profile with --sms-parameters 7\n" },
	{ "PoR with 7 octets", { "2", "12", "12", "1621", "", K1, K2 }, 7,
		"Secured Packet Structure: AES-CBC and AES-CMAC, key set 1, counter must rise, TAR B20203, SPI 1621" },
	{ "single DES", { "2", "11", "12", "16", "", K1, K2 }, 6,
		"lwm2m-bootstrapctl: kic: 11 is single DES, which LwM2M forbids; use n2 (AES) with n the key set, or "
		"n9 (triple DES, "
		"three keys)\n" },
	{ "DES-ECB", { "2", "12", "1D", "16", "", K1, K2 }, 6,
		"lwm2m-bootstrapctl: kid: 1D is single DES, which LwM2M forbids; use n2 (AES) with n the key set, or "
		"n9 (triple DES, "
		"three keys)\n" },
	{ "triple DES, two keys", { "2", "15", "12", "16", "", K1, K2 }, 6,
		"lwm2m-bootstrapctl: kic: 15 is triple DES with two keys; LwM2M requires three different ones; use n2 "
		"(AES) with n the "
		"key set, or n9 (triple DES, three keys)\n" },
	{ "a reserved algorithm", { "2", "16", "12", "16", "", K1, K2 }, 6,
		"lwm2m-bootstrapctl: kic: 16 is a reserved value; use n2 (AES) with n the key set, or n9 (triple DES, "
		"three keys)\n" },
	{ "key set 0", { "2", "02", "02", "16", "", K1, K2 }, 6,
		"lwm2m-bootstrapctl: kic: 02 names key set 0; card keys have sets 1 to 15 (upper half of the octet)\n"
		"lwm2m-bootstrapctl: kid: 02 names key set 0; card keys have sets 1 to 15 (upper half of the "
		"octet)\n" },
	{ "two key sets", { "2", "12", "22", "16", "", K1, K2 }, 6,
		"lwm2m-bootstrapctl: kid: names another key set than KIc; both must come from one set\n" },
	{ "no ciphering", { "2", "12", "12", "12", "", K1, K2 }, 6,
		"lwm2m-bootstrapctl: spi: the first octet must be 16: checksum, ciphering, and a counter that must "
		"rise\n" },
	{ "counter not checked", { "2", "12", "12", "0E", "", K1, K2 }, 6,
		"lwm2m-bootstrapctl: spi: the first octet must be 16: checksum, ciphering, and a counter that must "
		"rise\n" },
	{ "one key for both", { "2", "12", "12", "16", "", K1, K1 }, 6,
		"lwm2m-bootstrapctl: kid_key: the same as the KIc key; two different keys are needed\n" },
	{ "16 and 24 octets", { "2", "12", "12", "16", "", K1, K2_24 }, 6,
		"lwm2m-bootstrapctl: kid_key: 16 and 24 octets; resource 8 holds two keys of 16 or two of 24\n" },
	{ "triple DES with 16 octets", { "2", "19", "19", "16", "", K1, K2 }, 6,
		"lwm2m-bootstrapctl: kic_key: triple DES with three keys needs 24 octets, not 16\n"
		"lwm2m-bootstrapctl: kid_key: triple DES with three keys needs 24 octets, not 16\n" },
	{ "equal but for parity", { "2", "19", "19", "16", "", TWO_KEY_3DES, K2_24 }, 6,
		"lwm2m-bootstrapctl: kic_key: two of the three DES keys are the same; have new card keys made\n" },
	{ "a sample key", { "2", "12", "12", "16", "", "000102030405060708090a0b0c0d0e0f", K2 }, 6,
		"lwm2m-bootstrapctl: kic_key: the key is known from documentation or samples; have new card keys "
		"made\n" },
	{ "keys but no mode", { "", "", "", "", "", K1, "" }, 6,
		"lwm2m-bootstrapctl: kic_key: there is no sms_mode; leave it empty\n" },
	{ "coding missing", { "2", "", "12", "", "", K1, K2 }, 6,
		"lwm2m-bootstrapctl: kic: missing; sms_mode 2 needs it\n" },
	{ "a key value in the coding column", { "2", K1, "12", "", "", K1, K2 }, 6,
		"lwm2m-bootstrapctl: kic: needs 2 hexadecimal digits\n" },
	{ "DTLS-PSK", { "1", "", "", "", "", K1, "" }, 6, "DTLS on the device, pre-shared key" },
	{ "DTLS-PSK with 24 octets", { "dtls-psk", "", "", "", "", K1_24, "" }, 6,
		"lwm2m-bootstrapctl: kic_key: sms_mode 1 has one key of 16 octets\n" },
	{ "DTLS-PSK with coding", { "1", "12", "", "", "", K1, "" }, 6,
		"lwm2m-bootstrapctl: kic: sms_mode 1 has one key in sms_kic_key_hex and nothing else; leave it "
		"empty\n" },
	{ "NoSec with a key", { "3", "", "", "", "", K1, "" }, 6,
		"lwm2m-bootstrapctl: kic_key: sms_mode 3 has neither parameters nor keys; leave it empty\n"
		"lwm2m-bootstrapctl: mode: warning: SMS without security is only for triggers\n" },
	{ "another TAR", { "2", "12", "12", "16", "B00010", K1, K2 }, 6,
		"lwm2m-bootstrapctl: tar: warning: not B20203, the LwM2M application of the card\n" },
	{ "no such mode", { "4", "", "", "", "", "", "" }, 6,
		"lwm2m-bootstrapctl: mode: 1 (dtls-psk), 2 (sps) or 3 (nosec)\n" },
};

/* covers: resource 0/7 */
static void
test_table(void **state)
{
	static struct bs_sms sms;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bs_sms_text t = { .field = { "mode", "kic", "kid", "spi", "tar", "kic_key", "kid_key" } };
		struct bs_report r;
		char *said = NULL, words[200];
		size_t len;
		FILE *to = open_memstream(&said, &len);

		assert_non_null(to);
		memcpy(t.value, rows[i].value, sizeof(t.value));
		bs_report_init(&r, to, NULL);
		bs_sms_read(&r, &t, rows[i].parameters_len, &sms);
		fclose(to);
		if (strcmp(len > 0 ? said : bs_sms_words(&sms, words, sizeof(words)), rows[i].expected) != 0)
			fail_msg("%s:\n%s%s", rows[i].name, said, bs_sms_words(&sms, words, sizeof(words)));
		free(said);
	}
}

/* covers: resource 0/6 */
static void
test_fields(void **state)
{
	static struct bs_sms sms;
	struct bs_sms_text t = { .value = { "2", "12", "12", "1600", "b20203", K1, K2 },
		.field = { "mode", "kic", "kid", "spi", "tar", "kic_key", "kid_key" } };
	struct bs_report r;

	(void)state;
	bs_report_init(&r, stderr, NULL);
	bs_sms_read(&r, &t, 6, &sms);
	assert_int_equal(r.errors + r.warnings, 0);
	assert_int_equal(sms.mode, 2);
	assert_int_equal(sms.kic, 0x12);
	assert_int_equal(sms.kid, 0x12);
	assert_int_equal(sms.spi1, 0x16);
	assert_int_equal(sms.spi2, 0);
	assert_hex("tar", sms.tar, 3, "b2 02 03");
	assert_hex("kic key", sms.kic_key.data, sms.kic_key.len, K1);
	assert_hex("kid key", sms.kid_key.data, sms.kid_key.len, K2);
	assert_int_equal(bs_sms_strength(&sms), 128);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
