/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strangers, for system tests: from first ClientHellos to handshakes that stall at a step. Bounded in count and time, and to
 * loopback only.
 *
 *   flood KIND COUNT PER_SECOND 127.0.0.1:PORT NET/BITS [IDENTITY]
 *
 *   hello    a first ClientHello, as from a spoofed source: the cookie is not fetched
 *   half     the cookie comes back in a second ClientHello, then nothing
 *   key      then a ClientKeyExchange with IDENTITY, and a Finished that cannot be right; # in it stands for the number of
 *            the stranger
 *
 * Each stranger is a socket with a port of its own at one of the net's hosts, in turn at odd steps. Prints how many came, and
 * how many cookies they got. Ends after a minute at the latest.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define LIFE_S 60
#define COUNT_MAX 1000000
#define COOKIE_MAX 255
#define ANSWER_MS 200
#define BATCH 32 /* who wait for their cookie at the same time */
#define DATAGRAM_MAX 512

enum kind { HELLO, HALF, KEY, KINDS };
static const char *const kinds[KINDS] = { "hello", "half", "key" };

struct flood {
	enum kind kind;
	const char *identity;
	unsigned long count, per_second, sent, cookies;
	struct sockaddr_in to;
	uint32_t net, hosts;
};

struct stranger {
	unsigned long number;
	int fd;
};

/* A datagram under construction; what does not fit is left out. */
struct out {
	uint8_t data[DATAGRAM_MAX];
	size_t len;
};

static void
put(struct out *o, const void *data, size_t len)
{
	if (len > sizeof(o->data) - o->len)
		len = sizeof(o->data) - o->len;
	memcpy(o->data + o->len, data, len);
	o->len += len;
}

static void
put_number(struct out *o, uint64_t v, unsigned octets)
{
	for (unsigned i = octets; i > 0; i--) {
		uint8_t octet = (uint8_t)(v >> 8 * (i - 1));

		put(o, &octet, 1);
	}
}

/* RFC 6347, 4.1. */
static void
put_record(struct out *o, unsigned type, unsigned epoch, unsigned number, size_t len)
{
	put_number(o, type, 1);
	put_number(o, 0xfefd, 2);
	put_number(o, epoch, 2);
	put_number(o, number, 6);
	put_number(o, len, 2);
}

/* RFC 6347, 4.2.2: a message in one fragment, in a record of its own. */
static void
put_message(struct out *o, unsigned type, unsigned number, const struct out *body)
{
	put_record(o, 22, 0, number, 12 + body->len);
	put_number(o, type, 1);
	put_number(o, body->len, 3);
	put_number(o, number, 2);
	put_number(o, 0, 3);
	put_number(o, body->len, 3);
	put(o, body->data, body->len);
}

static void
send_out(const struct flood *f, int fd, const struct out *o)
{
	(void)!sendto(fd, o->data, o->len, 0, (const struct sockaddr *)&f->to, sizeof(f->to));
}

/* One that offers PSK-AES128-CCM8. */
static void
send_hello(const struct flood *f, const struct stranger *s, const uint8_t *cookie, size_t cookie_len)
{
	static const uint8_t tail[] = { 0, 2, 0xc0, 0xa8, 1, 0 }; /* one suite, no compression */
	struct out body = { 0 }, o = { 0 };

	put_number(&body, 0xfefd, 2);
	for (unsigned i = 0; i < 32; i += 8) /* random: the process keeps floods apart */
		put_number(&body, s->number ^ (uint64_t)getpid() << 32, 8);
	put_number(&body, 0, 1); /* no session ID */
	put_number(&body, cookie_len, 1);
	put(&body, cookie, cookie_len);
	put(&body, tail, sizeof(tail));
	put_message(&o, 1, cookie_len > 0, &body);
	send_out(f, s->fd, &o);
}

/* The rest of a client's second flight needs nothing of the server's first, if it need not be right. */
static void
send_key(const struct flood *f, const struct stranger *s)
{
	const char *hash = strchr(f->identity, '#');
	char identity[128];
	struct out body = { 0 }, o = { 0 };

	snprintf(identity, sizeof(identity), "%.*s", (int)(hash != NULL ? hash - f->identity : 100), f->identity);
	if (hash != NULL)
		snprintf(identity, sizeof(identity), "%.*s%lu%s", (int)(hash - f->identity), f->identity, s->number,
			hash + 1);
	put_number(&body, strlen(identity), 2);
	put(&body, identity, strlen(identity));
	put_message(&o, 16, 2, &body);
	put_record(&o, 20, 0, 3, 1); /* ChangeCipherSpec */
	put_number(&o, 1, 1);
	put_record(&o, 22, 1, 0, 40); /* no Finished of any key */
	for (unsigned i = 0; i < 40; i += 8)
		put_number(&o, s->number * 2654435761u, 8);
	send_out(f, s->fd, &o);
}

