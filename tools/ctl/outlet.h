/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way in which secrets leave the store: a new folder with files of mode 0600, each encrypted to the certificate of who is
 * to read it (CMS AuthEnvelopedData, RFC 5083, AES-256-GCM; `openssl cms -decrypt` opens it), or, when the operator says so
 * aloud, in the clear.
 *
 *   NAME.cms    with --recipient CERT.pem
 *   NAME        with --plain
 */
#ifndef BS_TOOLS_CTL_OUTLET_H
#define BS_TOOLS_CTL_OUTLET_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stdio.h>

#include "server/base/err.h"
#include "tools/ctl/cli.h"

struct bs_outlet {
	X509 *recipient; /* NULL: in the clear */
	const char *dir;
	int dir_fd; /* -1: not made yet */
};

/*
 * Before the store is opened, since the certificate is the operator's own file. Exactly one of recipient (PEM) and plain.
 * Says what is wrong.
 */
BS_MUST_USE enum bs_exit bs_outlet_init(struct bs_outlet *o, const char *recipient, bool plain, const char *dir);
/*
 * Make the folder, which must not exist, mode 0700; as root it goes to the owner of the store, as whom the files are written.
 * After bs_ctl_locate, before bs_ctl_open.
 */
BS_MUST_USE enum bs_exit bs_outlet_make(struct bs_outlet *o, const struct bs_ctl *ctl);
/* A new file in it. BS_EEXIST, BS_EIO, BS_ECRYPTO; diag names it. */
BS_MUST_USE enum bs_err bs_outlet_put(
	const struct bs_outlet *o, const char *name, const void *data, size_t len, struct bs_diag *diag);
/*
 * One file for many pieces, of any length in constant memory: what is written to the stream goes into it, encrypted as above. Nothing
 * is complete before close has said BS_OK. At most one at a time; SIGPIPE is ignored from then on.
 */
struct bs_outlet_stream;
BS_MUST_USE enum bs_err bs_outlet_stream_open(
	const struct bs_outlet *o, const char *name, struct bs_outlet_stream **out, struct bs_diag *diag);
FILE *bs_outlet_stream_to(const struct bs_outlet_stream *s);
BS_MUST_USE enum bs_err bs_outlet_stream_close(struct bs_outlet_stream *s, struct bs_diag *diag); /* NULL is fine */

/* A new file in it for what is no secret. NULL: errno says why. The caller closes it. */
FILE *bs_outlet_open_public(const struct bs_outlet *o, const char *name);
void bs_outlet_clear(struct bs_outlet *o);

/*
 * A file name for an endpoint: what is neither letter, digit, '.', '_' nor '-' is written %XX, a '.' at the beginning too;
 * where that would be long, "sha256-" and the hash of the endpoint in hexadecimal.
 */
#define BS_OUTLET_NAME_MAX 200
void bs_outlet_name(const char *endpoint, char out[BS_OUTLET_NAME_MAX + 1]);

#endif
