/* SPDX-License-Identifier: Apache-2.0 */
/* Sealing: the cipher against RFC 8452, the sealed form against a context of its own, the master key file. */
#include "tests/unit/db/db_fixture.h"

#include <fcntl.h>

#include <openssl/evp.h>

#include "db/seal.h"

#define WRAPPED BS_SEAL_WRAPPED_LEN

static int
setup(void **state)
{
	*state = fixture_folder();
	return 0;
}

static int
teardown(void **state)
{
	fixture_remove(*state);
	return 0;
}

/* One message with a new context. Returns false when the tag is wrong. out: ciphertext and tag, or plaintext. */
static bool
gcm_siv(int encrypt, const uint8_t *key, const uint8_t *nonce, const void *aad, size_t aad_len, const uint8_t *in,
	size_t in_len, uint8_t *out)
{
	EVP_CIPHER *siv = EVP_CIPHER_fetch(NULL, "AES-256-GCM-SIV", NULL);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	size_t len = encrypt ? in_len : in_len - 16;
	int n;
	bool ok;

	assert_non_null(siv);
	assert_int_equal(EVP_CipherInit_ex2(ctx, siv, key, nonce, encrypt, NULL), 1);
	if (!encrypt)
		assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, 16, (void *)(uintptr_t)(in + len)), 1);
	if (aad_len > 0)
		assert_int_equal(EVP_CipherUpdate(ctx, NULL, &n, aad, (int)aad_len), 1);
	ok = EVP_CipherUpdate(ctx, out, &n, in, (int)len) == 1 && EVP_CipherFinal_ex(ctx, out + len, &n) == 1;
	if (encrypt)
		assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, 16, out + len), 1);
	EVP_CIPHER_CTX_free(ctx);
	EVP_CIPHER_free(siv);
	return ok;
}

/* RFC 8452, appendix C.2 */
static void
cipher_is_that_of_rfc_8452(void **state)
{
	static const struct {
		const char *name, *aad, *plain, *result;
	} rows[] = {
		{ "8 octets", "", "0100000000000000", "c2ef328e5c71c83b 843122130f7364b761e0b97427e3df28" },
		{ "12 octets", "", "010000000000000000000000",
			"9aab2aeb3faa0a34aea8e2b1 8ca50da9ae6559e48fd10f6e5c9ca17e" },
		{ "associated data", "01", "0200000000000000", "1de22967237a8132 91213f267e3b452f02d01ae33e4ec854" },
	};
	uint8_t key[32] = { 1 }, nonce[12] = { 3 }, aad[16], plain[32], out[64];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t aad_len = hex(rows[i].aad, aad, sizeof(aad)), len = hex(rows[i].plain, plain, sizeof(plain));

		assert_true(gcm_siv(1, key, nonce, aad, aad_len, plain, len, out));
		assert_hex(rows[i].name, out, len + 16, rows[i].result);
	}
}

static struct bs_seal *
new_seal(const char *master, uint8_t wrapped[WRAPPED])
{
	struct bs_secret key = secret_of(master);
	struct bs_seal *s = NULL;

	assert_int_equal(bs_seal_new(&key, &s, wrapped), BS_OK);
	return s;
}

#define MASTER "0123456789abcdef0123456789ABCDEF"

/* What was sealed as the n-th message must open with the data key and a context that has seen nothing before. */
static void
each_message_stands_alone(void **state)
{
	uint8_t wrapped[WRAPPED], keys[96], sealed[16 + BS_SEAL_OVERHEAD], plain[16];
	struct bs_seal *s = new_seal(MASTER, wrapped);

	(void)state;
	assert_true(gcm_siv(0, (const uint8_t *)MASTER, wrapped, "meta/wrapped_keys/2", 19, wrapped + 12, 112, keys));
	for (int i = 0; i < 1000; i++) { /* more than one pool of nonces */
		char where[32];

		snprintf(where, sizeof(where), "t.c/%d", i);
		assert_int_equal(bs_seal_encrypt(s, where, "sixteen octets..", 16, sealed), BS_OK);
		assert_true(gcm_siv(0, keys, sealed, where, strlen(where), sealed + 12, 32, plain));
		assert_memory_equal(plain, "sixteen octets..", 16);
	}
	bs_seal_free(s);
}

