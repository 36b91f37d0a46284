/* SPDX-License-Identifier: Apache-2.0 */
/* SIM vendors' files: maps, numbers of cards, transport decryption, check values, rows. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tools/ctl/device/simfile.h"

/* ---- cards' numbers ---------------------------------------------------------------------------------------------- */

/* 79927398713 is the usual example of Luhn's formula (ISO/IEC 7812-1, annex B). */
static void
test_check_digit(void **state)
{
	(void)state;
	assert_int_equal(bs_sim_check_digit("7992739871", 10), '3');
	assert_int_equal(bs_sim_check_digit("899991110001000001", 18), '7');
	assert_int_equal(bs_sim_check_digit("", 0), '0');
}

static const struct {
	const char *name, *text, *expected; /* NULL: refused */
} iccids[] = {
	{ "19 digits", "8999911100010000011", "8999911100010000011" },
	{ "20 digits", "89999111000100000112", "89999111000100000112" },
	{ "18 digits", "899991110001000001", "899991110001000001" },
	{ "padded", "8999911100010000011F", "8999911100010000011" },
	{ "padded, small", "899991110001000001ff", "899991110001000001" },
	{ "17 digits", "89999111000100000", NULL },
	{ "21 digits", "899991110001000001123", NULL },
	{ "a letter", "89999111000100000A1", NULL },
	{ "F inside", "8999911100F10000011", NULL },
	{ "empty", "", NULL },
	{ "padding alone", "FFFFFFFFFFFFFFFFFFFF", NULL },
};

static void
test_read_iccid(void **state)
{
	char out[24];

	(void)state;
	for (size_t i = 0; i < sizeof(iccids) / sizeof(iccids[0]); i++) {
		bool good = bs_sim_read_iccid(iccids[i].text, out);

		if (good != (iccids[i].expected != NULL) || (good && strcmp(out, iccids[i].expected) != 0))
			fail_msg("%s: %s", iccids[i].name, good ? out : "refused");
	}
	assert_true(bs_sim_read_imsi("001010123456789", out));
	assert_false(bs_sim_read_imsi("0010101234567890", out));
	assert_false(bs_sim_read_imsi("00101", out));
	assert_false(bs_sim_read_imsi("00101012345678F", out));
}

static void
test_spellings(void **state)
{
	struct bs_sim_spellings s;

	(void)state;
	bs_sim_spell_iccid("8999911100010000017", &s);
	assert_string_equal(s.list[0], "8999911100010000017");
	assert_string_equal(s.list[1], "899991110001000001");
	assert_int_equal(strlen(s.list[2]), 20);
	bs_sim_spell_iccid("899991110001000001", &s);
	assert_string_equal(s.list[2], "8999911100010000017");
	bs_sim_spell_iccid("89999111000100000113", &s);
	assert_null(s.list[2]); /* no number has 21 digits */
	assert_true(bs_sim_same_iccid("8999911100010000017", "899991110001000001F"));
	assert_true(bs_sim_same_iccid("899991110001000001", "8999911100010000017f"));
	assert_false(bs_sim_same_iccid("899991110001000001", "8999911100010000018"));
	assert_false(bs_sim_same_iccid("8999911100010000018", "8999911100010000017"));
	assert_false(bs_sim_same_iccid("89999111000100000", "8999911100010000017"));
	assert_false(bs_sim_same_iccid("", "8999911100010000017"));
}

/* ---- keys -------------------------------------------------------------------------------------------------------- */

static struct bs_secret key, in, out;

static void
set(struct bs_secret *s, const char *text)
{
	s->len = hex(text, s->data, sizeof(s->data));
}

/* NIST SP 800-38A, F.2.2, F.2.4, F.2.6: CBC-AES128, 192, 256, decrypt. */
static const struct {
	const char *name, *key, *ciphertext;
} cbc[] = {
	{ "F.2.2", "2b7e151628aed2a6abf7158809cf4f3c",
		"7649abac8119b246cee98e9b12e9197d 5086cb9b507219ee95db113a917678b2" },
	{ "F.2.4", "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b",
		"4f021db243bc633d7178183a9fa071e8 b4d9ada9ad7dedf4e5e738763f69145a" },
	{ "F.2.6", "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
		"f58c4c04d6e5f1ba779eabfb5f7bfbd6 9cfc4e967edb808d679f777bc6702c7d" },
};

