/* SPDX-License-Identifier: Apache-2.0 */
#include "server/dtls/expiry.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <time.h>

enum bs_err
bs_certificate_expiry(const char *file, int64_t *expires_s)
{
	FILE *f = fopen(file, "re");
	enum bs_err err = BS_EIO;
	X509 *cert;

	while (f != NULL && (cert = PEM_read_X509(f, NULL, NULL, NULL)) != NULL) {
		struct tm tm;
		int64_t end = ASN1_TIME_to_tm(X509_get0_notAfter(cert), &tm) == 1 ? (int64_t)timegm(&tm) : 0;

		if (err != BS_OK || end < *expires_s)
			*expires_s = end;
		err = BS_OK;
		X509_free(cert);
	}
	ERR_clear_error(); /* the end of the file is told as an error */
	if (f != NULL)
		fclose(f);
	return err;
}
