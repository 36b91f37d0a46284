# SPDX-License-Identifier: Apache-2.0
#
# For scripts that drive lwm2m-bootstrapctl alone: a folder of its own that is the current one, with a store in it; the
# last run in $out and $status. Source it; BUILD names the folder with the programs.
set -u
umask 077

BUILD=${BUILD:-build/release}
root=$PWD
ctl=$PWD/$BUILD/lwm2m-bootstrapctl
. tests/system/octets.sh
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
trap 'exit 143' INT TERM
cd "$t" || exit 1

out= status=0

run() { # ARGUMENTS: the tool on this store; stdout and stderr in $out, all of it kept for the search for keys
	out=$("$ctl" -s store -k master.key "$@" 2>&1)
	status=$?
	printf '%s\n' "$out" >>everything
}

ok() { echo "ok $1"; }
not_ok() { echo "not ok $1"; printf '%s\n' "$2" | sed 's/^/  /'; }
check() { # NAME CONDITION..: a test(1) expression
	name=$1
	shift
	if "$@"; then ok "$name"; else not_ok "$name" "status $status: $out"; fi
}
says() { # TEXT: $out contains it
	case $out in *"$1"*) return 0 ;; *) return 1 ;; esac
}
says_not() { ! says "$1"; }
shows() { printf '%s\n' "$out" | grep -q "^$1\$"; } # PATTERN: of a whole line
exits() { [ "$status" -eq "$1" ]; }
both() { exits "$1" && says "$2"; }
sql() { sqlite3 -readonly store/store.db "$1"; }
