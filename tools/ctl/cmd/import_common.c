/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ctl/cmd/import_common.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

const char *
bs_import_source(const char *file)
{
	return strcmp(file, "-") == 0 ? "standard input" : file;
}

int
bs_import_file(const char *file, int (*use)(void *arg, int fd), void *arg)
{
	bool standard_input = strcmp(file, "-") == 0;
	int fd = standard_input ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC), status;

	if (fd < 0) {
		bs_ctl_say("%s: %s", file, strerror(errno));
		return BS_EXIT_FAILED;
	}
	status = use(arg, fd);
	if (!standard_input)
		close(fd);
	return status;
}

int
bs_import_open(struct bs_ctl *ctl, struct bs_catalog *catalog)
{
	int status = (int)bs_ctl_open(ctl);
	enum bs_err err = status == BS_EXIT_DONE ? bs_catalog_load(ctl->store, catalog) : BS_OK;

	return err == BS_OK ? status : bs_ctl_fail(err, NULL);
}
