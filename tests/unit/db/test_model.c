/* SPDX-License-Identifier: Apache-2.0 */
/* Object models in the store, and a store of version 1 that learns of them. */
#include "tests/unit/db/db_fixture.h"

static struct bs_model_resource rows[] = {
	{ .rid = 0, .name = "Name", .operations = "RW", .mandatory = true, .type = BS_TYPE_STRING, .range = "0..255" },
	{ .rid = 1, .name = "Level", .operations = "R", .type = BS_TYPE_FLOAT, .units = "Cel" },
	{ .rid = 2, .name = "Reset", .operations = "E", .executable = true },
	{ .rid = 65534, .name = "Links", .multiple = true, .type = BS_TYPE_CORELNK },
};

static const struct bs_model meter = {
	.oid = 3303, .name = "Meter", .version = "1.1", .multiple = true, .resources = rows, .count = 4
};

static int
setup(void **state)
{
	struct db_fixture *fx = *state = fixture_folder();

	OK(bs_store_create(fx->dir, fx->key, &fx->diag));
	fixture_reopen(fx);
	return 0;
}

static int
teardown(void **state)
{
	fixture_remove(*state);
	return 0;
}

/* Profile p writes /3303/1/0 (string). */
static void
add_profile(struct db_fixture *fx)
{
	static const char *const servers[] = { "alpha" };
	struct bs_server_def alpha = { .name = "alpha", .ssid = 101, .mode = BS_MODE_PSK, .uri = "coaps://a.example" };
	struct bs_setting write = { .oid = 3303, .iid = 1, .rid = 0, .type = BS_TYPE_STRING, .text = "hall" };
	struct bs_profile_def def = { .servers = servers, .server_count = 1, .writes = &write, .write_count = 1 };

	bs_profile_init(&def.profile);
	snprintf(def.profile.name, sizeof(def.profile.name), "p");
	OK(bs_store_add_server(fx->writer, &alpha, &fx->diag));
	OK(bs_store_add_profile(fx->writer, &def, &fx->diag));
}

struct seen {
	unsigned models;
	struct bs_model last;
	struct bs_model_resource resources[8];
};

static void
keep(void *arg, const struct bs_model *m)
{
	struct seen *seen = arg;

	assert_true(m->count <= 8);
	seen->models++;
	seen->last = *m;
	memset(seen->resources, 0, sizeof(seen->resources));
	for (size_t i = 0; i < m->count; i++)
		seen->resources[i] = m->resources[i];
}

static void
assert_same_resource(const struct bs_model_resource *a, const struct bs_model_resource *b)
{
	assert_int_equal(a->rid, b->rid);
	assert_string_equal(a->name, b->name);
	assert_string_equal(a->operations, b->operations);
	assert_int_equal(a->multiple, b->multiple);
	assert_int_equal(a->mandatory, b->mandatory);
	assert_int_equal(a->executable, b->executable);
	assert_int_equal(a->type, b->type);
	assert_string_equal(a->range, b->range);
	assert_string_equal(a->units, b->units);
}

static void
what_goes_in_comes_out(void **state)
{
	struct db_fixture *fx = *state;
	struct bs_model light = { .oid = 10, .name = "Light", .version = "1.0", .mandatory = true };
	struct seen seen = { 0 };
	const uint16_t oid = 3303, none = 3304;

	OK(bs_store_add_model(fx->writer, &meter, false, &fx->diag));
	OK(bs_store_add_model(fx->writer, &light, false, &fx->diag));
	OK(bs_store_each_model(fx->writer, &oid, keep, &seen));
	assert_int_equal(seen.models, 1);
	assert_string_equal(seen.last.name, "Meter");
	assert_string_equal(seen.last.version, "1.1");
	assert_true(seen.last.multiple && !seen.last.mandatory);
	assert_int_equal(seen.last.count, 4);
	for (size_t i = 0; i < 4; i++)
		assert_same_resource(&seen.resources[i], &rows[i]);
	FAILS(BS_ENOTFOUND, bs_store_each_model(fx->writer, &none, keep, &seen));
	seen = (struct seen){ 0 };
	OK(bs_store_each_model(fx->writer, NULL, keep, &seen));
	assert_int_equal(seen.models, 2);
	assert_int_equal(seen.last.oid, 3303); /* by number: 10 comes first */
}

