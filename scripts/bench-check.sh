#!/usr/bin/env bash
# What "assay check" costs for a lock of 300 packages with 3,000 files on an index on
# loopback (internal/indextest/locked), against "pip download --require-hashes" of the
# same lock (which takes one file of each package, and looks at no attestation). What both
# do, verifying attestations of files at hand, is measured against the pypi-attestations
# command for PEER (20) of the lock's attested files.
#   scripts/bench-check.sh [PACKAGES [ATTESTED]]   ATTESTED: percent of the packages
# cold: nothing is kept; warm: what the cold check kept; offline: nobody is asked; same: cold,
# and narrowed to the platform and the Python that pip downloads for. CPU is user and system
# time of the command and its children. Machines are noisy: each is run ROUNDS times (3), and
# the least CPU counts; ratios are of seconds that passed.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -x .venv/bin/pip ] && export PATH="$PWD/.venv/bin:$PATH"
packages=${1:-300} attested=${2:-50} rounds=${ROUNDS:-3}
for name in $(compgen -e); do
  case ${name,,} in
  pip_* | uv_* | assay_* | *_proxy) unset "$name" ;;
  esac
done
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT
go build -o "$work/assay" ./cmd/assay
go build -o "$work/locked" ./internal/indextest/locked
"$work/locked" -packages "$packages" -attested "$attested" -requirements "$work/requirements.txt" -root "$work/root.json" >"$work/url" &
server=$!
until [ -s "$work/url" ]; do
  kill -0 $server 2>/dev/null || { echo "the index did not start" >&2; exit 1; }
  sleep 0.2
done
export PIP_INDEX_URL ASSAY_HOME=$work/home HOME=$work/nobody PIP_CONFIG_FILE=/dev/null UV_NO_CONFIG=1 PIP_DISABLE_PIP_VERSION_CHECK=1
PIP_INDEX_URL=$(<"$work/url")
mkdir "$HOME"

# once NAME COMMAND …: adds "SECONDS CPU" to $work/NAME.
once() {
  local name=$1
  shift
  TIMEFORMAT='%R %U %S'
  { time "$@" >"$work/out" 2>"$work/err"; } 2>"$work/time" || { cat "$work/out" "$work/err" >&2; echo "$name failed" >&2; exit 1; }
  awk '{ print $1, $2 + $3 }' "$work/time" >>"$work/$name"
}
check() { "$work/assay" check --trusted-root "$work/root.json" "$@" "$work/requirements.txt"; }
# What pip downloads is what this platform and Python take; "same" looks at no more than
# that, and at the sdist beside it, which pip would take where the wheel is gone.
python=$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
platform=linux-$(uname -m)
for ((i = 0; i < rounds; i++)); do
  rm -rf "$ASSAY_HOME" "$work/files"
  once cold check
  once warm check
  once offline check --offline
  rm -rf "$ASSAY_HOME"
  once same check --platform "$platform" --python "$python"
  once pip pip download --quiet --no-cache-dir --no-deps --require-hashes --dest "$work/files" -r "$work/requirements.txt"
done
# The peer is told the repository of each file, and gets the trusted root of the index in
# the place of the public one that it has, so that both verify the same.
peer=0
own() {
  while read -r file _; do
    "$work/assay" verify --offline --trusted-root "$work/root.json" "$file" >/dev/null || return
  done <"$work/attested"
}
theirs() {
  while read -r file repository; do
    pypi-attestations verify pypi --offline --repository "$repository" --provenance-file "$file.provenance" "$file" || return
  done <"$work/attested"
}
if command -v pypi-attestations >/dev/null; then
  export XDG_CACHE_HOME=$work/peer XDG_DATA_HOME=$work/peer
  : >"$work/attested"
  for file in "$work"/files/part*; do
    name=${file##*/} project=${file##*/}
    project=${project%%-*}
    [ "$peer" -lt "${PEER:-20}" ] || break
    python3 -c 'import sys, urllib.request; open(sys.argv[2], "wb").write(urllib.request.urlopen(sys.argv[1]).read())' \
      "${PIP_INDEX_URL%simple/}integrity/$project/1.0.0/$name/provenance" "$file.provenance" 2>/dev/null || continue
    echo "$file https://github.com/acme/$project" >>"$work/attested"
    peer=$((peer + 1))
  done
  theirs >/dev/null 2>&1 || true # makes the place of its root
  find "$work/peer" -name trusted_root.json -exec cp "$work/root.json" {} \;
  for ((i = 0; i < rounds && peer > 0; i++)); do
    once own own
    once theirs theirs
  done
fi
echo "$packages packages, $((packages * 10)) files, $attested % attested, $rounds rounds"
for name in cold warm offline same pip; do
  awk -v name="$name" '{ if (NR == 1 || $1 < s) s = $1; if (NR == 1 || $2 < c) c = $2; if ($2 > m) m = $2 }
    END { printf "%-8s %7.2f s, %6.2f s of CPU (most %.2f)\n", name, s, c, m }' "$work/$name"
done
least() { awk 'NR == 1 || $1 < s { s = $1 } END { print s }' "$work/$1"; }
cpu() { awk 'NR == 1 || $2 < s { s = $2 } END { print s }' "$work/$1"; }
awk -v pip="$(least pip)" -v cold="$(least cold)" -v warm="$(least warm)" -v pc="$(cpu pip)" -v cc="$(cpu cold)" -v wc="$(cpu warm)" -v same="$(least same)" -v sc="$(cpu same)" 'BEGIN {
  printf "pip / assay, seconds: cold %.1f, warm %.1f times faster\n", pip / cold, pip / warm
  printf "pip / assay cold, for the same platform and Python: seconds %.1f, CPU %.1f times less\n", pip / same, pc / sc
  printf "pip / assay, CPU: cold %.1f, warm %.1f times less\n", pc / cc, pc / wc
  printf "pip / assay, seconds for each file looked at (pip looks at one of ten): cold %.1f, warm %.1f times faster\n", 10 * pip / cold, 10 * pip / warm }'
named=0 # attested packages
for ((i = 0; i < packages; i++)); do
  ((i % 100 >= attested)) || named=$((named + 1))
done
if [ "$peer" -gt 0 ]; then
  awk -v n="$peer" -v all="$((10 * named))" -v os="$(least own)" -v ps="$(least theirs)" -v oc="$(cpu own)" -v pc="$(cpu theirs)" -v cold="$(least cold)" 'BEGIN {
    printf "attestations of %d of the attested files, offline, a process each, scaled to one file: assay verify %.3f s, pypi-attestations %.3f s\n", n, os / n, ps / n
    printf "pypi-attestations / assay verify: seconds %.1f, CPU %.1f times\n", ps / os, pc / oc
    printf "pypi-attestations scaled to all %d attested files, a process each: %.0f s; assay check cold, which asks the index and looks at all other files as well, %.2f s: %.0f times\n", all, all * ps / n, cold, all * ps / n / cold }'
else
  echo "not compared: pypi-attestations (not installed, or nothing is attested; 'make tools' installs it)"
fi
if ! command -v pip-audit >/dev/null; then
  echo "not compared: pip-audit (not installed; it looks for vulnerabilities and at no attestation)"
elif echo 'pip==24.0' >"$work/audit.txt" && timeout 60 pip-audit --no-deps --disable-pip --progress-spinner off -r "$work/audit.txt" 2>&1 | grep -qi 'known vulnerabilit'; then
  echo "not comparable: pip-audit (it asks a service for vulnerabilities and looks at no attestation)"
else
  echo "left out: pip-audit (its service cannot be asked from here; it looks at no attestation)"
fi
