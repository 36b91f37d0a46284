/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which device a certificate names whose path was verified: by its common name, a URI or a DNS name of subjectAltName that is
 * an endpoint, octet by octet.
 *
 * - More than one common name, in one RDN or in several, is none.
 * - Under a CA with name constraints, at the end of the path or within it, a name counts only where they bind it. OpenSSL holds
 *   the DNS names of subjectAltName to them in full, but of a URI the host alone and a common name only where it looks like
 *   a host (RFC 5280, 4.2.1.10). So DNS names alone count, and none where no constraint speaks of DNS names.
 * - Names that lead to two devices lead to none.
 */
#ifndef BS_DTLS_NAMES_H
#define BS_DTLS_NAMES_H

#include <openssl/x509.h>

#include "server/dtls/credential.h"

struct bs_named {
	struct bs_found device; /* on BS_OK and BS_ELIMIT */
	char why[140]; /* on BS_ENOTFOUND, for people */
};

/*
 * path: from the leaf to the trust anchor, both in it; anchor_sha256: of the anchor's SubjectPublicKeyInfo. BS_ENOTFOUND, or
 * what a look-up could not answer (credential.h).
 */
BS_MUST_USE enum bs_err bs_names_look_up(const struct bs_credential_lookup *lookup, const STACK_OF(X509) * path,
	const uint8_t anchor_sha256[32], struct bs_named *out);

#endif
