/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/sim/road.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "server/base/clock.h"

#define DATAGRAM_MAX 4096
#define BURST 32 /* datagrams taken from the socket in one go */

struct sim_packet {
	TAILQ_ENTRY(sim_packet) link;
	uint64_t due_ms;
	size_t len;
	uint8_t data[];
};

/* SplitMix64: small, and good enough to lose datagrams by. */
uint32_t
sim_dice_roll(uint64_t *dice, uint32_t below)
{
	uint64_t z = *dice += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return (uint32_t)((z ^ z >> 31) >> 32) % below;
}

static bool
happens(const struct sim_mishaps *how, unsigned percent)
{
	return percent > 0 && sim_dice_roll(how->dice, 100) < percent;
}

void
sim_road_init(struct sim_road *r, int fd, const struct sim_mishaps *how)
{
	*r = (struct sim_road){ .fd = fd, .how = how };
	TAILQ_INIT(&r->in);
	TAILQ_INIT(&r->out);
}

static void
insert(struct sim_packets *to, struct sim_packet *p)
{
	struct sim_packet *after = TAILQ_LAST(to, sim_packets);

	while (after != NULL && after->due_ms > p->due_ms)
		after = TAILQ_PREV(after, sim_packets, link);
	if (after != NULL)
		TAILQ_INSERT_AFTER(to, after, p, link);
	else
		TAILQ_INSERT_HEAD(to, p, link);
}

/* Without memory the datagram is lost, as on any road. */
static void
put(struct sim_road *r, struct sim_packets *to, const void *data, size_t len)
{
	struct sim_packet *p = malloc(sizeof(*p) + len);

	if (p == NULL)
		return;
	p->due_ms = r->now_ms + r->how->delay_ms + (happens(r->how, r->how->reorder) ? SIM_OVERTAKE_MS : 0);
	p->len = len;
	memcpy(p->data, data, len);
	insert(to, p);
}

static void
enter(struct sim_road *r, struct sim_packets *to, const void *data, size_t len)
{
	if (happens(r->how, r->how->loss))
		return;
	put(r, to, data, len);
	if (happens(r->how, r->how->duplicate))
		put(r, to, data, len);
}

/* Take what the caller frees; NULL: nothing is due. */
static struct sim_packet *
take_due(struct sim_packets *from, uint64_t now_ms)
{
	struct sim_packet *p = TAILQ_FIRST(from);

	if (p == NULL || p->due_ms > now_ms)
		return NULL;
	TAILQ_REMOVE(from, p, link);
	return p;
}

static void
send_due(struct sim_road *r, uint64_t now_ms)
{
	struct sim_packet *p;

	while ((p = take_due(&r->out, now_ms)) != NULL) {
		(void)!send(r->fd, p->data, p->len, 0); /* a datagram that cannot leave is a lost one */
		free(p);
	}
}

void
sim_road_set_now(struct sim_road *r, uint64_t now_ms)
{
	r->now_ms = now_ms;
	if (r->how != NULL)
		send_due(r, now_ms);
}

void
sim_road_clear(struct sim_road *r)
{
	struct sim_packet *p;

	if (r->how == NULL)
		return;
	send_due(r, BS_NEVER);
	while ((p = take_due(&r->in, BS_NEVER)) != NULL)
		free(p);
	r->how = NULL;
}

uint64_t
sim_road_due_ms(const struct sim_road *r)
{
	uint64_t due = BS_NEVER;

	if (r->how == NULL)
		return due;
	if (!TAILQ_EMPTY(&r->in))
		due = TAILQ_FIRST(&r->in)->due_ms;
	if (!TAILQ_EMPTY(&r->out) && TAILQ_FIRST(&r->out)->due_ms < due)
		due = TAILQ_FIRST(&r->out)->due_ms;
	return due;
}

static void
receive(struct sim_road *r)
{
	uint8_t buf[DATAGRAM_MAX];

	for (int i = 0; i < BURST; i++) {
		ssize_t n = recv(r->fd, buf, sizeof(buf), MSG_DONTWAIT);
		if (n < 0)
			break;
		if (n > 0) /* an empty datagram says nothing to DTLS */
			enter(r, &r->in, buf, (size_t)n);
	}
}

static int
bio_read(BIO *bio, char *out, int max)
{
	struct sim_road *r = BIO_get_data(bio);

	BIO_clear_retry_flags(bio);
	receive(r);
	int refused = errno == ECONNREFUSED;
	struct sim_packet *p = max > 0 ? take_due(&r->in, r->now_ms) : NULL;
	if (p == NULL) {
		if (!refused)
			BIO_set_retry_read(bio);
		return -1;
	}
	int n = p->len < (size_t)max ? (int)p->len : max;
	memcpy(out, p->data, (size_t)n);
	free(p);
	return n;
}

static int
bio_write(BIO *bio, const char *data, int len)
{
	struct sim_road *r = BIO_get_data(bio);

	BIO_clear_retry_flags(bio);
	if (len > 0) {
		enter(r, &r->out, data, (size_t)len);
		send_due(r, r->now_ms);
	}
	return len;
}

static long
bio_ctrl(BIO *bio, int cmd, long num, void *ptr)
{
	(void)bio;
	(void)num;
	(void)ptr;
	/* IPv4 and UDP headers; the MTU itself is told by DTLS_set_link_mtu. */
	return cmd == BIO_CTRL_FLUSH ? 1 : cmd == BIO_CTRL_DGRAM_GET_MTU_OVERHEAD ? 28 : 0;
}

static BIO_METHOD *method;

/* Lives as long as the process. */
static void
make_method(void)
{
	BIO_METHOD *m = BIO_meth_new(BIO_TYPE_START | BIO_TYPE_SOURCE_SINK, "sim_road");

	if (m != NULL) {
		BIO_meth_set_read(m, bio_read);
		BIO_meth_set_write(m, bio_write);
		BIO_meth_set_ctrl(m, bio_ctrl);
	}
	method = m;
}

BIO *
sim_road_new_bio(struct sim_road *r)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, make_method);
	BIO *bio = method != NULL ? BIO_new(method) : NULL;
	if (bio != NULL) {
		BIO_set_data(bio, r);
		BIO_set_init(bio, 1);
	}
	return bio;
}
