/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scripts for the exchange layer: one scenario is a list of lines, run in fake time over a recorded datagram sink.
 *
 *   get | get-block SZX       ask GET / with Accept 40 (with an early Block2 0/0/SZX)
 *   put N | post N            ask PUT /0 or POST /bs with Content-Format 112 and a payload of N octets, 00 01 02 ..
 *   cancel                    forget it
 *   < HEX                     the client sends this
 *   > HEX                     exactly this went out next
 *   quiet                     nothing more went out
 *   open | done ERR CODE HEX  the request goes on | it ended so (ERR as in BS_ERR: ok, timeout, reset, ..)
 *   react WORD                what the layer above does with a request: answer CODE, later, drop
 *   requests N                so many requests came up so far
 *   ack I | respond I CODE    what it does later with request number I; respond! is to fail with BS_ESTATE
 *   content I N [NUM MORE SZX]  it answers 2.05 with ETag ABCD, format 112, N octets 00 01 02 .., and such a Block2
 *   wait MS | tick            let time pass, then tick | go to the next deadline, then tick
 *   deadline none             no timer runs
 *   params ACK_MS RETRANSMIT BLOCK
 *   count NAME N              a counter: retransmissions, duplicates, ignored, malformed, resets
 *
 * In HEX, M and T are Message ID and token of the request in flight, M? and T? (in an expected datagram) take new ones,
 * m and t name the ones before; S? and S do the same for the Message ID of any other message; Pa,n are n octets of the
 * payload from octet a on. What follows # is a remark.
 */
#ifndef BS_TESTS_LIB_COAP_SCRIPT_H
#define BS_TESTS_LIB_COAP_SCRIPT_H

struct coap_script {
	const char *name;
	const char *lines[64];
};

/* Run count scripts as tests of a group; returns the number that failed. */
int coap_scripts_run(const char *group, const struct coap_script *scripts, size_t count);

#endif
