/* SPDX-License-Identifier: Apache-2.0 */
/* Misbehaviour on request: what goes wrong (KIND), and at which step of the run. */
#ifndef SIM_FAULT_H
#define SIM_FAULT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum sim_step { SIM_AT_REQUEST, SIM_AT_DISCOVER, SIM_AT_READ, SIM_AT_DELETE, SIM_AT_WRITE, SIM_AT_FINISH, SIM_AT_ANY };

/* X(enum, word, takes a step, its step otherwise, what it does) */
#define SIM_FAULTS(X) \
	X(SIM_FAULT_NONE, "none", false, SIM_AT_ANY, "behave") \
	X(SIM_FAULT_SILENT, "silent", true, SIM_AT_WRITE, "say nothing more from STEP on") \
	X(SIM_FAULT_RESET, "reset", true, SIM_AT_WRITE, "answer STEP with a CoAP reset") \
	X(SIM_FAULT_REFUSE, "refuse", true, SIM_AT_WRITE, "answer STEP with 4.00") \
	X(SIM_FAULT_ANSWER, "answer", true, SIM_AT_WRITE, "answer STEP with another code: answer=4.15@write") \
	X(SIM_FAULT_REFUSE_WRITE, "refuse-write", false, SIM_AT_WRITE, "answer every Write with 4.00") \
	X(SIM_FAULT_REFUSE_DELETE, "refuse-delete", false, SIM_AT_DELETE, "answer every Delete with 4.00") \
	X(SIM_FAULT_REFUSE_FINISH, "refuse-finish", false, SIM_AT_FINISH, "answer Finish with 4.06") \
	X(SIM_FAULT_CREATED, "created", false, SIM_AT_WRITE, "answer every Write with 2.01 in place of 2.04") \
	X(SIM_FAULT_RESTART, "restart", true, SIM_AT_WRITE, "at STEP, once, send a new Bootstrap-Request") \
	X(SIM_FAULT_REBOOT, "reboot", true, SIM_AT_WRITE, "at STEP, once, forget all and come from a new port") \
	X(SIM_FAULT_LOSE, "lose", true, SIM_AT_ANY, "drop the first answer to each request of STEP (or to all)") \
	X(SIM_FAULT_CLOSE, "close", true, SIM_AT_WRITE, "at STEP, close the DTLS session") \
	X(SIM_FAULT_DISCOVER_405, "discover-405", false, SIM_AT_DISCOVER, "answer Discover with 4.05") \
	X(SIM_FAULT_DISCOVER_NONSENSE, "discover-nonsense", false, SIM_AT_DISCOVER, "answer Discover with rubbish") \
	X(SIM_FAULT_DISCOVER_64K, "discover-64k", false, SIM_AT_DISCOVER, "answer Discover with 64 KiB in blocks") \
	X(SIM_FAULT_SEPARATE, "separate", true, SIM_AT_ANY, "an empty ACK first, the answer in a message of its own") \
	X(SIM_FAULT_SLOW, "slow", true, SIM_AT_WRITE, \
		"answer each request of STEP, and each block, 1500 ms late; or slow=MS@STEP") \
	X(SIM_FAULT_PAYLOAD, "payload", false, SIM_AT_ANY, "add a diagnostic payload to every answer") \
	X(SIM_FAULT_DUPLICATE, "duplicate", false, SIM_AT_REQUEST, "send the Bootstrap-Request twice") \
	X(SIM_FAULT_WRONG_KEY, "wrong-key", false, SIM_AT_REQUEST, "use another key than the file's") \
	X(SIM_FAULT_WRONG_EP, "wrong-ep", false, SIM_AT_REQUEST, "name another endpoint: wrong-ep=NAME") \
	X(SIM_FAULT_NO_EP, "no-ep", false, SIM_AT_REQUEST, "name no endpoint") \
	X(SIM_FAULT_PING, "ping", false, SIM_AT_REQUEST, "send a CoAP ping before the request") \
	X(SIM_FAULT_GARBAGE, "garbage", false, SIM_AT_REQUEST, "send rubbish through DTLS before the request")

#define X(name, word, steps, at, what) name,
enum sim_fault_kind { SIM_FAULTS(X) SIM_FAULT_COUNT };
#undef X

struct sim_fault {
	enum sim_fault_kind kind;
	enum sim_step step;
	const char *text; /* of wrong-ep, behind "=": borrowed from the argument */
	uint8_t code; /* of answer */
	uint32_t delay_ms; /* of slow */
};

/* "KIND", "KIND@STEP", "wrong-ep=NAME", "answer=C.DD@STEP", "slow=MS@STEP". False when there is no such thing. */
bool sim_fault_parse(const char *arg, struct sim_fault *out);
bool sim_fault_is_at(const struct sim_fault *f, enum sim_fault_kind kind, enum sim_step step);
const char *sim_step_word(enum sim_step step);
void sim_fault_list(FILE *to);

#endif
