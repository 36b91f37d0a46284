/* SPDX-License-Identifier: Apache-2.0 */
#include "server/dtls/peer_table.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "server/base/clock.h"
#include "server/base/hash.h"
#include "server/dtls/deadlines.h"
#include "server/dtls/half_open.h"
#include "server/dtls/recent.h"

#define KEY_LEN (8 + 32)
#define TICK_MAX 256 /* peers in one tick: datagrams must not wait longer */
#define EVICT_AGE_MS 60000 /* what was opened since then is at work, most likely */
#define EVICT_WALK 32 /* peers that are looked at to make room for one */
#define RANDOM_LEN BS_RECENT_NOTE_LEN
#define IGNORED_MAX 4096 /* addresses */
#define KNOWN_MAX 8192 /* networks */
#define KNOWN_MS (UINT64_C(24) * 3600 * 1000)

/* One peer in the table. */
struct slot {
	struct bs_peer *peer;
	struct bs_peer_table *table;
	struct place *place; /* NULL: out of the table, waits for the sweep */
	struct bs_half_open_place half_open;
	struct bs_deadline deadline;
	bool open;
	uint64_t opened_ms, active_ms;
	uint8_t random[RANDOM_LEN]; /* of its ClientHello */
	TAILQ_ENTRY(slot) link; /* half-open: in order of age; open: in idle order; dead: waits for the sweep */
};
TAILQ_HEAD(slots, slot);

/* One address. */
struct place {
	uint8_t key[KEY_LEN];
	struct slot *current, *pending;
	UT_hash_handle hh;
};

struct bs_peer_table {
	struct bs_dtls_ctx *ctx;
	struct bs_peer_limits limits;
	const struct bs_peer_ops *ops;
	void *arg;
	struct bs_cookie_jar *jar;
	struct place *places;
	uint8_t seed[8]; /* before each key, so that nobody can choose addresses that collide */
	struct bs_half_open waiting; /* who is half-open */
	struct bs_recent ignored; /* address -> random of the ClientHello that met silence */
	struct bs_recent known; /* networks that had a device with a good credential */
	struct bs_deadlines deadlines;
	struct slots young; /* half-open peers, the oldest first */
	struct slots idle; /* open peers, the longest quiet first */
	struct slots dead;
	size_t count;
	struct bs_dtls_counters counters;
};

void
bs_peer_limits_init(struct bs_peer_limits *l)
{
	*l = (struct bs_peer_limits){
		.peers = 20000,
		.half_open = 2000,
		.half_open_prefix = 500,
		.handshake_ms = 60000,
		.idle_ms = UINT64_C(24) * 3600 * 1000,
	};
}

/* An address leaves the last octet free (addr.h): there stands who began. */
static void
make_key(const struct bs_peer_table *t, const struct bs_addr *a, bool dialled, uint8_t key[KEY_LEN])
{
	memcpy(key, t->seed, sizeof(t->seed));
	bs_addr_key(a, key + sizeof(t->seed));
	key[KEY_LEN - 1] = dialled;
}

static struct place *
find_place(const struct bs_peer_table *t, const struct bs_addr *a, bool dialled)
{
	struct place *found = NULL;
	uint8_t key[KEY_LEN];

	make_key(t, a, dialled, key);
	HASH_FIND(hh, t->places, key, KEY_LEN, found);
	return found;
}

static struct place *
get_place(struct bs_peer_table *t, const struct bs_addr *a, bool dialled)
{
	struct place *place = find_place(t, a, dialled);

	if (place != NULL)
		return place;
	place = calloc(1, sizeof(*place));
	if (place == NULL)
		return NULL;
	make_key(t, a, dialled, place->key);
	HASH_ADD(hh, t->places, key, KEY_LEN, place);
	if (!bs_hash_added(hh, place)) {
		free(place);
		return NULL;
	}
	return place;
}

static void
leave_half_open(struct slot *s, bool done, uint64_t now_ms)
{
	if (!bs_half_open_has(&s->half_open))
		return;
	if (done)
		bs_half_open_finish(&s->table->waiting, &s->half_open, now_ms);
	else
		bs_half_open_leave(&s->table->waiting, &s->half_open);
	TAILQ_REMOVE(&s->table->young, s, link);
}

static void
leave_place(struct bs_peer_table *t, struct slot *s)
{
	struct place *place = s->place;

	s->place = NULL;
	if (place->current == s)
		place->current = NULL;
	if (place->pending == s)
		place->pending = NULL;
	if (place->current == NULL && place->pending != NULL) {
		place->current = place->pending;
		place->pending = NULL;
	}
	if (place->current == NULL) {
		HASH_DEL(t->places, place);
		free(place);
	}
}

