"""The points of sweeps: scores with intervals, and the merge of each point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Any

import yaml

from shoptune.config.paths import from_here
from shoptune.config.yaml_loader import as_yaml
from shoptune.studio.run_folder import Artifact, RunFolder
from shoptune.sweep.points import BEST, POINTS, VERDICT, Candidate, Estimate, Point, best_point

ALL = "all questions"
_TRACK = "amazon-kdd-cup-24-"
_COLUMNS = ["alpha", "weights", "overall", "by_track", "by_task_type"]


@dataclass(frozen=True)
class Sweep:
    """A sweep over wise-ft's alpha, or a search over alpha and the adapters' weights.

    Attributes:
        name: the path of its folder inside the run.
        points: in the order in which they were scored.
        best: the number of the best point.
        searched: whether the weights of the points differ.
        merge: the merge config that all points share.
        best_file: the merge YAML of the best point.
        verdict: the sentence of the sweep.
    """

    name: str
    points: Sequence[Point]
    best: int
    searched: bool
    merge: Mapping[str, Any]
    best_file: Path
    verdict: str

    @property
    def adapters(self) -> list[str]:
        """The adapters' paths, in the order of the weights."""
        return [str(adapter["path"]) for adapter in self.merge["adapters"]]

    @property
    def groups(self) -> dict[str, str]:
        """The groups of questions that have scores: labels, by the names that `estimate` takes."""
        first = self.points[0]
        tracks = {f"track:{name}": f"track: {name.removeprefix(_TRACK)}" for name in sorted(first.by_track)}
        kinds = {f"type:{name}": name.replace("_", " ") for name in sorted(first.by_task_type)}
        return {"all": ALL} | tracks | kinds

    def estimate(self, number: int, group: str) -> Estimate:
        """The score of a point on the questions of a group, which is a key of `groups`."""
        point = self.points[number]
        kind, _, name = group.partition(":")
        return {"track": point.by_track, "type": point.by_task_type}.get(kind, {}).get(name, point.overall)

    def by_alpha(self) -> list[int]:
        """The numbers of the points, sorted by alpha."""
        return sorted(range(len(self.points)), key=lambda number: self.points[number].candidate.alpha)

    def merge_config(self, number: int) -> dict[str, Any]:
        """The merge YAML of a point, as the sweep writes `best.yaml`: members of weight 0 are left out."""
        candidate = self.points[number].candidate
        members = [
            adapter | {"weight": weight}
            for adapter, weight in zip(self.merge["adapters"], candidate.weights, strict=True)
        ]
        kept = [member for member in members if member["weight"] != 0] or members
        return {**self.merge, "adapters": kept, "wise_ft_alpha": candidate.alpha}

    def merge_yaml(self, number: int) -> str:
        """The merge YAML of a point as text."""
        return yaml.safe_dump(self.merge_config(number), sort_keys=False)

    def command(self, number: int) -> str:
        """The command that merges a point: the best point's YAML with this point's alpha and members."""
        config, file = self.merge_config(number), quote(from_here(self.best_file))
        if number == self.best:
            return f"shoptune merge {file} --out DIR"
        members = ", ".join(
            f"{{path: {as_yaml(member['path'])}, weight: {member['weight']!r}}}" for member in config["adapters"]
        )
        return (
            f"shoptune merge {file} --set wise_ft_alpha={config['wise_ft_alpha']!r} "
            f"--set {quote(f'adapters=[{members}]')} --out DIR"
        )


def sweeps(run: RunFolder) -> list[Sweep]:
    """The sweeps of a run in the order in which they were finished.

    Raises:
        ShoptuneError: a file of a sweep is missing.
    """
    return [_sweep(run, artifact) for artifact in run.of_stage("sweep")]


def _sweep(run: RunFolder, artifact: Artifact) -> Sweep:
    import pyarrow.parquet as pq

    rows = pq.read_table(run.file(artifact, POINTS), columns=_COLUMNS).to_pylist()
    points = [_point(row) for row in rows]
    return Sweep(
        name=artifact.name,
        points=points,
        best=points.index(best_point(points)),
        searched=len({point.candidate.weights for point in points}) > 1,
        merge=artifact.manifest["config"]["merge"],
        best_file=run.file(artifact, BEST),
        verdict=run.file(artifact, VERDICT).read_text(encoding="utf-8").strip(),
    )


def _point(row: Mapping[str, Any]) -> Point:
    return Point(
        Candidate(row["alpha"], tuple(row["weights"])),
        Estimate(**row["overall"]),
        {name: Estimate(**entry) for name, entry in row["by_track"].items()},
        {name: Estimate(**entry) for name, entry in row["by_task_type"].items()},
        per_question=(),
    )
