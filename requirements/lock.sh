#!/usr/bin/env bash
# Write the lock of every environment anew from pyproject.toml's extras: requirements/lock.sh
set -euo pipefail
cd "$(dirname "$0")/.."
source requirements/uv.sh

lock() {
  local file="requirements/$1.txt"
  shift
  rm -f "$file" # else its versions would be preferred
  "$UV" pip compile pyproject.toml --python-version 3.11 --no-header --no-annotate --no-emit-find-links \
    --no-emit-index-url --quiet "$@" --output-file "$file"
  # A local CPU build (torch 2.13.0+cpu) satisfies the plain version; the plain version is what others can install.
  sed --in-place 's/+cpu$//' "$file"
}

on_any_machine=("${UV_SOURCES[@]}" --override requirements/overrides.txt)
lock core "${on_any_machine[@]}" --extra core --extra dev
lock train "${on_any_machine[@]}" --extra train
lock quantize "${on_any_machine[@]}" --extra quantize
lock infer-cpu "${on_any_machine[@]}" --extra infer
lock infer-gpu --extra infer-gpu
