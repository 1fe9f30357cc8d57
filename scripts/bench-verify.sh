#!/usr/bin/env bash
# "assay verify" over N files with provenance in one call, against the
# pypi-attestations command with a process for each of the same files. Needs real
# files with their provenance: the folder in ASSAY_SHARED, else ../shared.
set -euo pipefail
cd "$(dirname "$0")/.."
count=${1:-500}
shared=${ASSAY_SHARED:-../shared}/fixtures/sigstore
if [ ! -d "$shared" ]; then
  echo "skipped: no files with real provenance at $shared"
  exit 0
fi
if ! command -v pypi-attestations >/dev/null; then
  echo "skipped: no pypi-attestations command; run 'make tools'"
  exit 0
fi
make -s build
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# file, and the repository that the peer wants to be told
files=(
  "pip-plugin-pep740/abi3info-2024.10.3-py3-none-any.whl https://github.com/woodruffw/abi3info"
  "pip-plugin-pep740/abi3info-2024.10.8-py3-none-any.whl https://github.com/woodruffw/abi3info"
  "pip-plugin-pep740/abi3info-2024.10.8.tar.gz https://github.com/woodruffw/abi3info"
  "pypi-attestations/pypi_attestations-0.0.19.tar.gz https://github.com/trailofbits/pypi-attestations"
  "pypi-attestations/sigstore-3.6.1.tar.gz https://github.com/sigstore/sigstore-python"
)
for ((i = 0; i < count; i++)); do
  set -- ${files[i % ${#files[@]}]}
  mkdir "$work/$i"
  cp "$shared/$1" "$shared/$1.provenance" "$work/$i/"
  echo "$work/$i/$(basename "$1") $2" >>"$work/list"
done
cut -d' ' -f1 "$work/list" >"$work/names"

now() { date +%s.%N; }
assay() { xargs -a "$work/names" bin/assay verify --format json >"$work/out.json"; }
ASSAY_HOME=$work/home
export ASSAY_HOME
assay # once, so that the files are in the page cache
for round in 1 2 3; do
  start=$(now)
  assay
  times[round]=$(echo "$(now) $start" | awk '{print $1 - $2}')
done
sed -n '/"summary"/,/}/p' "$work/out.json" | tr -d ' \n'; echo
start=$(now)
while read -r file repository; do
  pypi-attestations verify pypi --offline --repository "$repository" --provenance-file "$file.provenance" "$file" >/dev/null 2>&1 ||
    { echo "pypi-attestations refused $file"; exit 1; }
done <"$work/list"
peer=$(echo "$(now) $start" | awk '{print $1 - $2}')
printf '%s\n' "${times[@]}" | sort -n | awk -v peer="$peer" -v n="$count" '
  { t[NR] = $1 }
  END {
    printf "assay verify, %d files, one call: min %.3f s, median %.3f s, max %.3f s\n", n, t[1], t[2], t[3]
    printf "pypi-attestations, %d files, a process each: %.1f s\n", n, peer
    printf "ratio (peer / assay, median): %.0f times faster\n", peer / t[2]
  }'
