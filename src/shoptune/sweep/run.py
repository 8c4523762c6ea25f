"""The sweep stage: merge, answer and score at every alpha, with one engine that takes new weights while it runs."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import yaml

from shoptune.artifacts.manifest import Request
from shoptune.artifacts.publish import Artifact, Build, make
from shoptune.merge.sources import Sources
from shoptune.runtime.environments import go_offline
from shoptune.runtime.progress import bar, say
from shoptune.runtime.redirection import redirect_output
from shoptune.shopbench.questions import Question, load_questions
from shoptune.shopbench.scoring import score_predictions
from shoptune.shopbench.summary import summarize
from shoptune.sweep.config import SweepPlan
from shoptune.sweep.curve import draw_curve
from shoptune.sweep.live import live_ensemble
from shoptune.sweep.points import Candidate, Point, best_point, load_point, save_point, verdict
from shoptune.sweep.search import STUDY, run_search

POINTS = "points.parquet"
CURVE = "curve.svg"
BEST = "best.yaml"
VERDICT = "verdict.txt"
_LOG = "vllm.log"
_KEPT = "points"
_COMPARED_WITH = 2  # alpha 0 and alpha 1


def request(plan: SweepPlan) -> Request:
    """What the sweep is made from."""
    sources = Sources.of(plan.merge, Path(plan.config.merge)).inputs()
    inputs = sources | {"questions": Path(plan.config.questions)} | plan.profile.prompting.inputs
    config = {
        **plan.config.model_dump(mode="json", include={"alphas", "search"}, exclude_none=True),
        "merge": plan.merge.model_dump(mode="json", exclude={"wise_ft_alpha"}),
        "profile": plan.profile.model_dump(mode="json"),
    }
    return Request("sweep", config, inputs)


def run(plan: SweepPlan, out: Path, *, force: bool = False) -> Artifact:
    """Score the ensemble at every alpha of the grid, or at what a search proposes.

    Every point is saved as it finishes; an interrupted sweep goes on with the points that are missing.

    Args:
        plan: what to sweep.
        out: the artifact's directory.
        force: sweep even when the artifact is up to date.

    Raises:
        ShoptuneError: a checkpoint, an adapter or the questions are not as they must be.
    """
    asked = request(plan)

    def write(build: Build) -> None:
        go_offline()
        points = _run_points(plan, load_questions(Path(plan.config.questions)), build.directory)
        _write_table(points, build.directory / POINTS)
        draw_curve(points, build.directory / CURVE)
        best = plan.best_merge(best_point(points).candidate).model_dump(mode="json")
        (build.directory / BEST).write_text(yaml.safe_dump(best, sort_keys=False), encoding="utf-8")
        (build.directory / VERDICT).write_text(verdict(points) + "\n", encoding="utf-8")
        shutil.rmtree(build.directory / _KEPT)
        say(f"sweep: {verdict(points)}")

    return make(asked, out, write, force=force, resume=True)


def _run_points(plan: SweepPlan, questions: Sequence[Question], directory: Path) -> list[Point]:
    kept = directory / _KEPT
    kept.mkdir(exist_ok=True)
    grid, search = plan.config.alphas or (), plan.config.search
    total = len(grid) if search is None else search.trials + _COMPARED_WITH
    with bar("sweep", total) as progress, redirect_output(kept / _LOG):
        ensemble = live_ensemble(plan, kept)

        def score(candidate: Candidate) -> Point:
            point = load_point(kept, candidate)
            if point is None:
                predictions = ensemble.answer(candidate, questions)
                point = Point.of(candidate, summarize(questions, score_predictions(questions, predictions)))
                save_point(kept, point)
            progress.advance()
            return point

        if search is not None:
            return run_search(search, plan.weights, directory / STUDY, score)
        return [score(Candidate(alpha, plan.weights)) for alpha in grid]


def _write_table(points: Sequence[Point], file: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = []
    for point in points:
        fields = asdict(point)
        rows.append(fields.pop("candidate") | fields)
    pq.write_table(pa.Table.from_pylist(rows), file, compression="zstd")
