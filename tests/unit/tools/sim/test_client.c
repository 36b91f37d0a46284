/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client against a scripted server: a bare OpenSSL DTLS server with a pre-shared key on loopback, requests and
 * expected answers composed by hand (RFC 7252, RFC 7959). Time is an argument.
 */
#include "tests/lib/test.h"

#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/ssl.h>

#include "server/base/clock.h"
#include "tools/sim/client.h"
#include "tools/sim/csv.h"

#define KEY "000102030405060708090a0b0c0d0e0f"

struct fixture {
	int fd;
	SSL_CTX *ctx;
	SSL *ssl;
	struct sim_dtls dtls;
	struct sim_conf conf;
	struct sim_client *client;
	uint64_t now_ms;
	uint8_t got[2048]; /* the latest message of the client */
	size_t got_len;
	uint8_t request[2048]; /* its Bootstrap-Request */
	size_t request_len;
};

static unsigned
on_psk(SSL *ssl, const char *identity, unsigned char *key, unsigned max)
{
	(void)ssl;
	return strcmp(identity, "id-1") == 0 ? (unsigned)hex(KEY, key, max) : 0;
}

/* A server socket of its own for each association: a client that reboots comes from another port. */
static void
open_server(struct fixture *fx)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(any);

	fx->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(fx->fd, (struct sockaddr *)&any, sizeof(any)), 0);
	assert_int_equal(getsockname(fx->fd, (struct sockaddr *)&any, &len), 0);
	bs_addr_set(&fx->conf.server, (struct sockaddr *)&any, len);
	fx->ctx = SSL_CTX_new(DTLS_server_method());
	assert_int_equal(SSL_CTX_set_cipher_list(fx->ctx, "PSK-AES128-CCM8:@SECLEVEL=0"), 1);
	SSL_CTX_set_psk_server_callback(fx->ctx, on_psk);
	fx->ssl = SSL_new(fx->ctx);
	SSL_set_bio(fx->ssl, BIO_new_dgram(fx->fd, BIO_NOCLOSE), NULL);
	SSL_set0_wbio(fx->ssl, SSL_get_rbio(fx->ssl));
	BIO_up_ref(SSL_get_rbio(fx->ssl));
	SSL_set_accept_state(fx->ssl);
}

static bool
is_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return fd >= 0 && poll(&p, 1, 20) == 1;
}

/* Let the client have what is in its socket. */
static void
serve_client(struct fixture *fx)
{
	while (fx->client->state != SIM_ST_ENDED && is_readable(fx->client->link.fd))
		sim_client_on_readable(fx->client, fx->now_ms);
}

/* The next message of the client; 0 octets: none. */
static size_t
receive(struct fixture *fx)
{
	int n = -1;

	for (int i = 0; i < 5 && n <= 0 && is_readable(fx->fd); i++)
		n = SSL_read(fx->ssl, fx->got, sizeof(fx->got));
	fx->got_len = n > 0 ? (size_t)n : 0;
	return fx->got_len;
}

static void
send_hex(struct fixture *fx, const char *text)
{
	uint8_t buf[2048];
	size_t len = hex(text, buf, sizeof(buf));

	assert_int_equal(SSL_write(fx->ssl, buf, (int)len), len);
	serve_client(fx);
}

/* Send a message, expect an answer; "" expects silence. */
static void
turn(struct fixture *fx, const char *text, const char *expected)
{
	send_hex(fx, text);
	receive(fx);
	assert_hex(text, fx->got, fx->got_len, expected);
}

/* Up to the first request. */
static void
start_with(struct fixture *fx, const char *fault, bool pack)
{
	struct sim_dtls_conf dtls = { 0 };
	struct sim_row row = { .endpoint = "dev-1", .mode = "psk", .psk_identity = "id-1" };
	struct bs_diag diag;

	memset(fx, 0, sizeof(*fx));
	open_server(fx);
	fx->now_ms = 1000;
	fx->conf.server_text = "127.0.0.1:5684";
	fx->conf.version = pack ? SIM_LWM2M_1_2 : SIM_LWM2M_1_1;
	fx->conf.pack = pack;
	fx->conf.stale = pack;
	fx->conf.pct = 112;
	fx->conf.block_szx = 6;
	fx->conf.timeout_ms = 200000;
	fx->conf.ack_timeout_ms = 2000;
	fx->conf.linger_ms = 100;
	assert_true(fault == NULL || sim_fault_parse(fault, &fx->conf.fault));
	assert_int_equal(sim_dtls_init(&fx->dtls, &dtls, &diag), BS_OK);
	fx->conf.dtls = &fx->dtls;
	row.psk.len = hex(KEY, row.psk.data, sizeof(row.psk.data));
	fx->client = sim_client_new(&fx->conf, &row, NULL, 0);
	assert_non_null(fx->client);
	sim_client_start(fx->client, fx->now_ms);
	for (int i = 0; i < 20 && !SSL_is_init_finished(fx->ssl); i++) {
		if (is_readable(fx->fd))
			SSL_do_handshake(fx->ssl);
		serve_client(fx);
	}
	assert_true(SSL_is_init_finished(fx->ssl));
	receive(fx);
	memcpy(fx->request, fx->got, fx->got_len);
	fx->request_len = fx->got_len;
}

