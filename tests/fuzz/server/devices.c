/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/server/devices.h"

#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/sha.h>

#include "db/provision.h"
#include "server/base/text.h"
#include "tests/fuzz/server/outside.h"

struct bed bed;

static char folder[64], store_dir[96], key_file[96];

static void
ok(enum bs_err err, const struct bs_diag *diag)
{
	if (err != BS_OK)
		fprintf(stderr, "%s: %s\n", bs_strerror(err), diag != NULL ? diag->text : "");
	require(err == BS_OK, "the target can be set up");
}

/* ---- keys --------------------------------------------------------------------------------------------------------- */

/* Not to be guessed by a fuzzer: octets of a hash over their name. */
static void
make_key(uint8_t key[KEY_LEN], const char *what, unsigned d)
{
	uint8_t hash[SHA256_DIGEST_LENGTH];
	char name[64];
	int len = snprintf(name, sizeof(name), "%s of device %u", what, d);

	SHA256((const unsigned char *)name, (size_t)len, hash);
	memcpy(key, hash, KEY_LEN);
}

static void
make_device(struct device *dev, unsigned d)
{
	snprintf(dev->endpoint, sizeof(dev->endpoint), "dev-%u", d);
	snprintf(dev->identity, sizeof(dev->identity), "id-%u", d);
	make_key(dev->key, "bootstrap key", d);
	make_key(dev->next_key, "next key", d);
	make_key(dev->granted[0], "first key", d);
	make_key(dev->granted[1], "second key", d);
	make_key(dev->sms_key, "sms key", d);
}

/*
 * Keys are searched octet by octet, by code that the fuzzer does not see into: it would learn them from what is compared, and
 * say them itself.
 */
#if defined(__clang__)
#define UNSEEN __attribute__((no_sanitize("coverage")))
#else
#define UNSEEN
#endif
#define FORMS_MAX (DEVICES * 5 * 2)

static struct form {
	int device; /* whose session may carry it; -1: nobody's */
	uint8_t octets[2 * KEY_LEN];
	size_t len;
} forms[FORMS_MAX]; /* each key, and each in hexadecimal */
static size_t form_count;
static bool is_first[256]; /* of any of them */

static void
add_forms(const uint8_t key[KEY_LEN], int device)
{
	struct form *raw = &forms[form_count++], *digits = &forms[form_count++];
	char text[2 * KEY_LEN + 1];

	*raw = (struct form){ .device = device, .len = KEY_LEN };
	*digits = (struct form){ .device = device, .len = sizeof(digits->octets) };
	memcpy(raw->octets, key, KEY_LEN);
	memcpy(digits->octets, bs_hex_encode(key, KEY_LEN, text), sizeof(digits->octets));
	is_first[raw->octets[0]] = is_first[digits->octets[0]] = true;
}

static void
add_device_forms(int d)
{
	const struct device *dev = &bed.devices[d];

	add_forms(dev->key, -1);
	add_forms(dev->next_key, -1);
	add_forms(dev->granted[0], d);
	add_forms(dev->granted[1], d);
	add_forms(dev->sms_key, d);
}

UNSEEN static bool
starts_with(const uint8_t *data, size_t len, const struct form *form)
{
	size_t i = 0;

	while (i < form->len && i < len && data[i] == form->octets[i])
		i++;
	return i == form->len;
}

UNSEEN bool
bed_holds_key(const void *data, size_t len, int own)
{
	const uint8_t *p = data;

	for (size_t i = 0; i + KEY_LEN <= len; i++)
		for (size_t f = 0; is_first[p[i]] && f < form_count; f++)
			if ((forms[f].device < 0 || forms[f].device != own) && starts_with(p + i, len - i, &forms[f]))
				return true;
	return false;
}

/* ---- the store ---------------------------------------------------------------------------------------------------- */

