/* SPDX-License-Identifier: Apache-2.0 */
/* What a confined process may still do, and what ends it: each case in a child of its own. */
#include "tests/lib/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/sandbox.h"

/* True: done, false: refused by the kernel in the usual way. */
typedef bool call_fn(void);

static bool
runs_a_program(void)
{
	char *const argv[] = { "true", NULL };

	execv("/bin/true", argv);
	return false;
}

static bool
forks(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return pid > 0;
}

static void *
idle(void *arg)
{
	return arg;
}

static bool
starts_a_thread(void)
{
	pthread_t t;

	return pthread_create(&t, NULL, idle, NULL) == 0;
}

static bool
maps_code(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
}

static bool
turns_data_into_code(void)
{
	static _Alignas(4096) char page[4096];

	return mprotect(page, sizeof(page), PROT_READ | PROT_EXEC) == 0;
}

static bool
traces(void)
{
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0;
}

static bool
reads_foreign_memory(void)
{
	return syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0) == 0;
}

static bool
kills_another(void)
{
	return kill(getppid(), 0) == 0;
}

static bool
kills_a_thread_of_another(void)
{
	return syscall(SYS_tgkill, getppid(), getppid(), 0) == 0;
}

static bool
opens(int family, int type, int protocol)
{
	int fd = socket(family, type, protocol);

	return fd >= 0 && close(fd) == 0;
}

static bool
opens_tcp(void)
{
	return opens(AF_INET, SOCK_STREAM, 0);
}

