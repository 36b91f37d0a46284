/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is what the device holds a configuration it can work with? The rules of Bootstrap-Finish (LwM2M Core 1.1 section
 * 6.1.7.7 and appendices on Objects 0, 1, 2 and 21). Whatever is wrong makes the answer 4.06.
 */
#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>

#include "server/base/text.h"
#include "tools/sim/device.h"
#include "tools/sim/keys.h"

#define EACH_INSTANCE(i, s, oid) \
	uint16_t i = sim_store_next_instance(s, oid, 0); \
	i != SIM_NONE; \
	i = sim_store_next_instance(s, oid, i + 1u)

#define REFUSE(v, ...) sim_refuse(v, SIM_NOT_ACCEPTABLE, __VA_ARGS__)

static const struct sim_value absent;

/* A single resource, or an empty value. */
static const struct sim_value *
res(const struct sim_device *d, uint16_t oid, uint16_t iid, uint16_t rid)
{
	const struct sim_value *v = sim_store_res(&d->store, oid, iid, rid);

	return v != NULL ? v : &absent;
}

static bool
is_bs(const struct sim_device *d, uint16_t iid)
{
	return res(d, 0, iid, 1)->number == 1;
}

/* Instances of an object that bear a Short Server ID; rid is where it stands. */
static unsigned
count_ssid(const struct sim_device *d, uint16_t oid, uint16_t rid, int64_t ssid)
{
	unsigned n = 0;

	for (EACH_INSTANCE(i, &d->store, oid))
		n += (oid != 0 || !is_bs(d, i)) && sim_store_number(&d->store, oid, i, rid, -1) == ssid;
	return n;
}

static bool
check_mandatory(const struct sim_device *d, uint16_t oid, struct sim_verdict *v)
{
	const struct sim_resource *must = NULL;

	while ((must = sim_model_next_mandatory(oid, must)) != NULL)
		for (EACH_INSTANCE(i, &d->store, oid))
			if (!sim_store_has_resource(&d->store, oid, i, must->rid))
				return REFUSE(v, "/%u/%u: %s is missing", oid, i, must->name);
	return true;
}

static bool
check_psk(const struct sim_device *d, uint16_t i, struct sim_verdict *v)
{
	const struct sim_value *identity = res(d, 0, i, 3), *key = res(d, 0, i, 5);

	if (identity->len == 0 || identity->len > 128 || !bs_utf8_valid(identity->data, identity->len))
		return REFUSE(v, "/0/%u: no usable PSK identity", i);
	if (key->len < 16 || key->len > 64)
		return REFUSE(v, "/0/%u: a PSK of %zu octets", i, key->len);
	return res(d, 0, i, 4)->len == 0 || REFUSE(v, "/0/%u: a server public key with a PSK", i);
}

static bool
check_rpk(const struct sim_device *d, uint16_t i, struct sim_verdict *v)
{
	const struct sim_value *pub = res(d, 0, i, 3), *server = res(d, 0, i, 4), *key = res(d, 0, i, 5);

	if (!sim_key_is_spki(pub->data, pub->len))
		return REFUSE(v, "/0/%u: the public key is no SubjectPublicKeyInfo", i);
	if (!sim_key_is_spki(server->data, server->len))
		return REFUSE(v, "/0/%u: the server's public key is no SubjectPublicKeyInfo", i);
	if (key->len == 0 && d->own_public.len == pub->len && memcmp(d->own_public.data, pub->data, pub->len) == 0)
		return true; /* the device's own key, which never left it */
	if (!sim_key_is_pkcs8(key->data, key->len))
		return REFUSE(v, "/0/%u: the secret key is no PKCS#8 of version 1", i);
	return sim_key_pair_fits(pub->data, pub->len, key->data, key->len) ||
	       REFUSE(v, "/0/%u: public and secret key are no pair", i);
}

/* Matching Type 1 to 3: resource 4 is a hash of the certificate. */
static bool
is_server_certificate(const struct sim_device *d, uint16_t i)
{
	static const size_t hash_len[] = { 0, 32, 48, 64 };
	const struct sim_value *server = res(d, 0, i, 4);
	int64_t matching = res(d, 0, i, 13)->number;

	if (matching >= 1 && matching <= 3)
		return server->len == hash_len[matching];
	return matching == 0 && sim_key_is_certificate(server->data, server->len);
}

