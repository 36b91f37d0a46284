/* SPDX-License-Identifier: Apache-2.0 */
/* RangeEnumeration of a resource: free text by its schema, numbers by custom. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "server/model/ddf.h"

#define SPANS_MAX 64

struct span {
	int64_t min, max;
	double real_min, real_max;
};

struct range {
	struct span spans[SPANS_MAX];
	size_t count;
	bool list; /* commas, or more than two numbers in a row */
	bool unit; /* "bytes" stands behind */
};

static bool
is_octets(enum bs_type type)
{
	return type == BS_TYPE_STRING || type == BS_TYPE_OPAQUE || type == BS_TYPE_CORELNK;
}

static bool
is_number(enum bs_type type)
{
	return type == BS_TYPE_INTEGER || type == BS_TYPE_UNSIGNED || type == BS_TYPE_TIME || type == BS_TYPE_FLOAT;
}

static const char *
skip_blanks(const char *p)
{
	return p + strspn(p, " ");
}

/* [+-]digits[.digits]; a fraction only of a real number. NULL: no number. Beyond 64 bits it is the nearest one. */
static const char *
read_number(const char *p, bool real, int64_t *integer, double *number)
{
	const char *end = p + (*p == '-' || *p == '+');
	size_t digits = strspn(end, "0123456789");

	if (digits == 0)
		return NULL;
	end += digits;
	if (end[0] == '.' && end[1] >= '0' && end[1] <= '9') {
		if (!real)
			return NULL;
		end += 1 + strspn(end + 1, "0123456789");
	}
	*integer = strtoll(p, NULL, 10);
	*number = strtod(p, NULL);
	return end;
}

/* ".." or "-"; NULL: neither. */
static const char *
skip_to(const char *p)
{
	p = skip_blanks(p);
	if (p[0] == '.' && p[1] == '.')
		return skip_blanks(p + 2);
	return *p == '-' ? skip_blanks(p + 1) : NULL;
}

/* "A", "A..B", "A-B". NULL: something else. */
static const char *
read_span(const char *p, bool real, struct span *out)
{
	const char *second;

	p = read_number(p, real, &out->min, &out->real_min);
	if (p == NULL)
		return NULL;
	out->max = out->min;
	out->real_max = out->real_min;
	second = skip_to(p);
	if (second == NULL)
		return p;
	p = read_number(second, real, &out->max, &out->real_max);
	return p != NULL && out->min <= out->max && out->real_min <= out->real_max ? p : NULL;
}

static bool
is_unit(const char *p)
{
	static const char *const words[] = { "byte", "bytes", "octet", "octets", "characters" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(words[i], p) == 0)
			return true;
	return false;
}

/* "16-32-48" is a list too: three numbers are no span. */
static const char *
read_dashed(const char *p, struct range *out)
{
	size_t n = 0;
	struct span s;
	double number;

	for (;;) {
		p = read_number(p, false, &s.min, &number);
		if (p == NULL || n == SPANS_MAX)
			return NULL;
		out->spans[n++] = (struct span){ s.min, s.min, number, number };
		if (*p != '-')
			break;
		p++;
	}
	out->count = n;
	out->list = true;
	return n > 2 ? p : NULL;
}

static bool
read_range(const char *text, bool real, struct range *out)
{
	const char *p = skip_blanks(text), *dashed = read_dashed(p, out);

	if (dashed != NULL) {
		p = skip_blanks(dashed);
	} else {
		*out = (struct range){ 0 };
		for (;;) {
			if (out->count == SPANS_MAX)
				return false;
			p = read_span(p, real, &out->spans[out->count++]);
			if (p == NULL)
				return false;
			p = skip_blanks(p);
			if (*p != ',')
				break;
			p = skip_blanks(p + 1);
			out->list = true;
		}
	}
	out->unit = is_unit(p);
	return *p == '\0' || out->unit;
}

/* Is it a range of such a value, or of its length? */
static bool
fits_type(const struct range *range, enum bs_type type)
{
	bool one_number = !range->list && range->spans[0].min == range->spans[0].max;

	if (is_octets(type)) /* "1,2" of a string may well be its values */
		return range->spans[0].min >= 0 &&
		       (range->unit || type == BS_TYPE_OPAQUE || (!range->list && !one_number));
	return is_number(type) && !range->unit && (!one_number || range->spans[0].real_min < range->spans[0].real_max);
}

static bool
known(const struct bs_model_resource *res, struct range *out)
{
	return !res->executable && read_range(res->range, res->type == BS_TYPE_FLOAT, out) && fits_type(out, res->type);
}

bool
bs_model_range_known(const struct bs_model_resource *res)
{
	struct range range;

	return known(res, &range);
}

static bool
in_range(const struct range *range, const struct bs_value *v, int64_t n)
{
	for (size_t i = 0; i < range->count; i++) {
		const struct span *s = &range->spans[i];

		if (v->type == BS_TYPE_FLOAT ? v->real >= s->real_min && v->real <= s->real_max
					     : n >= s->min && n <= s->max)
			return true;
	}
	return false;
}

enum bs_err
bs_model_check(uint16_t oid, const struct bs_model_resource *res, const struct bs_value *v, struct bs_diag *diag)
{
	struct range range;
	int64_t n = v->integer;
	bool octets = is_octets(v->type);
	bool huge = v->type == BS_TYPE_UNSIGNED && v->uinteger > INT64_MAX;
	char is[40], must[BS_DDF_RANGE_MAX + 40];

	if (v->type != res->type || !known(res, &range))
		return BS_OK;
	if (octets)
		n = (int64_t)v->bytes.len;
	else if (v->type == BS_TYPE_UNSIGNED)
		n = huge ? INT64_MAX : (int64_t)v->uinteger;
	if (in_range(&range, v, n))
		return BS_OK;
	if (v->type == BS_TYPE_FLOAT)
		snprintf(is, sizeof(is), "%g", v->real);
	else
		snprintf(is, sizeof(is), "%s%" PRId64, huge ? "more than " : "", n);
	if (range.list || v->type == BS_TYPE_FLOAT)
		snprintf(must, sizeof(must), "%s %s%s", range.list ? "one of" : "in the range", res->range,
			octets && !range.unit ? " octets long" : "");
	else if (range.spans[0].min == range.spans[0].max)
		snprintf(must, sizeof(must), "%" PRId64 " octets long", range.spans[0].min);
	else
		snprintf(must, sizeof(must), "%" PRId64 " to %" PRId64 "%s", range.spans[0].min, range.spans[0].max,
			octets ? " octets long" : "");
	return bs_diag_set(diag, BS_ERANGE, 0, "resource %u of object %u (%s) must be %s, not %s", res->rid, oid,
		res->name, must, is);
}
