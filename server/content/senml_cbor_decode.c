/* SPDX-License-Identifier: Apache-2.0 */
/* Reading SenML CBOR (RFC 8428, 6; format 112). */
#include "server/content/cbor_read.h"
#include "server/content/senml.h"

/* RFC 8428, 12.3. */
static enum bs_senml_label
number_label(const struct bs_cbor_item *key)
{
	static const struct {
		enum bs_cbor_kind kind;
		uint64_t n;
		enum bs_senml_label label;
	} labels[] = {
		{ BS_CBOR_NEGINT, 1, BS_SENML_BASE_NAME }, /* -2 */
		{ BS_CBOR_NEGINT, 0, BS_SENML_BASE_VERSION }, /* -1 */
		{ BS_CBOR_NEGINT, 4, BS_SENML_BASE_VALUE }, /* -5 */
		{ BS_CBOR_UINT, 0, BS_SENML_NAME_LABEL },
		{ BS_CBOR_UINT, 2, BS_SENML_VALUE },
		{ BS_CBOR_UINT, 3, BS_SENML_STRING },
		{ BS_CBOR_UINT, 4, BS_SENML_BOOLEAN },
		{ BS_CBOR_UINT, 8, BS_SENML_DATA },
	};

	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
		if (labels[i].kind == key->kind && labels[i].n == key->n)
			return labels[i].label;
	}
	return BS_SENML_IGNORED;
}

/* As text there is but "vlo"; the labels that have a number must not be spelled out. */
static enum bs_senml_label
text_label(const struct bs_value *text)
{
	enum bs_senml_label label = bs_senml_label((const char *)text->bytes.data, text->bytes.len);

	return label == BS_SENML_LINK || label == BS_SENML_REFUSED ? label : BS_SENML_IGNORED;
}

static enum bs_senml_label
read_label(struct bs_cbor_rd *r, const struct bs_cbor_item *key)
{
	struct bs_value text;

	if (key->kind == BS_CBOR_UINT || key->kind == BS_CBOR_NEGINT)
		return number_label(key);
	text = bs_cbor_value(r, key);
	if (text.type != BS_TYPE_STRING)
		bs_builder_fail(r->b, BS_EFORMAT);
	return r->b->err == BS_OK ? text_label(&text) : BS_SENML_IGNORED;
}

static void
take_field(struct bs_senml_pack *p, struct bs_cbor_rd *r, const struct bs_cbor_item *key)
{
	enum bs_senml_label label = read_label(r, key);
	struct bs_cbor_item head = bs_cbor_next(r);
	struct bs_value value = { .type = BS_TYPE_BOOLEAN };

	if (label == BS_SENML_IGNORED || label == BS_SENML_REFUSED)
		bs_cbor_skip(r, &head);
	else
		value = bs_cbor_value(r, &head);
	if (r->b->err == BS_OK)
		bs_senml_field(p, label, &value);
}

static void
take_record(struct bs_senml_pack *p, struct bs_cbor_rd *r, const struct bs_cbor_item *map)
{
	struct bs_cbor_item key;

	if (map->kind != BS_CBOR_MAP) {
		bs_builder_fail(r->b, BS_EFORMAT);
		return;
	}
	bs_senml_begin_record(p);
	for (uint64_t i = 0; bs_cbor_each(r, map, i, &key); i++)
		take_field(p, r, &key);
	if (r->b->err == BS_OK)
		bs_senml_end_record(p);
}

void
bs_senml_cbor_decode(struct bs_builder *b, const void *data, size_t len)
{
	struct bs_cbor_rd r = { .in = bs_rd_init(data, len), .b = b };
	struct bs_senml_pack pack = { .b = b };
	struct bs_cbor_item array = bs_cbor_next(&r), record;

	if (array.kind != BS_CBOR_ARRAY)
		bs_builder_fail(b, BS_EFORMAT);
	for (uint64_t i = 0; bs_cbor_each(&r, &array, i, &record); i++)
		take_record(&pack, &r, &record);
	bs_cbor_end(&r);
}
