/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of a scenario, read into lines. One device, one run or more, told in order:
 *
 *   given store slow 3s | store busy N | admission drop N | admission too-many N
 *   given no request              the server begins by itself
 *   [at T | after T] dev > METHOD URI [accept N] [block NUM SZX] [fetch] [payload "text"] [non]  expect ANSWER
 *                                 the device sends a request; fetch: and asks for block after block of the answer
 *   [after T]        dev > ping | again | raw [hex]           expect ANSWER
 *   [after T]        dev < METHOD URI [accept N] [format N] [same] [[hex]]  REACTION
 *   once                          a lost datagram changes the story: play it as it stands
 *   end OUTCOME [at "step"] [because "detail"] [code C] [writes N] [format N] [version N]
 *
 * ANSWER: a code [format N] [[hex]], with what it holds; "separate CODE" (an empty ACK must come before); "reset";
 * "nothing" (within half a second); "silence"
 * (through all retransmissions). "again" repeats the last request with its Message ID.
 * REACTION: "reply CODE", "separate CODE" (empty ACK, later a CON), "overtake CODE" (the response before the ACK),
 * "unreliable CODE" (empty ACK, later a NON), each with what to say: [format N] "text", [hex] or "links N" (a Discover result of N
 * octets); "reset"; "drop" (the datagram is lost); "silent" (it is never answered).
 * The operator has bootstrap-path = /t7. In URIs %XX is an octet. In hex, N*XX repeats. "#" begins a comment. "after" on a
 * line of the server: it must not come
 * sooner, nor later than twice that time.
 */
#ifndef BS_TESTS_SCENARIO_SCRIPT_H
#define BS_TESTS_SCENARIO_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/model/outcome.h"

#define LINES_MAX 64
#define ENDS_MAX 8

enum line_kind { DEVICE_SENDS, SERVER_SENDS };
enum device_sends { SEND_REQUEST, SEND_PING, SEND_AGAIN, SEND_RAW };
enum answer { ANSWER_CODE, ANSWER_SEPARATE, ANSWER_RESET, ANSWER_NOTHING, ANSWER_SILENCE };
enum reaction { REACT_REPLY, REACT_SEPARATE, REACT_OVERTAKE, REACT_UNRELIABLE, REACT_RESET, REACT_DROP, REACT_SILENT };

struct octets {
	uint8_t *data;
	size_t len;
	bool has_format; /* of what the device says */
	uint16_t format;
};

struct line {
	const char *text; /* for messages; ends at the newline */
	enum line_kind kind;
	bool has_wait, absolute;
	uint64_t wait_ms;
	enum device_sends what;
	uint8_t method;
	char uri[640];
	bool non, same;
	int accept, format; /* -1: not looked at, not sent */
	bool fetch, has_block;
	uint32_t block;
	uint8_t szx;
	bool has_payload;
	struct octets payload; /* to send, or expected; of "raw" the datagram */
	bool has_expected;
	struct octets expected; /* in the answer */
	enum answer answer;
	enum reaction reaction;
	uint8_t code;
	struct octets reply;
};

struct end {
	enum bs_outcome outcome;
	char step[64]; /* "": not looked at */
	bool has_detail;
	char detail[240];
	int code, writes, format, version; /* -1: not looked at */
};

struct script {
	struct line lines[LINES_MAX];
	size_t count;
	struct end ends[ENDS_MAX];
	size_t end_count;
	uint64_t store_slow_ms;
	unsigned store_busy, drop, too_many;
	bool once, no_request;
};

/* Fails the test on a line that it cannot read. */
void script_read(struct script *s, const char *name, const char *text);
void script_clear(struct script *s);

#endif
