/* SPDX-License-Identifier: Apache-2.0 */
#include "server/dtls/bag.h"

#include <stdlib.h>

static enum bs_err
grow(struct bs_bag *bag)
{
	size_t room = bag->room == 0 ? 8 : 2 * bag->room;
	struct bs_bag_item **items = realloc(bag->items, room * sizeof(struct bs_bag_item *));

	if (items == NULL)
		return BS_ENOMEM;
	bag->items = items;
	bag->room = room;
	return BS_OK;
}

enum bs_err
bs_bag_add(struct bs_bag *bag, struct bs_bag_item *item)
{
	if (bag->count == bag->room && grow(bag) != BS_OK)
		return BS_ENOMEM;
	bag->items[bag->count++] = item;
	item->place = bag->count;
	return BS_OK;
}

void
bs_bag_remove(struct bs_bag *bag, struct bs_bag_item *item)
{
	struct bs_bag_item *last;

	if (item->place == 0)
		return;
	last = bag->items[--bag->count];
	bag->items[item->place - 1] = last;
	last->place = item->place;
	item->place = 0;
}

void
bs_bag_clear(struct bs_bag *bag)
{
	free(bag->items);
	*bag = (struct bs_bag){ 0 };
}
