/* SPDX-License-Identifier: Apache-2.0 */
/* A binary heap of deadlines. An item knows its place, so changing or removing it costs O(log n), too. */
#ifndef BS_DTLS_DEADLINES_H
#define BS_DTLS_DEADLINES_H

#include <stddef.h>
#include <stdint.h>

#include "server/base/err.h"

/* Lies in what it times. place 0: not in the heap. */
struct bs_deadline {
	uint64_t at_ms;
	size_t place; /* index + 1 */
	void *owner;
};

struct bs_deadlines {
	struct bs_deadline **items;
	size_t count, room;
};

/* Enter d, move it, or with BS_NEVER take it out. BS_ENOMEM only when it was not in and there is no room. */
BS_MUST_USE enum bs_err bs_deadlines_set(struct bs_deadlines *h, struct bs_deadline *d, uint64_t at_ms);
void bs_deadlines_remove(struct bs_deadlines *h, struct bs_deadline *d);
/* The earliest; NULL: none. */
struct bs_deadline *bs_deadlines_first(const struct bs_deadlines *h);
void bs_deadlines_clear(struct bs_deadlines *h);

#endif
