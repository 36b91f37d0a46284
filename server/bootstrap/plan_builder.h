/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a plan is put together: for plan.c and the files that make instances (plan_objects.c), nobody else. Each call does
 * nothing once err is set, so that it is looked at once, at the end.
 */
#ifndef BS_BOOTSTRAP_PLAN_BUILDER_H
#define BS_BOOTSTRAP_PLAN_BUILDER_H

#include "server/bootstrap/plan.h"

struct bs_plan_arena {
	struct bs_entry *entries;
	size_t entry_count, entry_max;
	uint8_t *octets; /* what is not in the account as such: decoded settings, SMS parameters and keys */
	size_t octet_len, octet_max;
};

struct bs_plan_builder {
	const struct bs_account *account;
	const struct bs_client_view *view;
	int64_t now_s;
	struct bs_plan *plan;
	struct bs_plan_arena *arena;
	struct bs_instance *inst; /* the one being filled */
	struct bs_entry *inst_entries; /* its entries, writable */
	size_t instance_max;
	struct bs_diag *diag;
	enum bs_err err;
};

/* Upper bounds of what an account makes. */
struct bs_plan_sizes {
	size_t entries, octets, instances;
	size_t deletes; /* of instances that Discover showed */
};

struct bs_plan_sizes bs_plan_count(const struct bs_account *a);
struct bs_plan *bs_plan_allocate(const struct bs_plan_sizes *s); /* NULL without memory */

void bs_plan_begin_instance(struct bs_plan_builder *b, uint16_t oid, uint16_t iid);
/* An instance of which nothing is left (all newer than the client) is no Write. */
void bs_plan_end_instance(struct bs_plan_builder *b);
/* Into its place by resource ID and resource instance ID; one that is there already is replaced. */
void bs_plan_put_entry(struct bs_plan_builder *b, const struct bs_entry *e);
void bs_plan_put_integer(struct bs_plan_builder *b, uint16_t rid, int64_t n);
void bs_plan_put_boolean(struct bs_plan_builder *b, uint16_t rid, bool value);
void bs_plan_put_string(struct bs_plan_builder *b, uint16_t rid, const char *text); /* borrowed */
void bs_plan_put_octets(struct bs_plan_builder *b, uint16_t rid, const void *data, size_t len); /* borrowed */
/* Room in the arena for octets that the account does not hold as such; NULL: err is set. */
uint8_t *bs_plan_reserve(struct bs_plan_builder *b, size_t len);
/* A resource that the operator set, unless it is newer than the client or another server's business. */
void bs_plan_put_setting(struct bs_plan_builder *b, const struct bs_setting *s);
void bs_plan_put_settings(struct bs_plan_builder *b, const struct bs_grant *g, uint16_t oid);

/* plan_objects.c */
void bs_plan_build_security(struct bs_plan_builder *b);
/* The last instance, when there is one: the caller makes a Write of it. False: nothing is renewed. */
bool bs_plan_build_renewal(struct bs_plan_builder *b);
void bs_plan_build_servers(struct bs_plan_builder *b);
void bs_plan_build_access_control(struct bs_plan_builder *b);
void bs_plan_build_writes(struct bs_plan_builder *b, bool oscore);
/* Put the instances of one object together, the objects in order of their first one. */
void bs_plan_group_objects(struct bs_plan *p);

#endif
