"""The parity gates of a run's artifacts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shoptune.checkpoints.checkpoint import read_json
from shoptune.report.collect import Run

_FILE = "parity.json"


@dataclass(frozen=True)
class Gate:
    """One parity gate.

    Attributes:
        name: path of the artifact inside the run's folder.
        reference: the form that the others are compared with.
        compared: how many prompts and tokens.
        forms: the others, as in parity.json.
    """

    name: str
    reference: str
    compared: str
    forms: Sequence[Mapping[str, Any]]


def gates_of(run: Run) -> list[Gate]:
    """The gates of all artifacts, in the order in which they were finished."""
    gates = []
    for artifact in run.artifacts:
        if artifact.stage in {"merge", "quantize"} and (artifact.path / _FILE).is_file():
            gate = read_json(artifact.path / _FILE)
            compared = f"{gate['prompts']} prompts, {gate['tokens']} tokens of each answer"
            gates.append(Gate(artifact.name, gate["reference"], compared, gate["forms"]))
    return gates
