"""Extract from configs the properties that determine their cost."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from shoptune.plan.merge import MergeWork
from shoptune.plan.quantize import QuantizeWork
from shoptune.plan.sweep import QUESTIONS, SweepWork

if TYPE_CHECKING:
    from shoptune.merge.config import MergeConfig
    from shoptune.quantize.config import QuantizeConfig
    from shoptune.sweep.config import SweepConfig


def merge_work(config: MergeConfig) -> MergeWork:
    """Extract the properties of a merge YAML."""
    return MergeWork(
        members=len(config.adapters),
        dtype=config.dtype,
        dense=config.method.method != "task_arithmetic",
        nf4=config.base_weights == "nf4",
    )


def quantize_work(config: QuantizeConfig) -> QuantizeWork:
    """Extract the properties of a quantize YAML."""
    questions, samples = Path(config.calibration.questions or ""), config.calibration.max_samples
    return QuantizeWork(
        group_size=config.engine.group_size,
        tensor_parallel=config.tensor_parallel,
        samples=min(samples, _count(questions)) if questions.is_file() else samples,
        max_length=config.calibration.max_length,
        on_gpu=config.device == "cuda",
        blockwise=config.engine.engine != "llm-compressor",
    )


def sweep_work(config: SweepConfig, merge: MergeConfig) -> SweepWork:
    """Extract the properties of a sweep YAML."""
    questions = Path(config.questions)
    return SweepWork(config.points, _count(questions) if questions.is_file() else QUESTIONS, merge_work(merge))


def _count(file: Path) -> int:
    with file.open("rb") as lines:
        return sum(1 for line in lines if line.strip())
