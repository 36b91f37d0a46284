/* SPDX-License-Identifier: Apache-2.0 */
#include "server/net/device_table.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <uthash.h>

#define WINDOW_MS 60000
#define HOST_LEN 20 /* of bs_addr_key, without the port */

/* The key to try next for a host that failed with the other one. */
struct hint {
	uint8_t host[HOST_LEN];
	bool used;
	uint8_t slot;
};

struct device {
	int64_t id;
	bool running;
	unsigned worker;
	uint64_t run;
	struct bs_addr from;
	uint64_t window_ms; /* start of the minute that attempts are counted in */
	unsigned attempts;
	bool given_back; /* one of them, in this minute */
	unsigned psk_first; /* the key that was proven last */
	uint8_t proven_host[HOST_LEN]; /* from here; all zero: none was */
	unsigned turn; /* what a host that nothing is known of gets while others fail: the one key, then the other */
	struct hint *hints; /* BS_PSK_HINTS of them; NULL: nobody failed */
	unsigned next_hint; /* the oldest, which the next host replaces */
	TAILQ_ENTRY(device) link; /* least recently used first */
	UT_hash_handle hh;
};

struct bs_device_table {
	pthread_mutex_t lock;
	size_t max;
	unsigned attempts_per_minute;
	uint64_t busy_minute; /* number of the minute of busiest[0]; busiest[1] is that of the one before */
	unsigned busiest[2];
	struct device *by_id;
	TAILQ_HEAD(, device) recent;
};

enum bs_err
bs_device_table_new(size_t max, unsigned attempts_per_minute, struct bs_device_table **out)
{
	struct bs_device_table *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return BS_ENOMEM;
	pthread_mutex_init(&t->lock, NULL);
	t->max = max;
	t->attempts_per_minute = attempts_per_minute;
	TAILQ_INIT(&t->recent);
	*out = t;
	return BS_OK;
}

static void
forget(struct bs_device_table *t, struct device *d)
{
	HASH_DEL(t->by_id, d);
	TAILQ_REMOVE(&t->recent, d, link);
	free(d->hints);
	free(d);
}

