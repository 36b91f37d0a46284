/* SPDX-License-Identifier: Apache-2.0 */
#include "server/dtls/half_open.h"

#define USUAL_WEIGHT 8 /* one part of so many is the last handshake */
#define USUAL_HALF_LIFE_MS 5000 /* of what is known while no handshake is done */
#define USUAL_TIMES 3 /* so much longer than usual is no sign of stalling */
#define HASTE 2 /* who has more right to a place waits for this part of the time */
#define UNHEARD_SHARE 8 /* of the time in which its answer may have come unread, this part counts */

/* Who would stand where with how many at each level. */
struct rank {
	const struct bs_prefix *at[BS_PREFIX_LEVELS]; /* NULL: it would be the first there */
	uint32_t counts[BS_PREFIX_LEVELS];
};

/* more: 1 for somebody who has no place yet. */
static struct rank
rank_of(const struct bs_prefix_path *s, uint32_t more)
{
	struct rank r;

	for (unsigned i = 0; i < BS_PREFIX_LEVELS; i++) {
		r.at[i] = s->at[i];
		r.counts[i] = bs_prefix_count(s->at[i]) + more;
	}
	return r;
}

/* 1, 2-3, 4-7, ..: counts that differ by less say nothing. */
static unsigned
size_class(uint32_t count)
{
	unsigned n = 0;

	while (count >>= 1)
		n++;
	return n;
}

static bool
is_same(const struct rank *a, const struct rank *b, unsigned level)
{
	return a->at[level] != NULL && a->at[level] == b->at[level];
}

/* Above 0: a stands fuller than b. Where both are in the same one, or in two of about the same size, the level below decides. */
static int
compare(const struct rank *a, const struct rank *b)
{
	for (unsigned i = 0; i < BS_PREFIX_LEVELS; i++) {
		unsigned ca = size_class(a->counts[i]), cb = size_class(b->counts[i]);

		if (!is_same(a, b, i) && ca != cb)
			return ca > cb ? 1 : -1;
	}
	return 0;
}

/* So much fuller that it has to go sooner. */
static bool
is_twice_as_full(const struct rank *a, const struct rank *b)
{
	for (unsigned i = 0; i < BS_PREFIX_LEVELS; i++) {
		if (is_same(a, b, i))
			continue;
		if (a->counts[i] / 2 >= b->counts[i])
			return true;
		if (b->counts[i] / 2 >= a->counts[i])
			return false;
	}
	return false;
}

/* splitmix64: it need not be more than hard to guess. */
static size_t
draw(struct bs_half_open *h, size_t below)
{
	uint64_t z = h->dice += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	z ^= z >> 31;
	return (size_t)((z >> 32) * below >> 32);
}

/* An item of a bag leads to its owner's place. */
static struct bs_half_open_place *
place_of(struct bs_bag_item *item)
{
	return item->owner;
}

/* How long it has been without an answer. */
static uint64_t
age_of(const struct bs_half_open *h, uint64_t now_ms, const struct bs_half_open_place *p)
{
	uint64_t heard_ms = h->heard_ms < now_ms ? h->heard_ms : now_ms;
	uint64_t heard = heard_ms > p->since_ms ? heard_ms - p->since_ms : 0,
		 all = (now_ms - p->since_ms) / UNHEARD_SHARE;

	return heard > all ? heard : all;
}

/* A stranger whose network became known meanwhile changes over when it is met. False: out of memory, and it stays. */
static bool
changes_over(struct bs_half_open *h, struct bs_half_open_place *p)
{
	if (p->known || !bs_prefix_is_known(p->standing.at[BS_PREFIX_NETWORK]))
		return false;
	bs_bag_remove(&h->bags[false], &p->in_all);
	if (bs_bag_add(&h->bags[true], &p->in_all) != BS_OK)
		return false; /* in no bag: its time ends it */
	h->counts[false]--;
	h->counts[true]++;
	p->known = true;
	return true;
}

