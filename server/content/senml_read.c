/* SPDX-License-Identifier: Apache-2.0 */
#include "server/content/senml.h"

#include <string.h>

#include "server/content/text_read.h"

#define VERSION 10 /* RFC 8428, 4.4: what a pack has that names none */

enum bs_senml_label
bs_senml_label(const char *text, size_t len)
{
	static const struct {
		const char *text;
		enum bs_senml_label label;
	} labels[] = {
		{ "bn", BS_SENML_BASE_NAME },
		{ "bver", BS_SENML_BASE_VERSION },
		{ "bv", BS_SENML_BASE_VALUE },
		{ "n", BS_SENML_NAME_LABEL },
		{ "v", BS_SENML_VALUE },
		{ "vs", BS_SENML_STRING },
		{ "vb", BS_SENML_BOOLEAN },
		{ "vd", BS_SENML_DATA },
		{ "vlo", BS_SENML_LINK },
	};

	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
		if (strlen(labels[i].text) == len && memcmp(labels[i].text, text, len) == 0)
			return labels[i].label;
	}
	return len > 0 && text[len - 1] == '_' ? BS_SENML_REFUSED : BS_SENML_IGNORED;
}

/* ---- fields --------------------------------------------------------------------------------------------------- */

static bool
is_number(const struct bs_value *v)
{
	return v->type == BS_TYPE_INTEGER || v->type == BS_TYPE_UNSIGNED || v->type == BS_TYPE_FLOAT;
}

/* Once in a record. No path of LwM2M is as long as the room for it. */
static void
take_name(struct bs_senml_pack *p, bool *seen, char out[BS_SENML_NAME], const struct bs_value *v)
{
	if (*seen || v->type != BS_TYPE_STRING || v->bytes.len >= BS_SENML_NAME ||
		(v->bytes.len > 0 && memchr(v->bytes.data, '\0', v->bytes.len) != NULL)) {
		bs_builder_fail(p->b, BS_EFORMAT);
		return;
	}
	if (v->bytes.len > 0)
		memcpy(out, v->bytes.data, v->bytes.len);
	out[v->bytes.len] = '\0';
	*seen = true;
}

static void
take_value(struct bs_senml_pack *p, bool type_fits, const struct bs_value *v)
{
	if (!type_fits || p->has_value)
		bs_builder_fail(p->b, BS_EFORMAT);
	p->value = *v;
	p->has_value = true;
}

static void
take_link(struct bs_senml_pack *p, const struct bs_value *v)
{
	struct bs_value link = { .type = BS_TYPE_OBJLNK };
	enum bs_err err = BS_EFORMAT;

	if (v->type == BS_TYPE_STRING)
		err = bs_text_read_link((const char *)v->bytes.data, v->bytes.len, &link);
	if (err != BS_OK)
		bs_builder_fail(p->b, err);
	take_value(p, true, &link);
}

static void
take_version(struct bs_senml_pack *p, const struct bs_value *v)
{
	if (v->type != BS_TYPE_INTEGER)
		bs_builder_fail(p->b, BS_EFORMAT);
	else if (v->integer > VERSION)
		bs_builder_fail(p->b, BS_EUNSUPPORTED);
}

void
bs_senml_begin_record(struct bs_senml_pack *p)
{
	p->name[0] = '\0';
	p->has_base = p->has_name = p->has_value = false;
}

void
bs_senml_field(struct bs_senml_pack *p, enum bs_senml_label label, const struct bs_value *v)
{
	switch (label) {
	case BS_SENML_BASE_NAME:
		take_name(p, &p->has_base, p->base, v);
		break;
	case BS_SENML_NAME_LABEL:
		take_name(p, &p->has_name, p->name, v);
		break;
	case BS_SENML_BASE_VERSION:
		take_version(p, v);
		break;
	case BS_SENML_VALUE:
		take_value(p, is_number(v), v);
		break;
	case BS_SENML_STRING:
		take_value(p, v->type == BS_TYPE_STRING, v);
		break;
	case BS_SENML_BOOLEAN:
		take_value(p, v->type == BS_TYPE_BOOLEAN, v);
		break;
	case BS_SENML_DATA:
		take_value(p, v->type == BS_TYPE_OPAQUE, v);
		break;
	case BS_SENML_LINK:
		take_link(p, v);
		break;
	case BS_SENML_BASE_VALUE: /* would change every number behind it; LwM2M does not use it */
	case BS_SENML_REFUSED:
		bs_builder_fail(p->b, BS_EUNSUPPORTED);
		break;
	case BS_SENML_IGNORED:
		break;
	}
}

/* ---- names ---------------------------------------------------------------------------------------------------- */

/* "/o/i/r" or "/o/i/r/ri". */
static bool
read_path(const char *path, struct bs_spot *out)
{
	uint16_t ids[4] = { 0 };
	size_t count = 0, pos = 0, len = strlen(path);

	while (pos < len) {
		if (count == 4 || path[pos++] != '/' || !bs_text_read_id(path, len, &pos, &ids[count]))
			return false;
		count++;
	}
	*out = (struct bs_spot){ ids[0], ids[1], ids[2], ids[3], count == 4 };
	return count >= 3;
}

void
bs_senml_end_record(struct bs_senml_pack *p)
{
	char path[2 * BS_SENML_NAME];
	struct bs_spot spot;

	if (!p->has_value && !p->has_name)
		return; /* a base name alone */
	strcpy(path, p->base);
	strcat(path, p->name);
	if (p->has_value && read_path(path, &spot))
		bs_builder_add(p->b, &spot, &p->value);
	else
		bs_builder_fail(p->b, BS_EFORMAT);
}
