/* SPDX-License-Identifier: Apache-2.0 */
#include "server/dtls/cookie.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "server/base/buf.h"
#include "server/base/secret.h"

#define SEED_LEN 32
#define MAC_LEN 32
#define RANDOM_LEN 32
#define VERSION_FEFF 0xfeff
/* address key and its length, version, random, session id and its length */
#define INPUT_MAX (1 + 32 + 2 + RANDOM_LEN + 1 + 32)

/* The secret of a period of BS_COOKIE_ROTATE_MS is HMAC(seed, number of the period). */
struct bs_cookie_jar {
	EVP_MAC *mac;
	EVP_MAC_CTX *seeded; /* keyed with the seed */
	EVP_MAC_CTX *current, *previous; /* keyed, used again for each cookie */
	uint64_t period;
};

static bool
compute(EVP_MAC_CTX *ctx, const uint8_t *data, size_t len, uint8_t out[MAC_LEN])
{
	size_t n = 0;

	/* No key given: start again with the one it has. */
	return EVP_MAC_init(ctx, NULL, 0, NULL) == 1 && EVP_MAC_update(ctx, data, len) == 1 &&
	       EVP_MAC_final(ctx, out, &n, MAC_LEN) == 1 && n == MAC_LEN;
}

static EVP_MAC_CTX *
keyed(EVP_MAC *mac, const uint8_t *key, size_t len)
{
	char digest[] = "SHA256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(mac);

	if (ctx != NULL && EVP_MAC_init(ctx, key, len, params) != 1) {
		EVP_MAC_CTX_free(ctx);
		ctx = NULL;
	}
	return ctx;
}

/* Key ctx with the secret of a period. */
static bool
set_period(struct bs_cookie_jar *jar, EVP_MAC_CTX *ctx, uint64_t period)
{
	uint8_t number[8], secret[MAC_LEN];
	struct bs_wr w = bs_wr_init(number, sizeof(number));
	bool ok;

	bs_wr_u64(&w, period);
	ok = compute(jar->seeded, number, sizeof(number), secret) && EVP_MAC_init(ctx, secret, MAC_LEN, NULL) == 1;
	bs_wipe(secret, sizeof(secret));
	return ok;
}

static bool
rotate(struct bs_cookie_jar *jar, uint64_t now_ms)
{
	uint64_t period = now_ms / BS_COOKIE_ROTATE_MS;

	if (period == jar->period)
		return true;
	jar->period = period;
	return set_period(jar, jar->current, period) && set_period(jar, jar->previous, period - 1);
}

struct bs_cookie_jar *
bs_cookie_jar_new(bs_random_fn *random, void *arg, uint64_t now_ms)
{
	struct bs_cookie_jar *jar = calloc(1, sizeof(*jar));
	uint8_t seed[SEED_LEN];
	bool ok = false;

	if (jar == NULL)
		return NULL;
	random(arg, seed, sizeof(seed));
	jar->mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	if (jar->mac != NULL) {
		jar->seeded = keyed(jar->mac, seed, sizeof(seed));
		jar->current = keyed(jar->mac, seed, sizeof(seed));
		jar->previous = keyed(jar->mac, seed, sizeof(seed));
		jar->period = UINT64_MAX;
		ok = jar->seeded != NULL && jar->current != NULL && jar->previous != NULL && rotate(jar, now_ms);
	}
	bs_wipe(seed, sizeof(seed));
	if (!ok) {
		bs_cookie_jar_free(jar);
		jar = NULL;
	}
	return jar;
}

void
bs_cookie_jar_free(struct bs_cookie_jar *jar)
{
	if (jar == NULL)
		return;
	EVP_MAC_CTX_free(jar->seeded);
	EVP_MAC_CTX_free(jar->current);
	EVP_MAC_CTX_free(jar->previous);
	EVP_MAC_free(jar->mac);
	free(jar);
}

static size_t
cookie_input(const struct bs_addr *from, const struct bs_hello *hello, uint8_t out[INPUT_MAX])
{
	struct bs_wr w = bs_wr_init(out, INPUT_MAX);
	uint8_t key[32];
	size_t key_len = bs_addr_key(from, key), len = 0;

	bs_wr_u8(&w, (uint8_t)key_len);
	bs_wr_bytes(&w, key, key_len);
	bs_wr_u16(&w, hello->version);
	bs_wr_bytes(&w, hello->random, RANDOM_LEN);
	bs_wr_u8(&w, hello->session_id_len);
	bs_wr_bytes(&w, hello->session_id, hello->session_id_len);
	return bs_wr_done(&w, &len) == BS_OK ? len : 0;
}

enum bs_cookie_verdict
bs_cookie_check(struct bs_cookie_jar *jar, uint64_t now_ms, const struct bs_addr *from, const struct bs_hello *hello)
{
	EVP_MAC_CTX *const contexts[] = { jar->current, jar->previous };
	uint8_t input[INPUT_MAX], mac[MAC_LEN];
	size_t len;

	if (hello->cookie_len == 0)
		return BS_COOKIE_NONE;
	if (hello->cookie_len != BS_COOKIE_LEN || !rotate(jar, now_ms))
		return BS_COOKIE_BAD;
	len = cookie_input(from, hello, input);
	for (size_t i = 0; i < 2; i++)
		if (compute(contexts[i], input, len, mac) && CRYPTO_memcmp(mac, hello->cookie, BS_COOKIE_LEN) == 0)
			return BS_COOKIE_GOOD;
	return BS_COOKIE_BAD;
}

size_t
bs_cookie_answer(struct bs_cookie_jar *jar, uint64_t now_ms, const struct bs_addr *from, const struct bs_hello *hello,
	uint8_t *out, size_t max)
{
	enum { BODY = 2 + 1 + BS_COOKIE_LEN, MESSAGE = 12 + BODY };
	struct bs_wr w = bs_wr_init(out, max);
	uint8_t input[INPUT_MAX], mac[MAC_LEN];
	size_t len = cookie_input(from, hello, input);

	if (!rotate(jar, now_ms) || !compute(jar->current, input, len, mac))
		return 0;
	bs_wr_u8(&w, 22); /* handshake */
	bs_wr_u16(&w, VERSION_FEFF);
	bs_wr_u16(&w, 0); /* epoch */
	bs_wr_u16(&w, (uint16_t)(hello->record_seq >> 32)); /* the number of the hello (RFC 6347, 4.2.1) */
	bs_wr_u32(&w, (uint32_t)hello->record_seq);
	bs_wr_u16(&w, MESSAGE);
	bs_wr_u8(&w, 3); /* hello_verify_request */
	bs_wr_u24(&w, BODY);
	bs_wr_u16(&w, 0); /* message_seq: our first message (RFC 6347, 4.2.2) */
	bs_wr_u24(&w, 0); /* fragment offset and length: in one piece */
	bs_wr_u24(&w, BODY);
	bs_wr_u16(&w, VERSION_FEFF); /* whatever will be negotiated */
	bs_wr_u8(&w, BS_COOKIE_LEN);
	bs_wr_bytes(&w, mac, BS_COOKIE_LEN);
	return bs_wr_done(&w, &len) == BS_OK ? len : 0;
}
