#!/usr/bin/env bash
# Everything that needs no network. Tests with real installers use those of
# .venv ("make tools"), else those on the PATH, and say so where there are none.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ -x .venv/bin/pip ]; then
  export PATH="$PWD/.venv/bin:$PATH"
fi
go vet ./...
exec go test -count=1 -timeout 18m ./...
