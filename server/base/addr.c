/* SPDX-License-Identifier: Apache-2.0 */
#include "server/base/addr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool
parse_port(const char *text, uint16_t *port)
{
	char *end = NULL;
	unsigned long v = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || v > 65535)
		return false;
	*port = (uint16_t)v;
	return true;
}

enum bs_err
bs_addr_parse(const char *text, struct bs_addr *out)
{
	const char *colon = strrchr(text, ':');
	char host[BS_ADDR_TEXT];
	size_t host_len;
	uint16_t port;

	memset(out, 0, sizeof(*out));
	if (colon == NULL || !parse_port(colon + 1, &port))
		return BS_EFORMAT;
	host_len = (size_t)(colon - text);
	if (host_len >= 2 && text[0] == '[' && colon[-1] == ']') {
		text++;
		host_len -= 2;
	} else if (memchr(text, ':', host_len) != NULL) {
		return BS_EFORMAT; /* IPv6 without its brackets: which colon starts the port? */
	}
	if (host_len >= sizeof(host))
		return BS_EFORMAT;
	memcpy(host, text, host_len);
	host[host_len] = '\0';
	if (strcmp(host, "*") == 0)
		strcpy(host, "::");
	if (inet_pton(AF_INET, host, &out->in4.sin_addr) == 1) {
		out->in4.sin_family = AF_INET;
		out->in4.sin_port = htons(port);
		out->len = sizeof(out->in4);
		return BS_OK;
	}
	memset(out, 0, sizeof(*out));
	if (inet_pton(AF_INET6, host, &out->in6.sin6_addr) == 1) {
		out->in6.sin6_family = AF_INET6;
		out->in6.sin6_port = htons(port);
		out->len = sizeof(out->in6);
		return BS_OK;
	}
	return BS_EFORMAT;
}

void
bs_addr_set(struct bs_addr *a, const struct sockaddr *sa, socklen_t len)
{
	memset(a, 0, sizeof(*a));
	if (sa->sa_family == AF_INET && len >= sizeof(a->in4)) {
		memcpy(&a->in4, sa, sizeof(a->in4));
		a->len = sizeof(a->in4);
	} else if (sa->sa_family == AF_INET6 && len >= sizeof(a->in6)) {
		memcpy(&a->in6, sa, sizeof(a->in6));
		a->len = sizeof(a->in6);
	}
}

static const uint8_t mapped_prefix[12] = { [10] = 0xff, [11] = 0xff };

/* IPv4 itself, or the IPv4 address inside a mapped one; NULL for true IPv6. */
static const void *
ipv4_of(const struct bs_addr *a)
{
	const uint8_t *ip6 = a->in6.sin6_addr.s6_addr;

	if (a->sa.sa_family == AF_INET)
		return &a->in4.sin_addr;
	return memcmp(ip6, mapped_prefix, sizeof(mapped_prefix)) == 0 ? ip6 + 12 : NULL;
}

const char *
bs_addr_format_host(const struct bs_addr *a, char out[BS_ADDR_TEXT])
{
	if (a->len == 0)
		snprintf(out, BS_ADDR_TEXT, "-");
	else if (ipv4_of(a) != NULL)
		inet_ntop(AF_INET, ipv4_of(a), out, BS_ADDR_TEXT);
	else
		inet_ntop(AF_INET6, &a->in6.sin6_addr, out, BS_ADDR_TEXT);
	return out;
}

const char *
bs_addr_format(const struct bs_addr *a, char out[BS_ADDR_TEXT])
{
	char host[BS_ADDR_TEXT];

	bs_addr_format_host(a, host);
	if (a->len == 0)
		snprintf(out, BS_ADDR_TEXT, "-");
	else if (ipv4_of(a) != NULL)
		snprintf(out, BS_ADDR_TEXT, "%.46s:%u", host, bs_addr_port(a));
	else
		snprintf(out, BS_ADDR_TEXT, "[%.46s]:%u", host, bs_addr_port(a));
	return out;
}

uint16_t
bs_addr_port(const struct bs_addr *a)
{
	if (a->len == 0)
		return 0;
	return ntohs(a->sa.sa_family == AF_INET ? a->in4.sin_port : a->in6.sin6_port);
}

bool
bs_addr_is_host(const struct bs_addr *a)
{
	const uint8_t *ip4 = a->len > 0 ? ipv4_of(a) : NULL;

	if (bs_addr_port(a) == 0) /* no address has none either */
		return false;
	if (ip4 != NULL)
		return ip4[0] != 0 && ip4[0] < 224; /* 224 and above: groups, reserved, broadcast */
	return !IN6_IS_ADDR_UNSPECIFIED(&a->in6.sin6_addr) && !IN6_IS_ADDR_MULTICAST(&a->in6.sin6_addr);
}

size_t
bs_addr_key(const struct bs_addr *a, uint8_t out[32])
{
	memset(out, 0, 32);
	if (a->len == 0)
		return 0;
	if (a->sa.sa_family == AF_INET) {
		memcpy(out, &a->in4.sin_port, 2);
		memcpy(out + 2, &a->in4.sin_addr, 4);
		return 6;
	}
	memcpy(out, &a->in6.sin6_port, 2);
	memcpy(out + 2, &a->in6.sin6_addr, 16);
	memcpy(out + 18, &a->in6.sin6_scope_id, 4);
	return 22;
}

size_t
bs_addr_prefix_key(const struct bs_addr *a, uint8_t out[32])
{
	memset(out, 0, 32);
	if (a->len == 0)
		return 0;
	if (ipv4_of(a) != NULL) {
		memcpy(out, ipv4_of(a), 3);
		return 3;
	}
	memcpy(out, a->in6.sin6_addr.s6_addr, 7);
	return 7;
}

size_t
bs_addr_host_key(const struct bs_addr *a, uint8_t out[16])
{
	if (a->len == 0)
		return 0;
	if (ipv4_of(a) != NULL) {
		memcpy(out, ipv4_of(a), 4);
		return 4;
	}
	memcpy(out, a->in6.sin6_addr.s6_addr, 16);
	return 16;
}

bool
bs_addr_equal(const struct bs_addr *a, const struct bs_addr *b)
{
	uint8_t ka[32], kb[32];

	return bs_addr_key(a, ka) == bs_addr_key(b, kb) && memcmp(ka, kb, sizeof(ka)) == 0;
}
