"""The grid stage: quantize a model in several ways, and answer and score with one engine process."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from shlex import quote

import yaml

from shoptune.artifacts.manifest import Request
from shoptune.checkpoints.checkpoint import Checkpoint, locate
from shoptune.errors import fail
from shoptune.infer.engine import Engine
from shoptune.infer.profile import Profile
from shoptune.infer.prompt import Prompt
from shoptune.runtime.environments import call, go_offline
from shoptune.runtime.progress import bar
from shoptune.runtime.redirection import redirect_output
from shoptune.shopbench.questions import Question, load_questions
from shoptune.shopbench.scoring import score_predictions
from shoptune.stage import ConfigFile, Stage, environment
from shoptune.sweep.grid_config import GridPlan, GridPoint, load_grid
from shoptune.sweep.grid_points import BEST, PLOT, TABLE, VERDICT, Scored, draw, sentence, table
from shoptune.sweep.repeat import FirstPredictions, repeat_sentence

_KEPT, _LOG = "points", "grid.log"


def load(arguments: ConfigFile) -> GridPlan:
    """Read the grid YAML and the configs that it names.

    Raises:
        ShoptuneError: one of them is invalid, or the model cannot be quantized.
    """
    plan = load_grid(arguments.file, arguments.overrides)
    _model(plan).refuse_quantized()
    return plan


def request(plan: GridPlan) -> Request:
    """List everything that determines the scores."""
    calibration = {
        f"points[{number}].{key}": path
        for number, point in enumerate(plan.points)
        for key, path in point.config.calibration.inputs.items()
    }
    prompting = {} if plan.baseline is None else plan.baseline.prompting.inputs
    inputs = {"model": _model(plan).path, "questions": Path(plan.config.questions), **calibration}
    config = {
        "points": [point.config.model_dump(mode="json", exclude={"parity"}) for point in plan.points],
        "profile": plan.profile.model_dump(mode="json"),
        "baseline_profile": plan.baseline.model_dump(mode="json") if plan.baseline else None,
    }
    return Request("grid", config, inputs | plan.profile.prompting.inputs | prompting)


def write(plan: GridPlan, directory: Path) -> Mapping[str, str]:
    """Quantize and score every point; an interrupted grid resumes with the points, and the layers, that are missing.

    Raises:
        ShoptuneError: a point cannot be quantized.
    """
    go_offline()
    kept = directory / _KEPT
    kept.mkdir(exist_ok=True)
    questions = load_questions(Path(plan.config.questions))
    with bar("grid", len(plan.points) + 1) as progress, redirect_output(kept / _LOG):
        live = LiveQuantized(plan, questions, kept)
        baseline = live.baseline()
        progress.advance()
        points = []
        for number in range(len(plan.points)):
            points.append(live.score(number))
            progress.advance()
        repeated = live.repeat_first()
    (directory / TABLE).write_text(table(points, baseline), encoding="utf-8")
    draw(points, baseline, directory / PLOT)
    best = plan.points[max(range(len(points)), key=lambda number: points[number].score)].config
    (directory / BEST).write_text(yaml.safe_dump(best.model_dump(mode="json"), sort_keys=False), encoding="utf-8")
    (directory / VERDICT).write_text(f"{sentence(points, baseline)} {repeated}\n", encoding="utf-8")
    shutil.rmtree(kept)
    return {}


class LiveQuantized:
    """Models quantized one after another, loaded into a running engine where their tensors have the same shapes.

    Args:
        plan: the grid.
        questions: what to answer.
        kept: a folder for finished points and for what is being quantized.
    """

    def __init__(self, plan: GridPlan, questions: Sequence[Question], kept: Path) -> None:
        self._plan, self._questions, self._kept = plan, questions, kept
        self._engine: Engine | None = None
        self._shapes: object = None
        self._first = FirstPredictions(kept)

    def baseline(self) -> Scored | None:
        """The model before quantization, scored; None if the grid has no profile for it."""
        if self._plan.baseline is None:
            return None
        file = self._kept / "baseline.json"
        found = Scored.load(file)
        if found is None:
            self._start(_model(self._plan).path, self._plan.baseline)
            found = self._scored("16 bits or more", self._answers())
            found.save(file)
        return found

    def score(self, number: int) -> Scored:
        """A point, scored."""
        file = self._kept / f"point-{number}.json"
        found = Scored.load(file)
        if found is None:
            self._load(self._quantized(number))
            answers = self._answers()
            if number == 0:
                self._first.keep(answers)
            found = self._scored(str(self._plan.points[number]), answers)
            found.save(file)
        if number:
            shutil.rmtree(self._folder(number), ignore_errors=True)
        return found

    def repeat_first(self) -> str:
        """Score the first point again, and say whether its predictions are the same."""
        self._load(self._quantized(0))
        changed = self._first.changed(self._answers())
        return repeat_sentence("the first point", changed, len(self._questions))

    def _quantized(self, number: int) -> Path:
        """The 4-bit checkpoint of a point, made in the engine's own environment."""
        point, out = self._plan.points[number], self._folder(number)
        arguments = [part for override in point.overrides for part in ("--set", override)]
        command = ["quantize", self._plan.config.quantize, *arguments, "--out", str(out)]
        _run(point, command, self._kept)
        return out

    def _load(self, checkpoint: Path) -> None:
        shapes = {name: (spec.shape, spec.dtype) for name, spec in Checkpoint(checkpoint).tensors.items()}
        if self._engine is not None and shapes == self._shapes:
            self._engine.reload(checkpoint)
        else:
            self._start(checkpoint, self._plan.profile)
            self._shapes = shapes

    def _start(self, checkpoint: Path, profile: Profile) -> None:
        if self._engine is not None:
            self._engine.close()
        self._engine = self._shapes = None
        self._engine = Engine(checkpoint, profile)

    def _answers(self) -> list[str]:
        if self._engine is None:
            raise RuntimeError("no engine is running")
        answers = self._engine.answer([Prompt.of(question) for question in self._questions])
        return [completion.text for completion in answers]

    def _scored(self, name: str, answers: Sequence[str]) -> Scored:
        from shoptune.shopbench.summary import summarize

        return Scored.of(name, summarize(self._questions, score_predictions(self._questions, answers)))

    def _folder(self, number: int) -> Path:
        return self._kept / f"checkpoint-{number}"


def _run(point: GridPoint, command: Sequence[str], folder: Path) -> None:
    """Run a shoptune command in the environment of a point's engine."""
    ended = call(point.config.engine.environment, "shoptune", command)
    if ended.returncode:
        raise fail(folder, str(point), f"was not quantized: {ended.stderr.strip()[-500:]}", "correct the point")


def _model(plan: GridPlan) -> Checkpoint:
    return Checkpoint(locate(plan.points[0].config.model, Path(plan.config.quantize), "model"))


def summary(directory: Path) -> str:
    """Return which point is best."""
    return "grid: " + (directory / VERDICT).read_text(encoding="utf-8").strip()


def next_command(_plan: GridPlan, out: Path) -> str:
    """Suggest to quantize with the best settings."""
    return f"shoptune quantize {quote(str(out / BEST))} --out DIR"


GRID: Stage[ConfigFile, GridPlan] = Stage(
    "grid", load, request, write, next_command, environment=environment("infer"), summary=summary, resumes=True
)
