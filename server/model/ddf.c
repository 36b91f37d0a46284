/* SPDX-License-Identifier: Apache-2.0 */
#include "server/model/ddf.h"

#include <expat.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define ID_MAX 65534 /* 65535 is reserved: "none" */
#define TEXT_MAX 512 /* of an element, beyond the longest that is kept */

/* Where an element stands that means something. */
enum place { AT_OTHER, AT_ROOT, AT_OBJECT, AT_RESOURCES, AT_ITEM, AT_FIELD };

/* What was seen of the object or of the resource at hand, to tell what is missing. */
enum { HAS_NAME = 1, HAS_ID = 2, HAS_MULTIPLE = 4, HAS_MANDATORY = 8, HAS_TYPE = 16, HAS_ALL_OBJECT = 15 };

struct reader {
	XML_Parser parser;
	struct bs_model *model;
	struct bs_diag *diag;
	enum bs_err err; /* the first; nothing is done after it */
	enum place places[BS_DDF_DEPTH_MAX];
	size_t depth;
	size_t max; /* allocated resources */
	unsigned seen_object, seen_item;
	unsigned given_object, given_item; /* fields that stood there, by their place in the table */
	struct bs_model_resource *item; /* that is open */
	char text[TEXT_MAX]; /* of the field that is open, blanks as XML has them */
	size_t len;
	bool cut;
};

static void
stop(struct reader *rd, enum bs_err err, const char *what, const char *value)
{
	if (rd->err != BS_OK)
		return;
	rd->err = bs_diag_set(rd->diag, err, (unsigned)XML_GetCurrentLineNumber(rd->parser), "%s%s%.60s", what,
		value[0] != '\0' ? ": " : "", value);
	XML_StopParser(rd->parser, XML_FALSE);
}

/* ---- texts ------------------------------------------------------------------------------------------------------- */

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* U+0080 to U+009F would move the cursor of a terminal. */
static bool
is_control(const char *p)
{
	return (unsigned char)p[0] == 0xc2 && (unsigned char)p[1] >= 0x80 && (unsigned char)p[1] <= 0x9f;
}

/* The text of the field: blanks at its ends removed, others single, control characters left out. */
static void
tidy(struct reader *rd)
{
	size_t n = 0;

	rd->text[rd->len] = '\0';
	for (size_t i = 0; i < rd->len; i++) {
		char c = is_blank(rd->text[i]) ? ' ' : rd->text[i];

		if (c == ' ' && (n == 0 || rd->text[n - 1] == ' '))
			continue;
		if (is_control(rd->text + i))
			i++;
		else
			rd->text[n++] = c;
	}
	while (n > 0 && rd->text[n - 1] == ' ')
		n--;
	rd->text[n] = '\0';
	rd->len = n;
}

/* Copy into out of max octets with the NUL; what is too long ends with an ellipsis, not within a character. */
static void
keep_text(const struct reader *rd, char *out, size_t max)
{
	static const char ellipsis[] = "\xe2\x80\xa6";
	size_t n = rd->len;

	if (n < max && !rd->cut) {
		memcpy(out, rd->text, n + 1);
		return;
	}
	n = n < max - sizeof(ellipsis) ? n : max - sizeof(ellipsis);
	while (n > 0 && ((unsigned char)rd->text[n] & 0xc0) == 0x80)
		n--;
	if (n == rd->len) /* cut while it was read: the last character may be half of one */
		while (n > 0 && ((unsigned char)rd->text[n - 1] & 0x80) != 0)
			n--;
	memcpy(out, rd->text, n);
	memcpy(out + n, ellipsis, sizeof(ellipsis));
}

static bool
read_id(struct reader *rd, const char *text, const char *what, uint16_t *out)
{
	size_t len = strlen(text);
	unsigned long v;

	if (len == 0 || strspn(text, "0123456789") != len) {
		stop(rd, BS_EFORMAT, what, "a number from 0 to 65534 is needed");
		return false;
	}
	v = len <= 9 ? strtoul(text, NULL, 10) : ID_MAX + 1UL;
	if (v > ID_MAX) {
		stop(rd, BS_ERANGE, what, "larger than 65534");
		return false;
	}
	*out = (uint16_t)v;
	return true;
}

/* One of two words. */
static void
read_choice(struct reader *rd, const char *yes, const char *no, bool *out)
{
	*out = strcasecmp(rd->text, yes) == 0;
	if (!*out && strcasecmp(rd->text, no) != 0) {
		char what[64];

		snprintf(what, sizeof(what), "%s or %s is needed, not", yes, no);
		stop(rd, BS_EFORMAT, what, rd->text[0] != '\0' ? rd->text : "nothing");
	}
}

