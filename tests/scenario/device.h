/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A device that knows what it holds, for tests that are tables: it has a bootstrap account somewhere in Object 0, answers
 * Discover in one way, and each run against the server's session and exchange, in fake time, ends with what became of that
 * account. Datagrams are lost as told, or by chance from a seed.
 */
#ifndef BS_TESTS_SCENARIO_DEVICE_H
#define BS_TESTS_SCENARIO_DEVICE_H

#include "server/bootstrap/session.h"

#define DEVICE_NOWHERE (-1) /* no bootstrap account in Object 0 */
#define DEVICE_SERVER_IID 3 /* of Object 0, where it holds an account of server 101 */
#define DEVICE_WRITTEN_MAX 32

enum device_discover {
	DISCOVER_SHOWS,
	DISCOVER_404,
	DISCOVER_405,
	DISCOVER_RESET,
	DISCOVER_SILENT,
	DISCOVER_GARBAGE,
	DISCOVER_HIDES, /* a result without its bootstrap account */
	DISCOVER_TWO, /* another instance without Short Server ID beside it, at the next ID */
	DISCOVER_COUNT
};

/* What is lost of the exchange of Discover. */
enum device_loss { LOSE_NOTHING, LOSE_REQUEST, LOSE_ANSWER, LOSE_REQUESTS, LOSE_ANSWERS, LOSS_COUNT };

/* What it says to a block that it has already taken. */
enum device_repeated { REPEATED_AS_BEFORE, REPEATED_503, REPEATED_503_MAX_AGE, REPEATED_408 };

struct device {
	struct bs_account *(*account)(void);
	void (*adjust)(struct bs_account *account); /* NULL: nothing */
	uint16_t security_iid; /* of the profile; 0: its default */
	int own; /* the instance of its bootstrap account */
	enum device_discover discover;
	enum device_loss loss;
	bool pack, acc; /* it asks for a Bootstrap-Pack, and says where its bootstrap account lies */
	enum device_repeated repeated;
	unsigned busy_at; /* this request of the server (1: the first) is answered 5.03; 0: none */
	bool busy_for_good; /* and all that follow */
	unsigned finish_406; /* so many Finishes are answered 4.06 */
	unsigned loss_percent; /* by chance, each way */
	uint64_t seed;
};

struct device_end {
	struct bs_run_report report;
	bool hit; /* something was written onto its bootstrap account, or a Delete named it */
	uint16_t written[DEVICE_WRITTEN_MAX]; /* instances of Object 0 */
	size_t written_count;
	unsigned deletes, writes, discovers; /* requests that reached it, duplicates too */
	uint64_t took_ms;
};

/* One run, from its request to the report. Fails the test when there is no end of it. */
void device_run(const struct device *d, struct device_end *end);

#endif
