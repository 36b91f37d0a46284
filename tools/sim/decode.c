/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/sim/decode.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/base/text.h"

const char *
sim_path_text(struct sim_path p, char out[32])
{
	const uint16_t id[] = { p.oid, p.iid, p.rid, p.riid };
	struct bs_tw w = bs_tw_init(out, 32);

	for (size_t i = 0; i < 4 && id[i] != SIM_NONE; i++)
		bs_tw_printf(&w, "/%u", id[i]);
	return w.len > 0 ? out : "/";
}

bool
sim_decode_fail(struct sim_decoder *d, struct sim_path p, const char *what)
{
	char text[32];

	return sim_refuse(d->why, SIM_BAD_REQUEST, "%s: %s", sim_path_text(p, text), what);
}

bool
sim_decode_rule(struct sim_decoder *d, struct sim_path p, const struct sim_resource **rule)
{
	*rule = sim_model_find(p.oid, p.rid);
	if (*rule == NULL)
		return !sim_model_is_strict(p.oid) || sim_decode_fail(d, p, "no such resource in this version");
	if ((*rule)->executable)
		return sim_decode_fail(d, p, "an executable resource cannot be written");
	if ((*rule)->since > d->version)
		return sim_decode_fail(d, p, "a resource of a later version of LwM2M");
	if ((*rule)->multiple != (p.riid != SIM_NONE))
		return sim_decode_fail(d, p,
			p.riid != SIM_NONE ? "a single resource written as a multiple one"
					   : "a multiple resource written as a single one");
	return true;
}

static bool
is_new(struct sim_decoder *d, struct sim_path p)
{
	return sim_store_get(d->out, p) == NULL || sim_decode_fail(d, p, "given twice");
}

bool
sim_decode_number(struct sim_decoder *d, struct sim_path p, enum sim_kind kind, int64_t n)
{
	if (kind == SIM_UNSIGNED && n < 0)
		return sim_decode_fail(d, p, "negative, but of type Unsigned");
	if (!is_new(d, p))
		return false;
	return sim_store_put_number(d->out, p, kind, n) == BS_OK ||
	       sim_refuse(d->why, SIM_SERVER_ERROR, "out of memory");
}

bool
sim_decode_octets(struct sim_decoder *d, struct sim_path p, enum sim_kind kind, const void *data, size_t len)
{
	if (kind == SIM_STRING && len > 0 && !bs_utf8_valid(data, len))
		return sim_decode_fail(d, p, "not UTF-8");
	if (!is_new(d, p))
		return false;
	return sim_store_put_octets(d->out, p, kind, data, len) == BS_OK ||
	       sim_refuse(d->why, SIM_SERVER_ERROR, "out of memory");
}

bool
sim_decode_instance(struct sim_decoder *d, uint16_t oid, uint16_t iid)
{
	return sim_store_put_instance(d->out, oid, iid) == BS_OK ||
	       sim_refuse(d->why, SIM_SERVER_ERROR, "out of memory");
}

/* "o:i", decimal without leading zeros (LwM2M Core 1.1 appendix C). */
static bool
parse_link(const struct sim_scalar *s, int64_t *out)
{
	char text[12], again[12];
	unsigned oid, iid;

	if (s->len == 0 || s->len >= sizeof(text))
		return false;
	memcpy(text, s->data, s->len);
	text[s->len] = '\0';
	if (sscanf(text, "%5u:%5u", &oid, &iid) != 2 || oid > UINT16_MAX || iid > UINT16_MAX)
		return false;
	snprintf(again, sizeof(again), "%u:%u", oid, iid);
	*out = (int64_t)(oid << 16 | iid);
	return strcmp(text, again) == 0;
}