/* ---- fields ------------------------------------------------------------------------------------------------------ */

static void
read_version(struct reader *rd)
{
	const char *t = rd->text;
	size_t major = strspn(t, "0123456789");
	size_t minor = t[major] == '.' ? strspn(t + major + 1, "0123456789") : 0;

	if (rd->len == 0)
		return;
	if (major == 0 || minor == 0 || major + 1 + minor != rd->len || rd->len >= sizeof(rd->model->version))
		stop(rd, BS_EFORMAT, "ObjectVersion is no version", t);
	else
		memcpy(rd->model->version, t, rd->len + 1);
}

static void
read_type(struct reader *rd)
{
	static const struct {
		const char *name;
		enum bs_type type;
	} types[] = {
		{ "String", BS_TYPE_STRING },
		{ "Integer", BS_TYPE_INTEGER },
		{ "Unsigned Integer", BS_TYPE_UNSIGNED },
		{ "Float", BS_TYPE_FLOAT },
		{ "Boolean", BS_TYPE_BOOLEAN },
		{ "Opaque", BS_TYPE_OPAQUE },
		{ "Time", BS_TYPE_TIME },
		{ "Objlnk", BS_TYPE_OBJLNK },
		{ "Corelnk", BS_TYPE_CORELNK },
	};

	if (rd->len == 0)
		return;
	for (size_t i = 0; i < COUNT(types); i++) {
		if (strcasecmp(types[i].name, rd->text) == 0) {
			rd->item->type = types[i].type;
			rd->seen_item |= HAS_TYPE;
			return;
		}
	}
	stop(rd, BS_EFORMAT, "unknown Type", rd->text);
}

/* Letters R, W, E, each once; written in that order. */
static void
read_operations(struct reader *rd)
{
	static const char letters[] = "RWE";
	size_t n = 0;

	for (const char *l = letters; *l != '\0'; l++)
		if (strchr(rd->text, *l) != NULL)
			rd->item->operations[n++] = *l;
	rd->item->operations[n] = '\0';
	if (n != rd->len)
		stop(rd, BS_EFORMAT, "Operations are letters of RWE, not", rd->text);
}

static void
read_item_name(struct reader *rd)
{
	keep_text(rd, rd->item->name, sizeof(rd->item->name));
	rd->seen_item |= rd->len > 0 ? HAS_NAME : 0;
}

static void
read_item_multiple(struct reader *rd)
{
	read_choice(rd, "Multiple", "Single", &rd->item->multiple);
}

static void
read_item_mandatory(struct reader *rd)
{
	read_choice(rd, "Mandatory", "Optional", &rd->item->mandatory);
}

static void
read_range(struct reader *rd)
{
	keep_text(rd, rd->item->range, sizeof(rd->item->range));
}

static void
read_units(struct reader *rd)
{
	keep_text(rd, rd->item->units, sizeof(rd->item->units));
}

static void
read_object_name(struct reader *rd)
{
	keep_text(rd, rd->model->name, sizeof(rd->model->name));
	rd->seen_object |= rd->len > 0 ? HAS_NAME : 0;
}

static void
read_object_id(struct reader *rd)
{
	rd->seen_object |= read_id(rd, rd->text, "ObjectID", &rd->model->oid) ? HAS_ID : 0;
}

static void
read_object_multiple(struct reader *rd)
{
	read_choice(rd, "Multiple", "Single", &rd->model->multiple);
	rd->seen_object |= HAS_MULTIPLE;
}

static void
read_object_mandatory(struct reader *rd)
{
	read_choice(rd, "Mandatory", "Optional", &rd->model->mandatory);
	rd->seen_object |= HAS_MANDATORY;
}

/* What means something; all else is passed over. */
static const struct field {
	const char *element;
	void (*read)(struct reader *rd);
} item_fields[] = {
	{ "Name", read_item_name },
	{ "Operations", read_operations },
	{ "MultipleInstances", read_item_multiple },
	{ "Mandatory", read_item_mandatory },
	{ "Type", read_type },
	{ "RangeEnumeration", read_range },
	{ "Units", read_units },
}, object_fields[] = {
	{ "Name", read_object_name },
	{ "ObjectID", read_object_id },
	{ "ObjectVersion", read_version },
	{ "MultipleInstances", read_object_multiple },
	{ "Mandatory", read_object_mandatory },
};

