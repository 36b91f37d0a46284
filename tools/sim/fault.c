/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/sim/fault.h"

#include <stdlib.h>
#include <string.h>

#define SLOW_MS 1500

static const struct row {
	const char *word;
	bool steps;
	enum sim_step at;
	const char *what;
} rows[] = {
#define X(name, word, steps, at, what) { word, steps, at, what },
	SIM_FAULTS(X)
#undef X
};

static const char *const step_words[] = {
	[SIM_AT_REQUEST] = "request",
	[SIM_AT_DISCOVER] = "discover",
	[SIM_AT_READ] = "read",
	[SIM_AT_DELETE] = "delete",
	[SIM_AT_WRITE] = "write",
	[SIM_AT_FINISH] = "finish",
	[SIM_AT_ANY] = "any",
};

const char *
sim_step_word(enum sim_step step)
{
	return step_words[step];
}

static bool
parse_step(const char *word, enum sim_step *out)
{
	for (int s = SIM_AT_REQUEST; s <= SIM_AT_ANY; s++)
		if (strcmp(word, step_words[s]) == 0) {
			*out = (enum sim_step)s;
			return true;
		}
	return false;
}

/* Up to a minute, "MS" or "MS@STEP". */
static bool
parse_delay(const char *text, struct sim_fault *out)
{
	size_t digits = strspn(text, "0123456789");

	if (digits == 0 || digits > 5)
		return false;
	out->delay_ms = (uint32_t)strtoul(text, NULL, 10);
	text += digits;
	return out->delay_ms <= 60000 && (*text == '\0' || (*text == '@' && parse_step(text + 1, &out->step)));
}

/* Behind "=": the endpoint that is named, a delay, or "C.DD@STEP", a response code. */
static bool
parse_text(const char *text, struct sim_fault *out)
{
	if (out->kind == SIM_FAULT_WRONG_EP) {
		out->text = text;
		return true;
	}
	if (out->kind == SIM_FAULT_SLOW)
		return parse_delay(text, out);
	if (out->kind != SIM_FAULT_ANSWER || text[0] < '2' || text[0] > '5' || text[1] != '.' || text[2] < '0' ||
		text[2] > '3' || text[3] < '0' || text[3] > '9')
		return false;
	unsigned detail = (unsigned)(text[2] - '0') * 10 + (unsigned)(text[3] - '0');
	out->code = (uint8_t)((unsigned)(text[0] - '0') << 5 | detail);
	return detail < 32 && (text[4] == '\0' || (text[4] == '@' && parse_step(text + 5, &out->step)));
}

bool
sim_fault_parse(const char *arg, struct sim_fault *out)
{
	size_t len = strcspn(arg, "@=");

	for (int k = 0; k < SIM_FAULT_COUNT; k++) {
		if (strlen(rows[k].word) != len || strncmp(rows[k].word, arg, len) != 0)
			continue;
		*out = (struct sim_fault){ .kind = (enum sim_fault_kind)k, .step = rows[k].at, .delay_ms = SLOW_MS };
		if (arg[len] == '=')
			return parse_text(arg + len + 1, out);
		if (k == SIM_FAULT_WRONG_EP || k == SIM_FAULT_ANSWER)
			return false;
		return arg[len] == '\0' || (rows[k].steps && parse_step(arg + len + 1, &out->step));
	}
	return false;
}

bool
sim_fault_is_at(const struct sim_fault *f, enum sim_fault_kind kind, enum sim_step step)
{
	return f->kind == kind && (f->step == step || f->step == SIM_AT_ANY);
}

void
sim_fault_list(FILE *to)
{
	for (int k = 1; k < SIM_FAULT_COUNT; k++)
		fprintf(to, "  %-18s %s\n", rows[k].word, rows[k].what);
	fputs("STEP: request, discover, read, delete, write, finish (each by default its own, or write)\n", to);
}
