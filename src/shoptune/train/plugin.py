"""An axolotl plugin: what training needs on a CPU, progress for people, and a log of every step."""

from __future__ import annotations

import ctypes
import json
import os
import signal
from pathlib import Path
from typing import Any

import torch
from axolotl.integrations.base import BasePlugin
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments, set_seed

from shoptune.runtime.progress import Bar

LOG = "training_log.jsonl"
_PR_SET_PDEATHSIG = 1
_SEED = 42  # the default of transformers

# Set by the stage before axolotl starts; a plugin is made by axolotl and takes no arguments.
progress: Bar | None = None


class ShoptunePlugin(BasePlugin):  # type: ignore[misc]  # axolotl ships no types
    """Hooks into axolotl's documented plugin interface."""

    def register(self, cfg: dict[str, Any]) -> None:
        """Tie this process's life to its launcher's."""
        if "LOCAL_RANK" in os.environ:  # a worker of torchrun would outlive a killed launcher
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

    def load_datasets(self, cfg: Any, preprocess: bool = False) -> None:
        """Leave the rows to axolotl; this is the last hook before it decides where the model goes.

        Without a GPU it would give each worker the device of its number.
        """
        if not torch.cuda.is_available():
            cfg["device_map"] = {"": "cpu"}

    def pre_model_load(self, cfg: Any) -> None:
        """Seed the adapter's first weights: axolotl seeds after they are drawn."""
        set_seed(_SEED if cfg.seed is None else cfg.seed)

    def post_model_load(self, cfg: Any, model: Any) -> None:
        """Keep bitsandbytes from repacking NF4 weights in place.

        On CPUs with avx512_bf16 a forward pass in evaluation mode repacks them, after which dequantizing them is
        silently wrong.
        """
        for module in model.modules():
            if hasattr(module, "support_avx512bf16_for_cpu"):
                module.support_avx512bf16_for_cpu = False

    def add_callbacks_post_trainer(self, cfg: Any, trainer: Any) -> list[TrainerCallback]:
        """Report steps as they are done."""
        return [_StepLog()]


class _StepLog(TrainerCallback):
    """Writes what the trainer logs as JSON lines, and advances the progress bar."""

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        if progress and state.max_steps:
            progress.advance(state.global_step / state.max_steps)

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        if progress and state.max_steps:
            progress.advance(1 / state.max_steps)

    def on_train_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        if state.is_world_process_zero:
            kept = [
                {key: entry[key] for key in ("step", "loss", "eval_loss", "learning_rate") if key in entry}
                for entry in state.log_history
            ]
            lines = "".join(json.dumps(entry) + "\n" for entry in kept)
            Path(str(args.output_dir), LOG).write_text(lines, encoding="utf-8")