static void
start(struct fixture *fx, const char *fault)
{
	start_with(fx, fault, false);
}

static void
stop(struct fixture *fx)
{
	sim_client_free(fx->client);
	sim_dtls_clear(&fx->dtls);
	SSL_free(fx->ssl);
	SSL_CTX_free(fx->ctx);
	close(fx->fd);
}

/* A piggybacked answer to the request: its message ID and token. */
static void
answer_request(struct fixture *fx, uint8_t code)
{
	uint8_t ack[8] = { 0x64, code, fx->request[2], fx->request[3] };

	memcpy(ack + 4, fx->request + 4, 4);
	assert_int_equal(SSL_write(fx->ssl, ack, sizeof(ack)), sizeof(ack));
	serve_client(fx);
}

static void
start_accepted(struct fixture *fx, const char *fault)
{
	start(fx, fault);
	answer_request(fx, SIM_CHANGED);
	assert_int_equal(fx->client->state, SIM_ST_ACCEPTED);
}

#define FINISH "42 02 0f00 7777 b26273"
#define SECURITY \
	"42 03 0a01 7777 b130 0131 12 2d16 ff c80017636f6170733a2f2f646d2e6578616d706c653a35363834 c10100 c10200 " \
	"c803086465762d30303031 c80510101112131415161718191a1b1c1d1e1f c10a65"
#define SERVER "42 03 0a02 7777 b131 0130 12 2d16 ff c10065 c40100015180 c10601 c10755"

static void
test_whole_run(void **state)
{
	struct fixture fx;

	(void)state;
	start(&fx, NULL);
	assert_int_equal(fx.request[0], 0x44);
	assert_int_equal(fx.request[1], SIM_POST);
	assert_hex("options", fx.request + 8, fx.request_len - 8, "b26273 48 65703d6465762d31 07 7063743d313132");
	turn(&fx, "42 04 0909 0001 b130", ""); /* it overtook the 2.04: no word, and not counted as seen */
	answer_request(&fx, SIM_CHANGED);
	turn(&fx, "42 01 0001 0001 d10428", /* Discover */
		"62 45 0001 0001 41 2b 81 28 ff "
		"3c2f3e3b6c776d326d3d312e312c3c2f302f303e2c3c2f313e2c3c2f323e2c3c2f332f303e2c"
		"3c2f32313e");
	turn(&fx, "42 04 0909 0001 b130", "62 42 0909 0001");
	turn(&fx, SECURITY, "62 44 0a01 7777");
	turn(&fx, SERVER, "62 44 0a02 7777");
	turn(&fx, FINISH, "62 44 0f00 7777");
	turn(&fx, FINISH, "62 44 0f00 7777"); /* repeated: the answer again */
	assert_int_equal(fx.client->state, SIM_ST_LINGER);
	assert_int_equal(sim_client_deadline_ms(fx.client), fx.now_ms + 100);
	sim_client_on_timer(fx.client, fx.now_ms + 100);
	assert_int_equal(fx.client->result, SIM_DONE);
	assert_int_equal(fx.client->count[SIM_AT_WRITE], 2);
	assert_int_equal(sim_store_number(&fx.client->device.store, 0, 1, 10, -1), 101);
	stop(&fx);
}