/* Each may stand once: a second one, blank perhaps, would take back what the first was counted for. */
static void
read_field(struct reader *rd, const char *element)
{
	const struct field *fields = rd->item != NULL ? item_fields : object_fields;
	size_t count = rd->item != NULL ? COUNT(item_fields) : COUNT(object_fields);
	unsigned *given = rd->item != NULL ? &rd->given_item : &rd->given_object;
	size_t i = 0;

	while (i < count && strcmp(fields[i].element, element) != 0)
		i++;
	if (i == count)
		return;
	if ((*given & 1u << i) != 0) {
		stop(rd, BS_EFORMAT, "an element stands twice", element);
		return;
	}
	*given |= 1u << i;
	tidy(rd);
	fields[i].read(rd);
}

/* ---- resources --------------------------------------------------------------------------------------------------- */

static bool
make_room(struct reader *rd)
{
	struct bs_model *m = rd->model;
	struct bs_model_resource *more;

	if (m->count == BS_DDF_RESOURCES_MAX) {
		stop(rd, BS_ELIMIT, "too many resources in one object", "");
		return false;
	}
	if (m->count < rd->max)
		return true;
	rd->max = rd->max == 0 ? 16 : 2 * rd->max;
	more = realloc(m->resources, rd->max * sizeof(*more));
	if (more == NULL) {
		stop(rd, BS_ENOMEM, bs_strerror(BS_ENOMEM), "");
		return false;
	}
	m->resources = more;
	return true;
}

static void
open_item(struct reader *rd, const XML_Char **attrs)
{
	struct bs_model *m = rd->model;
	uint16_t rid;

	while (attrs[0] != NULL && strcmp(attrs[0], "ID") != 0)
		attrs += 2;
	if (!read_id(rd, attrs[0] != NULL ? attrs[1] : "", "ID of a resource", &rid) || !make_room(rd))
		return;
	if (bs_model_find(m, rid) != NULL) {
		stop(rd, BS_EFORMAT, "two resources have the ID", attrs[1]);
		return;
	}
	rd->item = &m->resources[m->count++];
	memset(rd->item, 0, sizeof(*rd->item));
	rd->item->rid = rid;
	rd->seen_item = 0;
	rd->given_item = 0;
}

static void
close_item(struct reader *rd)
{
	if ((rd->seen_item & HAS_NAME) == 0)
		stop(rd, BS_EFORMAT, "a resource without Name", "");
	rd->item->executable = (rd->seen_item & HAS_TYPE) == 0 || strchr(rd->item->operations, 'E') != NULL;
	rd->item = NULL;
}

static void
close_object(struct reader *rd)
{
	static const struct {
		unsigned bit;
		const char *element;
	} needed[] = { { HAS_NAME, "Name" }, { HAS_ID, "ObjectID" }, { HAS_MULTIPLE, "MultipleInstances" },
		{ HAS_MANDATORY, "Mandatory" } };

	for (size_t i = 0; i < COUNT(needed); i++)
		if ((rd->seen_object & needed[i].bit) == 0)
			stop(rd, BS_EFORMAT, "the object lacks the element", needed[i].element);
}

/* ---- the tree ---------------------------------------------------------------------------------------------------- */

static enum place
place_below(enum place parent, bool root, const char *name)
{
	static const struct {
		enum place parent;
		const char *name;
		enum place place;
	} rows[] = {
		{ AT_ROOT, "Object", AT_OBJECT },
		{ AT_OBJECT, "Resources", AT_RESOURCES },
		{ AT_RESOURCES, "Item", AT_ITEM },
	};

	if (root)
		return strcmp(name, "LWM2M") == 0 ? AT_ROOT : AT_OTHER;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (rows[i].parent == parent && strcmp(rows[i].name, name) == 0)
			return rows[i].place;
	return parent == AT_OBJECT || parent == AT_ITEM ? AT_FIELD : AT_OTHER;
}

static void XMLCALL
on_start(void *arg, const XML_Char *name, const XML_Char **attrs)
{
	struct reader *rd = arg;
	enum place place;

	if (rd->err != BS_OK)
		return;
	if (rd->depth == BS_DDF_DEPTH_MAX) {
		stop(rd, BS_ELIMIT, "elements are nested too deep", "");
		return;
	}
	place = place_below(rd->depth > 0 ? rd->places[rd->depth - 1] : AT_OTHER, rd->depth == 0, name);
	rd->places[rd->depth++] = place;
	rd->len = 0;
	rd->cut = false;
	if (rd->depth == 1 && place != AT_ROOT)
		stop(rd, BS_EFORMAT, "no object model: the root element is no LWM2M but", name);
	else if (place == AT_OBJECT && rd->seen_object != 0)
		stop(rd, BS_EUNSUPPORTED, "a second object; a file must have one only", "");
	else if (place == AT_ITEM)
		open_item(rd, attrs);
}

