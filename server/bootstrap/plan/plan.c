/* SPDX-License-Identifier: Apache-2.0 */
/* Account -> instances (plan_objects.c) -> operations. */
#include "server/bootstrap/plan/plan.h"

#include "server/bootstrap/plan/builder.h"

/* ---- operations ----------------------------------------------------------------------------------------------- */

static void
add_op(struct bs_plan *p, const struct bs_op *op)
{
	p->ops[p->op_count++] = *op;
}

bool
bs_plan_writes_object(const struct bs_plan *p, uint16_t oid)
{
	for (size_t i = 0; i < p->instance_count; i++) {
		if (p->instances[i].oid == oid)
			return true;
	}
	return false;
}

static bool
shows_access_control(const struct bs_discovered *d)
{
	for (size_t i = 0; d != NULL && i < d->count; i++) {
		if (d->links[i].oid == BS_OBJ_ACCESS_CONTROL && d->links[i].iid != UINT16_MAX)
			return true;
	}
	return false;
}

/*
 * May the device hold instances of it that this run is about? Access control goes with the servers that it names: what
 * stayed of it would be about servers that are gone, and some devices refuse the whole for that.
 */
static bool
is_concerned(const struct bs_plan *p, const struct bs_client_view *view, uint16_t oid)
{
	if (oid == BS_OBJ_ACCESS_CONTROL && (view->wrote_access_control || shows_access_control(view->discovered)))
		return true;
	return bs_plan_writes_object(p, oid) || (oid == BS_OBJ_OSCORE && view->wrote_oscore);
}

static void
add_delete(struct bs_plan *p, enum bs_level level, uint16_t oid)
{
	add_op(p, &(struct bs_op){ .kind = BS_OP_DELETE, .target = { .level = level, .oid = oid } });
}

/*
 * Never a Security instance without Short Server ID: some clients do delete their bootstrap account when it is named. An
 * OSCORE instance without one belongs to that account. Where no instance is shown without one, the account may be any.
 */
static const struct {
	uint16_t oid;
	bool with_ssid_alone, when_written_alone;
} deleted_instances[] = {
	{ BS_OBJ_SECURITY, true, false },
	{ BS_OBJ_SERVER, false, false },
	{ BS_OBJ_ACCESS_CONTROL, false, true },
	{ BS_OBJ_OSCORE, true, true },
};

static bool
may_be_deleted(const struct bs_plan_builder *b, const struct bs_link *l)
{
	if (l->oid != BS_OBJ_SECURITY)
		return true;
	return !bs_plan_is_own_account(b->view, l->iid) &&
	       (bs_plan_is_own_account(b->view, UINT16_MAX) || bs_plan_is_operators(b->account, l->ssid));
}

static void
add_instance_deletes(struct bs_plan_builder *b)
{
	const struct bs_client_view *view = b->view;
	const struct bs_discovered *d = view->discovered;
	struct bs_plan *p = b->plan;

	p->left_out_deletes = d == NULL;
	for (size_t k = 0; d != NULL && k < sizeof(deleted_instances) / sizeof(deleted_instances[0]); k++) {
		uint16_t oid = deleted_instances[k].oid;

		if (deleted_instances[k].when_written_alone && !is_concerned(p, view, oid))
			continue;
		for (size_t i = 0; i < d->count; i++) {
			const struct bs_link *l = &d->links[i];
			struct bs_path target = { .level = BS_LEVEL_INSTANCE, .oid = oid, .iid = l->iid };

			if (l->oid == oid && l->iid != UINT16_MAX && may_be_deleted(b, l) &&
				(l->has_ssid || !deleted_instances[k].with_ssid_alone))
				add_op(p, &(struct bs_op){ .kind = BS_OP_DELETE, .target = target });
		}
	}
}

static void
add_deletes(struct bs_plan_builder *b, enum bs_delete_policy policy)
{
	const struct bs_client_view *view = b->view;
	struct bs_plan *p = b->plan;

	if (policy == BS_DELETE_INSTANCES)
		add_instance_deletes(b);
	if (policy == BS_DELETE_ROOT)
		add_delete(p, BS_LEVEL_ROOT, 0);
	if (policy != BS_DELETE_OBJECTS)
		return;
	add_delete(p, BS_LEVEL_OBJECT, BS_OBJ_SECURITY);
	add_delete(p, BS_LEVEL_OBJECT, BS_OBJ_SERVER);
	if (is_concerned(p, view, BS_OBJ_ACCESS_CONTROL))
		add_delete(p, BS_LEVEL_OBJECT, BS_OBJ_ACCESS_CONTROL);
	if (is_concerned(p, view, BS_OBJ_OSCORE))
		add_delete(p, BS_LEVEL_OBJECT, BS_OBJ_OSCORE);
}

