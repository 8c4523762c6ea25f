"""The merge configs that a sweep derives from its merge YAML."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from shoptune.errors import ShoptuneError
from shoptune.infer.profile import Profile
from shoptune.merge.config import MergeConfig
from shoptune.merge.sources import Sources
from shoptune.sweep.config import SweepConfig, SweepPlan, load_sweep
from shoptune.sweep.points import Candidate
from shoptune.sweep.stage import request

DEMO = Path("merge/sweeps/demo.yaml")


@pytest.fixture(autouse=True)
def _in_the_repository(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)


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


@pytest.mark.parametrize(("grid", "is_valid"), [("[0.5, 1.0]", False), ("[1.0, 0]", True)])
def test_a_grid_that_is_compared_with_the_base_contains_alpha_zero(grid: str, is_valid: bool) -> None:
    overrides = [f"alphas={grid}", "no_task_type_below_base=at_all"]
    if is_valid:
        assert load_sweep(DEMO, overrides).config.no_task_type_below_base == "at_all"
    else:
        with pytest.raises(ShoptuneError, match="compares every point with alpha 0: add 0 to alphas"):
            load_sweep(DEMO, overrides)


def test_a_search_is_always_compared_with_the_base() -> None:
    overrides = ["alphas=null", "search={trials: 3, alpha: [0.5, 1.0]}", "no_task_type_below_base=at_all"]
    assert load_sweep(DEMO, overrides).config.points == 5


def test_the_rule_of_choice_is_part_of_the_request_where_it_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Sources, "of", lambda *_: SimpleNamespace(inputs=dict))  # there are no adapters
    unset, chosen = (
        request(load_sweep(DEMO, [f"no_task_type_below_base={value}"])).config for value in ("null", "at_all")
    )
    assert chosen == unset | {"no_task_type_below_base": "at_all"}
