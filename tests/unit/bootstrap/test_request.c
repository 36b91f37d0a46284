/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/test.h"

#include <stdlib.h>

#include "server/bootstrap/request.h"

#define ABSENT -1

static const struct row {
	const char *name;
	uint8_t method;
	const char *path; /* segments separated by '/' */
	const char *query[4];
	uint8_t code;
	const char *ep; /* NULL: absent */
	int32_t pct;
} rows[] = {
	{ "1.0 client", BS_POST, "bs", { "ep=dev-0001" }, BS_EMPTY, "dev-0001", ABSENT },
	{ "1.1 client", BS_POST, "bs", { "ep=dev-0001", "pct=112" }, BS_EMPTY, "dev-0001", 112 },
	{ "order is free", BS_POST, "bs", { "pct=11542", "ep=dev-0001" }, BS_EMPTY, "dev-0001", 11542 },
	{ "no ep", BS_POST, "bs", { NULL }, BS_EMPTY, NULL, ABSENT },
	{ "unknown queries are ignored", BS_POST, "bs", { "x=1", "ep=a", "epx=b", "flag" }, BS_EMPTY, "a", ABSENT },
	{ "ep of one character outside ASCII", BS_POST, "bs", { "ep=\xc3\xa4" }, BS_EMPTY, "\xc3\xa4", ABSENT },
	{ "ep holds an equals sign", BS_POST, "bs", { "ep=a=b" }, BS_EMPTY, "a=b", ABSENT },

	{ "ep empty", BS_POST, "bs", { "ep=" }, BS_BAD_REQUEST, NULL, ABSENT },
	{ "ep twice", BS_POST, "bs", { "ep=a", "ep=a" }, BS_BAD_REQUEST, NULL, ABSENT },
	{ "ep not UTF-8", BS_POST, "bs", { "ep=\xff\xfe" }, BS_BAD_REQUEST, NULL, ABSENT },
	{ "pct empty", BS_POST, "bs", { "ep=a", "pct=" }, BS_BAD_REQUEST, NULL, ABSENT },
	{ "pct not a number", BS_POST, "bs", { "ep=a", "pct=tlv" }, BS_BAD_REQUEST, NULL, ABSENT },
	{ "pct negative", BS_POST, "bs", { "ep=a", "pct=-1" }, BS_BAD_REQUEST, NULL, ABSENT },
	{ "pct with a blank", BS_POST, "bs", { "ep=a", "pct=112 " }, BS_BAD_REQUEST, NULL, ABSENT },
	{ "pct twice", BS_POST, "bs", { "ep=a", "pct=112", "pct=112" }, BS_BAD_REQUEST, NULL, ABSENT },
	{ "bad ep outweighs unknown pct", BS_POST, "bs", { "pct=50", "ep=" }, BS_BAD_REQUEST, NULL, ABSENT },

	{ "SenML JSON", BS_POST, "bs", { "ep=a", "pct=110" }, BS_EMPTY, "a", 110 },
	{ "LwM2M CBOR", BS_POST, "bs", { "ep=a", "pct=11544" }, BS_EMPTY, "a", 11544 },
	{ "pct of a single value: text", BS_POST, "bs", { "ep=a", "pct=0" }, BS_UNSUPPORTED_FORMAT, NULL, ABSENT },
	{ "pct of a single value: opaque", BS_POST, "bs", { "ep=a", "pct=42" }, BS_UNSUPPORTED_FORMAT, NULL, ABSENT },
	{ "pct of a single value: CBOR", BS_POST, "bs", { "ep=a", "pct=60" }, BS_UNSUPPORTED_FORMAT, NULL, ABSENT },
	{ "pct that nobody writes", BS_POST, "bs", { "ep=a", "pct=50" }, BS_UNSUPPORTED_FORMAT, NULL, ABSENT },
	{ "pct beyond 16 bits", BS_POST, "bs", { "ep=a", "pct=65648" }, BS_UNSUPPORTED_FORMAT, NULL, ABSENT },
	{ "pct beyond 64 bits", BS_POST, "bs", { "ep=a", "pct=36893488147419103344" }, BS_UNSUPPORTED_FORMAT, NULL,
		ABSENT },

	{ "GET /bs", BS_GET, "bs", { "ep=a" }, BS_METHOD_NOT_ALLOWED, NULL, ABSENT },
	{ "PUT /bs", BS_PUT, "bs", { NULL }, BS_METHOD_NOT_ALLOWED, NULL, ABSENT },
	{ "pack", BS_GET, "bspack", { "ep=a" }, BS_EMPTY, "a", ABSENT },
	{ "pack: pct says nothing", BS_GET, "bspack", { "ep=a", "pct=tlv" }, BS_EMPTY, "a", ABSENT },
	{ "pack: ep empty", BS_GET, "bspack", { "ep=" }, BS_BAD_REQUEST, NULL, ABSENT },
	{ "pack: acc twice", BS_GET, "bspack", { "acc=</0/0>", "acc=" }, BS_BAD_REQUEST, NULL, ABSENT },
	{ "acc belongs to a pack alone", BS_POST, "bs", { "acc=a", "acc=b" }, BS_EMPTY, NULL, ABSENT },
	{ "POST /bspack", BS_POST, "bspack", { NULL }, BS_METHOD_NOT_ALLOWED, NULL, ABSENT },
	{ "POST /", BS_POST, "", { NULL }, BS_NOT_FOUND, NULL, ABSENT },
	{ "POST /rd", BS_POST, "rd", { "ep=a" }, BS_NOT_FOUND, NULL, ABSENT },
	{ "POST /bs/x", BS_POST, "bs/x", { "ep=a" }, BS_NOT_FOUND, NULL, ABSENT },
	{ "POST /b", BS_POST, "b", { NULL }, BS_NOT_FOUND, NULL, ABSENT },
	{ "path is case-sensitive", BS_POST, "BS", { NULL }, BS_NOT_FOUND, NULL, ABSENT },
};