static void
test_request_is_repeated(void **state)
{
	struct fixture fx;
	uint64_t wait = 0;

	(void)state;
	start(&fx, NULL);
	for (int i = 0; i < 4; i++) {
		uint64_t due = sim_client_deadline_ms(fx.client);
		if (i == 0)
			assert_in_range(due - fx.now_ms, 2000, 3000); /* ACK_TIMEOUT .. times ACK_RANDOM_FACTOR */
		else
			assert_int_equal(due - fx.now_ms, 2 * wait);
		wait = due - fx.now_ms;
		sim_client_on_timer(fx.client, due - 1);
		assert_int_equal(receive(&fx), 0);
		fx.now_ms = due;
		sim_client_on_timer(fx.client, fx.now_ms);
		assert_int_equal(receive(&fx), fx.request_len);
		assert_memory_equal(fx.got, fx.request, fx.request_len); /* the same message ID and token */
	}
	sim_client_on_timer(fx.client, sim_client_deadline_ms(fx.client));
	assert_int_equal(fx.client->result, SIM_NO_ANSWER);
	stop(&fx);
}

static void
test_separate_response(void **state)
{
	struct fixture fx;
	uint8_t text[12] = { 0x60, 0x00 };

	(void)state;
	start(&fx, NULL);
	memcpy(text + 2, fx.request + 2, 2);
	assert_int_equal(SSL_write(fx.ssl, text, 4), 4); /* an empty ACK: no more repetitions */
	serve_client(&fx);
	assert_int_equal(sim_client_deadline_ms(fx.client), fx.now_ms + 93000);
	uint8_t con[8] = { 0x44, SIM_CHANGED, 0x55, 0x66 };
	memcpy(con + 4, fx.request + 4, 4);
	for (int i = 0; i < 2; i++) { /* the second: our ACK was lost */
		assert_int_equal(SSL_write(fx.ssl, con, sizeof(con)), sizeof(con));
		serve_client(&fx);
		receive(&fx);
		assert_hex("ACK", fx.got, fx.got_len, "60005566");
	}
	assert_int_equal(fx.client->state, SIM_ST_ACCEPTED);
	stop(&fx);
}

static void
test_refused_request(void **state)
{
	struct fixture fx;

	(void)state;
	start(&fx, NULL);
	answer_request(&fx, SIM_BAD_REQUEST);
	assert_int_equal(fx.client->state, SIM_ST_ENDED);
	assert_int_equal(fx.client->result, SIM_REQUEST_REFUSED);
	stop(&fx);
}

/* What is no proper request, and the answers of RFC 7252. */
static void
test_oddities(void **state)
{
	static const struct row {
		const char *name, *text, *answer;
	} rows[] = {
		{ "ping", "40 00 1111", "70 00 1111" },
		{ "a malformed CON", "40 03 1112 ff", "70 00 1112" },
		{ "a malformed NON", "50 03 1113 ff", "" },
		{ "version 2", "80 03 1114", "" },
		{ "a NON request", "52 04 1115 0001 b130", "" },
		{ "an ACK to nothing", "60 00 1116", "" },
		{ "a response to nothing", "42 44 1117 9999", "70 00 1117" },
		{ "an unknown critical option", "40 04 1118 90 2130", "60 82 1118" },
		{ "an unknown path", "40 04 1119 b27264", "60 84 1119" },
		{ "a query", "40 04 111a b130 4161", "60 80 111a" },
		{ "GET / without Accept", "40 01 111b", "60 85 111b" },
		{ "PUT /", "40 03 111c c22d16 ff c10065", "60 85 111c" },
		{ "POST /", "40 02 111d", "60 85 111d" },
		{ "Finish with a payload", "40 02 111e b26273 ff 30", "60 80 111e" },
		{ "method 5 (FETCH)", "40 05 111f b130", "60 85 111f" },
	};
	struct fixture fx;

	(void)state;
	start_accepted(&fx, NULL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) - 2; i++) {
		print_message("%s\n", rows[i].name);
		turn(&fx, rows[i].text, rows[i].answer);
	}
	turn(&fx, rows[14].text, rows[14].answer);
	assert_int_equal(fx.client->state, SIM_ST_ACCEPTED);
	turn(&fx, rows[13].text, rows[13].answer); /* last: a Finish that fails ends the run */
	stop(&fx);
}

