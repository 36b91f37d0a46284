/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How old a store is. Each committed change gives it the next generation, with a random mark; the record of it is kept under
 * a keyed hash, so nobody without the master key makes a store look older or newer. The journal remembers the latest that the
 * daemon saw. A store behind that, or one that went another way from there, was put back: that is lawful, but told until
 * lwm2m-bootstrapctl restore --accept says that it is meant.
 */
#ifndef BS_DB_GENERATION_H
#define BS_DB_GENERATION_H

#include <stdbool.h>
#include <stdint.h>

#include "server/base/err.h"

#define BS_MARKS 32 /* of the latest generations, in the record */

struct bs_generation {
	uint64_t store; /* tells stores apart */
	uint64_t number; /* 1: as it was made or migrated */
	uint64_t accepted; /* an older store was put in place of this one, and is meant; 0: never */
	uint64_t marks[BS_MARKS]; /* of generation n in n % BS_MARKS; 0: there was none */
};

/* What the journal keeps of it. */
struct bs_seen {
	uint64_t store, number, mark; /* number 0: nothing was seen yet */
	bool older; /* the store that was looked at last is not what it should be */
};

enum bs_age {
	BS_AGE_CURRENT, /* the same, or a later one that comes from it */
	BS_AGE_OLDER, /* an earlier one, or one that was earlier when it was changed */
	BS_AGE_OTHER, /* another store */
};

/* Is the store that lies there what follows from what was seen? */
enum bs_age bs_age_judge(const struct bs_seen *seen, const struct bs_generation *now);
/* The same, and note it: what was seen moves on with a current store alone, older says how it ended. */
enum bs_age bs_age_note(struct bs_seen *seen, const struct bs_generation *now);

#endif
