"""ShopBench in the real lm-evaluation-harness: equal prompts, and equal scores for equal predictions."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from shoptune.shopbench.chat import chat
from shoptune.shopbench.chat_template import render
from shoptune.shopbench.questions import Question, load_questions, write_questions
from shoptune.shopbench.vocabulary import Metric
from tests.end_to_end.pipeline import ROOT, run_shoptune
from tests.warm.interpreters import WarmInterpreters

pytestmark = [pytest.mark.slow, pytest.mark.early]

# Its embedding model is not available as a package.
_ELSEWHERE = {Metric.MULTILINGUAL_SENT_TRANSFORMER}
_BASE = ROOT / "examples" / "tiny_base"


def _run_harness(folder: Path, out: Path) -> None:
    python = WarmInterpreters.current.python("train")
    model = ["--model", "hf", "--model_args", f"pretrained={_BASE},dtype=float32", "--device", "cpu"]
    tasks = ["--tasks", "shopbench", "--include_path", folder, "--apply_chat_template", "--batch_size", "8"]
    command = [python, "-m", "lm_eval", *model, *tasks, "--output_path", out, "--log_samples"]
    variables = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, cwd=ROOT, env=variables, check=False)
    assert done.returncode == 0, done.stderr[-4000:]


def _samples(out: Path) -> dict[str, tuple[str, str]]:
    """The prompts of the harness and the model's answers, by the question's text."""
    found = {}
    for file in out.rglob("samples_*.jsonl"):
        for line in file.read_text(encoding="utf-8").splitlines():
            sample = json.loads(line)
            asked = Question.from_json(sample["doc"]["question"]).input_field
            found[asked] = (sample["arguments"]["gen_args_0"]["arg_0"], sample["filtered_resps"][0])
    return found


def test_the_harness_scores_as_we_do(tmp_path: Path) -> None:
    questions = [
        question
        for question in load_questions(ROOT / "examples" / "questions" / "development.json")[::4]
        if question.metric not in _ELSEWHERE
    ]
    write_questions(tmp_path / "questions.json", questions)
    run_shoptune("export", "lm-eval", "--questions", tmp_path / "questions.json", "--out", tmp_path / "tasks")
    _run_harness(tmp_path / "tasks", tmp_path / "harness")
    samples = _samples(tmp_path / "harness")
    for question in questions:
        assert samples[question.input_field][0] == render(chat(question.input_field, question.task_type), _BASE)
    lines = [json.dumps({"input_field": text, "prediction": said}) for text, (_, said) in samples.items()]
    (tmp_path / "predictions.jsonl").write_text("\n".join(lines), encoding="utf-8")
    asked = ["--questions", tmp_path / "questions.json", "--out", tmp_path / "scores"]
    run_shoptune("evaluate", tmp_path / "predictions.jsonl", *asked, cold=True)
    ours = json.loads((tmp_path / "scores" / "scores.json").read_text())
    (file,) = (tmp_path / "harness").rglob("results_*.json")
    theirs = json.loads(file.read_text())["results"]
    assert len(theirs) == 1 + len(ours["by_task"])
    assert theirs["shopbench"]["task_score,none"] == pytest.approx(ours["overall"]["by_task"], abs=1e-12)
    assert theirs["shopbench"]["question_score,none"] == pytest.approx(ours["overall"]["by_question"], abs=1e-12)
    for name, entry in ours["by_task"].items():
        assert theirs[f"shopbench_{name}"]["task_score,none"] == pytest.approx(entry["score"], abs=1e-12)
    assert ours["overall"]["by_question"] > 0
