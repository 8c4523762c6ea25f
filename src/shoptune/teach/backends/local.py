"""A checkpoint in one vLLM engine on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from shoptune.teach.backend import Ask, Run
from shoptune.teach.checkpoint_backend import CheckpointBackend


class Local(CheckpointBackend):
    """Run a checkpoint with vLLM on this machine."""

    kind: Literal["local"] = "local"

    def refuse_remote(self, file: Path) -> None:
        """Accept: the engine is a process of this machine."""

    @contextmanager
    def session(self, run: Run) -> Iterator[Ask]:
        """Start the engine with the first prompt."""
        from shoptune.teach.engine_process import EngineProcess

        with EngineProcess(run, self.settings()) as process:
            yield process.ask