/* Who is to give way, of all or of some drawn at random; NULL: nobody can. */
static struct bs_half_open_place *
pick(struct bs_half_open *h, const struct bs_bag *bag)
{
	struct bs_half_open_place *worst = NULL;
	bool all = bag->count <= BS_HALF_OPEN_DRAWN;
	struct rank worst_rank = { 0 };

	for (size_t i = all ? bag->count : BS_HALF_OPEN_DRAWN; i > 0 && bag->count > 0; i--) {
		struct bs_half_open_place *p = place_of(bag->items[all ? i - 1 : draw(h, bag->count)]);
		struct rank rank = rank_of(&p->standing, 0);
		int order = worst != NULL ? compare(&rank, &worst_rank) : 1;

		if (bag == &h->bags[false] && changes_over(h, p))
			continue;
		if (order > 0 || (order == 0 && p->since_ms < worst->since_ms)) {
			worst = p;
			worst_rank = rank;
		}
	}
	return worst;
}

/* What a handshake takes, from what was seen; without news it goes to what is taken for granted. */
static uint64_t
usual_time(const struct bs_half_open *h, uint64_t now_ms)
{
	const uint64_t unknown_ms = BS_HALF_OPEN_UNKNOWN_MS / USUAL_TIMES;
	uint64_t halves = h->usual_at_ms != 0 ? (now_ms - h->usual_at_ms) / USUAL_HALF_LIFE_MS : 32;

	if (halves >= 32)
		return unknown_ms;
	return h->usual_ms >= unknown_ms ? unknown_ms + ((h->usual_ms - unknown_ms) >> halves)
					 : unknown_ms - ((unknown_ms - h->usual_ms) >> halves);
}

/* The handshake time when all places are taken. */
static uint64_t
least_time(const struct bs_half_open *h, uint64_t now_ms)
{
	uint64_t least = USUAL_TIMES * usual_time(h, now_ms), most = h->time_ms / 2;

	least = least > BS_HALF_OPEN_GRACE_MS ? least : BS_HALF_OPEN_GRACE_MS;
	return least < most ? least : most;
}

/* The handshake time at that fill: all of it up to half of the limit, then less and less. */
static uint64_t
time_at(const struct bs_half_open *h, uint64_t now_ms, uint32_t used, uint32_t limit)
{
	uint64_t least = least_time(h, now_ms), half = limit - limit / 2, left = used < limit ? limit - used : 0;

	return left >= half ? h->time_ms : least + (h->time_ms - least) * left / half;
}

/* Who wants to come in, and what it may do to others. */
struct newcomer {
	struct bs_half_open *h;
	uint64_t now_ms;
	struct rank rank;
	bool urgent;
	bool favoured; /* those who are to give way hold more than their half */
};

/* For how long that one may keep its place now. */
static uint64_t
time_of(const struct newcomer *n, const struct bs_half_open_place *p, uint32_t used, uint32_t limit)
{
	uint64_t time_ms = time_at(n->h, n->now_ms, used, limit);
	struct rank rank = rank_of(&p->standing, 0);

	if (used < limit)
		return time_ms;
	if (n->urgent)
		return 0;
	return n->favoured || is_twice_as_full(&rank, &n->rank) ? time_ms / HASTE : time_ms;
}

static bool
relieve(const struct newcomer *n, struct bs_bag *bag, enum bs_half_open_limit which, uint32_t used)
{
	struct bs_half_open *h = n->h;
	uint32_t limit = h->limits[which];
	struct bs_half_open_place *p = used > limit / 2 && bag != NULL ? pick(h, bag) : NULL;

	if (p == NULL || age_of(h, n->now_ms, p) < time_of(n, p, used, limit))
		return used < limit;
	h->give_up(p->owner, n->now_ms, which);
	return used <= limit;
}

/* Whose turn it is to give way: those who have, with the newcomer, more than their half. */
static bool
class_to_give_way(const struct bs_half_open *h, bool newcomer)
{
	bool known = h->counts[true] + newcomer > h->limits[BS_HALF_OPEN_ALL] / 2;

	return h->bags[known].count > 0 ? known : !known;
}

