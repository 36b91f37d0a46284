/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strangers, for system tests: first ClientHellos from many addresses, or handshakes that stop when the cookie came back.
 * Bounded in count and time, and to loopback only.
 *
 *   flood hello|half COUNT PER_SECOND 127.0.0.1:PORT NET/BITS
 *
 * Prints how many ClientHellos it sent and how many cookies it got. Ends after a minute at the latest.
 */
#include <arpa/inet.h>
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

struct flood {
	bool half;
	unsigned long count, per_second, sent, cookies;
	struct sockaddr_in to;
	uint32_t net, hosts;
};

static void
put16(uint8_t *p, size_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* RFC 6347, 4.1 and 4.2.2: one record with a whole ClientHello that offers PSK-AES128-CCM8. Returns its length. */
static size_t
make_hello(uint8_t *out, unsigned long number, const uint8_t *cookie, size_t cookie_len)
{
	static const uint8_t head[] = { 22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		254, 253 };
	static const uint8_t tail[] = { 0, 2, 0xc0, 0xa8, 1, 0 }; /* one suite, no compression */
	size_t len = sizeof(head), body;

	memcpy(out, head, len);
	memset(out + len, 0x5a, 32); /* client random */
	memcpy(out + len, &number, sizeof(number));
	len += 32;
	out[len++] = 0; /* no session ID */
	out[len++] = (uint8_t)cookie_len;
	memcpy(out + len, cookie, cookie_len);
	len += cookie_len;
	memcpy(out + len, tail, sizeof(tail));
	len += sizeof(tail);
	body = len - 25;
	out[10] = cookie_len > 0; /* record and message number of the second flight */
	out[18] = cookie_len > 0;
	put16(out + 11, len - 13);
	put16(out + 15, body);
	put16(out + 23, body);
	return len;
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
send_hello(struct flood *f, int fd, const uint8_t *cookie, size_t cookie_len)
{
	uint8_t out[512];
	size_t len = make_hello(out, f->sent, cookie, cookie_len);

	(void)!sendto(fd, out, len, 0, (struct sockaddr *)&f->to, sizeof(f->to));
}

static void
one_stranger(struct flood *f)
{
	struct sockaddr_in from = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(f->net + 1 + (uint32_t)(f->sent * 2654435761u) % f->hosts) };
	struct timeval wait = { .tv_usec = ANSWER_MS * 1000 };
	uint8_t in[512] = { 0 }, cookie[COOKIE_MAX] = { 0 };
	size_t cookie_len;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && bind(fd, (struct sockaddr *)&from, sizeof(from)) == 0) {
		send_hello(f, fd, cookie, 0);
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
		cookie_len = f->half ? read_cookie(in, recv(fd, in, sizeof(in), 0), cookie) : 0;
		if (cookie_len > 0) {
			f->cookies++;
			send_hello(f, fd, cookie, cookie_len);
		}
	}
	f->sent++; /* now: the second ClientHello must be as the first */
	if (fd >= 0)
		close(fd);
}

static uint64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static bool
parse(struct flood *f, char **argv)
{
	char *colon = strchr(argv[4], ':'), *slash = strchr(argv[5], '/');
	struct in_addr net;
	unsigned long bits;

	if (colon == NULL || slash == NULL)
		return false;
	*colon = *slash = '\0';
	bits = strtoul(slash + 1, NULL, 10);
	f->half = strcmp(argv[1], "half") == 0;
	f->count = strtoul(argv[2], NULL, 10);
	f->per_second = strtoul(argv[3], NULL, 10);
	f->to.sin_family = AF_INET;
	f->to.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
	if (inet_pton(AF_INET, argv[4], &f->to.sin_addr) != 1 || inet_pton(AF_INET, argv[5], &net) != 1 || bits < 8 ||
		bits > 30)
		return false;
	f->net = ntohl(net.s_addr) & (UINT32_MAX << (32 - bits));
	f->hosts = (UINT32_C(1) << (32 - bits)) - 2;
	return f->count <= COUNT_MAX && f->per_second > 0 && f->net >> 24 == 127 &&
	       ntohl(f->to.sin_addr.s_addr) >> 24 == 127;
}

int
main(int argc, char **argv)
{
	struct flood f = { 0 };
	uint64_t start = now_ms();

	if (argc != 6 || !parse(&f, argv)) {
		fputs("usage: flood hello|half COUNT PER_SECOND 127.0.0.1:PORT NET/BITS (loopback only)\n", stderr);
		return 2;
	}
	for (unsigned long i = 0; i < f.count && now_ms() - start < LIFE_S * 1000; i++) {
		uint64_t passed = now_ms() - start, due = i * 1000 / f.per_second;

		if (due > passed)
			usleep((useconds_t)(due - passed) * 1000);
		one_stranger(&f);
	}
	printf("%lu sent, %lu cookies\n", f.sent, f.cookies);
	return f.sent == f.count ? 0 : 1;
}
