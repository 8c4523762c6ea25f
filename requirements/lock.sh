#!/usr/bin/env bash
# Regenerate the locks of pyproject.toml's extras: requirements/lock.sh [cpu] [gpu]   (default: both kinds)
# Nothing is replaced unless every new lock passes verify.sh.
set -euo pipefail
cd "$(dirname "$0")/.."
source requirements/uv.sh
new=$(mktemp --directory)
trap 'rm -rf "$new"' EXIT
NAMES=(core core-dev core-ray train quantize gptq gguf infer infer-search infer-ray)

lock() { # KIND NAME: an addition (core-dev) is resolved with its environment's lock, and contains only the packages it adds
  local kind=$1 name=$2 extra
  local base=$new/$kind/${name%%-*}.txt file=$new/$kind/$name.txt options=("${OPTIONS[@]}")
  for extra in $(extras_of "$kind" "$name"); do options+=(--extra "$extra"); done
  if [[ "$file" != "$base" ]]; then options+=(--constraint "$base"); fi
  if [[ "$name" == core-ray ]]; then options+=(--constraint "$new/$kind/core-dev.txt"); fi
  "$UV" pip compile pyproject.toml --python-version 3.11 --no-header --no-annotate --no-emit-find-links \
    --no-emit-index-url --quiet "${options[@]}" --output-file "$file.all" >/dev/null
  if [[ "$file" != "$base" ]]; then grep --line-regexp --invert-match --fixed-strings --file "$base" "$file.all" >"$file"
  else mv "$file.all" "$file"; fi
}

lock_kind() ( # KIND, in a subshell: variables unset for gpu stay set for cpu
  if [[ "$1" == gpu ]]; then
    export PIP_CONFIG_FILE=/dev/null
    unset PIP_FIND_LINKS PIP_INDEX_URL PIP_EXTRA_INDEX_URL
  fi
  mkdir "$new/$1"
  resolve_options "$1"
  checks=()
  for name in "${NAMES[@]}"; do
    checks+=("$name=$new/$1/$name.txt")
    echo "lock: requirements/$1/$name.txt" >&2
    lock "$1" "$name"
  done
  requirements/verify.sh "$1" "${checks[@]}"
)

if [[ $# == 0 ]]; then set -- cpu gpu; fi
for kind in "$@"; do lock_kind "$(machine_kind "$kind")"; done
for kind in "$@"; do
  for name in "${NAMES[@]}"; do cp "$new/$kind/$name.txt" "requirements/$kind/$name.txt"; done
done
