# SPDX-License-Identifier: Apache-2.0
#
# Tables in tests/*.md whose last column names tests: each entry, in the form `unit/dtls/test_refusals.c: name`, must stand
# in the file it points to, the file below tests/, the name as it is written there. Source it.

# The rows are in $rows afterwards. A row without a test says why, *none: because*; with refused there is no such row.
check_table() { # FILE FIRST_WORD_OF_HEADER [refused]
	entry='`[a-z_/0-9.-]*\.\(c\|sh\|java\|py\): [^`]*`' why='\*none: [^*]*\*'
	entries=$(grep -o "$entry" "$1" | tr -d '`' | sort -u)
	while read -r one; do
		file=tests/${one%%: *} text=${one#*: }
		if [ -f "$file" ] && grep -qF -e "$text" "$file"; then echo "ok $one"; else echo "not ok $one: not there"; fi
	done <<-END
		$entries
	END
	rows=$(grep '^|' "$1" | grep -v -e '^|[-|]*$' -e "^| $2 ")
	bare=$(echo "$rows" | grep -v -e "$entry |\$")
	[ "${3:-}" = refused ] || bare=$(echo "$bare" | grep -v -e "| $why |\$")
	if [ -z "$bare" ]; then echo "ok each of $(echo "$rows" | wc -l) rows names a test$([ "${3:-}" = refused ] || echo ', or says why not')"; else
		echo "not ok rows without: $bare"
	fi
}
