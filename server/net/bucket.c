/* SPDX-License-Identifier: Apache-2.0 */
#include "server/net/bucket.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "server/base/hash.h"

#define TOKEN 60000u /* of a level: milliseconds of a minute */

/* ---- one ---------------------------------------------------------------------------------------------------------- */

static uint64_t
full(const struct bs_bucket_rate *rate)
{
	return (uint64_t)rate->burst * TOKEN;
}

void
bs_bucket_fill(struct bs_bucket *b, const struct bs_bucket_rate *rate, uint64_t now_ms)
{
	*b = (struct bs_bucket){ .level = full(rate), .at_ms = now_ms };
}

static void
refill(struct bs_bucket *b, const struct bs_bucket_rate *rate, uint64_t now_ms)
{
	uint64_t missing = full(rate) - b->level, passed_ms = now_ms > b->at_ms ? now_ms - b->at_ms : 0;

	/* Divided, as the product could be too great. */
	b->level = passed_ms > missing / rate->per_minute ? full(rate) : b->level + passed_ms * rate->per_minute;
	b->at_ms += passed_ms;
}

bool
bs_bucket_has(struct bs_bucket *b, const struct bs_bucket_rate *rate, uint64_t now_ms)
{
	refill(b, rate, now_ms);
	return b->level >= TOKEN;
}

bool
bs_bucket_take(struct bs_bucket *b, const struct bs_bucket_rate *rate, uint64_t now_ms, uint64_t *left_out)
{
	if (!bs_bucket_has(b, rate, now_ms)) {
		b->left_out++;
		return false;
	}
	b->level -= TOKEN;
	if (left_out != NULL)
		*left_out = b->left_out;
	b->left_out = 0;
	return true;
}

unsigned
bs_bucket_used(const struct bs_bucket *b, const struct bs_bucket_rate *rate)
{
	return (unsigned)((full(rate) - b->level + TOKEN - 1) / TOKEN);
}

/* ---- many --------------------------------------------------------------------------------------------------------- */

struct entry {
	uint8_t key[BS_BUCKET_KEY_MAX];
	struct bs_bucket bucket;
	TAILQ_ENTRY(entry) link; /* least recently asked for first */
	UT_hash_handle hh;
};

struct bs_buckets {
	size_t max;
	struct bs_bucket_rate rate;
	struct entry *by_key;
	TAILQ_HEAD(entries, entry) recent;
};

enum bs_err
bs_buckets_new(size_t max, const struct bs_bucket_rate *rate, struct bs_buckets **out)
{
	struct bs_buckets *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return BS_ENOMEM;
	t->max = max > 0 ? max : 1;
	t->rate = *rate;
	TAILQ_INIT(&t->recent);
	*out = t;
	return BS_OK;
}

static void
forget(struct bs_buckets *t, struct entry *e)
{
	HASH_DEL(t->by_key, e);
	TAILQ_REMOVE(&t->recent, e, link);
	free(e);
}

void
bs_buckets_free(struct bs_buckets *t)
{
	struct entry *e;

	if (t == NULL)
		return;
	while ((e = TAILQ_FIRST(&t->recent)) != NULL)
		forget(t, e);
	free(t);
}

static struct entry *
add(struct bs_buckets *t, uint64_t now_ms, const void *key, size_t key_len)
{
	struct entry *e;

	if (HASH_COUNT(t->by_key) >= t->max)
		forget(t, TAILQ_FIRST(&t->recent));
	e = calloc(1, sizeof(*e));
	if (e == NULL)
		return NULL;
	memcpy(e->key, key, key_len);
	bs_bucket_fill(&e->bucket, &t->rate, now_ms);
	HASH_ADD(hh, t->by_key, key, (unsigned)key_len, e);
	if (!bs_hash_added(hh, e)) {
		free(e);
		return NULL;
	}
	TAILQ_INSERT_TAIL(&t->recent, e, link);
	return e;
}

bool
bs_buckets_take(
	struct bs_buckets *t, uint64_t now_ms, const void *key, size_t key_len, uint64_t *left_out, unsigned *used)
{
	struct entry *e = NULL;
	bool taken;

	if (key_len > BS_BUCKET_KEY_MAX)
		return false;
	HASH_FIND(hh, t->by_key, key, (unsigned)key_len, e);
	if (e != NULL) {
		TAILQ_REMOVE(&t->recent, e, link);
		TAILQ_INSERT_TAIL(&t->recent, e, link);
	} else if ((e = add(t, now_ms, key, key_len)) == NULL) {
		return false;
	}
	taken = bs_bucket_take(&e->bucket, &t->rate, now_ms, left_out);
	if (used != NULL)
		*used = bs_bucket_used(&e->bucket, &t->rate);
	return taken;
}

size_t
bs_buckets_count(const struct bs_buckets *t)
{
	return HASH_COUNT(t->by_key);
}
