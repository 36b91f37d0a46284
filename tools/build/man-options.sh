#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# man-options.sh CTL PAGE: the manual page with its list of profile options made anew of `CTL profile add --help`, on standard
# output. The list stands between two comments of the page.
set -eu
ctl=$1 page=$2
list=$("$ctl" profile add --help | awk '
	/^options:/ { inside = 1; next }
	/^global options:/ { exit }
	!inside || NF == 0 { next }
	/^  --/ {
		name = substr($1, 3); rest = substr($0, 5 + length(name)); arg = ""
		if (rest ~ /^ [^ ]/) { arg = $2; rest = substr(rest, 2 + length(arg)) }
		sub(/^ +/, "", rest)
		tag = ".It Fl -" name
		if (arg ~ /^[a-z0-9.-]+[|]/) { gsub(/[|]/, " | ", arg); tag = tag " Cm " arg }
		else if (arg != "") { tag = tag " Ar " arg }
		print tag
		if (rest != "") print rest
		next
	}
	{ sub(/^ +/, ""); print }')
awk -v list="$list" '
	/^\.\\" end: options of profile add/ { skip = 0 }
	!skip { print }
	/^\.\\" begin: options of profile add/ { print list; skip = 1 }' "$page"
