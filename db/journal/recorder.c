/* SPDX-License-Identifier: Apache-2.0 */
#include "db/journal/recorder.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "server/base/clock.h"
#include "server/base/condition.h"
#include "server/base/log.h"

#define BATCH_MAX 512 /* attempts in one transaction */
#define BATCH_WAIT_MS 200 /* how long the first of a batch waits for others */
#define RETRY_MS 1000 /* after a failure */
#define TRIM_MS 60000 /* retention, when nothing is recorded */

struct bs_recorder {
	struct bs_journal *journal; /* the thread's alone */
	struct bs_journal_limits limits;
	pthread_t thread;
	pthread_mutex_t lock; /* for all below; never held during input or output */
	pthread_cond_t wake;
	struct bs_attempt *ring;
	size_t max, head, count;
	bool stop;
	bool dropping; /* something was dropped since the last good moment */
	uint64_t dropped_since;
	struct bs_seen seen; /* as the journal has it, or shall have it */
	bool seen_changed;
	struct bs_recorder_counters counters;
	/* the thread's alone */
	atomic_bool failing; /* written by the thread alone */
	uint64_t next_trim_ms;
};

/* ---- posting -------------------------------------------------------------------------------------------------------- */

bool
bs_recorder_post(struct bs_recorder *r, const struct bs_attempt *attempt)
{
	bool first_drop = false, fits;

	pthread_mutex_lock(&r->lock);
	fits = r->count < r->max;
	if (fits) {
		r->ring[(r->head + r->count) % r->max] = *attempt;
		r->count++;
		if (r->count == 1 || r->count == BATCH_MAX)
			pthread_cond_signal(&r->wake);
	} else {
		first_drop = !r->dropping;
		r->dropping = true;
		r->dropped_since++;
		r->counters.dropped++;
	}
	pthread_mutex_unlock(&r->lock);
	if (first_drop)
		bs_log(BS_WARNING, "journal.dropping", "queued=%zu", r->max);
	return fits;
}

void
bs_recorder_get_counters(struct bs_recorder *r, struct bs_recorder_counters *out)
{
	pthread_mutex_lock(&r->lock);
	*out = r->counters;
	out->queued = r->count;
	out->failing = r->failing;
	pthread_mutex_unlock(&r->lock);
}

/* ---- the age of the store ------------------------------------------------------------------------------------------- */

static void
log_age(enum bs_age age, const struct bs_generation *now, const struct bs_seen *seen)
{
	static const char *const events[] = {
		[BS_AGE_CURRENT] = "store.current",
		[BS_AGE_OLDER] = "store.older",
		[BS_AGE_OTHER] = "store.other",
	};

	bs_log(age == BS_AGE_CURRENT ? BS_INFO : BS_ERROR, events[age], "generation=%llu seen=%llu%s",
		(unsigned long long)now->number, (unsigned long long)seen->number,
		age == BS_AGE_CURRENT ? ""
				      : " todo=\"if it was put back on purpose: lwm2m-bootstrapctl restore --accept; "
					"else find out who did\"");
}

static bool
same_seen(const struct bs_seen *a, const struct bs_seen *b)
{
	return a->store == b->store && a->number == b->number && a->mark == b->mark && a->older == b->older;
}

void
bs_recorder_saw_store(struct bs_recorder *r, const struct bs_generation *now)
{
	struct bs_seen before;
	enum bs_age age, was;

	pthread_mutex_lock(&r->lock);
	before = r->seen;
	was = (enum bs_age)r->counters.store_age;
	age = bs_age_note(&r->seen, now);
	r->counters.store_age = age;
	r->counters.store_number = now->number;
	r->counters.store_seen = r->seen.number;
	if (!same_seen(&before, &r->seen)) {
		r->seen_changed = true;
		pthread_cond_signal(&r->wake);
	}
	pthread_mutex_unlock(&r->lock);
	if (age != was)
		log_age(age, now, &before);
}

/* ---- the thread ----------------------------------------------------------------------------------------------------- */

/* Until there is a batch, the program stops, or retention is due. The lock is held. */
static void
wait_for_work(struct bs_recorder *r)
{
	uint64_t deadline_ms;

	while (r->count == 0 && !r->seen_changed && !r->stop && bs_clock_ms() < r->next_trim_ms)
		bs_condition_wait(&r->wake, &r->lock, r->next_trim_ms);
	if (r->count == 0)
		return;
	deadline_ms = bs_clock_ms() + BATCH_WAIT_MS;
	while (r->count < BATCH_MAX && r->count < r->max && !r->stop && bs_clock_ms() < deadline_ms)
		bs_condition_wait(&r->wake, &r->lock, deadline_ms);
}

static size_t
smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* A row that SQLite refuses would be refused for ever: it must not hold up the others. */
static bool
is_passing(enum bs_err err)
{
	return err == BS_EIO || err == BS_EBUSY || err == BS_ENOMEM || err == BS_EPERM;
}

static void
log_result(struct bs_recorder *r, enum bs_err err, bool recovered, uint64_t dropped)
{
	struct bs_quote q;

	if (err != BS_OK && !r->failing)
		bs_log(BS_ERROR, "journal.write-failed", "error=%s", bs_log_quote(&q, bs_strerror(err)));
	if (err == BS_OK && (r->failing || recovered))
		bs_log(BS_INFO, "journal.recovered", "dropped=%llu", (unsigned long long)dropped);
	r->failing = err != BS_OK;
}

