#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# SMS keys from SIM vendors' files (import --sim): the sample maps with a made-up file of each layout, and each refusal.
# openssl made the ciphertexts and check values of the files, and decrypts here what the store must hold. No key of any
# file may occur in an output.
. tests/system/ctl.sh
cp "$root"/schema/sim/*.map "$root"/tests/vectors/sim/* . && chmod 600 ./*

with_sms() { sql 'SELECT count(*) FROM server_credential WHERE sms_mode = 2'; }
octets() { perl "$root/tests/system/datagrams.pl" octets "$1"; }
decrypt() { # HEX: under the transport key, by openssl
	octets "$1" |
		openssl enc -d -aes-128-cbc -nopad -K "$(cat transport.key)" -iv 23232323232323232323232323232323 | hexdump
}

luhn() { # digits on standard input, and their check digit behind them
	awk '{ for (i = 0; i < length($0); i++) { d = substr($0, length($0) - i, 1) * (2 - i % 2); s += d > 9 ? d - 9 : d }
		print $0 (10 - s % 10) % 10 }'
}

# ---- a store with a device per card ----------------------------------------------------------------------------------

run init
run server add prod --uri coaps://lwm2m.example.com --ssid 1 --mode psk --sms-number 15550100 --binding US
run server add mute --uri coaps://mute.example.com --ssid 2 --mode psk
run profile add meters --server prod
run profile add others --server mute
check 'accounts and profiles' exits 0

device() { # ENDPOINT ICCID IMSI: a line of a device file
	echo "$1,psk,$1,$(key),$2,$3,$1@prod,$(key)"
}
head=endpoint,mode,psk_identity,psk_key_hex,iccid,imsi,prod.psk_identity,prod.psk_key_hex
{
	echo $head
	sed 1d sysmocom.csv | while IFS=, read -r imsi iccid _; do device "s-${imsi#0010110001}" "$iccid" "$imsi"; done
	# stored without the check digit, and by IMSI alone
	sed 1d encrypted.csv | while IFS=';' read -r iccid imsi _; do device "e-${imsi#0010120002}" "${iccid%?}" "$imsi"; done
	# the file pads with F, the store has none
	sed -n '/^var_Out/,/^\*END/p' batch.out | grep '^[0-9]' | while read -r iccid imsi _; do
		device "o-${imsi#0010130003}" "${iccid%F}" "$imsi"
	done
	# the file has no check digit, the store has one or not; the third card has no device
	device l-1 "$(sed -n 2p line-header.txt | cut -d, -f2 | luhn)" ''
	device l-2 "$(sed -n 3p line-header.txt | cut -d, -f2)" ''
} >devices.csv
run import devices.csv --profile meters --dry-run
check 'import --dry-run of devices' both 0 '10 devices would be imported; dry run: nothing was stored'
check 'stores nothing' [ "$(sql 'SELECT count(*) FROM device')" = 0 ]
run import devices.csv --profile meters
check 'devices' exits 0

# ---- the four layouts ------------------------------------------------------------------------------------------------

run import --sim sysmocom.map sysmocom.csv --dry-run
check 'dry run' both 0 '3 cards would be stored, 0 skipped, 0 key check values match; dry run: nothing was stored'
check 'a line per card' [ "$(printf '%s\n' "$out" | grep -c '	set$')" = 3 ]
check 'nothing is stored by it' [ "$(with_sms)" = 0 ]
run import --sim sysmocom.map sysmocom.csv
check 'sysmocom CSV' both 0 '3 cards stored'
run plan s-00001
check 'resources 6 and 7 are the batch' says '6 octets, 121216b20203'
sent=$(sql "SELECT printf('%02x%02x%02x%02x', sms_kic, sms_kid, sms_spi1, sms_spi2) || hex(sms_tar) FROM server_credential AS c
	JOIN device AS d ON d.id = c.device_id WHERE d.endpoint = 's-00001'")
check 'the coding octets are those of the map' [ "$sent" = 12121600B20203 ]
run import --sim encrypted.map encrypted.csv
check 'encrypted columns with check values' both 0 '3 cards stored, 0 skipped, 6 key check values match'
run import --sim out.map batch.out
check 'an .out file' both 0 '2 cards stored'
run --json import --sim line-header.map line-header.txt
check 'line-header style, triple DES, a card without device' both 0 '2 cards stored, 1 skipped, 4 key check values match'
check 'as JSON' says '"endpoint":"l-1","result":"set"'
check 'all of them' [ "$(with_sms)" = 10 ]
sed 's/,$//; 1i Delivery of 3 cards, Zürich' sysmocom.csv | tr , ';' | iconv -f UTF-8 -t ISO-8859-1 | sed 's/$/;\r/' >titled.csv
sed 's/= comma/= semicolon/; s/title-lines = 0/title-lines = 1/' sysmocom.map >titled.map
run import --sim titled.map - <titled.csv
check 'semicolons, a title line in another encoding, CR LF, a delimiter at the end, standard input' both 0 '3 cards stored'
check 'cards may come again' says '	replaced'

# What was stored is what openssl decrypts: the store refuses that key to another device, and names the owner.
belongs() { # NAME KEY OWNER
	echo "endpoint,mode,psk_identity,psk_key_hex,prod.psk_identity,prod.psk_key_hex
probe,psk,probe,$2,probe2,$(key)" >probe.csv
	run import probe.csv --profile meters
	check "$1" both 1 "belongs to device $3"
}
row=$(sed -n 2p encrypted.csv)
# covers: resource 0/8
belongs 'KIC2 was decrypted' "$(decrypt "$(echo "$row" | cut -d';' -f14)")" e-00001
belongs 'KID2 was decrypted' "$(decrypt "$(echo "$row" | cut -d';' -f15)")" e-00001
belongs 'KIC1 in clear' "$(sed -n 3p sysmocom.csv | cut -d, -f11)" s-00002
run plan e-00001
check 'the account opens: other credentials stayed' both 0 'lwm2m.example.com'
check 'the changes are told to the daemon' [ "$(sql 'SELECT count(*) > 0 FROM change WHERE kind = 1')" = 1 ]

# ---- refusals --------------------------------------------------------------------------------------------------------

before=$(sql 'SELECT max(seq) FROM change')
refused() { # NAME MAP SED FILE SED TEXT: a changed map, a changed file, what must be said
	sed "$3" "$2" >changed.map
	sed "$5" "$4" >changed.csv
	run import --sim changed.map changed.csv
	check "$1" both 1 "$6"
	check "$1: nothing is stored" [ "$(sql 'SELECT max(seq) FROM change')" = "$before" ]
}
m=sysmocom.map f=sysmocom.csv
refused 'a KIC column mapped to resource 7' $m 's/^kic = 12/kic = KIC1/' $f '' 'KICn of a SIM file is a key value: it goes into resource 8'
refused 'a key value as coding octet' $m "s/^kid = 12/kid = $(key)/" $f '' 'KIDn of a SIM file is a key value'
refused 'coding octets from a column' $m 's/^kid = KID1/&\nspi = SPI/' $f '' 'are the same for the batch and belong in [sms]'
refused 'key set mismatch of column and map' $m 's/KIC1/KIC2/' $f '' 'key set mismatch: column KIC2 is of key set 2, key-set is 1'
refused 'key set mismatch of coding octet and map' $m 's/^kic = 12/kic = 22/' $f '' 'key set mismatch: 22 is of key set 2'
refused 'single DES' $m 's/^kic = 12/kic = 11/' $f '' '11 is single DES, which LwM2M forbids'
refused 'triple DES with two keys' $m 's/^kic = 12/kic = 15/' $f '' 'is triple DES with two keys'
refused 'another TAR' $m 's/B20203/B00010/' $f '' 'set allow-other-tar = yes'
refused 'another SPI' $m 's/^spi = 16/spi = 12/' $f '' 'the first octet must be 16'
refused 'an SPI for 7 octets' $m 's/^spi = 16/spi = 1621/' $f '' 'needs a profile with --sms-parameters 7'
refused 'the KIK column' $m 's/= KID1/= KIK1/' $f '' 'column KIK1; the key values of KID are in KID1'
refused 'no word on encryption' $m '/^encrypted/d' $f '' 'name the columns that are encrypted'
refused 'an unknown option' $m 's/^match/macth/' $f '' 'unknown option "macth" in [file]; did you mean match?'
refused 'an unknown column' $m 's/= IMSI/= IMSE/' $f '' 'the file has no column IMSE; did you mean IMSI?'
refused 'an unknown server' $m 's/prod/pord/' $f '' 'no server account pord'
refused 'a server without SMS' $m 's/prod/mute/' $f '' 'has no SMS number'
refused 'an unknown ICCID' $m '' $f '2s/8999911100010000/8999911100019999/' 'changed.csv:2: iccid: no device has it'
refused 'another IMSI' $m '' $f '2s/^001011000100001/001011000100002/' 'changed.csv:2: imsi: device s-00001 has another IMSI'
refused 'an ICCID with letters' $m '' $f '2s/8999911100010/89999111000xx/' 'must have 18 to 20 digits'
refused 'a card twice' $m '' $f '3{p}' 'changed.csv:4: device s-00002 already has a card further up'
refused 'a short row' $m '' $f '2s/,[^,]*$//' 'changed.csv:2: has 18 fields, expected 19'
refused 'one key for KIC and KID' $m '' $f '2s/\(\([^,]*,\)\{10\}\)\([^,]*\),[^,]*/\1\3,\3/' 'two different keys are needed'
refused 'a weak key' $m '' $f '2s/\(\([^,]*,\)\{10\}\)[^,]*/\100000000000000000000000000000000/' 'kic: '
refused "another card's key" $m '' $f "2s/\(\([^,]*,\)\{10\}\)[^,]*/\1$(sed -n 3p $f | cut -d, -f11)/" 'already belongs to device s-00002'
refused 'an empty file' $m '' $f 'd' 'the file ends before its first card'
refused 'a file without cards' $m '' $f '2,$d' 'the file has no cards'

