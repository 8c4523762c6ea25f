"""A quantization grid: its config, and the order in which points are quantized, loaded and scored."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from safetensors.torch import save_file

from shoptune.errors import ShoptuneError
from shoptune.infer.prompt import Completion, Usage
from shoptune.sweep import grid
from shoptune.sweep.grid import GRID
from shoptune.sweep.grid_config import is_grid, load_grid

_POINTS = ["max_length: 128, awq.q_group_size: 64", "max_length: 256, awq.q_group_size: 64", "max_length: 128"]


def _grid(folder: Path, root: Path, *points: str) -> Path:
    file, questions = folder / "grid.yaml", folder / "questions.json"
    held_out = (root / "examples" / "questions" / "held_out.json").read_text().splitlines()
    questions.write_text("\n".join(line for line in held_out if json.loads(line)["task_type"] == "multiple-choice"))
    listed = "".join(f"  - {{calibration.{point}}}\n" for point in points)
    file.write_text(
        f"quantize: {root}/quantize/demo.yaml\nprofile: {root}/infer/cpu.yaml\n"
        f"baseline_profile: {root}/infer/cpu-float32.yaml\n"
        f"questions: {questions}\npoints:\n{listed}"
    )
    return file


def test_points_change_keys_of_the_quantize_config(tmp_path: Path, root: Path) -> None:
    plan = load_grid(_grid(tmp_path, root, *_POINTS), ["quantize.model=here", "profile.seed=3"])
    assert [point.config.calibration.max_length for point in plan.points] == [128, 256, 128]
    assert [point.config.engine.group_size for point in plan.points] == [64, 64, 128]
    assert str(plan.points[0]) == "max_length 128, q_group_size 64"
    assert plan.points[0].config.model == "here"
    assert plan.points[0].config.parity is None
    assert plan.profile.seed == 3
    assert is_grid(plan.file)
    assert not is_grid(root / "merge" / "sweeps" / "demo.yaml")


def test_every_bad_point_is_named(tmp_path: Path, root: Path) -> None:
    with pytest.raises(ShoptuneError) as caught:
        load_grid(_grid(tmp_path, root, "max_length: 0", "max_lenth: 5", "max_length: 64"))
    problems = [str(problem) for problem in caught.value.problems]
    assert len(problems) == 2
    assert "points[0]: " in problems[0]
    assert "points[1]: " in problems[1]
    assert "did you mean 'max_length'?" in problems[1]


def test_calibration_questions_are_not_scored(tmp_path: Path, root: Path) -> None:
    scored = tmp_path / "questions.json"
    with pytest.raises(ShoptuneError, match="questions: are the calibration questions; score on other questions"):
        load_grid(_grid(tmp_path, root, "max_length: 64"), [f"quantize.calibration.questions={scored}"])


class _Engine:
    """Answers with the number in the checkpoint; notes what is started and loaded."""

    events: ClassVar[list[str]] = []

    def __init__(self, checkpoint: Path, profile: Any) -> None:
        self.events.append(f"start {checkpoint.name}")
        self._checkpoint = checkpoint

    def close(self) -> None:
        self.events.append(f"close {self._checkpoint.name}")

    def reload(self, checkpoint: Path) -> None:
        self.events.append(f"reload {checkpoint.name}")
        self._checkpoint = checkpoint

    def answer(self, prompts: list[Any]) -> list[Completion]:
        text = (self._checkpoint / "answer").read_text()
        return [Completion(text, Usage(1, 0, 1, 0.1)) for _ in prompts]


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """A model, and stand-ins for vLLM and for `shoptune quantize`."""
    model = tmp_path / "model"

    def checkpoint(folder: Path, answer: str, width: int) -> None:
        folder.mkdir(exist_ok=True)
        save_file({"w": torch.ones(width)}, folder / "model.safetensors")
        (folder / "config.json").write_text("{}")
        (folder / "answer").write_text(answer)

    def quantize(point: Any, command: list[str], kept: Path) -> None:
        out = Path(command[-1])
        if not out.exists():
            _Engine.events.append(f"quantize {out.name}")
        checkpoint(out, str(point.config.calibration.max_length // 128), point.config.engine.group_size)

    checkpoint(model, "1", 1)
    monkeypatch.setattr(grid, "Engine", _Engine)
    monkeypatch.setattr(grid, "_run", quantize)
    monkeypatch.setattr(grid, "go_offline", lambda: None)
    monkeypatch.setattr(_Engine, "events", [])
    return _Engine.events


def test_one_engine_takes_all_points_with_equal_shapes(tmp_path: Path, root: Path, machine: list[str]) -> None:
    plan = load_grid(_grid(tmp_path, root, *_POINTS), [f"quantize.model={tmp_path / 'model'}"])
    out = tmp_path / "out"
    out.mkdir()
    GRID.write(plan, out)
    assert machine == [
        "start model",
        "quantize checkpoint-0", "close model", "start checkpoint-0",
        "quantize checkpoint-1", "reload checkpoint-1",
        "quantize checkpoint-2", "close checkpoint-1", "start checkpoint-2",
        "close checkpoint-2", "start checkpoint-0",
    ]  # fmt: skip
    assert {path.name for path in out.iterdir()} == {"table.md", "grid.svg", "verdict.txt", "best.yaml"}
    assert "the first point gave the same predictions" in GRID.summary(out)
    assert len((out / "table.md").read_text().splitlines()) == 6


def test_an_interrupted_grid_resumes_with_the_missing_points(
    tmp_path: Path, root: Path, machine: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = load_grid(_grid(tmp_path, root, *_POINTS), [f"quantize.model={tmp_path / 'model'}"])
    whole, out = tmp_path / "whole", tmp_path / "out"
    for folder in (whole, out):
        folder.mkdir()
    GRID.write(plan, whole)
    quantize = grid._run

    def killed(point: Any, command: list[str], kept: Path) -> None:
        if command[-1].endswith("checkpoint-1"):
            raise KeyboardInterrupt
        quantize(point, command, kept)

    monkeypatch.setattr(grid, "_run", killed)
    with pytest.raises(KeyboardInterrupt):
        GRID.write(plan, out)
    monkeypatch.setattr(grid, "_run", quantize)
    machine.clear()
    GRID.write(plan, out)
    assert machine[:2] == ["quantize checkpoint-1", "start checkpoint-1"]
    assert {file.name: file.read_bytes() for file in out.iterdir()} == {
        file.name: file.read_bytes() for file in whole.iterdir()
    }


def test_a_point_that_fails_is_one_line(tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = load_grid(_grid(tmp_path, root, "max_length: 64"))
    ended = type("Ended", (), {"returncode": 2, "stderr": "error: model: no folder"})
    monkeypatch.setattr(grid, "call", lambda *_arguments: ended)
    with pytest.raises(ShoptuneError, match="max_length 64: was not quantized: error: model: no folder; correct"):
        grid._run(plan.points[0], ["quantize"], tmp_path)


def test_a_quantized_model_is_refused(tmp_path: Path, root: Path, machine: list[str]) -> None:
    from shoptune.stage import ConfigFile

    settings = {"quantization_config": {"quant_method": "awq"}}
    (tmp_path / "model" / "config.json").write_text(json.dumps(settings))
    with pytest.raises(ShoptuneError, match="the weights are already quantized"):
        GRID.load(ConfigFile(_grid(tmp_path, root, "max_length: 64"), [f"quantize.model={tmp_path / 'model'}"]))
