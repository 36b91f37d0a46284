/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/fuzz_decode.h"

#include <stdlib.h>
#include <string.h>

#include "server/content/decode.h"
#include "server/content/format.h"
#include "tests/lib/tree.h"

#define TEXT_MAX (1 << 20)

static void
require(bool holds)
{
	if (!holds)
		abort();
}

static bool
is_under(const struct bs_path *t, const struct bs_instance *inst)
{
	return (t->level < BS_LEVEL_OBJECT || inst->oid == t->oid) &&
	       (t->level < BS_LEVEL_INSTANCE || inst->iid == t->iid);
}

static bool
is_ordered(const struct bs_entry *a, const struct bs_entry *b)
{
	return a->rid < b->rid || (a->rid == b->rid && a->multiple && b->multiple && a->riid < b->riid);
}

static void
check_tree(const struct bs_path *target, const struct bs_tree *tree)
{
	for (size_t i = 0; i < tree->count; i++) {
		const struct bs_instance *inst = &tree->instances[i];

		require(is_under(target, inst));
		require(i == 0 || inst[-1].oid < inst->oid || (inst[-1].oid == inst->oid && inst[-1].iid < inst->iid));
		for (size_t k = 0; k < inst->count; k++) {
			require(k == 0 || is_ordered(&inst->entries[k - 1], &inst->entries[k]));
			require(target->level < BS_LEVEL_RESOURCE || inst->entries[k].rid == target->rid);
		}
	}
}

/* JSON has no way to write some numbers, and an instance without resources has no record in SenML. */
static bool
can_be_written(uint16_t content_format, const struct bs_tree *tree)
{
	bool senml = content_format == BS_CF_SENML_CBOR || content_format == BS_CF_SENML_JSON;

	for (size_t i = 0; i < tree->count; i++) {
		if (senml && tree->instances[i].count == 0)
			return false;
	}
	return true;
}

static void
check_round_trip(uint16_t content_format, const struct bs_path *target, const struct bs_tree *tree)
{
	static char before[TEXT_MAX], after[TEXT_MAX];
	static uint8_t out[1 << 20];
	struct bs_wr w = bs_wr_init(out, sizeof(out));
	struct bs_tree *again;
	size_t len;

	if (!can_be_written(content_format, tree))
		return;
	bs_format_find(content_format)->encode(&w, target, tree->instances, tree->count);
	if (bs_wr_done(&w, &len) != BS_OK || len > BS_DECODE_OCTETS_MAX)
		return;
	require(bs_decode(content_format, target, out, len, tree_find_resource, &again) == BS_OK);
	tree_text(tree->instances, tree->count, before, sizeof(before));
	tree_text(again->instances, again->count, after, sizeof(after));
	require(strcmp(before, after) == 0);
	bs_tree_free(again);
}

void
fuzz_decode(uint16_t content_format, const uint8_t *data, size_t len)
{
	static const struct bs_path targets[] = {
		{ .level = BS_LEVEL_ROOT },
		{ BS_LEVEL_OBJECT, 33000, 0, 0 },
		{ BS_LEVEL_INSTANCE, 33000, 0, 0 },
		{ BS_LEVEL_RESOURCE, 33000, 0, 11 },
		{ BS_LEVEL_OBJECT, 1, 0, 0 },
		{ BS_LEVEL_INSTANCE, 2, 0, 0 },
	};

	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		struct bs_tree *tree;

		if (bs_decode(content_format, &targets[i], data, len, tree_find_resource, &tree) != BS_OK)
			continue;
		check_tree(&targets[i], tree);
		check_round_trip(content_format, &targets[i], tree);
		bs_tree_free(tree);
	}
}
