#!/usr/bin/env bash
# sbatch training_configs/launch/slurm.sh training_configs/qlora-72b.yaml runs/v8/adapter
#SBATCH --job-name=shoptune
#SBATCH --nodes=1
#SBATCH --gpus-per-node=8
#SBATCH --cpus-per-task=64
#SBATCH --time=30:00:00
#SBATCH --signal=TERM@120
set -euo pipefail
exec .venv/bin/shoptune train "$1" --out "$2" --processes 8
