# SPDX-License-Identifier: Apache-2.0
# Sourced by run.sh: Leshan's clients: run them, compare what they hold with the imported table, see them registered.

leshan_exec() { # VERSION CLASS FILE: for a subshell, so that its process is the one to end
	exec java -Dfile.encoding=UTF-8 "-Dlogback.configurationFile=$here/logback.xml" -XX:TieredStopAtLevel=1 -Xmx256m \
		-cp "$cache/leshan-$1/classes:$cache/leshan-$1/lib/*" "$2" "$3"
}
version_of() { case $1 in leshan20*) echo 2.0 ;; leshan15*) echo 1.5 ;; esac; }
lwm2m_of() { case $1 in leshan20*) echo 1.1 ;; leshan15*) echo 1.0 ;; esac; }

# Resources 0 to 10 of Object 0 and 0, 1, 7 of Object 1 that a row of the table means for one account.
expected() { # ENDPOINT ACCOUNT
	echo "/0/0 coaps://127.0.0.1:$target_port"
	echo "/0/1 false"
	echo "/0/10 $(ssid "$2")"
	echo "/1/0 $(ssid "$2")"
	echo "/1/1 $lifetime"
	case $2 in sms) echo "/1/7 US" ;; *) echo "/1/7 U" ;; esac
	case $2 in
	psk | sms | settings)
		echo "/0/2 0"
		echo "/0/3 $(hex_of "$(field "$1" "$2.psk_identity")")"
		echo "/0/4 "
		echo "/0/5 $(field "$1" "$2.psk_key_hex")"
		;;
	rpk)
		echo "/0/2 1"
		echo "/0/3 $(unbase64 "$(field "$1" rpk.rpk_private_b64)" | openssl pkey -inform DER -pubout -outform DER | hex)"
		echo "/0/4 $(hex "$target_pki/server.pub.der")"
		echo "/0/5 $(unbase64 "$(field "$1" rpk.rpk_private_b64)" | hex)"
		;;
	x509)
		echo "/0/2 2"
		echo "/0/3 $(unbase64 "$(field "$1" x509.cert_b64)" | hex)"
		echo "/0/4 $(der_certificate "$target_pki/server.pem" | hex)"
		echo "/0/5 $(unbase64 "$(field "$1" x509.private_b64)" | hex)"
		;;
	esac
	[ "$2" = sms ] || return 0
	echo "/0/6 2" # Secured Packet Structure; resource 7 is KIc, KID, SPI1, TAR, resource 8 the two keys
	echo "/0/7 $(for part in kic kid spi tar; do field "$1" sms.sms_$part; done | tr -d '\n' | tr A-F a-f)"
	echo "/0/8 $(field "$1" sms.sms_kic_key_hex)$(field "$1" sms.sms_kid_key_hex)"
	echo "/0/9 $sms_number"
}

# The same resources from what the client printed, of the instances with this Short Server ID.
held() { # FILE SSID
	awk -v ssid="$2" '
		{ n = split($1, p, "/"); value = substr($0, length($1) + 2) }
		n == 4 && p[2] < 2 && $1 ~ /^\// {
			all[p[2], p[3], p[4]] = value
			if (p[4] == (p[2] == 0 ? 10 : 0) && value == ssid) at[p[2]] = p[3]
		}
		END {
			for (key in all) {
				split(key, k, SUBSEP)
				if ((k[1] in at) && k[2] == at[k[1]] && (k[1] == 0 ? k[3] <= 10 : k[3] < 2 || k[3] == 7))
					print "/" k[1] "/" k[3] " " all[key]
			}
		}' "$1"
}

compare() { # ENDPOINT PROFILE
	for account in $(accounts_of "$2"); do
		expected "$1" "$account" | LC_ALL=C sort >"$run/$1-$account.expected"
		held "$log/$1" "$(ssid "$account")" | LC_ALL=C sort >"$run/$1-$account.held"
		diff "$run/$1-$account.expected" "$run/$1-$account.held" >"$run/$1-$account.diff" ||
			{ why="holds other values for account $account, see build/interop/run/$1-$account.diff"; return; }
	done
	expected_access "$1" "$2" | LC_ALL=C sort >"$run/$1-access.expected"
	held_access "$log/$1" >"$run/$1-access.held"
	diff "$run/$1-access.expected" "$run/$1-access.held" >"$run/$1-access.diff" ||
		{ why="holds other access control, see build/interop/run/$1-access.diff"; return; }
	case $2 in
	settings*)
		settings | LC_ALL=C sort >"$run/$1-settings-all.expected"
		settings_held "$log/$1" | LC_ALL=C sort >"$run/$1-settings-all.held"
		diff "$run/$1-settings-all.expected" "$run/$1-settings-all.held" >"$run/$1-settings-all.diff" ||
			why="holds other settings, see build/interop/run/$1-settings-all.diff"
		;;
	extra*) compare_extra "$1" ;;
	esac
}

# Of the account in /0/1 and /1/0: what is not in expected.
settings_held() { # FILE
	sed -n 's|^/0/1/\(1[1-9].*\)|/0/\1|p; s|^/1/0/\([2-5] .*\)|/1/\1|p; s|^/1/0/\([12][0-9][ /].*\)|/1/\1|p' "$1"
}

