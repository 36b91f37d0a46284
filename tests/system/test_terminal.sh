# SPDX-License-Identifier: Apache-2.0
#
# What the programs print of texts that others wrote: device files, object models, devices. None of it may move a terminal's
# cursor, turn text around or begin a line of its own; in JSON it is the same text as before.
. tests/system/lib.sh

esc=$(printf '\033') # C0
c1=$(printf '\302\233') # U+009B, which begins a sequence as ESC [ does
turn=$(printf '\342\200\256') # U+202E: from right to left
line=$(printf '\342\200\250') # U+2028
lf='
'

make_pki
ctl init >/dev/null 2>&1
ctl server add fleet --uri coaps://lwm2m.example.com:5684 --ssid 101 --mode psk >/dev/null 2>&1
ctl profile add all --server fleet >/dev/null 2>&1
{
	echo "endpoint,profile,mode,psk_identity,psk_key_hex,fleet.psk_identity,fleet.psk_key_hex,note"
	echo "dev${turn}1,all,psk,id${line}1,$(key),f${turn}1,$(key),a${turn}note${line}b"
} >"$W/devices.csv"
check "import" ctl import "$W/devices.csv"
cat >"$W/model.xml" <<-XML
	<LWM2M><Object><Name>Mo${turn}del</Name><ObjectID>26241</ObjectID><ObjectVersion>1.0</ObjectVersion>
	<MultipleInstances>Single</MultipleInstances><Mandatory>Optional</Mandatory><Resources><Item ID="1"><Name>r${line}x</Name>
	<Operations>R</Operations><MultipleInstances>Single</MultipleInstances><Mandatory>Optional</Mandatory><Type>String</Type>
	<RangeEnumeration></RangeEnumeration><Units>u${turn}</Units></Item></Resources></Object></LWM2M>
XML
check "model" ctl model import "$W/model.xml"

# clean NAME COMMAND..: its output has none of those, and SHOWS what stands for one
clean() { # NAME SHOWN COMMAND..
	clean_name=$1 shown=$2
	shift 2
	"$@" >"$W/seen" 2>&1
	if grep -q -e "$esc" -e "$c1" -e "$turn" -e "$line" "$W/seen"; then not_ok "$clean_name" "$(cat -v "$W/seen")"; return; fi
	if grep -qF -- "$shown" "$W/seen"; then ok "$clean_name"; else not_ok "$clean_name: shows $shown" "$(cat -v "$W/seen")"; fi
}

clean "device list" 'dev\u202e1' ctl device list
clean "device list in JSON" 'dev\u202e1' ctl --json device list
clean "device show" 'a\u202enote\u2028b' ctl device show "dev${turn}1"
clean "device show, what is delivered" 'f\u202e1' ctl device show "dev${turn}1"
clean "plan" 'dev\u202e1' ctl plan "dev${turn}1"
clean "model list" 'Mo\u202edel' ctl model list
clean "model show" 'r\u2028x' ctl model show 26241
clean "an endpoint that nobody has" 'x\u009b' ctl device show "x$c1"
clean "an unknown command" 'x\u202e' ctl "x$turn"
same "JSON is the same text" "$(ctl --json device show "dev${turn}1" | sqlite3_json '$.note')" "a${turn}note${line}b"

# A device file with mistakes: the report is a line each.
{
	echo "endpoint,profile,mode,psk_identity,psk_key_hex,fleet.psk_identity,fleet.psk_key_hex"
	echo "dev-2,all,psk,i,$(key),f,$(key)"
	echo "\"dev-3${esc}[2J${lf}lwm2m-bootstrapctl: all is well\",all,psk,i,$(key),f,$(key)"
} >"$W/bad.csv"
clean "a mistake in a device file" 'has a control character' ctl import "$W/bad.csv"
clean "a line of its own" 'x\u000alwm2m-bootstrapctl: all is well' ctl device show "x${lf}lwm2m-bootstrapctl: all is well"
printf 'endpoint,pro%sfile,mode\n' "$esc" >"$W/bad2.csv"
clean "an unknown column" 'pro\u001bfile' ctl import "$W/bad2.csv"

# A stranger with an identity of that kind, as the log and the journal have it.
write_conf <<-CONF
	[http]
	address = 127.0.0.1:0
CONF
start_daemon
page() { http GET /; }
{
	echo "endpoint,profile,mode,psk_identity,psk_key_hex,fleet.psk_identity,fleet.psk_key_hex"
	echo "s,all,psk,st${turn}${line}${c1}r,$(key),s,$(key)"
} >"$W/strangers.csv"
clean "the simulator" 's: ' "$BUILD/lwm2m-bootstrap-sim" --server "$address" --csv "$W/strangers.csv" --endpoint s --timeout 3
outcome_of "st${turn}${line}${c1}r" >/dev/null
clean "the log" 'u202e' cat "$W/daemon.log"
clean "explain" 'u202e' ctl explain "st${turn}${line}${c1}r"
clean "stranger list" 'u202e' ctl stranger list
clean "stranger list in JSON" 'u202e' ctl --json stranger list
clean "the simulator's own device file" 'dev\u202e1' "$BUILD/lwm2m-bootstrap-sim" --server "$address" --csv "$W/devices.csv" --endpoint "dev${turn}1" --timeout 10 --print
sim --endpoint "dev${turn}1" --quiet --timeout 10 --misbehave refuse-write >/dev/null 2>&1
outcome_of "dev${turn}1" >/dev/null
clean "the status page" 'dev\u202e1' page
sim --endpoint "dev${turn}1" --quiet --timeout 20 --linger 10000 >/dev/null 2>&1 &
for _ in $(seq 50); do ctl sessions 2>/dev/null | grep -q psk && break; sleep 0.1; done
clean "sessions" 'dev\u202e1' ctl sessions
stop_daemon

# What is data stays as it is: a key file on standard output.
ctl rotate "dev${turn}1" --secrets >"$W/key.out" 2>/dev/null
same "a new key on standard output is octet by octet" "$(wc -l <"$W/key.out")" 2
