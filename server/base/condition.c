/* SPDX-License-Identifier: Apache-2.0 */
#include "server/base/condition.h"

#include <time.h>

enum bs_err
bs_condition_init(pthread_cond_t *c)
{
	pthread_condattr_t attributes;
	int rc = pthread_condattr_init(&attributes);

	if (rc != 0)
		return BS_ENOMEM;
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	rc = pthread_cond_init(c, &attributes);
	pthread_condattr_destroy(&attributes);
	return rc == 0 ? BS_OK : BS_ENOMEM;
}

void
bs_condition_wait(pthread_cond_t *c, pthread_mutex_t *lock, uint64_t until_ms)
{
	struct timespec until = { .tv_sec = (time_t)(until_ms / 1000), .tv_nsec = (long)(until_ms % 1000) * 1000000L };

	pthread_cond_timedwait(c, lock, &until);
}
