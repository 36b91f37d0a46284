/* SPDX-License-Identifier: Apache-2.0 */
/*
 * make_fleet MODE COUNT [CA_KEY_DIR]   device file of COUNT devices on standard output
 *
 * MODE is psk, rpk or x509: what the devices prove themselves with. Each shall receive one pre-shared key for the
 * server "fleet". For rpk and x509 their keys are written to the current folder as the simulator reads them
 * (NAME-raw.key; NAME.key and NAME.pem), certificates signed by CA_KEY_DIR/ca.key. The same arguments give the same
 * names, and other keys.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include "server/base/text.h"

struct ca {
	EVP_PKEY *key;
	X509 *cert;
};

static void
die(const char *what)
{
	fprintf(stderr, "make_fleet: %s failed\n", what);
	exit(1);
}

static FILE *
open_file(const char *dir, const char *name, const char *suffix, const char *how)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s%s", dir, name, suffix);
	FILE *f = fopen(path, how);
	if (f == NULL)
		die(path);
	return f;
}

static struct ca
load_ca(const char *dir)
{
	struct ca ca;
	FILE *key = open_file(dir, "ca", ".key", "r"), *cert = open_file(dir, "ca", ".pem", "r");

	ca.key = PEM_read_PrivateKey(key, NULL, NULL, NULL);
	ca.cert = PEM_read_X509(cert, NULL, NULL, NULL);
	fclose(key);
	fclose(cert);
	if (ca.key == NULL || ca.cert == NULL)
		die("reading the CA");
	return ca;
}

static void
write_key(const char *name, const char *suffix, EVP_PKEY *key)
{
	FILE *f = open_file(".", name, suffix, "w");

	if (PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL) != 1 || fclose(f) != 0)
		die("writing a key");
}

static X509 *
make_cert(const char *name, EVP_PKEY *key, const struct ca *ca, long serial)
{
	X509 *cert = X509_new();
	X509_NAME *subject = X509_get_subject_name(cert);

	X509_set_version(cert, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), serial);
	X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
	X509_gmtime_adj(X509_getm_notAfter(cert), 86400L * 365);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(cert, X509_get_subject_name(ca->cert));
	X509_set_pubkey(cert, key);
	if (X509_sign(cert, ca->key, EVP_sha256()) <= 0)
		die("signing");
	return cert;
}

static bool
is_text(const uint8_t *key, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (key[i] < 0x20 || key[i] >= 0x7f)
			return false;
	return true;
}

/* Of two million random keys one in four times one is printable text by chance, and the import refuses it. */
static void
print_psk(void)
{
	uint8_t key[16];
	char text[2 * sizeof(key) + 1];

	do
		if (RAND_bytes(key, sizeof(key)) != 1)
			die("RAND_bytes");
	while (is_text(key, sizeof(key)));
	fputs(bs_hex_encode(key, sizeof(key), text), stdout);
}

static void
print_public(EVP_PKEY *key)
{
	unsigned char *der = NULL;
	char text[256];
	int len = i2d_PUBKEY(key, &der);

	if (len <= 0 || len > 180)
		die("i2d_PUBKEY");
	fputs(bs_base64_encode(der, (size_t)len, text), stdout);
	OPENSSL_free(der);
}

/* endpoint,profile,mode,psk_identity,psk_key_hex,rpk_public_b64,fleet.psk_identity,fleet.psk_key_hex */
static void
print_device(const char *mode, const char *name, const struct ca *ca, long serial)
{
	bool psk = strcmp(mode, "psk") == 0, raw = strcmp(mode, "rpk") == 0;
	EVP_PKEY *key = psk ? NULL : EVP_EC_gen("P-256");

	printf("%s,%s,%s,%s,", name, mode, mode, psk ? name : "");
	if (psk)
		print_psk();
	fputc(',', stdout);
	if (raw) {
		print_public(key);
		write_key(name, "-raw.key", key);
	} else if (!psk) {
		X509 *cert = make_cert(name, key, ca, serial);
		FILE *f = open_file(".", name, ".pem", "w");
		if (PEM_write_X509(f, cert) != 1 || fclose(f) != 0)
			die("writing a certificate");
		write_key(name, ".key", key);
		X509_free(cert);
	}
	printf(",%s@fleet,", name);
	print_psk();
	fputc('\n', stdout);
	EVP_PKEY_free(key);
}

int
main(int argc, char **argv)
{
	struct ca ca = { NULL, NULL };
	long count = argc >= 3 ? strtol(argv[2], NULL, 10) : 0;
	char name[64];

	if (argc < 3 || count <= 0 || (strcmp(argv[1], "x509") == 0) != (argc == 4)) {
		fputs("usage: make_fleet psk|rpk COUNT; make_fleet x509 COUNT CA_KEY_DIR\n", stderr);
		return 2;
	}
	if (argc == 4)
		ca = load_ca(argv[3]);
	puts("endpoint,profile,mode,psk_identity,psk_key_hex,rpk_public_b64,fleet.psk_identity,fleet.psk_key_hex");
	for (long i = 1; i <= count; i++) {
		snprintf(name, sizeof(name), "bench-%s-%07ld", argv[1], i);
		print_device(argv[1], name, &ca, i);
	}
	EVP_PKEY_free(ca.key);
	X509_free(ca.cert);
	return fflush(stdout) == 0 ? 0 : 1;
}
