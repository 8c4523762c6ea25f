"""Shared by tests of locks and set-up: a copy of the scripts, and an environment without configuration of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONFIGURED = ("PIP_FIND_LINKS", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_TORCH_BACKEND", "KIND")

Bash = Callable[..., "subprocess.CompletedProcess[str]"]


def ordinary(**variables: str) -> dict[str, str]:
    """The environment of a machine whose pip and uv have no configuration of their own, and `variables`."""
    kept = {name: value for name, value in os.environ.items() if name not in CONFIGURED}
    return {**kept, "PIP_CONFIG_FILE": os.devnull, "UV_NO_CONFIG": "1", **variables}


def bash(
    arguments: Sequence[str | Path], folder: Path, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder, with `variables` as its whole environment when given."""
    return subprocess.run(  # noqa: PLW1510 (callers look at the status)
        [str(argument) for argument in arguments],
        cwd=folder,
        env=variables,
        capture_output=True,
        text=True,
        timeout=600,
    )


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the files that set-up needs, which tests may damage."""
    copy = tmp_path / "tree"
    copy.mkdir()
    for folder in ("requirements", "pipelines"):
        shutil.copytree(ROOT / folder, copy / folder)
    for name in ("pyproject.toml", "README.md", "LICENSE", "Makefile"):
        shutil.copy(ROOT / name, copy / name)
    if not shutil.which("uv"):
        (copy / ".uv").symlink_to(ROOT / ".uv")
    return copy
