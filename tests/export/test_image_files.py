"""The image's files agree with the lock, with the code that is copied, and with shells."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from shoptune.export.closure import imported_modules, source_files
from shoptune.export.image_files import check_pins, gpu_lock, write_image
from shoptune.export.stage import _templates


@pytest.fixture
def image(tmp_path: Path) -> Path:
    write_image(tmp_path, gpu_lock())
    return tmp_path


def _pins(file: Path) -> dict[str, str]:
    return dict(line.split("==") for line in file.read_text().splitlines())


def test_the_image_has_the_python_and_the_cuda_of_the_lock(image: Path, root: Path) -> None:
    text = (image / "Dockerfile").read_text()
    cuda = re.search(r"^FROM nvidia/cuda:(\d+)\.", text, re.MULTILINE)
    assert cuda
    assert _pins(image / "requirements.txt")["cuda-toolkit"].startswith(f"{cuda[1]}.")
    assert "--python-version 3.11" in (root / "requirements" / "lock.sh").read_text()
    assert re.findall(r"uv (?:python install|venv --seed --python) (\S+)", text) == ["3.11", "3.11"]


def test_every_package_is_pinned_and_the_copied_code_needs_no_other(image: Path) -> None:
    check_pins(image / "requirements.txt")
    pins = _pins(image / "requirements.txt")
    assert pins["vllm"].startswith("0.32.")
    modules = [name for template in _templates() for name in imported_modules(template, "shoptune")]
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in source_files(modules).values()]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    imported = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}
    outside = {name.partition(".")[0] for name in imported} - sys.stdlib_module_names - {"shoptune"}
    names = {"yaml": "pyyaml", "sentence_transformers": "sentence-transformers", "rouge_score": "rouge-score"}
    missing = {name for name in outside if names.get(name, name) not in pins}
    assert "vllm" in outside
    assert missing == set()


def test_the_dockerfile_copies_only_what_docker_may_read(image: Path) -> None:
    copied = re.findall(r"^COPY (?:--\S+ )?(\S+)", (image / "Dockerfile").read_text(), re.MULTILINE)
    assert copied == ["apt.txt", "requirements*.txt"]
    ignored = (image / ".dockerignore").read_text().split()
    assert "models/checkpoint/" in ignored
    assert not {"apt.txt", "requirements.txt", "*"} & set(ignored)


def test_the_lock_overrides_what_the_starter_kit_pins(image: Path) -> None:
    """As a constraint, the lock's sacrebleu would contradict the kit's `sacrebleu==2.4.1`, and no image be built."""
    assert not _pins(image / "requirements.txt")["sacrebleu"].startswith("2.4.")
    assert "--requirements requirements_eval.txt --overrides requirements.txt" in (image / "Dockerfile").read_text()


def test_the_commands_of_the_dockerfile_are_valid_shell(image: Path) -> None:
    joined = (image / "Dockerfile").read_text().replace("\\\n", " ")
    commands = re.findall(r"^RUN (.+)$", joined, re.MULTILINE)
    assert len(commands) == 5
    for command in commands:
        subprocess.run(["sh", "-n", "-c", command], check=True)  # noqa: S607


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_git_would_track_weights_with_lfs(image: Path) -> None:
    subprocess.run(["git", "init", "--quiet", str(image)], check=True)  # noqa: S607
    names = ["models/checkpoint/model-00001-of-00009.safetensors", "models/checkpoint/tokenizer.json", "README.md"]
    command = ["git", "-C", str(image), "check-attr", "filter", *names]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert [line.rpartition(" ")[2] for line in printed] == ["lfs", "lfs", "unspecified"]
