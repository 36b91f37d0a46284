# SPDX-License-Identifier: Apache-2.0
#
# The table tests/claims/traps.md names a test for each trap: every name in it must stand in the file it points to, in the form
# `scenario/test_traps.c: name`, the file below tests/, the name as it is written there. Every number has one line, and every
# test that is named says which number it shows, as `covers: trap 24`.
set -u
. tests/system/table.sh

check_table tests/claims/traps.md '\(trap\|flow\)'
for n in $(seq 1 42) 6a 12a 23a 28a Leshan Wakaama AVSystem INT-0 INT-1 INT-2 INT-3 INT-4 INT-5 INT-6 INT-7 INT-8 INT-9 INT-10 INT-11 INT-12 INT-19 C.13; do
	[ "$(echo "$rows" | grep -c "^| $n |")" -eq 1 ] || echo "not ok $n has no line, or several"
done
check_covers trap
