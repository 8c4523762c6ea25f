"""The merge configs that a sweep derives from its merge YAML."""

from __future__ import annotations

from pathlib import Path

import pytest

from shoptune.infer.profile import Profile
from shoptune.merge.config import MergeConfig
from shoptune.sweep.config import SweepConfig, SweepPlan
from shoptune.sweep.points import Candidate


@pytest.fixture
def plan() -> SweepPlan:
    members = [{"path": "a", "weight": 0.5}, {"path": "b", "weight": 0.25}, {"path": "c", "weight": 0.25}]
    values = {"base": "base", "adapters": members, "method": "ties", "density": 0.5}
    config = SweepConfig(merge="m.yaml", profile="p.yaml", questions="q.json", alphas=(0.0, 1.0))
    return SweepPlan(Path("s.yaml"), config, MergeConfig.model_validate(values), Profile())


def test_a_member_with_weight_zero_is_left_out_of_the_best_merge(plan: SweepPlan) -> None:
    best = plan.best_merge(Candidate(0.56, (0.75, 0.0, 0.25)))
    assert [(member.path, member.weight) for member in best.adapters] == [("a", 0.75), ("c", 0.25)]
    assert best.model_dump(mode="json") == {
        "base": "base",
        "adapters": [{"path": "a", "weight": 0.75}, {"path": "c", "weight": 0.25}],
        "wise_ft_alpha": 0.56,
        "method": "ties",
        "density": 0.5,
        "seed": 0,
        "dtype": "float16",
        "base_weights": "checkpoint",
        "nf4_source": "bfloat16",
        "other_base": "refuse",
        "parity": None,
    }


def test_every_member_stays_in_the_merge_of_a_candidate(plan: SweepPlan) -> None:
    assert [member.weight for member in plan.merge_of(Candidate(1.0, (0.75, 0.0, 0.25))).adapters] == [0.75, 0.0, 0.25]


def test_members_stay_when_all_weights_are_zero(plan: SweepPlan) -> None:
    assert len(plan.best_merge(Candidate(1.0, (0.0, 0.0, 0.0))).adapters) == 3
