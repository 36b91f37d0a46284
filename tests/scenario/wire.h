/* SPDX-License-Identifier: Apache-2.0 */
/* Datagrams on their way between a device and the server, in fake time. Whoever lets one fly decides when it lands. */
#ifndef BS_TESTS_SCENARIO_WIRE_H
#define BS_TESTS_SCENARIO_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LATENCY_MS 10
#define WIRE_MAX 1400
#define FLIGHTS_MAX 64

struct flight {
	bool used, to_server;
	uint64_t at_ms;
	unsigned order; /* of two that land at the same time, the one that left first does */
	uint8_t data[WIRE_MAX];
	size_t len;
};

struct wire {
	struct flight flights[FLIGHTS_MAX];
	unsigned order;
};

/* false: too many are under way. */
bool wire_fly(struct wire *w, bool to_server, uint64_t at_ms, const uint8_t *data, size_t len);
/* What lands next; NULL: nothing is under way. Who takes it says so: used = false. */
struct flight *wire_next(struct wire *w);
uint64_t wire_land_ms(const struct flight *f); /* BS_NEVER for NULL */
uint64_t wire_least(uint64_t a, uint64_t b);

#endif
