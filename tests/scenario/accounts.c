/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/test.h"

#include "tests/scenario/accounts.h"

#include <stdlib.h>

void
set_blob(struct bs_blob *b, uint8_t octet, size_t len)
{
	uint8_t data[1024];

	assert_true(len <= sizeof(data));
	memset(data, octet, len);
	assert_int_equal(bs_blob_set(b, data, len), BS_OK);
}

void
set_key(struct bs_secret *key, uint8_t first, size_t len)
{
	key->len = len;
	for (size_t i = 0; i < len; i++)
		key->data[i] = (uint8_t)(first + i);
}

struct bs_grant *
add_server(struct bs_account *a, uint16_t ssid, const char *uri, const char *identity)
{
	struct bs_grant *g;

	a->grants = realloc(a->grants, (a->grant_count + 1) * sizeof(*a->grants));
	assert_non_null(a->grants);
	g = &a->grants[a->grant_count++];
	memset(g, 0, sizeof(*g));
	g->ssid = ssid;
	g->mode = BS_MODE_PSK;
	strcpy(g->uri, uri);
	assert_int_equal(bs_blob_set(&g->public_or_identity, identity, strlen(identity)), BS_OK);
	set_key(&g->secret_key, 0, 16);
	return g;
}

struct bs_account *
new_account(void)
{
	struct bs_account *a = bs_account_new();

	assert_non_null(a);
	a->device_id = 7;
	strcpy(a->endpoint, "dev-0001");
	a->enabled = true;
	bs_profile_init(&a->profile);
	a->profile.omit_unused_keys = true;
	a->profile.security_iid =
		1; /* the devices of the scripts hold their bootstrap account at /0/0, and the operator says so */
	return a;
}

void
set_setting(struct bs_setting *s, uint16_t oid, uint16_t rid, enum bs_type type, const char *text)
{
	*s = (struct bs_setting){ .oid = oid, .rid = rid, .type = type, .text = strdup(text) };
	assert_non_null(s->text);
}

void
add_set_server(struct bs_account *a, uint16_t ssid, const char *uri, const char *identity)
{
	struct bs_grant *g = add_server(a, ssid, uri, identity);

	g->settings = calloc(3, sizeof(*g->settings));
	assert_non_null(g->settings);
	g->setting_count = 3;
	set_setting(&g->settings[0], 1, 1, BS_TYPE_INTEGER, "86400");
	set_setting(&g->settings[1], 1, 6, BS_TYPE_BOOLEAN, "true");
	set_setting(&g->settings[2], 1, 7, BS_TYPE_STRING, "U");
}

struct bs_account *
one_server(void)
{
	struct bs_account *a = new_account();

	add_set_server(a, 101, "coaps://dm.example:5684", "dev-0001");
	return a;
}

struct bs_account *
give_certificate(struct bs_account *a)
{
	struct bs_grant *g = &a->grants[0];

	g->mode = BS_MODE_X509;
	set_blob(&g->public_or_identity, 0xab, 600);
	set_blob(&g->server_key, 0xcd, 500);
	memset(g->secret_key.data, 0xef, 138);
	g->secret_key.len = 138;
	return a;
}

struct bs_account *
give_sms(struct bs_account *a)
{
	struct bs_grant *g = &a->grants[0];

	strcpy(g->sms_number, "447700900123");
	g->sms = (struct bs_sms){ .mode = 2, .kic = 0x12, .kid = 0x12, .spi1 = 0x16, .tar = { 0xb2, 0x02, 0x03 } };
	set_key(&g->sms.kic_key, 0x00, 16);
	set_key(&g->sms.kid_key, 0x10, 16);
	return a;
}
