"""A checkpoint in one vLLM engine on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from shoptune.config.paths import ConfigPath
from shoptune.teach.backend import Ask, Backend, Run, Teacher
from shoptune.teach.engine_process import engine_process, local_teacher


class Local(Backend):
    """Run a checkpoint with vLLM, in the environment `infer`.

    Attributes:
        profile: the inference YAML with the engine's settings; of the rest, only `chat_template_arguments` and `seed`
            are used.
    """

    kind: Literal["local"] = "local"
    profile: ConfigPath = "infer/cpu.yaml"

    def teacher(self, model: str | None, file: Path) -> Teacher:
        """Locate the checkpoint."""
        return local_teacher(model, file, self.profile)

    def refuse_remote(self, file: Path) -> None:
        """Accept: the engine is a process of this machine."""

    @contextmanager
    def session(self, run: Run) -> Iterator[Ask]:
        """Start the engine with the first prompt."""
        with engine_process(run, self.profile) as ask:
            yield ask
