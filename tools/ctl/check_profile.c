/* SPDX-License-Identifier: Apache-2.0 */
/* Rules for a profile. */
#include "tools/ctl/check.h"

#include <stdio.h>
#include <string.h>

static void
check_servers(struct bs_report *r, const struct bs_profile_check *c, unsigned *with_instance)
{
	*with_instance = 0;
	for (size_t i = 0; i < c->count; i++) {
		const struct bs_server_def *a = c->servers[i];

		*with_instance += !a->repository;
		for (size_t j = 0; j < i; j++) {
			const struct bs_server_def *b = c->servers[j];

			if (strcmp(a->name, b->name) == 0)
				bs_report_error(r, "--server", "%s is named twice", a->name);
			else if (a->bootstrap && b->bootstrap && a->mode == b->mode)
				bs_report_error(r, "--server",
					"%s and %s are both the bootstrap account of mode %s; a device has one, name "
					"one",
					b->name, a->name, bs_mode_name(a->mode));
			else if (!a->repository && !b->repository && a->ssid == b->ssid)
				bs_report_error(r, "--server",
					"%s and %s have the same Short Server ID %u; a client refuses that, change one",
					b->name, a->name, a->ssid);
		}
	}
}

/* The account is overwritten in its place, which Discover alone shows. */
static void
check_renewal(struct bs_report *r, const struct bs_profile_def *def, const struct bs_profile_check *c)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->servers[i]->bootstrap && !def->profile.discover)
			bs_report_error(r, "--discover",
				"%s is renewed where Discover shows that it lies; leave --discover no out",
				c->servers[i]->name);
}

/* Discover shows a repository without Short Server ID, like the device's bootstrap account: it is never taken for one of ours. */
static void
check_repositories(struct bs_report *r, const struct bs_profile_def *def, const struct bs_profile_check *c)
{
	enum bs_delete_policy policy = def->profile.delete_policy;
	bool renews = false;

	for (size_t i = 0; i < c->count; i++)
		renews |= c->servers[i]->bootstrap;
	for (size_t i = 0; i < c->count; i++) {
		const struct bs_server_def *s = c->servers[i];

		if (!s->repository || s->bootstrap)
			continue;
		if (policy == BS_DELETE_INSTANCES || policy == BS_DELETE_NONE)
			bs_report_error(r, "--delete",
				"%s is a repository, which has no Short Server ID to be deleted by: each run would add "
				"another; "
				"use objects",
				s->name);
		if (renews)
			bs_report_error(r, "--server",
				"%s is a repository: beside it Discover does not tell which instance is the bootstrap "
				"account, so "
				"that would never be renewed; leave one of them out",
				s->name);
	}
}

static bool
ssid_known(const struct bs_profile_check *c, uint16_t ssid)
{
	for (size_t i = 0; i < c->count; i++)
		if (!c->servers[i]->repository && c->servers[i]->ssid == ssid)
			return true;
	return false;
}

/* LwM2M Core 1.1, 8.1: the right to create lies at instance 65535 and is the Bootstrap-Server's to give. */
static void
check_acl(struct bs_report *r, const struct bs_acl *acl, const struct bs_profile_check *c)
{
	if (acl->oid == 0 || acl->oid == 2 || acl->oid == 21)
		bs_report_error(r, "--acl", "Object %u is under no access control; leave the entry out", acl->oid);
	if (acl->owner != 65535 && !ssid_known(c, acl->owner))
		bs_report_error(r, "--acl", "%u/%u: the owner %u is no Short Server ID of this profile", acl->oid,
			acl->iid, acl->owner);
	for (size_t i = 0; i < acl->count; i++) {
		const struct bs_acl_entry *e = &acl->entries[i];

		if (e->ssid != 0 && !ssid_known(c, e->ssid))
			bs_report_error(r, "--acl", "%u/%u: %u is no Short Server ID of this profile (0: all others)",
				acl->oid, acl->iid, e->ssid);
		if (acl->iid == 65535 && (e->rights != 16 || acl->owner != 65535))
			bs_report_error(
				r, "--acl", "%u/65535 is the right to create: rights 16, owner 65535", acl->oid);
		if (acl->iid != 65535 && (e->rights & 16) != 0)
			bs_report_warn(r, "--acl", "%u/%u: Create (16) has a meaning at instance 65535 alone", acl->oid,
				acl->iid);
	}
}

