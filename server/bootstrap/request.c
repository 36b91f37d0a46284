/* SPDX-License-Identifier: Apache-2.0 */
#include "server/bootstrap/request.h"

#include <string.h>

#include "server/base/text.h"
#include "server/content/format.h"

static const struct {
	const char *path;
	uint8_t method;
	enum bs_request_kind kind;
} routes[] = {
	{ "bs", BS_POST, BS_REQUEST_BOOTSTRAP },
	{ "bspack", BS_GET, BS_REQUEST_PACK },
};

static bool
is_text(const struct bs_segment *s, const char *text)
{
	return s->len == strlen(text) && memcmp(s->data, text, s->len) == 0;
}

static bool
lies_under(const struct bs_msg *msg, const struct bs_root *root)
{
	for (size_t i = 0; i < root->count; i++) {
		size_t len;
		const uint8_t *octets = bs_root_segment(root, i, &len);

		if (msg->path[i].len != len || (len > 0 && memcmp(msg->path[i].data, octets, len) != 0))
			return false;
	}
	return true;
}

/* The last segment, when nothing or one of the roots stands before it; NULL: it is no path of this server. */
static const struct bs_segment *
last_segment(const struct bs_msg *msg, const struct bs_roots *roots)
{
	if (msg->path_count == 1)
		return &msg->path[0];
	for (size_t i = 0; roots != NULL && i < roots->count; i++)
		if (msg->path_count == roots->list[i].count + 1 && lies_under(msg, &roots->list[i]))
			return &msg->path[msg->path_count - 1];
	return NULL;
}

static uint8_t
route(const struct bs_msg *msg, const struct bs_roots *roots, enum bs_request_kind *kind)
{
	const struct bs_segment *last = last_segment(msg, roots);

	for (size_t i = 0; last != NULL && i < sizeof(routes) / sizeof(routes[0]); i++) {
		if (!is_text(last, routes[i].path))
			continue;
		*kind = routes[i].kind;
		return msg->code == routes[i].method ? BS_EMPTY : BS_METHOD_NOT_ALLOWED;
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
take_acc(struct bs_request *out, const uint8_t *value, size_t len)
{
	if (out->acc.data != NULL)
		return BS_BAD_REQUEST;
	out->acc = (struct bs_segment){ value, len };
	return BS_EMPTY;
}

/* Which queries say something, and in which request: all others are ignored. */
static const struct {
	enum bs_request_kind kind;
	const char *key;
	uint8_t (*take)(struct bs_request *out, const uint8_t *value, size_t len);
} queries[] = {
	{ BS_REQUEST_BOOTSTRAP, "ep=", take_ep },
	{ BS_REQUEST_BOOTSTRAP, "pct=", take_pct },
	{ BS_REQUEST_PACK, "ep=", take_ep },
	{ BS_REQUEST_PACK, "acc=", take_acc },
};

static uint8_t
take_query(struct bs_request *out, const struct bs_segment *q)
{
	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
		size_t len = 0;
		const uint8_t *value = out->kind == queries[i].kind ? query_value(q, queries[i].key, &len) : NULL;

		if (value != NULL)
			return queries[i].take(out, value, len);
	}
	return BS_EMPTY;
}

static bool
can_write(int32_t pct)
{
	return pct <= UINT16_MAX && bs_format_find((uint16_t)pct) != NULL;
}

uint8_t
bs_request_parse(const struct bs_msg *msg, const struct bs_roots *roots, struct bs_request *out)
{
	uint8_t code;

	memset(out, 0, sizeof(*out));
	out->pct = -1;
	code = route(msg, roots, &out->kind);
	if (out->kind == BS_REQUEST_PACK && msg->block2.present && msg->block2.num > 0)
		out->kind = BS_REQUEST_PACK_BLOCK;
	for (size_t i = 0; i < msg->query_count && code == BS_EMPTY; i++)
		code = take_query(out, &msg->query[i]);
	if (code == BS_EMPTY && out->pct >= 0 && !can_write(out->pct))
		code = BS_UNSUPPORTED_FORMAT;
	return code;
}
