/* SPDX-License-Identifier: Apache-2.0 */
#include "db/seal.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "server/base/random.h"
#include "server/base/text.h"

#define NONCE_LEN 12
#define TAG_LEN 16
#define NONCES 340 /* in the pool: one call of the generator costs as much as ten values sealed */
#define WRAP_WHERE "meta/wrapped_keys/2"

/*
 * One key of AES-256-GCM-SIV. The context is reset for each message: with this cipher OpenSSL (3.5.9) keeps the associated
 * data of the last message, also when it is given key and nonce anew, and what it seals then opens nowhere else.
 */
struct cipher {
	EVP_CIPHER *siv;
	EVP_CIPHER_CTX *ctx;
	uint8_t key[BS_SEAL_KEY_LEN];
};

struct bs_seal {
	struct cipher data;
	EVP_MAC_CTX *mac;
	struct {
		EVP_MAC_CTX *mac;
		bool bad; /* a step since bs_seal_rows_begin failed */
	} rows[BS_SEAL_LANES];
	size_t nonces_left;
	uint8_t nonces[NONCES * NONCE_LEN];
};

static void
cipher_clear(struct cipher *c)
{
	EVP_CIPHER_CTX_free(c->ctx); /* cleanses the key */
	EVP_CIPHER_free(c->siv);
	bs_wipe(c, sizeof(*c));
}

static enum bs_err
cipher_init(struct cipher *c, const uint8_t key[BS_SEAL_KEY_LEN])
{
	c->siv = EVP_CIPHER_fetch(NULL, "AES-256-GCM-SIV", NULL);
	c->ctx = EVP_CIPHER_CTX_new();
	memcpy(c->key, key, sizeof(c->key));
	return c->siv != NULL && c->ctx != NULL ? BS_OK : BS_ECRYPTO;
}

static bool
cipher_start(struct cipher *c, const uint8_t *nonce, int encrypt)
{
	return EVP_CIPHER_CTX_reset(c->ctx) == 1 &&
	       EVP_CipherInit_ex2(c->ctx, c->siv, c->key, nonce, encrypt, NULL) == 1;
}

/* sealed: nonce (given), then room for ciphertext and tag. */
static enum bs_err
cipher_seal(struct cipher *c, const char *where, const void *plain, size_t len, uint8_t *sealed)
{
	uint8_t *text = sealed + NONCE_LEN;
	int n;

	if (len == 0 || !cipher_start(c, sealed, 1) ||
		EVP_EncryptUpdate(c->ctx, NULL, &n, (const uint8_t *)where, (int)strlen(where)) != 1 ||
		EVP_EncryptUpdate(c->ctx, text, &n, plain, (int)len) != 1 || n != (int)len ||
		EVP_EncryptFinal_ex(c->ctx, text + len, &n) != 1 ||
		EVP_CIPHER_CTX_ctrl(c->ctx, EVP_CTRL_AEAD_GET_TAG, TAG_LEN, text + len) != 1)
		return BS_ECRYPTO;
	return BS_OK;
}

static enum bs_err
cipher_open(struct cipher *c, const char *where, const uint8_t *sealed, size_t sealed_len, uint8_t *plain)
{
	const uint8_t *text = sealed + NONCE_LEN;
	size_t len = sealed_len - BS_SEAL_OVERHEAD;
	uint8_t tag[TAG_LEN];
	int n;

	memcpy(tag, text + len, TAG_LEN);
	if (!cipher_start(c, sealed, 0) || EVP_CIPHER_CTX_ctrl(c->ctx, EVP_CTRL_AEAD_SET_TAG, TAG_LEN, tag) != 1 ||
		EVP_DecryptUpdate(c->ctx, NULL, &n, (const uint8_t *)where, (int)strlen(where)) != 1 ||
		EVP_DecryptUpdate(c->ctx, plain, &n, text, (int)len) != 1 || n != (int)len ||
		EVP_DecryptFinal_ex(c->ctx, plain + len, &n) != 1)
		return BS_ECRYPTO;
	return BS_OK;
}

static enum bs_err
mac_init(EVP_MAC *hmac, const uint8_t key[BS_SEAL_KEY_LEN], EVP_MAC_CTX **out)
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char[]){ "SHA256" }, 0),
		OSSL_PARAM_construct_end(),
	};

	*out = hmac != NULL ? EVP_MAC_CTX_new(hmac) : NULL;
	return *out != NULL && EVP_MAC_init(*out, key, BS_SEAL_KEY_LEN, params) == 1 ? BS_OK : BS_ECRYPTO;
}

/* keys: data key, hash key, row key. */
static enum bs_err
seal_init(struct bs_seal *s, const uint8_t keys[3 * BS_SEAL_KEY_LEN])
{
	EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	enum bs_err err = cipher_init(&s->data, keys);

	if (err == BS_OK)
		err = mac_init(hmac, keys + BS_SEAL_KEY_LEN, &s->mac);
	for (size_t i = 0; i < BS_SEAL_LANES && err == BS_OK; i++)
		err = mac_init(hmac, keys + 2 * BS_SEAL_KEY_LEN, &s->rows[i].mac);
	EVP_MAC_free(hmac);
	return err;
}

