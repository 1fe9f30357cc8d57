#!/usr/bin/env bash
# Records pip and uv under Assay on a terminal, against a slowed index on
# loopback, and prints what the terminal shows while files arrive and at the end:
#
#   scripts/record-terminal.sh [-e]     -e keeps the colours, as escape sequences
#
# Needs tmux, pip and uv ("make tools" installs the last two). The recording has
# a tmux server of its own, and a home folder of its own.
set -euo pipefail
cd "$(dirname "$0")/.."
escapes=
if [ "${1:-}" = -e ]; then escapes=-e; fi
if [ -x .venv/bin/pip ]; then export PATH="$PWD/.venv/bin:$PATH"; fi
for program in tmux pip uv; do
  command -v "$program" >/dev/null || { echo "record-terminal: $program is not installed" >&2; exit 2; }
done
width=${WIDTH:-100} height=${HEIGHT:-24}
work=$(mktemp -d)
socket=assay-record-$$
server=

stop() {
  tmux -L "$socket" kill-server 2>/dev/null || true
  if [ -n "$server" ]; then
    kill "$server" 2>/dev/null && wait "$server" 2>/dev/null || true
  fi
  rm -rf "$work"
}
trap stop EXIT

CGO_ENABLED=0 go build -o "$work/assay" ./cmd/assay
go build -o "$work/serve" ./internal/indextest/serve
"$work/serve" -root "$work/root.json" scripts/demo/slow.txtar >"$work/url" &
server=$!
for _ in $(seq 100); do
  if [ -s "$work/url" ]; then break; fi
  sleep 0.1
done
url=$(head -n 1 "$work/url")
[ -n "$url" ] || { echo "record-terminal: the index on loopback did not start" >&2; exit 1; }

# The shell in the terminal shows a plain prompt and knows nothing personal.
cat >"$work/rc" <<RC
PS1='$ '
export HOME='$work' ASSAY_HOME='$work/state' PATH='$work:$PATH' PIP_DISABLE_PIP_VERSION_CHECK=1
export PIP_CONFIG_FILE=/dev/null PIP_INDEX_URL='$url' UV_NO_CONFIG=1 UV_DEFAULT_INDEX='$url' ASSAY_TRUSTED_ROOT='$work/root.json'
unset PIP_FIND_LINKS PIP_NO_INDEX NO_COLOR CI
assay() { command assay "\$1" --trusted-root "\$ASSAY_TRUSTED_ROOT" "\${@:2}"; }
cd '$work'
clear
RC

screen() {
  tmux -L "$socket" capture-pane -p $escapes -t "$1" | sed -e "s#$PWD/##g" -e "s#$work#~#g" -e 's/[[:space:]]*$//' | sed -e :a -e '/^\n*$/{$d;N;ba' -e '}'
}
frame() { printf '%s\n' "--- $1"; screen "$2"; echo; }

# record NAME COMMAND shows the terminal at moments of a command's run. The end
# is where a second prompt stands.
record() {
  local name=$1 command=$2 before=
  tmux -L "$socket" -f /dev/null new-session -d -s "$name" -x "$width" -y "$height" "bash --noprofile --rcfile '$work/rc' -i"
  sleep 0.5
  tmux -L "$socket" send-keys -t "$name" "$command" Enter
  printf '=== %s (%sx%s)\n' "$command" "$width" "$height"
  for i in $(seq 300); do
    sleep 0.1
    local now
    now=$(screen "$name")
    if [ "$(tail -n 1 <<<"$now")" = '$' ]; then
      frame "at the end" "$name"
      tmux -L "$socket" kill-session -t "$name"
      return
    fi
    if [ $((i % 10)) = 0 ] && [ "$now" != "$before" ]; then
      frame "after $((i / 10)) s" "$name"
      before=$now
    fi
  done
  echo "record-terminal: the command did not end:" >&2
  screen "$name" >&2
  exit 1
}

record pip "assay run -- pip install --target pip-target orchard"
record uv "assay run -- uv pip install --target uv-target orchard"
