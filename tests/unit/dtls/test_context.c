/* SPDX-License-Identifier: Apache-2.0 */
/* What the configuration may say, and that mistakes name the option and the file. */
#include "tests/lib/test.h"

#include "server/base/text.h"
#include "server/dtls/context.h"
#include "server/dtls/credential.h"
#include "tests/lib/dtls_world.h"

static struct pki_cert server, other, weak;
static const char *cert_file, *key_file, *other_key_file, *weak_cert_file, *weak_key_file, *text_file;

static int
setup_group(void **state)
{
	const struct pki_options for_weak = { .curve = "P-192" };

	(void)state;
	pki_make(&server, "localhost", NULL, NULL);
	pki_make(&other, "localhost", NULL, NULL);
	pki_make(&weak, "localhost", NULL, &for_weak);
	cert_file = pki_write_cert(&server);
	key_file = pki_write_key(&server);
	other_key_file = pki_write_key(&other);
	weak_cert_file = pki_write_cert(&weak);
	weak_key_file = pki_write_key(&weak);
	text_file = pki_write_text("no PEM\n");
	return 0;
}

static int
teardown_group(void **state)
{
	(void)state;
	pki_clear(&server);
	pki_clear(&other);
	pki_clear(&weak);
	pki_remove_files();
	return 0;
}

static enum bs_err
try(const struct bs_dtls_conf *conf, struct bs_diag *diag)
{
	const struct bs_credential_lookup lookup = { 0 };
	struct bs_dtls_ctx *ctx = NULL;
	enum bs_err err;

	*diag = (struct bs_diag){ 0 };
	err = bs_dtls_ctx_new(conf, &lookup, &ctx, diag);
	assert_int_equal(err == BS_OK, ctx != NULL);
	assert_int_equal(diag->err, err);
	bs_dtls_ctx_free(ctx);
	return err;
}

static void
lists_are_checked(void **state)
{
	static const struct {
		struct bs_dtls_conf conf;
		enum bs_err err;
		const char *words; /* in the message */
	} rows[] = {
		{ { 0 }, BS_OK, "" },
		{ { .ciphers = "ECDHE-PSK-AES128-CBC-SHA256" }, BS_OK, "" },
		{ { .ciphers = "PSK-AES128-CCM8:PSK-AES128-CCM9" }, BS_EFORMAT, "PSK-AES128-CCM9" },
		{ { .ciphers = "nonsense" }, BS_EFORMAT, "nonsense" },
		{ { .ciphers = "PSK-NULL-SHA256" }, BS_EREFUSED, "PSK-NULL-SHA256" },
		{ { .ciphers = "ADH-AES128-SHA256" }, BS_EREFUSED, "ADH-AES128-SHA256" },
		{ { .ciphers = "AES128-SHA256" }, BS_EREFUSED, "AES128-SHA256" },
		{ { .groups = "X25519" }, BS_OK, "" },
		{ { .groups = "P-256:P-192" }, BS_EREFUSED, "192" },
		{ { .groups = "P-257" }, BS_EFORMAT, "P-257" },
		{ { .sigalgs = "ECDSA+SHA256" }, BS_OK, "" },
		{ { .sigalgs = "ECDSA+SHA256:ECDSA+SHA1" }, BS_EREFUSED, "SHA1" },
		{ { .sigalgs = "ECDSA+SHA257" }, BS_EFORMAT, "SHA257" },
		{ { .mtu = 100 }, BS_ERANGE, "mtu" },
		{ { .timeout_ms = 60001 }, BS_ERANGE, "timer" },
	};
	struct bs_diag diag;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum bs_err err = try(&rows[i].conf, &diag);

		if (err != rows[i].err || strstr(diag.text, rows[i].words) == NULL)
			fail_msg("row %zu: %s: %s", i, bs_strerror(err), diag.text);
	}
}