m=encrypted.map f=encrypted.csv
clear=$(decrypt "$(sed -n 2p $f | cut -d';' -f14)")
refused 'clear values where the map says encrypted' $m '' $f "2s/\(\([^;]*;\)\{13\}\)[^;]*/\1$clear/" 'already in clear: it matches its key check value'
refused 'a pattern where the map says encrypted' $m '' $f '2s/\(\([^;]*;\)\{13\}\)[^;]*/\100112233445566778899AABBCCDDEEFF/' 'looks like a value in clear'
refused 'half blocks where the map says encrypted' $m '' $f '2s/\(\([^;]*;\)\{13\}\)[^;]*/\1A0B1C2D3E4F56677A0B1C2D3E4F56677A0B1C2D3E4F56677/' 'not whole AES blocks: already in clear?'
refused 'encrypted values where the map says clear' $m 's/^encrypted = .*/encrypted = none/; /key-file/d' $f '' 'does not match its key check value: damaged, encrypted'
refused 'a wrong check value' $m '' $f '2s/.....$/00000/' 'changed.csv:2: kid: decrypted, it does not match its key check value'
refused 'another kind of check value' $m 's/= ones/= zeros/' $f '' 'does not match its key check value'
refused 'no IV' $m '/^iv/d' $f '' 'iv: missing'
refused 'another IV' $m 's/^iv = 23/iv = 24/' $f '' 'another transport key or IV'
refused 'no key file' $m '/^key-file/d' $f '' 'needs key-file'
refused 'padding that is none' $m 's/= none/= pkcs7/' $f '' 'does not decrypt to a padded value'
chmod 640 transport.key
refused 'a key file that others read' $m '' $f '' 'chmod 600'
chmod 600 transport.key
key >transport2.key
refused 'another transport key' $m 's/transport.key/transport2.key/' $f '' 'another transport key or IV'
check 'every card is told' [ "$(printf '%s\n' "$out" | grep -c 'does not match')" = 6 ]
sed '/^iv/d' $m >iv.map
cp transport.key transport1.key && echo 23232323232323232323232323232323 >>transport1.key
sed -i 's/transport.key/transport1.key/' iv.map
run import --sim iv.map $f --dry-run
check 'the IV in the key file' exits 0
sed '/^kcv-k/d' $m >nokcv.map
run import --sim nokcv.map $f --dry-run
check 'without check values there is a warning' both 0 'a wrong transport key goes unnoticed'

