"""The sweep stage: merge, answer and score at every alpha, with one engine that takes new weights while it runs."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import yaml

from shoptune.artifact import Artifact, Build, Request, make
from shoptune.capture import printing_to
from shoptune.envs import go_offline
from shoptune.merge.sources import Sources
from shoptune.progress import bar, say
from shoptune.shopbench.questions import Question, load_questions
from shoptune.shopbench.scoring import score_predictions
from shoptune.shopbench.summary import summarize
from shoptune.sweep.config import SweepPlan
from shoptune.sweep.curve import draw_curve
from shoptune.sweep.points import Point, best_point, load_point, save_point, verdict

POINTS = "points.parquet"
CURVE = "curve.svg"
BEST = "best.yaml"
VERDICT = "verdict.txt"
_LOG = "vllm.log"


def request(plan: SweepPlan) -> Request:
    """What the sweep is made from."""
    inputs = Sources.of(plan.merge, Path(plan.config.merge)).inputs() | {"questions": Path(plan.config.questions)}
    config = {
        "alphas": list(plan.config.alphas),
        "merge": plan.merge.model_dump(mode="json", exclude={"wise_ft_alpha"}),
        "profile": plan.profile.model_dump(mode="json"),
    }
    return Request("sweep", config, inputs)


def run(plan: SweepPlan, out: Path, *, force: bool = False) -> Artifact:
    """Score the ensemble at every alpha of the grid.

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
        kept = build.directory / "points"
        points = _run_points(plan, load_questions(Path(plan.config.questions)), kept)
        _write_table(points, build.directory / POINTS)
        draw_curve(points, build.directory / CURVE)
        best = plan.merge.model_dump(mode="json") | {"wise_ft_alpha": best_point(points).alpha}
        (build.directory / BEST).write_text(yaml.safe_dump(best, sort_keys=False), encoding="utf-8")
        (build.directory / VERDICT).write_text(verdict(points) + "\n", encoding="utf-8")
        shutil.rmtree(kept)
        say(f"sweep: {verdict(points)}")

    return make(asked, out, write, force=force, resume=True)


def _run_points(plan: SweepPlan, questions: Sequence[Question], directory: Path) -> list[Point]:
    from shoptune.sweep.live import LiveEnsemble

    directory.mkdir(exist_ok=True)
    sources = Sources.of(plan.merge, Path(plan.config.merge))
    points = []
    with bar("sweep", len(plan.config.alphas)) as progress, printing_to(directory / _LOG):
        ensemble = LiveEnsemble(sources, plan.merge, plan.profile, directory)
        for alpha in plan.config.alphas:
            point = load_point(directory, alpha)
            if point is None:
                predictions = ensemble.answer(alpha, questions)
                point = Point.of(alpha, summarize(questions, score_predictions(questions, predictions)))
                save_point(directory, point)
            points.append(point)
            progress.advance()
    return points


def _write_table(points: Sequence[Point], file: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.Table.from_pylist([asdict(point) for point in points]), file, compression="zstd")
