/* SPDX-License-Identifier: Apache-2.0 */
/* An unordered set from which any member can be drawn at random. A member knows its place: in and out cost O(1). */
#ifndef BS_DTLS_BAG_H
#define BS_DTLS_BAG_H

#include <stddef.h>

#include "server/base/err.h"

/* Lies in what it stands for. place 0: in no bag. */
struct bs_bag_item {
	size_t place; /* index + 1 */
	void *owner;
};

struct bs_bag {
	struct bs_bag_item **items;
	size_t count, room;
};

BS_MUST_USE enum bs_err bs_bag_add(struct bs_bag *bag, struct bs_bag_item *item); /* BS_ENOMEM */
void bs_bag_remove(struct bs_bag *bag, struct bs_bag_item *item); /* one that is in none is fine */
void bs_bag_clear(struct bs_bag *bag);

#endif
