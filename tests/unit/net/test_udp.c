/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets on loopback: answers leave from the address that was asked, also on a wildcard socket. */
#include "tests/lib/test.h"

#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "server/net/mailbox.h"
#include "server/net/udp.h"

struct echo {
	struct bs_udp *udp;
	size_t count;
	char local[BS_ADDR_TEXT];
};

static void
echo(void *arg, const struct bs_addr *local, const struct bs_addr *remote, const uint8_t *data, size_t len)
{
	struct echo *e = arg;

	e->count++;
	bs_addr_format(local, e->local);
	assert_true(bs_udp_serves(e->udp, local));
	bs_udp_send(e->udp, local, remote, data, len);
}

/* Send count datagrams to where on the server's port; the answers must come from there. */
static void
exchange(const char *listen, const char *where, size_t count, const char *seen)
{
	struct bs_addr addr, to, from;
	struct echo e = { 0 };
	int fd;

	assert_int_equal(bs_addr_parse(listen, &addr), BS_OK);
	assert_int_equal(bs_udp_open(&addr, &e.udp, NULL), BS_OK);
	assert_int_equal(bs_addr_parse(where, &to), BS_OK);
	to.in4.sin_port = htons(
		bs_addr_port(bs_udp_get_addr(e.udp))); /* the port lies at the same place in both families */
	fd = socket(to.sa.sa_family, SOCK_DGRAM, 0);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(sendto(fd, "ping", 4, 0, &to.sa, to.len), 4);
	while (e.count < count) {
		struct pollfd p = { .fd = bs_udp_get_fd(e.udp), .events = POLLIN };

		assert_int_equal(poll(&p, 1, 2000), 1);
		assert_in_range(bs_udp_receive(e.udp, echo, &e), 1, BS_UDP_BURST);
	}
	bs_udp_flush(e.udp);
	for (size_t i = 0; i < count; i++) {
		struct sockaddr_storage ss;
		socklen_t len = sizeof(ss);
		char data[8];

		assert_int_equal(recvfrom(fd, data, sizeof(data), 0, (struct sockaddr *)&ss, &len), 4);
		bs_addr_set(&from, (struct sockaddr *)&ss, len);
		assert_true(bs_addr_equal(&from, &to));
	}
	assert_int_equal(strncmp(e.local, seen, strlen(seen)), 0);
	assert_int_equal(bs_udp_get_counters(e.udp)->sent, count);
	close(fd);
	bs_udp_close(e.udp);
}

static void
test_one_address(void **state)
{
	(void)state;
	exchange("127.0.0.1:0", "127.0.0.1:0", 1, "127.0.0.1:");
}

static void
test_burst(void **state)
{
	(void)state;
	exchange("127.0.0.1:0", "127.0.0.1:0", 3 * BS_UDP_BURST + 1, "127.0.0.1:");
}

static void
test_wildcard_ipv4(void **state)
{
	(void)state;
	exchange("0.0.0.0:0", "127.0.0.2:0", 1, "127.0.0.2:");
}

static void
test_wildcard_both(void **state)
{
	(void)state;
	exchange("*:0", "127.0.0.2:0", 1, "127.0.0.2:");
	exchange("*:0", "[::1]:0", 1, "[::1]:");
}

static void
test_taken(void **state)
{
	struct bs_addr addr;
	struct bs_udp *u;
	struct bs_diag diag;

	(void)state;
	assert_int_equal(bs_addr_parse("192.0.2.1:5684", &addr), BS_OK); /* an address that is not this machine's */
	assert_int_equal(bs_udp_open(&addr, &u, &diag), BS_EIO);
	assert_string_equal(diag.text, "cannot listen on 192.0.2.1:5684: Cannot assign requested address");
}

static void
collect(void *arg, const struct bs_mail *mail)
{
	uint64_t *sum = arg;

	*sum = *sum * 10 + mail->run;
}

static void
test_mailbox(void **state)
{
	struct bs_mailbox *m;
	uint64_t sum = 0;

	(void)state;
	assert_int_equal(bs_mailbox_new(&m), BS_OK);
	for (uint64_t i = 1; i <= 3; i++)
		assert_int_equal(bs_mailbox_post(m, &(struct bs_mail){ .kind = BS_MAIL_SUPERSEDED, .run = i }), BS_OK);
	assert_int_equal(poll(&(struct pollfd){ .fd = bs_mailbox_get_fd(m), .events = POLLIN }, 1, 0), 1);
	bs_mailbox_drain(m, collect, &sum);
	assert_int_equal(sum, 123);
	assert_int_equal(poll(&(struct pollfd){ .fd = bs_mailbox_get_fd(m), .events = POLLIN }, 1, 0), 0);
	assert_int_equal(bs_mailbox_post(m, &(struct bs_mail){ .kind = BS_MAIL_STOP, .run = 4 }), BS_OK);
	bs_mailbox_free(m); /* with mail inside */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_address),
		cmocka_unit_test(test_burst),
		cmocka_unit_test(test_wildcard_ipv4),
		cmocka_unit_test(test_wildcard_both),
		cmocka_unit_test(test_taken),
		cmocka_unit_test(test_mailbox),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