/* Out of the table; the memory waits, as a callback of this peer may be on the stack. */
static void
retire(struct slot *s)
{
	struct bs_peer_table *t = s->table;

	if (s->place == NULL)
		return;
	leave_place(t, s);
	leave_half_open(s, false, 0);
	bs_deadlines_remove(&t->deadlines, &s->deadline);
	if (s->open)
		TAILQ_REMOVE(&t->idle, s, link);
	s->open = false;
	TAILQ_INSERT_TAIL(&t->dead, s, link);
	t->count--;
}

/* Its address meets silence from now on, for which no peer is needed. */
static void
ignore(struct slot *s)
{
	struct bs_peer_table *t = s->table;
	uint8_t key[BS_RECENT_KEY_LEN];

	bs_addr_key(bs_peer_get_remote(s->peer), key);
	bs_recent_put(&t->ignored, key, s->random, bs_peer_get_created_ms(s->peer) + t->limits.handshake_ms);
	bs_peer_close(s->peer);
	retire(s);
}

/* After anything that a peer went through: gone, or with another deadline. */
static void
settle(struct slot *s, uint64_t now_ms)
{
	if (s->place == NULL)
		return;
	if (bs_peer_get_state(s->peer) == BS_PEER_CLOSED) {
		retire(s);
	} else if (bs_peer_get_state(s->peer) == BS_PEER_IGNORING) {
		ignore(s);
	} else if (bs_deadlines_set(&s->table->deadlines, &s->deadline, bs_peer_next_deadline_ms(s->peer)) != BS_OK) {
		bs_peer_end(s->peer, now_ms, BS_OUT_OVERLOAD, "out of memory", false);
		retire(s);
	}
}

static void
end_slot(struct slot *s, uint64_t now_ms, enum bs_outcome outcome, const char *detail, bool notify)
{
	bs_peer_end(s->peer, now_ms, outcome, detail, notify);
	retire(s);
}

/* See half_open.h: others have more right to its place. */
static void
give_up(void *owner, uint64_t now_ms, enum bs_half_open_limit why)
{
	static const char *const details[] = {
		[BS_HALF_OPEN_NETWORK] = "given up for newer handshakes: too many of its network were under way",
		[BS_HALF_OPEN_ALL] = "given up for newer handshakes: too many were under way",
	};
	struct slot *s = owner;
	const char *detail = details[why], *evidence;

	s->table->counters.given_up[why]++;
	if (bs_peer_unfinished(s->peer, &evidence) == BS_OUT_KEY_MISMATCH)
		end_slot(s, now_ms, BS_OUT_KEY_MISMATCH, evidence, false);
	else
		end_slot(s, now_ms, BS_OUT_OVERLOAD, detail, false);
}

static void
touch(struct slot *s, uint64_t now_ms)
{
	s->active_ms = now_ms;
	if (s->open)
		TAILQ_REMOVE(&s->table->idle, s, link);
	TAILQ_INSERT_TAIL(&s->table->idle, s, link);
	s->open = true;
}

static void
on_send(void *arg, const struct bs_addr *local, const struct bs_addr *remote, const uint8_t *data, size_t len)
{
	struct slot *s = arg;

	s->table->ops->send(s->table->arg, local, remote, data, len);
}

/* A device of that network has a good credential. */
static void
note_network(struct bs_peer_table *t, uint64_t now_ms, const struct bs_addr *a)
{
	uint8_t key[BS_PREFIX_KEY_LEN];

	bs_prefix_key(a, BS_PREFIX_NETWORK, key);
	bs_recent_put(&t->known, key, NULL, now_ms + KNOWN_MS);
}

static bool
is_known_network(struct bs_peer_table *t, uint64_t now_ms, const struct bs_addr *a)
{
	uint8_t key[BS_PREFIX_KEY_LEN];

	bs_prefix_key(a, BS_PREFIX_NETWORK, key);
	return bs_recent_find(&t->known, now_ms, key) != NULL;
}

