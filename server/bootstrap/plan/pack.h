/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bootstrap-Pack (LwM2M Core 1.2.1, 6.1.7): all that a device shall receive in one payload, which it fetches with
 *
 *   GET /bspack?ep=NAME[&acc=</0/0>,</21/0>]   Accept 110, 112 or 11544
 *
 * block by block. In each object that occurs in it the pack replaces all instances of the device but its bootstrap account
 * and /3/0; other objects stay. No Delete, no Discover, no Finish: whatever needs these is left to POST /bs, to which the
 * device goes on after any answer but 2.05, and when it finds the pack inconsistent.
 */
#ifndef BS_BOOTSTRAP_PLAN_PACK_H
#define BS_BOOTSTRAP_PLAN_PACK_H

#include "server/base/random.h"
#include "server/bootstrap/plan/plan.h"
#include "server/coap/msg.h"

#define BS_PACK_MAX 65536 /* octets; a client must hold the whole */

/*
 * Can a pack give what is configured? BS_EMPTY: yes; view is good for bs_plan_build. Else the code to answer, with the
 * reason appended to why (tell.h): 5.01 where the profile has packs off, 4.05 where a pack cannot, 4.06 where not in the
 * Content-Format that the client accepts.
 *
 * It cannot: a profile that merges; delete-policy root (objects that do not occur stay) and none (those that occur lose their
 * instances); a format of the profile that is none of a pack; extra writes to an object of which the device may have further
 * instances, as a pack would take these away; an instance of Object 21 that belongs to the bootstrap account; a
 * renewal of that account.
 */
uint8_t bs_pack_judge(const struct bs_account *account, const struct bs_client_view *view, char *why, size_t max);

/* A snapshot: the payload (a secret: wiped when freed) with an ETag of its own, and how much of it was asked for. */
struct bs_pack;

/* plan was built for a pack. BS_ESPACE: longer than BS_PACK_MAX; BS_ENOMEM; else what bs_plan_encode says. */
BS_MUST_USE enum bs_err bs_pack_new(const struct bs_plan *plan, bs_random_fn *random, void *arg, struct bs_pack **out);
void bs_pack_free(struct bs_pack *p); /* NULL is fine */

/*
 * Code, ETag, Content-Format, Block2 and payload of the answer to a request with this Block2 option (absent: the first
 * block), at most max octets of payload; the rest of *answer is as bs_msg_init leaves it. It borrows from p. A larger size
 * than fits is answered with a smaller one from the same place on. 4.00, and nothing else, where the pack has no such block.
 */
void bs_pack_answer(struct bs_pack *p, const struct bs_block *asked, size_t max, struct bs_msg *answer);
/* Has each octet been answered? Blocks come in any order; only those that follow what was there before count. */
bool bs_pack_is_fetched(const struct bs_pack *p);

struct bs_pack_progress {
	size_t len, fetched; /* octets */
	unsigned blocks; /* that counted */
};
struct bs_pack_progress bs_pack_get_progress(const struct bs_pack *p);

#endif
