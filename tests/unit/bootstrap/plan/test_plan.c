/* SPDX-License-Identifier: Apache-2.0 */
/* Plans, written out as text: one line per request; h'..' are octets, 2[101] is instance 101 of resource 2. */
#include "tests/lib/memory.h"
#include "tests/lib/test.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "server/base/text.h"
#include "server/content/decode.h"
#include "server/bootstrap/plan/plan.h"

#define NOW 1700000000
#define KEY_A "\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f"
#define KEY_B "\x20\x21\x22\x23\x24\x25\x26\x27\x28\x29\x2a\x2b\x2c\x2d\x2e\x2f"
#define KEY_A_HEX "101112131415161718191a1b1c1d1e1f"
#define KEY_B_HEX "202122232425262728292a2b2c2d2e2f"

/* ---- plan as text --------------------------------------------------------------------------------------------- */

struct out {
	char text[8192];
	size_t len;
};

static void add(struct out *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void
add(struct out *o, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	o->len += (size_t)vsnprintf(o->text + o->len, sizeof(o->text) - o->len, fmt, ap);
	va_end(ap);
	assert_true(o->len < sizeof(o->text));
}

static void
add_value(struct out *o, const struct bs_value *v)
{
	char text[1024];

	switch (v->type) {
	case BS_TYPE_INTEGER:
	case BS_TYPE_TIME:
		add(o, "%" PRId64, v->integer);
		break;
	case BS_TYPE_UNSIGNED:
		add(o, "%" PRIu64 "u", v->uinteger);
		break;
	case BS_TYPE_FLOAT:
		add(o, "%g", v->real);
		break;
	case BS_TYPE_BOOLEAN:
		add(o, "%s", v->boolean ? "true" : "false");
		break;
	case BS_TYPE_OBJLNK:
		add(o, "%u:%u", v->link.oid, v->link.iid);
		break;
	case BS_TYPE_OPAQUE:
		add(o, "h'%s'", bs_hex_encode(v->bytes.data, v->bytes.len, text));
		break;
	case BS_TYPE_STRING:
	case BS_TYPE_CORELNK:
		add(o, "\"%.*s\"", (int)v->bytes.len, v->bytes.len > 0 ? (const char *)v->bytes.data : "");
		break;
	}
}

static void
add_instance(struct out *o, const struct bs_instance *inst)
{
	add(o, " %u/%u", inst->oid, inst->iid);
	for (size_t i = 0; i < inst->count; i++) {
		const struct bs_entry *e = &inst->entries[i];

		if (i > 0) /* the codecs rely on the order */
			assert_true(e[-1].rid < e->rid || (e[-1].rid == e->rid && e[-1].riid < e->riid));
		if (e->multiple)
			add(o, " %u[%u]=", e->rid, e->riid);
		else
			add(o, " %u=", e->rid);
		add_value(o, &e->value);
	}
}

static void
describe(struct out *o, const struct bs_plan *p)
{
	static const char *const verbs[] = { "delete", "write", "finish" };
	char path[BS_PATH_TEXT];

	*o = (struct out){ 0 };
	for (size_t i = 0; i < p->op_count; i++) {
		const struct bs_op *op = &p->ops[i];

		add(o, "%s %s", verbs[op->kind], op->kind == BS_OP_FINISH ? "" : bs_path_format(&op->target, path));
		if (op->kind == BS_OP_WRITE)
			add(o, " :");
		for (size_t k = 0; k < op->count; k++)
			add_instance(o, &p->instances[op->first + k]);
		add(o, "\n");
		assert_int_equal(op->mandatory, op->kind != BS_OP_DELETE);
	}
}

/* ---- accounts ------------------------------------------------------------------------------------------------- */

static char *
copy_text(const char *text)
{
	char *copy = strdup(text);

	assert_non_null(copy);
	return copy;
}

static void *
grow(void *array, size_t count, size_t size)
{
	uint8_t *bigger = realloc(array, (count + 1) * size);

	assert_non_null(bigger);
	memset(bigger + count * size, 0, size);
	return bigger;
}

static struct bs_grant *
add_grant(struct bs_account *a, uint16_t ssid, enum bs_mode mode)
{
	struct bs_grant *g;

	a->grants = grow(a->grants, a->grant_count, sizeof(*a->grants));
	g = &a->grants[a->grant_count++];
	g->ssid = ssid;
	g->mode = mode;
	snprintf(g->uri, sizeof(g->uri), "coaps://s%u.example:5684", ssid);
	assert_int_equal(bs_blob_set(&g->public_or_identity, "id", 2), BS_OK);
	assert_int_equal(bs_secret_set(&g->secret_key, KEY_A, 16), BS_OK);
	return g;
}

static struct bs_setting
setting(uint16_t oid, uint16_t rid, enum bs_type type, const char *text)
{
	return (struct bs_setting){ .oid = oid, .rid = rid, .type = type, .text = copy_text(text) };
}

static struct bs_setting *
set(struct bs_grant *g, uint16_t oid, uint16_t rid, enum bs_type type, const char *text)
{
	g->settings = grow(g->settings, g->setting_count, sizeof(*g->settings));
	g->settings[g->setting_count] = setting(oid, rid, type, text);
	return &g->settings[g->setting_count++];
}

static struct bs_setting *
extra(struct bs_account *a, uint16_t oid, uint16_t iid, uint16_t rid, enum bs_type type, const char *text)
{
	a->writes = grow(a->writes, a->write_count, sizeof(*a->writes));
	a->writes[a->write_count] = setting(oid, rid, type, text);
	a->writes[a->write_count].iid = iid;
	return &a->writes[a->write_count++];
}

struct fixture {
	struct bs_account *account;
	struct bs_client_view view;
	struct bs_discovered discovered;
	struct bs_tree *servers, *access_control; /* what the client holds */
	struct bs_existing existing;
	struct bs_plan *plan;
	struct bs_diag diag;
	struct out out;
};

static int
setup(void **state)
{
	struct fixture *fx = *state = test_calloc(1, sizeof(*fx));

	fx->account = bs_account_new();
	assert_non_null(fx->account);
	assert_int_equal(fx->account->profile.security_iid, 10);
	fx->account->profile.security_iid = 1; /* shorter to read; what Discover shows decides all the same */
	fx->view.pct = -1;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *fx = *state;

	bs_plan_free(fx->plan);
	bs_tree_free(fx->servers);
	bs_tree_free(fx->access_control);
	bs_account_free(fx->account);
	test_free(fx);
	return 0;
}

static void
discover(struct fixture *fx, const char *result)
{
	assert_int_equal(bs_link_parse(result, strlen(result), &fx->discovered), BS_OK);
	fx->view.discovered = &fx->discovered;
	fx->view.version = fx->discovered.version;
}

static enum bs_err
build(struct fixture *fx)
{
	bs_plan_free(fx->plan);
	return bs_plan_build(fx->account, &fx->view, NOW, &fx->plan, &fx->diag);
}

static void
expect_plan(struct fixture *fx, const char *expected)
{
	assert_int_equal(build(fx), BS_OK);
	describe(&fx->out, fx->plan);
	assert_string_equal(fx->out.text, expected);
}

/* The instance at path, as text; fails when the plan does not write it. */
static const char *
instance_text(struct fixture *fx, uint16_t oid, uint16_t iid)
{
	assert_int_equal(build(fx), BS_OK);
	fx->out = (struct out){ 0 };
	for (size_t i = 0; i < fx->plan->instance_count; i++) {
		const struct bs_instance *inst = &fx->plan->instances[i];

		if (inst->oid == oid && inst->iid == iid) {
			add_instance(&fx->out, inst);
			return fx->out.text;
		}
	}
	fail_msg("the plan has no /%u/%u", oid, iid);
	return "";
}

#define DELETES "delete /0\ndelete /1\n"
#define PSK_101 " 0=\"coaps://s101.example:5684\" 1=false 2=0 3=h'6964' 4=h'' 5=h'" KEY_A_HEX "' 10=101"
#define SERVER_101 " 0=101 1=86400 6=true 7=\"U\""

/* ---- tests ---------------------------------------------------------------------------------------------------- */

/* covers: trap 16 */
static void
one_server_with_a_pre_shared_key(void **state)
{
	struct fixture *fx = *state;

	add_grant(fx->account, 101, BS_MODE_PSK);
	expect_plan(fx, DELETES "write /0/1 : 0/1" PSK_101 "\nwrite /1/0 : 1/0" SERVER_101 "\nfinish \n");
	assert_int_equal(fx->plan->format->number, 11542);
	assert_int_equal(fx->plan->version, BS_LWM2M_1_0);
	assert_false(fx->plan->left_out_access_control);
}

/* Keys by security mode: which of the resources 3, 4, 5 hold something (LwM2M Core 1.1, E.1). */
/* covers: trap INT-10; resource 0/2, 0/3 */
static void
keys_follow_the_mode(void **state)
{
	static const struct {
		enum bs_mode mode;
		const char *all, *omitted;
	} rows[] = {
		{ BS_MODE_PSK, "3=h'6964' 4=h'' 5=h'" KEY_A_HEX "'", "3=h'6964' 5=h'" KEY_A_HEX "'" },
		{ BS_MODE_RPK, "3=h'6964' 4=h'736b' 5=h'" KEY_A_HEX "'", "3=h'6964' 4=h'736b' 5=h'" KEY_A_HEX "'" },
		{ BS_MODE_X509, "3=h'6964' 4=h'736b' 5=h'" KEY_A_HEX "'", "3=h'6964' 4=h'736b' 5=h'" KEY_A_HEX "'" },
		{ BS_MODE_NOSEC, "3=h'' 4=h'' 5=h''", "" },
		{ BS_MODE_EST, "3=h'' 4=h'736b' 5=h''", "4=h'736b'" },
	};
	struct fixture *fx = *state;
	struct bs_grant *g = add_grant(fx->account, 101, BS_MODE_PSK);

	assert_int_equal(bs_blob_set(&g->server_key, "sk", 2), BS_OK);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char expected[256];

		g->mode = rows[i].mode;
		fx->account->profile.omit_unused_keys = false;
		snprintf(expected, sizeof(expected), " 0/1 0=\"coaps://s101.example:5684\" 1=false 2=%d %s 10=101",
			rows[i].mode, rows[i].all);
		assert_string_equal(instance_text(fx, 0, 1), expected);
		fx->account->profile.omit_unused_keys = true;
		snprintf(expected, sizeof(expected), " 0/1 0=\"coaps://s101.example:5684\" 1=false 2=%d%s%s 10=101",
			rows[i].mode, rows[i].omitted[0] != '\0' ? " " : "", rows[i].omitted);
		assert_string_equal(instance_text(fx, 0, 1), expected);
	}
	g->mode = (enum bs_mode)5;
	assert_int_equal(build(fx), BS_EFORMAT);
}

