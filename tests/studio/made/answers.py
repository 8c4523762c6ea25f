"""Scored answers of three models; a question has a script tag, and an answer that spreadsheets take for a formula."""

from __future__ import annotations

import json
from pathlib import Path

from shoptune.artifacts.manifest import Request
from shoptune.evaluate.stage import EVALUATE, Job
from shoptune.infer.profile import load_profile
from shoptune.shopbench.answers import answer_text
from shoptune.shopbench.questions import Question, load_questions, write_questions
from shoptune.shopbench.vocabulary import Metric, TaskType, Track
from shoptune.stage import run as run_stage
from tests.publishing import make as publish

SCRIPT = "Mug <script>window.broken = 1</script><img src=x onerror='window.broken = 1'>"
FORMULA = '=HYPERLINK("http://outside.example")'
MODELS = ("base", "merged", "awq")
CHEAP = {Metric.ACCURACY, Metric.HIT_RATE_3, Metric.NDCG, Metric.MICRO_F1}  # they need no library


def questions_of(examples: Path) -> list[Question]:
    """Questions of all types that need no library to score, and the one with the script tag."""
    found = load_questions(examples / "questions" / "development.json")
    entity = Question(
        input_field=f"Extract phrases that correspond to the entity type 'product type'.\nQuery: {SCRIPT}\nOutput:",
        output_field=["Mug"],
        task_type=TaskType.NAMED_ENTITY_RECOGNITION,
        task_name="entities_in_markup",
        metric=Metric.MICRO_F1,
        is_multiple_choice=False,
        track=Track.CONCEPTS,
    )
    return [*[question for question in found if question.metric in CHEAP][::4], entity]


def prediction(question: Question, model: str, number: int, last: int) -> str:
    """A right or a wrong answer: of three questions merged wins one, both are right on one, and both wrong on one.

    On every seventh question base is right and merged is wrong. On the last, merged writes a formula.
    """
    if number == last:
        return {"base": "Mug", "merged": FORMULA}.get(model, "mug")
    is_right = {"base": number % 3 == 0, "merged": number % 3 != 2, "awq": number % 2 == 0}[model]
    if number % 7 == 0:
        is_right = model == "base"
    right = answer_text(question.task_type, question.output_field)
    if question.task_type is TaskType.MULTIPLE_CHOICE:
        return right if is_right else str((int(right) + 1) % 2)
    return right if is_right else "none"


def make(run: Path, examples: Path) -> None:
    """Publish `answers/MODEL` and `scores/MODEL`; the questions are a file of the run."""
    questions = questions_of(examples)
    run.mkdir(parents=True, exist_ok=True)
    write_questions(run / "questions.json", questions)
    profile = load_profile(examples.parent / "infer" / "cpu-float32.yaml").model_dump(mode="json")
    for model in MODELS:
        predictions = [
            prediction(question, model, number, len(questions) - 1) for number, question in enumerate(questions)
        ]

        def fill(folder: Path, predictions: list[str] = predictions) -> None:
            for file, key, before in (("predictions.jsonl", "prediction", ""), ("raw.jsonl", "raw", "Answer: ")):
                lines = [
                    json.dumps({"input_field": question.input_field, key: before + text}, ensure_ascii=False) + "\n"
                    for question, text in zip(questions, predictions, strict=True)
                ]
                (folder / file).write_text("".join(lines), encoding="utf-8")

        inputs = {"model": examples / "tiny_base", "questions": run / "questions.json"}
        config = profile if model != "awq" else profile | {"constraints": {}, "seed": 1}
        publish(Request("infer", config, inputs), run / "answers" / model, fill)
        job = Job(run / "answers" / model / "predictions.jsonl", run / "questions.json")
        run_stage(EVALUATE, job, run / "scores" / model)
