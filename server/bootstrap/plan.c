/* SPDX-License-Identifier: Apache-2.0 */
/* Account -> instances (plan_objects.c) -> operations. */
#include "server/bootstrap/plan.h"

#include "server/bootstrap/plan_builder.h"

/* ---- operations ----------------------------------------------------------------------------------------------- */

static void
add_op(struct bs_plan *p, const struct bs_op *op)
{
	p->ops[p->op_count++] = *op;
}

static bool
writes_object(const struct bs_plan *p, uint16_t oid)
{
	for (size_t i = 0; i < p->instance_count; i++) {
		if (p->instances[i].oid == oid)
			return true;
	}
	return false;
}

static void
add_delete(struct bs_plan *p, enum bs_level level, uint16_t oid)
{
	add_op(p, &(struct bs_op){ .kind = BS_OP_DELETE, .target = { .level = level, .oid = oid } });
}

static void
add_deletes(struct bs_plan *p, enum bs_delete_policy policy)
{
	if (policy == BS_DELETE_ROOT)
		add_delete(p, BS_LEVEL_ROOT, 0);
	if (policy != BS_DELETE_OBJECTS)
		return;
	add_delete(p, BS_LEVEL_OBJECT, BS_OBJ_SECURITY);
	add_delete(p, BS_LEVEL_OBJECT, BS_OBJ_SERVER);
	if (writes_object(p, BS_OBJ_ACCESS_CONTROL))
		add_delete(p, BS_LEVEL_OBJECT, BS_OBJ_ACCESS_CONTROL);
	if (writes_object(p, BS_OBJ_OSCORE))
		add_delete(p, BS_LEVEL_OBJECT, BS_OBJ_OSCORE);
}

static void
add_writes(struct bs_plan *p, enum bs_level level)
{
	for (size_t i = 0, n; i < p->instance_count; i += n) {
		const struct bs_instance *inst = &p->instances[i];
		struct bs_op op = { .kind = BS_OP_WRITE, .mandatory = true, .first = i };

		n = 1;
		if (level == BS_LEVEL_OBJECT)
			while (i + n < p->instance_count && inst[n].oid == inst->oid)
				n++;
		op.count = n;
		op.target.level = level == BS_LEVEL_OBJECT ? level : BS_LEVEL_INSTANCE;
		op.target.oid = inst->oid;
		op.target.iid = level == BS_LEVEL_OBJECT ? 0 : inst->iid;
		add_op(p, &op);
	}
}

/* ---- the whole ------------------------------------------------------------------------------------------------ */

/* A client that sends pct knows LwM2M 1.1 whatever its Discover says: some are known to say 1.0 there all the same. */
static enum bs_lwm2m
choose_version(const struct bs_client_view *view, const struct bs_profile *profile)
{
	enum bs_lwm2m implied = BS_LWM2M_UNKNOWN;

	if (view->pct >= 0)
		implied = view->pct == BS_CF_LWM2M_CBOR ? BS_LWM2M_1_2 : BS_LWM2M_1_1;
	if (view->version > implied)
		return view->version;
	if (implied != BS_LWM2M_UNKNOWN)
		return implied;
	return profile->unknown_version;
}

static const struct bs_format *
choose_format(const struct bs_client_view *view, const struct bs_profile *profile, struct bs_diag *diag)
{
	int32_t number = profile->format != 0 ? profile->format : view->pct >= 0 ? view->pct : BS_CF_TLV;
	const struct bs_format *f = number <= UINT16_MAX ? bs_format_find((uint16_t)number) : NULL;

	if (f == NULL)
		bs_diag_set(
			diag, BS_EUNSUPPORTED, 0, "Content-Format %d cannot be written by this server", (int)number);
	return f;
}

enum bs_err
bs_plan_build(const struct bs_account *account, const struct bs_client_view *view, int64_t now_s, struct bs_plan **out,
	struct bs_diag *diag)
{
	const struct bs_format *format = choose_format(view, &account->profile, diag);
	struct bs_plan_sizes sizes = bs_plan_count(account);
	struct bs_plan_builder b = {
		.account = account, .view = view, .now_s = now_s, .instance_max = sizes.instances, .diag = diag
	};

	*out = NULL;
	if (format == NULL)
		return BS_EUNSUPPORTED;
	b.plan = bs_plan_allocate(&sizes);
	if (b.plan == NULL)
		return bs_diag_set(diag, BS_ENOMEM, 0, "out of memory");
	b.arena = b.plan->arena;
	b.plan->format = format;
	b.plan->version = choose_version(view, &account->profile);

	bs_plan_build_writes(&b, true);
	bs_plan_build_security(&b);
	bs_plan_build_servers(&b);
	bs_plan_build_access_control(&b);
	bs_plan_build_writes(&b, false);
	add_deletes(b.plan, account->profile.delete_policy);
	add_writes(b.plan, account->profile.write_level);
	add_op(b.plan, &(struct bs_op){ .kind = BS_OP_FINISH, .mandatory = true });

	if (b.err == BS_OK) {
		*out = b.plan;
		b.plan = NULL;
	}
	bs_plan_free(b.plan);
	return b.err;
}

enum bs_err
bs_plan_encode(const struct bs_plan *plan, const struct bs_op *op, uint8_t *out, size_t max, size_t *len)
{
	struct bs_wr w = bs_wr_init(out, max);

	if (op->kind != BS_OP_WRITE)
		return BS_ESTATE;
	plan->format->encode(&w, &op->target, plan->instances + op->first, op->count);
	return bs_wr_done(&w, len);
}