/* A Write of /1/0 in blocks of 16: 2.31, 2.04; then what does not fit together. */
static void
test_blocks(void **state)
{
	struct fixture fx;

	(void)state;
	start_accepted(&fx, NULL);
	/* 30 octets: resources 0, 1, 6, 7 and 22 (a text of 13) */
	turn(&fx, "40 03 2001 b131 0130 122d16 d1 02 08 ff c10065c40100015180c10601c10755c8", "60 5f 2001 d1 0e 08");
	turn(&fx, "40 03 2001 b131 0130 122d16 d1 02 08 ff c10065c40100015180c10601c10755c8", "60 5f 2001 d1 0e 08");
	assert_false(sim_store_has_instance(&fx.client->device.store, 1, 0));
	turn(&fx, "40 03 2002 b131 0130 122d16 d1 02 10 ff 160d 30313233343536373839616263", "60 44 2002 d1 0e 10");
	assert_string_equal((const char *)sim_store_res(&fx.client->device.store, 1, 0, 22)->data, "0123456789abc");
	turn(&fx, "40 03 2003 b131 0130 122d16 d1 02 10 ff c10065", "60 88 2003 d1 0e 10"); /* no block before it */
	turn(&fx, "40 03 2004 b131 0130 122d16 d1 02 08 ff c10065", "60 80 2004 d1 0e 08"); /* too short for more */
	turn(&fx, "40 03 2005 b131 0130 122d16 d1 02 08 ff c10065c40100015180c10601c10755c8", "60 5f 2005 d1 0e 08");
	turn(&fx, "40 03 2006 b131 0131 122d16 d1 02 10 ff 160d 30313233343536373839616263", /* another path */
		"60 88 2006 d1 0e 10");
	stop(&fx);
}

/* A client with small blocks says so in its first 2.31: the offset counts on, in its size. */
static void
test_smaller_blocks(void **state)
{
	struct fixture fx;

	(void)state;
	start_accepted(&fx, NULL);
	fx.conf.block_szx = 0;
	turn(&fx,
		"40 03 2001 b131 0130 122d16 d1 02 09 ff "
		"c10065c40100015180c10601c10755c8160d30313233343536373839616263c1",
		"60 5f 2001 d1 0e 08");
	turn(&fx, "40 03 2002 b131 0130 122d16 d1 02 20 ff 0205",
		"60 44 2002 d1 0e 20"); /* block 2 of 16 is octet 32 */
	assert_int_equal(sim_store_number(&fx.client->device.store, 1, 0, 2, -1), 5);
	turn(&fx, "40 01 2003 d10428", "60 45 2003 41 36 8128 b1 08 ff 3c2f3e3b6c776d326d3d312e312c3c2f"); /* Block2 */
	stop(&fx);
}

/* Bootstrap-Read in the format asked for, or preferred; in blocks where it is long. */
static void
test_read(void **state)
{
	struct fixture fx;

	(void)state;
	start_accepted(&fx, NULL);
	turn(&fx, SERVER, "62 44 0a02 7777");
	turn(&fx, "40 01 2001 b131 0130 622d16", /* Accept 11542 */
		"60 45 2001 410f 822d16 ff c10065 c40100015180 c10601 c10755");
	turn(&fx, "40 01 2002 b131 0130", /* no Accept: pct 112 */
		"60 45 2002 4126 8170 ff 84 a321652f312f302f0061300218 65 a2006131021a00015180 a200613604f5 "
		"a2006137036155");
	turn(&fx, "40 01 2003 b131 62d000", "60 86 2003"); /* Accept 53248 */
	turn(&fx, "40 01 2004 b131 622d18", "60 86 2004"); /* LwM2M CBOR: not with 1.1 */
	fx.conf.block_szx = 0;
	turn(&fx, "40 01 2005 b131 622d16", "60 45 2005 4112 822d16 b108 ff 08000fc10065c40100015180c10601c1");
	turn(&fx, "40 01 2006 b131 622d16 6110", "60 45 2006 4112 822d16 b110 ff 0755");
	assert_int_equal(fx.client->count[SIM_AT_READ], 6);
	turn(&fx, "40 01 2007 b132 622d16", "60 45 2007 40 822d16"); /* Object 2 has no instance */
	stop(&fx);
}

