/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Token buckets: so many at once, so many a minute. One alone, or a bounded table of them by key, where the one that was asked
 * for longest ago makes room for a new one: it has filled up most. Time is an argument; one that steps back is as none that passed.
 */
#ifndef BS_NET_BUCKET_H
#define BS_NET_BUCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/base/err.h"

struct bs_bucket_rate {
	uint32_t burst; /* what a full bucket holds; at least 1 */
	uint32_t per_minute; /* at least 1 */
};

/* Zeroed memory is no bucket: begin with bs_bucket_fill. */
struct bs_bucket {
	uint64_t level; /* in tokens times 60,000, so that a millisecond adds a whole number */
	uint64_t at_ms;
	uint64_t left_out; /* refused since the last that was let through */
};

void bs_bucket_fill(struct bs_bucket *b, const struct bs_bucket_rate *rate, uint64_t now_ms);
/* Take one token; false: there is none. On true *left_out (may be NULL) says how many were refused before. */
bool bs_bucket_take(struct bs_bucket *b, const struct bs_bucket_rate *rate, uint64_t now_ms, uint64_t *left_out);
/* Would there be one? */
bool bs_bucket_has(struct bs_bucket *b, const struct bs_bucket_rate *rate, uint64_t now_ms);
/* Tokens that are missing to a full one. */
unsigned bs_bucket_used(const struct bs_bucket *b, const struct bs_bucket_rate *rate);

#define BS_BUCKET_KEY_MAX 32

struct bs_buckets;

BS_MUST_USE enum bs_err bs_buckets_new(size_t max, const struct bs_bucket_rate *rate, struct bs_buckets **out);
void bs_buckets_free(struct bs_buckets *t); /* NULL is fine */
/*
 * The same for the bucket of key (at most BS_BUCKET_KEY_MAX octets), which is made full when it is not there. *used (may be NULL):
 * tokens that are missing to it afterwards. Without memory the answer is no.
 */
bool bs_buckets_take(
	struct bs_buckets *t, uint64_t now_ms, const void *key, size_t key_len, uint64_t *left_out, unsigned *used);
size_t bs_buckets_count(const struct bs_buckets *t);

#endif
