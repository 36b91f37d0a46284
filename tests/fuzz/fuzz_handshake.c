/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Datagrams to a peer whose cookie was good: what a client with an address can send. Each is preceded by its length in two
 * octets. The server has a certificate, so the choice of certificate types and server names is reached.
 */
#include "tests/lib/test.h"

#include <stdlib.h>

#include "server/dtls/cookie.h"
#include "server/dtls/peer.h"
#include "tests/lib/pki.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
on_send(void *arg, const struct bs_addr *local, const struct bs_addr *remote, const uint8_t *data, size_t len)
{
	(void)arg;
	(void)local;
	(void)remote;
	(void)data;
	(void)len;
}

static void
on_closed(void *arg, struct bs_peer *peer, uint64_t now_ms, enum bs_outcome outcome, const char *detail)
{
	(void)peer;
	(void)now_ms;
	if (++*(unsigned *)arg > 1 || outcome >= BS_OUTCOME_COUNT || detail == NULL)
		abort();
}

static enum bs_err
no_psk(void *arg, const struct bs_addr *from, const uint8_t *identity, size_t len, struct bs_psk_match *out)
{
	(void)arg;
	(void)from;
	(void)identity;
	(void)len;
	(void)out;
	return BS_ENOTFOUND;
}

static enum bs_err
no_key(void *arg, const uint8_t *der, size_t len, struct bs_found *out)
{
	(void)arg;
	(void)der;
	(void)len;
	(void)out;
	return BS_ENOTFOUND;
}

static struct bs_dtls_ctx *
make_ctx(void)
{
	const struct bs_credential_lookup lookup = { .psk = no_psk, .raw_key = no_key, .certificate = no_key };
	struct bs_dtls_identity two[2] = { 0 };
	const struct bs_dtls_conf conf = { .identities = two, .identity_count = 2 };
	struct bs_dtls_ctx *ctx = NULL;
	struct pki_cert server;
	struct bs_diag diag;

	pki_make(&server, "localhost", NULL, NULL);
	two[0].certificate = two[1].certificate = pki_write_cert(&server);
	two[0].private_key = two[1].private_key = two[1].raw_key = pki_write_key(&server);
	two[1].sni = "localhost";
	if (bs_dtls_ctx_new(&conf, &lookup, &ctx, &diag) != BS_OK)
		abort();
	pki_remove_files();
	pki_clear(&server);
	return ctx;
}

static size_t
first_len(const uint8_t *data, size_t len)
{
	size_t n = (size_t)data[0] << 8 | data[1];

	return n < len - 2 ? n : len - 2;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct bs_peer_ops ops = { .send = on_send, .on_closed = on_closed };
	static struct bs_dtls_ctx *ctx;
	struct bs_peer *peer = NULL;
	struct bs_addr address;
	unsigned closed = 0;
	struct bs_peer_begin begin = {
		.ops = &ops, .arg = &closed, .local = &address, .remote = &address, .handshake_time_ms = 1000
	};
	struct bs_hello hello;

	if (ctx == NULL)
		ctx = make_ctx();
	if (len >= 2 && bs_hello_parse(data + 2, first_len(data, len), &hello) == BS_OK)
		begin.hello_seq = hello.record_seq;
	if (bs_addr_parse("192.0.2.1:5684", &address) != BS_OK || bs_peer_new(ctx, &begin, &peer) != BS_OK)
		abort();
	while (len >= 2) {
		size_t n = first_len(data, len);

		bs_peer_input(peer, 1, data + 2, n);
		data += 2 + n;
		len -= 2 + n;
	}
	if (bs_peer_get_state(peer) == BS_PEER_OPEN) /* without any credential? */
		abort();
	bs_peer_tick(peer, 1000);
	if (closed != 1)
		abort();
	bs_peer_free(peer);
	return 0;
}