/* Is a 4.04 no more than what a client does by itself with a resource in an instance: pass over what it does not know? */
static bool
may_be_unknown(uint16_t oid, uint16_t rid)
{
	const struct bs_resource_def *def = bs_resource_find(oid, rid);
	bool names_server = oid == BS_OBJ_SECURITY &&
			    rid == 10; /* optional in the table, as a bootstrap account has none */

	return def != NULL && !def->mandatory && !names_server;
}

static size_t
count_same_resource(const struct bs_instance *inst, size_t first)
{
	size_t n = 1;

	while (first + n < inst->count && inst->entries[first + n].rid == inst->entries[first].rid)
		n++;
	return n;
}

bool
bs_plan_part(const struct bs_plan *plan, const struct bs_op *op, size_t n, struct bs_op *out)
{
	for (size_t i = op->first; i < op->first + op->count; i++) {
		const struct bs_instance *inst = &plan->instances[i];

		for (size_t k = 0, same; k < inst->count; k += same) {
			uint16_t rid = inst->entries[k].rid;

			same = count_same_resource(inst, k);
			if (n-- > 0)
				continue;
			*out = (struct bs_op){ .kind = BS_OP_WRITE,
				.target = { BS_LEVEL_RESOURCE, inst->oid, inst->iid, rid },
				.mandatory = op->mandatory,
				.first = i,
				.count = 1,
				.entry_first = k,
				.entry_count = same,
				.unknown_ok = may_be_unknown(inst->oid, rid) };
			return true;
		}
	}
	return false;
}

const struct bs_format *
bs_plan_op_format(const struct bs_plan *plan, const struct bs_op *op)
{
	const struct bs_entry *e;

	if (op->entry_count != 1 || plan->no_single)
		return plan->format;
	e = &plan->instances[op->first].entries[op->entry_first];
	/* No octets would be no payload, which some take for no Write. */
	if (e->multiple || e->value.type != BS_TYPE_OPAQUE || e->value.bytes.len == 0)
		return plan->format;
	return bs_format_find_single(BS_CF_OPAQUE);
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
		if (level == BS_LEVEL_RESOURCE) {
			struct bs_op part;

			for (size_t k = 0; bs_plan_part(p, &op, k, &part); k++)
				add_op(p, &part);
			continue;
		}
		op.target.level = level == BS_LEVEL_OBJECT ? level : BS_LEVEL_INSTANCE;
		op.target.oid = inst->oid;
		op.target.iid = level == BS_LEVEL_OBJECT ? 0 : inst->iid;
		add_op(p, &op);
	}
}

static void
add_pack(struct bs_plan *p)
{
	bs_plan_group_objects(p);
	add_op(p, &(struct bs_op){ .kind = BS_OP_WRITE, .mandatory = true, .count = p->instance_count });
}

/* What the operator said that a device may refuse. */
static void
mark_optional(struct bs_plan *p, const struct bs_tolerances *t)
{
	for (size_t i = 0; i < p->op_count; i++)
		if (p->ops[i].kind == BS_OP_WRITE &&
			bs_tolerances_have(t, BS_STEP_WRITE, &p->ops[i].target, BS_ANY_REFUSAL))
			p->ops[i].mandatory = false;
}

/* Last, when all else is accepted: a client that then loses its way comes back with the current credential or the next. */
static void
add_renewal(struct bs_plan_builder *b)
{
	struct bs_plan *p = b->plan;
	struct bs_op op = { .kind = BS_OP_WRITE, .first = p->instance_count, .count = 1, .renewal = true };

	if (!bs_plan_build_renewal(b) || b->err != BS_OK)
		return;
	op.target = (struct bs_path){
		.level = BS_LEVEL_INSTANCE, .oid = BS_OBJ_SECURITY, .iid = p->instances[op.first].iid
	};
	add_op(p, &op);
}

/* Objects that the operator wants first, the rest as it was; entries stay where they are. */
static void
order_objects(struct bs_plan *p, const struct bs_order *order)
{
	for (size_t i = 1; order->count > 0 && i < p->instance_count; i++) {
		struct bs_instance one = p->instances[i];
		size_t rank = bs_order_rank(order, one.oid), at = i;

		for (; at > 0 && bs_order_rank(order, p->instances[at - 1].oid) > rank; at--)
			p->instances[at] = p->instances[at - 1];
		p->instances[at] = one;
	}
}

static void
add_requests(struct bs_plan_builder *b)
{
	order_objects(b->plan, &b->account->profile.write_order);
	if (b->view->existing == NULL)
		add_deletes(b, b->account->profile.delete_policy);
	add_writes(b->plan, b->account->profile.write_level);
	mark_optional(b->plan, &b->account->profile.tolerances);
	add_renewal(b);
	add_op(b->plan, &(struct bs_op){ .kind = BS_OP_FINISH, .mandatory = true });
}

