"""Two adapters with their curves, a sweep, a merge, a 4-bit checkpoint and a grid, for the pages that plot them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import torch
import yaml
from safetensors.torch import save_file

from shoptune.artifacts.manifest import Request
from shoptune.artifacts.publish import MEASURED
from shoptune.merge.certificate import Certificate, RoundingStatistics
from shoptune.quantize.layers import Layer, report
from shoptune.shopbench.questions import Question, load_questions
from shoptune.shopbench.scoring import QuestionScore
from shoptune.shopbench.summary import summarize
from shoptune.sweep.grid_points import Scored, table
from tests.publishing import make as publish

ADAPTERS = ("curves/first", "curves/second")
SWEEP, MERGED, FOUR_BIT, GRID = "curves/sweep", "curves/merged", "curves/awq", "curves/grid"
QUESTION = "Which material? <script>document.title = 'taken'</script>"
_STEPS = range(10, 101, 10)
_ALPHAS = (0.0, 0.5, 1.0)
_TRACK = "amazon-kdd-cup-24-user-behavior-alignment"
_WEIGHTS = [
    f"model.layers.{layer}.{block}"
    for layer in range(3)
    for block in ("self_attn.q_proj", "self_attn.o_proj", "mlp.down_proj")
]


def make(run: Path, examples: Path) -> None:
    """Publish everything in the folder `curves`."""
    base = run / "curves" / "base"
    base.mkdir(parents=True)
    (base / "config.json").write_text("{}")
    for number, name in enumerate(ADAPTERS):
        config = {"base_model": "tiny", "adapter": "lora", "lora_r": 2, "lora_alpha": 4, "seed": number}
        publish(Request("train", config, {"base_model": base}), run / name, partial(_adapter, number))
    _sweep(run)
    _merge(run, base)
    _quantize(run)
    asked = _questions(examples)
    (run / "curves" / "questions.json").write_text("[]")
    models = {"before": {"model": base}, "after": {"model": base, "adapter": run / ADAPTERS[0]}}
    models |= {name: {"model": run / name} for name in (MERGED, FOUR_BIT)}
    for right, (name, inputs) in zip((2, 6, 5, 4), models.items(), strict=True):
        _answer(run, f"curves-{Path(name).name}", inputs, asked, right)


def _questions(examples: Path) -> list[Question]:
    """Eight questions of two task types; the first has a script tag."""
    every = load_questions(examples / "questions" / "held_out.json")
    kinds = [[question for question in every if question.task_type == kind][:4] for kind in ("ranking", "retrieval")]
    first, *others = [question for members in zip(*kinds, strict=True) for question in members]
    return [replace(first, input_field=QUESTION), *others]


def _answer(run: Path, name: str, inputs: Mapping[str, Path], asked: Sequence[Question], right: int) -> None:
    """Publish predictions, of which the first `right` are right, and their scores."""
    out = run / "curves" / "answers" / name
    lines = [
        json.dumps({"input_field": question.input_field, "prediction": f"{name} {number}"}) + "\n"
        for number, question in enumerate(asked)
    ]
    request = Request("infer", {"constraints": {}}, {"questions": run / "curves" / "questions.json", **inputs})
    publish(request, out, lambda folder: (folder / "predictions.jsonl").write_text("".join(lines)))
    scores = summarize(asked, [QuestionScore(float(number < right), None, False) for number in range(len(asked))])
    request = Request("evaluate", {}, {"predictions": out / "predictions.jsonl"})
    text = json.dumps(scores)
    publish(request, run / "curves" / "scores" / name, lambda folder: (folder / "scores.json").write_text(text))


def _adapter(number: int, folder: Path) -> None:
    log = [
        {
            "step": step,
            "epoch": step / 50,
            "loss": 3 * math.exp(-step / 40) + 0.2 * number,
            "learning_rate": 1e-4 * (1 - step / 100),
            "tokens": step * 512,
        }
        for step in _STEPS
    ]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in log))
    (folder / MEASURED).write_text(json.dumps({"tokens_per_second": [[step, 900 + step] for step in _STEPS]}))
    (folder / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA", "r": 2, "lora_alpha": 4}))
    generator = torch.Generator().manual_seed(number)
    tensors = {}
    for module in _WEIGHTS:
        name = f"base_model.model.{module}.lora_{{}}.weight"
        tensors[name.format("A")] = torch.randn(2, 8, generator=generator)
        tensors[name.format("B")] = torch.randn(8, 2, generator=generator)
    save_file(tensors, folder / "adapter_model.safetensors")


def _sweep(run: Path) -> None:
    merge = {"base": "tiny", "adapters": [{"path": name, "weight": 0.5} for name in ADAPTERS]}
    rows = [_point(alpha, 0.3 + 0.2 * alpha * (1.25 - alpha)) for alpha in _ALPHAS]

    def write(folder: Path) -> None:
        pq.write_table(pa.Table.from_pylist(rows), folder / "points.parquet")
        (folder / "best.yaml").write_text(yaml.safe_dump(merge | {"wise_ft_alpha": 0.5}))
        (folder / "verdict.txt").write_text("alpha 0.5 is best with 0.375.\n")

    publish(Request("sweep", {"merge": merge}, {}), run / SWEEP, write)


def _point(alpha: float, score: float) -> dict[str, Any]:
    overall = {"score": score, "low": score - 0.1, "high": score + 0.1}
    return {
        "alpha": alpha,
        "weights": [0.5, 0.5],
        "overall": overall,
        "by_track": {_TRACK: overall},
        "by_task_type": {"ranking": overall | {"score": score / 2}},
        "per_question": [score],
    }


def _merge(run: Path, base: Path) -> None:
    certificate = Certificate()
    for number, module in enumerate(_WEIGHTS):
        statistics = RoundingStatistics(entries=64, intended=4.0, survived=4.0, lost=0.01 * (number + 1), unchanged=8)
        certificate.record(f"{module}.weight", statistics)
    adapters = [{"path": name, "weight": 0.5} for name in ADAPTERS]
    config: dict[str, Any] = {"method": "task_arithmetic", "wise_ft_alpha": 0.5, "adapters": adapters}
    inputs = {"base": base} | {f"adapters[{n}]": run / name for n, name in enumerate(ADAPTERS)}
    publish(
        Request("merge", config, inputs),
        run / MERGED,
        lambda folder: certificate.write(folder, {"dtype": "float16", "method": "task_arithmetic"}),
    )


def _quantize(run: Path) -> None:
    layers = [
        Layer(f"{module}.weight", 10.0, 1.0 + number / 10, 0.5, 12.0 + number, 2.0, 3.0)
        for number, module in enumerate(_WEIGHTS)
    ]
    calibration = {
        "samples": 24,
        "blocks": 2,
        "block_length": 512,
        "tokens_by_task_type": {"ranking": 600, "retrieval": 424},
    }
    gate = {
        "reference": "base + adapters",
        "prompts": 16,
        "tokens": 8,
        "forms": [_form("merged", 1e-6), _form("4-bit", 0.4)],
    }

    def write(folder: Path) -> None:
        text = json.dumps({"engine": "autoawq", "calibration": calibration} | report(layers, ""))
        (folder / "quantize_report.json").write_text(text)
        (folder / "parity.json").write_text(json.dumps(gate))

    publish(Request("quantize", {"engine": "autoawq"}, {"model": run / MERGED}), run / FOUR_BIT, write)
    points = [
        Scored(f"group_size {size}", 0.5 - size / 1000, 0.3, 0.7, {"ranking": 0.5}, (1.0, 0.0)) for size in (64, 128)
    ]
    baseline = Scored("16 bits or more", 0.5, 0.3, 0.7, {"ranking": 0.5}, (1.0, 0.0))

    def write_grid(folder: Path) -> None:
        (folder / "table.md").write_text(table(points, baseline))
        (folder / "verdict.txt").write_text("group_size 64 is best.\n")

    publish(Request("grid", {}, {"model": run / MERGED}), run / GRID, write_grid)


def _form(name: str, divergence: float) -> dict[str, Any]:
    limits = {"max_mean_kl": 0.3, "min_top1": 0.8}
    return {
        "name": name,
        "mean_kl": divergence,
        "max_kl": 2 * divergence,
        "top1": 0.9,
        "passes": divergence < 0.3,
    } | limits
