#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Print every #include that the map of folders does not draw; exit 1 when there is one.
set -eu
cd "$(dirname "$0")/.."

# folder: folders it may include from (its own and server/base always), then foreign headers that live there alone
allowed() {
	case $1 in
	server/base) echo "" ;;
	server/model) echo "" ;;
	server/content) echo "server/model" ;;
	server/dtls) echo "server/model/outcome.h server/model/found.h" ;;
	server/coap) echo "" ;;
	server/bootstrap) echo "server/bootstrap/plan server/coap server/content server/model db/lookup.h" ;;
	server/bootstrap/plan) echo "server/bootstrap/tell.h server/coap/block.h server/coap/msg.h server/content server/model" ;;
	server/conf) echo "server/model" ;;
	server/net) echo "server/bootstrap server/coap server/dtls server/content server/model server/conf db/lookup.h db/journal" ;;
	server/admin) echo "server/conf server/model server/net server/dtls/expiry.h db/lookup.h db/journal/journal.h db/journal/recorder.h db/facts.h" ;;
	server) echo "server/conf server/net server/admin server/dtls db/lookup.h db/journal" ;;
	db) echo "server/model" ;;
	db/journal) echo "db server/model" ;;
	tools/ctl | tools/ctl/*) echo "tools/ctl db server/content server/model server/conf server/bootstrap/plan/plan.h server/bootstrap/plan/pack.h" ;;
	tools/sim) echo "" ;;
	tools/bench) echo "db" ;;
	esac
}

bad=0
complain() { echo "$1 includes $2: $3"; bad=1; }

for file in $(find server db tools -name '*.[ch]'); do
	dir=$(dirname "$file")
	for inc in $(sed -n 's/^#include "\([^"]*\)".*/\1/p' "$file"); do
		ok=0
		case $inc in server/base/* | "$dir"/*) [ "$(dirname "$inc")" = "$dir" ] || [ "${inc#server/base/}" != "$inc" ] && ok=1 ;; esac
		for a in $(allowed "$dir"); do
			case $inc in "$a" | "$a"/*) ok=1 ;; esac
		done
		[ $ok = 1 ] || complain "$file" "$inc" "not on the map"
	done
	for inc in $(sed -n 's/^#include <\([^>]*\)>.*/\1/p' "$file"); do
		case $inc in
		openssl/ssl.h) case $dir in server/dtls | tools/*) ;; *) complain "$file" "$inc" "belongs to server/dtls" ;; esac ;;
		coap3/*) [ "$file" = server/coap/msg.c ] || complain "$file" "$inc" "belongs to server/coap/msg.c" ;;
		event2/*) case $dir in server | server/net | server/admin | tools/sim) ;; *) complain "$file" "$inc" "belongs to server/net, server/admin, main, tools/sim" ;; esac ;;
		seccomp.h) [ "$file" = server/sandbox.c ] || complain "$file" "$inc" "belongs to server/sandbox.c" ;;
		sqlite3.h) case $dir in db | db/* | tools/bench) ;; *) complain "$file" "$inc" "belongs to db" ;; esac ;;
		esac
	done
done
exit $bad
