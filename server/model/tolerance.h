/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a profile lets pass: answers of a device that are taken as success at named steps of a run.
 *
 *   STEP[/OID[/IID[/RID]]]=CODE     discover=4.04  delete/1=4.05  write/0=2.01  write/3/0=4.04  finish=4.04
 *   write/OID[/IID]=refused         whatever refuses a Write of that target: it is optional
 *
 * A path names what lies there and below it; without one every request of the step is meant. Discover and Finish have none.
 */
#ifndef BS_MODEL_TOLERANCE_H
#define BS_MODEL_TOLERANCE_H

#include "server/base/err.h"
#include "server/model/value.h"

#define BS_TOLERANCES_MAX 16 /* of one profile */
#define BS_TOLERANCE_TEXT 32 /* "write/65535/65535/65535=refused" and a NUL */
#define BS_TOLERANCES_TEXT (BS_TOLERANCES_MAX * BS_TOLERANCE_TEXT)
#define BS_ANY_REFUSAL 0 /* in place of a code */

enum bs_step { BS_STEP_DISCOVER, BS_STEP_DELETE, BS_STEP_WRITE, BS_STEP_FINISH };

struct bs_tolerance {
	enum bs_step step;
	struct bs_path path; /* level ROOT: every request of the step */
	uint8_t code; /* CoAP code, class in the upper three bits; or BS_ANY_REFUSAL */
};

struct bs_tolerances {
	struct bs_tolerance list[BS_TOLERANCES_MAX];
	size_t count;
};

/* The code that answers a step as the specification has it (LwM2M Core 1.1, 6.1.7): 2.05, 2.02, 2.04, 2.04. */
uint8_t bs_step_success(enum bs_step step);

/* One, as written above. BS_EFORMAT or BS_ERANGE; diag says what is wrong and what to write instead. */
BS_MUST_USE enum bs_err bs_tolerance_read(const char *text, struct bs_tolerance *out, struct bs_diag *diag);
const char *bs_tolerance_format(const struct bs_tolerance *t, char out[BS_TOLERANCE_TEXT]);

/* BS_EEXIST: it is there already; BS_ELIMIT: there are BS_TOLERANCES_MAX. */
BS_MUST_USE enum bs_err bs_tolerances_add(struct bs_tolerances *all, const struct bs_tolerance *t);
/* All of a profile with blanks between, as the store has them. On error *out is empty: nothing is let pass. */
BS_MUST_USE enum bs_err bs_tolerances_read(const char *text, struct bs_tolerances *out);
const char *bs_tolerances_format(const struct bs_tolerances *all, char out[BS_TOLERANCES_TEXT]);

/* Is that answer to a request of that step, about target, let pass? code BS_ANY_REFUSAL: is the request optional? */
bool bs_tolerances_have(const struct bs_tolerances *all, enum bs_step step, const struct bs_path *target, uint8_t code);

#endif
