/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One UDP socket of one worker: bursts in (recvmmsg) and out (sendmmsg). SO_REUSEPORT lets every worker have a socket on
 * the same address; the kernel keeps one peer on one socket. The address that a datagram was sent to is known
 * (IP_PKTINFO, IPV6_RECVPKTINFO), so answers leave from it, also on a wildcard socket.
 */
#ifndef BS_NET_UDP_H
#define BS_NET_UDP_H

#include "server/base/addr.h"

#define BS_UDP_BURST 32 /* datagrams a receive call; bounded, so that a socket cannot starve timers */
#define BS_UDP_DATAGRAM_MAX 2048 /* longer ones are cut, which makes them unreadable: DTLS peers respect the MTU */

struct bs_udp;

struct bs_udp_counters {
	uint64_t received, sent, send_errors, cut;
};

/* BS_EIO with the address and errno's text in diag. */
BS_MUST_USE enum bs_err bs_udp_open(const struct bs_addr *addr, struct bs_udp **out, struct bs_diag *diag);
/* Sends what is queued first. NULL is fine. */
void bs_udp_close(struct bs_udp *u);
int bs_udp_get_fd(const struct bs_udp *u);
const struct bs_addr *bs_udp_get_addr(const struct bs_udp *u); /* with the port that the kernel chose */
const struct bs_udp_counters *bs_udp_get_counters(const struct bs_udp *u);

/* Receive one burst; fn is called per datagram, whose memory is lent. Returns how many came; BS_UDP_BURST: there may be more. */
typedef void bs_udp_fn(
	void *arg, const struct bs_addr *local, const struct bs_addr *remote, const uint8_t *data, size_t len);
size_t bs_udp_receive(struct bs_udp *u, bs_udp_fn *fn, void *arg);

/* Could a datagram from local leave by this socket? */
bool bs_udp_serves(const struct bs_udp *u, const struct bs_addr *local);
/* Queue a datagram (copied); a full queue is sent at once. What the kernel refuses is counted and lost, as UDP is. */
void bs_udp_send(
	struct bs_udp *u, const struct bs_addr *local, const struct bs_addr *remote, const uint8_t *data, size_t len);
void bs_udp_flush(struct bs_udp *u);

#endif
