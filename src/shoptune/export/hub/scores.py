"""Scores of a model in its card: as a table, and as the Hub's `model-index`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_GROUPS = (("by_track", "track"), ("by_task_type", "task type"))


def score_table(scores: Mapping[str, Any]) -> list[str]:
    """Return a Markdown table of the scores by question, with 95% intervals."""
    lines = ["| | score | 95% interval | questions |", "|---|---:|---|---:|"]
    lines.append(_line("**all questions**", scores["overall"]))
    for key, title in _GROUPS:
        lines += [_line(f"{title} `{name}`", group) for name, group in scores[key].items()]
    return lines


def model_index(name: str, scores: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the scores in the form of the Hub's metadata: one result per track, and one for all questions.

    Args:
        name: the model's name.
        scores: the content of scores.json.
    """
    groups = {"all questions": scores["overall"], **scores["by_track"]}
    results = [
        {
            "task": {"type": "text-generation"},
            "dataset": {"name": f"ShopBench questions, {title}", "type": "shopbench"},
            "metrics": [
                {"type": "shopbench", "name": "mean score by question", "value": round(group["by_question"], 6)}
            ],
        }
        for title, group in groups.items()
    ]
    return [{"name": name, "results": results}]


def _line(title: str, group: Mapping[str, Any]) -> str:
    ends: Sequence[float] = group["by_question_interval"]
    return f"| {title} | {group['by_question']:.3f} | {ends[0]:.3f} to {ends[1]:.3f} | {group['questions']} |"
