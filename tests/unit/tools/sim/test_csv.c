/* SPDX-License-Identifier: Apache-2.0 */
/* The simulator's reading of the operator's import file (RFC 4180). */
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tools/sim/csv.h"

static enum bs_err
load(const char *text, struct sim_rows *rows, struct bs_diag *diag)
{
	char path[] = "/tmp/sim-csv-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	memset(diag, 0, sizeof(*diag));
	enum bs_err err = sim_csv_load(path, rows, diag);
	unlink(path);
	return err;
}

static void
test_rows(void **state)
{
	struct sim_rows rows;
	struct bs_diag diag;

	(void)state;
	assert_int_equal(
		load("\xef\xbb\xbfmode,note,endpoint,psk_key_hex,psk_identity,fleet.psk_key_hex,psk_key_b64\r\n"
		     "psk,\"a, \"\"quoted\"\" note\",dev-1,00FF10,id one,aa,\r\n"
		     "psk,,dev-2,,,bb,AP8Q\r\n"
		     "x509,,dev-3,,,,\r\n",
			&rows, &diag),
		BS_OK);
	assert_int_equal(rows.count, 3);
	assert_string_equal(rows.v[0].endpoint, "dev-1");
	assert_string_equal(rows.v[0].psk_identity, "id one");
	assert_hex("hexadecimal", rows.v[0].psk.data, rows.v[0].psk.len, "00ff10");
	assert_string_equal(rows.v[1].psk_identity, "dev-2");
	assert_hex("base64", rows.v[1].psk.data, rows.v[1].psk.len, "00ff10");
	assert_string_equal(sim_rows_find(&rows, "dev-3")->mode, "x509");
	assert_int_equal(rows.v[2].psk.len, 0);
	assert_null(sim_rows_find(&rows, "dev-4"));
	sim_rows_clear(&rows);
}

static void
test_bad_files(void **state)
{
	static const struct row {
		const char *name, *text;
		unsigned line;
	} bad[] = {
		{ "an odd digit", "endpoint,mode,psk_key_hex\ndev-1,psk,00\ndev-2,psk,000\n", 3 },
		{ "no endpoint", "endpoint,mode\n,psk\n", 2 },
		{ "no mode column", "endpoint\ndev-1\n", 2 },
		{ "a quote left open", "endpoint,mode\ndev-1,\"psk\n", 2 },
	};
	struct sim_rows rows;
	struct bs_diag diag;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		print_message("%s\n", bad[i].name);
		assert_int_not_equal(load(bad[i].text, &rows, &diag), BS_OK);
		assert_int_equal(diag.line, bad[i].line);
		assert_int_equal(rows.count, 0);
	}
	assert_int_equal(sim_csv_load("/nonexistent/file", &rows, &diag), BS_EIO);
}

/* Octets behind base64 "AP8Q" are 00 ff 10 (RFC 4648). */
static void
test_expected(void **state)
{
	struct sim_rows rows;
	struct bs_diag diag;

	(void)state;
	assert_int_equal(load("endpoint,mode,a.psk_identity,a.psk_key_hex,b.c.rpk_private_b64,d.cert_b64,d.private_b64,"
			      "a.sms_mode,psk_key_hex\n"
			      "dev-1,psk,id one,0a0b,AP8Q,,,sps,11\n"
			      "dev-2,psk,,,,AP8Q,AP8Q,,22\n",
				 &rows, &diag),
		BS_OK);
	assert_int_equal(rows.v[0].expected_count, 2);
	assert_hex("the device's own key", rows.v[0].psk.data, rows.v[0].psk.len, "11");
	assert_string_equal(rows.v[0].expected[0].server, "a");
	assert_string_equal(rows.v[0].expected[0].psk_identity, "id one");
	assert_hex("psk of a", rows.v[0].expected[0].psk.data, rows.v[0].expected[0].psk.len, "0a0b");
	assert_string_equal(rows.v[0].expected[1].server, "b.c");
	const struct bs_secret *key = &rows.v[0].expected[1].private_key;
	assert_hex("private key of b.c", key->data, key->len, "00ff10");
	assert_int_equal(rows.v[1].expected_count, 1);
	assert_string_equal(rows.v[1].expected[0].server, "d");
	const struct bs_blob *cert = &rows.v[1].expected[0].cert;
	assert_hex("certificate of d", cert->data, cert->len, "00ff10");
	sim_rows_clear(&rows);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_rows), cmocka_unit_test(test_expected),
		cmocka_unit_test(test_bad_files) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
