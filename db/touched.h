/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a writer's transaction has touched. Triggers of the connection (no part of the file) call back for each row of an
 * aggregate before it changes: at the first such row of an aggregate its hash is checked, so that nothing of somebody else's is
 * ever given a good hash by a change beside it. At the end bs_touched_settle tells of the profiles among them in the table
 * change, gives all of them their hash and the store its next generation. A commit without that is refused by a hook, so no
 * way of writing can leave it out. Inside db/ only.
 */
#ifndef BS_DB_TOUCHED_H
#define BS_DB_TOUCHED_H

#include "db/aggregate.h"

struct bs_touched;

/* From here on. Both are borrowed. BS_ETAMPERED: tables or triggers are not as the tool left them. */
BS_MUST_USE enum bs_err bs_touched_start(sqlite3 *db, struct bs_seal *seal, struct bs_touched **out);
void bs_touched_free(struct bs_touched *t); /* before db is closed; NULL is fine */

/* The triggers off and on again, between transactions: for who hashes what he writes himself. */
void bs_touched_pause(struct bs_touched *t);
BS_MUST_USE enum bs_err bs_touched_resume(struct bs_touched *t);

/*
 * Before a commit, inside the transaction. BS_ETAMPERED: something that was touched, and is still there, had been changed by
 * somebody else; diag (may be NULL) says what and what to do, and the transaction can only be rolled back.
 */
BS_MUST_USE enum bs_err bs_touched_settle(struct bs_touched *t, struct bs_diag *diag);
/* Were secrets removed since the last call? They are then still in the write-ahead log. */
bool bs_touched_take_removed(struct bs_touched *t);
/* What lies there is meant, whoever wrote it: its hash is given anew at the end of the transaction. */
BS_MUST_USE enum bs_err bs_touched_accept(struct bs_touched *t, enum bs_aggregate kind, int64_t id);

struct bs_hasher *bs_touched_hasher(struct bs_touched *t);

#endif
