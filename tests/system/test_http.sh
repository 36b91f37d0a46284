# SPDX-License-Identifier: Apache-2.0
#
# For whom the daemon's HTTP answers: a page of another site must not read it through a name of that site which leads here
# (DNS rebinding). Rows: what the request line and the headers say, then the status.
. tests/system/lib.sh

ctl init >/dev/null 2>&1
make_pki
write_conf <<-CONF
	[http]
	address = 127.0.0.1:0
	host = monitor.example.com
	host = Other.Example.com.
CONF
start_daemon
http=$(http_address)

# raw REQUEST: its escapes are printf's; the answer on standard output.
raw() {
	perl -MIO::Socket::INET -e 'my $s = IO::Socket::INET->new(PeerAddr => $ARGV[0], Timeout => 5) or die "no connection";
		my $r = $ARGV[1]; $r =~ s/\\r/\r/g; $r =~ s/\\n/\n/g; print $s $r; shutdown($s, 1); local $/; print <$s>' "$http" "$1"
}
row() { # NAME STATUS REQUEST
	raw "$3\r\nConnection: close\r\n\r\n" >"$W/http.out" 2>&1
	got=$(sed -n '1s/^HTTP\/1.[01] \([0-9]*\).*/\1/p' "$W/http.out")
	same "$1" "$got" "$2"
	# No refusal says what is behind it.
	if [ "$2" != 200 ] && grep -q lwm2m_bootstrap_ "$W/http.out"; then not_ok "$1: nothing of the daemon" "metrics"; fi
}
get() { row "$1" "$2" "GET /metrics HTTP/1.1\r\nHost: $3"; } # NAME STATUS HOST

get "localhost" 200 localhost
get "localhost, in odd case" 200 LocalHost
get "localhost with a port" 200 localhost:5680
get "localhost with a trailing dot" 200 localhost.
get "localhost with a trailing dot and a port" 200 LOCALHOST.:80
get "localhost with an empty port" 200 localhost:
get "the IPv4 address" 200 "$http"
get "an IPv4 address without port" 200 192.0.2.7
get "an IPv6 address" 200 '[::1]'
get "an IPv6 address with a port" 200 '[2001:db8::7]:5680'
get "a name of the configuration" 200 monitor.example.com
get "the same with a port" 200 monitor.example.com:9090
get "the same in odd case, with a trailing dot" 200 MONITOR.Example.COM.
get "another name of the configuration" 200 other.example.com
get "a foreign name" 421 evil.example
get "a foreign name with a port" 421 evil.example:5680
get "a name below localhost" 421 evil.localhost
get "a name that begins as localhost" 421 localhost.evil.example
get "a name that ends as a good one" 421 evilmonitor.example.com
get "a name below a good one" 421 a.monitor.example.com
get "a name above a good one" 421 example.com
get "a number that is an address to a browser" 421 2130706433
get "an address in hexadecimal" 421 0x7f000001
get "an address of three numbers" 421 127.0.1
get "an address with a trailing dot" 421 127.0.0.1.
get "two trailing dots" 421 localhost..
get "an IPv6 address without brackets" 400 ::1
get "an IPv6 address that is not closed" 400 '[::1'
get "brackets around a name" 421 '[localhost]'
get "something behind the brackets" 400 '[::1]evil'
get "a port of letters" 400 localhost:evil
get "a port that is none" 400 localhost:123456
get "a user before it" 400 localhost@evil.example
get "two names in one header" 400 'localhost, evil.example'
get "an empty one" 400 ''
row "a path in it" 400 'GET /metrics HTTP/1.1\r\nHost: localhost/x'
row "a folded line" 400 'GET /metrics HTTP/1.1\r\nHost: localhost\r\n evil.example'
row "two headers, a good one first" 400 'GET /metrics HTTP/1.1\r\nHost: localhost\r\nhost: evil.example'
row "two headers, a foreign one first" 400 'GET /metrics HTTP/1.1\r\nHost: evil.example\r\nHost: localhost'
row "the same header twice" 400 'GET /metrics HTTP/1.1\r\nHost: localhost\r\nHost: localhost'
row "none in HTTP/1.1" 400 'GET /metrics HTTP/1.1'
row "none in HTTP/1.0: no browser" 200 'GET /metrics HTTP/1.0'
row "a foreign one in HTTP/1.0" 421 'GET /metrics HTTP/1.0\r\nHost: evil.example'
row "absolute form, both good" 200 'GET http://localhost:5680/metrics HTTP/1.1\r\nHost: localhost'
row "absolute form with an IPv6 address" 200 'GET http://[::1]:5680/metrics HTTP/1.1\r\nHost: localhost'
row "absolute form of a foreign name" 421 'GET http://evil.example/metrics HTTP/1.1\r\nHost: localhost'
row "absolute form of a foreign name in HTTP/1.0" 421 'GET http://evil.example/metrics HTTP/1.0'
row "absolute form, a foreign header" 421 'GET http://localhost/metrics HTTP/1.1\r\nHost: evil.example'
row "absolute form with a user" 421 'GET http://localhost@evil.example/metrics HTTP/1.1\r\nHost: localhost'
row "two slashes and a foreign name" 421 'GET //evil.example/metrics HTTP/1.1\r\nHost: localhost'
row "the status page of a foreign name" 421 'GET / HTTP/1.1\r\nHost: evil.example'
row "the health of a foreign name" 421 'GET /health HTTP/1.1\r\nHost: evil.example'
row "no page of a foreign name" 421 'GET /nothing HTTP/1.1\r\nHost: evil.example'
row "no page of a good one" 404 'GET /nothing HTTP/1.1\r\nHost: localhost'

# The answer leads out of it, and repeats nothing of the request.
raw 'GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n' >"$W/http.out"
check "the refusal names the option" grep -q '\[http\] host' "$W/http.out"
check "the refusal is plain text" grep -qi '^content-type: text/plain' "$W/http.out"
if grep -q evil "$W/http.out"; then not_ok "the refusal repeats nothing" "$(cat "$W/http.out")"; else ok "the refusal repeats nothing"; fi

# Live: a name takes effect on a reload.
sed -i 's/^host = monitor.*/host = evil.example/' "$W/daemon.conf"
check "reload" ctl reload
get "a name that the reload brought" 200 evil.example
get "a name that it took" 421 monitor.example.com

# What is no name is told when the file is read.
for bad in 'a b' '*.example.com' 'example.com:80' 'http://example.com' '[::1]' '-' 'ex_ample..com'; do
	sed "s|^host = evil.*|host = $bad|" "$W/daemon.conf" >"$W/bad.conf"
	out=$("$BUILD/lwm2m-bootstrapd" -n -c "$W/bad.conf" 2>&1) && not_ok "[http] host = $bad is refused" "$out"
	case $out in *"[http] host = $bad: "*) ok "[http] host = $bad is refused" ;; *) not_ok "[http] host = $bad is refused" "$out" ;; esac
done
stop_daemon
