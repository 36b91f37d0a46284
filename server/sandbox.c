/* SPDX-License-Identifier: Apache-2.0 */
#include "server/sandbox.h"

#include <errno.h>
#include <seccomp.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#if defined(__has_feature)
#define HAS_FEATURE(x) __has_feature(x)
#else
#define HAS_FEATURE(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || HAS_FEATURE(address_sanitizer) || \
	HAS_FEATURE(thread_sanitizer)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/*
 * Calls that are good with any argument. Each by the names that it has on one architecture or another, and by those that a
 * newer C library may use for the same: what the kernel or libseccomp does not know is passed over. The first rows are those of
 * each datagram.
 */
static const char *const plain[] = {
	/* datagrams, wake-ups, time */
	"recvmmsg",
	"recvmmsg_time64",
	"sendmmsg",
	"epoll_wait",
	"epoll_pwait",
	"epoll_pwait2",
	"read",
	"write",
	"futex",
	"futex_time64",
	"futex_waitv",
	"clock_gettime",
	"clock_gettime64",
	"gettimeofday",
	"time",
	"recvmsg",
	"sendmsg",
	"sendto",
	"recvfrom",
	"recv",
	"send",
	"readv",
	"writev",
	/* memory; see below for mmap and mprotect */
	"munmap",
	"mremap",
	"madvise",
	"brk",
	"mlock",
	"mlock2",
	"munlock",
	"membarrier",
	/* files: store, journal, configuration, certificates. A new call to open one by has a list of its own */
	"openat",
	"open",
	"close",
	"pread64",
	"pwrite64",
	"lseek",
	"_llseek",
	"fcntl",
	"fcntl64",
	"fsync",
	"fdatasync",
	"ftruncate",
	"ftruncate64",
	"fallocate",
	"unlink",
	"unlinkat",
	"fchmod",
	"fchown",
	"fchown32",
	"getcwd",
	"fstat",
	"fstat64",
	"stat",
	"stat64",
	"lstat",
	"lstat64",
	"newfstatat",
	"fstatat64",
	"statx",
	"fstatfs",
	"fstatfs64",
	"access",
	"faccessat",
	"faccessat2",
	"readlink",
	"readlinkat",
	/* sockets; see below for socket */
	"bind",
	"accept",
	"accept4",
	"shutdown",
	"getsockname",
	"getpeername",
	"getsockopt",
	"setsockopt",
	/* event loops */
	"epoll_ctl",
	"poll",
	"ppoll",
	"ppoll_time64",
	"select",
	"_newselect",
	"pselect6",
	"pselect6_time64",
	"timerfd_settime",
	"timerfd_settime64",
	"nanosleep",
	"clock_nanosleep",
	"clock_nanosleep_time64",
	"clock_getres",
	"clock_getres_time64",
	/* who and where am I */
	"getpid",
	"gettid",
	"getppid",
	"getuid",
	"getuid32",
	"geteuid",
	"geteuid32",
	"getgid",
	"getgid32",
	"getegid",
	"getegid32",
	"uname",
	"sysinfo",
	"getrusage",
	"times",
	"getcpu",
	"sched_getaffinity",
	"sched_yield",
	"getrlimit",
	"ugetrlimit",
	"getrandom",
	/* signals, and the end of a thread and of the process */
	"rt_sigaction",
	"rt_sigprocmask",
	"rt_sigreturn",
	"sigreturn",
	"rt_sigpending",
	"rt_sigtimedwait",
	"rt_sigtimedwait_time64",
	"sigaltstack",
	"restart_syscall",
	"rseq",
	"set_robust_list",
	"exit",
	"exit_group",
};

#define ARGUMENTS_MAX 2
#define INT_MASK UINT32_MAX /* what lies above in the register of an int means nothing */
#define TYPE_MASK (UINT32_MAX & ~(uint32_t)(SOCK_NONBLOCK | SOCK_CLOEXEC))

