# SPDX-License-Identifier: Apache-2.0
# Sourced by run.sh: results, octets, ports, tools.

passed=0 failed=0 skipped=0

row() { printf '%-20s %-38s %s\n' "$1" "$2" "$3"; } # CLIENT MODE RESULT

pass() { # CLIENT MODE
	passed=$((passed + 1))
	row "$1" "$2" ok
}

fail() { # CLIENT MODE REASON FILE
	failed=$((failed + 1))
	row "$1" "$2" "FAILED: $3"
	tail -n 30 "$4" | cut -c1-200 | sed 's/^/    | /'
}

skip() { # CLIENT MODE REASON
	skipped=$((skipped + 1))
	row "$1" "$2" "skipped: $3"
}

give_up() { # REASON FILE
	echo "interop: $1" >&2
	tail -n 40 "$2" >&2
	echo "0 passed, 1 failed"
	exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

hex() { od -An -v -tx1 "$@" | tr -d ' \n'; } # octets of a file or of standard input
hex_of() { printf %s "$1" | hex; }
unbase64() { printf '%s\n' "$1" | openssl base64 -d -A; }
der_certificate() { openssl x509 -in "$1" -outform DER; }
der_key() { openssl pkcs8 -topk8 -nocrypt -in "$1" -outform DER; }

taken() { grep -qi ":$(printf %04X "$1") " /proc/net/udp /proc/net/udp6; } # UDP port

free_port() { # FIRST: the first from there that nobody has
	candidate=$1
	while taken "$candidate"; do candidate=$((candidate + 1)); done
	echo "$candidate"
}

await() { # SECONDS COMMAND..: until the command succeeds
	left=$(($1 * 5))
	shift
	until "$@"; do
		left=$((left - 1))
		[ "$left" -gt 0 ] || return 1
		sleep 0.2
	done
}

# ---- tools: a reason on standard output says why a client cannot run ------------------------------------------------

install_tools() {
	wanted=''
	have coap-client-gnutls && have coap-client-openssl || wanted="$wanted libcoap3-bin"
	have gnutls-cli || wanted="$wanted gnutls-bin"
	have openssl || wanted="$wanted openssl"
	have javac || wanted="$wanted default-jdk-headless"
	have mvn || wanted="$wanted maven"
	have go || wanted="$wanted golang-go"
	python3 -c 'import ensurepip' 2>/dev/null || wanted="$wanted python3-venv"
	[ -n "$wanted" ] && [ "$(id -u)" -eq 0 ] && have apt-get || return 0
	for package in $wanted; do # one by one: one that is missing must not keep the others away
		apt-get install -y -qq "$package" >>"$log/apt" 2>&1 ||
			{ apt-get update -qq && apt-get install -y -qq "$package"; } >>"$log/apt" 2>&1
	done
}

build_leshan() { # VERSION
	have javac && have mvn || { echo "no javac or no mvn"; return; }
	out=$cache/leshan-$1
	[ -e "$out/built" ] && [ -z "$(find "$here/leshan-$1" -newer "$out/built")" ] && return
	mvn -q -B -f "$here/leshan-$1/pom.xml" "-Dout=$out" package >"$log/maven-$1" 2>&1 && touch "$out/built" ||
		echo "maven failed: $(grep -m1 ERROR "$log/maven-$1")"
}

build_pion() {
	have go || { echo "no go"; return; }
	(cd "$here/pion" && go build -buildvcs=false -o "$cache/pion-client" .) >"$log/go" 2>&1 ||
		echo "go build failed: $(tail -n 1 "$log/go")"
}

build_cbor2() {
	"$cache/venv-cbor2/bin/python" -c 'import cbor2' >/dev/null 2>&1 && return
	{ python3 -m venv --clear "$cache/venv-cbor2" && "$cache/venv-cbor2/bin/pip" install -q cbor2==6.3.0 &&
		"$cache/venv-cbor2/bin/python" -c 'import cbor2'; } >"$log/pip" 2>&1 || echo "no cbor2: $(tail -n 1 "$log/pip")"
}

build_mbedtls() {
	have python3 || { echo "no python3"; return; }
	"$cache/venv/bin/python" -c 'import mbedtls' >/dev/null 2>&1 && return
	{ python3 -m venv --clear "$cache/venv" && "$cache/venv/bin/pip" install -q python-mbedtls==2.10.1 &&
		"$cache/venv/bin/python" -c 'import mbedtls'; } >"$log/pip" 2>&1 ||
		echo "no python-mbedtls: $(tail -n 1 "$log/pip")"
}