/*
 * Write the oldest attempts. They stay in the ring until they are stored, and only this thread takes from it, so they can
 * be read without the lock. The lock is held at entry and return, not in between.
 */
static enum bs_err
write_batch(struct bs_recorder *r)
{
	size_t n = smaller(smaller(r->count, BATCH_MAX), r->max - r->head);
	uint64_t dropped = 0;
	bool recovered = false;
	enum bs_err err;

	pthread_mutex_unlock(&r->lock);
	err = bs_journal_append(r->journal, &r->ring[r->head], n);
	pthread_mutex_lock(&r->lock);
	if (err == BS_OK || !is_passing(err)) {
		r->head = (r->head + n) % r->max;
		r->count -= n;
	}
	if (err == BS_OK) {
		r->counters.recorded += n;
		recovered = r->dropping && r->count <= r->max / 2;
	} else {
		r->counters.write_errors++;
		r->counters.dropped += is_passing(err) ? 0 : n;
	}
	dropped = r->dropped_since;
	if (recovered || (err == BS_OK && r->failing && !r->dropping)) {
		r->dropping = false;
		r->dropped_since = 0;
	}
	pthread_mutex_unlock(&r->lock);
	log_result(r, err, recovered, dropped);
	pthread_mutex_lock(&r->lock);
	return err;
}

/* The lock is held at entry and return, not in between. */
static enum bs_err
write_seen(struct bs_recorder *r)
{
	struct bs_seen seen = r->seen;
	enum bs_err err;

	pthread_mutex_unlock(&r->lock);
	err = bs_journal_set_seen(r->journal, &seen);
	pthread_mutex_lock(&r->lock);
	if (err == BS_OK || !is_passing(err))
		r->seen_changed = !same_seen(&seen, &r->seen);
	else
		r->counters.write_errors++;
	return err;
}

/* One slice; the next at once while more is due, else in a minute. The lock is not held. */
static void
trim(struct bs_recorder *r)
{
	enum bs_err err = bs_journal_trim(r->journal, &r->limits, bs_clock_wall_ms());

	r->next_trim_ms = bs_clock_ms() + (err == BS_OK && bs_journal_trim_pending(r->journal) ? 0 : TRIM_MS);
}

static void *
run(void *arg)
{
	struct bs_recorder *r = arg;

	pthread_mutex_lock(&r->lock);
	for (;;) {
		enum bs_err err = BS_OK;

		wait_for_work(r);
		if (r->seen_changed)
			err = write_seen(r);
		if (r->count == 0 && r->stop)
			break;
		if (r->count > 0 && err == BS_OK)
			err = write_batch(r);
		if (err != BS_OK && r->stop && is_passing(err)) {
			r->counters.dropped += r->count; /* no more time to wait for the disk */
			r->count = 0;
			break;
		}
		if (err != BS_OK && is_passing(err)) {
			uint64_t again_ms = bs_clock_ms() + RETRY_MS;

			while (!r->stop && bs_clock_ms() < again_ms)
				bs_condition_wait(&r->wake, &r->lock, again_ms);
			continue;
		}
		pthread_mutex_unlock(&r->lock);
		trim(r);
		pthread_mutex_lock(&r->lock);
	}
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

/* ---- start and stop ------------------------------------------------------------------------------------------------- */

enum bs_err
bs_recorder_start(
	struct bs_journal *journal, const struct bs_journal_limits *limits, size_t queue_max, struct bs_recorder **out)
{
	struct bs_recorder *r = calloc(1, sizeof(*r));

	if (r != NULL) {
		r->journal = journal;
		r->limits = *limits;
		r->max = queue_max > 0 ? queue_max : 1;
		r->ring = calloc(r->max, sizeof(*r->ring));
	}
	if (r == NULL || r->ring == NULL || bs_journal_get_seen(journal, &r->seen) != BS_OK ||
		bs_condition_init(&r->wake) != BS_OK || pthread_mutex_init(&r->lock, NULL) != 0 ||
		pthread_create(&r->thread, NULL, run, r) != 0) {
		bs_journal_close(journal); /* taken, also on failure */
		free(r != NULL ? r->ring : NULL);
		free(r);
		return BS_ENOMEM;
	}
	*out = r;
	return BS_OK;
}

void
bs_recorder_stop(struct bs_recorder *r)
{
	struct bs_recorder_counters c;

	if (r == NULL)
		return;
	pthread_mutex_lock(&r->lock);
	r->stop = true;
	pthread_cond_signal(&r->wake);
	pthread_mutex_unlock(&r->lock);
	pthread_join(r->thread, NULL);
	bs_recorder_get_counters(r, &c);
	if (c.dropped > 0)
		bs_log(BS_WARNING, "journal.closed", "recorded=%llu dropped=%llu", (unsigned long long)c.recorded,
			(unsigned long long)c.dropped);
	bs_journal_close(r->journal);
	pthread_cond_destroy(&r->wake);
	pthread_mutex_destroy(&r->lock);
	free(r->ring);
	free(r);
}
