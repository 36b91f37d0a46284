/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The places of handshakes that are not done, and who gives way when they get short.
 *
 * A stranger can take places for the price of two datagrams, so that a limit alone is a lock-out: whoever comes first keeps
 * the others out. Here a place is lent. From half the limit on, each newcomer makes the one that has least right to its
 * place answer for its age: what is older than a time that shrinks with the fill is given up. When all places are taken, a
 * newcomer gets one
 *
 *   from one that stands about as full, when that was there for a while and did not get done: who comes too early is left to
 *   come again, as its own timers say, so that the devices of a crowd do not chase each other out before anybody is done
 *
 *   from a region that is twice as full as its own, else a network, else a host (prefix.h), after half of that while
 *
 * and among those that are about equal the oldest goes first. It is looked for among a few drawn at random: constant cost, and
 * nobody can know who is next. The while is three times what handshakes take that were done lately, half a second at the least
 * and half the handshake time at most; nine seconds as long as none was. Slow links and a busy server stretch it, a flood does
 * not: it is done with nothing.
 *
 * A handshake that got on to a credential of the store counts as new once more, but only once.
 *
 * Half of all places are for networks that had a device with a good credential lately ("known"): neither class takes from
 * the other as long as that has no more than its half, and known ones get what is theirs after half of that while. Who is
 * under way when its network becomes known goes along.
 *
 * The limit of one network is kept in the same way, by those within it.
 */
#ifndef BS_DTLS_HALF_OPEN_H
#define BS_DTLS_HALF_OPEN_H

#include <stdbool.h>

#include "server/dtls/prefix.h"

#define BS_HALF_OPEN_GRACE_MS 500 /* the least that a handshake has, when all places are taken */
#define BS_HALF_OPEN_UNKNOWN_MS 9000 /* the same while nobody knows how long they take */
#define BS_HALF_OPEN_DRAWN 16 /* of how many one is to give way */

/* Which limit it was. */
enum bs_half_open_limit { BS_HALF_OPEN_NETWORK, BS_HALF_OPEN_ALL, BS_HALF_OPEN_LIMITS };

/* Who has a place. Lies in the owner. */
struct bs_half_open_place {
	struct bs_prefix_path standing; /* at[0] NULL: it has none */
	bool known; /* its network is */
	bool got_on; /* see bs_half_open_get_on */
	uint64_t begun_ms, since_ms;
	void *owner;
	struct bs_bag_item in_all, in_network; /* in no bag: not to be given up */
};

struct bs_half_open {
	uint32_t limits[BS_HALF_OPEN_LIMITS];
	uint32_t time_ms; /* of a handshake while there is room */
	/* End this one, which has to call bs_half_open_leave. */
	void (*give_up)(void *owner, uint64_t now_ms, enum bs_half_open_limit why);
	/*
	 * What came until then was handled; what came later may wait in the socket. UINT64_MAX: nothing waits. A place does not
	 * grow old by that, or by an eighth: answers that this server has not read are no fault of the device's.
	 */
	uint64_t heard_ms;
	uint64_t usual_ms, usual_at_ms; /* what handshakes take, and when the last one was done; 0: none was */
	uint64_t dice; /* seeded by the owner */
	struct bs_prefixes prefixes; /* seeded by the owner */
	struct bs_bag bags[2]; /* strangers, known; what may be given up */
	uint32_t counts[2]; /* all */
};

/*
 * Room for one more from that source? Gives up at most one for each limit. urgent: one that has to come in if anybody at all
 * can give way. False: no; *why is the limit.
 */
bool bs_half_open_make_room(struct bs_half_open *h, uint64_t now_ms, const struct bs_addr *from, bool known,
	bool urgent, enum bs_half_open_limit *why);
/* fixed: never given up. BS_ENOMEM. */
BS_MUST_USE enum bs_err bs_half_open_enter(struct bs_half_open *h, uint64_t now_ms, const struct bs_addr *from,
	bool known, bool fixed, struct bs_half_open_place *place, void *owner);
void bs_half_open_leave(struct bs_half_open *h, struct bs_half_open_place *place); /* one without a place is fine */
/* Leave, as the handshake is done. */
void bs_half_open_finish(struct bs_half_open *h, struct bs_half_open_place *place, uint64_t now_ms);
/* It showed what a stranger does not have: it counts as new, the first time. */
void bs_half_open_get_on(struct bs_half_open_place *place, uint64_t now_ms);

uint32_t bs_half_open_count(const struct bs_half_open *h);
bool bs_half_open_has(const struct bs_half_open_place *place);
void bs_half_open_clear(struct bs_half_open *h); /* when nobody has a place */

#endif
