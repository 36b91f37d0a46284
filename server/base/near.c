/* SPDX-License-Identifier: Apache-2.0 */
#include "server/base/near.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define LONGEST 300

static unsigned
least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static int
same(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

unsigned
bs_near_distance(const char *a, const char *b, unsigned most)
{
	unsigned rows[3][LONGEST + 1];
	size_t la = strlen(a), lb = strlen(b);
	unsigned *before = rows[0], *last = rows[1], *row = rows[2];

	if (la > LONGEST || lb > LONGEST || (la > lb ? la - lb : lb - la) > most)
		return most + 1;
	for (size_t j = 0; j <= lb; j++)
		last[j] = (unsigned)j;
	for (size_t i = 1; i <= la; i++) {
		unsigned lowest = row[0] = (unsigned)i, *spare = before;

		for (size_t j = 1; j <= lb; j++) {
			row[j] = least(least(last[j], row[j - 1]) + 1, last[j - 1] + !same(a[i - 1], b[j - 1]));
			if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
				row[j] = least(row[j], before[j - 2] + 1);
			lowest = least(lowest, row[j]);
		}
		if (lowest > most)
			return most + 1;
		before = last;
		last = row;
		row = spare;
	}
	return least(last[lb], most + 1);
}

void
bs_near_init(struct bs_near *n, const char *wanted)
{
	size_t len = strlen(wanted);

	n->wanted = wanted;
	n->best = len < 4 ? 2 : len < 10 ? 3 : 4; /* anything nearer than that */
	n->name[0] = '\0';
}

void
bs_near_offer(struct bs_near *n, const char *name)
{
	unsigned d = n->best > 0 ? bs_near_distance(n->wanted, name, n->best - 1) : 0;

	if (d < n->best) {
		n->best = d;
		snprintf(n->name, sizeof(n->name), "%s", name);
	}
}

const char *
bs_near_text(const struct bs_near *n, char *out, size_t max)
{
	out[0] = '\0';
	if (n->name[0] != '\0')
		snprintf(out, max, "; did you mean %s?", n->name);
	return out;
}
