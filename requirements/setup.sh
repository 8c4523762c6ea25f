#!/usr/bin/env bash
# Install the environments that some stages need: requirements/setup.sh [--kind cpu|gpu] [--with "EXTRA ..."] [STAGE ...]
# Without stages, all environments but gptq's and gguf's, for quantize/gptq.yaml and `shoptune export gguf`. Extras: dev (tests and checks), ray (data build and infer with --engine ray), search (sweeps).
set -euo pipefail
cd "$(dirname "$0")/.."
source requirements/uv.sh
wanted_kind= with=
while [[ "${1:-}" == --* ]]; do
  case $1 in
    --kind) wanted_kind=$2 ;;
    --with) with=$2 ;;
    *) fail "$1: unknown option" "choose --kind or --with" ;;
  esac
  shift 2
done
kind=$(machine_kind "$wanted_kind")
if [[ $# == 0 ]]; then set -- train quantize infer; fi

environments=" core "
for stage in "$@"; do
  case $stage in
    data | teach | merge | evaluate | export | report | studio) ;;
    train | quantize | gptq | gguf | infer) environments+="$stage " ;;
    sweep) environments+="infer " ;;
    *) fail "STAGES: unknown stage '$stage'" "choose among data teach train sweep merge quantize gptq gguf infer evaluate export report studio" ;;
  esac
done
core=() infer=()
for extra in $with; do
  case $extra in
    dev) core+=(dev) ;;
    ray) core+=(ray) infer+=(ray) ;;
    search) infer+=(search) environments+="infer " ;;
    *) fail "WITH: unknown extra '$extra'" "choose among dev ray search" ;;
  esac
done

for environment in core train quantize gptq gguf infer; do
  if [[ "$environments" != *" $environment "* ]]; then continue; fi
  case $environment in
    core) extras=("${core[@]}") ;;
    infer) extras=("${infer[@]}") ;;
    *) extras=() ;;
  esac
  requirements/install.sh "$environment" "$kind" "${extras[@]}"
done
