/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rotate: give a device a next bootstrap credential beside the current one. Both are accepted until settle finds in the
 * journal that the next one was used. Where the device's profile has a bootstrap account, the daemon delivers it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/base/random.h"
#include "server/base/terminal.h"
#include "server/base/text.h"
#include "tools/ctl/check.h"
#include "tools/ctl/cli.h"
#include "tools/ctl/file.h"
#include "tools/ctl/number.h"
#include "tools/ctl/device/strength.h"

enum {
	O_KEEP_IDENTITY,
	O_IDENTITY,
	O_KEY,
	O_PUBLIC_KEY,
	O_CERTIFICATE,
	O_PRIVATE_KEY,
	O_OUT,
	O_SECRETS,
	O_CHANNEL_BITS
};

static const struct bs_ctl_option options[] = {
	[O_KEEP_IDENTITY] = { "keep-identity", NULL, "psk: keep the identity, only the key is new" },
	[O_IDENTITY] = { "identity", "TEXT", "psk: the next identity (default: the current one with a random ending)" },
	[O_KEY] = { "key", "FILE|-", "psk: file with the key in hexadecimal (default: a random key of 16 octets)" },
	[O_PUBLIC_KEY] = { "public-key", "FILE", "rpk: the next public key, PEM or DER" },
	[O_CERTIFICATE] = { "certificate", "FILE", "x509: the next certificate, PEM or DER" },
	[O_PRIVATE_KEY] = { "private-key", "FILE",
		"rpk, x509: its private key, PEM or DER, to be delivered (the profile has a bootstrap account)" },
	[O_OUT] = { "out", "FILE", "write the random key into a new file (mode 0600)" },
	[O_SECRETS] = { "secrets", NULL, "print the random key" },
	[O_CHANNEL_BITS] = { "channel-bits", "128|256",
		"of the weakest cipher that delivers it (default 128), as for import" },
	{ 0 },
};

#define SUFFIX_OCTETS 4

struct rotation {
	const struct bs_ctl_args *args;
	struct bs_bootstrap_def def;
	char identity[BS_IDENTITY_MAX + 1];
	struct bs_secret key; /* PSK, or PKCS#8 */
	struct bs_blob public_key, derived; /* derived: of the private key */
	struct bs_key_info private_info;
	bool generated;
	unsigned suite_bits;
	char account[BS_NAME_MAX + 1]; /* the bootstrap account that delivers it; "": none does */
	int out_fd; /* -1: none */
};

/* ---- the next credential ----------------------------------------------------------------------------------------- */

static void
read_key_file(struct rotation *n, const char *file, struct bs_report *r)
{
	struct bs_secret text = { 0 };
	struct bs_diag diag = { 0 };

	if (bs_file_read(file, text.data, 1024, &text.len, &diag) != BS_OK) {
		bs_report_error(r, "--key", "%s", diag.text);
	} else {
		while (text.len > 0 && strchr(" \t\r\n", text.data[text.len - 1]) != NULL)
			text.len--;
		if (bs_hex_decode((const char *)text.data, text.len, n->key.data, 256, &n->key.len) != BS_OK) {
			n->key.len = 0;
			bs_report_error(r, "--key", "%s does not hold a key in hexadecimal", file);
		}
	}
	if (n->key.len > 0)
		bs_check_psk(r, "--key", &n->key);
	bs_secret_clear(&text);
}

static void
read_private_file(struct rotation *n, const char *file, struct bs_report *r)
{
	struct bs_diag diag = { 0 };

	if (bs_convert_private_file(file, &n->key, &n->derived, &n->private_info, &diag) != BS_OK)
		bs_report_error(r, "--private-key", "%s", diag.text[0] != '\0' ? diag.text : bs_strerror(diag.err));
}

static void
read_secrets(struct rotation *n, struct bs_report *r)
{
	const char *key = bs_ctl_get(n->args, O_KEY), *private_key = bs_ctl_get(n->args, O_PRIVATE_KEY);

	if (key != NULL && private_key != NULL)
		bs_report_error(r, "--private-key", "cannot be combined with --key");
	else if (key != NULL)
		read_key_file(n, key, r);
	else if (private_key != NULL)
		read_private_file(n, private_key, r);
}

