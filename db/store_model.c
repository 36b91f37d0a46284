/* SPDX-License-Identifier: Apache-2.0 */
/* Object models that the operator brought along. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/store_internal.h"

/* Run a statement without rows; the library's words say which CHECK it was. */
static enum bs_err
run(struct bs_store *st, struct bs_query *q, uint16_t oid, struct bs_diag *diag)
{
	enum bs_err err = bs_query_step(q);

	if (err == BS_ENOTFOUND)
		err = BS_OK;
	if (err != BS_OK)
		bs_diag_set(diag, err, 0, "model of object %u: %s", oid, sqlite3_errmsg(st->db));
	bs_query_end(q);
	return err;
}

/* ---- add --------------------------------------------------------------------------------------------------------- */

static enum bs_err
put_object(struct bs_store *st, const struct bs_model *m, struct bs_diag *diag)
{
	struct bs_query q = bs_store_query(st, Q_PUT_MODEL);
	enum bs_err err;

	bs_query_put_int(&q, m->oid);
	bs_query_put_text(&q, m->name);
	bs_query_put_text(&q, m->version);
	bs_query_put_int(&q, m->multiple);
	bs_query_put_int(&q, m->mandatory);
	err = run(st, &q, m->oid, diag);
	if (err != BS_OK)
		return err;
	q = bs_store_query(st, Q_CLEAR_MODEL);
	bs_query_put_int(&q, m->oid);
	return run(st, &q, m->oid, diag);
}

static void
put_text_or_null(struct bs_query *q, const char *text)
{
	bs_query_put_text(q, text[0] != '\0' ? text : NULL);
}

static enum bs_err
put_resource(struct bs_store *st, uint16_t oid, const struct bs_model_resource *r, struct bs_diag *diag)
{
	struct bs_query q = bs_store_query(st, Q_ADD_MODEL_RESOURCE);

	bs_query_put_int(&q, oid);
	bs_query_put_int(&q, r->rid);
	bs_query_put_text(&q, r->name);
	bs_query_put_text(&q, r->operations);
	bs_query_put_int(&q, r->multiple);
	bs_query_put_int(&q, r->mandatory);
	if (r->executable)
		bs_query_put_null(&q);
	else
		bs_query_put_int(&q, r->type);
	put_text_or_null(&q, r->range);
	put_text_or_null(&q, r->units);
	return run(st, &q, oid, diag);
}

static void
ignore(void *arg, const struct bs_model *m)
{
	(void)arg;
	(void)m;
}

enum bs_err
bs_store_add_model(struct bs_store *st, const struct bs_model *model, bool replace, struct bs_diag *diag)
{
	enum bs_err err = replace ? BS_ENOTFOUND : bs_store_each_model(st, &model->oid, ignore, NULL);

	if (err == BS_OK)
		return bs_diag_set(diag, BS_EEXIST, 0, "there is a model of object %u already", model->oid);
	if (err == BS_ENOTFOUND)
		err = bs_store_nest(st);
	if (err != BS_OK)
		return bs_store_fail(st, err, model->name, diag);
	err = put_object(st, model, diag);
	for (size_t i = 0; i < model->count && err == BS_OK; i++)
		err = put_resource(st, model->oid, &model->resources[i], diag);
	return bs_store_unnest(st, err);
}

/* ---- read -------------------------------------------------------------------------------------------------------- */

static void
read_object(const struct bs_query *q, struct bs_model *m)
{
	*m = (struct bs_model){ .oid = (uint16_t)bs_query_int(q, 0),
		.multiple = bs_query_int(q, 3) != 0,
		.mandatory = bs_query_int(q, 4) != 0 };
	bs_query_copy_text(q, 1, m->name, sizeof(m->name));
	bs_query_copy_text(q, 2, m->version, sizeof(m->version));
}

static void
read_resource(const struct bs_query *q, struct bs_model_resource *r)
{
	*r = (struct bs_model_resource){ .rid = (uint16_t)bs_query_int(q, 0),
		.multiple = bs_query_int(q, 3) != 0,
		.mandatory = bs_query_int(q, 4) != 0,
		.executable = bs_query_is_null(q, 5),
		.type = (enum bs_type)bs_query_int(q, 5) };
	bs_query_copy_text(q, 1, r->name, sizeof(r->name));
	bs_query_copy_text(q, 2, r->operations, sizeof(r->operations));
	bs_query_copy_text(q, 6, r->range, sizeof(r->range));
	bs_query_copy_text(q, 7, r->units, sizeof(r->units));
}

