/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/tree.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct text {
	char *out;
	size_t len, max;
};

static void say(struct text *t, const char *fmt, ...) BS_PRINTF(2, 3);

static void
say(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->out + t->len, t->max - t->len, fmt, ap);
	va_end(ap);
	t->len += (size_t)n < t->max - t->len ? (size_t)n : t->max - t->len - 1;
}

static void
say_value(struct text *t, const struct bs_value *v)
{
	switch (v->type) {
	case BS_TYPE_INTEGER:
		say(t, "%" PRId64, v->integer);
		break;
	case BS_TYPE_TIME:
		say(t, "%" PRId64 "t", v->integer);
		break;
	case BS_TYPE_UNSIGNED:
		say(t, "%" PRIu64 "u", v->uinteger);
		break;
	case BS_TYPE_FLOAT:
		if (isnan(v->real))
			say(t, "nan"); /* there are many of them */
		else
			say(t, "%.17gf", v->real);
		break;
	case BS_TYPE_BOOLEAN:
		say(t, v->boolean ? "true" : "false");
		break;
	case BS_TYPE_OBJLNK:
		say(t, "<%u:%u>", v->link.oid, v->link.iid);
		break;
	case BS_TYPE_STRING:
		say(t, "'%.*s'", (int)v->bytes.len, (const char *)v->bytes.data);
		break;
	case BS_TYPE_CORELNK:
		say(t, "[%.*s]", (int)v->bytes.len, (const char *)v->bytes.data);
		break;
	case BS_TYPE_OPAQUE:
		say(t, "h");
		for (size_t i = 0; i < v->bytes.len; i++)
			say(t, "%02x", v->bytes.data[i]);
		break;
	}
}

char *
tree_text(const struct bs_instance *instances, size_t count, char *out, size_t max)
{
	struct text t = { .out = out, .max = max };

	out[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		say(&t, "%s/%u/%u", i > 0 ? "; " : "", instances[i].oid, instances[i].iid);
		for (size_t k = 0; k < instances[i].count; k++) {
			const struct bs_entry *e = &instances[i].entries[k];

			say(&t, " %u", e->rid);
			if (e->multiple)
				say(&t, "/%u", e->riid);
			say(&t, "=");
			say_value(&t, &e->value);
		}
	}
	return out;
}

const struct bs_resource_def *
tree_find_resource(uint16_t oid, uint16_t rid)
{
#define ROWS(first, many) \
	{ first, "String", BS_TYPE_STRING, many, false, false, BS_LWM2M_1_0, 1, 0 }, \
		{ first + 1, "Integer", BS_TYPE_INTEGER, many, false, false, BS_LWM2M_1_0, 1, 0 }, \
		{ first + 2, "Unsigned", BS_TYPE_UNSIGNED, many, false, false, BS_LWM2M_1_1, 1, 0 }, \
		{ first + 3, "Float", BS_TYPE_FLOAT, many, false, false, BS_LWM2M_1_0, 1, 0 }, \
		{ first + 4, "Boolean", BS_TYPE_BOOLEAN, many, false, false, BS_LWM2M_1_0, 1, 0 }, \
		{ first + 5, "Opaque", BS_TYPE_OPAQUE, many, false, false, BS_LWM2M_1_0, 1, 0 }, \
		{ first + 6, "Time", BS_TYPE_TIME, many, false, false, BS_LWM2M_1_0, 1, 0 }, \
		{ first + 7, "Link", BS_TYPE_OBJLNK, many, false, false, BS_LWM2M_1_0, 1, 0 }, \
	{ \
		first + 8, "CoRE link", BS_TYPE_CORELNK, many, false, false, BS_LWM2M_1_1, 1, 0 \
	}

	static const struct bs_resource_def rows[] = { ROWS(0, false), ROWS(10, true) };

	for (size_t i = 0; oid == 33000 && i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].rid == rid)
			return &rows[i];
	}
	return bs_resource_find(oid, rid);
}
