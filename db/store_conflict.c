/* SPDX-License-Identifier: Apache-2.0 */
/* Why a device was refused: which of its values another one has, and who has a value. */
#include <string.h>

#include "db/device_rows.h"
#include "server/base/text.h"

/* One value of a device that nobody else may have. */
struct value {
	enum bs_value_kind kind;
	bool received; /* else to bootstrap with */
	enum bs_conflict_kind conflict;
	int64_t server_id;
	size_t len;
	uint8_t data[BS_IDENTITY_MAX + 1];
};

#define VALUES_MAX (2 + 4 * BS_SERVERS_MAX)
struct values {
	size_t count;
	struct value list[VALUES_MAX];
};

static struct value *
add_value(struct values *vs, enum bs_value_kind kind, enum bs_conflict_kind conflict, int64_t server_id)
{
	struct value *v = &vs->list[vs->count++];

	v->kind = kind;
	v->conflict = conflict;
	v->server_id = server_id;
	v->received = server_id != 0;
	return v;
}

static void
add_octets(struct values *vs, enum bs_conflict_kind conflict, int64_t server_id, const void *data, size_t len)
{
	struct value *v = add_value(vs, BS_VALUE_IDENTITY, conflict, server_id);

	v->len = len < sizeof(v->data) ? len : sizeof(v->data);
	memcpy(v->data, data, v->len);
}

static void
add_digest(struct values *vs, enum bs_conflict_kind conflict, int64_t server_id, const void *data, size_t len)
{
	struct value *v = add_value(vs, BS_VALUE_PUBLIC, conflict, server_id);

	v->len = BS_DIGEST_LEN;
	bs_sha256(data, len, v->data);
}

static void
add_key(struct bs_store *st, struct values *vs, enum bs_conflict_kind conflict, int64_t server_id,
	const struct bs_secret *key)
{
	struct value *v;

	if (key == NULL || key->len == 0)
		return;
	v = add_value(vs, BS_VALUE_KEY, conflict, server_id);
	v->len = BS_KEYED_HASH_LEN;
	if (bs_seal_hash(st->seal, "key", key->data, key->len, v->data) != BS_OK)
		vs->count--; /* then it cannot be explained */
}

static void
bootstrap_values(struct bs_store *st, const struct bs_bootstrap_def *b, struct values *vs)
{
	struct value *v;

	if (b->mode == BS_MODE_PSK && b->identity != NULL)
		add_octets(vs, BS_CONFLICT_IDENTITY, 0, b->identity, strlen(b->identity));
	if (b->mode == BS_MODE_PSK)
		add_key(st, vs, BS_CONFLICT_KEY, 0, b->key);
	if (b->mode == BS_MODE_RPK && b->spki_len > 0)
		add_digest(vs, BS_CONFLICT_PUBLIC_KEY, 0, b->spki, b->spki_len);
	if (b->mode == BS_MODE_X509 && b->has_certificate) {
		v = add_value(vs, BS_VALUE_PUBLIC, BS_CONFLICT_CERTIFICATE, 0);
		v->len = BS_DIGEST_LEN;
		memcpy(v->data, b->certificate_sha256, BS_DIGEST_LEN);
	}
}

/* Which form resource 3 has is the server account's mode; both are looked for, one can be there. */
static void
grant_values(struct bs_store *st, const struct bs_grant_def *g, struct values *vs)
{
	if (g->public_or_identity_len > 0 && g->public_or_identity_len <= BS_IDENTITY_MAX)
		add_octets(vs, BS_CONFLICT_SERVER_IDENTITY, g->server_id, g->public_or_identity,
			g->public_or_identity_len);
	if (g->public_or_identity_len > 0)
		add_digest(
			vs, BS_CONFLICT_SERVER_PUBLIC, g->server_id, g->public_or_identity, g->public_or_identity_len);
	add_key(st, vs, BS_CONFLICT_SERVER_KEY, g->server_id, g->secret_key);
	if (g->sms != NULL) {
		add_key(st, vs, BS_CONFLICT_SMS_KEY, g->server_id, &g->sms->kic_key);
		add_key(st, vs, BS_CONFLICT_SMS_KEY, g->server_id, &g->sms->kid_key);
	}
}

