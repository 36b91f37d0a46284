#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Bootstrap clients that were not written here, against the real daemon on loopback; prints client, mode, result.
#
#   tests/interop/run.sh BUILD_DIR      build/interop is made anew; what was fetched stays in build/interop-cache
#
# Every case is a device of its own, so the journal tells what the daemon thought of it. Leshan's clients print what
# they hold afterwards, which must be the row of the imported table, octet by octet; then they register at a Leshan
# server with it. A client whose tools are missing is skipped, with the reason.
set -u
[ $# -eq 1 ] || { sed -n 's/^# \{0,1\}//; 3,5p' "$0" >&2; exit 2; }

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build=$(cd "$1" && pwd) || exit 2
work=$root/build/interop cache=$root/build/interop-cache
log=$work/log run=$work/run pki=$work/pki target_pki=$work/target-pki table=$work/devices.csv
daemon_pid='' target_pid=''
. "$here/lib.sh"
. "$here/provision.sh"
. "$here/cases.sh"
. "$here/leshan.sh"
. "$here/clients.sh"

leave() {
	for pid in $daemon_pid $target_pid; do kill "$pid" 2>/dev/null; done
	wait
}
trap leave EXIT
trap 'exit 1' INT TERM

rm -rf "$work"
mkdir -p "$log" "$run" "$cache"
chmod 700 "$work"
install_tools
no_leshan20=$(build_leshan 2.0)
no_leshan15=$(build_leshan 1.5)
no_pion=$(build_pion)
no_mbedtls=$(build_mbedtls)
no_cbor2=$(build_cbor2)
port=$(free_port $((20000 + $$ % 10000)))
target_port=$(free_port $((port + 1)))

make_keys
make_store
start_daemon
[ -n "$no_leshan20" ] || start_target
all_cases run_case

[ "$skipped" -eq 0 ] && echo "$passed passed, $failed failed" || echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
