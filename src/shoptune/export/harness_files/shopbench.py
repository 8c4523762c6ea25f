"""ShopBench for lm-evaluation-harness: the questions in `questions.json` next to this file, scored by shoptune.

`task_score` is a task's score as the challenge's starter kit computes it (micro F1 uses counts summed over the task).
`question_score` is the mean of the scores of single questions. `parse_failure` is the share of answers that could not
be parsed. All three are between 0 and 1.
"""

from pathlib import Path
from typing import Any

from datasets import Dataset

from shoptune.shopbench.answers import answer_text
from shoptune.shopbench.chat import system_prompt
from shoptune.shopbench.control_tokens import neutralize
from shoptune.shopbench.metrics.micro_f1 import f1
from shoptune.shopbench.questions import Question, load_questions
from shoptune.shopbench.scoring import score

_QUESTIONS = Path(__file__).with_name("questions.json")


def questions(task_name: str, **_: Any) -> dict[str, Dataset]:
    """Load the questions of one task, with the same prompts as `shoptune infer`."""
    rows = [
        {
            "system": system_prompt(question.task_type),
            "prompt": neutralize(question.input_field),
            "answer": answer_text(question.task_type, question.output_field),
            "question": question.to_json(),
        }
        for question in load_questions(_QUESTIONS)
        if question.task_name == task_name
    ]
    return {"test": Dataset.from_list(rows)}


def process_results(doc: dict[str, Any], results: list[str]) -> dict[str, Any]:
    """Score one answer. For micro F1, `task_score` holds the answer's counts, which are summed over the task."""
    scored = score(Question.from_json(doc["question"]), results[0])
    return {
        "task_score": scored.counts or scored.score,
        "question_score": scored.score,
        "parse_failure": float(scored.parse_failure),
    }


def task_score(items: list[Any]) -> float:
    """Aggregate the `task_score` values of a task's questions: micro F1 of summed counts, or the mean of scores."""
    if isinstance(items[0], list | tuple):
        return f1(items)
    return float(sum(items) / len(items))
