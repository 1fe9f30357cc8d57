#!/usr/bin/env bash
# Installs a small real project through Assay, then shows two attacks on an index
# on loopback being refused. Everything goes into .demo, which git ignores.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
demo=$PWD/.demo
assay=$PWD/bin/assay
export ASSAY_HOME=$demo/assay PIP_DISABLE_PIP_VERSION_CHECK=1
server=

stop() {
  if [ -n "$server" ]; then
    kill "$server" 2>/dev/null && wait "$server" 2>/dev/null || true
    server=
  fi
}
trap stop EXIT

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
show() { printf '$ %s\n' "$*"; }

# serve starts the index of an archive and sets url.
serve() {
  stop
  rm -f "$demo/url"
  "$demo/serve" -root "$demo/root.json" "$1" >"$demo/url" &
  server=$!
  for _ in $(seq 100); do
    url=$(head -n 1 "$demo/url" 2>/dev/null || true)
    if [ -n "$url" ]; then return; fi
    sleep 0.1
  done
  echo "the index on loopback did not start" >&2
  exit 1
}

mkdir -p "$demo"
[ -x "$demo/venv/bin/pip" ] || "$python" -m venv "$demo/venv"
pip=$demo/venv/bin/pip
go build -o "$demo/serve" ./internal/indextest/serve

say "1. A real project with a few dependencies, from your own index"
show "assay run -- pip install requests"
if "$assay" run -- "$pip" install --quiet --no-input --force-reinstall requests; then
  real=installed
else
  real="not installed: is there an index within reach?"
fi

say "2. Attack: the index serves other bytes than it promises"
serve scripts/demo/bytes.txtar
show "assay run -- pip install fruit"
if "$assay" run --trusted-root "$demo/root.json" -- "$pip" install --no-input --target "$demo/target" --index-url "$url" fruit; then
  echo "the demo failed: swapped bytes were installed" >&2
  exit 1
fi

say "3. Attack: a new release with the provenance of another file"
serve scripts/demo/provenance.txtar
export MARK=$demo/mark
rm -rf "$MARK" "$demo/target"
show "assay run -- pip install fruit          # not pinned: falls back to the release that holds"
"$assay" run --trusted-root "$demo/root.json" -- "$pip" install --no-input --target "$demo/target" --index-url "$url" fruit
test -d "$demo/target/fruit-1.0.dist-info" || { echo "the demo failed: no fallback" >&2; exit 1; }
show "assay run -- pip install fruit==2.0     # pinned: fails, and says why"
if "$assay" run --trusted-root "$demo/root.json" -- "$pip" install --no-input --target "$demo/target2" --index-url "$url" fruit==2.0; then
  echo "the demo failed: a refused release was installed" >&2
  exit 1
fi
if [ -e "$MARK" ]; then
  echo "the demo failed: code of a refused release ran" >&2
  exit 1
fi

say "requests: $real. Swapped bytes: refused. Swapped provenance: refused, and no code of it ran."