/* covers: resource 0/5 */
static void
device_that_holds_its_key_keeps_it(void **state)
{
	struct fixture *fx = *state;
	struct bs_grant *g = add_grant(fx->account, 101, BS_MODE_RPK);

	assert_int_equal(bs_blob_set(&g->server_key, "sk", 2), BS_OK);
	bs_secret_clear(&g->secret_key);
	assert_string_equal(
		instance_text(fx, 0, 1), " 0/1 0=\"coaps://s101.example:5684\" 1=false 2=1 3=h'6964' 4=h'736b' 10=101");
}

/* covers: resource 0/10 */
static void
repository_has_no_server_instance(void **state)
{
	struct fixture *fx = *state;

	add_grant(fx->account, 101, BS_MODE_PSK);
	add_grant(fx->account, 0, BS_MODE_PSK)->repository = true;
	add_grant(fx->account, 102, BS_MODE_PSK);
	fx->account->profile.access_control = BS_AC_DERIVED;
	assert_string_equal(instance_text(fx, 0, 2),
		" 0/2 0=\"coaps://s0.example:5684\" 1=false 2=0 3=h'6964' 4=h'' 5=h'" KEY_A_HEX "'");
	assert_string_equal(instance_text(fx, 1, 1), " 1/1 0=102 1=86400 6=true 7=\"U\"");
	assert_string_equal(instance_text(fx, 2, 1), " 2/1 0=1 1=1 2[102]=15 3=102");
	assert_int_equal(fx->plan->instance_count, 3 + 2 + 2);
}

/* ---- instance IDs --------------------------------------------------------------------------------------------- */

static void
security_instances_avoid_the_bootstrap_account(void **state)
{
	static const struct {
		const char *name, *discover; /* NULL: none */
		uint16_t iid[3];
	} rows[] = {
		{ "no Discover: from the profile's ID on", NULL, { 4, 5, 6 } },
		/* covers: trap 10 */
		{ "account at 0", "</0/0>,</3/0>", { 1, 2, 3 } },
		{ "account at 1", "</0/1>,</0/0>;ssid=7,</3/0>", { 0, 2, 3 } },
		{ "account at 9", "</0/9>,</3/0>", { 0, 1, 2 } },
		{ "two candidates", "</0/0>,</0/2>,</3/0>", { 1, 3, 4 } },
		/* covers: trap 7 */
		{ "no candidate: it may be hidden", "</0/0>;ssid=7,</3/0>", { 4, 5, 6 } },
		/* covers: trap 7 */
		{ "no candidate, nor onto the servers of others", "</0/4>;ssid=7,</0/6>;ssid=101,</3/0>", { 5, 6, 7 } },
		{ "Object 0 not shown", "</1>,</3/0>", { 4, 5, 6 } },
		{ "Object 0 without instance", "</0>,</3/0>", { 4, 5, 6 } },
	};
	struct fixture *fx = *state;

	fx->account->profile.security_iid = 4;
	for (uint16_t i = 0; i < 3; i++)
		add_grant(fx->account, 101 + i, BS_MODE_PSK);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fx->view.discovered = NULL;
		if (rows[i].discover != NULL)
			discover(fx, rows[i].discover);
		assert_int_equal(build(fx), BS_OK);
		for (size_t k = 0; k < 3; k++) {
			if (fx->plan->instances[k].oid != 0 || fx->plan->instances[k].iid != rows[i].iid[k])
				fail_msg("%s: instance %zu is /%u/%u", rows[i].name, k, fx->plan->instances[k].oid,
					fx->plan->instances[k].iid);
			assert_int_equal(fx->plan->instances[3 + k].oid, 1);
			assert_int_equal(fx->plan->instances[3 + k].iid, k);
		}
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool blind = rows[i].iid[0] >= 4;

		fx->view.discovered = NULL;
		if (rows[i].discover != NULL)
			discover(fx, rows[i].discover);
		assert_int_equal(build(fx), BS_OK);
		if (fx->plan->is_blind != blind || (blind && fx->plan->blind_iid != 4))
			fail_msg("%s: blind %d from %u", rows[i].name, fx->plan->is_blind, fx->plan->blind_iid);
	}
	fx->view.discovered = NULL;
	fx->account->profile.security_iid = 65533; /* 65533, 65534, and no third */
	assert_int_equal(build(fx), BS_ERANGE);
}

/* Some device may show an instance twice, or its bootstrap account with a number, or not at all. */
/* covers: trap 5 */
static void
deletes_by_name_spare_what_may_be_the_bootstrap_account(void **state)
{
	static const struct {
		const char *name, *discover, *deletes;
	} rows[] = {
		{ "as usual", "</0/0>,</0/1>;ssid=101,</0/2>;ssid=7", "delete /0/1\ndelete /0/2\n" },
		{ "shown with and without a number", "</0/1>;ssid=7,</0/1>,</0/2>;ssid=7", "delete /0/2\n" },
		/* covers: trap 7 */
		{ "shown as none: the operator's servers alone", "</0/0>;ssid=7,</0/1>;ssid=101", "delete /0/1\n" },
		{ "shown with the number of no server", "</0/0>;ssid=65535,</0/1>;ssid=7", "delete /0/1\n" },
		{ "OSCORE without a number is the account's", "</0/0>,</0/1>;ssid=7,</21/0>,</21/1>;ssid=7",
			"delete /0/1\ndelete /21/1\n" },
	};
	struct fixture *fx = *state;

	fx->account->profile.delete_policy = BS_DELETE_INSTANCES;
	fx->view.wrote_oscore = true;
	add_grant(fx->account, 101, BS_MODE_PSK);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		discover(fx, rows[i].discover);
		assert_int_equal(build(fx), BS_OK);
		describe(&fx->out, fx->plan);
		if (strncmp(fx->out.text, rows[i].deletes, strlen(rows[i].deletes)) != 0 ||
			strncmp(fx->out.text + strlen(rows[i].deletes), "write", 5) != 0)
			fail_msg("%s: %s", rows[i].name, fx->out.text);
	}
}

/* A plan after the first, without Discover, still knows what that was told. */
static void
an_earlier_discover_still_holds(void **state)
{
	struct bs_discovered *own = test_calloc(1, sizeof(*own));
	struct fixture *fx = *state;

	add_grant(fx->account, 101, BS_MODE_PSK);
	assert_int_equal(bs_link_parse("</0/1>,</0/0>;ssid=101", 22, own), BS_OK);
	fx->view.own = own;
	assert_int_equal(build(fx), BS_OK);
	assert_int_equal(fx->plan->instances[0].iid, 0);
	assert_false(fx->plan->is_blind);
	test_free(own);
}

/* ---- settings ------------------------------------------------------------------------------------------------- */

static void
settings_override_and_are_ordered(void **state)
{
	struct fixture *fx = *state;
	struct bs_grant *g = add_grant(fx->account, 101, BS_MODE_PSK);

	set(g, 1, 7, BS_TYPE_STRING, "UQ");
	set(g, 1, 5, BS_TYPE_INTEGER, "60");
	set(g, 1, 1, BS_TYPE_INTEGER, "300");
	set(g, 1, 2, BS_TYPE_INTEGER, "1");
	set(g, 1, 6, BS_TYPE_BOOLEAN, "false");
	assert_string_equal(instance_text(fx, 1, 0), " 1/0 0=101 1=300 2=1 5=60 6=false 7=\"UQ\"");
}