static bool
check_x509(const struct sim_device *d, uint16_t i, struct sim_verdict *v)
{
	const struct sim_value *cert = res(d, 0, i, 3), *key = res(d, 0, i, 5);

	if (!sim_key_is_certificate(cert->data, cert->len))
		return REFUSE(v, "/0/%u: no certificate, or more than one", i);
	if (!is_server_certificate(d, i))
		return REFUSE(v, "/0/%u: no server certificate", i);
	if (key->len == 0)
		return true; /* the device holds the key: which one, its secure element knows */
	if (!sim_key_is_pkcs8(key->data, key->len))
		return REFUSE(v, "/0/%u: the secret key is no PKCS#8 of version 1", i);
	return sim_key_pair_fits(cert->data, cert->len, key->data, key->len) ||
	       REFUSE(v, "/0/%u: certificate and secret key are no pair", i);
}

static bool
check_nosec(const struct sim_device *d, uint16_t i, struct sim_verdict *v)
{
	bool empty = res(d, 0, i, 3)->len == 0 && res(d, 0, i, 4)->len == 0 && res(d, 0, i, 5)->len == 0 &&
		     res(d, 0, i, 8)->len == 0;

	return empty || REFUSE(v, "/0/%u: keys in mode NoSec", i);
}

static bool
check_est(const struct sim_device *d, uint16_t i, struct sim_verdict *v)
{
	if (d->version < SIM_LWM2M_1_1)
		return REFUSE(v, "/0/%u: security mode 4 before LwM2M 1.1", i);
	if (res(d, 0, i, 3)->len != 0 || res(d, 0, i, 5)->len != 0)
		return REFUSE(v, "/0/%u: keys in mode EST", i);
	return is_server_certificate(d, i) || REFUSE(v, "/0/%u: no server certificate", i);
}

static const struct mode_rule {
	const char *scheme;
	bool (*check)(const struct sim_device *d, uint16_t i, struct sim_verdict *v);
} modes[] = {
	[SIM_MODE_PSK] = { "coaps://", check_psk },
	[SIM_MODE_RPK] = { "coaps://", check_rpk },
	[SIM_MODE_X509] = { "coaps://", check_x509 },
	[SIM_MODE_NOSEC] = { "coap://", check_nosec },
	[SIM_MODE_EST] = { "coaps://", check_est },
};

static bool
check_uri(const struct sim_device *d, uint16_t i, const char *scheme, struct sim_verdict *v)
{
	const struct sim_value *uri = res(d, 0, i, 0);
	size_t n = strlen(scheme);

	return (uri->len > n && uri->len <= 255 && strncasecmp((const char *)uri->data, scheme, n) == 0) ||
	       REFUSE(v, "/0/%u: the server URI does not begin with %s", i, scheme);
}

/* KIc, KID, SPI (one octet, or two), TAR: what LwM2M Core 1.0 section 7.2 asks of the Secured Packet Structure. */
static bool
check_sps(const struct sim_device *d, uint16_t i, struct sim_verdict *v)
{
	static const uint8_t tar[] = { 0xb2, 0x02, 0x03 };
	const struct sim_value *par = res(d, 0, i, 7), *key = res(d, 0, i, 8);

	if (par->len != 6 && par->len != 7)
		return REFUSE(v, "/0/%u: SMS key parameters of %zu octets", i, par->len);
	unsigned kic = par->data[0] & 15u, kid = par->data[1] & 15u;
	if ((kic != 2 && kic != 9) || (kid != 2 && kid != 9) || (par->data[2] & 0x1f) != 0x16)
		return REFUSE(v, "/0/%u: SMS key parameters outside the rules (AES or 3DES, CC, ciphered, counter)", i);
	if (memcmp(par->data + par->len - 3, tar, 3) != 0)
		return REFUSE(v, "/0/%u: SMS key parameters with another TAR", i);
	return key->len == 16 || key->len == 32 || key->len == 48 ||
	       REFUSE(v, "/0/%u: an SMS key of %zu octets", i, key->len);
}

static bool
check_sms(const struct sim_device *d, uint16_t i, struct sim_verdict *v)
{
	const struct sim_value *mode = sim_store_res(&d->store, 0, i, 6), *number = res(d, 0, i, 9);

	for (size_t k = 0; k < number->len; k++)
		if (number->data[k] < '0' || number->data[k] > '9')
			return REFUSE(v, "/0/%u: the SMS number is more than digits", i);
	if (mode == NULL || mode->number == 3)
		return (res(d, 0, i, 7)->len == 0 && res(d, 0, i, 8)->len == 0) ||
		       REFUSE(v, "/0/%u: SMS keys without an SMS security mode", i);
	if (mode->number == 1 && res(d, 0, i, 8)->len != 16)
		return REFUSE(v, "/0/%u: DTLS over SMS takes a key of 16 octets", i);
	if (mode->number == 2 && !check_sps(d, i, v))
		return false;
	return mode->number == 1 || mode->number == 2 || (mode->number >= 204 && mode->number <= 255) ||
	       REFUSE(v, "/0/%u: SMS security mode %lld", i, (long long)mode->number);
}

