/* SPDX-License-Identifier: Apache-2.0 */
#include "server/base/secret.h"

#include <string.h>

#include <openssl/crypto.h>

enum bs_err
bs_secret_set(struct bs_secret *s, const void *data, size_t len)
{
	bs_secret_clear(s);
	if (len > BS_SECRET_MAX)
		return BS_ERANGE;
	if (len > 0)
		memcpy(s->data, data, len);
	s->len = len;
	return BS_OK;
}

bool
bs_secret_equal(const struct bs_secret *a, const struct bs_secret *b)
{
	return a->len == b->len && CRYPTO_memcmp(a->data, b->data, a->len) == 0;
}

void
bs_secret_clear(struct bs_secret *s)
{
	OPENSSL_cleanse(s, sizeof(*s));
}

void
bs_wipe(void *data, size_t len)
{
	OPENSSL_cleanse(data, len);
}
