#!/usr/bin/env bash
# What "assay check" costs for a lock of 300 packages with 3,000 files on an index on
# loopback (internal/indextest/locked), against "pip download --require-hashes" of the
# same lock (which takes one file of each package, and looks at no attestation), and
# against pip-audit where it is installed.
#   scripts/bench-check.sh [PACKAGES [ATTESTED]]   ATTESTED: percent of the packages
# cold: nothing is kept; warm: what the cold check kept; offline: nobody is asked. CPU is
# user and system time of the command and its children. Machines are noisy: each is run
# ROUNDS times (3), and the least CPU counts; ratios are of seconds that passed.
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
for ((i = 0; i < rounds; i++)); do
  rm -rf "$ASSAY_HOME" "$work/files"
  once cold check
  once warm check
  once offline check --offline
  once pip pip download --quiet --no-cache-dir --no-deps --require-hashes --dest "$work/files" -r "$work/requirements.txt"
done
if command -v pip-audit >/dev/null; then
  echo "pip-audit is installed; it asks a service for vulnerabilities and looks at no attestation: no part is comparable"
else
  echo "not compared: pip-audit (not installed; it looks for vulnerabilities and at no attestation)"
fi
if command -v pypi-attestations >/dev/null; then
  # It verifies a file at hand for a repository that it is told, a process for each: the
  # figures are those of scripts/bench-verify.sh.
  echo "pypi-attestations verifies files at hand, one by one: see scripts/bench-verify.sh"
fi
echo "$packages packages, $((packages * 10)) files, $attested % attested, $rounds rounds"
for name in cold warm offline pip; do
  awk -v name="$name" '{ if (NR == 1 || $1 < s) s = $1; if (NR == 1 || $2 < c) c = $2; if ($2 > m) m = $2 }
    END { printf "%-8s %7.2f s, %6.2f s of CPU (most %.2f)\n", name, s, c, m }' "$work/$name"
done
least() { awk 'NR == 1 || $1 < s { s = $1 } END { print s }' "$work/$1"; }
cpu() { awk 'NR == 1 || $2 < s { s = $2 } END { print s }' "$work/$1"; }
awk -v pip="$(least pip)" -v cold="$(least cold)" -v warm="$(least warm)" -v pc="$(cpu pip)" -v cc="$(cpu cold)" -v wc="$(cpu warm)" 'BEGIN {
  printf "pip / assay, seconds: cold %.1f, warm %.1f times faster\n", pip / cold, pip / warm
  printf "pip / assay, CPU: cold %.1f, warm %.1f times less\n", pc / cc, pc / wc
  printf "pip / assay, seconds for each file looked at (pip looks at one of ten): cold %.1f, warm %.1f times faster\n", 10 * pip / cold, 10 * pip / warm }'
