/* SPDX-License-Identifier: Apache-2.0 */
/* What another process has used so far, as Linux tells it under /proc. */
#ifndef SIM_CPU_H
#define SIM_CPU_H

#include <stdint.h>
#include <sys/types.h>

#include "server/base/err.h"

/* Processor time of all its threads, from the scheduler's own nanoseconds (task/TID/schedstat); where the kernel keeps
 * none, from the ticks of stat. Threads that ended meanwhile are not counted. BS_EIO: no such process. */
BS_MUST_USE enum bs_err sim_cpu_ns(pid_t pid, uint64_t *out);
/* Resident memory, bytes. BS_EIO. */
BS_MUST_USE enum bs_err sim_cpu_rss(pid_t pid, uint64_t *out);

#endif
