/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way between one client and its server: a UDP socket that, on request, loses, doubles, delays and overtakes
 * datagrams, in both directions. Time is an argument; the dice are seeded, so that a run can be had again.
 */
#ifndef SIM_ROAD_H
#define SIM_ROAD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include <openssl/bio.h>

#include "server/base/err.h"

#define SIM_OVERTAKE_MS 30 /* how long a datagram is held back so that the next may overtake it */

struct sim_mishaps {
	unsigned loss, duplicate, reorder; /* percent of the datagrams of each direction */
	uint64_t delay_ms; /* one way */
	uint64_t *dice; /* the state of the dice, shared by all roads */
};

/* 0 .. below - 1. */
uint32_t sim_dice_roll(uint64_t *dice, uint32_t below);

struct sim_packet;
TAILQ_HEAD(sim_packets, sim_packet);

struct sim_road {
	int fd; /* borrowed */
	const struct sim_mishaps *how;
	uint64_t now_ms;
	struct sim_packets in, out; /* on their way, by time of arrival */
};

void sim_road_init(struct sim_road *r, int fd, const struct sim_mishaps *how);
/* What was sent arrives, whatever its time; what was received is gone. A road never opened (how NULL) is fine. */
void sim_road_clear(struct sim_road *r);
/* Sends what is due. Call it before anything else happens at that time. */
void sim_road_set_now(struct sim_road *r, uint64_t now_ms);
/* When the next datagram arrives at either end; BS_NEVER: none is on its way. */
uint64_t sim_road_due_ms(const struct sim_road *r);
/* For OpenSSL: reads and writes datagrams of the road, which must outlive it. NULL without memory. */
BIO *sim_road_new_bio(struct sim_road *r);

#endif