static void
nonces_differ(void **state)
{
	enum { N = 1000 };
	static uint8_t nonces[N][12];
	uint8_t wrapped[WRAPPED], sealed[1 + BS_SEAL_OVERHEAD];
	struct bs_seal *s = new_seal(MASTER, wrapped);

	(void)state;
	for (int i = 0; i < N; i++) {
		assert_int_equal(bs_seal_encrypt(s, "t", "x", 1, sealed), BS_OK);
		memcpy(nonces[i], sealed, 12);
		for (int k = 0; k < i; k++)
			assert_memory_not_equal(nonces[i], nonces[k], 12);
	}
	bs_seal_free(s);
}

static void
moved_or_changed_does_not_open(void **state)
{
	uint8_t wrapped[WRAPPED], sealed[20 + BS_SEAL_OVERHEAD];
	struct bs_seal *s = new_seal(MASTER, wrapped);
	struct bs_secret out;

	(void)state;
	assert_int_equal(bs_seal_encrypt(s, "psk/42/current", "twenty octets of key", 20, sealed), BS_OK);
	assert_int_equal(bs_seal_decrypt(s, "psk/42/current", sealed, sizeof(sealed), &out), BS_OK);
	assert_int_equal(out.len, 20);
	assert_memory_equal(out.data, "twenty octets of key", 20);
	assert_int_equal(bs_seal_decrypt(s, "psk/43/current", sealed, sizeof(sealed), &out), BS_ECRYPTO);
	assert_int_equal(out.len, 0);
	for (size_t i = 0; i < sizeof(out.data); i++)
		assert_int_equal(out.data[i], 0); /* nothing of the plaintext is left */
	for (size_t i = 0; i < sizeof(sealed); i++) {
		sealed[i] ^= 1;
		assert_int_equal(bs_seal_decrypt(s, "psk/42/current", sealed, sizeof(sealed), &out), BS_ECRYPTO);
		sealed[i] ^= 1;
	}
	for (size_t n = 0; n < sizeof(sealed); n++) {
		uint8_t *copy = exact_copy(sealed, n);

		assert_int_equal(bs_seal_decrypt(s, "psk/42/current", copy, n, &out), BS_ECRYPTO);
		free(copy);
	}
	bs_seal_free(s);
}

static void
lengths_are_bounded(void **state)
{
	static uint8_t big[BS_SECRET_MAX + 1], sealed[BS_SECRET_MAX + 1 + BS_SEAL_OVERHEAD];
	uint8_t wrapped[WRAPPED];
	struct bs_seal *s = new_seal(MASTER, wrapped);
	struct bs_secret out;

	(void)state;
	assert_int_equal(bs_seal_encrypt(s, "t", big, 0, sealed), BS_ERANGE);
	assert_int_equal(bs_seal_encrypt(s, "t", big, BS_SECRET_MAX + 1, sealed), BS_ERANGE);
	assert_int_equal(bs_seal_encrypt(s, "t", big, BS_SECRET_MAX, sealed), BS_OK);
	assert_int_equal(bs_seal_decrypt(s, "t", sealed, BS_SECRET_MAX + BS_SEAL_OVERHEAD, &out), BS_OK);
	assert_int_equal(out.len, BS_SECRET_MAX);
	assert_int_equal(bs_seal_decrypt(s, "t", sealed, sizeof(sealed), &out), BS_ECRYPTO);
	bs_seal_free(s);
}

