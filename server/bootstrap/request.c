/* SPDX-License-Identifier: Apache-2.0 */
#include "server/bootstrap/request.h"

#include <string.h>

#include "server/base/text.h"
#include "server/content/format.h"

static const struct {
	const char *path;
	uint8_t method;
	uint8_t answer; /* BS_EMPTY: a Bootstrap-Request */
} routes[] = {
	{ "bs", BS_POST, BS_EMPTY },
	{ "bspack", BS_GET, BS_NOT_IMPLEMENTED }, /* clients that ask for a pack then go on with POST /bs */
};

static bool
is_text(const struct bs_segment *s, const char *text)
{
	return s->len == strlen(text) && memcmp(s->data, text, s->len) == 0;
}

static uint8_t
route(const struct bs_msg *msg)
{
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		if (msg->path_count == 1 && is_text(&msg->path[0], routes[i].path))
			return msg->code == routes[i].method ? routes[i].answer : BS_METHOD_NOT_ALLOWED;
	}
	return BS_NOT_FOUND;
}

/* The value of a query "key=value"; NULL when it is another one. */
static const uint8_t *
query_value(const struct bs_segment *q, const char *key, size_t *len)
{
	size_t n = strlen(key);

	if (q->len < n || memcmp(q->data, key, n) != 0)
		return NULL;
	*len = q->len - n;
	return q->data + n;
}

static uint8_t
take_ep(struct bs_request *out, const uint8_t *value, size_t len)
{
	if (out->has_ep || len == 0 || len > BS_ENDPOINT_MAX || !bs_utf8_valid(value, len))
		return BS_BAD_REQUEST;
	memcpy(out->ep, value, len);
	out->ep[len] = '\0';
	out->has_ep = true;
	return BS_EMPTY;
}

/* Content-Formats are 16 bits wide; a longer number is well-formed and names none. */
static uint8_t
take_pct(struct bs_request *out, const uint8_t *value, size_t len)
{
	int32_t n = 0;

	if (out->pct >= 0 || len == 0)
		return BS_BAD_REQUEST;
	for (size_t i = 0; i < len; i++) {
		if (value[i] < '0' || value[i] > '9')
			return BS_BAD_REQUEST;
		n = n > UINT16_MAX ? n : n * 10 + (value[i] - '0');
	}
	out->pct = n;
	return BS_EMPTY;
}

static uint8_t
take_query(struct bs_request *out, const struct bs_segment *q)
{
	const uint8_t *value;
	size_t len;

	if ((value = query_value(q, "ep=", &len)) != NULL)
		return take_ep(out, value, len);
	if ((value = query_value(q, "pct=", &len)) != NULL)
		return take_pct(out, value, len);
	return BS_EMPTY;
}

static bool
can_write(int32_t pct)
{
	return pct <= UINT16_MAX && bs_format_find((uint16_t)pct) != NULL;
}

uint8_t
bs_request_parse(const struct bs_msg *msg, struct bs_request *out)
{
	uint8_t code = route(msg);

	memset(out, 0, sizeof(*out));
	out->pct = -1;
	for (size_t i = 0; i < msg->query_count && code == BS_EMPTY; i++)
		code = take_query(out, &msg->query[i]);
	if (code == BS_EMPTY && out->pct >= 0 && !can_write(out->pct))
		code = BS_UNSUPPORTED_FORMAT;
	return code;
}
