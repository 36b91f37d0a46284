/* SPDX-License-Identifier: Apache-2.0 */
#include "server/base/hash.h"

int bs_hash_good_allocations = -1;

void *
bs_hash_malloc(size_t size)
{
	if (bs_hash_good_allocations == 0)
		return NULL;
	if (bs_hash_good_allocations > 0)
		bs_hash_good_allocations--;
	return malloc(size);
}
