"""Fill a clone of the challenge's starter kit with a submission."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from shoptune.artifacts.hashing import file_sha256
from shoptune.artifacts.manifest import MANIFEST, Request, describe, fingerprint_of, read_manifest
from shoptune.artifacts.publish import write_atomically
from shoptune.errors import Problem, ShoptuneError, fail
from shoptune.export.image_files import AUTHOR, METADATA
from shoptune.export.stage import SUBMISSION, Arguments, Job
from shoptune.runtime.progress import say
from shoptune.stage import execute, is_preview

_STAGING = ".shoptune-export.partial"
# A folder with these files is assumed to be a clone of the kit.
_OF_THE_KIT = ("aicrowd.json", "models/base_model.py", "models/user_config.py")
# The kit's versions of these files are kept.
_KEPT = frozenset({"README.md", "models/base_model.py", "models/__init__.py"})


def fill_kit(arguments: Arguments, kit: Path) -> None:
    """Write a submission into a clone of the starter kit.

    The kit's code, documentation and evaluation are kept. Files of an earlier export are replaced, or removed if the
    new export does not write them. The description in aicrowd.json is kept, as are its authors unless the arguments
    specify others.

    Args:
        arguments: the arguments of `shoptune export`.
        kit: the folder of the clone.

    Raises:
        ShoptuneError: the folder is not a clone of the kit, or files that would be replaced have uncommitted changes.
    """
    missing = [name for name in _OF_THE_KIT if not (kit / name).is_file()]
    if missing:
        what = f"is not a clone of the starter kit: it has no {', '.join(missing)}"
        raise fail(kit, "--kit", what, "clone the kit, or choose a new folder with --out")
    if is_preview():
        execute(SUBMISSION, arguments, kit)
        return
    job = _with_authors(SUBMISSION.load(arguments), kit)
    request = SUBMISSION.request(job)
    staging = kit / _STAGING
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir()
    try:
        _fill(job, request, kit, staging)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    say(f"export: filled {kit}; next: {SUBMISSION.next_command(job, kit)}")


def _fill(job: Job, request: Request, kit: Path, staging: Path) -> None:
    started, fingerprint = datetime.now(UTC), fingerprint_of(request)
    SUBMISSION.write(job, staging)
    for name in _KEPT:
        if (kit / name).is_file():
            (staging / name).unlink()
    _keep_description(kit, staging)
    manifest = describe(request, fingerprint, staging, {}, started)
    before = read_manifest(kit) or {}
    _refuse_to_lose_changes(kit, manifest["outputs"], before)
    (kit / MANIFEST).unlink(missing_ok=True)  # an interrupted fill has no manifest
    for name in before.get("outputs", {}).keys() - manifest["outputs"].keys():
        (kit / name).unlink(missing_ok=True)
    for name in manifest["outputs"]:
        (kit / name).parent.mkdir(parents=True, exist_ok=True)
        (staging / name).replace(kit / name)
    write_atomically(kit / MANIFEST, json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")


def _with_authors(job: Job, kit: Path) -> Job:
    authors = _metadata(kit).get("authors", [])
    if job.authors or not isinstance(authors, list) or authors == [AUTHOR]:
        return job
    return replace(job, authors=tuple(map(str, authors)))


def _keep_description(kit: Path, staging: Path) -> None:
    ours = _metadata(staging)
    description = _metadata(kit).get("description") or ours["description"]
    text = json.dumps({**ours, "description": description}, indent=2) + "\n"
    (staging / METADATA).write_text(text, encoding="utf-8")


def _metadata(folder: Path) -> dict[str, Any]:
    try:
        fields = json.loads((folder / METADATA).read_text(encoding="utf-8"))
    except ValueError as error:
        raise fail(folder / METADATA, "", f"is not JSON ({error})", "correct it") from error
    return fields if isinstance(fields, dict) else {}


def _refuse_to_lose_changes(kit: Path, names: Iterable[str], before: Mapping[str, Any]) -> None:
    """Raise if files with uncommitted changes would be replaced, unless an earlier export wrote them."""
    changed = {name for name in names if (kit / name).is_file() and not _is_ours(kit, name, before)} - {METADATA}
    if not changed or not (kit / ".git").exists():
        return
    command = ["git", "-C", str(kit), "status", "--porcelain", "-z", "--no-renames", "--", *sorted(changed)]
    status = subprocess.run(command, capture_output=True, text=True, check=False)
    lost = [entry[3:] for entry in status.stdout.split("\0") if entry]
    if lost:
        remedy = "commit or discard them"
        raise ShoptuneError([Problem(kit / name, "", "has uncommitted changes", remedy) for name in lost])


def _is_ours(kit: Path, name: str, before: Mapping[str, Any]) -> bool:
    entry = before.get("outputs", {}).get(name)
    return entry is not None and bool(file_sha256(kit / name) == entry["sha256"])
