/* SPDX-License-Identifier: Apache-2.0 */
#include "server/content/decode.h"

#include <stdlib.h>

#include "server/base/secret.h"
#include "server/content/builder.h"
#include "server/content/format.h"

#define CF_TLV_OLD 1542 /* what 11542 was before LwM2M 1.0; some clients still say so */

static const struct {
	uint16_t content_format;
	bs_decode_fn *decode;
} decoders[] = {
	{ BS_CF_TLV, bs_tlv_decode },
	{ CF_TLV_OLD, bs_tlv_decode },
	{ BS_CF_SENML_JSON, bs_senml_json_decode },
	{ BS_CF_SENML_CBOR, bs_senml_cbor_decode },
	{ BS_CF_LWM2M_CBOR, bs_lwm2m_cbor_decode },
	{ BS_CF_TEXT, bs_text_decode },
	{ BS_CF_OPAQUE, bs_opaque_decode },
	{ BS_CF_CBOR, bs_cbor_decode },
};

static bs_decode_fn *
find_decoder(uint16_t content_format)
{
	for (size_t i = 0; i < sizeof(decoders) / sizeof(decoders[0]); i++) {
		if (decoders[i].content_format == content_format)
			return decoders[i].decode;
	}
	return NULL;
}

/* ---- from records to a tree ----------------------------------------------------------------------------------- */

/* Order: by instance, the mark of the instance itself first, then by resource. */
static int
compare(const void *pa, const void *pb)
{
	const struct bs_record *a = pa, *b = pb;
	const int x[] = { a->spot.oid, a->spot.iid, !a->instance_only, a->spot.rid, a->spot.multiple, a->spot.riid };
	const int y[] = { b->spot.oid, b->spot.iid, !b->instance_only, b->spot.rid, b->spot.multiple, b->spot.riid };

	for (size_t i = 0; i < sizeof(x) / sizeof(x[0]); i++) {
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	}
	return 0;
}

/* After sorting: a value given twice, or a resource that is multiple and not. */
static bool
is_twice(const struct bs_record *a, const struct bs_record *b)
{
	if (a->instance_only || a->spot.oid != b->spot.oid || a->spot.iid != b->spot.iid || a->spot.rid != b->spot.rid)
		return false;
	return a->spot.multiple != b->spot.multiple || a->spot.riid == b->spot.riid;
}

static bool
is_new_instance(const struct bs_tree *t, const struct bs_spot *spot)
{
	const struct bs_instance *last = t->count > 0 ? &t->instances[t->count - 1] : NULL;

	return last == NULL || last->oid != spot->oid || last->iid != spot->iid;
}

static void
add_to_tree(struct bs_tree *t, size_t *entries, const struct bs_record *r)
{
	if (is_new_instance(t, &r->spot))
		t->instances[t->count++] = (struct bs_instance){ r->spot.oid, r->spot.iid, t->entries + *entries, 0 };
	if (r->instance_only)
		return;
	t->entries[(*entries)++] = (struct bs_entry){
		.rid = r->spot.rid, .riid = r->spot.riid, .multiple = r->spot.multiple, .value = r->value
	};
	t->instances[t->count - 1].count++;
}

static enum bs_err
build_tree(struct bs_builder *b, struct bs_tree *t)
{
	size_t entries = 0;

	t->instances = calloc(b->count + 1, sizeof(*t->instances));
	t->entries = calloc(b->count + 1, sizeof(*t->entries));
	if (t->instances == NULL || t->entries == NULL)
		return BS_ENOMEM;
	qsort(b->records, b->count, sizeof(*b->records), compare);
	for (size_t i = 0; i < b->count; i++) {
		if (i > 0 && is_twice(&b->records[i - 1], &b->records[i]))
			return BS_EFORMAT;
		add_to_tree(t, &entries, &b->records[i]);
	}
	return BS_OK;
}

/* ---- the whole ------------------------------------------------------------------------------------------------ */

/* No format has a value in fewer than two octets, or says more of an instance than that it is there. */
static size_t
records_max(size_t len)
{
	size_t most = len / 2 + 2;

	return most < BS_DECODE_ENTRIES_MAX ? most : BS_DECODE_ENTRIES_MAX;
}

enum bs_err
bs_decode(uint16_t content_format, const struct bs_path *target, const void *data, size_t len,
	bs_find_resource_fn *find, struct bs_tree **out)
{
	bs_decode_fn *decode = find_decoder(content_format);
	struct bs_builder b = { .target = target, .find = find != NULL ? find : bs_resource_find };
	struct bs_tree *t;

	*out = NULL;
	if (decode == NULL)
		return BS_EUNSUPPORTED;
	if (len > BS_DECODE_OCTETS_MAX)
		return BS_ELIMIT;
	t = calloc(1, sizeof(*t));
	if (t == NULL)
		return BS_ENOMEM;
	t->octets = malloc(len + 1);
	t->octets_len = len;
	b.octets = bs_wr_init(t->octets, len);
	b.max = records_max(len);
	b.records = calloc(b.max, sizeof(*b.records));
	if (t->octets == NULL || b.records == NULL)
		b.err = BS_ENOMEM;
	else
		decode(&b, len > 0 ? data : "", len);
	if (b.err == BS_OK)
		b.err = build_tree(&b, t);

	free(b.records);
	if (b.err == BS_OK) {
		*out = t;
		t = NULL;
	}
	bs_tree_free(t);
	return b.err;
}

void
bs_tree_free(struct bs_tree *tree)
{
	if (tree == NULL)
		return;
	free(tree->instances);
	free(tree->entries);
	if (tree->octets != NULL)
		bs_wipe(tree->octets, tree->octets_len);
	free(tree->octets);
	free(tree);
}
