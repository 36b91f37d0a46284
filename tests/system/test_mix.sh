# SPDX-License-Identifier: Apache-2.0
#
# All that threads share, at once: devices that come, stay and go, while the operator reloads, kicks, triggers, traces, asks,
# reads pages, and changes the store. MIX is for how many seconds; the short form is a smoke test, `make mix TIME=3600
# VARIANT=tsan` is what finds races, and VARIANT=asan what is used after its end.
. tests/system/lib.sh

seconds=${MIX:-4}
fleet=60

make_pki dev-x dev-y
ctl init >/dev/null 2>&1
ctl server add fleet --uri coaps://lwm2m.example.com:5684 --ssid 101 --mode psk >/dev/null 2>&1
ctl profile add all --server fleet --anchor "$W/pki/ca.pem" --ack-timeout 1 >/dev/null 2>&1
header="endpoint,profile,mode,psk_identity,psk_key_hex,cert_b64,fleet.psk_identity,fleet.psk_key_hex"
{
	echo "$header"
	for i in $(seq 0 $((fleet - 1))); do echo "d$i,all,psk,d$i,$(key),,d$i,$(key)"; done
	for d in dev-x dev-y; do echo "$d,all,x509,,,$(cert_b64 "$W/pki/$d.pem"),$d,$(key)"; done
} >"$W/devices.csv"
check "import" ctl import "$W/devices.csv"
sh certs/dev-pki.sh "$W/pki" revoke dev-y >/dev/null 2>&1 || exit 1
cp "$W/pki/ca.crl.pem" "$W/crl.y"
sh certs/dev-pki.sh "$W/pki" revoke dev-x >/dev/null 2>&1 || exit 1
cp "$W/pki/ca.crl.pem" "$W/crl.xy"
cp "$W/crl.y" "$W/crl.pem"
write_conf <<-CONF
	crls = $W/crl.pem
	workers = 2
	stop-time = 5s
	[http]
	address = 127.0.0.1:0
	[limits]
	attempts-per-minute = 100000
CONF
start_daemon
http_at=$(http_address)

# ---- what goes on ---------------------------------------------------------------------------------------------------

# One turn each. $n is its number: 1, 2, ...
one_of() { echo "d$(($1 % fleet))"; }
do_devices() { sim --source 127.64.0.0/16 --all --concurrency 30 --loss 3 --timeout 6 --linger 100 --quiet --json --ca "$W/pki/ca.pem" \
	--seed "$n" --output "$W/mix.devices.$n.json"; grep -c '"result":"done"' "$W/mix.devices.$n.json" >>"$W/mix.done"; rm -f "$W/mix.devices.$n.json"; }
do_stay() { sim --endpoint "$(one_of "$n")" --quiet --linger 800 --timeout 4; }
waiting() { "$BUILD/lwm2m-bootstrap-sim" --csv "$W/devices.csv" --key-dir "$W/pki" "$@"; }
do_waiting() { waiting --listen 127.0.0.1:25684 --endpoint "$(one_of $((n * 3)))" --quiet --timeout 3 & # PSK, both ways round
	ctl trigger "$(one_of $((n * 3)))" --address 127.0.0.1:25684 --wait 3; wait $!; }
do_trigger() { ctl trigger "$(one_of "$n")" --no-wait; }
do_kick() { ctl kick "$(one_of $((n * 7)))"; }
do_reload() {
	if [ $((n % 2)) = 0 ]; then cp "$W/crl.y" "$W/crl.new"; else cp "$W/crl.xy" "$W/crl.new"; fi
	mv "$W/crl.new" "$W/crl.pem"
	ctl reload
}
do_hup() { kill -HUP "$daemon_pid"; sleep 0.7; }
do_sessions() { ctl sessions; }
do_status() { ctl --json status; }
do_log() { ctl log "$(one_of "$n")" --seconds 2; }
do_page() { get /; }
do_metrics() { get /metrics; get /health; }
do_disable() { ctl device disable "$(one_of $((n * 5)))"; ctl device enable "$(one_of $((n * 5)))"; }
do_import() { { echo "$header"; for i in 1 2 3; do echo "n$n-$i,all,psk,n$n-$i,$(key),,n$n-$i,$(key)"; done; } >"$W/more.csv"; ctl import "$W/more.csv"; }
do_rotate() { ctl rotate "$(one_of $((n * 11)))" --out "$W/mix.rotated.$n" && rm -f "$W/mix.rotated.$n" && ctl settle --drop "$(one_of $((n * 11)))"; }
parts="devices stay waiting trigger kick reload hup sessions status log page metrics disable import rotate"

get() { http GET "$1"; }

: >"$W/mix.done"
end=$(($(date +%s) + seconds))
pids=
for part in $parts; do
	(
		trap - EXIT INT TERM
		n=0
		while [ "$(date +%s)" -lt $end ] && kill -0 "$daemon_pid" 2>/dev/null; do
			n=$((n + 1))
			"do_$part" >"$W/mix.$part.out" 2>&1 && good=$((${good:-0} + 1))
			echo "$n ${good:-0}" >"$W/mix.$part.turns"
		done
	) &
	pids="$pids $!"
done
for p in $pids; do wait "$p"; done

# ---- what came of it ------------------------------------------------------------------------------------------------

for part in $parts; do
	read -r turns good <"$W/mix.$part.turns" 2>/dev/null || turns=0 good=0
	echo "# $part: $turns turns, $good of them well"
	[ "$turns" -gt 0 ] || not_ok "$part took part" "no turn"
done
for part in reload sessions status metrics import; do # whatever else goes on, these work
	read -r turns good <"$W/mix.$part.turns"
	if [ "$good" -gt 0 ]; then ok "$part answers in the mix"; else not_ok "$part answers in the mix" "$(tail -n 3 "$W/mix.$part.out")"; fi
done
came=$(awk '{s += $1} END {print s + 0}' "$W/mix.done")
echo "# $came bootstraps of the fleet were done"
if [ "$came" -gt 0 ]; then ok "devices bootstrap in the mix"; else not_ok "devices bootstrap in the mix" "none was done"; fi
check "the daemon lives and says it is well" ctl status
stop_daemon
if [ "$daemon_status" -eq 0 ]; then ok "exit status after SIGTERM"; else not_ok "exit status after SIGTERM" "$daemon_status"; fi
if grep -h -A 40 -e 'Sanitizer' -e 'runtime error' "$W"/daemon.log.* >"$W/reports"; then
	not_ok "no report of a sanitizer" "$W/reports"
	head -n 120 "$W/reports" | sed 's/^/# /'
else
	ok "no report of a sanitizer"
fi
