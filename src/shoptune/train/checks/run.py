"""All checks of a training config, in one report."""

from __future__ import annotations

import dataclasses
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from shoptune.checkpoints.checkpoint import Checkpoint, locate
from shoptune.checkpoints.known_models import known_model_config
from shoptune.errors import Problem, ShoptuneError
from shoptune.runtime.environments import go_offline
from shoptune.runtime.redirection import redirect_output
from shoptune.train.checks.adapter import check_adapter
from shoptune.train.checks.report import Report
from shoptune.train.checks.rows import check_rows
from shoptune.train.checks.schema import validate
from shoptune.train.checks.setting import problems_on
from shoptune.train.config import TrainConfig, load_train_config
from shoptune.train.machine import Machine, this_machine

_TOKENIZERS = ("tokenizer.json", "vocab.json", "tokenizer.model")


def check(config: TrainConfig, machine: Machine) -> Report:
    """Check a training config for a machine, which need not be this one.

    What is not available offline (a tokenizer, rows that are not built, a model whose shapes are unknown) is reported
    as unchecked; everything else is checked.
    """
    report = Report()
    config = config.on(machine)
    attention, reason = machine.attention()
    if config.axolotl["attn_implementation"] == attention:
        report.notes.append(f"attention {attention} on {machine.name}: {reason}")
    report.problems += [*_on_base(config), *problems_on(config, machine)]
    with tempfile.TemporaryDirectory(prefix="shoptune-check-") as scratch:
        model = _model_folder(config, Path(scratch))
        values = config.for_axolotl(model or Path(config.base_model), Path(scratch))
        checked, problems = validate(config, values, machine)
        report.problems += problems
        if checked is None:
            return report
        report.notes.append(f"axolotl accepts it for {machine.name}")
        if model is None:
            report.unchecked.append(f"the shapes of '{config.base_model}' are not on this machine")
        else:
            check_adapter(config, checked, model, report)
        check_rows(config, checked, _tokenizer_folder(config), model, report)
    return report


def require(config: TrainConfig, machine: Machine) -> Report:
    """Check, and raise when anything is wrong.

    Raises:
        ShoptuneError: with every problem found.
    """
    return _raise(check(config, machine))


def _raise(report: Report) -> Report:
    if report.problems:
        raise ShoptuneError(report.problems)
    return report


def check_command(file: Path, overrides: Sequence[str], workers: int | None) -> Report:
    """Check a YAML for the machine that it names, or for this one.

    Args:
        file: the training YAML.
        overrides: `key.path=value` texts.
        workers: processes that would train; None for as many as the YAML's machine has cards.

    Raises:
        ShoptuneError: the YAML is invalid, or cannot be trained with.
    """
    config = load_train_config(file, overrides, built=False)
    machine = config.machine or this_machine(workers or 1)
    machine = dataclasses.replace(machine, workers=workers or machine.workers)
    go_offline()
    with redirect_output(Path(tempfile.gettempdir(), f"shoptune-check-{os.getpid()}.log")):
        report = check(config, machine)
    return _raise(report)


def _on_base(config: TrainConfig) -> Iterator[Problem]:
    """Yield the problems of a base that is on this machine."""
    if not Path(config.base_model).is_dir():
        return
    try:
        folder = locate(config.base_model, config.file, "base_model")
        _ = Checkpoint(folder).config
    except ShoptuneError as error:
        yield from error.problems
        return
    if _tokenizer_folder(config) is None:
        yield Problem(folder, "", "has no tokenizer", "copy the tokenizer files of its base model into the folder")


def _model_folder(config: TrainConfig, scratch: Path) -> Path | None:
    """A folder with the base's config.json: the base itself, or the shapes that ship with the package."""
    local = _local_folder(config.base_model)
    if local and (local / "config.json").is_file():
        return local
    shapes = known_model_config(config.base_model)
    if shapes is None:
        return None
    folder = scratch / Path(config.base_model).name
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(shapes), encoding="utf-8")
    return folder


def _tokenizer_folder(config: TrainConfig) -> Path | None:
    folder = _local_folder(str(config.axolotl.get("tokenizer_config") or config.base_model))
    return folder if folder and any((folder / name).is_file() for name in _TOKENIZERS) else None


def _local_folder(reference: str) -> Path | None:
    """A model's folder on this machine, if need be in the hub's cache; nothing is downloaded."""
    if Path(reference).is_dir():
        return Path(reference)
    from huggingface_hub import try_to_load_from_cache

    try:
        cached: Any = try_to_load_from_cache(reference.partition("@")[0], "config.json")
    except ValueError:  # not a Hub id either
        return None
    return Path(cached).parent if isinstance(cached, str) else None