m=line-header.map f=line-header.txt
k=$(openssl rand -hex 8) j=$(openssl rand -hex 8)
kcv=$(octets 0000000000000000 | openssl enc -des-ede3 -nopad -K "$k$j$k" | hexdump | cut -c1-6)
refused 'triple DES with equal parts' $m '' $f "2s/\(\([^,]*,\)\{4\}\)[^,]*,[^,]*/\1$k$j$k,$kcv/" 'two of the three DES keys are the same'
refused 'triple DES with 16 octets' $m '/^kcv/d' $f "2s/\(\([^,]*,\)\{4\}\)[^,]*/\1$(key)/" 'needs 24 octets, not 16'
refused 'names in a file without header' $m 's/^kic = 5/kic = KIC3/' $f '' "give the column's number"
refused 'a column that is not there' $m 's/^kcv-kid = 8/kcv-kid = 9/' $f '' 'has no column 9'
sed 's/B20203/B00010/; s/^tar.*/&\nallow-other-tar = yes/' sysmocom.map >tar.map
run import --sim tar.map sysmocom.csv --dry-run
check 'another TAR where it is allowed' both 0 'would be stored'
sed -i '/^kid = KID1/d' tar.map
run import --sim tar.map sysmocom.csv
check 'every fault of a map is told' both 1 'kid is missing in [columns]'