/* covers: trap 12; resource 1/3 */
static void
no_maximum_period_is_left_out(void **state)
{
	struct fixture *fx = *state;
	struct bs_setting *s = set(add_grant(fx->account, 101, BS_MODE_PSK), 1, 3, BS_TYPE_INTEGER, "0");

	assert_string_equal(instance_text(fx, 1, 0), " 1/0 0=101 1=86400 6=true 7=\"U\"");
	free(s->text);
	s->text = copy_text("1");
	assert_string_equal(instance_text(fx, 1, 0), " 1/0 0=101 1=86400 3=1 6=true 7=\"U\"");
}

/* covers: trap 9, 38 */
static void
settings_newer_than_the_client_are_left_out(void **state)
{
	static const struct {
		enum bs_lwm2m version;
		const char *security, *server;
	} rows[] = {
		{ BS_LWM2M_1_0, " 0/1" PSK_101, " 1/0" SERVER_101 },
		{ BS_LWM2M_1_1, " 0/1" PSK_101 " 14=\"sni\" 16[0]=49320u 16[1]=49326u", " 1/0" SERVER_101 " 23=true" },
		{ BS_LWM2M_1_2, " 0/1" PSK_101 " 14=\"sni\" 16[0]=49320u 16[1]=49326u 18[0]=23u",
			" 1/0" SERVER_101 " 23=true 26=1" },
	};
	struct fixture *fx = *state;
	struct bs_grant *g = add_grant(fx->account, 101, BS_MODE_PSK);

	set(g, 0, 18, BS_TYPE_UNSIGNED, "23")->multiple = true;
	set(g, 0, 16, BS_TYPE_UNSIGNED, "49326")->multiple = true;
	g->settings[1].riid = 1;
	set(g, 0, 16, BS_TYPE_UNSIGNED, "49320")->multiple = true;
	set(g, 0, 14, BS_TYPE_STRING, "sni");
	set(g, 1, 26, BS_TYPE_INTEGER, "1");
	set(g, 1, 23, BS_TYPE_BOOLEAN, "1");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fx->view.version = rows[i].version;
		assert_string_equal(instance_text(fx, 0, 1), rows[i].security);
		assert_string_equal(instance_text(fx, 1, 0), rows[i].server);
	}
}

/* What a plan before this one wrote goes, though this one writes none of it. */
static void
deletes_follow_the_plan_before(void **state)
{
	struct fixture *fx = *state;

	add_grant(fx->account, 101, BS_MODE_PSK);
	fx->view.wrote_access_control = true;
	build(fx);
	describe(&fx->out, fx->plan);
	assert_non_null(strstr(fx->out.text, "delete /0\ndelete /1\ndelete /2\nwrite /0/1"));
	fx->view.wrote_oscore = true;
	build(fx);
	describe(&fx->out, fx->plan);
	assert_non_null(strstr(fx->out.text, "delete /1\ndelete /2\ndelete /21\nwrite /0/1"));
	fx->view.wrote_access_control = false; /* but Discover shows some of it */
	discover(fx, "</>;lwm2m=1.1,</0/0>,</1/3>;ssid=1,</2/5>,</21/2>;ssid=1");
	build(fx);
	describe(&fx->out, fx->plan);
	assert_non_null(strstr(fx->out.text, "delete /1\ndelete /2\ndelete /21\nwrite /0/1"));
	fx->account->profile.delete_policy = BS_DELETE_INSTANCES;
	build(fx);
	describe(&fx->out, fx->plan);
	assert_non_null(strstr(fx->out.text, "delete /1/3\ndelete /2/5\ndelete /21/2\nwrite /0/1"));
}

/* The newest version that a profile allows, whatever the client is. */
static void
max_version_caps_the_resources(void **state)
{
	static const struct {
		enum bs_lwm2m client, max, wanted;
	} rows[] = {
		{ BS_LWM2M_1_2, BS_LWM2M_UNKNOWN, BS_LWM2M_1_2 },
		{ BS_LWM2M_1_2, BS_LWM2M_1_1, BS_LWM2M_1_1 },
		{ BS_LWM2M_1_2, BS_LWM2M_1_0, BS_LWM2M_1_0 },
		{ BS_LWM2M_1_0, BS_LWM2M_1_2, BS_LWM2M_1_0 },
	};
	struct fixture *fx = *state;
	struct bs_grant *g = add_grant(fx->account, 101, BS_MODE_PSK);

	set(g, 0, 14, BS_TYPE_STRING, "a.example"); /* of 1.1 */
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fx->view.version = rows[i].client;
		fx->view.pct = rows[i].client == BS_LWM2M_1_0 ? -1 : 112; /* the format stays the client's */
		fx->account->profile.max_version = rows[i].max;
		build(fx);
		assert_int_equal(fx->plan->version, rows[i].wanted);
		assert_int_equal(fx->plan->format->number, rows[i].client == BS_LWM2M_1_0 ? 11542 : 112);
		describe(&fx->out, fx->plan);
		assert_int_equal(strstr(fx->out.text, "a.example") != NULL, rows[i].wanted >= BS_LWM2M_1_1);
	}
}

/* A client of one version may have objects of another (Core 1.1, 7.2.2); those of Object 21 are numbered apart. */
static void
resources_follow_the_version_of_their_object(void **state)
{
	static const struct {
		const char *discovered;
		enum bs_lwm2m max;
		bool has_sni, has_mute_send;
	} rows[] = {
		{ "</>;lwm2m=1.0,</0/0>,</1>,</21>;ver=2.0", BS_LWM2M_UNKNOWN, false, false },
		{ "</>;lwm2m=1.0,</0>;ver=1.1,</0/0>,</1>", BS_LWM2M_UNKNOWN, true, false },
		{ "</>;lwm2m=1.1,</0/0>,</1>", BS_LWM2M_UNKNOWN, true, false },
		{ "</>;lwm2m=1.1,</0/0>,</1>;ver=1.2", BS_LWM2M_UNKNOWN, true, true },
		{ "</>;lwm2m=1.1,</0/0>,</1>;ver=1.2", BS_LWM2M_1_1, true, false },
		{ "</>;lwm2m=1.2,</0>;ver=1.0,</0/0>,</1>;ver=1.1", BS_LWM2M_UNKNOWN, false, false },
	};
	struct fixture *fx = *state;
	struct bs_grant *g = add_grant(fx->account, 101, BS_MODE_PSK);

	set(g, 0, 14, BS_TYPE_STRING, "a.example"); /* of Object 0 1.1 */
	set(g, 1, 26, BS_TYPE_BOOLEAN, "true"); /* of Object 1 1.2 */
	fx->view.version = BS_LWM2M_UNKNOWN;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		discover(fx, rows[i].discovered);
		fx->view.version = fx->view.discovered->version;
		fx->account->profile.max_version = rows[i].max;
		assert_int_equal(build(fx), BS_OK);
		describe(&fx->out, fx->plan);
		if ((strstr(fx->out.text, "a.example") != NULL) != rows[i].has_sni ||
			(strstr(fx->out.text, " 26=true") != NULL) != rows[i].has_mute_send)
			fail_msg("%s: %s", rows[i].discovered, fx->out.text);
	}
}

/* The values that the Binding resource of Object 1 has in each version: Q in 1.0 alone, T and N from 1.1 on, M and H from 1.2 on. */
/* covers: trap 15; resource 1/7 */
static void
binding_fits_the_version(void **state)
{
	static const struct {
		const char *set, *v1_0, *v1_1, *v1_2;
	} rows[] = {
		{ "U", "U", "U", "U" },
		{ "UQS", "UQS", "US", "US" },
		{ "UQ", "UQ", "U", "U" },
		{ "UTSN", "US", "UTSN", "UTSN" },
		{ "UMH", "U", "U", "UMH" },
		{ "T", "U", "T", "T" },
	};
	struct fixture *fx = *state;
	struct bs_setting *s = set(add_grant(fx->account, 101, BS_MODE_PSK), 1, 7, BS_TYPE_STRING, "");

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *wanted[] = { rows[i].v1_0, rows[i].v1_1, rows[i].v1_2 };

		free(s->text);
		s->text = copy_text(rows[i].set);
		for (int v = 0; v < 3; v++) {
			char text[64];

			snprintf(text, sizeof(text), " 1/0 0=101 1=86400 6=true 7=\"%s\"", wanted[v]);
			fx->view.version = (enum bs_lwm2m)(BS_LWM2M_1_0 + v);
			assert_string_equal(instance_text(fx, 1, 0), text);
		}
	}
}

