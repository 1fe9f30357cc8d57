#!/usr/bin/env bash
# What "assay run" costs before its command starts, and after it has ended: N runs
# of a command that does nothing, each beside one without Assay. The figures are
# for an idle machine. ASSAY names another program than bin/assay.
set -euo pipefail
cd "$(dirname "$0")/.."
assay=${ASSAY:-}
if [ -z "$assay" ]; then
  make -s build
  assay=bin/assay
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
CGO_ENABLED=0 go build -o "$work/start" ./scripts/starttest
ASSAY_HOME=$work/home "$work/start" -n "${1:-100}" -assay "$assay"
