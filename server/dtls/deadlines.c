/* SPDX-License-Identifier: Apache-2.0 */
#include "server/dtls/deadlines.h"

#include <stdlib.h>

#include "server/base/clock.h"

static void
put(struct bs_deadlines *h, size_t i, struct bs_deadline *d)
{
	h->items[i] = d;
	d->place = i + 1;
}

static void
sift_up(struct bs_deadlines *h, size_t i)
{
	struct bs_deadline *d = h->items[i];

	for (; i > 0 && h->items[(i - 1) / 2]->at_ms > d->at_ms; i = (i - 1) / 2)
		put(h, i, h->items[(i - 1) / 2]);
	put(h, i, d);
}

static void
sift_down(struct bs_deadlines *h, size_t i)
{
	struct bs_deadline *d = h->items[i];

	for (;;) {
		size_t child = 2 * i + 1;

		if (child + 1 < h->count && h->items[child + 1]->at_ms < h->items[child]->at_ms)
			child++;
		if (child >= h->count || h->items[child]->at_ms >= d->at_ms)
			break;
		put(h, i, h->items[child]);
		i = child;
	}
	put(h, i, d);
}

static enum bs_err
grow(struct bs_deadlines *h)
{
	size_t room = h->room > 0 ? 2 * h->room : 64;
	struct bs_deadline **items;

	if (h->count < h->room)
		return BS_OK;
	items = realloc(h->items, room * sizeof(*items));
	if (items == NULL)
		return BS_ENOMEM;
	h->items = items;
	h->room = room;
	return BS_OK;
}

enum bs_err
bs_deadlines_set(struct bs_deadlines *h, struct bs_deadline *d, uint64_t at_ms)
{
	enum bs_err err = BS_OK;

	if (at_ms == BS_NEVER) {
		bs_deadlines_remove(h, d);
		return BS_OK;
	}
	if (d->place == 0) {
		err = grow(h);
		if (err != BS_OK)
			return err;
		put(h, h->count++, d);
	}
	d->at_ms = at_ms;
	sift_up(h, d->place - 1);
	sift_down(h, d->place - 1);
	return BS_OK;
}

void
bs_deadlines_remove(struct bs_deadlines *h, struct bs_deadline *d)
{
	size_t i = d->place - 1;
	struct bs_deadline *last;

	if (d->place == 0)
		return;
	last = h->items[--h->count];
	d->place = 0;
	if (last == d)
		return;
	put(h, i, last);
	sift_up(h, i);
	sift_down(h, last->place - 1);
}

struct bs_deadline *
bs_deadlines_first(const struct bs_deadlines *h)
{
	return h->count > 0 ? h->items[0] : NULL;
}

void
bs_deadlines_clear(struct bs_deadlines *h)
{
	free(h->items);
	*h = (struct bs_deadlines){ 0 };
}