/* Resources 11 and 12 of Object 0 are about the Bootstrap-Server's own account. */
/* covers: resource 0/11, 0/12 */
static void
settings_of_bootstrap_accounts_are_left_out(void **state)
{
	struct fixture *fx = *state;
	struct bs_grant *g = add_grant(fx->account, 101, BS_MODE_PSK);

	set(g, 0, 11, BS_TYPE_INTEGER, "1");
	set(g, 0, 12, BS_TYPE_INTEGER, "0");
	assert_string_equal(instance_text(fx, 0, 1), " 0/1" PSK_101);
}

/* 0/11 and 0/12 are the bootstrap account's, 0/10 is not; a client of 1.0 is sent nothing newer. */
/* covers: trap 6; resource 0/1, 0/11, 0/12 */
static void
the_bootstrap_account_is_renewed_in_its_place(void **state)
{
	struct fixture *fx = *state;
	struct bs_discovered *d = calloc(1, sizeof(*d));
	struct bs_grant *g = calloc(1, sizeof(*g));
	struct bs_client_view view = { .version = BS_LWM2M_1_1, .pct = -1, .discovered = d };
	struct bs_diag diag = { 0 };
	struct bs_plan *plan = NULL;
	struct out o = { 0 };

	assert_true(d != NULL && g != NULL);
	add_grant(fx->account, 101, BS_MODE_PSK);
	fx->account->renewal = g;
	g->repository = g->bootstrap = true;
	strcpy(g->uri, "coaps://bs.example");
	assert_int_equal(bs_blob_set(&g->public_or_identity, "next", 4), BS_OK);
	memcpy(g->secret_key.data, KEY_B, 16);
	g->secret_key.len = 16;
	set(g, 0, 11, BS_TYPE_INTEGER, "30");
	set(g, 0, 12, BS_TYPE_INTEGER, "0");
	set(g, 0, 14, BS_TYPE_STRING, "sni.example");
	fx->account->profile.write_level = BS_LEVEL_RESOURCE;
	assert_int_equal(bs_link_parse("</0/7>,</0/1>;ssid=3", 20, d), BS_OK);

	assert_int_equal(bs_plan_build(fx->account, &view, NOW, &plan, &diag), BS_OK);
	const struct bs_op *op = &plan->ops[plan->op_count - 2];
	assert_true(op->renewal && !op->mandatory && op->count == 1 && op->target.level == BS_LEVEL_INSTANCE);
	assert_int_equal(op->target.iid, 7);
	add_instance(&o, &plan->instances[op->first]);
	assert_string_equal(o.text, " 0/7 0=\"coaps://bs.example\" 1=true 2=0 3=h'6e657874' 4=h'' 5=h'" KEY_B_HEX
				    "' 11=30 12=0 14=\"sni.example\"");
	for (size_t i = 0; i + 2 < plan->op_count; i++)
		assert_false(
			plan->ops[i].renewal || (plan->ops[i].kind == BS_OP_WRITE && plan->ops[i].target.oid == 0 &&
							plan->ops[i].target.iid == 7));
	bs_plan_free(plan);

	view.version = BS_LWM2M_1_0;
	assert_int_equal(bs_plan_build(fx->account, &view, NOW, &plan, &diag), BS_OK);
	assert_int_equal(plan->instances[plan->ops[plan->op_count - 2].first].count, 8); /* 14 is left out */
	bs_plan_free(plan);
	view.discovered = NULL;
	assert_int_equal(bs_plan_build(fx->account, &view, NOW, &plan, &diag), BS_OK);
	assert_true(plan->left_out_renewal && !plan->ops[plan->op_count - 2].renewal);
	bs_plan_free(plan);
	free(d);
}

static void
bad_settings_are_told(void **state)
{
	static const struct {
		uint16_t oid, rid;
		enum bs_type type;
		const char *text;
		enum bs_err err;
		const char *told;
	} rows[] = {
		{ 1, 1, BS_TYPE_INTEGER, "soon", BS_EFORMAT, "resource 1 of object 1" },
		{ 1, 1, BS_TYPE_INTEGER, "4294967295", BS_ERANGE, "Lifetime" },
		{ 1, 8, BS_TYPE_STRING, "", BS_EFORMAT, "executable" },
		{ 0, 8, BS_TYPE_OPAQUE, "cafe1", BS_EFORMAT, "resource 8 of object 0" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fixture *fx = *state;
		struct bs_grant *g;

		bs_account_free(fx->account);
		fx->account = bs_account_new();
		g = add_grant(fx->account, 101, BS_MODE_PSK);
		set(g, rows[i].oid, rows[i].rid, rows[i].type, rows[i].text);
		assert_int_equal(build(fx), rows[i].err);
		assert_null(fx->plan);
		assert_non_null(strstr(fx->diag.text, rows[i].told));
		assert_null(strstr(fx->diag.text, "cafe")); /* it may be a key */
	}
}

/* ---- SMS binding ---------------------------------------------------------------------------------------------- */

/* covers: resource 0/7, 0/8 */
static void
sms_fields_become_resources(void **state)
{
	static const struct {
		const char *name;
		uint8_t mode, parameters_len, spi2;
		const char *expected;
	} rows[] = {
		{ "none", 0, 6, 0, "" },
		{ "DTLS-PSK: key alone", 1, 6, 0, " 6=1 8=h'" KEY_A_HEX "' 9=\"447700900123\"" },
		{ "secured packets, 6 octets", 2, 6, 0,
			" 6=2 7=h'123416b20203' 8=h'" KEY_A_HEX KEY_B_HEX "' 9=\"447700900123\"" },
		{ "secured packets, 7 octets", 2, 7, 0x21,
			" 6=2 7=h'12341621b20203' 8=h'" KEY_A_HEX KEY_B_HEX "' 9=\"447700900123\"" },
		{ "NoSec: number alone", 3, 6, 0, " 6=3 9=\"447700900123\"" },
	};
	struct fixture *fx = *state;
	struct bs_grant *g = add_grant(fx->account, 101, BS_MODE_PSK);

	strcpy(g->sms_number, "447700900123");
	g->sms = (struct bs_sms){ .kic = 0x12, .kid = 0x34, .spi1 = 0x16, .tar = { 0xb2, 0x02, 0x03 } };
	assert_int_equal(bs_secret_set(&g->sms.kic_key, KEY_A, 16), BS_OK);
	assert_int_equal(bs_secret_set(&g->sms.kid_key, KEY_B, 16), BS_OK);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char expected[512];

		g->sms.mode = rows[i].mode;
		g->sms.spi2 = rows[i].spi2;
		fx->account->profile.sms_parameters_len = rows[i].parameters_len;
		snprintf(expected, sizeof(expected),
			" 0/1 0=\"coaps://s101.example:5684\" 1=false 2=0 3=h'6964' 4=h'' 5=h'" KEY_A_HEX "'%s 10=101",
			rows[i].expected);
		assert_string_equal(instance_text(fx, 0, 1), expected);
	}
	g->sms.mode = 2;
	g->sms.spi2 = 0x21;
	fx->account->profile.sms_parameters_len = 6;
	assert_int_equal(build(fx), BS_ERANGE);
	assert_non_null(strstr(fx->diag.text, "0x21"));
}

static void
keys_that_are_put_together_are_wiped(void **state)
{
	struct fixture *fx = *state;
	struct bs_grant *g = add_grant(fx->account, 101, BS_MODE_PSK);
	unsigned before;

	g->sms = (struct bs_sms){ .mode = 2, .kic = 0x12, .kid = 0x34, .spi1 = 0x16, .tar = { 0xb2, 0x02, 0x03 } };
	for (size_t i = 0; i < MEMORY_CANARY_LEN; i++)
		g->sms.kid_key.data[i] = memory_canary_octet(i);
	g->sms.kid_key.len = MEMORY_CANARY_LEN;
	assert_int_equal(bs_secret_set(&g->sms.kic_key, KEY_A, 16), BS_OK); /* free() writes over what comes first */
	fx->account->profile.sms_parameters_len = 6;
	before = memory_search();
	assert_true(before > 0); /* the account's */
	assert_int_equal(build(fx), BS_OK);
	assert_true(memory_search() > before);
	bs_plan_free(fx->plan);
	fx->plan = NULL;
	assert_int_equal(memory_search(), before);
}

/* ---- access control ------------------------------------------------------------------------------------------- */

/* covers: resource 2/0, 2/3 */
static void
two_servers_own_their_instances(void **state)
{
	struct fixture *fx = *state;

	add_grant(fx->account, 101, BS_MODE_PSK);
	add_grant(fx->account, 300, BS_MODE_NOSEC);
	fx->account->profile.access_control = BS_AC_DERIVED;
	expect_plan(fx,
		DELETES "delete /2\n"
			"write /0/1 : 0/1" PSK_101 "\n"
			"write /0/2 : 0/2 0=\"coaps://s300.example:5684\" 1=false 2=3 3=h'' 4=h'' 5=h'' 10=300\n"
			"write /1/0 : 1/0" SERVER_101 "\n"
			"write /1/1 : 1/1 0=300 1=86400 6=true 7=\"U\"\n"
			"write /2/0 : 2/0 0=1 1=0 2[101]=15 3=101\n"
			"write /2/1 : 2/1 0=1 1=1 2[300]=15 3=300\n"
			"finish \n");
}

