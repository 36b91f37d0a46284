/* SPDX-License-Identifier: Apache-2.0 */
/* Which host of an HTTP request is ours; the same on the running daemon: system/test_http.sh. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/admin/host.h"

static char monitor[] = "monitor.example.com", dotted[] = "Other.Example.com.";
static char *items[] = { monitor, dotted };
static const struct bs_conf_list names = { .items = items, .count = 2 }, none;

static const struct {
	const char *text;
	enum bs_host_verdict verdict;
} rows[] = {
	{ "localhost", BS_HOST_GOOD },
	{ "LOCALHOST.:80", BS_HOST_GOOD },
	{ "localhost:", BS_HOST_GOOD },
	{ "localhost:65535", BS_HOST_GOOD },
	{ "127.0.0.1", BS_HOST_GOOD },
	{ "192.0.2.7:5680", BS_HOST_GOOD },
	{ "[::1]", BS_HOST_GOOD },
	{ "[2001:db8::7]:5680", BS_HOST_GOOD },
	{ "[::ffff:192.0.2.7]", BS_HOST_GOOD },
	{ "monitor.example.com", BS_HOST_GOOD },
	{ "MONITOR.example.COM.:9090", BS_HOST_GOOD },
	{ "other.example.com", BS_HOST_GOOD },
	{ "evil.example", BS_HOST_FOREIGN },
	{ "localhost.evil.example", BS_HOST_FOREIGN },
	{ "evil.localhost", BS_HOST_FOREIGN },
	{ "monitor.example.co", BS_HOST_FOREIGN },
	{ "monitor.example.comm", BS_HOST_FOREIGN },
	{ "localhost..", BS_HOST_FOREIGN },
	{ ".", BS_HOST_FOREIGN },
	{ "127.1", BS_HOST_FOREIGN },
	{ "127.0.0.1.", BS_HOST_FOREIGN },
	{ "127.0.0.1.evil.example", BS_HOST_FOREIGN },
	{ "0x7f000001", BS_HOST_FOREIGN },
	{ "[localhost]", BS_HOST_FOREIGN },
	{ "[127.0.0.1]", BS_HOST_FOREIGN },
	{ "[fe80::1%25eth0]", BS_HOST_FOREIGN },
	{ "[1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb]", BS_HOST_FOREIGN },
	{ "", BS_HOST_BAD },
	{ ":80", BS_HOST_BAD },
	{ "::1", BS_HOST_BAD },
	{ "[::1", BS_HOST_BAD },
	{ "[", BS_HOST_BAD },
	{ "[::1]evil", BS_HOST_BAD },
	{ "[::1]:x", BS_HOST_BAD },
	{ "localhost:evil", BS_HOST_BAD },
	{ "localhost:123456", BS_HOST_BAD },
	{ "localhost@evil.example", BS_HOST_BAD },
	{ "localhost, evil.example", BS_HOST_BAD },
	{ "localhost evil.example", BS_HOST_BAD },
	{ "localhost/x", BS_HOST_BAD },
	{ "caf\xc3\xa9.example", BS_HOST_BAD },
};

static void
hosts_are_ours_foreign_or_none(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *copy = (char *)exact_copy(rows[i].text, strlen(rows[i].text) + 1);

		if (bs_host_judge(copy, &names) != rows[i].verdict)
			fail_msg("\"%s\"", rows[i].text);
		free(copy);
	}
}

static void
without_names_addresses_and_localhost_are_left(void **state)
{
	(void)state;
	assert_int_equal(bs_host_judge("localhost", &none), BS_HOST_GOOD);
	assert_int_equal(bs_host_judge("[::1]:1", &none), BS_HOST_GOOD);
	assert_int_equal(bs_host_judge("monitor.example.com", &none), BS_HOST_FOREIGN);
}

/* The longest name that DNS has, with its dot; one letter more is none. */
static void
a_name_has_a_length(void **state)
{
	char name[300], with_port[310];

	(void)state;
	for (size_t len = 1; len < sizeof(name) - 1; len++) {
		enum bs_host_verdict wanted = len <= 254 ? BS_HOST_FOREIGN : BS_HOST_BAD;

		memset(name, 'a', len);
		name[len] = '\0';
		snprintf(with_port, sizeof(with_port), "%s:1", name);
		assert_int_equal(bs_host_judge(name, &names), wanted);
		assert_int_equal(bs_host_judge(with_port, &names), wanted);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts_are_ours_foreign_or_none),
		cmocka_unit_test(without_names_addresses_and_localhost_are_left),
		cmocka_unit_test(a_name_has_a_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
