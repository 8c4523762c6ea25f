"""The export stage: from a checkpoint and an inference profile to a submission folder."""

from __future__ import annotations

import importlib.metadata
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from shoptune.artifacts.manifest import MANIFEST, Request
from shoptune.checkpoints.checkpoint import Checkpoint, locate
from shoptune.errors import fail
from shoptune.export.closure import imported_modules, source_files
from shoptune.infer.profile import Profile, load_profile
from shoptune.shopbench.vocabulary import Track
from shoptune.stage import Stage

_FEW_SHOT = "few_shot.json"
_TEMPLATES = Path(__file__).with_name("submission")
# What the copied modules import besides vLLM, which brings both.
_REQUIREMENTS = ("jinja2", "pydantic", "pyyaml", "rich")


@dataclass(frozen=True)
class Arguments:
    """What the command line gives.

    Attributes:
        file: the inference profile.
        model: folder or hub id of the checkpoint.
        track: 1 to 5.
        overrides: `key.path=value` texts.
    """

    file: Path
    model: str
    track: int
    overrides: Sequence[str] = ()


@dataclass(frozen=True)
class Job:
    """Which checkpoint goes into a submission to which track, and how its engine will run there."""

    profile: Profile
    checkpoint: Checkpoint
    challenge: Track


def load(arguments: Arguments) -> Job:
    """Read the profile and locate the checkpoint.

    Raises:
        ShoptuneError: the profile is faulty or needs what a submission cannot have, or the checkpoint is missing.
    """
    profile = load_profile(arguments.file, arguments.overrides)
    if profile.prompting.retrieved:
        what = "a submission cannot retrieve similar rows: its machine has no embedding model"
        raise fail(arguments.file, "prompting.retrieved", what, "name another prompting")
    checkpoint = Checkpoint(locate(arguments.model, arguments.file, "--model"))
    return Job(profile, checkpoint, list(Track)[arguments.track - 1])


def request(job: Job) -> Request:
    """What the submission is made from."""
    config = {"profile": job.profile.model_dump(mode="json"), "challenge": job.challenge.value}
    return Request("export", config, {"model": job.checkpoint.path, **job.profile.prompting.inputs})


def write(job: Job, directory: Path) -> Mapping[str, str]:
    """Write a folder in the challenge's layout: `models/user_config.py` gives a `UserModel` that answers.

    The folder holds the checkpoint and a copy of the modules that the engine needs; nothing is fetched when it runs.

    Raises:
        ShoptuneError: the checkpoint is malformed.
    """
    models = directory / "models"
    models.mkdir()
    needed: list[str] = []
    for template in sorted(_TEMPLATES.glob("*.py")):
        shutil.copyfile(template, models / template.name)
        needed += imported_modules(template, "shoptune")
    (models / "__init__.py").write_text('"""The submission."""\n', encoding="utf-8")
    _write_profile(job.profile, models)
    _copy_checkpoint(job.checkpoint, models / "checkpoint")
    for name, source in source_files(needed).items():
        target = directory / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    _write_metadata(directory, job.challenge)
    return {}


def next_command(_job: Job, out: Path) -> str:
    """Use it as the evaluator does."""
    return f"cd {quote(str(out))}, then from models.user_config import UserModel"


SUBMISSION: Stage[Arguments, Job] = Stage("export", load, request, write, next_command)


def _write_profile(profile: Profile, directory: Path) -> None:
    """The profile, with the files that it names beside it."""
    settings = profile.model_dump(mode="json")
    if profile.prompting.few_shot:
        shutil.copyfile(profile.prompting.few_shot.questions, directory / _FEW_SHOT)
        settings["prompting"]["few_shot"]["questions"] = _FEW_SHOT
    (directory / "profile.json").write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")


def _copy_checkpoint(checkpoint: Checkpoint, directory: Path) -> None:
    directory.mkdir()
    checkpoint.copy_side_files(directory, but=[MANIFEST])
    for shard in checkpoint.shards:
        shutil.copyfile(shard, directory / shard.name)
    index = checkpoint.path / "model.safetensors.index.json"
    if index.is_file():
        shutil.copyfile(index, directory / index.name)


def _write_metadata(directory: Path, challenge: Track) -> None:
    metadata = {
        "challenge_id": challenge.value,
        "authors": ["your-aicrowd-username"],
        "gpu": True,
        "description": "made by shoptune export",
    }
    (directory / "aicrowd.json").write_text(json.dumps(metadata, indent=2) + "\n", encoding="utf-8")
    (directory / "apt.txt").write_text("", encoding="utf-8")
    pins = [f"{name}=={importlib.metadata.version(name)}" for name in _REQUIREMENTS]
    (directory / "requirements.txt").write_text("\n".join(["vllm", *pins]) + "\n", encoding="utf-8")
    readme = (
        f"# Submission to {challenge.value}\n\n"
        "`models/user_config.py` gives `UserModel`; its checkpoint lies in `models/checkpoint`, its engine settings\n"
        "in `models/profile.json`. Put your name into `aicrowd.json`, track the safetensors with Git LFS, and push.\n"
    )
    (directory / "README.md").write_text(readme, encoding="utf-8")
