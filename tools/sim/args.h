/* SPDX-License-Identifier: Apache-2.0 */
/* The simulator's command line. */
#ifndef SIM_ARGS_H
#define SIM_ARGS_H

#include <sys/types.h>

#include "tools/sim/client.h"

struct sim_args {
	const char *server, *listen, *csv, *key_dir, *output, *summary, *mode, *holds, *factory;
	const char **endpoints;
	size_t endpoint_count;
	bool all, print, json, quiet, pct_given, version_given;
	size_t devices; /* of the file, the first; 0: all */
	struct sim_dtls_conf dtls;
	struct sim_conf conf;
	struct sim_mishaps mishaps;
	uint64_t seed;
	unsigned rate, concurrency;
	pid_t server_pid; /* 0: none is watched */
};

/* Fills a, defaults included; texts are borrowed from argv. 0: go on; otherwise exit with what it returns minus 1. */
int sim_args_parse(int argc, char **argv, struct sim_args *a);
void sim_args_clear(struct sim_args *a);

#endif
