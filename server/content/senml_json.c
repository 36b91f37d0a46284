/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SenML JSON (RFC 8428, 5; LwM2M Core 1.1, 7.4; format 110): an array of records, one per value, without blanks.
 *
 * Written character by character and not from a tree of a JSON library: values may be keys, and a tree would leave
 * copies of them on the heap.
 */
#include <stdio.h>
#include <string.h>

#include "server/base/text.h"
#include "server/content/format.h"
#include "server/content/senml.h"
#include "server/content/text_write.h"

/* What stands for a character inside a string (RFC 8259, 7); NULL: the character itself. */
static const char *
escape(uint8_t c, char buf[8])
{
	static const char *const special[] = {
		['\b'] = "\\b",
		['\t'] = "\\t",
		['\n'] = "\\n",
		['\f'] = "\\f",
		['\r'] = "\\r",
		['"'] = "\\\"",
		['\\'] = "\\\\",
	};

	if (c < sizeof(special) / sizeof(special[0]) && special[c] != NULL)
		return special[c];
	if (c >= 0x20)
		return NULL;
	snprintf(buf, 8, "\\u%04x", c);
	return buf;
}

/* What is not UTF-8 is no JSON text: BS_EFORMAT. */
static void
write_string(struct bs_wr *w, const uint8_t *text, size_t len)
{
	char buf[8];

	if (!bs_utf8_valid(text, len))
		bs_wr_fail(w, BS_EFORMAT);
	bs_wr_u8(w, '"');
	for (size_t i = 0; i < len; i++) {
		const char *escaped = escape(text[i], buf);

		if (escaped != NULL)
			bs_text_write(w, escaped);
		else
			bs_wr_u8(w, text[i]);
	}
	bs_wr_u8(w, '"');
}

static void
write_link(struct bs_wr *w, const struct bs_value *v)
{
	char text[BS_LINK_TEXT];
	size_t len = bs_link_format(v, text);

	bs_wr_bytes(w, text, len);
}

/* Label and value. */
static void
write_value(struct bs_wr *w, const struct bs_value *v)
{
	switch (v->type) {
	case BS_TYPE_INTEGER:
	case BS_TYPE_TIME:
	case BS_TYPE_UNSIGNED:
	case BS_TYPE_FLOAT:
		bs_text_write(w, "\"v\":");
		bs_text_write_number(w, v);
		break;
	case BS_TYPE_BOOLEAN:
		bs_text_write(w, v->boolean ? "\"vb\":true" : "\"vb\":false");
		break;
	case BS_TYPE_OBJLNK:
		bs_text_write(w, "\"vlo\":\"");
		write_link(w, v);
		bs_text_write(w, "\"");
		break;
	case BS_TYPE_OPAQUE:
		bs_text_write(w, "\"vd\":\"");
		bs_text_write_base64(w, v->bytes.data, v->bytes.len, BS_BASE64_URL);
		bs_text_write(w, "\"");
		break;
	case BS_TYPE_STRING:
	case BS_TYPE_CORELNK:
		bs_text_write(w, "\"vs\":");
		write_string(w, v->bytes.data, v->bytes.len);
		break;
	}
}

/* The names are digits and slashes: nothing to escape. */
static void
write_name(struct bs_wr *w, const char *label, const char *name)
{
	bs_text_write(w, label);
	bs_text_write(w, name);
	bs_text_write(w, "\",");
}

static void
write_record(struct bs_wr *w, const struct bs_senml_names *names, const struct bs_value *v, bool first)
{
	bs_text_write(w, first ? "{" : ",{");
	if (names->has_base)
		write_name(w, "\"bn\":\"", names->base);
	if (names->has_name)
		write_name(w, "\"n\":\"", names->name);
	write_value(w, v);
	bs_text_write(w, "}");
}

void
bs_senml_json_encode(struct bs_wr *w, const struct bs_path *target, const struct bs_instance *instances, size_t count)
{
	struct bs_senml_names names;
	bool first = true;

	bs_text_write(w, "[");
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < instances[i].count; k++) {
			bs_senml_names(&names, target, &instances[i], &instances[i].entries[k], first);
			write_record(w, &names, &instances[i].entries[k].value, first);
			first = false;
		}
	}
	bs_text_write(w, "]");
}
