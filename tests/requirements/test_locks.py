"""Every lock can be installed on its kind of machine; a broken lock is rejected and never written."""

from __future__ import annotations

import os
import re
import socket
import urllib.parse
from pathlib import Path

import pytest

from tests.requirements.conftest import ROOT, bash, ordinary
from tests.sharing import make_once

LOCKS = {
    kind: sorted(path.stem for path in (ROOT / "requirements" / kind).glob("*.txt") if path.stem != "overrides")
    for kind in ("cpu", "gpu")
}
NAMES = ["core", "core-dev", "core-ray", "gguf", "gptq", "infer", "infer-ray", "infer-search", "quantize", "train"]


def _text(kind: str, name: str) -> str:
    return (ROOT / "requirements" / kind / f"{name}.txt").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def index(shared_folder: Path) -> Path:
    """A file for each kind, once uv's cache has the index's pages of all locked packages as they are in this session.

    A mirror without caching headers would otherwise send each page for each lock, and have sdists built for each.
    """
    folder = make_once(shared_folder / "index", _read_pages, shared_folder / "index-state")
    unreachable = (folder / "unreachable").read_text(encoding="utf-8")
    if unreachable:
        pytest.skip(unreachable)
    return folder


def _read_pages(folder: Path) -> None:
    """Have uv read them; say why not when the index cannot be reached at all, while any other problem is a failure."""
    folder.mkdir()
    script = 'UV_HTTP_RETRIES=0 "$UV" pip compile - --quiet --no-deps --no-header --python-version 3.11 <<<pip'
    answer = bash(["bash", "-c", f"source requirements/uv.sh; {script}"], ROOT, ordinary())
    unreachable = re.search("dns error|error sending request|Connection refused|timed out", answer.stderr)
    (folder / "unreachable").write_text("the public index cannot be reached from here" if unreachable else "")
    if unreachable:
        return
    assert answer.returncode == 0, answer.stderr
    names = {line.split("==")[0] for kind in LOCKS for name in LOCKS[kind] for line in _text(kind, name).splitlines()}
    (folder / "names.in").write_text("\n".join(sorted(names)), encoding="utf-8")
    for kind in LOCKS:
        script = f'source requirements/uv.sh; resolve_options {kind}; "$UV" pip compile {folder / "names.in"} --quiet'
        script += ' --no-deps --no-header --python-version 3.11 "${OPTIONS[@]}"'
        answer = bash(["bash", "-c", script], ROOT, _machine(kind))
        assert answer.returncode == 0, answer.stderr


def _machine(kind: str) -> dict[str, str]:
    return ordinary() if kind == "gpu" else dict(os.environ)


def _verify_all(kind: str) -> None:
    """Check the locks with what uv's cache has, or else with the index."""
    command = ["requirements/verify.sh", kind, *LOCKS[kind]]
    answer = bash(command, ROOT, _machine(kind) | {"UV_OFFLINE": "1"})
    if answer.returncode:
        answer = bash(command, ROOT, _machine(kind))
    assert answer.returncode == 0, answer.stderr
    assert re.findall(rf"{kind}/(.*).txt: \d+ packages", answer.stdout) == LOCKS[kind]


def test_each_kind_has_the_same_locks() -> None:
    assert LOCKS == {"cpu": NAMES, "gpu": NAMES}


@pytest.mark.parametrize("name", ["core", "gguf", "gptq", "infer", "quantize", "train"])
def test_each_kind_has_its_own_torch(name: str) -> None:
    cpu, gpu = (
        re.findall(r"^(?:torch|triton|nvidia-cublas)==.*", _text(kind, name), re.MULTILINE) for kind in ("cpu", "gpu")
    )
    assert "torch==2.13.0+cpu" in cpu
    assert {"torch==2.13.0", "triton==3.7.1"} <= set(gpu)  # the CUDA build requires exactly this triton
    assert any(line.startswith("nvidia-cublas") for line in gpu)
    assert not any(line.startswith("nvidia-cublas") for line in cpu)


