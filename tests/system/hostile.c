/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One device with a good key that wants more than its share, for system tests. Bounded in count and time, and to loopback only.
 *
 *   hostile handshakes COUNT 127.0.0.1:PORT IDENTITY KEY_HEX    handshakes from addresses of their own; the sessions are left open
 *   hostile closing COUNT ..                                    the same, each closed at once: one line each
 *   hostile requests COUNT ..                                   one session, Bootstrap-Requests that name another endpoint
 *
 * Prints "tried N done N", where done is handshakes, or requests that were answered. A handshake without an answer is given up
 * after 200 ms. Ends after a minute at the latest.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/ssl.h>

#define LIFE_MS 60000
#define COUNT_MAX 100000
#define AT_ONCE 64
#define PATIENCE_MS 200
#define PORTS 5000 /* of one source address */

struct hostile {
	bool closing;
	unsigned long count, begun, tried, done;
	struct sockaddr_in to;
	const char *identity;
	uint8_t key[64];
	size_t key_len;
	SSL_CTX *ctx;
	uint64_t end_ms;
};

struct line {
	SSL *ssl; /* NULL: free */
	int fd;
	uint64_t until_ms;
};

static struct hostile h;

static uint64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static unsigned
on_psk(SSL *ssl, const char *hint, char *identity, unsigned identity_max, unsigned char *key, unsigned key_max)
{
	(void)ssl;
	(void)hint;
	if (strlen(h.identity) >= identity_max || h.key_len > key_max)
		return 0;
	memcpy(identity, h.identity, strlen(h.identity) + 1);
	memcpy(key, h.key, h.key_len);
	return (unsigned)h.key_len;
}

/* The n-th line has an address of its own: 127.1.0.1, then 127.1.0.2, and so on. */
static bool
open_line(struct line *l, unsigned long n)
{
	struct sockaddr_in from = { .sin_family = AF_INET, .sin_port = htons((uint16_t)(20000 + n % PORTS)) };
	BIO *bio;

	from.sin_addr.s_addr = htonl(0x7f010001u + (uint32_t)(n / PORTS));
	l->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->fd < 0 || bind(l->fd, (struct sockaddr *)&from, sizeof(from)) != 0 ||
		connect(l->fd, (struct sockaddr *)&h.to, sizeof(h.to)) != 0)
		return false;
	bio = BIO_new_dgram(l->fd, BIO_NOCLOSE);
	l->ssl = SSL_new(h.ctx);
	if (bio == NULL || l->ssl == NULL)
		return false;
	BIO_ctrl(bio, BIO_CTRL_DGRAM_SET_CONNECTED, 0, &(BIO_ADDR *){ NULL });
	SSL_set_bio(l->ssl, bio, bio);
	SSL_set_connect_state(l->ssl);
	l->until_ms = now_ms() + PATIENCE_MS;
	return true;
}

/* The other side learns nothing of it. */
static void
leave_line(struct line *l)
{
	SSL_free(l->ssl);
	close(l->fd);
	l->ssl = NULL;
}

/* True: it is over, in one way or the other. */
static bool
advance(struct line *l)
{
	int rc = SSL_do_handshake(l->ssl);

	if (rc != 1)
		return SSL_get_error(l->ssl, rc) != SSL_ERROR_WANT_READ || now_ms() >= l->until_ms;
	h.done++;
	if (h.closing)
		SSL_shutdown(l->ssl);
	return true;
}

static void
run_handshakes(void)
{
	struct line lines[AT_ONCE] = { 0 };
	struct pollfd fds[AT_ONCE];

	while (h.tried < h.count && now_ms() < h.end_ms) {
		nfds_t open = 0;

		for (size_t i = 0; i < AT_ONCE; i++) {
			struct line *l = &lines[i];

			if (l->ssl == NULL && h.begun < h.count && !open_line(l, h.begun++)) {
				perror("hostile");
				exit(1);
			}
			if (l->ssl != NULL && advance(l)) {
				leave_line(l);
				h.tried++;
			}
			if (l->ssl != NULL)
				fds[open++] = (struct pollfd){ .fd = l->fd, .events = POLLIN };
		}
		poll(fds, open, open > 0 && open == AT_ONCE ? 20 : 0);
	}
}

/* CON POST /bs?ep=somebody-else (RFC 7252, 3). */
static size_t
make_request(uint8_t *out, unsigned long n)
{
	static const uint8_t options[] = "\xb2"
					 "bs\x4d\x03"
					 "ep=somebody-else";
	size_t len = sizeof(options) - 1;

	out[0] = 0x44;
	out[1] = 2;
	out[2] = (uint8_t)(n >> 8);
	out[3] = (uint8_t)n;
	memset(out + 4, 0, 4);
	memcpy(out + 6, out + 2, 2);
	memcpy(out + 8, options, len);
	return 8 + len;
}

static bool
wait_readable(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, ms) == 1;
}

static void
run_requests(void)
{
	struct line l = { 0 };
	uint8_t buf[2048];

	if (!open_line(&l, 0))
		return;
	while (!advance(&l))
		wait_readable(l.fd, 20);
	if (h.done == 0)
		return;
	h.done = 0;
	for (; h.tried < h.count && now_ms() < h.end_ms; h.tried++) {
		if (SSL_write(l.ssl, buf, (int)make_request(buf, h.tried)) <= 0)
			break;
		/* Once there was silence the rest goes without much waiting. */
		if (wait_readable(l.fd, h.done + 1 < h.tried ? 1 : PATIENCE_MS) &&
			SSL_read(l.ssl, buf, sizeof(buf)) > 0)
			h.done++;
	}
	leave_line(&l);
}

static bool
read_arguments(int argc, char **argv)
{
	char host[32];
	unsigned port, octet;

	if (argc != 6 || sscanf(argv[3], "%31[0-9.]:%u", host, &port) != 2 || port > 65535)
		return false;
	h.closing = strcmp(argv[1], "closing") == 0;
	h.count = strtoul(argv[2], NULL, 10);
	h.identity = argv[4];
	for (const char *p = argv[5]; h.key_len < sizeof(h.key) && sscanf(p, "%2x", &octet) == 1; p += 2)
		h.key[h.key_len++] = (uint8_t)octet;
	h.to = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	return inet_pton(AF_INET, host, &h.to.sin_addr) == 1 && ntohl(h.to.sin_addr.s_addr) >> 24 == 127 &&
	       h.count <= COUNT_MAX;
}

int
main(int argc, char **argv)
{
	if (!read_arguments(argc, argv)) {
		fprintf(stderr, "hostile handshakes|closing|requests COUNT 127.0.0.1:PORT IDENTITY KEY_HEX\n");
		return 2;
	}
	h.ctx = SSL_CTX_new(DTLS_client_method());
	h.end_ms = now_ms() + LIFE_MS;
	if (h.ctx == NULL || SSL_CTX_set_cipher_list(h.ctx, "PSK-AES128-GCM-SHA256") != 1)
		return 1;
	SSL_CTX_set_psk_client_callback(h.ctx, on_psk);
	if (strcmp(argv[1], "requests") == 0)
		run_requests();
	else
		run_handshakes();
	printf("tried %lu done %lu\n", h.tried, h.done);
	SSL_CTX_free(h.ctx);
	return 0;
}
