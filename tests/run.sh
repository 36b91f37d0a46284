#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Run tests and close with one line of the form "N passed, N failed".
#
#   tests/run.sh BUILD_DIR UNIT_PROGRAM.. -- FUZZ_PROGRAM.. -- SYSTEM_SCRIPT..
#
# A unit program is a cmocka program: each of its test functions counts. A fuzz program replays tests/fuzz/corpus/<name>/,
# a system script drives the real programs: each counts once. Output is shown when something fails.
set -u

build=$1
shift
passed=0 failed=0 skipped=0 kind=unit
log=$(mktemp)
trap 'rm -f "$log"' EXIT INT TERM

report() { # name status
	if [ "$2" -ne 0 ]; then
		printf 'FAIL  %s (exit status %s)\n' "$1" "$2"
		grep '^not ok ' "$log" # of a system script with many cases the end alone may not show it
		tail -n 60 "$log"
	else
		printf 'ok    %s\n' "$1"
	fi
}

run_unit() {
	CMOCKA_MESSAGE_OUTPUT=stdout "$1" >"$log" 2>&1
	status=$?
	ok=$(grep -c '^\[       OK \]' "$log")
	bad=$(grep -c '^\[  FAILED  \] [a-z_]*: *[0-9]* test' "$log")
	bad=$(sed -n 's/^\[  FAILED  \] .*: \([0-9]*\) test(s).*/\1/p' "$log" | awk '{s += $1} END {print s + 0}')
	[ "$status" -ne 0 ] && [ "$bad" -eq 0 ] && bad=1
	[ "$status" -eq 0 ] && [ "$ok" -eq 0 ] && { bad=1; status=1; echo "ran no test" >>"$log"; }
	passed=$((passed + ok)) failed=$((failed + bad))
	report "$1 ($ok)" "$status"
}

run_fuzz() {
	name=$(basename "$1")
	corpus=tests/fuzz/corpus/${name#fuzz_}
	if [ -d "$corpus" ]; then "$1" "$corpus"/* >"$log" 2>&1; status=$?; else echo "no corpus: $corpus" >"$log"; status=1; fi
	[ "$status" -eq 0 ] && passed=$((passed + 1)) || failed=$((failed + 1))
	report "$1 ($(ls "$corpus" 2>/dev/null | wc -l) inputs)" "$status"
}

run_system() {
	BUILD=$build sh "$1" >"$log" 2>&1
	status=$?
	# A script prints one line "ok NAME" or "not ok NAME" a case, "skip NAME: reason" for what it could not run.
	ok=$(grep -c '^ok ' "$log") bad=$(grep -c '^not ok ' "$log") skip=$(grep -c '^skip ' "$log")
	[ "$status" -ne 0 ] && [ "$bad" -eq 0 ] && bad=1
	[ "$bad" -ne 0 ] && status=1
	[ "$ok" -eq 0 ] && [ "$bad" -eq 0 ] && { bad=1; status=1; echo "ran no case" >>"$log"; }
	passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + skip))
	report "$1 ($ok)" "$status"
	grep '^skip ' "$log"
}

for arg; do
	case $arg in
	--) [ $kind = unit ] && kind=fuzz || kind=system ;;
	*) run_$kind "$arg" ;;
	esac
done
if [ "$skipped" -gt 0 ]; then
	echo "$passed passed, $failed failed, $skipped skipped"
else
	echo "$passed passed, $failed failed"
fi
[ "$failed" -eq 0 ]