@pytest.mark.parametrize("kind", ["cpu", "gpu"])
@pytest.mark.parametrize("package", ["mypy", "optuna", "pytest", "ray", "ruff", "hypothesis"])
def test_users_install_nothing_for_development(kind: str, package: str) -> None:
    for name in ("core", "train", "quantize", "gptq", "gguf", "infer"):
        assert not re.search(rf"^{package}==", _text(kind, name), re.MULTILINE), name
    assert re.search(rf"^{package}==", _text(kind, "core-dev"), re.MULTILINE)


@pytest.mark.slow
@pytest.mark.usefixtures("index")
def test_gpu_locks_resolve_from_the_public_index_alone() -> None:
    _verify_all("gpu")


@pytest.mark.slow
@pytest.mark.usefixtures("index")
def test_cpu_locks_resolve_where_a_cpu_build_of_torch_is_offered() -> None:
    page = _torch_wheels()
    if page.startswith("http") and not _reaches(page):
        pytest.skip("no folder of wheels with torch's CPU build is configured, and PyTorch's page cannot be reached")
    _verify_all("cpu")


def _torch_wheels() -> str:
    """The place that offers torch's CPU build here: a folder of wheels, or the address of PyTorch's page."""
    script = 'source requirements/uv.sh; resolve_options cpu; printf "%s\\n" "${OPTIONS[@]}"'
    options = bash(["bash", "-c", script], ROOT).stdout.split()
    return options[options.index("--override") - 1]


def _reaches(address: str) -> bool:
    try:
        socket.create_connection((urllib.parse.urlsplit(address).hostname, 443), timeout=10).close()
    except OSError:
        return False
    return True


@pytest.mark.slow
@pytest.mark.parametrize(
    ("lock", "old", "new", "message"),
    [
        ("gpu/quantize.txt", "triton==3.7.1", "triton==3.9.0", "unsatisfiable"),
        ("gpu/train.txt", "deepspeed==0.18.9", "deepspeed==0.19.8", "unsatisfiable"),
        ("gpu/quantize.txt", "zstandard==", "#", "differs from what uv resolves"),
        ("gpu/core.txt", "torch==2.13.0", "torch==2.13.0+cpu", "which the public index does not offer"),
        ("cpu/core.txt", "torch==2.13.0+cpu", "torch==2.13.0", "not its CPU build"),
    ],
)
@pytest.mark.usefixtures("index")
def test_a_lock_that_cannot_be_installed_is_refused(tree: Path, lock: str, old: str, new: str, message: str) -> None:
    file = tree / "requirements" / lock
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(re.sub(f"(?m)^{re.escape(old)}", new, text), encoding="utf-8")
    kind, name = lock.removesuffix(".txt").split("/")
    answer = bash(["requirements/verify.sh", kind, name], tree, dict(os.environ))
    assert answer.returncode == 2, answer.stdout
    assert message in answer.stderr
    assert re.search(rf"^error: requirements/{kind}/{name}.txt: .*make locks", answer.stderr, re.MULTILINE)


@pytest.mark.slow
@pytest.mark.usefixtures("index")
def test_locking_replaces_nothing_when_a_new_lock_fails(tree: Path) -> None:
    project = tree / "pyproject.toml"
    text = project.read_text(encoding="utf-8")
    project.write_text(text.replace('"torch==2.13.0"', '"torch==2.13.0+cpu"'), encoding="utf-8")
    before = {path: path.read_bytes() for path in tree.rglob("requirements/**/*.txt")}
    answer = bash(["requirements/lock.sh", "gpu"], tree, ordinary())
    assert answer.returncode != 0
    assert "torch==2.13.0+cpu" in answer.stderr
    assert {path: path.read_bytes() for path in tree.rglob("requirements/**/*.txt")} == before