compare_extra() { # ENDPOINT
	extra_writes | LC_ALL=C sort >"$run/$1-extra.expected"
	grep -E '^/(11|16|24|3303|10262)/' "$log/$1" | LC_ALL=C sort >"$run/$1-extra.held"
	diff "$run/$1-extra.expected" "$run/$1-extra.held" >"$run/$1-extra.diff" ||
		why="holds other values of operator-supplied objects, see build/interop/run/$1-extra.diff"
}

# A line per instance of Object 2: resources in order, as "0=3 1=0 2/102=7 3=101".
# covers: resource 2/0, 2/1, 2/2, 2/3
held_access() { # FILE
	sed -n 's|^/2/\([0-9]*\)/\(.*\) \(.*\)|\1 \2=\3|p' "$1" | LC_ALL=C sort -u |
		awk '{ all[$1] = all[$1] (all[$1] == "" ? "" : " ") $2 } END { for (i in all) print all[i] }' | LC_ALL=C sort
}

expected_access() { # ENDPOINT PROFILE
	case $2 in
	all*)
		for entry in $explicit_access; do
			echo "$entry" | awk -F'[/:,]' '{
				out = "0=" $1 " 1=" $2
				for (i = 4; i <= NF; i++) out = out " 2/" $i
				sub(/owner=/, "", $3)
				print out " 3=" $3
			}'
		done
		;;
	two | instances | beside | resource | object-*) # derived: for each instance of Object 1 one that says so, owned by its server
		for account in $(accounts_of "$2"); do
			instance=$(awk -v id="$(ssid "$account")" '
				$2 == id && $1 ~ /^\/1\/[0-9]*\/0$/ { split($1, p, "/"); print p[3]; exit }' "$log/$1")
			echo "0=1 1=$instance 2/$(ssid "$account")=15 3=$(ssid "$account")" # all rights that an instance has
		done
		;;
	esac
}

removed='removed /0/1 removed /0/2 removed /1/0 removed /1/1 removed /2/0 removed /2/1 '

run_leshan() { # CLIENT ENDPOINT MODE PROFILE SUITE FORMAT
	device_file "$2" "$3" "$pki" >"$run/$2"
	# both kinds of key exchange: the delivered account may have another mode
	[ "$5" = - ] || echo "suites=$(suite_name psk "$5"),$(suite_name x509 "$5")" >>"$run/$2"
	[ "$6" = 112 ] || echo "format=$6" >>"$run/$2" # 112 is what it takes when nobody tells it
	case $4 in
	extra*) echo "models=$models" >>"$run/$2" ;;
	instances | beside) echo "again=" >>"$run/$2" ;;
	esac
	(leshan_exec "$(version_of "$1")" Client "$run/$2") >"$log/$2" 2>&1 ||
		why=$(grep -E '^(bootstrap|register) failed|^nothing' "$log/$2" || echo "the client died")
	[ -n "$why" ] || compare "$2" "$4"
	[ -n "$why" ] || [ "$4" != instances ] || # it came twice: what the first run wrote was deleted, its own account was not
		[ "$(grep '^removed' "$log/$2" | LC_ALL=C sort -u | tr '\n' ' ')" = "$removed" ] || why="other instances were deleted"
	[ -n "$why" ] || [ "$4" != beside ] || # it came twice: what it held was read (Bootstrap-Read) and nothing deleted
		# covers: trap INT-8
		{ ! grep -q "^removed" "$log/$2" && [ -z "$(last "$2" detail)" ]; } || why="it was not merged: $(last "$2" detail)"
	[ -n "$why" ] || await 5 grep -q "^registered $2 $(lwm2m_of "$1") $lifetime\$" "$log/target" ||
		why="the server saw no registration"
	expect_outcome "$2" done
	expect_suite "$2" "$3" "$5"
	expect_format "$2" "$6"
}

# The device expects another key, certificate or PSK than ours.
run_refusal() { # CLIENT ENDPOINT MODE PROFILE SUITE
	{ device_file "$2" "$3" "$work/stranger-pki" && echo "suites=$(suite_name "$3" "$5")"; } >"$run/$2"
	[ "$3" != psk ] || echo "key=$(openssl rand -hex 16)" >>"$run/$2"
	(leshan_exec "$(version_of "$1")" Client "$run/$2") >"$log/$2" 2>&1
	grep -q '^bootstrap failed' "$log/$2" || why="the client did not refuse"
	case $3 in
	psk) expect_outcome "$2" key-mismatch-suspected ;; # neither side can do more than fall silent
	*)
		[ -n "$why" ] || grep -qE 'is not trusted|could not be validated|Unable to verify' "$log/$2" ||
			why="the client failed for another reason"
		# it broke off before it had said who it is, so the journal knows the address alone
		expect_outcome "127.0.0.1:$(sed -n 's/.*tarted endpoint at coaps.*:\([0-9]*\)$/\1/p' "$log/$2")" handshake-failed
		;;
	esac
}