static void
add_servers(void)
{
	struct bs_setting settings[] = {
		{ .oid = 1, .rid = 1, .type = BS_TYPE_INTEGER, .text = "300" },
		{ .oid = 1, .rid = 7, .type = BS_TYPE_STRING, .text = "UQS" },
	};
	const struct bs_server_def defs[] = {
		{ .name = "one",
			.ssid = 101,
			.mode = BS_MODE_PSK,
			.uri = "coaps://dm.example:5684",
			.settings = settings,
			.setting_count = 2,
			.sms_number = "491701234567" },
		{ .name = "two", .ssid = 102, .mode = BS_MODE_PSK, .uri = "coaps://second.example:5684" },
	};
	struct bs_diag diag;

	for (size_t i = 0; i < 2; i++)
		ok(bs_store_add_server(bed.writer, &defs[i], &diag), &diag);
}

/* Profile 1: one server, no Discover, TLV. 2: two servers, Discover, small blocks. 3: as 1, closing at a change. */
static void
add_profiles(void)
{
	static const char *const servers[] = { "one", "two" };
	struct bs_diag diag;
	uint8_t anchor[32];

	pki_spki_hash(&bed.ca, anchor);
	for (unsigned i = 1; i <= 3; i++) {
		struct bs_profile_def def = { .servers = servers, .server_count = i == 2 ? 2 : 1, .has_anchor = true };

		bs_profile_init(&def.profile);
		memcpy(def.anchor_sha256, anchor, sizeof(anchor));
		snprintf(def.profile.name, sizeof(def.profile.name), "p%u", i);
		def.profile.discover = i == 2;
		def.profile.block_size = i == 2 ? 32 : 512;
		def.profile.max_retransmit = 1;
		if (i == 2)
			def.profile.access_control = BS_AC_DERIVED;
		if (i == 3)
			def.profile.on_change = BS_CHANGE_CLOSE;
		ok(bs_store_add_profile(bed.writer, &def, &diag), &diag);
	}
}

static void
fill_grants(unsigned d, size_t count, struct bs_grant_def grants[2], struct bs_secret keys[2], struct bs_sms *sms)
{
	const struct device *dev = &bed.devices[d];

	for (size_t i = 0; i < count; i++) {
		ok(bs_secret_set(&keys[i], dev->granted[i], KEY_LEN), NULL);
		grants[i] = (struct bs_grant_def){ .server_id = (int64_t)i + 1,
			.public_or_identity = (const uint8_t *)dev->endpoint,
			.public_or_identity_len = strlen(dev->endpoint),
			.secret_key = &keys[i] };
	}
	if (d == DEV_SMS) {
		*sms = (struct bs_sms){ .mode = 1 };
		ok(bs_secret_set(&sms->kic_key, dev->sms_key, KEY_LEN), NULL);
		grants[0].sms = sms;
	}
}

static void
fill_bootstrap(unsigned d, struct bs_bootstrap_def *b, struct bs_secret *key, unsigned char **spki)
{
	struct device *dev = &bed.devices[d];

	if (d == DEV_RAW) {
		b->mode = BS_MODE_RPK;
		b->spki_len = (size_t)i2d_PUBKEY(dev->credential.key, spki);
		b->spki = *spki;
	} else if (d == DEV_PINNED || d == DEV_NAMED) {
		unsigned char *der = NULL;
		int len = i2d_X509(dev->credential.cert, &der);

		b->mode = BS_MODE_X509;
		b->has_certificate = d == DEV_PINNED;
		SHA256(der, (size_t)len, b->certificate_sha256);
		OPENSSL_free(der);
	} else {
		b->mode = BS_MODE_PSK;
		b->identity = dev->identity;
		ok(bs_secret_set(key, dev->key, KEY_LEN), NULL);
		b->key = key;
	}
}

