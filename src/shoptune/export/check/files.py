"""Checks of a submission's files: size, digests, links, weights, lineage."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from shoptune.artifacts.hashing import files_sha256
from shoptune.artifacts.manifest import MANIFEST, digest, read_manifest
from shoptune.checkpoints.checkpoint import Checkpoint
from shoptune.errors import Problem, ShoptuneError
from shoptune.export.check.result import Result
from shoptune.export.image_files import METADATA
from shoptune.export.lineage import CHANGED, read_lineage, table
from shoptune.export.lineage import FILE as LINEAGE
from shoptune.export.stage import CHECKPOINT

_AGAIN = "export it again"
_COMPLETE = (CHECKPOINT, Path("shoptune"))  # folders in which every file is listed in the manifest
_BYTECODE = "__pycache__"


def check_size(folder: Path, limit: float) -> Result:
    """Compare the size of everything but Git's own files with the limit, in bytes."""
    files = [file for file in _files(folder) if ".git" not in file.relative_to(folder).parts]
    size = sum(file.stat().st_size for file in files)
    what = f"{size / 1e9:.2f} GB in {len(files)} files, the limit is {limit / 1e9:.2f} GB"
    remedy = "quantize the checkpoint, or remove what it does not need"
    return Result("size", what, [Problem(folder, "", f"is too large: {what}", remedy)] if size > limit else [])


def check_digests(folder: Path) -> Result:
    """Compare every file with the manifest; aicrowd.json may be edited by hand."""
    manifest = read_manifest(folder)
    if manifest is None:
        problem = Problem(
            folder / MANIFEST, "", "no such file", "choose a folder written by `shoptune export submission`"
        )
        return Result("digests", "no manifest", [problem])
    listed = {name: entry["sha256"] for name, entry in manifest["outputs"].items() if name != METADATA}
    missing = [name for name in listed if not (folder / name).is_file()]
    present = [name for name in listed if name not in missing]
    digests = files_sha256([folder / name for name in present])
    problems = [Problem(folder / name, "", "is missing", _AGAIN) for name in missing]
    problems += [
        Problem(folder / name, "", "differs from the manifest", _AGAIN)
        for name, found in zip(present, digests, strict=True)
        if found != listed[name]
    ]
    problems += [
        Problem(file, "", "is not in the manifest", "remove it, or export again") for file in _unlisted(folder, listed)
    ]
    return Result("digests", f"{len(present)} files", problems)


def check_links(folder: Path) -> Result:
    """Report links to files outside of the folder, since only the folder is pushed."""
    links = [path for path in folder.rglob("*") if path.is_symlink()]
    root = folder.resolve()
    problems = [
        Problem(link, "", f"is a link to {link.readlink()}, outside the submission", "copy the file")
        for link in links
        if not link.resolve().is_relative_to(root)
    ]
    return Result("links", f"{len(links)} links", problems)


def check_weights(folder: Path) -> Result:
    """Read the headers of the weights, and reject pickles."""
    checkpoint = Checkpoint(folder / CHECKPOINT)
    try:
        problems: Sequence[Problem] = ()
        count = len(checkpoint.tensors)
        method = (checkpoint.config.get("quantization_config") or {}).get("quant_method", "none")
        summary = f"{count} tensors, quantization: {method}"
    except ShoptuneError as error:
        problems, summary = error.problems, "unreadable"
    except (OSError, ValueError) as error:
        problems = [Problem(checkpoint.path, "", f"cannot be read ({error})", _AGAIN)]
        summary = "unreadable"
    return Result("weights", summary, problems)


def check_lineage(folder: Path) -> Result:
    """Compare the checkpoint with the lineage, and the artifacts in the lineage with those on this machine."""
    file = folder / LINEAGE
    try:
        steps = read_lineage(file)
        weights = steps[0].sha256
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        return Result("lineage", "unreadable", [Problem(file, "", f"cannot be read ({error!r})", _AGAIN)])
    problems = []
    if not (folder / CHECKPOINT).is_dir() or digest(folder / CHECKPOINT) != weights:
        problems.append(Problem(folder / CHECKPOINT, "", f"is not the checkpoint that {LINEAGE} names", _AGAIN))
    problems += [
        Problem(step.path, "", f"has changed since it became the input '{step.name}'", "make what depends on it again")
        for step in steps[1:]
        if step.stage and step.state == CHANGED
    ]
    found = sum(step.state != "not found" for step in steps)
    return Result("lineage", f"{len(steps)} steps, {found} of them on this machine", problems, list(table(steps)))


def _files(folder: Path) -> Iterator[Path]:
    return (file for file in sorted(folder.rglob("*")) if file.is_file())


def _unlisted(folder: Path, listed: dict[str, str]) -> Iterator[Path]:
    """Yield files that could change what is imported or loaded, without being part of the export."""
    for place in _COMPLETE:
        for file in _files(folder / place):
            if _BYTECODE not in file.parts and file.relative_to(folder).as_posix() not in listed:
                yield file
