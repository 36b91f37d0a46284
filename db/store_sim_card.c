/* SPDX-License-Identifier: Apache-2.0 */
/* Devices by the number of their SIM card, and the SMS parameters that come in a card maker's file. */
#include <string.h>

#include "db/device_rows.h"

static void
read_sim(const struct bs_query *q, struct bs_sim_device *out)
{
	int64_t sealed_len = bs_query_int(q, 7);

	memset(out, 0, sizeof(*out));
	out->device_id = bs_query_int(q, 0);
	out->revision = bs_query_int(q, 1);
	bs_query_copy_text(q, 2, out->endpoint, sizeof(out->endpoint));
	bs_query_copy_text(q, 3, out->profile, sizeof(out->profile));
	bs_query_copy_text(q, 4, out->iccid, sizeof(out->iccid));
	bs_query_copy_text(q, 5, out->imsi, sizeof(out->imsi));
	out->mode = (enum bs_mode)bs_query_int(q, 6);
	out->key_len = sealed_len > BS_SEAL_OVERHEAD ? (size_t)sealed_len - BS_SEAL_OVERHEAD : 0;
}

enum bs_err
bs_store_find_sim(struct bs_store *st, enum bs_sim_number which, const char *const spellings[3],
	struct bs_sim_device out[2], size_t *count)
{
	struct bs_query q = bs_store_query(st, which == BS_SIM_ICCID ? Q_FIND_ICCID : Q_FIND_IMSI);
	enum bs_err err = BS_OK;

	for (size_t i = 0; i < 3; i++)
		bs_query_put_text(&q, spellings[i]);
	for (*count = 0; *count < 2 && err == BS_OK;) {
		err = bs_query_step(&q);
		if (err == BS_OK)
			read_sim(&q, &out[(*count)++]);
	}
	bs_query_end(&q);
	return err == BS_ENOTFOUND ? BS_OK : err;
}

/* What the device receives for the server, as it lies in the store: it goes back to its place, so it stays sealed. */
struct stored_grant {
	struct bs_blob public_or_identity, digest, sealed_key, key_hash;
	bool has_sms;
};

static enum bs_err
load_grant(struct bs_store *st, int64_t device, int64_t server_id, struct stored_grant *out)
{
	struct bs_query q = bs_store_query(st, Q_GET_GRANT);
	struct bs_blob *const columns[] = { &out->public_or_identity, &out->digest, &out->sealed_key, &out->key_hash };
	enum bs_err err;

	bs_query_put_int(&q, device);
	bs_query_put_int(&q, server_id);
	err = bs_query_step(&q);
	for (int i = 0; i < 4 && err == BS_OK; i++) {
		size_t len = 0;
		const uint8_t *data = bs_query_blob(&q, i, &len);

		err = bs_blob_set(columns[i], data, data != NULL ? len : 0);
	}
	if (err == BS_OK)
		out->has_sms = !bs_query_is_null(&q, 4);
	bs_query_end(&q);
	return err;
}

static void
stored_grant_clear(struct stored_grant *g)
{
	bs_blob_clear(&g->public_or_identity);
	bs_blob_clear(&g->digest);
	bs_blob_clear(&g->sealed_key);
	bs_blob_clear(&g->key_hash);
}

static enum bs_err
replace_grant(struct bs_store *st, int64_t device, const struct bs_grant_def *def, const struct stored_grant *had,
	struct bs_diag *diag)
{
	const struct bs_blob *const kept[] = { &had->public_or_identity, &had->digest, &had->sealed_key,
		&had->key_hash };
	struct bs_query remove = bs_store_query(st, Q_DELETE_GRANT), q = bs_store_query(st, Q_ADD_GRANT);
	struct bs_sealed_grant sealed;
	enum bs_err err = bs_rows_seal_grant(st, device, def, &sealed);

	if (err != BS_OK)
		return bs_diag_set(diag, err, 0, "SMS keys: %s", bs_strerror(err));
	bs_query_put_int(&remove, device);
	bs_query_put_int(&remove, def->server_id);
	err = bs_query_run(&remove);
	if (err != BS_OK)
		return bs_diag_set(diag, err, 0, "%s", bs_strerror(err));
	bs_query_put_int(&q, device);
	bs_query_put_int(&q, def->server_id);
	for (size_t i = 0; i < 4; i++)
		bs_query_put_blob(&q, kept[i]->data, kept[i]->len);
	bs_rows_put_sms(&q, def->sms);
	bs_rows_put_sealed(&q, &sealed.kic);
	bs_rows_put_sealed(&q, &sealed.kid);
	return bs_rows_add(st, &q, "with new SMS keys", diag);
}

enum bs_err
bs_store_set_sms(struct bs_store *st, int64_t device, int64_t server_id, const struct bs_sms *sms, bool *replaced,
	struct bs_conflict *conflict, struct bs_diag *diag)
{
	struct bs_grant_def def = { .server_id = server_id, .sms = sms };
	struct stored_grant had = { .has_sms = false };
	enum bs_err err;

	memset(conflict, 0, sizeof(*conflict));
	err = load_grant(st, device, server_id, &had);
	*replaced = had.has_sms;
	if (err == BS_OK)
		err = bs_store_nest(st);
	if (err == BS_OK)
		err = bs_store_unnest(st, replace_grant(st, device, &def, &had, diag));
	else
		bs_diag_set(diag, err, 0, "%s", bs_strerror(err));
	if (err == BS_EREFUSED)
		bs_conflict_find(st, NULL, &def, 1, device, conflict);
	stored_grant_clear(&had);
	return err;
}
