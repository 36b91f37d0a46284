/* SPDX-License-Identifier: Apache-2.0 */
/* What the daemon asks during a handshake and once a second. */
#include <string.h>

#include "db/store_internal.h"

/* How much of a device is checked. A handshake asks who it is; what it receives is checked before any of it is sent. */
enum extent { WHO_IT_IS, ALL_OF_IT };

/* The rest of the device, and its profile. What was asked for must be among what was checked: a claim may be of another use, or lie. */
static enum bs_err
finish(struct bs_device_reader *r, enum bs_err err, enum extent extent, const bool *matched, struct bs_found *out,
	const struct bs_shared **shared)
{
	if (err == BS_OK && extent == ALL_OF_IT)
		err = bs_device_grants(r, NULL, NULL);
	err = bs_device_end(r, err);
	if (err == BS_OK && matched != NULL && !*matched)
		err = BS_ENOTFOUND;
	if (r->began && err != BS_ENOTFOUND) { /* also of one that is refused, for who must repair it */
		memcpy(out->endpoint, r->endpoint, sizeof(out->endpoint));
		out->device_id = r->id;
	}
	if (err == BS_OK)
		err = bs_shared_get(r->st, r->profile_id, shared);
	if (err != BS_OK)
		return err;
	out->enabled = r->enabled;
	out->profile_id = r->profile_id;
	out->on_change = (*shared)->profile.on_change;
	out->revision = r->revision > (*shared)->revision ? r->revision : (*shared)->revision;
	return BS_OK;
}

/* One look-up: the device that the query finds, its bootstrap credentials shown to fn. */
static enum bs_err
look_up(struct bs_store *st, struct bs_query q, enum extent extent, bs_device_row_fn *fn, void *arg,
	const bool *matched, struct bs_found *out, const struct bs_shared **shared)
{
	struct bs_device_reader r;
	bool own = false;
	enum bs_err err = bs_store_snapshot(st, &own);

	out->endpoint[0] = '\0';
	out->device_id = 0;
	if (err != BS_OK)
		return err;
	err = finish(&r, bs_device_begin(&r, st, q, fn, arg), extent, matched, out, shared);
	bs_store_snapshot_end(st, own);
	return err;
}

static bool
same_octets(const struct bs_query *q, int column, const void *data, size_t len)
{
	size_t have = 0;
	const uint8_t *stored = bs_query_blob(q, column, &have);

	return stored != NULL && have == len && memcmp(stored, data, len) == 0;
}

static enum bs_err
open_key(const struct bs_device_reader *r, const struct bs_query *q, struct bs_secret *out)
{
	char where[BS_WHERE_MAX];
	size_t len;
	const uint8_t *sealed = bs_query_blob(q, C_SEALED_KEY, &len);

	bs_where_bootstrap(where, r->id, (int)bs_query_int(q, C_SLOT));
	return bs_seal_decrypt(r->st->seal, where, sealed, len, out);
}

struct psk_search {
	const uint8_t *identity;
	size_t len, count;
	struct bs_secret *keys; /* 2 */
	bool matched;
};

static enum bs_err
take_psk(void *arg, const struct bs_device_reader *r, const struct bs_query *q)
{
	struct psk_search *s = arg;

	if (s->count == 2 || !same_octets(q, C_IDENTITY, s->identity, s->len))
		return BS_OK;
	s->matched = true;
	return open_key(r, q, &s->keys[s->count++]);
}

enum bs_err
bs_store_find_psk(
	struct bs_store *st, const uint8_t *identity, size_t len, struct bs_found *out, struct bs_secret keys[2])
{
	struct bs_query q = bs_store_query(st, Q_FIND_CLAIM);
	struct psk_search s = { .identity = identity, .len = len, .keys = keys };
	const struct bs_shared *shared;
	enum bs_err err;

