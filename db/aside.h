/* SPDX-License-Identifier: Apache-2.0 */
/* A thread for one job at a time, beside its only user's. Inside db/ only. */
#ifndef BS_DB_ASIDE_H
#define BS_DB_ASIDE_H

#include "server/base/err.h"

struct bs_aside;

BS_MUST_USE enum bs_err bs_aside_new(struct bs_aside **out);
void bs_aside_free(struct bs_aside *a); /* waits first; NULL is fine */

/* fn(arg) begins there. After bs_aside_wait alone: what a job did would be lost. */
void bs_aside_run(struct bs_aside *a, enum bs_err (*fn)(void *arg), void *arg);
/* Until no job runs. What the last one returned, to the first who asks; BS_OK when there was none. */
BS_MUST_USE enum bs_err bs_aside_wait(struct bs_aside *a);

#endif
