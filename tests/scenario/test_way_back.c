/* SPDX-License-Identifier: Apache-2.0 */
/*
 * No run costs a device its way back: wherever its bootstrap account lies, whatever becomes of Discover, whatever the profile
 * says, nothing is written onto it and no Delete names it. Only where neither Discover nor acc shows the place and the operator
 * has named just that one (security-iid, 10 by default) can it be hit, as some place must be taken; the outcome then names it.
 */
#include "tests/lib/test.h"

#include "tests/scenario/accounts.h"
#include "tests/scenario/device.h"

#include <stdio.h>
#include <stdlib.h>

#define SERVERS 2
#define DEFAULT_IID 10
#define OTHER_IID 20

static struct bs_account *
two_servers(void)
{
	struct bs_account *a = one_server();

	bs_profile_init(&a->profile);
	add_set_server(a, 102, "coaps://b.example:5684", "dev-0001");
	a->profile.access_control = BS_AC_NONE;
	return a;
}

static void
delete_instances(struct bs_account *a)
{
	a->profile.delete_policy = BS_DELETE_INSTANCES;
}

static void
delete_root(struct bs_account *a)
{
	a->profile.delete_policy = BS_DELETE_ROOT;
}

static void
delete_nothing(struct bs_account *a)
{
	a->profile.delete_policy = BS_DELETE_NONE;
}

static void
write_objects(struct bs_account *a)
{
	a->profile.write_level = BS_LEVEL_OBJECT;
}

static void
write_resources(struct bs_account *a)
{
	a->profile.write_level = BS_LEVEL_RESOURCE;
}

static void
merge(struct bs_account *a)
{
	a->profile.on_existing = BS_EXISTING_MERGE;
}

static void
no_discover(struct bs_account *a)
{
	a->profile.discover = false;
}

/* Refused the first time, the device is tried with a profile that does not look. */
static void
retried_blindly(struct bs_account *a)
{
	struct bs_account *retry = one_server();

	retry->profile.discover = false;
	retry->profile.security_iid = a->profile.security_iid;
	a->retry = retry;
}

static const struct profile {
	const char *name;
	void (*adjust)(struct bs_account *a);
	bool blind, no_pack;
	unsigned finish_406;
} profiles[] = {
	{ "as by default", NULL, false, false, 0 },
	{ "deletes of instances", delete_instances, false, false, 0 },
	{ "delete of the root", delete_root, false, true, 0 },
	{ "no deletes", delete_nothing, false, true, 0 },
	{ "whole objects", write_objects, false, false, 0 },
	{ "single resources", write_resources, false, false, 0 },
	{ "merge", merge, false, true, 0 },
	{ "no Discover", no_discover, true, false, 0 },
	{ "repeated without Discover", retried_blindly, false, true, 1 },
};

static const int places[] = { 0, 1, 2, 10, DEVICE_NOWHERE };
#define PLACES (sizeof(places) / sizeof(places[0]))
#define PROFILES (sizeof(profiles) / sizeof(profiles[0]))

static const char *const discover_names[DISCOVER_COUNT] = { "shows it", "4.04", "4.05", "RST", "silence", "garbage",
	"hides it", "shows two" };
static const char *const loss_names[LOSS_COUNT] = { "nothing lost", "a request lost", "an answer lost",
	"all requests lost", "all answers lost" };

static bool
is_silent(const struct device *d, const struct profile *p)
{
	return !p->blind && (d->discover == DISCOVER_SILENT || d->loss >= LOSE_REQUESTS);
}

static bool
is_known(const struct device *d, const struct profile *p)
{
	if (d->own == DEVICE_NOWHERE)
		return false;
	if (d->pack)
		return d->acc;
	return !p->blind && (d->discover == DISCOVER_SHOWS || d->discover == DISCOVER_TWO);
}

static bool
was_written(const struct device_end *end, int iid)
{
	for (size_t i = 0; i < end->written_count; i++) {
		if ((int)end->written[i] == iid)
			return true;
	}
	return false;
}

/* NULL: all is well. */
static const char *
judge(const struct device *d, const struct profile *p, const struct device_end *end)
{
	int first = d->security_iid != 0 ? d->security_iid : DEFAULT_IID;
	bool named = d->own >= first && d->own < first + SERVERS;
	bool known = is_known(d, p);
	char told[40];

	snprintf(told, sizeof(told), "from /0/%d on", first);
	if (!d->pack && is_silent(d, p)) {
		if (end->report.outcome != BS_OUT_CLIENT_SILENT || strcmp(end->report.step, "discover") != 0)
			return "not client-silent at Discover";
		return end->deletes + end->written_count > 0 ? "something was done all the same" : NULL;
	}
	if (end->report.outcome != BS_OUT_DONE)
		return "not done";
	if (end->written_count < SERVERS)
		return "nothing written";
	if (end->hit && (known || !named))
		return "the bootstrap account is gone";
	if (known && d->discover == DISCOVER_TWO && !d->pack && was_written(end, d->own + 1))
		return "the other instance without Short Server ID is gone";
	if ((strstr(end->report.detail, told) != NULL) == known)
		return known ? "told of a place that is known" : "not told where it was written blindly";
	for (size_t i = 0; !known && i < end->written_count; i++) {
		if (end->written[i] < first && !(p->adjust == merge && end->written[i] == DEVICE_SERVER_IID))
			return "written below security-iid";
	}
	return NULL;
}

static void
check(const struct device *d, const struct profile *p)
{
	struct device_end end;
	const char *wrong;

	device_run(d, &end);
	wrong = judge(d, p, &end);
	if (wrong != NULL)
		fail_msg("account at %d, %s %s, %s, %s, security-iid %u: %s; %s at \"%s\", \"%s\"", d->own,
			d->pack ? (d->acc ? "pack with acc, Discover" : "pack without acc, Discover") : "Discover",
			discover_names[d->discover], loss_names[d->loss], p->name, d->security_iid, wrong,
			bs_outcome_word(end.report.outcome), end.report.step, end.report.detail);
}

/* covers: trap 6a */
static void
test_runs(void **state)
{
	(void)state;
	for (size_t i = 0; i < PLACES * PROFILES * DISCOVER_COUNT * LOSS_COUNT; i++) {
		const struct profile *p = &profiles[i / PLACES % PROFILES];
		struct device d = { .account = two_servers, .adjust = p->adjust, .own = places[i % PLACES] };

		d.discover = (enum device_discover)(i / PLACES / PROFILES % DISCOVER_COUNT);
		d.loss = (enum device_loss)(i / PLACES / PROFILES / DISCOVER_COUNT);
		d.finish_406 = p->finish_406;
		check(&d, p);
		d.security_iid = OTHER_IID;
		check(&d, p);
	}
}

/* covers: trap 6a */
static void
test_packs(void **state)
{
	(void)state;
	for (size_t i = 0; i < PLACES * PROFILES * 2; i++) {
		const struct profile *p = &profiles[i / PLACES % PROFILES];
		struct device d = { .account = two_servers, .adjust = p->adjust, .own = places[i % PLACES] };

		d.pack = true;
		d.acc = i / PLACES / PROFILES == 1;
		if (p->no_pack || (d.acc && d.own == DEVICE_NOWHERE))
			continue;
		check(&d, p);
		d.security_iid = OTHER_IID;
		check(&d, p);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_runs),
		cmocka_unit_test(test_packs),
	};

	return cmocka_run_group_tests_name("way_back", tests, NULL, NULL);
}
