# SPDX-License-Identifier: Apache-2.0
#
# How the programs are built: every option of hardening that the compiler knows is in use, and the linker did its part.
. tests/system/lib.sh

daemon=$BUILD/lwm2m-bootstrapd
check "position independent" sh -c "readelf -hW '$daemon' | grep -q 'Type: *DYN'"
check "bound at the start" sh -c "readelf -dW '$daemon' | grep -q BIND_NOW"
check "relocations are read-only" sh -c "readelf -lW '$daemon' | grep -q GNU_RELRO"
check "no executable stack" sh -c "readelf -lW '$daemon' | grep 'GNU_STACK' | grep -q 'RW '"

case $BUILD in
*release) ;;
*) echo "skip what the compiler does: not the release build"; exit 0 ;;
esac
producer=$(readelf --debug-dump=info --dwarf-depth=1 "$BUILD/server/dtls/bio.o" 2>/dev/null | grep -m 1 DW_AT_producer)
case $producer in
*GNU*) ;; # clang does not write its options down
*) producer= ;;
esac
known=$(tools/build/hardening.sh "${CC:-cc}" | sed 's/.*:= //')
for flag in $known; do
	case $flag in
	-U* | -D*) continue ;;
	esac
	if [ -z "$producer" ]; then echo "skip $flag: the compiler does not write its options down"; continue; fi
	case "$producer " in
	*" $flag "* | *" $flag="*) ok "compiled with $flag" ;;
	*) not_ok "compiled with $flag" "$producer" ;;
	esac
done
check "lengths are checked (_FORTIFY_SOURCE)" sh -c "readelf -sW '$daemon' | grep -q '__v*snprintf_chk'"

# The level of _FORTIFY_SOURCE does not show in a program: seen as make would compile.
level=$(echo "$known" | sed "s/.*FORTIFY_SOURCE=\\([0-9]\\).*/\\1/")
case $(make -n -s V=1 CC="${CC:-cc}" -W server/dtls/bio.c "$BUILD/server/dtls/bio.o" 2>/dev/null) in
*" -D_FORTIFY_SOURCE=$level "*) ok "the highest level of _FORTIFY_SOURCE" ;;
*) not_ok "the highest level of _FORTIFY_SOURCE" "$(make -n -s V=1 -W server/dtls/bio.c "$BUILD/server/dtls/bio.o" 2>&1 | tail -n 2)" ;;
esac
