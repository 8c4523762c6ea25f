"""Checks of the files that a submission's image is built from, and of its metadata."""

from __future__ import annotations

import fnmatch
import json
import re
import subprocess
from pathlib import Path

from shoptune.artifacts.manifest import read_manifest
from shoptune.errors import Problem, ShoptuneError
from shoptune.export.check.result import Result
from shoptune.export.image_files import AUTHOR, METADATA, REQUIREMENTS, check_pins
from shoptune.export.stage import CHECKPOINT
from shoptune.shopbench.vocabulary import Track

_AGAIN = "export it again"
_LARGE = 50 * 10**6  # bytes; Git hosts reject larger files outside of LFS, or warn about them
_CUDA = re.compile(r"^FROM \S*cuda:(\d+)\.", re.MULTILINE)
_CUDA_OF_LOCK = re.compile(r"^cuda-(?:toolkit|bindings|python)==(\d+)\.", re.MULTILINE)


def check_metadata(folder: Path) -> Result:
    """Check that aicrowd.json specifies a track and requests GPUs."""
    file = folder / METADATA
    try:
        fields = json.loads(file.read_text(encoding="utf-8"))
        challenge, gpu, authors = (fields.get(key) for key in ("challenge_id", "gpu", "authors"))
    except (OSError, ValueError, AttributeError) as error:
        return Result("metadata", "unreadable", [Problem(file, "", f"cannot be read ({error})", _AGAIN)])
    problems = []
    if challenge not in list(Track):
        valid = ", ".join(Track)
        problems.append(Problem(file, "challenge_id", f"{challenge!r} is not a track", f"choose one of {valid}"))
    if gpu is not True:
        problems.append(Problem(file, "gpu", f"is {gpu!r}, so the machine would have no GPU", "set it to true"))
    if not isinstance(authors, list) or not authors:
        problems.append(Problem(file, "authors", "names nobody", "list your names at AIcrowd"))
    notes = [f"{file}: authors: replace '{AUTHOR}' before you push"] if authors == [AUTHOR] else []
    return Result("metadata", f"{challenge}, authors {authors}", problems, notes)


def check_image(folder: Path) -> Result:
    """Check pinned requirements, the CUDA version of the Dockerfile, and what Docker copies."""
    problems: list[Problem] = []
    missing = [
        name for name in ("Dockerfile", "apt.txt", ".dockerignore", REQUIREMENTS) if not (folder / name).is_file()
    ]
    problems += [Problem(folder / name, "", "no such file", _AGAIN) for name in missing]
    if REQUIREMENTS not in missing:
        try:
            check_pins(folder / REQUIREMENTS)
        except ShoptuneError as error:
            problems += error.problems
    lock, image = _read(folder / REQUIREMENTS), _read(folder / "Dockerfile")
    wanted, given = _CUDA_OF_LOCK.search(lock), _CUDA.search(image)
    if wanted and given and wanted[1] != given[1]:
        what = f"has CUDA {given[1]}, but the requirements are built with CUDA {wanted[1]}"
        problems.append(Problem(folder / "Dockerfile", "FROM", what, "choose a base image of that version"))
    ignored = [line.strip().strip("/") for line in _read(folder / ".dockerignore").splitlines()]
    if ".dockerignore" not in missing and not {CHECKPOINT.as_posix(), "models", "models/**", "*"} & set(ignored):
        what = "does not leave out the checkpoint, which would become part of the image"
        problems.append(Problem(folder / ".dockerignore", "", what, f"add {CHECKPOINT.as_posix()}/"))
    pins = sum("==" in line for line in lock.splitlines())
    return Result("image", f"{pins} pinned packages, CUDA {given[1] if given else 'unknown'}", problems)


def check_git(folder: Path) -> Result:
    """Check that Git ignores no file of the export, if the folder is a repository: ignored files are not pushed."""
    names = [name for name in (read_manifest(folder) or {}).get("outputs", {}) if (folder / name).is_file()]
    if not (folder / ".git").exists():
        return Result("git", "not a repository yet")
    command = ["git", "-C", str(folder), "check-ignore", "--stdin", "-z"]
    done = subprocess.run(command, input="\0".join(names), capture_output=True, text=True, check=False)
    ignored = [name for name in done.stdout.split("\0") if name]
    remedy = "remove its pattern from .gitignore"
    problems = [Problem(folder / name, "", "is ignored by Git, and would not be pushed", remedy) for name in ignored]
    return Result("git", f"{len(names)} files to push", problems)


def check_lfs(folder: Path) -> Result:
    """Check that Git LFS tracks weights and other large files."""
    lines = [line.split() for line in _read(folder / ".gitattributes").splitlines()]
    patterns = [words[0] for words in lines if "filter=lfs" in words[1:]]
    names = [file.relative_to(folder) for file in sorted(folder.rglob("*")) if file.is_file() and _is_large(file)]
    names = [name for name in names if ".git" not in name.parts]
    problems = [
        Problem(folder / name, "", "is not tracked by Git LFS", f'git lfs track "{name.as_posix()}"')
        for name in names
        if not any(fnmatch.fnmatch(name.as_posix() if "/" in pattern else name.name, pattern) for pattern in patterns)
    ]
    return Result("lfs", f"{len(names)} files of weights or over {_LARGE // 10**6} MB", problems)


def _is_large(file: Path) -> bool:
    return file.suffix == ".safetensors" or file.stat().st_size > _LARGE


def _read(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.is_file() else ""
