#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The manual page of lwm2m-bootstrapctl names the options that --help names, command by command, and no others; its list of profile
# options is the one that is made of --help; and the commands that advice prints work as printed.
. tests/system/ctl.sh
page=$root/tools/ctl/lwm2m-bootstrapctl.1

"$root/tools/build/man-options.sh" "$ctl" "$page" >page.1
check 'the list of profile options is made anew (make manual)' cmp -s page.1 "$page"

# COMMAND<tab>OPTION: tags of options, and what stands in the command's own tag
awk '
	/^\.Sh/ { inside = $2 == "COMMANDS" }
	!inside { next }
	/^\.It Cm/ {
		key = ""
		for (i = 3; i <= NF && $i !~ /^(Ar|Oo|Op|Fl|Ns|Cm|[|:])$/; i++) key = key (key == "" ? "" : " ") $i
		if (key ~ /^(keep|close|derived|none)$/) next
	}
	/^\.It (Cm|Fl)/ || /^\.Op / {
		for (i = 1; i < NF; i++) if ($i == "Fl" && $(i + 1) ~ /^-[a-z]/) print key "\t" substr($(i + 1), 2)
	}' "$page" | sort -u >tags
# smartcard and factory stand in front of one list.
sed -n 's/^factory\(\t.*\)/smartcard\1/p' tags | sort -u - tags >in-manual
run completion
printf '%s\n' "$out" | sed -n 's/^\t"\([a-z -]*\)"\*) options="\(.*\)" ;;/\1|\2/p' |
	awk -F'|' '{ n = split($2, o, " "); for (i = 1; i <= n; i++) print $1 "\t" substr(o[i], 3) }' | sort -u >in-help
# profile set and server set take the options of their add, as the manual says.
sed -n 's/^\(profile\|server\) add\(\t.*\)/\1 set\2/p' in-help >of-add
grep -vxFf of-add in-help >rest
mv rest in-help
check 'there are options' [ "$(wc -l <in-help)" -gt 50 ]
missing=$(comm -23 in-help in-manual)
check "each option of --help is in the manual: $missing" [ -z "$missing" ]
sed -n 's/^smartcard\(\t.*\)/factory\1/p; s/^factory\(\t.*\)/smartcard\1/p' in-help >of-card
cat in-help of-card | sort -u >in-help-or-shared
unknown=$(comm -13 in-help-or-shared in-manual)
check "each option of the manual is in --help: $unknown" [ -z "$unknown" ]

# ---- commands in advice: as printed, on a store with a profile NAME and a device ENDPOINT -----------------------------------------

run init
run server add fleet --uri coaps://a.example.com:5684 --ssid 101 --mode psk
run profile add NAME --server fleet
{
	echo endpoint,mode,psk_identity,psk_key_hex,fleet.psk_identity,fleet.psk_key_hex
	echo "ENDPOINT,psk,me,$(key),me@fleet,$(key)"
} >devices.csv
run import devices.csv --profile NAME
grep -ohE '((profile|server|device) [a-z]+|plan|verify|restore)( (NAME|ENDPOINT|--[a-z-]+( [a-z][a-z0-9-]*)?))+|ctl verify' \
	"$root/server/model/advice.c" "$root/server/admin/snapshot.c" | sed 's/^ctl //' | sort -u >commands
check 'there are such commands' [ "$(wc -l <commands)" -ge 5 ]
while read -r command; do
	run $command
	check "advice works as printed: $command" exits 0
done <commands
