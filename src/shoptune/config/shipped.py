"""The configs and example data that ship with shoptune: inside the package, or at the root of a checkout."""

from __future__ import annotations

import filecmp
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from shoptune.errors import Problem, ShoptuneError, nearest

# Folders at the root; pyproject.toml puts them into the wheel.
FOLDERS = (
    "data_recipes",
    "training_configs",
    "merge",
    "quantize",
    "infer",
    "examples/raw",
    "examples/questions",
    "examples/tiny_base",
    "requirements/cpu",
    "requirements/gpu",
)
_PACKAGE = Path(__file__).parents[1]


def in_checkout() -> bool:
    """Whether shoptune runs from a checkout rather than from an installed wheel."""
    return not (_PACKAGE / "shipped").is_dir()


def shipped_root() -> Path:
    """Return the folder that contains the shipped folders."""
    return _PACKAGE.parents[1] if in_checkout() else _PACKAGE / "shipped"


def shipped_files() -> list[str]:
    """Return the paths of all shipped files, relative to the root, sorted by folder and name."""
    return [str(file) for folder in FOLDERS for file in sorted(_files(shipped_root() / folder))]


def find_config(path: Path) -> Path:
    """Find a file or folder given by the user: the path itself if it exists, else the shipped one of that name."""
    if path.is_absolute() or path.exists() or not _is_shipped(path):
        return path
    return shipped_root() / path


def select(names: Sequence[str]) -> list[str]:
    """Return the shipped files with the given names, or inside folders with the given names; all without names.

    Raises:
        ShoptuneError: a name is neither that of a shipped file nor of a folder; the message suggests the nearest.
    """
    files = shipped_files()
    if not names:
        return files
    wanted = [Path(name) for name in names]
    known = {str(parent) for file in files for parent in Path(file).parents} | set(files)
    if unknown := [name for name in wanted if str(name) not in known]:
        remedy = "`shoptune configs list` lists them"
        raise ShoptuneError(
            Problem(name, "", "does not ship with shoptune", nearest(str(name), known, remedy)) for name in unknown
        )
    return [file for file in files if any(Path(file).is_relative_to(name) for name in wanted)]


def copy(files: Sequence[str], folder: Path, *, overwrite: bool = False) -> int:
    """Copy shipped files into a folder, under the same names.

    Returns:
        The number of files written. Existing files with the same content are kept.

    Raises:
        ShoptuneError: an existing file differs and `overwrite` is not set. Nothing is copied in that case.
    """
    root = shipped_root()
    missing = [file for file in files if not (folder / file).exists()]
    present = [file for file in files if (folder / file).exists()]
    different = [file for file in present if not filecmp.cmp(root / file, folder / file, shallow=False)]
    if different and not overwrite:
        what, remedy = "already exists and differs", "replace it with --overwrite, or choose another folder with --to"
        raise ShoptuneError(Problem(folder / file, "", what, remedy) for file in different)
    for file in [*missing, *different]:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / file, folder / file)
    return len(missing) + len(different)


def summary_of(file: Path) -> str:
    """Return the first sentence of a YAML's description: the comment after the line with its command."""
    if file.suffix != ".yaml":
        return ""
    comment: list[str] = []
    for line in file.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            break
        comment.append(line.lstrip("# "))
    if comment and comment[0].startswith("shoptune "):
        comment = comment[1:]
    sentence, _, _ = " ".join(comment).partition(". ")
    return sentence.removesuffix(".")


def _is_shipped(path: Path) -> bool:
    inside = ".." not in path.parts and any(path.is_relative_to(folder) for folder in FOLDERS)
    return inside and (shipped_root() / path).exists()


def _files(folder: Path) -> Iterator[Path]:
    for file in folder.rglob("*"):
        if file.is_file() and "__pycache__" not in file.parts:
            yield file.relative_to(shipped_root())