/* HelloVerifyRequest: record 13, handshake 12, version 2, cookie length. 0: it is none. */
static size_t
read_cookie(const uint8_t *in, ssize_t len, uint8_t cookie[COOKIE_MAX])
{
	if (len < 28 || in[0] != 22 || in[13] != 3 || 28 + in[27] > len)
		return 0;
	memcpy(cookie, in + 28, in[27]);
	return in[27];
}

static void
come(struct flood *f, struct stranger *s)
{
	struct sockaddr_in from = { .sin_family = AF_INET };
	const uint8_t nothing[1] = { 0 };

	s->number = f->sent++;
	from.sin_addr.s_addr = htonl(f->net + 1 + (uint32_t)(s->number * 2654435761u) % f->hosts);
	s->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (s->fd >= 0 && bind(s->fd, (struct sockaddr *)&from, sizeof(from)) == 0)
		send_hello(f, s, nothing, 0);
}

static void
go_on(struct flood *f, const struct stranger *s)
{
	struct pollfd p = { .fd = s->fd, .events = POLLIN };
	uint8_t in[DATAGRAM_MAX], cookie[COOKIE_MAX];
	size_t cookie_len = 0;

	if (s->fd >= 0 && f->kind != HELLO && poll(&p, 1, ANSWER_MS) == 1)
		cookie_len = read_cookie(in, recv(s->fd, in, sizeof(in), MSG_DONTWAIT), cookie);
	if (cookie_len == 0)
		return;
	f->cookies++;
	send_hello(f, s, cookie, cookie_len);
	if (f->kind == KEY)
		send_key(f, s);
}

static void
one_batch(struct flood *f, unsigned long n)
{
	struct stranger strangers[BATCH];

	for (unsigned long i = 0; i < n; i++)
		come(f, &strangers[i]);
	for (unsigned long i = 0; i < n; i++)
		go_on(f, &strangers[i]);
	for (unsigned long i = 0; i < n; i++)
		if (strangers[i].fd >= 0)
			close(strangers[i].fd);
}

static uint64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static bool
parse(struct flood *f, int argc, char **argv)
{
	char *colon = strchr(argv[4], ':'), *slash = strchr(argv[5], '/');
	struct in_addr net;
	unsigned long bits;
	unsigned kind = 0;

	while (kind < KINDS && strcmp(argv[1], kinds[kind]) != 0)
		kind++;
	if (colon == NULL || slash == NULL || kind == KINDS || (kind == KEY) != (argc == 7))
		return false;
	*colon = *slash = '\0';
	bits = strtoul(slash + 1, NULL, 10);
	f->kind = (enum kind)kind;
	f->identity = argc == 7 ? argv[6] : "";
	f->count = strtoul(argv[2], NULL, 10);
	f->per_second = strtoul(argv[3], NULL, 10);
	f->to.sin_family = AF_INET;
	f->to.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
	if (inet_pton(AF_INET, argv[4], &f->to.sin_addr) != 1 || inet_pton(AF_INET, argv[5], &net) != 1 || bits < 8 ||
		bits > 30)
		return false;
	f->net = ntohl(net.s_addr) & (UINT32_MAX << (32 - bits));
	f->hosts = (UINT32_C(1) << (32 - bits)) - 2;
	return f->count <= COUNT_MAX && f->per_second > 0 && f->net >> 24 == 127 && strlen(f->identity) < 100 &&
	       ntohl(f->to.sin_addr.s_addr) >> 24 == 127;
}

int
main(int argc, char **argv)
{
	struct flood f = { 0 };
	uint64_t start = now_ms();

	if ((argc != 6 && argc != 7) || !parse(&f, argc, argv)) {
		fputs("usage: flood hello|half COUNT PER_SECOND 127.0.0.1:PORT NET/BITS\n"
		      "       flood key COUNT PER_SECOND 127.0.0.1:PORT NET/BITS IDENTITY (loopback only)\n",
			stderr);
		return 2;
	}
	while (f.sent < f.count && now_ms() - start < LIFE_S * 1000) {
		uint64_t passed = now_ms() - start, due = f.sent * 1000 / f.per_second;
		unsigned long left = f.count - f.sent;

		if (due > passed)
			usleep((useconds_t)(due - passed) * 1000);
		one_batch(&f, left < BATCH ? left : BATCH);
	}
	printf("%lu sent, %lu cookies\n", f.sent, f.cookies);
	return f.sent == f.count ? 0 : 1;
}