/* Keys of the bootstrap interface differ from those of the other interfaces (LwM2M Core 1.0 section 7.1). */
static bool
check_key_is_new(const struct sim_device *d, uint16_t i, struct sim_verdict *v)
{
	const struct sim_value *key = res(d, 0, i, 5);

	for (EACH_INSTANCE(b, &d->store, 0)) {
		const struct sim_value *own = res(d, 0, b, 5);
		if (b != i && is_bs(d, b) && key->len > 0 && own->len == key->len &&
			CRYPTO_memcmp(own->data, key->data, key->len) == 0)
			return REFUSE(v, "/0/%u: the key of the bootstrap account", i);
	}
	return true;
}

static bool
check_ssid(const struct sim_device *d, uint16_t i, struct sim_verdict *v)
{
	int64_t ssid = sim_store_number(&d->store, 0, i, 10, -1);

	if (is_bs(d, i))
		return ssid == -1 || REFUSE(v, "/0/%u: a Short Server ID on the bootstrap account", i);
	if (ssid == -1 && d->repository_ok)
		return true;
	if (ssid < 1 || ssid > 65534)
		return REFUSE(v, "/0/%u: no Short Server ID", i);
	if (count_ssid(d, 0, 10, ssid) > 1)
		return REFUSE(v, "/0/%u: Short Server ID %lld twice", i, (long long)ssid);
	return count_ssid(d, 1, 0, ssid) == 1 ||
	       REFUSE(v, "/0/%u: no Server instance with Short Server ID %lld", i, (long long)ssid);
}

static bool
check_security(const struct sim_device *d, uint16_t i, struct sim_verdict *v)
{
	int64_t mode = res(d, 0, i, 2)->number;

	if (mode < 0 || mode > SIM_MODE_EST)
		return REFUSE(v, "/0/%u: security mode %lld", i, (long long)mode);
	return check_uri(d, i, modes[mode].scheme, v) && modes[mode].check(d, i, v) && check_ssid(d, i, v) &&
	       check_sms(d, i, v) && (is_bs(d, i) || check_key_is_new(d, i, v));
}

/* Letters of the set, none twice; LwM2M 1.0 names its bindings one by one. */
static bool
is_binding(const struct sim_device *d, const char *text)
{
	static const char *const bindings_1_0[] = { "U", "UQ", "S", "SQ", "US", "UQS" };

	if (d->version == SIM_LWM2M_1_0) {
		for (size_t i = 0; i < sizeof(bindings_1_0) / sizeof(bindings_1_0[0]); i++)
			if (strcmp(text, bindings_1_0[i]) == 0)
				return true;
		return false;
	}
	const char *letters = d->version >= SIM_LWM2M_1_2 ? "UMHTSN" : "UTSN";
	for (const char *c = text; *c != '\0'; c++)
		if (strchr(letters, *c) == NULL || strchr(c + 1, *c) != NULL)
			return false;
	return *text != '\0';
}

static bool
check_server(const struct sim_device *d, uint16_t i, struct sim_verdict *v)
{
	static const struct {
		uint16_t rid;
		int64_t least, most;
	} ranges[] = {
		{ 0, 1, 65534 },
		{ 1, 0, INT32_MAX },
		{ 2, 0, INT32_MAX },
		{ 3, 1, INT32_MAX },
		{ 5, 0, INT32_MAX },
		{ 17, 1, UINT32_MAX },
		{ 20, 1, UINT32_MAX },
	};

	for (size_t k = 0; k < sizeof(ranges) / sizeof(ranges[0]); k++) {
		const struct sim_value *n = sim_store_res(&d->store, 1, i, ranges[k].rid);
		if (n != NULL && (n->number < ranges[k].least || n->number > ranges[k].most))
			return REFUSE(v, "/1/%u/%u: %lld is out of range", i, ranges[k].rid, (long long)n->number);
	}
	const struct sim_value *binding = res(d, 1, i, 7);
	int64_t ssid = res(d, 1, i, 0)->number;
	if (!is_binding(d, (const char *)binding->data))
		return REFUSE(v, "/1/%u: not a binding of this version", i);
	if (count_ssid(d, 1, 0, ssid) > 1)
		return REFUSE(v, "/1/%u: Short Server ID %lld twice", i, (long long)ssid);
	return count_ssid(d, 0, 10, ssid) == 1 ||
	       REFUSE(v, "/1/%u: no Security instance with Short Server ID %lld", i, (long long)ssid);
}

