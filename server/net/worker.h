/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker: one thread with its own event loop, sockets, DTLS context, peers, timers, counters and store connection. It
 * wires the layers:
 *
 *   udp -> peer_table -> (link) exchange -> session -> store        lookup.c answers the handshake's questions
 *   udp <- peer       <- (link) exchange <- session <- plan         link.c is one association; watch.c sees store changes
 */
#ifndef BS_NET_WORKER_H
#define BS_NET_WORKER_H

#include "db/journal/recorder.h"
#include "server/conf/conf.h"
#include "server/dtls/peer_table.h"
#include "server/net/device_table.h"
#include "server/net/ration.h"
#include "server/net/stats.h"
#include "server/net/udp.h"

struct bs_worker;

/* What all workers share; it outlives them. */
struct bs_shared {
	const struct bs_conf *conf;
	const char *library; /* name and version of the DTLS library */
	struct bs_device_table *devices;
	struct bs_ration *ration; /* of lines and rows; NULL: without limit */
	struct bs_recorder *recorder;
	struct bs_worker **workers; /* by index, for mail between them */
	unsigned worker_count;
};

/* Takes the sockets, also on error. Opens the store and the DTLS context: diag says what is wrong with which file. */
BS_MUST_USE enum bs_err bs_worker_new(unsigned index, const struct bs_shared *shared, struct bs_udp **sockets,
	size_t socket_count, struct bs_worker **out, struct bs_diag *diag);
/* The address that socket i listens on, with the port that the kernel chose. */
const struct bs_addr *bs_worker_get_addr(const struct bs_worker *w, size_t i);
BS_MUST_USE enum bs_err bs_worker_start(struct bs_worker *w);
/* Any thread: begin to stop. Runs may finish within stop_ms, new ones are not taken; then all sessions get close_notify. */
void bs_worker_stop(struct bs_worker *w);
/* Any thread: this run is superseded; this session must go for a newer one. False: without memory, they hear nothing of it. */
bool bs_worker_supersede(struct bs_worker *w, uint64_t run);
bool bs_worker_outnumber(struct bs_worker *w, int64_t device_id, uint64_t session);
/* Any thread: what the worker published last, at most a second ago. */
void bs_worker_get_stats(struct bs_worker *w, struct bs_stats *out);
/* Wait for the thread's end, if it was started. NULL is fine. */
void bs_worker_join(struct bs_worker *w);
/* Join and free all; only when every worker was joined, as each may send mail to any other. NULL is fine. */
void bs_worker_free(struct bs_worker *w);

#endif