/* A client without Block1 says so, or says nothing; what fits into a datagram it takes. */
static void
test_no_block1(void **state)
{
	static const struct {
		uint8_t code;
		const char *answer;
	} rows[] = { { SIM_BAD_OPTION, "60 82 2001" }, { SIM_TOO_LARGE, "60 8d 2001" }, { 0, "" } };
	struct fixture fx;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		start_accepted(&fx, NULL);
		fx.conf.no_block1 = true;
		fx.conf.block1_code = rows[i].code;
		turn(&fx, "40 03 2001 b131 0130 122d16 d1 02 08 ff c10065c40100015180c10601c10755c8", rows[i].answer);
		turn(&fx, SERVER, "62 44 0a02 7777");
		turn(&fx, "40 03 2002 b130 0131 0133 112a ff 6465762d31", "60 44 2002"); /* /0/1/3 as octets */
		assert_hex("identity", sim_store_res(&fx.client->device.store, 0, 1, 3)->data, 5, "6465762d31");
		stop(&fx);
	}
}

static void
test_failed_run_changes_nothing(void **state)
{
	struct fixture fx;

	(void)state;
	start_accepted(&fx, NULL);
	turn(&fx, SECURITY, "62 44 0a01 7777");
	turn(&fx, FINISH, "62 86 0f00 7777"); /* no Server instance */
	sim_client_on_timer(fx.client, fx.now_ms + 100);
	assert_int_equal(fx.client->result, SIM_FINISH_REFUSED);
	assert_string_equal(fx.client->detail, "/0/1: no Server instance with Short Server ID 101");
	assert_false(sim_store_has_instance(&fx.client->device.store, 0, 1));
	assert_true(sim_store_has_instance(&fx.client->device.store, 0, 0));
	stop(&fx);
}

static void
test_faults(void **state)
{
	static const struct row {
		const char *fault, *text, *answer;
	} rows[] = {
		{ "silent@write", SERVER, "" },
		{ "reset@write", SERVER, "70 00 0a02" },
		{ "refuse-write", SERVER, "62 80 0a02 7777" },
		{ "created", SERVER, "62 41 0a02 7777" },
		{ "refuse-finish", FINISH, "62 86 0f00 7777" },
		{ "discover-405", "40 01 0001 d10428", "60 85 0001" },
		{ "refuse-delete", "40 04 0001 b130", "60 80 0001" },
		{ "lose@write", SERVER, "" },
		{ "answer=4.15@write", SERVER, "62 8f 0a02 7777" },
		{ "answer=4.04@discover", "40 01 0001 d10428", "60 84 0001" },
		{ "answer=4.04@finish", FINISH, "62 84 0f00 7777" },
		{ "answer=5.00@read", "40 01 0001 b131", "60 a0 0001" },
		{ "payload", "40 04 0001 b130", "60 42 0001 ff 6120776f7264206f66206578706c616e6174696f6e" },
	};
	struct fixture fx;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		print_message("%s\n", rows[i].fault);
		start_accepted(&fx, rows[i].fault);
		turn(&fx, rows[i].text, rows[i].answer);
		if (strcmp(rows[i].fault, "lose@write") == 0)
			turn(&fx, rows[i].text, "62 44 0a02 7777");
		stop(&fx);
	}
}

static void
test_fault_separate(void **state)
{
	struct fixture fx;

	(void)state;
	start_accepted(&fx, "separate@write");
	turn(&fx, SERVER, "60 00 0a02");
	assert_int_equal(receive(&fx), 6);
	uint8_t con[6];
	memcpy(con, fx.got, sizeof(con));
	assert_int_equal(con[0], 0x42);
	assert_int_equal(con[1], SIM_CHANGED);
	fx.now_ms = sim_client_deadline_ms(fx.client); /* not acknowledged: again */
	sim_client_on_timer(fx.client, fx.now_ms);
	assert_int_equal(receive(&fx), 6);
	assert_memory_equal(con, fx.got, 6);
	uint8_t ack[4] = { 0x60, 0, con[2], con[3] };
	assert_int_equal(SSL_write(fx.ssl, ack, 4), 4);
	serve_client(&fx);
	assert_false(fx.client->con.active);
	assert_int_equal(fx.client->state, SIM_ST_ACCEPTED);
	stop(&fx);
}

static void
test_fault_slow(void **state)
{
	struct fixture fx;

	(void)state;
	start_accepted(&fx, "slow=1700@write");
	turn(&fx, SERVER, "");
	assert_int_equal(sim_client_deadline_ms(fx.client), fx.now_ms + 1700);
	fx.now_ms += 1000;
	turn(&fx, SERVER, ""); /* asked again meanwhile: that changes nothing */
	fx.now_ms += 700;
	sim_client_on_timer(fx.client, fx.now_ms);
	receive(&fx);
	assert_hex("answer", fx.got, fx.got_len, "62 44 0a02 7777");
	turn(&fx, SERVER, "62 44 0a02 7777"); /* asked again afterwards: at once, as it is known */
	turn(&fx, "40 04 0001 b130", "60 42 0001"); /* other steps are not slow */
	stop(&fx);
}

