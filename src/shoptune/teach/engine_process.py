"""A vLLM engine in a process of the environment `infer`, which answers prompts that arrive on its stdin."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shoptune.artifacts.manifest import digest
from shoptune.checkpoints.checkpoint import Checkpoint, locate
from shoptune.errors import fail
from shoptune.infer.checks import check_checkpoint
from shoptune.infer.profile import load_profile
from shoptune.runtime import environments
from shoptune.teach.backend import Ask, Run, Teacher

_SHOWN = 12


def local_teacher(model: str | None, file: Path, profile: str) -> Teacher:
    """Locate the checkpoint of a teacher that runs here.

    Args:
        model: the folder or Hub id given by the user.
        file: the recipe, for errors.
        profile: the inference YAML.

    Raises:
        ShoptuneError: there is no such checkpoint, vLLM cannot run it with the profile, or vLLM is not installed.
    """
    if model is None:
        raise fail(file, "model", "is missing", "choose the teacher's checkpoint with --model DIR")
    settings = load_profile(Path(profile))
    checkpoint = Checkpoint(locate(model, file, "--model"))
    check_checkpoint(settings, Path(profile), checkpoint)
    environments.python_of("infer")
    weights = digest(checkpoint.path)
    identity = {"weights": weights, "chat_template_arguments": dict(settings.chat_template_arguments)}
    return Teacher(f"{checkpoint.path.resolve().name}@{weights[:_SHOWN]}", identity, checkpoint.path)


@contextmanager
def engine_process(run: Run, profile: str) -> Iterator[Ask]:
    """Start the process with the first prompt, and end it with the block."""
    raise fail(run.file, "backend", f"cannot run {profile} yet", "wait")
    yield
