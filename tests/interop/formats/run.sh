#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Our codecs against cbor2 and Python's json, and against Leshan: what each writes, the other reads. Prints a line each.
#
#   tests/interop/formats/run.sh BUILD_DIR      what was fetched stays in build/interop-cache
set -u
[ $# -eq 1 ] || { sed -n 's/^# \{0,1\}//; 3,5p' "$0" >&2; exit 2; }

here=$(cd "$(dirname "$0")/.." && pwd) # lib.sh builds what lies beside it
root=$(cd "$here/../.." && pwd)
build=${1#"$root/"}
work=$root/build/interop-formats cache=$root/build/interop-cache log=$work
. "$here/lib.sh"

rm -rf "$work"
mkdir -p "$work" "$cache"
make -s -C "$root" "VARIANT=$(basename "$build")" "$build/tests/interop/formats/formats" >&2 || exit 1
formats=$root/$build/tests/interop/formats/formats
"$formats" encode >"$work/ours" || exit 1

build_cbor2() {
	"$cache/venv-cbor2/bin/python" -c 'import cbor2' >/dev/null 2>&1 && return
	{ python3 -m venv --clear "$cache/venv-cbor2" && "$cache/venv-cbor2/bin/pip" install -q cbor2==6.3.0 &&
		"$cache/venv-cbor2/bin/python" -c 'import cbor2'; } >"$log/pip" 2>&1 || echo "no cbor2: $(tail -n 1 "$log/pip")"
}

build_java() {
	why=$(build_leshan 2.0)
	[ -z "$why" ] || { echo "$why"; return; }
	javac -cp "$cache/leshan-2.0/lib/*" -d "$work/classes" "$here/formats/Formats.java" >"$log/javac" 2>&1 ||
		echo "javac failed: $(head -n 1 "$log/javac")"
}

status=0
compare() { # NAME WHY-NOT COMMAND..: the command reads ours, and writes its own into a file named last
	name=$1 why=$2
	shift 2
	[ -z "$why" ] || { echo "skip $name: $why"; return; }
	if "$@" "$work/ours" "$work/theirs" >"$work/$name.out" 2>&1 &&
		"$formats" check <"$work/theirs" >>"$work/$name.out" 2>&1; then
		echo "ok $name: $(grep 'read as they should' "$work/$name.out" | paste -sd';')"
	else
		echo "failed $name"
		cut -c1-400 "$work/$name.out" | tail -n 30
		status=1
	fi
}

compare cbor2 "$(build_cbor2)" "$cache/venv-cbor2/bin/python" "$here/formats/check.py"
compare leshan "$(build_java)" java "-Dlogback.configurationFile=$here/logback.xml" \
	-cp "$work/classes:$cache/leshan-2.0/lib/*" Formats
exit $status
