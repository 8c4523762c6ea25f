"""Points of sweeps, and the merge of each."""

from __future__ import annotations

import shlex
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from shoptune.artifacts.manifest import Request
from shoptune.config import load
from shoptune.merge.config import MergeConfig
from shoptune.studio.reading.sweep import Sweep, sweeps
from shoptune.studio.run_folder import RunFolder
from shoptune.sweep.points import Estimate
from tests.publishing import make

TRACK = "amazon-kdd-cup-24-user-behavior-alignment"
MERGE: dict[str, Any] = {"base": "base", "adapters": [{"path": "one", "weight": 0.5}, {"path": "it's", "weight": 0.5}]}


def _row(alpha: float, weights: tuple[float, ...], score: float) -> dict[str, Any]:
    estimate = {"score": score, "low": score - 0.1, "high": score + 0.1}
    return {
        "alpha": alpha,
        "weights": list(weights),
        "overall": estimate,
        "by_track": {TRACK: estimate | {"score": score / 2}},
        "by_task_type": {"multiple-choice": estimate | {"score": score / 4}},
        "per_question": [score],
    }


def make_sweep(out: Path, rows: list[dict[str, Any]]) -> None:
    """Publish a sweep with these points."""

    def write(folder: Path) -> None:
        pq.write_table(pa.Table.from_pylist(rows), folder / "points.parquet")
        (folder / "best.yaml").write_text(yaml.safe_dump(MERGE | {"wise_ft_alpha": 1.0}))
        (folder / "verdict.txt").write_text("alpha 1 is best.\n")

    make(Request("sweep", {"merge": MERGE}, {}), out, write)


def _only(directory: Path) -> Sweep:
    (found,) = sweeps(RunFolder.open(directory))
    return found


def test_points_have_scores_by_group(tmp_path: Path) -> None:
    make_sweep(tmp_path / "sweep", [_row(1.0, (0.5, 0.5), 0.4), _row(0.0, (0.5, 0.5), 0.2)])
    found = _only(tmp_path)
    assert found.groups == {
        "all": "all questions",
        f"track:{TRACK}": "track: user-behavior-alignment",
        "type:multiple-choice": "multiple-choice",
    }
    assert found.estimate(0, "all") == Estimate(0.4, pytest.approx(0.3), pytest.approx(0.5))
    assert found.estimate(0, f"track:{TRACK}").score == pytest.approx(0.2)
    assert found.estimate(1, "type:multiple-choice").score == pytest.approx(0.05)
    assert (found.best, found.searched, found.by_alpha()) == (0, False, [1, 0])
    assert found.verdict == "alpha 1 is best."
    assert found.adapters == ["one", "it's"]


def test_the_command_merges_the_point(tmp_path: Path) -> None:
    rows = [_row(1.0, (0.5, 0.5), 0.4), _row(0.75, (1.0, 0.0), 0.3), _row(0.0, (0.0, 0.0), 0.1)]
    make_sweep(tmp_path / "sweep", rows)
    found = _only(tmp_path)
    assert found.searched
    assert shlex.split(found.command(0)) == ["shoptune", "merge", str(tmp_path / "sweep" / "best.yaml"), "--out", "DIR"]
    for number in (1, 2):
        words = shlex.split(found.command(number))
        overrides = [after for word, after in pairwise(words) if word == "--set"]
        merged = load(Path(words[2]), MergeConfig, overrides)
        assert merged == load(_written(tmp_path, found.merge_yaml(number)), MergeConfig)
    assert yaml.safe_load(found.merge_yaml(1))["adapters"] == [{"path": "one", "weight": 1.0}]
    assert len(yaml.safe_load(found.merge_yaml(2))["adapters"]) == 2


def _written(folder: Path, text: str) -> Path:
    (folder / "point.yaml").write_text(text)
    return folder / "point.yaml"
