/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key material between the forms that people have and the forms that Object 0 carries (LwM2M Core 1.1, appendix E.1;
 * RFC 5280, RFC 5958, RFC 7250):
 *
 *   public key    SubjectPublicKeyInfo, DER, uncompressed point, named curve
 *   certificate   X.509v3, DER, as it came
 *   private key   PKCS#8 version 0 (v1), DER, unencrypted; in: PKCS#8 v1 or v2, SEC1, PKCS#1
 *
 * Accepted: EC keys on P-256, P-384, P-521; RSA of 2048 bits or more in certificates. DER has nothing behind its end.
 * Errors: BS_EFORMAT, BS_ERANGE (BS_SECRET_MAX), BS_EREFUSED (curve, size, encrypted, private instead of public),
 * BS_ENOMEM; diag has a sentence, never a value.
 */
#ifndef BS_TOOLS_CTL_DEVICE_CONVERT_H
#define BS_TOOLS_CTL_DEVICE_CONVERT_H

#include "server/base/blob.h"
#include "server/base/secret.h"

#define BS_CERTIFICATE_MAX 6144 /* octets of DER */

/* What was learnt of a key or certificate on the way. */
struct bs_key_info {
	bool rsa;
	unsigned bits; /* of the key */
	unsigned strength; /* bits of security: 112, 128, 192, 256 (SP 800-57 part 1, table 2) */
	bool ca; /* certificate: basicConstraints says CA */
	bool expired; /* certificate: not valid today */
};

/* A public key from DER. */
BS_MUST_USE enum bs_err bs_convert_public(
	const uint8_t *der, size_t len, struct bs_blob *spki, struct bs_key_info *info, struct bs_diag *diag);
/* A certificate from DER; out is a copy of it. */
BS_MUST_USE enum bs_err bs_convert_certificate(
	const uint8_t *der, size_t len, struct bs_blob *out, struct bs_key_info *info, struct bs_diag *diag);
/* A private key from DER; spki: NULL, or receives the public key that belongs to it. ec_only: RSA is refused. */
BS_MUST_USE enum bs_err bs_convert_private(const uint8_t *der, size_t len, bool ec_only, struct bs_secret *pkcs8,
	struct bs_blob *spki, struct bs_key_info *info, struct bs_diag *diag);
/* BS_EREFUSED: the certificate is of another key. */
BS_MUST_USE enum bs_err bs_convert_check_pair(
	const struct bs_blob *certificate, const struct bs_secret *pkcs8, struct bs_diag *diag);

/* Files, PEM or DER; of a PEM file the first block of a fitting kind. bs_convert_public_file takes certificates too. */
BS_MUST_USE enum bs_err bs_convert_public_file(
	const char *file, struct bs_blob *spki, struct bs_key_info *info, struct bs_diag *diag);
BS_MUST_USE enum bs_err bs_convert_certificate_file(
	const char *file, struct bs_blob *out, struct bs_key_info *info, struct bs_diag *diag);

/* Of PEM files PKCS#8 ("PRIVATE KEY") and SEC1 ("EC PRIVATE KEY"), not encrypted. */
BS_MUST_USE enum bs_err bs_convert_private_file(const char *file, struct bs_secret *pkcs8, struct bs_blob *spki,
	struct bs_key_info *info, struct bs_diag *diag);

/* SHA-256 of octets, and of the SubjectPublicKeyInfo in a certificate. */
BS_MUST_USE enum bs_err bs_convert_sha256(const void *data, size_t len, uint8_t out[32]);
BS_MUST_USE enum bs_err bs_convert_anchor_sha256(const struct bs_blob *certificate, uint8_t out[32]);
/* Matching Type 1, 2, 3 of Object 0: SHA-256, SHA-384, SHA-512 of the certificate in its place. */
BS_MUST_USE enum bs_err bs_convert_matching(struct bs_blob *certificate, unsigned matching_type);

#endif