static void
on_open(void *arg, struct bs_peer *peer, uint64_t now_ms)
{
	struct slot *s = arg;
	struct bs_peer_table *t = s->table;
	struct slot *old = s->place->current != s ? s->place->current : NULL;

	t->counters.handshakes_done++;
	leave_half_open(s, true, now_ms);
	note_network(t, now_ms, bs_peer_get_remote(peer));
	s->opened_ms = now_ms;
	touch(s, now_ms);
	if (old != NULL) { /* RFC 6347, 4.2.8: only now; the device no longer has its keys, so no word to it */
		t->counters.replaced++;
		end_slot(old, now_ms, BS_OUT_DONE, "replaced by a new handshake from the same address", false);
	}
	t->ops->on_open(t->arg, peer, now_ms);
}

static void
on_data(void *arg, struct bs_peer *peer, uint64_t now_ms, const uint8_t *data, size_t len)
{
	struct slot *s = arg;

	if (s->open)
		touch(s, now_ms);
	s->table->ops->on_data(s->table->arg, peer, now_ms, data, len);
}

static void
on_closed(void *arg, struct bs_peer *peer, uint64_t now_ms, enum bs_outcome outcome, const char *detail)
{
	struct slot *s = arg;

	if (!s->open)
		s->table->counters.handshakes_failed++;
	s->table->ops->on_closed(s->table->arg, peer, now_ms, outcome, detail);
}

static const struct bs_peer_ops slot_ops = { on_send, on_open, on_data, on_closed };

static void
feed(struct slot *s, uint64_t now_ms, const uint8_t *data, size_t len)
{
	const struct bs_proof *proof = bs_peer_get_proof(s->peer);

	bs_peer_input(s->peer, now_ms, data, len);
	if (proof->has_device && proof->device.enabled)
		bs_half_open_get_on(&s->half_open, now_ms);
	settle(s, now_ms);
}

static void
set_up_bounds(struct bs_peer_table *t)
{
	t->waiting = (struct bs_half_open){
		.limits = { [BS_HALF_OPEN_NETWORK] = t->limits.half_open_prefix,
			[BS_HALF_OPEN_ALL] = t->limits.half_open },
		.time_ms = t->limits.handshake_ms,
		.heard_ms = UINT64_MAX,
		.give_up = give_up,
	};
	t->ignored.max = IGNORED_MAX;
	t->known.max = KNOWN_MAX;
	memcpy(t->waiting.prefixes.seed, t->seed, sizeof(t->seed));
	memcpy(t->ignored.seed, t->seed, sizeof(t->seed));
	memcpy(t->known.seed, t->seed, sizeof(t->seed));
}

enum bs_err
bs_peer_table_new(struct bs_dtls_ctx *ctx, const struct bs_peer_limits *limits, const struct bs_peer_ops *ops,
	void *arg, bs_random_fn *random, uint64_t now_ms, struct bs_peer_table **out)
{
	struct bs_peer_table *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return BS_ENOMEM;
	t->ctx = ctx;
	t->limits = *limits;
	t->ops = ops;
	t->arg = arg;
	TAILQ_INIT(&t->young);
	TAILQ_INIT(&t->idle);
	TAILQ_INIT(&t->dead);
	t->jar = bs_cookie_jar_new(random, arg, now_ms);
	if (t->jar == NULL) {
		free(t);
		return BS_ENOMEM;
	}
	random(arg, t->seed, sizeof(t->seed));
	set_up_bounds(t);
	random(arg, &t->waiting.dice, sizeof(t->waiting.dice));
	*out = t;
	return BS_OK;
}

static void
close_place(struct bs_peer_table *t, struct place *place)
{
	struct slot *const both[] = { place->pending, place->current };

	for (size_t i = 0; i < 2; i++)
		if (both[i] != NULL)
			bs_peer_table_close(t, both[i]->peer);
}

void
bs_peer_table_free(struct bs_peer_table *t)
{
	if (t == NULL)
		return;
	while (t->places != NULL) /* a place goes with its last peer */
		close_place(t, t->places);
	bs_peer_table_sweep(t);
	bs_half_open_clear(&t->waiting);
	bs_recent_clear(&t->ignored);
	bs_recent_clear(&t->known);
	bs_deadlines_clear(&t->deadlines);
	bs_cookie_jar_free(t->jar);
	free(t);
}

void
bs_peer_table_sweep(struct bs_peer_table *t)
{
	struct slot *s;

	while ((s = TAILQ_FIRST(&t->dead)) != NULL) {
		TAILQ_REMOVE(&t->dead, s, link);
		bs_peer_free(s->peer);
		free(s);
	}
}