static void
test_cbc(void **state)
{
	uint8_t iv[16];

	(void)state;
	hex("000102030405060708090a0b0c0d0e0f", iv, sizeof(iv));
	for (size_t i = 0; i < sizeof(cbc) / sizeof(cbc[0]); i++) {
		set(&key, cbc[i].key);
		set(&in, cbc[i].ciphertext);
		assert_int_equal(bs_cardkey_decrypt(&key, iv, BS_CARDKEY_UNPADDED, &in, &out), BS_OK);
		assert_hex(cbc[i].name, out.data, out.len,
			"6bc1bee22e409f96e93d7e117393172a ae2d8a571e03ac9c9eb76fac45af8e51");
	}
	assert_int_equal(bs_cardkey_decrypt(&key, iv, BS_CARDKEY_PKCS7, &in, &out), BS_EFORMAT);
	assert_int_equal(out.len, 0);
	in.len = 24;
	assert_int_equal(bs_cardkey_decrypt(&key, iv, BS_CARDKEY_UNPADDED, &in, &out), BS_ERANGE);
	in.len = 0;
	assert_int_equal(bs_cardkey_decrypt(&key, iv, BS_CARDKEY_UNPADDED, &in, &out), BS_ERANGE);
	in.len = 16;
	key.len = 20;
	assert_int_equal(bs_cardkey_decrypt(&key, iv, BS_CARDKEY_UNPADDED, &in, &out), BS_EUNSUPPORTED);
}

/* openssl enc -aes-128-cbc of 24 octets, padded by it. */
static void
test_padding(void **state)
{
	uint8_t iv[16] = { 0 };

	(void)state;
	set(&key, "2b7e151628aed2a6abf7158809cf4f3c");
	set(&in, "4c104203bf91efc5eff2202571a8a1dadfce7e1e6d2e81937389e11cad0d469a");
	assert_int_equal(bs_cardkey_decrypt(&key, iv, BS_CARDKEY_PKCS7, &in, &out), BS_OK);
	assert_hex("24 octets", out.data, out.len, "8b1a9953c4611296a827abf8c47804d7c2dbc239dd4e91b4");
}

/* Made with openssl enc -nopad and openssl mac -cipher .. CMAC. */
static const struct {
	const char *name, *key;
	bool triple_des;
	enum bs_cardkey_check kind;
	const char *expected;
} checks[] = {
	{ "AES-128, zeros", "8b1a9953c4611296a827abf8c47804d7", false, BS_CARDKEY_ZEROS, "fe106eacf139aa5c" },
	{ "AES-128, ones", "8b1a9953c4611296a827abf8c47804d7", false, BS_CARDKEY_ONES, "87944acf3c117589" },
	{ "AES-128, CMAC", "8b1a9953c4611296a827abf8c47804d7", false, BS_CARDKEY_CMAC, "8feecdcc8bc62e16" },
	{ "AES-192, zeros", "8b1a9953c4611296a827abf8c47804d7c2dbc239dd4e91b4", false, BS_CARDKEY_ZEROS,
		"6b836d4118465266" },
	{ "AES-192, ones", "8b1a9953c4611296a827abf8c47804d7c2dbc239dd4e91b4", false, BS_CARDKEY_ONES,
		"4d1399c418dbe764" },
	{ "AES-192, CMAC", "8b1a9953c4611296a827abf8c47804d7c2dbc239dd4e91b4", false, BS_CARDKEY_CMAC,
		"5a8b8b88ed689c81" },
	{ "AES-256, zeros", "8b1a9953c4611296a827abf8c47804d75feceb66ffc86f38d952786c6d696c79", false, BS_CARDKEY_ZEROS,
		"b7c28aa72230b8f9" },
	{ "AES-256, ones", "8b1a9953c4611296a827abf8c47804d75feceb66ffc86f38d952786c6d696c79", false, BS_CARDKEY_ONES,
		"52247069c88df0a9" },
	{ "AES-256, CMAC", "8b1a9953c4611296a827abf8c47804d75feceb66ffc86f38d952786c6d696c79", false, BS_CARDKEY_CMAC,
		"d839e0da1a3ebb9d" },
	{ "triple DES, three keys", "8b1a9953c4611296a827abf8c47804d7c2dbc239dd4e91b4", true, BS_CARDKEY_ZEROS,
		"1590d436f5ff18b6" },
	{ "triple DES, two keys", "8b1a9953c4611296a827abf8c47804d7", true, BS_CARDKEY_ZEROS, "1f55920673ea9bff" },
};