/* Under access control a server without an entry for its own Server Object instance cannot even change its lifetime. */
static void
check_own_instances(struct bs_report *r, const struct bs_profile_def *def, const struct bs_profile_check *c)
{
	unsigned iid = 0; /* instances of Object 1 count from 0, in the order of the servers */

	for (size_t i = 0; i < c->count; i++) {
		bool found = c->servers[i]->repository;

		for (size_t j = 0; j < def->acl_count; j++)
			found |= def->acls[j].oid == 1 && def->acls[j].iid == iid;
		if (!found)
			bs_report_warn(r, "--acl", "no entry for 1/%u: server %s has no right on its own instance", iid,
				c->servers[i]->name);
		iid += !c->servers[i]->repository;
	}
}

static void
check_access_control(
	struct bs_report *r, const struct bs_profile_def *def, const struct bs_profile_check *c, unsigned servers)
{
	if (servers > 1 && !c->access_control_given)
		bs_report_error(r, "--access-control",
			"needed with two servers or more: derived (each owns its own instance), explicit (--acl), or "
			"none");
	if (def->profile.access_control == BS_AC_EXPLICIT && def->acl_count == 0)
		bs_report_error(r, "--acl", "explicit access control needs at least one --acl");
	if (def->profile.access_control != BS_AC_EXPLICIT && def->acl_count > 0)
		bs_report_error(r, "--acl", "goes with --access-control explicit alone");
	if (def->profile.access_control == BS_AC_EXPLICIT && def->acl_count > 0 && servers > 1)
		check_own_instances(r, def, c);
	for (size_t i = 0; i < def->acl_count; i++) {
		check_acl(r, &def->acls[i], c);
		for (size_t j = 0; j < i; j++)
			if (def->acls[i].oid == def->acls[j].oid && def->acls[i].iid == def->acls[j].iid)
				bs_report_error(r, "--acl", "%u/%u is given twice", def->acls[i].oid, def->acls[i].iid);
	}
}

static void
check_running(struct bs_report *r, const struct bs_profile *p)
{
	uint64_t step_ms = bs_profile_step_ms(p);

	for (size_t i = 0; i < bs_profile_field_count; i++) {
		struct bs_diag diag = { 0 };
		char name[40];

		snprintf(name, sizeof(name), "--%s", bs_profile_fields[i].name);
		if (bs_field_check(&bs_profile_fields[i], p, &diag) != BS_OK)
			bs_report_error(r, name, "%s", diag.text);
	}
	if (step_ms > BS_STEP_MAX_MS)
		bs_report_error(r, "--ack-timeout",
			"with %u retransmissions one step lasts up to %llu s, and a client gives up after 247 s; keep "
			"it below "
			"%d s",
			p->max_retransmit, (unsigned long long)(step_ms / 1000), BS_STEP_MAX_MS / 1000);
	if (p->delete_policy == BS_DELETE_INSTANCES && !p->discover)
		bs_report_error(r, "--delete", "instances needs --discover yes, which shows them");
	if (p->security_iid <= 1)
		bs_report_warn(r, "--security-iid",
			"a device that holds its bootstrap account there and does not show it loses it; most hold it "
			"at /0/0 "
			"or /0/1");
}

/* What cannot be told from what others put on the device cannot be merged with it. */
static void
check_merging(struct bs_report *r, const struct bs_profile *p, const struct bs_profile_check *c)
{
	if (p->on_existing != BS_EXISTING_MERGE)
		return;
	if (!p->discover)
		bs_report_error(r, "--on-existing", "merge needs --discover yes, which shows what there is");
	if (p->write_level == BS_LEVEL_OBJECT)
		bs_report_error(r, "--write-level",
			"with --on-existing merge an object as a whole could take other instances away; use instance "
			"or resource");
	for (size_t i = 0; i < c->count; i++)
		if (c->servers[i]->repository && !c->servers[i]->bootstrap)
			bs_report_error(r, "--server",
				"%s is a repository, which has no Short Server ID to be found by: with --on-existing "
				"merge "
				"each run would add another; use overwrite",
				c->servers[i]->name);
}

