/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One simulated device: handshake, Bootstrap-Request, answers to what the server asks, Finish; or a Bootstrap-Pack, fetched
 * block by block. Non-blocking: the owner
 * waits for the socket and for the deadline, calls in, and looks again. No clock is read here. Thousands may live in
 * one process.
 *
 *   new -> start -> (on_readable | on_timer)* until ended -> result -> free
 */
#ifndef SIM_CLIENT_H
#define SIM_CLIENT_H

#include "server/base/addr.h"
#include "server/base/random.h"
#include "tools/sim/coap.h"
#include "tools/sim/device.h"
#include "tools/sim/dtls.h"
#include "tools/sim/expect.h"
#include "tools/sim/fault.h"
#include "tools/sim/source.h"

#define SIM_BLOCKWISE_MAX 65536 /* the largest payload taken in blocks */
#define SIM_SEEN_MAX 16 /* answers kept for retransmissions of the server */

struct sim_client;
/* A line of progress about one client, without its end. */
typedef void sim_say_fn(void *arg, const struct sim_client *c, const char *text);

/* Shared by all clients, constant while they live. */
struct sim_conf {
	struct bs_addr server;
	struct bs_addr listen; /* len > 0: the device waits there, at its port and its index, for the server to begin */
	struct sim_source source; /* addresses to send from */
	const struct sim_mishaps *mishaps; /* NULL: datagrams go their way */
	const char *uri; /* what every server account's URI must be; NULL: any */
	bool unchecked; /* what came is not compared with the file */
	const char *path; /* of the bootstrap URI, "/t7?x=1": in front of the request's; NULL: none */
	const char *server_text; /* HOST:PORT, for the URI of the device's own account */
	const struct sim_dtls *dtls;
	enum sim_version version;
	int pct; /* preferred Content-Format, -1: not sent */
	bool pack; /* ask for a Bootstrap-Pack first */
	uint16_t bs_iid;
	bool stale, repository_ok;
	bool patient; /* a Finish that it refuses is not the end: the server may begin again */
	uint16_t extra[SIM_EXTRA_OBJECTS];
	size_t extra_count;
	bool lacks_access_control; /* no Object 2 */
	const struct sim_store *holds; /* what the device holds besides its own account; NULL: nothing */
	bool no_block1; /* a stack without Block1 ... */
	uint8_t block1_code; /* ... answers it with this, 0: silence */
	uint8_t block_szx; /* the largest block the device takes or gives, as SZX */
	uint64_t timeout_ms; /* for the run up to Finish */
	uint64_t ack_timeout_ms; /* RFC 7252 section 4.8 */
	uint64_t linger_ms; /* after Finish, for its retransmission */
	struct sim_fault fault;
	sim_say_fn *say; /* NULL: quiet */
	void *say_arg;
};

/* One list makes the enum and the words of the output. */
#define SIM_RESULTS(X) \
	X(SIM_RUNNING, "running") \
	X(SIM_DONE, "done") \
	X(SIM_NO_CREDENTIAL, "no-credential") \
	X(SIM_HANDSHAKE_FAILED, "handshake-failed") \
	X(SIM_HANDSHAKE_TIMEOUT, "handshake-timeout") \
	X(SIM_NO_ANSWER, "no-answer") \
	X(SIM_REQUEST_REFUSED, "request-refused") \
	X(SIM_FINISH_REFUSED, "finish-refused") \
	X(SIM_WRONG_CONTENT, "wrong-content") \
	X(SIM_RESET_BY_SERVER, "reset-by-server") \
	X(SIM_CLOSED_BY_SERVER, "closed-by-server") \
	X(SIM_TIMEOUT, "timeout") \
	X(SIM_MISBEHAVED, "misbehaved") \
	X(SIM_ERROR, "error")
#define X(name, word) name,
enum sim_result { SIM_RESULTS(X) SIM_RESULT_COUNT };
#undef X

enum sim_state {
	SIM_ST_NEW,
	SIM_ST_HANDSHAKE,
	SIM_ST_REQUESTED, /* the Bootstrap-Request is out */
	SIM_ST_ACCEPTED, /* 2.04 is in: the server is at the wheel */
	SIM_ST_LINGER, /* Finish is answered */
	SIM_ST_ENDED,
};

/* A Confirmable message of ours on its way (one at a time: NSTART 1). */
struct sim_con {
	struct sim_out msg;
	bool active, acked;
	uint16_t mid;
	unsigned sent;
	uint64_t wait_ms, due_ms;
};

/* An answer kept for the server's retransmission (RFC 7252 section 4.5). */
struct sim_seen {
	bool used;
	uint16_t mid;
	uint64_t at_ms;
	uint8_t *answer;
	size_t len;
};

