"""A checkpoint in a pool of vLLM engines on Ray."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar, Literal

from shoptune.errors import fail
from shoptune.teach.backend import Ask, Count, Run
from shoptune.teach.checkpoint_backend import CheckpointBackend


class Ray(CheckpointBackend):
    """Run replicas of a checkpoint on the cluster at `RAY_ADDRESS`, or on this machine if it is not set.

    Attributes:
        replicas: the number of replicas; null for as many as there are GPUs for, or one without GPUs.
    """

    kind: Literal["ray"] = "ray"
    replicas: Count | None = None
    records_at_once: ClassVar[int] = 100_000  # replicas start again for each of these batches

    def refuse_remote(self, file: Path) -> None:
        """Refuse a cluster, which may have other machines."""
        from shoptune.runtime.ray_cluster import ADDRESS, is_elsewhere

        if is_elsewhere():
            what = f"{ADDRESS} names a cluster, which may have other machines, and the run is local only"
            raise fail(file, "backend.kind", what, f"unset {ADDRESS} to use this machine")

    @contextmanager
    def session(self, run: Run) -> Iterator[Ask]:
        """Start the replicas with the first prompts."""
        from shoptune.teach.engine_process import EngineProcess

        with EngineProcess(run, self.settings(), pool=True, replicas=self.replicas) as process:
            yield process.ask