static bool
check_acl_entries(const struct sim_device *d, uint16_t i, struct sim_verdict *v)
{
	for (size_t k = 0; k < d->store.count; k++) {
		const struct sim_value *e = &d->store.v[k];
		if (e->path.oid != 2 || e->path.iid != i || e->path.rid != 2)
			continue;
		if (e->number < 0 || e->number > 31)
			return REFUSE(v, "/2/%u: rights %lld", i, (long long)e->number);
		if (e->path.riid != 0 && count_ssid(d, 1, 0, e->path.riid) == 0)
			return REFUSE(v, "/2/%u: rights for Short Server ID %u, which is none", i, e->path.riid);
	}
	return true;
}

static bool
check_access(const struct sim_device *d, uint16_t i, struct sim_verdict *v)
{
	int64_t oid = res(d, 2, i, 0)->number, iid = res(d, 2, i, 1)->number, owner = res(d, 2, i, 3)->number;

	if (oid < 1 || oid > 65534 || oid == 2 || oid == 21 || !sim_device_implements(d, (uint16_t)oid))
		return REFUSE(v, "/2/%u: access to object %lld", i, (long long)oid);
	if (iid < 0 || iid > 65535 ||
		(iid != 65535 && !sim_store_has_instance(&d->store, (uint16_t)oid, (uint16_t)iid)))
		return REFUSE(
			v, "/2/%u: access to /%lld/%lld, which does not exist", i, (long long)oid, (long long)iid);
	if (owner != 65535 && count_ssid(d, 1, 0, owner) == 0)
		return REFUSE(v, "/2/%u: owner %lld is no server", i, (long long)owner);
	for (EACH_INSTANCE(k, &d->store, 2))
		if (k != i && res(d, 2, k, 0)->number == oid && res(d, 2, k, 1)->number == iid)
			return REFUSE(v, "/2/%u and /2/%u: about the same instance", i, k);
	return check_acl_entries(d, i, v);
}

/* One Security instance links to each OSCORE instance, and no link leads nowhere. */
static bool
check_oscore(const struct sim_device *d, struct sim_verdict *v)
{
	for (EACH_INSTANCE(k, &d->store, 21)) {
		unsigned links = 0;
		for (EACH_INSTANCE(i, &d->store, 0))
			links += sim_store_number(&d->store, 0, i, 17, -1) == (21 << 16 | k);
		if (links != 1)
			return REFUSE(v, "/21/%u: %u Security instances link to it", k, links);
	}
	for (EACH_INSTANCE(i, &d->store, 0)) {
		int64_t link = sim_store_number(&d->store, 0, i, 17, UINT32_MAX);
		if (link != UINT32_MAX &&
			((link >> 16) != 21 || !sim_store_has_instance(&d->store, 21, (uint16_t)link)))
			return REFUSE(v, "/0/%u: an OSCORE link that leads nowhere", i);
	}
	return true;
}

static bool
check_counts(const struct sim_device *d, struct sim_verdict *v)
{
	unsigned bs = 0, servers = 0;

	for (EACH_INSTANCE(i, &d->store, 0)) {
		if (is_bs(d, i))
			bs++;
		else
			servers++;
	}
	if (bs != 1)
		return REFUSE(v, "%u Bootstrap-Server accounts", bs);
	return servers > 0 || REFUSE(v, "no server account");
}

bool
sim_check_consistent(const struct sim_device *d, struct sim_verdict *v)
{
	static const uint16_t objects[] = { 0, 1, 2, 21 };
	bool ok = check_counts(d, v);

	for (size_t k = 0; k < 4 && ok; k++)
		ok = check_mandatory(d, objects[k], v);
	for (EACH_INSTANCE(i, &d->store, 0))
		ok = ok && check_security(d, i, v);
	for (EACH_INSTANCE(i, &d->store, 1))
		ok = ok && check_server(d, i, v);
	for (EACH_INSTANCE(i, &d->store, 2))
		ok = ok && check_access(d, i, v);
	return ok && check_oscore(d, v);
}
