/* SPDX-License-Identifier: Apache-2.0 */
/* When certificates end, for status pages and monitoring. */
#ifndef BS_DTLS_EXPIRY_H
#define BS_DTLS_EXPIRY_H

#include <stdint.h>

#include "server/base/err.h"

/* The earliest end (Unix time) of the certificates in a PEM file. BS_EIO: not readable, or none in it. */
BS_MUST_USE enum bs_err bs_certificate_expiry(const char *file, int64_t *expires_s);

#endif
