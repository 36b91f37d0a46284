# SPDX-License-Identifier: Apache-2.0
# Sourced by run.sh: keys, the table of devices, store, daemon, and the Leshan server that the accounts lead to.

lifetime=300 sms_number=4917012345678
ssid() { case $1 in psk) echo 101 ;; rpk) echo 102 ;; x509) echo 103 ;; sms) echo 104 ;; settings) echo 105 ;; esac; }
accounts_of() { # PROFILE; the first is where Leshan's clients register
	case $1 in
	two | instances | beside) echo psk rpk ;;
	all*) echo psk rpk x509 sms ;;
	resource | object-*) echo x509 sms ;;
	extra*) echo psk ;;
	settings*) echo settings ;;
	*) echo "$1" ;;
	esac
}
explicit_access='3/0:owner=101,0=1,102=7 3303/65535:owner=65535,103=16'

# What an account may have besides: all that LwM2M 1.1 knows and that lets the client connect (it looks at some of it).
settings() { # PATH VALUE
	cat <<-'END'
		/0/14 localhost
		/0/16/0 49320
		/0/16/1 168
		/1/2 10
		/1/3 600
		/1/5 3600
		/1/10 11:0
		/1/11 47
		/1/12 1700000000
		/1/13 1
		/1/14 0
		/1/15 true
		/1/16 false
		/1/17 3
		/1/18 90
		/1/19 7200
		/1/20 2
		/1/21 true
		/1/22 U
		/1/23 true
	END
}

# Objects that the operator has models of, the same files that the client reads; what the profile writes to them, and
# the client prints afterwards.
extra_models='11-1_0 16 24-1_0 3303 10262'
extra_writes() { # PATH VALUE
	cat <<-'END'
		/11/0/0 private
		/11/0/4 3
		/11/0/8/2 262,01
		/16/0/0/0 Zähler 7
		/16/0/0/3 depot
		/16/0/2/300 00ff10
		/24/0/0 true
		/24/0/5 65535
		/24/0/6 meter-7
		/24/0/8 7365637265742d37
		/3303/0/5518 1700000000
		/3303/0/5700 -21.5
		/3303/0/5701 Cel
		/10262/1/0 hourly
		/10262/1/1/0 3303:0
		/10262/1/1/1 65535:65535
		/10262/1/2/0 a0
	END
}

ctl() { "$build/lwm2m-bootstrapctl" -s "$work/store" -k "$work/master.key" "$@"; }

# Two makers of keys: what a device has from the factory, and what it receives for the LwM2M server.
make_keys() {
	endpoints=$(all_cases echo_endpoint)
	# shellcheck disable=SC2086
	"$root/certs/dev-pki.sh" "$pki" device $endpoints >"$log/pki" 2>&1 &&
		"$root/certs/dev-pki.sh" "$target_pki" device $endpoints >>"$log/pki" 2>&1 ||
		give_up "no keys" "$log/pki"
	for name in $(all_cases echo_large); do large_certificate "$name" || give_up "no keys" "$log/pki"; done
	"$root/certs/dev-pki.sh" "$work/stranger-pki" || give_up "no keys" "$log/pki"
}

echo_endpoint() { echo "$2"; }
echo_large() { case $4 in all* | resource | object-*) echo "$2" ;; esac; }

# The certificate that a device receives, once more with so many names that it needs more than one block of 1,024 octets.
large_certificate() { # ENDPOINT
	names=URI:urn:dev:$1
	for n in $(seq 24); do names=$names,DNS:name-$n.of.a.device.with.many.names.example; done
	(
		export BS_CN="$1" BS_SAN="$names"
		cd "$target_pki" && openssl req -new -config "$root/certs/dev-pki.cnf" -key "$1.key" -out "$1.csr" &&
			openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -set_serial "0x4$(openssl rand -hex 15)" -days 30 \
				-extfile "$root/certs/dev-pki.cnf" -extensions client -out "$1.pem" &&
			[ "$(der_certificate "$1.pem" | wc -c)" -gt 1200 ]
	) >>"$log/pki" 2>&1
}

columns=endpoint,profile,mode,psk_identity,psk_key_hex,rpk_public_b64,psk.psk_identity,psk.psk_key_hex
columns=$columns,rpk.rpk_private_b64,x509.cert_b64,x509.private_b64,sms.psk_identity,sms.psk_key_hex
columns=$columns,sms.sms_mode,sms.sms_kic,sms.sms_kid,sms.sms_spi,sms.sms_tar,sms.sms_kic_key_hex,sms.sms_kid_key_hex
columns=$columns,settings.psk_identity,settings.psk_key_hex

table_row() { # CLIENT ENDPOINT MODE PROFILE: one device; fills in what its mode and the profile's accounts need
	identity='' key='' public='' psk=, rpk='' x509=, sms=,,,,,,,, settings=,
	case $3 in
	psk) identity=$2 key=$(openssl rand -hex 16 | tr -d '\n' | hex) ;; # 32 characters: coap-client takes keys as text
	rpk) public=$(cat "$pki/$2-raw.pub.b64") ;;
	esac
	for account in $(accounts_of "$4"); do
		case $account in
		psk) psk=$2@target,$(openssl rand -hex 16) ;;
		settings) settings=$2@target,$(openssl rand -hex 16) ;;
		rpk) rpk=$(der_key "$target_pki/$2-raw.key" | openssl base64 -A) ;;
		x509) x509=$(der_certificate "$target_pki/$2.pem" | openssl base64 -A),$(der_key "$target_pki/$2.key" |
			openssl base64 -A) ;;
		sms) sms=$2@target,$(openssl rand -hex 16),sps,12,12,16,B20203,$(openssl rand -hex 16),$(openssl rand -hex 16) ;;
		esac
	done
	echo "$2,$4,$3,$identity,$key,$public,$psk,$rpk,$x509,$sms,$settings"
}

