/* SPDX-License-Identifier: Apache-2.0 */
#include "server/model/tolerance.h"

#include <stdio.h>
#include <string.h>

#include "server/base/text.h"

#define CODE(class, detail) ((uint8_t)((class) << 5 | (detail)))
#define REFUSED "refused"

static const struct {
	const char *name;
	enum bs_level deepest; /* ROOT: the step has no path */
	uint8_t success;
} steps[] = {
	[BS_STEP_DISCOVER] = { "discover", BS_LEVEL_ROOT, CODE(2, 5) },
	[BS_STEP_DELETE] = { "delete", BS_LEVEL_INSTANCE, CODE(2, 2) },
	[BS_STEP_WRITE] = { "write", BS_LEVEL_RESOURCE, CODE(2, 4) },
	[BS_STEP_FINISH] = { "finish", BS_LEVEL_ROOT, CODE(2, 4) },
};
#define STEP_COUNT (sizeof(steps) / sizeof(steps[0]))

uint8_t
bs_step_success(enum bs_step step)
{
	return steps[step].success;
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

static bool
read_step(const char **at, enum bs_step *out)
{
	for (size_t i = 0; i < STEP_COUNT; i++) {
		size_t n = strlen(steps[i].name);

		if (strncmp(*at, steps[i].name, n) != 0 || ((*at)[n] != '/' && (*at)[n] != '='))
			continue;
		*at += n;
		*out = (enum bs_step)i;
		return true;
	}
	return false;
}

/* Digits without a leading zero, 0 to 65534. */
static bool
read_id(const char **at, uint16_t *out)
{
	const char *p = *at;
	unsigned n = 0;

	while (*p >= '0' && *p <= '9' && p - *at < 6)
		n = n * 10 + (unsigned)(*p++ - '0');
	if (p == *at || (**at == '0' && p - *at > 1) || n > 65534)
		return false;
	*out = (uint16_t)n;
	*at = p;
	return true;
}

static bool
read_path(const char **at, struct bs_path *out)
{
	uint16_t *ids[] = { &out->oid, &out->iid, &out->rid };
	size_t n = 0;

	while (**at == '/' && n < 3) {
		(*at)++;
		if (!read_id(at, ids[n++]))
			return false;
	}
	out->level = (enum bs_level)n;
	return **at == '=';
}

/* "4.04": a response, of class 2, 4 or 5. */
static bool
read_code(const char *at, uint8_t *out)
{
	bool digits = strlen(at) == 4 && at[1] == '.' && strchr("245", at[0]) != NULL && at[2] >= '0' && at[2] <= '9' &&
		      at[3] >= '0' && at[3] <= '9';
	int detail = digits ? (at[2] - '0') * 10 + (at[3] - '0') : 32;

	if (detail > 31)
		return false;
	*out = CODE(at[0] - '0', detail);
	return true;
}

static enum bs_err
judge(const struct bs_tolerance *t, struct bs_diag *diag)
{
	const char *name = steps[t->step].name;

	if (t->path.level > steps[t->step].deepest && steps[t->step].deepest == BS_LEVEL_ROOT)
		return bs_diag_set(diag, BS_EFORMAT, 0, "%s is one request and has no path: %s=CODE", name, name);
	if (t->path.level > steps[t->step].deepest)
		return bs_diag_set(
			diag, BS_EFORMAT, 0, "%s goes no deeper than an instance: %s/OID/IID=CODE", name, name);
	if (t->code == BS_ANY_REFUSAL &&
		(t->step != BS_STEP_WRITE || t->path.level == BS_LEVEL_ROOT || t->path.level == BS_LEVEL_RESOURCE))
		return bs_diag_set(diag, BS_EFORMAT, 0,
			"only a Write of a named object or instance can be optional; name one code of the answer");
	if (t->code == steps[t->step].success)
		return bs_diag_set(
			diag, BS_ERANGE, 0, "that is how %s is answered by rule; there is nothing to let pass", name);
	if (t->step == BS_STEP_DISCOVER && t->code >> 5 == 2)
		return bs_diag_set(diag, BS_ERANGE, 0, "discover: a result comes with 2.05 alone");
	return BS_OK;
}

enum bs_err
bs_tolerance_read(const char *text, struct bs_tolerance *out, struct bs_diag *diag)
{
	const char *at = text;

	*out = (struct bs_tolerance){ 0 };
	if (!read_step(&at, &out->step))
		return bs_diag_set(diag, BS_EFORMAT, 0,
			"begins with one of discover, delete, write, finish: STEP[/OID[/IID[/RID]]]=CODE, such as "
			"delete/1=4.05");
	if (!read_path(&at, &out->path))
		return bs_diag_set(diag, BS_EFORMAT, 0,
			"the path is up to three numbers from 0 to 65534, then =CODE: write/3/0=4.04");
	at++;
	if (strcmp(at, REFUSED) != 0 && !read_code(at, &out->code))
		return bs_diag_set(diag, BS_EFORMAT, 0, "the code is that of a response, such as 2.01, 4.04 or 5.01");
	return judge(out, diag);
}

/* ---- writing ---------------------------------------------------------------------------------------------------- */

const char *
bs_tolerance_format(const struct bs_tolerance *t, char out[BS_TOLERANCE_TEXT])
{
	char path[BS_PATH_TEXT] = "", code[] = "0.00";

	if (t->path.level != BS_LEVEL_ROOT)
		bs_path_format(&t->path, path);
	code[0] = (char)('0' + (t->code >> 5));
	code[2] = (char)('0' + (t->code & 31) / 10);
	code[3] = (char)('0' + (t->code & 31) % 10);
	snprintf(out, BS_TOLERANCE_TEXT, "%s%s=%s", steps[t->step].name, path,
		t->code == BS_ANY_REFUSAL ? REFUSED : code);
	return out;
}

/* ---- all of a profile ------------------------------------------------------------------------------------------- */

static bool
is_same(const struct bs_tolerance *a, const struct bs_tolerance *b)
{
	char one[BS_TOLERANCE_TEXT], other[BS_TOLERANCE_TEXT];

	return strcmp(bs_tolerance_format(a, one), bs_tolerance_format(b, other)) == 0;
}

enum bs_err
bs_tolerances_add(struct bs_tolerances *all, const struct bs_tolerance *t)
{
	for (size_t i = 0; i < all->count; i++)
		if (is_same(&all->list[i], t))
			return BS_EEXIST;
	if (all->count == BS_TOLERANCES_MAX)
		return BS_ELIMIT;
	all->list[all->count++] = *t;
	return BS_OK;
}

enum bs_err
bs_tolerances_read(const char *text, struct bs_tolerances *out)
{
	enum bs_err err = BS_OK;

	out->count = 0;
	while (*text != '\0' && err == BS_OK) {
		size_t n = strcspn(text, " ");
		char one[BS_TOLERANCE_TEXT] = "";
		struct bs_tolerance t;

		if (n >= sizeof(one))
			err = BS_EFORMAT;
		else
			memcpy(one, text, n);
		if (err == BS_OK)
			err = bs_tolerance_read(one, &t, NULL);
		if (err == BS_OK)
			err = bs_tolerances_add(out, &t);
		text += n + (text[n] == ' ');
	}
	if (err != BS_OK)
		out->count = 0;
	return err;
}

const char *
bs_tolerances_format(const struct bs_tolerances *all, char out[BS_TOLERANCES_TEXT])
{
	struct bs_tw w = bs_tw_init(out, BS_TOLERANCES_TEXT);

	for (size_t i = 0; i < all->count; i++) {
		char one[BS_TOLERANCE_TEXT];

		bs_tw_printf(&w, "%s%s", i > 0 ? " " : "", bs_tolerance_format(&all->list[i], one));
	}
	return out;
}

/* ---- asking ----------------------------------------------------------------------------------------------------- */

/* Does the path name the target, or what it lies in? */
static bool
covers(const struct bs_path *path, const struct bs_path *target)
{
	if (path->level == BS_LEVEL_ROOT)
		return true;
	return path->level <= target->level && path->oid == target->oid &&
	       (path->level < BS_LEVEL_INSTANCE || path->iid == target->iid) &&
	       (path->level < BS_LEVEL_RESOURCE || path->rid == target->rid);
}

bool
bs_tolerances_have(const struct bs_tolerances *all, enum bs_step step, const struct bs_path *target, uint8_t code)
{
	for (size_t i = 0; i < all->count; i++) {
		const struct bs_tolerance *t = &all->list[i];

		if (t->step == step && t->code == code && covers(&t->path, target))
			return true;
	}
	return false;
}
