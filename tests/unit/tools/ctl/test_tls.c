/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of ciphersuites, groups and signature schemes of a server account; expected values are IANA's registries. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>

#include "tools/ctl/tls.h"

/* covers: resource 0/16 */
static void
numbers_are_known_and_fit_the_mode(void **state)
{
	static const struct {
		const char *name;
		enum bs_mode mode;
		uint16_t rid;
		char *number;
		const char *expected; /* "": fine */
	} rows[] = {
		{ "TLS_PSK_WITH_AES_128_CCM_8", BS_MODE_PSK, 16, "49320", "" },
		{ "the same for certificates", BS_MODE_X509, 16, "49320",
			"--set: 0/16: 49320 (0xC0A8) is a ciphersuite for pre-shared keys, the mode is x509" },
		{ "the same for raw keys", BS_MODE_RPK, 16, "49320", "for pre-shared keys, the mode is rpk" },
		{ "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8", BS_MODE_X509, 16, "49326", "" },
		{ "the same for raw keys", BS_MODE_RPK, 16, "49326", "" },
		{ "the same for EST", BS_MODE_EST, 16, "49326", "" },
		{ "the same for PSK", BS_MODE_PSK, 16, "49326", "for certificates or raw keys, the mode is psk" },
		{ "TLS_PSK_WITH_AES_128_CBC_SHA256", BS_MODE_PSK, 16, "174", "" },
		{ "TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256", BS_MODE_PSK, 16, "53249", "" },
		{ "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", BS_MODE_X509, 16, "49195", "" },
		{ "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", BS_MODE_X509, 16, "52393", "" },
		{ "TLS_PSK_WITH_CHACHA20_POLY1305_SHA256", BS_MODE_X509, 16, "52395", "for pre-shared keys" },
		{ "TLS_AES_128_CCM_8_SHA256 for PSK", BS_MODE_PSK, 16, "4869", "" },
		{ "TLS_AES_128_CCM_8_SHA256 for certificates", BS_MODE_X509, 16, "4869", "" },
		{ "no suite", BS_MODE_PSK, 16, "65000",
			"0/16: 65000 (0xFDE8) is not a ciphersuite that IANA has assigned" },
		{ "TLS_NULL_WITH_NULL_NULL", BS_MODE_PSK, 16, "0", "is not a ciphersuite" },
		{ "a signalling value", BS_MODE_PSK, 16, "255", "is not a ciphersuite" },
		{ "digits that changed places", BS_MODE_PSK, 16, "49230", "for certificates or raw keys" },
		{ "private use", BS_MODE_PSK, 16, "65281", "" },
		{ "secp256r1", BS_MODE_X509, 18, "23", "" },
		{ "x25519", BS_MODE_X509, 18, "29", "" },
		{ "X25519MLKEM768", BS_MODE_X509, 18, "4588", "" },
		/* covers: resource 0/18 */
		{ "no group", BS_MODE_X509, 18, "9999", "0/18: 9999 (0x270F) is not a group" },
		/* covers: resource 0/19 */
		{ "ecdsa_secp256r1_sha256", BS_MODE_X509, 19, "1027", "" },
		{ "ed25519", BS_MODE_X509, 20, "2055", "" },
		/* covers: resource 0/20 */
		{ "no scheme", BS_MODE_X509, 20, "1", "0/20: 1 (0x0001) is not a signature scheme" },
		/* covers: resource 0/21 */
		{ "no scheme for certificates", BS_MODE_X509, 21, "1028",
			"0/21: 1028 (0x0404) is not a signature scheme" },
		{ "another resource", BS_MODE_X509, 23, "9999", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bs_setting s = { .oid = 0, .rid = rows[i].rid, .multiple = true, .text = rows[i].number };
		struct bs_server_def def = { .mode = rows[i].mode, .settings = &s, .setting_count = 1 };
		struct bs_report r;
		char *text = NULL;
		size_t len = 0;
		FILE *f = open_memstream(&text, &len);

		assert_non_null(f);
		bs_report_init(&r, f, NULL);
		bs_check_tls_numbers(&r, &def);
		fclose(f);
		if (rows[i].expected[0] == '\0' ? len != 0 : strstr(text, rows[i].expected) == NULL)
			fail_msg("%s: %s", rows[i].name, text);
		assert_int_equal(r.errors, rows[i].expected[0] != '\0');
		bs_report_close(&r);
		free(text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(numbers_are_known_and_fit_the_mode) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