/* ---- the whole ------------------------------------------------------------------------------------------------ */

/* A client that sends pct knows LwM2M 1.1 whatever its Discover says: some are known to say 1.0 there all the same. */
enum bs_lwm2m
bs_plan_client_version(const struct bs_client_view *view, const struct bs_profile *profile)
{
	enum bs_lwm2m implied = BS_LWM2M_UNKNOWN;

	if (view->pack)
		return BS_LWM2M_1_2;
	if (view->factory) /* pct is what the maker reads, and says nothing of the client */
		return view->version != BS_LWM2M_UNKNOWN ? view->version : profile->unknown_version;
	if (view->pct >= 0)
		implied = view->pct == BS_CF_LWM2M_CBOR ? BS_LWM2M_1_2 : BS_LWM2M_1_1;
	if (view->version > implied)
		return view->version;
	if (implied != BS_LWM2M_UNKNOWN)
		return implied;
	return profile->unknown_version;
}

static enum bs_lwm2m
choose_version(const struct bs_client_view *view, const struct bs_profile *profile)
{
	enum bs_lwm2m version = bs_plan_client_version(view, profile), max = profile->max_version;

	return max != BS_LWM2M_UNKNOWN && max < version ? max : version;
}

/* What Discover says of that object goes before the version of the client; the operator's limit before both. */
static enum bs_lwm2m
choose_object_version(const struct bs_plan_builder *b, uint16_t oid)
{
	const struct bs_discovered *d = b->view->discovered;
	enum bs_lwm2m shown = d != NULL ? bs_discovered_object_version(d, oid) : BS_LWM2M_UNKNOWN;
	enum bs_lwm2m max = b->account->profile.max_version;

	if (shown == BS_LWM2M_UNKNOWN)
		return b->plan->version;
	return max != BS_LWM2M_UNKNOWN && max < shown ? max : shown;
}

static int32_t
format_number(const struct bs_client_view *view, const struct bs_profile *profile)
{
	if (profile->format != 0 && !view->factory)
		return profile->format;
	if (view->pct >= 0)
		return view->pct;
	return view->pack ? BS_CF_SENML_CBOR : BS_CF_TLV;
}

const struct bs_format *
bs_plan_choose_format(const struct bs_client_view *view, const struct bs_profile *profile)
{
	int32_t number = format_number(view, profile);

	return number <= UINT16_MAX ? bs_format_find((uint16_t)number) : NULL;
}

enum bs_err
bs_plan_build(const struct bs_account *account, const struct bs_client_view *view, int64_t now_s, struct bs_plan **out,
	struct bs_diag *diag)
{
	const struct bs_format *format = bs_plan_choose_format(view, &account->profile);
	struct bs_plan_sizes sizes = bs_plan_count(account, view->existing);
	struct bs_plan_builder b = {
		.account = account, .view = view, .now_s = now_s, .instance_max = sizes.instances, .diag = diag
	};

	*out = NULL;
	sizes.deletes = view->discovered != NULL ? view->discovered->count : 0;
	if (format == NULL)
		return bs_diag_set(diag, BS_EUNSUPPORTED, 0, "Content-Format %d cannot be written by this server",
			(int)format_number(view, &account->profile));
	b.plan = bs_plan_allocate(&sizes);
	if (b.plan == NULL)
		return bs_diag_set(diag, BS_ENOMEM, 0, "out of memory");
	b.arena = b.plan->arena;
	b.plan->format = format;
	b.plan->version = choose_version(view, &account->profile);
	b.object_versions[BS_OBJ_SECURITY] = choose_object_version(&b, BS_OBJ_SECURITY);
	b.object_versions[BS_OBJ_SERVER] = choose_object_version(&b, BS_OBJ_SERVER);

	bs_plan_build_writes(&b, true);
	if (view->factory)
		bs_plan_build_renewal(&b);
	bs_plan_build_security(&b);
	bs_plan_build_servers(&b);
	bs_plan_build_access_control(&b);
	bs_plan_build_writes(&b, false);
	if (view->pack || view->factory)
		add_pack(b.plan);
	else
		add_requests(&b);

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
	const struct bs_instance *instances = plan->instances + op->first;
	struct bs_instance part;

	if (op->kind != BS_OP_WRITE)
		return BS_ESTATE;
	if (op->entry_count > 0) {
		part = *instances;
		part.entries += op->entry_first;
		part.count = op->entry_count;
		instances = &part;
	}
	bs_plan_op_format(plan, op)->encode(&w, &op->target, instances, op->count);
	return bs_wr_done(&w, len);
}
