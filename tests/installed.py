"""shoptune installed from a wheel in another folder, without access to the checkout.

Libraries are not installed again: an environment has them through a path file that names the site-packages of the
checkout's environment. Path files inside that folder are not read then, so its editable shoptune is not found.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

from tests.sharing import make_once
from tests.warm.interpreters import MODULES, WarmInterpreters

ROOT = Path(__file__).parents[1]
_SECONDS = 300  # for one command, on a machine that is busy with others
_STAGES = ("train", "infer")


@dataclass(frozen=True)
class Installed:
    """A folder with environments that have the wheel.

    Attributes:
        folder: holds `.venv`, with all libraries of the core environment, and `bare`, with those of no extra.
        environments: the folder of the stages' environments.
    """

    folder: Path
    environments: Path

    def run(
        self,
        here: Path,
        *arguments: str | Path,
        environment: str = ".venv",
        variables: Mapping[str, str] = {},
        program: str | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run `shoptune`, or another program, in a folder."""
        process = self.start(here, *arguments, environment=environment, variables=variables, program=program)
        try:
            printed, said = process.communicate(timeout=_SECONDS)
        finally:
            self.end(process)
        return subprocess.CompletedProcess(process.args, process.returncode, printed, said)

    def start(
        self,
        here: Path,
        *arguments: str | Path,
        environment: str = ".venv",
        variables: Mapping[str, str] = {},
        program: str | None = None,
    ) -> subprocess.Popen[str]:
        """Start it, in a session of its own and without what the tests set."""
        command = [program or str(self.folder / environment / "bin" / "shoptune"), *map(str, arguments)]
        ours = ("PYTHONPATH", "VIRTUAL_ENV", *(name for name in os.environ if name.endswith("_PYTHON")))
        kept = {name: value for name, value in os.environ.items() if name not in ours}
        pipe = subprocess.PIPE
        return subprocess.Popen(
            command, cwd=here, stdout=pipe, stderr=pipe, text=True, env={**kept, **variables}, start_new_session=True
        )

    def end(self, process: subprocess.Popen[str]) -> None:
        """Kill what is left of a session that was started."""
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextmanager
def install(shared: Path) -> Iterator[Installed]:
    """The wheel of this tree in environments of its own, made once per session; interpreters of stages are warm."""
    folder = make_once(shared / "installed", _install, shared / "installed-state")
    modules = {name: MODULES[name] for name in _STAGES}
    warm = WarmInterpreters(folder / "warm", modules, folder / "cold")
    yield Installed(folder, warm.python(_STAGES[0]).parents[2])
    warm.close()


def _install(folder: Path) -> None:
    folder.mkdir()
    wheel = build_wheel(folder / "dist")
    _environment(folder / ".venv", wheel, ROOT / ".venv")
    for name in _STAGES:
        _environment(folder / "cold" / ".venvs" / name, wheel, ROOT / ".venvs" / name)
    _environment(folder / "bare", wheel, None)
    site = _site_packages(folder / "bare")
    for library in _required("shoptune", set()):
        for top in {file.parts[0] for file in library.files or [] if file.parts[0] not in {"..", "__pycache__"}}:
            if not (site / top).exists():
                (site / top).symlink_to(str(library.locate_file(top)))


def build_wheel(out: Path) -> Path:
    """The wheel of this tree; hatchling comes from uv's cache, where installing the checkout left it."""
    command = ["build", "--wheel", "--quiet", "--python", sys.executable, "--out-dir", str(out), str(ROOT)]
    built = _uv(*command, "--offline")
    if built.returncode:
        built = _uv(*command)
    assert built.returncode == 0, built.stderr
    (wheel,) = out.glob("*.whl")
    return wheel


def _environment(folder: Path, wheel: Path, libraries: Path | None) -> None:
    python = (libraries or ROOT / ".venv") / "bin" / "python"
    options = ("--offline", "--no-deps", "--python", str(folder / "bin" / "python"))
    for command in (
        ("venv", "--quiet", "--python", str(python), str(folder)),
        ("pip", "install", *options, str(wheel)),
    ):
        done = _uv(*command)
        assert done.returncode == 0, done.stderr
    if libraries:
        (_site_packages(folder) / "libraries.pth").write_text(f"{_site_packages(libraries).resolve()}\n")


def _site_packages(environment: Path) -> Path:
    (folder,) = environment.glob("lib/python3*/site-packages")
    return folder


def _required(name: str, seen: set[str]) -> Iterator[Distribution]:
    """The distributions that one needs without extras, as they are installed here."""
    for text in distribution(name).requires or []:
        requirement = Requirement(text)
        if requirement.name in seen or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
            continue
        seen.add(requirement.name)
        try:
            yield distribution(requirement.name)
        except PackageNotFoundError:
            continue
        yield from _required(requirement.name, seen)


def _uv(*arguments: str) -> subprocess.CompletedProcess[str]:
    uv = shutil.which("uv") or str(ROOT / ".uv" / "bin" / "uv")
    return subprocess.run([uv, *arguments], capture_output=True, text=True, check=False)
