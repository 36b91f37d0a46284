/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All peers of one worker, by address. A datagram enters here: known address -> its peer; else the stateless cookie
 * exchange; a good cookie -> a new peer, if the caps allow. Under pressure unfinished handshakes give way to newer ones, by
 * the rules of half_open.h; a ClientHello that finds no place is dropped silently.
 *
 * Who showed an unknown credential meets silence: no peer is kept, but its address and the random of its ClientHello, so that
 * late copies of that start nothing. At most 4,096 of these, the oldest go first. A new ClientHello from there is as good as any.
 *
 * An address may have two peers for a while: a new ClientHello (with a good cookie) from the address of a live peer starts
 * a pending one, which replaces the old only after its handshake is done (RFC 6347, 4.2.8).
 *
 * Devices that this server turns to as DTLS client have a place of their own: what the same address says to a listener is
 * another matter. Who was not turned to gets no answer there.
 *
 * Cost per datagram and per timer does not grow with the number of live peers.
 */
#ifndef BS_DTLS_PEER_TABLE_H
#define BS_DTLS_PEER_TABLE_H

#include "server/dtls/peer.h"

struct bs_peer_limits {
	uint32_t peers; /* all of this worker */
	uint32_t half_open; /* in HANDSHAKE */
	uint32_t half_open_prefix; /* of these, of one source prefix (IPv4 /24, IPv6 /56) */
	uint32_t handshake_ms;
	uint64_t idle_ms; /* close an OPEN peer that was quiet for so long */
};
/* 20,000; 2,000; 500; 60 s; 24 h */
void bs_peer_limits_init(struct bs_peer_limits *l);

struct bs_peer_table;

/* ops and arg are handed to each peer. on_closed of ops is also called for idle and evicted peers. */
BS_MUST_USE enum bs_err bs_peer_table_new(struct bs_dtls_ctx *ctx, const struct bs_peer_limits *limits,
	const struct bs_peer_ops *ops, void *arg, bs_random_fn *random, uint64_t now_ms, struct bs_peer_table **out);
void bs_peer_table_free(struct bs_peer_table *t); /* close_notify to all that are open */

/* One that came in where the server listens. */
struct bs_datagram {
	const struct bs_addr *local, *remote;
	uint32_t
		first_timeout_ms; /* first handshake timer of who begins with it, 1,000 to 9,000 ms; 0: that of the context */
	const uint8_t *data;
	size_t len;
};
void bs_peer_table_input(struct bs_peer_table *t, uint64_t now_ms, const struct bs_datagram *in);

/*
 * Turn to a device: a peer whose ClientHello leaves at once. Set *out before anything is called back; it lives until on_closed
 * or bs_peer_table_close. One that is open at the same address stays until the new handshake is done; one that is unfinished
 * ends, and so does a stranger's where the limits say so. BS_ELIMIT: peers, half-open handshakes, or those of the prefix; and
 * the errors of bs_peer_dial.
 */
BS_MUST_USE enum bs_err bs_peer_table_dial(struct bs_peer_table *t, uint64_t now_ms, const struct bs_addr *local,
	const struct bs_addr *remote, const struct bs_dial_target *target, struct bs_peer **out);
/* A datagram that came in where such devices answer: from any other address it is dropped. */
void bs_peer_table_reply(
	struct bs_peer_table *t, uint64_t now_ms, const struct bs_addr *remote, const uint8_t *data, size_t len);

/*
 * All that came until then was given to bs_peer_table_input; what came later may wait unread. Unless told so, the table takes it
 * that nothing waits. Who has not answered by what was read may have to give way to others (half_open.h).
 */
void bs_peer_table_set_heard(struct bs_peer_table *t, uint64_t until_ms);

/* The earliest deadline of all peers (BS_NEVER: none), from a heap or wheel; tick runs what is due, a bounded number. */
uint64_t bs_peer_table_next_deadline_ms(const struct bs_peer_table *t);
void bs_peer_table_tick(struct bs_peer_table *t, uint64_t now_ms);

/* Free the peers that were closed since; call when no callback is on the stack. */
void bs_peer_table_sweep(struct bs_peer_table *t);
/* Mark as closed, send close_notify, remove from the table; memory goes at the next sweep. */
void bs_peer_table_close(struct bs_peer_table *t, struct bs_peer *peer);

/*
 * After bs_dtls_ctx_adopt: end the open peers whose certificate is on a revocation list by now (BS_OUT_CERT_REVOKED, told
 * by on_closed). Looks at each open peer, a few microseconds for those with a certificate.
 */
void bs_peer_table_recheck(struct bs_peer_table *t, uint64_t now_ms);

size_t bs_peer_table_count(const struct bs_peer_table *t);
size_t bs_peer_table_half_open(const struct bs_peer_table *t);
/* Addresses that meet silence for a while. */
size_t bs_peer_table_ignored(const struct bs_peer_table *t);
/* How many half-open the fullest source prefix has; looks at every prefix. */
uint32_t bs_peer_table_prefix_most(const struct bs_peer_table *t);
/* How long the oldest of them has been under way; 0: there is none. */
uint64_t bs_peer_table_handshake_age_ms(const struct bs_peer_table *t, uint64_t now_ms);
const struct bs_dtls_counters *bs_peer_table_counters(const struct bs_peer_table *t);

#endif
