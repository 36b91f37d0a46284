/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From an account to an ordered list of requests (LwM2M Core 1.1, 6.1.7).
 *
 * Order: Delete /0, /1 (/2 when written or seen in Discover, /21 when written), or each of their instances that Discover showed,
 * or /; Write /21, /0, /1, /2, then extra writes in the operator's order, or first the objects of the profile's write_order;
 * the client's own bootstrap account, when it is renewed (its instance alone, onto the one that Discover showed); Finish.
 * Bootstrap-Discover comes before a plan can be made, so it is not in it: what it found is an argument.
 * Instance IDs: where Discover or acc of a Bootstrap-Pack-Request shows the client's own bootstrap account, /0 takes the lowest
 * IDs that avoid it. Where nothing shows it, it may lie anywhere: then those from security_iid of the profile on, but none
 * that Discover shows as another server's, and of what it shows only the operator's servers are deleted by name.
 * /1 and /2 count from 0. Resources newer than the client's version, or, of Objects 0 and
 * 1, than the version of the object that Discover shows (ver=), or than the profile's max_version, are left out.
 *
 * Merging (struct bs_existing): nothing is deleted. Instances of /0 and /1 are matched by Short Server ID, those of /2 by the
 * instance that they are about, and written to where they lie; new ones take free IDs. In /1 what was read stands above the
 * defaults and below the operator's settings; executables, alert code and time of the last bootstrap are never written
 * back. In /2 entries for servers of others stay. Instances that are not the operator's stay as they are.
 *
 * A plan for a Bootstrap-Pack (LwM2M Core 1.2) is one operation: a Write of all instances to "/", those of one object
 * together, none twice. The client's version is 1.2.
 */
#ifndef BS_BOOTSTRAP_PLAN_PLAN_H
#define BS_BOOTSTRAP_PLAN_PLAN_H

#include "server/content/decode.h"
#include "server/content/format.h"
#include "server/content/link.h"
#include "server/model/account.h"

enum bs_op_kind { BS_OP_DELETE, BS_OP_WRITE, BS_OP_FINISH };

struct bs_op {
	enum bs_op_kind kind;
	struct bs_path target;
	bool mandatory; /* a refusal ends the run; Deletes are not: many clients refuse some */
	size_t first, count; /* WRITE: its instances in the plan */
	size_t entry_first, entry_count; /* WRITE of one resource: its entries in the one instance */
	/* WRITE of the bootstrap account: identity and key belong together, so it is never written resource by resource. */
	bool renewal;
	/* 4.04 says that the client has no such resource. In a Write of the instance it would pass over it (6.1.7.3). */
	bool unknown_ok;
};

/* What the client was found to hold, for a plan that merges; a tree NULL: nothing. */
struct bs_existing {
	const struct bs_tree *servers; /* of /1 */
	const struct bs_tree *access_control; /* of /2 */
};

/* Is what was read small enough to go on with? Else it is to be overwritten. */
bool bs_plan_may_keep(const struct bs_tree *t);

/* What is known of the client when the plan is made. */
struct bs_client_view {
	/* of Discover; at least 1.1 when there is a pct (1.0 has none); UNKNOWN without pct: the profile's unknown_version */
	enum bs_lwm2m version;
	int32_t pct; /* -1: absent */
	const struct bs_discovered *discovered; /* NULL: no Discover, or it failed */
	bool pack; /* pct is then what the request accepts; -1: the profile's format, else SenML CBOR */
	/*
	 * Nobody asks: a card or a file for the maker. One operation, as for a pack, of the version above, in the format pct (-1:
	 * TLV); the account that leads here (account->renewal) at /0/0.
	 */
	bool factory;
	/*
	 * The instances of the client's bootstrap account (those without Short Server ID), as a Bootstrap-Pack-Request names
	 * them, or as Discover showed them to a plan before this one in the same run; NULL: neither.
	 */
	const struct bs_discovered *own;
	/* A plan before this one in the same run wrote /2 or /21: they are deleted too, whether this one writes them or not. */
	bool wrote_access_control, wrote_oscore;
	const struct bs_existing *existing; /* NULL: overwrite; else what Discover shows is gone on with too */
};

/* Of Discover, pct and the profile's unknown_version. */
enum bs_lwm2m bs_plan_client_version(const struct bs_client_view *view, const struct bs_profile *profile);
/* The format of this server's payloads, which it asks for too; NULL: not writable by this server. */
const struct bs_format *bs_plan_choose_format(const struct bs_client_view *view, const struct bs_profile *profile);

struct bs_plan {
	const struct bs_format *format;
	enum bs_lwm2m version; /* whose resources are written */
	struct bs_op *ops;
	size_t op_count;
	struct bs_instance *instances;
	size_t instance_count;
	bool left_out_access_control; /* the client has no Object 2: /2 was dropped, worth a warning in the outcome */
	bool left_out_renewal; /* Discover did not show where the client's bootstrap account lies */
	bool left_out_deletes; /* there was no Discover to show which instances to delete */
	bool is_blind; /* it writes to /0, and nothing showed where the client's bootstrap account lies */
	uint16_t blind_iid; /* then: the first instance of /0 that may be written */
	bool no_single; /* the client refused a format of one value: resources go in format too */
	/* private: storage of entries and decoded octets */
	struct bs_plan_arena *arena;
};

/*
 * The plan borrows octets of account and of the trees of view->existing: they must outlive it. now_s is Unix time, for
 * settings whose value is "now".
 * BS_ENOMEM; BS_EUNSUPPORTED: format not writable by this server; BS_ERANGE, BS_EFORMAT: a setting that does not fit
 * (the tool refuses those when they are configured). diag says which.
 */
BS_MUST_USE enum bs_err bs_plan_build(const struct bs_account *account, const struct bs_client_view *view,
	int64_t now_s, struct bs_plan **out, struct bs_diag *diag);
void bs_plan_free(struct bs_plan *plan); /* wipes; NULL is fine */
bool bs_plan_writes_object(const struct bs_plan *plan, uint16_t oid);

/*
 * The n-th of the Writes of one resource each that do what op, a Write of instances, does: for a client that cannot take it
 * whole. False: there are no more.
 */
bool bs_plan_part(const struct bs_plan *plan, const struct bs_op *op, size_t n, struct bs_op *out);
/* Of a WRITE: plan->format, but octets alone are written as such (Content-Format 42), which spares room. */
const struct bs_format *bs_plan_op_format(const struct bs_plan *plan, const struct bs_op *op);

/* Payload of a WRITE into out (a secret: the caller wipes it). */
BS_MUST_USE enum bs_err bs_plan_encode(
	const struct bs_plan *plan, const struct bs_op *op, uint8_t *out, size_t max, size_t *len);

#endif
