/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ctl/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum bs_err
bs_file_read(const char *file, uint8_t *out, size_t max, size_t *len, struct bs_diag *diag)
{
	int fd = strcmp(file, "-") == 0 ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC);
	enum bs_err err = BS_OK;
	ssize_t n = 1;
	uint8_t beyond;

	*len = 0;
	if (fd < 0)
		return bs_diag_set(diag, BS_EIO, 0, "%s: %s", file, strerror(errno));
	while (n > 0 && *len < max) {
		n = read(fd, out + *len, max - *len);
		if (n > 0)
			*len += (size_t)n;
		else if (n < 0 && errno == EINTR)
			n = 1;
	}
	if (n < 0)
		err = bs_diag_set(diag, BS_EIO, 0, "%s: %s", file, strerror(errno));
	else if (n > 0 && read(fd, &beyond, 1) > 0)
		err = bs_diag_set(diag, BS_ERANGE, 0, "%s: longer than %zu octets; is it the right file?", file, max);
	if (fd != STDIN_FILENO)
		close(fd);
	return err;
}

enum bs_err
bs_file_create(const char *file, int *fd, struct bs_diag *diag)
{
	*fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (*fd >= 0)
		return BS_OK;
	if (errno == EEXIST)
		return bs_diag_set(diag, BS_EEXIST, 0, "%s already exists; name a new file", file);
	return bs_diag_set(diag, BS_EIO, 0, "%s: %s", file, strerror(errno));
}