static void XMLCALL
on_text(void *arg, const XML_Char *text, int len)
{
	struct reader *rd = arg;
	size_t n = (size_t)len;

	if (rd->err != BS_OK || rd->depth == 0 || rd->places[rd->depth - 1] != AT_FIELD)
		return;
	if (n > sizeof(rd->text) - 1 - rd->len) {
		n = sizeof(rd->text) - 1 - rd->len;
		rd->cut = true;
	}
	memcpy(rd->text + rd->len, text, n);
	rd->len += n;
}

static void XMLCALL
on_end(void *arg, const XML_Char *name)
{
	struct reader *rd = arg;
	enum place place;

	if (rd->err != BS_OK)
		return;
	place = rd->places[--rd->depth];
	if (place == AT_ITEM)
		close_item(rd);
	else if (place == AT_OBJECT)
		close_object(rd);
	else if (place == AT_FIELD)
		read_field(rd, name);
}

/* No document type, so no entities of its own: neither a bomb nor a file that it names. */
static void XMLCALL
on_doctype(void *arg, const XML_Char *name, const XML_Char *system, const XML_Char *public, int has_internal_subset)
{
	(void)name;
	(void)system;
	(void)public;
	(void)has_internal_subset;
	stop(arg, BS_EREFUSED, "a document type declaration is not taken; remove <!DOCTYPE", "");
}

/* ---- entry points ------------------------------------------------------------------------------------------------ */

static int
by_number(const void *a, const void *b)
{
	const struct bs_model_resource *x = a, *y = b;

	return (int)x->rid - (int)y->rid;
}

static enum bs_err
parse(struct reader *rd, const void *data, size_t len)
{
	XML_SetUserData(rd->parser, rd);
	XML_SetElementHandler(rd->parser, on_start, on_end);
	XML_SetCharacterDataHandler(rd->parser, on_text);
	XML_SetStartDoctypeDeclHandler(rd->parser, on_doctype);
	if (XML_Parse(rd->parser, data, (int)len, XML_TRUE) != XML_STATUS_OK && rd->err == BS_OK) {
		enum XML_Error code = XML_GetErrorCode(rd->parser);

		stop(rd, code == XML_ERROR_NO_MEMORY ? BS_ENOMEM : BS_EFORMAT, "not well-formed XML",
			XML_ErrorString(code));
	}
	if (rd->err == BS_OK && rd->seen_object == 0)
		stop(rd, BS_EFORMAT, "no object model: there is no Object in it", "");
	return rd->err;
}

enum bs_err
bs_ddf_parse(const void *data, size_t len, struct bs_model *out, struct bs_diag *diag)
{
	struct reader *rd;
	enum bs_err err;

	*out = (struct bs_model){ .version = "1.0" };
	if (len > BS_DDF_FILE_MAX)
		return bs_diag_set(diag, BS_ELIMIT, 0, "larger than %zu octets", BS_DDF_FILE_MAX);
	rd = calloc(1, sizeof(*rd));
	if (rd == NULL)
		return bs_diag_set(diag, BS_ENOMEM, 0, "%s", bs_strerror(BS_ENOMEM));
	rd->model = out;
	rd->diag = diag;
	rd->parser = XML_ParserCreate(NULL);
	err = rd->parser != NULL ? parse(rd, data, len) : bs_diag_set(diag, BS_ENOMEM, 0, "%s", bs_strerror(BS_ENOMEM));
	if (err == BS_OK && out->count > 0)
		qsort(out->resources, out->count, sizeof(*out->resources), by_number);
	if (err != BS_OK)
		bs_model_clear(out);
	XML_ParserFree(rd->parser);
	free(rd);
	return err;
}

void
bs_model_clear(struct bs_model *m)
{
	free(m->resources);
	*m = (struct bs_model){ 0 };
}

const struct bs_model_resource *
bs_model_find(const struct bs_model *m, uint16_t rid)
{
	for (size_t i = 0; i < m->count; i++)
		if (m->resources[i].rid == rid)
			return &m->resources[i];
	return NULL;
}
