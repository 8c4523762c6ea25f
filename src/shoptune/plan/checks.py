"""Checks that stages run before they start work, based on the estimates of `shoptune plan` for this machine.

The commands attach them to the stages. Models whose shapes are unknown are not checked.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from shoptune.checkpoints.checkpoint import read_json
from shoptune.errors import ShoptuneError
from shoptune.plan.estimate import Estimate, Setting, require
from shoptune.plan.shapes import Shape, shape_of
from shoptune.runtime.machine import inspect_machine
from shoptune.runtime.ray_cluster import is_elsewhere
from shoptune.stage import Stage

if TYPE_CHECKING:
    from shoptune.infer.stage import Job as InferJob
    from shoptune.merge.stage import Job as MergeJob
    from shoptune.quantize.stage import Job as QuantizeJob
    from shoptune.sweep.config import SweepPlan
    from shoptune.train.stage import Job as TrainJob

ArgumentsT = TypeVar("ArgumentsT")
JobT = TypeVar("JobT")

SKIP: Final = "SHOPTUNE_SKIP_CHECKS"


def with_checks(stage: Stage[ArgumentsT, JobT], check: Callable[[JobT, Path], None]) -> Stage[ArgumentsT, JobT]:
    """Return the stage with a check that runs before its own requirements are checked."""

    def both(job: JobT, directory: Path) -> None:
        check(job, directory)
        stage.require(job, directory)

    return dataclasses.replace(stage, require=both)


def check_train(job: TrainJob, directory: Path) -> None:
    """Check that this machine can run the training.

    Raises:
        ShoptuneError: it cannot; the error lists every reason.
    """
    from shoptune.plan.train import plan_train

    _check(job.base_model, directory, lambda setting: plan_train(setting, job.config.axolotl, job.nodes.processes))


def check_merge(job: MergeJob, directory: Path) -> None:
    """Check that this machine can run the merge. Merges that write an adapter need little and are not checked.

    Raises:
        ShoptuneError: it cannot; the error lists every reason.
    """
    from shoptune.plan.merge import plan_merge
    from shoptune.plan.work import merge_work

    if not job.form.as_adapter:
        _check(job.sources.base.path, directory, lambda setting: plan_merge(setting, merge_work(job.config)))


def check_quantize(job: QuantizeJob, directory: Path) -> None:
    """Check that this machine can run the quantization.

    Raises:
        ShoptuneError: it cannot; the error lists every reason.
    """
    from shoptune.plan.quantize import plan_quantize
    from shoptune.plan.work import quantize_work

    _check(job.checkpoint.path, directory, lambda setting: plan_quantize(setting, quantize_work(job.config)))


def check_infer(job: InferJob, directory: Path) -> None:
    """Check that this machine can run the inference. Other machines of a Ray cluster are not checked.

    Raises:
        ShoptuneError: it cannot; the error lists every reason.
    """
    from shoptune.plan.infer import plan_infer

    if job.engine == "ray" and is_elsewhere():
        return
    _check(job.checkpoint.path, directory, lambda setting: plan_infer(setting, job.profile, "unquantized"))


def check_sweep(plan: SweepPlan, directory: Path) -> None:
    """Check that this machine can run the sweep.

    Raises:
        ShoptuneError: it cannot; the error lists every reason.
    """
    from shoptune.merge.sources import Sources
    from shoptune.plan.sweep import plan_sweep
    from shoptune.plan.work import sweep_work

    work, base = sweep_work(plan.config, plan.merge), Sources.of(plan.merge, Path(plan.config.merge)).base
    _check(base.path, directory, lambda setting: plan_sweep(setting, plan.profile, work))


def _check(model: Path, directory: Path, estimate: Callable[[Setting], Estimate]) -> None:
    shape = _shape(model)
    if shape is None or os.environ.get(SKIP):
        return
    machine = inspect_machine(directory)
    free = machine.disk_bytes + _size(directory)  # files of an interrupted run are reused or replaced
    out = directory.with_name(directory.name.removesuffix(".partial"))
    setting = Setting(out, shape, dataclasses.replace(machine, disk_bytes=free))
    require(setting, estimate(setting))


def _shape(model: Path) -> Shape | None:
    with suppress(ShoptuneError):
        return shape_of(read_json(model / "config.json"), model / "config.json")
    return None


def _size(directory: Path) -> int:
    return sum(file.stat().st_size for file in directory.rglob("*") if file.is_file())
