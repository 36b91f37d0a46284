#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Do the tests notice when the code is wrong? Each line of tests/mutants/list is one small fault: it goes into a copy of the
# tree, what should notice is built and run there, and a fault that nothing notices "lives". None may.
#
#   tests/mutants/run.sh [PART..]     only those whose name has one of PART in it; JOBS=n copies at once (all CPUs)
#
# Closes with "N passed, N failed": noticed, and living, not applicable any more or not building.
set -u
cd "$(dirname "$0")/../.." || exit 1
list=tests/mutants/list
work=build/mutants
jobs=${JOBS:-$(nproc)}

# NAME FILE CHANGE TESTS, with tabs between; "#" and empty lines are not meant.
wanted() { # PART..
	grep -v -e '^#' -e '^$' "$list" | while IFS= read -r line; do
		name=${line%%	*}
		[ $# -eq 0 ] && printf '%s\n' "$line"
		for part; do case $name in *"$part"*) printf '%s\n' "$line"; break ;; esac; done
	done
}

prepare() { # COPY: the tree as it is committed or not, with its built objects, so that little has to be built anew
	mkdir -p "$1"
	git ls-files -z --cached --others --exclude-standard | xargs -0 tar cf - 2>/dev/null | tar xf - -C "$1"
	mkdir -p "$1/build"
	cp -r --preserve=timestamps build/deps "$1/build/"
}

try() { # COPY NAME FILE CHANGE TESTS: prints "killed", "LIVES" or what is wrong with the line
	copy=$1 name=$2 file=$3 change=$4 tests=$5
	cp -p "$copy/$file" "$copy/$file.whole" || { echo "STALE no such file"; return; }
	verdict=$(apply "$copy" "$file" "$change" && judge "$copy" "$name" "$tests")
	mv "$copy/$file.whole" "$copy/$file"
	touch "$copy/$file"
	echo "${verdict:-STALE the change does not apply exactly once}"
}

apply() { # COPY FILE CHANGE: "old => new", both on one line; the old text must stand there once
	OLD=${3%% => *} NEW=${3#* => } perl -0pi -e '
		BEGIN { $old = $ENV{OLD}; $new = $ENV{NEW}; }
		$n = () = /\Q$old\E/g;
		exit 1 if $n != 1;
		s/\Q$old\E/$new/;' "$1/$2" && ! cmp -s "$1/$2" "$1/$2.whole"
}

judge() { # COPY NAME TESTS
	log=$(pwd)/$work/$2.log
	(
		cd "$1" || exit 2
		programs=$(for t in $3; do case $t in *.sh) echo all ;; *) echo "build/release/tests/$t" ;; esac; done | sort -u)
		# shellcheck disable=SC2086
		make -s $programs CFLAGS=-Wno-error >"$log" 2>&1 || exit 2
		for t in $3; do
			case $t in
			*.sh) BUILD=build/release timeout 300 sh "tests/$t" >>"$log" 2>&1 && ! grep -q '^not ok' "$log" || exit 1 ;;
			*) timeout 120 "build/release/tests/$t" >>"$log" 2>&1 || exit 1 ;;
			esac
		done
	)
	case $? in 0) echo "LIVES" ;; 1) echo "killed" ;; *) echo "STALE it does not build, see $log" ;; esac
}

worker() { # NUMBER: every jobs-th line, in a copy of its own
	copy=$work/tree-$1
	prepare "$copy"
	awk -v n="$1" -v all="$jobs" 'NR % all == n % all' "$work/wanted" | while IFS='	' read -r name file change tests; do
		verdict=$(try "$copy" "$name" "$file" "$change" "$tests")
		printf '%-8s %s (%s)\n' "$verdict" "$name" "$file" | tee -a "$work/verdicts"
	done
}

rm -rf "$work"
mkdir -p "$work"
make -s deps || exit 1
wanted "$@" >"$work/wanted"
: >"$work/verdicts"
n=0
while [ "$n" -lt "$jobs" ]; do
	worker "$n" &
	n=$((n + 1))
done
wait
killed=$(grep -c '^killed' "$work/verdicts")
all=$(wc -l <"$work/wanted")
grep -v '^killed' "$work/verdicts"
rm -rf "$work"/tree-*
echo "$killed passed, $((all - killed)) failed"
[ "$all" -gt 0 ] && [ "$killed" -eq "$all" ]
