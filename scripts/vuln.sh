#!/usr/bin/env bash
# govulncheck needs its database. Where that cannot be reached this says so; a
# vulnerability that is called from our code fails.
set -uo pipefail
cd "$(dirname "$0")/.."
out=$($1 ./... 2>&1)
status=$?
printf '%s\n' "$out"
case $out in
  *"fetching vulnerabilities"*) echo "skipped: the vulnerability database cannot be reached"; exit 0 ;;
esac
exit $status
