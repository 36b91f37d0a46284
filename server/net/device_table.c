/* SPDX-License-Identifier: Apache-2.0 */
#include "server/net/device_table.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "server/base/hash.h"
#include "server/net/peak.h"

#define WINDOW_MS 60000
#define HOST_LEN 20 /* of bs_addr_key, without the port */

/* The key to try next for a host that failed with the other one. */
struct hint {
	uint8_t host[HOST_LEN];
	bool used;
	uint8_t slot;
};

struct open_session {
	struct bs_device_session session; /* number 0: none */
	uint8_t host[HOST_LEN];
};

struct device {
	int64_t id;
	bool running;
	struct bs_device_session in; /* where the run is on */
	uint64_t run;
	struct bs_addr from;
	uint64_t window_ms; /* start of the minute that attempts and handshakes are counted in */
	unsigned attempts, handshakes;
	bool given_back; /* one of them, in this minute */
	unsigned psk_first; /* the key that was proven last */
	uint8_t proven_host[HOST_LEN]; /* from here; all zero: none was */
	unsigned turn; /* what a host that nothing is known of gets while others fail: the one key, then the other */
	struct hint *hints; /* BS_PSK_HINTS of them; NULL: nobody failed */
	unsigned next_hint; /* the oldest, which the next host replaces */
	struct open_session *sessions; /* oldest first, room for as many as are allowed; NULL: none */
	unsigned session_count;
	TAILQ_ENTRY(device) link; /* in quiet or live */
	UT_hash_handle hh;
};

TAILQ_HEAD(devices, device);

struct bs_device_table {
	pthread_mutex_t lock;
	struct bs_device_limits limits;
	struct bs_peak attempts, handshakes; /* of the busiest device */
	size_t *with_sessions; /* devices that have i sessions */
	struct device *by_id;
	struct devices quiet, live; /* without and with a session; least recently used first */
};

enum bs_err
bs_device_table_new(const struct bs_device_limits *limits, struct bs_device_table **out)
{
	struct bs_device_table *t = calloc(1, sizeof(*t));

	if (t != NULL)
		t->with_sessions = calloc(limits->sessions + 1, sizeof(*t->with_sessions));
	if (t == NULL || t->with_sessions == NULL) {
		free(t);
		return BS_ENOMEM;
	}
	pthread_mutex_init(&t->lock, NULL);
	t->limits = *limits;
	TAILQ_INIT(&t->quiet);
	TAILQ_INIT(&t->live);
	*out = t;
	return BS_OK;
}

static struct devices *
list_of(struct bs_device_table *t, const struct device *d)
{
	return d->session_count > 0 ? &t->live : &t->quiet;
}

static void
forget(struct bs_device_table *t, struct device *d)
{
	HASH_DEL(t->by_id, d);
	TAILQ_REMOVE(list_of(t, d), d, link);
	t->with_sessions[d->session_count]--;
	free(d->sessions);
	free(d->hints);
	free(d);
}

static struct device *
oldest(const struct bs_device_table *t)
{
	return TAILQ_FIRST(&t->quiet) != NULL ? TAILQ_FIRST(&t->quiet) : TAILQ_FIRST(&t->live);
}