static void
split(struct bs_msg *msg, const char *path)
{
	while (*path != '\0') {
		size_t n = strcspn(path, "/");

		msg->path[msg->path_count++] = (struct bs_segment){ (const uint8_t *)path, n };
		path += n + (path[n] == '/');
	}
}

static void
make(struct bs_msg *msg, const struct row *r)
{
	memset(msg, 0, sizeof(*msg));
	msg->type = BS_CON;
	msg->code = r->method;
	msg->content_format = msg->accept = BS_NO_FORMAT;
	split(msg, r->path);
	for (size_t i = 0; i < 4 && r->query[i] != NULL; i++)
		msg->query[msg->query_count++] = (struct bs_segment){ (const uint8_t *)r->query[i],
			strlen(r->query[i]) };
}

static void
test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bs_request req;
		struct bs_msg msg;
		uint8_t code;

		make(&msg, &rows[i]);
		code = bs_request_parse(&msg, NULL, &req);
		if (code != rows[i].code)
			fail_msg("%s: got %u.%02u", rows[i].name, code >> 5, code & 31);
		if (code != BS_EMPTY)
			continue;
		assert_int_equal(req.has_ep, rows[i].ep != NULL);
		assert_string_equal(req.ep, rows[i].ep != NULL ? rows[i].ep : "");
		assert_int_equal(req.pct, rows[i].pct);
	}
}

/* What a request for a pack says, and that a later block is one whatever its query holds. */
static void
test_pack(void **state)
{
	struct row r = { "", BS_GET, "bspack", { "ep=a", "acc=</0/0>,</21/0>" }, 0, NULL, ABSENT };
	struct bs_request req;
	struct bs_msg msg;

	(void)state;
	make(&msg, &r);
	assert_int_equal(bs_request_parse(&msg, NULL, &req), BS_EMPTY);
	assert_int_equal(req.kind, BS_REQUEST_PACK);
	assert_int_equal(req.acc.len, 14);
	assert_memory_equal(req.acc.data, "</0/0>,</21/0>", 14);
	msg.block2 = (struct bs_block){ .present = true, .szx = 6 };
	assert_int_equal(bs_request_parse(&msg, NULL, &req), BS_EMPTY);
	assert_int_equal(req.kind, BS_REQUEST_PACK);
	msg.block2.num = 1;
	assert_int_equal(bs_request_parse(&msg, NULL, &req), BS_EMPTY);
	assert_int_equal(req.kind, BS_REQUEST_PACK_BLOCK);
	r.query[0] = "ep=";
	make(&msg, &r);
	msg.block2 = (struct bs_block){ .present = true, .num = 1 };
	assert_int_equal(bs_request_parse(&msg, NULL, &req), BS_EMPTY);
	r.method = BS_POST;
	r.path = "bs";
	r.query[0] = "ep=a";
	make(&msg, &r);
	msg.block2 = (struct bs_block){ .present = true, .num = 1 };
	assert_int_equal(bs_request_parse(&msg, NULL, &req), BS_EMPTY);
	assert_int_equal(req.kind, BS_REQUEST_BOOTSTRAP);
}

/* The longest name fits exactly; one octet more cannot come in a Uri-Query, but must not overflow when it does. */
static void
test_longest_ep(void **state)
{
	char query[3 + BS_ENDPOINT_MAX + 2] = "ep=";
	struct row r = { "", BS_POST, "bs", { query }, 0, NULL, ABSENT };
	struct bs_request req;
	struct bs_msg msg;

	(void)state;
	memset(query + 3, 'e', BS_ENDPOINT_MAX);
	make(&msg, &r);
	assert_int_equal(bs_request_parse(&msg, NULL, &req), BS_EMPTY);
	assert_int_equal(strlen(req.ep), 252);
	memset(query + 3, 'e', BS_ENDPOINT_MAX + 1);
	make(&msg, &r);
	assert_int_equal(bs_request_parse(&msg, NULL, &req), BS_BAD_REQUEST);
}

