"""The base class of backends that run a checkpoint with vLLM, in the environment `infer`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoptune.artifacts.manifest import digest
from shoptune.checkpoints.checkpoint import Checkpoint, locate
from shoptune.config.paths import ConfigPath
from shoptune.errors import fail
from shoptune.runtime import environments
from shoptune.teach.backend import Backend, Teacher

if TYPE_CHECKING:
    from shoptune.infer.profile import Profile

_SHOWN = 12


class CheckpointBackend(Backend):
    """The settings that these backends share.

    Attributes:
        profile: the inference YAML with the engine's settings, `chat_template_arguments`, and `batch_size`, the number
            of answers that are saved together; its prompting, constraints and length limits are not used.
    """

    profile: ConfigPath = "infer/cpu.yaml"

    def settings(self) -> Profile:
        """Read the profile.

        Raises:
            ShoptuneError: it is missing or invalid.
        """
        from shoptune.infer.profile import load_profile

        return load_profile(Path(self.profile))

    def template_arguments(self) -> Mapping[str, Any]:
        """Return the arguments for the chat template."""
        return self.settings().chat_template_arguments

    def teacher(self, model: str | None, file: Path) -> Teacher:
        """Locate the checkpoint; it is identified by its content, not by its path.

        Raises:
            ShoptuneError: there is no such checkpoint, vLLM cannot run it with the profile, or vLLM is not installed.
        """
        from shoptune.infer.checks import check_checkpoint

        if model is None:
            raise fail(file, "model", "is missing", "choose the teacher's checkpoint with --model DIR")
        checkpoint = Checkpoint(locate(model, file, "--model"))
        check_checkpoint(self.settings(), Path(self.profile), checkpoint)
        environments.python_of("infer")
        weights = digest(checkpoint.path)
        identity = {"weights": weights, "chat_template_arguments": dict(self.template_arguments())}
        return Teacher(f"{checkpoint.path.resolve().name}@{weights[:_SHOWN]}", identity, checkpoint.path)
