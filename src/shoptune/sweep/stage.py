"""The sweep stage: merge, answer and score at every alpha, with one engine that takes new weights while it runs."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from shlex import quote

import yaml

from shoptune.artifacts.manifest import Request
from shoptune.merge.sources import Sources
from shoptune.runtime.environments import go_offline
from shoptune.runtime.progress import bar
from shoptune.runtime.redirection import redirect_output
from shoptune.shopbench.questions import Question, load_questions
from shoptune.shopbench.scoring import score_predictions
from shoptune.stage import ConfigFile, Stage, environment
from shoptune.sweep.config import SweepPlan, load_sweep
from shoptune.sweep.curve import draw_curve
from shoptune.sweep.guard import Guard
from shoptune.sweep.live import live_ensemble
from shoptune.sweep.points import (
    BEST,
    CURVE,
    POINTS,
    VERDICT,
    Candidate,
    Point,
    best_point,
    load_point,
    save_point,
    verdict,
)
from shoptune.sweep.repeat import FirstPredictions, repeat_sentence
from shoptune.sweep.search import STUDY, run_search

_LOG = "vllm.log"
_KEPT = "points"


def load(arguments: ConfigFile) -> SweepPlan:
    """Read the sweep YAML and the configs it names.

    Raises:
        ShoptuneError: one of them is invalid.
    """
    plan = load_sweep(arguments.file, arguments.overrides)
    load_questions(Path(plan.config.questions))  # before vLLM is imported
    return plan


def request(plan: SweepPlan) -> Request:
    """List everything that determines the sweep."""
    sources = Sources.of(plan.merge, Path(plan.config.merge)).inputs()
    inputs = sources | {"questions": Path(plan.config.questions)} | plan.profile.prompting.inputs
    chosen = {"alphas", "search", "no_task_type_below_base"}
    config = {
        **plan.config.model_dump(mode="json", include=chosen, exclude_none=True),
        "merge": plan.merge.model_dump(mode="json", exclude={"wise_ft_alpha", "parity"}),
        "profile": plan.profile.model_dump(mode="json"),
    }
    return Request("sweep", config, inputs)


def write(plan: SweepPlan, directory: Path) -> Mapping[str, str]:
    """Score the ensemble at every alpha of the grid, or at what a search proposes.

    Every point is saved as it finishes; an interrupted sweep resumes with the points that are missing.

    Raises:
        ShoptuneError: a checkpoint, an adapter or the questions are malformed.
    """
    go_offline()
    questions = load_questions(Path(plan.config.questions))
    points, repeated = _run_points(plan, questions, directory)
    _write_table(points, directory / POINTS)
    loss = plan.config.no_task_type_below_base
    guard = Guard(loss, [question.task_type.value for question in questions]) if loss else None
    best = best_point(points, guard)
    draw_curve(points, best, directory / CURVE)
    merge = plan.best_merge(best.candidate).model_dump(mode="json")
    (directory / BEST).write_text(yaml.safe_dump(merge, sort_keys=False), encoding="utf-8")
    (directory / VERDICT).write_text(f"{verdict(points, best, guard)} {repeated}\n", encoding="utf-8")
    shutil.rmtree(directory / _KEPT)
    return {}


def summary(directory: Path) -> str:
    """Which alpha is best, and by how much."""
    return "sweep: " + (directory / VERDICT).read_text(encoding="utf-8").strip()


def next_command(_plan: SweepPlan, out: Path) -> str:
    """Merge at the best point."""
    return f"shoptune merge {quote(str(out / BEST))} --out DIR"


SWEEP: Stage[ConfigFile, SweepPlan] = Stage(
    "sweep", load, request, write, next_command, environment=environment("infer"), summary=summary, resumes=True
)


def _run_points(plan: SweepPlan, questions: Sequence[Question], directory: Path) -> tuple[list[Point], str]:
    """Score every point, then the first one again; returns the points, and whether its predictions are the same."""
    from shoptune.shopbench.summary import summarize  # loads numpy, which starting the environment does not need

    kept = directory / _KEPT
    kept.mkdir(exist_ok=True)
    grid, search = plan.config.alphas or (), plan.config.search
    with bar("sweep", plan.config.points + 1) as progress, redirect_output(kept / _LOG):
        ensemble, first = live_ensemble(plan, kept), FirstPredictions(kept)

        def score(candidate: Candidate) -> Point:
            point = load_point(kept, candidate)
            if point is None:
                predictions = ensemble.answer(candidate, questions)
                first.keep(predictions)
                point = Point.of(candidate, summarize(questions, score_predictions(questions, predictions)))
                save_point(kept, point)
            progress.advance()
            return point

        if search is not None:
            points = run_search(search, plan.weights, directory / STUDY, score)
        else:
            points = [score(Candidate(alpha, plan.weights)) for alpha in grid]
        candidate = points[0].candidate
        changed = first.changed(ensemble.answer(candidate, questions))
        progress.advance()
    return points, repeat_sentence(candidate, changed, len(questions))


def _write_table(points: Sequence[Point], file: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = []
    for point in points:
        fields = asdict(point)
        rows.append(fields.pop("candidate") | fields)
    pq.write_table(pa.Table.from_pylist(rows), file, compression="zstd")
