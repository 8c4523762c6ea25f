"""The score budget: what each step from the base to 4 bits gains or loses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import PurePath
from typing import Any

from shoptune.artifacts.manifest import digest, read_manifest
from shoptune.report.collect import Difference, Found, Run, by_question
from shoptune.shopbench.summary import paired_difference

_BASE, _ADAPTER, _MERGED, _PADDED, _QUANTIZED = range(5)
_LABELS = ("base", "adapter", "merged", "padded", "4-bit")
_PREDICTIONS = "predictions.jsonl"
_FREE_TO_DIFFER = ("engine", "batch_size", "seed")  # keys of a profile that do not change what is asked


@dataclass(frozen=True)
class Step:
    """One model of the budget.

    Attributes:
        name: of its scores.
        kind: what it is, such as `adapter` or `4-bit (autoawq)`.
        score: by question.
        questions: how many.
        against: the scores that it is compared with, or None for the first.
        difference: from those, paired by question.
        losses: the task types that lose significantly, with their difference.
    """

    name: str
    kind: str
    score: float
    questions: int
    against: str | None
    difference: Difference | None
    losses: Mapping[str, Difference]

    def summary(self) -> dict[str, Any]:
        """The step as JSON values."""
        return asdict(self)


@dataclass(frozen=True)
class _Scored:
    name: str
    role: int
    kind: str
    alike: str

    def score(self, run: Run) -> float:
        return float(run.scores[self.name]["overall"]["by_question"])


def budget_of(run: Run) -> list[Step]:
    """The scored models from the base to 4 bits, each compared with the one before it.

    Adapters are compared with the base, the merged model with the best adapter, the padded model with the merged one,
    and 4-bit models with the padded one; a model that was not scored is skipped. Only scores of predictions that were
    asked for in the same way (prompts, constraints, questions) are included: the way that most models share.

    Returns:
        The steps in order; empty if fewer than two models are related.
    """
    scored = _scored(run)
    ways = [entry.alike for entry in scored]
    common = max(dict.fromkeys(ways), key=ways.count, default="")
    chosen = sorted((entry for entry in scored if entry.alike == common), key=lambda entry: entry.role)
    steps = [_step(run, entry, _neighbour(run, entry, chosen)) for entry in chosen]
    return steps if len({entry.role for entry in chosen}) > 1 else []


def _step(run: Run, entry: _Scored, against: _Scored | None) -> Step:
    overall = run.scores[entry.name]["overall"]
    return Step(
        name=entry.name,
        kind=entry.kind,
        score=overall["by_question"],
        questions=overall["questions"],
        against=against.name if against else None,
        difference=run.difference(entry.name, against.name) if against else None,
        losses=_losses(run, entry.name, against.name) if against else {},
    )


def _neighbour(run: Run, entry: _Scored, chosen: Sequence[_Scored]) -> _Scored | None:
    """The best of the nearest kind before a model's; adapters have the base."""
    before = [other for other in chosen if other.role < entry.role]
    if not before:
        return None
    nearest = max(other.role for other in before)
    return max((other for other in before if other.role == nearest), key=lambda other: other.score(run))


def _losses(run: Run, model: str, baseline: str) -> dict[str, Difference]:
    """The task types whose whole interval is below 0."""
    mine, theirs = (run.scores[name]["per_question"] for name in (model, baseline))
    found = {}
    for task_type in sorted({entry["task_type"] for entry in mine}):
        first, second = (
            by_question([entry for entry in entries if entry["task_type"] == task_type]) for entries in (mine, theirs)
        )
        common = [question for question in first if question in second]
        if common:
            values = ([each[question] for question in common] for each in (first, second))
            difference = Difference(*paired_difference(*values), questions=len(common))
            if difference.high < 0:
                found[task_type] = difference
    return found


def _scored(run: Run) -> list[_Scored]:
    """The scores whose model is known from the manifests, from scores to predictions to checkpoint."""
    infers = [
        (artifact.name, read_manifest(artifact.path) or {}) for artifact in run.artifacts if artifact.stage == "infer"
    ]
    models = {digest(artifact.path): artifact for artifact in run.artifacts if artifact.stage in {"merge", "quantize"}}
    merges = [read_manifest(artifact.path) or {} for artifact in models.values() if artifact.stage == "merge"]
    bases = {manifest["inputs"]["base"]["sha256"] for manifest in merges if "base" in manifest["inputs"]}
    ensembles = any(len(manifest["config"]["adapters"]) > 1 for manifest in merges)
    found = []
    for artifact in run.artifacts:
        if artifact.stage != "evaluate":
            continue
        inputs = (read_manifest(artifact.path) or {})["inputs"]
        predicted = _predicted(inputs.get("predictions", {}), infers)
        if predicted is None:
            continue
        role = _role(predicted["inputs"], models, bases, ensembles=ensembles)
        if role is not None:
            kind = _LABELS[role]
            if role == _QUANTIZED:
                kind += f" ({_engine(models[predicted['inputs']['model']['sha256']])})"
            found.append(_Scored(run.scores_name(artifact), role, kind, _way(predicted)))
    return found


def _predicted(scored: Mapping[str, str], infers: Sequence[tuple[str, Mapping[str, Any]]]) -> Mapping[str, Any] | None:
    """The manifest of the predictions that were scored; the path decides between models with equal predictions."""
    same = [(name, each) for name, each in infers if each["outputs"][_PREDICTIONS]["sha256"] == scored.get("sha256")]
    folder = PurePath("/", scored.get("path", "")).parent
    at_path = [each for name, each in same if folder.parts[-len(PurePath(name).parts) :] == PurePath(name).parts]
    return next(iter([*at_path, *(each for _, each in same)]), None)


def _role(inputs: Mapping[str, Any], models: Mapping[str, Found], bases: set[str], *, ensembles: bool) -> int | None:
    """Return the kind of model that made predictions, or None if it is unknown."""
    sha256 = inputs["model"]["sha256"]
    if "adapter" in inputs:
        return _ADAPTER if sha256 in bases else None
    if sha256 in bases:
        return _BASE
    artifact = models.get(sha256)
    if artifact is None:
        return None
    if artifact.stage == "quantize":
        return _PADDED if _engine(artifact) == "pad" else _QUANTIZED
    alone = len((read_manifest(artifact.path) or {})["config"]["adapters"]) == 1
    return _ADAPTER if alone and ensembles else _MERGED


def _engine(artifact: Found) -> str:
    return str((read_manifest(artifact.path) or {})["config"]["engine"])


def _way(manifest: Mapping[str, Any]) -> str:
    """How questions were put: equal texts mean comparable scores."""
    config = {key: value for key, value in manifest["config"].items() if key not in _FREE_TO_DIFFER}
    return repr((sorted(config.items()), manifest["inputs"].get("questions", {}).get("sha256")))
