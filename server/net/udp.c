/* SPDX-License-Identifier: Apache-2.0 */
#include "server/net/udp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONTROL_MAX CMSG_SPACE(sizeof(struct in6_pktinfo))
#define SOCKET_BUFFER (4 << 20) /* a burst of devices after a power cut must wait in the kernel, not be lost */

struct slot {
	struct sockaddr_storage name;
	struct iovec iov;
	_Alignas(struct cmsghdr) uint8_t control[CONTROL_MAX];
	uint8_t data[BS_UDP_DATAGRAM_MAX];
};

struct bs_udp {
	int fd;
	struct bs_addr addr;
	bool wildcard;
	struct bs_udp_counters counters;
	size_t queued;
	struct mmsghdr in_hdr[BS_UDP_BURST], out_hdr[BS_UDP_BURST];
	struct slot in[BS_UDP_BURST], out[BS_UDP_BURST];
};

static bool
set_options(int fd, int family)
{
	int on = 1, off = 0, buffer = SOCKET_BUFFER;

	/* Larger buffers are a wish: the kernel may allow less (net.core.rmem_max). */
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof(buffer));
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) != 0)
		return false;
	if (family == AF_INET)
		return setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)) == 0;
	return setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) == 0 &&
	       setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on)) == 0;
}

static bool
is_wildcard(const struct bs_addr *a)
{
	if (a->sa.sa_family == AF_INET)
		return a->in4.sin_addr.s_addr == htonl(INADDR_ANY);
	return IN6_IS_ADDR_UNSPECIFIED(&a->in6.sin6_addr);
}

static bool
open_socket(struct bs_udp *u, const struct bs_addr *addr)
{
	struct sockaddr_storage bound;
	socklen_t len = sizeof(bound);

	u->fd = socket(addr->sa.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (u->fd < 0 || !set_options(u->fd, addr->sa.sa_family) || bind(u->fd, &addr->sa, addr->len) != 0 ||
		getsockname(u->fd, (struct sockaddr *)&bound, &len) != 0)
		return false;
	bs_addr_set(&u->addr, (struct sockaddr *)&bound, len);
	u->wildcard = is_wildcard(&u->addr);
	return true;
}

enum bs_err
bs_udp_open(const struct bs_addr *addr, struct bs_udp **out, struct bs_diag *diag)
{
	struct bs_udp *u = calloc(1, sizeof(*u));
	char text[BS_ADDR_TEXT];

	if (u == NULL)
		return bs_diag_set(diag, BS_ENOMEM, 0, "out of memory");
	u->fd = -1;
	if (!open_socket(u, addr)) {
		enum bs_err err = bs_diag_set(
			diag, BS_EIO, 0, "cannot listen on %s: %s", bs_addr_format(addr, text), strerror(errno));

		bs_udp_close(u);
		return err;
	}
	for (size_t i = 0; i < BS_UDP_BURST; i++) {
		u->in[i].iov = (struct iovec){ u->in[i].data, sizeof(u->in[i].data) };
		u->in_hdr[i].msg_hdr = (struct msghdr){ .msg_iov = &u->in[i].iov, .msg_iovlen = 1 };
	}
	*out = u;
	return BS_OK;
}

void
bs_udp_close(struct bs_udp *u)
{
	if (u == NULL)
		return;
	if (u->fd >= 0) {
		bs_udp_flush(u);
		close(u->fd);
	}
	free(u);
}

int
bs_udp_get_fd(const struct bs_udp *u)
{
	return u->fd;
}

const struct bs_addr *
bs_udp_get_addr(const struct bs_udp *u)
{
	return &u->addr;
}

const struct bs_udp_counters *
bs_udp_get_counters(const struct bs_udp *u)
{
	return &u->counters;
}

/* The address that the datagram was sent to, with the socket's port. */
static void
read_local(const struct bs_udp *u, struct msghdr *hdr, struct bs_addr *local)
{
	*local = u->addr;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(hdr); c != NULL; c = CMSG_NXTHDR(hdr, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			local->in4.sin_addr = info.ipi_addr;
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			local->in6.sin6_addr = info.ipi6_addr;
			local->in6.sin6_scope_id = IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr) ? (uint32_t)info.ipi6_ifindex
											  : 0;
		}
	}
}

