#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Our codecs against cbor2 and Python's json, and against Leshan: what each writes, the other reads. Prints a line each.
# Then: is every type of resource, single and multiple, at every level in every format among what others read?
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

build_java() {
	why=$(build_leshan 2.0)
	[ -z "$why" ] || { echo "$why"; return; }
	javac -cp "$cache/leshan-2.0/classes:$cache/leshan-2.0/lib/*" -d "$work/classes" "$here/formats/Formats.java" >"$log/javac" 2>&1 ||
		echo "javac failed: $(head -n 1 "$log/javac")"
}

status=0
compare() { # NAME WHY-NOT COMMAND..: the command reads ours, and writes its own into a file named last
	name=$1 why=$2
	shift 2
	[ -z "$why" ] || { echo "skip $name: $why"; skipped=1; return; }
	readers="$readers $name"
	if "$@" "$work/ours" "$work/theirs" "$work/$name.read" >"$work/$name.out" 2>&1 &&
		"$formats" check <"$work/theirs" >>"$work/$name.out" 2>&1; then
		echo "ok $name: $(grep 'read as they should' "$work/$name.out" | paste -sd';')"
	else
		echo "failed $name"
		cut -c1-400 "$work/$name.out" | tail -n 30
		status=1
	fi
}

# Who must have read a Content-Format: Leshan has all of LwM2M's but LwM2M CBOR, for which it takes a decoder of ours on
# its CBOR library; Python's json and cbor2 are a second opinion.
readers_of() {
	case $1 in
	0 | 42 | 11542) echo leshan ;;
	*) echo cbor2 leshan ;;
	esac
}

# Resources of Object 33000: 0 to 8 have the nine types, 10 to 18 are the same, multiple.
expected_reads() { # prints FORMAT LEVEL RESOURCE: level 1 a whole object, 2 an instance, 3 a resource
	for format in 11542 110 112 11544; do
		for level in 1 2 3; do
			for r in 0 1 2 3 4 5 6 7 8 10 11 12 13 14 15 16 17 18; do echo "$format $level $r"; done
		done
	done
	for r in 0 1 2 3 4 5 6 7 8; do echo "0 3 $r" && echo "60 3 $r"; done
	echo "42 3 5"
}

reads_of() { # READER: the same from what it read
	awk -F'\t' 'FILENAME != before { before = FILENAME; file++ }
		file == 1 { read[$1, $2] = 1; next }
		($1, $2) in read {
			level = split($2, ids, "/") - 1
			n = split($4, values, "|")
			for (i = 1; i <= n; i++)
				if (split(values[i], part, /[\/=]/) > 3 && part[2] == 33000) seen[$1 " " level " " part[4]] = 1
		}
		END { for (line in seen) print line }' "$work/$1.read" "$work/ours"
}

cover() {
	[ -z "$skipped" ] || { echo "skip coverage: a reader is missing"; return; }
	expected_reads | while read -r format level resource; do
		for reader in $(readers_of "$format"); do echo "$reader $format $level $resource"; done
	done | LC_ALL=C sort >"$work/expected"
	for reader in $readers; do reads_of "$reader" | sed "s/^/$reader /"; done | LC_ALL=C sort >"$work/read"
	if LC_ALL=C comm -23 "$work/expected" "$work/read" >"$work/missing" && [ ! -s "$work/missing" ]; then
		echo "ok coverage: $(wc -l <"$work/expected") reads of type, level and format"
	else
		echo "failed coverage, nobody read (reader, format, level, resource of Object 33000):"
		head -n 30 "$work/missing"
		status=1
	fi
}

readers='' skipped=''
compare cbor2 "$(build_cbor2)" "$cache/venv-cbor2/bin/python" "$here/formats/check.py"
compare leshan "$(build_java)" java "-Dlogback.configurationFile=$here/logback.xml" \
	-cp "$work/classes:$cache/leshan-2.0/classes:$cache/leshan-2.0/lib/*" Formats
cover
exit $status