static void
add_device(unsigned d)
{
	struct bs_secret keys[2] = { 0 }, key = { 0 };
	struct bs_grant_def grants[2] = { 0 };
	struct bs_conflict conflict;
	struct bs_sms sms = { 0 };
	struct bs_diag diag = { 0 };
	unsigned char *spki = NULL;
	struct bs_device_def def = { .endpoint = bed.devices[d].endpoint,
		.profile_id = d == DEV_CLOSE ? 3
			      : d % 2 == 0   ? 1
					     : 2,
		.enabled = d != DEV_DISABLED,
		.grants = grants };

	def.grant_count = def.profile_id == 2 ? 2 : 1;
	fill_grants(d, def.grant_count, grants, keys, &sms);
	fill_bootstrap(d, &def.bootstrap, &key, &spki);
	ok(bs_store_add_device(bed.writer, &def, &conflict, &diag), &diag);
	OPENSSL_free(spki);
}

static void
begin(void)
{
	struct bs_diag diag;

	ok(bs_store_begin(bed.writer, &diag), &diag);
}

static void
commit(void)
{
	struct bs_diag diag;

	ok(bs_store_commit(bed.writer, &diag), &diag);
}

/* BS_ENOTFOUND: a script deleted it before. */
static void
change(unsigned d, enum bs_err err)
{
	require(err == BS_OK || err == BS_ENOTFOUND || err == BS_EEXIST || err == BS_EREFUSED, "the store is changed");
	if (err == BS_OK)
		commit();
	else
		bs_store_rollback(bed.writer);
	bed.changed[d] = true;
}

#define WATCH_MS 1000

static void
bar(unsigned d, bool barred, uint64_t from_ms)
{
	bed.barred_ms[d] = barred ? from_ms : UINT64_MAX;
}

void
bed_revoke(bool revoked)
{
	bar(DEV_NAMED, revoked, outside_now_ms());
}

void
bed_enable(unsigned d, bool enabled)
{
	bar(d, !enabled, outside_now_ms() + WATCH_MS);
	begin();
	change(d, bs_store_enable_device(bed.writer, bed.devices[d].endpoint, enabled));
}

void
bed_delete(unsigned d)
{
	bar(d, true, outside_now_ms() + WATCH_MS);
	begin();
	change(d, bs_store_delete_device(bed.writer, bed.devices[d].endpoint));
}

void
bed_set_next(unsigned d)
{
	struct device *dev = &bed.devices[d];
	struct bs_secret key = { 0 };
	struct bs_bootstrap_def def = { .mode = BS_MODE_PSK, .identity = dev->identity, .key = &key };
	struct bs_conflict conflict;
	struct bs_diag diag;

	if (d >= DEV_RAW && d <= DEV_NAMED)
		return;
	ok(bs_secret_set(&key, dev->next_key, KEY_LEN), NULL);
	begin();
	change(d, bs_store_set_next(bed.writer, dev->endpoint, &def, &conflict, &diag));
}

void
bed_restore(void)
{
	for (unsigned d = 0; d < DEVICES; d++) {
		bar(d, d == DEV_DISABLED, 0);
		if (!bed.changed[d])
			continue;
		begin();
		if (bs_store_delete_device(bed.writer, bed.devices[d].endpoint) != BS_OK) { /* a script has done so */
			bs_store_rollback(bed.writer);
			begin();
		}
		add_device(d);
		commit();
		bed.changed[d] = false;
	}
}

/* ---- the worker --------------------------------------------------------------------------------------------------- */

/* Into a file, for a reload reads it anew. */
static void
write_conf(struct bs_conf *conf, const char *file, const char *certificate, const char *key, const char *anchor,
	const char *crl)
{
	FILE *f = fopen(file, "w");
	struct bs_diag diag;

	require(f != NULL, "a configuration file");
	fprintf(f,
		"[listen]\naddress = 198.51.100.1:5684\n[store]\ndirectory = %s\nmaster-key = "
		"%s\n[server]\ncertificate = "
		"%s\nprivate-key = %s\ntrust-anchors = %s\n%s%s\n[dtls]\nidle-time = 10m\n[limits]\npeers = "
		"64\nhalf-open = 16\nhalf-open-per-prefix = 12\nlog-lines-per-second = 1000000\n",
		store_dir, key_file, certificate, key, anchor, crl != NULL ? "crls = " : "", crl != NULL ? crl : "");
	require(fclose(f) == 0, "a configuration file");
	ok(bs_conf_read(file, conf, &diag), &diag);
}

