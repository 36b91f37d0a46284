/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lookups STORE_DIR MASTER_KEY DEVICES COUNT RUNS   look devices of make_fleet up, as the daemon does
 *
 * By PSK identity, in random order, 16 to a read transaction; then likewise the whole account of each. Warm: a run before the
 * first is not counted. One JSON object a run, microseconds of CPU each.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "db/lookup.h"

#define BATCH 16

static double
cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void
die(const char *what)
{
	fprintf(stderr, "lookups: %s\n", what);
	exit(1);
}

struct job {
	struct bs_store *store;
	unsigned devices, count;
	int64_t *ids;
};

static void
find(struct job *j, unsigned i, unsigned device)
{
	static struct bs_secret keys[2];
	struct bs_found found;
	char identity[32];
	int len = snprintf(identity, sizeof(identity), "bench-psk-%07u", device);

	if (bs_store_find_psk(j->store, (const uint8_t *)identity, (size_t)len, &found, keys) != BS_OK)
		die("a device is not there");
	j->ids[i] = found.device_id;
	bs_secret_clear(&keys[0]);
	bs_secret_clear(&keys[1]);
}

static void
load(struct job *j, unsigned i, unsigned device)
{
	struct bs_account *account = NULL;

	(void)device;
	if (bs_store_load_account(j->store, j->ids[i], &account) != BS_OK)
		die("an account is not there");
	bs_account_free(account);
}

static double
measure(struct job *j, void (*what)(struct job *j, unsigned i, unsigned device))
{
	unsigned seed = 17;
	double start = cpu_us();

	for (unsigned i = 0; i < j->count; i++) {
		if (i % BATCH == 0 && bs_store_read_begin(j->store) != BS_OK)
			die("no transaction");
		what(j, i, (unsigned)rand_r(&seed) % j->devices + 1);
		if (i % BATCH == BATCH - 1 || i == j->count - 1)
			bs_store_read_end(j->store);
	}
	return (cpu_us() - start) / j->count;
}

int
main(int argc, char **argv)
{
	struct bs_diag diag = { 0 };
	struct job j = { NULL, 0, 0, NULL };

	if (argc != 6) {
		fputs("usage: lookups STORE_DIR MASTER_KEY DEVICES COUNT RUNS\n", stderr);
		return 2;
	}
	j.devices = (unsigned)atoi(argv[3]);
	j.count = (unsigned)atoi(argv[4]);
	j.ids = calloc(j.count, sizeof(*j.ids));
	if (j.devices == 0 || j.count == 0 || j.ids == NULL)
		die("numbers");
	if (bs_store_open(argv[1], argv[2], BS_STORE_READ, &j.store, &diag) != BS_OK)
		die(diag.text);
	for (int run = -1; run < atoi(argv[5]); run++) {
		double find_us = measure(&j, find), load_us = measure(&j, load);
		if (run >= 0)
			printf("{\"devices\":%u,\"run\":%d,\"find\":%.2f,\"load\":%.2f}\n", j.devices, run, find_us,
				load_us);
	}
	bs_store_close(j.store);
	free(j.ids);
	return 0;
}