/* A payload that comes in blocks. */
struct sim_assembly {
	uint8_t *data;
	size_t len;
	struct sim_path path;
	uint32_t format;
};

enum sim_pack_result { SIM_PACK_NONE, SIM_PACK_ASKED, SIM_PACK_DECLINED, SIM_PACK_INCONSISTENT, SIM_PACK_TAKEN };

/* How it went with the Bootstrap-Pack; its octets are in the assembly. */
struct sim_pack {
	enum sim_pack_result result; /* ASKED: under way */
	uint8_t code; /* of the latest answer */
	unsigned blocks; /* received */
	uint8_t szx;
	uint8_t etag[8];
	size_t etag_len;
};

struct sim_client {
	const struct sim_conf *conf;
	char *endpoint;
	struct sim_identity identity;
	char *psk_identity;
	struct bs_secret psk;
	struct sim_device device;
	struct sim_expectation expectation; /* of the row, borrowed */
	struct sim_link link;
	struct bs_addr from;
	size_t index;
	enum sim_state state;
	enum sim_result result;
	enum sim_result end_as; /* what LINGER ends with */
	char detail[240]; /* what ended it, or the first thing the device refused */
	char suite[64];
	uint64_t start_ms, end_ms, dtls_due_ms, linger_due_ms;
	uint64_t finished_ms; /* when Finish was answered, 0: not yet */
	struct sim_con con;
	uint8_t token[4];
	uint16_t next_mid;
	struct sim_seen seen[SIM_SEEN_MAX];
	unsigned next_seen;
	struct { /* an answer in seen that is held back */
		bool active;
		uint16_t mid;
		uint64_t due_ms;
	} late;
	struct sim_assembly assembly;
	struct sim_pack pack;
	bool fault_spent, silent;
	unsigned count[SIM_AT_ANY]; /* requests answered, per step */
	unsigned again_dtls, again_coap, again_server; /* repeated: flights, our requests, requests of the server */
	unsigned sockets; /* opened so far: a change tells the owner to wait for another, maybe of the same number */
	void *owner; /* the caller's own */
};

/* The credential's files are DIR/EP.key and DIR/EP.pem (x509), DIR/EP-raw.key (rpk). The row outlives the client; index
 * chooses the address to send from. NULL without memory; a credential that cannot be read ends the client at start with
 * SIM_NO_CREDENTIAL. */
struct sim_row;
struct sim_client *sim_client_new(
	const struct sim_conf *conf, const struct sim_row *row, const char *key_dir, size_t index);
void sim_client_free(struct sim_client *c);
void sim_client_start(struct sim_client *c, uint64_t now_ms);
void sim_client_on_readable(struct sim_client *c, uint64_t now_ms);
void sim_client_on_timer(struct sim_client *c, uint64_t now_ms);
uint64_t sim_client_deadline_ms(const struct sim_client *c);
const char *sim_result_word(enum sim_result r);

/* For the parts of the client. */
void sim_client_say(const struct sim_client *c, const char *fmt, ...) BS_PRINTF(2, 3);
void sim_client_end(struct sim_client *c, enum sim_result r, const char *fmt, ...) BS_PRINTF(3, 4);
void sim_client_send(struct sim_client *c, const struct sim_out *o);
void sim_client_send_con(struct sim_client *c, uint64_t now_ms);
void sim_client_send_request(struct sim_client *c, uint64_t now_ms);
/* Begin a Confirmable request of ours with its path and ep in c->con.msg; the caller goes on. */
void sim_client_start_request(struct sim_client *c, uint8_t method, const char *path);
/* The run is over but for what may come late: then it ends as that. */
void sim_client_linger(struct sim_client *c, enum sim_result as, uint64_t now_ms);
/* Leave without a word and come again from another port. */
void sim_client_reboot(struct sim_client *c, uint64_t now_ms);
/* Answer a request of the server: answer.c. */
void sim_client_answer(struct sim_client *c, const struct sim_msg *m, uint64_t now_ms);
/* Send the answer that is held back, if any: answer.c. */
void sim_client_answer_late(struct sim_client *c, uint64_t now_ms);
/* Ask for a Bootstrap-Pack, take an answer to that, and forget what was fetched: pack.c. */
void sim_pack_begin(struct sim_client *c, uint64_t now_ms);
void sim_pack_take(struct sim_client *c, const struct sim_msg *m, uint64_t now_ms);
void sim_pack_clear(struct sim_client *c);
/* Load the device's credential and its factory state: credential.c. */
BS_MUST_USE enum bs_err sim_client_load(struct sim_client *c, const struct sim_row *row, const char *key_dir);

#endif
