/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for another thread, by the clock of bs_clock_ms: a step of the wall clock changes nothing. */
#ifndef BS_BASE_CONDITION_H
#define BS_BASE_CONDITION_H

#include <pthread.h>
#include <stdint.h>

#include "server/base/err.h"

/* BS_ENOMEM. To be ended by pthread_cond_destroy. */
BS_MUST_USE enum bs_err bs_condition_init(pthread_cond_t *c);
/*
 * Until it is signalled, at most until that moment; lock is held before and after. It may end early for no reason: what is waited
 * for, and the clock, tell.
 */
void bs_condition_wait(pthread_cond_t *c, pthread_mutex_t *lock, uint64_t until_ms);

#endif
