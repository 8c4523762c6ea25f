#!/usr/bin/env bash
# Install one environment from its lock: requirements/install.sh core|train|quantize|infer
# Does nothing when the environment was installed from the same lock.
set -euo pipefail
cd "$(dirname "$0")/.."
environment=$1
lock=requirements/$environment.txt
folder=.venvs/$environment
case $environment in
  core) folder=.venv imports="duckdb, matplotlib.pyplot, pyarrow.parquet, pydantic, rich, sentence_transformers" ;;
  train) imports="axolotl.cli.train, axolotl.train, bitsandbytes, deepspeed, peft" ;;
  quantize) imports="awq" ;;
  infer)
    imports="sentence_transformers, vllm, vllm.v1.engine.llm_engine"
    if nvidia-smi >/dev/null 2>&1; then lock=requirements/infer-gpu.txt; else lock=requirements/infer-cpu.txt; fi
    ;;
esac

identity=$(cat "$lock" requirements/overrides.txt pyproject.toml | sha256sum | cut -d' ' -f1)
stamp=$folder/.installed-from
if [[ -f "$stamp" && "$(<"$stamp")" == "$identity" ]]; then exit 0; fi

source requirements/uv.sh
echo "setup: $folder from $lock" >&2
rm -f "$stamp"
[[ -x "$folder/bin/python" ]] || "$UV" venv --quiet --clear --python 3.11 "$folder"
"$UV" pip install --quiet --python "$folder/bin/python" "${UV_SOURCES[@]}" \
  --override requirements/overrides.txt --requirement "$lock"
"$UV" pip install --quiet --python "$folder/bin/python" "${UV_SOURCES[@]}" --no-deps --editable .
# What was installed must load; and where bytecode is not kept, it is kept now, or every command would compile it again.
env -u PYTHONDONTWRITEBYTECODE "$folder/bin/python" -W ignore -c "import shoptune.cli, $imports" >/dev/null 2>"$stamp.log" ||
  { cat "$stamp.log" >&2 && exit 1; }
echo "$identity" >"$stamp"
