"""Follow a documentation page: write the files that it shows, and run the tests among them.

A code block is a file when its first line is a comment with the file's path: `# src/shoptune/merge/methods/mine.py`.
The blocks of a section (from one `##` heading to the next) belong together; those under `tests/` are run by pytest.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

_SECTION = re.compile(r"^## (?P<title>.+)\n(?P<body>(?:(?!## ).*\n?)*)", re.MULTILINE)
_FILE = re.compile(r"^```\w+\n# (?P<path>[\w./-]+/[\w.-]+\.\w+)\n(?P<content>.*?)^```$", re.MULTILINE | re.DOTALL)
_COPIED = ("src", "data_recipes", "infer", "merge", "quantize", "training_configs", "pyproject.toml")
_LINKED = ("examples",)  # large, and no example changes them
# Compiled modules are copied too, so that an example does not compile shoptune; files that are being written are not.
_PARTIAL = shutil.ignore_patterns("*.pyc.*")


def sections(page: Path) -> dict[str, str]:
    """The sections of a page by their titles."""
    return {match["title"]: match["body"] for match in _SECTION.finditer(page.read_text(encoding="utf-8"))}


def files(section: str) -> dict[str, str]:
    """The files that a section's code blocks show, by their paths."""
    return {match["path"]: match["content"] for match in _FILE.finditer(section)}


def run(shown: Mapping[str, str], root: Path, copy: Path) -> subprocess.CompletedProcess[str]:
    """Write files into a copy of the project and run the tests among them.

    Args:
        shown: contents by paths inside the project.
        root: the project.
        copy: an empty folder for the copy.

    Returns:
        pytest, finished; stdout and stderr are in its `stdout`.
    """
    _copy_project(root, copy)
    for path, content in shown.items():
        target = copy / path
        assert target.resolve().is_relative_to(copy.resolve()), path  # links lead back into the project
        assert not target.exists(), f"{path} is in the project already: an example adds files"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content, encoding="utf-8")
    tests = [path for path in shown if path.startswith("tests/")]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *tests]
    environment = os.environ | {"PYTHONPATH": str(copy / "src")}
    return subprocess.run(
        command, cwd=copy, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )


def _copy_project(root: Path, copy: Path) -> None:
    for name in _COPIED:
        if (root / name).is_dir():
            shutil.copytree(root / name, copy / name, ignore=_PARTIAL, copy_function=_link)
        else:
            shutil.copyfile(root / name, copy / name)
    for name in _LINKED:
        (copy / name).symlink_to(root / name)
    shutil.copytree(root / "tests" / "warm", copy / "tests" / "warm", ignore=_PARTIAL, copy_function=_link)
    for file in (root / "tests").glob("*.py"):  # what tests share
        if not file.name.startswith("test_"):
            shutil.copyfile(file, copy / "tests" / file.name)


def _link(source: str, target: str) -> None:
    """Make a hard link, or a copy on another disk: an example adds files and changes none."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
