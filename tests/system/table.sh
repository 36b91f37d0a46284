# SPDX-License-Identifier: Apache-2.0
#
# Tables in tests/claims/ whose last column names tests: each entry, in the form `unit/dtls/test_refusals.c: name`, must stand
# in the file it points to, the file below tests/, the name as it is written there. Source it.
entry='`[a-z_/0-9.-]*\.\(c\|sh\|java\|py\): [^`]*`'

# The rows are in $rows afterwards. A row without a test says why, *none: because*; with refused there is no such row.
check_table() { # FILE FIRST_WORD_OF_HEADER [refused]
	why='\*none: [^*]*\*'
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

# Both directions, of the rows of check_table: the test that a row names says so itself, `covers: trap 24, INT-8` in a comment on
# its line or one of the three above it, and who says so is named in that row. KIND: trap, resource. An entry that begins with
# the row's own number ("0/13 1.1 0", "/0/13") needs no more words.
check_covers() { # KIND
	{
		echo "$rows" | while IFS= read -r row; do
			n=$(echo "$row" | cut -d' ' -f2)
			echo "$row" | grep -o "$entry" | tr -d '`' | while IFS= read -r one; do
				printf 'E\t%s\t%s\t%s\n' "$n" "tests/${one%%: *}" "${one#*: }"
			done
		done
		grep -rn "covers: [^*]*$1 " tests --include='*.c' --include='*.sh' --exclude=table.sh --exclude=test_traps.sh \
			--exclude=test_resources.sh | sed 's/^\([^:]*\):\([0-9]*\):[[:space:]]*/C\t\1\t\2\t/'
	} | awk -F'\t' -v kind="$1" '
		function begins(text, n,   at) {
			at = text
			sub(/^\//, "", at)
			return index(at, n) == 1 && substr(at, length(n) + 1, 1) !~ /[0-9]/
		}
		function load(file,   i, line) {
			if (file in lines) return
			for (i = 1; (getline line < file) > 0; i++) all[file, i] = line
			close(file)
			lines[file] = i - 1
		}
		$1 == "E" { en[++e] = $2; ef[e] = $3; et[e] = $4; load($3) }
		$1 == "C" {
			s = $4
			sub(/.*covers: /, "", s)
			sub(/ *\*\/.*/, "", s)
			parts = split(s, part, /; */)
			for (i = 1; i <= parts; i++) {
				if (index(part[i], kind " ") != 1) continue
				k = split(substr(part[i], length(kind) + 2), number, /, */)
				for (j = 1; j <= k; j++) said[$2, $3, number[j]] = 0
			}
		}
		END {
			for (i = 1; i <= e; i++) {
				found = 0
				for (l = 1; l <= lines[ef[i]]; l++) {
					if (index(all[ef[i], l], et[i]) == 0) continue
					for (d = 0; d < 4; d++)
						if ((ef[i], l - d, en[i]) in said) { said[ef[i], l - d, en[i]] = 1; found = 1 }
				}
				if (found || begins(et[i], en[i])) good++
				else print "not ok " kind " " en[i] ": " ef[i] ": " et[i] ": the test does not say so"
			}
			for (s in said) {
				split(s, w, SUBSEP)
				if (!said[s]) print "not ok " w[1] ":" w[2] " says it covers " kind " " w[3] ": the table does not name it"
				else told++
			}
			print "ok " good + 0 " tests of " e " say which " kind " they show, " told + 0 " times the table names who says so"
		}'
}