static bool
opens_tcp_of_ipv6(void)
{
	return opens(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static bool
opens_netlink(void)
{
	return opens(AF_NETLINK, SOCK_DGRAM, NETLINK_ROUTE);
}

static bool
opens_raw(void)
{
	return opens(AF_INET, SOCK_RAW, IPPROTO_UDP);
}

static bool
becomes_another_user(void)
{
	return setuid(1) == 0;
}

static bool
raises_a_limit(void)
{
	struct rlimit r = { RLIM_INFINITY, RLIM_INFINITY };

	return setrlimit(RLIMIT_CORE, &r) == 0;
}

static bool
can_be_dumped_again(void)
{
	return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0;
}

static bool
leaves_its_namespace(void)
{
	return unshare(CLONE_NEWUSER) == 0;
}

static bool
loads_a_filter_of_its_own(void)
{
	return syscall(SYS_seccomp, 1u, 0u, NULL) == 0;
}

static bool
renames(void)
{
	return rename("/nowhere/a", "/nowhere/b") == 0;
}

static const struct {
	const char *name;
	call_fn *call;
} deadly[] = {
	{ "runs a program", runs_a_program },
	{ "forks", forks },
	{ "starts a thread", starts_a_thread },
	{ "maps code", maps_code },
	{ "turns data into code", turns_data_into_code },
	{ "traces", traces },
	{ "reads the memory of another process", reads_foreign_memory },
	{ "kills another process", kills_another },
	{ "kills a thread of another process", kills_a_thread_of_another },
	{ "opens TCP", opens_tcp },
	{ "opens TCP of IPv6", opens_tcp_of_ipv6 },
	{ "opens netlink", opens_netlink },
	{ "opens a raw socket", opens_raw },
	{ "becomes another user", becomes_another_user },
	{ "raises a limit", raises_a_limit },
	{ "can be dumped again", can_be_dumped_again },
	{ "leaves its namespace", leaves_its_namespace },
	{ "loads a filter of its own", loads_a_filter_of_its_own },
	{ "renames", renames },
};

/* ---- what stays ------------------------------------------------------------------------------------------------- */

static bool
sends_to_itself(int family)
{
	struct sockaddr_in6 any6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr_in any4 = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr *any = family == AF_INET ? (struct sockaddr *)&any4 : (struct sockaddr *)&any6;
	socklen_t len = family == AF_INET ? sizeof(any4) : sizeof(any6);
	int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return errno == EAFNOSUPPORT;
	if (bind(fd, any, len) != 0)
		return family == AF_INET6; /* a machine without IPv6 */
	return getsockname(fd, any, &len) == 0 && sendto(fd, "x", 1, 0, any, len) == 1 && close(fd) == 0;
}

static bool
uses_udp(void)
{
	return sends_to_itself(AF_INET) && sends_to_itself(AF_INET6);
}

static bool
writes_a_file(void)
{
	char path[] = "/tmp/bs-sandbox-XXXXXX";
	int fd = mkstemp(path);
	struct stat st;
	bool good = fd >= 0 && pwrite(fd, "abc", 3, 0) == 3 && fsync(fd) == 0 && fdatasync(fd) == 0 &&
		    ftruncate(fd, 1) == 0 && fstat(fd, &st) == 0 && st.st_size == 1 && stat(path, &st) == 0 &&
		    lstat(path, &st) == 0 && access(path, R_OK) == 0 && fchmod(fd, 0600) == 0;

	return fd >= 0 && unlink(path) == 0 && close(fd) == 0 && good;
}

static bool
takes_memory(void)
{
	for (size_t len = 16; len <= (size_t)64 << 20; len *= 4) {
		char *p = malloc(len), *more;

		if (p == NULL)
			return false;
		memset(p, 1, len);
		more = realloc(p, 2 * len);
		if (more == NULL)
			return false;
		free(more);
	}
	return madvise(NULL, 0, MADV_DONTNEED) == 0;
}

static bool
reads_its_limits(void)
{
	struct rlimit r;

	return getrlimit(RLIMIT_NOFILE, &r) == 0 && sysconf(_SC_NPROCESSORS_ONLN) > 0 && sysconf(_SC_PHYS_PAGES) > 0;
}

static bool
speaks_to_a_manager(void)
{
	return opens(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

static const struct {
	const char *name;
	call_fn *call;
} good[] = {
	{ "uses UDP", uses_udp },
	{ "writes a file", writes_a_file },
	{ "takes memory", takes_memory },
	{ "reads its limits", reads_its_limits },
	{ "speaks to a service manager", speaks_to_a_manager },
};

/* ---- the cases -------------------------------------------------------------------------------------------------- */

struct helper {
	int wake; /* eventfd */
	call_fn *call;
};

/* A thread that was there before. */
static void *
call_when_told(void *arg)
{
	const struct helper *h = arg;
	eventfd_t n;

	if (eventfd_read(h->wake, &n) == 0)
		_exit(h->call() ? 0 : 1);
	return NULL;
}

/* In a child: confined as mode says, make the call, in a thread that was started before or in the first. */
static int
status_of(enum bs_sandbox_mode mode, call_fn *call, bool in_thread)
{
	pid_t pid = fork();
	int status = -1;

	assert_true(pid >= 0);
	if (pid == 0) {
		struct helper h = { .wake = eventfd(0, 0), .call = call };
		struct bs_diag diag;
		pthread_t t;

		if (bs_sandbox_no_new_privileges(&diag) != BS_OK || pthread_create(&t, NULL, call_when_told, &h) != 0 ||
			bs_sandbox_enter(mode, &diag) != BS_OK)
			_exit(99);
		if (!in_thread)
			_exit(call() ? 0 : 1);
		(void)eventfd_write(h.wake, 1);
		pthread_join(t, NULL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static bool
died_of_it(int status)
{
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
}

static void
other_calls_end_the_process(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++)
		for (int in_thread = 0; in_thread < 2; in_thread++)
			if (!died_of_it(status_of(BS_SANDBOX_KILL, deadly[i].call, in_thread)))
				fail_msg("%s%s", deadly[i].name, in_thread ? ", in a thread from before" : "");
}

static void
what_the_daemon_needs_stays(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (status_of(BS_SANDBOX_KILL, good[i].call, false) != 0)
			fail_msg("%s", good[i].name);
}

static bool
aborts(void)
{
	abort();
}

static void
an_abort_is_an_abort(void **state)
{
	int status = status_of(BS_SANDBOX_KILL, aborts, true);

	(void)state;
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

static void
log_and_no_end_nothing(void **state)
{
	(void)state;
	assert_int_equal(status_of(BS_SANDBOX_LOG, forks, false), 0);
	assert_int_equal(status_of(BS_SANDBOX_OFF, forks, false), 0);
	assert_int_equal(status_of(BS_SANDBOX_OFF, starts_a_thread, false), 0);
}

static bool
has_no_new_privileges(void)
{
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
}

static void
privileges_are_given_up_without_a_filter_too(void **state)
{
	(void)state;
	assert_int_equal(status_of(BS_SANDBOX_OFF, has_no_new_privileges, false), 0);
	assert_int_equal(status_of(BS_SANDBOX_OFF, has_no_new_privileges, true), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(other_calls_end_the_process),
		cmocka_unit_test(what_the_daemon_needs_stays),
		cmocka_unit_test(an_abort_is_an_abort),
		cmocka_unit_test(log_and_no_end_nothing),
		cmocka_unit_test(privileges_are_given_up_without_a_filter_too),
	};

	if (!bs_sandbox_is_built_in()) {
		const struct CMUnitTest without[] = { cmocka_unit_test(privileges_are_given_up_without_a_filter_too) };

		return cmocka_run_group_tests(without, NULL, NULL);
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