static bool
form_fits(enum sim_kind kind, enum sim_form form)
{
	static const unsigned fits[] = {
		[SIM_STRING] = 1u << SIM_FORM_TEXT,
		[SIM_INTEGER] = 1u << SIM_FORM_INTEGER,
		[SIM_UNSIGNED] = 1u << SIM_FORM_INTEGER,
		[SIM_FLOAT] = 1u << SIM_FORM_REAL | 1u << SIM_FORM_INTEGER,
		[SIM_BOOLEAN] = 1u << SIM_FORM_BOOLEAN,
		[SIM_OPAQUE] = 1u << SIM_FORM_OCTETS,
		[SIM_TIME] = 1u << SIM_FORM_INTEGER,
		[SIM_OBJLNK] = 1u << SIM_FORM_LINK,
		[SIM_SECRET_TEXT] = 1u << SIM_FORM_TEXT | 1u << SIM_FORM_OCTETS,
		[SIM_RAW] = 0,
	};

	return (fits[kind] >> form & 1) != 0;
}

bool
sim_decode_scalar(struct sim_decoder *d, struct sim_path p, const struct sim_resource *rule, const struct sim_scalar *s)
{
	static const enum sim_kind by_form[] = {
		[SIM_FORM_INTEGER] = SIM_INTEGER,
		[SIM_FORM_REAL] = SIM_FLOAT,
		[SIM_FORM_BOOLEAN] = SIM_BOOLEAN,
		[SIM_FORM_TEXT] = SIM_STRING,
		[SIM_FORM_OCTETS] = SIM_OPAQUE,
		[SIM_FORM_LINK] = SIM_OBJLNK,
	};
	enum sim_kind kind = rule != NULL ? rule->kind : by_form[s->form];
	int64_t n = s->number;

	if (!form_fits(kind, s->form))
		return sim_decode_fail(d, p, "a value that does not fit the resource's type");
	if (kind == SIM_OBJLNK && !parse_link(s, &n))
		return sim_decode_fail(d, p, "not an object link");
	if (kind == SIM_FLOAT) {
		double real = s->form == SIM_FORM_REAL ? s->real : (double)s->number;
		memcpy(&n, &real, sizeof(n));
	}
	if (s->form == SIM_FORM_TEXT || s->form == SIM_FORM_OCTETS)
		return sim_decode_octets(d, p, kind, s->data, s->len);
	return sim_decode_number(d, p, kind, n);
}

/* Decimal as LwM2M has it: no blanks, no plus sign, no leading zeros. */
static bool
parse_integer(const char *text, int64_t *out)
{
	char again[24];
	char *end;

	errno = 0;
	*out = strtoll(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0')
		return false;
	snprintf(again, sizeof(again), "%lld", (long long)*out);
	return strcmp(again, text) == 0;
}

bool
sim_decode_text(struct sim_decoder *d, const uint8_t *data, size_t len)
{
	const struct sim_resource *rule;
	struct sim_path p = d->target;
	char text[24] = "";
	int64_t n;

	if (p.rid == SIM_NONE || !sim_decode_rule(d, p, &rule))
		return sim_decode_fail(d, p, "text/plain is for one resource");
	enum sim_kind kind = rule != NULL ? rule->kind : SIM_RAW;
	if (kind == SIM_STRING || kind == SIM_RAW)
		return sim_decode_octets(d, p, kind, data, len);
	if (len < sizeof(text) && len > 0)
		memcpy(text, data, len);
	if (kind == SIM_OPAQUE || kind == SIM_SECRET_TEXT || kind == SIM_OBJLNK || !parse_integer(text, &n))
		return sim_decode_fail(d, p, "not of the resource's type in text/plain");
	if (kind == SIM_BOOLEAN && n != 0 && n != 1)
		return sim_decode_fail(d, p, "not a Boolean");
	return sim_decode_number(d, p, kind, n);
}

bool
sim_decode_opaque(struct sim_decoder *d, const uint8_t *data, size_t len)
{
	const struct sim_resource *rule;
	struct sim_path p = d->target;

	if (p.rid == SIM_NONE || !sim_decode_rule(d, p, &rule))
		return sim_decode_fail(d, p, "application/octet-stream is for one resource");
	if (rule != NULL && rule->kind != SIM_OPAQUE && rule->kind != SIM_SECRET_TEXT)
		return sim_decode_fail(d, p, "not an opaque resource");
	return sim_decode_octets(d, p, rule != NULL ? rule->kind : SIM_RAW, data, len);
}
