/* SPDX-License-Identifier: Apache-2.0 */
/* Keys, certificates and revocation lists, made when a test runs. Each call fails the test when OpenSSL refuses. */
#ifndef BS_TESTS_LIB_PKI_H
#define BS_TESTS_LIB_PKI_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

struct pki_cert {
	EVP_PKEY *key;
	X509 *cert; /* NULL: a raw key */
};

/* What differs from a plain device certificate; all zero is one of a P-256 key, valid now, signed with SHA-256. */
struct pki_options {
	bool ca;
	const char *curve; /* "P-256" */
	int rsa_bits; /* an RSA key instead */
	const char *extended_usage; /* "clientAuth"; "" leaves it out */
	const char *san; /* as in OpenSSL's configuration: "DNS:a,URI:b" */
	const char *digest; /* "SHA256" */
	long from_s, until_s; /* offsets to now; 0, 0: from an hour ago for a day */
	size_t cn_len; /* octets of the common name; 0: up to its NUL */
	int cn_type; /* V_ASN1_BMPSTRING: the octets of cn as they are; 0: a UTF8String or what of it is enough */
	const char *cn2; /* a second common name, in an RDN of its own */
	const char *ou; /* an organizationalUnitName in the RDN of the common name */
	const char *cn_in_rdn; /* a second common name in that RDN */
	const char *constraints; /* name constraints: "permitted;DNS:a" */
};

/* issuer NULL: signed by itself. */
void pki_make(struct pki_cert *out, const char *cn, const struct pki_cert *issuer, const struct pki_options *options);
void pki_make_raw(struct pki_cert *out, const char *curve);
void pki_clear(struct pki_cert *c);
/* These, and all files. */
void pki_clear_all(struct pki_cert *const *list, size_t count);

/* Files in a folder of the test's own, gone with pki_remove_files. The path is good until then. */
const char *pki_write_cert(const struct pki_cert *c); /* PEM */
const char *pki_write_certs(const struct pki_cert *const *list, size_t count);
const char *pki_write_key(const struct pki_cert *c); /* PEM, PKCS#8 */
const char *pki_write_crl(const struct pki_cert *issuer, const struct pki_cert *revoked, long until_s);
const char *pki_write_text(const char *text);
void pki_remove_files(void);

/* SHA-256 of the SubjectPublicKeyInfo. */
void pki_spki_hash(const struct pki_cert *c, uint8_t out[32]);

#endif