	bs_secret_clear(&keys[0]);
	bs_secret_clear(&keys[1]);
	if (len == 0 || len > BS_IDENTITY_MAX)
		return BS_ENOTFOUND;
	bs_query_put_int(&q, BS_VALUE_IDENTITY);
	bs_query_put_blob(&q, identity, len);
	err = look_up(st, q, WHO_IT_IS, take_psk, &s, &s.matched, out, &shared);
	if (err != BS_OK) {
		bs_secret_clear(&keys[0]);
		bs_secret_clear(&keys[1]);
	}
	return err;
}

/* A raw public key by its digest and as a whole; a certificate by its digest. */
struct public_search {
	enum bs_mode mode;
	const uint8_t *spki;
	size_t len;
	uint8_t digest[BS_DIGEST_LEN];
	bool matched;
};

static enum bs_err
match_public(void *arg, const struct bs_device_reader *r, const struct bs_query *q)
{
	struct public_search *s = arg;

	(void)r;
	s->matched = s->matched || (bs_query_int(q, C_MODE) == (int64_t)s->mode &&
					   same_octets(q, C_DIGEST, s->digest, sizeof(s->digest)) &&
					   (s->spki == NULL || same_octets(q, C_PUBLIC_KEY, s->spki, s->len)));
	return BS_OK;
}

static enum bs_err
find_public(struct bs_store *st, struct public_search *s, struct bs_found *out)
{
	struct bs_query q = bs_store_query(st, Q_FIND_CLAIM);
	const struct bs_shared *shared;

	bs_query_put_int(&q, BS_VALUE_PUBLIC);
	bs_query_put_blob(&q, s->digest, sizeof(s->digest));
	return look_up(st, q, WHO_IT_IS, match_public, s, &s->matched, out, &shared);
}

enum bs_err
bs_store_find_raw_key(struct bs_store *st, const uint8_t *spki, size_t len, struct bs_found *out)
{
	struct public_search s = { .mode = BS_MODE_RPK, .spki = spki, .len = len };

	if (len == 0)
		return BS_ENOTFOUND;
	bs_sha256(spki, len, s.digest);
	return find_public(st, &s, out);
}

enum bs_err
bs_store_find_certificate(struct bs_store *st, const uint8_t *der, size_t len, struct bs_found *out)
{
	struct public_search s = { .mode = BS_MODE_X509 };

	if (len == 0)
		return BS_ENOTFOUND;
	bs_sha256(der, len, s.digest);
	return find_public(st, &s, out);
}

struct name_search {
	bool by_name; /* a credential of the device is one without certificate */
};

static enum bs_err
match_by_name(void *arg, const struct bs_device_reader *r, const struct bs_query *q)
{
	struct name_search *s = arg;

	(void)r;
	s->by_name = s->by_name || (bs_query_int(q, C_MODE) == BS_MODE_X509 && bs_query_is_null(q, C_DIGEST));
	return BS_OK;
}

enum bs_err
bs_store_find_name(struct bs_store *st, const char *endpoint, const uint8_t anchor_sha256[32], struct bs_found *out)
{
	struct bs_query q = bs_store_query(st, Q_FIND_NAME);
	struct name_search s = { .by_name = false };
	const struct bs_shared *shared;
	enum bs_err err;

	bs_query_put_text(&q, endpoint);
	err = look_up(st, q, WHO_IT_IS, match_by_name, &s, NULL, out, &shared);
	if (err == BS_OK && strcmp(out->endpoint, endpoint) != 0)
		err = BS_ETAMPERED; /* the index lies */
	if (err == BS_OK &&
		!(s.by_name && shared->has_anchor && memcmp(shared->anchor, anchor_sha256, BS_DIGEST_LEN) == 0))
		err = BS_ENOTFOUND;
	return err;
}

enum bs_err
bs_store_find_id(struct bs_store *st, int64_t device_id, struct bs_found *out)
{
	struct bs_query q = bs_store_query(st, Q_FIND_ID);
	const struct bs_shared *shared;

	bs_query_put_int(&q, device_id);
	return look_up(st, q, ALL_OF_IT, NULL, NULL, NULL, out, &shared);
}