static enum bs_err
wrap_keys(struct cipher *wrap, const uint8_t *keys, uint8_t wrapped[BS_SEAL_WRAPPED_LEN])
{
	bs_random_system(NULL, wrapped, NONCE_LEN);
	return cipher_seal(wrap, WRAP_WHERE, keys, 3 * BS_SEAL_KEY_LEN, wrapped);
}

/* have NULL: new keys. wrapped NULL: they need not be wrapped anew. */
static enum bs_err
make_seal(const struct bs_secret *master, const uint8_t *have, struct bs_seal **out, uint8_t *wrapped)
{
	uint8_t keys[3 * BS_SEAL_KEY_LEN];
	struct cipher wrap = { 0 };
	struct bs_seal *s = calloc(1, sizeof(*s));
	enum bs_err err = s == NULL ? BS_ENOMEM : master->len == BS_SEAL_KEY_LEN ? BS_OK : BS_EMASTERKEY;

	if (err == BS_OK)
		err = cipher_init(&wrap, master->data);
	if (err == BS_OK && have == NULL)
		bs_random_system(NULL, keys, sizeof(keys));
	else if (err == BS_OK && cipher_open(&wrap, WRAP_WHERE, have, BS_SEAL_WRAPPED_LEN, keys) != BS_OK)
		err = BS_EMASTERKEY;
	if (err == BS_OK && wrapped != NULL)
		err = wrap_keys(&wrap, keys, wrapped);
	if (err == BS_OK)
		err = seal_init(s, keys);
	if (err == BS_OK) {
		*out = s;
		s = NULL;
	}
	bs_wipe(keys, sizeof(keys));
	cipher_clear(&wrap);
	bs_seal_free(s);
	return err;
}

enum bs_err
bs_seal_new(const struct bs_secret *master, struct bs_seal **out, uint8_t wrapped[BS_SEAL_WRAPPED_LEN])
{
	return make_seal(master, NULL, out, wrapped);
}

enum bs_err
bs_seal_open(const struct bs_secret *master, const uint8_t wrapped[BS_SEAL_WRAPPED_LEN], struct bs_seal **out)
{
	return make_seal(master, wrapped, out, NULL);
}

void
bs_seal_free(struct bs_seal *s)
{
	if (s == NULL)
		return;
	cipher_clear(&s->data);
	EVP_MAC_CTX_free(s->mac);
	for (size_t i = 0; i < BS_SEAL_LANES; i++)
		EVP_MAC_CTX_free(s->rows[i].mac);
	bs_wipe(s, sizeof(*s));
	free(s);
}

static void
take_nonce(struct bs_seal *s, uint8_t *out)
{
	if (s->nonces_left == 0) {
		bs_random_system(NULL, s->nonces, sizeof(s->nonces));
		s->nonces_left = NONCES;
	}
	s->nonces_left--;
	memcpy(out, s->nonces + s->nonces_left * NONCE_LEN, NONCE_LEN);
}

enum bs_err
bs_seal_encrypt(struct bs_seal *s, const char *where, const void *secret, size_t len, uint8_t *out)
{
	if (len == 0 || len > BS_SECRET_MAX)
		return BS_ERANGE;
	take_nonce(s, out);
	return cipher_seal(&s->data, where, secret, len, out);
}

enum bs_err
bs_seal_decrypt(struct bs_seal *s, const char *where, const uint8_t *sealed, size_t sealed_len, struct bs_secret *out)
{
	enum bs_err err;

	bs_secret_clear(out);
	if (sealed_len <= BS_SEAL_OVERHEAD || sealed_len - BS_SEAL_OVERHEAD > BS_SECRET_MAX)
		return BS_ECRYPTO;
	err = cipher_open(&s->data, where, sealed, sealed_len, out->data);
	if (err == BS_OK)
		out->len = sealed_len - BS_SEAL_OVERHEAD;
	else
		bs_secret_clear(out); /* SIV deciphers before it can check: what came out must not stay */
	return err;
}

enum bs_err
bs_seal_hash(struct bs_seal *s, const char *kind, const void *data, size_t len, uint8_t out[BS_KEYED_HASH_LEN])
{
	uint8_t full[32];
	size_t n = 0;
	enum bs_err err = BS_ECRYPTO;

	/* The NUL of kind goes in too, so that no kind with its data reads as another kind with other data. */
	if (EVP_MAC_init(s->mac, NULL, 0, NULL) == 1 &&
		EVP_MAC_update(s->mac, (const uint8_t *)kind, strlen(kind) + 1) == 1 &&
		EVP_MAC_update(s->mac, data, len) == 1 && EVP_MAC_final(s->mac, full, &n, sizeof(full)) == 1 &&
		n == sizeof(full)) {
		memcpy(out, full, BS_KEYED_HASH_LEN);
		err = BS_OK;
	}
	bs_wipe(full, sizeof(full));
	return err;
}

