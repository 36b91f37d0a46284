/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a plan is put together: for plan.c and the files that make instances (plan_objects.c), nobody else. Each call does
 * nothing once err is set, so that it is looked at once, at the end.
 */
#ifndef BS_BOOTSTRAP_PLAN_BUILDER_H
#define BS_BOOTSTRAP_PLAN_BUILDER_H

#include "server/bootstrap/plan/plan.h"

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
	enum bs_lwm2m object_versions[2]; /* of Objects 0 and 1: whose resources are written */
	struct bs_plan *plan;
	struct bs_plan_arena *arena;
	struct bs_instance *inst; /* the one being filled */
	struct bs_entry *inst_entries; /* its entries, writable */
	size_t instance_max;
	uint16_t server_iids[BS_SERVERS_MAX]; /* where the account's servers, without repositories, lie in /1 */
	size_t server_count;
	struct bs_diag *diag;
	enum bs_err err;
};

/* Upper bounds of what an account makes. */
struct bs_plan_sizes {
	size_t entries, octets, instances;
	size_t deletes; /* of instances that Discover showed */
};

struct bs_plan_sizes bs_plan_count(const struct bs_account *a, const struct bs_existing *existing);
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
/*
 * A value that the client holds, unless it is out of range, newer than the plan, executable or not in the tables. Borrowed.
 */
void bs_plan_put_held(struct bs_plan_builder *b, uint16_t oid, const struct bs_entry *held);
void bs_plan_put_settings(struct bs_plan_builder *b, const struct bs_grant *g, uint16_t oid);

/* plan_merge.c. existing NULL: nothing is found. */
#define BS_BINDING_MAX 7 /* octets of /1/x/7 */
#define BS_EXISTING_INSTANCES_MAX 1024 /* of one object */
void bs_plan_count_existing(struct bs_plan_sizes *s, const struct bs_account *a, const struct bs_existing *e);
uint16_t bs_plan_held_ssid(const struct bs_instance *server); /* of /1; 0: none that names a server */
const struct bs_instance *bs_plan_find_server(const struct bs_existing *e, uint16_t ssid);
const struct bs_instance *bs_plan_find_acl(const struct bs_existing *e, uint16_t oid, uint16_t iid);
/* Instances of an object that the client holds, or that were given away since. */
struct bs_iids {
	uint8_t taken[8192];
};
void bs_plan_taken_iids(const struct bs_client_view *view, uint16_t oid, struct bs_iids *out);
/* The lowest free one from there on, taken from now on; UINT16_MAX: none is left. */
uint16_t bs_plan_take_iid(struct bs_iids *iids, uint16_t from);
void bs_plan_keep_server(struct bs_plan_builder *b, const struct bs_instance *held, const struct bs_grant *g);
void bs_plan_keep_acl(struct bs_plan_builder *b, const struct bs_instance *held);
/* Is that server one of the account's? */
bool bs_plan_is_operators(const struct bs_account *a, uint16_t ssid);
/* /1 instances of servers that are not the account's. */
bool bs_plan_is_foreign(const struct bs_plan_builder *b, const struct bs_instance *server);
size_t bs_plan_count_foreign(const struct bs_plan_builder *b);

/* plan_objects.c */
/* Is iid of /0 (65535: any) the client's bootstrap account, or may it be: shown, without Short Server ID? */
bool bs_plan_is_own_account(const struct bs_client_view *v, uint16_t iid);
void bs_plan_build_security(struct bs_plan_builder *b);
/* The last instance, when there is one: the caller makes a Write of it. False: nothing is renewed. */
bool bs_plan_build_renewal(struct bs_plan_builder *b);
void bs_plan_build_servers(struct bs_plan_builder *b);
void bs_plan_build_access_control(struct bs_plan_builder *b);
void bs_plan_build_writes(struct bs_plan_builder *b, bool oscore);
/* Put the instances of one object together, the objects in order of their first one. */
void bs_plan_group_objects(struct bs_plan *p);

#endif
