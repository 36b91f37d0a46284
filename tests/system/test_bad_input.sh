# SPDX-License-Identifier: Apache-2.0
#
# The table tests/bad-input.md names a test for each case: every name in it must stand in the file it points to. An
# entry has the form `unit/dtls/test_refusals.c: name`, the file below tests/, the name as it is written there.
set -u
table=tests/bad-input.md
list=$(mktemp)
trap 'rm -f "$list"' EXIT

# Cases are the lines of tables; the last column holds the tests.
grep -o '`[a-z_/]*\.\(c\|sh\): [^`]*`' $table | tr -d '`' | sort -u >"$list"
while read -r entry; do
	file=tests/${entry%%: *} name=${entry#*: }
	if [ -f "$file" ] && grep -qF -e "$name" "$file"; then echo "ok $entry"; else echo "not ok $entry: not there"; fi
done <"$list"

# A row without a test is no row.
rows=$(grep '^|' $table | grep -v -e '^|[-|]*$' -e '^| what comes in ')
bare=$(echo "$rows" | grep -v '`[a-z_/]*\.\(c\|sh\): [^`]*` |$')
if [ -z "$bare" ]; then
	echo "ok each of $(echo "$rows" | wc -l) cases names a test"
else
	echo "not ok a case without test: $bare"
fi
