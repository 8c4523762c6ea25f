"""Metrics contain only reproducible values, and the curve is drawn from them."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

from shoptune.train.metrics import loss_curve, read_metrics, write_metrics
from shoptune.train.speed import Rates, Speed, read_rates

HISTORY = [
    {"step": 10, "epoch": 0.5, "loss": 2.0, "learning_rate": 1e-4, "grad_norm": 1.5, "tokens/total": 512},
    {"step": 20, "epoch": 1.0, "loss": 1.0, "learning_rate": 5e-5, "tokens/train_per_sec_per_gpu": 71.2},
    {"step": 20, "epoch": 1.0, "eval_loss": 1.5, "eval_runtime": 3.1},
    {"step": 20, "train_runtime": 12.5, "train_loss": 1.5},
]


def test_times_are_not_kept(tmp_path: Path) -> None:
    write_metrics(HISTORY, tmp_path / "metrics.jsonl")
    assert read_metrics(tmp_path / "metrics.jsonl") == [
        {"step": 10, "epoch": 0.5, "loss": 2.0, "learning_rate": 1e-4, "grad_norm": 1.5, "tokens": 512},
        {"step": 20, "epoch": 1.0, "loss": 1.0, "learning_rate": 5e-5},
        {"step": 20, "epoch": 1.0, "eval_loss": 1.5},
    ]
    assert read_metrics(tmp_path / "none.jsonl") == []


def test_the_curve(tmp_path: Path) -> None:
    picture = ET.fromstring(  # noqa: S314
        loss_curve([{"step": 10, "loss": 2.0}, {"step": 20, "loss": 1.0}, {"step": 20, "eval_loss": 1.5}])
    )
    space = {"svg": "http://www.w3.org/2000/svg"}
    (line,) = picture.findall("svg:polyline", space)
    # 720 x 360 with margins: the plot is 648 wide from 56 and 300 high from 20; the loss axis ends at 2, steps at 20.
    assert line.get("points") == "380.0,20.0 704.0,170.0"
    (dot,) = picture.findall("svg:circle", space)
    assert (dot.get("cx"), dot.get("cy")) == ("704.0", "95.0")


def test_no_metrics_give_no_curve() -> None:
    assert loss_curve([]) == ""


def test_speed_and_time_left() -> None:
    speed = Speed()
    first = {"step": 0, "steps": 100, "tokens": 0}
    assert speed.describe(first, 0.0) == "step 0 of 100"
    state = {"step": 10, "steps": 100, "tokens": 20_480, "loss": 1.23456, "learning_rate": 9.5e-5}
    assert speed.describe(state, 20.0) == "step 10 of 100, loss 1.235, lr 9.5e-05, 1,024 tokens/s, 3 min 0 s left"
    assert speed.describe(state | {"step": 11, "steps": 20_011}, 22.0).endswith("11 h 6 min left")


def test_rates_are_those_between_entries(tmp_path: Path) -> None:
    rates = Rates(tmp_path / "speed.jsonl")
    rates.begin(0, 0, 100.0)
    rates.record(10, 5_000, 110.0, 1_000)
    rates.record(12, 9_000, 111.0, 1_000)  # less than 1/200 of 1,000 steps later
    rates.record(20, 9_000, 120.0, 1_000)
    rates.record(20, 9_000, 125.0, 1_000)  # an evaluation after the same step
    assert read_rates(tmp_path / "speed.jsonl") == [(10, 500.0), (20, 400.0)]


def test_a_resumed_run_repeats_the_rates_after_its_checkpoint(tmp_path: Path) -> None:
    file = tmp_path / "speed.jsonl"
    file.write_text("[10, 500.0]\n[20, 400.0]\n[30, 4")
    rates = Rates(file)
    rates.begin(15, 7_000, 0.0)
    rates.record(20, 9_000, 4.0, 100)
    assert read_rates(file) == [(10, 500.0), (20, 500.0)]
    assert read_rates(tmp_path / "none") == []
