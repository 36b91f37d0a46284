/* SPDX-License-Identifier: Apache-2.0 */
#include "server/model/outcome.h"

#include <string.h>

static const struct {
	const char *word, *what;
} outcomes[] = {
#define X(name, word, what) [name] = { word, what },
	BS_OUTCOMES(X)
#undef X
};

static enum bs_outcome
known(enum bs_outcome o)
{
	return (unsigned)o < BS_OUTCOME_COUNT ? o : BS_OUT_INTERNAL;
}

const char *
bs_outcome_word(enum bs_outcome o)
{
	return outcomes[known(o)].word;
}

const char *
bs_outcome_what(enum bs_outcome o)
{
	return outcomes[known(o)].what;
}

bool
bs_outcome_is_refusal(enum bs_outcome o)
{
	return o != BS_OUT_DONE && o != BS_OUT_SUPERSEDED && o != BS_OUT_PACK_DECLINED;
}

enum bs_outcome
bs_outcome_parse(const char *word)
{
	unsigned o = 0;

	while (o < BS_OUTCOME_COUNT && strcmp(outcomes[o].word, word) != 0)
		o++;
	return (enum bs_outcome)o;
}
