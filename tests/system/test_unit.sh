# SPDX-License-Identifier: Apache-2.0
#
# The unit: what systemd thinks of it, and that the daemon lives within its system calls, which come before its own list.
. tests/system/lib.sh

if ! command -v systemd-analyze >/dev/null; then
	echo "skip the unit: no systemd-analyze"
	check "there is a unit" test -f server/lwm2m-bootstrapd.service
	exit 0
fi
unit=$W/lwm2m-bootstrapd.service
sed "s|@SBINDIR@|$(cd "$BUILD" && pwd)|" server/lwm2m-bootstrapd.service >"$unit"

# Exposure, ten times the figure that it prints: what is left is what a server on the Internet is (see the unit).
check "systemd finds little exposed" systemd-analyze security --offline=true --no-pager --threshold=15 "$unit"
systemd-analyze verify --man=no "$unit" >"$W/verify.out" 2>&1
if grep -q "lwm2m-bootstrapd.service:" "$W/verify.out"; then not_ok "systemd knows every key" "$(cat "$W/verify.out")"; else ok "systemd knows every key"; fi

case $BUILD in
*asan* | *tsan* | *fuzz*) echo "skip the unit's system calls: sanitizers call what they like"; exit 0 ;;
esac

expand() { # GROUP-OR-CALL..: the calls
	for g; do
		case $g in
		@*) expand $(systemd-analyze syscall-filter "$g" --no-pager | sed -n 's/^ *\([a-z@_][a-z0-9_-]*\)$/\1/p' | grep -vx -- "$g") ;;
		*) echo "$g" ;;
		esac
	done
}
: >"$W/calls"
sed -n 's/^SystemCallFilter=//p' "$unit" >"$W/filters"
while read -r line; do
	expand ${line#\~} | sort -u >"$W/some"
	case $line in
	\~*) grep -vxF -f "$W/some" "$W/calls" >"$W/calls.new" || : ;;
	*) sort -u "$W/calls" "$W/some" >"$W/calls.new" ;;
	esac
	mv "$W/calls.new" "$W/calls"
done <"$W/filters"
# Root's SQLite gives its files to the owner of the store; the unit's user is not root.
[ "$(id -u)" != 0 ] || echo fchown >>"$W/calls"
if [ "$(wc -l <"$W/calls")" -gt 200 ]; then ok "the unit's list was read"; else not_ok "the unit's list was read" "$(wc -l <"$W/calls") calls"; fi

cat >"$W/within.c" <<-C
	#include <seccomp.h>
	#include <stdio.h>
	#include <string.h>
	#include <unistd.h>

	/* within LIST PROGRAM ARGUMENT..: run it with the calls of LIST alone */
	int
	main(int argc, char **argv)
	{
		scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
		FILE *list = argc > 2 ? fopen(argv[1], "r") : NULL;
		char name[100];

		if (list == NULL || filter == NULL)
			return 2;
		while (fgets(name, sizeof(name), list) != NULL) {
			int number;

			name[strcspn(name, "\\n")] = '\\0';
			number = seccomp_syscall_resolve_name(name);
			if (number != __NR_SCMP_ERROR && seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0) != 0)
				return 2;
		}
		return seccomp_load(filter) == 0 && execv(argv[2], argv + 2) == 0 ? 0 : 2;
	}
C
${CC:-cc} -o "$W/within" "$W/within.c" -lseccomp || { not_ok "the launcher is built"; exit 1; }

key() { openssl rand -hex 16; }
make_pki dev-x
ctl init >/dev/null 2>&1
ctl server add fleet --uri coaps://lwm2m.example.com:5684 --ssid 101 --mode psk >/dev/null 2>&1
ctl profile add all --server fleet >/dev/null 2>&1
printf 'endpoint,profile,mode,psk_identity,psk_key_hex,fleet.psk_identity,fleet.psk_key_hex\na,all,psk,a,%s,a,%s\n' \
	"$(key)" "$(key)" >"$W/devices.csv"
ctl import "$W/devices.csv" >/dev/null 2>&1
write_conf </dev/null
real=$BUILD
mkdir -p "$W/bin"
printf '#!/bin/sh\nexec "%s/within" "%s/calls" "%s/lwm2m-bootstrapd" "$@"\n' "$W" "$W" "$(cd "$real" && pwd)" >"$W/bin/lwm2m-bootstrapd"
chmod +x "$W/bin/lwm2m-bootstrapd"
BUILD=$W/bin
start_daemon
BUILD=$real
same "two lists hold: the unit's and the daemon's own" "$(sed -n 's/^Seccomp_filters:[^0-9]*//p' /proc/"$daemon_pid"/status)" \
	"$(($(sed -n 's/^Seccomp_filters:[^0-9]*//p' /proc/self/status) + 2))"
check "a device bootstraps" sim --endpoint a --quiet --timeout 10
check "reload" ctl reload
check "status" ctl status
stop_daemon
same "and it ends well" "$daemon_status" 0
