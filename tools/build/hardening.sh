#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Which of the hardening options a compiler knows and takes without a warning, as a line for make.
#
#   tools/build/hardening.sh COMPILER..        HARDENING := -fstack-clash-protection ...
#
#   _FORTIFY_SOURCE=3                    lengths checked where they are known at run time alone; else 2
#   -fstack-protector-strong             a canary behind buffers on the stack
#   -fstack-clash-protection             a large frame touches each of its pages, so that it meets the guard page
#   -fcf-protection                      x86: indirect jumps and returns arrive where they may (IBT, shadow stack)
#   -mbranch-protection=standard         the same on arm64
#   -ftrivial-auto-var-init=zero         what was forgotten to be set is zero, not what a call before left behind
set -eu

takes() { # OPTION..
	printf '#include <stdio.h>\n#include <string.h>\nint main(int n, char **v) { char b[64]; return snprintf(b, sizeof(b), "%%s", v[n - 1]); }\n' |
		$cc -Werror -O2 "$@" -x c -c - -o /dev/null 2>/dev/null
}

cc=$*
flags=
# Some compilers come with a value of their own.
for level in 3 2; do
	if takes -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=$level; then
		flags="-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=$level"
		break
	fi
done
for flag in -fstack-protector-strong -fstack-clash-protection -fcf-protection -mbranch-protection=standard \
	-ftrivial-auto-var-init=zero; do
	if takes "$flag"; then flags="$flags $flag"; fi
done
echo "HARDENING := $flags"