for words in '--sim' '--sim - x' '--sim sysmocom.map' '--sim sysmocom.map x --profile meters'; do
	# shellcheck disable=SC2086
	run import $words
	check "usage: 'import $words'" exits 2
done
run import --sim nowhere.map x
check 'a map that is not there' both 1 'bootstrapctl: nowhere.map: No such file'

search=$(sqlite3 store/store.db "EXPLAIN QUERY PLAN SELECT device_id FROM claim WHERE kind = 3 AND value IN (x'31', x'32', x'33')")
case $search in *"SEARCH claim"*"value=?"*) ok 'cards are found by an index' ;; *) not_ok 'cards are found by an index' "$search" ;; esac

# ---- keys stay secret, memory stays flat ---------------------------------------------------------------------------------

cat sysmocom.csv encrypted.csv batch.out line-header.txt transport.key | grep -o '[0-9A-F]\{32,\}' >keys
check 'there are keys to look for' [ "$(wc -l <keys)" -gt 50 ]
check 'no key is in any output' [ "$(grep -c -i -F -f keys everything)" = 0 ]

case $BUILD in *asan* | *tsan*) timer= ;; *) timer=/usr/bin/time ;; esac # a sanitizer has its own memory
if [ -x "$timer" ]; then
	peak() { # COUNT: kilobytes for that many cards without a device
		awk -v n="$1" 'NR == 1 { print; next } NR == 2 { for (i = 0; i < n; i++) { r = sprintf("%08d", i); l = $0
			sub(/,89999111000/, ",8999" r, l); sub(/,8999[0-9]*,/, ",8999" r "000000,", l); sub(/^0010110001/, "00199" substr(r, 4), l); print l } }' \
			sysmocom.csv >many.csv
		sed 's/^match.*/&\nunmatched = skip/' sysmocom.map >many.map
		/usr/bin/time -f %M -o mem "$ctl" -s store -k master.key import --sim many.map many.csv >many.out 2>&1
		tail -n 1 mem
	}
	small=$(peak 500) large=$(peak 10000)
	out="500 cards take $small kB, 10,000 take $large kB: $(tail -n 1 many.out)"
	check 'memory does not grow with the cards' [ "$large" -lt $((small + 1000)) ]
	check 'all of them are read' grep -q '10000 skipped' many.out
	echo "# $out"
else
	echo 'skip memory of an import: needs /usr/bin/time and a build without sanitizer'
fi
