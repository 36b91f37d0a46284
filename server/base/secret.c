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

/* explicit_bzero, which no compiler leaves out either: OPENSSL_cleanse goes by 8 octets, and a secret has 2,568. */
void
bs_secret_clear(struct bs_secret *s)
{
	explicit_bzero(s, sizeof(*s));
}

void
bs_wipe(void *data, size_t len)
{
	explicit_bzero(data, len);
}
