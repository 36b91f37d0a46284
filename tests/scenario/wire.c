/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/test.h"

#include "tests/scenario/wire.h"

#include <string.h>

#include "server/base/clock.h"

bool
wire_fly(struct wire *w, bool to_server, uint64_t at_ms, const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < FLIGHTS_MAX; i++) {
		struct flight *f = &w->flights[i];

		if (f->used)
			continue;
		assert_true(len <= WIRE_MAX);
		f->used = true;
		f->to_server = to_server;
		f->at_ms = at_ms;
		f->order = w->order++;
		memcpy(f->data, data, len);
		f->len = len;
		return true;
	}
	return false;
}

struct flight *
wire_next(struct wire *w)
{
	struct flight *best = NULL;

	for (size_t i = 0; i < FLIGHTS_MAX; i++) {
		struct flight *f = &w->flights[i];

		if (f->used &&
			(best == NULL || f->at_ms < best->at_ms || (f->at_ms == best->at_ms && f->order < best->order)))
			best = f;
	}
	return best;
}

uint64_t
wire_land_ms(const struct flight *f)
{
	return f != NULL ? f->at_ms : BS_NEVER;
}

uint64_t
wire_least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}
