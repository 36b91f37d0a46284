/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses to send from: a network such as 127.0.0.0/16, which on Linux is loopback as a whole. */
#ifndef SIM_SOURCE_H
#define SIM_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "server/base/addr.h"

struct sim_source {
	struct bs_addr base; /* len 0: whatever the system chooses */
	uint32_t count; /* addresses of the network that are used */
};

/* "192.0.2.1" or "127.0.0.0/16", IPv4. The first and the last address of a network are left out. */
bool sim_source_parse(const char *text, struct sim_source *out);
/* The address of client i, with port 0: they take turns. */
struct bs_addr sim_source_nth(const struct sim_source *s, size_t i);

#endif