void
bs_peer_table_close(struct bs_peer_table *t, struct bs_peer *peer)
{
	struct place *place = find_place(t, bs_peer_get_remote(peer), bs_peer_is_dialled(peer));

	bs_peer_close(peer);
	if (place == NULL)
		return;
	if (place->pending != NULL && place->pending->peer == peer)
		retire(place->pending);
	else if (place->current != NULL && place->current->peer == peer)
		retire(place->current);
}

static void
answer_cookie(struct bs_peer_table *t, uint64_t now_ms, const struct bs_addr *local, const struct bs_addr *remote,
	const struct bs_hello *hello)
{
	uint8_t out[BS_HVR_MAX];
	size_t len = bs_cookie_answer(t->jar, now_ms, remote, hello, out, sizeof(out));

	if (len == 0)
		return;
	t->counters.cookies_sent++;
	t->ops->send(t->arg, local, remote, out, len);
}

/* Make room for one more peer by closing the one that was quiet for longest and has nothing to do. */
static bool
make_room(struct bs_peer_table *t, uint64_t now_ms)
{
	struct slot *s = TAILQ_FIRST(&t->idle);
	unsigned left = EVICT_WALK;

	if (t->count < t->limits.peers)
		return true;
	while (s != NULL && left > 0 && (bs_peer_is_busy(s->peer) || now_ms - s->opened_ms < EVICT_AGE_MS)) {
		struct slot *next = TAILQ_NEXT(s, link);

		if (bs_peer_is_busy(s->peer))
			touch(s, now_ms); /* not idle: the next walk does not meet it first again */
		s = next;
		left--;
	}
	if (s == NULL || left == 0)
		return false;
	t->counters.evicted++;
	end_slot(s, now_ms, BS_OUT_DONE, "closed to make room for others", true);
	return true;
}

/* dialled: the operator's wish goes before what strangers began. */
static bool
within_limits(struct bs_peer_table *t, uint64_t now_ms, const struct bs_addr *remote, bool known, bool dialled)
{
	enum bs_half_open_limit why;
	uint64_t *counter = NULL;

	if (!bs_half_open_make_room(&t->waiting, now_ms, remote, known, dialled, &why))
		counter = why == BS_HALF_OPEN_ALL ? &t->counters.dropped_half_open : &t->counters.dropped_prefix;
	else if (!make_room(t, now_ms))
		counter = &t->counters.dropped_table_full;
	if (counter != NULL)
		++*counter;
	return counter == NULL;
}

/* False: out of memory, and the table is as before. */
static bool
enter(struct bs_peer_table *t, uint64_t now_ms, struct slot *s, const struct bs_addr *remote, bool known)
{
	bool dialled = bs_peer_is_dialled(s->peer);
	struct place *place;

	if (bs_half_open_enter(&t->waiting, now_ms, remote, known, dialled, &s->half_open, s) != BS_OK)
		return false;
	place = get_place(t, remote, dialled);
	if (place == NULL) {
		bs_half_open_leave(&t->waiting, &s->half_open);
		return false;
	}
	s->place = place;
	*(place->current == NULL ? &place->current : &place->pending) = s;
	TAILQ_INSERT_TAIL(&t->young, s, link);
	t->count++;
	t->counters.handshakes_started++;
	return true;
}

static struct slot *
new_slot(struct bs_peer_table *t)
{
	struct slot *s = calloc(1, sizeof(*s));

	if (s != NULL) {
		s->table = t;
		s->deadline.owner = s;
	}
	return s;
}

/* A slot with a peer, in the table. NULL: out of memory. */
static struct slot *
make_slot(struct bs_peer_table *t, uint64_t now_ms, const struct bs_datagram *in, const struct bs_hello *hello,
	bool known)
{
	struct slot *s = new_slot(t);
	const struct bs_peer_begin begin = {
		.ops = &slot_ops,
		.arg = s,
		.local = in->local,
		.remote = in->remote,
		.now_ms = now_ms,
		.handshake_time_ms = t->limits.handshake_ms,
		.first_timeout_ms = in->first_timeout_ms,
		.hello_seq = hello->record_seq,
	};

	if (s == NULL)
		return NULL;
	memcpy(s->random, hello->random, RANDOM_LEN);
	if (bs_peer_new(t->ctx, &begin, &s->peer) != BS_OK || !enter(t, now_ms, s, in->remote, known)) {
		bs_peer_free(s->peer);
		free(s);
		return NULL;
	}
	bs_peer_set_counters(s->peer, &t->counters);
	return s;
}

/* An association that is not done, of a client that begins anew. */
static void
end_unfinished(struct slot *s, uint64_t now_ms)
{
	const char *detail;
	enum bs_outcome outcome = bs_peer_unfinished(s->peer, &detail);

	end_slot(s, now_ms, outcome, detail, false);
}

