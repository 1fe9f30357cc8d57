#!/usr/bin/env bash
# 1,000 signed files of 100 kB, Ed25519 and RSA-4096: verified by Assay's package in one
# process, by gpgv and by sqv with a process for each file. Prints the three times and the
# ratios, and fails where Assay is not at least ten times faster. Then the Go benchmarks.
set -euo pipefail
cd "$(dirname "$0")/.."
export GOTOOLCHAIN=local
for tool in gpgv sqv; do
  command -v "$tool" >/dev/null || echo "$tool is not installed: it is left out"
done
ASSAY_BENCH_OPENPGP=1 go test -count=1 -v -run '^TestAgainstOthers$' ./internal/openpgp | sed -n 's/^ *bench_test.go:[0-9]*: //p; /^\(--- \)\{0,1\}FAIL/p; /^ok/p'
go test -count=1 -run '^$' -bench 'Verify|ThousandFiles' ./internal/openpgp | grep -E '^(Benchmark|cpu|ok|FAIL)'