static void
one_server_needs_no_access_control(void **state)
{
	struct fixture *fx = *state;

	add_grant(fx->account, 101, BS_MODE_PSK);
	fx->account->profile.access_control = BS_AC_DERIVED;
	expect_plan(fx, DELETES "write /0/1 : 0/1" PSK_101 "\nwrite /1/0 : 1/0" SERVER_101 "\nfinish \n");
}

/* covers: resource 2/1, 2/2 */
static void
explicit_entries_are_written(void **state)
{
	struct fixture *fx = *state;

	add_grant(fx->account, 101, BS_MODE_PSK);
	fx->account->profile.access_control = BS_AC_EXPLICIT;
	fx->account->acls = grow(NULL, 1, sizeof(struct bs_acl));
	fx->account->acl_count = 2;
	fx->account->acls[0] = (struct bs_acl){
		.oid = 3, .iid = 0, .owner = 101, .entries = { { 102, 1 }, { 101, 15 }, { 0, 1 } }, .count = 3
	};
	fx->account->acls[1] = (struct bs_acl){
		.oid = 3, .iid = 65535, .owner = 65535, .entries = { { 300, 16 } }, .count = 1
	};
	assert_string_equal(instance_text(fx, 2, 0), " 2/0 0=3 1=0 2[0]=1 2[101]=15 2[102]=1 3=101");
	assert_string_equal(instance_text(fx, 2, 1), " 2/1 0=3 1=65535 2[300]=16 3=65535");
	fx->account->profile.access_control = BS_AC_NONE;
	assert_int_equal(build(fx), BS_OK);
	assert_int_equal(fx->plan->instance_count, 2);
}

/* covers: resource 2/0 */
static void
client_without_object_2_gets_none(void **state)
{
	struct fixture *fx = *state;

	add_grant(fx->account, 101, BS_MODE_PSK);
	add_grant(fx->account, 102, BS_MODE_PSK);
	fx->account->profile.access_control = BS_AC_DERIVED;
	discover(fx, "</>;lwm2m=1.1,</0/0>,</1>,</3/0>");
	assert_int_equal(build(fx), BS_OK);
	assert_true(fx->plan->left_out_access_control);
	describe(&fx->out, fx->plan);
	assert_null(strstr(fx->out.text, "write /2"));
	assert_null(strstr(fx->out.text, "delete /2"));
	discover(fx, "</>;lwm2m=1.1,</0/0>,</1>,</2>,</3/0>");
	assert_int_equal(build(fx), BS_OK);
	assert_false(fx->plan->left_out_access_control);
	assert_int_equal(fx->plan->instance_count, 6);
	discover(fx, ""); /* says nothing of what the client has */
	assert_int_equal(build(fx), BS_OK);
	assert_false(fx->plan->left_out_access_control);
}

/* ---- order, level, deletes ------------------------------------------------------------------------------------ */

/* covers: trap 4; resource 0/17 */
static void
extra_writes_are_grouped_and_oscore_comes_first(void **state)
{
	struct fixture *fx = *state;
	struct bs_grant *g = add_grant(fx->account, 101, BS_MODE_PSK);

	set(g, 0, 17, BS_TYPE_OBJLNK, "21:0");
	extra(fx->account, 3, 0, 14, BS_TYPE_STRING, "+01:00");
	extra(fx->account, 3, 0, 13, BS_TYPE_TIME, "now");
	extra(fx->account, 21, 0, 0, BS_TYPE_OPAQUE, "0102");
	extra(fx->account, 21, 0, 1, BS_TYPE_OPAQUE, "");
	extra(fx->account, 21, 0, 2, BS_TYPE_OPAQUE, "01");
	extra(fx->account, 11, 1, 0, BS_TYPE_STRING, "apn");
	extra(fx->account, 3, 0, 15, BS_TYPE_STRING, "Europe/Berlin");
	fx->view.version = BS_LWM2M_1_1;
	expect_plan(fx, DELETES "delete /21\n"
				"write /21/0 : 21/0 0=h'0102' 1=h'' 2=h'01'\n"
				"write /0/1 : 0/1" PSK_101 " 17=21:0\n"
				"write /1/0 : 1/0" SERVER_101 "\n"
				"write /3/0 : 3/0 13=1700000000 14=\"+01:00\"\n"
				"write /11/1 : 11/1 0=\"apn\"\n"
				"write /3/0 : 3/0 15=\"Europe/Berlin\"\n"
				"finish \n");
	/* Object 21 came with 1.1: nothing of it is left for a 1.0 client. */
	fx->view.version = BS_LWM2M_1_0;
	assert_int_equal(build(fx), BS_OK);
	describe(&fx->out, fx->plan);
	assert_null(strstr(fx->out.text, "/21"));
	assert_null(strstr(fx->out.text, "21:0"));
}

static void
object_level_makes_one_write_per_object(void **state)
{
	struct fixture *fx = *state;

	add_grant(fx->account, 101, BS_MODE_PSK);
	add_grant(fx->account, 102, BS_MODE_NOSEC);
	extra(fx->account, 3, 0, 14, BS_TYPE_STRING, "Z");
	fx->account->profile.write_level = BS_LEVEL_OBJECT;
	expect_plan(fx, DELETES "write /0 : 0/1" PSK_101
				" 0/2 0=\"coaps://s102.example:5684\" 1=false 2=3 3=h'' 4=h'' 5=h'' 10=102\n"
				"write /1 : 1/0" SERVER_101 " 1/1 0=102 1=86400 6=true 7=\"U\"\n"
				"write /3 : 3/0 14=\"Z\"\n"
				"finish \n");
}

/* Octets go as such, but not none at all; a resource that LwM2M leaves optional may be unknown, a Short Server ID not. */
static void
resource_level_makes_one_write_a_resource(void **state)
{
	static const struct {
		uint16_t rid, format;
		bool unknown_ok;
		const char *payload; /* NULL: not looked at */
	} rows[] = { { 0, 11542, false, NULL }, { 1, 11542, false, "c10100" }, { 2, 11542, false, "c10200" },
		{ 3, 42, false, "6964" }, { 4, 11542, false, "c004" }, { 5, 42, false, KEY_A_HEX },
		{ 9, 11542, true, "c4093132 3334" }, { 10, 11542, false, "c10a65" },
		{ 16, 11542, true, "88100c 4400 0000c0a8 4401 0000c0ae" } };
	struct fixture *fx = *state;
	struct bs_grant *g = add_grant(fx->account, 101, BS_MODE_PSK);
	struct bs_setting *second;

	g->sms.mode = 3;
	snprintf(g->sms_number, sizeof(g->sms_number), "1234");
	set(g, 0, 16, BS_TYPE_UNSIGNED, "49320")->multiple = true;
	second = set(g, 0, 16, BS_TYPE_UNSIGNED, "49326");
	second->multiple = true;
	second->riid = 1;
	fx->view.pct = 11542; /* 1.1: it has resource 16 */
	fx->account->profile.write_level = BS_LEVEL_RESOURCE;
	fx->account->profile.delete_policy = BS_DELETE_NONE;
	assert_int_equal(build(fx), BS_OK);
	for (size_t i = 0, k = 0; i < sizeof(rows) / sizeof(rows[0]); i++, k++) {
		const struct bs_op *op = &fx->plan->ops[k];
		uint8_t payload[256], want[256];
		size_t len;

		if (op->target.rid == 6) /* SMS Security Mode */
			op = &fx->plan->ops[++k];
		assert_int_equal(op->kind, BS_OP_WRITE);
		assert_int_equal(op->target.level, BS_LEVEL_RESOURCE);
		assert_int_equal(op->target.oid, 0);
		assert_int_equal(op->target.iid, 1);
		assert_int_equal(op->target.rid, rows[i].rid);
		assert_int_equal(bs_plan_op_format(fx->plan, op)->number, rows[i].format);
		assert_int_equal(op->unknown_ok, rows[i].unknown_ok);
		assert_true(op->mandatory);
		assert_int_equal(bs_plan_encode(fx->plan, op, payload, sizeof(payload), &len), BS_OK);
		if (rows[i].payload != NULL) {
			assert_int_equal(len, hex(rows[i].payload, want, sizeof(want)));
			assert_memory_equal(payload, want, len);
		}
	}
	fx->plan->no_single = true;
	assert_int_equal(bs_plan_op_format(fx->plan, &fx->plan->ops[3])->number, 11542);
}

