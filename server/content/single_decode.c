/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the formats of one value: text/plain (0), opaque (42) and CBOR (60), each the answer for one resource. */
#include "server/content/cbor_read.h"
#include "server/content/text_read.h"

/* The type of the resource read; fallback when the table does not know it. False: the target is no resource. */
static bool
target_type(struct bs_builder *b, enum bs_type fallback, struct bs_spot *spot, enum bs_type *type)
{
	const struct bs_path *t = b->target;
	const struct bs_resource_def *def = b->find(t->oid, t->rid);

	*spot = (struct bs_spot){ .oid = t->oid, .iid = t->iid, .rid = t->rid };
	*type = def != NULL ? def->type : fallback;
	if (t->level != BS_LEVEL_RESOURCE)
		bs_builder_fail(b, BS_EUNSUPPORTED);
	return t->level == BS_LEVEL_RESOURCE;
}

static enum bs_err
read_boolean(const char *text, size_t len, struct bs_value *v)
{
	*v = (struct bs_value){ .type = BS_TYPE_BOOLEAN, .boolean = len == 1 && text[0] == '1' };
	return len == 1 && (text[0] == '0' || text[0] == '1') ? BS_OK : BS_EFORMAT;
}

static enum bs_err
read_octets(struct bs_builder *b, const char *text, size_t len, struct bs_value *v)
{
	const uint8_t *data = b->octets.data + b->octets.len;
	size_t before = b->octets.len;

	bs_text_read_base64(&b->octets, text, len);
	*v = bs_value_bytes(BS_TYPE_OPAQUE, data, b->octets.len - before);
	return b->octets.err;
}

static enum bs_err
read_text(struct bs_builder *b, enum bs_type type, const char *text, size_t len, struct bs_value *v)
{
	switch (type) {
	case BS_TYPE_INTEGER:
	case BS_TYPE_TIME:
	case BS_TYPE_UNSIGNED:
	case BS_TYPE_FLOAT:
		return bs_text_read_number(type, text, len, v);
	case BS_TYPE_BOOLEAN:
		return read_boolean(text, len, v);
	case BS_TYPE_OBJLNK:
		return bs_text_read_link(text, len, v);
	case BS_TYPE_OPAQUE:
		return read_octets(b, text, len, v);
	case BS_TYPE_STRING:
	case BS_TYPE_CORELNK:
		*v = bs_value_bytes(BS_TYPE_STRING, bs_builder_octets(b, text, len), len);
		return b->err;
	}
	return BS_EFORMAT;
}

void
bs_text_decode(struct bs_builder *b, const void *data, size_t len)
{
	struct bs_spot spot;
	enum bs_type type;
	struct bs_value v = { 0 };
	enum bs_err err;

	if (!target_type(b, BS_TYPE_STRING, &spot, &type))
		return;
	err = read_text(b, type, data, len, &v);
	if (err != BS_OK)
		bs_builder_fail(b, err);
	bs_builder_add(b, &spot, &v);
}

void
bs_opaque_decode(struct bs_builder *b, const void *data, size_t len)
{
	struct bs_spot spot;
	enum bs_type type;
	struct bs_value v;

	if (!target_type(b, BS_TYPE_OPAQUE, &spot, &type))
		return;
	v = bs_value_bytes(BS_TYPE_OPAQUE, bs_builder_octets(b, data, len), len);
	bs_builder_add(b, &spot, &v);
}

void
bs_cbor_decode(struct bs_builder *b, const void *data, size_t len)
{
	struct bs_cbor_rd r = { .in = bs_rd_init(data, len), .b = b };
	struct bs_spot spot;
	enum bs_type type;
	struct bs_cbor_item head;
	struct bs_value v;

	if (!target_type(b, BS_TYPE_OPAQUE, &spot, &type))
		return;
	head = bs_cbor_next(&r);
	v = bs_cbor_value(&r, &head);
	bs_cbor_end(&r);
	bs_builder_add(b, &spot, &v);
}