static void
test_fault_restart(void **state)
{
	struct fixture fx;

	(void)state;
	start_accepted(&fx, "restart@write");
	send_hex(&fx, SECURITY);
	assert_int_equal(receive(&fx), fx.request_len); /* a request in place of an answer */
	assert_memory_equal(fx.got + 8, fx.request + 8, fx.request_len - 8);
	assert_memory_not_equal(fx.got + 2, fx.request + 2, 2);
	memcpy(fx.request, fx.got, fx.got_len);
	answer_request(&fx, SIM_CHANGED);
	turn(&fx, SECURITY, "62 44 0a01 7777"); /* once only */
	stop(&fx);
}

static void
test_wrong_key(void **state)
{
	struct fixture fx;
	struct sim_row row = { .endpoint = "dev-2", .mode = "psk", .psk_identity = "id-1" };

	(void)state;
	start(&fx, NULL);
	sim_client_free(fx.client);
	row.psk.len = hex(KEY, row.psk.data, sizeof(row.psk.data));
	assert_true(sim_fault_parse("wrong-key", &fx.conf.fault));
	fx.client = sim_client_new(&fx.conf, &row, NULL, 0);
	assert_memory_not_equal(fx.client->psk.data, row.psk.data, row.psk.len);
	assert_int_equal(fx.client->psk.len, row.psk.len);
	stop(&fx);
}

/* ---- packs ----------------------------------------------------------------------------------------------------- */

#define GET_PACK "b6 62737061636b 48 65703d6465762d31 0a 6163633d3c2f302f303e" /* ep=dev-1, acc=</0/0> */
#define PACK_1 \
	"8aa321652f302f312f00613003 77636f6170733a2f2f646d2e6578616d706c653a35363834 a200613104f4 a20061320200 " \
	"a200613308486465762d30303031 a2"
#define PACK_2 \
	"0061350850101112131415161718191a1b1c1d1e1f a2006231300218 65 a321652f312f302f006130021865 " \
	"a2006131021a00015180 " \
	"a200613604f5 a200613703"
#define PACK_3 "6155"

/* An answer to the latest request, whatever its Message ID and token, with these options and payload; then the next one. */
static void
answer_pack(struct fixture *fx, uint8_t code, const char *rest)
{
	uint8_t wire[512] = { 0x64, code, fx->got[2], fx->got[3] };

	memcpy(wire + 4, fx->got + 4, 4);
	size_t len = 8 + hex(rest, wire + 8, sizeof(wire) - 8);
	assert_int_equal(SSL_write(fx->ssl, wire, (int)len), len);
	serve_client(fx);
	receive(fx);
}

static void
expect_get(const struct fixture *fx, const char *options)
{
	assert_true(fx->got_len > 8 && fx->got[1] == SIM_GET);
	assert_hex(options, fx->got + 8, fx->got_len - 8, options);
}

static void
test_pack(void **state)
{
	const struct sim_store *store;
	struct fixture fx;

	(void)state;
	start_with(&fx, NULL, true);
	expect_get(&fx, GET_PACK "21 70");
	answer_pack(&fx, SIM_CONTENT, "44 01020304 81 70 b1 0a ff " PACK_1); /* ETag, format 112, Block2 0 more 64 */
	expect_get(&fx, GET_PACK "21 70 61 12");
	answer_pack(&fx, SIM_CONTENT, "44 01020304 81 70 b1 1a ff " PACK_2);
	expect_get(&fx, GET_PACK "21 70 61 22");
	answer_pack(&fx, SIM_CONTENT, "44 01020304 81 70 b1 22 ff " PACK_3);
	assert_int_equal(fx.got_len, 0); /* nobody is told */
	assert_int_equal(fx.client->state, SIM_ST_LINGER);
	sim_client_on_timer(fx.client, fx.now_ms + 100);
	assert_int_equal(fx.client->result, SIM_DONE);
	assert_int_equal(fx.client->pack.result, SIM_PACK_TAKEN);
	store = &fx.client->device.store;
	assert_int_equal(sim_store_number(store, 0, 1, 10, -1), 101);
	assert_int_equal(sim_store_number(store, 1, 0, 1, -1), 86400);
	assert_false(sim_store_has_instance(store, 0, 7)); /* what was there before, but for the device's own */
	assert_false(sim_store_has_instance(store, 1, 7));
	assert_int_equal(sim_store_number(store, 0, 0, 1, -1), 1);
	assert_true(sim_store_has_instance(store, 3, 0));
	stop(&fx);
}

