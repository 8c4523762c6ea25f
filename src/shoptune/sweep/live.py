"""Change the ensemble that a running engine serves."""

from __future__ import annotations

import shutil
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

from shoptune.infer.engine import Engine
from shoptune.infer.prompt import Completion, Prompt
from shoptune.merge.adapter import write_adapter
from shoptune.merge.checkpoint import write_checkpoint
from shoptune.merge.config import MergeConfig
from shoptune.merge.plan import Plan
from shoptune.merge.sources import Sources
from shoptune.shopbench.questions import Question
from shoptune.sweep.config import SweepPlan
from shoptune.sweep.points import Candidate


class LiveEnsemble(ABC):
    """Adapters over a base whose alpha and weights can be changed while the engine runs.

    Args:
        plan: the sweep.
        workspace: a folder for the weights that the engine loads; only the latest are kept.
    """

    def __init__(self, plan: SweepPlan, workspace: Path) -> None:
        self._plan, self._folder = plan, workspace / "loaded"
        self._engine: Engine | None = None
        self._sources = Sources.of(plan.merge, Path(plan.config.merge))

    @abstractmethod
    def answer(self, candidate: Candidate, questions: Sequence[Question]) -> list[str]:
        """An ensemble's answers, in the order of the questions."""

    def _emptied(self, name: str) -> Path:
        shutil.rmtree(self._folder, ignore_errors=True)
        folder = self._folder / name
        folder.mkdir(parents=True)
        return folder

    def _merge_plan(self, config: MergeConfig) -> Plan:
        return Plan(config, self._sources)


class ReloadedEnsemble(LiveEnsemble):
    """Merges each ensemble into a checkpoint and loads its weights into the running engine."""

    def answer(self, candidate: Candidate, questions: Sequence[Question]) -> list[str]:
        """Merge, load, answer."""
        checkpoint = self._emptied("checkpoint")
        write_checkpoint(self._merge_plan(self._plan.merge_of(candidate)), checkpoint)
        if self._engine is None:
            self._engine = Engine(checkpoint, self._plan.profile)
        else:
            self._engine.reload(checkpoint)
        return _texts(self._engine.answer([Prompt.of(question) for question in questions]))


class ServedEnsemble(LiveEnsemble):
    """Writes each ensemble as one adapter, which the engine serves over the base."""

    def answer(self, candidate: Candidate, questions: Sequence[Question]) -> list[str]:
        """Write the adapter and answer with it; alpha 0 is the base itself."""
        adapter = None
        if candidate.alpha:
            adapter = self._emptied("-".join(f"{number:g}" for number in (candidate.alpha, *candidate.weights)))
            write_adapter(self._merge_plan(self._plan.merge_of(candidate)), adapter, None)
        self._engine = self._engine or Engine(self._sources.base.path, self._plan.profile)
        return _texts(self._engine.answer([Prompt.of(question) for question in questions], adapter))


def _texts(completions: Sequence[Completion]) -> list[str]:
    return [completion.text for completion in completions]


def live_ensemble(plan: SweepPlan, workspace: Path) -> LiveEnsemble:
    """Adapters if the profile enables LoRA, else merged weights."""
    return (ServedEnsemble if plan.profile.engine.enable_lora else ReloadedEnsemble)(plan, workspace)