size_t
bs_udp_receive(struct bs_udp *u, bs_udp_fn *fn, void *arg)
{
	int n;

	for (size_t i = 0; i < BS_UDP_BURST; i++) {
		struct msghdr *hdr = &u->in_hdr[i].msg_hdr;

		hdr->msg_name = &u->in[i].name;
		hdr->msg_namelen = sizeof(u->in[i].name);
		hdr->msg_control = u->in[i].control;
		hdr->msg_controllen = sizeof(u->in[i].control);
		hdr->msg_flags = 0;
	}
	n = recvmmsg(u->fd, u->in_hdr, BS_UDP_BURST, MSG_DONTWAIT, NULL);
	for (int i = 0; i < n; i++) {
		struct msghdr *hdr = &u->in_hdr[i].msg_hdr;
		struct bs_addr local, remote;

		u->counters.received++;
		bs_addr_set(&remote, hdr->msg_name, hdr->msg_namelen);
		if ((hdr->msg_flags & MSG_TRUNC) != 0 || remote.len == 0) {
			u->counters.cut++;
			continue;
		}
		read_local(u, hdr, &local);
		fn(arg, &local, &remote, u->in[i].data, u->in_hdr[i].msg_len);
	}
	return n > 0 ? (size_t)n : 0;
}

bool
bs_udp_serves(const struct bs_udp *u, const struct bs_addr *local)
{
	return local->sa.sa_family == u->addr.sa.sa_family && bs_addr_port(local) == bs_addr_port(&u->addr) &&
	       (u->wildcard || bs_addr_equal(local, &u->addr));
}

/* Ask the kernel to send from local. */
static void
write_local(struct msghdr *hdr, struct slot *s, const struct bs_addr *local)
{
	struct cmsghdr *c;

	hdr->msg_control = s->control;
	memset(s->control, 0, sizeof(s->control));
	if (local->sa.sa_family == AF_INET) {
		struct in_pktinfo info = { .ipi_spec_dst = local->in4.sin_addr };

		hdr->msg_controllen = CMSG_SPACE(sizeof(info));
		c = CMSG_FIRSTHDR(hdr);
		*c = (struct cmsghdr){
			.cmsg_level = IPPROTO_IP, .cmsg_type = IP_PKTINFO, .cmsg_len = CMSG_LEN(sizeof(info))
		};
		memcpy(CMSG_DATA(c), &info, sizeof(info));
	} else {
		struct in6_pktinfo info = { .ipi6_addr = local->in6.sin6_addr,
			.ipi6_ifindex = local->in6.sin6_scope_id };

		hdr->msg_controllen = CMSG_SPACE(sizeof(info));
		c = CMSG_FIRSTHDR(hdr);
		*c = (struct cmsghdr){
			.cmsg_level = IPPROTO_IPV6, .cmsg_type = IPV6_PKTINFO, .cmsg_len = CMSG_LEN(sizeof(info))
		};
		memcpy(CMSG_DATA(c), &info, sizeof(info));
	}
}

void
bs_udp_send(
	struct bs_udp *u, const struct bs_addr *local, const struct bs_addr *remote, const uint8_t *data, size_t len)
{
	struct slot *s = &u->out[u->queued];
	struct msghdr *hdr = &u->out_hdr[u->queued].msg_hdr;

	if (len > sizeof(s->data) || remote->len == 0) {
		u->counters.send_errors++;
		return;
	}
	memcpy(s->data, data, len);
	memcpy(&s->name, &remote->sa, remote->len);
	s->iov = (struct iovec){ s->data, len };
	*hdr = (struct msghdr){ .msg_name = &s->name, .msg_namelen = remote->len, .msg_iov = &s->iov, .msg_iovlen = 1 };
	if (u->wildcard)
		write_local(hdr, s, local);
	if (++u->queued == BS_UDP_BURST)
		bs_udp_flush(u);
}

void
bs_udp_flush(struct bs_udp *u)
{
	size_t done = 0;

	while (done < u->queued) {
		int n = sendmmsg(u->fd, u->out_hdr + done, (unsigned)(u->queued - done), MSG_DONTWAIT);

		if (n > 0) {
			u->counters.sent += (size_t)n;
			done += (size_t)n;
		} else {
			u->counters.send_errors++; /* the first one cannot go: leave it, try the others */
			done++;
		}
	}
	u->queued = 0;
}
