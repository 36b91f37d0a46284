/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a running daemon may ask of the kernel, so that somebody who got into it can neither start a program nor reach what a
 * bootstrap server has no use for. Holds without a service manager, too. Used by main alone.
 */
#ifndef BS_SANDBOX_H
#define BS_SANDBOX_H

#include <stdbool.h>

#include "server/base/err.h"

/* In the order of [server] seccomp. */
enum bs_sandbox_mode {
	BS_SANDBOX_KILL, /* a call that is not on the list ends the process with SIGSYS */
	BS_SANDBOX_OFF,
	BS_SANDBOX_LOG, /* it is done, and the kernel's log has its number */
};

/* This thread and all that it starts gain no privilege by execve any more. Before the first thread. BS_EIO. */
BS_MUST_USE enum bs_err bs_sandbox_no_new_privileges(struct bs_diag *diag);

/*
 * Bind all threads of the process to the list, for good. When all is open, all threads run and nothing is served yet: to start
 * threads is not on it. BS_EUNSUPPORTED with the way out in diag where the kernel or the library cannot.
 */
BS_MUST_USE enum bs_err bs_sandbox_enter(enum bs_sandbox_mode mode, struct bs_diag *diag);

/* Does this build have the list? Not with a sanitizer, whose runtime calls what it likes. */
bool bs_sandbox_is_built_in(void);

#endif
