"""Set-up with a stand-in index: the right torch for each kind, only what stages need, and repeated only if needed."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.requirements.conftest import bash, ordinary
from tests.requirements.standin import StandIn, wheel

BACKEND = """
import zipfile

def build_editable(directory, settings=None, metadata=None):
    name = "shoptune-0.1.0-py3-none-any.whl"
    with zipfile.ZipFile(directory + "/" + name, "w") as archive:
        archive.writestr("shoptune.pth", "src")
        archive.writestr("shoptune/cli.py", "")
        info = "shoptune-0.1.0.dist-info"
        archive.writestr(info + "/METADATA", "Metadata-Version: 2.1\\nName: shoptune\\nVersion: 0.1.0\\n")
        archive.writestr(info + "/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        archive.writestr(info + "/RECORD", "")
    return name
"""
PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "shoptune"
version = "0.1.0"
requires-python = ">=3.11"
[project.optional-dependencies]
core = ["torch==2.13.0"]
dev = ["pytest-standin"]
quantize = ["awq", "torch==2.13.0"]
[tool.ruff]
"""


@pytest.fixture
def standin(tmp_path: Path) -> Iterator[StandIn]:
    """A public index with a CUDA torch that requires triton, and PyTorch's page with CPU builds."""
    folder = tmp_path / "index"
    simple = folder / "simple"
    wheel(simple / "torch", "torch", "2.13.0", requires="triton==3.7.1")
    for version in ("3.7.1", "3.9.0"):
        wheel(simple / "triton", "triton", version)
    wheel(simple / "awq", "awq", "1.0")
    for version in ("2.13.0+cpu", "2.14.0+cpu"):
        wheel(folder / "cpu" / "torch", "torch", version)
    with StandIn(folder) as served:
        yield served


@pytest.fixture
def project(tree: Path) -> Path:
    """The set-up scripts around a project of two packages."""
    (tree / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    (tree / "backend.py").write_text(BACKEND, encoding="utf-8")
    for kind, torch in (("cpu", ["torch==2.13.0+cpu"]), ("gpu", ["torch==2.13.0", "triton==3.7.1"])):
        for name, more in (("core", []), ("quantize", ["awq==1.0"])):
            lines = "\n".join(sorted([*torch, *more]))
            (tree / "requirements" / kind / f"{name}.txt").write_text(lines + "\n", encoding="utf-8")
    return tree


@pytest.fixture
def machine(standin: StandIn, tmp_path: Path) -> dict[str, str]:
    """An ordinary machine without a GPU, which knows only the stand-in."""
    (tmp_path / "bin").mkdir()
    return ordinary(
        UV_DEFAULT_INDEX=f"{standin.address}/simple",
        TORCH_CPU_WHEELS=f"{standin.address}/cpu/torch/",
        UV_CACHE_DIR=str(tmp_path / "cache"),
        PATH=f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}",
        no_proxy="127.0.0.1",
    )


def _with_gpu(machine: dict[str, str], tmp_path: Path, answers: bool = True) -> dict[str, str]:
    program = tmp_path / "bin" / "nvidia-smi"
    program.write_text(f"#!/bin/sh\nexit {0 if answers else 9}\n", encoding="utf-8")
    program.chmod(0o755)
    return machine


def _install(project: Path, machine: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    answer = bash(["requirements/install.sh", "quantize", *arguments], project, machine)
    assert answer.returncode == 0, answer.stderr
    return answer


def _versions(project: Path) -> dict[str, str]:
    packages = (project / ".venvs/quantize/lib/python3.11/site-packages").glob("*.dist-info")
    return dict(package.name.removesuffix(".dist-info").split("-") for package in packages)


@pytest.mark.slow
def test_a_cpu_machine_gets_the_cpu_build_from_pytorchs_page(
    project: Path, machine: dict[str, str], standin: StandIn
) -> None:
    _install(project, machine, "cpu")
    assert _versions(project) == {"torch": "2.13.0+cpu", "awq": "1.0", "shoptune": "0.1.0"}
    assert standin.asked_for("/cpu/torch/torch-2.13.0%2Bcpu")
    assert not standin.asked_for("/cpu/awq"), "only torch is looked for on PyTorch's page"


@pytest.mark.slow
def test_a_configured_folder_with_the_cpu_build_is_enough(
    project: Path, machine: dict[str, str], standin: StandIn, tmp_path: Path
) -> None:
    wheel(tmp_path / "wheels", "torch", "2.13.0+cpu")
    _install(project, {**machine, "PIP_FIND_LINKS": str(tmp_path / "wheels")}, "cpu")
    assert _versions(project)["torch"] == "2.13.0+cpu"
    assert not standin.asked_for("/cpu/")


@pytest.mark.slow
@pytest.mark.parametrize("variable", ["PIP_FIND_LINKS", "UV_FIND_LINKS"])
def test_a_folder_with_another_torch_is_not_enough(
    project: Path, machine: dict[str, str], standin: StandIn, tmp_path: Path, variable: str
) -> None:
    wheel(tmp_path / "wheels", "torch", "2.12.0+cpu")
    _install(project, {**machine, variable: str(tmp_path / "wheels")}, "cpu")
    assert _versions(project)["torch"] == "2.13.0+cpu"
    assert standin.asked_for("/cpu/torch/")


@pytest.mark.slow
def test_a_page_of_wheels_may_be_configured_instead_of_a_folder(
    project: Path, machine: dict[str, str], standin: StandIn
) -> None:
    page = machine["TORCH_CPU_WHEELS"]
    _install(project, {**machine, "UV_FIND_LINKS": page, "TORCH_CPU_WHEELS": f"{standin.address}/other/"}, "cpu")
    assert _versions(project)["torch"] == "2.13.0+cpu"
    assert not standin.asked_for("/other/")


@pytest.mark.slow
def test_a_gpu_machine_gets_the_public_build_whatever_is_configured(
    project: Path, machine: dict[str, str], standin: StandIn, tmp_path: Path
) -> None:
    wheel(tmp_path / "wheels", "torch", "2.13.0+cpu")
    wheels = str(tmp_path / "wheels")
    _install(project, {**machine, "PIP_FIND_LINKS": wheels, "UV_FIND_LINKS": wheels, "UV_TORCH_BACKEND": "cpu"}, "gpu")
    assert _versions(project) == {"torch": "2.13.0", "triton": "3.7.1", "awq": "1.0", "shoptune": "0.1.0"}
    assert not standin.asked_for("/cpu/")


@pytest.mark.slow
def test_installs_again_only_when_something_changed(project: Path, machine: dict[str, str], standin: StandIn) -> None:
    assert "quantize.txt" in _install(project, machine, "cpu").stderr
    standin.requests.clear()
    assert _install(project, machine, "cpu").stderr == ""
    assert standin.requests == []
    with (project / "pyproject.toml").open("a") as file:
        file.write("line-length = 120\n")  # no matter of what is installed
    assert _install(project, machine, "cpu").stderr == ""

    switched = _install(project, machine, "gpu").stderr
    assert "was installed for kind cpu, reinstalling it for kind gpu" in switched
    assert _versions(project)["torch"] == "2.13.0"
    _install(project, machine, "cpu")
    assert "triton" not in _versions(project), "nothing of the other kind is left"


@pytest.mark.slow
def test_downloads_are_reported_while_they_last(project: Path, machine: dict[str, str], standin: StandIn) -> None:
    standin.delay = 1.5
    printed = _install(project, {**machine, "INTERVAL": "0.3"}, "cpu").stderr
    assert len(re.findall(r"^setup: .venvs/quantize: \d+ s, \d+ MB received$", printed, re.MULTILINE)) >= 2


def test_a_lock_of_the_wrong_kind_is_a_one_line_error(project: Path, machine: dict[str, str], standin: StandIn) -> None:
    (project / "requirements/gpu/quantize.txt").write_text("torch==2.13.0+cpu\n", encoding="utf-8")
    answer = bash(["requirements/install.sh", "quantize", "gpu"], project, machine)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr == (
        "error: requirements/gpu/quantize.txt: has torch==2.13.0+cpu, which the public index does not offer; "
        "run `make locks`, or set KIND=cpu\n"
    )
    assert standin.requests == []


@pytest.mark.slow
def test_verify_finds_a_lock_that_cannot_be_installed(project: Path, machine: dict[str, str]) -> None:
    assert bash(["requirements/verify.sh", "cpu", "quantize"], project, machine).returncode == 0
    assert bash(["requirements/verify.sh", "gpu", "quantize"], project, machine).returncode == 0
    lock = project / "requirements/gpu/quantize.txt"
    text = lock.read_text(encoding="utf-8")
    lock.write_text(text.replace("triton==3.7.1", "triton==3.9.0"), encoding="utf-8")
    answer = bash(["requirements/verify.sh", "gpu", "quantize"], project, machine)
    assert answer.returncode == 2
    assert "error: requirements/gpu/quantize.txt: cannot be installed on a gpu machine" in answer.stderr
    lock.write_text(text.replace("triton==3.7.1\n", ""), encoding="utf-8")
    answer = bash(["requirements/verify.sh", "gpu", "quantize"], project, machine)
    assert answer.returncode == 2
    assert "> triton==3.7.1" in answer.stderr


@pytest.fixture
def recorded(tree: Path) -> Path:
    """The scripts with an install.sh that only prints what it would install."""
    (tree / "requirements/install.sh").write_text('#!/bin/sh\necho "$@"\n', encoding="utf-8")
    return tree


@pytest.mark.parametrize(
    ("arguments", "installed"),
    [
        ([], ["core cpu", "train cpu", "quantize cpu", "infer cpu"]),
        (["STAGES=data merge"], ["core cpu"]),
        (["STAGES=quantize"], ["core cpu", "quantize cpu"]),
        (["STAGES=sweep train"], ["core cpu", "train cpu", "infer cpu"]),
        (["STAGES=data", "WITH=dev ray"], ["core cpu dev ray"]),
        (["STAGES=data", "WITH=search"], ["core cpu", "infer cpu search"]),
        (["STAGES=infer", "KIND=gpu"], ["core gpu", "infer gpu"]),
    ],
)
def test_only_the_environments_of_the_given_stages_are_installed(
    recorded: Path, machine: dict[str, str], tmp_path: Path, arguments: list[str], installed: list[str]
) -> None:
    _with_gpu(machine, tmp_path, answers=False)
    answer = bash(["make", "--no-print-directory", "setup", *arguments], recorded, machine)
    assert (answer.stdout.splitlines(), answer.returncode) == (installed, 0)


def test_a_working_nvidia_smi_selects_the_gpu_kind(recorded: Path, machine: dict[str, str], tmp_path: Path) -> None:
    _with_gpu(machine, tmp_path)
    assert bash(["requirements/setup.sh", "data"], recorded, machine).stdout == "core gpu\n"
    assert bash(["requirements/setup.sh", "--kind", "cpu", "data"], recorded, machine).stdout == "core cpu\n"


@pytest.mark.parametrize(
    ("arguments", "printed"),
    [
        (["--kind", "tpu"], "error: KIND: unknown kind of machine 'tpu'; choose cpu or gpu\n"),
        (
            ["dat"],
            "error: STAGES: unknown stage 'dat'; "
            "choose among data teach train sweep merge quantize gptq gguf infer evaluate export report studio\n",
        ),
        (["--with", "optuna"], "error: WITH: unknown extra 'optuna'; choose among dev ray search\n"),
    ],
)
def test_unknown_arguments_are_one_line_errors(
    recorded: Path, machine: dict[str, str], arguments: list[str], printed: str
) -> None:
    answer = bash(["requirements/setup.sh", *arguments], recorded, machine)
    assert (answer.returncode, answer.stdout, answer.stderr) == (2, "", printed)
