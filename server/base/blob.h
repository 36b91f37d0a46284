/* SPDX-License-Identifier: Apache-2.0 */
/* Octets on the heap with one owner: certificates, public keys, identities. Not for secrets. */
#ifndef BS_BASE_BLOB_H
#define BS_BASE_BLOB_H

#include <stddef.h>
#include <stdint.h>

#include "server/base/err.h"

struct bs_blob {
	uint8_t *data; /* NULL when len is 0 */
	size_t len;
};

/* Copy; what the blob held before is freed. BS_ENOMEM. */
BS_MUST_USE enum bs_err bs_blob_set(struct bs_blob *b, const void *data, size_t len);
void bs_blob_clear(struct bs_blob *b);

#endif
