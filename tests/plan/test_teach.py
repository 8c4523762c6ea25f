"""Plans of a teacher, with values worked out by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from shoptune.config import load
from shoptune.data.mixture import load_mixture
from shoptune.errors import ShoptuneError
from shoptune.plan.report import as_text
from shoptune.plan.run import Options, plan_config
from shoptune.plan.teach import instruction_tokens, plan_teach, records_of_v8
from shoptune.teach.config import TeacherRecipe
from tests.plan.settings import setting

# Instructions of 40 + 80 bytes are 30 tokens, and the chat template has 30.
RECIPE = """
table: my_table
records: SELECT title FROM products
key: [title]
system: {system}
prompt: "{prompt}{{{{ quoted(title) }}}}"
answer: {{type: object, properties: {{kind: {{type: string}}}}}}
sampling: {{max_tokens: 11}}
backend: {backend}
"""
LINEAR_7B = 28 * (2 * 3584 * 3584 + 2 * 3584 * 512 + 3 * 3584 * 18944)
GPU = {"kind": "ray", "profile": "infer/a100.yaml"}


@pytest.fixture(autouse=True)
def _at_root(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)


def _recipe(folder: Path, backend: dict[str, Any]) -> Path:
    file = folder / "my_table.yaml"
    file.write_text(RECIPE.format(system="s" * 40, prompt="p" * 80, backend=backend))
    return file


def test_hours_of_a_pool_by_hand(tmp_path: Path) -> None:
    recipe = load(_recipe(tmp_path, GPU), TeacherRecipe)
    assert instruction_tokens(recipe) == 60
    estimate = plan_teach(setting("a100x8", "7B"), recipe, None, 4096)
    figures = estimate.figures
    assert figures["calls"] == 4096
    assert figures["prompt_tokens"] == 4096 * 130  # an unknown table's records are taken to have 70 tokens
    assert figures["answer_tokens_at_most"] == 4096 * 11
    assert (figures["replicas"], figures["answered_together"]) == (8, 256)
    # 16 batches of 256 on 8 engines: two each. Arithmetic takes longer than reading 4-bit weights (3.6 ms).
    rate = 312e12 * 0.35
    prefill = 2 * LINEAR_7B * 256 * 130 / rate
    decode = 2 * (LINEAR_7B + 152_064 * 3584) * 256 / rate
    seconds = 2 * (prefill + 10 * decode)
    assert estimate.seconds == pytest.approx(seconds)
    assert figures["gpu_hours"] == round(8 * seconds / 3600, 1)
    assert estimate.stage == "teach"
    assert not any("tracks" in line for line in estimate.assumptions)


def test_one_engine_takes_as_long_as_all_replicas_together(tmp_path: Path) -> None:
    estimates = [
        plan_teach(setting("a100x8", "7B"), load(_recipe(tmp_path, backend), TeacherRecipe), None, 10_000)
        for backend in (GPU, {**GPU, "kind": "local"}, {**GPU, "replicas": 2})
    ]
    hours = [(estimate.seconds or 0) / 3600 for estimate in estimates]
    assert hours[1] == pytest.approx(8 * hours[0]) == pytest.approx(2 * hours[2])
    assert len({estimate.figures["gpu_hours"] for estimate in estimates}) == 1


def test_an_endpoint_costs_its_price_and_takes_its_rate(tmp_path: Path) -> None:
    backend = {
        "kind": "openai", "url": "http://127.0.0.1:8000/v1", "requests_per_minute": 120,
        "price": {"input": 0.5, "output": 2.0},
    }  # fmt: skip
    file = _recipe(tmp_path, backend)
    plan = plan_config(file, Options(records=6000, machine="t4x4"))
    assert plan.estimate.figures["cost_at_most"] == round((6000 * 130 * 0.5 + 6000 * 11 * 2.0) / 1e6, 2) == 0.52
    assert plan.estimate.seconds == 6000 / 120 * 60
    assert plan.estimate.budgets == []
    text = as_text(plan, 100)
    assert "calls: 6,000, 780,000 tokens in prompts" in text
    assert "cost: at most 0.52, in the currency of the recipe's price" in text


def _documented(root: Path) -> dict[str, list[float]]:
    """The table of costs in docs/teacher.md, by the teacher's table."""
    lines = (root / "docs" / "teacher.md").read_text(encoding="utf-8").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| `")]
    return {row[0].strip("`"): [float(cell.replace(",", "")) for cell in row[1:]] for row in cells if len(row) == 8}


@pytest.mark.slow
def test_the_documented_costs_are_those_that_plan_gives(root: Path) -> None:
    documented = _documented(root)
    assert len(documented) == 7
    for file in sorted((root / "data_recipes" / "teacher").glob("*.yaml")):
        calls, prompts, answers, *hours, endpoint = documented[file.stem]
        for size, expected in zip(("1.5B", "7B", "72B"), hours, strict=True):
            model, overrides = f"Qwen/Qwen2-{size}-Instruct", ("backend.kind=ray", "backend.profile=infer/a100.yaml")
            figures = plan_config(file, Options(model=model, machine="a100x8", overrides=overrides)).estimate.figures
            assert figures["gpu_hours"] == pytest.approx(expected, rel=0.15, abs=0.1)  # recipes' words may change
        assert figures["calls"] == pytest.approx(calls, rel=0.15)
        assert figures["prompt_tokens"] / 1e6 == pytest.approx(prompts, rel=0.15)
        assert figures["answer_tokens_at_most"] / 1e6 == pytest.approx(answers, rel=0.15)
        assert 0.5 * prompts + 1.5 * answers == pytest.approx(endpoint, abs=1)


def test_records_of_v8(root: Path) -> None:
    mixture = load_mixture(root / "data_recipes" / "mixtures" / "v8.yaml").mixture
    judged, reasoned = records_of_v8("judge"), records_of_v8("rationales")
    assert judged
    assert judged.count == sum(mixture.tasks.values())
    assert reasoned
    assert 0 < reasoned.count < judged.count
    assert records_of_v8("my_table") is None


def test_problems(tmp_path: Path) -> None:
    file = _recipe(tmp_path, GPU)
    with pytest.raises(ShoptuneError, match=r"records of the table 'my_table' is unknown; pass it with --records N"):
        plan_config(file, Options(machine="a100x8"))
    with pytest.raises(ShoptuneError, match="--records: applies to teach configs, but this is a infer config"):
        plan_config(Path("infer/a100.yaml"), Options(machine="a100x8", records=5))


def test_every_shipped_recipe_can_be_planned(root: Path) -> None:
    files = sorted((root / "data_recipes" / "teacher").glob("*.yaml"))
    assert files
    for file in files:
        plan = plan_config(file, Options(machine="a100x8", overrides=("backend.profile=infer/a100.yaml",)))
        assert plan.verdict == "fits"
        assert plan.estimate.figures["calls"] > 100