# The field COLUMN of the row of ENDPOINT in the imported table (it has no quotes).
field() { # ENDPOINT COLUMN
	awk -F, -v ep="$1" -v column="$2" '
		NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
		$1 == ep { print $(at[column]); exit }' "$table"
}

add_servers() {
	uri=coaps://127.0.0.1:$target_port
	ctl server add psk --uri "$uri" --ssid 101 --mode psk --lifetime $lifetime &&
		ctl server add rpk --uri "$uri" --ssid 102 --mode rpk --lifetime $lifetime --server-key "$target_pki/server.pub" &&
		ctl server add x509 --uri "$uri" --ssid 103 --mode x509 --lifetime $lifetime --server-cert "$target_pki/server.pem" &&
		ctl server add sms --uri "$uri" --ssid 104 --mode psk --lifetime $lifetime --binding US --sms-number $sms_number || return 1
	set --
	while read -r path value; do set -- "$@" --set "${path#/}=$value"; done <<-END
		$(settings)
	END
	ctl server add settings --uri "$uri" --ssid 105 --mode psk --lifetime $lifetime "$@"
}

add_profile() { # NAME OPTION..
	profile=$1
	shift
	for account in $(accounts_of "$profile"); do set -- "$@" --server "$account"; done
	ctl profile add "$profile" --security-iid 1 --anchor "$pki/ca.pem" "$@"
}

add_profiles() {
	for name in psk rpk x509 sms; do add_profile $name || return 1; done
	add_profile two --access-control derived &&
		add_profile instances --access-control derived --delete instances &&
		add_profile beside --access-control derived --on-existing merge &&
		add_profile resource --access-control derived --write-level resource &&
		add_profile object-11544 --access-control derived --write-level object --format lwm2m-cbor || return 1
	set --
	for entry in $explicit_access; do set -- "$@" --acl "$entry"; done
	add_profile all --access-control explicit "$@" &&
		add_profile all-11544 --access-control explicit "$@" --format lwm2m-cbor || return 1
	set --
	for name in $extra_models; do set -- "$@" "$root/tests/vectors/ddf/$name.xml"; done
	ctl model import "$@" || return 1
	models=$(echo "$*" | tr ' ' ,)
	set --
	while read -r path value; do set -- "$@" --write "$path=$value"; done <<-END
		$(extra_writes)
	END
	add_profile settings && add_profile settings-11544 --format lwm2m-cbor || return 1
	add_profile extra "$@" && add_profile extra-11544 "$@" --format lwm2m-cbor
}

make_store() {
	{ echo "$columns" && all_cases table_row; } >"$table"
	{ ctl init && add_servers && add_profiles && ctl import "$table"; } >"$log/store" 2>&1 ||
		give_up "the store could not be filled" "$log/store"
}

start_daemon() {
	cat >"$work/bootstrapd.conf" <<-END
		[listen]
		address = 127.0.0.1:$port
		[store]
		directory = $work/store
		master-key = $work/master.key
		[server]
		certificate = $pki/server.pem
		private-key = $pki/server.key
		raw-key = $pki/server-raw.key
		trust-anchors = $pki/ca.pem
		[dtls]
		handshake-time = 10s
		[coap]
		request-time = 10s
		[control]
		socket = $work/control
	END
	"$build/lwm2m-bootstrapd" -c "$work/bootstrapd.conf" >"$log/bootstrapd" 2>&1 &
	daemon_pid=$!
	await 10 taken "$port" || give_up "the daemon does not listen" "$log/bootstrapd"
}

# What the target knows of the devices, from the same table.
target_client() { # CLIENT ENDPOINT MODE PROFILE
	# shellcheck disable=SC2046
	set -- "$2" $(accounts_of "$4") # the first account: Leshan's clients register at one server only
	case $2 in
	psk | sms | settings) echo "psk.$1=$(hex_of "$(field "$1" "$2.psk_identity")"):$(field "$1" "$2.psk_key_hex")" ;;
	rpk) echo "rpk.$1=$(hex "$target_pki/$1-raw.pub.der")" ;;
	x509) echo "x509.$1=" ;;
	esac
}

start_target() {
	{
		echo "port=$target_port"
		echo "suites=$(all_suites)"
		echo "certificate=$(der_certificate "$target_pki/server.pem" | hex)"
		echo "key=$(der_key "$target_pki/server.key" | hex)"
		echo "anchor=$(der_certificate "$target_pki/ca.pem" | hex)"
		all_cases target_client
	} >"$run/target.properties"
	leshan_exec 2.0 Target "$run/target.properties" >"$log/target" 2>"$log/target.err" &
	target_pid=$!
	await 20 taken "$target_port" || give_up "the Leshan server does not listen" "$log/target.err"
}