static void
test_nul_in_ep(void **state)
{
	static const uint8_t query[] = { 'e', 'p', '=', 'a', 0, 'b' };
	struct row r = { "", BS_POST, "bs", { NULL }, 0, NULL, ABSENT };
	struct bs_request req;
	struct bs_msg msg;

	(void)state;
	make(&msg, &r);
	msg.query[msg.query_count++] = (struct bs_segment){ query, sizeof(query) };
	assert_int_equal(bs_request_parse(&msg, NULL, &req), BS_BAD_REQUEST);
}

static void
test_payload_is_ignored(void **state)
{
	struct row r = { "", BS_POST, "bs", { "ep=a" }, 0, NULL, ABSENT };
	struct bs_request req;
	struct bs_msg msg;

	(void)state;
	make(&msg, &r);
	msg.payload = (const uint8_t *)"xyz";
	msg.payload_len = 3;
	assert_int_equal(bs_request_parse(&msg, NULL, &req), BS_EMPTY);
	assert_string_equal(req.ep, "a");
}

/* Each query in a block of exactly its size, cut at every length: nothing is read behind its end. */
static void
test_every_prefix(void **state)
{
	static const char *const whole[] = { "ep=dev-0001", "pct=112" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		for (size_t n = 0; n <= strlen(whole[i]); n++) {
			struct row r = { "", BS_POST, "bs", { NULL }, 0, NULL, ABSENT };
			uint8_t *copy = exact_copy(whole[i], n);
			struct bs_request req;
			struct bs_msg msg;
			uint8_t want = BS_EMPTY;

			if ((i == 0 && n == 3) || (i == 1 && n == 4))
				want = BS_BAD_REQUEST; /* "ep=", "pct=" */
			else if (i == 1 && (n == 5 || n == 6))
				want = BS_UNSUPPORTED_FORMAT; /* 1 and 11 */
			make(&msg, &r);
			msg.query[msg.query_count++] = (struct bs_segment){ copy, n };
			assert_int_equal(bs_request_parse(&msg, NULL, &req), want);
			free(copy);
		}
	}
}

/* Paths of bootstrap URIs in front of the operation's. */
static void
test_roots(void **state)
{
	static const struct {
		uint8_t method;
		const char *path;
		uint8_t code;
	} paths[] = {
		{ BS_POST, "bs", BS_EMPTY },
		{ BS_POST, "t7/bs", BS_EMPTY },
		{ BS_POST, "a b/c/bs", BS_EMPTY },
		{ BS_GET, "t7/bspack", BS_EMPTY },
		{ BS_GET, "t7/bs", BS_METHOD_NOT_ALLOWED },
		{ BS_POST, "t8/bs", BS_NOT_FOUND },
		{ BS_POST, "t/bs", BS_NOT_FOUND },
		{ BS_POST, "t77/bs", BS_NOT_FOUND },
		{ BS_POST, "T7/bs", BS_NOT_FOUND },
		{ BS_POST, "t7", BS_NOT_FOUND },
		{ BS_POST, "t7/t7/bs", BS_NOT_FOUND },
		{ BS_POST, "t7/bs/bs", BS_NOT_FOUND },
		{ BS_POST, "bs/t7", BS_NOT_FOUND },
		{ BS_POST, "a b/bs", BS_NOT_FOUND },
		{ BS_POST, "t7/x", BS_NOT_FOUND },
		{ BS_POST, "a b/c/d/e/f/g/h/bs", BS_NOT_FOUND },
		{ BS_POST, "", BS_NOT_FOUND },
	};
	struct bs_roots roots = { 0 };

	(void)state;
	assert_int_equal(bs_roots_add(&roots, "/t7", NULL), BS_OK);
	assert_int_equal(bs_roots_add(&roots, "/a%20b/c", NULL), BS_OK);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct row r = { "", paths[i].method, paths[i].path, { "x=1", "ep=a" }, 0, NULL, ABSENT };
		struct bs_request req;
		struct bs_msg msg;

		make(&msg, &r);
		if (bs_request_parse(&msg, &roots, &req) != paths[i].code)
			fail_msg("%s", paths[i].path);
		if (paths[i].code == BS_EMPTY)
			assert_string_equal(req.ep, "a");
	}
	roots.count = 0;
	assert_int_equal(bs_roots_add(&roots, "/t7/", NULL), BS_OK);
	struct row r = { "", BS_POST, "t7//bs", { "ep=a" }, 0, NULL, ABSENT };
	struct bs_request req;
	struct bs_msg msg;
	make(&msg, &r);
	assert_int_equal(bs_request_parse(&msg, &roots, &req), BS_EMPTY);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_pack),
		cmocka_unit_test(test_longest_ep),
		cmocka_unit_test(test_nul_in_ep),
		cmocka_unit_test(test_payload_is_ignored),
		cmocka_unit_test(test_every_prefix),
		cmocka_unit_test(test_roots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
