"""Publish an artifact without a stage, for tests of what reads artifacts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from shoptune.artifacts.manifest import Request
from shoptune.artifacts.publish import Artifact
from shoptune.stage import Stage, run


def make(
    request: Request, out: Path, fill: Callable[[Path], object], *, force: bool = False, resume: bool = False
) -> Artifact:
    """Publish what `fill` writes into the folder that it is given."""

    def write(_job: None, directory: Path) -> dict[str, str]:
        fill(directory)
        return {}

    stage = Stage[None, None](
        request.stage, lambda none: none, lambda _: request, write, lambda _job, _out: "", resumes=resume
    )
    return run(stage, None, out, force=force)
