/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/ctl/cli.h"

static int
init(struct bs_ctl *ctl, const struct bs_ctl_args *args)
{
	struct bs_diag diag = { 0 };
	struct stat st;
	int status = (int)bs_ctl_locate(ctl);
	enum bs_err err = BS_OK;

	(void)args;
	if (status != BS_EXIT_DONE)
		return status;
	if (stat(ctl->dir, &st) == 0)
		err = bs_ctl_become_owner(ctl, ctl->dir, &diag);
	if (err == BS_OK)
		err = bs_store_create(ctl->dir, ctl->key_file, &diag);
	if (err != BS_OK)
		return bs_ctl_fail_as_owner(ctl, err, &diag);
	bs_ctl_say("created %s/%s; master key in %s: keep a copy of it elsewhere, without it the store is lost",
		ctl->dir, BS_STORE_FILE, ctl->key_file);
	if (geteuid() == 0)
		bs_ctl_say("%s belongs to root; give directory, files and master key to the service user with chown -R",
			ctl->dir);
	return BS_EXIT_DONE;
}

const struct bs_ctl_command bs_cmd_init = {
	.name = "init",
	.synopsis = "",
	.summary = "create store and master key; never overwrites",
	.run = init,
};