static void
test_check_values(void **state)
{
	uint8_t value[BS_CARDKEY_CHECK_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		set(&key, checks[i].key);
		assert_int_equal(bs_cardkey_check_value(&key, checks[i].triple_des, checks[i].kind, value), BS_OK);
		assert_hex(checks[i].name, value, sizeof(value), checks[i].expected);
	}
	assert_int_equal(bs_cardkey_check_value(&key, true, BS_CARDKEY_ONES, value), BS_EUNSUPPORTED);
	key.len = 20;
	assert_int_equal(bs_cardkey_check_value(&key, false, BS_CARDKEY_ZEROS, value), BS_EUNSUPPORTED);
}

/* ---- maps -------------------------------------------------------------------------------------------------------- */

#define FILE_PART "[file]\ndelimiter = semicolon\n"
#define COLUMNS "[columns]\niccid = ICCID\nkic = KIC1\nkid = KID1\n"
#define SMS "[sms]\nserver = prod\nkey-set = 1\nkic = 12\nkid = 12\n"
#define CLEAR "[transport]\nencrypted = none\n"
#define SAID(text) "lwm2m-bootstrapctl: " text "\n"

static const struct {
	const char *name, *text, *expected; /* what is reported */
} maps[] = {
	{ "good", FILE_PART COLUMNS SMS CLEAR, "" },
	{ "comments and blanks", "# a\n; b\n\n" COLUMNS SMS "  \n" CLEAR, "" },
	{ "empty", "",
		SAID("m: kic is missing in [columns]") SAID("m: kid is missing in [columns]") SAID(
			"m: server is missing in [sms]") SAID("m: key-set is missing in [sms]")
			SAID("m: kic is missing in [sms]") SAID("m: kid is missing in [sms]") SAID(
				"m: encrypted is missing in [transport]: name the columns that are encrypted under a "
				"transport "
				"key, or none")
				SAID("m: iccid is missing in [columns]: rows are matched by it (match in [file])") },
	{ "a delimiter as such", "[file]\ndelimiter = ,\n" COLUMNS SMS CLEAR,
		SAID("m:2: delimiter: must be one of: comma semicolon tab blank pipe slash") },
	{ "twice", FILE_PART "delimiter = tab\n" COLUMNS SMS CLEAR, SAID("m:3: delimiter: is given twice") },
	{ "no value", "[file]\ndelimiter =\n" COLUMNS SMS CLEAR, SAID("m:2: delimiter: has no value") },
	{ "a number out of range", COLUMNS SMS CLEAR "[file]\ntitle-lines = 1001\n",
		SAID("m:13: title-lines: must be a number from 0 to 1000") },
	{ "an unknown section", COLUMNS SMS CLEAR "[fil]\nx = 1\n",
		SAID("m:13: unknown section [fil]; there are [file], [columns], [sms], [transport]") },
	{ "an unknown option", COLUMNS SMS CLEAR "[file]\ntitel-lines = 1\n",
		SAID("m:13: unknown option \"titel-lines\" in [file]; did you mean title-lines?") },
	{ "no pair", COLUMNS SMS CLEAR "nonsense\n", SAID("m:12: neither a [section] nor key = value") },
	{ "resource 7 from a column", COLUMNS "tar = TAR\n" SMS CLEAR,
		SAID("m:5: tar: has no column: the octets of resource 7 are the same for the batch and belong in [sms]") },
	{ "a column as coding octet", COLUMNS "[sms]\nserver = p\nkey-set = 1\nkic = KIC1\nkid = 12\n" CLEAR,
		SAID("m:8: kic: needs the coding octet of resource 7 in two hexadecimal digits (12: AES, key set 1); "
		     "KICn of "
		     "a SIM file is a key value: it goes into resource 8, by kic in [columns]") },
	{ "key set of a column", "[columns]\niccid = ICCID\nkic = kic2\nkid = KID_01\n" SMS CLEAR,
		SAID("m:3: kic: key set mismatch: column kic2 is of key set 2, key-set is 1") },
	{ "a number that is no key set", "[columns]\niccid = ICCID\nkic = KIC_AES128\nkid = KID_AES128\n" SMS CLEAR,
		"" },
	{ "key set of a coding octet", COLUMNS "[sms]\nserver = p\nkey-set = 1\nkic = 12\nkid = 22\n" CLEAR,
		SAID("m:9: kid: key set mismatch: 22 is of key set 2, key-set is 1")
			SAID("m:8: kid: names another key set than KIc; both must come from one set") },
	{ "kic and kid swapped", "[columns]\niccid = ICCID\nkic = KID1\nkid = KIC1\n" SMS CLEAR,
		SAID("m:3: kic: is mapped to column KID1; the key values of KIC are in KIC1")
			SAID("m:4: kid: is mapped to column KIC1; the key values of KID are in KID1") },
	{ "the subscriber key", "[columns]\niccid = ICCID\nkic = Ki\nkid = KID1\n" SMS CLEAR,
		SAID("m:3: kic: is mapped to column Ki; the key values of KIC are in KIC1") },
	{ "one column twice", "[columns]\niccid = X\nkic = A\nkid = A\n" SMS CLEAR,
		SAID("m:4: kid: is also the column of kic: A") },
	{ "single DES", COLUMNS "[sms]\nserver = p\nkey-set = 1\nkic = 11\nkid = 12\n" CLEAR,
		SAID("m:8: kic: 11 is single DES, which LwM2M forbids; use n2 (AES) with n the key set, or n9 (triple "
		     "DES, "
		     "three keys)") },
	{ "another TAR", COLUMNS SMS "tar = B00010\n" CLEAR,
		SAID("m:10: tar: not B20203, the LwM2M application of the card; set allow-other-tar = yes if "
		     "the card "
		     "has another") },
	{ "another mode", COLUMNS SMS "mode = dtls-psk\n" CLEAR,
		SAID("m:10: mode: must be sps (2): a SIM file has keys only for the Secured Packet Structure") },
	{ "triple DES over ones", COLUMNS "[sms]\nserver = p\nkey-set = 1\nkic = 19\nkid = 19\nkcv = ones\n" CLEAR,
		SAID("m:10: kcv: triple DES has check values only over zeros") },
	{ "encrypted without a key", COLUMNS "kcv-kic = A\nkcv-kid = B\n" SMS "[transport]\nencrypted = kic kid\n",
		SAID("m:13: encrypted: needs key-file, the file with the transport key") },
	{ "a key but nothing encrypted", COLUMNS SMS CLEAR "key-file = k\n",
		SAID("m:11: encrypted: is none, but there is a key-file; name the columns that are encrypted under it") },
	{ "encrypted numbers", COLUMNS SMS "[transport]\nencrypted = iccid\n",
		SAID("m:11: encrypted: must be none, or names of [columns]: kic, kid") },
	{ "a short IV", COLUMNS SMS CLEAR "iv = 00\n", SAID("m:12: iv: needs 32 hexadecimal digits") },
	{ "names without a header", FILE_PART "header = no\n[columns]\niccid = 1\nkic = 2\nkid = KID1\n" SMS CLEAR,
		SAID("m:7: kid: a file without a header has no names; give the column's number, from 1") },
	{ "matched by a column that is not named", FILE_PART "match = imsi\n" COLUMNS SMS CLEAR,
		SAID("m: imsi is missing in [columns]: rows are matched by it (match in [file])") },
};