static void
deletes_of_instances_follow_discover(void **state)
{
	struct fixture *fx = *state;

	fx->account->profile.delete_policy = BS_DELETE_INSTANCES;
	expect_plan(fx, "finish \n");
	assert_true(fx->plan->left_out_deletes);
	discover(fx,
		"</>;lwm2m=1.1,</0/0>,</0/1>;ssid=1,</0/4>;ssid=2,</1/3>;ssid=1,</1/5>,</2/0>,</3/0>,</21/0>;ssid=1");
	expect_plan(fx, "delete /0/1\ndelete /0/4\ndelete /1/3\ndelete /1/5\ndelete /2/0\nfinish \n");
	assert_false(fx->plan->left_out_deletes);
	fx->account->acls = grow(NULL, 0, sizeof(*fx->account->acls));
	fx->account->acl_count = 1;
	fx->account->acls[0] = (struct bs_acl){ 3, 0, 1, { { 1, 15 } }, 1 };
	fx->account->profile.access_control = BS_AC_EXPLICIT;
	extra(fx->account, 21, 0, 3, BS_TYPE_INTEGER, "10");
	expect_plan(fx, "delete /0/1\ndelete /0/4\ndelete /1/3\ndelete /1/5\ndelete /2/0\ndelete /21/0\n"
			"write /21/0 : 21/0 3=10\nwrite /2/0 : 2/0 0=3 1=0 2[1]=15 3=1\nfinish \n");
}

/* covers: trap 4 */
static void
deletes_follow_the_policy(void **state)
{
	struct fixture *fx = *state;

	fx->account->profile.delete_policy = BS_DELETE_ROOT;
	expect_plan(fx, "delete /\nfinish \n");
	fx->account->profile.delete_policy = BS_DELETE_NONE;
	expect_plan(fx, "finish \n");
	fx->account->profile.delete_policy = BS_DELETE_OBJECTS;
	expect_plan(fx, DELETES "finish \n");
}

/* ---- merging -------------------------------------------------------------------------------------------------- */

static struct bs_tree *
read_as(const char *tlv, uint16_t oid, struct bs_tree *before)
{
	struct bs_path target = { .level = BS_LEVEL_OBJECT, .oid = oid };
	struct bs_tree *tree = NULL;
	uint8_t data[2048];

	bs_tree_free(before);
	if (tlv == NULL)
		return NULL;
	assert_int_equal(bs_decode(11542, &target, data, hex(tlv, data, sizeof(data)), NULL, &tree), BS_OK);
	assert_true(bs_plan_may_keep(tree));
	return tree;
}

/* NULL: nothing there. */
static void
hold(struct fixture *fx, const char *links, const char *servers, const char *access_control)
{
	discover(fx, links);
	fx->servers = read_as(servers, 1, fx->servers);
	fx->access_control = read_as(access_control, 2, fx->access_control);
	fx->existing = (struct bs_existing){ fx->servers, fx->access_control };
	fx->view.existing = &fx->existing;
}

/* 999 at /1/0. Then 101 at /1/3: 300 s, 2: 5, 3: 0 is left out, 6: false, 7: "UQ", set by the client 11 and 12, unknown 99 */
#define HELD_999 "080010 C20003E7 C40100015180 C10601 C10755 "
#define HELD_101 "080320 C10065 C201012C C10205 C10300 C10600 C2075551 C10B03 C40C5F5E1000 C16301 "

static void
what_is_held_stands_between_defaults_and_settings(void **state)
{
	struct fixture *fx = *state;
	struct bs_grant *g = add_grant(fx->account, 101, BS_MODE_PSK);

	hold(fx, "</>;lwm2m=1.1,</0/0>,</0/1>;ssid=999,</0/5>;ssid=101,</1/0>;ssid=999,</1/3>;ssid=101",
		HELD_999 HELD_101, NULL);
	expect_plan(fx, "write /0/5 : 0/5" PSK_101 "\nwrite /1/3 : 1/3 0=101 1=300 2=5 6=false 7=\"U\"\nfinish \n");
	set(g, 1, 1, BS_TYPE_INTEGER, "600");
	set(g, 1, 7, BS_TYPE_STRING, "UT");
	expect_plan(fx, "write /0/5 : 0/5" PSK_101 "\nwrite /1/3 : 1/3 0=101 1=600 2=5 6=false 7=\"UT\"\nfinish \n");
	fx->account->profile.delete_policy = BS_DELETE_ROOT; /* for those that cannot be read */
	expect_plan(fx, "write /0/5 : 0/5" PSK_101 "\nwrite /1/3 : 1/3 0=101 1=600 2=5 6=false 7=\"UT\"\nfinish \n");
}

/* A resource of 1.1 that was read is not written where the profile caps the version; one out of range never. */
static void
what_is_held_fits_the_version_and_the_range(void **state)
{
	struct fixture *fx = *state;

	add_grant(fx->account, 101, BS_MODE_PSK);
	hold(fx, "</>;lwm2m=1.1,</0/0>,</0/1>;ssid=101,</1/0>;ssid=101", "08000C C10065 C11701 C11100 C10DF0",
		NULL); /* 23: true, 17: 0, 13: as Unsigned -16 */
	assert_string_equal(instance_text(fx, 1, 0), " 1/0" SERVER_101 " 13=240u 23=true");
	fx->account->profile.max_version = BS_LWM2M_1_0;
	assert_string_equal(instance_text(fx, 1, 0), " 1/0" SERVER_101);
}

/* Discover shows an instance twice: as the bootstrap account and 101's, as 102's and 103's. */
static void
instances_that_are_shown_twice(void **state)
{
	struct fixture *fx = *state;

	for (uint16_t ssid = 101; ssid <= 103; ssid++)
		add_grant(fx->account, ssid, BS_MODE_PSK);
	hold(fx, "</>;lwm2m=1.1,</0/0>,</0/0>;ssid=101,</0/1>;ssid=102,</0/1>;ssid=103,</1>", NULL, NULL);
	build(fx);
	describe(&fx->out, fx->plan);
	assert_non_null(strstr(fx->out.text, "write /0/2 : 0/2 0=\"coaps://s101"));
	assert_non_null(strstr(fx->out.text, "write /0/1 : 0/1 0=\"coaps://s102"));
	assert_non_null(strstr(fx->out.text, "write /0/3 : 0/3 0=\"coaps://s103"));
}

/* A resource that the operator sets is the operator's as a whole, whatever instances of it were read. */
static void
settings_replace_all_of_a_multiple_resource(void **state)
{
	struct fixture *fx = *state;
	struct bs_grant *g = add_grant(fx->account, 101, BS_MODE_PSK);

	/* 25, instances 0: "1.0" and 1: "1.1" */
	hold(fx, "</>;lwm2m=1.2,</0/0>,</0/1>;ssid=101,</1/0>;ssid=101", "080010 C10065 88190A 4300312E30 4301312E31",
		NULL);
	assert_string_equal(instance_text(fx, 1, 0), " 1/0" SERVER_101 " 25[0]=\"1.0\" 25[1]=\"1.1\"");
	set(g, 1, 25, BS_TYPE_STRING, "1.2")->multiple = true;
	assert_string_equal(instance_text(fx, 1, 0), " 1/0" SERVER_101 " 25[0]=\"1.2\"");
}

/* What Discover leaves out and a Read shows is taken all the same. */
static void
instances_that_only_a_read_shows_are_taken(void **state)
{
	struct fixture *fx = *state;

	add_grant(fx->account, 101, BS_MODE_PSK);
	hold(fx, "</>;lwm2m=1.1,</0/0>,</0/1>;ssid=999,</1/0>;ssid=999", HELD_999 "080104 C20003E6", NULL);
	assert_string_equal(instance_text(fx, 1, 2), " 1/2" SERVER_101);
}

/* A server that is new to the client goes where nothing is, and by the operator's model of access control each has its own. */
static void
new_servers_take_free_instances(void **state)
{
	struct fixture *fx = *state;

	add_grant(fx->account, 101, BS_MODE_PSK);
	add_grant(fx->account, 102, BS_MODE_PSK);
	hold(fx, "</>;lwm2m=1.1,</0/0>,</0/1>;ssid=999,</0/3>;ssid=102,</1/0>;ssid=999,</1/2>,</2>",
		HELD_999 "080203 C10066", NULL);
	build(fx);
	describe(&fx->out, fx->plan);
	assert_non_null(strstr(fx->out.text, "write /0/2 : 0/2 0=\"coaps://s101"));
	assert_non_null(strstr(fx->out.text, "write /0/3 : 0/3 0=\"coaps://s102"));
	assert_non_null(strstr(fx->out.text, "write /1/1 : 1/1 0=101"));
	assert_non_null(strstr(fx->out.text, "write /1/2 : 1/2 0=102"));
	assert_null(strstr(fx->out.text, "write /2"));
	fx->account->profile.access_control = BS_AC_DERIVED;
	build(fx);
	describe(&fx->out, fx->plan);
	assert_non_null(strstr(fx->out.text, "write /2/0 : 2/0 0=1 1=1 2[101]=15 3=101\n"
					     "write /2/1 : 2/1 0=1 1=2 2[102]=15 3=102\n"
					     "write /2/2 : 2/2 0=1 1=0 2[999]=15 3=999\nfinish"));
}

