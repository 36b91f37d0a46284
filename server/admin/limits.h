/* SPDX-License-Identifier: Apache-2.0 */
/* What is bounded, how near it is to its bound, and how often it was reached: the same rows for status, page and metrics. */
#ifndef BS_ADMIN_LIMITS_H
#define BS_ADMIN_LIMITS_H

#include "server/admin/snapshot.h"

#define BS_LIMIT_COUNT 11

struct bs_limit {
	const char *option; /* its name in the configuration */
	const char *what; /* for people */
	const char *unit; /* " s", or "" for a plain number */
	uint64_t value, cap; /* now, and at most */
	uint64_t hits; /* since the start: what was dropped, ended or left out because of it */
	bool usual; /* to be at it is no reason to look: a device that came back has its old session and its new one */
};

void bs_limits_get(const struct bs_snapshot *s, struct bs_limit out[BS_LIMIT_COUNT]);

#endif
