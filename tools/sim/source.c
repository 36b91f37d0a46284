/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/sim/source.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

bool
sim_source_parse(const char *text, struct sim_source *out)
{
	struct sockaddr_in in4 = { .sin_family = AF_INET };
	const char *slash = strchr(text, '/');
	char host[INET_ADDRSTRLEN], *end = NULL;
	size_t len = slash != NULL ? (size_t)(slash - text) : strlen(text);
	long bits = slash != NULL ? strtol(slash + 1, &end, 10) : 32;

	if (len >= sizeof(host) || (slash != NULL && (end == slash + 1 || *end != '\0')) || bits < 8 || bits > 32)
		return false;
	memcpy(host, text, len);
	host[len] = '\0';
	if (inet_pton(AF_INET, host, &in4.sin_addr) != 1)
		return false;
	uint32_t first = ntohl(in4.sin_addr.s_addr), size = (uint32_t)1 << (32 - bits);
	out->count = 1;
	if (size > 2) {
		first = (first & ~(size - 1)) + 1;
		out->count = size - 2;
	}
	in4.sin_addr.s_addr = htonl(first);
	bs_addr_set(&out->base, (struct sockaddr *)&in4, sizeof(in4));
	return true;
}

struct bs_addr
sim_source_nth(const struct sim_source *s, size_t i)
{
	struct bs_addr a = s->base;

	if (a.len != 0)
		a.in4.sin_addr.s_addr = htonl(ntohl(a.in4.sin_addr.s_addr) + (uint32_t)(i % s->count));
	return a;
}
