/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of a handshake's records may reach OpenSSL. In the clear nothing is authentic (RFC 6347, 4.1.2.7): OpenSSL ends a
 * handshake at the first alert, application data or ill-formed fragment that anybody can send under the device's address, and
 * keeps whatever is announced for later, 241 KB an association. So here passes what the handshake waits for, and no more:
 *
 * epoch 0   handshake messages that are whole or well-formed fragments, each in its place and no longer than it can be;
 *           ChangeCipherSpec. An alert is evidence, no end.
 * epoch 1   handshake records that may be a Finished. Before the ChangeCipherSpec two of them wait here, small.
 *
 * What passes makes OpenSSL keep at most BS_GATE_KEPT_MAX octets: twice the longest chain of certificates. What no filter can
 * tell from the device's is a well-formed message with another content; with it a stranger who knows address and moment can
 * still spoil one handshake (DTLS 1.2 has no remedy), never an open session.
 */
#ifndef BS_DTLS_GATE_H
#define BS_DTLS_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BS_RECORD_HEADER_LEN 13
#define BS_CERT_LIST_MAX 16384 /* octets of a Certificate message */
#define BS_GATE_KEPT_MAX (2 * BS_CERT_LIST_MAX)
#define BS_GATE_MESSAGES 13 /* rows of the table in gate.c */
#define BS_GATE_PARKED 2
#define BS_GATE_PARKED_LEN 128 /* no suite makes a longer record of a Finished */

/* Whose messages, and which. */
enum bs_gate_flight {
	BS_GATE_HELLO, /* of a client, until the suite is chosen: fragments of its second ClientHello */
	BS_GATE_PSK, /* of a client with a PSK suite */
	BS_GATE_CERTIFICATE, /* of a client with another one */
	BS_GATE_SERVER_PSK, /* of a device that this server turned to with a key that both know */
	BS_GATE_SERVER_CERTIFICATE /* of one that it turned to in another mode */
};

/* All 0, and flight set: the start. */
struct bs_gate {
	enum bs_gate_flight flight;
	bool cipher_changed; /* the ChangeCipherSpec was taken: protected records go on, nothing in the clear does */
	bool cookie; /* a device asked for one: its ServerHello is message 1, else 0 */
	bool too_long; /* a message was left out for its length */
	uint16_t record_max; /* octets of a record in the clear: max_fragment_length; 0: 16,384 */
	struct {
		bool seen;
		uint16_t seq;
		uint32_t len;
	} messages[BS_GATE_MESSAGES]; /* as first announced */
	uint8_t parked[BS_GATE_PARKED][BS_GATE_PARKED_LEN];
	uint8_t parked_len[BS_GATE_PARKED]; /* 0: free */
	uint8_t oldest;
};

enum bs_gate_verdict { BS_GATE_DROP, BS_GATE_PASS, BS_GATE_PARK, BS_GATE_ALERT };

/* Octets of the first record of a datagram; 0: there is none that is whole. */
size_t bs_record_len(const uint8_t *data, size_t len);
uint16_t bs_record_epoch(const uint8_t *record);
uint64_t bs_record_seq(const uint8_t *record); /* 48 bits */

/* One whole record. */
enum bs_gate_verdict bs_gate_look(struct bs_gate *g, const uint8_t *record, size_t len);
/* Keep a record for later, in place of the older one when both places are taken. */
void bs_gate_park(struct bs_gate *g, const uint8_t *record, size_t len);
/* Take out the older of those that wait; 0: none does. */
size_t bs_gate_unpark(struct bs_gate *g, uint8_t out[BS_GATE_PARKED_LEN]);

/*
 * Records that were good, by number (RFC 6347, 4.1.2.6). A number is old when it was there before or lies 64 or more behind
 * the highest.
 */
struct bs_window {
	bool any;
	uint64_t highest, map; /* map: bit n is highest - n */
};
bool bs_window_is_old(const struct bs_window *w, uint64_t seq);
void bs_window_add(struct bs_window *w, uint64_t seq);

#endif