/* One of the operator's beside another's: access control begins, and the other keeps what it had alone. */
static void
one_server_beside_anothers(void **state)
{
	struct fixture *fx = *state;

	add_grant(fx->account, 101, BS_MODE_PSK);
	fx->account->profile.access_control = BS_AC_DERIVED;
	hold(fx, "</>;lwm2m=1.1,</0/0>,</0/1>;ssid=999,</1/0>;ssid=999,</2>", HELD_999, NULL);
	build(fx);
	describe(&fx->out, fx->plan);
	assert_non_null(strstr(fx->out.text, "write /2/0 : 2/0 0=1 1=1 2[101]=15 3=101\n"
					     "write /2/1 : 2/1 0=1 1=0 2[999]=15 3=999\nfinish"));
	hold(fx, "</>;lwm2m=1.1,</0/0>,</0/1>;ssid=101,</1/0>;ssid=101,</2>", "080003 C10065", NULL);
	build(fx);
	describe(&fx->out, fx->plan);
	assert_null(strstr(fx->out.text, "write /2"));
	hold(fx, "</>;lwm2m=1.1,</0/0>,</0/1>;ssid=999,</1/0>;ssid=999", HELD_999, NULL); /* no Object 2 */
	build(fx);
	describe(&fx->out, fx->plan);
	assert_null(strstr(fx->out.text, "write /2"));
	assert_true(fx->plan->left_out_access_control);
}

/*
 * Held: /2/4 about /1/1 (0: 1, 101: 1, 102: 7, 999: 5, owner 999), /2/0 about /1/0 (999: 15, owner 999), /2/9 about /3/0
 * (999: 1, owner 65535). Operator's: 102 has no entry at /1/1, and the second server's instance is called 1/1 though it is new.
 */
static void
access_control_is_mapped(void **state)
{
	static const char held[] = "08041A C10001 C10101 88020D 410001 416501 416607 6103E705 C20303E7 "
				   "080010 C10001 C10100 8402 6103E70F C20303E7 "
				   "080912 C10003 C10100 8402 6103E701 C4030000FFFF";
	struct fixture *fx = *state;
	struct bs_account *a = fx->account;

	add_grant(a, 101, BS_MODE_PSK);
	add_grant(a, 102, BS_MODE_PSK);
	a->profile.access_control = BS_AC_EXPLICIT;
	a->acls = calloc(3, sizeof(*a->acls));
	assert_non_null(a->acls);
	a->acl_count = 3;
	a->acls[0] = (struct bs_acl){ 1, 0, 101, { { 101, 15 } }, 1 };
	a->acls[1] = (struct bs_acl){ 1, 1, 102, { { 102, 15 }, { 0, 0 } }, 2 };
	a->acls[2] = (struct bs_acl){ 3, 0, 101, { { 101, 3 } }, 1 };
	hold(fx,
		"</>;lwm2m=1.1,</0/0>,</0/1>;ssid=999,</0/2>;ssid=101,</1/0>;ssid=999,</1/1>;ssid=101,</2/0>,</2/4>,</"
		"2/9>",
		HELD_999 "080103 C10065", held);
	build(fx);
	describe(&fx->out, fx->plan);
	assert_non_null(strstr(fx->out.text,
		"write /2/4 : 2/4 0=1 1=1 2[0]=1 2[101]=15 2[999]=5 3=101\n" /* /1/1 is 101's, whatever it is called */
		"write /2/1 : 2/1 0=1 1=2 2[0]=0 2[102]=15 3=102\n"
		"write /2/9 : 2/9 0=3 1=0 2[101]=3 2[999]=1 3=101\nfinish"));
}

/* No more than a Write can carry again. */
static void
too_much_is_not_kept(void **state)
{
	static const struct bs_entry many[700];
	static const uint8_t text[6000];
	struct bs_entry one = { .rid = 7, .value = bs_value_bytes(BS_TYPE_STRING, text, 5000) };
	struct bs_instance inst = { .oid = 1, .entries = many, .count = 682 };
	struct bs_tree tree = { .instances = &inst, .count = 1 };

	(void)state;
	assert_true(bs_plan_may_keep(&tree));
	inst.count = 683;
	assert_false(bs_plan_may_keep(&tree));
	inst = (struct bs_instance){ .oid = 1, .entries = &one, .count = 1 };
	assert_true(bs_plan_may_keep(&tree));
	one.value.bytes.len = 6000;
	assert_false(bs_plan_may_keep(&tree));
}

/* ---- version and format --------------------------------------------------------------------------------------- */

static void
version_and_format_are_chosen(void **state)
{
	static const struct {
		const char *name;
		enum bs_lwm2m discovered, unknown;
		int32_t pct;
		uint16_t profile_format;
		enum bs_lwm2m version;
		uint16_t format;
	} rows[] = {
		{ "nothing known", BS_LWM2M_UNKNOWN, BS_LWM2M_1_0, -1, 0, BS_LWM2M_1_0, 11542 },
		{ "nothing known, profile", BS_LWM2M_UNKNOWN, BS_LWM2M_1_1, -1, 0, BS_LWM2M_1_1, 11542 },
		{ "Discover", BS_LWM2M_1_2, BS_LWM2M_1_0, -1, 0, BS_LWM2M_1_2, 11542 },
		{ "Discover says less than the profile", BS_LWM2M_1_0, BS_LWM2M_1_2, -1, 0, BS_LWM2M_1_0, 11542 },
		{ "pct", BS_LWM2M_UNKNOWN, BS_LWM2M_1_0, 112, 0, BS_LWM2M_1_1, 112 },
		{ "pct for TLV", BS_LWM2M_UNKNOWN, BS_LWM2M_1_0, 11542, 0, BS_LWM2M_1_1, 11542 },
		{ "pct and Discover 1.0", BS_LWM2M_1_0, BS_LWM2M_1_0, 112, 0, BS_LWM2M_1_1, 112 },
		{ "pct and Discover 1.2", BS_LWM2M_1_2, BS_LWM2M_1_0, 112, 0, BS_LWM2M_1_2, 112 },
		{ "pct of 1.2", BS_LWM2M_UNKNOWN, BS_LWM2M_1_0, 11544, 0, BS_LWM2M_1_2, 11544 },
		{ "pct of 1.2 and Discover 1.1", BS_LWM2M_1_1, BS_LWM2M_1_0, 11544, 0, BS_LWM2M_1_2, 11544 },
		{ "pct for JSON", BS_LWM2M_UNKNOWN, BS_LWM2M_1_0, 110, 0, BS_LWM2M_1_1, 110 },
		{ "profile's format", BS_LWM2M_UNKNOWN, BS_LWM2M_1_0, 112, 11542, BS_LWM2M_1_1, 11542 },
		{ "pct of 1.2, overridden", BS_LWM2M_UNKNOWN, BS_LWM2M_1_0, 11544, 112, BS_LWM2M_1_2, 112 },
	};
	struct fixture *fx = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fx->view.version = rows[i].discovered;
		fx->view.pct = rows[i].pct;
		fx->account->profile.unknown_version = rows[i].unknown;
		fx->account->profile.format = rows[i].profile_format;
		assert_int_equal(build(fx), BS_OK);
		if (fx->plan->version != rows[i].version || fx->plan->format->number != rows[i].format)
			fail_msg(
				"%s: version %d, format %u", rows[i].name, fx->plan->version, fx->plan->format->number);
	}
}

static void
unknown_format_is_refused(void **state)
{
	static const int32_t numbers[] = { 0, 42, 50, 60, 1542, 65535, 65536, INT32_MAX };
	struct fixture *fx = *state;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		fx->view.pct = numbers[i];
		assert_int_equal(build(fx), BS_EUNSUPPORTED);
		assert_null(fx->plan);
	}
}

