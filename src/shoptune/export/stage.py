"""The export stage: turns a checkpoint and an inference profile into a submission folder."""

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
# Imported by the copied modules in addition to vLLM; pinned to the versions installed here.
_REQUIREMENTS = ("jinja2", "pydantic", "pyyaml", "rich")


@dataclass(frozen=True)
class Arguments:
    """The arguments of `shoptune export`.

    Attributes:
        file: path of the inference profile.
        model: folder or Hub id of the checkpoint.
        track: the challenge's track, 1 to 5.
        overrides: `key.path=value` strings from `--set`.
    """

    file: Path
    model: str
    track: int
    overrides: Sequence[str] = ()


@dataclass(frozen=True)
class Job:
    """The checkpoint to submit, the track it is for, and the profile that its engine will run with."""

    profile: Profile
    checkpoint: Checkpoint
    challenge: Track


def load(arguments: Arguments) -> Job:
    """Read the profile and locate the checkpoint.

    Raises:
        ShoptuneError: the profile is invalid or uses a feature that a submission cannot, or the checkpoint is missing.
    """
    profile = load_profile(arguments.file, arguments.overrides)
    if profile.prompting.retrieved:
        what = "cannot be used in a submission: the challenge's machines have no embedding model"
        raise fail(arguments.file, "prompting.retrieved", what, "choose a prompting without retrieved examples")
    checkpoint = Checkpoint(locate(arguments.model, arguments.file, "--model"))
    return Job(profile, checkpoint, list(Track)[arguments.track - 1])


def request(job: Job) -> Request:
    """List everything that determines the submission: the profile, the track, the checkpoint and few-shot files."""
    config = {"profile": job.profile.model_dump(mode="json"), "challenge": job.challenge.value}
    return Request("export", config, {"model": job.checkpoint.path, **job.profile.prompting.inputs})


def write(job: Job, directory: Path) -> Mapping[str, str]:
    """Write a folder in the challenge's layout, in which `models/user_config.py` defines the `UserModel` to evaluate.

    The folder contains the checkpoint and a copy of the shoptune modules that the engine needs, so that it runs
    without network access.

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
    """Return the commands that import the model as the evaluator does."""
    return f"cd {quote(str(out))}, then from models.user_config import UserModel"


SUBMISSION: Stage[Arguments, Job] = Stage("export", load, request, write, next_command)


def _write_profile(profile: Profile, directory: Path) -> None:
    """Write the profile, with copies of the files that it refers to in the same folder."""
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
        "`models/user_config.py` defines `UserModel`, which loads the checkpoint in `models/checkpoint` with the\n"
        "engine settings in `models/profile.json`. Before you push, enter your name in `aicrowd.json` and track\n"
        "the safetensors files with Git LFS.\n"
    )
    (directory / "README.md").write_text(readme, encoding="utf-8")
