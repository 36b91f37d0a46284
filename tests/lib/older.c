/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/older.h"

#include <string.h>

#include <openssl/evp.h>
#include <sqlite3.h>

#include "db/seal.h"

#define NONCE 12
#define TAG 16

/* AES-256-GCM-SIV; in and out without nonce, the sealed one with its tag. */
static bool
gcm_siv(int encrypt, const uint8_t key[32], const uint8_t *nonce, const char *where, const uint8_t *in, int len,
	uint8_t *out)
{
	EVP_CIPHER *siv = EVP_CIPHER_fetch(NULL, "AES-256-GCM-SIV", NULL);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t tag[TAG];
	int n;
	bool ok;

	if (!encrypt)
		memcpy(tag, in + len, TAG);
	ok = EVP_CipherInit_ex2(ctx, siv, key, nonce, encrypt, NULL) == 1 &&
	     (encrypt || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG, tag) == 1) &&
	     EVP_CipherUpdate(ctx, NULL, &n, (const uint8_t *)where, (int)strlen(where)) == 1 &&
	     EVP_CipherUpdate(ctx, out, &n, in, len) == 1 && EVP_CipherFinal_ex(ctx, out + len, &n) == 1 &&
	     (!encrypt || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG, out + len) == 1);
	EVP_CIPHER_CTX_free(ctx);
	EVP_CIPHER_free(siv);
	return ok;
}

static bool
rewrap(const struct bs_secret *master, const uint8_t *now, uint8_t *then)
{
	uint8_t keys[3 * BS_SEAL_KEY_LEN];

	memcpy(then, now, NONCE);
	return gcm_siv(0, master->data, now, "meta/wrapped_keys/2", now + NONCE, 3 * BS_SEAL_KEY_LEN, keys) &&
	       gcm_siv(1, master->data, then, "meta/wrapped_keys", keys, 2 * BS_SEAL_KEY_LEN, then + NONCE);
}

bool
older_keys(const char *master_key_file, const char *file)
{
	uint8_t then[BS_SEAL_WRAPPED_OLD_LEN];
	struct bs_secret master = { 0 };
	struct bs_diag diag;
	sqlite3 *db = NULL;
	sqlite3_stmt *get = NULL, *put = NULL;
	bool ok = bs_master_key_read(master_key_file, &master, &diag) == BS_OK &&
		  sqlite3_open(file, &db) == SQLITE_OK &&
		  sqlite3_prepare_v2(db, "SELECT value FROM meta WHERE key = 'wrapped_keys'", -1, &get, NULL) ==
			  SQLITE_OK &&
		  sqlite3_step(get) == SQLITE_ROW && sqlite3_column_bytes(get, 0) == BS_SEAL_WRAPPED_LEN &&
		  rewrap(&master, sqlite3_column_blob(get, 0), then);

	sqlite3_finalize(get);
	ok = ok &&
	     sqlite3_prepare_v2(db, "UPDATE meta SET value = ?1 WHERE key = 'wrapped_keys'", -1, &put, NULL) ==
		     SQLITE_OK &&
	     sqlite3_bind_blob(put, 1, then, sizeof(then), SQLITE_STATIC) == SQLITE_OK &&
	     sqlite3_step(put) == SQLITE_DONE &&
	     sqlite3_exec(db, "DELETE FROM meta WHERE key = 'root'", NULL, NULL, NULL) == SQLITE_OK;
	sqlite3_finalize(put);
	sqlite3_close(db);
	return ok;
}
