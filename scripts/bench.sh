#!/usr/bin/env bash
# Every figure, each against a peer in the same run. Machines are noisy: read the
# ratios and their spread, not the seconds.
#   PAIRS=7     pairs of installations
#   COUNT=500   files for "assay verify" against the pypi-attestations command
set -euo pipefail
cd "$(dirname "$0")/.."
if [ -x .venv/bin/pip ]; then
  export PATH="$PWD/.venv/bin:$PATH"
fi
export PATH="$PATH:/usr/sbin" # where nginx is on Debian

echo "== one attestation, against sigstore-go and the bare signature checks"
go test -run '^$' -bench . -benchtime 2s -count 3 ./internal/sigstore ./internal/verify/pep740

echo "== a page read and edited"
go test -run '^$' -bench . ./internal/pypi

echo "== a wheel read to its end, against archive/zip; the two inflaters"
go test -run '^$' -bench . ./internal/archive
echo "== decisions by a policy of 500 tables, and a page of 4,000 files judged by it"
go test -run '^$' -bench . -cpu 1 ./internal/policy
echo "== memory with a million entries: open, look a project up, check"
go test -run '^$' -bench Million -timeout 20m ./internal/journal

echo "== a page served, against a plain copy; 100 MB streamed, against nginx"
go test -run '^$' -bench . -timeout 20m ./internal/intercept

echo "== what a run adds before its command starts, and in all"
bash scripts/bench-start.sh 100

echo "== an application of 60 packages installed, with Assay and without"
bash scripts/bench-install.sh "${PAIRS:-7}"

echo "== assay verify, against pypi-attestations"
bash scripts/bench-verify.sh "${COUNT:-500}"

echo "== OpenPGP signatures, against gpgv and sqv"
bash scripts/bench-openpgp.sh

echo "== a lock of 300 packages checked, against pip download --require-hashes"
bash scripts/bench-check.sh
