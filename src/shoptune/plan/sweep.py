"""Plan a sweep: one engine that keeps running, and one ensemble per point."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from shoptune.infer.profile import Profile
from shoptune.plan.estimate import Budget, Estimate, Setting
from shoptune.plan.infer import plan_infer
from shoptune.plan.merge import RANK, MergeWork, plan_merge
from shoptune.plan.tracks import TRACKS

QUESTIONS: Final = 96  # the development questions
_START_SECONDS: Final = 300  # assumed duration of loading weights and starting the engine
_MIXED: Final = 5  # the track with all task types


@dataclass(frozen=True)
class SweepWork:
    """The properties of a sweep config that determine its cost.

    Attributes:
        points: the number of ensembles to score.
        questions: the number of questions per point.
        merge: the properties of the ensemble.
    """

    points: int
    questions: int
    merge: MergeWork


def plan_sweep(setting: Setting, profile: Profile, work: SweepWork) -> Estimate:
    """Estimate a sweep: inference with unquantized weights, plus a merge per point if adapters are not served."""
    answering = plan_infer(setting, profile, "unquantized")
    merging = plan_merge(setting, work.merge)
    minutes = answering.figures["minutes_per_track"].get(str(_MIXED))
    seconds = None
    if minutes is not None:
        per_point = minutes * 60 * work.questions / TRACKS[_MIXED].questions
        per_point += 0 if profile.engine.enable_lora else merging.seconds or 0
        seconds = _START_SECONDS + work.points * per_point
    return dataclasses.replace(
        answering,
        stage="sweep",
        budgets=[*answering.budgets, *_disk(setting, merging, lora=profile.engine.enable_lora)],
        seconds=seconds,
        figures={**_but_tracks(answering.figures), "points": work.points, "questions_per_point": work.questions},
        assumptions=[
            *answering.assumptions,
            f"{work.points} points of {work.questions} questions each, {_START_SECONDS} s to start the engine",
        ],
        notes=[*answering.notes, *_ranks(profile, work)],
    )


def _but_tracks(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Remove the figures of tracks, whose questions a sweep does not ask."""
    return {name: value for name, value in figures.items() if name not in {"minutes_per_track", "track_limits_minutes"}}


def _disk(setting: Setting, merging: Estimate, *, lora: bool) -> list[Budget]:
    """Return the disk space needed: very little with adapters, otherwise one merged checkpoint at a time."""
    parts = {"adapters": RANK * 2.0 * setting.shape.lora_weights(1)} if lora else {}
    disk = next(budget for budget in merging.budgets if budget.key == "disk")
    if lora:
        parts |= {name: size for name, size in disk.parts.items() if name.startswith("download")}
    return [dataclasses.replace(disk, parts=parts or disk.parts)]


def _ranks(profile: Profile, work: SweepWork) -> list[str]:
    wanted, offered = RANK * work.merge.members, profile.engine.max_lora_rank or 16
    if not profile.engine.enable_lora or wanted <= offered:
        return []
    return [f"{work.merge.members} adapters of rank {RANK} need max_lora_rank {wanted}, but the profile has {offered}"]
