"""`shoptune questions` and `evaluate --protocol`, through the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from shoptune.cli.app import main
from shoptune.evaluate.stage import read_scores


def _run(*arguments: str | Path) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return int(ended.value.code or 0)


def test_shopping_mmlu_is_converted_and_scored(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "skills").mkdir()
    text = "Query: red kettle\nOutput:"
    row = {"input_field": text, "output_field": ["red"], "task_type": "named_entity_recognition"}
    line = json.dumps(row | {"metric": "micro f1", "task_name": "entities"})
    (tmp_path / "skills" / "skill1_concept.json").write_text(f"{line}\n{line}\n[]\n")
    questions = tmp_path / "made" / "questions.json"
    assert _run("questions", "shopping-mmlu", tmp_path, "--out", questions) == 0
    said = capsys.readouterr().err
    assert "line 2: repeats the question of skill1_concept.json line 1; kept" in said
    assert "2 questions of 1 tasks, 2 odd rows, 1 of them left out" in said
    answers = tmp_path / "answers.jsonl"
    answers.write_text((json.dumps({"input_field": text, "prediction": "red\nsince it is a color"}) + "\n") * 2)
    for protocol, expected in (("kdd-cup", 0.0), ("shopping-mmlu", 1.0)):
        out = tmp_path / protocol
        assert _run("evaluate", answers, "--questions", questions, "--protocol", protocol, "--out", out) == 0
        assert read_scores(out)["overall"]["by_task"] == expected
    assert _run("evaluate", answers, "--questions", questions, "--protocol", "kdd", "--out", tmp_path / "x") == 2
    assert "there is no protocol 'kdd'; did you mean 'kdd-cup'?" in capsys.readouterr().err
