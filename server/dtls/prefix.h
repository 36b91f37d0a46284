/* SPDX-License-Identifier: Apache-2.0 */
/* How many half-open handshakes each source prefix has (IPv4 /24, IPv6 /56); a prefix with none takes no room. */
#ifndef BS_DTLS_PREFIX_H
#define BS_DTLS_PREFIX_H

#include <stdint.h>

#include "server/base/addr.h"

struct bs_prefix;

struct bs_prefixes {
	struct bs_prefix *hash;
	uint8_t seed[8]; /* before each key, so that nobody can choose prefixes that collide */
};

uint32_t bs_prefixes_count(const struct bs_prefixes *p, const struct bs_addr *a);
/* The count of the prefix that has most; looks at every prefix. */
uint32_t bs_prefixes_most(const struct bs_prefixes *p);
/* One more; NULL: out of memory. Give what it returns to bs_prefixes_leave once. */
struct bs_prefix *bs_prefixes_enter(struct bs_prefixes *p, const struct bs_addr *a);
void bs_prefixes_leave(struct bs_prefixes *p, struct bs_prefix *prefix);
void bs_prefixes_clear(struct bs_prefixes *p);

#endif