/* What is delivered must not be worth more than what guards it on its way. */
static void
check_delivered(const struct rotation *n, enum bs_mode mode, struct bs_report *r)
{
	struct bs_channel channel = { .mode = mode, .suite = n->suite_bits };

	if (n->account[0] == '\0' || n->key.len == 0)
		return;
	if (mode == BS_MODE_PSK)
		bs_check_cargo(r, "--key", &channel, BS_CARGO_PSK, bs_strength_bits(n->key.data, n->key.len));
	else
		bs_check_cargo(r, "--private-key", &channel, BS_CARGO_PRIVATE_KEY, n->private_info.strength);
}

/* The private key of a raw key or certificate: kept only to be delivered. */
static void
take_private(struct rotation *n, struct bs_report *r)
{
	if (n->account[0] == '\0' && n->key.len > 0)
		bs_report_error(r, "--private-key",
			"is kept to be delivered alone, and the profile has no bootstrap account of that mode; leave it out, "
			"or add one (server add --kind bootstrap)");
	if (n->key.len == 0)
		return;
	n->def.delivered_public = &n->public_key;
	n->def.delivered_key = &n->key;
}

/* Random octets hit a rule of the screen once in some million times: draw again then. */
static void
generate_key(struct rotation *n)
{
	n->generated = true;
	do {
		bs_random_system(NULL, n->key.data, BS_PSK_MIN);
		n->key.len = BS_PSK_MIN;
	} while (bs_strength_refusal(n->key.data, n->key.len) != NULL);
}

/* "CURRENT~1a2b3c4d": an earlier ending is replaced, so that names do not grow. */
static void
make_identity(struct rotation *n, const char *current)
{
	uint8_t random[SUFFIX_OCTETS];
	char hex[2 * SUFFIX_OCTETS + 1];
	const char *tilde = strrchr(current, '~');
	size_t keep = tilde != NULL && strlen(tilde) == 1 + 2 * SUFFIX_OCTETS ? (size_t)(tilde - current)
									      : strlen(current);

	if (keep > BS_IDENTITY_MAX - 1 - 2 * SUFFIX_OCTETS)
		keep = BS_IDENTITY_MAX - 1 - 2 * SUFFIX_OCTETS;
	while (keep > 0 && ((unsigned char)current[keep] & 0xc0) == 0x80)
		keep--; /* not in the middle of a character */
	bs_random_system(NULL, random, sizeof(random));
	snprintf(n->identity, sizeof(n->identity), "%.*s~%s", (int)keep, current,
		bs_hex_encode(random, sizeof(random), hex));
}

static void
next_psk(struct rotation *n, const struct bs_device_info *d, struct bs_report *r)
{
	const char *identity = bs_ctl_get(n->args, O_IDENTITY), *file = bs_ctl_get(n->args, O_KEY);
	bool keep = bs_ctl_get(n->args, O_KEEP_IDENTITY) != NULL;

	if (identity != NULL && keep)
		bs_report_error(r, "--identity", "cannot be combined with --keep-identity");
	if (identity != NULL) {
		bs_check_identity(r, "--identity", identity, strlen(identity));
		snprintf(n->identity, sizeof(n->identity), "%s", identity);
	} else if (keep) {
		snprintf(n->identity, sizeof(n->identity), "%s", d->identity);
	} else {
		make_identity(n, d->identity);
	}
	if (file == NULL)
		generate_key(n);
	if (n->generated && n->account[0] == '\0' && bs_ctl_get(n->args, O_OUT) == NULL &&
		bs_ctl_get(n->args, O_SECRETS) == NULL)
		bs_report_error(
			r, NULL, "the random key would be lost: use --out FILE or --secrets, or give a key with --key");
	if (!n->generated && (bs_ctl_get(n->args, O_OUT) != NULL || bs_ctl_get(n->args, O_SECRETS) != NULL))
		bs_report_error(r, NULL, "--out and --secrets apply only to a random key");
	n->def.identity = n->identity;
	n->def.key = &n->key;
}

static void
next_rpk(struct rotation *n, const struct bs_device_info *d, struct bs_report *r)
{
	const char *file = bs_ctl_get(n->args, O_PUBLIC_KEY);
	struct bs_key_info info;
	struct bs_diag diag = { 0 };

	(void)d;
	if (n->key.len > 0 && file != NULL)
		bs_report_error(r, "--public-key", "is derived from --private-key; omit it");
	else if (n->key.len > 0 && n->private_info.rsa)
		bs_report_error(r, "--private-key", "an RSA key; raw public keys must be on an elliptic curve");
	else if (n->key.len > 0 && bs_blob_set(&n->public_key, n->derived.data, n->derived.len) != BS_OK)
		bs_report_error(r, "--private-key", "%s", bs_strerror(BS_ENOMEM));
	else if (n->key.len == 0 && file == NULL)
		bs_report_error(r, "--public-key", "missing; the device has mode rpk");
	else if (file != NULL && bs_convert_public_file(file, &n->public_key, &info, &diag) != BS_OK)
		bs_report_error(r, "--public-key", "%s", diag.text);
	n->def.spki = n->public_key.data;
	n->def.spki_len = n->public_key.len;
	take_private(n, r);
}

