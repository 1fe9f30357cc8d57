#!/usr/bin/env bash
# Builds hundreds of wheels and sdists with real build back ends, old and new, fetches
# a few of well-known projects, and has Assay read them all: none may be refused.
# The files stay in .venv-backends/files, one folder for each back end.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=$PWD/.venv-backends
files=$venv/files
python=$venv/bin/python
export PIP_DISABLE_PIP_VERSION_CHECK=1

# What stands alone is the newest; each old one gets a folder of its own, which
# comes before the newest in Python's path.
newest=(build setuptools wheel hatchling flit-core poetry-core pdm-backend maturin scikit-build-core cmake ninja editables)
old=(
  "setuptools==59.8.0 wheel==0.37.1"
  "setuptools==68.2.2 wheel==0.41.3"
  "setuptools==75.3.0 wheel==0.45.1"
  "hatchling==1.8.1"
  "hatchling==1.21.1"
  "flit-core==3.4.0"
  "flit-core==3.9.0"
  "poetry-core==1.0.8"
  "poetry-core==1.9.1"
  "pdm-backend==2.0.7"
  "maturin==1.4.0"
  "scikit-build-core==0.8.2 pyproject-metadata<0.9"
)

install() { "$python" -m pip install --quiet --no-warn-conflicts "$@"; }

equip() {
  test -x "$python" || "${PYTHON:-python3}" -m venv "$venv" || return
  install --upgrade pip || return
  install --upgrade "${newest[@]}" || return
  local one what
  for one in "${old[@]}"; do
    read -ra what <<<"$one"
    [ ! -e "$venv/old/${what[0]}" ] || continue
    rm -rf "$venv/new"
    install --target "$venv/new" "${what[@]}" || return
    mkdir -p "$venv/old"
    mv "$venv/new" "$venv/old/${what[0]}"
  done
}

for folder in "$venv"/old/*; do # what an earlier list had
  [[ " ${old[*]} " == *" ${folder##*/} "* ]] || rm -rf "$folder"
done
if equip; then
  touch "$venv/complete"
elif [ -e "$venv/complete" ]; then
  echo "no index can be reached: the back ends stay as they were installed before"
else
  echo "no index can be reached: there are no back ends to build with"
  exit 1
fi

# Outside of this repository: some back ends leave out what git ignores.
rm -rf "$files"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
PATH="$venv/bin:$PATH" "$python" scripts/backends.py all "$work" "$files" "$venv/old"

# A few that others have built. Of the sdists pip asks their back ends for metadata.
fetched=$files/fetched
mkdir -p "$fetched"
fetch() { "$python" -m pip download --quiet --no-deps --dest "$fetched" "$@"; }
if ! fetch --only-binary :all: requests 2>"$work/why"; then
  echo "no index can be reached, nothing was fetched: $(tail -n 1 "$work/why")"
  rm -rf "$fetched"
else
  fetch --only-binary :all: pip setuptools markupsafe cryptography pydantic-core
  fetch --no-binary :all: six idna tomlkit attrs
fi

ASSAY_TEST_BACKENDS="$files" go test -count=1 -v -run '^TestBackends$' ./internal/verify/archive
