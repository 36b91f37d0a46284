/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reload on its way to the workers. All or nothing: each worker prepares what it would take up (BS_ASK_PREPARE), then one
 * decision is made for all of them. From then on no worker does anything with the old state, however late it hears of it: who
 * has prepared looks at the decision before each turn and before each message.
 *
 * Shared by whoever holds a reference, as mail may be read long after its sender has given up; conf does not change meanwhile.
 */
#ifndef BS_NET_RELOAD_H
#define BS_NET_RELOAD_H

#include <stdatomic.h>

#include "server/conf/conf.h"

enum bs_reload_decision { BS_RELOAD_OPEN, BS_RELOAD_COMMIT, BS_RELOAD_DROP };

struct bs_reload {
	struct bs_conf conf;
	/* private */
	atomic_int references;
	atomic_int decision; /* enum bs_reload_decision; leaves OPEN once */
};

/* Reads file; one reference. On error diag says why. */
BS_MUST_USE enum bs_err bs_reload_new(const char *file, struct bs_reload **out, struct bs_diag *diag);
struct bs_reload *bs_reload_hold(struct bs_reload *r);
void bs_reload_release(struct bs_reload *r); /* NULL is fine */

/* Main, once. */
void bs_reload_decide(struct bs_reload *r, enum bs_reload_decision decision);
enum bs_reload_decision bs_reload_get_decision(const struct bs_reload *r);

#endif
