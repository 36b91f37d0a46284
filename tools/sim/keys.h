/* SPDX-License-Identifier: Apache-2.0 */
/* Key formats of Object 0, as OpenSSL reads them: is it one, to its last octet, and do the halves belong together? */
#ifndef SIM_KEYS_H
#define SIM_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* SubjectPublicKeyInfo, DER. */
bool sim_key_is_spki(const uint8_t *der, size_t len);
/* One X.509 certificate, DER. */
bool sim_key_is_certificate(const uint8_t *der, size_t len);
/* PKCS#8 version 1 (RFC 5958 with version 0), DER, not encrypted. */
bool sim_key_is_pkcs8(const uint8_t *der, size_t len);
/* Does the private key belong to the public half, a SubjectPublicKeyInfo or a certificate? */
bool sim_key_pair_fits(const uint8_t *pub, size_t pub_len, const uint8_t *pkcs8, size_t pkcs8_len);

#endif