static void
next_x509(struct rotation *n, const struct bs_device_info *d, struct bs_report *r)
{
	const char *file = bs_ctl_get(n->args, O_CERTIFICATE);
	struct bs_key_info info;
	struct bs_diag diag = { 0 };

	(void)d;
	if (file == NULL)
		bs_report_error(r, "--certificate", "missing; the device has mode x509");
	else if (bs_convert_certificate_file(file, &n->public_key, &info, &diag) != BS_OK ||
		 bs_convert_sha256(n->public_key.data, n->public_key.len, n->def.certificate_sha256) != BS_OK)
		bs_report_error(r, "--certificate", "%s", diag.text[0] != '\0' ? diag.text : bs_strerror(BS_ECRYPTO));
	else if (n->key.len > 0 && bs_convert_check_pair(&n->public_key, &n->key, &diag) != BS_OK)
		bs_report_error(r, "--private-key", "%s", diag.text);
	n->def.has_certificate = true;
	take_private(n, r);
}

/* Which options belong to which mode: bits of their places. */
static const struct {
	unsigned allowed;
	void (*read)(struct rotation *n, const struct bs_device_info *d, struct bs_report *r);
} modes[] = {
	[BS_MODE_PSK] = { 1u << O_KEEP_IDENTITY | 1u << O_IDENTITY | 1u << O_KEY | 1u << O_OUT | 1u << O_SECRETS |
				  1u << O_CHANNEL_BITS,
		next_psk },
	[BS_MODE_RPK] = { 1u << O_PUBLIC_KEY | 1u << O_PRIVATE_KEY | 1u << O_CHANNEL_BITS, next_rpk },
	[BS_MODE_X509] = { 1u << O_CERTIFICATE | 1u << O_PRIVATE_KEY | 1u << O_CHANNEL_BITS, next_x509 },
};

static void
read_next(struct rotation *n, struct bs_store *store, const struct bs_device_info *d, struct bs_report *r)
{
	enum bs_err err = bs_store_renewal_account(store, d->profile, d->mode, n->account);

	if (err != BS_OK)
		bs_report_error(r, NULL, "%s", bs_strerror(err));
	n->def.mode = d->mode;
	for (size_t i = 0; i < n->args->given_count; i++) {
		char field[40];

		snprintf(field, sizeof(field), "--%s", options[n->args->given[i].index].name);
		if ((modes[d->mode].allowed & 1u << n->args->given[i].index) == 0)
			bs_report_error(r, field, "the device has mode %s", bs_mode_name(d->mode));
	}
	if (r->errors == 0)
		modes[d->mode].read(n, d, r);
	check_delivered(n, d->mode, r);
}

/* ---- telling the key --------------------------------------------------------------------------------------------- */

/* Identity and key, "IDENTITY\nKEY\n"; before the commit, so that no key is lost. */
static enum bs_err
write_key(struct rotation *n, const char *file, struct bs_diag *diag)
{
	char line[BS_IDENTITY_MAX + 2 * BS_SECRET_MAX + 4], *at = line;
	FILE *out = bs_terminal_raw(stdout); /* octets as they are, and no copy of the key in another buffer */
	size_t len;
	bool good = true;

	at += sprintf(at, "%s\n", n->identity);
	bs_hex_encode(n->key.data, n->key.len, at);
	strcat(at, "\n");
	len = strlen(line);
	if (n->out_fd >= 0)
		good = write(n->out_fd, line, len) == (ssize_t)len && fsync(n->out_fd) == 0;
	else
		good = fwrite(line, 1, len, out) == len && fflush(out) == 0;
	bs_wipe(line, sizeof(line));
	return good ? BS_OK
		    : bs_diag_set(diag, BS_EIO, 0, "%s: cannot be written", file != NULL ? file : "standard output");
}

/* ---- the command ------------------------------------------------------------------------------------------------- */

