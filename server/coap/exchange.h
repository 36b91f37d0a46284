/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The exchange layer of one peer (RFC 7252, 4 and 5; RFC 7959): one outstanding request of ours (NSTART 1) with
 * retransmission, separate responses and block-wise transfer both ways; deduplication and answers for requests of the
 * client, whose long answers the layer above cuts into blocks. It knows no clock, no socket, no DTLS: time and randomness
 * are arguments, datagrams leave by a callback.
 *
 * One struct bs_exchange belongs to one DTLS association, so (association, Message ID) is the key of deduplication:
 * never the endpoint name (leshan#1012).
 *
 * Ignored silently and counted: other versions, malformed NON/ACK/RST, stray ACK and RST, responses with an unknown token
 * in an ACK. Answered: a malformed CON and a ping with RST, an unknown critical option in a request with 4.02 (a response
 * with one is rejected), Proxy-Uri with 5.05. A NON request is answered by a NON (RFC 7252 5.2.3); with an unknown critical
 * option it is ignored (5.4.1).
 */
#ifndef BS_COAP_EXCHANGE_H
#define BS_COAP_EXCHANGE_H

#include "server/base/random.h"
#include "server/coap/msg.h"

#define BS_EXCHANGE_LIFETIME_MS 247000
#define BS_NON_LIFETIME_MS 145000
#define BS_SEPARATE_WAIT_MS 93000 /* wait for the response once an empty ACK came: MAX_TRANSMIT_WAIT */
#define BS_DEDUP_MAX 16 /* requests of the client remembered; the oldest goes first */
#define BS_LATER_MAX_MS 60000 /* the longest wait after 5.03, whatever its Max-Age says */
#define BS_PAUSE_MAX_MS 230000 /* such a wait and all repetitions after it: clients give up after EXCHANGE_LIFETIME */
#define BS_TRANSFER_MAX_MS 1800000 /* a block-wise transfer as a whole: 128 blocks of 512 octets at 14 s still fit */
#define BS_RESPONSE_MAX 65536 /* octets of a response put together from blocks */
#define BS_DATAGRAM_MAX 1280 /* largest CoAP message written */
#define BS_REQUEST_PAYLOAD_MAX 65536 /* largest payload of a request of ours, before it is cut into blocks */

struct bs_exchange;

struct bs_exchange_params {
	uint32_t ack_timeout_ms;
	uint32_t max_retransmit;
	uint16_t block_size; /* 16 .. 1024: larger payloads leave in blocks of this size */
};
/* RFC 7252 4.8 defaults, blocks of 512. */
void bs_exchange_params_init(struct bs_exchange_params *p);

struct bs_exchange_counters {
	uint64_t retransmissions, duplicates, ignored, malformed, resets_sent;
};

/* Which request of the client is being answered: copied by the one who answers later. */
struct bs_request_ref {
	enum bs_coap_type type;
	uint16_t id;
	struct bs_token token;
};

/* What the layer above gives. Each runs inside input or tick, never frees the exchange. */
struct bs_exchange_ops {
	/* Send one datagram; it is lent for the call. */
	void (*send)(void *arg, const uint8_t *data, size_t len);
	/*
	 * A request of the client, new (not a duplicate). Return true when it is answered or will be with
	 * bs_exchange_respond; false to forget it as if it never came (overload: its retransmission counts as new).
	 */
	bool (*on_request)(void *arg, uint64_t now_ms, const struct bs_msg *msg, const struct bs_request_ref *ref);
	bs_random_fn *random;
};

struct bs_exchange *bs_exchange_new(const struct bs_exchange_ops *ops, void *arg, uint64_t now_ms);
/* Wipes what is in flight. NULL is fine. */
void bs_exchange_free(struct bs_exchange *ex);
void bs_exchange_set_params(struct bs_exchange *ex, const struct bs_exchange_params *p);
/*
 * The largest message that the association carries in one record (BS_DATAGRAM_MAX at first; more counts as that). Requests
 * leave in blocks small enough, whatever block_size says.
 */
void bs_exchange_set_max_message(struct bs_exchange *ex, size_t max);

/* One decrypted datagram came in. */
void bs_exchange_input(struct bs_exchange *ex, uint64_t now_ms, const uint8_t *data, size_t len);

/*
 * Answer a request, by a code alone. Piggybacked while its ACK has not been sent, else as a separate CON, repeated until
 * the client acknowledges it; a second separate response before that takes the place of the first, which is not repeated
 * any more. Remembered for duplicates. BS_ESTATE: nothing remembers that request as open. BS_ENOMEM: nothing was sent.
 */
BS_MUST_USE enum bs_err bs_exchange_respond(
	struct bs_exchange *ex, uint64_t now_ms, const struct bs_request_ref *ref, uint8_t code);
/*
 * The same with code, ETag, Content-Format, Block2 and payload of content (bs_exchange_get_block_max octets or less);
 * type, id and token are set here. The copies kept for duplicates and retransmission are wiped: that of a piggybacked
 * answer with its request's lifetime, that of a separate one when it is acknowledged. BS_ESPACE: it does not fit.
 */
BS_MUST_USE enum bs_err bs_exchange_respond_with(
	struct bs_exchange *ex, uint64_t now_ms, const struct bs_request_ref *ref, const struct bs_msg *content);
/* The largest payload of one answer: the block size of the parameters, or what the association has room for. */
size_t bs_exchange_get_block_max(const struct bs_exchange *ex);
/* The answer will take longer: send the empty ACK now (RFC 7252, 5.2.2). */
void bs_exchange_ack_empty(struct bs_exchange *ex, uint64_t now_ms, const struct bs_request_ref *ref);

/*
 * The end of a request of ours. BS_OK: response holds the final response, its payload put together from all blocks
 * (lent for the call). BS_ETIMEOUT: no ACK or no response, or no end of blocks within BS_TRANSFER_MAX_MS; BS_ERESET: the
 * client answered RST; BS_ELIMIT: the response is longer than BS_RESPONSE_MAX; BS_EFORMAT: it broke the rules of
 * block-wise transfer; BS_ENOMEM. With these response is NULL.
 * Not called after bs_exchange_cancel.
 */
typedef void bs_response_fn(void *arg, uint64_t now_ms, enum bs_err err, const struct bs_msg *response);

/*
 * Send a confirmable request. type, id and token of msg are set here; path, query, formats and payload are copied, the
 * copy is wiped when the exchange ends (it may carry keys). A payload above the block size leaves with Block1 and Size1
 * in its first block; 4.13 and a smaller size in a 2.31 are followed, 4.08 restarts once.
 * 5.03 is a request to come later (RFC 7252, 5.9.3.4): after its Max-Age, or ACK_TIMEOUT where it has none, the request
 * leaves anew, once. But 5.03 or 4.08 to a block that was sent again comes from a client that keeps no answers for
 * duplicates and has the block: the next one leaves, after the same wait or at once. The answer that ends all this is the
 * response.
 * While a separate response of ours is not acknowledged, the request waits for that (NSTART 1): the client must know the
 * answer before the first command. BS_ESTATE: another request is outstanding. BS_ERANGE: the payload is above
 * BS_REQUEST_PAYLOAD_MAX. BS_ESPACE: path and query do not fit a datagram. BS_ENOMEM.
 */
BS_MUST_USE enum bs_err bs_exchange_request(
	struct bs_exchange *ex, uint64_t now_ms, const struct bs_msg *msg, bs_response_fn *done, void *arg);
/* Forget the outstanding request, if any. Its late answers are then treated as strays. */
void bs_exchange_cancel(struct bs_exchange *ex);
bool bs_exchange_is_busy(const struct bs_exchange *ex);

/* Timers: act at the deadline (BS_NEVER: none). Calling tick early or late does no harm. */
uint64_t bs_exchange_next_deadline_ms(const struct bs_exchange *ex);
void bs_exchange_tick(struct bs_exchange *ex, uint64_t now_ms);

const struct bs_exchange_counters *bs_exchange_get_counters(const struct bs_exchange *ex);

#endif
