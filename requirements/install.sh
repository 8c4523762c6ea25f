#!/usr/bin/env bash
# Install one environment from its locks: requirements/install.sh core|train|quantize|gptq|gguf|infer cpu|gpu [EXTRA ...]
# Extras are dev (for core), search (for infer) and ray (for both). Extras installed earlier are kept.
# Does nothing if everything is already installed from the same locks.
set -euo pipefail
cd "$(dirname "$0")/.."
environment=$1 kind=$2
shift 2
folder=.venvs/$environment
case $environment in
  core) folder=.venv imports="duckdb, matplotlib.pyplot, pyarrow.parquet, pydantic, rich, sentence_transformers" ;;
  train) imports="axolotl.cli.train, axolotl.train, bitsandbytes, deepspeed, peft" ;;
  quantize) imports="awq" ;;
  gptq) imports="llmcompressor" ;;
  gguf) imports="auto_round, gguf" ;;
  infer) imports="sentence_transformers, vllm, vllm.v1.engine.llm_engine" ;;
esac
source requirements/uv.sh
lock=requirements/$kind/$environment.txt
stamp=$folder/.installed-from
check_build "$kind" "$lock"

# The stamp: one line for the environment, "kind digest", and one for each extra, "extra name digest".
digest() { cat "$@" | sha256sum | cut -d' ' -f1; }
installed=$(cat "$stamp" 2>/dev/null || true)
installed_kind=$(head -n 1 <<<"$installed" | cut -d' ' -f1)
extras=$({ printf '%s\n' "$@" && sed -n 's/^extra \([a-z]*\) .*/\1/p' <<<"$installed"; } | sed '/^$/d' | sort -u)
wanted="$kind $({ cat "$lock" requirements/cpu/overrides.txt && sed '/^\[tool\./,$d' pyproject.toml; } | digest -)"
locks=("$lock")
for extra in $extras; do
  locks+=("requirements/$kind/$environment-$extra.txt")
  wanted+=$'\n'"extra $extra $(digest "${locks[-1]}")"
done
if [[ "$installed" == "$wanted" ]]; then exit 0; fi

# Progress: uv's own bars on a terminal, and a line every ten seconds elsewhere (tests shorten INTERVAL). Downloads are
# measured by the machine's network counters, since reading the size of uv's cache, with up to a million files, is slow.
megabytes() { awk '!/lo:/ { gsub(":", " "); bytes += $2 } END { printf "%d", bytes / 1e6 }' /proc/net/dev 2>/dev/null || echo 0; }
report() {
  local begin=$SECONDS before
  before=$(megabytes)
  while sleep "${INTERVAL:-10}" </dev/null >/dev/null 2>&1; do
    echo "setup: $folder: $((SECONDS - begin)) s, $(($(megabytes) - before)) MB received" >&2
  done
}
quiet=()
if [[ ! -t 2 ]]; then
  quiet=(--quiet)
  report &
  reporter=$!
  trap 'kill "$reporter" 2>/dev/null || true' EXIT
fi

rm -f "$stamp"
if [[ -n "$installed_kind" && "$installed_kind" != "$kind" ]]; then
  echo "setup: $folder was installed for kind $installed_kind, reinstalling it for kind $kind" >&2
  rm -rf "$folder"
fi
echo "setup: $folder from ${locks[*]}" >&2
[[ -x "$folder/bin/python" ]] || "$UV" venv --quiet --clear --python 3.11 "$folder"
resolve_options "$kind"
"$UV" pip install "${quiet[@]}" --python "$folder/bin/python" "${OPTIONS[@]}" "${locks[@]/#/--requirement=}" ||
  fail "$folder: installation failed" "see above; check the lock with requirements/verify.sh $kind $environment"
"$UV" pip install --quiet --python "$folder/bin/python" "${OPTIONS[@]}" --no-deps --editable .

# Check that the libraries can be imported. This also writes their bytecode, so that later commands need not compile it.
echo "setup: $folder: importing its libraries once" >&2
env -u PYTHONDONTWRITEBYTECODE -u PYTHONPATH "$folder/bin/python" -W ignore -c "import shoptune.cli, $imports" >/dev/null 2>"$stamp.log" ||
  { cat "$stamp.log" >&2 && fail "$folder: its libraries cannot be imported" "see above"; }
build=$("$folder/bin/python" -c "from importlib.metadata import version; print('torch==' + version('torch'))")
if [[ "$kind $build" == "gpu "*+cpu ]]; then
  fail "$folder: $build is a CPU build" "remove the index that offers it from uv's configuration, or set KIND=cpu"
fi
echo "$wanted" >"$stamp"