static enum bs_err
load_resources(struct bs_store *st, struct bs_model *m)
{
	struct bs_query q = bs_store_query(st, Q_MODEL_RESOURCES);
	size_t max = 0;
	enum bs_err err;

	bs_query_put_int(&q, m->oid);
	while ((err = bs_query_step(&q)) == BS_OK) {
		if (m->count == max) {
			struct bs_model_resource *more;

			max = max == 0 ? 16 : 2 * max;
			more = realloc(m->resources, max * sizeof(*more));
			if (more == NULL) {
				err = BS_ENOMEM;
				break;
			}
			m->resources = more;
		}
		read_resource(&q, &m->resources[m->count++]);
	}
	bs_query_end(&q);
	return err == BS_ENOTFOUND ? BS_OK : err;
}

enum bs_err
bs_store_each_model(struct bs_store *st, const uint16_t *oid, bs_model_fn *fn, void *arg)
{
	struct bs_query q = bs_store_query(st, Q_EACH_MODEL);
	size_t count = 0;
	enum bs_err err;

	if (oid != NULL)
		bs_query_put_int(&q, *oid);
	else
		bs_query_put_null(&q);
	while ((err = bs_query_step(&q)) == BS_OK) {
		struct bs_model m;

		read_object(&q, &m);
		err = load_resources(st, &m);
		if (err == BS_OK)
			fn(arg, &m);
		bs_model_clear(&m);
		if (err != BS_OK)
			break;
		count++;
	}
	bs_query_end(&q);
	return err == BS_ENOTFOUND && (oid == NULL || count > 0) ? BS_OK : err;
}

enum bs_err
bs_store_find_resource(
	struct bs_store *st, uint16_t oid, uint16_t rid, struct bs_model *object, struct bs_model_resource *out)
{
	struct bs_query q = bs_store_query(st, Q_EACH_MODEL);
	enum bs_err err;

	bs_query_put_int(&q, oid);
	err = bs_query_step(&q);
	if (err == BS_OK)
		read_object(&q, object);
	bs_query_end(&q);
	if (err != BS_OK)
		return err;
	q = bs_store_query(st, Q_MODEL_RESOURCE);
	bs_query_put_int(&q, oid);
	bs_query_put_int(&q, rid);
	err = bs_query_step(&q);
	if (err == BS_OK)
		read_resource(&q, out);
	bs_query_end(&q);
	return err == BS_ENOTFOUND ? BS_EREFUSED : err;
}

enum bs_err
bs_store_model_misfit(struct bs_store *st, uint16_t oid, struct bs_misfit *out)
{
	struct bs_query q = bs_store_query(st, Q_MODEL_MISFIT);
	enum bs_err err;

	bs_query_put_int(&q, oid);
	err = bs_query_step(&q);
	if (err == BS_OK) {
		bs_query_copy_text(&q, 0, out->profile, sizeof(out->profile));
		out->iid = (uint16_t)bs_query_int(&q, 1);
		out->rid = (uint16_t)bs_query_int(&q, 2);
		out->type = (enum bs_type)bs_query_int(&q, 3);
	}
	bs_query_end(&q);
	return err;
}

/* ---- remove ------------------------------------------------------------------------------------------------------ */

/* The name of a profile that writes to the object; "" for none. */
static enum bs_err
find_user(struct bs_store *st, uint16_t oid, char out[BS_NAME_MAX + 1])
{
	struct bs_query q = bs_store_query(st, Q_MODEL_USER);
	enum bs_err err;

	out[0] = '\0';
	bs_query_put_int(&q, oid);
	err = bs_query_step(&q);
	if (err == BS_OK)
		bs_query_copy_text(&q, 0, out, BS_NAME_MAX + 1);
	bs_query_end(&q);
	return err == BS_ENOTFOUND ? BS_OK : err;
}

enum bs_err
bs_store_remove_model(struct bs_store *st, uint16_t oid, struct bs_diag *diag)
{
	char user[BS_NAME_MAX + 1];
	struct bs_query q;
	enum bs_err err = bs_store_each_model(st, &oid, ignore, NULL);

	if (err == BS_ENOTFOUND)
		return bs_diag_set(diag, err, 0, "there is no model of object %u", oid);
	if (err == BS_OK)
		err = find_user(st, oid, user);
	if (err != BS_OK)
		return bs_store_fail(st, err, "object model", diag);
	if (user[0] != '\0')
		return bs_diag_set(diag, BS_EREFUSED, 0, "the model of object %u is used by profile %s", oid, user);
	err = bs_store_nest(st);
	if (err != BS_OK)
		return bs_store_fail(st, err, "object model", diag);
	q = bs_store_query(st, Q_REMOVE_MODEL);
	bs_query_put_int(&q, oid);
	return bs_store_unnest(st, run(st, &q, oid, diag));
}
