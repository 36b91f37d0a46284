/* SPDX-License-Identifier: Apache-2.0 */
/* Who may command the daemon: its own user and root, whatever the mode of the socket lets through. */
#include "tests/lib/test.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/admin/control.h"

#define NOBODY 65534

struct fixture {
	char dir[64], path[80];
	struct bs_conf conf;
	struct bs_shared shared;
	struct bs_admin admin;
	struct event_base *base;
	struct bs_control *control;
};

static int
setup(void **state)
{
	struct fixture *fx = *state = test_calloc(1, sizeof(*fx));
	struct bs_diag diag = { 0 };

	snprintf(fx->dir, sizeof(fx->dir), "/tmp/test_control.XXXXXX");
	assert_non_null(mkdtemp(fx->dir));
	assert_int_equal(chmod(fx->dir, 0755), 0);
	snprintf(fx->path, sizeof(fx->path), "%s/sock", fx->dir);
	fx->shared.conf = &fx->conf;
	fx->admin.shared = &fx->shared;
	fx->base = event_base_new();
	if (bs_control_start(fx->base, fx->path, &fx->admin, &fx->control, &diag) != BS_OK)
		fail_msg("%s", diag.text);
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *fx = *state;

	bs_control_stop(fx->control);
	event_base_free(fx->base);
	rmdir(fx->dir);
	test_free(fx);
	return 0;
}

/* In a process of its own, as that user: how many octets of an answer came; -1: it could not even ask. */
static int
ask_as(uid_t uid, const char *path)
{
	static const char question[] = "{\"command\":\"sessions\"}\n";
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	char answer[200];
	ssize_t n;

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	if (uid != geteuid() && setuid(uid) != 0)
		return -1;
	if (connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) != 0)
		return -1;
	(void)!send(fd, question, sizeof(question) - 1, MSG_NOSIGNAL); /* it may be closed by then */
	n = recv(fd, answer, sizeof(answer), 0);
	return n > 0 ? (int)n : 0;
}

/* 0: no answer; 1: one; 2: it could not ask. */
static int
answers(struct fixture *fx, uid_t uid)
{
	pid_t child = fork();
	int status = 0;

	assert_true(child >= 0);
	if (child == 0) {
		int n = ask_as(uid, fx->path);

		_exit(n < 0 ? 2 : n > 0);
	}
	while (waitpid(child, &status, WNOHANG) == 0)
		event_base_loop(fx->base, EVLOOP_NONBLOCK);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
its_own_user_is_answered(void **state)
{
	assert_int_equal(answers(*state, geteuid()), 1);
}

static void
another_user_is_not_whatever_the_mode_of_the_socket(void **state)
{
	struct fixture *fx = *state;

	if (geteuid() != 0)
		skip(); /* only root can be another user */
	assert_int_equal(chmod(fx->path, 0777), 0);
	assert_int_equal(answers(fx, NOBODY), 0);
}

static void
the_socket_is_its_owner_s_alone(void **state)
{
	struct fixture *fx = *state;
	struct stat st;

	assert_int_equal(stat(fx->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	if (geteuid() == 0)
		assert_int_equal(answers(fx, NOBODY), 2);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(its_own_user_is_answered),
		T(another_user_is_not_whatever_the_mode_of_the_socket),
		T(the_socket_is_its_owner_s_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
