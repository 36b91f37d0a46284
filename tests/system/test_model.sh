# SPDX-License-Identifier: Apache-2.0
#
# Object models that the operator brings along: import, list, show, replace, remove; what profile add makes of them, in the
# plan and on a device.
. tests/system/lib.sh

ddf=tests/vectors/ddf
out= status=0
run() {
	out=$(ctl "$@" 2>&1)
	status=$?
}
is() { # NAME EXIT_STATUS TEXT: of the last run
	if [ "$status" -eq "$2" ] && case $out in *"$3"*) true ;; *) false ;; esac then ok "$1"; else
		not_ok "$1" "status $status: $out"
	fi
}
sql() { sqlite3 -readonly "$W/store/store.db" "$1"; }

ctl init >/dev/null 2>&1
ctl server add main --uri coaps://main.example.com:5684 --ssid 101 --mode psk --lifetime 300 || exit 1

# ---- import, list, show ----------------------------------------------------------------------------------------------

run --json model list
same "an empty store has no models" "$(echo "$out" | sqlite3_json '$[#-1].object')" ""
run model import $ddf/3303.xml $ddf/10262.xml $ddf/3-1_2.xml
is "models are imported" 0 "3 object models imported"
run model list
is "list tells object, version, name" 0 "3303	1.1	Temperature	12 resources"
run --json model list
same "list, JSON: by number" "$(echo "$out" | sqlite3_json '$[1].object') $(echo "$out" | sqlite3_json '$[2].name')" \
	"3303 Interval Data Delivery"
run model show 3303
is "show: a resource" 0 "6050                   Fractional Timestamp: float, R, range 0..1, in s"
is "show: an executable one" 0 "Reset Min and Max Measured Values: executable, E"
run --json model show 10262
same "show, JSON: type" "$(echo "$out" | sqlite3_json '$.resources[1].type')" objlnk
same "show, JSON: multiple" "$(echo "$out" | sqlite3_json '$.resources[1].multiple')" 1
run model show 4
is "show of no model" 1 "there is no model of object 4; see model list"
run model show temperature
is "show of no number" 2 "is not an object"
run model import $ddf/3303.xml
is "a model that is there already" 1 "3303.xml: object 3303 already has a model; --replace it"
run model import --replace $ddf/3303.xml
is "a model is replaced" 0 "1 object model imported"
run model import $ddf/4-1_0.xml $ddf/4-1_3.xml
is "two models of one object" 1 "are models of the same object 4"
same "and neither is stored" "$(sql 'SELECT count(*) FROM object_model WHERE oid = 4')" 0
run model import $ddf/21-2_0.xml
is "an object with a table of its own" 0 "warning: object 21 has a table of its own here"
run model remove 21
is "an unused model is removed" 0 ""
run model remove 21
is "what is gone cannot be removed" 1 "there is no model of object 21"

# ---- files that are none ---------------------------------------------------------------------------------------------

printf '<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>\n<LWM2M>&b;</LWM2M>\n' >"$W/bomb.xml"
run model import "$W/bomb.xml"
is "a document type is refused, with file and line" 1 "bomb.xml:1: a document type declaration is not taken"
head -c 3000 $ddf/3303.xml >"$W/half.xml"
run model import $ddf/5.xml "$W/half.xml"
is "half a file" 1 "half.xml:"
same "then nothing is stored" "$(sql 'SELECT count(*) FROM object_model WHERE oid = 5')" 0
head -c 1100000 /dev/zero >"$W/large.xml"
run model import "$W/large.xml"
is "a large file" 1 "longer than 1048576 octets"
run model import "$W/none.xml"
is "no file" 1 "No such file"

# ---- profile add -----------------------------------------------------------------------------------------------------

add() { run profile add "$1" --server main --write "$2"; }
add bad /3303/0/5700=warm
is "a value of another type" 1 "--write: 3303/5700: the value is not of type float"
add bad /3303/0/6042=24
is "a value out of range" 1 "resource 6042 of object 3303 (Measurement Quality Indicator) must be 0 to 23, not 24"
add bad /3303/0/5605=1
is "an executable resource" 1 "3303/5605 Reset Min and Max Measured Values can be executed, not written"
add bad /3303/0/1=1
is "a resource that is not there" 1 "Object 3303 Temperature has no resource 1"
add bad /3/1/13=now
is "an instance that cannot be" 1 "Object 3 Device has a single instance"
add bad /10262/0/0=integer:5
is "a type that contradicts the model" 1 "10262/0 Name is of type string"
add bad /3441/0/1=5
is "no model, no type" 1 "model import"
run profile show bad
is "no profile came of it" 1 "there is no profile bad"
run profile add meters --server main --write /3303/0/5750=hall --write /3303/0/6042=23 \
	--write /10262/0/0=north --write /10262/0/1=3303:0 --write /10262/0/1=3303:1 --write /3441/0/1110/2=opaque:0f
is "a profile that writes by the models" 0 ""
same "types are stored with the values" \
	"$(sql "SELECT group_concat(oid || '/' || rid || '/' || riid || ':' || type) FROM profile_write")" \
	"3303/5750/0:0,3303/6042/0:1,10262/0/0:0,10262/1/0:7,10262/1/1:7,3441/1110/2:5"
run model remove 10262
is "a model in use stays" 1 "the model of object 10262 is used by profile meters"
sed 's|<Type>Objlnk</Type>|<Type>String</Type>|' $ddf/10262.xml >"$W/other.xml"
run model import --replace "$W/other.xml"
is "a model that contradicts a profile is told" 0 "warning: profile meters writes /10262/0/1 as objlnk"
ctl model import --replace $ddf/10262.xml 2>/dev/null

# ---- plan and device -------------------------------------------------------------------------------------------------

psk=$(key)
printf 'endpoint,mode,psk_identity,psk_key_hex,main.psk_identity,main.psk_key_hex\ndev,psk,dev-id,%s,dev@main,%s\n' \
	"$psk" "$(key)" >"$W/devices.csv"
check "import a device" ctl import "$W/devices.csv" --profile meters
run --json plan dev
printf '%s' "$out" >"$W/plan.json"
is "plan: the object is written" 0 '/3303/0'
is "plan: the link" 0 '3303:1'
is "plan: the resource's name, from the model" 0 '"name": "Application Type"'

make_pki
write_conf </dev/null
start_daemon
sim --endpoint dev --timeout 30 --json --output "$W/dev.json" --object 3303 --object 10262 --object 3441 --pct 112 \
	--quiet >"$W/sim.out" 2>&1
held() { sqlite3_json "$1" <"$W/dev.json"; }
same "the device is done" "$(held '$.result')" done
same "it holds a string" "$(held '$.objects."3303"."0"."5750"')" hall
same "it holds a number" "$(held '$.objects."3303"."0"."6042"')" 23
same "it holds a name" "$(held '$.objects."10262"."0"."0"')" north
same "it holds links" "$(held '$.objects."10262"."0"."1"."0"') $(held '$.objects."10262"."0"."1"."1"')" "3303:0 3303:1"
stop_daemon
