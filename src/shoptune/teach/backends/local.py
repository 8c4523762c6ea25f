"""A checkpoint in one vLLM engine on this machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from shoptune.config.paths import ConfigPath
from shoptune.teach.backend import Ask, Backend, Run, Teacher


class Local(Backend):
    """Run a checkpoint with vLLM, in the environment `infer`.

    Attributes:
        profile: the inference YAML with the engine's settings, `chat_template_arguments` and `batch_size`, the number of
            answers that are saved together; its prompting, constraints and length limits are not used.
    """

    kind: Literal["local"] = "local"
    profile: ConfigPath = "infer/cpu.yaml"

    def template_arguments(self) -> Mapping[str, Any]:
        """Return the arguments for the chat template."""
        from shoptune.infer.profile import load_profile

        return load_profile(Path(self.profile)).chat_template_arguments

    def teacher(self, model: str | None, file: Path) -> Teacher:
        """Locate the checkpoint."""
        from shoptune.teach.engine_process import local_teacher

        return local_teacher(model, file, self.profile)

    def refuse_remote(self, file: Path) -> None:
        """Accept: the engine is a process of this machine."""

    @contextmanager
    def session(self, run: Run) -> Iterator[Ask]:
        """Start the engine with the first prompt."""
        from shoptune.infer.profile import load_profile
        from shoptune.teach.engine_process import EngineProcess

        with EngineProcess(run, load_profile(Path(self.profile))) as process:
            yield process.ask
