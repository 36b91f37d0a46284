# SPDX-License-Identifier: Apache-2.0
#
# The running daemon is bound to the system calls that it needs, without a service manager's help: all of its threads, and for
# good. unit/test_sandbox.c has the calls one by one; that the daemon needs no others, all other system tests show.
. tests/system/lib.sh

case $BUILD in
*asan* | *tsan* | *fuzz*) built_in=no ;;
*) built_in=yes ;;
esac

make_pki
ctl init >/dev/null 2>&1
# Somebody got in: at SIGUSR1 the first thread starts a program.
cat >"$W/intruder.c" <<-C
	#include <signal.h>
	#include <unistd.h>

	static void
	intrude(int sig)
	{
		(void)sig;
		execl("/bin/sh", "sh", "-c", "exit 7", (char *)0);
		_exit(8);
	}

	__attribute__((constructor)) static void
	arrive(void)
	{
		signal(SIGUSR1, intrude);
	}
C
${CC:-cc} -shared -fPIC -o "$W/intruder.so" "$W/intruder.c" || { not_ok "the intruder is built"; exit 1; }

started() { sed -n 's/.*event=daemon.started .*seccomp=\([a-z]*\).*/\1/p' "$W/daemon.log" | tail -n 1; }
of_all_threads() { # FIELD: its values, each once
	sed -n "s/^$1:[^0-9]*//p" /proc/"$daemon_pid"/task/*/status | sort -u | tr '\n' ' '
}
intrude() { # its exit status then; 159 is 128 and SIGSYS
	kill -USR1 "$daemon_pid"
	wait "$daemon_pid"
	daemon_status=$?
	trap - EXIT INT TERM
	: >"$W/daemon.log"
}

case_of() { # SECCOMP-OPTION SAYS SECCOMP-FIELD STATUS
	write_conf <<-CONF
		workers = 2
		${1:+seccomp = $1}
	CONF
	[ $built_in = yes ] && preload=$W/intruder.so
	start_daemon
	preload=
	same "seccomp = ${1:-(default)}: daemon.started says so" "$(started)" "$2"
	same "seccomp = ${1:-(default)}: all threads are filtered" "$(of_all_threads Seccomp)" "$3 "
	same "seccomp = ${1:-(default)}: no thread gains privileges" "$(of_all_threads NoNewPrivs)" "1 "
	if [ $built_in = no ]; then stop_daemon; return; fi
	intrude
	same "seccomp = ${1:-(default)}: what becomes of an intruder" "$daemon_status" "$4"
}

if [ "$(sed -n 's/^Seccomp:[^0-9]*//p' /proc/self/status)" != 0 ]; then
	echo "skip seccomp = no: this test runs filtered itself"
elif [ $built_in = no ]; then
	echo "skip seccomp = yes: sanitizers call what they like"
	case_of yes no 0 0
	check "and the log says why" grep -q 'event=daemon.unconfined why="built with a sanitizer"' "$W"/daemon.log.*
else
	case_of no no 0 7
fi
[ $built_in = yes ] || exit 0
case_of "" yes 2 159
case_of yes yes 2 159
case_of log log 2 7