static struct bs_simmap map;

static void
test_maps(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++) {
		struct bs_report r;
		char *said = NULL;
		size_t len;
		FILE *to = open_memstream(&said, &len);
		bool good;

		bs_report_init(&r, to, "m");
		good = bs_simmap_parse(&r, maps[i].text, &map);
		fclose(to);
		if (strcmp(said, maps[i].expected) != 0 || good != (maps[i].expected[0] == '\0'))
			fail_msg("%s:\n%s", maps[i].name, said);
		bs_simmap_clear(&map);
		free(said);
	}
}

static void
test_map_fields(void **state)
{
	struct bs_report r;

	(void)state;
	bs_report_init(&r, stderr, "m");
	assert_true(bs_simmap_parse(&r,
		"[file]\ndelimiter = blank\nheader-delimiter = slash\nunmatched = skip\n"
		"[columns]\niccid = ICCID\nkic = KIC3\nkid = KID3\n"
		"[sms]\nserver = prod\nkey-set = 3\nkic = 39\nkid = 32\nspi = 1621\ntar = b20203\n" CLEAR
		"iv = 23232323232323232323232323232323\n",
		&map));
	assert_int_equal(bs_sim_delimiter_octet(map.delimiter), ' ');
	assert_int_equal(bs_sim_delimiter_octet(map.header_delimiter), '/');
	assert_int_equal(map.skip_unmatched, 1);
	assert_int_equal(map.coding.mode, 2);
	assert_int_equal(map.coding.kic, 0x39);
	assert_int_equal(map.coding.kid, 0x32);
	assert_int_equal(map.coding.spi1, 0x16);
	assert_int_equal(map.coding.spi2, 0x21);
	assert_hex("tar", map.coding.tar, 3, "b20203");
	assert_hex("iv", map.iv, 16, "23232323 23232323 23232323 23232323");
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

#define K1 "8b1a9953c4611296a827abf8c47804d7"
#define K2 "5feceb66ffc86f38d952786c6d696c79"

static const struct {
	const char *name, *map, *file, *expected; /* cards, then what is reported */
} files[] = {
	{ "plain", COLUMNS SMS CLEAR, "ICCID,KIC1,KID1\n8999911100010000011F," K1 "," K2 "\n",
		"8999911100010000011 " K1 " " K2 "\n" },
	{ "quotes, order, case, blanks", COLUMNS SMS CLEAR,
		"kid1, Iccid ,\"KIC1\"\r\n" K2 ", 899991110001000001 ,\"" K1 "\"\r\n",
		"899991110001000001 " K1 " " K2 "\n" },
	{ "a delimiter at each end", FILE_PART COLUMNS SMS CLEAR,
		"ICCID;KIC1;KID1;\n899991110001000001;" K1 ";" K2 ";\n", "899991110001000001 " K1 " " K2 "\n" },
	{ "numbers of columns",
		"[file]\nheader = no\ntitle-lines = 1\n[columns]\nimsi = 3\niccid = 1\nkic = 4\nkid = 2\n" SMS CLEAR,
		"title\n899991110001000001," K2 ",001010123456789," K1 "\n", "899991110001000001 " K1 " " K2 "\n" },
	{ "runs of blanks",
		"[file]\ndelimiter = blank\nheader-prefix = V:\nheader-delimiter = slash\nskip-prefix = *\n" COLUMNS SMS
			CLEAR,
		"x\nV: ICCID/KIC1/KID1\n\n  899991110001000001   " K1 " " K2 "  \n* end\n",
		"899991110001000001 " K1 " " K2 "\n" },
	{ "no such line", "[file]\nheader-prefix = V:\n" COLUMNS SMS CLEAR, "ICCID,KIC1\n",
		SAID("f: no line begins with \"V:\" (header-prefix of the map)") },
	{ "column twice", COLUMNS SMS CLEAR, "ICCID,KIC1,KID1,KIC1\n",
		SAID("f:1: kic: the file has column KIC1 twice") },
	{ "column missing", COLUMNS SMS CLEAR, "ICCID,KIC1,KIDD1\n",
		SAID("f:1: kid: the file has no column KID1; did you mean KIDD1?") },
	{ "fields missing", COLUMNS SMS CLEAR, "ICCID,KIC1,KID1\n899991110001000001," K1 "\n",
		SAID("f:2: has 2 fields, expected 3") },
	{ "swapped digits", COLUMNS SMS CLEAR, "ICCID,KIC1,KID1\n9899991110001000001," K1 "," K2 "\n",
		SAID("f:2: iccid: begins with 98: the digits seem to be swapped, as stored on the card") },
	{ "no key", COLUMNS SMS CLEAR, "ICCID,KIC1,KID1\n899991110001000001,," K2 "\n", SAID("f:2: kic: empty") },
	{ "no hexadecimal", COLUMNS SMS CLEAR, "ICCID,KIC1,KID1\n899991110001000001," K1 ",xyz\n",
		SAID("f:2: kid: not a value of up to 64 octets in hexadecimal") },
	{ "a check value that fits", COLUMNS "kcv-kic = C\n" SMS CLEAR,
		"ICCID,KIC1,KID1,C\n899991110001000001," K1 "," K2 ",fe106e\n",
		"899991110001000001 " K1 " " K2 " checked\n" },
	{ "a check value that does not", COLUMNS "kcv-kic = C\n" SMS CLEAR,
		"ICCID,KIC1,KID1,C\n899991110001000001," K1 "," K2 ",000000\n",
		SAID("f:2: kic: does not match its key check value: damaged, encrypted (see [transport]), or another "
		     "kcv") },
	{ "a check value of two octets", COLUMNS "kcv-kic = C\n" SMS CLEAR,
		"ICCID,KIC1,KID1,C\n899991110001000001," K1 "," K2 ",0000\n",
		SAID("f:2: kcv-kic: needs a key check value of 3 to 8 octets in hexadecimal") },
	{ "the card behind a bad one is read", COLUMNS SMS CLEAR,
		"ICCID,KIC1,KID1\n1," K1 "," K2 "\n899991110001000001," K1 "," K2 "\n",
		SAID("f:2: iccid: must have 18 to 20 digits; an F at the end is padding") "899991110001000001 " K1
											  " " K2 "\n" },
};

static void
read_cards(int fd, FILE *to, struct bs_report *r)
{
	struct bs_simfile *f = bs_simfile_new(fd, &map);
	const struct bs_sim_card *card;
	struct bs_diag diag;

	assert_non_null(f);
	while (bs_simfile_start(f, r) && bs_simfile_next(f, r, &card, &diag) == BS_OK) {
		do {
			if (card == NULL)
				continue;
			fprintf(to, "%s ", card->iccid);
			for (size_t i = 0; i < card->sms.kic_key.len; i++)
				fprintf(to, "%02x", card->sms.kic_key.data[i]);
			fputc(' ', to);
			for (size_t i = 0; i < card->sms.kid_key.len; i++)
				fprintf(to, "%02x", card->sms.kid_key.data[i]);
			fputs(card->checked > 0 ? " checked\n" : "\n", to);
			assert_int_equal(card->sms.kic, 0x12);
		} while (bs_simfile_next(f, r, &card, &diag) == BS_OK);
		break;
	}
	bs_simfile_free(f);
}

static void
test_files(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		int fd = memfd_create("sim", MFD_CLOEXEC);
		struct bs_report r;
		char *said = NULL;
		size_t len;
		FILE *to = open_memstream(&said, &len);

		assert_int_equal(write(fd, files[i].file, strlen(files[i].file)), strlen(files[i].file));
		lseek(fd, 0, SEEK_SET);
		bs_report_init(&r, stderr, files[i].name);
		assert_true(bs_simmap_parse(&r, files[i].map, &map));
		bs_report_init(&r, to, "f");
		read_cards(fd, to, &r);
		fclose(to);
		close(fd);
		if (strcmp(said, files[i].expected) != 0)
			fail_msg("%s:\n%s", files[i].name, said);
		free(said);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_check_digit),
		cmocka_unit_test(test_read_iccid),
		cmocka_unit_test(test_spellings),
		cmocka_unit_test(test_cbc),
		cmocka_unit_test(test_padding),
		cmocka_unit_test(test_check_values),
		cmocka_unit_test(test_maps),
		cmocka_unit_test(test_map_fields),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
