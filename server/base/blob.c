/* SPDX-License-Identifier: Apache-2.0 */
#include "server/base/blob.h"

#include <stdlib.h>
#include <string.h>

enum bs_err
bs_blob_set(struct bs_blob *b, const void *data, size_t len)
{
	uint8_t *copy = NULL;

	if (len > 0) {
		copy = malloc(len);
		if (copy == NULL)
			return BS_ENOMEM;
		memcpy(copy, data, len);
	}
	bs_blob_clear(b);
	b->data = copy;
	b->len = len;
	return BS_OK;
}

void
bs_blob_clear(struct bs_blob *b)
{
	free(b->data);
	*b = (struct bs_blob){ 0 };
}