static void
one_resource_is_found(void **state)
{
	struct db_fixture *fx = *state;
	struct bs_model object = { 0 };
	struct bs_model_resource r;

	FAILS(BS_ENOTFOUND, bs_store_find_resource(fx->writer, 3303, 0, &object, &r));
	OK(bs_store_add_model(fx->writer, &meter, false, &fx->diag));
	for (size_t i = 0; i < 4; i++) {
		OK(bs_store_find_resource(fx->writer, 3303, rows[i].rid, &object, &r));
		assert_same_resource(&r, &rows[i]);
	}
	object.name[0] = '\0';
	FAILS(BS_EREFUSED, bs_store_find_resource(fx->writer, 3303, 3, &object, &r));
	assert_string_equal(object.name, "Meter");
	assert_true(object.multiple);
	assert_int_equal(object.count, 0);
	FAILS(BS_ENOTFOUND, bs_store_find_resource(fx->writer, 3304, 0, &object, &r));
}

static void
a_model_is_replaced_when_told(void **state)
{
	struct db_fixture *fx = *state;
	struct bs_model newer = meter;
	struct seen seen = { 0 };

	OK(bs_store_add_model(fx->writer, &meter, false, &fx->diag));
	newer.count = 1;
	snprintf(newer.version, sizeof(newer.version), "1.2");
	newer.multiple = false;
	FAILS(BS_EEXIST, bs_store_add_model(fx->writer, &newer, false, &fx->diag));
	OK(bs_store_each_model(fx->writer, NULL, keep, &seen));
	assert_string_equal(seen.last.version, "1.1");
	OK(bs_store_add_model(fx->writer, &newer, true, &fx->diag));
	OK(bs_store_each_model(fx->writer, NULL, keep, &seen));
	assert_string_equal(seen.last.version, "1.2");
	assert_false(seen.last.multiple);
	assert_int_equal(seen.last.count, 1);
}

/* All of it or nothing: a row that the schema refuses leaves the model as it was. */
static void
a_refused_model_leaves_no_trace(void **state)
{
	struct db_fixture *fx = *state;
	struct bs_model_resource bad[] = { rows[0], rows[1] };
	struct bs_model m = meter;
	struct seen seen = { 0 };

	bad[1].rid = 65535;
	m.resources = bad;
	m.count = 2;
	FAILS(BS_EREFUSED, bs_store_add_model(fx->writer, &m, false, &fx->diag));
	OK(bs_store_each_model(fx->writer, NULL, keep, &seen));
	assert_int_equal(seen.models, 0);
	OK(bs_store_add_model(fx->writer, &meter, false, &fx->diag));
	FAILS(BS_EREFUSED, bs_store_add_model(fx->writer, &m, true, &fx->diag));
	OK(bs_store_each_model(fx->writer, NULL, keep, &seen));
	assert_int_equal(seen.last.count, 4);
}

static void
a_model_in_use_stays(void **state)
{
	struct db_fixture *fx = *state;

	OK(bs_store_add_model(fx->writer, &meter, false, &fx->diag));
	add_profile(fx);
	FAILS(BS_EREFUSED, bs_store_remove_model(fx->writer, 3303, &fx->diag));
	assert_string_equal(fx->diag.text, "the model of object 3303 is used by profile p");
	OK(bs_store_remove_profile(fx->writer, "p", &fx->diag));
	OK(bs_store_remove_model(fx->writer, 3303, &fx->diag));
	assert_int_equal(raw_int(fx, "SELECT count(*) FROM object_model_resource"), 0);
	FAILS(BS_ENOTFOUND, bs_store_remove_model(fx->writer, 3303, &fx->diag));
	assert_string_equal(fx->diag.text, "there is no model of object 3303");
}

static void
a_model_that_does_not_fit_a_profile_is_told(void **state)
{
	struct db_fixture *fx = *state;
	struct bs_model_resource other[] = { rows[0] };
	struct bs_model m = meter;
	struct bs_misfit misfit = { 0 };

	add_profile(fx);
	m.resources = other;
	m.count = 1;
	OK(bs_store_add_model(fx->writer, &m, false, &fx->diag));
	FAILS(BS_ENOTFOUND, bs_store_model_misfit(fx->writer, 3303, &misfit));
	other[0].type = BS_TYPE_INTEGER;
	OK(bs_store_add_model(fx->writer, &m, true, &fx->diag));
	OK(bs_store_model_misfit(fx->writer, 3303, &misfit));
	assert_string_equal(misfit.profile, "p");
	assert_int_equal(misfit.iid, 1);
	assert_int_equal(misfit.rid, 0);
	assert_int_equal(misfit.type, BS_TYPE_STRING);
	other[0] = rows[0];
	other[0].multiple = true;
	OK(bs_store_add_model(fx->writer, &m, true, &fx->diag));
	OK(bs_store_model_misfit(fx->writer, 3303, &misfit));
	m.count = 0;
	OK(bs_store_add_model(fx->writer, &m, true, &fx->diag));
	OK(bs_store_model_misfit(fx->writer, 3303, &misfit));
}

