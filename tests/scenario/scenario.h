/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scenarios: the whole stack above DTLS in memory (session, exchange, plan, codecs) against a device that follows a
 * script (script.h), in fake time, with seeded randomness. Each is played as it stands and then again with its n-th
 * datagram, in either direction, lost (alone or with the next), doubled or late, for every n: each time it must come to
 * the same end.
 *
 * The device does what RFC 7252 asks of it: it repeats its own Confirmable messages, answers duplicates as it answered
 * before, acknowledges separate responses, and takes no command while it waits for the answer to its own request.
 */
#ifndef BS_TESTS_SCENARIO_SCENARIO_H
#define BS_TESTS_SCENARIO_SCENARIO_H

#include "server/model/account.h"

struct scenario {
	const char *name;
	struct bs_account *(*account)(void); /* a new one each time; NULL: the device is not in the store */
	const char *text;
};

/* Fails the test, with all that went over the wire, when the story goes another way. */
void scenario_play(const struct scenario *s);

#endif
