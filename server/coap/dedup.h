/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests of one client that are remembered, so that a duplicate is answered again and never carried out again
 * (RFC 7252, 4.5). Key: the Message ID, within one DTLS association. An idle client costs nothing here but what it sent
 * in the last EXCHANGE_LIFETIME.
 */
#ifndef BS_COAP_DEDUP_H
#define BS_COAP_DEDUP_H

#include <sys/queue.h>

#include "server/coap/exchange.h"

enum bs_dedup_state {
	BS_DEDUP_PENDING, /* not answered, nothing sent */
	BS_DEDUP_ACKED, /* not answered, the empty ACK went out */
	BS_DEDUP_ANSWERED, /* in the ACK, or by a NON */
	BS_DEDUP_SEPARATE, /* answered by a message of its own after the empty ACK */
};

struct bs_dedup_entry {
	STAILQ_ENTRY(bs_dedup_entry) link;
	struct bs_request_ref ref;
	enum bs_dedup_state state;
	uint64_t expires_ms;
	bool has_payload; /* the answer may carry keys */
	uint8_t *answer; /* ANSWERED in the ACK: its octets; owned, wiped with the entry */
	size_t answer_len;
};

struct bs_dedup {
	STAILQ_HEAD(bs_dedup_list, bs_dedup_entry) entries; /* oldest first */
	size_t count;
};

void bs_dedup_init(struct bs_dedup *d);
void bs_dedup_clear(struct bs_dedup *d);
/* NULL: not known, or its lifetime is over. The entry lives until the next call with d. */
struct bs_dedup_entry *bs_dedup_find(struct bs_dedup *d, uint64_t now_ms, uint16_t id);
/* Remember a new request; the oldest goes when there are BS_DEDUP_MAX. NULL: out of memory. */
struct bs_dedup_entry *bs_dedup_add(struct bs_dedup *d, uint64_t now_ms, const struct bs_request_ref *ref);
void bs_dedup_remove(struct bs_dedup *d, struct bs_dedup_entry *e);
/* Free what is over. */
void bs_dedup_expire(struct bs_dedup *d, uint64_t now_ms);
/* When the next answer with a payload is to be wiped; BS_NEVER: none is held. */
uint64_t bs_dedup_next_wipe_ms(const struct bs_dedup *d);

#endif
