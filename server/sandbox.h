/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a running daemon may ask of the kernel, so that an attacker who takes it over can neither start a program nor reach
 * what a bootstrap server has no use for. Works without a service manager, too. Used only by main.
 */
#ifndef BS_SANDBOX_H
#define BS_SANDBOX_H

#include <stdbool.h>

#include "server/base/err.h"

/* In the order of [server] seccomp. */
enum bs_sandbox_mode {
	BS_SANDBOX_KILL, /* a call that is not on the list ends the process with SIGSYS */
	BS_SANDBOX_OFF,
	BS_SANDBOX_LOG, /* the call is made, and the kernel's log has its number */
};

/* This thread and all that it starts can gain no privilege by execve. Call it before the first thread. BS_EIO. */
BS_MUST_USE enum bs_err bs_sandbox_no_new_privileges(struct bs_diag *diag);

/*
 * Confine all threads of the process to the list, for good. Call it when everything is open, all threads run and nothing is
 * served yet: starting threads is not on the list. BS_EUNSUPPORTED, with what to do in diag, if the kernel or the library cannot.
 */
BS_MUST_USE enum bs_err bs_sandbox_enter(enum bs_sandbox_mode mode, struct bs_diag *diag);

/* Does this build have the list? Not with a sanitizer, whose runtime makes calls of its own. */
bool bs_sandbox_is_built_in(void);

#endif
