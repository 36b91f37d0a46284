/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/sim/senml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool
take_name(char out[SIM_NAME_MAX + 1], const char *text, size_t len)
{
	if (len > SIM_NAME_MAX || (len > 0 && memchr(text, 0, len) != NULL))
		return false;
	if (len > 0)
		memcpy(out, text, len);
	out[len] = '\0';
	return true;
}

bool
sim_senml_base(struct sim_senml_record *r, char base[SIM_NAME_MAX + 1], const char *text, size_t len)
{
	if (r->based)
		return false;
	r->based = true;
	return take_name(base, text, len);
}

bool
sim_senml_name(struct sim_senml_record *r, const char *text, size_t len)
{
	if (r->named)
		return false;
	r->named = true;
	return take_name(r->name, text, len);
}

bool
sim_senml_value(struct sim_senml_record *r, struct sim_scalar value)
{
	if (r->valued)
		return false;
	r->valued = true;
	r->value = value;
	return true;
}

/* "/o/i/r" or "/o/i/r/ri", decimal without leading zeros. */
static bool
parse_name(const char *text, struct sim_path *p)
{
	uint16_t *id[] = { &p->oid, &p->iid, &p->rid, &p->riid };
	size_t n = 0;
	char again[32];

	*p = (struct sim_path){ SIM_NONE, SIM_NONE, SIM_NONE, SIM_NONE };
	while (n < 4 && *text == '/') {
		char *end;
		unsigned long v = strtoul(text + 1, &end, 10);
		if (v >= SIM_NONE || text[1] < '0' || text[1] > '9')
			return false;
		snprintf(again, sizeof(again), "%lu", v);
		if (strlen(again) != (size_t)(end - text - 1))
			return false;
		*id[n++] = (uint16_t)v;
		text = end;
	}
	return *text == '\0' && n >= 3;
}

bool
sim_senml_take(struct sim_decoder *d, const char *base, const struct sim_senml_record *r)
{
	const struct sim_resource *rule;
	char name[2 * SIM_NAME_MAX + 1];
	struct sim_path p;

	if (!r->valued)
		return sim_decode_fail(d, d->target, "a SenML record without a value");
	snprintf(name, sizeof(name), "%s%s", base, r->name);
	if (!parse_name(name, &p))
		return sim_decode_fail(d, d->target, "a SenML name that is no path of a resource");
	if (!sim_path_under(p, d->target))
		return sim_decode_fail(d, p, "outside the path of the request");
	if (!sim_decode_rule(d, p, &rule) || !sim_decode_instance(d, p.oid, p.iid))
		return false;
	return sim_decode_scalar(d, p, rule, &r->value);
}

bool
sim_senml_end(struct sim_decoder *d)
{
	if (d->target.iid != SIM_NONE)
		return sim_decode_instance(d, d->target.oid, d->target.iid);
	return d->out->count > 0 || sim_decode_fail(d, d->target, "a Write on an object without an instance");
}
