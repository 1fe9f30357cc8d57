#!/usr/bin/env bash
# The real index and the newest installers. Where no index can be reached the
# tests say so and skip.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ -x .venv/bin/pip ]; then
  export PATH="$PWD/.venv/bin:$PATH"
fi
exec go test -count=1 -tags live -run 'Live' -v -timeout 15m ./cmd/assay
