/* SPDX-License-Identifier: Apache-2.0 */
#include "server/admin/host.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define NAME_MAX_LEN 254 /* RFC 1035, 2.3.4, and the dot at the end */
#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._"

/* What may stand behind a host: nothing, or a colon and a port, which may be empty (RFC 3986, 3.2.3). */
static bool
is_port(const char *text)
{
	size_t digits = text[0] == ':' ? strspn(text + 1, "0123456789") : 0;

	return text[0] == '\0' || (text[0] == ':' && text[1 + digits] == '\0' && digits <= 5);
}

static enum bs_host_verdict
judge_address(const char *text)
{
	char address[INET6_ADDRSTRLEN];
	size_t len = strcspn(text, "]");
	struct in6_addr in6;

	if (text[len] != ']' || !is_port(text + len + 1))
		return BS_HOST_BAD;
	if (len >= sizeof(address))
		return BS_HOST_FOREIGN;
	memcpy(address, text, len);
	address[len] = '\0';
	return inet_pton(AF_INET6, address, &in6) == 1 ? BS_HOST_GOOD : BS_HOST_FOREIGN;
}

static bool
same_name(const char *name, size_t len, const char *good)
{
	size_t good_len = strlen(good);

	good_len -= good_len > 0 && good[good_len - 1] == '.';
	return len == good_len && strncasecmp(name, good, len) == 0;
}

static enum bs_host_verdict
judge_name(const char *name, const struct bs_conf_list *names)
{
	size_t len = strlen(name);
	struct in_addr in4;

	if (inet_pton(AF_INET, name, &in4) == 1)
		return BS_HOST_GOOD;
	len -= name[len - 1] == '.';
	if (same_name(name, len, "localhost"))
		return BS_HOST_GOOD;
	for (size_t i = 0; i < names->count; i++)
		if (same_name(name, len, names->items[i]))
			return BS_HOST_GOOD;
	return BS_HOST_FOREIGN;
}

enum bs_host_verdict
bs_host_judge(const char *text, const struct bs_conf_list *names)
{
	char name[NAME_MAX_LEN + 1];
	size_t len = strspn(text, LETTERS);

	if (text[0] == '[')
		return judge_address(text + 1);
	if (len == 0 || len >= sizeof(name) || !is_port(text + len))
		return BS_HOST_BAD;
	memcpy(name, text, len);
	name[len] = '\0';
	return judge_name(name, names);
}