/* The cookie was good: the address is real. */
static void
admit(struct bs_peer_table *t, uint64_t now_ms, const struct bs_datagram *in, const struct bs_hello *hello)
{
	struct place *place = find_place(t, in->remote, false);
	bool known;
	struct slot *s;

	if (place != NULL && place->pending != NULL)
		end_unfinished(place->pending, now_ms);
	else if (place != NULL && !place->current->open)
		end_unfinished(place->current, now_ms);
	known = is_known_network(t, now_ms, in->remote);
	if (!within_limits(t, now_ms, in->remote, known, false))
		return;
	s = make_slot(t, now_ms, in, hello, known);
	if (s != NULL)
		feed(s, now_ms, in->data, in->len);
}

/* Is this hello one that the slot had before? Later its random may be a new one of a client with a poor source. */
static bool
is_same_hello(const struct bs_peer_table *t, uint64_t now_ms, const struct slot *s, const struct bs_hello *hello)
{
	if (s == NULL || memcmp(s->random, hello->random, RANDOM_LEN) != 0)
		return false;
	return !s->open || now_ms - s->opened_ms < t->limits.handshake_ms;
}

/* The random of the ClientHello after which this address was left in silence; NULL: it is not ignored. */
static const uint8_t *
find_ignored(struct bs_peer_table *t, uint64_t now_ms, const struct bs_addr *remote)
{
	uint8_t key[BS_RECENT_KEY_LEN];

	if (bs_recent_count(&t->ignored) == 0)
		return NULL;
	bs_addr_key(remote, key);
	return bs_recent_find(&t->ignored, now_ms, key);
}

static void
input_hello(struct bs_peer_table *t, uint64_t now_ms, const struct bs_datagram *in, const struct bs_hello *hello)
{
	struct place *place = find_place(t, in->remote, false);
	struct slot *current = place != NULL ? place->current : NULL;
	struct slot *pending = place != NULL ? place->pending : NULL;
	struct slot *unfinished = pending != NULL ? pending : current;
	const uint8_t *silenced;
	enum bs_cookie_verdict verdict;

	t->counters.hellos++;
	if (is_same_hello(t, now_ms, current, hello) || is_same_hello(t, now_ms, pending, hello)) {
		if (!unfinished->open && hello->cookie_len > 0)
			feed(unfinished, now_ms, in->data, in->len);
		return;
	}
	silenced = find_ignored(t, now_ms, in->remote);
	if (silenced != NULL && memcmp(silenced, hello->random, RANDOM_LEN) == 0)
		return;
	verdict = bs_cookie_check(t->jar, now_ms, in->remote, hello);
	/* OpenSSL expects the second message of the handshake, nothing else would get on. */
	if (verdict == BS_COOKIE_GOOD && hello->message_seq == 1) {
		admit(t, now_ms, in, hello);
		return;
	}
	t->counters.cookies_bad += verdict == BS_COOKIE_BAD;
	answer_cookie(t, now_ms, in->local, in->remote, hello);
}

/* All else: alerts and handshake messages in the clear concern what is under way, the rest may be for either. */
static void
input_records(struct bs_peer_table *t, uint64_t now_ms, const struct bs_addr *remote, bool dialled, const uint8_t *data,
	size_t len)
{
	struct place *place = find_place(t, remote, dialled);
	bool clear = len < 5 || (data[3] == 0 && data[4] == 0);

	if (place == NULL) {
		/* Who is ignored is no stranger: what strangers get, if they get anything, would tell the two apart. */
		if (!dialled && find_ignored(t, now_ms, remote) != NULL)
			t->counters.records_dropped++;
		else
			t->counters.dropped_unknown++;
		return;
	}
	if (place->pending == NULL || !clear)
		feed(place->current, now_ms, data, len);
	place = find_place(t, remote, dialled); /* a callback may have closed anything */
	if (place != NULL && place->pending != NULL)
		feed(place->pending, now_ms, data, len);
}

void
bs_peer_table_input(struct bs_peer_table *t, uint64_t now_ms, const struct bs_datagram *in)
{
	struct bs_hello hello;

	if (bs_hello_parse(in->data, in->len, &hello) == BS_OK)
		input_hello(t, now_ms, in, &hello);
	else
		input_records(t, now_ms, in->remote, false, in->data, in->len);
}

