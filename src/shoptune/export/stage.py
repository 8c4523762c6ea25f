"""The export stage: turns a checkpoint and an inference profile into a submission folder."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from shlex import quote

from shoptune.artifacts.hashing import file_sha256
from shoptune.artifacts.manifest import MANIFEST, Request
from shoptune.artifacts.publish import require_space
from shoptune.checkpoints.checkpoint import INDEX, Checkpoint, locate
from shoptune.errors import fail
from shoptune.export.closure import imported_modules, source_files
from shoptune.export.image_files import check_pins, gpu_lock, write_image, write_metadata
from shoptune.export.limits import limits_of
from shoptune.export.lineage import FILE as LINEAGE
from shoptune.export.lineage import lineage_of, write_lineage
from shoptune.infer.profile import Profile, load_profile
from shoptune.shopbench.vocabulary import Track
from shoptune.stage import Stage

CHECKPOINT = Path("models/checkpoint")
_FEW_SHOT = "few_shot.json"
_TEMPLATES = Path(__file__).with_name("submission")


@dataclass(frozen=True)
class Arguments:
    """The arguments of `shoptune export`.

    Attributes:
        file: path of the inference profile.
        model: folder or Hub id of the checkpoint.
        track: the challenge's track, 1 to 5.
        overrides: `key.path=value` strings from `--set`.
        authors: user names at AIcrowd.
        requirements: pinned packages of the image, or None for the lock of the GPU infer environment.
    """

    file: Path
    model: str
    track: int
    overrides: Sequence[str] = ()
    authors: Sequence[str] = ()
    requirements: Path | None = None


@dataclass(frozen=True)
class Job:
    """The checkpoint to submit, the track it is for, and the profile that its engine will run with."""

    profile: Profile
    checkpoint: Checkpoint
    challenge: Track
    requirements: Path
    authors: tuple[str, ...] = ()

    @cached_property
    def code(self) -> Mapping[str, Path]:
        """Return the modules to copy, by their path in the submission."""
        needed = [name for template in _templates() for name in imported_modules(template, "shoptune")]
        copied = {f"models/{template.name}": template for template in _templates()}
        return copied | source_files(needed)


def load(arguments: Arguments) -> Job:
    """Read the profile and locate the checkpoint.

    Raises:
        ShoptuneError: the profile is invalid or uses a feature that a submission cannot, the checkpoint is missing, or
            the requirements leave a version open.
    """
    profile = load_profile(arguments.file, arguments.overrides)
    if profile.prompting.retrieved:
        what = "cannot be used in a submission: the challenge's machines have no embedding model"
        raise fail(arguments.file, "prompting.retrieved", what, "choose a prompting without retrieved examples")
    checkpoint = Checkpoint(locate(arguments.model, arguments.file, "--model"))
    checkpoint.refuse_adapter()
    lock = arguments.requirements or gpu_lock()
    if not lock.is_file():
        raise fail(lock, "", "no such file", "choose a requirements file for --requirements")
    check_pins(lock)
    return Job(profile, checkpoint, list(Track)[arguments.track - 1], lock, tuple(arguments.authors))


def request(job: Job) -> Request:
    """List everything that determines the submission, including the copied code of shoptune."""
    code = hashlib.sha256(json.dumps({name: file_sha256(file) for name, file in job.code.items()}).encode())
    config = {
        "profile": job.profile.model_dump(mode="json"),
        "challenge": job.challenge.value,
        "authors": list(job.authors),
        "code": code.hexdigest(),
    }
    inputs = {"model": job.checkpoint.path, "requirements": job.requirements, **job.profile.prompting.inputs}
    return Request("export", config, inputs)


def write(job: Job, directory: Path) -> Mapping[str, str]:
    """Write a folder in the challenge's layout, in which `models/user_config.py` defines the `UserModel` to evaluate.

    The folder contains the checkpoint, a copy of the shoptune modules that the engine needs, and the files that its
    image is built from. It runs without network access.

    Raises:
        ShoptuneError: the checkpoint is malformed, or there is not enough space for a copy of it.
    """
    require_space(directory, sum(shard.stat().st_size for shard in job.checkpoint.shards))
    for name, source in job.code.items():
        target = directory / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    models = directory / "models"
    (models / "__init__.py").write_text('"""The submission."""\n', encoding="utf-8")
    limits = json.dumps(asdict(limits_of(job.challenge)), indent=2) + "\n"
    (models / "limits.json").write_text(limits, encoding="utf-8")
    _write_profile(job.profile, models)
    copy_checkpoint(job.checkpoint, directory / CHECKPOINT)
    write_image(directory, job.requirements)
    write_metadata(directory, job.challenge, job.authors)
    write_lineage(directory / LINEAGE, lineage_of(job.checkpoint.path))
    _write_readme(directory, job.challenge)
    return {}


def next_command(_job: Job, out: Path) -> str:
    """Return the command that checks the submission."""
    return f"shoptune export check {quote(str(out))} --questions FILE"


SUBMISSION: Stage[Arguments, Job] = Stage("export", load, request, write, next_command)


def copy_checkpoint(checkpoint: Checkpoint, directory: Path) -> None:
    """Copy a checkpoint without its manifest.

    Raises:
        ShoptuneError: it is malformed.
    """
    directory.mkdir(parents=True)
    checkpoint.copy_side_files(directory, but=[MANIFEST])
    for shard in checkpoint.shards:
        shutil.copyfile(shard, directory / shard.name)
    if (checkpoint.path / INDEX).is_file():
        shutil.copyfile(checkpoint.path / INDEX, directory / INDEX)


def _templates() -> list[Path]:
    return [file for file in sorted(_TEMPLATES.glob("*.py")) if file.name != "__init__.py"]


def _write_profile(profile: Profile, directory: Path) -> None:
    """Write the profile, with copies of the files that it refers to in the same folder."""
    settings = profile.model_dump(mode="json")
    if profile.prompting.few_shot:
        shutil.copyfile(profile.prompting.few_shot.questions, directory / _FEW_SHOT)
        settings["prompting"]["few_shot"]["questions"] = _FEW_SHOT
    (directory / "profile.json").write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")


def _write_readme(directory: Path, challenge: Track) -> None:
    readme = (
        f"# Submission to {challenge.value}\n\n"
        "`models/user_config.py` gives `UserModel`. Its checkpoint is in `models/checkpoint`, its engine settings in\n"
        "`models/profile.json`, its time limits in `models/limits.json`, its origin in `lineage.json`.\n"
        "The `Dockerfile` builds the image. Set `authors` in `aicrowd.json`, run `git lfs install`, commit and push.\n"
    )
    (directory / "README.md").write_text(readme, encoding="utf-8")
