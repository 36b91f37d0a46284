/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ctl/device/cardkey.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <string.h>

static const EVP_CIPHER *
aes_cbc(size_t key_len)
{
	return key_len == 16 ? EVP_aes_128_cbc() : key_len == 24 ? EVP_aes_192_cbc() : EVP_aes_256_cbc();
}

static bool
is_aes_key(size_t len)
{
	return len == 16 || len == 24 || len == 32;
}

enum bs_err
bs_cardkey_decrypt(const struct bs_secret *key, const uint8_t iv[BS_CARDKEY_BLOCK], enum bs_cardkey_padding padding,
	const struct bs_secret *in, struct bs_secret *out)
{
	EVP_CIPHER_CTX *ctx;
	enum bs_err err = BS_ECRYPTO;
	int n = 0, rest = 0;

	out->len = 0;
	if (!is_aes_key(key->len))
		return BS_EUNSUPPORTED;
	if (in->len == 0 || in->len % BS_CARDKEY_BLOCK != 0)
		return BS_ERANGE;
	ctx = EVP_CIPHER_CTX_new();
	if (ctx != NULL && EVP_DecryptInit_ex2(ctx, aes_cbc(key->len), key->data, iv, NULL) == 1 &&
		EVP_CIPHER_CTX_set_padding(ctx, padding == BS_CARDKEY_PKCS7) == 1 &&
		EVP_DecryptUpdate(ctx, out->data, &n, in->data, (int)in->len) == 1)
		err = EVP_DecryptFinal_ex(ctx, out->data + n, &rest) == 1 ? BS_OK : BS_EFORMAT;
	EVP_CIPHER_CTX_free(ctx); /* wipes its copy of the key */
	if (err == BS_OK)
		out->len = (size_t)(n + rest);
	else
		bs_wipe(out->data, in->len + BS_CARDKEY_BLOCK);
	return err;
}

/* One block of the octet fill, encrypted. */
static enum bs_err
encrypt_block(const EVP_CIPHER *cipher, const struct bs_secret *key, int fill, uint8_t out[BS_CARDKEY_BLOCK])
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t block[BS_CARDKEY_BLOCK];
	int n = 0;
	bool good;

	memset(block, fill, sizeof(block));
	good = ctx != NULL && EVP_EncryptInit_ex2(ctx, cipher, key->data, NULL, NULL) == 1 &&
	       EVP_CIPHER_CTX_set_padding(ctx, 0) == 1 && EVP_EncryptUpdate(ctx, out, &n, block, sizeof(block)) == 1 &&
	       n == BS_CARDKEY_BLOCK;
	EVP_CIPHER_CTX_free(ctx);
	return good ? BS_OK : BS_ECRYPTO;
}

static enum bs_err
cmac(const struct bs_secret *key, uint8_t out[BS_CARDKEY_BLOCK])
{
	static const uint8_t zeros[BS_CARDKEY_BLOCK];
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(
			OSSL_MAC_PARAM_CIPHER, (char *)EVP_CIPHER_get0_name(aes_cbc(key->len)), 0),
		OSSL_PARAM_construct_end(),
	};
	size_t len = 0;

	if (EVP_Q_mac(NULL, "CMAC", NULL, NULL, params, key->data, key->len, zeros, sizeof(zeros), out,
		    BS_CARDKEY_BLOCK, &len) == NULL ||
		len != BS_CARDKEY_BLOCK)
		return BS_ECRYPTO;
	return BS_OK;
}

static enum bs_err
triple_des_block(const struct bs_secret *key, uint8_t out[BS_CARDKEY_BLOCK])
{
	if (key->len != 16 && key->len != 24)
		return BS_EUNSUPPORTED;
	return encrypt_block(key->len == 16 ? EVP_des_ede() : EVP_des_ede3_ecb(), key, 0, out);
}

static enum bs_err
aes_block(const struct bs_secret *key, int fill, uint8_t out[BS_CARDKEY_BLOCK])
{
	return encrypt_block(key->len == 16   ? EVP_aes_128_ecb()
			     : key->len == 24 ? EVP_aes_192_ecb()
					      : EVP_aes_256_ecb(),
		key, fill, out);
}

enum bs_err
bs_cardkey_check_value(
	const struct bs_secret *key, bool triple_des, enum bs_cardkey_check kind, uint8_t out[BS_CARDKEY_CHECK_MAX])
{
	uint8_t block[BS_CARDKEY_BLOCK] = { 0 };
	enum bs_err err;

	if (!is_aes_key(key->len) || (triple_des && kind != BS_CARDKEY_ZEROS))
		return BS_EUNSUPPORTED;
	if (triple_des)
		err = triple_des_block(key, block);
	else if (kind == BS_CARDKEY_CMAC)
		err = cmac(key, block);
	else
		err = aes_block(key, kind == BS_CARDKEY_ONES ? 1 : 0, block);
	memcpy(out, block, BS_CARDKEY_CHECK_MAX);
	bs_wipe(block, sizeof(block));
	return err;
}