static int
refused(const char *endpoint, enum bs_err err, const struct bs_conflict *c, const struct bs_diag *diag)
{
	if (err == BS_EEXIST) {
		bs_ctl_say(
			"%s already has a next credential; settle it once the device has used it, or withdraw it: settle %s --drop",
			endpoint, endpoint);
		return BS_EXIT_FAILED;
	}
	if (err == BS_EREFUSED && diag->text[0] == '\0' && c->endpoint[0] != '\0') {
		bs_ctl_say("the credential already belongs to device %s", c->endpoint);
		return BS_EXIT_FAILED;
	}
	return bs_ctl_fail(err, diag);
}

static int
store_next(struct bs_ctl *ctl, struct rotation *n, const char *endpoint)
{
	struct bs_conflict conflict = { 0 };
	struct bs_diag diag = { 0 };
	enum bs_err err = bs_store_begin(ctl->store, &diag);
	int status;

	if (err == BS_OK)
		err = bs_store_set_next(ctl->store, endpoint, &n->def, &conflict, &diag);
	if (err == BS_OK && n->generated && (n->out_fd >= 0 || bs_ctl_get(n->args, O_SECRETS) != NULL))
		err = write_key(n, bs_ctl_get(n->args, O_OUT), &diag);
	if (err != BS_OK) {
		bs_store_rollback(ctl->store);
		return refused(endpoint, err, &conflict, &diag);
	}
	status = bs_ctl_commit(ctl);
	if (status != BS_EXIT_DONE)
		return status;
	bs_ctl_say("%s may use its next credential%s%s; the current one stays valid until settle", endpoint,
		n->def.mode == BS_MODE_PSK ? ", identity " : "", n->def.mode == BS_MODE_PSK ? n->identity : "");
	if (n->account[0] != '\0' && (n->def.mode == BS_MODE_PSK || n->def.delivered_key != NULL))
		bs_ctl_say("it is delivered at the device's next bootstrap, as account %s", n->account);
	return status;
}

static int
rotate_opened(struct bs_ctl *ctl, struct rotation *n, const char *endpoint)
{
	struct bs_device_info info = { 0 };
	struct bs_report r;
	enum bs_exit status = bs_ctl_find_device(ctl, endpoint, &info);

	bs_report_init(&r, stderr, NULL);
	if (status != BS_EXIT_DONE)
		return (int)status;
	read_next(n, ctl->store, &info, &r);
	return r.errors == 0 ? store_next(ctl, n, endpoint) : BS_EXIT_FAILED;
}

static void
clear_rotation(struct rotation *n)
{
	bs_blob_clear(&n->public_key);
	bs_blob_clear(&n->derived);
	bs_wipe(n, sizeof(*n));
	free(n);
}

/* Secrets are read and the new file is made before the identity of the store's owner is taken: they are the caller's. */
static int
rotate_prepared(struct bs_ctl *ctl, struct rotation *n, const char *endpoint)
{
	const char *out = bs_ctl_get(n->args, O_OUT);
	struct bs_diag diag = { 0 };
	struct bs_report r;
	int status;

	bs_report_init(&r, stderr, NULL);
	read_secrets(n, &r);
	if (r.errors > 0)
		return BS_EXIT_FAILED;
	if (out != NULL && bs_file_create(out, &n->out_fd, &diag) != BS_OK)
		return bs_ctl_fail(diag.err, &diag);
	status = (int)bs_ctl_open(ctl);
	if (status == BS_EXIT_DONE)
		status = rotate_opened(ctl, n, endpoint);
	if (n->out_fd >= 0)
		close(n->out_fd);
	if (status != BS_EXIT_DONE && out != NULL)
		unlink(out);
	return status;
}

static int
rotate(struct bs_ctl *ctl, const struct bs_ctl_args *args)
{
	struct rotation *n = calloc(1, sizeof(*n));
	const char *bits_text = bs_ctl_get(args, O_CHANNEL_BITS);
	uint64_t bits = 128;
	int status;

	if (n == NULL)
		return bs_ctl_fail(BS_ENOMEM, NULL);
	if (bits_text != NULL && (!bs_number_read(bits_text, 128, 256, &bits) || (bits != 128 && bits != 256))) {
		status = bs_ctl_usage("--channel-bits must be 128 or 256");
	} else {
		n->args = args;
		n->out_fd = -1;
		n->suite_bits = (unsigned)bits;
		status = rotate_prepared(ctl, n, args->words[0]);
	}
	clear_rotation(n);
	return status;
}

const struct bs_ctl_command bs_cmd_rotate = {
	.name = "rotate",
	.synopsis = "EP [OPTION]..",
	.summary = "give a device a next bootstrap credential; the current one stays valid until settle",
	.min_words = 1,
	.max_words = 1,
	.options = options,
	.run = rotate,
};
