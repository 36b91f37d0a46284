/* SPDX-License-Identifier: Apache-2.0 */
/* A card's file as an operator reads it back: its objects lie inside it and apart, and what is decoded of them encodes again. */
#include <stdlib.h>

#include "server/content/card.h"
#include "tests/lib/fuzz_decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
decode(const struct bs_card_object *o, const uint8_t *data)
{
	const struct bs_path target = { .level = BS_LEVEL_OBJECT, .oid = o->oid };
	static uint8_t out[BS_CARD_MAX];
	struct bs_wr w = bs_wr_init(out, sizeof(out));
	struct bs_tree *tree = NULL;

	if (bs_decode(BS_CF_TLV, &target, data + o->offset, o->len, NULL, &tree) == BS_OK)
		bs_card_encode(&w, tree->instances, tree->count);
	bs_tree_free(tree);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct bs_card_object objects[BS_CARD_OBJECTS_MAX];
	size_t count, end = 4;

	if (bs_card_find(data, len, objects, &count) != BS_OK)
		return 0;
	for (size_t i = 0; i < count; i++) {
		if (objects[i].offset < end || objects[i].len > len - objects[i].offset)
			abort();
		end = objects[i].offset + objects[i].len;
		decode(&objects[i], data);
	}
	return 0;
}
