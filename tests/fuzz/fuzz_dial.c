/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hostile answers to a handshake that this server begins. A device of OpenSSL answers, and the input says what becomes of
 * its datagrams on the way: so what only comes with a good signature is reached, too.
 *
 * First octet: bits 0 and 1 the mode, bit 2 a device with another credential than the one that is turned to. Then an
 * octet for each datagram of the device in turn (enum change, modulo its count), with what it needs behind it. After the
 * last one datagrams pass.
 */
#include "tests/lib/test.h"

#include <stdlib.h>

#include "tests/lib/dtls_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define ID 1
#define ROUNDS 40

enum change {
	PASS,
	DROP,
	TWICE,
	FLIP, /* offset of two octets, mask */
	CUT, /* length of two octets */
	INSTEAD, /* length of two octets, octets */
	BEFORE, /* the same, then the datagram itself */
	LATER, /* behind the next one */
	CHANGES
};

struct input {
	const uint8_t *data;
	size_t len;
};

struct way {
	struct world *w;
	struct client *device;
	struct input in;
	uint8_t kept[WORLD_DATAGRAM];
	size_t kept_len;
};

static unsigned
take(struct input *in, unsigned octets)
{
	unsigned value = 0;

	for (; octets > 0 && in->len > 0; octets--, in->data++, in->len--)
		value = value << 8 | *in->data;
	return value;
}

static void
deliver(struct way *way, const void *data, size_t len)
{
	if (len > 0)
		world_deliver(way->w, way->device, data, len);
}

static void
deliver_octets(struct way *way)
{
	size_t n = take(&way->in, 2);

	n = n < way->in.len ? n : way->in.len;
	deliver(way, way->in.data, n);
	way->in.data += n;
	way->in.len -= n;
}

static void
deliver_kept(struct way *way)
{
	size_t len = way->kept_len;

	way->kept_len = 0;
	deliver(way, way->kept, len);
}

static void
on_datagram(struct way *way, uint8_t *datagram, size_t len)
{
	enum change change = way->in.len > 0 ? take(&way->in, 1) % CHANGES : PASS;
	size_t at;

	switch (change) {
	case FLIP:
		at = take(&way->in, 2);
		if (at < len)
			datagram[at] ^= (uint8_t)take(&way->in, 1);
		break;
	case CUT:
		at = take(&way->in, 2);
		len = at < len ? at : len;
		break;
	case TWICE:
		deliver(way, datagram, len);
		break;
	case INSTEAD:
	case BEFORE:
		deliver_octets(way);
		break;
	case LATER:
		deliver_kept(way);
		memcpy(way->kept, datagram, len);
		way->kept_len = len;
		return;
	default:
		break;
	}
	if (change != DROP && change != INSTEAD)
		deliver(way, datagram, len);
	deliver_kept(way);
}

static struct pki_cert ca, server, device, device_raw, other, other_raw;

static struct world *
make_world(void)
{
	static struct world_fixture fx;

	pki_make(&ca, "test CA", NULL, &(const struct pki_options){ .ca = true });
	pki_make(&server, "localhost", &ca, NULL);
	pki_make(&device, "dev-cert.example", &ca, NULL);
	pki_make(&other, "dev-other", &ca, NULL);
	pki_make_raw(&device_raw, "P-256");
	pki_make_raw(&other_raw, "P-256");
	world_fixture_init(&fx, &server, NULL, &ca, NULL);
	pki_remove_files();
	fx.w.psks[0] = (struct world_psk){ .identity = "dev-psk", .key = WORLD_KEY };
	fx.w.raws[0] = (struct world_key){ .key = &device_raw, .endpoint = "dev-raw" };
	fx.w.raws[1] = (struct world_key){ .key = &other_raw, .endpoint = "dev-other" };
	fx.w.names[0] = (struct world_name){ .name = "dev-cert.example", .anchor = &ca };
	fx.w.names[1] = (struct world_name){ .name = "dev-other", .anchor = &ca };
	return &fx.w;
}

static struct client *
make_device(struct world *w, enum bs_credential_kind kind, bool wrong)
{
	struct client *c = device_new(w, 1, NULL);

	client_set_psk(c, "dev-psk", wrong ? WORLD_WRONG_KEY : WORLD_KEY);
	if (kind == BS_CRED_RAW_KEY)
		client_set_cert(c, wrong ? &other_raw : &device_raw);
	if (kind == BS_CRED_CERTIFICATE)
		client_set_cert(c, wrong ? &other : &device);
	client_start(c);
	return c;
}

static void
carry(struct way *way)
{
	uint8_t datagram[WORLD_DATAGRAM];
	size_t len;

	for (unsigned round = 0; round < ROUNDS; round++) {
		bool moved = false;

		client_step(way->device);
		while ((len = client_take(way->device, datagram)) > 0) {
			on_datagram(way, datagram, len);
			moved = true;
		}
		if (!moved)
			break;
	}
	deliver_kept(way);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const enum bs_credential_kind kinds[] = { BS_CRED_PSK, BS_CRED_RAW_KEY, BS_CRED_CERTIFICATE,
		BS_CRED_PSK };
	static const char *const endpoints[] = { "dev-psk", "dev-raw", "dev-cert.example", "dev-psk" };
	static struct world *w;
	struct bs_peer *peer = NULL;
	struct way way = { .in = { data, len } };
	unsigned first;
	bool wrong;

	if (w == NULL)
		w = make_world();
	first = take(&way.in, 1);
	wrong = (first & 4) != 0;
	way.w = w;
	way.device = make_device(w, kinds[first & 3], wrong);
	w->opened = w->closed = 0;
	assert_int_equal(world_dial(w, way.device, kinds[first & 3], ID, endpoints[first & 3], &peer), BS_OK);
	carry(&way);
	if (w->opened > 1 || w->closed > 1 || (wrong && w->opened > 0))
		abort();
	if (w->opened + w->closed > 0 && (!w->proof.has_device || w->proof.device.device_id != ID))
		abort(); /* whoever answered, it is about the device that was turned to */
	if (bs_peer_table_count(w->table) > 0)
		bs_peer_table_close(w->table, peer);
	bs_peer_table_sweep(w->table);
	if (bs_peer_table_count(w->table) != 0 || bs_peer_table_half_open(w->table) != 0)
		abort();
	client_free(way.device);
	return 0;
}
