#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Let the fuzz targets look for something new, all at once on the cores there are.
#
#   tests/fuzz/run.sh BUILD_DIR SECONDS TARGET..
#   JOBS=n       targets at a time (default: the cores)
#   KEEP=no      leave the corpora as they are
#   ARGS='..'    more options for libFuzzer (-runs=50000000, -seed=1)
#
# Each target runs for that long from tests/fuzz/corpus/<name>/. What it found that reaches code which the corpus does not
# is added there, as small a set as one pass finds. Closes with "N passed, N failed"; a finding leaves its input in
# BUILD_DIR/findings/.
set -u

build=$1 seconds=$2
shift 2

# The part of a merge that reaches new code: libFuzzer's control file has, for each file in turn, the places seen first in it.
reaching_new_code() { # control file
	awk 'NR == 2 { kept = $1 }
		NR > 2 && $1 !~ /^(STARTED|FT|COV)$/ { name[n++] = $0 }
		$1 == "COV" && $2 >= kept && NF > 2 { print name[$2] }' "$1"
}

merge() { # name
	corpus=tests/fuzz/corpus/$1 scratch=$build/work/$1
	rm -rf "$scratch/old" "$scratch/control"
	cp -r "$corpus" "$scratch/old"
	"$build/tests/fuzz/fuzz_$1" -merge=1 -merge_control_file="$scratch/control" "$scratch/old" "$scratch/new" \
		>"$scratch/merge.log" 2>&1 || return 1
	reaching_new_code "$scratch/control" | while read -r file; do
		cp "$file" "$corpus/found-$(sha1sum <"$file" | cut -c 1-8)"
		echo "$file"
	done | wc -l
}

run_one() { # target
	name=$(basename "$1")
	name=${name#fuzz_}
	scratch=$build/work/$name log=$build/work/$name.log
	rm -rf "$scratch"
	mkdir -p "$scratch/new" "$scratch/tmp" "$build/findings"
	TMPDIR=$(mktemp -d "$(test -w /dev/shm && echo /dev/shm || echo /tmp)/bs-fuzz.XXXXXX")
	export TMPDIR
	trap 'rm -rf "$TMPDIR"' EXIT
	"$1" -max_total_time="$seconds" -timeout=30 -len_control=20 -print_final_stats=1 -artifact_prefix="$build/findings/$name-" ${ARGS:-} \
		"$scratch/new" "tests/fuzz/corpus/$name" >"$log" 2>&1
	status=$?
	runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
	: "${runs:=$(sed -n 's/^#\([0-9]*\).*/\1/p' "$log" | tail -n 1)}"
	if [ "$status" -ne 0 ]; then
		printf 'FAIL  %-14s %10s executions; %s\n' "$name" "${runs:-0}" \
			"$(sed -n 's/.*Test unit written to /input: /p' "$log" | tail -n 1)"
		grep -aE -A 12 'does not hold|ERROR: |runtime error|SUMMARY' "$log" | cut -c 1-200 | head -n 40
		return 1
	fi
	added=0
	[ "${KEEP:-yes}" = no ] || added=$(merge "$name") || { echo "FAIL  $name: see $scratch/merge.log"; return 1; }
	printf 'ok    %-14s %10s executions, %s inputs added\n' "$name" "$runs" "$added"
}

if [ "${RUN_ONE:-}" = 1 ]; then
	run_one "$1"
	exit
fi
results=$(mktemp)
trap 'rm -f "$results"' EXIT INT TERM
printf '%s\n' "$@" | RUN_ONE=1 xargs -P "${JOBS:-$(nproc)}" -I '{}' sh "$0" "$build" "$seconds" '{}' | tee "$results"
passed=$(grep -c '^ok ' "$results")
echo "$passed passed, $(($# - passed)) failed"
[ "$passed" -eq $# ]