void
bs_peer_table_reply(
	struct bs_peer_table *t, uint64_t now_ms, const struct bs_addr *remote, const uint8_t *data, size_t len)
{
	input_records(t, now_ms, remote, true, data, len);
}

enum bs_err
bs_peer_table_dial(struct bs_peer_table *t, uint64_t now_ms, const struct bs_addr *local, const struct bs_addr *remote,
	const struct bs_dial_target *target, struct bs_peer **out)
{
	struct place *place = find_place(t, remote, true);
	struct slot *unfinished = place == NULL ? NULL : place->pending != NULL ? place->pending : place->current;
	struct bs_peer_begin begin = { .ops = &slot_ops,
		.local = local,
		.remote = remote,
		.now_ms = now_ms,
		.handshake_time_ms = t->limits.handshake_ms };
	struct slot *s;
	enum bs_err err;
	bool known;

	if (unfinished != NULL && !unfinished->open)
		end_slot(unfinished, now_ms, BS_OUT_SUPERSEDED, "this server turned to the same address anew", false);
	known = is_known_network(t, now_ms, remote);
	if (!within_limits(t, now_ms, remote, known, true))
		return BS_ELIMIT;
	s = new_slot(t);
	if (s == NULL)
		return BS_ENOMEM;
	begin.arg = s;
	err = bs_peer_dial(t->ctx, &begin, target, &s->peer);
	if (err == BS_OK && !enter(t, now_ms, s, remote, known))
		err = BS_ENOMEM;
	if (err != BS_OK) {
		bs_peer_free(s->peer);
		free(s);
		return err;
	}
	bs_peer_set_counters(s->peer, &t->counters);
	*out = s->peer;
	bs_peer_start(s->peer, now_ms);
	settle(s, now_ms);
	return BS_OK;
}

static uint64_t
idle_deadline(const struct bs_peer_table *t)
{
	const struct slot *oldest = TAILQ_FIRST(&t->idle);

	return oldest != NULL ? oldest->active_ms + t->limits.idle_ms : BS_NEVER;
}

uint64_t
bs_peer_table_next_deadline_ms(const struct bs_peer_table *t)
{
	const struct bs_deadline *first = bs_deadlines_first(&t->deadlines);
	uint64_t timer = first != NULL ? first->at_ms : BS_NEVER, idle = idle_deadline(t);

	return timer < idle ? timer : idle;
}

void
bs_peer_table_tick(struct bs_peer_table *t, uint64_t now_ms)
{
	struct bs_deadline *d;
	int left = TICK_MAX;

	while (left-- > 0 && (d = bs_deadlines_first(&t->deadlines)) != NULL && d->at_ms <= now_ms) {
		struct slot *s = d->owner;

		bs_peer_tick(s->peer, now_ms);
		settle(s, now_ms);
	}
	while (left-- > 0 && idle_deadline(t) <= now_ms)
		end_slot(TAILQ_FIRST(&t->idle), now_ms, BS_OUT_DONE, "closed after a long silence", true);
}

void
bs_peer_table_recheck(struct bs_peer_table *t, uint64_t now_ms)
{
	struct slot *s, *next;

	for (s = TAILQ_FIRST(&t->idle); s != NULL; s = next) {
		next = TAILQ_NEXT(s, link);
		if (bs_peer_is_revoked(s->peer))
			end_slot(s, now_ms, BS_OUT_CERT_REVOKED, "its certificate was revoked", true);
	}
}

void
bs_peer_table_set_heard(struct bs_peer_table *t, uint64_t until_ms)
{
	t->waiting.heard_ms = until_ms;
}

size_t
bs_peer_table_count(const struct bs_peer_table *t)
{
	return t->count;
}

size_t
bs_peer_table_half_open(const struct bs_peer_table *t)
{
	return bs_half_open_count(&t->waiting);
}

size_t
bs_peer_table_ignored(const struct bs_peer_table *t)
{
	return bs_recent_count(&t->ignored);
}

uint32_t
bs_peer_table_prefix_most(const struct bs_peer_table *t)
{
	return bs_prefixes_most(&t->waiting.prefixes);
}

uint64_t
bs_peer_table_handshake_age_ms(const struct bs_peer_table *t, uint64_t now_ms)
{
	const struct slot *oldest = TAILQ_FIRST(&t->young);

	return oldest != NULL ? now_ms - bs_peer_get_created_ms(oldest->peer) : 0;
}

const struct bs_dtls_counters *
bs_peer_table_counters(const struct bs_peer_table *t)
{
	return &t->counters;
}
