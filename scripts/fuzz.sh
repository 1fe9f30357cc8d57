#!/usr/bin/env bash
# Runs every fuzz target, one after the other, for the given time (60s). An input
# that is of interest is made smaller in a number of tries, not for a time: with a
# second for each, targets whose inputs have a kilobyte do little else.
set -euo pipefail
cd "$(dirname "$0")/.."
time=${1:-60s}
grep -rl --include='*_test.go' '^func Fuzz' . | sort | while read -r file; do
  sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$file" | while read -r target; do
    echo "== $(dirname "$file") $target"
    go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime 50x "$(dirname "$file")" </dev/null
  done
done
