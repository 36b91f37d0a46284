/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ctl/outlet.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "server/base/secret.h"
#include "server/base/text.h"
#include "tools/ctl/device/convert.h"

/* ---- where to, and for whom -------------------------------------------------------------------------------------- */

static bool
may_encrypt(X509 *cert)
{
	EVP_PKEY *key = X509_get0_pubkey(cert);

	return key != NULL && (EVP_PKEY_is_a(key, "RSA") ? EVP_PKEY_get_bits(key) >= 2048 : EVP_PKEY_is_a(key, "EC"));
}

static enum bs_exit
read_recipient(struct bs_outlet *o, const char *file)
{
	FILE *in = fopen(file, "re");

	if (in == NULL) {
		bs_ctl_say("--recipient: %s: %s", file, strerror(errno));
		return BS_EXIT_FAILED;
	}
	o->recipient = PEM_read_X509(in, NULL, NULL, NULL);
	fclose(in);
	ERR_clear_error();
	if (o->recipient == NULL)
		bs_ctl_say("--recipient: %s: no certificate in PEM", file);
	else if (X509_cmp_current_time(X509_get0_notAfter(o->recipient)) < 0)
		bs_ctl_say("--recipient: %s: the certificate has expired", file);
	else if (!may_encrypt(o->recipient))
		bs_ctl_say("--recipient: %s: the key must be EC, or RSA of 2048 bits or more", file);
	else
		return BS_EXIT_DONE;
	return BS_EXIT_FAILED;
}

enum bs_exit
bs_outlet_init(struct bs_outlet *o, const char *recipient, bool plain, const char *dir)
{
	*o = (struct bs_outlet){ .dir = dir, .dir_fd = -1 };
	if (dir == NULL)
		return (enum bs_exit)bs_ctl_usage("--out DIR is required: the folder to be made");
	if ((recipient != NULL) == plain)
		return (enum bs_exit)bs_ctl_usage(
			"the files hold keys: give --recipient CERT.pem to encrypt them, or --plain to write them in the clear");
	return plain ? BS_EXIT_DONE : read_recipient(o, recipient);
}

/* Files are written as the owner of the store: the folder must be that user's. */
static enum bs_err
give_away(const struct bs_outlet *o, const struct bs_ctl *ctl)
{
	struct stat store;

	if (geteuid() != 0)
		return BS_OK;
	if (stat(ctl->dir, &store) != 0 || fchown(o->dir_fd, store.st_uid, store.st_gid) != 0)
		return BS_EIO;
	return BS_OK;
}