/* No pack, or one of no use: POST /bs. */
static void
test_pack_then_request(void **state)
{
	static const struct {
		const char *name;
		uint8_t code;
		const char *rest;
		enum sim_pack_result result;
	} rows[] = {
		{ "no such thing", SIM_CODE(5, 1), "", SIM_PACK_DECLINED },
		{ "declined", SIM_NOT_ALLOWED, "", SIM_PACK_DECLINED },
		{ "no octets", SIM_CONTENT, "44 01020304 81 70", SIM_PACK_INCONSISTENT },
		{ "an empty pack", SIM_CONTENT, "44 01020304 81 70 ff 80", SIM_PACK_INCONSISTENT },
		{ "a Server instance alone", SIM_CONTENT,
			"44 01020304 81 70 ff 84 a321652f312f302f006130021865 a2006131021a00015180 a200613604f5 "
			"a2006137036155",
			SIM_PACK_INCONSISTENT },
		{ "the device's own account", SIM_CONTENT, "44 01020304 81 70 ff 81 a321652f302f302f00613104f4",
			SIM_PACK_INCONSISTENT },
		{ "an object that it does not have", SIM_CONTENT, "44 01020304 81 70 ff 81 a321652f352f302f0061310300",
			SIM_PACK_INCONSISTENT },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fixture fx;

		print_message("%s\n", rows[i].name);
		start_with(&fx, NULL, true);
		answer_pack(&fx, rows[i].code, rows[i].rest);
		assert_int_equal(fx.got[1], SIM_POST);
		assert_hex(rows[i].name, fx.got + 8, fx.got_len - 8, "b26273 48 65703d6465762d31 07 7063743d313132");
		assert_int_equal(fx.client->pack.result, rows[i].result);
		assert_true(sim_store_has_instance(&fx.client->device.store, 0, 7)); /* as it was */
		stop(&fx);
	}
}

/* Answers that are no block of the pack. */
static void
test_pack_is_broken(void **state)
{
	static const struct {
		const char *name, *first, *second;
	} rows[] = {
		{ "no ETag", "c1 70 ff 80", NULL },
		{ "another format", "44 01020304 81 6e ff 5b5d", NULL },
		{ "another block", "44 01020304 81 70 b1 1a ff " PACK_1, NULL },
		{ "too short for more", "44 01020304 81 70 b1 0a ff 80", NULL },
		{ "another ETag", "44 01020304 81 70 b1 0a ff " PACK_1, "44 01020305 81 70 b1 1a ff " PACK_2 },
		{ "the same block again", "44 01020304 81 70 b1 0a ff " PACK_1, "44 01020304 81 70 b1 0a ff " PACK_1 },
		{ "another size", "44 01020304 81 70 b1 0a ff " PACK_1, "44 01020304 81 70 b1 13 ff " PACK_2 },
		{ "no block", "44 01020304 81 70 b1 0a ff " PACK_1, "44 01020304 81 70 ff " PACK_2 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fixture fx;

		print_message("%s\n", rows[i].name);
		start_with(&fx, NULL, true);
		answer_pack(&fx, SIM_CONTENT, rows[i].first);
		if (rows[i].second != NULL)
			answer_pack(&fx, SIM_CONTENT, rows[i].second);
		assert_int_equal(fx.client->result, SIM_WRONG_CONTENT);
		stop(&fx);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_run),
		cmocka_unit_test(test_request_is_repeated),
		cmocka_unit_test(test_separate_response),
		cmocka_unit_test(test_refused_request),
		cmocka_unit_test(test_oddities),
		cmocka_unit_test(test_blocks),
		cmocka_unit_test(test_smaller_blocks),
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_no_block1),
		cmocka_unit_test(test_failed_run_changes_nothing),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_fault_separate),
		cmocka_unit_test(test_fault_slow),
		cmocka_unit_test(test_fault_restart),
		cmocka_unit_test(test_wrong_key),
		cmocka_unit_test(test_pack),
		cmocka_unit_test(test_pack_then_request),
		cmocka_unit_test(test_pack_is_broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
