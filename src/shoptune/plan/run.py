"""Plan a config: determine its stage, its model and the machine, then estimate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shoptune.config import apply_overrides, load, read_yaml
from shoptune.config.paths import resolved
from shoptune.errors import Problem, ShoptuneError, fail
from shoptune.infer.profile import Profile, load_profile
from shoptune.merge.config import MergeConfig
from shoptune.plan.estimate import DOES_NOT_FIT, FITS, Estimate, Setting
from shoptune.plan.infer import Weights, default_weights, plan_infer
from shoptune.plan.machines import HERE, find_machine
from shoptune.plan.merge import plan_merge
from shoptune.plan.models import Model, config_model, named_model
from shoptune.plan.quantize import plan_quantize
from shoptune.plan.sweep import plan_sweep
from shoptune.plan.teach import plan_teach
from shoptune.plan.train import plan_train
from shoptune.plan.work import merge_work, quantize_work, sweep_work
from shoptune.quantize.config import QuantizeConfig
from shoptune.runtime.machine_facts import Machine
from shoptune.sweep.config import load_sweep


@dataclass(frozen=True)
class Options:
    """The options of `shoptune plan`.

    Attributes:
        overrides: `key.path=value` strings from `--set`.
        model: a config.json, a folder or a Hub id that replaces the config's model.
        machine: the machine, as in `find_machine`.
        weights: the format of the weights that inference loads.
        track: the track whose time limit applies.
        processes: the number of training processes.
        records: the number of records that a teacher is asked about.
    """

    overrides: Sequence[str] = ()
    model: str | None = None
    machine: str = HERE
    weights: Weights | None = None
    track: int | None = None
    processes: int | None = None
    records: int | None = None


@dataclass(frozen=True)
class Plan:
    """An estimate, with the config, the model and the machine it is for."""

    file: Path
    model: Model
    machine: Machine
    estimate: Estimate

    @property
    def problems(self) -> list[Problem]:
        """The problems that prevent the stage from running."""
        return self.estimate.problems(self.file, self.machine)

    @property
    def verdict(self) -> str:
        """`fits` or `does not fit`."""
        return DOES_NOT_FIT if self.problems else FITS


def plan_config(file: Path, options: Options) -> Plan:
    """Estimate a train, merge, sweep, quantize, infer or teacher config.

    Raises:
        ShoptuneError: the config is malformed or of another kind, or the model or the machine cannot be found.
    """
    values = apply_overrides(read_yaml(file), options.overrides)
    stage = stage_of(file, values)
    _refuse_others(stage, options)
    machine = find_machine(options.machine)
    reference, where = _reference(stage, file, values)
    model = named_model(options.model, "--model", "") if options.model else config_model(reference, file, where)
    local = model.local and (options.machine == HERE or bool(model.assumed))
    setting = Setting(file, model.shape, machine, local or stage in {"infer", "teach"})
    return Plan(file, model, machine, _estimate(stage, setting, values, options))


def stage_of(file: Path, values: Any) -> str:
    """Determine from its keys which stage a config is for.

    Raises:
        ShoptuneError: the keys do not match any stage that can be planned.
    """
    keys = set(values) if isinstance(values, Mapping) else set()
    if "base_model" in keys:
        return "train"
    if {"merge", "profile"} <= keys:
        return "sweep"
    if {"base", "adapters"} <= keys:
        return "merge"
    if "calibration" in keys:
        return "quantize"
    if {"table", "records", "answer"} <= keys:
        return "teach"
    if keys and keys <= set(Profile.model_fields):
        return "infer"
    what = "is not a train, merge, sweep, quantize, infer or teacher config"
    folders = "training_configs/, merge/, merge/sweeps/, quantize/, infer/ or data_recipes/teacher/"
    raise fail(file, "", what, f"choose one from {folders}")


def _refuse_others(stage: str, options: Options) -> None:
    """Reject options that have no meaning for a stage.

    Raises:
        ShoptuneError: the user passed at least one of them; the error lists all.
    """
    given: dict[str, tuple[object, tuple[str, ...]]] = {
        "--track": (options.track, ("infer",)),
        "--weights": (options.weights, ("infer", "teach")),
        "--processes": (options.processes, ("train",)),
        "--records": (options.records, ("teach",)),
    }
    problems = [
        Problem(
            name, "", f"applies to {' and '.join(meant)} configs, but this is a {stage} config", "remove the option"
        )
        for name, (value, meant) in given.items()
        if value is not None and stage not in meant
    ]
    if problems:
        raise ShoptuneError(problems)


def _reference(stage: str, file: Path, values: Mapping[str, Any]) -> tuple[str | None, str]:
    """Return the model that a config names, and the key that names it."""
    keys = {"train": "base_model", "merge": "base", "sweep": "merge", "quantize": "model", "infer": "", "teach": ""}
    key = keys[stage]
    value = resolved(values.get(key))
    if stage == "sweep" and value is not None:
        return load(Path(str(value)), MergeConfig).base, "merge"
    if key and not isinstance(value, str):
        raise fail(file, key, "is missing", "set it to a folder or a Hub id")
    return value, key


def _estimate(stage: str, setting: Setting, values: Mapping[str, Any], options: Options) -> Estimate:
    file, overrides = setting.file, options.overrides
    if stage == "train":
        return plan_train(setting, values, options.processes)
    if stage == "merge":
        return plan_merge(setting, merge_work(load(file, MergeConfig, overrides)))
    if stage == "quantize":
        return plan_quantize(setting, quantize_work(load(file, QuantizeConfig, overrides)))
    if stage == "sweep":
        sweep = load_sweep(file, overrides)
        return plan_sweep(setting, sweep.profile, sweep_work(sweep.config, sweep.merge))
    if stage == "teach":
        from shoptune.teach.config import TeacherRecipe  # its checks need the libraries of the data stage

        return plan_teach(setting, load(file, TeacherRecipe, overrides), options.weights, options.records)
    profile = load_profile(file, overrides)
    return plan_infer(setting, profile, options.weights or default_weights(profile), options.track)
