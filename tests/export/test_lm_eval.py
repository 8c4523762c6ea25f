"""The task group for lm-evaluation-harness; the harness itself runs in tests/end_to_end."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from shoptune.errors import ShoptuneError
from shoptune.export.lm_eval import LM_EVAL, Job
from shoptune.shopbench.questions import load_questions
from shoptune.stage import run


class _Loader(yaml.SafeLoader):
    """YAML as the harness reads it, functions left as their names."""


_Loader.add_constructor("!function", lambda loader, node: f"function {node.value}")


@pytest.fixture
def exported(examples: Path, tmp_path: Path) -> Path:
    run(LM_EVAL, Job(examples / "questions" / "development.json"), tmp_path / "tasks")
    return tmp_path / "tasks"


def test_there_is_a_yaml_for_every_task_and_one_for_the_group(exported: Path, examples: Path) -> None:
    group = yaml.safe_load((exported / "shopbench.yaml").read_text())
    assert group["group"] == "shopbench"
    questions = load_questions(examples / "questions" / "development.json")
    assert {task.removeprefix("shopbench_") for task in group["task"]} == {question.task_name for question in questions}
    for name in group["task"]:
        task = yaml.load((exported / f"{name}.yaml").read_text(), _Loader)  # noqa: S506 - a safe loader
        assert task["task"] == name
        assert task["dataset_kwargs"] == {"task_name": name.removeprefix("shopbench_")}
        assert task["metadata"] == {"version": 1}
        functions = re.findall(r"function shopbench\.(\w+)", json.dumps(task))
        assert all(f"def {function}(" in (exported / "shopbench.py").read_text() for function in functions)
    assert load_questions(exported / "questions.json") == questions


def test_tasks_that_would_share_a_name_are_refused(tmp_path: Path, examples: Path) -> None:
    line = (examples / "questions" / "development.json").read_text(encoding="utf-8").partition("\n")[0]
    fields = json.loads(line)
    lines = [json.dumps(fields | {"task_name": name}) for name in ("Task 1", "task-1")]
    (tmp_path / "questions.json").write_text("\n".join(lines))
    with pytest.raises(ShoptuneError, match="tasks 'Task 1' and 'task-1' would both be called 'shopbench_task_1'"):
        run(LM_EVAL, Job(tmp_path / "questions.json"), tmp_path / "tasks")
