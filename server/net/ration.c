/* SPDX-License-Identifier: Apache-2.0 */
#include "server/net/ration.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "server/base/random.h"
#include "server/net/peak.h"

#define MINUTE_S 60
#define SEED_LEN 8
#define KEY_LEN (SEED_LEN + 32) /* of bs_addr_prefix_key */
#define AT_ONCE 4 /* a quarter of a network's minute may come at once ... */
#define OF_ALL 4 /* ... and a quarter of what all strangers have is the most for one network */

struct bs_ration {
	pthread_mutex_t lock;
	uint8_t seed[SEED_LEN]; /* before the key of a network: nobody can choose some that meet in a hash table */
	struct bs_buckets *by_source[BS_RATION_STRANGERS][BS_RATION_WHATS]; /* of devices, of networks */
	struct bs_bucket strangers[BS_RATION_WHATS];
	struct bs_bucket_rate strangers_rate;
	unsigned per_prefix, prefix_burst;
	struct bs_ration_counters counters, told;
	struct bs_peak peaks[BS_RATION_PERS]; /* of lines */
	uint64_t told_ms; /* 0: never */
};

static uint32_t
clamp(uint64_t v, uint64_t most)
{
	v = v < most ? v : most;
	return v > 0 ? (uint32_t)v : 1;
}

static enum bs_err
make_buckets(struct bs_ration *r, const struct bs_ration_limits *l)
{
	const struct bs_bucket_rate all = { clamp(l->strangers, UINT32_MAX),
		clamp((uint64_t)l->strangers * MINUTE_S, UINT32_MAX) };
	const struct bs_bucket_rate device = { clamp(l->per_device, UINT32_MAX), clamp(l->per_device, UINT32_MAX) },
				    prefix = { clamp(l->per_prefix / AT_ONCE, all.burst / OF_ALL),
					    clamp(l->per_prefix, all.per_minute / OF_ALL) },
				    watched = { BS_RATION_TRACE, BS_RATION_TRACE };
	enum bs_err err = bs_buckets_new(
		BS_RATION_SOURCES, &watched, &r->by_source[BS_RATION_DEVICE][BS_RATION_WATCHED]);

	r->strangers_rate = all;
	r->per_prefix = l->per_prefix;
	r->prefix_burst = prefix.burst;
	for (unsigned what = BS_RATION_LINE; err == BS_OK && what <= BS_RATION_ROW; what++) {
		bs_bucket_fill(&r->strangers[what], &all, 0);
		err = bs_buckets_new(BS_RATION_SOURCES, &device, &r->by_source[BS_RATION_DEVICE][what]);
		if (err == BS_OK)
			err = bs_buckets_new(BS_RATION_SOURCES, &prefix, &r->by_source[BS_RATION_PREFIX][what]);
	}
	return err;
}

enum bs_err
bs_ration_new(const struct bs_ration_limits *limits, struct bs_ration **out)
{
	struct bs_ration *r = calloc(1, sizeof(*r));
	enum bs_err err;

	if (r == NULL)
		return BS_ENOMEM;
	pthread_mutex_init(&r->lock, NULL);
	bs_random_system(NULL, r->seed, sizeof(r->seed));
	err = make_buckets(r, limits);
	if (err == BS_OK) {
		*out = r;
		r = NULL;
	}
	bs_ration_free(r);
	return err;
}

