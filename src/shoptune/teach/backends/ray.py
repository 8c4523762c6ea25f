"""A checkpoint in a pool of vLLM engines on Ray."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Literal

from shoptune.config.paths import ConfigPath
from shoptune.errors import fail
from shoptune.teach.backend import Ask, Backend, Count, Run, Teacher


class Ray(Backend):
    """Run replicas of a checkpoint on the cluster at `RAY_ADDRESS`, or on this machine if it is not set.

    Attributes:
        profile: the inference YAML, as for `local`; each replica has its tensor parallelism.
        replicas: the number of replicas; null for as many as there are GPUs for, or one without GPUs.
    """

    kind: Literal["ray"] = "ray"
    profile: ConfigPath = "infer/cpu.yaml"
    replicas: Count | None = None
    records_at_once: ClassVar[int] = 100_000  # replicas start again for each of these batches

    def template_arguments(self) -> Mapping[str, Any]:
        """Return the arguments for the chat template."""
        from shoptune.infer.profile import load_profile

        return load_profile(Path(self.profile)).chat_template_arguments

    def teacher(self, model: str | None, file: Path) -> Teacher:
        """Locate the checkpoint."""
        from shoptune.teach.engine_process import local_teacher

        return local_teacher(model, file, self.profile)

    def refuse_remote(self, file: Path) -> None:
        """Refuse a cluster, which may have other machines."""
        from shoptune.runtime.ray_cluster import ADDRESS, is_elsewhere

        if is_elsewhere():
            what = f"{ADDRESS} names a cluster, which may have other machines, and the run is local only"
            raise fail(file, "backend.kind", what, f"unset {ADDRESS} to use this machine")

    @contextmanager
    def session(self, run: Run) -> Iterator[Ask]:
        """Start the replicas with the first prompts."""
        from shoptune.infer.profile import load_profile
        from shoptune.teach.engine_process import EngineProcess

        profile = load_profile(Path(self.profile))
        with EngineProcess(run, profile, pool=True, replicas=self.replicas) as process:
            yield process.ask
