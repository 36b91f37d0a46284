/* SPDX-License-Identifier: Apache-2.0 */
/* Reading SenML JSON (RFC 8428, 5; format 110). jansson bounds the depth and refuses numbers beyond 64 bits signed. */
#include <string.h>

#include <jansson.h>

#include "server/content/senml.h"
#include "server/content/text_read.h"

static struct bs_value
data_value(struct bs_builder *b, const json_t *v)
{
	const uint8_t *data = b->octets.data + b->octets.len;
	size_t before = b->octets.len;

	bs_text_read_base64(&b->octets, json_string_value(v), json_string_length(v));
	if (b->octets.err != BS_OK)
		bs_builder_fail(b, b->octets.err);
	return bs_value_bytes(BS_TYPE_OPAQUE, data, b->octets.len - before);
}

static struct bs_value
string_value(struct bs_builder *b, const json_t *v)
{
	size_t len = json_string_length(v);

	return bs_value_bytes(BS_TYPE_STRING, bs_builder_octets(b, json_string_value(v), len), len);
}

static struct bs_value
to_value(struct bs_builder *b, enum bs_senml_label label, const json_t *v)
{
	if (json_is_string(v))
		return label == BS_SENML_DATA ? data_value(b, v) : string_value(b, v);
	if (json_is_integer(v))
		return (struct bs_value){ .type = BS_TYPE_INTEGER, .integer = json_integer_value(v) };
	if (json_is_real(v))
		return (struct bs_value){ .type = BS_TYPE_FLOAT, .real = json_real_value(v) };
	if (!json_is_boolean(v))
		bs_builder_fail(b, BS_EFORMAT);
	return (struct bs_value){ .type = BS_TYPE_BOOLEAN, .boolean = json_is_true(v) };
}

static void
take_record(struct bs_senml_pack *p, json_t *record)
{
	const char *key;
	json_t *v;

	if (!json_is_object(record))
		bs_builder_fail(p->b, BS_EFORMAT);
	bs_senml_begin_record(p);
	json_object_foreach(record, key, v)
	{
		enum bs_senml_label label = bs_senml_label(key, strlen(key));
		struct bs_value value = { .type = BS_TYPE_BOOLEAN };

		if (label != BS_SENML_IGNORED && label != BS_SENML_REFUSED)
			value = to_value(p->b, label, v);
		if (p->b->err == BS_OK)
			bs_senml_field(p, label, &value);
	}
	if (p->b->err == BS_OK)
		bs_senml_end_record(p);
}

static enum bs_err
to_error(const json_error_t *error)
{
	switch (json_error_code(error)) {
	case json_error_out_of_memory:
		return BS_ENOMEM;
	case json_error_stack_overflow:
		return BS_ELIMIT;
	case json_error_premature_end_of_input:
		return BS_ESHORT;
	case json_error_numeric_overflow:
		return BS_ERANGE;
	default:
		return BS_EFORMAT;
	}
}

void
bs_senml_json_decode(struct bs_builder *b, const void *data, size_t len)
{
	struct bs_senml_pack pack = { .b = b };
	json_error_t error;
	json_t *root = json_loadb(data, len, JSON_REJECT_DUPLICATES, &error);
	size_t i;
	json_t *record;

	if (root == NULL)
		bs_builder_fail(b, to_error(&error));
	else if (!json_is_array(root))
		bs_builder_fail(b, BS_EFORMAT);
	json_array_foreach(root, i, record)
	{
		if (b->err == BS_OK)
			take_record(&pack, record);
	}
	json_decref(root);
}
