"""The files through which a training run's workers and their launcher communicate."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

JOB = "job.json"
PROBLEMS = "problems.json"  # what the user must correct, found by a worker
PROGRESS = "progress.json"  # the current step, replaced at every step
FINISHED = "finished.json"  # written last; a run without it was interrupted
STOP = "stop"  # asks the workers to save a checkpoint and end
METRICS = "metrics.jsonl"
SPEED = "speed.jsonl"  # steps and tokens per second; goes to the manifest
VERSIONS = "versions.json"
TRANSIENT = (JOB, PROBLEMS, PROGRESS, FINISHED, STOP)


@dataclass(frozen=True)
class JobFile:
    """The job of a worker.

    Attributes:
        config: the YAML, for messages.
        axolotl: axolotl's keys and values.
        base_model: folder of the base.
        directory: where the artifact is made; on several nodes, a folder that all of them see.
    """

    config: Path
    axolotl: Mapping[str, Any]
    base_model: Path
    directory: Path

    def write(self, file: Path) -> None:
        """Write it as JSON."""
        paths = {name: str(getattr(self, name)) for name in ("config", "base_model", "directory")}
        write_json(file, paths | {"axolotl": dict(self.axolotl)})

    @classmethod
    def read(cls, file: Path) -> JobFile:
        """Read what `write` wrote."""
        values = json.loads(file.read_text(encoding="utf-8"))
        return cls(Path(values["config"]), values["axolotl"], Path(values["base_model"]), Path(values["directory"]))


def write_json(file: Path, value: Any) -> None:
    """Replace a JSON file so that a reader sees the old content or the new."""
    staging = file.with_name(f"{file.name}.new")
    staging.write_text(json.dumps(value), encoding="utf-8")
    staging.replace(file)


def read_json(file: Path) -> Any:
    """A JSON file's content, or None when there is none yet."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
