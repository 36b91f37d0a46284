/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A socket address, IPv4 or IPv6. Text form: "192.0.2.1:5684", "[2001:db8::1]:5684". An IPv4 address that arrives
 * mapped into IPv6 keeps its octets (answers must leave the same way) and is shown as the IPv4 address that it is.
 */
#ifndef BS_BASE_ADDR_H
#define BS_BASE_ADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "server/base/err.h"

#define BS_ADDR_TEXT 64 /* room for the longest text form, with its NUL */

struct bs_addr {
	socklen_t len; /* 0: no address */
	union {
		struct sockaddr sa;
		struct sockaddr_in in4;
		struct sockaddr_in6 in6;
	};
};

/* "host:port" with a numeric host; "*:port" is the IPv6 wildcard that takes IPv4 too. BS_EFORMAT. */
BS_MUST_USE enum bs_err bs_addr_parse(const char *text, struct bs_addr *out);
/* Copy what the kernel gave; anything but AF_INET and AF_INET6 becomes "no address". */
void bs_addr_set(struct bs_addr *a, const struct sockaddr *sa, socklen_t len);
const char *bs_addr_format(const struct bs_addr *a, char out[BS_ADDR_TEXT]);
/* The host alone, without the port. */
const char *bs_addr_format_host(const struct bs_addr *a, char out[BS_ADDR_TEXT]);
uint16_t bs_addr_port(const struct bs_addr *a);
bool bs_addr_equal(const struct bs_addr *a, const struct bs_addr *b);
/* One host and a port: not "any", no group, no broadcast, no port 0. */
bool bs_addr_is_host(const struct bs_addr *a);
/* Octets that identify the address (family, host, port, scope) in out; returns their number. Same address, same octets. */
size_t bs_addr_key(const struct bs_addr *a, uint8_t out[32]);
/* The same for its network: /24 of IPv4, /56 of IPv6. For limits per source prefix. */
size_t bs_addr_prefix_key(const struct bs_addr *a, uint8_t out[32]);
/* The host alone, without port and scope: 4 octets (also of an IPv4 address mapped into IPv6), 16, or 0 for no address. */
size_t bs_addr_host_key(const struct bs_addr *a, uint8_t out[16]);

#endif