enum bs_exit
bs_outlet_make(struct bs_outlet *o, const struct bs_ctl *ctl)
{
	if (mkdir(o->dir, 0700) != 0) {
		bs_ctl_say(errno == EEXIST ? "--out: %s: exists already; name a new folder" : "--out: %s: %s", o->dir,
			strerror(errno));
		return BS_EXIT_FAILED;
	}
	o->dir_fd = open(o->dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (o->dir_fd < 0 || give_away(o, ctl) != BS_OK) {
		bs_ctl_say("--out: %s: %s", o->dir, strerror(errno));
		return BS_EXIT_FAILED;
	}
	if (o->recipient == NULL)
		bs_ctl_say("warning: the files in %s hold keys in the clear; whoever reads them can be these devices",
			o->dir);
	return BS_EXIT_DONE;
}

void
bs_outlet_clear(struct bs_outlet *o)
{
	X509_free(o->recipient);
	if (o->dir_fd >= 0)
		close(o->dir_fd);
	*o = (struct bs_outlet){ .dir_fd = -1 };
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

static BIO *
create(const struct bs_outlet *o, const char *name, struct bs_diag *diag)
{
	int fd = openat(o->dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	BIO *out = NULL;

	if (fd < 0)
		bs_diag_set(diag, errno == EEXIST ? BS_EEXIST : BS_EIO, 0, "%s/%s: %s", o->dir, name, strerror(errno));
	else
		out = BIO_new_fd(fd, BIO_CLOSE);
	if (fd >= 0 && out == NULL) {
		close(fd);
		bs_diag_set(diag, BS_ENOMEM, 0, "%s/%s: out of memory", o->dir, name);
	}
	return out;
}

/* The content goes through OpenSSL's cipher straight into the file. */
static bool
write_encrypted(BIO *out, X509 *recipient, BIO *in)
{
	const unsigned flags = CMS_BINARY | CMS_PARTIAL | CMS_STREAM;
	STACK_OF(X509) *recipients = sk_X509_new_null();
	CMS_ContentInfo *cms = NULL;
	bool done = false;

	if (recipients != NULL && in != NULL && sk_X509_push(recipients, recipient) > 0)
		cms = CMS_encrypt(recipients, NULL, EVP_aes_256_gcm(), flags);
	if (cms != NULL)
		done = i2d_CMS_bio_stream(out, cms, in, (int)flags) == 1;
	CMS_ContentInfo_free(cms);
	sk_X509_free(recipients);
	return done;
}

static bool
encrypt_octets(BIO *out, X509 *recipient, const void *data, size_t len)
{
	BIO *in = BIO_new_mem_buf(data, (int)len); /* borrows */
	bool done = write_encrypted(out, recipient, in);

	BIO_free(in);
	return done;
}

static bool
write_plain(BIO *out, const void *data, size_t len)
{
	const uint8_t *p = data;

	for (size_t done = 0; done < len;) {
		int n = BIO_write(out, p + done, (int)(len - done));

		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	return true;
}

enum bs_err
bs_outlet_put(const struct bs_outlet *o, const char *name, const void *data, size_t len, struct bs_diag *diag)
{
	char file[BS_OUTLET_NAME_MAX + 32];
	BIO *out;
	bool done;

	snprintf(file, sizeof(file), "%s%s", name, o->recipient != NULL ? ".cms" : "");
	out = create(o, file, diag);
	if (out == NULL)
		return diag->err;
	errno = 0;
	done = o->recipient != NULL ? encrypt_octets(out, o->recipient, data, len) : write_plain(out, data, len);
	BIO_free(out);
	ERR_clear_error();
	if (done)
		return BS_OK;
	return bs_diag_set(diag, errno != 0 ? BS_EIO : BS_ECRYPTO, 0, "%s/%s: %s", o->dir, file,
		errno != 0 ? strerror(errno) : "cannot be encrypted to the recipient");
}

/* ---- one file for many ------------------------------------------------------------------------------------------- */

/* OpenSSL reads what it encrypts: from a pipe, in a thread of its own, while pieces are written into the other end. */
struct bs_outlet_stream {
	FILE *to;
	BIO *out, *in; /* of the thread; NULL: in the clear, to is the file */
	X509 *recipient;
	pthread_t thread;
	bool encrypted;
	char buffer[BUFSIZ];
};

static void *
encrypt_stream(void *arg)
{
	struct bs_outlet_stream *s = arg;

	s->encrypted = write_encrypted(s->out, s->recipient, s->in);
	if (BIO_flush(s->out) != 1)
		s->encrypted = false;
	BIO_free(s->in); /* who still writes is told */
	return NULL;
}

static bool
start_thread(struct bs_outlet_stream *s, BIO *out, X509 *recipient)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		return false;
	s->in = BIO_new_fd(ends[0], BIO_CLOSE);
	s->to = fdopen(ends[1], "w");
	s->out = out;
	s->recipient = recipient;
	if (s->in != NULL && s->to != NULL && pthread_create(&s->thread, NULL, encrypt_stream, s) == 0)
		return true;
	if (s->to != NULL)
		fclose(s->to);
	else
		close(ends[1]);
	if (s->in != NULL)
		BIO_free(s->in);
	else
		close(ends[0]);
	return false;
}

enum bs_err
bs_outlet_stream_open(const struct bs_outlet *o, const char *name, struct bs_outlet_stream **out, struct bs_diag *diag)
{
	struct bs_outlet_stream *s = calloc(1, sizeof(*s));
	char file[BS_OUTLET_NAME_MAX + 32];
	BIO *bio = NULL;

	*out = NULL;
	if (s == NULL)
		return bs_diag_set(diag, BS_ENOMEM, 0, "out of memory");
	signal(SIGPIPE, SIG_IGN);
	snprintf(file, sizeof(file), "%s%s", name, o->recipient != NULL ? ".cms" : "");
	errno = 0;
	if (o->recipient == NULL)
		s->to = bs_outlet_open_public(o, file);
	else if ((bio = create(o, file, diag)) == NULL || !start_thread(s, bio, o->recipient))
		s->to = NULL;
	if (s->to == NULL) {
		BIO_free(bio);
		free(s);
		return bs_diag_set(diag, BS_EIO, 0, "%s/%s: %s", o->dir, file, strerror(errno));
	}
	setvbuf(s->to, s->buffer, _IOFBF, sizeof(s->buffer));
	*out = s;
	return BS_OK;
}

FILE *
bs_outlet_stream_to(const struct bs_outlet_stream *s)
{
	return s->to;
}

enum bs_err
bs_outlet_stream_close(struct bs_outlet_stream *s, struct bs_diag *diag)
{
	bool good;

	if (s == NULL)
		return BS_OK;
	errno = 0;
	good = ferror(s->to) == 0;
	good = fclose(s->to) == 0 && good;
	if (s->out != NULL) {
		pthread_join(s->thread, NULL);
		good = s->encrypted && good;
		BIO_free(s->out);
		ERR_clear_error();
	}
	bs_wipe(s, sizeof(*s));
	free(s);
	return good ? BS_OK
		    : bs_diag_set(
			      diag, BS_EIO, 0, "the archive is not complete: %s", strerror(errno != 0 ? errno : EIO));
}

FILE *
bs_outlet_open_public(const struct bs_outlet *o, const char *name)
{
	int fd = openat(o->dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	FILE *out = fd >= 0 ? fdopen(fd, "w") : NULL;

	if (fd >= 0 && out == NULL)
		close(fd);
	return out;
}

/* ---- names ------------------------------------------------------------------------------------------------------- */

static bool
is_plain(const char *endpoint, const char *p)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

	return strchr(letters, *p) != NULL || (*p == '.' && p != endpoint);
}

void
bs_outlet_name(const char *endpoint, char out[BS_OUTLET_NAME_MAX + 1])
{
	struct bs_tw w = bs_tw_init(out, BS_OUTLET_NAME_MAX + 1);
	uint8_t sha256[32];
	char hex[65];

	for (const char *p = endpoint; *p != '\0'; p++) {
		if (is_plain(endpoint, p))
			bs_tw_bytes(&w, p, 1);
		else
			bs_tw_printf(&w, "%%%02X", (unsigned)(uint8_t)*p);
	}
	if (!w.cut)
		return;
	if (bs_convert_sha256(endpoint, strlen(endpoint), sha256) != BS_OK)
		memset(sha256, 0, sizeof(sha256));
	snprintf(out, BS_OUTLET_NAME_MAX + 1, "sha256-%s", bs_hex_encode(sha256, sizeof(sha256), hex));
}
