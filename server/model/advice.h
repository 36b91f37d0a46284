/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a technician may do about an outcome or an error: one sentence each, with the command to give where there is one. The
 * tool (explain, stranger) and the status page print the same.
 */
#ifndef BS_MODEL_ADVICE_H
#define BS_MODEL_ADVICE_H

#include "server/base/err.h"
#include "server/model/outcome.h"

const char *bs_advice(enum bs_outcome o);
/* To be put behind the error's own text: begins with "; ". "" where the text says all. */
const char *bs_advice_on_error(enum bs_err err);

#endif
