/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many half-open handshakes each source has, at three levels: its region, its network (what the limit per prefix means)
 * and the host. One that has none takes no room.
 *
 *          region  network  host
 *   IPv4   /16     /24      /32
 *   IPv6   /32     /56      /64
 *
 * Who holds one network holds many hosts, who holds a whole IPv6 /32 many networks: whoever is to give way is looked for
 * from the fullest region down to the fullest host.
 */
#ifndef BS_DTLS_PREFIX_H
#define BS_DTLS_PREFIX_H

#include <stdint.h>

#include "server/base/addr.h"
#include "server/dtls/bag.h"

enum bs_prefix_level { BS_PREFIX_REGION, BS_PREFIX_NETWORK, BS_PREFIX_HOST, BS_PREFIX_LEVELS };
#define BS_PREFIX_KEY_LEN 32

struct bs_prefix;

struct bs_prefixes {
	struct bs_prefix *hash;
	uint8_t seed[8]; /* before each key, so that nobody can choose prefixes that collide */
};

/* Where a source stands. */
struct bs_prefix_path {
	struct bs_prefix *at[BS_PREFIX_LEVELS]; /* NULL: it has none */
};

/* Octets that identify the source at that level, no two levels or families alike. */
void bs_prefix_key(const struct bs_addr *a, enum bs_prefix_level level, uint8_t key[BS_PREFIX_KEY_LEN]);

void bs_prefixes_find(const struct bs_prefixes *p, const struct bs_addr *a, struct bs_prefix_path *out);
uint32_t bs_prefix_count(const struct bs_prefix *prefix); /* NULL: 0 */
/* Of a network: for its members, the owner's business. */
struct bs_bag *bs_prefix_bag(struct bs_prefix *prefix);
/* Of a network: whether it is known to be good, as long as anybody of it is here. */
void bs_prefix_set_known(struct bs_prefix *prefix);
bool bs_prefix_is_known(const struct bs_prefix *prefix);
/* The count of the network that has most; looks at every prefix. */
uint32_t bs_prefixes_most(const struct bs_prefixes *p);
/* One more at each level. BS_ENOMEM: nothing changed. Give out to bs_prefixes_leave once, its bag without it. */
BS_MUST_USE enum bs_err bs_prefixes_enter(struct bs_prefixes *p, const struct bs_addr *a, struct bs_prefix_path *out);
void bs_prefixes_leave(struct bs_prefixes *p, struct bs_prefix_path *standing);
void bs_prefixes_clear(struct bs_prefixes *p);

#endif
