# SPDX-License-Identifier: Apache-2.0
#
# The table tests/traps.md names a test for each trap: every name in it must stand in the file it points to, in the form
# `scenario/test_traps.c: name`, the file below tests/, the name as it is written there. Every number has one line.
set -u
table=tests/traps.md
list=$(mktemp)
trap 'rm -f "$list"' EXIT

grep -o '`[a-z_/0-9]*\.\(c\|sh\): [^`]*`' $table | tr -d '`' | sort -u >"$list"
while read -r entry; do
	file=tests/${entry%%: *} name=${entry#*: }
	if [ -f "$file" ] && grep -qF -e "$name" "$file"; then echo "ok $entry"; else echo "not ok $entry: not there"; fi
done <"$list"

# A row without a test says why.
rows=$(grep '^|' $table | grep -v -e '^|[-|]*$' -e '^| \(trap\|flow\) ')
bare=$(echo "$rows" | grep -v -e '`[a-z_/0-9]*\.\(c\|sh\): [^`]*` |$' -e '| \*none: [^*]*\* |$')
if [ -z "$bare" ]; then echo "ok each of $(echo "$rows" | wc -l) rows names a test or says why not"; else echo "not ok a row with neither: $bare"; fi

for n in $(seq 1 42) 12a 23a Leshan Wakaama AVSystem INT-0 INT-1 INT-2 INT-4 INT-5 INT-8 INT-9 INT-10 INT-11 INT-12 INT-19 C.13; do
	[ "$(echo "$rows" | grep -c "^| $n |")" -eq 1 ] || echo "not ok $n has no line, or several"
done
