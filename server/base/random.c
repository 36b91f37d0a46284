/* SPDX-License-Identifier: Apache-2.0 */
#include "server/base/random.h"

#include <stdlib.h>

#include <openssl/rand.h>

void
bs_random_system(void *arg, void *out, size_t len)
{
	(void)arg;
	if (RAND_bytes(out, (int)len) != 1)
		abort();
}
