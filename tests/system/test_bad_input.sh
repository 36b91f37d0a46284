# SPDX-License-Identifier: Apache-2.0
#
# The table tests/claims/bad-input.md names a test for each case: every name in it must stand in the file it points to. An
# entry has the form `unit/dtls/test_refusals.c: name`, the file below tests/, the name as it is written there.
set -u
. tests/system/table.sh

check_table tests/claims/bad-input.md 'what comes in' refused