static bool
same_value(const struct value *a, const struct value *b)
{
	return a->kind == b->kind && a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

/* Is v, which the device shall receive, also what it shall bootstrap with? An identity may be: it is no secret. */
static bool
is_own_bootstrap(const struct values *vs, const struct value *v)
{
	if (v->kind == BS_VALUE_IDENTITY)
		return false;
	for (size_t i = 0; i < vs->count; i++) {
		if (!vs->list[i].received && same_value(&vs->list[i], v))
			return v->received;
	}
	return false;
}

static struct bs_query
owner_query(struct bs_store *st, enum bs_value_kind kind, const void *value, size_t len)
{
	struct bs_query q = bs_store_query(st, Q_OWNER);

	bs_query_put_int(&q, kind);
	bs_query_put_blob(&q, value, len);
	return q;
}

static enum bs_err
find_owner(struct bs_store *st, enum bs_value_kind kind, const void *value, size_t len, char *endpoint)
{
	struct bs_query q = owner_query(st, kind, value, len);
	enum bs_err err;

	err = bs_query_step(&q);
	if (err == BS_OK)
		bs_query_copy_text(&q, 2, endpoint, BS_ENDPOINT_MAX + 1);
	bs_query_end(&q);
	return err;
}

/* Has v another owner, or this device for the other purpose? */
static bool
is_taken(struct bs_store *st, const struct value *v, int64_t device_id, struct bs_conflict *out)
{
	struct bs_query q = owner_query(st, v->kind, v->data, v->len);
	bool taken = false;

	if (bs_query_step(&q) == BS_OK) {
		int64_t owner = bs_query_int(&q, 0);

		taken = owner != device_id ||
			(v->kind != BS_VALUE_IDENTITY && (bs_query_int(&q, 1) == BS_USE_RECEIVED) != v->received);
		out->same_device = owner == device_id;
		bs_query_copy_text(&q, 2, out->endpoint, sizeof(out->endpoint));
	}
	bs_query_end(&q);
	return taken;
}

static void
explain(struct bs_store *st, const struct values *vs, int64_t device_id, struct bs_conflict *out)
{
	bool found = false;

	for (size_t i = 0; i < vs->count && !found; i++) {
		*out = (struct bs_conflict){ .kind = vs->list[i].conflict, .server_id = vs->list[i].server_id };
		out->same_device = found = is_own_bootstrap(vs, &vs->list[i]);
	}
	for (size_t i = 0; i < vs->count && !found; i++) {
		*out = (struct bs_conflict){ .kind = vs->list[i].conflict, .server_id = vs->list[i].server_id };
		found = is_taken(st, &vs->list[i], device_id, out);
	}
	if (!found)
		*out = (struct bs_conflict){ .kind = BS_CONFLICT_NONE };
}

void
bs_conflict_find(struct bs_store *st, const struct bs_bootstrap_def *bootstrap, const struct bs_grant_def *grants,
	size_t grant_count, int64_t device_id, struct bs_conflict *out)
{
	struct values vs; /* large, so only here */

	vs.count = 0;
	if (bootstrap != NULL)
		bootstrap_values(st, bootstrap, &vs);
	for (size_t i = 0; i < grant_count; i++)
		grant_values(st, &grants[i], &vs);
	explain(st, &vs, device_id, out);
}

void
bs_conflict_find_card(struct bs_store *st, const struct bs_device_def *def, struct bs_conflict *out)
{
	const struct {
		enum bs_value_kind kind;
		enum bs_conflict_kind conflict;
		const char *text;
	} cards[] = { { BS_VALUE_ICCID, BS_CONFLICT_ICCID, def->iccid },
		{ BS_VALUE_IMSI, BS_CONFLICT_IMSI, def->imsi } };

	for (size_t i = 0; i < 2 && out->kind == BS_CONFLICT_NONE; i++)
		if (cards[i].text != NULL &&
			find_owner(st, cards[i].kind, cards[i].text, strlen(cards[i].text), out->endpoint) == BS_OK)
			out->kind = cards[i].conflict;
}

void
bs_conflict_say(const char *endpoint, const struct bs_conflict *c, struct bs_diag *diag)
{
	static const char *const names[] = {
		[BS_CONFLICT_ENDPOINT] = "the endpoint name",
		[BS_CONFLICT_IDENTITY] = "the PSK identity",
		[BS_CONFLICT_KEY] = "the PSK",
		[BS_CONFLICT_PUBLIC_KEY] = "the raw public key",
		[BS_CONFLICT_CERTIFICATE] = "the certificate",
		[BS_CONFLICT_ICCID] = "the ICCID",
		[BS_CONFLICT_IMSI] = "the IMSI",
		[BS_CONFLICT_SERVER_IDENTITY] = "the PSK identity for a server",
		[BS_CONFLICT_SERVER_KEY] = "the key for a server",
		[BS_CONFLICT_SERVER_PUBLIC] = "the public key or certificate for a server",
		[BS_CONFLICT_SMS_KEY] = "an SMS key",
	};

	if (c->kind == BS_CONFLICT_NONE)
		return;
	if (c->same_device)
		bs_diag_set(diag, BS_EREFUSED, 0,
			"device %s: %s is one that the device has already; what it receives must differ from what it "
			"bootstraps with, and what is next from what is current",
			endpoint, names[c->kind]);
	else
		bs_diag_set(diag, BS_EREFUSED, 0, "device %s: %s belongs to device %s already", endpoint,
			names[c->kind], c->endpoint);
}

enum bs_err
bs_store_endpoint_of(struct bs_store *st, const char *identity, char endpoint[BS_ENDPOINT_MAX + 1])
{
	uint8_t digest[BS_DIGEST_LEN];
	size_t len = 0;
	enum bs_err err = find_owner(st, BS_VALUE_IDENTITY, identity, strlen(identity), endpoint);

	if (err == BS_ENOTFOUND && strlen(identity) == 2 * sizeof(digest) &&
		bs_hex_decode(identity, strlen(identity), digest, sizeof(digest), &len) == BS_OK)
		err = find_owner(st, BS_VALUE_PUBLIC, digest, len, endpoint);
	return err;
}
