/* SPDX-License-Identifier: Apache-2.0 */
/* What the factory put into a device: its credential from the import file and the key folder, and its own account. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "tools/sim/client.h"
#include "tools/sim/csv.h"

static const char *const mode_words[] = { [SIM_MODE_PSK] = "psk", [SIM_MODE_RPK] = "rpk", [SIM_MODE_X509] = "x509" };

static BIO *
open_file(const char *dir, const char *endpoint, const char *suffix)
{
	char path[1024];

	if (strchr(endpoint, '/') != NULL ||
		snprintf(path, sizeof(path), "%s/%s%s", dir, endpoint, suffix) >= (int)sizeof(path))
		return NULL;
	return BIO_new_file(path, "r");
}

static EVP_PKEY *
load_key(const char *dir, const char *endpoint, const char *suffix)
{
	BIO *in = open_file(dir, endpoint, suffix);
	EVP_PKEY *key = in != NULL ? PEM_read_bio_PrivateKey(in, NULL, NULL, NULL) : NULL;

	BIO_free(in);
	return key;
}

static X509 *
load_certificate(const char *dir, const char *endpoint)
{
	BIO *in = open_file(dir, endpoint, ".pem");
	X509 *cert = in != NULL ? PEM_read_bio_X509(in, NULL, NULL, NULL) : NULL;

	BIO_free(in);
	return cert;
}

/* The same name under a key that nobody knows: self-signed. */
static X509 *
forge_certificate(const X509 *real, EVP_PKEY *key)
{
	X509 *cert = X509_dup(real);

	if (cert != NULL && X509_set_pubkey(cert, key) == 1 && X509_sign(cert, key, EVP_sha256()) > 0)
		return cert;
	X509_free(cert);
	return NULL;
}

static enum bs_err
spoil(struct sim_client *c)
{
	if (c->identity.mode == SIM_MODE_PSK) {
		c->psk.data[0] ^= 0x55;
		return BS_OK;
	}
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = c->identity.cert != NULL && key != NULL ? forge_certificate(c->identity.cert, key) : NULL;
	EVP_PKEY_free(c->identity.key);
	X509_free(c->identity.cert);
	c->identity.key = key;
	c->identity.cert = cert;
	return key != NULL && (cert != NULL || c->identity.mode == SIM_MODE_RPK) ? BS_OK : BS_ECRYPTO;
}

static enum bs_err
load_identity(struct sim_client *c, const struct sim_row *row, const char *key_dir)
{
	struct sim_identity *who = &c->identity;
	const char *dir = key_dir != NULL ? key_dir : ".";

	who->mode = SIM_MODE_X509;
	while (who->mode >= 0 && strcmp(row->mode, mode_words[who->mode]) != 0)
		who->mode--;
	who->psk_identity = c->psk_identity;
	who->psk = &c->psk;
	if (who->mode == SIM_MODE_PSK)
		return row->psk.len > 0 ? bs_secret_set(&c->psk, row->psk.data, row->psk.len) : BS_ENOTFOUND;
	if (who->mode == SIM_MODE_RPK)
		who->key = load_key(dir, c->endpoint, "-raw.key");
	if (who->mode == SIM_MODE_X509) {
		who->key = load_key(dir, c->endpoint, ".key");
		who->cert = load_certificate(dir, c->endpoint);
	}
	bool complete = who->key != NULL && (who->mode == SIM_MODE_RPK || who->cert != NULL);
	return complete ? BS_OK : BS_ENOTFOUND;
}

static enum bs_err
init_psk_account(struct sim_client *c, struct sim_factory *f)
{
	f->public_or_identity = c->psk_identity;
	f->public_or_identity_len = strlen(c->psk_identity);
	f->secret = c->psk.data;
	f->secret_len = c->psk.len;
	return sim_device_init(&c->device, f);
}

static enum bs_err
init_key_account(struct sim_client *c, struct sim_factory *f)
{
	const struct sim_dtls *t = c->conf->dtls;
	const struct sim_identity *who = &c->identity;
	bool raw = who->mode == SIM_MODE_RPK;
	unsigned char *spki = NULL, *cert = NULL, *key = NULL;
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(who->key);
	int spki_len = i2d_PUBKEY(who->key, &spki);
	int cert_len = raw ? 0 : i2d_X509(who->cert, &cert);
	int key_len = info != NULL ? i2d_PKCS8_PRIV_KEY_INFO(info, &key) : -1;
	enum bs_err err = BS_ECRYPTO;

	if (spki_len > 0 && cert_len >= 0 && key_len > 0) {
		const struct bs_blob *server = raw ? &t->server_public : &t->server_certificate;
		f->public_or_identity = raw ? spki : cert;
		f->public_or_identity_len = (size_t)(raw ? spki_len : cert_len);
		f->server_public = server->data;
		f->server_public_len = server->len;
		f->secret = key;
		f->secret_len = (size_t)key_len;
		err = bs_blob_set(&c->device.own_public, spki, (size_t)spki_len);
	}
	if (err == BS_OK)
		err = sim_device_init(&c->device, f);
	if (key_len > 0)
		OPENSSL_cleanse(key, (size_t)key_len);
	OPENSSL_free(key);
	OPENSSL_free(cert);
	OPENSSL_free(spki);
	PKCS8_PRIV_KEY_INFO_free(info);
	return err;
}

enum bs_err
sim_client_load(struct sim_client *c, const struct sim_row *row, const char *key_dir)
{
	char uri[300];
	struct sim_factory f = { .uri = uri, .stale = c->conf->stale, .holds = c->conf->holds };
	enum bs_err err = load_identity(c, row, key_dir);

	snprintf(uri, sizeof(uri), "coaps://%s", c->conf->server_text);
	f.mode = c->identity.mode;
	if (err == BS_OK && c->conf->fault.kind == SIM_FAULT_WRONG_KEY)
		err = spoil(c);
	if (err == BS_OK)
		err = c->identity.mode == SIM_MODE_PSK ? init_psk_account(c, &f) : init_key_account(c, &f);
	ERR_clear_error();
	return err;
}
