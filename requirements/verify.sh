#!/usr/bin/env bash
# Check that locks can be installed, without installing: requirements/verify.sh cpu|gpu NAME[=FILE] ...
# NAME is a lock's name (core, core-dev, ...); FILE is checked instead of requirements/KIND/NAME.txt.
# For `gpu`, only the public index is used. A lock passes if it has the right build of torch, all its versions are
# available, it is complete, and it satisfies pyproject.toml.
set -euo pipefail
cd "$(dirname "$0")/.."
kind=$1
shift
if [[ "$kind" == gpu ]]; then
  export PIP_CONFIG_FILE=/dev/null
  unset PIP_FIND_LINKS PIP_INDEX_URL PIP_EXTRA_INDEX_URL
fi
source requirements/uv.sh
resolve_options "$kind"

empty=$(mktemp --directory)
trap 'rm -rf "$empty"' EXIT
"$UV" venv --quiet --python 3.11 "$empty/venv"

for item in "$@"; do
  name=${item%%=*}
  file=requirements/$kind/$name.txt
  if [[ "$item" == *=* ]]; then file=${item#*=}; fi
  base=$(dirname "$file")/${name%%-*}.txt
  check_build "$kind" "$base"
  [[ -f "$file" ]] || fail "$file: no such lock" "run \`make locks\`"
  locks=("$base")
  if [[ "$file" != "$base" ]]; then locks+=("$file"); fi
  extras=()
  for extra in $(extras_of "$kind" "$name"); do extras+=(--extra "$extra"); done
  "$UV" pip install --dry-run --python "$empty/venv/bin/python" "${OPTIONS[@]}" --requirement pyproject.toml \
    "${extras[@]}" "${locks[@]/#/--requirement=}" >"$empty/log" 2>&1 ||
    { cat "$empty/log" >&2 && fail "$file: cannot be installed on a $kind machine" "see above; run \`make locks\`"; }
  grep '^ + ' "$empty/log" | cut -c4- | sort >"$empty/resolved"
  sort "${locks[@]}" >"$empty/locked"
  diff "$empty/locked" "$empty/resolved" >&2 || fail "$file: differs from what uv resolves" "run \`make locks\`"
  echo "$file: $(wc -l <"$empty/locked") packages"
done