static void
make_certificates(void)
{
	const struct pki_options ca = { .ca = true };

	pki_make(&bed.ca, "ca", NULL, &ca);
	pki_make(&bed.stranger_ca, "ca", NULL, &ca);
	pki_make(&bed.server, "bs.example", &bed.ca, NULL);
	pki_make_raw(&bed.stranger_raw, NULL);
	pki_make_raw(&bed.devices[DEV_RAW].credential, NULL);
	pki_make(&bed.devices[DEV_PINNED].credential, "dev-3", &bed.ca, NULL);
	pki_make(&bed.devices[DEV_NAMED].credential, "dev-4", &bed.ca, NULL);
}

static void
make_folder(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(folder, sizeof(folder), "%.40s/bs-fuzz-XXXXXX", tmp != NULL ? tmp : "/tmp");
	require(mkdtemp(folder) != NULL, "a folder for the store");
	snprintf(store_dir, sizeof(store_dir), "%s/store", folder);
	snprintf(key_file, sizeof(key_file), "%s/master.key", folder);
}

static void
remove_folder(void)
{
	char command[96];

	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	if (system(command) != 0)
		fprintf(stderr, "%s stays\n", folder);
	pki_remove_files();
}

static void
make_store(void)
{
	struct bs_diag diag;

	ok(bs_store_create(store_dir, key_file, &diag), &diag);
	ok(bs_store_open(store_dir, key_file, BS_STORE_WRITE, &bed.writer, &diag), &diag);
	ok(bs_journal_open(store_dir, BS_JOURNAL_WRITE, &bed.journal, &diag), &diag);
	begin();
	add_servers();
	add_profiles();
	for (unsigned d = 0; d < DEVICES; d++)
		add_device(d);
	commit();
	bed_restore();
}

static void
make_worker(void)
{
	const char *certificate = pki_write_cert(&bed.server), *key = pki_write_key(&bed.server),
		   *anchor = pki_write_cert(&bed.ca),
		   *crl = pki_write_crl(&bed.ca, &bed.devices[DEV_NAMED].credential, 86400);
	struct bs_udp *socket;
	struct bs_addr listen;
	uint64_t timeout_ms;
	struct bs_diag diag;

	for (unsigned i = 0; i < 2; i++) {
		snprintf(bed.conf_file[i], sizeof(bed.conf_file[i]), "%s/conf.%u", store_dir, i);
		write_conf(&bed.conf[i], bed.conf_file[i], certificate, key, anchor, i == 1 ? crl : NULL);
	}
	ok(bs_conf_listen(&bed.conf[0], 0, &listen, &timeout_ms, &diag), &diag);
	ok(bs_udp_open(&listen, &socket, &diag), &diag);
	bed.shared = (struct bs_shared){
		.conf = &bed.conf[0], .library = "", .workers = bed.workers, .worker_count = 1
	};
	bed.shared.recorder = (struct bs_recorder *)bed.journal;
	bed_forget_devices();
	ok(bs_worker_new(0, &bed.shared, &socket, 1, &bed.worker, &diag), &diag);
	bed.workers[0] = bed.worker;
}

void
bed_forget_devices(void)
{
	const struct bs_device_limits limits = {
		.devices = 64,
		.attempts_per_minute = (unsigned)bed.conf[0].attempts_per_minute,
		.handshakes_per_minute = bs_conf_handshakes(&bed.conf[0]),
		.sessions = (unsigned)bed.conf[0].sessions_per_device,
	};

	bs_device_table_free(bed.shared.devices);
	ok(bs_device_table_new(&limits, &bed.shared.devices), NULL);
}

void
bed_open(void)
{
	for (unsigned d = 0; d < DEVICES; d++)
		make_device(&bed.devices[d], d);
	for (int d = 0; d < DEVICES; d++)
		add_device_forms(d);
	make_certificates();
	make_folder();
	atexit(remove_folder);
	make_store();
	make_worker();
}