bool
bs_half_open_make_room(struct bs_half_open *h, uint64_t now_ms, const struct bs_addr *from, bool known, bool urgent,
	enum bs_half_open_limit *why)
{
	struct bs_prefix_path standing;
	struct newcomer n = { .h = h, .now_ms = now_ms, .urgent = urgent };
	uint32_t before = bs_half_open_count(h);
	struct bs_prefix *network;
	bool class;

	bs_prefixes_find(&h->prefixes, from, &standing);
	n.rank = rank_of(&standing, 1);
	network = standing.at[BS_PREFIX_NETWORK];
	known = known || (network != NULL && bs_prefix_is_known(network));
	*why = BS_HALF_OPEN_NETWORK;
	if (!relieve(&n, network != NULL ? bs_prefix_bag(network) : NULL, BS_HALF_OPEN_NETWORK,
		    bs_prefix_count(network)))
		return false;
	if (bs_half_open_count(h) != before) { /* somebody gave way: the network may have gone with its last one */
		bs_prefixes_find(&h->prefixes, from, &standing);
		n.rank = rank_of(&standing, 1);
	}
	*why = BS_HALF_OPEN_ALL;
	class = class_to_give_way(h, known);
	n.favoured = known && !class;
	return relieve(&n, &h->bags[class], BS_HALF_OPEN_ALL, bs_half_open_count(h));
}

enum bs_err
bs_half_open_enter(struct bs_half_open *h, uint64_t now_ms, const struct bs_addr *from, bool known, bool fixed,
	struct bs_half_open_place *place, void *owner)
{
	enum bs_err err = bs_prefixes_enter(&h->prefixes, from, &place->standing);

	if (err != BS_OK)
		return err;
	*place = (struct bs_half_open_place){
		.standing = place->standing, .known = known, .begun_ms = now_ms, .since_ms = now_ms
	};
	place->owner = owner;
	place->in_all.owner = place->in_network.owner = place;
	h->counts[known]++;
	if (known)
		bs_prefix_set_known(place->standing.at[BS_PREFIX_NETWORK]);
	if (!fixed && ((err = bs_bag_add(&h->bags[known], &place->in_all)) != BS_OK ||
			      (err = bs_bag_add(bs_prefix_bag(place->standing.at[BS_PREFIX_NETWORK]),
				       &place->in_network)) != BS_OK))
		bs_half_open_leave(h, place);
	return err;
}

void
bs_half_open_leave(struct bs_half_open *h, struct bs_half_open_place *place)
{
	if (!bs_half_open_has(place))
		return;
	h->counts[place->known]--;
	bs_bag_remove(&h->bags[place->known], &place->in_all);
	bs_bag_remove(bs_prefix_bag(place->standing.at[BS_PREFIX_NETWORK]), &place->in_network);
	bs_prefixes_leave(&h->prefixes, &place->standing);
}

void
bs_half_open_finish(struct bs_half_open *h, struct bs_half_open_place *place, uint64_t now_ms)
{
	if (!bs_half_open_has(place))
		return;
	h->usual_ms = (usual_time(h, now_ms) * (USUAL_WEIGHT - 1) + (now_ms - place->begun_ms)) / USUAL_WEIGHT;
	h->usual_at_ms = now_ms;
	bs_prefix_set_known(place->standing.at[BS_PREFIX_NETWORK]);
	bs_half_open_leave(h, place);
}

void
bs_half_open_get_on(struct bs_half_open_place *place, uint64_t now_ms)
{
	if (place->got_on)
		return;
	place->got_on = true;
	place->since_ms = now_ms;
}

uint32_t
bs_half_open_count(const struct bs_half_open *h)
{
	return h->counts[false] + h->counts[true];
}

bool
bs_half_open_has(const struct bs_half_open_place *place)
{
	return place->standing.at[BS_PREFIX_REGION] != NULL;
}

void
bs_half_open_clear(struct bs_half_open *h)
{
	bs_prefixes_clear(&h->prefixes);
	bs_bag_clear(&h->bags[false]);
	bs_bag_clear(&h->bags[true]);
}
