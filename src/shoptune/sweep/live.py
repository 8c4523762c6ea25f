"""An ensemble under a live engine: new weights are merged to disk and loaded into the engine that runs already."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from shoptune.infer.engine import Engine
from shoptune.infer.profile import Profile
from shoptune.merge.checkpoint import write_checkpoint
from shoptune.merge.config import MergeConfig
from shoptune.merge.plan import Plan
from shoptune.merge.sources import Sources
from shoptune.shopbench.questions import Question


class LiveEnsemble:
    """Adapters over a base whose alpha can be changed while the engine runs.

    Args:
        sources: the base and the adapters.
        config: weights, method and element type; its alpha is replaced at every call.
        profile: how to run the engine.
        workspace: a folder for the merged checkpoint; only the newest is kept.
    """

    def __init__(self, sources: Sources, config: MergeConfig, profile: Profile, workspace: Path) -> None:
        self._sources, self._config, self._profile, self._workspace = sources, config, profile, workspace
        self._engine: Engine | None = None

    def answer(self, alpha: float, questions: Sequence[Question]) -> list[str]:
        """The ensemble's answers at one alpha."""
        checkpoint = self._merge(alpha)
        if self._engine is None:
            self._engine = Engine(checkpoint, self._profile)
        else:
            self._engine.reload(checkpoint)
        return self._engine.answer([(question.input_field, question.is_multiple_choice) for question in questions])

    def _merge(self, alpha: float) -> Path:
        directory = self._workspace / "checkpoint"
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir()
        write_checkpoint(Plan(self._config.model_copy(update={"wise_ft_alpha": alpha}), self._sources), directory, {})
        return directory
