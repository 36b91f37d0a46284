# SPDX-License-Identifier: Apache-2.0
#
# The status page as a browser shows it: a daemon with successes, refusals and a certificate near its end; headless Chromium.
#
#   BUILD=build/release sh tests/page/status_page.sh     pictures go to build/artefacts/status-page-{light,dark,phone}.png
#
# Not part of `make test`: it needs Chromium and promtool, which `make page` fetches.
. tests/system/lib.sh

browser=$(command -v chromium-headless-shell)
[ -n "$browser" ] || { not_ok "a browser" "install the package chromium-headless-shell, or call make page as root"; exit 1; }
artefacts=$(dirname "$BUILD")/artefacts
mkdir -p "$artefacts" "$W/profile"
artefacts=$(cd "$artefacts" && pwd)

# ---- a daemon with a story ------------------------------------------------------------------------------------------

key() { openssl rand -hex 16; }
make_pki dev-x
# An identity may be anything that its device sends: this one must stay text.
long=urn:imei:490154203237518-with-a-name-of-a-length-that-few-operators-choose
hostile='<img src=http://192.0.2.1/x.png><script>document.title="broken"</script>'
ctl init >/dev/null 2>&1
ctl server add fleet --uri coaps://lwm2m.example.com:5684 --ssid 101 --mode psk >/dev/null 2>&1
ctl profile add meters --server fleet --anchor "$W/pki/ca.pem" >/dev/null 2>&1
columns=endpoint,profile,mode,psk_identity,psk_key_hex,fleet.psk_identity,fleet.psk_key_hex
row() { echo "$1,meters,psk,$2,$(key),$1@fleet,$(key)"; }
{
	echo "$columns"
	for d in 01 02 03 04 05 06 07 08 09 10; do row "urn:dev:os:32473-00$d" "meter-00$d"; done
	row "$long" meter-long
} >"$W/devices.csv"
ctl import "$W/devices.csv" >/dev/null || exit 1
{ # devices that the store does not have
	echo "$columns"
	row stranger-1 meter-9999
	row stranger-2 "\"$(printf %s "$hostile" | sed 's/"/""/g')\""
	row stranger-3 "$(printf 'long-%.0s' $(seq 24))identity"
} >"$W/strangers.csv"
openssl req -x509 -key "$W/pki/server.key" -subj /CN=localhost -days 12 -out "$W/pki/server.pem" 2>/dev/null
write_conf <<-CONF
	workers = 1
	[http]
	address = 127.0.0.1:0
	[dtls]
	handshake-time = 2s
	[limits]
	peers = 10
CONF
start_daemon
http=$(sed -n 's/.*event=daemon.http address=\([^ ]*\).*/\1/p' "$W/daemon.log")
url=http://$http/

quietly() { "$@" >/dev/null 2>&1; }
from() { source=$1; shift; quietly sim --quiet --timeout 3 --source "127.20.$source.0/24" "$@"; }
stranger() { quietly "$BUILD/lwm2m-bootstrap-sim" --server "$address" --csv "$W/strangers.csv" --endpoint "$1" --quiet --timeout 3; }
for d in 02 03 04 05 06 07 08 09; do from 1 --endpoint "urn:dev:os:32473-00$d" --timeout 30 --linger 60000 & done
from 2 --endpoint urn:dev:os:32473-0001
from 2 --endpoint urn:dev:os:32473-0001 --misbehave wrong-key
from 3 --endpoint urn:dev:os:32473-0010 --misbehave refuse-write
from 3 --endpoint urn:dev:os:32473-0010 --misbehave wrong-ep=somebody-else
from 4 --endpoint "$long" --misbehave refuse-finish
quietly ctl device disable urn:dev:os:32473-0001
sleep 1.2
from 5 --endpoint urn:dev:os:32473-0001
for d in stranger-1 stranger-2 stranger-3; do stranger $d; done
sleep 1.5 # the recorder writes, the workers publish

# ---- what the browser sees ------------------------------------------------------------------------------------------

# A browser of its own for each call: its console goes to console.log, what it asked the network for to requests.json.
browse() {
	rm -rf "$W/profile"
	timeout 60 "$browser" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --user-data-dir="$W/profile" \
		--hide-scrollbars --enable-logging=stderr --log-net-log="$W/requests.json" "$@" 2>"$W/console.log"
}
refused() { grep -c 'CONSOLE.*Content Security Policy' "$W/console.log"; }
foreign() { grep -o '"url":"[^"]*"' "$W/requests.json" | grep -cv -e "\"$url" -e '"data:' -e '"file:'; }
picture() { # NAME OPTION..
	picture=$artefacts/status-page-$1.png
	rm -f "$picture"
	shift
	browse "$@" --screenshot="$picture" "$url"
	if [ "$(head -c 4 "$picture" 2>/dev/null | tail -c 3)" = PNG ]; then ok "picture $(basename "$picture")"; else
		not_ok "picture $(basename "$picture")" "$(tail -n 3 "$W/console.log")"
	fi
	is "$(basename "$picture"): the policy is kept" "$(refused)" 0
	is "$(basename "$picture"): nothing foreign is asked for" "$(foreign)" 0
}
is() { if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "got '$2', wanted '$3'"; fi; }
has() { if grep -q -- "$2" "$W/page.html"; then ok "$1"; else not_ok "$1" "no '$2' in $W/page.html"; fi; }
has_not() { if grep -q -- "$2" "$W/page.html"; then not_ok "$1" "'$2' in $W/page.html"; else ok "$1"; fi; }
request() { # PATH
	bash -c 'exec 3<>"/dev/tcp/${1%:*}/${1##*:}" && printf "GET %s HTTP/1.0\r\n\r\n" "$2" >&3 && cat <&3' - "$http" "$1" | sed '1,/^.$/d'
}

