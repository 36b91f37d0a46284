/* SPDX-License-Identifier: Apache-2.0 */
/* What the daemon asks during a handshake and once a second. */
#include <string.h>

#include "db/store_internal.h"

/* FOUND_COLUMNS of store_sql.c */
static void
read_found(const struct bs_query *q, struct bs_found *out)
{
	out->device_id = bs_query_int(q, 0);
	bs_query_copy_text(q, 1, out->endpoint, sizeof(out->endpoint));
	out->enabled = bs_query_int(q, 2) != 0;
	out->on_change = (enum bs_on_change)bs_query_int(q, 3);
	out->revision = bs_query_int(q, 4);
}

static enum bs_err
find_one(struct bs_query *q, struct bs_found *out)
{
	enum bs_err err = bs_query_step(q);

	if (err == BS_OK)
		read_found(q, out);
	bs_query_end(q);
	return err;
}

static enum bs_err
open_key(struct bs_store *st, const struct bs_query *q, int64_t device_id, struct bs_secret *out)
{
	char where[BS_WHERE_MAX];
	size_t len;
	const uint8_t *sealed = bs_query_blob(q, 6, &len);

	bs_where_bootstrap(where, device_id, (int)bs_query_int(q, 5));
	return bs_seal_decrypt(st->seal, where, sealed, len, out);
}

enum bs_err
bs_store_find_psk(
	struct bs_store *st, const uint8_t *identity, size_t len, struct bs_found *out, struct bs_secret keys[2])
{
	struct bs_query q = bs_store_query(st, Q_FIND_PSK);
	size_t count = 0;
	enum bs_err err;

	bs_secret_clear(&keys[0]);
	bs_secret_clear(&keys[1]);
	if (len == 0 || len > BS_IDENTITY_MAX)
		return BS_ENOTFOUND;
	bs_query_put_blob(&q, identity, len);
	for (err = bs_query_step(&q); err == BS_OK && count < 2; err = bs_query_step(&q)) {
		read_found(&q, out);
		err = open_key(st, &q, out->device_id, &keys[count++]);
		if (err != BS_OK)
			break;
	}
	bs_query_end(&q);
	if (err == BS_ENOTFOUND && count > 0)
		err = BS_OK; /* the rows have ended */
	if (err != BS_OK) {
		bs_secret_clear(&keys[0]);
		bs_secret_clear(&keys[1]);
	}
	return err;
}

enum bs_err
bs_store_find_raw_key(struct bs_store *st, const uint8_t *spki, size_t len, struct bs_found *out)
{
	struct bs_query q = bs_store_query(st, Q_FIND_DIGEST);
	uint8_t digest[BS_DIGEST_LEN];

	if (len == 0)
		return BS_ENOTFOUND;
	bs_sha256(spki, len, digest);
	bs_query_put_blob(&q, digest, sizeof(digest));
	bs_query_put_int(&q, BS_MODE_RPK);
	bs_query_put_blob(&q, spki, len);
	return find_one(&q, out);
}

enum bs_err
bs_store_find_certificate(struct bs_store *st, const uint8_t *der, size_t len, struct bs_found *out)
{
	struct bs_query q = bs_store_query(st, Q_FIND_DIGEST);
	uint8_t digest[BS_DIGEST_LEN];

	if (len == 0)
		return BS_ENOTFOUND;
	bs_sha256(der, len, digest);
	bs_query_put_blob(&q, digest, sizeof(digest));
	bs_query_put_int(&q, BS_MODE_X509);
	bs_query_put_null(&q);
	return find_one(&q, out);
}

enum bs_err
bs_store_find_name(struct bs_store *st, const char *endpoint, const uint8_t anchor_sha256[32], struct bs_found *out)
{
	struct bs_query q = bs_store_query(st, Q_FIND_NAME);

	bs_query_put_text(&q, endpoint);
	bs_query_put_blob(&q, anchor_sha256, BS_DIGEST_LEN);
	return find_one(&q, out);
}

enum bs_err
bs_store_find_id(struct bs_store *st, int64_t device_id, struct bs_found *out)
{
	struct bs_query q = bs_store_query(st, Q_FIND_ID);

	bs_query_put_int(&q, device_id);
	return find_one(&q, out);
}

static void
copy_identity(const struct bs_query *q, char out[BS_IDENTITY_MAX + 1])
{
	size_t len = 0;
	const uint8_t *data = bs_query_blob(q, 8, &len);

	len = data == NULL ? 0 : len < BS_IDENTITY_MAX ? len : BS_IDENTITY_MAX;
	if (len > 0)
		memcpy(out, data, len);
	out[len] = '\0';
}

enum bs_err
bs_store_find_own(struct bs_store *st, const char *endpoint, struct bs_own_credential *out)
{
	struct bs_query q = bs_store_query(st, Q_FIND_OWN);
	enum bs_err err;

	memset(out, 0, sizeof(*out));
	bs_query_put_text(&q, endpoint);
	while ((err = bs_query_step(&q)) == BS_OK && out->count < 2) {
		size_t i = out->count++;

		read_found(&q, &out->found);
		out->mode = (enum bs_mode)bs_query_int(&q, 7);
		if (out->mode != BS_MODE_PSK)
			continue;
		copy_identity(&q, out->slots[i].identity);
		err = open_key(st, &q, out->found.device_id, &out->slots[i].key);
		if (err != BS_OK)
			break;
	}
	bs_query_end(&q);
	if (err == BS_ENOTFOUND && out->count > 0)
		err = BS_OK; /* the rows have ended */
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
			.device_id = bs_query_int(&q, 2),
			.profile_id = bs_query_int(&q, 3),
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
	static const struct bs_change anything = { .kind = BS_CHANGED_PROFILE };
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