#define OBJECT "INSERT INTO object_model (oid, name, version, multiple, mandatory) VALUES "
#define RESOURCE \
	"INSERT INTO object_model_resource (oid, rid, name, operations, multiple, mandatory, type, range, units) " \
	"VALUES "

/* Whoever writes. */
static const struct {
	const char *sql, *word;
} refused[] = {
	{ OBJECT "(65535, 'n', '1.0', 0, 0)", "CHECK" },
	{ OBJECT "(-1, 'n', '1.0', 0, 0)", "CHECK" },
	{ OBJECT "('x', 'n', '1.0', 0, 0)", "mismatch" },
	{ OBJECT "(8, '', '1.0', 0, 0)", "CHECK" },
	{ OBJECT "(8, NULL, '1.0', 0, 0)", "NOT NULL" },
	{ OBJECT "(8, 'n', '', 0, 0)", "CHECK" },
	{ OBJECT "(8, 'n', '1000.1000', 0, 0)", "CHECK" },
	{ OBJECT "(8, 'n', '1.0', 2, 0)", "CHECK" },
	{ OBJECT "(8, 'n', '1.0', 0, 2)", "CHECK" },
	{ OBJECT "(3303, 'n', '1.0', 0, 0)", "UNIQUE" },
	{ RESOURCE "(3304, 1, 'n', 'R', 0, 0, 1, NULL, NULL)", "FOREIGN KEY" },
	{ RESOURCE "(3303, 0, 'n', 'R', 0, 0, 1, NULL, NULL)", "UNIQUE" },
	{ RESOURCE "(3303, 65535, 'n', 'R', 0, 0, 1, NULL, NULL)", "CHECK" },
	{ RESOURCE "(3303, 9, '', 'R', 0, 0, 1, NULL, NULL)", "CHECK" },
	{ RESOURCE "(3303, 9, 'n', 'WR', 0, 0, 1, NULL, NULL)", "CHECK" },
	{ RESOURCE "(3303, 9, 'n', NULL, 0, 0, 1, NULL, NULL)", "NOT NULL" },
	{ RESOURCE "(3303, 9, 'n', 'R', 2, 0, 1, NULL, NULL)", "CHECK" },
	{ RESOURCE "(3303, 9, 'n', 'R', 0, 2, 1, NULL, NULL)", "CHECK" },
	{ RESOURCE "(3303, 9, 'n', 'R', 0, 0, 9, NULL, NULL)", "CHECK" },
	{ RESOURCE "(3303, 9, 'n', 'R', 0, 0, 1, '', NULL)", "CHECK" },
	{ RESOURCE "(3303, 9, 'n', 'R', 0, 0, 1, CAST(zeroblob(256) AS TEXT), NULL)", "CHECK" },
	{ RESOURCE "(3303, 9, 'n', 'R', 0, 0, 1, NULL, '')", "CHECK" },
	{ "DELETE FROM object_model WHERE oid = 3303", "a profile writes resources of this object" },
	{ "UPDATE object_model SET oid = 3305 WHERE oid = 3303", "the number of an object stays" },
	{ "UPDATE object_model_resource SET type = 1 WHERE oid = 3303", "DELETE and INSERT" },
};

static void
rules_hold_whoever_writes(void **state)
{
	struct db_fixture *fx = *state;

	OK(bs_store_add_model(fx->writer, &meter, false, &fx->diag));
	add_profile(fx);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		int rc = raw_sql(fx, refused[i].sql);

		if (rc == SQLITE_OK || strstr(fx->diag.text, refused[i].word) == NULL)
			fail_msg("%s: %d, %s", refused[i].sql, rc, fx->diag.text);
	}
	assert_int_equal(
		raw_sql(fx, OBJECT "(8, 'n', '1.0', 0, 0);" RESOURCE "(8, 9, 'n', 'R', 0, 0, 1, NULL, NULL)"), 0);
	assert_int_equal(raw_sql(fx, "DELETE FROM object_model WHERE oid = 8"), 0);
	assert_int_equal(raw_int(fx, "SELECT count(*) FROM object_model_resource WHERE oid = 8"), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_goes_in_comes_out),
		T(one_resource_is_found),
		T(a_model_is_replaced_when_told),
		T(a_refused_model_leaves_no_trace),
		T(a_model_in_use_stays),
		T(a_model_that_does_not_fit_a_profile_is_told),
		T(rules_hold_whoever_writes),
	};

	return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}