picture light --blink-settings=preferredColorScheme=1 --window-size=1000,1700
picture dark --blink-settings=preferredColorScheme=0 --window-size=1000,1700
picture phone --blink-settings=preferredColorScheme=1 --window-size=390,3000
if cmp -s "$artefacts/status-page-light.png" "$artefacts/status-page-dark.png"; then
	not_ok "light and dark differ" "they are the same picture"
else
	ok "light and dark differ"
fi

# How wide it lays itself out, measured by a script in a copy; the page itself may run none.
request / >"$W/page.html"
for width in 320 390 1000; do
	{
		cat "$W/page.html"
		echo '<script>document.title = "wide " + document.documentElement.scrollWidth</script>'
	} >"$W/measured.html"
	browse --window-size=$width,900 --dump-dom "file://$W/measured.html" >"$W/dom.html"
	is "as wide as a screen of $width" "$(sed -n 's/.*<title>wide \([0-9]*\)<.*/\1/p' "$W/dom.html")" $width
done

# These checks can see: a page with an inline style, a script and a foreign picture under the same policy.
policy=$(bash -c 'exec 3<>"/dev/tcp/${1%:*}/${1##*:}" && printf "GET / HTTP/1.0\r\n\r\n" >&3 && cat <&3' - "$http" |
	sed -n 's/^Content-Security-Policy: \(.*\)\r$/\1/p')
for without in "$policy" "script-src 'none'"; do
	printf '<!DOCTYPE html><meta charset=utf-8><meta http-equiv="Content-Security-Policy" content="%s"><title>kept</title>%s%s' \
		"$without" '<p style="color:red">a<script>document.title = "broken"</script>' '<img src="http://192.0.2.1/x.png">' >"$W/bad.html"
	browse --timeout=3000 --dump-dom "file://$W/bad.html" >"$W/dom.html"
	[ "$without" = "$policy" ] && { saw_refused=$(refused) saw_title=$(grep -c '<title>kept' "$W/dom.html"); }
done
is "a breach of the policy would be seen" "$((saw_refused >= 3))" 1
is "the policy stops a script" "$saw_title" 1
is "a foreign picture would be seen" "$(($(foreign) > 0))" 1

# ---- what stands on it ----------------------------------------------------------------------------------------------

has_not "no script" '<script'
has_not "no reference to anything" '<[^>]*\(src\|href\)=\|url('
has "an identity that is HTML stays text" '&lt;img src='
has "a refusal says what was refused" 'The device refused a mandatory Write or Delete.*4.00'
has "a certificate near its end is told on top" '<li class="warn">[^<]*server.pem expires in 1[12] days'
has "a limit near its cap is told on top" '<li class="warn">limit peers: [89] of 10 DTLS sessions'
has "the whole identity" 'urn:dev:os:32473-0010'
request /metrics >"$W/metrics"
tail -n +2 "$W/devices.csv" | cut -d, -f5,7 | tr , '\n' >"$W/keys"
if grep -qiFf "$W/keys" "$W/page.html" "$W/metrics" "$W/daemon.log"; then not_ok "no key anywhere" "$(grep -oiFf "$W/keys" "$W/page.html")"; else ok "no key anywhere"; fi
promtool=$(command -v promtool || echo build/deps/promtool/usr/bin/promtool)
if [ -x "$promtool" ]; then
	check "promtool accepts the metrics" sh -c "$promtool check metrics <'$W/metrics' 2>&1 | tee '$W/promtool' && ! test -s '$W/promtool'"
else
	not_ok "promtool" "call make page, which fetches it"
fi

# Masked: no name of a device, nor what it called itself.
sed 's/^address = 127.0.0.1:0$/&/; s/^\[http\]$/&\nidentities = masked/' "$W/daemon.conf" >"$W/masked.conf"
cp "$W/masked.conf" "$W/daemon.conf"
check "reload" ctl reload
request / >"$W/page.html"
has_not "masked: no endpoint" '32473-00'
has_not "masked: no endpoint that was claimed" 'somebody-else'
has_not "masked: no identity" 'meter-'
has "masked: its ends" 'ur…10'
stop_daemon
is "exit status" "$daemon_status" 0