/* One Write of all, the instances of an object together and each of them once; nothing deleted, no Finish. */
static void
a_pack_is_one_write(void **state)
{
	static const struct bs_discovered own = {
		.links = { { .oid = 0, .iid = 0 }, { .oid = 0, .iid = 2 }, { .oid = 21, .iid = 1 } }, .count = 3
	};
	struct fixture *fx = *state;
	struct bs_grant *g = add_grant(fx->account, 101, BS_MODE_PSK);

	set(g, 0, 17, BS_TYPE_OBJLNK, "21:0");
	add_grant(fx->account, 102, BS_MODE_PSK);
	fx->account->profile.access_control = BS_AC_DERIVED;
	fx->account->profile.write_level = BS_LEVEL_RESOURCE;
	fx->account->profile.unknown_version = BS_LWM2M_1_0;
	extra(fx->account, 3, 0, 14, BS_TYPE_STRING, "Z");
	extra(fx->account, 11, 1, 0, BS_TYPE_STRING, "apn");
	extra(fx->account, 21, 0, 0, BS_TYPE_OPAQUE, "0102");
	extra(fx->account, 3, 0, 13, BS_TYPE_TIME, "now");
	extra(fx->account, 4, 0, 1, BS_TYPE_INTEGER, "1");
	extra(fx->account, 11, 0, 0, BS_TYPE_STRING, "apn2");
	extra(fx->account, 3, 0, 14, BS_TYPE_STRING, "later");
	fx->view.pack = true;
	expect_plan(fx, "write / : 21/0 0=h'0102' 0/1" PSK_101 " 17=21:0"
			" 0/2 0=\"coaps://s102.example:5684\" 1=false 2=0 3=h'6964' 4=h'' 5=h'" KEY_A_HEX "' 10=102"
			" 1/0" SERVER_101 " 1/1 0=102 1=86400 6=true 7=\"U\""
			" 2/0 0=1 1=0 2[101]=15 3=101 2/1 0=1 1=1 2[102]=15 3=102"
			" 3/0 13=1700000000 14=\"later\" 11/1 0=\"apn\" 11/0 0=\"apn2\" 4/0 1=1\n");
	assert_int_equal(fx->plan->version, BS_LWM2M_1_2);
	assert_int_equal(fx->plan->format->number, BS_CF_SENML_CBOR);
	assert_ptr_equal(bs_plan_op_format(fx->plan, &fx->plan->ops[0]), fx->plan->format);
	/* The instances of the bootstrap account are known: all others are free. */
	fx->view.own = &own;
	fx->view.pct = BS_CF_LWM2M_CBOR;
	assert_int_equal(build(fx), BS_OK);
	describe(&fx->out, fx->plan);
	assert_non_null(strstr(fx->out.text, " 0/1 0="));
	assert_non_null(strstr(fx->out.text, " 0/3 0="));
	assert_null(strstr(fx->out.text, " 0/2 0="));
	assert_int_equal(fx->plan->format->number, BS_CF_LWM2M_CBOR);
}

/* The whole account for a card or a maker, with the way back at /0/0; the version is the client's, the format the maker's. */
static void
a_factory_plan_has_the_bootstrap_account_first(void **state)
{
	struct fixture *fx = *state;
	struct bs_grant *own = calloc(1, sizeof(*own));

	add_grant(fx->account, 101, BS_MODE_PSK);
	*own = (struct bs_grant){ .repository = true, .bootstrap = true, .mode = BS_MODE_PSK };
	strcpy(own->uri, "coaps://bs.example");
	assert_int_equal(bs_blob_set(&own->public_or_identity, "me", 2), BS_OK);
	assert_int_equal(bs_secret_set(&own->secret_key, "0123456789abcdef", 16), BS_OK);
	fx->account->renewal = own;
	fx->account->profile.format = BS_CF_SENML_JSON; /* for devices that come; not for who makes them */
	fx->account->profile.write_level = BS_LEVEL_RESOURCE;
	extra(fx->account, 3, 0, 14, BS_TYPE_STRING, "Z");
	fx->view.factory = true;
	expect_plan(fx, "write / : 0/0 0=\"coaps://bs.example\" 1=true 2=0 3=h'6d65' 4=h'' "
			"5=h'30313233343536373839616263646566'"
			" 0/1" PSK_101 " 1/0" SERVER_101 " 3/0 14=\"Z\"\n");
	assert_int_equal(fx->plan->format->number, BS_CF_TLV);
	assert_int_equal(fx->plan->version, BS_LWM2M_1_0);
	assert_false(fx->plan->is_blind);
	fx->view.version = BS_LWM2M_1_2;
	fx->view.pct = BS_CF_SENML_CBOR;
	assert_int_equal(build(fx), BS_OK);
	assert_int_equal(fx->plan->version, BS_LWM2M_1_2);
	assert_int_equal(fx->plan->format->number, BS_CF_SENML_CBOR);
}

/* Of a raw key or certificate the device may have both halves from elsewhere: empty ones would take them away. */
static void
a_factory_plan_leaves_out_keys_that_the_store_has_not(void **state)
{
	struct fixture *fx = *state;
	struct bs_grant *own = calloc(1, sizeof(*own));

	*own = (struct bs_grant){ .repository = true, .bootstrap = true, .mode = BS_MODE_X509 };
	strcpy(own->uri, "coaps://bs.example");
	assert_int_equal(bs_blob_set(&own->server_key, "cert", 4), BS_OK);
	fx->account->renewal = own;
	fx->view.factory = true;
	expect_plan(fx, "write / : 0/0 0=\"coaps://bs.example\" 1=true 2=2 4=h'63657274'\n");
}

/* ---- payloads ------------------------------------------------------------------------------------------------- */

/* The worked example: coaps://dm.example:5684, identity dev-0001, key 00..0f, server 101, at /0/1. */
static void
payloads_are_encoded(void **state)
{
	struct fixture *fx = *state;
	struct bs_grant *g = add_grant(fx->account, 101, BS_MODE_PSK);
	uint8_t out[256], key[16];
	size_t len;

	for (uint8_t i = 0; i < 16; i++)
		key[i] = i;
	strcpy(g->uri, "coaps://dm.example:5684");
	assert_int_equal(bs_blob_set(&g->public_or_identity, "dev-0001", 8), BS_OK);
	assert_int_equal(bs_secret_set(&g->secret_key, key, 16), BS_OK);
	fx->account->profile.omit_unused_keys = true;
	assert_int_equal(build(fx), BS_OK);
	assert_int_equal(bs_plan_encode(fx->plan, &fx->plan->ops[2], out, sizeof(out), &len), BS_OK);
	assert_hex("/0/1 in TLV", out, len,
		"c80017 636f6170733a2f2f646d2e6578616d706c653a35363834 c10100 c10200 c80308 6465762d30303031"
		" c80510 000102030405060708090a0b0c0d0e0f c10a65");
	assert_int_equal(bs_plan_encode(fx->plan, &fx->plan->ops[3], out, sizeof(out), &len), BS_OK);
	assert_hex("/1/0 in TLV", out, len, "c10065 c40100015180 c10601 c10755");
	assert_int_equal(bs_plan_encode(fx->plan, &fx->plan->ops[2], out, 64, &len), BS_ESPACE);
	assert_int_equal(bs_plan_encode(fx->plan, &fx->plan->ops[0], out, sizeof(out), &len), BS_ESTATE);

	fx->view.pct = 112;
	fx->account->profile.write_level = BS_LEVEL_OBJECT;
	assert_int_equal(build(fx), BS_OK);
	assert_int_equal(bs_plan_encode(fx->plan, &fx->plan->ops[3], out, sizeof(out), &len), BS_OK);
	assert_hex("/1 in SenML CBOR", out, len,
		"84 a3 21 63 2f312f 00 63 302f30 02 1865 a2 00 63 302f31 02 1a00015180 a2 00 63 302f36 04 f5"
		" a2 00 63 302f37 03 61 55");
}

static void
nothing_is_fine_to_free(void **state)
{
	(void)state;
	bs_plan_free(NULL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_server_with_a_pre_shared_key),
		TEST(keys_follow_the_mode),
		TEST(device_that_holds_its_key_keeps_it),
		TEST(repository_has_no_server_instance),
		TEST(security_instances_avoid_the_bootstrap_account),
		TEST(deletes_by_name_spare_what_may_be_the_bootstrap_account),
		TEST(an_earlier_discover_still_holds),
		TEST(settings_override_and_are_ordered),
		TEST(no_maximum_period_is_left_out),
		TEST(settings_newer_than_the_client_are_left_out),
		TEST(deletes_follow_the_plan_before),
		TEST(max_version_caps_the_resources),
		TEST(resources_follow_the_version_of_their_object),
		TEST(binding_fits_the_version),
		TEST(settings_of_bootstrap_accounts_are_left_out),
		TEST(the_bootstrap_account_is_renewed_in_its_place),
		TEST(bad_settings_are_told),
		TEST(sms_fields_become_resources),
		TEST(keys_that_are_put_together_are_wiped),
		TEST(two_servers_own_their_instances),
		TEST(one_server_needs_no_access_control),
		TEST(explicit_entries_are_written),
		TEST(client_without_object_2_gets_none),
		TEST(extra_writes_are_grouped_and_oscore_comes_first),
		TEST(object_level_makes_one_write_per_object),
		TEST(deletes_follow_the_policy),
		TEST(resource_level_makes_one_write_a_resource),
		TEST(deletes_of_instances_follow_discover),
		TEST(what_is_held_stands_between_defaults_and_settings),
		TEST(what_is_held_fits_the_version_and_the_range),
		TEST(instances_that_are_shown_twice),
		TEST(settings_replace_all_of_a_multiple_resource),
		TEST(instances_that_only_a_read_shows_are_taken),
		TEST(new_servers_take_free_instances),
		TEST(one_server_beside_anothers),
		TEST(access_control_is_mapped),
		TEST(too_much_is_not_kept),
		TEST(version_and_format_are_chosen),
		TEST(unknown_format_is_refused),
		TEST(a_pack_is_one_write),
		TEST(a_factory_plan_has_the_bootstrap_account_first),
		TEST(a_factory_plan_leaves_out_keys_that_the_store_has_not),
		TEST(payloads_are_encoded),
		TEST(nothing_is_fine_to_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