static void
other_master_key_does_not_open(void **state)
{
	struct bs_secret good = secret_of(MASTER), bad = secret_of("0123456789abcdef0123456789ABCDEf");
	uint8_t wrapped[WRAPPED], hash[2][BS_KEYED_HASH_LEN];
	struct bs_seal *s = new_seal(MASTER, wrapped), *again = NULL;

	(void)state;
	assert_int_equal(bs_seal_open(&bad, wrapped, &again), BS_EMASTERKEY);
	bad.len = 31;
	assert_int_equal(bs_seal_open(&bad, wrapped, &again), BS_EMASTERKEY);
	for (good.len = 31; good.len <= 33; good.len += 2) /* the right octets, but not as many */
		assert_int_equal(bs_seal_open(&good, wrapped, &again), BS_EMASTERKEY);
	good.len = 32;
	assert_int_equal(bs_seal_open(&good, wrapped, &again), BS_OK);
	assert_int_equal(bs_seal_hash(s, "key", "abc", 3, hash[0]), BS_OK);
	assert_int_equal(bs_seal_hash(again, "key", "abc", 3, hash[1]), BS_OK);
	assert_memory_equal(hash[0], hash[1], sizeof(hash[0])); /* the hash key came out of the wrapped form too */
	wrapped[30] ^= 1;
	bs_seal_free(again);
	again = NULL;
	assert_int_equal(bs_seal_open(&good, wrapped, &again), BS_EMASTERKEY);
	assert_null(again);
	bs_seal_free(s);
	bs_seal_free(NULL);
}

static void
hash_is_keyed_and_has_domains(void **state)
{
	uint8_t wrapped[WRAPPED], keys[96], h[4][BS_KEYED_HASH_LEN], mac[32];
	struct bs_seal *s = new_seal(MASTER, wrapped), *t = new_seal(MASTER, (uint8_t[WRAPPED]){ 0 });
	size_t mac_len = 0;

	(void)state;
	assert_int_equal(bs_seal_hash(s, "key", "abc", 3, h[0]), BS_OK);
	assert_int_equal(bs_seal_hash(s, "keya", "bc", 2, h[1]), BS_OK);
	assert_int_equal(bs_seal_hash(t, "key", "abc", 3, h[2]), BS_OK);
	assert_int_equal(bs_seal_hash(s, "key", "abc", 3, h[3]), BS_OK);
	assert_memory_not_equal(h[0], h[1], sizeof(h[0]));
	assert_memory_not_equal(h[0], h[2], sizeof(h[0]));
	assert_memory_equal(h[0], h[3], sizeof(h[0]));
	/* HMAC-SHA256 with the second of the wrapped keys */
	assert_true(gcm_siv(0, (const uint8_t *)MASTER, wrapped, "meta/wrapped_keys/2", 19, wrapped + 12, 112, keys));
	assert_non_null(EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, keys + 32, 32, (const uint8_t *)"key\0abc", 7,
		mac, sizeof(mac), &mac_len));
	assert_memory_equal(h[0], mac, sizeof(h[0]));
	bs_seal_free(s);
	bs_seal_free(t);
}

/* ---- the master key file -------------------------------------------------------------------------------------------- */