void
bs_ration_free(struct bs_ration *r)
{
	if (r == NULL)
		return;
	for (unsigned per = 0; per < BS_RATION_STRANGERS; per++)
		for (unsigned what = 0; what < BS_RATION_WHATS; what++)
			bs_buckets_free(r->by_source[per][what]);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

static size_t
prefix_key(const struct bs_ration *r, const struct bs_addr *from, uint8_t key[KEY_LEN])
{
	memcpy(key, r->seed, SEED_LEN);
	return SEED_LEN + bs_addr_prefix_key(from, key + SEED_LEN);
}

/* Of the bucket of one device or network. */
static bool
take(struct bs_ration *r, uint64_t now_ms, const struct bs_ration_who *who, enum bs_ration_per per,
	enum bs_ration_what what, uint64_t *left_out)
{
	struct bs_buckets *buckets = r->by_source[per][what];
	uint8_t prefix[KEY_LEN];
	const void *key = per == BS_RATION_DEVICE ? (const void *)&who->device_id : prefix;
	size_t key_len = per == BS_RATION_DEVICE ? sizeof(who->device_id) : prefix_key(r, who->from, prefix);
	unsigned used = 0;
	bool taken = buckets != NULL && bs_buckets_take(buckets, now_ms, key, key_len, left_out, &used);

	if (what == BS_RATION_LINE)
		bs_peak_note(&r->peaks[per], now_ms, used);
	if (!taken)
		r->counters.left_out[per][what]++;
	return taken;
}

/* What a network has left it may use only while there is some for all. */
static bool
take_as_stranger(struct bs_ration *r, uint64_t now_ms, const struct bs_ration_who *who, enum bs_ration_what what,
	uint64_t *left_out)
{
	struct bs_bucket *all = &r->strangers[what];
	uint64_t of_all = 0;
	bool taken = bs_bucket_has(all, &r->strangers_rate, now_ms);

	if (!taken)
		r->counters.left_out[BS_RATION_STRANGERS][what]++;
	else if (!take(r, now_ms, who, BS_RATION_PREFIX, what, left_out))
		return false;
	(void)bs_bucket_take(all, &r->strangers_rate, now_ms, &of_all); /* a refusal counts there, too */
	*left_out += of_all;
	if (what == BS_RATION_LINE)
		bs_peak_note(&r->peaks[BS_RATION_STRANGERS], now_ms, bs_bucket_used(all, &r->strangers_rate));
	return taken;
}

bool
bs_ration_allows(struct bs_ration *r, uint64_t now_ms, const struct bs_ration_who *who, enum bs_ration_what what,
	uint64_t *left_out)
{
	uint64_t before = 0;
	bool allowed;

	pthread_mutex_lock(&r->lock);
	if (who->device_id != 0)
		allowed = take(r, now_ms, who, BS_RATION_DEVICE, what, &before);
	else
		allowed = take_as_stranger(r, now_ms, who, what, &before);
	pthread_mutex_unlock(&r->lock);
	if (allowed && left_out != NULL)
		*left_out = before;
	return allowed;
}

void
bs_ration_get(struct bs_ration *r, uint64_t now_ms, struct bs_ration_counters *out)
{
	pthread_mutex_lock(&r->lock);
	*out = r->counters;
	out->device_most = bs_peak_get(&r->peaks[BS_RATION_DEVICE], now_ms);
	/* In the measure of the option: its minute does not come at once. */
	out->prefix_most = (unsigned)((uint64_t)bs_peak_get(&r->peaks[BS_RATION_PREFIX], now_ms) * r->per_prefix /
				      r->prefix_burst);
	out->strangers_most = bs_peak_get(&r->peaks[BS_RATION_STRANGERS], now_ms);
	pthread_mutex_unlock(&r->lock);
}

bool
bs_ration_due(struct bs_ration *r, uint64_t now_ms, struct bs_ration_counters *out)
{
	uint64_t sum = 0;

	memset(out, 0, sizeof(*out));
	pthread_mutex_lock(&r->lock);
	for (unsigned per = 0; per < BS_RATION_PERS; per++) {
		for (unsigned what = 0; what < BS_RATION_WHATS; what++) {
			out->left_out[per][what] = r->counters.left_out[per][what] - r->told.left_out[per][what];
			sum += out->left_out[per][what];
		}
	}
	if (sum > 0 && r->told_ms != 0 && now_ms < r->told_ms + BS_RATION_TELL_MS)
		sum = 0;
	if (sum > 0) {
		r->told = r->counters;
		r->told_ms = now_ms;
	}
	pthread_mutex_unlock(&r->lock);
	return sum > 0;
}
