/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one writer of the journal: a thread with a bounded queue. Workers post and go on; what does not fit is counted as
 * dropped and said once in the log. A full disk stops recording, never bootstrapping. Flushed at exit.
 */
#ifndef BS_DB_RECORDER_H
#define BS_DB_RECORDER_H

#include "db/journal/journal.h"

struct bs_recorder;

struct bs_recorder_counters {
	uint64_t recorded, dropped, write_errors;
	uint64_t queued; /* at the moment */
	uint64_t failing; /* 1: the latest write failed */
	uint64_t store_number,
		store_seen; /* generation of the store that lies there, and the latest that was seen; 0: none yet */
	uint64_t store_age; /* enum bs_age */
};

/* Takes journal. The thread starts here. */
BS_MUST_USE enum bs_err bs_recorder_start(
	struct bs_journal *journal, const struct bs_journal_limits *limits, size_t queue_max, struct bs_recorder **out);
/*
 * The store as it lies there now: the journal remembers the latest, and one that is not what should follow is told in the log
 * and the counters until it is again (generation.h). Any thread; never blocks on the disk.
 */
void bs_recorder_saw_store(struct bs_recorder *r, const struct bs_generation *now);
/* Any thread; never blocks on the disk. Returns false when it was dropped. */
bool bs_recorder_post(struct bs_recorder *r, const struct bs_attempt *attempt);
void bs_recorder_get_counters(struct bs_recorder *r, struct bs_recorder_counters *out);
/* Flush, stop the thread, close the journal. NULL is fine. */
void bs_recorder_stop(struct bs_recorder *r);

#endif