static void
write_file(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

#define DIGITS "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1F"

static void
master_key_file_forms(void **state)
{
	static const struct {
		const char *name, *text;
		mode_t mode;
		enum bs_err err;
		const char *word;
	} rows[] = {
		{ "plain", DIGITS, 0600, BS_OK, "" },
		{ "newline", DIGITS "\n", 0400, BS_OK, "" },
		{ "blanks", DIGITS " \r\n\n", 0600, BS_OK, "" },
		{ "readable by the group", DIGITS, 0640, BS_EMASTERKEY, "chmod 600" },
		{ "readable by all", DIGITS, 0644, BS_EMASTERKEY, "chmod 600" },
		{ "writable by others", DIGITS, 0602, BS_EMASTERKEY, "chmod 600" },
		{ "empty", "", 0600, BS_EMASTERKEY, "64 hexadecimal" },
		{ "a digit short", "00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", 0600,
			BS_EMASTERKEY, "64 hexadecimal" },
		{ "a digit long", DIGITS "0", 0600, BS_EMASTERKEY, "64 hexadecimal" },
		{ "blank in front", " " DIGITS, 0600, BS_EMASTERKEY, "64 hexadecimal" },
		{ "two keys", DIGITS "\n" DIGITS "\n", 0600, BS_EMASTERKEY, "64 hexadecimal" },
		{ "no digit", "g00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", 0600, BS_EMASTERKEY,
			"64 hexadecimal" },
	};
	struct db_fixture *fx = *state;
	struct bs_secret key;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum bs_err err;

		fx->diag.text[0] = '\0';
		write_file(fx->key, rows[i].text, rows[i].mode);
		err = bs_master_key_read(fx->key, &key, &fx->diag);
		if (err != rows[i].err || strstr(fx->diag.text, rows[i].word) == NULL)
			fail_msg("%s: %s, \"%s\"", rows[i].name, bs_strerror(err), fx->diag.text);
		assert_null(strstr(fx->diag.text, "0405060708")); /* never the key itself */
		assert_int_equal(key.len, err == BS_OK ? 32 : 0);
		if (err == BS_OK)
			assert_hex(rows[i].name, key.data, 32,
				"000102030405060708090a0b0c0d0e0f 101112131415161718191a1b1c1d1e1f");
	}
	/* What LoadCredential= of systemd leaves: root's alone, with a list for the service user under the mask r. */
	write_file(fx->key, DIGITS, 0440);
	if (geteuid() != 0 || chown(fx->key, 0, 0) != 0) {
		FAILS(BS_EMASTERKEY, bs_master_key_read(fx->key, &key, &fx->diag)); /* not root's */
	} else {
		OK(bs_master_key_read(fx->key, &key, &fx->diag));
		assert_int_equal(chown(fx->key, 0, 1), 0);
		FAILS(BS_EMASTERKEY, bs_master_key_read(fx->key, &key, &fx->diag));
		assert_int_equal(chown(fx->key, 1, 0), 0);
		FAILS(BS_EMASTERKEY, bs_master_key_read(fx->key, &key, &fx->diag));
	}
	unlink(fx->key);
	FAILS(BS_EMASTERKEY, bs_master_key_read(fx->key, &key, &fx->diag));
	FAILS(BS_EMASTERKEY, bs_master_key_read(fx->base, &key, &fx->diag)); /* a folder */
}

static void
master_key_is_made_once(void **state)
{
	struct db_fixture *fx = *state;
	struct bs_secret a, b;
	struct stat sb;
	char other[128];

	snprintf(other, sizeof(other), "%s/other.key", fx->base);
	OK(bs_master_key_make(fx->key, &fx->diag));
	OK(bs_master_key_read(fx->key, &a, &fx->diag));
	assert_int_equal(stat(fx->key, &sb), 0);
	assert_int_equal(sb.st_mode & 0777, 0600);
	FAILS(BS_EEXIST, bs_master_key_make(fx->key, &fx->diag));
	OK(bs_master_key_read(fx->key, &b, &fx->diag));
	assert_true(bs_secret_equal(&a, &b));
	OK(bs_master_key_make(other, &fx->diag));
	OK(bs_master_key_read(other, &b, &fx->diag));
	assert_false(bs_secret_equal(&a, &b));
	FAILS(BS_EIO, bs_master_key_make("/nowhere/master.key", &fx->diag));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cipher_is_that_of_rfc_8452),
		cmocka_unit_test(each_message_stands_alone),
		cmocka_unit_test(nonces_differ),
		cmocka_unit_test(moved_or_changed_does_not_open),
		cmocka_unit_test(lengths_are_bounded),
		cmocka_unit_test(other_master_key_does_not_open),
		cmocka_unit_test(hash_is_keyed_and_has_domains),
		cmocka_unit_test_setup_teardown(master_key_file_forms, setup, teardown),
		cmocka_unit_test_setup_teardown(master_key_is_made_once, setup, teardown),
	};

	return cmocka_run_group_tests_name("seal", tests, NULL, NULL);
}
