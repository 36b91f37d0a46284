/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bootstrap-Discover results (LwM2M Core 1.1, 6.1.7):
 *
 *   1.1   </>;lwm2m=1.1,</0/0>;ssid=101;uri="coaps://a.example:5684",</0/1>,</1/0>;ssid=101,</3/0>
 *   1.0   lwm2m="1.0",</0/0>;ssid=101,</0/1>,</0/2>;ssid=102,</1/0/>;ssid=101
 *
 * One pass, no look-back: an item is a path or (1.0) an attribute without path, then attributes.
 */
#include "server/content/link.h"

#include <string.h>

#include "server/base/buf.h"

struct text {
	const uint8_t *data;
	size_t len;
};

/* The next octet without taking it, -1 at the end or after an error. */
static int
peek(const struct bs_rd *r)
{
	return bs_rd_left(r) > 0 ? r->data[r->pos] : -1;
}

static bool
take(struct bs_rd *r, char c)
{
	bool there = peek(r) == (unsigned char)c;

	if (there)
		r->pos++;
	return there;
}

static void
expect(struct bs_rd *r, char c)
{
	if (!take(r, c))
		bs_rd_fail(r, BS_EFORMAT);
}

static void
skip_blanks(struct bs_rd *r)
{
	while (take(r, ' ') || take(r, '\t') || take(r, '\r') || take(r, '\n'))
		;
}

/* Everything up to one of the characters of stop, a control character or the end. */
static struct text
take_until(struct bs_rd *r, const char *stop)
{
	struct text t = { .data = r->data + r->pos };

	for (int c = peek(r); c > ' ' && c != 0x7f && strchr(stop, c) == NULL; c = peek(r)) {
		r->pos++;
		t.len++;
	}
	return t;
}

static bool
text_is(const struct text *t, const char *word)
{
	return t->len == strlen(word) && memcmp(t->data, word, t->len) == 0;
}

/* A decimal number up to 65535. */
static bool
text_number(const struct text *t, uint16_t *out)
{
	uint32_t n = 0;

	for (size_t i = 0; i < t->len; i++) {
		if (t->data[i] < '0' || t->data[i] > '9')
			return false;
		n = n * 10 + (uint32_t)(t->data[i] - '0');
		if (n > UINT16_MAX)
			return false;
	}
	*out = (uint16_t)n;
	return t->len > 0;
}

/* "1.0", "1.1", "1.2"; a later minor version is at least the newest one known here. */
static enum bs_lwm2m
text_version(const struct text *t)
{
	if (t->len < 3 || t->data[0] != '1' || t->data[1] != '.' || t->data[2] < '0' || t->data[2] > '9')
		return BS_LWM2M_UNKNOWN;
	if (t->len > 3 && t->data[3] != '.')
		return BS_LWM2M_1_2; /* 1.10 */
	return t->data[2] == '0' ? BS_LWM2M_1_0 : t->data[2] == '1' ? BS_LWM2M_1_1 : BS_LWM2M_1_2;
}

static struct text
take_quoted(struct bs_rd *r)
{
	struct text t = { .data = r->data + r->pos };
	int c;

	for (c = peek(r); c >= 0 && c != '"'; c = peek(r)) {
		r->pos += c == '\\' && bs_rd_left(r) > 1 ? 2 : 1;
		t.len = (size_t)(r->data + r->pos - t.data);
	}
	expect(r, '"');
	return t;
}

/* name [ "=" ( quoted | bare ) ] */
static void
take_attribute(struct bs_rd *r, struct bs_discovered *out, struct bs_link *link)
{
	struct text name = take_until(r, "=;,<>\""), value = { 0 };

	if (name.len == 0)
		bs_rd_fail(r, BS_EFORMAT);
	if (take(r, '='))
		value = take(r, '"') ? take_quoted(r) : take_until(r, ";,<>\"");
	if (r->err != BS_OK)
		return;
	if (text_is(&name, "lwm2m"))
		out->version = text_version(&value);
	if (link == NULL)
		return;
	if (link->iid == UINT16_MAX && text_is(&name, "ver"))
		link->version = (uint8_t)text_version(&value);
	if (link->iid != UINT16_MAX && text_is(&name, "ssid")) {
		if (!text_number(&value, &link->ssid))
			bs_rd_fail(r, BS_EFORMAT);
		/* 0 and 65535 name no server: some clients show them for their bootstrap account. */
		link->has_ssid = link->ssid != 0 && link->ssid != UINT16_MAX;
	}
}