static bool
has_server(const struct bs_profile_check *c, const char *name)
{
	for (size_t i = 0; i < c->count; i++)
		if (strcmp(c->servers[i]->name, name) == 0)
			return true;
	return false;
}

/* A device has credentials for the servers of its own profile alone. */
static void
check_retry(struct bs_report *r, const struct bs_profile *p, const struct bs_profile_check *c)
{
	const uint8_t not_acceptable = 4 << 5 | 6;

	if (p->retry_as[0] != '\0' &&
		bs_tolerances_have(&p->tolerances, BS_STEP_FINISH, &(struct bs_path){ 0 }, not_acceptable))
		bs_report_error(r, "--retry-as",
			"a run is repeated after 4.06 to Finish, which --tolerate finish=4.06 takes as success; leave "
			"one out");
	if (c->retry == NULL)
		return;
	if (c->retry->retry_as[0] != '\0')
		bs_report_error(r, "--retry-as",
			"%s is itself retried as %s, and a run is repeated once; name a profile without --retry-as",
			c->retry->name, c->retry->retry_as);
	if (c->retry->on_existing == BS_EXISTING_MERGE)
		bs_report_error(r, "--retry-as",
			"%s merges what the device holds, which then is what it did not accept; name a profile that "
			"overwrites",
			c->retry->name);
	for (size_t i = 0; i < c->retry->server_count; i++)
		if (!has_server(c, c->retry->servers[i]->name))
			bs_report_error(r, "--retry-as",
				"%s has server %s, for which devices of this profile have no credential; add --server "
				"%s, or "
				"name a profile that has none but the servers of this one",
				c->retry->name, c->retry->servers[i]->name, c->retry->servers[i]->name);
}

static bool
is_written(const struct bs_profile_def *def, const struct bs_path *p)
{
	if (p->oid <= BS_OBJ_ACCESS_CONTROL) /* their instances are chosen when the run is */
		return true;
	for (size_t i = 0; i < def->write_count; i++)
		if (def->writes[i].oid == p->oid && (p->level < BS_LEVEL_INSTANCE || def->writes[i].iid == p->iid))
			return true;
	return false;
}

/* A tolerance that can never apply is a slip, and one that can cost the device its servers is worth a word. */
static void
check_tolerances(struct bs_report *r, const struct bs_profile_def *def)
{
	for (size_t i = 0; i < def->profile.tolerances.count; i++) {
		const struct bs_tolerance *t = &def->profile.tolerances.list[i];
		const char *field = t->code == BS_ANY_REFUSAL ? "--optional-write" : "--tolerate";
		char path[BS_PATH_TEXT];

		bs_path_format(&t->path, path);
		if (t->step == BS_STEP_WRITE && t->path.level != BS_LEVEL_ROOT && !is_written(def, &t->path))
			bs_report_error(
				r, field, "this profile does not write to %s; add --write, or correct the path", path);
		else if (t->step == BS_STEP_WRITE && t->code >> 5 != 2 && t->path.oid <= BS_OBJ_SERVER)
			bs_report_warn(r, field,
				"a device that refuses %s ends without its server, and the run counts as done",
				t->path.level == BS_LEVEL_ROOT ? "its Writes" : path);
	}
}

void
bs_check_profile(struct bs_report *r, const struct bs_profile_def *def, const struct bs_profile_check *c)
{
	unsigned with_instance;

	bs_check_name(r, "NAME", def->profile.name);
	if (c->count == 0)
		bs_report_error(r, "--server", "a profile needs at least one server account");
	if (c->count > BS_SERVERS_MAX)
		bs_report_error(r, "--server", "at most %d server accounts", BS_SERVERS_MAX);
	check_servers(r, c, &with_instance);
	if (c->count > 0 && with_instance == 0)
		bs_report_error(r, "--server",
			"repositories and bootstrap accounts alone leave the device without an LwM2M server; add one "
			"of kind server");
	check_renewal(r, def, c);
	check_repositories(r, def, c);
	check_access_control(r, def, c, with_instance);
	check_running(r, &def->profile);
	check_merging(r, &def->profile, c);
	check_retry(r, &def->profile, c);
	check_tolerances(r, def);
}