static void
files_are_checked(void **state)
{
	const struct {
		struct bs_dtls_identity identity;
		const char *anchor, *crl;
		enum bs_err err;
		const char *option, *file;
	} rows[] = {
		{ { cert_file, key_file, NULL, NULL }, cert_file, NULL, BS_OK, "", "" },
		{ { cert_file, key_file, other_key_file, NULL }, NULL, NULL, BS_OK, "", "" },
		{ { NULL, NULL, key_file, NULL }, NULL, NULL, BS_OK, "", "" },
		{ { NULL, NULL, NULL, NULL }, NULL, NULL, BS_EFORMAT, "certificate", "raw-key" },
		{ { cert_file, NULL, NULL, NULL }, NULL, NULL, BS_EFORMAT, "private-key", cert_file },
		{ { cert_file, other_key_file, NULL, NULL }, NULL, NULL, BS_EREFUSED, "private-key", other_key_file },
		{ { "/nowhere", key_file, NULL, NULL }, NULL, NULL, BS_EIO, "certificate", "/nowhere" },
		{ { text_file, key_file, NULL, NULL }, NULL, NULL, BS_EFORMAT, "certificate", text_file },
		{ { cert_file, text_file, NULL, NULL }, NULL, NULL, BS_EFORMAT, "private-key", text_file },
		{ { cert_file, key_file, text_file, NULL }, NULL, NULL, BS_EFORMAT, "raw-key", text_file },
		{ { weak_cert_file, weak_key_file, NULL, NULL }, NULL, NULL, BS_EREFUSED, "private-key",
			weak_key_file },
		{ { NULL, NULL, weak_key_file, NULL }, NULL, NULL, BS_EREFUSED, "raw-key", weak_key_file },
		{ { cert_file, key_file, NULL, NULL }, text_file, NULL, BS_EFORMAT, "trust-anchors", text_file },
		{ { cert_file, key_file, NULL, NULL }, "/nowhere", NULL, BS_EIO, "trust-anchors", "/nowhere" },
		{ { cert_file, key_file, NULL, NULL }, NULL, text_file, BS_EFORMAT, "crls", text_file },
		{ { cert_file, key_file, NULL, NULL }, NULL, cert_file, BS_EFORMAT, "crls", cert_file },
		{ { "/", key_file, NULL, NULL }, NULL, NULL, BS_EIO, "certificate", "/" },
	};
	struct bs_diag diag;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct bs_dtls_conf conf = {
			.identities = &rows[i].identity,
			.identity_count = 1,
			.trust_anchors = &rows[i].anchor,
			.trust_anchor_count = rows[i].anchor != NULL,
			.crls = &rows[i].crl,
			.crl_count = rows[i].crl != NULL,
		};
		enum bs_err err = try(&conf, &diag);

		if (err != rows[i].err || strstr(diag.text, rows[i].option) == NULL ||
			strstr(diag.text, rows[i].file) == NULL)
			fail_msg("row %zu: %s: %s", i, bs_strerror(err), diag.text);
	}
}

static void
a_failed_reload_keeps_the_old(void **state)
{
	const struct bs_credential_lookup lookup = { 0 };
	const struct bs_dtls_identity good = { cert_file, key_file, NULL, NULL },
				      bad = { cert_file, other_key_file, NULL, NULL };
	struct bs_dtls_conf conf = { .identities = &good, .identity_count = 1 };
	struct bs_dtls_ctx *ctx = NULL;
	struct bs_diag diag;

	(void)state;
	assert_int_equal(bs_dtls_ctx_new(&conf, &lookup, &ctx, &diag), BS_OK);
	conf.identities = &bad;
	for (int i = 0; i < 3; i++)
		assert_int_equal(world_ctx_reload(ctx, &conf, &diag), BS_EREFUSED);
	conf.identities = &good;
	assert_int_equal(world_ctx_reload(ctx, &conf, &diag), BS_OK);
	bs_dtls_ctx_free(ctx);
}

static void
the_library_has_raw_public_keys(void **state)
{
	(void)state;
	assert_true(bs_dtls_library_is_good());
	assert_memory_equal(bs_dtls_library(), "OpenSSL 3.", 10);
}

/* It may hold the endpoint name of a device, quoted, and goes to the journal. */
static void
a_reason_is_cut_where_a_character_ends(void **state)
{
	char name[401] = "";

	(void)state;
	for (size_t i = 0; i + 2 < sizeof(name); i += 2)
		memcpy(name + i, "\xc3\xa9", 3);
	for (size_t shift = 0; shift < 2; shift++) {
		struct bs_handshake hs = { 0 };

		bs_handshake_fail(&hs, BS_OUT_ENDPOINT_MISMATCH, "%s%s", shift > 0 ? "a" : "", name);
		assert_true(strlen(hs.detail) > sizeof(hs.detail) - 4);
		assert_true(bs_utf8_valid(hs.detail, strlen(hs.detail)));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_are_checked),
		cmocka_unit_test(a_reason_is_cut_where_a_character_ends),
		cmocka_unit_test(files_are_checked),
		cmocka_unit_test(a_failed_reload_keeps_the_old),
		cmocka_unit_test(the_library_has_raw_public_keys),
	};

	return cmocka_run_group_tests(tests, setup_group, teardown_group);
}
