"""The export stage: from a checkpoint and an inference profile to a submission folder."""

from __future__ import annotations

import importlib.metadata
import json
import shutil
from pathlib import Path

from shoptune.artifacts.manifest import MANIFEST, Request
from shoptune.artifacts.publish import Artifact, Build, make
from shoptune.checkpoints.checkpoint import Checkpoint, locate
from shoptune.errors import fail
from shoptune.export.closure import source_files
from shoptune.infer.profile import Profile
from shoptune.shopbench.vocabulary import Track

_ENGINE = "shoptune.infer.engine"
_FEW_SHOT = "few_shot.json"
_TEMPLATES = Path(__file__).with_name("submission")
# What the copied modules import besides vLLM, which brings both.
_REQUIREMENTS = ("jinja2", "pydantic", "pyyaml", "rich")


def run(profile: Profile, file: Path, model: str, track: int, out: Path, *, force: bool = False) -> Artifact:
    """Write a folder in the challenge's layout: `models/user_config.py` gives a `UserModel` that answers.

    The folder holds the checkpoint and a copy of the modules that the engine needs; nothing is fetched when it runs.

    Args:
        profile: how the engine will run there.
        file: where the profile was read from, for errors.
        model: folder or hub id of the checkpoint.
        track: 1 to 5.
        out: the artifact's directory.
        force: export even when the artifact is up to date.

    Raises:
        ShoptuneError: the checkpoint is not as it must be, or the prompting needs what a submission has not.
    """
    if profile.prompting.retrieved:
        what = "a submission cannot look for rows like a question: its machine has no embedding model"
        raise fail(file, "prompting.retrieved", what, "name another prompting")
    checkpoint = Checkpoint(locate(model, file, "--model"))
    challenge = list(Track)[track - 1]
    config = {"profile": profile.model_dump(mode="json"), "challenge": challenge.value}

    def write(build: Build) -> None:
        models = build.directory / "models"
        models.mkdir()
        for template in sorted(_TEMPLATES.glob("*.py")):
            shutil.copyfile(template, models / template.name)
        (models / "__init__.py").write_text('"""The submission."""\n', encoding="utf-8")
        _write_profile(profile, models)
        _copy_checkpoint(checkpoint, models / "checkpoint")
        for name, source in source_files(_ENGINE).items():
            target = build.directory / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
        _write_metadata(build.directory, challenge)

    inputs = {"model": checkpoint.path, **profile.prompting.inputs}
    return make(Request("export", config, inputs), out, write, force=force)


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
