#!/usr/bin/env bash
# What Assay costs end to end: installing an application of 60 packages from a
# frozen index on loopback (internal/indextest/mirror), with and without Assay, by
# uv and by pip, cold (no caches, no ASSAY_HOME) and warm (the caches that one run
# of the same kind has filled). Every run installs into a new virtual environment;
# making it, and clearing away, is not counted.
#   scripts/bench-install.sh [PAIRS [KIND …]]   KIND: uv-warm uv-cold pip-warm pip-cold
# The runs of a pair follow each other, in turns with Assay first and second. Read
# the ratios of pairs and their spread, not the seconds: they hold on a busy
# machine too, as long as it is busy with both.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -x .venv/bin/pip ] && export PATH="$PWD/.venv/bin:$PATH"
pairs=${1:-11}
shift $(($# > 0))
kinds=("$@")
[ $# -gt 0 ] || kinds=(uv-warm uv-cold pip-warm pip-cold)
for tool in uv pip python3; do
  command -v $tool >/dev/null || { echo "skipped: no $tool; run 'make tools'"; exit 0; }
done

# The person's own settings are no part of this.
for name in $(compgen -e); do
  case ${name,,} in
  pip_* | uv_* | assay_* | *_proxy | ssl_cert_file | requests_ca_bundle | curl_ca_bundle) unset "$name" ;;
  esac
done
make -s build
work=$(mktemp -d)
mirror=
trap '[ -z "$mirror" ] || kill "$mirror" 2>/dev/null || true; rm -rf "$work"' EXIT
go build -o "$work/mirror" ./internal/indextest/mirror
"$work/mirror" -ca "$work/ca.pem" -root "$work/root.json" -requirements "$work/requirements.txt" >"$work/url" &
mirror=$!
until [ -s "$work/url" ]; do
  kill -0 $mirror 2>/dev/null || { echo "the mirror did not start" >&2; exit 1; }
  sleep 0.2
done
url=$(<"$work/url")
export SSL_CERT_FILE=$work/ca.pem PIP_CERT=$work/ca.pem HOME=$work/nobody
export PIP_CONFIG_FILE=/dev/null PIP_DISABLE_PIP_VERSION_CHECK=1 UV_NO_CONFIG=1 UV_PYTHON_DOWNLOADS=never
mkdir "$HOME"

# once SIDE INSTALLER: one run, and its seconds in $took. SIDE is "without" or "with".
once() {
  local side=$1 installer=$2 venv=$work/venv start end
  local command=()
  rm -rf "$venv"
  python3 -m venv --without-pip "$venv"
  [ "$side" = without ] || command=(bin/assay run --trusted-root "$work/root.json" --)
  case $installer in
  uv) command+=(uv pip install -q --python "$venv/bin/python" --default-index "$url" -r "$work/requirements.txt") ;;
  pip) command+=(pip --python "$venv/bin/python" install -q --index-url "$url" -r "$work/requirements.txt") ;;
  esac
  sync -f "$work" # what was written before is not to be waited for now
  start=$EPOCHREALTIME
  ASSAY_HOME=$work/home-$installer UV_CACHE_DIR=$work/cache-uv PIP_CACHE_DIR=$work/cache-pip "${command[@]}" >"$work/out" 2>&1 ||
    { echo "$installer $side Assay failed:" >&2; cat "$work/out" >&2; exit 1; }
  end=$EPOCHREALTIME
  took=$(awk -v a="$start" -v b="$end" 'BEGIN { printf "%.4f", b - a }')
  local count
  count=$(find "$venv" -maxdepth 5 -name '*.dist-info' | wc -l)
  [ "$count" -eq 60 ] || { echo "$installer $side Assay installed $count packages, not 60" >&2; exit 1; }
}

clear_caches() { rm -rf "$work/home-$1" "$work/cache-$1"; }

# measure KIND: all pairs of one kind, a line "seconds-without seconds-with" each.
measure() {
  local installer=${1%-*} state=${1#*-} i side order=(without with)
  clear_caches "$installer"
  for side in "${order[@]}"; do once "$side" "$installer"; done # fills caches; not counted
  for ((i = 0; i < pairs; i++)); do
    declare -A seconds=()
    for side in "${order[@]}"; do
      [ "$state" = warm ] || clear_caches "$installer"
      once "$side" "$installer"
      seconds[$side]=$took
    done
    echo "${seconds[without]} ${seconds[with]}"
    order=("${order[1]}" "${order[0]}")
  done
}

declare -A target=([uv-warm]=1.15 [uv-cold]=1.50 [pip-warm]=1.10 [pip-cold]=1.30)
echo "60 wheels; $pairs pairs of runs; load $(cut -d' ' -f1 /proc/loadavg 2>/dev/null || echo unknown), $(getconf _NPROCESSORS_ONLN) processors; $(uv --version); $(pip --version | cut -d' ' -f1,2)"
printf '%-9s %12s %12s   %s\n' "" without with "ratio: median, quartiles, range, target"
for kind in "${kinds[@]}"; do
  measure "$kind" | awk -v kind="$kind" -v target="${target[$kind]}" -v pairs="$pairs" '
    function sort(t, n,   i, j, x) { for (i = 2; i <= n; i++) { x = t[i]; for (j = i - 1; j > 0 && t[j] > x; j--) t[j + 1] = t[j]; t[j + 1] = x } }
    # quantile q of the sorted t[1..n], between its neighbours
    function at(t, n, q,   p, i) { p = 1 + (n - 1) * q; i = int(p); return i >= n ? t[n] : t[i] + (p - i) * (t[i + 1] - t[i]) }
    { a[NR] = $1; b[NR] = $2; r[NR] = $2 / $1 }
    END {
      if (NR < pairs) exit 1 # a run has failed, and said so
      sort(a, NR); sort(b, NR); sort(r, NR)
      printf "%-9s %10.3f s %10.3f s   %.3f, %.3f to %.3f, %.3f to %.3f, %.2f %s\n", kind, at(a, NR, .5), at(b, NR, .5),
        at(r, NR, .5), at(r, NR, .25), at(r, NR, .75), r[1], r[NR], target, at(r, NR, .5) <= target ? "met" : "missed"
    }'
done