static void
copy_identity(const struct bs_query *q, char out[BS_IDENTITY_MAX + 1])
{
	size_t len = 0;
	const uint8_t *data = bs_query_blob(q, C_IDENTITY, &len);

	len = data == NULL ? 0 : len < BS_IDENTITY_MAX ? len : BS_IDENTITY_MAX;
	if (len > 0)
		memcpy(out, data, len);
	out[len] = '\0';
}

static enum bs_err
take_own(void *arg, const struct bs_device_reader *r, const struct bs_query *q)
{
	struct bs_own_credential *out = arg;
	size_t i = out->count;

	if (i == 2)
		return BS_OK;
	out->count++;
	out->mode = (enum bs_mode)bs_query_int(q, C_MODE);
	if (out->mode != BS_MODE_PSK)
		return BS_OK;
	copy_identity(q, out->slots[i].identity);
	return open_key(r, q, &out->slots[i].key);
}

enum bs_err
bs_store_find_own(struct bs_store *st, const char *endpoint, struct bs_own_credential *out)
{
	struct bs_query q = bs_store_query(st, Q_FIND_NAME);
	const struct bs_shared *shared;
	enum bs_err err;

	memset(out, 0, sizeof(*out));
	bs_query_put_text(&q, endpoint);
	err = look_up(st, q, ALL_OF_IT, take_own, out, NULL, &out->found, &shared);
	if (err == BS_OK && strcmp(out->found.endpoint, endpoint) != 0)
		err = BS_ETAMPERED;
	if (err == BS_OK && out->count == 0)
		err = BS_ENOTFOUND;
	if (err != BS_OK)
		bs_own_credential_clear(out);
	return err;
}

void
bs_own_credential_clear(struct bs_own_credential *c)
{
	bs_secret_clear(&c->slots[0].key);
	bs_secret_clear(&c->slots[1].key);
}

/* ---- changes -------------------------------------------------------------------------------------------------------- */

static enum bs_err
change_bounds(struct bs_store *st, int64_t *first, int64_t *last)
{
	struct bs_query q = bs_store_query(st, Q_CHANGE_BOUNDS);
	enum bs_err err = bs_query_step(&q);

	if (err == BS_OK) {
		*first = bs_query_int(&q, 0);
		*last = bs_query_int(&q, 1);
	}
	bs_query_end(&q);
	return err;
}

enum bs_err
bs_store_change_seq(struct bs_store *st, int64_t *seq)
{
	int64_t first;

	return change_bounds(st, &first, seq);
}

enum bs_err
bs_store_data_version(struct bs_store *st, int64_t *version)
{
	struct bs_query q = bs_store_query(st, Q_DATA_VERSION);
	enum bs_err err = bs_query_step(&q);

	if (err == BS_OK)
		*version = bs_query_int(&q, 0);
	bs_query_end(&q);
	return err;
}

static enum bs_err
tell_changes(struct bs_store *st, int64_t *seq, void (*fn)(void *arg, const struct bs_change *change), void *arg)
{
	struct bs_query q = bs_store_query(st, Q_CHANGES);
	enum bs_err err;

	bs_query_put_int(&q, *seq);
	while ((err = bs_query_step(&q)) == BS_OK) {
		struct bs_change change = {
			.kind = (enum bs_change_kind)bs_query_int(&q, 1),
			.id = bs_query_int(&q, 2),
		};

		*seq = bs_query_int(&q, 0);
		fn(arg, &change);
	}
	bs_query_end(&q);
	return err == BS_ENOTFOUND ? BS_OK : err;
}

enum bs_err
bs_store_changes(struct bs_store *st, int64_t *seq, void (*fn)(void *arg, const struct bs_change *change), void *arg)
{
	static const struct bs_change anything = { .kind = BS_CHANGED_ANYTHING };
	int64_t first, last;
	enum bs_err err = change_bounds(st, &first, &last);

	if (err != BS_OK || *seq == last)
		return err;
	if (*seq > last || (first > 0 && *seq < first - 1)) {
		*seq = last; /* an older backup was put back, or the rows between were trimmed */
		fn(arg, &anything);
		return BS_OK;
	}
	return tell_changes(st, seq, fn, arg);
}
