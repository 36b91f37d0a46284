/* SPDX-License-Identifier: Apache-2.0 */
#include "server/admin/certificates.h"

#include <string.h>

#include "server/dtls/expiry.h"

static size_t
file_count(const struct bs_conf *c)
{
	return c->identity_count + c->trust_anchors.count;
}

/* NULL: an identity without certificate. */
static const char *
file_at(const struct bs_conf *c, size_t i)
{
	return i < c->identity_count ? c->identities[i].certificate : c->trust_anchors.items[i - c->identity_count];
}

static bool
is_first(const struct bs_conf *c, size_t at)
{
	for (size_t i = 0; i < at; i++) {
		if (file_at(c, i) != NULL && strcmp(file_at(c, i), file_at(c, at)) == 0)
			return false;
	}
	return true;
}

void
bs_certificates_each(const struct bs_conf *conf, bs_certificate_fn *fn, void *arg)
{
	for (size_t i = 0; i < file_count(conf); i++) {
		const char *file = file_at(conf, i);
		int64_t expires_s = 0;

		if (file != NULL && is_first(conf, i)) {
			bool readable = bs_certificate_expiry(file, &expires_s) == BS_OK;

			fn(arg, file, readable, expires_s);
		}
	}
}
