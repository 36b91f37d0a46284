/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of small messages from any thread to the one that owns the mailbox. Bounded by memory only: the senders are ours. */
#ifndef BS_NET_MAILBOX_H
#define BS_NET_MAILBOX_H

#include <stdint.h>

#include "server/base/err.h"

struct bs_ask;

enum bs_mail_kind {
	BS_MAIL_SUPERSEDED, /* run: another run of the same device has begun */
	BS_MAIL_OUTNUMBERED, /* device_id, session: the device has a newer one, and one more than it may */
	BS_MAIL_STOP, /* finish running bootstraps, then end */
	BS_MAIL_ASK, /* ask: a question of main's (ask.h) */
};

struct bs_mail {
	enum bs_mail_kind kind;
	uint64_t run;
	int64_t device_id;
	uint64_t session; /* its number in the device table */
	struct bs_ask *ask; /* one reference travels with the mail; what is never read is released with the mailbox */
};

struct bs_mailbox;

BS_MUST_USE enum bs_err bs_mailbox_new(struct bs_mailbox **out);
void bs_mailbox_free(struct bs_mailbox *m); /* NULL is fine */
/* Readable when there is mail: for the owner's event loop. */
int bs_mailbox_get_fd(const struct bs_mailbox *m);
/* Any thread. BS_ENOMEM. */
BS_MUST_USE enum bs_err bs_mailbox_post(struct bs_mailbox *m, const struct bs_mail *mail);
/* The owner: fn for each message, oldest first. fn may post to this mailbox. */
void bs_mailbox_drain(struct bs_mailbox *m, void (*fn)(void *arg, const struct bs_mail *mail), void *arg);

#endif
