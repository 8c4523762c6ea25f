"""An axolotl plugin: training on a CPU, metrics of every step, and an early end when the loss goes wrong."""

from __future__ import annotations

import atexit
import gc
import signal
import time
from pathlib import Path
from typing import Any

import torch
from axolotl.integrations.base import BasePlugin
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments, set_seed

from shoptune.errors import ShoptuneError
from shoptune.train.exchange import METRICS, PROGRESS, SPEED, STOP, read_json, write_json
from shoptune.train.fingerprints import pickle_tokenizers_once
from shoptune.train.metrics import write_metrics
from shoptune.train.speed import Rates
from shoptune.train.watchdog import Watchdog

_SEED = 42  # the default of transformers


class ShoptunePlugin(BasePlugin):  # type: ignore[misc]  # axolotl ships no types
    """Hooks into axolotl's documented plugin interface."""

    def load_datasets(self, cfg: Any, preprocess: bool = False) -> None:
        """Leave the rows to axolotl; this is the last hook before it decides where the model goes.

        Without a GPU it would give each worker the device of its number.
        """
        _freeze()
        pickle_tokenizers_once()
        if not torch.cuda.is_available():
            cfg["device_map"] = {"": "cpu"}

    def pre_model_load(self, cfg: Any) -> None:
        """Seed the adapter's first weights: axolotl seeds after they are drawn."""
        set_seed(_SEED if cfg.seed is None else cfg.seed)
        _freeze()

    def post_model_load(self, cfg: Any, model: Any) -> None:
        """Keep bitsandbytes from repacking NF4 weights in place.

        On CPUs with avx512_bf16 a forward pass in evaluation mode repacks them, after which dequantizing them is
        silently wrong.
        """
        for module in model.modules():
            if hasattr(module, "support_avx512bf16_for_cpu"):
                module.support_avx512bf16_for_cpu = False

    def add_callbacks_post_trainer(self, cfg: Any, trainer: Any) -> list[TrainerCallback]:
        """Report steps as they are done; show a loss that is not a number instead of the last one that was."""
        trainer.args.logging_nan_inf_filter = False
        return [StepReport(Path(str(cfg.output_dir)).parent)]


def _freeze() -> None:
    """Exclude what exists from garbage collection, before there is a model.

    axolotl collects each time it packs rows, and walking all loaded libraries takes longer than a small step.
    """
    gc.collect()
    gc.freeze()
    atexit.register(gc.unfreeze)  # some bindings report objects that are frozen at the end


class StepReport(TrainerCallback):
    """Writes metrics and progress, stops when asked to, and ends a run whose loss went wrong.

    Attributes:
        directory: where the artifact is made.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._watchdog = Watchdog()
        self._rates = Rates(directory / SPEED)
        self._terminated = False

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Take signals back from axolotl, whose handler saves half-trained weights and ends with status 0."""
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, self._terminate)
        _restore_tokens(args, state)
        if state.is_world_process_zero:
            self._rates.begin(state.global_step, _tokens(state), time.monotonic())
        self._report(state)

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Report the step; when asked to stop, save a checkpoint and end, on all ranks at the same step."""
        self._report(state)
        if self._asked_to_stop(args) and state.global_step < state.max_steps:
            control.should_save = control.should_training_stop = True

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """End with the checkpoint when the run was stopped before its last step."""
        if control.should_training_stop and state.global_step < state.max_steps:
            raise Stopped(state.global_step)

    def on_log(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Write what was logged.

        Raises:
            ShoptuneError: the loss went wrong.
        """
        if state.is_world_process_zero:
            write_metrics(state.log_history, self.directory / METRICS)
            self._rates.record(state.global_step, _tokens(state), time.monotonic(), state.max_steps)
        if state.log_history and (problem := self._watchdog.problem(state.log_history[-1])):
            raise ShoptuneError([problem])

    def on_train_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Write the last metrics."""
        if state.is_world_process_zero:
            write_metrics(state.log_history, self.directory / METRICS)

    def _report(self, state: TrainerState) -> None:
        if state.is_world_process_zero:
            losses = [entry for entry in state.log_history if "loss" in entry]
            last = {key: losses[-1].get(key) for key in ("loss", "learning_rate")} if losses else {}
            progress = {"step": state.global_step, "steps": state.max_steps, "tokens": _tokens(state), **last}
            write_json(self.directory / PROGRESS, progress)

    def _terminate(self, *_: object) -> None:
        self._terminated = True

    def _asked_to_stop(self, args: TrainingArguments) -> bool:
        asked = self._terminated or (self.directory / STOP).exists()
        if not torch.distributed.is_available() or not torch.distributed.is_initialized():
            return asked
        flag = torch.tensor(int(asked), device=args.device)  # one rank may see the request a step before another
        torch.distributed.all_reduce(flag, torch.distributed.ReduceOp.MAX)
        return bool(flag.item())


def _tokens(state: TrainerState) -> int:
    """The tokens so far, padding included."""
    return int(getattr(state, "tokens", {}).get("total", 0))


def _restore_tokens(args: TrainingArguments, state: TrainerState) -> None:
    """Continue counting tokens from a checkpoint; axolotl does so only if the config names the checkpoint."""
    file = Path(str(args.output_dir), f"checkpoint-{state.global_step}", "tokens_state.json")
    if state.global_step and (saved := read_json(file)):
        counts = {name: torch.tensor(saved.get(name, 0)) for name in ("total", "trainable")}
        state.tokens = counts  # type: ignore[attr-defined]  # axolotl adds it


class Stopped(Exception):  # noqa: N818 - not an error: the run resumes from here
    """Training was asked to end; the checkpoint of a step is complete."""

    def __init__(self, step: int) -> None:
        super().__init__(f"stopped after step {step}, with a checkpoint")
        self.step = step