void
bs_device_table_free(struct bs_device_table *t)
{
	struct device *d;

	if (t == NULL)
		return;
	while ((d = oldest(t)) != NULL)
		forget(t, d);
	free(t->with_sessions);
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

static struct device *
add_device(struct bs_device_table *t, uint64_t now_ms, int64_t id)
{
	struct device *d;

	if (HASH_COUNT(t->by_id) >= t->limits.devices)
		forget(t, oldest(t));
	d = calloc(1, sizeof(*d));
	if (d == NULL)
		return NULL;
	d->id = id;
	d->window_ms = now_ms;
	HASH_ADD(hh, t->by_id, id, sizeof(d->id), d);
	if (!bs_hash_added(hh, d)) {
		free(d);
		return NULL;
	}
	TAILQ_INSERT_TAIL(&t->quiet, d, link);
	t->with_sessions[0]++;
	return d;
}

/* The device, made when it is not there, as the most recently used. NULL without memory. */
static struct device *
touch(struct bs_device_table *t, uint64_t now_ms, int64_t id)
{
	struct device *d = find(t, id);

	if (d == NULL)
		return add_device(t, now_ms, id);
	TAILQ_REMOVE(list_of(t, d), d, link);
	TAILQ_INSERT_TAIL(list_of(t, d), d, link);
	return d;
}

static bool
same_host(const struct bs_addr *a, const struct bs_addr *b)
{
	char host_a[BS_ADDR_TEXT], host_b[BS_ADDR_TEXT];

	return strcmp(bs_addr_format_host(a, host_a), bs_addr_format_host(b, host_b)) == 0;
}

static void
get_host(const struct bs_addr *from, uint8_t host[HOST_LEN])
{
	uint8_t key[32];

	bs_addr_key(from, key);
	memcpy(host, key + 2, HOST_LEN); /* the port stands first */
}

static void
move_window(struct device *d, uint64_t now_ms)
{
	if (now_ms < d->window_ms + WINDOW_MS) /* also where another thread read the clock a moment later */
		return;
	d->window_ms = now_ms;
	d->attempts = d->handshakes = 0;
	d->given_back = false;
}

/* Count one attempt; false when that is one too many. */
static bool
count_attempt(struct device *d, uint64_t now_ms, unsigned most)
{
	move_window(d, now_ms);
	if (d->attempts >= most)
		return false;
	d->attempts++;
	return true;
}

void
bs_device_table_busiest(struct bs_device_table *t, uint64_t now_ms, struct bs_device_busiest *out)
{
	pthread_mutex_lock(&t->lock);
	out->attempts = bs_peak_get(&t->attempts, now_ms);
	out->handshakes = bs_peak_get(&t->handshakes, now_ms);
	out->sessions = t->limits.sessions;
	while (out->sessions > 0 && t->with_sessions[out->sessions] == 0)
		out->sessions--;
	pthread_mutex_unlock(&t->lock);
}

/* ---- sessions ----------------------------------------------------------------------------------------------------- */

static void
set_session_count(struct bs_device_table *t, struct device *d, unsigned count)
{
	TAILQ_REMOVE(list_of(t, d), d, link);
	t->with_sessions[d->session_count]--;
	d->session_count = count;
	t->with_sessions[count]++;
	TAILQ_INSERT_TAIL(list_of(t, d), d, link);
	if (count == 0) {
		free(d->sessions);
		d->sessions = NULL;
	}
}

static void
remove_session(struct bs_device_table *t, struct device *d, unsigned i)
{
	memmove(&d->sessions[i], &d->sessions[i + 1], (d->session_count - i - 1) * sizeof(*d->sessions));
	set_session_count(t, d, d->session_count - 1);
}

/*
 * Which one must go. A run is what the device came for, and who copied its credential must not be able to cut it off by a mere
 * handshake; a device that came back to the same address leaves its old session behind.
 */
static unsigned
choose_leaver(const struct device *d, const uint8_t host[HOST_LEN])
{
	unsigned idle = d->session_count;

	for (unsigned i = 0; i < d->session_count; i++) {
		const struct open_session *s = &d->sessions[i];

		if (d->running && s->session.number == d->in.number)
			continue;
		if (memcmp(s->host, host, HOST_LEN) == 0)
			return i;
		if (idle == d->session_count)
			idle = i;
	}
	return idle < d->session_count ? idle : 0;
}

static enum bs_err
enter(struct bs_device_table *t, struct device *d, const struct bs_device_session *session, const struct bs_addr *from,
	struct bs_device_session *out)
{
	struct open_session new = { .session = *session };

	get_host(from, new.host);
	if (d->sessions == NULL)
		d->sessions = calloc(t->limits.sessions, sizeof(*d->sessions));
	if (d->sessions == NULL)
		return BS_ENOMEM;
	if (d->session_count >= t->limits.sessions) {
		unsigned leaver = choose_leaver(d, new.host);

		*out = d->sessions[leaver].session;
		memmove(&d->sessions[leaver], &d->sessions[leaver + 1],
			(d->session_count - leaver - 1) * sizeof(*d->sessions));
		d->sessions[d->session_count - 1] = new;
	} else {
		d->sessions[d->session_count] = new;
		set_session_count(t, d, d->session_count + 1);
	}
	return BS_OK;
}

enum bs_err
bs_device_table_enter(struct bs_device_table *t, uint64_t now_ms, int64_t device_id,
	const struct bs_device_session *session, const struct bs_addr *from, bool asked, struct bs_device_session *out)
{
	enum bs_err err = BS_ENOMEM;
	struct device *d;

	*out = (struct bs_device_session){ 0 };
	pthread_mutex_lock(&t->lock);
	d = touch(t, now_ms, device_id);
	if (d != NULL) {
		move_window(d, now_ms);
		err = asked || d->handshakes < t->limits.handshakes_per_minute ? BS_OK : BS_ELIMIT;
		if (err == BS_OK)
			d->handshakes += !asked;
		bs_peak_note(&t->handshakes, now_ms, d->handshakes);
	}
	if (err == BS_OK)
		err = enter(t, d, session, from, out);
	pthread_mutex_unlock(&t->lock);
	return err;
}

void
bs_device_table_leave(struct bs_device_table *t, int64_t device_id, uint64_t number)
{
	struct device *d;

	pthread_mutex_lock(&t->lock);
	d = find(t, device_id);
	for (unsigned i = 0; d != NULL && i < d->session_count; i++) {
		if (d->sessions[i].session.number == number) {
			remove_session(t, d, i);
			break;
		}
	}
	pthread_mutex_unlock(&t->lock);
}

bool
bs_device_table_is_over(struct bs_device_table *t, uint64_t now_ms, int64_t device_id)
{
	struct device *d;
	bool over = false;

	pthread_mutex_lock(&t->lock);
	d = find(t, device_id);
	if (d != NULL) {
		move_window(d, now_ms);
		over = d->handshakes >= t->limits.handshakes_per_minute;
	}
	pthread_mutex_unlock(&t->lock);
	return over;
}

/* ---- runs --------------------------------------------------------------------------------------------------------- */

static enum bs_err
claim(struct bs_device_table *t, uint64_t now_ms, int64_t device_id, const struct bs_device_session *session,
	uint64_t run, const struct bs_addr *from, bool count, struct bs_device_claim *out)
{
	enum bs_err err = BS_OK;
	struct device *d;

	memset(out, 0, sizeof(*out));
	pthread_mutex_lock(&t->lock);
	d = touch(t, now_ms, device_id);
	if (d == NULL) {
		err = BS_ENOMEM;
	} else if (count && !count_attempt(d, now_ms, t->limits.attempts_per_minute)) {
		out->too_many = true;
		bs_peak_note(&t->attempts, now_ms, d->attempts);
	} else {
		bs_peak_note(&t->attempts, now_ms, d->attempts);
		out->superseded = d->running;
		out->worker = d->in.worker;
		out->run = d->run;
		out->other_address = d->running && !same_host(&d->from, from);
		d->running = true;
		d->in = *session;
		d->run = run;
		d->from = *from;
	}
	pthread_mutex_unlock(&t->lock);
	return err;
}

enum bs_err
bs_device_table_claim(struct bs_device_table *t, uint64_t now_ms, int64_t device_id,
	const struct bs_device_session *session, uint64_t run, const struct bs_addr *from, struct bs_device_claim *out)
{
	return claim(t, now_ms, device_id, session, run, from, true, out);
}

enum bs_err
bs_device_table_take(struct bs_device_table *t, uint64_t now_ms, int64_t device_id,
	const struct bs_device_session *session, uint64_t run, const struct bs_addr *from, struct bs_device_claim *out)
{
	return claim(t, now_ms, device_id, session, run, from, false, out);
}

enum bs_err
bs_device_table_attempt(struct bs_device_table *t, uint64_t now_ms, int64_t device_id)
{
	struct device *d;
	enum bs_err err = BS_ENOMEM;

	pthread_mutex_lock(&t->lock);
	d = touch(t, now_ms, device_id);
	if (d != NULL)
		err = count_attempt(d, now_ms, t->limits.attempts_per_minute) ? BS_OK : BS_ELIMIT;
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
	uint8_t host[HOST_LEN];

	get_host(from, host);
	for (size_t i = 0; d->hints != NULL && i < BS_PSK_HINTS; i++)
		if (d->hints[i].used && memcmp(d->hints[i].host, host, HOST_LEN) == 0)
			return &d->hints[i];
	return NULL;
}

/* Without memory there is no hint: the host may then have to come once more. */
static void
add_hint(struct device *d, const struct bs_addr *from, unsigned slot)
{
	struct hint *h = find_hint(d, from);

	if (h == NULL && d->hints == NULL)
		d->hints = calloc(BS_PSK_HINTS, sizeof(*d->hints));
	if (d->hints == NULL)
		return;
	if (h == NULL) {
		h = &d->hints[d->next_hint];
		d->next_hint = (d->next_hint + 1) % BS_PSK_HINTS;
	}
	get_host(from, h->host);
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
	uint8_t host[HOST_LEN];
	unsigned first;

	if (h != NULL)
		return h->slot;
	get_host(from, host);
	if (!has_hints(d) || memcmp(d->proven_host, host, HOST_LEN) == 0)
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
	struct device *d;

	pthread_mutex_lock(&t->lock);
	d = touch(t, now_ms, device_id);
	if (d != NULL) {
		d->psk_first = slot;
		get_host(from, d->proven_host);
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
