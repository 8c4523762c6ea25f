"""An ensemble under a live engine: new weights are merged to disk and loaded into the engine that runs already."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from shoptune.checkpoint import Checkpoint
from shoptune.infer.engine import Engine
from shoptune.infer.profile import Profile
from shoptune.merge.config import MergeConfig
from shoptune.merge.lora import load_adapter
from shoptune.merge.run import write_checkpoint
from shoptune.shopbench.questions import Question


class LiveEnsemble:
    """Adapters over a base whose alpha can be changed while the engine runs.

    Args:
        base: the checkpoint that the adapters were trained on.
        adapters: their folders, in the order of the config.
        config: weights and element type; its alpha is replaced at every call.
        profile: how to run the engine.
        workspace: a folder for the merged checkpoints; only the newest is kept.
    """

    def __init__(
        self, base: Checkpoint, adapters: Sequence[Path], config: MergeConfig, profile: Profile, workspace: Path
    ) -> None:
        weights = [member.weight for member in config.adapters]
        self._members = [(load_adapter(path, base), weight) for path, weight in zip(adapters, weights, strict=True)]
        self._base, self._config, self._profile, self._workspace = base, config, profile, workspace
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
        write_checkpoint(self._base, self._members, self._config.model_copy(update={"wise_ft_alpha": alpha}), directory)
        return directory