void
bs_seal_rows_begin(struct bs_seal *s, enum bs_seal_lane lane)
{
	s->rows[lane].bad = EVP_MAC_init(s->rows[lane].mac, NULL, 0, NULL) != 1;
}

void
bs_seal_rows_add(struct bs_seal *s, enum bs_seal_lane lane, const void *data, size_t len)
{
	s->rows[lane].bad = s->rows[lane].bad || EVP_MAC_update(s->rows[lane].mac, data, len) != 1;
}

enum bs_err
bs_seal_rows_end(struct bs_seal *s, enum bs_seal_lane lane, uint8_t out[BS_KEYED_HASH_LEN])
{
	uint8_t full[32];
	size_t n = 0;

	if (s->rows[lane].bad || EVP_MAC_final(s->rows[lane].mac, full, &n, sizeof(full)) != 1 || n != sizeof(full))
		return BS_ECRYPTO;
	memcpy(out, full, BS_KEYED_HASH_LEN);
	return BS_OK;
}

/* ---- the master key file -------------------------------------------------------------------------------------------- */

/*
 * systemd's LoadCredential= leaves a file of root's, mode 0400, and lets the service user in by an access control list,
 * whose mask stands where the group's rights do. Without such a list those rights are those of root's group.
 */
static bool
is_credential(const struct stat *st)
{
	return st->st_uid == 0 && st->st_gid == 0 && (st->st_mode & 0777) == 0440;
}

static enum bs_err
check_file(int fd, const char *file, struct bs_diag *diag)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return bs_diag_set(diag, BS_EMASTERKEY, 0, "%s: %s", file, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return bs_diag_set(diag, BS_EMASTERKEY, 0, "%s: the master key must be a regular file", file);
	if ((st.st_mode & 077) != 0 && !is_credential(&st))
		return bs_diag_set(diag, BS_EMASTERKEY, 0,
			"%s: others than its owner have rights on the master key (mode %03o); chmod 600 %s", file,
			(unsigned)st.st_mode & 0777, file);
	return BS_OK;
}

static enum bs_err
parse_master(const char *text, size_t len, const char *file, struct bs_secret *out, struct bs_diag *diag)
{
	size_t n = 0;

	while (len > 0 && isspace((unsigned char)text[len - 1]))
		len--;
	if (len != 2 * BS_SEAL_KEY_LEN || bs_hex_decode(text, len, out->data, BS_SEAL_KEY_LEN, &n) != BS_OK)
		return bs_diag_set(diag, BS_EMASTERKEY, 0, "%s: a master key is 64 hexadecimal digits", file);
	out->len = n;
	return BS_OK;
}

enum bs_err
bs_master_key_read(const char *file, struct bs_secret *out, struct bs_diag *diag)
{
	char text[2 * BS_SEAL_KEY_LEN + 64];
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = -1;
	enum bs_err err;

	bs_secret_clear(out);
	if (fd < 0)
		return bs_diag_set(diag, BS_EMASTERKEY, 0,
			"%s: %s; without the master key the secrets of the store cannot be read", file,
			strerror(errno));
	err = check_file(fd, file, diag);
	if (err == BS_OK) {
		n = read(fd, text, sizeof(text));
		if (n < 0)
			err = bs_diag_set(diag, BS_EMASTERKEY, 0, "%s: %s", file, strerror(errno));
	}
	if (err == BS_OK)
		err = parse_master(text, (size_t)n, file, out, diag);
	if (err != BS_OK)
		bs_secret_clear(out);
	bs_wipe(text, sizeof(text));
	close(fd);
	return err;
}

static bool
write_all(int fd, const char *text, size_t len)
{
	return write(fd, text, len) == (ssize_t)len && fsync(fd) == 0;
}

enum bs_err
bs_master_key_make(const char *file, struct bs_diag *diag)
{
	uint8_t key[BS_SEAL_KEY_LEN];
	char text[2 * BS_SEAL_KEY_LEN + 1];
	int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	enum bs_err err = BS_OK;

	if (fd < 0)
		return bs_diag_set(diag, errno == EEXIST ? BS_EEXIST : BS_EIO, 0, "%s: %s", file, strerror(errno));
	bs_random_system(NULL, key, sizeof(key));
	bs_hex_encode(key, sizeof(key), text);
	text[2 * BS_SEAL_KEY_LEN] = '\n';
	if (!write_all(fd, text, sizeof(text))) {
		err = bs_diag_set(diag, BS_EIO, 0, "%s: %s", file, strerror(errno));
		unlink(file); /* half a key is worse than none */
	}
	close(fd);
	bs_wipe(key, sizeof(key));
	bs_wipe(text, sizeof(text));
	return err;
}
