/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the simulated device holds: a flat list of resources, and the simulator's own table of the resources it knows.
 * Values may be keys: everything is wiped when it goes.
 */
#ifndef SIM_OBJECT_H
#define SIM_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/base/err.h"

#define SIM_NONE 0xffffu /* an ID that is absent: 65535 is reserved by LwM2M */

/* A request's path; fields from the right may be SIM_NONE. */
struct sim_path {
	uint16_t oid, iid, rid, riid;
};

enum sim_kind {
	SIM_STRING,
	SIM_INTEGER,
	SIM_UNSIGNED,
	SIM_FLOAT, /* held as the bits of a double */
	SIM_BOOLEAN,
	SIM_OPAQUE,
	SIM_TIME,
	SIM_OBJLNK,
	SIM_SECRET_TEXT, /* Object 21 before 2.0 says String, from 2.0 on Opaque: either is taken, held as octets */
	SIM_RAW, /* a resource outside the table: whatever came, held as octets */
};

enum sim_version { SIM_LWM2M_1_0, SIM_LWM2M_1_1, SIM_LWM2M_1_2 };

/* One resource of the table: what LwM2M Core says in its appendices on Objects 0, 1, 2, 3 and 21. */
struct sim_resource {
	uint16_t oid, rid;
	enum sim_kind kind;
	bool multiple, mandatory, executable, secret;
	enum sim_version since;
	const char *name;
};

/* NULL: the table has no such resource. */
const struct sim_resource *sim_model_find(uint16_t oid, uint16_t rid);
/* Walk the mandatory resources of an object: start with NULL; NULL at the end. */
const struct sim_resource *sim_model_next_mandatory(uint16_t oid, const struct sim_resource *after);
/* Is this an object whose resources the table lists in full (0, 1, 2, 21)? */
bool sim_model_is_strict(uint16_t oid);

struct sim_value {
	struct sim_path path; /* rid SIM_NONE: a mark that the instance exists; riid SIM_NONE: a single resource */
	enum sim_kind kind;
	int64_t number; /* integers, Boolean, Time, a link as object << 16 | instance, the bits of a Float */
	uint8_t *data; /* String, Opaque, raw: owned, followed by a NUL that len does not count */
	size_t len;
};

struct sim_store {
	struct sim_value *v;
	size_t count, room;
};

void sim_store_clear(struct sim_store *s);
/* Add a number or octets; what was at that path is replaced. BS_ENOMEM. */
BS_MUST_USE enum bs_err sim_store_put_number(struct sim_store *s, struct sim_path p, enum sim_kind kind, int64_t n);
BS_MUST_USE enum bs_err sim_store_put_octets(
	struct sim_store *s, struct sim_path p, enum sim_kind kind, const void *data, size_t len);
/* Add a copy of a value. */
BS_MUST_USE enum bs_err sim_store_put(struct sim_store *s, const struct sim_value *v);
/* Note that an instance exists. */
BS_MUST_USE enum bs_err sim_store_put_instance(struct sim_store *s, uint16_t oid, uint16_t iid);
BS_MUST_USE enum bs_err sim_store_copy(struct sim_store *to, const struct sim_store *from);
/* Everything of from is added to to. */
BS_MUST_USE enum bs_err sim_store_add(struct sim_store *to, const struct sim_store *from);
/* Remove what lies under a path (fields SIM_NONE match all). */
void sim_store_remove(struct sim_store *s, struct sim_path under);

/* NULL when absent. The pointer lives until the store changes. */
const struct sim_value *sim_store_get(const struct sim_store *s, struct sim_path p);
/* A single resource of an instance. */
const struct sim_value *sim_store_res(const struct sim_store *s, uint16_t oid, uint16_t iid, uint16_t rid);
int64_t sim_store_number(const struct sim_store *s, uint16_t oid, uint16_t iid, uint16_t rid, int64_t absent);
/* Length of the octets of a resource; 0 when absent. */
size_t sim_store_len(const struct sim_store *s, uint16_t oid, uint16_t iid, uint16_t rid);
bool sim_store_has_instance(const struct sim_store *s, uint16_t oid, uint16_t iid);
/* Does the resource exist, single or with instances? */
bool sim_store_has_resource(const struct sim_store *s, uint16_t oid, uint16_t iid, uint16_t rid);
/* Walk instances in ascending order: the first iid >= from of the object, SIM_NONE at the end. */
uint16_t sim_store_next_instance(const struct sim_store *s, uint16_t oid, uint32_t from);
/* Walk objects in ascending order likewise. */
uint16_t sim_store_next_object(const struct sim_store *s, uint32_t from);

bool sim_path_under(struct sim_path p, struct sim_path under);

#endif