/* Calls that are good with these values, under their masks, in all of these arguments. */
static const struct with_arguments {
	const char *call;
	unsigned count;
	struct argument {
		unsigned index;
		uint64_t mask, value;
	} arguments[ARGUMENTS_MAX];
} with_arguments[] = {
	/* nothing becomes code that was not when the daemon started */
	{ "mmap", 1, { { 2, PROT_EXEC, 0 } } },
	{ "mmap2", 1, { { 2, PROT_EXEC, 0 } } },
	{ "mprotect", 1, { { 2, PROT_EXEC, 0 } } },
	/* ports to turn to devices from, and words to the service manager: no connection of its own, no netlink, no raw packet */
	{ "socket", 2, { { 0, INT_MASK, AF_INET }, { 1, TYPE_MASK, SOCK_DGRAM } } },
	{ "socket", 2, { { 0, INT_MASK, AF_INET6 }, { 1, TYPE_MASK, SOCK_DGRAM } } },
	{ "socket", 2, { { 0, INT_MASK, AF_UNIX }, { 1, TYPE_MASK, SOCK_DGRAM } } },
	/* what is there to be read; not to block; is it a terminal */
	{ "ioctl", 1, { { 1, INT_MASK, FIONREAD } } },
	{ "ioctl", 1, { { 1, INT_MASK, FIONBIO } } },
	{ "ioctl", 1, { { 1, INT_MASK, TCGETS } } },
	/* limits are looked at, not set */
	{ "prlimit64", 1, { { 2, UINT64_MAX, 0 } } },
};

enum bs_err
bs_sandbox_no_new_privileges(struct bs_diag *diag)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return bs_diag_set(diag, BS_EIO, 0, "cannot set no_new_privs: %s", strerror(errno));
	return BS_OK;
}

bool
bs_sandbox_is_built_in(void)
{
	return !SANITIZED;
}

/* What this libseccomp or this architecture does not have cannot be called, either. Returns 0 or -errno. */
static int
allow(scmp_filter_ctx filter, const char *call, unsigned count, const struct argument *arguments)
{
	struct scmp_arg_cmp cmp[ARGUMENTS_MAX];
	int number = seccomp_syscall_resolve_name(call);

	for (unsigned i = 0; i < count; i++)
		cmp[i] = SCMP_CMP64(arguments[i].index, SCMP_CMP_MASKED_EQ, arguments[i].mask, arguments[i].value);
	return number == __NR_SCMP_ERROR ? 0 : seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, number, count, cmp);
}

static int
allow_all(scmp_filter_ctx filter)
{
	/* To end itself with a signal (abort) is its own affair, to end others is not. */
	struct argument self = { 0, INT_MASK, (uint64_t)getpid() };
	int rc = allow(filter, "tgkill", 1, &self);

	for (size_t i = 0; i < COUNT(plain) && rc == 0; i++)
		rc = allow(filter, plain[i], 0, NULL);
	for (size_t i = 0; i < COUNT(with_arguments) && rc == 0; i++)
		rc = allow(filter, with_arguments[i].call, with_arguments[i].count, with_arguments[i].arguments);
	return rc;
}

/* Attributes that an older library does not know are wishes. */
static int
set_attributes(scmp_filter_ctx filter, uint32_t action)
{
	int rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);

	if (rc == 0)
		rc = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, action);
	(void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a tree: the cost does not grow with the list */
	/* Older kernels slow a filtered process down lest it run somebody's code; this one runs its own alone. */
	(void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_SSB, 1);
	return rc;
}

static int
load(enum bs_sandbox_mode mode)
{
	uint32_t action = mode == BS_SANDBOX_LOG ? SCMP_ACT_LOG : SCMP_ACT_KILL_PROCESS;
	scmp_filter_ctx filter = seccomp_init(action);
	int rc = filter != NULL ? set_attributes(filter, action) : -EINVAL;

	if (rc == 0)
		rc = allow_all(filter);
	if (rc == 0)
		rc = seccomp_load(filter);
	seccomp_release(filter);
	return rc;
}

enum bs_err
bs_sandbox_enter(enum bs_sandbox_mode mode, struct bs_diag *diag)
{
	int rc = mode != BS_SANDBOX_OFF && bs_sandbox_is_built_in() ? load(mode) : 0;

	if (rc == 0)
		return BS_OK;
	return bs_diag_set(diag, BS_EUNSUPPORTED, 0,
		"[server] seccomp: system calls cannot be confined here: %s; set seccomp = no to run without",
		strerror(-rc));
}