void
bs_device_table_free(struct bs_device_table *t)
{
	struct device *d;

	if (t == NULL)
		return;
	while ((d = TAILQ_FIRST(&t->recent)) != NULL)
		forget(t, d);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

static struct device *
find(struct bs_device_table *t, int64_t id)
{
	struct device *d;

	HASH_FIND(hh, t->by_id, &id, sizeof(id), d);
	return d;
}

/* The device, made when it is not there, as the most recently used. NULL without memory. */
static struct device *
touch(struct bs_device_table *t, uint64_t now_ms, int64_t id)
{
	struct device *d = find(t, id);

	if (d != NULL) {
		TAILQ_REMOVE(&t->recent, d, link);
	} else {
		if (HASH_COUNT(t->by_id) >= t->max)
			forget(t, TAILQ_FIRST(&t->recent));
		d = calloc(1, sizeof(*d));
		if (d == NULL)
			return NULL;
		d->id = id;
		d->window_ms = now_ms;
		HASH_ADD(hh, t->by_id, id, sizeof(d->id), d);
	}
	TAILQ_INSERT_TAIL(&t->recent, d, link);
	return d;
}

static bool
same_host(const struct bs_addr *a, const struct bs_addr *b)
{
	char host_a[BS_ADDR_TEXT], host_b[BS_ADDR_TEXT];

	return strcmp(bs_addr_format_host(a, host_a), bs_addr_format_host(b, host_b)) == 0;
}

/* Count one attempt; false when that is one too many. */
static bool
count_attempt(struct device *d, uint64_t now_ms, unsigned most)
{
	if (now_ms - d->window_ms >= WINDOW_MS) {
		d->window_ms = now_ms;
		d->attempts = 0;
		d->given_back = false;
	}
	if (d->attempts >= most)
		return false;
	d->attempts++;
	return true;
}

static void
move_minute(struct bs_device_table *t, uint64_t now_ms)
{
	uint64_t minute = now_ms / WINDOW_MS;

	if (minute == t->busy_minute)
		return;
	t->busiest[1] = minute == t->busy_minute + 1 ? t->busiest[0] : 0;
	t->busiest[0] = 0;
	t->busy_minute = minute;
}

static void
note_busy(struct bs_device_table *t, uint64_t now_ms, unsigned attempts)
{
	move_minute(t, now_ms);
	if (attempts > t->busiest[0])
		t->busiest[0] = attempts;
}

unsigned
bs_device_table_busiest(struct bs_device_table *t, uint64_t now_ms)
{
	unsigned most;

	pthread_mutex_lock(&t->lock);
	move_minute(t, now_ms);
	most = t->busiest[0] > t->busiest[1] ? t->busiest[0] : t->busiest[1];
	pthread_mutex_unlock(&t->lock);
	return most;
}

static enum bs_err
claim(struct bs_device_table *t, uint64_t now_ms, int64_t device_id, unsigned worker, uint64_t run,
	const struct bs_addr *from, bool count, struct bs_device_claim *out)
{
	enum bs_err err = BS_OK;
	struct device *d;

	memset(out, 0, sizeof(*out));
	pthread_mutex_lock(&t->lock);
	d = touch(t, now_ms, device_id);
	if (d == NULL) {
		err = BS_ENOMEM;
	} else if (count && !count_attempt(d, now_ms, t->attempts_per_minute)) {
		out->too_many = true;
		note_busy(t, now_ms, d->attempts);
	} else {
		note_busy(t, now_ms, d->attempts);
		out->superseded = d->running;
		out->worker = d->worker;
		out->run = d->run;
		out->other_address = d->running && !same_host(&d->from, from);
		d->running = true;
		d->worker = worker;
		d->run = run;
		d->from = *from;
	}
	pthread_mutex_unlock(&t->lock);
	return err;
}

enum bs_err
bs_device_table_claim(struct bs_device_table *t, uint64_t now_ms, int64_t device_id, unsigned worker, uint64_t run,
	const struct bs_addr *from, struct bs_device_claim *out)
{
	return claim(t, now_ms, device_id, worker, run, from, true, out);
}

enum bs_err
bs_device_table_take(struct bs_device_table *t, uint64_t now_ms, int64_t device_id, unsigned worker, uint64_t run,
	const struct bs_addr *from, struct bs_device_claim *out)
{
	return claim(t, now_ms, device_id, worker, run, from, false, out);
}

enum bs_err
bs_device_table_attempt(struct bs_device_table *t, uint64_t now_ms, int64_t device_id)
{
	struct device *d;
	enum bs_err err = BS_ENOMEM;

	pthread_mutex_lock(&t->lock);
	d = touch(t, now_ms, device_id);
	if (d != NULL)
		err = count_attempt(d, now_ms, t->attempts_per_minute) ? BS_OK : BS_ELIMIT;
	pthread_mutex_unlock(&t->lock);
	return err;
}

void
bs_device_table_give_back(struct bs_device_table *t, int64_t device_id)
{
	struct device *d;

	pthread_mutex_lock(&t->lock);
	d = find(t, device_id);
	if (d != NULL && d->attempts > 0 && !d->given_back) {
		d->attempts--;
		d->given_back = true;
	}
	pthread_mutex_unlock(&t->lock);
}

void
bs_device_table_release(struct bs_device_table *t, int64_t device_id, uint64_t run)
{
	struct device *d;

	pthread_mutex_lock(&t->lock);
	d = find(t, device_id);
	if (d != NULL && d->run == run)
		d->running = false;
	pthread_mutex_unlock(&t->lock);
}

static struct hint *
find_hint(const struct device *d, const struct bs_addr *from)
{
	uint8_t key[32];

	bs_addr_key(from, key);
	for (size_t i = 0; d->hints != NULL && i < BS_PSK_HINTS; i++)
		if (d->hints[i].used && memcmp(d->hints[i].host, key + 2, HOST_LEN) == 0) /* the port stands first */
			return &d->hints[i];
	return NULL;
}

/* Without memory there is no hint: the host may then have to come once more. */
static void
add_hint(struct device *d, const struct bs_addr *from, unsigned slot)
{
	struct hint *h = find_hint(d, from);
	uint8_t key[32];

	if (h == NULL && d->hints == NULL)
		d->hints = calloc(BS_PSK_HINTS, sizeof(*d->hints));
	if (d->hints == NULL)
		return;
	if (h == NULL) {
		h = &d->hints[d->next_hint];
		d->next_hint = (d->next_hint + 1) % BS_PSK_HINTS;
	}
	bs_addr_key(from, key);
	memcpy(h->host, key + 2, HOST_LEN);
	h->slot = (uint8_t)slot;
	h->used = true;
}

static bool
has_hints(const struct device *d)
{
	for (size_t i = 0; d->hints != NULL && i < BS_PSK_HINTS; i++)
		if (d->hints[i].used)
			return true;
	return false;
}

/*
 * A device may come from another host each time, so that what it failed with elsewhere is all that is known: while somebody
 * fails, hosts that are not known take turns. Strangers can so cost it no more than every other try.
 */
static unsigned
choose_first(struct device *d, const struct bs_addr *from)
{
	const struct hint *h = find_hint(d, from);
	uint8_t key[32];
	unsigned first;

	if (h != NULL)
		return h->slot;
	bs_addr_key(from, key);
	if (!has_hints(d) || memcmp(d->proven_host, key + 2, HOST_LEN) == 0)
		return d->psk_first;
	first = d->psk_first ^ d->turn;
	d->turn ^= 1;
	return first;
}

unsigned
bs_device_table_psk_first(struct bs_device_table *t, int64_t device_id, const struct bs_addr *from)
{
	struct device *d;
	unsigned first = 0;

	pthread_mutex_lock(&t->lock);
	d = find(t, device_id);
	if (d != NULL)
		first = choose_first(d, from);
	pthread_mutex_unlock(&t->lock);
	return first;
}

void
bs_device_table_psk_proven(
	struct bs_device_table *t, uint64_t now_ms, int64_t device_id, unsigned slot, const struct bs_addr *from)
{
	uint8_t key[32];
	struct device *d;

	bs_addr_key(from, key);
	pthread_mutex_lock(&t->lock);
	d = touch(t, now_ms, device_id);
	if (d != NULL) {
		d->psk_first = slot;
		memcpy(d->proven_host, key + 2, HOST_LEN);
		d->turn = 0;
		for (size_t i = 0; d->hints != NULL && i < BS_PSK_HINTS; i++)
			d->hints[i].used = false;
	}
	pthread_mutex_unlock(&t->lock);
}

void
bs_device_table_psk_failed(
	struct bs_device_table *t, uint64_t now_ms, int64_t device_id, unsigned slot, const struct bs_addr *from)
{
	struct device *d;

	pthread_mutex_lock(&t->lock);
	d = touch(t, now_ms, device_id);
	if (d != NULL)
		add_hint(d, from, 1 - slot);
	pthread_mutex_unlock(&t->lock);
}

size_t
bs_device_table_count(struct bs_device_table *t)
{
	size_t n;

	pthread_mutex_lock(&t->lock);
	n = HASH_COUNT(t->by_id);
	pthread_mutex_unlock(&t->lock);
	return n;
}