static void
take_attributes(struct bs_rd *r, struct bs_discovered *out, struct bs_link *link)
{
	skip_blanks(r);
	while (take(r, ';')) {
		skip_blanks(r);
		take_attribute(r, out, link);
		skip_blanks(r);
	}
}

/* After "<": "/", "/o", "/o/i" or deeper, each with a slash at its end or not, then ">". Returns the depth. */
static size_t
take_path(struct bs_rd *r, uint16_t ids[2])
{
	size_t depth = 0;

	expect(r, '/');
	while (r->err == BS_OK && !take(r, '>')) {
		struct text segment = take_until(r, "/>,;\"<");
		uint16_t id = 0;

		if (!text_number(&segment, &id) || id == UINT16_MAX) /* 65535 is no ID */
			bs_rd_fail(r, BS_EFORMAT);
		if (depth < 2)
			ids[depth] = id;
		depth++;
		if (!take(r, '/') && peek(r) != '>')
			bs_rd_fail(r, BS_EFORMAT);
	}
	return depth;
}

static void
take_item(struct bs_rd *r, struct bs_discovered *out)
{
	uint16_t ids[2] = { UINT16_MAX, UINT16_MAX };
	struct bs_link link = { .iid = UINT16_MAX };
	size_t depth = 0;

	if (take(r, '<'))
		depth = take_path(r, ids);
	else
		take_attribute(r, out, NULL);
	link.oid = ids[0];
	link.iid = ids[1];
	take_attributes(r, out, depth == 1 || depth == 2 ? &link : NULL);
	if (r->err != BS_OK || depth < 1 || depth > 2)
		return;
	if (out->count == BS_LINKS_MAX) {
		bs_rd_fail(r, BS_ELIMIT);
		return;
	}
	out->links[out->count++] = link;
}

enum bs_err
bs_link_parse(const void *data, size_t len, struct bs_discovered *out)
{
	struct bs_rd r = bs_rd_init(data, len);

	out->version = BS_LWM2M_UNKNOWN;
	out->count = 0;
	skip_blanks(&r);
	while (bs_rd_left(&r) > 0) {
		take_item(&r, out);
		skip_blanks(&r);
		if (bs_rd_left(&r) == 0)
			break;
		expect(&r, ',');
		skip_blanks(&r);
		if (r.err == BS_OK && bs_rd_left(&r) == 0)
			bs_rd_fail(&r, BS_EFORMAT); /* a comma promises one more */
	}
	if (r.err != BS_OK) {
		out->version = BS_LWM2M_UNKNOWN;
		out->count = 0;
	}
	return r.err;
}

bool
bs_discovered_bootstrap_iid(const struct bs_discovered *d, uint16_t *iid)
{
	bool found = false;

	for (size_t i = 0; i < d->count; i++) {
		const struct bs_link *l = &d->links[i];

		if (l->oid != BS_OBJ_SECURITY || l->iid == UINT16_MAX || l->has_ssid)
			continue;
		if (found && l->iid != *iid)
			return false;
		*iid = l->iid;
		found = true;
	}
	return found;
}

bool
bs_discovered_has(const struct bs_discovered *d, uint16_t oid, uint16_t iid)
{
	for (size_t i = 0; i < d->count; i++) {
		if (d->links[i].oid == oid && d->links[i].iid == iid)
			return true;
	}
	return false;
}

bool
bs_discovered_has_object(const struct bs_discovered *d, uint16_t oid)
{
	for (size_t i = 0; i < d->count; i++) {
		if (d->links[i].oid == oid)
			return true;
	}
	return false;
}

enum bs_lwm2m
bs_discovered_object_version(const struct bs_discovered *d, uint16_t oid)
{
	for (size_t i = 0; i < d->count; i++) {
		const struct bs_link *l = &d->links[i];

		if (l->oid == oid && l->version != BS_LWM2M_UNKNOWN)
			return (enum bs_lwm2m)l->version;
	}
	return BS_LWM2M_UNKNOWN;
}
