/* SPDX-License-Identifier: Apache-2.0 */
#include "server/base/random.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#include "server/base/secret.h"

#define POOL_LEN 1024
#define SMALL 16 /* octets; no key of ours is as short, so keys are drawn alone */

/* A call of the generator costs as much as handing out hundreds of octets: a token, a delay and a number each session. */
struct pool {
	size_t left;
	uint8_t octets[POOL_LEN];
};
static _Thread_local struct pool pool;

static void
draw(void *out, size_t len)
{
	if (RAND_bytes(out, (int)len) != 1)
		abort();
}

void
bs_random_system(void *arg, void *out, size_t len)
{
	(void)arg;
	if (len > SMALL) {
		draw(out, len);
		return;
	}
	if (pool.left < len) {
		draw(pool.octets, POOL_LEN);
		pool.left = POOL_LEN;
	}
	pool.left -= len;
	memcpy(out, pool.octets + pool.left, len);
	bs_wipe(pool.octets + pool.left, len);
}
