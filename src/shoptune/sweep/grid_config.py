"""A grid over quantization settings: which points, and the questions to score them on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from shoptune.config import Settings, load, read_yaml
from shoptune.config.paths import ConfigPath
from shoptune.errors import Problem, ShoptuneError
from shoptune.infer.profile import Profile, load_profile
from shoptune.quantize.config import QuantizeConfig

Value = bool | int | float | str


class GridConfig(Settings):
    """A grid YAML: each point is the quantize YAML with some keys changed.

    Attributes:
        quantize: the quantize YAML.
        profile: the inference YAML for 4-bit models.
        baseline_profile: the inference YAML for the model before quantization, which points are compared with; null
            compares with nothing.
        questions: a file in the development format, other than the calibration questions.
        points: for each point, values by their key in the quantize YAML, such as `calibration.max_length: 128`.
    """

    quantize: ConfigPath
    profile: ConfigPath
    baseline_profile: ConfigPath | None = None
    questions: ConfigPath
    points: Annotated[tuple[Mapping[str, Value], ...], Field(min_length=1)]


@dataclass(frozen=True)
class GridPoint:
    """One point: what it changes, and the resulting quantize config."""

    changes: Mapping[str, Value]
    config: QuantizeConfig
    overrides: Sequence[str]

    def __str__(self) -> str:
        """The changes in a few words."""
        return ", ".join(f"{key.rpartition('.')[2]} {value}" for key, value in self.changes.items())


@dataclass(frozen=True)
class GridPlan:
    """A grid, with the configs that it names."""

    file: Path
    config: GridConfig
    points: Sequence[GridPoint]
    profile: Profile
    baseline: Profile | None


def is_grid(file: Path) -> bool:
    """Whether a sweep YAML varies how a model is quantized, not how it is merged."""
    values = read_yaml(file)
    return isinstance(values, dict) and "quantize" in values


def load_grid(file: Path, overrides: Sequence[str] = ()) -> GridPlan:
    """Read a grid YAML and the configs that it names.

    Overrides whose key begins with `quantize.`, `profile.` or `baseline_profile.` change the YAML of that name.

    Raises:
        ShoptuneError: one of them, or a point, is invalid; or a question of the grid is used for calibration.
    """
    of_quantize, of_profile = _inside("quantize.", overrides), _inside("profile.", overrides)
    of_baseline = _inside("baseline_profile.", overrides)
    named = ("quantize.", "profile.", "baseline_profile.")
    config = load(file, GridConfig, [text for text in overrides if not text.startswith(named)])
    points, problems = [], []
    for number, changes in enumerate(config.points):
        changed = [f"{key}={_text(value)}" for key, value in changes.items()]
        overridden = [*of_quantize, *changed, "parity=null"]
        try:
            points.append(
                GridPoint(changes, load(Path(config.quantize), QuantizeConfig, overridden), tuple(overridden))
            )
        except ShoptuneError as error:
            problems += [
                Problem(file, f"points[{number}]", str(found), "correct the point") for found in error.problems
            ]
    calibrating = {Path(point.config.calibration.questions or "").resolve() for point in points}
    if Path(config.questions).resolve() in calibrating:
        problems.append(Problem(file, "questions", "are the calibration questions", "score on other questions"))
    if problems:
        raise ShoptuneError(problems)
    baseline = load_profile(Path(config.baseline_profile), of_baseline) if config.baseline_profile else None
    return GridPlan(file, config, points, load_profile(Path(config.profile), of_profile), baseline)


def _text(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _inside(prefix: str, overrides: Sequence[str]) -> list[str]:
    return [text.removeprefix(prefix) for text in overrides if text.startswith(prefix)]
