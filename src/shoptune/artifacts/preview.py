"""Describe what a stage would do, for `--dry-run`."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from shoptune.artifacts.manifest import Request, changes, fingerprint_of, read_manifest
from shoptune.artifacts.publish import up_to_date
from shoptune.runtime import environments


def preview(request: Request, environment: str | None, out: Path) -> Iterator[str]:
    """Yield lines that describe what would be read, where it would run, and what would be written or replaced.

    Args:
        request: the request for the artifact.
        environment: the environment that the work needs, or None for the current one.
        out: the artifact's folder.

    Raises:
        ShoptuneError: an input is missing, or `out` is a file.
    """
    fingerprint = fingerprint_of(request)  # raises if inputs are missing
    yield f"{request.stage}: dry run, nothing is written"
    for name, path in request.inputs.items():
        yield f"  reads {name}: {path} ({_size(path)})"
    if environment:
        state = "" if environments.is_here(environment) else ", which this command would switch to"
        yield f"  runs in the environment '{environment}'{state}"
    free = shutil.disk_usage(_existing(out)).free
    place = f"{out} ({free / 1e9:.1f} GB free)"
    manifest = read_manifest(out)
    if up_to_date(request, fingerprint, out):
        yield f"  {out} is up to date ({_size(out)}); nothing to do without --force"
    elif manifest is None:
        yield f"  writes {place}"
    else:
        changed = "; ".join(changes(manifest, request, fingerprint)) or "nothing that affects its content"
        yield f"  replaces {place}, currently {_size(out)}; changed since: {changed}"


def _existing(path: Path) -> Path:
    return next(parent for parent in [path.absolute(), *path.absolute().parents] if parent.is_dir())


def _size(path: Path) -> str:
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    size = sum(file.stat().st_size for file in files)
    shown = f"{size / 1e9:.2f} GB" if size >= 10**9 else f"{size / 1e6:.2f} MB"
    return f"{shown} in {len(files)} file{'s' if len(files) != 1 else ''}"
